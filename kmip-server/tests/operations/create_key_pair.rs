//! Create Key Pair.

use kmip::ttlv::{Tag, Version};
use kmip::types::*;
use kmip_server::engine::Settings;
use kmip_server::rights::Policies;
use openssl::pkey::{Id, PKey};

use crate::harness::*;

/// A request with these attributes in common, and a mask for each key.
pub(crate) fn pair_request(version: Version, common: AttributeSet) -> CreateKeyPairRequest {
    request(
        version,
        common,
        set([AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Sign)]),
        set([AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Verify)]),
    )
}

fn request(
    version: Version,
    common: AttributeSet,
    private: AttributeSet,
    public: AttributeSet,
) -> CreateKeyPairRequest {
    let (common_template_attribute, common_attributes) = wire(version, common);
    let (private_key_template_attribute, private_key_attributes) = wire(version, private);
    let (public_key_template_attribute, public_key_attributes) = wire(version, public);
    CreateKeyPairRequest {
        common_template_attribute,
        common_attributes,
        private_key_template_attribute,
        private_key_attributes,
        public_key_template_attribute,
        public_key_attributes,
        ..CreateKeyPairRequest::new()
    }
}

pub(crate) fn common(algorithm: CryptographicAlgorithm, length: i32) -> AttributeSet {
    set([AttributeValue::CryptographicAlgorithm(algorithm), AttributeValue::CryptographicLength(length)])
}

fn curve(curve: RecommendedCurve) -> AttributeValue {
    AttributeValue::CryptographicDomainParameters(CryptographicDomainParameters {
        recommended_curve: Some(curve),
        ..CryptographicDomainParameters::new()
    })
}

/// Creates a pair for Alice: the identifiers of the private and the public key.
pub(crate) fn create(server: &Server, version: Version, common: AttributeSet) -> (String, String) {
    let response = server.send(version, pair_request(version, common)).unwrap();
    (text_of(&response.private_key_unique_identifier), text_of(&response.public_key_unique_identifier))
}

