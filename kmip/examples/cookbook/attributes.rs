//! What is known of an object.

use kmip::client::blocking::Client;
use kmip::client::calls::Which;
use kmip::client::objects::OpaqueObject;
use kmip::ttlv::{Tag, Text};
use kmip::types::{
    AttributeId, AttributeInstance, AttributeValue, CryptographicUsageMask as Mask, OpaqueDataType, version,
};

use crate::{Outcome, keys, remove, same};

/// All attributes.
pub(crate) fn get_all(client: &mut Client) -> Outcome {
    let id = keys::register_key(client, Mask::Encrypt)?;
    let attributes = client.get_attributes(&id, &[])?;
    same(attributes.get(Tag::CryptographicLength), Some(&AttributeValue::CryptographicLength(128)))?;
    remove(client, &[&id])
}

/// One of them.
pub(crate) fn get_one(client: &mut Client) -> Outcome {
    let id = keys::register_key(client, Mask::Encrypt)?;
    let attributes = client.get_attributes(&id, &[AttributeId::Standard(Tag::CryptographicLength)])?;
    same(attributes.len(), 1)?;
    same(attributes.get(Tag::CryptographicLength), Some(&AttributeValue::CryptographicLength(128)))?;
    remove(client, &[&id])
}

/// Which there are.
pub(crate) fn list(client: &mut Client) -> Outcome {
    let id = keys::register_key(client, Mask::Encrypt)?;
    let list = client.get_attribute_list(&id)?;
    for tag in [Tag::CryptographicAlgorithm, Tag::ObjectType, Tag::State, Tag::UniqueIdentifier] {
        same(list.contains(&AttributeId::Standard(tag)), true)?;
    }
    remove(client, &[&id])
}

/// Another name.
pub(crate) fn modify(client: &mut Client) -> Outcome {
    let id = keys::register_key(client, Mask::Encrypt)?;
    client.modify_attribute(&id, AttributeValue::named("New Name"), None)?;
    same(names(client, &id)?, ["New Name"].map(Text::from).to_vec())?;
    remove(client, &[&id])
}

/// KMIP 2.0 says which of several values is changed by saying what it is now.
pub(crate) fn modify_in_2_0(client: &mut Client) -> Outcome {
    let old = AttributeInstance::from(AttributeValue::ObjectGroup("Old Object Group".into()));
    let id = client.register(opaque().with(old.clone()))?;
    let new = AttributeValue::ObjectGroup("New Object Group".into());
    client.at(version::V2_0).modify_attribute(&id, new.clone(), old)?;
    let group = client.get_attributes(&id, &[AttributeId::Standard(Tag::ObjectGroup)])?;
    same(group.get(Tag::ObjectGroup), Some(&new))?;
    remove(client, &[&id])
}

/// A key that leaves the server wrapped alone, from now on. Set Attribute is an operation of KMIP 2.0.
pub(crate) fn set(client: &mut Client) -> Outcome {
    let id = keys::register_key(client, Mask::Encrypt)?;
    client.at(version::V2_0).set_attribute(&id, AttributeValue::Sensitive(true))?;
    let attributes =
        client.at(version::V1_4).get_attributes(&id, &[AttributeId::Standard(Tag::Sensitive)])?;
    same(attributes.get(Tag::Sensitive), Some(&AttributeValue::Sensitive(true)))?;
    remove(client, &[&id])
}

/// The first name.
pub(crate) fn delete(client: &mut Client) -> Outcome {
    let id = keys::register_key(client, Mask::Encrypt)?;
    client.delete_attribute(&id, Which::Index(AttributeId::Standard(Tag::Name), 0))?;
    same(names(client, &id)?, Vec::new())?;
    remove(client, &[&id])
}

/// KMIP 2.0 says which of several values goes by saying what it is.
pub(crate) fn delete_in_2_0(client: &mut Client) -> Outcome {
    let group = AttributeInstance::from(AttributeValue::ObjectGroup("Object Group 1".into()));
    let id = client.register(opaque().with(group.clone()))?;
    client.at(version::V2_0).delete_attribute(&id, Which::Instance(group))?;
    let groups = client.get_attributes(&id, &[AttributeId::Standard(Tag::ObjectGroup)])?;
    same(groups.get(Tag::ObjectGroup), None)?;
    remove(client, &[&id])
}

fn opaque() -> OpaqueObject {
    OpaqueObject::new(OpaqueDataType(0x8000_0000), &b"anything"[..])
}

fn names(client: &mut Client, id: &Text) -> Outcome<Vec<Text>> {
    let attributes = client.get_attributes(id, &[AttributeId::Standard(Tag::Name)])?;
    let names = attributes.into_iter().filter_map(|instance| match instance.value {
        AttributeValue::Name(name) => Some(name.name_value),
        _ => None,
    });
    Ok(names.collect())
}
