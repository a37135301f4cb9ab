use kmip::ttlv::{Secret, Tag, Version};
use kmip::types::tables::operation_info;
use kmip::types::{
    AttributeSet, AttributeValue, CreateRequest, CreateResponse, CryptographicAlgorithm,
    CryptographicUsageMask, ManagedObject, ObjectType, Operation, UniqueIdentifier,
};

use super::lengths::{key_bytes, permit, secret_bytes};
use crate::crypto;
use crate::engine::{
    Context, Failure, Kind, Purpose, Requested, algorithm, check_protection, convert, facts, flag, length,
    required, secret_data, symmetric_key, usage_mask,
};

/// Create: the server makes a symmetric key, or secret data (KMIP 1.4 §4.1, 2.0 §6.1.8).
pub(super) fn create(cx: &mut Context<'_>, request: CreateRequest) -> Result<CreateResponse, Failure> {
    let (object_type, version) = (request.object_type, cx.version());
    if !operation_info(Operation::Create).is_some_and(|info| info.makes(object_type, version)) {
        return Err(Failure::new(
            Kind::ObjectType,
            format!("objects of type {object_type} are not created; a Symmetric Key can be"),
        ));
    }
    check_protection(request.protection_storage_masks.as_ref())?;
    let mut requested = Requested::new(request.template_attribute, request.attributes)?;
    cx.add_templates(&mut requested)?;
    let mut given = requested.check(object_type, Purpose::Generate, version)?;
    let mut object = match object_type {
        ObjectType::SecretData => create_secret(&given)?,
        _ => create_key(cx, &mut given)?,
    };
    // 2.0 §4.26: the format may be asked for.
    if let Some(AttributeValue::KeyFormatType(format)) = given.get(Tag::KeyFormatType) {
        let format = *format;
        convert(&mut object, format)?;
    }
    let facts = facts(&object, Purpose::Generate, version)?;
    let identifier = cx.insert(given, &facts, &object, version)?;
    Ok(CreateResponse::new(object_type, UniqueIdentifier::TextString(identifier)))
}

/// Makes the symmetric key that the attributes ask for.
pub(super) fn create_key(cx: &Context<'_>, given: &mut AttributeSet) -> Result<ManagedObject, Failure> {
    let algorithm = algorithm(given).ok_or_else(|| required("the Cryptographic Algorithm"))?;
    let length = length(given).ok_or_else(|| required("the Cryptographic Length"))?;
    ensure_usage_mask(given, Operation::Create, cx.version())?;
    let bytes = key_bytes(algorithm, length)?;
    permit(cx, algorithm)?;
    // 2.0 §4.45: against a quantum computer, a key is worth half its bits.
    if flag(given, Tag::QuantumSafe) == Some(true) && length < QUANTUM_SAFE {
        return Err(Failure::new(
            Kind::NotQuantumSafe,
            format!("a key of {length} bits is not quantum safe"),
        ));
    }
    let mut key = crypto::random(bytes)?;
    if algorithm == CryptographicAlgorithm::DES3 {
        set_parity(&mut key);
    }
    Ok(symmetric_key(algorithm, length, Secret::from_shared(key.into())))
}

/// Where the operation doesn't require a Cryptographic Usage Mask, there is one all the same: what is made without can't be
/// used for anything.
pub(super) fn ensure_usage_mask(
    given: &mut AttributeSet,
    operation: Operation,
    version: Version,
) -> Result<(), Failure> {
    if usage_mask(given).is_some() {
        return Ok(());
    }
    let tag = Tag::CryptographicUsageMask;
    if operation_info(operation).is_some_and(|info| info.requires(tag, version)) {
        return Err(required("the Cryptographic Usage Mask"));
    }
    given.add(AttributeValue::CryptographicUsageMask(CryptographicUsageMask::empty()));
    Ok(())
}

fn create_secret(given: &AttributeSet) -> Result<ManagedObject, Failure> {
    let length = length(given).ok_or_else(|| required("the Cryptographic Length"))?;
    let data = crypto::random(secret_bytes(length)?)?;
    Ok(secret_data(Secret::from_shared(data.into())))
}

/// FIPS 46-3: each byte of a DES key has an odd number of bits.
fn set_parity(key: &mut [u8]) {
    for byte in key {
        *byte ^= u8::from(byte.count_ones() % 2 == 0);
    }
}

/// The least length of a symmetric key that is quantum safe, in bits.
const QUANTUM_SAFE: i32 = 256;
