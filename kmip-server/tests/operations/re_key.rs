//! Re-key and Re-key Key Pair.

use kmip::ttlv::{DateTime, Interval, Tag, Version};
use kmip::types::*;

use crate::create_key_pair::{common, create};
use crate::harness::*;

fn re_key_request(version: Version, identifier: &str, given: AttributeSet) -> ReKeyRequest {
    let (template_attribute, attributes) = if given.is_empty() { (None, None) } else { wire(version, given) };
    ReKeyRequest {
        unique_identifier: Some(id(identifier)),
        template_attribute,
        attributes,
        ..ReKeyRequest::new()
    }
}

fn re_key(server: &Server, version: Version, identifier: &str) -> String {
    let request = re_key_request(version, identifier, AttributeSet::new());
    text_of(&server.send(version, request).unwrap().unique_identifier)
}

fn names(attributes: &AttributeSet) -> Vec<&AttributeValue> {
    attributes.all(&AttributeId::Standard(Tag::Name)).map(|instance| &instance.value).collect()
}

fn links(attributes: &AttributeSet) -> Vec<(LinkType, String)> {
    attributes
        .all(&AttributeId::Standard(Tag::Link))
        .map(|instance| match &instance.value {
            AttributeValue::Link(link) => (link.link_type, text_of(&link.linked_object_identifier)),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn key_bytes(server: &Server, version: Version, identifier: &str) -> Vec<u8> {
    let ManagedObject::SymmetricKey(key) = server.get(version, identifier).unwrap().object else { panic!() };
    match &key.key_block.key_value {
        Some(KeyValue::Plaintext(value)) => match &value.key_material {
            KeyMaterial::ByteString(bytes) => bytes.expose().to_vec(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// 1.4 table 173.
#[test]
fn the_replacement_takes_over() {
    let server = server();
    for version in ALL {
        let called = name(&format!("key {version}"));
        let parameters = AttributeValue::CryptographicParameters(
            CryptographicParameters {
                block_cipher_mode: Some(BlockCipherMode::CBC),
                ..CryptographicParameters::new()
            }
            .into(),
        );
        let limits = AttributeValue::UsageLimits(UsageLimits {
            usage_limits_total: Some(100),
            usage_limits_unit: Some(UsageLimitsUnit::Byte),
            ..UsageLimits::new()
        });
        let custom = AttributeInstance::vendor("x", "owner", "me");
        let mut given = crate::harness::aes(128);
        for value in [called.clone(), parameters.clone(), limits, AttributeValue::ActivationDate(now())] {
            given.add(value);
        }
        given.add(custom.clone());
        let old = server.send(*version, create_request(*version, given)).unwrap();
        let old = text_of(&old.unique_identifier);
        wait(10);
        let new = re_key(&server, *version, &old);
        assert_ne!(key_bytes(&server, *version, &old), key_bytes(&server, *version, &new));

        let attributes = server.attributes(*version, &new);
        assert_eq!(names(&attributes), [&called]);
        assert_eq!(attributes.get(Tag::CryptographicParameters), Some(&parameters));
        assert_eq!(attributes.get(Tag::State), Some(&AttributeValue::State(State::Active)));
        assert_eq!(attributes.get(Tag::InitialDate), Some(&AttributeValue::InitialDate(now())));
        assert_eq!(attributes.get(Tag::LastChangeDate), Some(&AttributeValue::LastChangeDate(now())));
        assert!(attributes.iter().any(|instance| *instance == custom));
        assert_eq!(links(&attributes), [(LinkType::ReplacedObjectLink, old.clone())]);
        let Some(AttributeValue::UsageLimits(limits)) = attributes.get(Tag::UsageLimits) else { panic!() };
        assert_eq!(limits.usage_limits_count, Some(100));

        let attributes = server.attributes(*version, &old);
        assert_eq!(names(&attributes), Vec::<&AttributeValue>::new());
        assert_eq!(attributes.get(Tag::State), Some(&AttributeValue::State(State::Active)));
        assert_eq!(links(&attributes), [(LinkType::ReplacementObjectLink, new.clone())]);
        assert_eq!(server.locate(*version, set([called])).unwrap(), [new]);
    }
}

/// 1.4 table 172.
#[test]
fn an_offset_moves_the_dates() {
    let server = server();
    for version in ALL {
        let start = now().0;
        let old = server.create(
            *version,
            [
                AttributeValue::ActivationDate(DateTime(start + 100)),
                AttributeValue::ProcessStartDate(DateTime(start + 200)),
                AttributeValue::ProtectStopDate(DateTime(start + 300)),
                AttributeValue::DeactivationDate(DateTime(start + 400)),
            ],
        );
        wait(10);
        let request = ReKeyRequest {
            offset: Some(Interval(1000)),
            ..re_key_request(*version, &old, AttributeSet::new())
        };
        let new = text_of(&server.send(*version, request.clone()).unwrap().unique_identifier);
        let attributes = server.attributes(*version, &new);
        let activation = now().0 + 1000;
        for expected in [
            AttributeValue::ActivationDate(DateTime(activation)),
            AttributeValue::ProcessStartDate(DateTime(activation + 100)),
            AttributeValue::ProtectStopDate(DateTime(activation + 200)),
            AttributeValue::DeactivationDate(DateTime(activation + 300)),
            AttributeValue::State(State::PreActive),
        ] {
            assert!(attributes.iter().any(|instance| instance.value == expected), "{expected:?}");
        }
        // Without one, they are copied.
        let copied = server.attributes(*version, &re_key(&server, *version, &old));
        let expected = AttributeValue::DeactivationDate(DateTime(start + 400));
        assert_eq!(copied.get(Tag::DeactivationDate), Some(&expected));

        // 1.4 table 331.
        let dated = ReKeyRequest {
            offset: Some(Interval(1)),
            ..re_key_request(*version, &old, set([AttributeValue::ActivationDate(now())]))
        };
        assert_eq!(server.send(*version, dated).unwrap_err().reason, ResultReason::InvalidMessage);
        let undated = server.create(*version, [AttributeValue::DeactivationDate(DateTime(start + 9000))]);
        let request = ReKeyRequest { unique_identifier: Some(id(&undated)), ..request };
        assert_eq!(
            server.send(*version, request).unwrap_err().reason,
            reason(*version, ResultReason::IllegalOperation, ResultReason::InvalidField)
        );
        assert_eq!(links(&server.attributes(*version, &undated)), []);
    }
}

#[test]
fn what_the_request_gives_goes_before() {
    let server = server();
    for version in ALL {
        let (one, other) = (name(&format!("one {version}")), name(&format!("other {version}")));
        let old = server.create(*version, [one.clone()]);
        let given = set([other.clone(), AttributeValue::ContactInformation("me".into())]);
        let new = server.send(*version, re_key_request(*version, &old, given)).unwrap();
        let attributes = server.attributes(*version, &text_of(&new.unique_identifier));
        assert_eq!(names(&attributes), [&one, &other]);
        assert_eq!(
            attributes.get(Tag::ContactInformation),
            Some(&AttributeValue::ContactInformation("me".into()))
        );
    }
}

/// As the official case TC-REKEY-1: one after another, each by the ID Placeholder.
#[test]
fn in_sequence() {
    let server = server();
    for version in ALL {
        let called = name(&format!("sequence {version}"));
        let old = server.create(*version, [called.clone()]);
        let items = vec![
            re_key_request(*version, &old, AttributeSet::new()).into(),
            ReKeyRequest::new().into(),
            ReKeyRequest::new().into(),
        ];
        let items = server.batch("alice", *version, items);
        let last = answer::<ReKeyRequest>(items[2].clone()).unwrap();
        assert_eq!(server.locate(*version, set([called])).unwrap(), [text_of(&last.unique_identifier)]);
    }
}

#[test]
fn what_cannot_be_replaced_is_refused() {
    let server = server();
    for version in ALL {
        let (private, _) = create(&server, *version, common(CryptographicAlgorithm::ECDSA, 256));
        let refused = reason(*version, ResultReason::PermissionDenied, ResultReason::InvalidObjectType);
        let failed = server.send(*version, re_key_request(*version, &private, AttributeSet::new()));
        assert_eq!(failed.unwrap_err().reason, refused);
        let key = server.create(*version, []);
        let missing = reason(*version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        let request = re_key_request(*version, &key, AttributeSet::new());
        assert_eq!(server.ask("bob", *version, request.clone()).unwrap_err().reason, missing);
        server.destroy(*version, &key).unwrap();
        assert_eq!(server.send(*version, request).unwrap_err().reason, missing);
        if *version >= V1_1 {
            let request = ReKeyKeyPairRequest {
                private_key_unique_identifier: Some(id(&server.create(*version, []))),
                ..ReKeyKeyPairRequest::new()
            };
            assert_eq!(server.send(*version, request).unwrap_err().reason, refused);
        }
    }
}

/// 1.4 table 177.
#[test]
fn a_pair_takes_the_place_of_a_pair() {
    let server = server();
    for version in ALL.iter().filter(|version| **version >= V1_1) {
        for algorithm in [CryptographicAlgorithm::RSA, CryptographicAlgorithm::ECDSA] {
            let mut both =
                common(algorithm, if algorithm == CryptographicAlgorithm::RSA { 1024 } else { 256 });
            let called = name(&format!("{algorithm} {version}"));
            both.add(called.clone());
            if algorithm == CryptographicAlgorithm::ECDSA && *version >= V1_2 {
                both.add(AttributeValue::CryptographicDomainParameters(CryptographicDomainParameters {
                    recommended_curve: Some(RecommendedCurve::SECP256K1),
                    ..CryptographicDomainParameters::new()
                }));
            }
            let (private, public) = create(&server, *version, both);
            let request = ReKeyKeyPairRequest {
                private_key_unique_identifier: Some(id(&private)),
                offset: Some(Interval(0)),
                ..ReKeyKeyPairRequest::new()
            };
            let made = server.send(*version, request).unwrap();
            let new_private = text_of(&made.private_key_unique_identifier);
            let new_public = text_of(&made.public_key_unique_identifier);
            for (old, new, other, link) in [
                (&private, &new_private, &new_public, LinkType::PublicKeyLink),
                (&public, &new_public, &new_private, LinkType::PrivateKeyLink),
            ] {
                let attributes = server.attributes(*version, new);
                assert_eq!(names(&attributes), [&called]);
                assert_eq!(attributes.get(Tag::State), Some(&AttributeValue::State(State::Active)));
                let links_of = links(&attributes);
                assert!(links_of.contains(&(link, other.clone())));
                assert!(links_of.contains(&(LinkType::ReplacedObjectLink, old.clone())));
                assert_eq!(links_of.len(), 2);
                let attributes = server.attributes(*version, old);
                assert!(names(&attributes).is_empty());
                assert!(links(&attributes).contains(&(LinkType::ReplacementObjectLink, new.clone())));
                assert_ne!(
                    server.get(*version, old).unwrap().object,
                    server.get(*version, new).unwrap().object
                );
            }
        }
    }
}

/// A registered key of a curve that no attribute names is replaced by one of the same curve.
#[test]
fn the_curve_is_that_of_the_key() {
    use openssl::ec::{EcGroup, EcKey};
    use openssl::nid::Nid;
    use openssl::pkey::PKey;
    let server = server();
    let group = EcGroup::from_curve_name(Nid::SECP256K1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let block = crate::fixtures::block(KeyFormatType::X_509, &key.public_key_to_der().unwrap());
    let public = ManagedObject::PublicKey(PublicKey::new(block).into());
    let public = server.send(V1_4, register_request(V1_4, public, AttributeSet::new())).unwrap();
    let block = crate::fixtures::block(KeyFormatType::PKCS_8, &key.private_key_to_pkcs8().unwrap());
    let private = ManagedObject::PrivateKey(PrivateKey::new(block).into());
    let link = AttributeValue::Link(Link::new(LinkType::PublicKeyLink, public.unique_identifier));
    let private = server.send(V1_4, register_request(V1_4, private, set([link]))).unwrap();
    let request = ReKeyKeyPairRequest {
        private_key_unique_identifier: Some(private.unique_identifier),
        ..ReKeyKeyPairRequest::new()
    };
    let made = server.send(V1_4, request).unwrap();
    let request = GetRequest {
        unique_identifier: Some(made.private_key_unique_identifier),
        key_format_type: Some(KeyFormatType::TransparentECPrivateKey),
        ..GetRequest::new()
    };
    let ManagedObject::PrivateKey(key) = server.send(V1_4, request).unwrap().object else { panic!() };
    let Some(KeyValue::Plaintext(value)) = &key.key_block.key_value else { panic!() };
    let KeyMaterial::TransparentEcPrivateKey(key) = &value.key_material else { panic!() };
    assert_eq!(key.recommended_curve, RecommendedCurve::SECP256K1);
}

/// Where Names belong to one object each, those of a pair are its own, and go over to its replacement.
#[test]
fn names_that_are_kept_unique() {
    use kmip_server::engine::Settings;
    use kmip_server::rights::Policies;
    let server = server_set(Policies::built_in(), Settings { unique_names: true, ..Settings::default() });
    for version in ALL.iter().filter(|version| **version >= V1_1) {
        let called = name(&format!("pair {version}"));
        let mut both = common(CryptographicAlgorithm::ECDSA, 256);
        both.add(called.clone());
        let (private, _) = create(&server, *version, both.clone());
        let before = server.locate(*version, AttributeSet::new()).unwrap();
        let again = crate::create_key_pair::pair_request(*version, both);
        assert_eq!(
            server.send(*version, again).unwrap_err().reason,
            reason(*version, ResultReason::InvalidField, ResultReason::NonUniqueNameAttribute)
        );
        assert_eq!(server.locate(*version, AttributeSet::new()).unwrap(), before);
        let request = ReKeyKeyPairRequest {
            private_key_unique_identifier: Some(id(&private)),
            ..ReKeyKeyPairRequest::new()
        };
        let made = server.send(*version, request).unwrap();
        let mut expected =
            [text_of(&made.private_key_unique_identifier), text_of(&made.public_key_unique_identifier)];
        let mut found = server.locate(*version, set([called])).unwrap();
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }
}

/// Whoever may re-key a key of another's gets no key by it.
#[test]
fn a_replacement_belongs_to_the_same_owner() {
    use kmip_server::rights::Policies;
    let policies = Policies::built_in()
        .with_file(
            r#"{"rotated": {"preset": {"SYMMETRIC_KEY":
                {"LOCATE": "ALLOW_ALL", "REKEY": "ALLOW_ALL", "GET": "ALLOW_OWNER", "DESTROY": "ALLOW_OWNER"}}}}"#,
        )
        .unwrap();
    let server = server_with(policies);
    let old = server.create(V1_4, [AttributeValue::OperationPolicyName("rotated".into())]);
    let request = re_key_request(V1_4, &old, AttributeSet::new());
    let new = text_of(&server.ask("bob", V1_4, request).unwrap().unique_identifier);
    let failed = server.ask("bob", V1_4, get_request(&new)).unwrap_err();
    assert_eq!(failed.reason, ResultReason::PermissionDenied);
    server.get(V1_4, &new).unwrap();
}
