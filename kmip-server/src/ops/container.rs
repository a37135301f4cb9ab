//! Private keys as PKCS#12 containers, with their certificates, under a password that is an object of its own (KMIP 1.4
//! §3.45, §4.3, §4.11; 2.0 §4.39, §6.1.19, §6.1.39).
#![allow(clippy::useless_conversion, reason = "which structures stand in boxes is the generator's business")]

use kmip::ttlv::{Secret, Tag, Text};
use kmip::types::tables::behaviour;
use kmip::types::{
    AttributeId, AttributeSet, AttributeValue, KeyBlock, KeyFormatType, KeyMaterial, KeyValue, LinkType,
    ManagedObject, ObjectType, Operation, PlaintextKeyValue, SecretDataType, UniqueIdentifier,
};

use super::rekeying::linked;
use crate::crypto::pkcs12::{self, Opened};
use crate::engine::keys::private_key;
use crate::engine::{Context, Failure, Kind, Managed, key_block, key_block_mut, secret_bytes};
use crate::wipe::Wiped;

/// Whether an object is a private key in a container.
pub(super) fn is_container(object: &ManagedObject) -> bool {
    matches!(object, ManagedObject::PrivateKey(_))
        && key_block(object).is_some_and(|block| {
            block.key_format_type == KeyFormatType::PKCS_12
                && block.key_value.is_some()
                && block.key_wrapping_data.is_none()
        })
}

/// Puts a private key into a container with its certificates.
///
/// # Errors
///
/// When the object is another, it has no password, or not one chain of certificates.
pub(super) fn close(
    cx: &mut Context<'_>,
    object: &Managed,
    material: &mut ManagedObject,
) -> Result<(), Failure> {
    if object.object_type() != ObjectType::PrivateKey {
        return Err(Failure::new(Kind::KeyFormatType, "only private keys are put into PKCS#12 containers"));
    }
    let key = private_key(material)?;
    let password = password(cx, &object.attributes)?;
    let chain = chain(cx, object)?;
    let certificates: Vec<&[u8]> = chain.iter().map(|certificate| &certificate[..]).collect();
    let name = match object.attributes.get(Tag::PKCS_12FriendlyName) {
        Some(AttributeValue::Pkcs12FriendlyName(name)) => name.as_str(),
        // In so many words in 1.4 §3.45.
        _ => "alias",
    };
    let sealed = pkcs12::seal(&key, &certificates, name, &password)?;
    set(material, KeyFormatType::PKCS_12, Secret::from(sealed));
    if let Some(block) = key_block_mut(material) {
        // The container tells them, and the official case TC-PKCS12-1 has neither beside it.
        block.cryptographic_algorithm = None;
        block.cryptographic_length = None;
        if behaviour::PKCS12_IN_PLACE_OF_KEY_VALUE.contains(cx.version()) {
            in_place_of_value(block);
        }
    }
    Ok(())
}

/// Takes a private key out of its container.
///
/// # Errors
///
/// When the password is not there, or another.
pub(super) fn open(
    cx: &mut Context<'_>,
    attributes: &AttributeSet,
    material: &mut ManagedObject,
) -> Result<(), Failure> {
    let opened = opened(cx, attributes, material)?;
    set(material, KeyFormatType::PKCS_8, Secret::from_shared(opened.key.to_pkcs8()?.into()));
    Ok(())
}

/// What a registered container tells of the key in it.
///
/// # Errors
///
/// When its password doesn't open it (1.4 table 330), or the key is not what is said of it.
pub(super) fn describe(
    cx: &mut Context<'_>,
    given: &mut AttributeSet,
    material: &ManagedObject,
) -> Result<ManagedObject, Failure> {
    let opened = opened(cx, given, material)?;
    if given.get(Tag::PKCS_12FriendlyName).is_none()
        && let Some(name) = opened.name
    {
        given.add(AttributeValue::Pkcs12FriendlyName(name.into()));
    }
    let mut plain = material.clone();
    set(&mut plain, KeyFormatType::PKCS_8, Secret::from_shared(opened.key.to_pkcs8()?.into()));
    Ok(plain)
}

