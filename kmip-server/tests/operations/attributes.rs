//! Get Attributes and Get Attribute List, and what each version shows.

use kmip::ttlv::{DateTime, Item, Tag, Value};
use kmip::types::*;

use crate::harness::*;

#[test]
fn what_the_server_sets() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, [name("a key")]);
        let attributes = server.attributes(*version, &key);
        let has = |tag| attributes.get(tag).is_some();
        for tag in [
            Tag::UniqueIdentifier,
            Tag::ObjectType,
            Tag::State,
            Tag::InitialDate,
            Tag::LastChangeDate,
            Tag::Digest,
            Tag::CryptographicAlgorithm,
            Tag::CryptographicLength,
            Tag::CryptographicUsageMask,
            Tag::LeaseTime,
            Tag::Name,
        ] {
            assert!(has(tag), "{tag} {version}");
        }
        for (tag, since) in [
            (Tag::Fresh, V1_1),
            (Tag::OriginalCreationDate, V1_2),
            (Tag::RandomNumberGenerator, V1_3),
            (Tag::Sensitive, V1_4),
            (Tag::AlwaysSensitive, V1_4),
            (Tag::Extractable, V1_4),
            (Tag::NeverExtractable, V1_4),
            (Tag::KeyFormatType, V2_0),
            (Tag::ShortUniqueIdentifier, V2_0),
            (Tag::ProtectionStorageMask, V2_0),
        ] {
            assert_eq!(has(tag), *version >= since, "{tag} {version}");
        }
        assert_eq!(has(Tag::OperationPolicyName), *version < V2_0);
        assert_eq!(attributes.get(Tag::UniqueIdentifier), Some(&AttributeValue::UniqueIdentifier(id(&key))));
        assert_eq!(attributes.get(Tag::InitialDate), Some(&AttributeValue::InitialDate(now())));
        let Some(AttributeValue::Digest(digest)) = attributes.get(Tag::Digest) else { panic!() };
        assert_eq!(
            (digest.hashing_algorithm, digest.digest_value.as_ref().map(|value| value.len())),
            (HashingAlgorithm::SHA_256, Some(32))
        );
        assert_eq!(digest.key_format_type, (*version >= V1_1).then_some(KeyFormatType::Raw));
    }
}

/// What one version's client has set, every other's sees as far as its version goes.
#[test]
fn every_version_sees_what_it_knows() {
    let server = server();
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::GCM),
        random_iv: Some(true),
        salt_length: Some(7),
        ..CryptographicParameters::new()
    };
    let alternative = AlternativeName::new("other".into(), AlternativeNameType::URI);
    let key = server.create(
        V1_4,
        [
            name("one"),
            name("two"),
            AttributeValue::CryptographicParameters(parameters.into()),
            AttributeValue::AlternativeName(alternative),
            AttributeValue::Comment("a comment".into()),
        ],
    );
    for version in ALL {
        let attributes = server.attributes(*version, &key);
        assert_eq!(attributes.all(&AttributeId::Standard(Tag::Name)).count(), 2);
        assert_eq!(attributes.get(Tag::AlternativeName).is_some(), *version >= V1_2);
        assert_eq!(attributes.get(Tag::Comment).is_some(), *version >= V1_4);
        let Some(AttributeValue::CryptographicParameters(parameters)) =
            attributes.get(Tag::CryptographicParameters)
        else {
            panic!()
        };
        assert_eq!(parameters.block_cipher_mode, Some(BlockCipherMode::GCM));
        assert_eq!(parameters.random_iv, (*version >= V1_2).then_some(true));
        assert_eq!(parameters.salt_length, (*version >= V1_4).then_some(7));
    }
}

#[test]
fn attributes_by_name() {
    let server = server();
    for version in ALL {
        let mut given = aes(128);
        given.add(name("first"));
        given.add(name("second"));
        given.add(AttributeInstance::vendor("x", "Owner", "me"));
        let key = text_of(&server.send(*version, create_request(*version, given)).unwrap().unique_identifier);
        let owner = AttributeId::Vendor { vendor: "x".into(), name: "Owner".into() };
        let wanted = [AttributeId::Standard(Tag::Name), AttributeId::Standard(Tag::State), owner.clone()];
        let attributes = server.attributes_named(*version, &key, &wanted).unwrap();
        let names: Vec<_> = attributes.iter().map(|instance| (instance.id.clone(), instance.index)).collect();
        let expected =
            [(wanted[0].clone(), 0), (wanted[0].clone(), 1), (wanted[1].clone(), 0), (owner.clone(), 0)];
        assert_eq!(names, expected);
        // In the order asked for, and the same each time.
        let wanted = [owner.clone(), AttributeId::Standard(Tag::State)];
        let attributes = server.attributes_named(*version, &key, &wanted).unwrap();
        assert_eq!(attributes.iter().map(|instance| instance.id.clone()).collect::<Vec<_>>(), wanted);

        // vCenter asks for one that isn't there, and expects an answer with nothing in it.
        let absent = AttributeId::Vendor { vendor: "x".into(), name: "Product_Version".into() };
        assert!(server.attributes_named(*version, &key, &[absent]).unwrap().is_empty());
        let absent = AttributeId::Standard(Tag::DestroyDate);
        assert!(server.attributes_named(*version, &key, &[absent]).unwrap().is_empty());
        // 1.4 §11.13.
        let failed = server.attributes_named(*version, &key, &[owner.clone(), owner]).unwrap_err();
        assert_eq!(failed.reason, ResultReason::InvalidMessage);
        let missing = reason(*version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        assert_eq!(server.attributes_named(*version, "nowhere", &[]).unwrap_err().reason, missing);
    }
}

#[test]
fn the_list_names_what_is_there_once() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, [name("first"), name("second")]);
        let request =
            GetAttributeListRequest { unique_identifier: Some(id(&key)), ..GetAttributeListRequest::new() };
        let list = server.send(*version, request).unwrap();
        let ids: Vec<AttributeId> = if *version < V2_0 {
            list.attribute_name.iter().map(AttributeId::from_name).collect()
        } else {
            list.attribute_reference
                .iter()
                .map(|reference| AttributeId::from_reference(reference).unwrap())
                .collect()
        };
        let mut expected: Vec<AttributeId> = Vec::new();
        for instance in server.attributes(*version, &key) {
            if !expected.contains(&instance.id) {
                expected.push(instance.id);
            }
        }
        assert_eq!(ids, expected);
        assert!(ids.iter().all(|id| id.is_in(*version)));
    }
}

