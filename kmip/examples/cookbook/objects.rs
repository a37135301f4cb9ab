//! Objects that the client brings, gets and looks for.

use kmip::client::blocking::Client;
use kmip::client::calls::{Form, Search};
use kmip::client::objects::{OpaqueObject, SecretData, SymmetricKey};
use kmip::types::{
    AttributeSet, AttributeValue, BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask,
    EncodingOption, ObjectType, OpaqueDataType, SecretDataType,
};

use crate::{Outcome, keys, remove, same};

/// A key, a password and something that the server need not understand.
pub(crate) fn register(client: &mut Client) -> Outcome {
    let key: Vec<u8> = (0x00..=0x0F).collect();
    let key = client.register(SymmetricKey::new(CryptographicAlgorithm::AES, key).usage(Mask::Encrypt))?;
    let password = SecretData::new(SecretDataType::Password, &b"hunter2"[..]).usage(Mask::DeriveKey);
    let password = client.register(password.named("a password"))?;
    let opaque = client.register(OpaqueObject::new(OpaqueDataType(0x8000_0000), &b"anything"[..]))?;
    same(client.get(&password)?.bytes(), Some(&b"hunter2"[..]))?;
    remove(client, &[&key, &password, &opaque])
}

/// A key, as it was registered.
pub(crate) fn get(client: &mut Client) -> Outcome {
    let id = keys::register_key(client, Mask::Encrypt)?;
    let object = client.get(&id)?;
    same(object.object_type(), Some(ObjectType::SymmetricKey))?;
    same(object.algorithm(), Some(CryptographicAlgorithm::AES))?;
    same(object.bytes(), Some(&(0x00..=0x0F).collect::<Vec<u8>>()[..]))?;
    remove(client, &[&id])
}

/// A key that leaves the server encrypted under another one.
pub(crate) fn get_wrapped(client: &mut Client) -> Outcome {
    let id = keys::register_key(client, Mask::Encrypt)?;
    let wrapping: Vec<u8> = (0x00..=0x0F).map(|digit| digit * 0x11).collect();
    let wrapping = SymmetricKey::new(CryptographicAlgorithm::AES, wrapping).usage(Mask::WrapKey);
    let wrapping = client.register(wrapping)?;
    client.activate(&wrapping)?;
    let mut form = Form::wrapped(wrapping.clone(), BlockCipherMode::NISTKeyWrap);
    if let Some(wrapping) = &mut form.wrapping {
        wrapping.encoding_option = Some(EncodingOption::NoEncoding);
    }
    let wrapped = client.get_as(&id, form)?;
    // RFC 3394 adds eight bytes.
    same(wrapped.bytes().map(<[u8]>::len), Some(16 + 8))?;
    same(wrapped.wrapping().is_some(), true)?;
    remove(client, &[&id, &wrapping])
}

/// Every symmetric key of some name.
pub(crate) fn locate(client: &mut Client) -> Outcome {
    let named = AttributeSet::new().with_name("to be found").with_usage(Mask::Encrypt);
    let id = client.create(CryptographicAlgorithm::AES, 128, named)?;
    let wanted = AttributeSet::new()
        .with(AttributeValue::ObjectType(ObjectType::SymmetricKey))
        .with(AttributeValue::named("to be found"));
    let found = client.locate(Search { maximum: Some(10), ..wanted.into() })?;
    same(found.ids, vec![id.clone()])?;
    remove(client, &[&id])
}
