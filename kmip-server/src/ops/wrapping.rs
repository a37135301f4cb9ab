//! Key wrapping (KMIP 1.4 §2.1.5, §2.1.6; 2.0 §3.3, §7.14).
//!
//! What is wrapped is the Key Value as TTLV or, with No Encoding, the bytes of its Key Material. A tag that the mode makes
//! stands behind what is encrypted: Key Wrapping Data has no field for it. A MAC or signature is of the value before
//! it is encrypted, or of what was encrypted, as the Wrapping Method says, and stands in the Key Wrapping Data.
#![allow(clippy::useless_conversion, reason = "which structures stand in boxes is the generator's business")]

mod keys;
mod value;

use std::borrow::Borrow;

use kmip::ttlv::{Bytes, Secret, Version};
use kmip::types::{
    EncodingOption, EncryptionKeyInformation, KeyMaterial, KeyValue, KeyWrappingData,
    KeyWrappingSpecification, MacSignatureKeyInformation, ManagedObject, PlaintextKeyValue, UniqueIdentifier,
    WrappingMethod,
};

use crate::engine::{Context, Failure, Kind, Managed, is_wrapped, key_block, key_block_mut};

/// Where what is wrapped with No Encoding stands: for the Key Value, as the specification has it, or for the Key Material
/// inside it, as some clients register keys (official cases TC-WRAP-1 to -3 of 1.4). They get it back so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Value,
    Material,
}

impl Place {
    /// Where it stands in an object.
    pub(super) fn of(object: &ManagedObject) -> Self {
        match key_block(object) {
            Some(block) if is_wrapped(block) && matches!(block.key_value, Some(KeyValue::Plaintext(_))) => {
                Self::Material
            }
            _ => Self::Value,
        }
    }
}

/// Wraps a key on its way out. `object` is what it is of, `key` is as it goes out otherwise.
///
/// # Errors
///
/// When it can't be wrapped so, or not by this caller; the key is then as it was.
pub(super) fn wrap(
    cx: &mut Context<'_>,
    object: &Managed,
    key: &mut ManagedObject,
    specification: &KeyWrappingSpecification,
    mut place: Place,
) -> Result<(), Failure> {
    let Some(block) = key_block(key) else {
        return Err(Failure::new(Kind::WrongObjectType, "objects without a Key Block are not wrapped"));
    };
    if is_wrapped(block) {
        return Err(Failure::new(
            Kind::KeyWrapType,
            "the key is wrapped as it was registered; it has to be asked for as Not Wrapped first",
        ));
    }
    let Some(KeyValue::Plaintext(value)) = &block.key_value else {
        return Err(Failure::new(Kind::KeyValueNotPresent, "the server has attributes of this key alone"));
    };
    let method = specification.wrapping_method;
    let (encrypts, signs) = steps(method)?;
    let mut value = PlaintextKeyValue::clone(value);
    value::add_attributes(cx, object, &mut value, &specification.attribute_name)?;
    let encoding = specification.encoding_option;
    let plain = value::encode(&value, encoding, cx.version())?;

    let encryption = specification.encryption_key_information.as_ref().map(Borrow::borrow);
    let signature = specification.mac_signature_key_information.as_ref().map(Borrow::borrow);
    let mut data = KeyWrappingData { encoding_option: encoding, ..KeyWrappingData::new(method) };
    let mut sealed: Option<Vec<u8>> = None;
    if encrypts {
        let information: &EncryptionKeyInformation =
            encryption.ok_or_else(|| Failure::missing("the Encryption Key Information"))?;
        let encrypted = keys::encrypt(cx, information, &plain)?;
        if !encrypted.by_the_book {
            // PyKMIP's clients wrap so, and can read nothing but a structure as a Key Value.
            place = Place::Material;
        }
        data.iv_counter_nonce = encrypted.iv;
        data.encryption_key_information = Some(
            EncryptionKeyInformation {
                unique_identifier: UniqueIdentifier::TextString(encrypted.identifier),
                ..information.clone()
            }
            .into(),
        );
        sealed = Some(encrypted.sealed);
    }
    if signs {
        let information: &MacSignatureKeyInformation =
            signature.ok_or_else(|| Failure::missing("the MAC/Signature Key Information"))?;
        let what = match (&sealed, method) {
            (Some(sealed), WrappingMethod::EncryptThenMACSign) => &sealed[..],
            _ => &plain[..],
        };
        let (identifier, mac) = keys::authenticate(cx, information, what)?;
        data.mac_signature = Some(Bytes::from(mac));
        data.mac_signature_key_information = Some(
            MacSignatureKeyInformation {
                unique_identifier: UniqueIdentifier::TextString(identifier),
                ..information.clone()
            }
            .into(),
        );
    }
    if let Some(block) = key_block_mut(key) {
        block.key_value = Some(match sealed {
            Some(sealed) if place == Place::Material && !is_ttlv(encoding)? => {
                let material = KeyMaterial::ByteString(Secret::from(sealed));
                KeyValue::Plaintext(PlaintextKeyValue::new(material).into())
            }
            Some(sealed) => KeyValue::Wrapped(Secret::from(sealed)),
            // Signed alone, it is as readable as before.
            None => KeyValue::Plaintext(value.into()),
        });
        block.key_wrapping_data = Some(data.into());
    }
    Ok(())
}

