use kmip::types::{ModifyAttributeRequest, ModifyAttributeResponse, Operation, UniqueIdentifier};

use super::attribute_forms::{current, named, new, shown};
use crate::engine::{Change, Context, Failure, Kind, Which};

/// Modify Attribute: another value for an instance that is there (KMIP 1.4 §4.15, 2.0 §6.1.33).
pub(super) fn modify_attribute(
    cx: &mut Context<'_>,
    request: ModifyAttributeRequest,
) -> Result<ModifyAttributeResponse, Failure> {
    let (mut instance, mut which) = match (request.attribute, request.new_attribute) {
        (Some(attribute), _) => {
            let (instance, index) = named(attribute)?;
            (instance, Which::Index(index.unwrap_or_default()))
        }
        (None, Some(attribute)) => {
            let instance = new(attribute);
            let which = match request.current_attribute.map(current) {
                Some((id, _)) if id != instance.id => {
                    return Err(Failure::new(
                        Kind::InvalidField,
                        format!("the Current Attribute is {id}, but the New Attribute {}", instance.id),
                    ));
                }
                Some((_, value)) => Which::Value(value),
                None => Which::Only,
            };
            (instance, which)
        }
        (None, None) => return Err(Failure::missing("the attribute")),
    };
    cx.resolve(&mut instance.value)?;
    if let Which::Value(current) = &mut which {
        cx.resolve(current)?;
    }
    let identifier = cx.target(request.unique_identifier)?;
    let (version, now) = (cx.version(), cx.now());
    let attribute = cx.change(&identifier, Operation::ModifyAttribute, |object| {
        let mut change = Change::new(object, version, now);
        let index = change.modify(instance.clone(), &which)?;
        change.settle()?;
        Ok(shown(object, &instance.id, index, version))
    })?;
    cx.returns(&identifier);
    let attribute = attribute.filter(|_| ModifyAttributeResponse::has_attribute(version));
    Ok(ModifyAttributeResponse {
        attribute,
        ..ModifyAttributeResponse::new(UniqueIdentifier::TextString(identifier))
    })
}
