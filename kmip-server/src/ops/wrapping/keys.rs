//! The keys that others are wrapped with. They are used indirectly: whoever wraps with a key needs the right to encrypt
//! with it, and whoever unwraps the right to decrypt.

use std::borrow::Borrow;

use kmip::ttlv::{Bytes, Tag, Text, Version};
use kmip::types::{
    AttributeId, AttributeValue, BlockCipherMode, CryptographicParameters, CryptographicUsageMask,
    EncryptionKeyInformation, LinkType, MacSignatureKeyInformation, ManagedObject, ObjectType, Operation,
    UniqueIdentifier,
};

use super::super::parts::{KeyUse, allocate, check_key};
use super::super::signing::scheme;
use super::super::symmetric::{self, Wish};
use super::super::{asymmetric, mac};
use crate::crypto;
use crate::crypto::sign::{self, Signed};
use crate::engine::keys::{private_key, public_key};
use crate::engine::{Context, End, Failure, Kind, Managed, Use, Work};
use crate::wipe::Wiped;

/// An encrypted key.
pub(super) struct Encrypted {
    /// The key that it is encrypted with.
    pub(super) identifier: Text,
    /// What came of it.
    pub(super) sealed: Vec<u8>,
    /// The vector.
    pub(super) iv: Option<Bytes>,
    /// Whether the key that it is encrypted with has Cryptographic Parameters, as the specification has it.
    pub(super) by_the_book: bool,
}

/// Encrypts a key.
pub(super) fn encrypt(
    cx: &mut Context<'_>,
    information: &EncryptionKeyInformation,
    plain: &[u8],
) -> Result<Encrypted, Failure> {
    let key = find(cx, &information.unique_identifier, Operation::Encrypt)?;
    check_key(cx, &key.object, WRAP)?;
    let parameters = parameters(information.cryptographic_parameters.as_ref().map(Borrow::borrow), &key)?;
    let (work, iv) = if asymmetric::is_asymmetric(&key.material) {
        (asymmetric::encryption(cx, &key.object, &key.material, Some(parameters))?, None)
    } else {
        let wish = Wish { parameters: Some(parameters), iv: None, additional_data: None };
        symmetric::encryption(cx, &key.object, &key.material, wish)?
    };
    let sealed = run(work, plain)?;
    allocate(cx, &key.object, &key.identifier, Operation::Encrypt, plain.len(), true)?;
    let by_the_book = key.object.attributes.get(Tag::CryptographicParameters).is_some();
    Ok(Encrypted { identifier: key.identifier, sealed: sealed.to_vec(), iv, by_the_book })
}

/// Decrypts a key.
pub(super) fn decrypt(
    cx: &mut Context<'_>,
    information: &EncryptionKeyInformation,
    iv: Option<&Bytes>,
    sealed: &[u8],
) -> Result<Wiped, Failure> {
    let mut key = find(cx, &information.unique_identifier, Operation::Decrypt)?;
    let parameters =
        parameters(information.cryptographic_parameters.as_ref().map(Borrow::borrow), &key)?.clone();
    if key.object.object_type() == ObjectType::PublicKey {
        key = other_half(cx, &key, LinkType::PrivateKeyLink, Operation::Decrypt)?;
    }
    check_key(cx, &key.object, UNWRAP)?;
    if asymmetric::is_asymmetric(&key.material) {
        let work = asymmetric::decryption(cx, &key.object, &key.material, Some(&parameters))?;
        return run(work, sealed);
    }
    let (sealed, tag) = split(cx.version(), &parameters, sealed)?;
    let wish = Wish { parameters: Some(&parameters), iv: iv.cloned(), additional_data: None };
    let work = symmetric::decryption(cx, &key.object, &key.material, wish, tag)?;
    run(work, sealed)
}

