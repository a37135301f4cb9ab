use kmip::types::{Operation, SetAttributeRequest, SetAttributeResponse, UniqueIdentifier};

use super::attribute_forms::new;
use crate::engine::{Change, Context, Failure};

/// Set Attribute: the only value of an attribute, whether it has one or not (KMIP 2.0 §6.1.47).
pub(super) fn set_attribute(
    cx: &mut Context<'_>,
    request: SetAttributeRequest,
) -> Result<SetAttributeResponse, Failure> {
    let mut instance = new(request.new_attribute);
    cx.resolve(&mut instance.value)?;
    let identifier = cx.target(request.unique_identifier)?;
    let (version, now) = (cx.version(), cx.now());
    cx.change(&identifier, Operation::SetAttribute, |object| {
        let mut change = Change::new(object, version, now);
        change.set(instance.clone())?;
        change.settle()
    })?;
    cx.returns(&identifier);
    Ok(SetAttributeResponse::new(UniqueIdentifier::TextString(identifier)))
}
