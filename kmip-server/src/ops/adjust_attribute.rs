use kmip::types::{AdjustAttributeRequest, AdjustAttributeResponse, Operation, UniqueIdentifier};

use super::attribute_forms::referred;
use crate::engine::{Adjustment, Change, Context, Failure};

/// Adjust Attribute: more, less, or the opposite (KMIP 2.0 §6.1.3).
pub(super) fn adjust_attribute(
    cx: &mut Context<'_>,
    request: AdjustAttributeRequest,
) -> Result<AdjustAttributeResponse, Failure> {
    let id = referred(&request.attribute_reference)?;
    let adjustment =
        Adjustment::new(request.adjustment_type, request.adjustment_value.map(|item| item.value))?;
    let identifier = cx.target(request.unique_identifier)?;
    let (version, now) = (cx.version(), cx.now());
    cx.change(&identifier, Operation::AdjustAttribute, |object| {
        let mut change = Change::new(object, version, now);
        change.adjust(&id, &adjustment)?;
        change.settle()
    })?;
    cx.returns(&identifier);
    Ok(AdjustAttributeResponse::new(UniqueIdentifier::TextString(identifier)))
}
