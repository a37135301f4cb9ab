use kmip::types::{
    AttributeId, DeleteAttributeRequest, DeleteAttributeResponse, Operation, UniqueIdentifier,
};

use super::attribute_forms::{current, referred, shown};
use crate::engine::{Change, Context, Failure, Kind, Which};

/// Delete Attribute: an instance of an attribute goes, in 2.0 also all of them (KMIP 1.4 §4.16, 2.0 §6.1.13).
pub(super) fn delete_attribute(
    cx: &mut Context<'_>,
    request: DeleteAttributeRequest,
) -> Result<DeleteAttributeResponse, Failure> {
    let index = request.attribute_index.unwrap_or_default();
    let (id, which) = match (&request.attribute_name, request.current_attribute) {
        (Some(name), _) => (AttributeId::from_name(name), Some(Which::Index(index))),
        (None, Some(attribute)) => {
            let (id, mut value) = current(attribute);
            cx.resolve(&mut value)?;
            (id, Some(Which::Value(value)))
        }
        (None, None) => match &request.attribute_reference {
            Some(reference) => (referred(reference)?, None),
            None => return Err(Failure::missing("the attribute")),
        },
    };
    if let Some(reference) = &request.attribute_reference
        && referred(reference)? != id
    {
        return Err(Failure::new(
            Kind::InvalidField,
            format!("the Current Attribute is {id}, but the Attribute Reference means another"),
        ));
    }
    let identifier = cx.target(request.unique_identifier)?;
    let (version, now) = (cx.version(), cx.now());
    let attribute = cx.change(&identifier, Operation::DeleteAttribute, |object| {
        let deleted = shown(object, &id, index, version);
        let mut change = Change::new(object, version, now);
        match &which {
            Some(which) => change.delete(&id, which)?,
            None => change.delete_all(&id)?,
        }
        change.settle()?;
        Ok(deleted)
    })?;
    cx.returns(&identifier);
    let attribute = attribute.filter(|_| DeleteAttributeResponse::has_attribute(version));
    Ok(DeleteAttributeResponse {
        attribute,
        ..DeleteAttributeResponse::new(UniqueIdentifier::TextString(identifier))
    })
}