fn opened(
    cx: &mut Context<'_>,
    attributes: &AttributeSet,
    material: &ManagedObject,
) -> Result<Opened, Failure> {
    let password = password(cx, attributes)?;
    match key_block(material).and_then(bytes) {
        Some(bytes) => Ok(pkcs12::open(bytes.expose(), &password)?),
        None => Err(Failure::new(Kind::InvalidField, "the PKCS#12 container is no Byte String")),
    }
}

fn bytes(block: &KeyBlock) -> Option<&Secret> {
    match &block.key_value {
        Some(KeyValue::Wrapped(bytes)) => Some(bytes),
        Some(KeyValue::Plaintext(value)) => match &value.key_material {
            KeyMaterial::ByteString(bytes) => Some(bytes),
            _ => None,
        },
        _ => None,
    }
}

fn set(material: &mut ManagedObject, format: KeyFormatType, bytes: Secret) {
    if let Some(block) = key_block_mut(material) {
        let material = KeyMaterial::ByteString(bytes);
        match &mut block.key_value {
            Some(KeyValue::Plaintext(value)) => value.key_material = material,
            other => *other = Some(KeyValue::Plaintext(PlaintextKeyValue::new(material).into())),
        }
        block.key_format_type = format;
    }
}

fn in_place_of_value(block: &mut KeyBlock) {
    if let Some(bytes) = bytes(block).cloned() {
        block.key_value = Some(KeyValue::Wrapped(bytes));
    }
}

/// The one password that the attributes link to.
fn password(cx: &mut Context<'_>, attributes: &AttributeSet) -> Result<Wiped, Failure> {
    let bad = |message| Failure::new(Kind::BadPassword, message);
    let mut links =
        attributes.all(&AttributeId::Standard(Tag::Link)).filter_map(|instance| match &instance.value {
            AttributeValue::Link(link) if link.link_type == LinkType::PKCS_12PasswordLink => {
                Some(link.linked_object_identifier.clone())
            }
            _ => None,
        });
    let (Some(link), None) = (links.next(), links.next()) else {
        return Err(bad("a PKCS#12 container needs one PKCS#12 Password Link"));
    };
    let identifier = cx.target(Some(link))?;
    let found =
        cx.object_with_material(&identifier, Operation::Get).map_err(|failure| match failure.kind() {
            Kind::NotFound => bad("there is no password that the PKCS#12 Password Link points to"),
            _ => failure,
        })?;
    let (object, _) = found.object()?;
    match &object {
        ManagedObject::SecretData(data) if data.secret_data_type == SecretDataType::Password => {
            Ok(Wiped::from(secret_bytes(&object)?.expose()))
        }
        _ => Err(bad("the PKCS#12 Password Link does not point to a password")),
    }
}

/// The certificates of a private key: its own, and those of the issuers as far as they are linked.
fn chain(cx: &mut Context<'_>, key: &Managed) -> Result<Vec<kmip::ttlv::Bytes>, Failure> {
    let mut next =
        linked(key, LinkType::PKCS_12CertificateLink).or_else(|| linked(key, LinkType::CertificateLink));
    if next.is_none()
        && let Some(public) = linked(key, LinkType::PublicKeyLink)
    {
        // 1.4 §4.11: by way of the public key.
        let public: Text = cx.target(Some(public))?;
        let public = cx.object(&public, Operation::GetAttributes)?;
        next = linked(&public, LinkType::PKCS_12CertificateLink)
            .or_else(|| linked(&public, LinkType::CertificateLink));
    }
    let mut chain = Vec::new();
    let mut seen: Vec<Text> = Vec::new();
    while let Some(link) = next.take() {
        let identifier = cx.target(Some(link))?;
        if seen.contains(&identifier) || chain.len() >= LONGEST {
            return Err(Failure::new(Kind::InvalidField, "the chain of certificates has no end"));
        }
        let found = cx.object_with_material(&identifier, Operation::Get)?;
        let (ManagedObject::Certificate(certificate), _) = found.object()? else {
            return Err(Failure::new(Kind::InvalidField, "a certificate link points to another object"));
        };
        chain.push(certificate.certificate_value.clone());
        next = linked(&found, LinkType::PKCS_12CertificateLink)
            .or_else(|| linked(&found, LinkType::CertificateLink))
            // A root may be linked to itself.
            .filter(|link| *link != UniqueIdentifier::TextString(identifier.clone()));
        seen.push(identifier);
    }
    Ok(chain)
}

/// No chain has more certificates.
const LONGEST: usize = 16;
