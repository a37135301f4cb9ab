use std::borrow::Cow;

use kmip::types::{AttributeSet, PutFunction, PutRequest, UniqueIdentifier};

use super::get::Form;
use crate::engine::{Context, Failure, numbered};

/// Put: an object on its way to a client that hasn't asked for it (KMIP 1.4 §5.2, 2.0 §6.2.3), with all its attributes, as
/// official case TC-NP-2 has it. It is what a Get of the client's would give.
pub(crate) fn put(
    cx: &mut Context<'_>,
    identifier: &str,
    replaces: Option<&str>,
) -> Result<PutRequest, Failure> {
    let object = cx.object_with_material(identifier, cx.operation())?;
    let form = Form { format: None, wrap_type: None, compression: None, wrapping: None };
    let material = form.give(cx, &object)?;
    cx.reserve(object.material_size().saturating_mul(2));
    let attributes: Vec<_> = object.view(cx.version()).all().collect();
    let named = |identifier: &str| UniqueIdentifier::TextString(identifier.to_owned().into());
    let function = if replaces.is_some() { PutFunction::Replace } else { PutFunction::New };
    let mut request = PutRequest::new(named(identifier), function, material);
    request.replaced_unique_identifier = replaces.map(named);
    if PutRequest::has_attribute(cx.version()) {
        request.attribute = attributes.iter().map(|instance| numbered(instance, cx.version())).collect();
    } else {
        let set: AttributeSet = attributes.into_iter().map(Cow::into_owned).collect();
        request.attributes = Some(set.to_attributes());
    }
    Ok(request)
}
