//! The life of objects and their attributes.

use kmip::{
    client::{
        Error,
        calls::{Form, KeyPairAttributes, Usage, Which},
        objects::{Certificate, Object, OpaqueObject, SecretData, SymmetricKey},
    },
    ttlv::{Interval, Tag},
    types::{
        AttributeId, AttributeSet, AttributeValue, BlockCipherMode, CertificateType, CryptographicAlgorithm,
        CryptographicUsageMask, EncodingOption, ObjectType, OpaqueDataType, ResultReason, RevocationReason,
        RevocationReasonCode, SecretDataType, State,
        attribute_set::AttributeInstance,
        version::{V1_0, V1_1, V1_2, V1_4, V2_0},
    },
};

use crate::{AES, ALL, KEY, cipher_usage, client, options, server};

fn symmetric_key() -> SymmetricKey {
    SymmetricKey::new(AES, &KEY[..])
}

#[test]
fn activate_revoke_and_destroy() {
    let server = server();
    let mut client = client(&server);
    for version in ALL {
        client.set_version(version);
        let id = client.register(symmetric_key()).unwrap();
        client.activate(&id).unwrap();
        let active = client.destroy(&id).unwrap_err();
        assert!(matches!(active, Error::Refused { .. }), "an active key was destroyed in {version}");
        let reason = RevocationReason::new(RevocationReasonCode::CessationOfOperation);
        client.revoke(&id, reason, None).unwrap();
        client.destroy(&id).unwrap();
        assert!(client.get(&id).is_err());
    }
}

#[test]
fn create() {
    let server = server();
    let mut client = client(&server);
    for version in ALL {
        client.set_version(version);
        let name = format!("Test_256_AES_Symmetric_Key {version}");
        let mut wanted = AttributeSet::new().with_name(&*name).with_usage(cipher_usage());
        if version < V2_0 {
            wanted = wanted.with_policy("default");
        }
        let id = client.create(AES, 256, wanted).unwrap();
        let key = SymmetricKey::try_from(client.get(&id).unwrap()).unwrap();
        assert_eq!((key.algorithm(), key.length()), (Some(AES), Some(256)));
        assert_eq!(key.bytes().map(<[u8]>::len), Some(32));
        assert_eq!(client.locate(AttributeSet::new().with_name(&*name)).unwrap().ids, [id]);
    }
}

#[test]
fn create_key_pair() {
    let server = server();
    let mut client = client(&server);
    for version in ALL {
        client.set_version(version);
        let attributes = KeyPairAttributes {
            public: AttributeSet::new()
                .with_name(format!("Test_2048_RSA_Public_Key {version}"))
                .with_usage(CryptographicUsageMask::Verify),
            private: AttributeSet::new()
                .with_name(format!("Test_2048_RSA_Private_Key {version}"))
                .with_usage(CryptographicUsageMask::Sign),
            ..KeyPairAttributes::default()
        };
        let pair = client.create_key_pair(CryptographicAlgorithm::RSA, 2048, attributes).unwrap();
        for (id, object_type) in
            [(pair.public, ObjectType::PublicKey), (pair.private, ObjectType::PrivateKey)]
        {
            let key = client.get(&id).unwrap();
            assert_eq!((key.object_type(), key.length()), (Some(object_type), Some(2048)));
        }
    }
}

#[test]
fn check() {
    let server = server();
    let mut client = client(&server);
    for version in ALL {
        client.set_version(version);
        let id = client.create(AES, 256, AttributeSet::new().with_usage(cipher_usage())).unwrap();
        let usage = Usage { mask: Some(CryptographicUsageMask::Encrypt), ..Usage::default() };
        assert_eq!(client.check(&id, usage).unwrap(), Usage::default());
        let usage = Usage { mask: Some(CryptographicUsageMask::Sign), ..Usage::default() };
        assert!(!matches!(client.check(&id, usage), Ok(refused) if refused == Usage::default()));
    }
}

#[test]
fn register_and_get_every_type() {
    let server = server();
    let mut client = client(&server);
    let certificate =
        openssl::x509::X509::from_pem(&std::fs::read(server.file("client.crt")).unwrap()).unwrap();
    let objects: [Object; 4] = [
        symmetric_key().usage(cipher_usage()).into(),
        SecretData::new(SecretDataType::Password, &b"password"[..])
            .usage(CryptographicUsageMask::DeriveKey)
            .into(),
        OpaqueObject::new(OpaqueDataType(0x8000_0000), &b"anything"[..]).into(),
        Certificate::new(CertificateType::X_509, certificate.to_der().unwrap())
            .usage(CryptographicUsageMask::Verify)
            .into(),
    ];
    for version in ALL {
        client.set_version(version);
        for object in &objects {
            let name = format!("{:?} {version}", object.object_type());
            let id = client.register(object.clone().named(name)).unwrap();
            let found = client.get(&id).unwrap();
            assert_eq!(found.object_type(), object.object_type());
            assert_eq!(found.bytes(), object.bytes(), "{:?} in {version}", object.object_type());
        }
    }
}

#[test]
fn get_a_wrapped_key() {
    let server = server();
    let mut client = client(&server);
    let key: [u8; 16] = std::array::from_fn(|index| index as u8 * 0x11);
    for version in [V1_1, V1_2, V1_4, V2_0] {
        client.set_version(version);
        let id = client.register(SymmetricKey::new(AES, &key[..]).usage(cipher_usage())).unwrap();
        let wrapping_key = symmetric_key().usage(CryptographicUsageMask::WrapKey);
        let wrapping_id = client.register(wrapping_key).unwrap();
        client.activate(&wrapping_id).unwrap();
        let mut form = Form::wrapped(wrapping_id.as_str(), BlockCipherMode::NISTKeyWrap);
        form.wrapping.as_mut().unwrap().encoding_option = Some(EncodingOption::NoEncoding);
        let wrapped = client.get_as(&id, form).unwrap();
        assert!(wrapped.wrapping().is_some());
        // RFC 3394 §4.1: this key under that one.
        let expected = "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5";
        let hex: String = wrapped.bytes().unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected, "{version}");
    }
}

