use kmip::ttlv::{Secret, Version};
use kmip::types::tables::behaviour;
use kmip::types::{
    AttributeSet, AttributeValue, CryptographicAlgorithm, JoinSplitKeyRequest, JoinSplitKeyResponse,
    KeyBlock, KeyMaterial, KeyValue, ManagedObject, ObjectType, Operation, PlaintextKeyValue, PrivateKey,
    SecretData, SecretDataType, SplitKey, SplitKeyMethod, SymmetricKey, UniqueIdentifier,
};

use super::lengths::key_bytes;
use super::register::take_from_object;
use super::split::{check_split, guard, number, sharing};
use crate::crypto::CryptoError;
use crate::crypto::split::Part;
use crate::engine::keys::check_asymmetric;
use crate::engine::{
    Context, Failure, Kind, Purpose, Requested, algorithm, check_protection, facts, is_wrapped, length,
    required,
};
use crate::wipe::Wiped;

/// Join Split Key: parts become the key again, as an object of its own (KMIP 1.4 §4.39, 2.0 §6.1.26).
pub(super) fn join_split_key(
    cx: &mut Context<'_>,
    request: JoinSplitKeyRequest,
) -> Result<JoinSplitKeyResponse, Failure> {
    let object_type = request.object_type;
    if !JOINABLE.contains(&object_type) {
        return Err(Failure::new(
            Kind::ObjectType,
            format!("parts become a Symmetric Key, a Private Key or Secret Data, but no {object_type}"),
        ));
    }
    if request.secret_data_type.is_some() && object_type != ObjectType::SecretData {
        return Err(Failure::new(Kind::InvalidField, "a Secret Data Type is that of Secret Data alone"));
    }
    check_protection(request.protection_storage_masks.as_ref())?;
    let mut requested = Requested::new(request.template_attribute, request.attributes)?;
    cx.add_templates(&mut requested)?;
    let mut given = requested.check(object_type, Purpose::Generate, cx.version())?;

    let mut parts: Vec<(SplitKey, Version)> = Vec::new();
    for identifier in request.unique_identifier {
        let identifier = cx.target(Some(identifier))?;
        let part = cx.object_with_material(&identifier, Operation::JoinSplitKey)?;
        part.check_available()?;
        let (ManagedObject::SplitKey(key), written_in) = part.object()? else {
            return Err(Failure::new(Kind::WrongObjectType, "what is joined are Split Keys alone"));
        };
        guard(&mut given, &part.attributes);
        parts.push((key, written_in));
    }
    let Some((first, _)) = parts.first() else { return Err(Failure::missing("the Unique Identifier")) };
    let template = first.key_block.clone();
    let bytes = wanted_bytes(object_type, &given, &template);
    let secret = join(&parts, bytes)?;
    let object = match object_type {
        ObjectType::SymmetricKey => symmetric(&mut given, &template, secret)?,
        ObjectType::PrivateKey => {
            ManagedObject::PrivateKey(PrivateKey::new(block(&template, without_padding(secret))))
        }
        _ => {
            let secret_data_type = request.secret_data_type.unwrap_or(SecretDataType::Password);
            let plain = KeyBlock {
                cryptographic_algorithm: None,
                cryptographic_length: None,
                ..block(&template, secret)
            };
            ManagedObject::SecretData(SecretData::new(secret_data_type, plain))
        }
    };
    take_from_object(&mut given, &object)?;
    check_asymmetric(&mut given, &object, cx.version())?;
    let facts = facts(&object, Purpose::Generate, cx.version())?;
    let version = cx.version();
    let identifier = cx.insert(given, &facts, &object, version)?;
    Ok(JoinSplitKeyResponse::new(UniqueIdentifier::TextString(identifier)))
}

