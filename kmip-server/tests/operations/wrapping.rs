//! Key wrapping: Get of wrapped keys, Register of them, and what may not be wrapped.

use kmip::ttlv::{Bytes, Secret, Tag, Version};
use kmip::types::*;
use kmip_server::rights::Policies;

use crate::fixtures::{self, block};
use crate::harness::*;

fn nist() -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::NISTKeyWrap),
        ..CryptographicParameters::new()
    }
}

fn symmetric(algorithm: CryptographicAlgorithm, bytes: &[u8]) -> ManagedObject {
    let block = KeyBlock {
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: Some(bytes.len() as i32 * 8),
        ..block(KeyFormatType::Raw, bytes)
    };
    ManagedObject::SymmetricKey(SymmetricKey::new(block).into())
}

fn aes(bytes: &[u8]) -> ManagedObject {
    symmetric(CryptographicAlgorithm::AES, bytes)
}

fn register(
    server: &Server,
    version: Version,
    object: ManagedObject,
    more: impl IntoIterator<Item = AttributeValue>,
) -> String {
    text_of(&server.send(version, register_request(version, object, set(more))).unwrap().unique_identifier)
}

fn mask(bits: CryptographicUsageMask) -> AttributeValue {
    AttributeValue::CryptographicUsageMask(bits)
}

/// An active key to wrap and unwrap with.
fn kek(server: &Server, version: Version, more: impl IntoIterator<Item = AttributeValue>) -> String {
    let bits = CryptographicUsageMask::WrapKey | CryptographicUsageMask::UnwrapKey;
    let given = [mask(bits), AttributeValue::ActivationDate(now())];
    register(server, version, aes(&KEK), given.into_iter().chain(more))
}

fn parameters(parameters: CryptographicParameters) -> AttributeValue {
    AttributeValue::CryptographicParameters(parameters.into())
}

fn by(key: &str, with: Option<CryptographicParameters>) -> EncryptionKeyInformation {
    EncryptionKeyInformation {
        cryptographic_parameters: with.map(Into::into),
        ..EncryptionKeyInformation::new(id(key))
    }
}

fn signed_by(key: &str, with: Option<CryptographicParameters>) -> MacSignatureKeyInformation {
    MacSignatureKeyInformation {
        cryptographic_parameters: with.map(Into::into),
        ..MacSignatureKeyInformation::new(id(key))
    }
}

fn encrypted(key: &str, with: Option<CryptographicParameters>) -> KeyWrappingSpecification {
    KeyWrappingSpecification {
        encryption_key_information: Some(by(key, with).into()),
        ..KeyWrappingSpecification::new(WrappingMethod::Encrypt)
    }
}

fn get_wrapped(
    server: &Server,
    version: Version,
    identifier: &str,
    specification: KeyWrappingSpecification,
) -> Result<ManagedObject, Failed> {
    let request =
        GetRequest { key_wrapping_specification: Some(specification.into()), ..get_request(identifier) };
    server.send(version, request).map(|response| response.object)
}

fn block_of(object: &ManagedObject) -> &KeyBlock {
    match object {
        ManagedObject::SymmetricKey(key) => &key.key_block,
        ManagedObject::PrivateKey(key) => &key.key_block,
        ManagedObject::PublicKey(key) => &key.key_block,
        ManagedObject::SecretData(data) => &data.key_block,
        other => panic!("{other:?}"),
    }
}

fn sealed(object: &ManagedObject) -> Vec<u8> {
    match &block_of(object).key_value {
        Some(KeyValue::Wrapped(bytes)) => bytes.expose().to_vec(),
        other => panic!("{other:?}"),
    }
}

