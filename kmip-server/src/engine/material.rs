//! What is inside a managed object: its key block, its material, its formats.
#![allow(clippy::useless_conversion, reason = "which structures stand in boxes is the generator's business")]

use std::borrow::BorrowMut;

use kmip::ttlv::{self, Bytes, Secret, Tag, Version};
use kmip::types::{
    AttributeSet, CryptographicParameters, KeyBlock, KeyCompressionType, KeyFormatType, KeyMaterial,
    KeyValue, ManagedObject, ObjectType, PlaintextKeyValue, SecretData, SecretDataType, SymmetricKey,
    TransparentSymmetricKey,
};

use super::attributes::{Facts, Purpose, View};
use super::keys::{self, AsymmetricKey};
use super::{Failure, Kind};
use crate::crypto::pkey::PointForm;
use crate::crypto::{self, Hash};

/// The type of an object; none for one that the tables don't know.
pub(crate) fn object_type(object: &ManagedObject) -> Option<ObjectType> {
    use ManagedObject as M;
    Some(match object {
        M::Certificate(_) => ObjectType::Certificate,
        M::SymmetricKey(_) => ObjectType::SymmetricKey,
        M::PublicKey(_) => ObjectType::PublicKey,
        M::PrivateKey(_) => ObjectType::PrivateKey,
        M::SplitKey(_) => ObjectType::SplitKey,
        M::Template(_) => ObjectType::Template,
        M::SecretData(_) => ObjectType::SecretData,
        M::OpaqueObject(_) => ObjectType::OpaqueObject,
        M::PgpKey(_) => ObjectType::PGPKey,
        M::CertificateRequest(_) => ObjectType::CertificateRequest,
        M::Other(_) => return None,
    })
}

/// The key block, if the object has one.
pub(crate) fn key_block(object: &ManagedObject) -> Option<&KeyBlock> {
    use ManagedObject as M;
    match object {
        M::SymmetricKey(key) => Some(&key.key_block),
        M::PublicKey(key) => Some(&key.key_block),
        M::PrivateKey(key) => Some(&key.key_block),
        M::SplitKey(key) => Some(&key.key_block),
        M::SecretData(data) => Some(&data.key_block),
        M::PgpKey(key) => Some(&key.key_block),
        M::Certificate(_) | M::Template(_) | M::OpaqueObject(_) | M::CertificateRequest(_) | M::Other(_) => {
            None
        }
    }
}

/// The key block, to be changed.
pub(crate) fn key_block_mut(object: &mut ManagedObject) -> Option<&mut KeyBlock> {
    use ManagedObject as M;
    match object {
        M::SymmetricKey(key) => Some(&mut key.key_block),
        M::PublicKey(key) => Some(&mut key.key_block),
        M::PrivateKey(key) => Some(&mut key.key_block),
        M::SplitKey(key) => Some(&mut key.key_block),
        M::SecretData(data) => Some(&mut data.key_block),
        M::PgpKey(key) => Some(&mut key.key_block),
        M::Certificate(_) | M::Template(_) | M::OpaqueObject(_) | M::CertificateRequest(_) | M::Other(_) => {
            None
        }
    }
}

/// A new symmetric key, as the server makes it.
pub(crate) fn symmetric_key(
    algorithm: kmip::types::CryptographicAlgorithm,
    length: i32,
    key: Secret,
) -> ManagedObject {
    let value = PlaintextKeyValue::new(KeyMaterial::ByteString(key));
    let block = KeyBlock {
        key_value: Some(KeyValue::Plaintext(value.into())),
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: Some(length),
        ..KeyBlock::new(KeyFormatType::Raw)
    };
    ManagedObject::SymmetricKey(SymmetricKey::new(block).into())
}

/// New secret data, as the server makes it: a password.
pub(crate) fn secret_data(data: Secret) -> ManagedObject {
    secret_data_of(SecretDataType::Password, data)
}

/// New secret data of this type.
pub(crate) fn secret_data_of(secret_data_type: SecretDataType, data: Secret) -> ManagedObject {
    let value = PlaintextKeyValue::new(KeyMaterial::ByteString(data));
    let block = KeyBlock {
        key_value: Some(KeyValue::Plaintext(value.into())),
        ..KeyBlock::new(KeyFormatType::Opaque)
    };
    ManagedObject::SecretData(SecretData::new(secret_data_type, block).into())
}

