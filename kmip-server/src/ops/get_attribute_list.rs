use kmip::types::{GetAttributeListRequest, GetAttributeListResponse, Operation, UniqueIdentifier};

use crate::engine::{Context, Failure};

/// Get Attribute List: which attributes an object has (KMIP 1.4 §4.13, 2.0 §6.1.21).
pub(super) fn get_attribute_list(
    cx: &mut Context<'_>,
    request: GetAttributeListRequest,
) -> Result<GetAttributeListResponse, Failure> {
    let identifier = cx.target(request.unique_identifier)?;
    let object = cx.object(&identifier, Operation::GetAttributeList)?;
    let ids = object.view(cx.version()).ids();
    let mut response = GetAttributeListResponse::new(UniqueIdentifier::TextString(identifier.clone()));
    if GetAttributeListResponse::has_attribute_name(cx.version()) {
        response.attribute_name = ids.into_iter().map(|id| id.to_name()).collect();
    } else {
        response.attribute_reference = ids.into_iter().map(|id| id.to_reference()).collect();
    }
    cx.returns(&identifier);
    Ok(response)
}
