//! Locate.

use kmip::ttlv::{DateTime, Item, Tag, Value, Version};
use kmip::types::*;

use crate::harness::*;

#[test]
fn everything_newest_first() {
    let server = server();
    assert!(server.locate(V1_0, AttributeSet::new()).unwrap().is_empty());
    let mut keys: Vec<String> = (0..5).map(|_| server.create(V1_4, [])).collect();
    keys.reverse();
    for version in ALL {
        assert_eq!(server.locate(*version, AttributeSet::new()).unwrap(), keys);
    }
}

#[test]
fn by_one_attribute_and_by_several() {
    let server = server();
    for version in ALL {
        let named = |text: &str| format!("{text} {version}");
        let first = server.create(
            *version,
            [name(&named("first")), AttributeValue::ObjectGroup(named("g").as_str().into())],
        );
        let second = server.create(
            *version,
            [name(&named("second")), AttributeValue::ObjectGroup(named("g").as_str().into())],
        );
        let find = |values: Vec<AttributeValue>| server.locate(*version, set(values)).unwrap();
        assert_eq!(find(vec![name(&named("first"))]), std::slice::from_ref(&first));
        assert_eq!(
            find(vec![AttributeValue::ObjectGroup(named("g").as_str().into())]),
            [second.clone(), first.clone()]
        );
        assert_eq!(
            find(vec![name(&named("second")), AttributeValue::ObjectGroup(named("g").as_str().into())]),
            std::slice::from_ref(&second)
        );
        assert!(find(vec![name(&named("first")), name(&named("second"))]).is_empty());
        assert!(find(vec![name("first")]).is_empty(), "names match exactly");
        assert_eq!(find(vec![AttributeValue::UniqueIdentifier(id(&first))]), std::slice::from_ref(&first));
        assert!(find(vec![AttributeValue::ObjectType(ObjectType::Certificate)]).is_empty());
        assert!(find(vec![AttributeValue::ObjectType(ObjectType::SymmetricKey)]).contains(&first));
        server.activate(*version, &second).unwrap();
        assert_eq!(find(vec![AttributeValue::State(State::Active)])[0], second);
        let algorithm = AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES);
        assert_eq!(find(vec![algorithm, AttributeValue::State(State::Active)])[0], second);
    }
}

#[test]
fn masks_are_subsets() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        let find = |mask| {
            server
                .locate(*version, set([AttributeValue::CryptographicUsageMask(mask)]))
                .unwrap()
                .contains(&key)
        };
        use CryptographicUsageMask as M;
        assert!(find(M::Encrypt) && find(M::Encrypt | M::Decrypt) && find(M::empty()));
        assert!(!find(M::Sign) && !find(M::Encrypt | M::Sign));
    }
}

#[test]
fn dates_and_ranges() {
    let server = server();
    for version in ALL {
        wait(1000);
        let key = server.create(*version, [AttributeValue::ActivationDate(DateTime(now().0 + 100))]);
        let find = |dates: &[i64]| {
            let dates = dates.iter().map(|date| AttributeValue::ActivationDate(DateTime(now().0 + date)));
            server
                .send(*version, locate_request(*version, set(dates)))
                .map(|response| found(&response).contains(&key))
        };
        assert!(find(&[100]).unwrap() && !find(&[99]).unwrap());
        assert!(find(&[50, 150]).unwrap() && find(&[100, 100]).unwrap() && find(&[150, 100]).unwrap());
        assert!(!find(&[101, 150]).unwrap());
        assert_eq!(find(&[1, 2, 3]).unwrap_err().reason, ResultReason::InvalidField);
        let initial =
            [AttributeValue::InitialDate(now()), AttributeValue::InitialDate(DateTime(now().0 - 1))];
        assert_eq!(server.locate(*version, set(initial)).unwrap(), std::slice::from_ref(&key));
        // 1.4 §4.9: the largest possible date is the same as none.
        let without = set([AttributeValue::ActivationDate(DateTime(i64::MAX))]);
        assert!(!server.locate(*version, without.clone()).unwrap().contains(&key));
        let other = server.create(*version, []);
        assert!(server.locate(*version, without).unwrap().contains(&other));
    }
}

#[test]
fn parts_of_structures_are_of_one_instance() {
    let server = server();
    let parameters = |mode, padding, hash| {
        AttributeValue::CryptographicParameters(
            CryptographicParameters {
                block_cipher_mode: mode,
                padding_method: padding,
                hashing_algorithm: hash,
                ..CryptographicParameters::new()
            }
            .into(),
        )
    };
    let (cbc, gcm) = (Some(BlockCipherMode::CBC), Some(BlockCipherMode::GCM));
    let (pkcs5, sha) = (Some(PaddingMethod::PKCS5), Some(HashingAlgorithm::SHA_256));
    for version in ALL {
        let key = server.create(*version, [parameters(cbc, pkcs5, None), parameters(gcm, None, sha)]);
        let find = |value| server.locate(*version, set([value])).unwrap().contains(&key);
        assert!(find(parameters(cbc, None, None)) && find(parameters(None, None, sha)));
        assert!(find(parameters(cbc, pkcs5, None)));
        assert!(!find(parameters(cbc, None, sha)), "of two instances");
        assert!(!find(parameters(Some(BlockCipherMode::ECB), None, None)));
    }
}