#[test]
fn get_attributes_and_their_list() {
    let server = server();
    let mut client = client(&server);
    for version in ALL {
        client.set_version(version);
        let id = client.register(symmetric_key().usage(cipher_usage())).unwrap();
        let all = client.get_attributes(&id, &[]).unwrap();
        assert_eq!(all.get(Tag::State), Some(&AttributeValue::State(State::PreActive)));
        let length = AttributeId::Standard(Tag::CryptographicLength);
        let one = client.get_attributes(&id, std::slice::from_ref(&length)).unwrap();
        assert_eq!(one, AttributeSet::new().with(AttributeValue::CryptographicLength(128)));
        let list = client.get_attribute_list(&id).unwrap();
        for tag in [Tag::CryptographicAlgorithm, Tag::CryptographicLength, Tag::ObjectType, Tag::State] {
            assert!(list.contains(&AttributeId::Standard(tag)), "{tag} in {version}");
        }
    }
}

#[test]
fn locate() {
    let server = server();
    let mut client = client(&server);
    let ids: Vec<_> = (0..3).map(|_| client.register(symmetric_key()).unwrap()).collect();
    client.register(OpaqueObject::new(OpaqueDataType(0x8000_0000), &b"other"[..])).unwrap();
    for version in ALL {
        client.set_version(version);
        let keys = AttributeSet::new().with(AttributeValue::ObjectType(ObjectType::SymmetricKey));
        let mut found = client.locate(keys).unwrap().ids;
        found.reverse();
        assert_eq!(found, ids, "{version}");
    }
}

#[test]
fn modify_delete_and_set_attributes() {
    let server = server();
    let mut client = client(&server);
    let group = |name: &str| AttributeValue::ObjectGroup(name.into());
    for version in ALL {
        client.set_version(version);
        let id = client.register(symmetric_key().named(format!("Old Name {version}"))).unwrap();
        let names = |client: &mut kmip::client::blocking::Client| {
            let found = client.get_attributes(&id, &[AttributeId::Standard(Tag::Name)]).unwrap();
            Object { attributes: found, ..client.get(&id).unwrap() }
                .names()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let old: AttributeInstance = AttributeValue::named(format!("Old Name {version}")).into();
        let new = AttributeValue::named(format!("New Name {version}"));
        let echoed = client.modify_attribute(&id, new, old).unwrap();
        assert_eq!(echoed.is_some(), version < V2_0);
        assert_eq!(names(&mut client), [format!("New Name {version}")]);

        client.add_attribute(&id, group("Object Group 1")).unwrap();
        client.add_attribute(&id, group("Object Group 2")).unwrap();
        let which = AttributeInstance { index: 1, ..group("Object Group 2").into() };
        client.delete_attribute(&id, which).unwrap();
        let left = client.get_attributes(&id, &[AttributeId::Standard(Tag::ObjectGroup)]).unwrap();
        assert_eq!(left, AttributeSet::new().with(group("Object Group 1")), "{version}");
        client.delete_attribute(&id, Which::Id(AttributeId::Standard(Tag::ObjectGroup))).unwrap();
    }
    let id = client.register(symmetric_key()).unwrap();
    client.at(V2_0).set_attribute(&id, AttributeValue::ContactInformation("me".into())).unwrap();
    let error =
        client.at(V1_4).set_attribute(&id, AttributeValue::ContactInformation("me".into())).unwrap_err();
    assert!(matches!(error, Error::NoSuchOperation { .. }), "{error}");
}

#[test]
fn rekey() {
    let server = server();
    let mut client = client(&server);
    for version in ALL {
        client.set_version(version);
        let id = client.create(AES, 256, AttributeSet::new().with_usage(cipher_usage())).unwrap();
        let new = client.rekey(&id, Interval(60), AttributeSet::new()).unwrap();
        assert_ne!(new, id);
        let (old, new) = (client.get(&id).unwrap(), client.get(&new).unwrap());
        assert_eq!(old.length(), new.length());
        assert_ne!(old.bytes(), new.bytes());
    }
}

#[test]
fn leases_and_the_archive() {
    let server = server();
    let mut client = client(&server);
    for version in ALL {
        client.set_version(version);
        let id = client.create(AES, 256, AttributeSet::new().with_usage(cipher_usage())).unwrap();
        assert!(client.obtain_lease(&id).unwrap().time.0 > 0);
        client.archive(&id).unwrap();
        assert!(client.get(&id).is_err());
        client.recover(&id).unwrap();
        client.get(&id).unwrap();
    }
}

#[test]
fn errors_of_their_own() {
    let server = server();
    let mut client = kmip::client::blocking::Client::new(options(&server)).unwrap();
    assert!(matches!(client.get("7"), Err(Error::NotOpen)));
    client.open().unwrap();
    assert!(matches!(client.open(), Err(Error::AlreadyOpen)));
    for version in [V1_0, V2_0] {
        let Err(Error::Refused { reason, message, .. }) = client.at(version).get("no such object") else {
            panic!("it was found")
        };
        let expected = if version < V2_0 { ResultReason::ItemNotFound } else { ResultReason::ObjectNotFound };
        assert_eq!(reason, Some(expected));
        assert!(message.is_some_and(|message| !message.is_empty()));
    }
    client.close().unwrap();
    assert!(matches!(client.close(), Err(Error::NotOpen)));
}
