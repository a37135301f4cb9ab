//! Encrypt and Decrypt.

use kmip::ttlv::{Bytes, DateTime, Secret, Tag, Version};
use kmip::types::*;

use crate::harness::*;

const CRYPTO: [Version; 4] = [V1_2, V1_3, V1_4, V2_0];

fn parameters(mode: BlockCipherMode, padding: Option<PaddingMethod>) -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(mode),
        padding_method: padding,
        ..CryptographicParameters::new()
    }
}

fn data(bytes: &[u8]) -> Option<Data> {
    Some(Data::ByteString(Secret::from(bytes)))
}

fn bytes_of(data: Option<Data>) -> Vec<u8> {
    match data {
        Some(Data::ByteString(bytes)) => bytes.expose().to_vec(),
        other => panic!("{other:?}"),
    }
}

fn encrypt(key: &str, parameters: CryptographicParameters, plaintext: &[u8]) -> EncryptRequest {
    EncryptRequest {
        unique_identifier: Some(id(key)),
        cryptographic_parameters: Some(parameters.into()),
        data: data(plaintext),
        ..EncryptRequest::new()
    }
}

fn decrypt(
    key: &str,
    parameters: CryptographicParameters,
    ciphertext: &[u8],
    iv: Option<Bytes>,
) -> DecryptRequest {
    DecryptRequest {
        unique_identifier: Some(id(key)),
        cryptographic_parameters: Some(parameters.into()),
        data: data(ciphertext),
        iv_counter_nonce: iv,
        ..DecryptRequest::new()
    }
}

fn active(server: &Server, version: Version) -> String {
    let key = server.create(version, []);
    server.activate(version, &key).unwrap();
    key
}

#[test]
fn there_and_back_in_every_mode() {
    let server = server();
    use BlockCipherMode as B;
    for version in CRYPTO {
        let key = active(&server, version);
        for (mode, padding, length) in [
            (B::CBC, Some(PaddingMethod::PKCS5), 33),
            (B::CBC, Some(PaddingMethod::ANSIX9_23), 33),
            (B::CBC, None, 32),
            (B::ECB, Some(PaddingMethod::PKCS5), 33),
            (B::ECB, Some(PaddingMethod::None), 32),
            (B::CTR, None, 33),
            // Clients say so; it makes no difference.
            (B::CTR, Some(PaddingMethod::PKCS5), 33),
            (B::GCM, None, 33),
            (B::GCM, None, 0),
        ] {
            let plaintext: Vec<u8> = (0..length).collect();
            let response =
                server.send(version, encrypt(&key, parameters(mode, padding), &plaintext)).unwrap();
            // The server makes what it needs, and says so.
            assert_eq!(response.iv_counter_nonce.is_some(), mode != B::ECB);
            let has_tag = mode == B::GCM && version >= V1_4;
            assert_eq!(response.authenticated_encryption_tag.is_some(), has_tag);
            let ciphertext = bytes_of(response.data);
            assert!(plaintext.is_empty() || ciphertext != plaintext);
            if mode == B::GCM {
                assert_eq!(ciphertext.len(), plaintext.len() + if has_tag { 0 } else { 16 });
            }
            let request = DecryptRequest {
                authenticated_encryption_tag: response.authenticated_encryption_tag,
                ..decrypt(&key, parameters(mode, padding), &ciphertext, response.iv_counter_nonce)
            };
            assert_eq!(bytes_of(server.send(version, request).unwrap().data), plaintext, "{mode} {version}");
        }
    }
}

