//! Checks of what clients give: the generated rules of each attribute (KMIP 1.4 §3, 2.0 §4).

use kmip::ttlv::{Tag, Version};
use kmip::types::rules::AttributeRules;
use kmip::types::tables::attribute_info;
use kmip::types::{AttributeId, AttributeInstance, AttributeSet, AttributeValue, ObjectType, version};

use super::Purpose;
use crate::engine::{Failure, Kind};

/// The rules of an attribute in a version.
///
/// # Errors
///
/// When the version doesn't have the attribute.
pub(super) fn rules_of(tag: Tag, version: Version) -> Result<&'static AttributeRules, Failure> {
    attribute_info(tag).filter(|info| info.is_in(version)).and_then(|info| info.rules_in(version)).ok_or_else(
        || Failure::new(Kind::UnsupportedAttribute, format!("{tag} is no attribute in KMIP {version}")),
    )
}

/// Checks one attribute that a client gives for a new object.
pub(super) fn check_new(
    instance: &AttributeInstance,
    object_type: ObjectType,
    purpose: Purpose,
    version: Version,
) -> Result<(), Failure> {
    let tag = match &instance.id {
        AttributeId::Standard(tag) => *tag,
        AttributeId::Vendor { vendor, .. } => return check_vendor(vendor, &instance.id, version),
    };
    let rules = rules_of(tag, version)?;
    if matches!(instance.value, AttributeValue::Other(_)) {
        return Err(Failure::new(
            Kind::InvalidAttributeValue,
            format!("the value of {tag} is of no type that it may have"),
        ));
    }
    if !(rules.initially_set_by_client || purpose.may_ask_for(tag)) {
        return Err(Failure::new(Kind::ReadOnlyAttribute, format!("{tag} is set by the server alone")));
    }
    if !applies(tag, rules, object_type) {
        return Err(Failure::new(
            Kind::InvalidAttribute,
            format!("an object of type {object_type} has no {tag}"),
        ));
    }
    Ok(())
}

/// Whether objects of a type have the attribute.
pub(super) fn applies(tag: Tag, rules: &AttributeRules, object_type: ObjectType) -> bool {
    rules.applies_to.contains(&object_type) || BEYOND.contains(&(tag, object_type))
}

/// Attributes that objects of a type have in official cases before 2.0, although only 2.0's rules let them (CS-AC-M-8,
/// TC-OTP-SETUP).
const BEYOND: [(Tag, ObjectType); 6] = [
    (Tag::ProcessStartDate, ObjectType::PrivateKey),
    (Tag::ProcessStartDate, ObjectType::PublicKey),
    (Tag::ProtectStopDate, ObjectType::PrivateKey),
    (Tag::ProtectStopDate, ObjectType::PublicKey),
    (Tag::CryptographicAlgorithm, ObjectType::SecretData),
    (Tag::CryptographicLength, ObjectType::SecretData),
];

/// KMIP 1.4 §3.39: a client's own attributes begin with `x-`, the server's with `y-`; 2.0 §4.53 has vendors for that.
fn check_vendor(vendor: &str, id: &AttributeId, version: Version) -> Result<(), Failure> {
    if vendor == "y" {
        return Err(Failure::new(Kind::ReadOnlyAttribute, format!("{id} is the server's, as its name says")));
    }
    if version < version::V2_0 && vendor != "x" {
        return Err(Failure::new(
            Kind::UnsupportedAttribute,
            format!("{id} is no attribute in KMIP {version}, and a client's own begin with x-"),
        ));
    }
    Ok(())
}

/// Checks how many values each attribute has.
pub(super) fn check_instances(attributes: &AttributeSet, version: Version) -> Result<(), Failure> {
    for instance in attributes.iter().filter(|instance| instance.index != 0) {
        if let AttributeId::Standard(tag) = instance.id
            && !rules_of(tag, version)?.multiple_instances
        {
            return Err(Failure::new(Kind::SingleValued, format!("{tag} has one value at most")));
        }
    }
    for (place, instance) in attributes.iter().enumerate() {
        let is_name = instance.id == AttributeId::Standard(Tag::Name);
        if is_name
            && attributes
                .iter()
                .take(place)
                .any(|other| other.id == instance.id && other.value == instance.value)
        {
            return Err(Failure::new(Kind::InvalidAttributeValue, "the same Name is given twice"));
        }
    }
    Ok(())
}