fn plain(object: &ManagedObject) -> Vec<u8> {
    match &block_of(object).key_value {
        Some(KeyValue::Plaintext(value)) => match &value.key_material {
            KeyMaterial::ByteString(bytes) => bytes.expose().to_vec(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn unwrapped(server: &Server, version: Version, identifier: &str) -> Result<ManagedObject, Failed> {
    let request = GetRequest { key_wrap_type: Some(KeyWrapType::NotWrapped), ..get_request(identifier) };
    server.send(version, request).map(|response| response.object)
}

// RFC 3394 §4.1.
const KEK: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const KEY: [u8; 16] =
    [0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF];
const WRAPPED: [u8; 24] = [
    0x1F, 0xA6, 0x8B, 0x0A, 0x81, 0x12, 0xB4, 0x47, 0xAE, 0xF3, 0x4B, 0xD8, 0xFB, 0x5A, 0x7B, 0x82, 0x9D,
    0x3E, 0x86, 0x23, 0x71, 0xD2, 0xCF, 0xE5,
];

#[test]
fn the_published_key_is_wrapped_and_unwrapped() {
    let server = server();
    for version in [V1_1, V1_2, V1_3, V1_4, V2_0] {
        let kek = kek(&server, version, [parameters(nist())]);
        let key = register(&server, version, aes(&KEY), []);
        let specification = KeyWrappingSpecification {
            encoding_option: Some(EncodingOption::NoEncoding),
            ..encrypted(&kek, Some(nist()))
        };
        let object = get_wrapped(&server, version, &key, specification.clone()).unwrap();
        assert_eq!(sealed(&object), WRAPPED, "{version}");
        let data = block_of(&object).key_wrapping_data.as_ref().unwrap();
        assert_eq!(data.encoding_option, Some(EncodingOption::NoEncoding));
        assert_eq!(data.encryption_key_information, specification.encryption_key_information);
        // As it was before.
        assert_eq!(plain(&server.get(version, &key).unwrap().object), KEY);

        // What goes out wrapped comes in wrapped, and out again either way.
        let again = register(&server, version, object.clone(), []);
        assert_eq!(server.get(version, &again).unwrap().object, object);
        if version >= V1_4 {
            assert_eq!(plain(&unwrapped(&server, version, &again).unwrap()), KEY);
        }
        if version >= V2_0 {
            let attributes = server.attributes(version, &again);
            let Some(AttributeValue::Link(link)) = attributes.get(Tag::Link) else {
                panic!("{attributes:?}")
            };
            assert_eq!(link.link_type, LinkType::WrappingKeyLink);
            assert_eq!(link.linked_object_identifier, id(&kek));
        }
    }
}

/// What is wrapped as TTLV is the whole Key Value, with the attributes that are asked for.
#[test]
fn the_key_value_is_wrapped_with_attributes() {
    let server = server();
    for version in [V1_0, V1_1, V1_2, V1_3, V1_4, V2_0] {
        let kek = kek(&server, version, [parameters(nist())]);
        let key = register(&server, version, aes(&KEY), [name(&format!("key {version}"))]);
        let specification = KeyWrappingSpecification {
            attribute_name: vec![
                AttributeId::Standard(Tag::Name).to_name(),
                AttributeId::Standard(Tag::CryptographicLength).to_name(),
            ],
            ..encrypted(&kek, None)
        };
        let object = get_wrapped(&server, version, &key, specification.clone()).unwrap();
        // No vector is chosen, and the length tells what is inside.
        assert!(sealed(&object).len() > 8 + 8 + 16 + 8, "{version}");
        if version >= V1_4 {
            let again = register(&server, version, object, []);
            let object = unwrapped(&server, version, &again).unwrap();
            assert_eq!(plain(&object), KEY);
            let Some(KeyValue::Plaintext(value)) = &block_of(&object).key_value else { panic!() };
            let inside: AttributeSet = match &value.attributes {
                Some(attributes) => AttributeSet::from_attributes(attributes.clone()),
                None => {
                    value.attribute.iter().cloned().filter_map(AttributeInstance::from_attribute).collect()
                }
            };
            assert_eq!(inside.get(Tag::Name), Some(&name(&format!("key {version}"))));
            assert_eq!(inside.get(Tag::CryptographicLength), Some(&AttributeValue::CryptographicLength(128)));
        }
        if version >= V1_1 {
            let wrong = KeyWrappingSpecification {
                encoding_option: Some(EncodingOption::NoEncoding),
                ..specification
            };
            let failed = get_wrapped(&server, version, &key, wrong).unwrap_err();
            assert_eq!(failed.reason, ResultReason::EncodingOptionError);
        }
    }
}

#[test]
fn every_kind_of_key_in_every_mode() {
    use BlockCipherMode as B;
    let server = server();
    for version in [V1_4, V2_0] {
        let rsa = fixtures::rsa();
        let keys = [
            register(&server, version, aes(&[7; 32]), []),
            register(
                &server,
                version,
                ManagedObject::PrivateKey(
                    PrivateKey::new(block(KeyFormatType::PKCS_8, &rsa.private_key_to_pkcs8().unwrap()))
                        .into(),
                ),
                [],
            ),
            register(
                &server,
                version,
                ManagedObject::SecretData(
                    SecretData::new(SecretDataType::Password, block(KeyFormatType::Opaque, b"password"))
                        .into(),
                ),
                [],
            ),
        ];
        for (mode, padding) in [
            (B::NISTKeyWrap, None),
            (B::AESKeyWrapPadding, None),
            (B::CBC, Some(PaddingMethod::PKCS5)),
            (B::CTR, None),
            (B::GCM, None),
        ] {
            let with = CryptographicParameters {
                block_cipher_mode: Some(mode),
                padding_method: padding,
                ..CryptographicParameters::new()
            };
            let kek = kek(&server, version, [parameters(with.clone())]);
            for key in &keys {
                let object = get_wrapped(&server, version, key, encrypted(&kek, Some(with.clone()))).unwrap();
                let again = register(&server, version, object, []);
                let before = server.get(version, key).unwrap().object;
                assert_eq!(unwrapped(&server, version, &again).unwrap(), before, "{mode} {version}");
            }
        }
    }
}

#[test]
fn public_keys_wrap_and_private_keys_unwrap() {
    let server = server();
    let rsa = fixtures::rsa();
    for (padding, hash) in
        [(PaddingMethod::OAEP, Some(HashingAlgorithm::SHA_1)), (PaddingMethod::PKCS1V1_5, None)]
    {
        let with = CryptographicParameters {
            padding_method: Some(padding),
            hashing_algorithm: hash,
            ..CryptographicParameters::new()
        };
        let active = || AttributeValue::ActivationDate(now());
        let private = ManagedObject::PrivateKey(
            PrivateKey::new(block(KeyFormatType::PKCS_8, &rsa.private_key_to_pkcs8().unwrap())).into(),
        );
        let private = register(&server, V2_0, private, [mask(CryptographicUsageMask::UnwrapKey), active()]);
        let public = ManagedObject::PublicKey(
            PublicKey::new(block(KeyFormatType::X_509, &rsa.public_key_to_der().unwrap())).into(),
        );
        let link = AttributeValue::Link(Link::new(LinkType::PrivateKeyLink, id(&private)));
        let given = [mask(CryptographicUsageMask::WrapKey), active(), parameters(with), link];
        let public = register(&server, V2_0, public, given);
        let key = register(&server, V2_0, aes(&KEY), []);
        let specification = KeyWrappingSpecification {
            encoding_option: Some(EncodingOption::NoEncoding),
            ..encrypted(&public, None)
        };
        let object = get_wrapped(&server, V2_0, &key, specification).unwrap();
        assert_eq!(sealed(&object).len(), 128);
        let again = register(&server, V2_0, object, []);
        assert_eq!(plain(&unwrapped(&server, V2_0, &again).unwrap()), KEY);
    }
}

/// A MAC or a signature, before or after encryption, or alone.
#[test]
fn wrapped_keys_are_authenticated() {
    let server = server();
    let active = || AttributeValue::ActivationDate(now());
    let hashed = CryptographicParameters {
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        ..CryptographicParameters::new()
    };
    for version in [V1_4, V2_0] {
        let bits = CryptographicUsageMask::MACGenerate | CryptographicUsageMask::MACVerify;
        let mac = symmetric(CryptographicAlgorithm::HMAC_SHA256, &[3; 32]);
        let mac = register(&server, version, mac, [mask(bits), active(), parameters(hashed.clone())]);
        let signer = ManagedObject::PrivateKey(
            PrivateKey::new(block(KeyFormatType::PKCS_8, &fixtures::rsa().private_key_to_pkcs8().unwrap()))
                .into(),
        );
        let given = [mask(CryptographicUsageMask::Sign), active(), parameters(hashed.clone())];
        let signer = register(&server, version, signer, given);
        let kek = kek(&server, version, [parameters(nist())]);
        let key = register(&server, version, aes(&KEY), []);
        for authenticator in [&mac, &signer] {
            for method in [
                WrappingMethod::MACSign,
                WrappingMethod::EncryptThenMACSign,
                WrappingMethod::MACSignThenEncrypt,
            ] {
                let specification = KeyWrappingSpecification {
                    wrapping_method: method,
                    mac_signature_key_information: Some(
                        signed_by(authenticator, Some(hashed.clone())).into(),
                    ),
                    ..encrypted(&kek, None)
                };
                let object = get_wrapped(&server, version, &key, specification).unwrap();
                let data = block_of(&object).key_wrapping_data.clone().unwrap();
                assert!(data.mac_signature.as_ref().is_some_and(|mac| !mac.is_empty()));
                let again = register(&server, version, object.clone(), []);
                assert_eq!(plain(&unwrapped(&server, version, &again).unwrap()), KEY, "{method} {version}");

                let mut forged = data;
                forged.mac_signature = Some(Bytes::from(vec![0; 32]));
                let ManagedObject::SymmetricKey(mut key) = object else { panic!() };
                key.key_block.key_wrapping_data = Some(forged);
                let forged = register(&server, version, ManagedObject::SymmetricKey(key), []);
                let failed = unwrapped(&server, version, &forged).unwrap_err();
                assert_eq!(failed.reason, ResultReason::CryptographicFailure, "{method} {version}");
            }
        }
    }
}

/// 1.4 table 338, 2.0 §6.1.19.1.
#[test]
fn documented_errors() {
    use ResultReason as R;
    let server = server();
    for version in ALL {
        let good = kek(&server, *version, [parameters(nist())]);
        let key = register(&server, *version, aes(&KEY), []);
        let refuse = |specification: KeyWrappingSpecification, before: R, since: R| {
            let failed = get_wrapped(&server, *version, &key, specification).unwrap_err();
            assert_eq!(failed.reason, reason(*version, before, since), "{} {version}", failed.message);
        };
        refuse(encrypted("nobody", Some(nist())), R::ItemNotFound, R::WrappingObjectNotFound);
        let secret = ManagedObject::SecretData(
            SecretData::new(SecretDataType::Password, block(KeyFormatType::Opaque, b"password")).into(),
        );
        let secret = register(&server, *version, secret, []);
        refuse(encrypted(&secret, Some(nist())), R::IllegalOperation, R::InvalidObjectType);
        let given = [mask(CryptographicUsageMask::Encrypt), AttributeValue::ActivationDate(now())];
        let useless = register(&server, *version, aes(&KEK), given);
        refuse(encrypted(&useless, Some(nist())), R::PermissionDenied, R::IncompatibleCryptographicUsageMask);
        let inactive = register(&server, *version, aes(&KEK), [mask(CryptographicUsageMask::WrapKey)]);
        refuse(encrypted(&inactive, Some(nist())), R::PermissionDenied, R::PermissionDenied);
        let other = CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CBC),
            ..CryptographicParameters::new()
        };
        refuse(encrypted(&good, Some(other)), R::ItemNotFound, R::BadCryptographicParameters);
        let bare = kek(&server, *version, []);
        refuse(encrypted(&bare, None), R::ItemNotFound, R::BadCryptographicParameters);
        refuse(KeyWrappingSpecification::new(WrappingMethod::Encrypt), R::InvalidMessage, R::InvalidMessage);
        refuse(
            KeyWrappingSpecification { wrapping_method: WrappingMethod::TR_31, ..encrypted(&good, None) },
            R::FeatureNotSupported,
            R::FeatureNotSupported,
        );
        // What PyKMIP's clients wrap with has no parameters of its own.
        get_wrapped(&server, *version, &key, encrypted(&bare, Some(nist()))).unwrap();
        if *version >= V1_1 {
            // They read a structure alone.
            let specification = KeyWrappingSpecification {
                encoding_option: Some(EncodingOption::NoEncoding),
                ..encrypted(&bare, Some(nist()))
            };
            assert_eq!(plain(&get_wrapped(&server, *version, &key, specification).unwrap()), WRAPPED);
        }
        let certificate =
            register(&server, *version, ManagedObject::Certificate(fixtures::certificate()), []);
        let failed = get_wrapped(&server, *version, &certificate, encrypted(&good, None)).unwrap_err();
        assert_eq!(failed.reason, reason(*version, R::IllegalOperation, R::InvalidObjectType));

        server.revoke(*version, &good, RevocationReasonCode::KeyCompromise).unwrap();
        refuse(encrypted(&good, None), R::PermissionDenied, R::PermissionDenied);
        server.destroy(*version, &good).unwrap();
        refuse(encrypted(&good, None), R::ItemNotFound, R::WrappingObjectDestroyed);
    }
}

/// Who wraps with a key needs a right to it.
#[test]
fn another_ones_key_is_not_there_to_wrap_with() {
    let server = server();
    let key = register(&server, V2_0, aes(&KEY), []);
    let foreign = {
        let bits = CryptographicUsageMask::WrapKey;
        let given = [mask(bits), AttributeValue::ActivationDate(now()), parameters(nist())];
        let request = register_request(V2_0, aes(&KEK), set(given));
        text_of(&server.ask("bob", V2_0, request).unwrap().unique_identifier)
    };
    let failed = get_wrapped(&server, V2_0, &key, encrypted(&foreign, None)).unwrap_err();
    assert_eq!(failed.reason, ResultReason::WrappingObjectNotFound);

    // An entry of its own for Encrypt goes before that for Get.
    let policies = Policies::built_in()
        .with_file(
            r#"{"no-wrapping": {"preset": {"SYMMETRIC_KEY": {"LOCATE": "ALLOW_OWNER", "GET": "ALLOW_OWNER",
                "ENCRYPT": "DISALLOW_ALL"}}}}"#,
        )
        .unwrap();
    let server = server_with(policies);
    let policy = AttributeValue::OperationPolicyName("no-wrapping".into());
    let kek = kek(&server, V1_2, [parameters(nist()), policy]);
    let key = register(&server, V1_2, aes(&KEY), []);
    server.get(V1_2, &kek).unwrap();
    let failed = get_wrapped(&server, V1_2, &key, encrypted(&kek, None)).unwrap_err();
    assert_eq!(failed.reason, ResultReason::PermissionDenied);
}