/// Custom attributes of every type, structures among them, set in one version and read in another.
#[test]
fn custom_attributes_of_every_type() {
    let server = server();
    let inner = vec![Item::new(Tag(0x0054_0001), 7), Item::new(Tag(0x0054_0002), "text")];
    let values: [Value; 11] = [
        7.into(),
        7_i64.into(),
        kmip::ttlv::BigInteger::from_unsigned_bytes(&[1, 2, 3, 4, 5, 6, 7, 8]).into(),
        Value::Enumeration(3),
        true.into(),
        "text".into(),
        Value::ByteString(vec![1, 2, 3].into()),
        DateTime(9).into(),
        kmip::ttlv::Interval(9).into(),
        inner.clone().into(),
        Value::Structure(vec![Item::new(Tag(0x0054_0003), inner)]),
    ];
    for version in ALL {
        let mut given = aes(128);
        for (number, value) in values.iter().enumerate() {
            given.add(AttributeInstance::vendor("x", format!("A{number}"), value.clone()));
            given.add(AttributeInstance::vendor("x", "Many", value.clone()));
        }
        let key = text_of(
            &server.send(*version, create_request(*version, given.clone())).unwrap().unique_identifier,
        );
        for read in ALL {
            let attributes = server.attributes(*read, &key);
            for instance in &given {
                if matches!(instance.id, AttributeId::Vendor { .. }) {
                    assert_eq!(
                        attributes.instance(&instance.id, instance.index),
                        Some(instance),
                        "{version} {read}"
                    );
                }
            }
        }
        for instance in given.iter().filter(|instance| matches!(instance.id, AttributeId::Vendor { .. })) {
            let located = server.locate(*version, [instance.clone()].into_iter().collect()).unwrap();
            assert_eq!(located.first(), Some(&key), "{instance:?}");
        }
    }
}

/// What 2.0 alone can say is kept, and left out of what older versions are told.
#[test]
fn values_of_2_0_in_older_versions() {
    let server = server();
    let key = server.create(V2_0, []);
    let moment = kmip::ttlv::DateTimeExtended(1_700_000_000_000_001);
    let nested = vec![Item::new(Tag(0x0054_0001), vec![Item::new(Tag(0x0054_0002), moment)])];
    server.add(V2_0, &key, AttributeInstance::vendor("acme", "Moment", moment)).unwrap();
    server.add(V2_0, &key, AttributeInstance::vendor("acme", "Nested", nested)).unwrap();
    server.add(V2_0, &key, AttributeInstance::vendor("acme", "Plain", 7)).unwrap();
    for version in ALL {
        let shown = server.attributes(*version, &key);
        let names: Vec<String> = shown
            .iter()
            .filter(|instance| matches!(instance.id, AttributeId::Vendor { .. }))
            .map(|instance| instance.id.to_string())
            .collect();
        let all = ["acme-Moment", "acme-Nested", "acme-Plain"];
        assert_eq!(names, if *version < V2_0 { &all[2..] } else { &all[..] }, "{version}");
    }
}

/// 2.0 §4.31: an object may be linked to by the ID Placeholder; what is kept is which object that was.
#[test]
fn links_to_the_placeholder() {
    let server = server();
    let placeholder =
        || UniqueIdentifier::UniqueIdentifierEnumeration(UniqueIdentifierEnumeration::IDPlaceholder);
    let link = || AttributeValue::Link(Link::new(LinkType::ParentLink, placeholder()));
    let other = server.create(V2_0, []);
    let mut linked = aes(128);
    linked.add(link());
    let add = AddAttributeRequest {
        unique_identifier: Some(id(&other)),
        new_attribute: Some(NewAttribute::new(link())),
        ..AddAttributeRequest::new()
    };
    let first = create_request(V2_0, aes(128));
    let items = vec![first.into(), add.into(), create_request(V2_0, linked.clone()).into()];
    let items = server.batch("alice", V2_0, items);
    let made: Vec<String> = [&items[0], &items[2]]
        .map(|item| text_of(&answer::<CreateRequest>(item.clone()).unwrap().unique_identifier))
        .into();
    assert_eq!(items[1].result_status, ResultStatus::Success);
    for key in [&other, &made[1]] {
        for version in ALL {
            let Some(AttributeValue::Link(link)) = server.attributes(*version, key).get(Tag::Link).cloned()
            else {
                panic!("{version}")
            };
            assert_eq!(text_of(&link.linked_object_identifier), made[0]);
        }
    }
    // One that means nothing is refused.
    let failed = server.send(V2_0, create_request(V2_0, linked)).unwrap_err();
    assert_eq!(failed.reason, ResultReason::ObjectNotFound);
}
