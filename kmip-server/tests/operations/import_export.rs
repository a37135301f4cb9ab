//! Import and Export.

use kmip::ttlv::{DateTime, Tag, Version};
use kmip::types::*;

use crate::fixtures;
use crate::harness::*;

const SINCE: [Version; 2] = [V1_4, V2_0];

fn export(key: &str) -> ExportRequest {
    ExportRequest { unique_identifier: Some(id(key)), ..ExportRequest::new() }
}

/// The request that has another server take what this one has exported.
fn import(version: Version, exported: &ExportResponse) -> ImportRequest {
    let identifier = exported.unique_identifier.clone();
    ImportRequest {
        object_type: (version >= V2_0).then_some(exported.object_type),
        attribute: exported.attribute.clone(),
        attributes: exported.attributes.clone(),
        ..ImportRequest::new(identifier, exported.object.clone())
    }
}

#[test]
fn an_object_moves_to_another_server_as_it_is() {
    for version in SINCE {
        let (from, to) = (server(), server());
        let certificate = ManagedObject::Certificate(fixtures::certificate());
        let more = [name("moving"), AttributeValue::Sensitive(false)];
        let key = from.create(version, more);
        from.activate(version, &key).unwrap();
        let registered = from.send(version, register_request(version, certificate, set([]))).unwrap();
        for identifier in [key, text_of(&registered.unique_identifier)] {
            let exported = from.send(version, export(&identifier)).unwrap();
            assert_eq!(text_of(&exported.unique_identifier), identifier);
            wait(1000);
            let imported = to.send(version, import(version, &exported)).unwrap();
            assert_eq!(imported.unique_identifier, exported.unique_identifier);
            // Dates, state, digests, flags: all is as it was.
            assert_eq!(
                to.attributes(version, &identifier),
                from.attributes(version, &identifier),
                "{version}"
            );
            assert_eq!(to.get(version, &identifier).unwrap().object, exported.object);
            let again = to.send(version, import(version, &exported)).unwrap_err();
            assert_eq!(again.reason, ResultReason::ObjectAlreadyExists);
        }
    }
}

#[test]
fn links_are_to_what_they_mean_when_they_come() {
    let (from, to) = (server(), server());
    let exported = from.send(V2_0, export(&from.create(V2_0, []))).unwrap();
    let placeholder =
        UniqueIdentifier::UniqueIdentifierEnumeration(UniqueIdentifierEnumeration::IDPlaceholder);
    let mut attributes = AttributeSet::from_attributes(exported.attributes.clone().unwrap());
    let link = |to| AttributeValue::Link(Link::new(LinkType::ParentLink, to));
    attributes.add(AttributeInstance::from_value(link(placeholder)));
    let request = ImportRequest { attributes: Some(attributes.to_attributes()), ..import(V2_0, &exported) };
    assert_eq!(to.send(V2_0, request.clone()).unwrap_err().reason, ResultReason::ObjectNotFound);

    let items = to.batch("alice", V2_0, vec![create_request(V2_0, aes(128)).into(), request.into()]);
    let [created, imported] = items.try_into().unwrap();
    let created = answer::<CreateRequest>(created).unwrap().unique_identifier;
    let imported = text_of(&answer::<ImportRequest>(imported).unwrap().unique_identifier);
    assert_eq!(to.attributes(V2_0, &imported).get(Tag::Link), Some(&link(created)));
}

#[test]
fn who_replaces_an_object_needs_the_right_to() {
    let server = server();
    for version in SINCE {
        let key = server.create(version, [name("mine")]);
        let exported = server.send(version, export(&key)).unwrap();
        let other = server.create(version, []);
        let other = server.send(version, export(&other)).unwrap();
        let replacement = ImportRequest {
            unique_identifier: id(&key),
            replace_existing: Some(true),
            object: other.object.clone(),
            ..import(version, &exported)
        };
        for replace in [None, Some(false), Some(true)] {
            let request = ImportRequest { replace_existing: replace, ..replacement.clone() };
            let refused = server.ask("bob", version, request).unwrap_err();
            assert_eq!(refused.reason, ResultReason::ObjectAlreadyExists, "{version}");
            assert_eq!(server.get(version, &key).unwrap().object, exported.object);
        }
        server.send(version, replacement).unwrap();
        assert_eq!(server.get(version, &key).unwrap().object, other.object);
        assert_eq!(
            server.ask("bob", version, get_request(&key)).unwrap_err().reason,
            reason(version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound)
        );
    }
}

#[test]
fn attributes_must_be_those_of_the_object() {
    let server = server();
    for version in SINCE {
        let key = server.create(version, []);
        let exported = server.send(version, export(&key)).unwrap();
        let given = server.attributes(version, &key);
        for (value, tag) in [
            (AttributeValue::UniqueIdentifier(id("another")), Tag::UniqueIdentifier),
            (AttributeValue::ObjectType(ObjectType::PublicKey), Tag::ObjectType),
            (AttributeValue::CryptographicLength(256), Tag::CryptographicLength),
            (AttributeValue::State(State::Destroyed), Tag::State),
            (AttributeValue::DestroyDate(DateTime(0)), Tag::DestroyDate),
        ] {
            let mut wrong = given.clone();
            wrong.set(value);
            let request = ImportRequest {
                replace_existing: Some(true),
                attribute: if version < V2_0 { wrong.to_attribute_list() } else { Vec::new() },
                attributes: (version >= V2_0).then(|| wrong.to_attributes()),
                ..import(version, &exported)
            };
            let refused = server.send(version, request).unwrap_err();
            let expected = reason(version, ResultReason::InvalidField, ResultReason::InvalidAttributeValue);
            assert_eq!(refused.reason, expected, "{version} {tag}");
        }
        let nameless = ImportRequest { unique_identifier: id(""), ..import(version, &exported) };
        assert_eq!(server.send(version, nameless).unwrap_err().reason, ResultReason::InvalidField);
    }
}

#[test]
fn of_a_destroyed_key_its_attributes_are_exported() {
    let server = server();
    for version in SINCE {
        let key = server.create(version, []);
        server.destroy(version, &key).unwrap();
        let exported = server.send(version, export(&key)).unwrap();
        let ManagedObject::SymmetricKey(object) = exported.object else { panic!("{:?}", exported.object) };
        assert!(object.key_block.key_value.is_none());
        assert_eq!(object.key_block.cryptographic_length, Some(128));

        let hidden = server.create(V1_4, [AttributeValue::Extractable(false)]);
        assert!(server.send(version, export(&hidden)).is_err());
        let missing = reason(version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        assert_eq!(server.ask("bob", version, export(&hidden)).unwrap_err().reason, missing);
    }
}