#[test]
fn items_and_offset() {
    let server = server();
    let keys: Vec<String> = (0..5).map(|_| server.create(V1_4, [])).collect();
    for version in ALL {
        let ask = |maximum, offset| {
            let request = LocateRequest {
                maximum_items: maximum,
                offset_items: offset,
                ..locate_request(*version, AttributeSet::new())
            };
            server.send(*version, request)
        };
        assert_eq!(found(&ask(Some(2), None).unwrap()), [keys[4].clone(), keys[3].clone()]);
        assert!(found(&ask(Some(0), None).unwrap()).is_empty());
        assert_eq!(found(&ask(Some(65_535), None).unwrap()).len(), 5);
        assert_eq!(ask(Some(-1), None).unwrap_err().reason, ResultReason::InvalidField);
        let located = ask(Some(2), None).unwrap().located_items;
        assert_eq!(located, (*version >= V1_3).then_some(5), "all that match are counted, and since 1.3");
        if *version >= V1_3 {
            assert_eq!(found(&ask(Some(2), Some(3)).unwrap()), [keys[1].clone(), keys[0].clone()]);
            assert_eq!(found(&ask(None, Some(4)).unwrap()), [keys[0].clone()]);
            assert!(found(&ask(None, Some(9)).unwrap()).is_empty());
            assert_eq!(ask(None, Some(-1)).unwrap_err().reason, ResultReason::InvalidField);
        }
    }
}

#[test]
fn destroyed_objects_are_found_by_those_who_ask_for_them() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        server.destroy(*version, &key).unwrap();
        assert!(!server.locate(*version, AttributeSet::new()).unwrap().contains(&key));
        let destroyed = set([AttributeValue::State(State::Destroyed)]);
        assert_eq!(server.locate(*version, destroyed).unwrap().contains(&key), *version < V2_0);
        if *version >= V2_0 {
            let mask = StorageStatusMask::OnLineStorage | StorageStatusMask::DestroyedStorage;
            let request = LocateRequest {
                storage_status_mask: Some(mask),
                ..locate_request(*version, AttributeSet::new())
            };
            assert!(found(&server.send(*version, request).unwrap()).contains(&key));
        }
        let archived = StorageStatusMask::ArchivalStorage;
        let request = LocateRequest {
            storage_status_mask: Some(archived),
            ..locate_request(*version, AttributeSet::new())
        };
        assert!(found(&server.send(*version, request).unwrap()).is_empty());
    }
}

#[test]
fn fresh_members_of_a_group() {
    let server = server();
    for version in &ALL[1..] {
        let group = AttributeValue::ObjectGroup(format!("group {version}").as_str().into());
        let used = server.create(*version, [group.clone()]);
        let fresh = server.create(*version, [group.clone()]);
        server.get(*version, &used).unwrap();
        let ask = |member| {
            let request = LocateRequest {
                object_group_member: Some(member),
                ..locate_request(*version, set([group.clone()]))
            };
            server.send(*version, request)
        };
        assert_eq!(found(&ask(ObjectGroupMember::GroupMemberFresh).unwrap()), std::slice::from_ref(&fresh));
        let later = server.create(*version, [group.clone()]);
        let both = found(&ask(ObjectGroupMember::GroupMemberFresh).unwrap());
        assert_eq!(both, if *version < V2_0 { [fresh, later] } else { [later, fresh] });
        // The default object is the one that has been in the group for longest, fresh or not.
        let default = ask(ObjectGroupMember::GroupMemberDefault).unwrap();
        assert_eq!(found(&default), std::slice::from_ref(&used));
        assert_eq!(default.located_items, (*version >= V1_3).then_some(1));
        assert_eq!(ask(ObjectGroupMember(9)).unwrap_err().reason, ResultReason::InvalidField);
        let without = LocateRequest {
            object_group_member: Some(ObjectGroupMember::GroupMemberDefault),
            ..locate_request(*version, AttributeSet::new())
        };
        assert_eq!(server.send(*version, without).unwrap_err().reason, ResultReason::InvalidField);
    }
}