/// What the server can tell of an object by looking at it.
pub(crate) fn facts(object: &ManagedObject, purpose: Purpose, version: Version) -> Result<Facts, Failure> {
    let Some(object_type) = object_type(object) else {
        return Err(Failure::new(Kind::InvalidField, "the object is of no type that is known"));
    };
    let block = key_block(object);
    let opaque_data_type = match object {
        ManagedObject::OpaqueObject(object) => Some(object.opaque_data_type),
        _ => None,
    };
    Ok(Facts {
        object_type,
        purpose,
        key_format_type: match object {
            // 2.0 §4.26 has every object have one; that of certificates is what the official case TC-CERTATTR-1 has.
            ManagedObject::Certificate(_) => Some(KeyFormatType::Raw),
            ManagedObject::OpaqueObject(_) => Some(KeyFormatType::Opaque),
            ManagedObject::CertificateRequest(_) => Some(KeyFormatType::PKCS_10),
            _ => block.map(|block| block.key_format_type),
        },
        digest: digest(object, version)?,
        key_value_present: block.is_none_or(|block| block.key_value.is_some()),
        opaque_data_type,
    })
}

/// The SHA-256 of what makes the object (KMIP 1.4 §3.17, 2.0 §4.21): of the Key Material, if that is a Byte String, else
/// of its TTLV encoding; of the Certificate Value; of the Opaque Data Value. None where the server can't see it.
fn digest(object: &ManagedObject, version: Version) -> Result<Option<Bytes>, Failure> {
    let of = |bytes: &[u8]| -> Result<Option<Bytes>, Failure> {
        Ok(Some(crypto::digest(Hash::Sha256, bytes)?.into()))
    };
    match object {
        ManagedObject::Certificate(certificate) => return of(&certificate.certificate_value),
        ManagedObject::OpaqueObject(object) => return of(object.opaque_data_value.expose()),
        _ => {}
    }
    let Some(block) = key_block(object).filter(|block| !is_wrapped(block)) else { return Ok(None) };
    match &block.key_value {
        Some(KeyValue::Plaintext(value)) => match &value.key_material {
            KeyMaterial::ByteString(material) => of(material.expose()),
            material => {
                let encoded = crate::wipe::Wiped::from(ttlv::encode(material, Tag::KeyMaterial, version)?);
                of(&encoded)
            }
        },
        _ => Ok(None),
    }
}

/// Whether the key is wrapped: its value as a whole, or the material in it (KMIP 1.1 §2.1.5, Encoding Option).
pub(crate) fn is_wrapped(block: &KeyBlock) -> bool {
    // A container with a password of its own stands where a wrapped value does, too (official case TC-PKCS12-1).
    let is_container = block.key_format_type == KeyFormatType::PKCS_12;
    block.key_wrapping_data.is_some()
        || (matches!(block.key_value, Some(KeyValue::Wrapped(_))) && !is_container)
}

/// The bytes of secret data.
///
/// # Errors
///
/// When the object is none, or the server has no such bytes.
pub(crate) fn secret_bytes(object: &ManagedObject) -> Result<&Secret, Failure> {
    let ManagedObject::SecretData(data) = object else {
        return Err(Failure::new(Kind::WrongObjectType, "the object is no secret data"));
    };
    key_bytes(&data.key_block)
}

/// The bytes of a symmetric key.
///
/// # Errors
///
/// When the object is none, or the server has no such bytes.
pub(crate) fn symmetric_key_bytes(object: &ManagedObject) -> Result<&Secret, Failure> {
    let ManagedObject::SymmetricKey(key) = object else {
        return Err(Failure::new(Kind::WrongObjectType, "the object is no symmetric key"));
    };
    key_bytes(&key.key_block)
}

/// The bytes in a key block.
fn key_bytes(block: &KeyBlock) -> Result<&Secret, Failure> {
    if is_wrapped(block) {
        return Err(Failure::new(Kind::KeyFormatType, "the key is wrapped, and the server cannot use it"));
    }
    match &block.key_value {
        Some(KeyValue::Plaintext(value)) => match &value.key_material {
            KeyMaterial::ByteString(bytes) => Ok(bytes),
            KeyMaterial::TransparentSymmetricKey(transparent) => Ok(&transparent.key),
            _ => Err(unusable()),
        },
        Some(_) => Err(unusable()),
        None => Err(Failure::new(Kind::KeyValueNotPresent, "the server has attributes of this key alone")),
    }
}

#[cold]
fn unusable() -> Failure {
    Failure::new(Kind::KeyFormatType, "the key is in a format that the server cannot use")
}

