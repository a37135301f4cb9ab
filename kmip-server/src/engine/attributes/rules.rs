//! Checks of what clients give: the generated rules of each attribute (KMIP 1.4 §3, 2.0 §4).

use kmip::ttlv::{Tag, Version};
use kmip::types::rules::AttributeRules;
use kmip::types::tables::attribute_info;
use kmip::types::tables::behaviour;
use kmip::types::{AttributeId, AttributeInstance, AttributeSet, AttributeValue, ObjectType};

use super::Purpose;
use super::change::MOST_INSTANCES;
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

/// The rules of any attribute that a client may name in a version: those of the server's own are never theirs to give.
///
/// # Errors
///
/// When the version doesn't have the attribute, or it is the server's.
pub(super) fn rules_for(id: &AttributeId, version: Version) -> Result<&'static AttributeRules, Failure> {
    match id {
        AttributeId::Standard(tag) => rules_of(*tag, version),
        AttributeId::Vendor { vendor, .. } => {
            check_vendor(vendor, id, version)?;
            // A vendor's attribute is a Custom Attribute in 1.x, and a Vendor Attribute from 2.0 on.
            match rules_of(Tag::CustomAttribute, version) {
                Err(_) => rules_of(Tag::Attribute, version),
                custom => custom,
            }
        }
    }
}

/// Checks that a value is one that the attribute can have.
pub(super) fn check_value(instance: &AttributeInstance) -> Result<(), Failure> {
    match (&instance.id, &instance.value) {
        (AttributeId::Standard(tag), AttributeValue::Other(_)) => Err(Failure::new(
            Kind::InvalidAttributeValue,
            format!("the value of {tag} is of no type that it may have"),
        )),
        (_, AttributeValue::UsageLimits(limits))
            if limits.usage_limits_total.is_some_and(|total| total < 0) =>
        {
            Err(Failure::new(Kind::InvalidAttributeValue, "the Usage Limits Total is below zero"))
        }
        // 1.4 §3.36: the server would have to make it, and knows no namespace.
        (_, AttributeValue::ApplicationSpecificInformation(information))
            if information.application_data.is_none() =>
        {
            Err(Failure::new(
                Kind::ApplicationNamespace,
                format!(
                    "Application Data is missing, and the server makes none for the namespace {}",
                    information.application_namespace
                ),
            ))
        }
        _ => Ok(()),
    }
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
    check_value(instance)?;
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
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    if behaviour::VENDORS_OF_ATTRIBUTES.contains(version)
        && (vendor.is_empty() || !vendor.bytes().all(is_name))
    {
        return Err(Failure::new(
            Kind::InvalidField,
            "a Vendor Identification consists of letters, digits, underscores and periods",
        ));
    }
    if !behaviour::VENDORS_OF_ATTRIBUTES.contains(version) && vendor != "x" {
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
    if attributes.len() > MOST_INSTANCES {
        return Err(Failure::new(
            Kind::IndexOutOfBounds,
            format!("an object has {MOST_INSTANCES} attributes at most"),
        ));
    }
    Ok(())
}