/// Known answers: the official cases CS-BC-M-7 and CS-BC-M-12, and GCM test case 4 of the McGrew-Viega paper.
#[test]
fn known_answers() {
    let server = server();
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|place| u8::from_str_radix(&text[place..place + 2], 16).unwrap())
            .collect()
    };
    let register = |version, key: &str, more: Vec<AttributeValue>| {
        let material = KeyMaterial::ByteString(Secret::from(hex(key)));
        let block = KeyBlock {
            key_value: Some(KeyValue::Plaintext(PlaintextKeyValue::new(material).into())),
            cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
            cryptographic_length: Some(128),
            ..KeyBlock::new(KeyFormatType::Raw)
        };
        let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
        let mut given = vec![
            AttributeValue::CryptographicUsageMask(mask),
            AttributeValue::ActivationDate(DateTime(now().0 - 3600)),
        ];
        given.extend(more);
        let key = ManagedObject::SymmetricKey(SymmetricKey::new(block).into());
        text_of(&server.send(version, register_request(version, key, set(given))).unwrap().unique_identifier)
    };
    for version in CRYPTO {
        let key = register(version, "0123456789abcdef0123456789abcdef", vec![]);
        let request =
            encrypt(&key, parameters(BlockCipherMode::ECB, None), &hex("01020304050607080910111213141516"));
        assert_eq!(
            bytes_of(server.send(version, request).unwrap().data),
            hex("d9bcce11b0b437b90239552df3a360c9")
        );

        // The parameters are those of the key.
        let own = AttributeValue::CryptographicParameters(
            parameters(BlockCipherMode::CBC, Some(PaddingMethod::PKCS5)).into(),
        );
        let key = register(version, "0123456789abcdef0123456789abcdef", vec![own]);
        let plaintext = hex("010203040506070809101112131415160102030405060708091011121314151601");
        let iv = Bytes::from(hex("FF020304050607080910111213141516"));
        let request = EncryptRequest {
            cryptographic_parameters: None,
            iv_counter_nonce: Some(iv.clone()),
            ..encrypt(&key, CryptographicParameters::new(), &plaintext)
        };
        let response = server.send(version, request).unwrap();
        assert_eq!(response.iv_counter_nonce, None, "it was given");
        let ciphertext = bytes_of(response.data);
        let expected = hex(
            "e768203ba72b6e157daaad34b1e791d8e88457dc147942f01bfaff7b28a3cdde2203d4d5a4c7928ba9e9cc78b66a6546",
        );
        assert_eq!(ciphertext, expected);
        let request = |iv| DecryptRequest {
            cryptographic_parameters: None,
            ..decrypt(&key, CryptographicParameters::new(), &ciphertext, iv)
        };
        let failed = server.send(version, request(None)).unwrap_err();
        assert_eq!(failed.reason, ResultReason::InvalidMessage);
        assert_eq!(bytes_of(server.send(version, request(Some(iv))).unwrap().data), plaintext);
    }
    for version in [V1_4, V2_0] {
        let key = register(version, "feffe9928665731c6d6a8f9467308308", vec![]);
        let plaintext = hex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        let gcm = CryptographicParameters { tag_length: Some(16), ..parameters(BlockCipherMode::GCM, None) };
        let additional = Bytes::from(hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"));
        let iv = Bytes::from(hex("cafebabefacedbaddecaf888"));
        let request = EncryptRequest {
            iv_counter_nonce: Some(iv.clone()),
            authenticated_encryption_additional_data: Some(additional.clone()),
            ..encrypt(&key, gcm.clone(), &plaintext)
        };
        let response = server.send(version, request).unwrap();
        assert_eq!(
            response.authenticated_encryption_tag.as_deref(),
            Some(&hex("5bc94fbc3221a5db94fae95ae7121a47")[..])
        );
        let ciphertext = bytes_of(response.data);
        let open = |additional: &Bytes, tag: &[u8]| DecryptRequest {
            authenticated_encryption_additional_data: Some(additional.clone()),
            authenticated_encryption_tag: Some(Bytes::copy_from_slice(tag)),
            ..decrypt(&key, gcm.clone(), &ciphertext, Some(iv.clone()))
        };
        let tag = response.authenticated_encryption_tag.unwrap();
        assert_eq!(bytes_of(server.send(version, open(&additional, &tag)).unwrap().data), plaintext);
        let mut wrong = tag.to_vec();
        wrong[0] ^= 1;
        for request in [open(&additional, &wrong), open(&Bytes::new(), &tag)] {
            assert_eq!(server.send(version, request).unwrap_err().reason, ResultReason::CryptographicFailure);
        }
        let short = server.send(version, open(&additional, &tag[..4])).unwrap_err().reason;
        assert_eq!(
            short,
            reason(version, ResultReason::InvalidField, ResultReason::BadCryptographicParameters)
        );
    }
}

#[test]
fn states_masks_and_dates() {
    let server = server();
    let ecb = || parameters(BlockCipherMode::ECB, None);
    for version in CRYPTO {
        let state = reason(version, ResultReason::PermissionDenied, ResultReason::WrongKeyLifecycleState);
        let mask =
            reason(version, ResultReason::PermissionDenied, ResultReason::IncompatibleCryptographicUsageMask);
        let may = |key: &str| {
            (
                server
                    .send(version, encrypt(key, ecb(), &[0; 16]))
                    .map(|_| ())
                    .map_err(|failed| failed.reason),
                server
                    .send(version, decrypt(key, ecb(), &[0; 16], None))
                    .map(|_| ())
                    .map_err(|failed| failed.reason),
            )
        };
        let key = server.create(version, []);
        assert_eq!(may(&key), (Err(state), Err(state)), "Pre-Active");
        server.activate(version, &key).unwrap();
        assert_eq!(may(&key), (Ok(()), Ok(())));
        server.revoke(version, &key, RevocationReasonCode::Superseded).unwrap();
        assert_eq!(may(&key), (Err(state), Ok(())), "Deactivated");
        server.revoke(version, &key, RevocationReasonCode::KeyCompromise).unwrap();
        assert_eq!(may(&key), (Err(state), Ok(())), "Compromised");
        server.destroy(version, &key).unwrap();
        let gone = reason(version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        assert_eq!(may(&key), (Err(gone), Err(gone)), "Destroyed");

        let mut only = aes(128);
        only.set(AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Decrypt));
        only.set(AttributeValue::ActivationDate(DateTime(now().0)));
        let key = text_of(&server.send(version, create_request(version, only)).unwrap().unique_identifier);
        assert_eq!(may(&key), (Err(mask), Ok(())));

        let key = server.create(
            version,
            [
                AttributeValue::ActivationDate(DateTime(now().0)),
                AttributeValue::ProcessStartDate(DateTime(now().0 + 10)),
                AttributeValue::ProtectStopDate(DateTime(now().0 + 20)),
            ],
        );
        let too_early = ResultReason::PermissionDenied;
        assert_eq!(may(&key), (Err(too_early), Err(too_early)));
        wait(10);
        assert_eq!(may(&key), (Ok(()), Ok(())));
        wait(10);
        assert_eq!(may(&key), (Err(ResultReason::PermissionDenied), Ok(())));
    }
}

