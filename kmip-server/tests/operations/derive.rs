//! Derive Key.

use kmip::ttlv::{Bytes, Secret, Version};
use kmip::types::*;

use crate::harness::*;
use crate::keys::*;

fn password(server: &Server, version: Version, bytes: &[u8]) -> String {
    secret(server, version, bytes, given(MASK))
}

fn given(mask: CryptographicUsageMask) -> [AttributeValue; 2] {
    [AttributeValue::CryptographicUsageMask(mask), AttributeValue::ActivationDate(now())]
}

fn with_data(parameters: CryptographicParameters, data: &[u8]) -> DerivationParameters {
    DerivationParameters {
        cryptographic_parameters: Some(parameters.into()),
        derivation_data: vec![Bytes::copy_from_slice(data)],
        ..DerivationParameters::new()
    }
}

fn request(
    version: Version,
    object_type: ObjectType,
    bases: &[&str],
    method: DerivationMethod,
    parameters: DerivationParameters,
    bits: i32,
) -> DeriveKeyRequest {
    let mut attributes = set([AttributeValue::CryptographicLength(bits)]);
    if object_type == ObjectType::SymmetricKey {
        attributes.add(AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES));
    }
    let (template_attribute, attributes) = wire(version, attributes);
    DeriveKeyRequest {
        unique_identifier: bases.iter().map(|base| id(base)).collect(),
        template_attribute,
        attributes,
        ..DeriveKeyRequest::new(object_type, method, parameters.into())
    }
}

