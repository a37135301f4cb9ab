//! The two wire forms in which a request names an attribute and its value: by name and index in 1.x, typed in 2.0.

use kmip::types::{
    Attribute, AttributeId, AttributeInstance, AttributeReference, AttributeValue, CurrentAttribute,
    NewAttribute,
};

use crate::engine::{Failure, Kind, Managed, numbered};

/// The attribute of a 1.x request, and its index if it has one.
///
/// # Errors
///
/// When it has no name, or no value.
pub(super) fn named(attribute: Attribute) -> Result<(AttributeInstance, Option<i32>), Failure> {
    let index = attribute.attribute_index;
    AttributeInstance::from_attribute(attribute)
        .map(|instance| (instance, index))
        .ok_or_else(|| Failure::new(Kind::InvalidField, "the attribute has no name, or no value"))
}

/// The attribute of a 2.0 request.
pub(super) fn new(attribute: NewAttribute) -> AttributeInstance {
    AttributeInstance::from_value(attribute.attribute)
}

/// Which attribute is meant, and which value of it.
pub(super) fn current(attribute: CurrentAttribute) -> (AttributeId, AttributeValue) {
    let instance = AttributeInstance::from_value(attribute.attribute);
    (instance.id, instance.value)
}

/// The attribute that a reference of 2.0 means.
///
/// # Errors
///
/// When it is of no form that references have.
pub(super) fn referred(reference: &AttributeReference) -> Result<AttributeId, Failure> {
    AttributeId::from_reference(reference).ok_or_else(|| {
        Failure::new(Kind::InvalidField, "an Attribute Reference is of no form that it may have")
    })
}

/// An instance as a 1.x response shows it; nothing if the version doesn't show it.
pub(super) fn shown(
    object: &Managed,
    id: &AttributeId,
    index: i32,
    version: kmip::ttlv::Version,
) -> Option<Attribute> {
    let view = object.view(version);
    let shown = view.of(id).find(|instance| instance.index == index);
    shown.map(|instance| numbered(&instance, version))
}