/// Makes the MAC or signature of a key: the identifier of the key that made it, and itself.
pub(super) fn authenticate(
    cx: &mut Context<'_>,
    information: &MacSignatureKeyInformation,
    data: &[u8],
) -> Result<(Text, Vec<u8>), Failure> {
    let named = find(cx, &information.unique_identifier, Operation::Encrypt)?;
    let given = information.cryptographic_parameters.as_ref().map(Borrow::borrow);
    let parameters = parameters(given, &named)?.clone();
    let identifier = named.identifier.clone();
    let key = if named.object.object_type() == ObjectType::PublicKey {
        // 1.4 table 11: "the Private Key (or its corresponding Public Key) used to sign".
        other_half(cx, &named, LinkType::PrivateKeyLink, Operation::Encrypt)?
    } else {
        named
    };
    let made = if let ManagedObject::PrivateKey(_) = key.material {
        check_key(cx, &key.object, SIGN)?;
        let private = private_key(&key.material)?;
        sign::sign(&private, scheme(cx, Some(&parameters), private.family())?, Signed::Data(data))?
    } else {
        check_key(cx, &key.object, GENERATE)?;
        let mut mac = mac::start(cx, Some(&parameters), &key.object)?;
        mac.update(data)?;
        mac.finish()?
    };
    allocate(cx, &key.object, &key.identifier, Operation::Encrypt, data.len(), true)?;
    Ok((identifier, made))
}

/// Checks the MAC or signature of a key.
pub(super) fn check(
    cx: &mut Context<'_>,
    information: &MacSignatureKeyInformation,
    data: &[u8],
    made: &[u8],
) -> Result<(), Failure> {
    let key = find(cx, &information.unique_identifier, Operation::Decrypt)?;
    let given = information.cryptographic_parameters.as_ref().map(Borrow::borrow);
    let parameters = parameters(given, &key)?;
    let public = match &key.material {
        ManagedObject::PrivateKey(_) => Some(private_key(&key.material)?.public()?),
        ManagedObject::PublicKey(_) | ManagedObject::Certificate(_) => Some(public_key(&key.material)?),
        _ => None,
    };
    let good = if let Some(public) = public {
        // A private key, where it is named, can check what it signed.
        check_key(cx, &key.object, VERIFY)?;
        let scheme = scheme(cx, Some(parameters), public.family())?;
        sign::verify(&public, scheme, Signed::Data(data), made)?
    } else {
        check_key(cx, &key.object, CHECK)?;
        let mut mac = mac::start(cx, Some(parameters), &key.object)?;
        mac.update(data)?;
        crypto::equal(&mac.finish()?, made)
    };
    if good {
        Ok(())
    } else {
        Err(Failure::new(Kind::Cryptographic, "the MAC or signature of the key is wrong"))
    }
}

/// A key that others are wrapped with.
struct Key {
    identifier: Text,
    object: Managed,
    material: ManagedObject,
}

fn find(cx: &mut Context<'_>, identifier: &UniqueIdentifier, operation: Operation) -> Result<Key, Failure> {
    let identifier = cx.target(Some(identifier.clone())).map_err(elsewhere)?;
    let object = cx.object_with_material(&identifier, operation).map_err(elsewhere)?;
    let (material, _) = object.object().map_err(elsewhere)?;
    let is_key = matches!(
        material,
        ManagedObject::SymmetricKey(_) | ManagedObject::PublicKey(_) | ManagedObject::PrivateKey(_)
    );
    if !is_key {
        return Err(Failure::new(Kind::WrongObjectType, "the object to wrap or unwrap with is no key"));
    }
    Ok(Key { identifier, object, material })
}

/// Says of which of two objects there is none.
fn elsewhere(failure: Failure) -> Failure {
    match failure.kind() {
        Kind::NotFound => Failure::new(
            Kind::WrappingNotFound,
            "there is no key to wrap or unwrap with that has this Unique Identifier",
        ),
        Kind::Archived => Failure::new(Kind::WrappingArchived, "the key to wrap or unwrap with is archived"),
        Kind::Destroyed => {
            Failure::new(Kind::WrappingDestroyed, "the key to wrap or unwrap with is destroyed")
        }
        _ => failure,
    }
}

/// The other key of a pair, by its link.
fn other_half(
    cx: &mut Context<'_>,
    key: &Key,
    link_type: LinkType,
    operation: Operation,
) -> Result<Key, Failure> {
    let link = key.object.attributes.all(&AttributeId::Standard(Tag::Link)).find_map(|instance| {
        match &instance.value {
            AttributeValue::Link(link) if link.link_type == link_type => {
                Some(link.linked_object_identifier.clone())
            }
            _ => None,
        }
    });
    let Some(identifier) = link else {
        return Err(Failure::new(
            Kind::WrappingNotFound,
            "the public key has no link to the private key that would be needed",
        ));
    };
    find(cx, &identifier, operation)
}

