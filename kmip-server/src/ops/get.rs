use std::borrow::Borrow;

use kmip::ttlv::{Tag, Version};
use kmip::types::{
    AttributeValue, GetRequest, GetResponse, KeyBlock, KeyCompressionType, KeyFormatType, KeyValue,
    KeyWrapType, KeyWrappingSpecification, ManagedObject, Operation, UniqueIdentifier,
};

use super::container;
use super::wrapping::{self, Place};
use crate::engine::{Context, Failure, Kind, Managed, compress, convert, fit, flag, is_wrapped, key_block};

/// Get: the object itself (KMIP 1.4 §4.11, 2.0 §6.1.19).
pub(super) fn get(cx: &mut Context<'_>, request: GetRequest) -> Result<GetResponse, Failure> {
    let identifier = cx.target(request.unique_identifier)?;
    let object = cx.object_with_material(&identifier, Operation::Get)?;
    let form = Form {
        format: request.key_format_type,
        wrap_type: request.key_wrap_type,
        compression: request.key_compression_type,
        wrapping: request.key_wrapping_specification.as_ref().map(Borrow::borrow),
    };
    let material = form.give(cx, &object)?;

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

/// The form in which an object is asked for.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    pub(super) format: Option<KeyFormatType>,
    pub(super) wrap_type: Option<KeyWrapType>,
    pub(super) compression: Option<KeyCompressionType>,
    pub(super) wrapping: Option<&'a KeyWrappingSpecification>,
}

impl Form<'_> {
    /// The object in this form, if it may leave the server so.
    pub(super) fn give(self, cx: &mut Context<'_>, object: &Managed) -> Result<ManagedObject, Failure> {
        let (mut material, written_in) = object.object()?;
        // 1.4 §3.50.
        if flag(&object.attributes, Tag::Extractable) == Some(false) {
            return Err(Failure::new(Kind::NotExtractable, "the object is not extractable"));
        }
        let place = Place::of(&material);
        match (self.wrap_type, self.wrapping) {
            // To be wrapped another way, it has to be unwrapped first (official case TC-WRAP-3 of 1.4).
            (Some(KeyWrapType::NotWrapped), _) | (None, Some(_))
                if key_block(&material).is_some_and(is_wrapped) =>
            {
                wrapping::unwrap(cx, &mut material, written_in)?;
            }
            // 2.0 §11.29: as it was registered, which is also what happens if nothing is said.
            (None | Some(KeyWrapType::NotWrapped | KeyWrapType::AsRegistered), _) => {}
            (Some(other), _) => {
                return Err(Failure::new(
                    Kind::KeyWrapType,
                    format!("the Key Wrap Type {other} is not supported"),
                ));
            }
        }
        match self.format {
            Some(KeyFormatType::PKCS_12) if !container::is_container(&material) => {
                container::close(cx, object, &mut material)?;
            }
            Some(format) => {
                if format != KeyFormatType::PKCS_12 && container::is_container(&material) {
                    container::open(cx, &object.attributes, &mut material)?;
                }
                convert(&mut material, format)?;
            }
            None => {}
        }
        if let Some(compression) = self.compression {
            compress(&mut material, compression)?;
        }
        if written_in != cx.version() {
            fit(&mut material, cx.version());
        }
        check_present(&material, cx.version())?;
        if let Some(specification) = self.wrapping {
            wrapping::wrap(cx, object, &mut material, specification, place)?;
        }
        // 1.4 §3.48.
        if flag(&object.attributes, Tag::Sensitive) == Some(true) && !wrapping::is_hidden(&material) {
            return Err(Failure::new(
                Kind::Sensitive,
                "the object is sensitive: it is given out wrapped alone",
            ));
        }
        Ok(material)
    }
}

/// A key without its value is given out where the version lets it be.
fn check_present(object: &ManagedObject, version: Version) -> Result<(), Failure> {
    let value: Option<Option<&KeyValue>> = key_block(object).map(|block| block.key_value.as_ref());
    if value == Some(None) && KeyBlock::requires_key_value(version) {
        return Err(Failure::new(Kind::KeyValueNotPresent, "the server has attributes of this key alone"));
    }
    Ok(())
}
