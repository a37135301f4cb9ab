//! Create Split Key and Join Split Key.

use kmip::ttlv::{BigInteger, Tag, Version};
use kmip::types::*;

use crate::fixtures;
use crate::harness::*;

const SINCE: [Version; 4] = [V1_2, V1_3, V1_4, V2_0];
const METHODS: [SplitKeyMethod; 4] = [
    SplitKeyMethod::XOR,
    SplitKeyMethod::PolynomialSharingGF2_8,
    SplitKeyMethod::PolynomialSharingGF2_16,
    SplitKeyMethod::PolynomialSharingPrimeField,
];

/// 2^521 - 1, for all but the longest keys.
fn prime() -> BigInteger {
    BigInteger::from_unsigned_bytes(&[vec![0, 0, 0, 0, 0, 0, 1], vec![0xFF; 65]].concat())
}

fn split(version: Version, key: Option<&str>, method: SplitKeyMethod) -> CreateSplitKeyRequest {
    let threshold = if method == SplitKeyMethod::XOR { 4 } else { 3 };
    let more = if key.is_some() { AttributeSet::new() } else { aes(256) };
    let (template_attribute, attributes) = wire(version, more);
    CreateSplitKeyRequest {
        unique_identifier: key.map(id),
        template_attribute,
        attributes,
        prime_field_size: (method == SplitKeyMethod::PolynomialSharingPrimeField).then(prime),
        ..CreateSplitKeyRequest::new(ObjectType::SplitKey, 4, threshold, method)
    }
}

fn join(object_type: ObjectType, parts: &[&String]) -> JoinSplitKeyRequest {
    JoinSplitKeyRequest {
        unique_identifier: parts.iter().map(|part| id(part)).collect(),
        ..JoinSplitKeyRequest::new(object_type)
    }
}

impl Server {
    fn split(&self, version: Version, request: CreateSplitKeyRequest) -> Vec<String> {
        self.send(version, request).unwrap().unique_identifier.iter().map(text_of).collect()
    }

    fn join(&self, version: Version, object_type: ObjectType, parts: &[&String]) -> Result<String, Failed> {
        self.send(version, join(object_type, parts)).map(|response| text_of(&response.unique_identifier))
    }
}

fn value(object: &ManagedObject) -> Option<KeyValue> {
    match object {
        ManagedObject::SymmetricKey(key) => key.key_block.key_value.clone(),
        ManagedObject::PrivateKey(key) => key.key_block.key_value.clone(),
        ManagedObject::SecretData(data) => data.key_block.key_value.clone(),
        other => panic!("{other:?}"),
    }
}

fn has_link(server: &Server, object: &str, kind: LinkType, to: &str) -> bool {
    let link = AttributeValue::Link(Link::new(kind, id(to)));
    server.attributes(V1_4, object).iter().any(|instance| instance.value == link)
}

#[test]
fn a_key_comes_back_from_its_parts() {
    let server = server();
    for version in SINCE {
        for method in METHODS {
            let key = server.create(version, []);
            let before = server.get(version, &key).unwrap().object;
            let parts = server.split(version, split(version, Some(&key), method));
            assert_eq!(parts.len(), 4);
            for (number, part) in (1..).zip(&parts) {
                let ManagedObject::SplitKey(part_object) = server.get(version, part).unwrap().object else {
                    panic!("no split key");
                };
                assert_eq!((part_object.split_key_parts, part_object.key_part_identifier), (4, number));
                assert_eq!(part_object.split_key_method, method);
                assert!(has_link(&server, part, LinkType::ParentLink, &key));
                assert!(has_link(&server, &key, LinkType::ChildLink, part));
                let attributes = server.attributes(version, part);
                assert_eq!(
                    attributes.get(Tag::CryptographicLength),
                    Some(&AttributeValue::CryptographicLength(128))
                );
            }
            server.destroy(version, &key).unwrap();
            let all = [&parts[3], &parts[1], &parts[0], &parts[2]];
            let used = if method == SplitKeyMethod::XOR { &all[..] } else { &all[..3] };
            let joined = server.join(version, ObjectType::SymmetricKey, used).unwrap();
            assert_eq!(value(&server.get(version, &joined).unwrap().object), value(&before), "{method}");

            let few = server.join(version, ObjectType::SymmetricKey, &used[1..]).unwrap_err();
            assert_eq!(few.reason, ResultReason::CryptographicFailure, "{version} {method}");
            let twice = server.join(version, ObjectType::SymmetricKey, &[used[0], used[0], used[1]]);
            assert_eq!(twice.unwrap_err().reason, ResultReason::CryptographicFailure);
        }
    }
}

#[test]
fn new_keys_are_split_without_being_kept() {
    let server = server();
    for version in SINCE {
        let parts = server.split(version, split(version, None, SplitKeyMethod::PolynomialSharingGF2_8));
        let one = server.join(version, ObjectType::SymmetricKey, &[&parts[0], &parts[1], &parts[2]]).unwrap();
        let other =
            server.join(version, ObjectType::SymmetricKey, &[&parts[3], &parts[1], &parts[2]]).unwrap();
        let ManagedObject::SymmetricKey(key) = server.get(version, &one).unwrap().object else { panic!() };
        assert_eq!(key.key_block.cryptographic_length, Some(256));
        assert_eq!(server.get(version, &other).unwrap().object, ManagedObject::SymmetricKey(key));
    }
}

