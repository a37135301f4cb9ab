//! Cryptography with keys of the server's.

use kmip::{
    client::{
        Ciphertext,
        calls::KeyPairAttributes,
        objects::{SecretData, SymmetricKey},
    },
    ttlv::Bytes,
    types::{
        AttributeSet, AttributeValue, BlockCipherMode, CryptographicAlgorithm, CryptographicParameters,
        CryptographicUsageMask, Data, DecryptRequest, DerivationMethod, DerivationParameters, EncryptRequest,
        HashRequest, HashingAlgorithm, MacRequest, ObjectType, PaddingMethod, SecretDataType,
        UniqueIdentifier, ValidityIndicator, version::V1_4,
    },
};

use crate::{AES, ALL, WITH_CRYPTOGRAPHY, cipher_usage, client, server};

fn parameters() -> CryptographicParameters {
    CryptographicParameters::new()
}

fn hash(algorithm: HashingAlgorithm) -> Option<CryptographicParameters> {
    Some(CryptographicParameters { hashing_algorithm: Some(algorithm), ..parameters() })
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[test]
fn encrypt_and_decrypt() {
    let server = server();
    let mut client = client(&server);
    let how = CryptographicParameters {
        cryptographic_algorithm: Some(AES),
        block_cipher_mode: Some(BlockCipherMode::CBC),
        padding_method: Some(PaddingMethod::PKCS5),
        ..parameters()
    };
    let iv = Bytes::from(hex("851e8764776e6796aab722dbb644ace8"));
    for version in WITH_CRYPTOGRAPHY {
        client.set_version(version);
        let id = client.create(AES, 256, AttributeSet::new().with_usage(cipher_usage())).unwrap();
        client.activate(&id).unwrap();
        let message = b"This is a secret message.";
        let mut sealed = client.encrypt(&id, how.clone(), &message[..], Some(iv.clone()), None).unwrap();
        assert_eq!(sealed.data.len(), 32);
        sealed.iv = Some(iv.clone());
        let opened = client.decrypt(&id, how.clone(), sealed, None).unwrap();
        assert_eq!(opened.expose(), message);
    }
}

#[test]
fn data_in_parts_is_the_same_as_data_in_one() {
    let server = server();
    let mut client = client(&server);
    client.set_version(V1_4);
    let id = client.create(AES, 256, AttributeSet::new().with_usage(cipher_usage())).unwrap();
    client.activate(&id).unwrap();
    let how = CryptographicParameters {
        cryptographic_algorithm: Some(AES),
        block_cipher_mode: Some(BlockCipherMode::CBC),
        padding_method: Some(PaddingMethod::PKCS5),
        ..parameters()
    };
    let iv = Bytes::from(vec![9; 16]);
    let plain: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
    let whole = client.encrypt(&id, how.clone(), &*plain, Some(iv.clone()), None).unwrap();
    let request = EncryptRequest {
        unique_identifier: Some(UniqueIdentifier::TextString(id.clone())),
        cryptographic_parameters: Some(how.clone()),
        iv_counter_nonce: Some(iv.clone()),
        ..EncryptRequest::new()
    };
    let mut parts = Vec::new();
    client.send_parts(request, 7000, &*plain, &mut parts).unwrap();
    assert_eq!(parts, whole.data);
    let request = DecryptRequest {
        unique_identifier: Some(UniqueIdentifier::TextString(id.clone())),
        cryptographic_parameters: Some(how.clone()),
        iv_counter_nonce: Some(iv.clone()),
        ..DecryptRequest::new()
    };
    let mut again = Vec::new();
    client.send_parts(request, 9999, &*parts, &mut again).unwrap();
    assert_eq!(again, plain);
    let whole = Ciphertext { iv: Some(iv), ..whole };
    assert_eq!(client.decrypt(&id, how, whole, None).unwrap().expose(), plain);
}

#[test]
fn digests_codes_and_signatures_in_parts() {
    let server = server();
    let mut client = client(&server);
    client.set_version(V1_4);
    let data: Vec<u8> = (0..50_000_u32).map(|number| number as u8).collect();
    let in_parts = HashRequest::new(hash(HashingAlgorithm::SHA_256).unwrap());
    let ends = client.send_parts(in_parts, 4096, &*data, std::io::sink()).unwrap();
    let whole = client.hash(HashingAlgorithm::SHA_256, &*data).unwrap();
    assert!(matches!(ends.last.data, Some(Data::ByteString(digest)) if digest.expose() == whole));

    let algorithm = CryptographicAlgorithm::HMAC_SHA256;
    let how = CryptographicParameters { cryptographic_algorithm: Some(algorithm), ..parameters() };
    let usage = CryptographicUsageMask::MACGenerate;
    let id = client.create(algorithm, 256, AttributeSet::new().with_usage(usage)).unwrap();
    client.activate(&id).unwrap();
    let in_parts = MacRequest {
        unique_identifier: Some(UniqueIdentifier::TextString(id.clone())),
        cryptographic_parameters: Some(how.clone()),
        ..MacRequest::new()
    };
    let ends = client.send_parts(in_parts, 7000, &*data, std::io::sink()).unwrap();
    assert_eq!(ends.last.mac_data, Some(client.mac(&id, how, &*data).unwrap()));
}

#[test]
fn mac() {
    let server = server();
    let mut client = client(&server);
    let algorithm = CryptographicAlgorithm::HMAC_SHA512;
    let usage = CryptographicUsageMask::MACGenerate | CryptographicUsageMask::MACVerify;
    for version in WITH_CRYPTOGRAPHY {
        client.set_version(version);
        let id = client.create(algorithm, 512, AttributeSet::new().with_usage(usage)).unwrap();
        client.activate(&id).unwrap();
        let how = CryptographicParameters { cryptographic_algorithm: Some(algorithm), ..parameters() };
        let data = [1, 2, 3, 4];
        let mac = client.mac(&id, how.clone(), &data[..]).unwrap();
        assert_eq!(mac.len(), 64);
        let verdict = client.mac_verify(&id, how, &data[..], mac).unwrap();
        assert_eq!(verdict, ValidityIndicator::Valid);
    }
}

#[test]
fn sign_and_verify() {
    let server = server();
    let mut client = client(&server);
    let attributes = KeyPairAttributes {
        public: AttributeSet::new().with_usage(CryptographicUsageMask::Verify),
        private: AttributeSet::new().with_usage(CryptographicUsageMask::Sign),
        ..KeyPairAttributes::default()
    };
    let pair = client.create_key_pair(CryptographicAlgorithm::RSA, 2048, attributes).unwrap();
    client.activate(&pair.public).unwrap();
    client.activate(&pair.private).unwrap();
    let how = CryptographicParameters {
        padding_method: Some(PaddingMethod::PSS),
        cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        ..parameters()
    };
    for version in WITH_CRYPTOGRAPHY {
        client.set_version(version);
        let message = b"This is a signed message.";
        let signature = client.sign(&pair.private, how.clone(), &message[..]).unwrap();
        let mut verify = |message: &[u8]| {
            client.signature_verify(&pair.public, how.clone(), message, signature.clone()).unwrap()
        };
        assert_eq!(verify(message), ValidityIndicator::Valid);
        assert_eq!(verify(b"This is another message."), ValidityIndicator::Invalid);
    }
}

/// The four examples of the documentation, with what they give: RFC 6070, PyKMIP's own, the NIST's CAVP, RFC 5869 §A.
#[test]
fn derive_keys() {
    let server = server();
    let mut client = client(&server);
    let derive = CryptographicUsageMask::DeriveKey;
    let length = |bits| AttributeSet::new().with(AttributeValue::CryptographicLength(bits));
    let key =
        |bits| length(bits).with(AttributeValue::CryptographicAlgorithm(AES)).with_usage(cipher_usage());
    for version in ALL {
        client.set_version(version);

        let secret = SecretData::new(SecretDataType::Password, &b"password"[..]).usage(derive);
        let id = client.register(secret).unwrap();
        client.activate(&id).unwrap();
        let how = DerivationParameters {
            cryptographic_parameters: hash(HashingAlgorithm::SHA_1),
            salt: Some(Bytes::from_static(b"salt")),
            iteration_count: Some(4096),
            ..DerivationParameters::new()
        };
        let method = DerivationMethod::PBKDF2;
        let made = client.derive_key(ObjectType::SymmetricKey, [&id], method, how, key(128));
        let made = made.unwrap();
        let found = client.get(&made).unwrap();
        assert_eq!(found.bytes(), Some(&*hex("4b007901b765489abead49d926f721d0")), "{version}");

        let secret = hex("0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c");
        let id = client.register(SecretData::new(SecretDataType::Seed, secret).usage(derive)).unwrap();
        client.activate(&id).unwrap();
        let how = DerivationParameters {
            cryptographic_parameters: hash(HashingAlgorithm::SHA_1),
            derivation_data: vec![Bytes::new()],
            salt: Some(Bytes::new()),
            ..DerivationParameters::new()
        };
        let made = client.derive_key(ObjectType::SecretData, [&id], DerivationMethod::HMAC, how, length(336));
        let found = client.get(made.unwrap()).unwrap();
        let expected = "2c91117204d745f3500d636a62f64f0ab3bae548aa53d423b0d1f27ebba6f5e5673a081d70cce7acfc48";
        assert_eq!(found.bytes(), Some(&*hex(expected)), "{version}");

        let secret = hex("dd5dbd45593ee2ac139748e7645b450f223d2ff297b73fd71cbcebe71d41653c\
             950b88500de5322d99ef18dfdd30428294c4b3094f4c954334e593bd982ec614");
        let id = client.register(SymmetricKey::new(AES, secret).usage(derive));
        let Ok(id) = id else { continue };
        client.activate(&id).unwrap();
        let data = hex("b50b0c963c6b3034b8cf19cd3f5c4ebe4f4985af0c03e575db62e6fdf1ecfe4f\
             28b95d7ce16df85843246e1557ce95bb26cc9a21974bbd2eb69e8355");
        let how = DerivationParameters {
            cryptographic_parameters: hash(HashingAlgorithm::SHA_512),
            derivation_data: vec![data.into()],
            ..DerivationParameters::new()
        };
        let method = DerivationMethod::NIST800_108_C;
        let made = client.derive_key(ObjectType::SymmetricKey, [&id], method, how, key(128)).unwrap();
        let found = client.get(&made).unwrap();
        assert_eq!(found.bytes(), Some(&*hex("e5993bf9bd2aa1c45746042e12598155")), "{version}");
    }
}

#[test]
fn derive_by_encryption() {
    let server = server();
    let mut client = client(&server);
    let algorithm = CryptographicAlgorithm::Blowfish;
    let key = SymmetricKey::new(algorithm, hex("0123456789abcdeff0e1d2c3b4a59687"));
    let id = client.register(key.usage(CryptographicUsageMask::DeriveKey)).unwrap();
    client.activate(&id).unwrap();
    let how = DerivationParameters {
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CBC),
            padding_method: Some(PaddingMethod::PKCS5),
            cryptographic_algorithm: Some(algorithm),
            ..parameters()
        }),
        initialization_vector: Some(hex("fedcba9876543210").into()),
        derivation_data: vec![hex("37363534333231204e6f77206973207468652074696d6520666f722000").into()],
        ..DerivationParameters::new()
    };
    let wanted = AttributeSet::new().with(AttributeValue::CryptographicLength(256));
    let made = client.derive_key(ObjectType::SecretData, [&id], DerivationMethod::ENCRYPT, how, wanted);
    let made = made.unwrap();
    // Eric Young's vectors for Blowfish in CBC: the three blocks that padding does not touch.
    let found = client.get(&made).unwrap();
    let expected = hex("6b77b4d63006dee605b156e27403979358deb9e7154616d9");
    assert_eq!(found.bytes().map(|bytes| bytes[..24].to_vec()), Some(expected));
}

#[test]
fn digests_and_random_numbers() {
    let server = server();
    let mut client = client(&server);
    for version in WITH_CRYPTOGRAPHY {
        client.set_version(version);
        let digest = client.hash(HashingAlgorithm::SHA_256, &b"abc"[..]).unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest, hex(expected));
        let (one, other) = (client.rng_retrieve(32).unwrap(), client.rng_retrieve(32).unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
        assert!(client.rng_seed(&[7; 32][..]).unwrap() >= 0);
    }
}