/// Unwraps a key that was registered wrapped. `written_in` is the version that it was registered in.
///
/// # Errors
///
/// When it can't be unwrapped, or not by this caller; the key is then as it was.
pub(super) fn unwrap(
    cx: &mut Context<'_>,
    key: &mut ManagedObject,
    written_in: Version,
) -> Result<(), Failure> {
    let Some(block) = key_block(key) else { return Ok(()) };
    let Some(data) = &block.key_wrapping_data else {
        return Err(Failure::new(Kind::KeyWrapType, "nothing says how the key is wrapped"));
    };
    let data: &KeyWrappingData = data.borrow();
    let (encrypts, signs) = steps(data.wrapping_method)?;
    let (sealed, encoding) = value::sealed(block, data.encoding_option, written_in)?;
    let mac = match (signs, &data.mac_signature_key_information, &data.mac_signature) {
        (false, ..) => None,
        (true, Some(information), Some(mac)) => Some((information, mac)),
        (true, ..) => {
            return Err(Failure::new(
                Kind::KeyWrapType,
                "the key is wrapped without the MAC it is said to have",
            ));
        }
    };
    if let (Some((information, mac)), WrappingMethod::EncryptThenMACSign | WrappingMethod::MACSign) =
        (mac, data.wrapping_method)
    {
        keys::check(cx, information, &sealed, mac)?;
    }
    let plain = if encrypts {
        let Some(information) = &data.encryption_key_information else {
            return Err(Failure::new(Kind::KeyWrapType, "nothing says which key this one is wrapped with"));
        };
        keys::decrypt(cx, information, data.iv_counter_nonce.as_ref(), &sealed)?
    } else {
        sealed
    };
    if let (Some((information, mac)), WrappingMethod::MACSignThenEncrypt) = (mac, data.wrapping_method) {
        keys::check(cx, information, &plain, mac)?;
    }
    let value = value::decode(block, plain, encoding, written_in)?;
    if let Some(block) = key_block_mut(key) {
        block.key_value = Some(KeyValue::Plaintext(value.into()));
        block.key_wrapping_data = None;
    }
    Ok(())
}

/// Whether a key can't be read by who has not the key that it is wrapped with.
pub(super) fn is_hidden(object: &ManagedObject) -> bool {
    key_block(object)
        .and_then(|block| block.key_wrapping_data.as_ref().map(|data| (block, data)))
        .is_some_and(|(block, data)| {
            let inside = data.encoding_option == Some(EncodingOption::NoEncoding);
            data.wrapping_method != WrappingMethod::MACSign
                && (inside || matches!(block.key_value, Some(KeyValue::Wrapped(_))))
        })
}

/// Whether a method encrypts, and whether it makes a MAC or signature.
fn steps(method: WrappingMethod) -> Result<(bool, bool), Failure> {
    Ok(match method {
        WrappingMethod::Encrypt => (true, false),
        WrappingMethod::MACSign => (false, true),
        WrappingMethod::EncryptThenMACSign | WrappingMethod::MACSignThenEncrypt => (true, true),
        other => {
            return Err(Failure::new(
                Kind::FeatureNotSupported,
                format!("the Wrapping Method {other} is not supported"),
            ));
        }
    })
}

/// Whether the Key Value is wrapped as TTLV, which it is unless something else is said.
fn is_ttlv(encoding: Option<EncodingOption>) -> Result<bool, Failure> {
    match encoding {
        None | Some(EncodingOption::TTLVEncoding) => Ok(true),
        Some(EncodingOption::NoEncoding) => Ok(false),
        Some(other) => {
            Err(Failure::new(Kind::EncodingOption, format!("the Encoding Option {other} is not supported")))
        }
    }
}