#[test]
fn private_keys_and_secret_data_are_split_too() {
    let server = server();
    let der = fixtures::rsa().private_key_to_pkcs8().unwrap();
    for version in SINCE {
        let private = ManagedObject::PrivateKey(PrivateKey::new(KeyBlock {
            cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
            cryptographic_length: Some(1024),
            ..fixtures::block(KeyFormatType::PKCS_8, &der)
        }));
        // It begins with a zero, which a number would lose.
        let secret = ManagedObject::SecretData(SecretData::new(
            SecretDataType::Password,
            fixtures::block(KeyFormatType::Opaque, b"\0a password"),
        ));
        let mask = AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Sign);
        for (object, object_type, method) in [
            (&private, ObjectType::PrivateKey, SplitKeyMethod::PolynomialSharingGF2_8),
            (&secret, ObjectType::SecretData, SplitKeyMethod::PolynomialSharingPrimeField),
            (&secret, ObjectType::SecretData, SplitKeyMethod::XOR),
        ] {
            let registered =
                server.send(version, register_request(version, object.clone(), set([mask.clone()])));
            let key = text_of(&registered.unwrap().unique_identifier);
            let parts = server.split(version, split(version, Some(&key), method));
            let parts: Vec<&String> = parts.iter().collect();
            let joined = server.join(version, object_type, &parts).unwrap();
            assert_eq!(value(&server.get(version, &joined).unwrap().object), value(object), "{method}");
        }
    }
}

#[test]
fn parts_are_as_guarded_as_their_key() {
    let server = server();
    let secrets = [AttributeValue::Sensitive(true), AttributeValue::Extractable(false)];
    let key = server.create(V1_4, secrets);
    let parts = server.split(V1_4, split(V1_4, Some(&key), SplitKeyMethod::XOR));
    assert!(server.get(V1_4, &parts[0]).is_err());
    let joined = server.join(V1_4, ObjectType::SymmetricKey, &parts.iter().collect::<Vec<_>>()).unwrap();
    assert_eq!(server.get(V1_4, &joined).unwrap_err().reason, ResultReason::NotExtractable);

    // Someone else's keys and parts are not there.
    let open = server.create(V1_4, []);
    let missing = server.ask("bob", V1_4, split(V1_4, Some(&open), SplitKeyMethod::XOR));
    assert_eq!(missing.unwrap_err().reason, ResultReason::ItemNotFound);
    let parts = server.split(V1_4, split(V1_4, Some(&open), SplitKeyMethod::XOR));
    let parts: Vec<&String> = parts.iter().collect();
    let missing = server.ask("bob", V1_4, join(ObjectType::SymmetricKey, &parts));
    assert_eq!(missing.unwrap_err().reason, ResultReason::ItemNotFound);
}

#[test]
fn what_cannot_be_split_or_joined_is_refused() {
    use ResultReason as R;
    let server = server();
    for version in SINCE {
        let key = server.create(version, []);
        let usual = split(version, Some(&key), SplitKeyMethod::PolynomialSharingGF2_8);
        let refused = |request: CreateSplitKeyRequest| server.send(version, request).unwrap_err().reason;
        let prime = SplitKeyMethod::PolynomialSharingPrimeField;
        let bad = reason(version, R::InvalidField, R::BadCryptographicParameters);
        for (request, expected) in [
            (CreateSplitKeyRequest { split_key_parts: 0, ..usual.clone() }, R::InvalidField),
            (CreateSplitKeyRequest { split_key_threshold: 5, ..usual.clone() }, bad),
            (
                CreateSplitKeyRequest { split_key_method: SplitKeyMethod(99), ..usual.clone() },
                R::InvalidField,
            ),
            (CreateSplitKeyRequest { split_key_method: SplitKeyMethod::XOR, ..usual.clone() }, bad),
            (CreateSplitKeyRequest { split_key_method: prime, ..usual.clone() }, R::InvalidField),
            (
                CreateSplitKeyRequest {
                    split_key_method: prime,
                    prime_field_size: Some(BigInteger::from_unsigned_bytes(&[0; 8])),
                    ..usual.clone()
                },
                bad,
            ),
            (
                CreateSplitKeyRequest { object_type: ObjectType::SymmetricKey, ..usual.clone() },
                reason(version, R::InvalidField, R::InvalidObjectType),
            ),
            (
                CreateSplitKeyRequest { unique_identifier: Some(id("nowhere")), ..usual.clone() },
                R::ItemNotFound,
            ),
        ] {
            assert_eq!(refused(request.clone()), expected, "{version} {request:?}");
        }
        let two = server.split(version, usual.clone());
        let other = server.split(version, split(version, Some(&key), SplitKeyMethod::XOR));
        let joined =
            |parts: &[&String]| server.join(version, ObjectType::SymmetricKey, parts).unwrap_err().reason;
        assert_eq!(joined(&[&two[0], &two[1], &other[2]]), R::CryptographicFailure);
        let wrong = reason(version, R::InvalidField, R::InvalidObjectType);
        let certificate = server.join(version, ObjectType::Certificate, &[&two[0], &two[1], &two[2]]);
        assert_eq!(certificate.unwrap_err().reason, wrong);
        assert!(server.join(version, ObjectType::SymmetricKey, &[&key]).is_err());
        // Parts of two splits of the same key don't fit, which shows where there is one more than needed.
        let again = server.split(version, usual);
        assert_eq!(joined(&[&two[0], &two[1], &two[2], &again[3]]), R::CryptographicFailure);
    }
}