/// Brings an object's key into another format.
///
/// # Errors
///
/// When the server can't do that.
pub(crate) fn convert(object: &mut ManagedObject, format: KeyFormatType) -> Result<(), Failure> {
    let refuse = |message: String| Err(Failure::new(Kind::KeyFormatType, message));
    let Some(block) = key_block(object) else {
        return refuse("the object has no Key Format Type".to_owned());
    };
    let from = block.key_format_type;
    if from == format {
        return Ok(());
    }
    let converted = if is_wrapped(block) {
        None
    } else {
        match (&*object, &block.key_value) {
            (ManagedObject::SymmetricKey(_), Some(KeyValue::Plaintext(value))) => {
                match (&value.key_material, from, format) {
                    (
                        KeyMaterial::ByteString(bytes),
                        KeyFormatType::Raw,
                        KeyFormatType::TransparentSymmetricKey,
                    ) => Some(KeyMaterial::TransparentSymmetricKey(TransparentSymmetricKey::new(
                        bytes.clone(),
                    ))),
                    (KeyMaterial::TransparentSymmetricKey(key), _, KeyFormatType::Raw) => {
                        Some(KeyMaterial::ByteString(key.key.clone()))
                    }
                    _ => None,
                }
            }
            (ManagedObject::PrivateKey(_) | ManagedObject::PublicKey(_), Some(_)) => {
                match AsymmetricKey::read(object)? {
                    Some(key) => Some(keys::format_key(&key, format, PointForm::default())?),
                    None => None,
                }
            }
            _ => None,
        }
    };
    match (converted, key_block_mut(object)) {
        (Some(converted), Some(block)) => {
            replace(block, format, converted);
            Ok(())
        }
        _ => refuse(format!("the key is in format {from}, which cannot be made {format}")),
    }
}

/// Brings an object's public key into another compression.
///
/// # Errors
///
/// When the server can't do that.
pub(crate) fn compress(object: &mut ManagedObject, compression: KeyCompressionType) -> Result<(), Failure> {
    if key_block(object).is_some_and(|block| block.key_compression_type == Some(compression)) {
        return Ok(());
    }
    let key = match object {
        ManagedObject::PublicKey(_) => AsymmetricKey::read(object)?,
        _ => None,
    };
    let (Some(key), Some(block)) = (key, key_block_mut(object)) else {
        return Err(Failure::new(
            Kind::KeyCompressionType,
            format!("the key is not to be had as {compression}"),
        ));
    };
    let form = keys::compress(key.family(), compression)?;
    let format = block.key_format_type;
    replace(block, format, keys::format_key(&key, format, form)?);
    block.key_compression_type = Some(compression);
    Ok(())
}

fn replace(block: &mut KeyBlock, format: KeyFormatType, material: KeyMaterial) {
    match &mut block.key_value {
        Some(KeyValue::Plaintext(value)) => value.key_material = material,
        other => *other = Some(KeyValue::Plaintext(PlaintextKeyValue::new(material).into())),
    }
    block.key_format_type = format;
    block.key_compression_type = None;
}

/// Makes an object that was written in one version fit another, where the two carry the same in other forms.
pub(crate) fn fit(object: &mut ManagedObject, to: Version) {
    let Some(object_type) = object_type(object) else { return };
    let Some(block) = key_block_mut(object) else { return };
    block.key_format_type = keys::made_format(block.key_format_type, to);
    block.cryptographic_algorithm =
        block.cryptographic_algorithm.map(|algorithm| keys::algorithm_in(algorithm, to));
    if let Some(KeyValue::Plaintext(value)) = &mut block.key_value {
        fit_attributes(value, object_type, to);
    }
    if let Some(wrapping) = &mut block.key_wrapping_data {
        let parameters = [
            wrapping
                .encryption_key_information
                .as_mut()
                .and_then(|information| information.cryptographic_parameters.as_mut()),
            wrapping
                .mac_signature_key_information
                .as_mut()
                .and_then(|information| information.cryptographic_parameters.as_mut()),
        ];
        for parameters in parameters.into_iter().flatten() {
            let parameters: &mut CryptographicParameters = parameters.borrow_mut();
            if let Some(fit) = super::attributes::fit_parameters(parameters, to) {
                *parameters = fit;
            }
        }
    }
}

/// The attributes inside a Key Value: a list in 1.x, a structure in 2.0.
fn fit_attributes(value: &mut PlaintextKeyValue, object_type: ObjectType, to: Version) {
    let is_new = PlaintextKeyValue::has_attributes(to);
    let set: AttributeSet = match (is_new, value.attributes.take()) {
        (true, Some(attributes)) => {
            value.attributes = Some(attributes);
            return;
        }
        (false, None) | (true, None) if value.attribute.is_empty() => return,
        (_, Some(attributes)) => AttributeSet::from_attributes(attributes),
        (_, None) => {
            value.attribute.drain(..).filter_map(kmip::types::AttributeInstance::from_attribute).collect()
        }
    };
    let visible: AttributeSet =
        View::new(&set, object_type, to).all().map(std::borrow::Cow::into_owned).collect();
    if is_new {
        value.attributes = Some(visible.to_attributes());
    } else {
        value.attribute = visible.to_attribute_list();
    }
}
