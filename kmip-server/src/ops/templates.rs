//! Templates: sets of attributes with a name, in 1.x (KMIP 1.4 §2.1.8, §2.2.6; gone with 2.0).

use kmip::types::{
    AttributeInstance, AttributeSet, AttributeValue, ManagedObject, Name, ObjectType, Operation,
    StorageStatusMask,
};

use crate::engine::locate::Filter;
use crate::engine::{Context, Failure, Kind};
use crate::store::{Condition, Query};

/// The attributes of the template with this name.
///
/// # Errors
///
/// When there is none that the caller may read.
pub(crate) fn template_of(cx: &mut Context<'_>, name: &Name) -> Result<AttributeSet, Failure> {
    let named = AttributeInstance::from_value(AttributeValue::Name(name.clone()));
    let mut conditions = Filter::new(vec![named], cx.version(), cx.seal())?.conditions;
    conditions.push(Condition::ObjectType(ObjectType::Template.0));
    let query = Query {
        conditions,
        // One that is archived is found, and refused as such (1.4 §11.2).
        storage: Some((StorageStatusMask::OnLineStorage | StorageStatusMask::ArchivalStorage).bits()),
        limit: Some(1),
        ..Query::new(cx.policies().visibility(cx.caller()))
    };
    let located = cx.locate(&query)?;
    let Some(identifier) = located.identifiers.first() else {
        return Err(Failure::new(Kind::NotFound, "there is no template of a Name that the request gives"));
    };
    match cx.object_with_material(identifier, Operation::Get)?.object()? {
        (ManagedObject::Template(template), _) => {
            Ok(template.attribute.into_iter().filter_map(AttributeInstance::from_attribute).collect())
        }
        _ => Err(Failure::internal(&"a template holds another object")),
    }
}