fn bytes_of(server: &Server, version: Version, identifier: &str) -> Vec<u8> {
    let response = server.get(version, identifier).unwrap();
    let block = match response.object {
        ManagedObject::SymmetricKey(key) => key.key_block.clone(),
        ManagedObject::SecretData(data) => data.key_block.clone(),
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

fn derived(server: &Server, version: Version, request: DeriveKeyRequest) -> Vec<u8> {
    let response = server.send(version, request).unwrap();
    bytes_of(server, version, &text_of(&response.unique_identifier))
}

/// The official cases TC-DERIVEKEY-2 (HMAC) and TC-DERIVEKEY-5 (PBKDF2), and the examples of PyKMIP's documentation:
/// PBKDF2 (RFC 6070), Blowfish (Schneier's vectors), SP 800-108 (CAVP), and HMAC, which is HKDF there (RFC 5869 §A.7).
#[test]
fn known_answers() {
    let server = server();
    use DerivationMethod as M;
    for version in ALL {
        let version = *version;
        let aes =
            key(&server, version, CryptographicAlgorithm::AES, &hex("00112233445566778899aabbccddeeff"));
        let parameters = with_data(hashing(HashingAlgorithm::SHA_256), &[1, 2]);
        let ask = request(version, ObjectType::SymmetricKey, &[&aes], M::HMAC, parameters, 128);
        assert_eq!(derived(&server, version, ask), hex("1e15c1f1da233629f770fb0a04a5020e"));

        let phrase = password(&server, version, b"password");
        let parameters = DerivationParameters {
            cryptographic_parameters: Some(hashing(HashingAlgorithm::SHA_1).into()),
            salt: Some(Bytes::from_static(b"salt")),
            iteration_count: Some(4096),
            ..DerivationParameters::new()
        };
        let ask = request(version, ObjectType::SymmetricKey, &[&phrase], M::PBKDF2, parameters.clone(), 128);
        assert_eq!(derived(&server, version, ask), hex("4b007901b765489abead49d926f721d0"));
        // RFC 8018 §A.2: without a digest it is SHA-1.
        let parameters = DerivationParameters { cryptographic_parameters: None, ..parameters };
        let ask = request(version, ObjectType::SecretData, &[&phrase], M::PBKDF2, parameters, 64);
        assert_eq!(derived(&server, version, ask), hex("4b007901b765489a"));

        let fixed = hex("b50b0c963c6b3034b8cf19cd3f5c4ebe4f4985af0c03e575db62e6fdf1ecfe4f
             28b95d7ce16df85843246e1557ce95bb26cc9a21974bbd2eb69e8355");
        let base = key(
            &server,
            version,
            CryptographicAlgorithm::AES,
            &hex("dd5dbd45593ee2ac139748e7645b450f223d2ff297b73fd71cbcebe71d41653c
                 950b88500de5322d99ef18dfdd30428294c4b3094f4c954334e593bd982ec614"),
        );
        let parameters = with_data(hashing(HashingAlgorithm::SHA_512), &fixed);
        let ask =
            request(version, ObjectType::SymmetricKey, &[&base], M::NIST800_108_C, parameters.clone(), 128);
        assert_eq!(derived(&server, version, ask), hex("e5993bf9bd2aa1c45746042e12598155"));
        // The first block of feedback with an empty vector is the same; that of the pipeline is not.
        let ask =
            request(version, ObjectType::SymmetricKey, &[&base], M::NIST800_108_F, parameters.clone(), 128);
        assert_eq!(derived(&server, version, ask), hex("e5993bf9bd2aa1c45746042e12598155"));
        let ask = request(version, ObjectType::SymmetricKey, &[&base], M::NIST800_108_DPI, parameters, 128);
        assert_ne!(derived(&server, version, ask), hex("e5993bf9bd2aa1c45746042e12598155"));

        let seed = password(&server, version, &[0x0c; 22]);
        let parameters = DerivationParameters {
            salt: Some(Bytes::new()),
            ..with_data(hashing(HashingAlgorithm::SHA_1), &[])
        };
        let ask = request(version, ObjectType::SecretData, &[&seed], M::HMAC, parameters, 336);
        assert_eq!(
            derived(&server, version, ask),
            hex("2c91117204d745f3500d636a62f64f0ab3bae548aa53d423b0d1f27ebba6f5e5673a081d70cce7acfc48")
        );

        let parameters = DerivationParameters {
            cryptographic_parameters: Some(hashing(HashingAlgorithm::MD5).into()),
            ..DerivationParameters::new()
        };
        let abc = password(&server, version, b"abc");
        let ask = request(version, ObjectType::SymmetricKey, &[&abc], M::HASH, parameters, 128);
        assert_eq!(derived(&server, version, ask), hex("900150983cd24fb0d6963f7d28e17f72"));
    }
}

#[test]
fn by_encryption() {
    let server = server();
    for version in ALL {
        let version = *version;
        let base =
            key(&server, version, CryptographicAlgorithm::AES, &hex("2b7e151628aed2a6abf7158809cf4f3c"));
        let cbc = CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CBC),
            padding_method: Some(PaddingMethod::PKCS5),
            ..CryptographicParameters::new()
        };
        // SP 800-38A §F.2.1.
        let parameters = DerivationParameters {
            initialization_vector: Some(hex("000102030405060708090a0b0c0d0e0f").into()),
            ..with_data(cbc, &hex("6bc1bee22e409f96e93d7e117393172a"))
        };
        let ask = |parameters, bits| {
            request(version, ObjectType::SecretData, &[&base], DerivationMethod::ENCRYPT, parameters, bits)
        };
        assert_eq!(
            derived(&server, version, ask(parameters.clone(), 128)),
            hex("7649abac8119b246cee98e9b12e9197d")
        );
        // The padding makes a second block, and there is no third.
        assert_eq!(derived(&server, version, ask(parameters.clone(), 256)).len(), 32);
        let failed = server.send(version, ask(parameters.clone(), 264)).unwrap_err();
        assert_eq!(failed.reason, ResultReason::CryptographicFailure);
        // What is encrypted may be an object.
        let data = password(&server, version, &hex("6bc1bee22e409f96e93d7e117393172a"));
        let ask = request(
            version,
            ObjectType::SecretData,
            &[&base, &data],
            DerivationMethod::ENCRYPT,
            DerivationParameters { derivation_data: vec![], ..parameters.clone() },
            128,
        );
        assert_eq!(derived(&server, version, ask), hex("7649abac8119b246cee98e9b12e9197d"));
        // But not both.
        let ask = request(
            version,
            ObjectType::SecretData,
            &[&base, &data],
            DerivationMethod::ENCRYPT,
            parameters,
            128,
        );
        assert_eq!(server.send(version, ask).unwrap_err().reason, ResultReason::InvalidMessage);
    }
}

/// 2.0 §7.8: HKDF (RFC 5869 §A.1), and AWS Signature Version 4 (an example of the AWS General Reference).
#[test]
fn methods_of_2_0() {
    let server = server();
    let base = password(&server, V2_0, &[0x0b; 22]);
    let parameters = DerivationParameters {
        cryptographic_parameters: None,
        salt: Some(hex("000102030405060708090a0b0c").into()),
        ..with_data(CryptographicParameters::new(), &hex("f0f1f2f3f4f5f6f7f8f9"))
    };
    let ask = |method, parameters, base: &str, bits| {
        request(V2_0, ObjectType::SecretData, &[base], method, parameters, bits)
    };
    assert_eq!(
        derived(&server, V2_0, ask(DerivationMethod::HKDF, parameters.clone(), &base, 336)),
        hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    );
    let access = password(&server, V2_0, b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let aws = DerivationParameters {
        derivation_data: vec![
            Bytes::from_static(b"20120215"),
            Bytes::from_static(b"us-east-1"),
            Bytes::from_static(b"iam"),
        ],
        ..DerivationParameters::new()
    };
    let method = DerivationMethod::AWSSignatureVersion4;
    assert_eq!(
        derived(&server, V2_0, ask(method, aws.clone(), &access, 256)),
        hex("f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d")
    );
    let two = DerivationParameters { derivation_data: aws.derivation_data[..2].to_vec(), ..aws.clone() };
    let failed = server.send(V2_0, ask(method, two, &access, 256)).unwrap_err();
    assert_eq!(failed.reason, ResultReason::InvalidField);
    let failed = server.send(V2_0, ask(DerivationMethod::HKDF, aws, &access, 256)).unwrap_err();
    assert_eq!(failed.reason, ResultReason::InvalidField);
    // Before 2.0 there is no such method.
    let early = password(&server, V1_4, &[0x0b; 22]);
    let ask = request(V1_4, ObjectType::SecretData, &[&early], DerivationMethod::HKDF, parameters, 336);
    assert_eq!(server.send(V1_4, ask).unwrap_err().reason, ResultReason::InvalidField);
}

/// Each points to the other, and nothing is changed when the derivation fails.
#[test]
fn links_and_attributes() {
    let server = server();
    for version in ALL {
        let version = *version;
        let base = password(&server, version, b"password");
        let parameters = with_data(hashing(HashingAlgorithm::SHA_256), b"x");
        let ask = |bits| {
            request(
                version,
                ObjectType::SecretData,
                &[&base],
                DerivationMethod::HMAC,
                parameters.clone(),
                bits,
            )
        };
        let before = server.attributes(version, &base);
        let failed = server.send(version, ask(512)).unwrap_err();
        assert_eq!(failed.reason, ResultReason::CryptographicFailure);
        assert_eq!(server.attributes(version, &base), before);

        wait(5);
        let one = text_of(&server.send(version, ask(256)).unwrap().unique_identifier);
        let two = text_of(&server.send(version, ask(128)).unwrap().unique_identifier);
        let links = |identifier: &str| -> Vec<Link> {
            server
                .attributes(version, identifier)
                .iter()
                .filter_map(|instance| match &instance.value {
                    AttributeValue::Link(link) => Some(link.clone()),
                    _ => None,
                })
                .collect()
        };
        let to_base = [Link::new(LinkType::DerivationBaseObjectLink, id(&base))];
        assert_eq!(links(&one), to_base);
        assert_eq!(links(&two), to_base);
        let from_base =
            [Link::new(LinkType::DerivedKeyLink, id(&one)), Link::new(LinkType::DerivedKeyLink, id(&two))];
        assert_eq!(links(&base), from_base);
        assert_eq!(server.state(&one), State::PreActive);
    }
}

/// The tables of errors (1.4 §11.7, 2.0 table 192) and PyKMIP's documentation.
#[test]
fn what_is_refused() {
    let server = server();
    use DerivationMethod as M;
    for version in ALL {
        let version = *version;
        let unfit = |since| reason(version, ResultReason::InvalidField, since);
        let base = password(&server, version, b"password");
        let good = || with_data(hashing(HashingAlgorithm::SHA_256), b"x");
        let fails = |bases: &[&str], method, parameters, bits| {
            let ask = request(version, ObjectType::SymmetricKey, bases, method, parameters, bits);
            server.send(version, ask).unwrap_err().reason
        };
        let missing = reason(version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        assert_eq!(fails(&["nowhere"], M::HMAC, good(), 128), missing);
        assert_eq!(fails(&[&base, &base], M::HMAC, good(), 128), ResultReason::InvalidField);

        let mask = secret(&server, version, b"password", given(CryptographicUsageMask::Encrypt));
        let incompatible = unfit(ResultReason::IncompatibleCryptographicUsageMask);
        assert_eq!(fails(&[&mask], M::HMAC, good(), 128), incompatible);
        let mask = AttributeValue::CryptographicUsageMask(CryptographicUsageMask::DeriveKey);
        let asleep = secret(&server, version, b"password", [mask]);
        let ask = request(version, ObjectType::SymmetricKey, &[&asleep], M::HMAC, good(), 128);
        server.send(version, ask).unwrap();
        server.activate(version, &asleep).unwrap();
        server.revoke(version, &asleep, RevocationReasonCode::CessationOfOperation).unwrap();
        let state = unfit(ResultReason::WrongKeyLifecycleState);
        assert_eq!(fails(&[&asleep], M::HMAC, good(), 128), state);
        let opaque = OpaqueObject::new(OpaqueDataType(0x8000_0001), Secret::from(&b"opaque"[..]).into());
        let opaque = register_request(version, ManagedObject::OpaqueObject(opaque.into()), set([]));
        let opaque = text_of(&server.send(version, opaque).unwrap().unique_identifier);
        let kind = unfit(ResultReason::InvalidObjectType);
        assert_eq!(fails(&[&opaque], M::HMAC, good(), 128), kind);

        // More than the method gives, and lengths that no such key has.
        assert_eq!(fails(&[&base], M::HMAC, good(), 100), ResultReason::InvalidField);
        let hash = DerivationParameters { derivation_data: vec![], ..good() };
        let long = CryptographicParameters::clone(&hashing(HashingAlgorithm::SHA_1));
        let long = DerivationParameters { cryptographic_parameters: Some(long.into()), ..hash.clone() };
        assert_eq!(fails(&[&base], M::HASH, long, 256), ResultReason::CryptographicFailure);
        // Data twice.
        assert_eq!(fails(&[&base], M::HASH, good(), 256), ResultReason::InvalidMessage);
        // Parameters that the methods need.
        assert_eq!(fails(&[&base], M::PBKDF2, hash.clone(), 128), ResultReason::InvalidField);
        assert_eq!(fails(&[&base], M::HMAC, hash, 128), ResultReason::InvalidField);
        let nothing = with_data(CryptographicParameters::new(), b"x");
        assert_eq!(fails(&[&base], M::HMAC, nothing.clone(), 128), ResultReason::InvalidField);
        assert_eq!(fails(&[&base], M::NIST800_108_C, nothing, 128), ResultReason::InvalidField);
        let endless = DerivationParameters {
            salt: Some(Bytes::from_static(b"salt")),
            iteration_count: Some(i32::MAX),
            ..DerivationParameters::new()
        };
        assert_eq!(fails(&[&base], M::PBKDF2, endless.clone(), 128), ResultReason::InvalidField);
        let negative = DerivationParameters { iteration_count: Some(0), ..endless };
        assert_eq!(fails(&[&base], M::PBKDF2, negative, 128), ResultReason::InvalidField);

        // No length, no algorithm, nothing that is derived.
        let mut ask = request(version, ObjectType::SecretData, &[&base], M::HMAC, good(), 128);
        (ask.template_attribute, ask.attributes) = wire(version, set([]));
        assert_eq!(server.send(version, ask).unwrap_err().reason, ResultReason::InvalidField);
        let mut ask = request(version, ObjectType::SymmetricKey, &[&base], M::HMAC, good(), 128);
        (ask.template_attribute, ask.attributes) =
            wire(version, set([AttributeValue::CryptographicLength(128)]));
        assert_eq!(server.send(version, ask).unwrap_err().reason, ResultReason::InvalidField);
        let ask = request(version, ObjectType::OpaqueObject, &[&base], M::HMAC, good(), 128);
        let kind = unfit(ResultReason::InvalidObjectType);
        assert_eq!(server.send(version, ask).unwrap_err().reason, kind);
        // Someone else's.
        let ask = request(version, ObjectType::SecretData, &[&base], M::HMAC, good(), 128);
        let other = server.ask("bob", version, ask).unwrap_err().reason;
        assert_eq!(other, missing);
    }
}

/// 1.4 §4.6: what the request says of the mode has to be among what the key says.
#[test]
fn the_mode_is_one_of_the_keys() {
    let server = server();
    let own = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::ECB),
        ..CryptographicParameters::new()
    };
    for version in ALL {
        let version = *version;
        let mut attributes = set(given(CryptographicUsageMask::DeriveKey));
        attributes.add(AttributeValue::CryptographicParameters(own.clone().into()));
        attributes.add(AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES));
        attributes.add(AttributeValue::CryptographicLength(128));
        let created = create_request(version, attributes);
        let base = text_of(&server.send(version, created).unwrap().unique_identifier);
        let ask = |parameters| {
            let derive = DerivationMethod::ENCRYPT;
            request(version, ObjectType::SecretData, &[&base], derive, parameters, 128)
        };
        // Its own, where the request has none.
        let parameters =
            DerivationParameters { cryptographic_parameters: None, ..with_data(own.clone(), &[1; 16]) };
        assert_eq!(derived(&server, version, ask(parameters)).len(), 16);
        let ofb = CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::OFB),
            ..CryptographicParameters::new()
        };
        let parameters = DerivationParameters {
            initialization_vector: Some(Bytes::from_static(&[0; 16])),
            ..with_data(ofb, &[1; 16])
        };
        let result = server.send(version, ask(parameters)).map_err(|failed| failed.reason);
        match version {
            V2_0 => assert!(result.is_ok()),
            _ => assert_eq!(result.unwrap_err(), ResultReason::InvalidField),
        }
    }
}