fn material(server: &Server, version: Version, identifier: &str, format: KeyFormatType) -> Vec<u8> {
    let request = GetRequest { key_format_type: Some(format), ..get_request(identifier) };
    let block = match server.send(version, request).unwrap().object {
        ManagedObject::PrivateKey(key) => key.key_block.clone(),
        ManagedObject::PublicKey(key) => key.key_block.clone(),
        other => panic!("{other:?}"),
    };
    match block.key_value {
        Some(KeyValue::Plaintext(value)) => match &value.key_material {
            KeyMaterial::ByteString(bytes) => bytes.expose().to_vec(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn link_of(attributes: &AttributeSet) -> (LinkType, String) {
    match attributes.get(Tag::Link) {
        Some(AttributeValue::Link(link)) => (link.link_type, text_of(&link.linked_object_identifier)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_keys_belong_together() {
    let server = server();
    for version in ALL {
        let (private, public) = create(&server, *version, common(CryptographicAlgorithm::RSA, 1024));
        let attributes = server.attributes(*version, &private);
        assert_eq!(link_of(&attributes), (LinkType::PublicKeyLink, public.clone()));
        assert_eq!(
            attributes.get(Tag::ObjectType),
            Some(&AttributeValue::ObjectType(ObjectType::PrivateKey))
        );
        assert_eq!(
            attributes.get(Tag::CryptographicUsageMask),
            Some(&AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Sign))
        );
        assert_eq!(attributes.get(Tag::State), Some(&AttributeValue::State(State::PreActive)));
        let attributes = server.attributes(*version, &public);
        assert_eq!(link_of(&attributes), (LinkType::PrivateKeyLink, private.clone()));
        assert_eq!(
            attributes.get(Tag::CryptographicLength),
            Some(&AttributeValue::CryptographicLength(1024))
        );

        let key = PKey::private_key_from_pkcs8(&material(&server, *version, &private, KeyFormatType::PKCS_8));
        let x509 = material(&server, *version, &public, KeyFormatType::X_509);
        assert!(PKey::public_key_from_der(&x509).unwrap().public_eq(&key.unwrap()));
    }
}

#[test]
fn every_kind_of_key() {
    use CryptographicAlgorithm as A;
    use RecommendedCurve as C;
    let server = server();
    for (algorithm, length, named, id) in [
        (A::RSA, Some(2048), None, Id::RSA),
        (A::DSA, Some(1024), None, Id::DSA),
        (A::DH, Some(2048), None, Id::DH),
        (A::EC, Some(256), None, Id::EC),
        (A::ECDSA, None, Some(C::P_521), Id::EC),
        (A::ECDH, Some(384), Some(C::BRAINPOOLP384R1), Id::EC),
        (A::EC, None, Some(C::SECP256K1), Id::EC),
        (A::EC, None, Some(C::CURVE25519), Id::X25519),
        (A::ECDSA, None, Some(C::CURVE448), Id::ED448),
        (A::Ed25519, None, None, Id::ED25519),
        (A::Ed448, Some(448), None, Id::ED448),
    ] {
        let mut given = set([AttributeValue::CryptographicAlgorithm(algorithm)]);
        given.extend(length.map(AttributeValue::CryptographicLength));
        given.extend(named.map(curve));
        let (private, _) = create(&server, V2_0, given);
        let pkcs8 = material(&server, V2_0, &private, KeyFormatType::PKCS_8);
        assert_eq!(PKey::private_key_from_pkcs8(&pkcs8).unwrap().id(), id, "{algorithm}");
        let attributes = server.attributes(V2_0, &private);
        let length_of = attributes.get(Tag::CryptographicLength);
        if let Some(length) = length {
            assert_eq!(length_of, Some(&AttributeValue::CryptographicLength(length)));
        } else {
            assert!(length_of.is_some());
        }
    }
}

/// 1.4 §4.2: a key's own attributes go before the common ones; of those with several values, all count.
#[test]
fn own_attributes_go_before_common_ones() {
    let server = server();
    for version in ALL {
        let contact = |text: &str| AttributeValue::ContactInformation(text.into());
        let mut both = common(CryptographicAlgorithm::RSA, 1024);
        both.add(name(&format!("both {version}")));
        both.add(contact("common"));
        both.add(AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Verify));
        let private = set([
            name(&format!("private {version}")),
            contact("own"),
            AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Sign),
        ]);
        let response = server.send(*version, request(*version, both, private, AttributeSet::new())).unwrap();
        let private = server.attributes(*version, &text_of(&response.private_key_unique_identifier));
        assert_eq!(private.get(Tag::ContactInformation), Some(&contact("own")));
        let names: Vec<_> = private.all(&AttributeId::Standard(Tag::Name)).collect();
        assert_eq!(names.len(), 2);
        assert_eq!(
            private.get(Tag::CryptographicUsageMask),
            Some(&AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Sign))
        );
        let public = server.attributes(*version, &text_of(&response.public_key_unique_identifier));
        assert_eq!(public.get(Tag::ContactInformation), Some(&contact("common")));
        assert_eq!(public.all(&AttributeId::Standard(Tag::Name)).count(), 1);
    }
}

#[test]
fn the_format_may_be_asked_for() {
    let server = server();
    for (version, private, public) in [
        (V1_2, KeyFormatType::PKCS_8, KeyFormatType::PKCS_1),
        (V2_0, KeyFormatType::PKCS_1, KeyFormatType::PKCS_1),
    ] {
        let made = create(&server, version, common(CryptographicAlgorithm::RSA, 1024));
        for (identifier, format) in [(&made.0, private), (&made.1, public)] {
            let attributes = server.attributes(V1_4, identifier);
            let Some(AttributeValue::Digest(digest)) = attributes.get(Tag::Digest) else { panic!() };
            assert_eq!(digest.key_format_type, Some(format), "{version}");
        }
    }
    let made = request(
        V2_0,
        set([
            AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::EC),
            AttributeValue::CryptographicLength(256),
        ]),
        set([AttributeValue::KeyFormatType(KeyFormatType::ECPrivateKey)]),
        set([AttributeValue::KeyFormatType(KeyFormatType::X_509)]),
    );
    let response = server.send(V2_0, made.clone()).unwrap();
    let ManagedObject::PrivateKey(key) =
        server.get(V2_0, &text_of(&response.private_key_unique_identifier)).unwrap().object
    else {
        panic!()
    };
    assert_eq!(key.key_block.key_format_type, KeyFormatType::ECPrivateKey);
    let wrong = set([AttributeValue::KeyFormatType(KeyFormatType::PKCS_1)]);
    let (_, private_key_attributes) = wire(V2_0, wrong);
    assert!(server.send(V2_0, CreateKeyPairRequest { private_key_attributes, ..made }).is_err());
}

#[test]
fn what_cannot_be_made_is_refused_and_leaves_nothing() {
    use CryptographicAlgorithm as A;
    let server = server();
    for version in ALL {
        for given in [
            AttributeSet::new(),
            common(A::AES, 256),
            common(A::RSA, 512),
            common(A::RSA, 1023),
            common(A::RSA, -2048),
            common(A::RSA, 1 << 20),
            common(A::ECDSA, 257),
            set([AttributeValue::CryptographicAlgorithm(A::ECDSA)]),
            set([
                AttributeValue::CryptographicAlgorithm(A::ECDSA),
                AttributeValue::CryptographicLength(384),
                curve(RecommendedCurve::P_256),
            ]),
        ] {
            let failed = server.send(*version, pair_request(*version, given.clone())).unwrap_err();
            assert_eq!(failed.reason, ResultReason::InvalidField, "{given:?} {version}");
        }
        // 1.4 table 168: the same for both.
        let differing = request(*version, AttributeSet::new(), common(A::RSA, 1024), common(A::RSA, 2048));
        assert_eq!(
            server.send(*version, differing).unwrap_err().reason,
            reason(*version, ResultReason::InvalidField, ResultReason::InvalidAttributeValue)
        );
        if *version < V1_4 {
            let maskless = request(*version, common(A::RSA, 1024), AttributeSet::new(), AttributeSet::new());
            assert_eq!(server.send(*version, maskless).unwrap_err().reason, ResultReason::InvalidField);
        }
        assert_eq!(server.locate(*version, AttributeSet::new()).unwrap(), Vec::<String>::new());
    }
    let weak = server_set(Policies::built_in(), Settings { weak_rsa: true, ..Settings::default() });
    create(&weak, V1_2, common(A::RSA, 512));
}

#[test]
fn the_private_key_is_the_placeholder() {
    let server = server();
    for version in ALL {
        let items = vec![
            pair_request(*version, common(CryptographicAlgorithm::ECDSA, 256)).into(),
            GetRequest::new().into(),
        ];
        let [made, got] = server.batch("alice", *version, items).try_into().unwrap();
        let made = answer::<CreateKeyPairRequest>(made).unwrap();
        let got = answer::<GetRequest>(got).unwrap();
        assert_eq!(got.unique_identifier, made.private_key_unique_identifier);
        assert_eq!(got.object_type, ObjectType::PrivateKey);
    }
    // 2.0 §11.56.
    let named = |name| Some(UniqueIdentifier::UniqueIdentifierEnumeration(name));
    let get = |name| GetRequest { unique_identifier: named(name), ..GetRequest::new() };
    let items = vec![
        pair_request(V2_0, common(CryptographicAlgorithm::EC, 256)).into(),
        get(UniqueIdentifierEnumeration::CreateKeyPairPublicKey).into(),
        get(UniqueIdentifierEnumeration::CreateKeyPairPrivateKey).into(),
    ];
    let [_, public, private] = server.batch("alice", V2_0, items).try_into().unwrap();
    assert_eq!(answer::<GetRequest>(public).unwrap().object_type, ObjectType::PublicKey);
    assert_eq!(answer::<GetRequest>(private).unwrap().object_type, ObjectType::PrivateKey);
}

/// Each of two owners of key pairs derives the same from their own key and the other's public one.
#[test]
fn two_pairs_agree_on_a_key() {
    let server = server();
    for version in ALL {
        let pair = |bits| {
            // What they agree on has 192 bits, or 256.
            let mut both = common(CryptographicAlgorithm::ECDSA, bits);
            both.add(AttributeValue::CryptographicUsageMask(CryptographicUsageMask::DeriveKey));
            both.add(AttributeValue::ActivationDate(now()));
            let none = AttributeSet::new;
            let made = server.send(*version, request(*version, both, none(), none())).unwrap();
            (made.private_key_unique_identifier, made.public_key_unique_identifier)
        };
        let (one, other) = (pair(256), pair(256));
        let derive = |keys: Vec<UniqueIdentifier>, length: i32| {
            let (template_attribute, attributes) = wire(*version, crate::harness::aes(length));
            server.send(
                *version,
                DeriveKeyRequest {
                    unique_identifier: keys,
                    template_attribute,
                    attributes,
                    ..DeriveKeyRequest::new(
                        ObjectType::SymmetricKey,
                        DerivationMethod::AsymmetricKey,
                        DerivationParameters::new(),
                    )
                },
            )
        };
        // The method came with 1.4.
        if *version < V1_4 {
            assert!(derive(vec![one.0, other.1], 256).is_err());
            continue;
        }
        let secret = |keys| {
            let derived = text_of(&derive(keys, 256).unwrap().unique_identifier);
            server.get(*version, &derived).unwrap().object
        };
        let agreed = secret(vec![one.0.clone(), other.1.clone()]);
        assert_eq!(agreed, secret(vec![one.1.clone(), other.0.clone()]));
        assert_ne!(agreed, secret(vec![one.0.clone(), one.1.clone()]));
        for keys in [vec![one.0.clone()], vec![one.1.clone(), other.1.clone()]] {
            assert!(derive(keys, 256).is_err());
        }
        // 1.4 §11.7: "the specified length exceeds the output of the derivation method".
        let (one, other) = (pair(192), pair(192));
        derive(vec![one.0.clone(), other.1.clone()], 192).unwrap();
        let failed = derive(vec![one.0, other.1], 256).unwrap_err();
        assert_eq!(failed.reason, ResultReason::CryptographicFailure);
    }
}

#[test]
fn pairs_are_made_within_a_transaction_as_without() {
    let server = server();
    let pair = || pair_request(V2_0, common(CryptographicAlgorithm::ECDSA, 256)).into();
    // Two of them are all or nothing, and each is another.
    let mut request = batch(V2_0, vec![pair(), pair()]);
    request.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    let items: [ResponseBatchItem; 2] = server.message("alice", &request).batch_item.try_into().unwrap();
    let public = items.map(|item| {
        let made = answer::<CreateKeyPairRequest>(item).unwrap();
        let identifier = text_of(&made.public_key_unique_identifier);
        material(&server, V2_0, &identifier, KeyFormatType::X_509)
    });
    assert_ne!(public[0], public[1]);
    // Undone with the one that fails.
    let locate = || LocateRequest { attributes: Some(Attributes::new()), ..LocateRequest::new() };
    let owned = || server.send(V2_0, locate()).unwrap().unique_identifier.len();
    assert_eq!(owned(), 4);
    request.batch_item[1] = batch(V2_0, vec![get_request("nowhere").into()]).batch_item.remove(0);
    let unique = request.batch_item[0].unique_batch_item_id.clone().map(|_| b"second"[..].into());
    request.batch_item[1].unique_batch_item_id = unique;
    let items = server.message("alice", &request).batch_item;
    assert!(items.iter().all(|item| item.result_status != ResultStatus::Success), "{items:?}");
    assert_eq!(owned(), 4);
    // With a limit of the answer's size.
    let mut request = batch(V2_0, vec![pair()]);
    request.request_header.maximum_response_size = Some(4096);
    let [item] = server.message("alice", &request).batch_item.try_into().unwrap();
    answer::<CreateKeyPairRequest>(item).unwrap();
    assert_eq!(owned(), 6);
}
