use std::borrow::Borrow;

use kmip::ttlv::Tag;
use kmip::types::{
    AttributeSet, AttributeValue, ExportRequest, ExportResponse, KeyBlock, KeyFormatType, ManagedObject,
    ObjectType, Operation, PrivateKey, PublicKey, SymmetricKey, UniqueIdentifier,
};

use super::get::Form;
use crate::engine::{Context, Failure, Kind, Managed, algorithm, is_destroyed, length, numbered};

/// Export: an object with all its attributes (KMIP 1.4 §4.40, 2.0 §6.1.18).
pub(super) fn export(cx: &mut Context<'_>, request: ExportRequest) -> Result<ExportResponse, Failure> {
    let identifier = cx.target(request.unique_identifier)?;
    let object = cx.object_with_material(&identifier, Operation::Export)?;
    let form = Form {
        format: request.key_format_type,
        wrap_type: request.key_wrap_type,
        compression: request.key_compression_type,
        wrapping: request.key_wrapping_specification.as_ref().map(Borrow::borrow),
    };
    let material =
        if object.state().is_some_and(is_destroyed) { remains(&object)? } else { form.give(cx, &object)? };

    cx.reserve(object.material_size().saturating_mul(2));
    cx.set_placeholder(&identifier);
    cx.returns(&identifier);
    let attributes: Vec<_> = object.view(cx.version()).all().collect();
    let named = UniqueIdentifier::TextString(identifier);
    let mut response = ExportResponse::new(object.object_type(), named, material);
    if ExportResponse::has_attribute(cx.version()) {
        response.attribute = attributes.iter().map(|instance| numbered(instance, cx.version())).collect();
    } else {
        let set: AttributeSet = attributes.into_iter().map(std::borrow::Cow::into_owned).collect();
        response.attributes = Some(set.to_attributes());
    }
    Ok(response)
}

/// "If the Managed Object has been Destroyed then the key material for the specified managed object SHALL not be
/// returned": of a key, what its attributes say is left.
fn remains(object: &Managed) -> Result<ManagedObject, Failure> {
    let format = match object.attributes.get(Tag::KeyFormatType) {
        Some(AttributeValue::KeyFormatType(format)) => *format,
        _ => KeyFormatType::Raw,
    };
    let block = KeyBlock {
        cryptographic_algorithm: algorithm(&object.attributes),
        cryptographic_length: length(&object.attributes),
        ..KeyBlock::new(format)
    };
    Ok(match object.object_type() {
        ObjectType::SymmetricKey => ManagedObject::SymmetricKey(SymmetricKey::new(block)),
        ObjectType::PublicKey => ManagedObject::PublicKey(PublicKey::new(block)),
        ObjectType::PrivateKey => ManagedObject::PrivateKey(PrivateKey::new(block)),
        _ => return Err(Failure::new(Kind::Destroyed, "the object is destroyed")),
    })
}
