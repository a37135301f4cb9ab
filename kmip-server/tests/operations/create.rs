//! Create.

use kmip::ttlv::{DateTime, Tag};
use kmip::types::*;

use crate::harness::*;

#[test]
fn a_key_on_every_version() {
    let server = server();
    for version in ALL {
        for length in [128, 192, 256] {
            let response = server.send(*version, create_request(*version, aes(length))).unwrap();
            assert_eq!(response.object_type, ObjectType::SymmetricKey);
            let got = server.get(*version, &text_of(&response.unique_identifier)).unwrap();
            let ManagedObject::SymmetricKey(key) = got.object else { panic!() };
            assert_eq!(key.key_block.key_format_type, KeyFormatType::Raw);
            assert_eq!(key.key_block.cryptographic_length, Some(length));
            let Some(KeyValue::Plaintext(value)) = key.key_block.key_value else { panic!() };
            let KeyMaterial::ByteString(bytes) = value.key_material else { panic!() };
            assert_eq!(bytes.len() * 8, length as usize);
            assert!(bytes.expose().iter().any(|byte| *byte != 0));
        }
    }
}

/// Keys of all algorithms that PyKMIP's documentation and the official cases create; DES keys have odd parity.
#[test]
fn other_algorithms() {
    use CryptographicAlgorithm as A;
    let server = server();
    for (algorithm, length, bytes) in [
        (A::DES3, 168, 24),
        (A::DES3, 112, 16),
        (A::DES3, 192, 24),
        (A::DES3, 64, 8),
        (A::Blowfish, 384, 48),
        (A::Camellia, 192, 24),
        (A::CAST5, 64, 8),
        (A::IDEA, 128, 16),
        (A::RC4, 192, 24),
        (A::HMAC_SHA256, 256, 32),
        (A::SKIPJACK, 80, 10),
    ] {
        let mut given = aes(length);
        given.set(AttributeValue::CryptographicAlgorithm(algorithm));
        let created = server.send(V1_2, create_request(V1_2, given)).unwrap();
        let got = server.get(V1_2, &text_of(&created.unique_identifier)).unwrap().object;
        let ManagedObject::SymmetricKey(key) = got else { panic!() };
        let Some(KeyValue::Plaintext(value)) = key.key_block.key_value else { panic!() };
        let KeyMaterial::ByteString(material) = value.key_material else { panic!() };
        assert_eq!(material.len(), bytes, "{algorithm} {length}");
        if algorithm == A::DES3 {
            assert!(material.expose().iter().all(|byte| byte.count_ones() % 2 == 1));
        }
    }
    for (algorithm, length) in
        [(A::IDEA, 64), (A::SKIPJACK, 128), (A::DES3, 56), (A::Blowfish, 33), (A::Camellia, 512)]
    {
        let mut given = aes(length);
        given.set(AttributeValue::CryptographicAlgorithm(algorithm));
        let failed = server.send(V1_2, create_request(V1_2, given)).unwrap_err();
        assert_eq!(failed.reason, ResultReason::InvalidField, "{algorithm} {length}");
    }
}

#[test]
fn what_must_be_given() {
    let server = server();
    for version in ALL {
        for left_out in [Tag::CryptographicAlgorithm, Tag::CryptographicLength, Tag::CryptographicUsageMask] {
            // The official case TC-CS-CORVAL-1 of 1.4 and 2.0 gives no mask.
            if left_out == Tag::CryptographicUsageMask && *version >= V1_4 {
                continue;
            }
            let mut set = aes(128);
            set.remove(&AttributeId::Standard(left_out));
            let failed = server.send(*version, create_request(*version, set)).unwrap_err();
            assert_eq!(failed.reason, ResultReason::InvalidField, "{left_out} {version}");
        }
    }
}

#[test]
fn what_cannot_be_made() {
    let server = server();
    for version in ALL {
        for length in [0, -1, 127, 512, i32::MAX] {
            let failed = server.send(*version, create_request(*version, aes(length))).unwrap_err();
            assert_eq!(failed.reason, ResultReason::InvalidField);
        }
        let mut set = aes(128);
        set.set(AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::RSA));
        assert!(server.send(*version, create_request(*version, set)).is_err());
        let request =
            CreateRequest { object_type: ObjectType::Certificate, ..create_request(*version, aes(128)) };
        let wrong = reason(*version, ResultReason::InvalidField, ResultReason::InvalidObjectType);
        assert_eq!(server.send(*version, request).unwrap_err().reason, wrong);
    }
}

