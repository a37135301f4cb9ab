//! What a registered key pair says of itself, and what is said of it (KMIP 1.4 table 171).

use kmip::ttlv::{Tag, Version};
use kmip::types::{AttributeSet, AttributeValue, ManagedObject};

use super::{AsymmetricKey, algorithm_of, is_for};
use crate::crypto::pkey::Family;
use crate::engine::{Failure, Kind, algorithm, length};

/// Checks that an asymmetric key is what its attributes say; what they don't say is taken from it.
///
/// # Errors
///
/// When it is not of its format, or not what they say.
pub(crate) fn check_asymmetric(
    given: &mut AttributeSet,
    object: &ManagedObject,
    version: Version,
) -> Result<(), Failure> {
    let Some(key) = AsymmetricKey::read(object)? else { return Ok(()) };
    let (family, bits) = (key.family(), key.bits()?);
    let wrong = |what: &str| {
        Failure::new(
            Kind::InvalidAttributeValue,
            format!("the {what} is not that of the key, which is {family}"),
        )
    };
    match algorithm(given) {
        Some(algorithm) if !is_for(family, algorithm) => return Err(wrong("Cryptographic Algorithm")),
        Some(_) => {}
        None => {
            given.add(AttributeValue::CryptographicAlgorithm(algorithm_of(family, version)));
        }
    }
    match length(given) {
        Some(length) if !has_length(family, bits, length) => return Err(wrong("Cryptographic Length")),
        Some(_) => {}
        None => {
            given.add(AttributeValue::CryptographicLength(i32::try_from(bits).unwrap_or(i32::MAX)));
        }
    }
    if let Some(AttributeValue::CryptographicDomainParameters(domain)) =
        given.get(Tag::CryptographicDomainParameters)
        && let (Some(named), Family::Ec(curve)) = (domain.recommended_curve, family)
        && named != curve
    {
        return Err(wrong("Recommended Curve"));
    }
    Ok(())
}

/// Whether a Cryptographic Length is that of a key. Of the curves of RFC 7748, people count the bits in several ways.
fn has_length(family: Family, bits: u32, length: i32) -> bool {
    let length = u32::try_from(length).unwrap_or_default();
    match family {
        Family::Ed25519 | Family::X25519 => (253..=256).contains(&length),
        Family::Ed448 | Family::X448 => (446..=456).contains(&length),
        // Whole bytes, for those who say how long the number is that they hold.
        Family::Ec(_) => length == bits || length == bits.next_multiple_of(8),
        _ => length == bits,
    }
}
