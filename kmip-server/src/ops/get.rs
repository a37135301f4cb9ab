use kmip::ttlv::{Tag, Version};
use kmip::types::{
    AttributeValue, GetRequest, GetResponse, KeyValue, KeyWrapType, ManagedObject, Operation,
    UniqueIdentifier, version,
};

use crate::engine::{Context, Failure, Kind, Managed, compress, convert, fit, flag, is_wrapped, key_block};

/// Get: the object itself (KMIP 1.4 §4.11, 2.0 §6.1.19).
pub(super) fn get(cx: &mut Context<'_>, request: GetRequest) -> Result<GetResponse, Failure> {
    let identifier = cx.target(request.unique_identifier.clone())?;
    let object = cx.object_with_material(&identifier, Operation::Get)?;
    let (mut material, written_in) = object.object()?;
    check_release(&object)?;
    shape(&mut material, &request)?;
    if written_in != cx.version() {
        fit(&mut material, cx.version());
    }
    check_present(&material, cx.version())?;

    // 1.1 §3.34: no longer fresh once it is served.
    if flag(&object.attributes, Tag::Fresh) == Some(true) {
        cx.change(&identifier, Operation::Get, |object| {
            object.attributes.set(AttributeValue::Fresh(false));
            Ok(())
        })?;
    }
    cx.reserve(object.material_size().saturating_mul(2));
    cx.returns(&identifier);
    Ok(GetResponse::new(object.object_type(), UniqueIdentifier::TextString(identifier), material))
}

/// 1.4 §3.48 and §3.50, for a key that is not wrapped on its way out.
fn check_release(object: &Managed) -> Result<(), Failure> {
    if flag(&object.attributes, Tag::Extractable) == Some(false) {
        return Err(Failure::new(Kind::NotExtractable, "the object is not extractable"));
    }
    if flag(&object.attributes, Tag::Sensitive) == Some(true) {
        return Err(Failure::new(Kind::Sensitive, "the object is sensitive: it is given out wrapped alone"));
    }
    Ok(())
}

/// Brings the object into the form that the request asks for.
fn shape(object: &mut ManagedObject, request: &GetRequest) -> Result<(), Failure> {
    if request.key_wrapping_specification.is_some() {
        return Err(Failure::new(Kind::FeatureNotSupported, "keys are not wrapped"));
    }
    let is_wrapped = key_block(object).is_some_and(is_wrapped);
    // 2.0 §11.29: wrapped as it was registered, which is also what happens if nothing is said.
    if request.key_wrap_type == Some(KeyWrapType::NotWrapped) && is_wrapped {
        return Err(Failure::new(Kind::KeyWrapType, "the key was registered wrapped, and is not unwrapped"));
    }
    if let Some(format) = request.key_format_type {
        convert(object, format)?;
    }
    match request.key_compression_type {
        Some(compression) => compress(object, compression),
        None => Ok(()),
    }
}

/// A key without its value can be given out since 1.2 (§2.1.3).
fn check_present(object: &ManagedObject, version: Version) -> Result<(), Failure> {
    let value: Option<Option<&KeyValue>> = key_block(object).map(|block| block.key_value.as_ref());
    if value == Some(None) && version < version::V1_2 {
        return Err(Failure::new(Kind::KeyValueNotPresent, "the server has attributes of this key alone"));
    }
    Ok(())
}