#[test]
fn attributes_that_a_client_cannot_set() {
    let server = server();
    for version in ALL {
        let ask = |value: AttributeValue| {
            let mut set = aes(128);
            set.add(value);
            server.send(*version, create_request(*version, set)).unwrap_err().reason
        };
        let read_only = reason(*version, ResultReason::InvalidField, ResultReason::AttributeReadOnly);
        assert_eq!(ask(AttributeValue::State(State::Active)), read_only);
        assert_eq!(ask(AttributeValue::InitialDate(DateTime(1))), read_only);
        assert_eq!(ask(AttributeValue::UniqueIdentifier(id("mine"))), read_only);
        // One value at most, and not for keys.
        let single = reason(*version, ResultReason::InvalidField, ResultReason::AttributeSingleValued);
        assert_eq!(ask(AttributeValue::CryptographicLength(128)), single);
        let wrong = reason(*version, ResultReason::InvalidField, ResultReason::InvalidAttribute);
        assert_eq!(
            ask(AttributeValue::CryptographicDomainParameters(CryptographicDomainParameters::new())),
            wrong
        );
    }
}

#[test]
fn custom_attributes_are_the_clients_own() {
    let server = server();
    for version in ALL {
        let ask = |vendor: &str| {
            let mut set = aes(128);
            set.add(AttributeInstance::vendor(vendor, "Owner", "me"));
            server.send(*version, create_request(*version, set))
        };
        assert!(ask("x").is_ok());
        assert!(ask("y").is_err());
        assert_eq!(ask("acme").is_ok(), *version >= V2_0);
    }
}

#[test]
fn attributes_of_later_versions_are_unknown() {
    let server = server();
    let mut request = create_request(V1_0, aes(128));
    let fresh = Attribute {
        attribute_value: Some(AttributeValue::Other(kmip::ttlv::Item::new(Tag::AttributeValue, true))),
        ..Attribute::new()
    };
    let fresh = Attribute { attribute_name: Some("Fresh".into()), ..fresh };
    request.template_attribute.as_mut().unwrap().attribute.push(fresh);
    assert_eq!(server.send(V1_0, request).unwrap_err().reason, ResultReason::InvalidField);
}

/// KMIP 1.4 §3.22: an Activation Date that has come makes the key active.
#[test]
fn dates_decide_the_state() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        assert_eq!(server.state(&key), State::PreActive);
        let key = server.create(*version, [AttributeValue::ActivationDate(DateTime(now().0 - 3600))]);
        assert_eq!(server.state(&key), State::Active);
        let attributes = server.attributes(*version, &key);
        assert_eq!(
            attributes.get(Tag::ActivationDate),
            Some(&AttributeValue::ActivationDate(DateTime(now().0 - 3600)))
        );
        let key = server.create(*version, [AttributeValue::ActivationDate(DateTime(now().0 + 10))]);
        assert_eq!(server.state(&key), State::PreActive);
        let dates = [
            AttributeValue::ActivationDate(DateTime(now().0 - 10)),
            AttributeValue::DeactivationDate(DateTime(now().0 - 5)),
        ];
        let key = server.create(*version, dates);
        assert_eq!(server.state(&key), State::Deactivated);
        let dates = [
            AttributeValue::ActivationDate(DateTime(now().0 + 10)),
            AttributeValue::DeactivationDate(DateTime(now().0 + 5)),
        ];
        let mut wrong = aes(128);
        wrong.extend(dates);
        let expected = reason(*version, ResultReason::InvalidField, ResultReason::InvalidAttributeValue);
        assert_eq!(server.send(*version, create_request(*version, wrong)).unwrap_err().reason, expected);
    }
}

