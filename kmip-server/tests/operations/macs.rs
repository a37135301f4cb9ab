//! MAC, MAC Verify, Hash, RNG Retrieve and RNG Seed.

use kmip::ttlv::{Bytes, Secret, Version};
use kmip::types::*;

use crate::harness::*;
use crate::keys::*;

const CRYPTO: [Version; 4] = [V1_2, V1_3, V1_4, V2_0];

use CryptographicAlgorithm as A;

/// RFC 4231 §4.2, RFC 2202 §2 and §3, SP 800-38B §D.1 and §D.4; what the code is made with is named by the request, or
/// by the key.
#[test]
fn known_answers() {
    let server = server();
    let empty = CryptographicParameters::new;
    for version in CRYPTO {
        for (algorithm, key, parameters, message, expected) in [
            (
                A::HMAC_SHA256,
                vec![0x0b; 20],
                empty(),
                &b"Hi There"[..],
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                A::AES,
                vec![0x0b; 16],
                by_algorithm(A::HMAC_MD5),
                b"Hi There",
                "9294727a3638bb1c13f48ef8158bfc9d",
            ),
            (
                A::HMAC_SHA1,
                vec![0x0b; 20],
                by_algorithm(A::HMAC_SHA1),
                b"Hi There",
                "b617318655057264e28bc0b6fb378c8ef146be00",
            ),
            (
                A::AES,
                vec![0x0b; 20],
                hashing(HashingAlgorithm::SHA_224),
                b"Hi There",
                "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22",
            ),
            (
                A::AES,
                hex("2b7e151628aed2a6abf7158809cf4f3c"),
                empty(),
                &hex("6bc1bee22e409f96e93d7e117393172a"),
                "070a16b46b4d4144f79bdd9dd04a287c",
            ),
            (
                A::AES,
                hex("2b7e151628aed2a6abf7158809cf4f3c"),
                mode(BlockCipherMode::CMAC, None),
                b"",
                "bb1d6929e95937287fa37d129b756746",
            ),
            (
                A::DES3,
                hex("8aa83bf8cbda1062 0bc1bf19fbb6cd58 bc313d4a371ca8b5"),
                by_algorithm(A::DES3),
                &hex("6bc1bee22e409f96"),
                "8e8f293136283797",
            ),
        ] {
            let key = crate::keys::key(&server, version, algorithm, &key);
            let response = server.send(version, mac(&key, parameters.clone(), message)).unwrap();
            let code = response.mac_data.unwrap();
            assert_eq!(code[..], hex(expected), "{algorithm} {version}");
            let verdict = |message: &[u8], code: &[u8]| {
                server
                    .send(version, mac_verify(&key, parameters.clone(), message, code))
                    .unwrap()
                    .validity_indicator
                    .unwrap()
            };
            assert_eq!(verdict(message, &code), ValidityIndicator::Valid);
            assert_eq!(verdict(b"another", &code), ValidityIndicator::Invalid);
            assert_eq!(verdict(message, &code[1..]), ValidityIndicator::Invalid);
        }
    }
}

#[test]
fn parameters_come_from_the_key() {
    let server = server();
    for version in CRYPTO {
        let own = AttributeValue::CryptographicParameters(hashing(HashingAlgorithm::SHA_256).into());
        let key = key_with(&server, version, A::AES, &[0x0b; 20], [own]);
        let request = MacRequest {
            cryptographic_parameters: None,
            ..mac(&key, CryptographicParameters::new(), b"Hi There")
        };
        assert_eq!(
            server.send(version, request).unwrap().mac_data.unwrap()[..],
            hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        );
        // Secret data keys an HMAC, too.
        let secret = secret(
            &server,
            version,
            &[0x0b; 20],
            [AttributeValue::CryptographicUsageMask(MASK), AttributeValue::ActivationDate(now())],
        );
        let request = mac(&secret, by_algorithm(A::HMAC_SHA256), b"Hi There");
        assert_eq!(server.send(version, request).unwrap().mac_data.unwrap()[..4], hex("b0344c61"));
    }
}