/// KMIP 1.4 §4.29: Permission Denied when they are used up, in every version; decryption is free.
#[test]
fn usage_limits() {
    let server = server();
    let ecb = || parameters(BlockCipherMode::ECB, None);
    for version in CRYPTO {
        for (unit, total, times) in [(UsageLimitsUnit::Byte, 40, 2), (UsageLimitsUnit::Object, 3, 3)] {
            let limits = UsageLimits {
                usage_limits_total: Some(total),
                usage_limits_unit: Some(unit),
                ..UsageLimits::new()
            };
            let key = server.create(version, [AttributeValue::UsageLimits(limits)]);
            server.activate(version, &key).unwrap();
            for _ in 0..times {
                server.send(version, encrypt(&key, ecb(), &[0; 16])).unwrap();
            }
            let failed = server.send(version, encrypt(&key, ecb(), &[0; 16])).unwrap_err();
            assert_eq!(failed.reason, ResultReason::PermissionDenied);
            server.send(version, decrypt(&key, ecb(), &[0; 16], None)).unwrap();
            let attributes = server.attributes(version, &key);
            let Some(AttributeValue::UsageLimits(limits)) = attributes.get(Tag::UsageLimits) else {
                panic!()
            };
            let left = if unit == UsageLimitsUnit::Byte { 8 } else { 0 };
            assert_eq!((limits.usage_limits_total, limits.usage_limits_count), (Some(total), Some(left)));
        }
    }
}

#[test]
fn what_is_refused() {
    let server = server();
    for version in CRYPTO {
        let key = active(&server, version);
        let bad = reason(version, ResultReason::InvalidField, ResultReason::BadCryptographicParameters);
        let unsupported =
            reason(version, ResultReason::InvalidField, ResultReason::UnsupportedCryptographicParameters);
        let fails = |request: EncryptRequest| server.send(version, request).unwrap_err().reason;
        assert_eq!(fails(encrypt(&key, CryptographicParameters::new(), &[0; 16])), bad);
        assert_eq!(
            fails(EncryptRequest {
                cryptographic_parameters: None,
                ..encrypt(&key, CryptographicParameters::new(), &[0; 16])
            }),
            bad
        );
        assert_eq!(fails(encrypt(&key, parameters(BlockCipherMode::PCBC, None), &[0; 16])), unsupported);
        let padding = Some(PaddingMethod::OAEP);
        assert_eq!(fails(encrypt(&key, parameters(BlockCipherMode::CBC, padding), &[0; 16])), unsupported);
        let other = CryptographicParameters {
            cryptographic_algorithm: Some(CryptographicAlgorithm::Camellia),
            ..parameters(BlockCipherMode::CBC, None)
        };
        assert_eq!(fails(encrypt(&key, other, &[0; 16])), bad);
        assert_eq!(
            fails(encrypt(&key, parameters(BlockCipherMode::ECB, None), &[0; 15])),
            ResultReason::CryptographicFailure
        );
        let short = EncryptRequest {
            iv_counter_nonce: Some(Bytes::from_static(&[0; 7])),
            ..encrypt(&key, parameters(BlockCipherMode::CBC, None), &[0; 16])
        };
        assert_eq!(fails(short), bad);
        let missing = reason(version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        assert_eq!(fails(encrypt("nowhere", parameters(BlockCipherMode::ECB, None), &[0; 16])), missing);
        // Not a symmetric key.
        let secret = SecretData::new(SecretDataType::Seed, {
            let material = KeyMaterial::ByteString(Secret::from(&[1; 16][..]));
            KeyBlock {
                key_value: Some(KeyValue::Plaintext(PlaintextKeyValue::new(material).into())),
                ..KeyBlock::new(KeyFormatType::Opaque)
            }
        });
        let given = set([
            AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
            AttributeValue::ActivationDate(now()),
        ]);
        let request = register_request(version, ManagedObject::SecretData(secret.into()), given);
        let secret = text_of(&server.send(version, request).unwrap().unique_identifier);
        let aes = CryptographicParameters {
            cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
            ..parameters(BlockCipherMode::ECB, None)
        };
        let wrong = reason(version, ResultReason::PermissionDenied, ResultReason::InvalidObjectType);
        let failed = fails(encrypt(&secret, aes, &[0; 16]));
        assert!(failed == wrong || version == V1_2 && failed == ResultReason::IllegalOperation, "{failed}");
    }
}