/// 1.4 §4.9: "all of the structure fields are not REQUIRED to be specified", also those that every other request requires.
#[test]
fn parts_of_structures() {
    let server = server();
    let item = |tag, value: &str| Item::new(tag, value);
    for version in ALL {
        let to = |text: &str| format!("{text} {version}");
        let key = server.create(
            *version,
            [
                AttributeValue::Link(Link::new(LinkType::DerivationBaseObjectLink, id(&to("a")))),
                AttributeValue::Link(Link::new(LinkType::ReplacedObjectLink, id(&to("b")))),
                name(&to("key")),
            ],
        );
        let find = |tag: Tag, fields: Vec<Item>| {
            let part = |tag| AttributeValue::Other(Item::new(tag, fields.clone()));
            let request = if *version < V2_0 {
                let attribute = Attribute::named(AttributeName::Standard(tag), part(Tag::AttributeValue));
                LocateRequest { attribute: vec![attribute], ..LocateRequest::new() }
            } else {
                let attributes = Attributes { attribute: vec![part(tag)], ..Attributes::new() };
                LocateRequest { attributes: Some(attributes), ..LocateRequest::new() }
            };
            found(&server.send(*version, request).unwrap()).contains(&key)
        };
        let link_type = |link: LinkType| Item::new(Tag::LinkType, Value::Enumeration(link.0));
        let linked = |text: &str| item(Tag::LinkedObjectIdentifier, &to(text));
        assert!(find(Tag::Link, vec![linked("a")]) && find(Tag::Link, vec![linked("b")]));
        assert!(!find(Tag::Link, vec![linked("c")]));
        assert!(find(Tag::Link, vec![link_type(LinkType::ReplacedObjectLink)]));
        assert!(!find(Tag::Link, vec![link_type(LinkType::CertificateLink)]));
        assert!(!find(Tag::Link, vec![link_type(LinkType::ReplacedObjectLink), linked("a")]), "of two links");
        assert!(find(Tag::Link, vec![]));
        assert!(find(Tag::Name, vec![item(Tag::NameValue, &to("key"))]));
        assert!(!find(Tag::Name, vec![item(Tag::NameValue, "key")]));
        let name_type = |name: NameType| Item::new(Tag::NameType, Value::Enumeration(name.0));
        assert!(find(Tag::Name, vec![name_type(NameType::UninterpretedTextString)]));
        assert!(!find(Tag::Name, vec![name_type(NameType::URI)]));
        assert!(find(Tag::Digest, vec![Item::new(Tag::HashingAlgorithm, Value::Enumeration(6))]));
        assert!(!find(Tag::Digest, vec![Item::new(Tag::HashingAlgorithm, Value::Enumeration(7))]));
        assert!(!find(Tag::RevocationReason, vec![]), "what it hasn't got has no parts");
    }
}

/// A filter that can't be applied is an error: without it, other keys would be found.
#[test]
fn no_filter_is_left_out() {
    let server = server();
    server.create(V1_4, []);
    let custom = |name: &str| Attribute {
        attribute_name: Some(name.into()),
        attribute_value: Some(AttributeValue::Other(Item::new(Tag::AttributeValue, "?"))),
        ..Attribute::new()
    };
    let ask = |version: Version, attribute: Attribute| {
        server.send(version, LocateRequest { attribute: vec![attribute], ..LocateRequest::new() })
    };
    // An attribute of a later version, one without a value, one without a name.
    assert_eq!(ask(V1_0, custom("Fresh")).unwrap_err().reason, ResultReason::InvalidField);
    let failed = ask(V1_2, Attribute { attribute_value: None, ..custom("Name") }).unwrap_err();
    assert_eq!(failed.reason, ResultReason::InvalidField);
    let failed = ask(V1_2, Attribute { attribute_name: None, ..custom("x") }).unwrap_err();
    assert_eq!(failed.reason, ResultReason::InvalidField);
    // What nobody has finds nothing; what nobody can have is misspelt.
    assert!(found(&ask(V1_2, custom("x-Nmae")).unwrap()).is_empty());
    assert_eq!(ask(V1_2, custom("Nmae")).unwrap_err().reason, ResultReason::InvalidField);
    // Fields that say nothing to Locate.
    let mut request = LocateRequest::new();
    request.unknown.add(Item::new(Tag::UniqueIdentifier, "?"));
    assert_eq!(server.send(V1_2, request).unwrap_err().reason, ResultReason::InvalidField);
}

/// PyKMIP's client sends Offset Items in every version.
#[test]
fn fields_of_later_versions_that_mean_what_they_mean_there() {
    let server = server();
    let keys: Vec<String> = (0..3).map(|_| server.create(V1_0, [])).collect();
    for version in [V1_0, V1_1, V1_2] {
        let mut request = LocateRequest::new();
        request.unknown.add(Item::new(Tag::OffsetItems, 2));
        let response = server.send(version, request).unwrap();
        assert_eq!((found(&response), response.located_items), (vec![keys[0].clone()], None));
    }
}