#[test]
fn what_is_refused() {
    let server = server();
    for version in CRYPTO {
        let bad = reason(version, ResultReason::InvalidField, ResultReason::BadCryptographicParameters);
        let fails = |request| server.send(version, request).unwrap_err();
        // CMAC needs blocks.
        let rc4 = key(&server, version, A::RC4, &[1; 16]);
        let failed = fails(mac(&rc4, by_algorithm(A::RC4), b"x"));
        assert!(failed.message.contains("RC4 is no block cipher, and CMAC needs one"), "{}", failed.message);
        let aes = key(&server, version, A::AES, &[1; 16]);
        assert_eq!(fails(mac(&aes, by_algorithm(A::Camellia), b"x")).reason, bad);
        let two = CryptographicParameters {
            hashing_algorithm: Some(HashingAlgorithm::SHA_512),
            ..by_algorithm(A::HMAC_SHA256)
        };
        assert_eq!(fails(mac(&aes, two, b"x")).reason, bad);
        assert!(server.send(version, mac(&aes, mode(BlockCipherMode::CBC_MAC, None), b"x")).is_err());
        let missing = MacRequest { data: None, ..mac(&aes, by_algorithm(A::AES), b"") };
        // 1.2 knows of no parts: it has to be there.
        if version > V1_2 {
            assert_eq!(fails(missing).reason, ResultReason::InvalidMessage);
        }

        // Masks and states, as for every use of a key.
        let state = reason(version, ResultReason::PermissionDenied, ResultReason::WrongKeyLifecycleState);
        let mask =
            reason(version, ResultReason::PermissionDenied, ResultReason::IncompatibleCryptographicUsageMask);
        let plain = server.create(version, [AttributeValue::ActivationDate(now())]);
        assert_eq!(fails(mac(&plain, by_algorithm(A::AES), b"x")).reason, mask);
        server.revoke(version, &aes, RevocationReasonCode::CessationOfOperation).unwrap();
        assert_eq!(fails(mac(&aes, by_algorithm(A::AES), b"x")).reason, state);
        // What it once made can still be checked.
        let verify = mac_verify(&aes, by_algorithm(A::AES), b"x", &[0; 16]);
        let verdict = server.send(version, verify).unwrap().validity_indicator;
        assert_eq!(verdict, Some(ValidityIndicator::Invalid));
    }
}

/// FIPS 180-4 and FIPS 202, "abc".
#[test]
fn hashes() {
    let server = server();
    use HashingAlgorithm as H;
    for version in CRYPTO {
        for (algorithm, expected) in [
            (H::SHA_1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (H::SHA_256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (H::SHA_512_224, "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa"),
            (H::SHA3_256, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        ] {
            if algorithm.is_in(version) {
                let response = server.send(version, hash(algorithm, b"abc")).unwrap();
                assert_eq!(bytes_of(response.data), hex(expected), "{algorithm}");
            }
        }
        let none =
            HashRequest { data: data(b"abc"), ..HashRequest::new(CryptographicParameters::new().into()) };
        assert_eq!(server.send(version, none).unwrap_err().reason, ResultReason::InvalidField);
        assert!(server.send(version, hash(H::Tiger, b"abc")).is_err());
    }
}

#[test]
fn random_numbers() {
    let server = server();
    for version in CRYPTO {
        let draw = |length| server.send(version, RngRetrieveRequest::new(length));
        let one = bytes_of(Some(draw(64).unwrap().data));
        let two = bytes_of(Some(draw(64).unwrap().data));
        assert_eq!((one.len(), two.len()), (64, 64));
        assert_ne!(one, two);
        for length in [0, -1, i32::MAX] {
            assert_eq!(draw(length).unwrap_err().reason, ResultReason::InvalidField);
        }
        let seed = RngSeedRequest::new(Data::ByteString(Secret::from(&[1; 20][..])));
        assert_eq!(server.send(version, seed).unwrap().data_length, 20);
        assert_ne!(bytes_of(Some(draw(64).unwrap().data)), one);
    }
}

/// 2.0 §7.5: the data of one item is what an item before it gave.
#[test]
fn data_of_earlier_items() {
    let server = server();
    let key = key(&server, V2_0, A::AES, &[9; 16]);
    let ecb = || mode(BlockCipherMode::ECB, Some(PaddingMethod::PKCS5));
    let decrypt_of = |of| DecryptRequest { data: Some(of), ..decrypt(&key, ecb(), b"", None) };
    for of in [Data::DataEnumeration(DataEnumeration::Encrypt), Data::Integer(0), Data::Integer(-1)] {
        let items = server.batch(
            "alice",
            V2_0,
            vec![encrypt(&key, ecb(), b"round trip").into(), decrypt_of(of).into()],
        );
        let [_, back] = items.try_into().unwrap();
        let response = answer::<DecryptRequest>(back).unwrap();
        assert_eq!(bytes_of(response.data), b"round trip");
    }
    let nothing = server.send(V2_0, decrypt_of(Data::Integer(0))).unwrap_err();
    assert_eq!(nothing.reason, ResultReason::InvalidField);
    let other = MacVerifyRequest {
        mac_data: Some(Bytes::from_static(&[0; 16])),
        data: Some(Data::DataEnumeration(DataEnumeration::Hash)),
        ..mac_verify(&key, by_algorithm(A::AES), b"", b"")
    };
    assert_eq!(server.send(V2_0, other).unwrap_err().reason, ResultReason::InvalidField);
}
