//! What is in an object: its bytes, and what PyKMIP answers about them in Get.
#![allow(clippy::useless_conversion, reason = "which structures stand in boxes is the generator's business")]

use kmip::ttlv::{BigInteger, Secret};
use kmip::types::{
    Certificate, CertificateType, CryptographicAlgorithm, KeyBlock, KeyFormatType, KeyMaterial, KeyValue,
    ManagedObject, ObjectType, OpaqueDataType, OpaqueObject, PlaintextKeyValue, PrivateKey, PublicKey,
    SecretData, SecretDataType, SplitKey, SplitKeyMethod, SymmetricKey,
};

use super::database::{Parts, Trouble};
use super::row::{Read, Row};
use super::wrapping;

/// The object of a row.
pub(super) fn read(parts: &Parts<'_>, managed: &Row) -> Result<ManagedObject, Trouble> {
    let value = managed.required("value", managed.bytes("value")?)?;
    let object_type = object_type(managed)?;
    Ok(match object_type {
        ObjectType::Certificate => {
            let row = parts.row("certificates")?;
            let kind = row.enumeration("certificate_type", CertificateType::name)?;
            let kind = row.required("certificate_type", kind)?;
            ManagedObject::Certificate(Certificate::new(kind, value.to_vec().into()).into())
        }
        ObjectType::OpaqueObject => {
            let row = parts.row("opaque_objects")?;
            let kind = row.enumeration("opaque_type", OpaqueDataType::name)?;
            let kind = row.required("opaque_type", kind)?;
            ManagedObject::OpaqueObject(OpaqueObject::new(kind, value.into()).into())
        }
        ObjectType::SecretData => {
            let row = parts.row("secret_data_objects")?;
            let kind = row.enumeration("data_type", SecretDataType::name)?;
            let kind = row.required("data_type", kind)?;
            // PyKMIP keeps no format for secret data: it is always opaque.
            let block = block(KeyFormatType::Opaque, value.into());
            ManagedObject::SecretData(SecretData::new(kind, block).into())
        }
        ObjectType::SymmetricKey => {
            ManagedObject::SymmetricKey(SymmetricKey::new(key(parts, value.into())?).into())
        }
        ObjectType::PublicKey => ManagedObject::PublicKey(PublicKey::new(key(parts, value.into())?).into()),
        ObjectType::PrivateKey => {
            ManagedObject::PrivateKey(PrivateKey::new(key(parts, value.into())?).into())
        }
        ObjectType::SplitKey => ManagedObject::SplitKey(split_key(parts, value.into())?.into()),
        other => {
            let reason = format!("{other} is no type that PyKMIP's server keeps");
            return Err(managed.fault("object_type", reason).into());
        }
    })
}

/// The type of a row's object.
pub(super) fn object_type(managed: &Row) -> Read<ObjectType> {
    let found = managed.enumeration("object_type", ObjectType::name)?;
    managed.required("object_type", found)
}

fn key(parts: &Parts<'_>, value: Secret) -> Result<KeyBlock, Trouble> {
    let row = parts.row("keys")?;
    let format = row.enumeration("key_format_type", KeyFormatType::name)?;
    let format = row.required("key_format_type", format)?;
    Ok(KeyBlock {
        cryptographic_algorithm: row.enumeration("cryptographic_algorithm", CryptographicAlgorithm::name)?,
        cryptographic_length: row.small("cryptographic_length")?,
        key_wrapping_data: wrapping::read(&row)?.map(Into::into),
        ..block(format, value)
    })
}

fn split_key(parts: &Parts<'_>, value: Secret) -> Result<SplitKey, Trouble> {
    let row = parts.row("split_keys")?;
    let small = |column| row.required(column, row.small(column)?);
    let method = row.enumeration("_split_key_method", SplitKeyMethod::name)?;
    let field = row.integer("_prime_field_size")?;
    Ok(SplitKey {
        prime_field_size: field.map(|size| BigInteger::from_signed_bytes(size.to_be_bytes().to_vec())),
        ..SplitKey::new(
            small("_split_key_parts")?,
            small("_key_part_identifier")?,
            small("_split_key_threshold")?,
            row.required("_split_key_method", method)?,
            key(parts, value)?,
        )
    })
}

/// PyKMIP keeps the bytes of the Key Material alone, wrapped or not.
fn block(format: KeyFormatType, value: Secret) -> KeyBlock {
    let value = PlaintextKeyValue::new(KeyMaterial::ByteString(value));
    KeyBlock { key_value: Some(KeyValue::Plaintext(value.into())), ..KeyBlock::new(format) }
}

/// The columns that say what an object is, for attributes that its type has.
pub(super) fn is_cryptographic(object_type: ObjectType) -> bool {
    // PyKMIP gives all but opaque objects a state and a usage mask.
    object_type != ObjectType::OpaqueObject
}