/// 1.4 §3.48 and §3.50: a sensitive key goes out encrypted; signed alone, it would be seen.
#[test]
fn sensitive_keys_leave_encrypted() {
    let server = server();
    for version in [V1_4, V2_0] {
        let kek = kek(&server, version, [parameters(nist())]);
        let key = register(&server, version, aes(&KEY), [AttributeValue::Sensitive(true)]);
        assert_eq!(server.get(version, &key).unwrap_err().reason, ResultReason::Sensitive);
        let object = get_wrapped(&server, version, &key, encrypted(&kek, None)).unwrap();
        let hashed = CryptographicParameters {
            hashing_algorithm: Some(HashingAlgorithm::SHA_256),
            ..CryptographicParameters::new()
        };
        let bits = mask(CryptographicUsageMask::MACGenerate);
        let mac = symmetric(CryptographicAlgorithm::HMAC_SHA256, &[3; 32]);
        let mac = register(&server, version, mac, [bits, AttributeValue::ActivationDate(now())]);
        let specification = KeyWrappingSpecification {
            mac_signature_key_information: Some(signed_by(&mac, Some(hashed)).into()),
            ..KeyWrappingSpecification::new(WrappingMethod::MACSign)
        };
        let failed = get_wrapped(&server, version, &key, specification).unwrap_err();
        assert_eq!(failed.reason, ResultReason::Sensitive);

        // Registered wrapped, it goes out as it came in, and not otherwise.
        let wrapped = register(&server, version, object.clone(), [AttributeValue::Sensitive(true)]);
        assert_eq!(server.get(version, &wrapped).unwrap().object, object);
        assert_eq!(unwrapped(&server, version, &wrapped).unwrap_err().reason, ResultReason::Sensitive);
        let kept = register(&server, version, aes(&KEY), [AttributeValue::Extractable(false)]);
        let failed = get_wrapped(&server, version, &kept, encrypted(&kek, None)).unwrap_err();
        assert_eq!(failed.reason, ResultReason::NotExtractable);
    }
}

#[test]
fn what_is_no_wrapped_key_is_not_unwrapped() {
    let server = server();
    let kek = kek(&server, V2_0, [parameters(nist())]);
    let data = KeyWrappingData {
        encryption_key_information: Some(by(&kek, None).into()),
        encoding_option: Some(EncodingOption::NoEncoding),
        ..KeyWrappingData::new(WrappingMethod::Encrypt)
    };
    let block = KeyBlock {
        key_value: Some(KeyValue::Wrapped(Secret::from(&[0xAB; 24][..]))),
        key_wrapping_data: Some(data.into()),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        ..KeyBlock::new(KeyFormatType::Raw)
    };
    let key = ManagedObject::SymmetricKey(SymmetricKey::new(block).into());
    let key = register(&server, V2_0, key, []);
    assert_eq!(unwrapped(&server, V2_0, &key).unwrap_err().reason, ResultReason::CryptographicFailure);
    server.get(V2_0, &key).unwrap();
}