/// FortiGate puts its filter into a Template-Attribute.
#[test]
fn a_filter_in_a_template_attribute() {
    let server = server();
    let key = server.create(V1_0, [name("fortigate")]);
    server.create(V1_0, [name("other")]);
    let template = set([name("fortigate")]).to_template_attribute();
    let bytes = kmip::ttlv::encode(&template, Tag::TemplateAttribute, V1_0).unwrap();
    let item =
        kmip::ttlv::decode::<Item>(&bytes.into(), Tag::TemplateAttribute, V1_0, kmip::ttlv::Mode::Strict)
            .unwrap();
    let mut request = LocateRequest { maximum_items: Some(1), ..LocateRequest::new() };
    request.unknown.add(item);
    assert_eq!(found(&server.send(V1_0, request).unwrap()), [key]);
}

#[test]
fn links_and_application_information() {
    let server = server();
    for version in ALL {
        let link = |kind, to: &str| AttributeValue::Link(Link::new(kind, id(to)));
        let information = |data: Option<&str>| {
            AttributeValue::ApplicationSpecificInformation(ApplicationSpecificInformation {
                application_data: data.map(Into::into),
                ..ApplicationSpecificInformation::new(format!("ssl {version}").as_str().into())
            })
        };
        let key = server.create(
            *version,
            [
                link(LinkType::DerivationBaseObjectLink, "a"),
                link(LinkType::ReplacedObjectLink, "b"),
                information(Some("www")),
            ],
        );
        let find = |value| server.locate(*version, set([value])).unwrap().contains(&key);
        assert!(find(link(LinkType::DerivationBaseObjectLink, "a")));
        assert!(!find(link(LinkType::DerivationBaseObjectLink, "b")));
        assert!(find(information(Some("www"))) && find(information(None)) && !find(information(Some("ftp"))));
    }
}

/// PyKMIP's client leaves the Attributes out in 2.0 when it has none to look for.
#[test]
fn without_attributes_in_2_0() {
    let server = server();
    let key = server.create(V2_0, []);
    let mut message = Vec::new();
    let request = locate_request(V2_0, AttributeSet::new());
    batch(V2_0, vec![request.clone().into(), request.into()]).write(&mut message).unwrap();
    // The empty structures of two items go, and with them their eight bytes in all that is around them.
    let attributes = [0x42, 0x01, 0x25, 1, 0, 0, 0, 0];
    while let Some(place) = message.windows(8).position(|bytes| bytes == attributes) {
        message.drain(place..place + 8);
        let mut around: Vec<usize> = vec![0];
        for tag in [[0x42, 0, 0x0F, 1], [0x42, 0, 0x79, 1]] {
            around.push(message[..place].windows(4).rposition(|bytes| bytes == tag).unwrap());
        }
        for start in around {
            let length = u32::from_be_bytes(message[start + 4..start + 8].try_into().unwrap()) - 8;
            message[start + 4..start + 8].copy_from_slice(&length.to_be_bytes());
        }
    }
    let items = read(&server.raw(Some("alice"), &message)).batch_item;
    assert_eq!(items.len(), 2);
    for item in items {
        assert_eq!(found(&answer::<LocateRequest>(item).unwrap()), std::slice::from_ref(&key));
    }
}

/// What a client may not locate is not found, nor counted, whatever way it is looked for.
#[test]
fn what_others_have_is_not_counted() {
    let server = server();
    let group = || AttributeValue::ObjectGroup("shared".into());
    let theirs = server.create(V1_4, [group()]);
    let request = create_request(V1_4, {
        let mut set = aes(128);
        set.add(group());
        set
    });
    let mine = text_of(&server.ask("bob", V1_4, request).unwrap().unique_identifier);
    let part = {
        let part = AttributeValue::Other(Item::new(Tag::Digest, Vec::new()));
        Attributes { attribute: vec![part, group()], ..Attributes::new() }
    };
    for (user, key) in [("alice", theirs), ("bob", mine)] {
        for request in [
            locate_request(V2_0, AttributeSet::new()),
            locate_request(V2_0, set([group()])),
            LocateRequest { attributes: Some(part.clone()), ..LocateRequest::new() },
            LocateRequest {
                object_group_member: Some(ObjectGroupMember::GroupMemberDefault),
                ..locate_request(V2_0, set([group()]))
            },
            LocateRequest { maximum_items: Some(0), ..locate_request(V2_0, set([group()])) },
        ] {
            let none = request.maximum_items.is_some();
            let located = server.ask(user, V2_0, request).unwrap();
            assert_eq!(located.located_items, Some(1));
            assert_eq!(found(&located), if none { vec![] } else { vec![key.clone()] });
        }
    }
}
