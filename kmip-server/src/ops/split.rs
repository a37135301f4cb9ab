//! What the parts of a split key say of themselves (KMIP 1.4 §2.2.5, 2.0 §2.8).

use kmip::ttlv::{BigInteger, Tag, Version};
use kmip::types::tables::behaviour;
use kmip::types::{AttributeSet, AttributeValue, ManagedObject, SplitKeyMethod};

use crate::crypto::split::{BinaryField, PrimeField, Sharing};
use crate::engine::{Failure, Kind, flag};

/// Checks that a part of a split key is one of the parts that it says there are, if the object is one.
///
/// That all parts are needed where they are XORed is not looked at: PyKMIP's clients register others.
///
/// # Errors
///
/// When it isn't.
pub(super) fn check_split(object: &ManagedObject) -> Result<(), Failure> {
    let ManagedObject::SplitKey(key) = object else { return Ok(()) };
    let parts = 1..=key.split_key_parts;
    let refuse = |message: &'static str| Err(Failure::new(Kind::InvalidField, message));
    if !parts.contains(&key.key_part_identifier) {
        return refuse("the Key Part Identifier is none of the Split Key Parts");
    }
    if !parts.contains(&key.split_key_threshold) {
        return refuse("the Split Key Threshold is not from one to the Split Key Parts");
    }
    let is_prime_field = key.split_key_method == SplitKeyMethod::PolynomialSharingPrimeField;
    if is_prime_field && key.prime_field_size.is_none() {
        return refuse("the Prime Field Size of a key that is split over a prime field is missing");
    }
    Ok(())
}

/// How keys are split by this method.
///
/// # Errors
///
/// When the server doesn't have the method, or the Prime Field Size that it needs is missing or none.
pub(super) fn sharing(
    method: SplitKeyMethod,
    prime: Option<&BigInteger>,
    written_in: Version,
) -> Result<Sharing, Failure> {
    Ok(match method {
        SplitKeyMethod::XOR => Sharing::Xor,
        SplitKeyMethod::PolynomialSharingGF2_8 => Sharing::Binary(BinaryField::GF8),
        SplitKeyMethod::PolynomialSharingGF2_16
            if behaviour::SPLIT_KEYS_OVER_FIPS197.contains(written_in) =>
        {
            Sharing::Binary(BinaryField::GF16_FIPS_197)
        }
        SplitKeyMethod::PolynomialSharingGF2_16 => Sharing::Binary(BinaryField::GF16),
        SplitKeyMethod::PolynomialSharingPrimeField => {
            let Some(prime) = prime.and_then(BigInteger::as_unsigned_bytes) else {
                return Err(Failure::new(
                    Kind::InvalidField,
                    "to split a key over a prime field, the Prime Field Size must be given",
                ));
            };
            Sharing::Prime(PrimeField::new(prime)?)
        }
        other => {
            return Err(Failure::new(Kind::InvalidField, format!("{other} is no Split Key Method")));
        }
    })
}

/// A number of parts, which is one byte here.
///
/// # Errors
///
/// When it is below one, or too large.
pub(super) fn number(number: i32) -> Result<u8, Failure> {
    match u8::try_from(number) {
        Ok(number) if number > 0 => Ok(number),
        _ if number > 0 => Err(Failure::new(Kind::ServerLimit, "keys have no more than 255 parts here")),
        _ => Err(Failure::new(Kind::InvalidField, "keys have at least one part")),
    }
}

/// Has an object be as well guarded as the one that it comes from: parts make the key again, and a key its parts.
pub(super) fn guard(given: &mut AttributeSet, from: &AttributeSet) {
    if flag(from, Tag::Sensitive) == Some(true) {
        given.set(AttributeValue::Sensitive(true));
    }
    if flag(from, Tag::Extractable) == Some(false) {
        given.set(AttributeValue::Extractable(false));
    }
}
