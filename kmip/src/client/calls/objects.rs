//! Objects in and out.

use super::{Call, Error, Id, attributes::from_list, is_1x, text, wire};
use crate::{
    client::objects::{Content, Object},
    ttlv::Text,
    types::{
        AttributeSet, BlockCipherMode, CryptographicParameters, EncryptionKeyInformation, ExportRequest,
        GetRequest, ImportRequest, KeyCompressionType, KeyFormatType, KeyWrapType, KeyWrappingSpecification,
        Operation, RegisterRequest, UniqueIdentifier, WrappingMethod,
    },
};

/// The form that an object is wanted in; as the server keeps it, where nothing is said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    /// A key's format.
    pub format: Option<KeyFormatType>,
    /// Whether to get a key wrapped as it was registered, or not wrapped. Since KMIP 1.4.
    pub wrap_type: Option<KeyWrapType>,
    /// Whether the point of a public key on a curve is compressed.
    pub compression: Option<KeyCompressionType>,
    /// How to wrap a key.
    pub wrapping: Option<KeyWrappingSpecification>,
}

impl Form {
    /// A key in a format.
    pub fn format(format: KeyFormatType) -> Self {
        Self { format: Some(format), ..Self::default() }
    }

    /// A key wrapped with another.
    pub fn wrapped(with: impl Into<Text>, mode: BlockCipherMode) -> Self {
        let key = EncryptionKeyInformation {
            cryptographic_parameters: Some(CryptographicParameters {
                block_cipher_mode: Some(mode),
                ..CryptographicParameters::new()
            }),
            ..EncryptionKeyInformation::new(UniqueIdentifier::TextString(with.into()))
        };
        let wrapping = KeyWrappingSpecification {
            encryption_key_information: Some(key),
            ..KeyWrappingSpecification::new(WrappingMethod::Encrypt)
        };
        Self { wrapping: Some(wrapping), ..Self::default() }
    }
}

/// Hands an object over, with the attributes that it is to have; its identifier.
pub fn register(object: impl Into<Object>) -> Call<Text> {
    let object = object.into();
    Call::new(
        move |version| {
            let (template_attribute, attributes) = wire(&object.attributes, version);
            let object_type = object.value.object_type().ok_or(Error::UnknownObject)?;
            let request = RegisterRequest::new(object_type);
            Ok(RegisterRequest { object: Some(object.value), template_attribute, attributes, ..request })
        },
        |response| text(response.unique_identifier, Operation::Register),
    )
}

/// An object, as the server keeps it.
pub fn get(id: impl Into<Id>) -> Call<Object> {
    get_as(id, Form::default())
}

/// An object in a form.
pub fn get_as(id: impl Into<Id>, form: Form) -> Call<Object> {
    let request = GetRequest {
        unique_identifier: id.into().optional(),
        key_format_type: form.format,
        key_wrap_type: form.wrap_type,
        key_compression_type: form.compression,
        key_wrapping_specification: form.wrapping.map(Box::new),
        ..GetRequest::new()
    };
    Call::from(request).map(|response| response.object.into())
}

/// An object in a form, with all its attributes. Since KMIP 1.4.
pub fn export(id: impl Into<Id>, form: Form) -> Call<Object> {
    let request = ExportRequest {
        unique_identifier: id.into().optional(),
        key_format_type: form.format,
        key_wrap_type: form.wrap_type,
        key_compression_type: form.compression,
        key_wrapping_specification: form.wrapping.map(Box::new),
        ..ExportRequest::new()
    };
    Call::from(request).map(|response| {
        let attributes = match response.attributes {
            Some(attributes) => AttributeSet::from_attributes(attributes),
            None => from_list(response.attribute),
        };
        Object { value: response.object, attributes }
    })
}

/// Hands an object over with its identifier and all its attributes; one that is there may be replaced. Since KMIP 1.4.
pub fn import(id: impl Into<Id>, object: impl Into<Object>, replace: bool) -> Call<Text> {
    let (id, object) = (id.into(), object.into());
    Call::new(
        move |version| {
            let object_type = object.value.object_type().ok_or(Error::UnknownObject)?;
            // 2.0 §6.1.24: the type is there if and only if the key is wrapped.
            let wrap_type = object.wrapping().map(|_| KeyWrapType::AsRegistered);
            let Object { value, attributes } = object;
            let request = ImportRequest::new(id.required(Operation::Import)?, value);
            let request = ImportRequest { replace_existing: replace.then_some(true), ..request };
            Ok(if is_1x(version) {
                ImportRequest { attribute: attributes.to_attribute_list(), ..request }
            } else {
                let attributes = Some(attributes.to_attributes());
                ImportRequest {
                    object_type: Some(object_type),
                    attributes,
                    key_wrap_type: wrap_type,
                    ..request
                }
            })
        },
        |response| text(response.unique_identifier, Operation::Import),
    )
}
