//! What the parts of a split key say of themselves (KMIP 1.4 §2.2.5, 2.0 §2.7).

use kmip::types::{ManagedObject, SplitKeyMethod};

use crate::engine::{Failure, Kind};

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
