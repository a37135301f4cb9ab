//! Encrypt and Decrypt with every cipher, mode and padding.

use kmip::ttlv::{Bytes, Version};
use kmip::types::*;
use kmip_server::engine::Settings;
use kmip_server::rights::Policies;

use crate::harness::*;
use crate::keys::*;

const CRYPTO: [Version; 4] = [V1_2, V1_3, V1_4, V2_0];

use BlockCipherMode as B;
use CryptographicAlgorithm as A;

/// What each algorithm can do: the modes with padding, and those that take data of any length.
fn modes(algorithm: A) -> Vec<Option<B>> {
    match algorithm {
        A::RC4 | A::ChaCha20 => vec![None],
        A::ChaCha20Poly1305 => vec![None, Some(B::AEAD)],
        A::AES => vec![
            Some(B::CBC),
            Some(B::ECB),
            Some(B::CFB),
            Some(B::OFB),
            Some(B::CTR),
            Some(B::GCM),
            Some(B::CCM),
            Some(B::AESKeyWrapPadding),
        ],
        A::Camellia | A::SM4 => {
            vec![Some(B::CBC), Some(B::ECB), Some(B::CFB), Some(B::OFB), Some(B::CTR)]
        }
        _ => vec![Some(B::CBC), Some(B::ECB), Some(B::CFB), Some(B::OFB)],
    }
}

#[test]
fn there_and_back() {
    let server = server();
    for (algorithm, lengths) in [
        (A::DES3, &[8, 16, 24][..]),
        (A::AES, &[16, 24, 32]),
        (A::Blowfish, &[4, 16, 56]),
        (A::Camellia, &[16, 24, 32]),
        (A::CAST5, &[5, 16]),
        (A::IDEA, &[16]),
        (A::RC4, &[5, 16, 256]),
        (A::ChaCha20, &[32]),
        (A::ChaCha20Poly1305, &[32]),
        (A::ARIA, &[16, 24, 32]),
        (A::SEED, &[16]),
        (A::SM4, &[16]),
    ] {
        for version in CRYPTO {
            if !algorithm.is_in(version) {
                continue;
            }
            for length in lengths {
                let material: Vec<u8> = (1..=*length as u32).map(|byte| byte as u8).collect();
                let key = key(&server, version, algorithm, &material);
                for block_mode in modes(algorithm) {
                    let padding = block_mode.filter(|mode| matches!(*mode, B::CBC | B::ECB));
                    let parameters = CryptographicParameters {
                        block_cipher_mode: block_mode,
                        padding_method: padding.map(|_| PaddingMethod::PKCS5),
                        ..CryptographicParameters::new()
                    };
                    if block_mode == Some(B::AEAD) && !B::AEAD.is_in(version) {
                        continue;
                    }
                    let plaintext = b"thirty-three bytes, which is odd.";
                    let response = match server.send(version, encrypt(&key, parameters.clone(), plaintext)) {
                        Ok(response) => response,
                        // Not every system's OpenSSL has all of them.
                        Err(failed) => {
                            assert!(failed.message.contains("does not provide"), "{algorithm}: {failed:?}");
                            continue;
                        }
                    };
                    let ciphertext = bytes_of(response.data);
                    assert_ne!(ciphertext, plaintext);
                    let request = DecryptRequest {
                        authenticated_encryption_tag: response.authenticated_encryption_tag,
                        ..decrypt(&key, parameters, &ciphertext, response.iv_counter_nonce)
                    };
                    let back = bytes_of(server.send(version, request).unwrap().data);
                    assert_eq!(back, plaintext, "{algorithm} {length} {block_mode:?}");
                }
            }
        }
    }
}

