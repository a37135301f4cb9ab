use std::collections::HashSet;

use kmip::types::{
    AttributeId, AttributeSet, GetAttributesRequest, GetAttributesResponse, Operation, UniqueIdentifier,
};

use crate::engine::{Context, Failure, Kind, numbered};

/// Get Attributes: attributes of an object, all or those that are named (KMIP 1.4 §4.12, 2.0 §6.1.20).
pub(super) fn get_attributes(
    cx: &mut Context<'_>,
    request: GetAttributesRequest,
) -> Result<GetAttributesResponse, Failure> {
    let wanted = wanted(&request)?;
    let identifier = cx.target(request.unique_identifier)?;
    let object = cx.object(&identifier, Operation::GetAttributes)?;
    let view = object.view(cx.version());
    // What the object doesn't have, or the version doesn't know, is simply not there.
    let attributes: Vec<_> = match &wanted {
        None => view.all().collect(),
        Some(ids) => ids.iter().flat_map(|id| view.of(id)).collect(),
    };
    let mut response = GetAttributesResponse::new(UniqueIdentifier::TextString(identifier.clone()));
    if GetAttributesResponse::has_attribute(cx.version()) {
        response.attribute = attributes.iter().map(|instance| numbered(instance, cx.version())).collect();
    } else {
        let set: AttributeSet = attributes.into_iter().map(std::borrow::Cow::into_owned).collect();
        response.attributes = Some(set.to_attributes());
    }
    cx.returns(&identifier);
    Ok(response)
}

/// The attributes that are named; none if all are wanted.
fn wanted(request: &GetAttributesRequest) -> Result<Option<Vec<AttributeId>>, Failure> {
    let mut ids = Vec::with_capacity(request.attribute_name.len() + request.attribute_reference.len());
    ids.extend(request.attribute_name.iter().map(AttributeId::from_name));
    for reference in &request.attribute_reference {
        let Some(id) = AttributeId::from_reference(reference) else {
            return Err(Failure::new(
                Kind::InvalidField,
                "an Attribute Reference is of no form that it may have",
            ));
        };
        ids.push(id);
    }
    // 1.4 §11.13.
    let mut seen = HashSet::with_capacity(ids.len());
    if let Some(id) = ids.iter().find(|id| !seen.insert(*id)) {
        return Err(Failure::new(
            Kind::InvalidMessage,
            format!("the attribute {id} is named more than once"),
        ));
    }
    Ok(if ids.is_empty() { None } else { Some(ids) })
}
