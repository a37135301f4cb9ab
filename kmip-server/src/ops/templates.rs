//! Templates: sets of attributes with a name, in 1.x (KMIP 1.4 §2.1.8, §2.2.6; gone with 2.0).

use std::borrow::Cow;

use kmip::ttlv::Tag;
use kmip::types::tables::attribute_info;
use kmip::types::{
    AttributeId, AttributeInstance, AttributeSet, AttributeValue, ManagedObject, Name, ObjectType, Operation,
    StorageStatusMask,
};

use crate::engine::locate::Filter;
use crate::engine::{Context, Failure, Kind, Requested};
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
    let object = cx.object_with_material(identifier, Operation::Get)?;
    let (ManagedObject::Template(template), _) = object.object()? else {
        return Err(Failure::internal(&"a template holds another object"));
    };
    // What was added to it since goes before what it was registered with; but for these, none of it is about the
    // template itself (1.4 §2.2.6).
    let own = [Tag::Name, Tag::OperationPolicyName];
    let view = object.view(cx.version());
    let added = view.all().map(Cow::into_owned).filter(|instance| match instance.id {
        AttributeId::Standard(tag) => {
            !own.contains(&tag)
                && attribute_info(tag)
                    .and_then(|info| info.rules_in(cx.version()))
                    .is_some_and(|rules| rules.initially_set_by_client)
        }
        AttributeId::Vendor { .. } => true,
    });
    let mut all = Requested { attributes: added.collect(), ..Requested::default() };
    all.add_template(
        template.attribute.into_iter().filter_map(AttributeInstance::from_attribute).collect(),
        cx.version(),
    );
    Ok(all.attributes)
}