#[test]
fn paddings() {
    let server = server();
    let key = key(&server, V1_4, A::DES3, &[3; 24]);
    for method in [
        PaddingMethod::PKCS5,
        PaddingMethod::ANSIX9_23,
        PaddingMethod::ISO10126,
        PaddingMethod::SSL3,
        PaddingMethod::Zeros,
    ] {
        for length in 0..17 {
            let plaintext = vec![7; length];
            let parameters = || mode(B::CBC, Some(method));
            let response = server.send(V1_4, encrypt(&key, parameters(), &plaintext)).unwrap();
            let ciphertext = bytes_of(response.data);
            let expected = match method {
                PaddingMethod::Zeros => length.next_multiple_of(8),
                _ => (length + 1).next_multiple_of(8),
            };
            assert_eq!(ciphertext.len(), expected, "{method}");
            let request = decrypt(&key, parameters(), &ciphertext, response.iv_counter_nonce);
            assert_eq!(bytes_of(server.send(V1_4, request).unwrap().data), plaintext, "{method} {length}");
        }
    }
}

/// Known answers of the modes that KMIP's own cases do not have: SP 800-38C example 1, IEEE 1619 vector 2, RFC 3394 §4.1,
/// RFC 6229 and RFC 8439 §2.4.2.
#[test]
fn known_answers() {
    let server = server();
    let answer = |version, algorithm, key: &str, parameters, iv: &str, plaintext: &[u8]| {
        let key = crate::keys::key(&server, version, algorithm, &hex(key));
        let request = EncryptRequest {
            iv_counter_nonce: (!iv.is_empty()).then(|| Bytes::from(hex(iv))),
            ..encrypt(&key, parameters, plaintext)
        };
        bytes_of(server.send(version, request).unwrap().data)
    };
    for version in CRYPTO {
        let xts = answer(
            version,
            A::AES,
            &("11".repeat(16) + &"22".repeat(16)),
            mode(B::XTS, None),
            "33333333330000000000000000000000",
            &[0x44; 32],
        );
        assert_eq!(xts, hex("c454185e6a16936e39334038acef838b fb186fff7480adc4289382ecd6d394f0"));
        let wrapped = answer(
            version,
            A::AES,
            "000102030405060708090A0B0C0D0E0F",
            mode(B::NISTKeyWrap, None),
            "",
            &hex("00112233445566778899AABBCCDDEEFF"),
        );
        assert_eq!(wrapped, hex("1FA68B0A8112B447 AEF34BD8FB5A7B82 9D3E862371D2CFE5"));
        // RFC 3686 §6: the counter is left to the parameters.
        let counter = CryptographicParameters {
            counter_length: Some(32),
            initial_counter_value: Some(1),
            ..mode(B::CTR, None)
        };
        let counted = answer(
            version,
            A::AES,
            "AE6852F8121067CC4BF7A5765577F39E",
            counter,
            "000000300000000000000000",
            b"Single block msg",
        );
        assert_eq!(counted, hex("E4095D4FB7A7B3792D6175A3261311B8"));
    }
    let first = CryptographicParameters { initial_counter_value: Some(1), ..CryptographicParameters::new() };
    let sunscreen = answer(
        V1_4,
        A::ChaCha20,
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        first,
        "000000000000004a00000000",
        b"Ladies and Gentlemen",
    );
    assert_eq!(sunscreen, hex("6e2e359a2568f98041ba0728dd0d6981e97e7aec"));
    let key = key(&server, V2_0, A::AES, &hex("404142434445464748494a4b4c4d4e4f"));
    let ccm = CryptographicParameters { tag_length: Some(4), ..mode(B::CCM, None) };
    let request = EncryptRequest {
        iv_counter_nonce: Some(hex("10111213141516").into()),
        authenticated_encryption_additional_data: Some(hex("0001020304050607").into()),
        ..encrypt(&key, ccm, &hex("20212223"))
    };
    let response = server.send(V2_0, request).unwrap();
    assert_eq!(bytes_of(response.data), hex("7162015b"));
    assert_eq!(response.authenticated_encryption_tag.as_deref(), Some(&hex("4dac255d")[..]));
}