/// The secret that the parts make.
fn join(parts: &[(SplitKey, Version)], bytes: Option<usize>) -> Result<Wiped, Failure> {
    let Some((first, written_in)) = parts.first() else {
        return Err(Failure::missing("the Unique Identifier"));
    };
    check_split(&ManagedObject::SplitKey(first.clone()))?;
    let sharing = sharing(first.split_key_method, first.prime_field_size.as_ref(), *written_in)?;
    let threshold = match first.split_key_method {
        // 1.4 §2.2.5: "identical to Split Key Threshold", which some clients say otherwise.
        SplitKeyMethod::XOR => first.split_key_parts,
        _ => first.split_key_threshold,
    };
    let mut values = Vec::with_capacity(parts.len());
    for (key, version) in parts {
        let shape = |key: &SplitKey| (key.split_key_parts, key.split_key_threshold, key.split_key_method);
        let is_of_it = shape(key) == shape(first)
            && key.prime_field_size == first.prime_field_size
            && is_same_field(key.split_key_method, *version, *written_in);
        if !is_of_it || is_wrapped(&key.key_block) {
            return Err(CryptoError::Parts("the parts are not those of one key").into());
        }
        let Some(KeyValue::Plaintext(value)) = &key.key_block.key_value else {
            return Err(Failure::new(Kind::Cryptographic, "the server does not have the key of a part"));
        };
        let KeyMaterial::ByteString(value) = &value.key_material else {
            return Err(Failure::new(Kind::Cryptographic, "the key of a part is no Byte String"));
        };
        values.push(Part { number: number(key.key_part_identifier)?, value: value.expose() });
    }
    Ok(sharing.join(&values, number(threshold)?, bytes)?)
}

/// GF(2^16) is not the same in all versions.
fn is_same_field(method: SplitKeyMethod, one: Version, other: Version) -> bool {
    let is_old = |version| behaviour::SPLIT_KEYS_OVER_FIPS197.contains(version);
    method != SplitKeyMethod::PolynomialSharingGF2_16 || is_old(one) == is_old(other)
}

/// How many bytes the key has, as far as that is said.
fn wanted_bytes(object_type: ObjectType, given: &AttributeSet, template: &KeyBlock) -> Option<usize> {
    let algorithm = algorithm(given).or(template.cryptographic_algorithm);
    let bits = length(given).or(template.cryptographic_length)?;
    match object_type {
        ObjectType::SymmetricKey => Some(symmetric_bytes(algorithm, bits)),
        ObjectType::SecretData => usize::try_from(bits).ok().map(|bits| bits.div_ceil(8)),
        // The length of a private key is that of its modulus, or its curve.
        _ => None,
    }
}

fn symmetric_bytes(algorithm: Option<CryptographicAlgorithm>, bits: i32) -> usize {
    // The 112 and 168 bits of 3DES are without parity.
    let made = algorithm.and_then(|algorithm| key_bytes(algorithm, bits).ok());
    made.unwrap_or_else(|| usize::try_from(bits).unwrap_or_default().div_ceil(8))
}

fn symmetric(given: &mut AttributeSet, template: &KeyBlock, secret: Wiped) -> Result<ManagedObject, Failure> {
    let algorithm = algorithm(given)
        .or(template.cryptographic_algorithm)
        .ok_or_else(|| required("the Cryptographic Algorithm"))?;
    let bits = length(given)
        .or(template.cryptographic_length)
        .ok_or_else(|| required("the Cryptographic Length"))?;
    if symmetric_bytes(Some(algorithm), bits) != secret.len() {
        return Err(Failure::new(
            Kind::InvalidAttributeValue,
            format!("the parts make a key of {} bytes, which has not {bits} bits", secret.len()),
        ));
    }
    given.set(AttributeValue::CryptographicAlgorithm(algorithm));
    given.set(AttributeValue::CryptographicLength(bits));
    let block = KeyBlock {
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: Some(bits),
        ..block(template, secret)
    };
    Ok(ManagedObject::SymmetricKey(SymmetricKey::new(block)))
}

fn block(template: &KeyBlock, secret: Wiped) -> KeyBlock {
    let value = PlaintextKeyValue::new(KeyMaterial::ByteString(Secret::from_shared(secret.into())));
    KeyBlock {
        key_value: Some(KeyValue::Plaintext(value)),
        cryptographic_algorithm: template.cryptographic_algorithm,
        cryptographic_length: template.cryptographic_length,
        ..KeyBlock::new(template.key_format_type)
    }
}

/// Over a prime field, a key is a number: that of one in DER begins with the byte that is not zero.
fn without_padding(secret: Wiped) -> Wiped {
    let zeros = secret.iter().take_while(|byte| **byte == 0).count();
    Wiped::from(secret.get(zeros..).unwrap_or_default())
}

/// What parts can become.
const JOINABLE: [ObjectType; 3] = [ObjectType::SymmetricKey, ObjectType::PrivateKey, ObjectType::SecretData];
