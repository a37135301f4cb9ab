//! What clients of the field are known to do, in their order.

use kmip::ttlv::{Secret, Tag, Value};
use kmip::types::*;

use crate::harness::*;
use AttributeValue as V;

fn custom(name: &str, value: impl Into<Value>) -> AttributeInstance {
    AttributeInstance::vendor("x", name, value)
}

/// vCenter: a key without a Name; an attribute that isn't there; three attributes in one batch.
#[test]
fn vcenter() {
    let server = server();
    let versions = DiscoverVersionsRequest::new();
    assert!(server.send(V1_1, versions).unwrap().protocol_version.contains(&V1_1.into()));
    let key = server.create(V1_1, []);
    let version = AttributeId::from_name(&"x-Product_Version".into());
    assert!(server.attributes_named(V1_1, &key, std::slice::from_ref(&version)).unwrap().is_empty());
    let added = [custom("Product_Version", "8.0"), custom("Vendor", "VMware"), custom("Product", "vCenter")];
    let items = added
        .iter()
        .map(|instance| {
            AddAttributeRequest {
                unique_identifier: Some(id(&key)),
                attribute: Some(instance.to_attribute()),
                ..AddAttributeRequest::new()
            }
            .into()
        })
        .collect();
    for (item, instance) in server.batch("alice", V1_1, items).into_iter().zip(&added) {
        let answered = answer::<AddAttributeRequest>(item).unwrap().attribute.unwrap();
        assert_eq!(AttributeInstance::from_attribute(answered).as_ref(), Some(instance));
    }
    server.activate(V1_1, &key).unwrap();
    server.get(V1_1, &key).unwrap();
    assert_eq!(server.attributes_named(V1_1, &key, &[version]).unwrap().len(), 1);
}

/// FortiGate: one batch that locates by name and gets what it found through the ID Placeholder.
#[test]
fn fortigate() {
    let server = server();
    let key = server.create(V1_0, [name("vpn")]);
    server.create(V1_0, [name("vpn2")]);
    let locate = LocateRequest { maximum_items: Some(1), ..locate_request(V1_0, set([name("vpn")])) };
    let mut items = server.batch("alice", V1_0, vec![locate.clone().into(), GetRequest::new().into()]);
    let got = answer::<GetRequest>(items.remove(1)).unwrap();
    assert_eq!(text_of(&got.unique_identifier), key);
    server.destroy(V1_0, &key).unwrap();
    // "vpn2" is not it: nothing is found, and so nothing is got.
    let items = server.batch("alice", V1_0, vec![locate.into(), GetRequest::new().into()]);
    assert_eq!(items[0].result_status, ResultStatus::Success);
    assert_eq!(failed(&items[1]).reason, ResultReason::ItemNotFound);
}

/// Synology DSM: a password under a policy, whose Name is changed and echoed.
#[test]
fn synology() {
    let server = server();
    assert!(server.locate(V1_2, set([name("volume")])).unwrap().is_empty());
    let value = PlaintextKeyValue::new(KeyMaterial::ByteString(Secret::from(&b"password"[..])));
    let block = KeyBlock {
        key_value: Some(KeyValue::Plaintext(value.into())),
        ..KeyBlock::new(KeyFormatType::Opaque)
    };
    let secret = ManagedObject::SecretData(SecretData::new(SecretDataType::Password, block).into());
    let given = set([V::OperationPolicyName("default".into()), name("temporary")]);
    let registered = server.send(V1_2, register_request(V1_2, secret.clone(), given)).unwrap();
    let key = text_of(&registered.unique_identifier);
    let echoed = server.modify(V1_2, &key, name("volume"), None).unwrap().unwrap();
    assert_eq!(echoed.attribute_value, Some(name("volume")));
    server.activate(V1_2, &key).unwrap();
    let list =
        GetAttributeListRequest { unique_identifier: Some(id(&key)), ..GetAttributeListRequest::new() };
    assert!(server.send(V1_2, list).unwrap().attribute_name.contains(&"Name".into()));
    assert_eq!(server.locate(V1_2, set([name("volume")])).unwrap(), std::slice::from_ref(&key));
    assert_eq!(server.get(V1_2, &key).unwrap().object, secret);
}

/// A SAN array: all it knows of its key is an attribute of its own.
#[test]
fn a_san_array() {
    let server = server();
    let key = server.create(V1_0, []);
    server.add(V1_0, &key, custom("SystemID", "array 7")).unwrap();
    let wanted: AttributeSet = [custom("SystemID", "array 7")].into_iter().collect();
    let items = vec![
        QueryRequest { query_function: vec![QueryFunction::QueryOperations], ..QueryRequest::new() }.into(),
        locate_request(V1_0, wanted).into(),
        GetRequest { key_format_type: Some(KeyFormatType::Raw), ..GetRequest::new() }.into(),
        GetAttributesRequest { attribute_name: vec!["x-SystemID".into()], ..GetAttributesRequest::new() }
            .into(),
    ];
    let items = server.batch("alice", V1_0, items);
    assert!(items.iter().all(|item| item.result_status == ResultStatus::Success));
    let attributes = answer::<GetAttributesRequest>(items[3].clone()).unwrap();
    assert_eq!(text_of(&attributes.unique_identifier), key);
    assert_eq!(attributes.attribute.len(), 1);
}

/// Percona Server for MongoDB stops where a key isn't Active, and can't read what it hasn't asked for.
#[test]
fn percona() {
    let server = server();
    let key = server.create(V1_0, [V::ActivationDate(now())]);
    let state = AttributeId::Standard(Tag::State);
    let attributes = server.attributes_named(V1_0, &key, std::slice::from_ref(&state)).unwrap();
    assert_eq!(attributes.len(), 1);
    assert_eq!(attributes.get(Tag::State), Some(&V::State(State::Active)));
    assert!(server.attributes(V1_0, &key).get(Tag::Fresh).is_none());
}