/// 1.4 §3.6: the lengths of a vector that the server makes.
#[test]
fn vectors_that_the_server_makes() {
    let server = server();
    for version in CRYPTO {
        let key = key(&server, version, A::AES, &[5; 16]);
        let made = |parameters| {
            server
                .send(version, encrypt(&key, parameters, b"data"))
                .map(|response| response.iv_counter_nonce.map(|iv| iv.len()))
                .map_err(|failed| failed.reason)
        };
        let with = |iv, fixed, invocation, counter| CryptographicParameters {
            random_iv: Some(true),
            iv_length: iv,
            fixed_field_length: fixed,
            invocation_field_length: invocation,
            counter_length: counter,
            ..mode(B::CTR, None)
        };
        let bad = reason(version, ResultReason::InvalidField, ResultReason::BadCryptographicParameters);
        assert_eq!(made(with(None, None, None, None)), Ok(Some(16)));
        assert_eq!(made(with(Some(96), None, None, None)), Ok(Some(12)));
        assert_eq!(made(with(None, None, None, Some(32))), Ok(Some(12)));
        assert_eq!(made(with(None, Some(32), Some(64), Some(32))), Ok(Some(12)));
        assert_eq!(made(with(Some(128), Some(32), Some(64), Some(32))), Ok(Some(12)));
        assert_eq!(made(with(Some(96), Some(32), Some(32), None)), Err(bad));
        assert_eq!(made(with(Some(12), None, None, None)), Err(bad), "it is in bits");
        assert_eq!(made(with(Some(8), None, None, None)), Err(bad), "too short to be random");
        assert_eq!(made(with(Some(-8), None, None, None)), Err(bad));
        // What it makes, it takes, with the same parameters.
        let parameters = || with(Some(96), None, None, Some(32));
        let response = server.send(version, encrypt(&key, parameters(), b"data")).unwrap();
        let ciphertext = bytes_of(response.data);
        let back = decrypt(&key, parameters(), &ciphertext, response.iv_counter_nonce);
        assert_eq!(bytes_of(server.send(version, back).unwrap().data), b"data");
        // One that is not to be made is missing.
        let none = CryptographicParameters { random_iv: Some(false), ..mode(B::CTR, None) };
        let missing = reason(version, ResultReason::InvalidField, ResultReason::MissingInitializationVector);
        assert_eq!(made(none), Err(missing));
    }
}

#[test]
fn what_is_refused() {
    let server = server();
    for version in CRYPTO {
        let unsupported =
            reason(version, ResultReason::InvalidField, ResultReason::UnsupportedCryptographicParameters);
        let fails = |key: &str, parameters| {
            server.send(version, encrypt(key, parameters, &[0; 16])).unwrap_err().reason
        };
        let des = key(&server, version, A::DES3, &[1; 24]);
        assert_eq!(fails(&des, mode(B::GCM, None)), unsupported);
        assert_eq!(fails(&des, mode(B::CTR, None)), unsupported);
        let rc4 = key(&server, version, A::RC4, &[1; 16]);
        assert_eq!(fails(&rc4, mode(B::CBC, None)), unsupported);
        let skipjack = key(&server, version, A::SKIPJACK, &[1; 10]);
        assert_eq!(fails(&skipjack, mode(B::CBC, None)), unsupported);
        let hmac = key(&server, version, A::HMAC_SHA256, &[1; 32]);
        assert_eq!(fails(&hmac, mode(B::CBC, None)), unsupported);
    }
}