/// The parameters that count (1.4 §2.1.6): those given, which must be among those of the key, or else its first. Of a key
/// that has none, which PyKMIP's clients wrap with, those given count as they are.
fn parameters<'a>(
    given: Option<&'a CryptographicParameters>,
    key: &'a Key,
) -> Result<&'a CryptographicParameters, Failure> {
    let mut own: Vec<(i32, &CryptographicParameters)> = key
        .object
        .attributes
        .iter()
        .filter_map(|instance| match &instance.value {
            AttributeValue::CryptographicParameters(parameters) => Some((instance.index, &**parameters)),
            _ => None,
        })
        .collect();
    own.sort_by_key(|(index, _)| *index);
    match (given, own.first()) {
        (Some(given), None) => Ok(given),
        (Some(given), Some(_)) if own.iter().any(|(_, own)| agrees(given, own)) => Ok(given),
        (Some(_), Some(_)) => Err(Failure::new(
            Kind::NoParameters,
            "the key to wrap or unwrap with has no such Cryptographic Parameters",
        )),
        (None, Some((_, own))) => Ok(own),
        (None, None) => Err(Failure::new(
            Kind::NoParameters,
            "the key to wrap or unwrap with has no Cryptographic Parameters, and none are given",
        )),
    }
}

/// Whether what is given is what the key has, as far as it is given.
fn agrees(given: &CryptographicParameters, own: &CryptographicParameters) -> bool {
    macro_rules! agree {
        ($($field:ident)*) => {
            $((given.$field.is_none() || given.$field == own.$field))&&*
        };
    }
    given.unknown.is_empty()
        && agree!(
            block_cipher_mode padding_method hashing_algorithm key_role_type digital_signature_algorithm
            cryptographic_algorithm random_iv iv_length tag_length fixed_field_length invocation_field_length
            counter_length initial_counter_value salt_length mask_generator mask_generator_hashing_algorithm
            p_source trailer_field
        )
}

/// What is encrypted, and the tag behind it. Before 1.4 the decryption itself looks for it there.
fn split<'a>(
    version: Version,
    parameters: &CryptographicParameters,
    sealed: &'a [u8],
) -> Result<(&'a [u8], Option<Bytes>), Failure> {
    let has_tag = matches!(
        parameters.block_cipher_mode,
        Some(BlockCipherMode::GCM | BlockCipherMode::CCM | BlockCipherMode::AEAD)
    );
    if !has_tag || !CryptographicParameters::has_tag_length(version) {
        return Ok((sealed, None));
    }
    let length = parameters.tag_length.map_or(Ok(USUAL_TAG), usize::try_from).unwrap_or(usize::MAX);
    sealed
        .len()
        .checked_sub(length)
        .and_then(|length| sealed.split_at_checked(length))
        .map(|(sealed, tag)| (sealed, Some(Bytes::copy_from_slice(tag))))
        .ok_or_else(|| Failure::new(Kind::Cryptographic, "the wrapped key is too short to end in a tag"))
}

fn run(mut work: Box<dyn Work>, data: &[u8]) -> Result<Wiped, Failure> {
    let mut out = Wiped::default();
    work.update(data, &mut out)?;
    if let End::Tag(tag) = work.finish(&mut out)? {
        let room = out.len().saturating_add(tag.len());
        out.grow(room);
        out.extend_from_slice(&tag);
    }
    Ok(out)
}

const WRAP: KeyUse = KeyUse { purpose: Use::Protect, bits: CryptographicUsageMask::WrapKey };
/// The official cases TC-WRAP-2 and -3 of 1.4 have a key unwrapped that may wrap.
const UNWRAP: KeyUse = KeyUse {
    purpose: Use::Process,
    bits: CryptographicUsageMask::UnwrapKey.union(CryptographicUsageMask::WrapKey),
};
const SIGN: KeyUse = KeyUse { purpose: Use::Protect, bits: CryptographicUsageMask::Sign };
const VERIFY: KeyUse = KeyUse {
    purpose: Use::Process,
    bits: CryptographicUsageMask::Verify.union(CryptographicUsageMask::Sign),
};
const GENERATE: KeyUse = KeyUse { purpose: Use::Protect, bits: CryptographicUsageMask::MACGenerate };
const CHECK: KeyUse = KeyUse { purpose: Use::Process, bits: CryptographicUsageMask::MACVerify };

/// The tag of an authenticated mode for which no other length is asked, in bytes.
const USUAL_TAG: usize = 16;
