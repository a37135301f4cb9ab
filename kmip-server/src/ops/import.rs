use kmip::ttlv::{ByTag, Tag, Text};
use kmip::types::{
    AttributeId, AttributeInstance, AttributeSet, AttributeValue, ImportRequest, ImportResponse, KeyWrapType,
    ManagedObject, UniqueIdentifier,
};

use super::register::take_from_object;
use super::split::check_split;
use super::{container, wrapping};
use crate::engine::keys::{check_asymmetric, describe_certificate};
use crate::engine::{
    Context, Failure, Kind, Purpose, Requested, facts, is_destroyed, is_wrapped, key_block, object_type,
};

/// Import: an object with all its attributes, as another server had it, under its own identifier (KMIP 1.4 §4.41, 2.0
/// §6.1.24).
pub(super) fn import(cx: &mut Context<'_>, request: ImportRequest) -> Result<ImportResponse, Failure> {
    let UniqueIdentifier::TextString(identifier) = request.unique_identifier else {
        return Err(Failure::new(Kind::InvalidField, "an object is imported under an identifier of its own"));
    };
    if identifier.is_empty() || identifier.len() > LONGEST_IDENTIFIER {
        return Err(Failure::new(
            Kind::InvalidField,
            format!("a Unique Identifier has from one to {LONGEST_IDENTIFIER} bytes"),
        ));
    }
    let mut object = request.object;
    let found = object_type(&object).filter(|found| found.is_in(cx.version()));
    let Some(found) = found.filter(|found| request.object_type.is_none_or(|said| said == *found)) else {
        return Err(Failure::new(Kind::InvalidField, "the Object Type is not that of the object"));
    };
    let given: AttributeSet = match request.attributes {
        Some(attributes) => Requested::new(None, Some(attributes))?.attributes,
        None => request.attribute.into_iter().filter_map(AttributeInstance::from_attribute).collect(),
    };
    let mut requested = Requested { attributes: given, ..Requested::default() };
    cx.resolve_links(&mut requested)?;
    let mut given = requested.check(found, Purpose::Import, cx.version())?;
    check_identity(&given, &identifier, found)?;
    let state = match given.get(Tag::State) {
        Some(AttributeValue::State(state)) => Some(*state),
        _ => None,
    };
    if state.is_some_and(is_destroyed) || given.get(Tag::DestroyDate).is_some() {
        return Err(Failure::new(Kind::InvalidAttributeValue, "what is destroyed is not imported"));
    }

    if request.key_wrap_type == Some(KeyWrapType::NotWrapped) && key_block(&object).is_some_and(is_wrapped) {
        let version = cx.version();
        wrapping::unwrap(cx, &mut object, version)?;
    }
    complete(cx, &mut given, &object)?;
    let facts = facts(&object, Purpose::Import, cx.version())?;
    check_facts(&given, facts.key_format_type)?;
    let replace = request.replace_existing == Some(true);
    cx.import(&identifier, &given, &facts, &object, replace)?;
    Ok(ImportResponse::new(UniqueIdentifier::TextString(identifier)))
}

/// Checks that the attributes speak of this object.
fn check_identity(
    given: &AttributeSet,
    identifier: &Text,
    object_type: kmip::types::ObjectType,
) -> Result<(), Failure> {
    let own = [
        AttributeValue::UniqueIdentifier(UniqueIdentifier::TextString(identifier.clone())),
        AttributeValue::ObjectType(object_type),
    ];
    for value in own {
        let tag = value.tag();
        if given.get(tag).is_some_and(|said| *said != value) {
            return Err(Failure::new(
                Kind::InvalidAttributeValue,
                format!("the attribute {tag} is not that of the object"),
            ));
        }
    }
    Ok(())
}

/// Adds what the object itself says, which what is given must not contradict.
fn complete(cx: &mut Context<'_>, given: &mut AttributeSet, object: &ManagedObject) -> Result<(), Failure> {
    take_from_object(given, object)?;
    if let ManagedObject::Certificate(certificate) = object {
        // "All attributes MUST be set to the supplied values": of what is given, nothing is added.
        let before = given.clone();
        for value in describe_certificate(certificate, cx.version())? {
            if before.all(&AttributeId::Standard(value.tag())).next().is_none() {
                given.add(value);
            }
        }
    }
    if container::is_container(object) {
        let inside = container::describe(cx, given, object)?;
        check_asymmetric(given, &inside, cx.version())?;
    } else {
        check_asymmetric(given, object, cx.version())?;
    }
    check_split(object)
}

/// Checks that the Key Format Type is that of the key. Before 2.0 it is no attribute, and isn't there.
fn check_facts(given: &AttributeSet, format: Option<kmip::types::KeyFormatType>) -> Result<(), Failure> {
    match given.get(Tag::KeyFormatType) {
        Some(AttributeValue::KeyFormatType(said)) if format != Some(*said) => {
            Err(Failure::new(Kind::InvalidAttributeValue, "the Key Format Type is not that of the key"))
        }
        _ => Ok(()),
    }
}

/// How long a Unique Identifier is at most.
const LONGEST_IDENTIFIER: usize = 1024;