/// DES, 3DES, Blowfish, CAST5, IDEA, RC4 and MD5 are switched off together, to make and to use; the others stay.
#[test]
fn weak_algorithms_switched_off() {
    let open = server();
    let settings = Settings { weak_algorithms: false, ..Settings::default() };
    let server = server_set(Policies::built_in(), settings);
    for version in CRYPTO {
        let unsupported =
            reason(version, ResultReason::InvalidField, ResultReason::UnsupportedCryptographicParameters);
        for (algorithm, length) in
            [(A::DES3, 24), (A::Blowfish, 16), (A::CAST5, 16), (A::IDEA, 16), (A::RC4, 16)]
        {
            // What is there already can still be kept, but not used.
            let weak = key(&server, version, algorithm, &vec![1; length]);
            let parameters =
                if algorithm == A::RC4 { CryptographicParameters::new() } else { mode(B::CFB, None) };
            let failed = server.send(version, encrypt(&weak, parameters.clone(), b"x")).unwrap_err();
            assert_eq!(failed.reason, unsupported, "{algorithm}");
            assert!(failed.message.contains("weak"), "{}", failed.message);
            let back = decrypt(&weak, parameters, b"x", Some(Bytes::from_static(&[0; 8])));
            assert_eq!(server.send(version, back).unwrap_err().reason, unsupported, "{algorithm}");
            let attributes = set([
                AttributeValue::CryptographicAlgorithm(algorithm),
                AttributeValue::CryptographicLength(length as i32 * 8),
                AttributeValue::CryptographicUsageMask(MASK),
            ]);
            let created = create_request(version, attributes);
            assert!(server.send(version, created.clone()).is_err());
            open.send(version, created).unwrap();
        }
        let refused = server.send(version, hash(HashingAlgorithm::MD5, b"x")).unwrap_err();
        assert!(refused.message.contains("weak"), "{}", refused.message);
        server.send(version, hash(HashingAlgorithm::SHA_256, b"x")).unwrap();
        let key = key(&server, version, A::AES, &[1; 16]);
        server.send(version, encrypt(&key, mode(B::CBC, Some(PaddingMethod::PKCS5)), b"x")).unwrap();
        assert!(server.send(version, mac(&key, by_algorithm(A::HMAC_MD5), b"x")).is_err());
        server.send(version, mac(&key, by_algorithm(A::HMAC_SHA1), b"x")).unwrap();
    }
}

/// The official cases TC-OTP-1, -2 and -5.
#[test]
fn one_time_pad() {
    let server = server();
    for version in [V1_3, V1_4, V2_0] {
        let pad = secret(
            &server,
            version,
            &hex("fc932e1428bd"),
            [
                AttributeValue::CryptographicUsageMask(MASK),
                AttributeValue::CryptographicAlgorithm(A::OneTimePad),
                AttributeValue::CryptographicLength(48),
                AttributeValue::ActivationDate(now()),
            ],
        );
        let plain = |plaintext| EncryptRequest {
            unique_identifier: Some(id(&pad)),
            data: data(plaintext),
            ..EncryptRequest::new()
        };
        let ciphertext = bytes_of(server.send(version, plain(&[1, 2, 3, 4, 5, 6])).unwrap().data);
        assert_eq!(ciphertext, hex("fd912d102dbb"));
        let back = DecryptRequest {
            unique_identifier: Some(id(&pad)),
            data: data(&ciphertext),
            ..DecryptRequest::new()
        };
        assert_eq!(bytes_of(server.send(version, back).unwrap().data), [1, 2, 3, 4, 5, 6]);
        let failed = server.send(version, plain(&[0; 7])).unwrap_err();
        assert_eq!(failed.reason, ResultReason::CryptographicFailure);
    }
}

/// Keys for algorithms that a version doesn't have are not made in it.
#[test]
fn algorithms_of_other_versions() {
    let server = server();
    for (algorithm, before, length) in
        [(A::ChaCha20, V1_3, 32), (A::ARIA, V1_4, 16), (A::HMAC_SHA3_256, V1_2, 32)]
    {
        let attributes = set([
            AttributeValue::CryptographicAlgorithm(algorithm),
            AttributeValue::CryptographicLength(length * 8),
            AttributeValue::CryptographicUsageMask(MASK),
        ]);
        let failed = server.send(before, create_request(before, attributes)).unwrap_err();
        assert_eq!(failed.reason, ResultReason::InvalidField, "{algorithm}");
    }
}