/// 1.x templates: what is explicit goes before what the template says.
#[test]
fn templates() {
    let server = server();
    for version in [V1_0, V1_1, V1_2, V1_3, V1_4] {
        let named = format!("template {version}");
        let inner = set([
            AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            AttributeValue::CryptographicLength(256),
            name(&named),
        ]);
        let template =
            ManagedObject::Template(Template { attribute: inner.to_attribute_list(), ..Template::new() });
        let registered =
            server.send(version, register_request(version, template, AttributeSet::new())).unwrap();

        let create = |more: Vec<AttributeValue>| {
            let mut request = create_request(version, set(more));
            let template = request.template_attribute.as_mut().unwrap();
            template.name.push(Name::new(named.as_str().into(), NameType::UninterpretedTextString));
            server.send(version, request)
        };
        let mask = AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Encrypt);
        let key = text_of(&create(vec![mask.clone(), name("key")]).unwrap().unique_identifier);
        let attributes = server.attributes(version, &key);
        assert_eq!(attributes.get(Tag::CryptographicLength), Some(&AttributeValue::CryptographicLength(256)));
        let names: Vec<_> = attributes
            .all(&AttributeId::Standard(Tag::Name))
            .map(|instance| instance.value.clone())
            .collect();
        assert_eq!(names, [name("key")]);
        let key = text_of(
            &create(vec![mask.clone(), AttributeValue::CryptographicLength(128)]).unwrap().unique_identifier,
        );
        let attributes = server.attributes(version, &key);
        assert_eq!(attributes.get(Tag::CryptographicLength), Some(&AttributeValue::CryptographicLength(128)));

        let template = text_of(&registered.unique_identifier);
        server.destroy(version, &template).unwrap();
        assert_eq!(create(vec![mask]).unwrap_err().reason, ResultReason::ItemNotFound);
        // Nothing stays of a template (1.4 §4.21).
        let failed = server.attributes_named(version, &template, &[]).unwrap_err();
        assert_eq!(failed.reason, ResultReason::ItemNotFound);
    }
}

#[test]
fn secret_data_can_be_made_since_1_4() {
    let server = server();
    for version in ALL {
        let given = set([AttributeValue::CryptographicLength(80)]);
        let request =
            CreateRequest { object_type: ObjectType::SecretData, ..create_request(*version, given) };
        match server.send(*version, request) {
            Ok(response) => {
                assert!(*version >= V1_4);
                let got = server.get(*version, &text_of(&response.unique_identifier)).unwrap().object;
                let ManagedObject::SecretData(data) = got else { panic!() };
                assert_eq!(data.secret_data_type, SecretDataType::Password);
            }
            Err(failed) => {
                assert!(*version < V1_4);
                assert_eq!(failed.reason, ResultReason::InvalidField);
            }
        }
    }
}

/// The official case QS-M-2.
#[test]
fn a_short_key_is_not_quantum_safe() {
    let server = server();
    let ask = |length| {
        let mut given = aes(length);
        given.add(AttributeValue::QuantumSafe(true));
        server.send(V2_0, create_request(V2_0, given))
    };
    assert_eq!(ask(128).unwrap_err().reason, ResultReason::GeneralFailure);
    ask(256).unwrap();
}

#[test]
fn what_is_not_understood_is_not_left_out() {
    let server = server();
    for version in ALL {
        let stranger = || kmip::ttlv::Item::new(Tag(0x0054_0001), 7);
        let mut request = create_request(*version, aes(128));
        request.unknown.add(stranger());
        assert_eq!(server.send(*version, request).unwrap_err().reason, ResultReason::InvalidField);
        let mut request = create_request(*version, aes(128));
        match (&mut request.template_attribute, &mut request.attributes) {
            (Some(template), _) => template.unknown.add(stranger()),
            (_, Some(attributes)) => attributes.attribute.push(AttributeValue::Other(stranger())),
            _ => panic!(),
        }
        assert!(server.send(*version, request).is_err());
    }
}

/// KMIP 2.0 §7.27.
#[test]
fn protection_that_the_server_does_not_have() {
    let server = server();
    use ProtectionStorageMask as M;
    let ask = |masks: &[M], own: Option<M>| {
        let mut given = aes(128);
        given.extend(own.map(AttributeValue::ProtectionStorageMask));
        let protection_storage_mask = masks.to_vec();
        let request = CreateRequest {
            protection_storage_masks: Some(ProtectionStorageMasks {
                protection_storage_mask,
                ..ProtectionStorageMasks::new()
            }),
            ..create_request(V2_0, given)
        };
        server.send(V2_0, request).map(|_| ()).map_err(|failed| failed.reason)
    };
    let unavailable = Err(ResultReason::ProtectionStorageUnavailable);
    assert_eq!(ask(&[], None), Ok(()));
    assert_eq!(ask(&[M::Hardware, M::Software], Some(M::Software)), Ok(()));
    assert_eq!(ask(&[M::Hardware], None), unavailable);
    assert_eq!(ask(&[M::Software | M::OnSystem], None), unavailable);
    assert_eq!(ask(&[], Some(M::Hardware)), unavailable);
}
