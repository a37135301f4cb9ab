//! Sign, Signature Verify, and encryption with key pairs.

use kmip::ttlv::{Bytes, Secret, Version};
use kmip::types::*;

use crate::create_key_pair::common;
use crate::harness::*;

const CRYPTO: [Version; 4] = [V1_2, V1_3, V1_4, V2_0];

/// An active pair with these masks: the identifiers of the private and the public key.
pub(crate) fn pair(
    server: &Server,
    version: Version,
    algorithm: CryptographicAlgorithm,
    length: i32,
    masks: (CryptographicUsageMask, CryptographicUsageMask),
) -> (String, String) {
    let mut both = common(algorithm, length);
    both.add(AttributeValue::ActivationDate(now()));
    let (common_template_attribute, common_attributes) = wire(version, both);
    let (private_key_template_attribute, private_key_attributes) =
        wire(version, set([AttributeValue::CryptographicUsageMask(masks.0)]));
    let (public_key_template_attribute, public_key_attributes) =
        wire(version, set([AttributeValue::CryptographicUsageMask(masks.1)]));
    let request = CreateKeyPairRequest {
        common_template_attribute,
        common_attributes,
        private_key_template_attribute,
        private_key_attributes,
        public_key_template_attribute,
        public_key_attributes,
        ..CreateKeyPairRequest::new()
    };
    let response = server.send(version, request).unwrap();
    (text_of(&response.private_key_unique_identifier), text_of(&response.public_key_unique_identifier))
}

fn signing(
    server: &Server,
    version: Version,
    algorithm: CryptographicAlgorithm,
    length: i32,
) -> (String, String) {
    let masks = (CryptographicUsageMask::Sign, CryptographicUsageMask::Verify);
    pair(server, version, algorithm, length, masks)
}

fn data(bytes: &[u8]) -> Option<Data> {
    Some(Data::ByteString(Secret::from(bytes)))
}

fn hashed(hash: HashingAlgorithm) -> CryptographicParameters {
    CryptographicParameters { hashing_algorithm: Some(hash), ..CryptographicParameters::new() }
}

fn named(algorithm: DigitalSignatureAlgorithm) -> CryptographicParameters {
    CryptographicParameters { digital_signature_algorithm: Some(algorithm), ..CryptographicParameters::new() }
}

fn pss() -> CryptographicParameters {
    CryptographicParameters { padding_method: Some(PaddingMethod::PSS), ..hashed(HashingAlgorithm::SHA_256) }
}

fn sign_request(key: &str, parameters: CryptographicParameters, bytes: &[u8]) -> SignRequest {
    SignRequest {
        unique_identifier: Some(id(key)),
        cryptographic_parameters: Some(parameters.into()),
        data: data(bytes),
        ..SignRequest::new()
    }
}

fn verify_request(
    key: &str,
    parameters: CryptographicParameters,
    bytes: &[u8],
    signature: Bytes,
) -> SignatureVerifyRequest {
    SignatureVerifyRequest {
        unique_identifier: Some(id(key)),
        cryptographic_parameters: Some(parameters.into()),
        data: data(bytes),
        signature_data: Some(signature),
        ..SignatureVerifyRequest::new()
    }
}

#[test]
fn what_is_signed_is_valid_and_nothing_else() {
    use CryptographicAlgorithm as A;
    use DigitalSignatureAlgorithm as D;
    use HashingAlgorithm as H;
    let server = server();
    for version in CRYPTO {
        let rsa = signing(&server, version, A::RSA, 1024);
        let dsa = signing(&server, version, A::DSA, 1024);
        let ec = signing(&server, version, A::ECDSA, 256);
        for (keys, parameters) in [
            (&rsa, hashed(H::SHA_256)),
            (&rsa, named(D::SHA_512WithRSAEncryption)),
            (&rsa, pss()),
            (&rsa, CryptographicParameters { hashing_algorithm: Some(H::SHA_1), ..named(D::RSASSA_PSS) }),
            (&dsa, hashed(H::SHA_256)),
            (&dsa, named(D::DSAWithSHA_1)),
            (&ec, hashed(H::SHA_384)),
            (&ec, named(D::ECDSAWithSHA256)),
        ] {
            let made = server.send(version, sign_request(&keys.0, parameters.clone(), b"data")).unwrap();
            let signature = made.signature_data.unwrap();
            for (bytes, expected) in
                [(b"data", ValidityIndicator::Valid), (b"date", ValidityIndicator::Invalid)]
            {
                let request = verify_request(&keys.1, parameters.clone(), bytes, signature.clone());
                let verified = server.send(version, request).unwrap();
                assert_eq!(verified.validity_indicator, Some(expected), "{parameters:?} {version}");
                assert_eq!(text_of(&verified.unique_identifier), keys.1);
            }
            let request = verify_request(&keys.1, parameters, b"data", Bytes::from_static(b"none"));
            let verified = server.send(version, request).unwrap();
            assert_eq!(verified.validity_indicator, Some(ValidityIndicator::Invalid));
        }
    }
}

#[test]
fn edwards_keys_need_no_parameters() {
    let server = server();
    for algorithm in [CryptographicAlgorithm::Ed25519, CryptographicAlgorithm::Ed448] {
        let length = if algorithm == CryptographicAlgorithm::Ed25519 { 256 } else { 448 };
        let keys = signing(&server, V2_0, algorithm, length);
        let request =
            SignRequest { unique_identifier: Some(id(&keys.0)), data: data(b"data"), ..SignRequest::new() };
        let signature = server.send(V2_0, request).unwrap().signature_data.unwrap();
        let request = SignatureVerifyRequest {
            unique_identifier: Some(id(&keys.1)),
            data: data(b"data"),
            signature_data: Some(signature),
            ..SignatureVerifyRequest::new()
        };
        assert_eq!(server.send(V2_0, request).unwrap().validity_indicator, Some(ValidityIndicator::Valid));
    }
}

/// The digest that a client makes gives the signature of the data.
#[test]
fn digests_are_signed_as_their_data() {
    let server = server();
    let digest = openssl::sha::sha256(b"data");
    for version in [V1_4, V2_0] {
        for algorithm in [CryptographicAlgorithm::RSA, CryptographicAlgorithm::ECDSA] {
            let length = if algorithm == CryptographicAlgorithm::RSA { 1024 } else { 256 };
            let keys = signing(&server, version, algorithm, length);
            let request = SignRequest {
                data: None,
                digested_data: Some(Bytes::copy_from_slice(&digest)),
                ..sign_request(&keys.0, hashed(HashingAlgorithm::SHA_256), b"")
            };
            let signature = server.send(version, request.clone()).unwrap().signature_data.unwrap();
            let verify = verify_request(&keys.1, hashed(HashingAlgorithm::SHA_256), b"data", signature);
            let valid = server.send(version, verify.clone()).unwrap().validity_indicator;
            assert_eq!(valid, Some(ValidityIndicator::Valid));
            let both = SignRequest { data: data(b"data"), ..request.clone() };
            assert_eq!(server.send(version, both).unwrap_err().reason, ResultReason::InvalidField);
            let short = SignRequest { digested_data: Some(Bytes::from_static(b"short")), ..request };
            assert!(server.send(version, short).is_err());
        }
    }
}

#[test]
fn data_in_parts_gives_the_same() {
    let server = server();
    for version in [V1_3, V1_4, V2_0] {
        let keys = signing(&server, version, CryptographicAlgorithm::RSA, 1024);
        let first = SignRequest {
            init_indicator: Some(true),
            ..sign_request(&keys.0, hashed(HashingAlgorithm::SHA_256), b"da")
        };
        let response = server.send(version, first).unwrap();
        assert!(response.signature_data.is_none());
        let last = SignRequest {
            unique_identifier: Some(id(&keys.0)),
            data: data(b"ta"),
            correlation_value: response.correlation_value,
            final_indicator: Some(true),
            ..SignRequest::new()
        };
        let signature = server.send(version, last).unwrap().signature_data.unwrap();
        let whole = sign_request(&keys.0, hashed(HashingAlgorithm::SHA_256), b"data");
        assert_eq!(server.send(version, whole).unwrap().signature_data.unwrap(), signature);

        let first = SignatureVerifyRequest {
            signature_data: None,
            init_indicator: Some(true),
            ..verify_request(&keys.1, hashed(HashingAlgorithm::SHA_256), b"dat", Bytes::new())
        };
        let response = server.send(version, first).unwrap();
        assert!(response.validity_indicator.is_none());
        let last = SignatureVerifyRequest {
            unique_identifier: Some(id(&keys.1)),
            data: data(b"a"),
            signature_data: Some(signature),
            correlation_value: response.correlation_value,
            final_indicator: Some(true),
            ..SignatureVerifyRequest::new()
        };
        let valid = server.send(version, last).unwrap().validity_indicator;
        assert_eq!(valid, Some(ValidityIndicator::Valid));
    }
}

#[test]
fn who_may_not_sign_does_not() {
    use CryptographicAlgorithm as A;
    let server = server();
    for version in CRYPTO {
        let bad = reason(version, ResultReason::InvalidField, ResultReason::BadCryptographicParameters);
        let (private, public) = signing(&server, version, A::RSA, 1024);
        for parameters in [
            CryptographicParameters {
                cryptographic_algorithm: Some(A::ECDSA),
                ..hashed(HashingAlgorithm::SHA_256)
            },
            CryptographicParameters {
                padding_method: Some(PaddingMethod::PSS),
                ..CryptographicParameters::new()
            },
            CryptographicParameters::new(),
            CryptographicParameters {
                hashing_algorithm: Some(HashingAlgorithm::SHA_1),
                ..named(DigitalSignatureAlgorithm::SHA_256WithRSAEncryption)
            },
        ] {
            let failed =
                server.send(version, sign_request(&private, parameters.clone(), b"data")).unwrap_err();
            assert_eq!(failed.reason, bad, "{parameters:?} {version}");
        }
        // Neither half does what the other is for.
        let failed = server.send(version, sign_request(&public, pss(), b"data")).unwrap_err();
        assert_eq!(
            failed.reason,
            reason(version, ResultReason::PermissionDenied, ResultReason::IncompatibleCryptographicUsageMask)
        );
        let both = CryptographicUsageMask::Sign | CryptographicUsageMask::Verify;
        let (_, public) = pair(&server, version, A::RSA, 1024, (both, both));
        let failed = server.send(version, sign_request(&public, pss(), b"data")).unwrap_err();
        assert_eq!(
            failed.reason,
            reason(version, ResultReason::PermissionDenied, ResultReason::InvalidObjectType)
        );
        server.revoke(version, &private, RevocationReasonCode::CessationOfOperation).unwrap();
        let failed = server.send(version, sign_request(&private, pss(), b"data")).unwrap_err();
        assert_eq!(
            failed.reason,
            reason(version, ResultReason::PermissionDenied, ResultReason::WrongKeyLifecycleState)
        );
        // 1.4 §11.32, 2.0 §6.1.49.1.
        let failed = server.ask("bob", version, sign_request(&private, pss(), b"data")).unwrap_err();
        assert_eq!(failed.reason, reason(version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound));
    }
}

#[test]
fn a_certificate_verifies() {
    let server = server();
    let certificate = ManagedObject::Certificate(crate::fixtures::certificate());
    let given = set([
        AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Verify),
        AttributeValue::ActivationDate(now()),
    ]);
    let registered = server.send(V2_0, register_request(V2_0, certificate, given)).unwrap();
    let certificate = text_of(&registered.unique_identifier);
    let key = crate::fixtures::rsa();
    let mut signer = openssl::sign::Signer::new(openssl::hash::MessageDigest::sha256(), key).unwrap();
    let signature = signer.sign_oneshot_to_vec(b"data").unwrap();
    let request = verify_request(&certificate, hashed(HashingAlgorithm::SHA_256), b"data", signature.into());
    assert_eq!(server.send(V2_0, request).unwrap().validity_indicator, Some(ValidityIndicator::Valid));
}

#[test]
fn rsa_encrypts_and_decrypts() {
    use CryptographicAlgorithm as A;
    let server = server();
    let masks = (CryptographicUsageMask::Decrypt, CryptographicUsageMask::Encrypt);
    for version in CRYPTO {
        let (private, public) = pair(&server, version, A::RSA, 1024, masks);
        let padded = |padding| CryptographicParameters {
            padding_method: Some(padding),
            cryptographic_algorithm: Some(A::RSA),
            ..CryptographicParameters::new()
        };
        let mut all = vec![
            (padded(PaddingMethod::PKCS1V1_5), vec![7; 20]),
            (padded(PaddingMethod::OAEP), vec![7; 20]),
            (
                CryptographicParameters {
                    hashing_algorithm: Some(HashingAlgorithm::SHA_256),
                    ..padded(PaddingMethod::OAEP)
                },
                vec![],
            ),
            (padded(PaddingMethod::None), vec![1; 128]),
        ];
        if version >= V1_4 {
            let labelled = CryptographicParameters {
                mask_generator_hashing_algorithm: Some(HashingAlgorithm::SHA_1),
                p_source: Some(Bytes::from_static(b"label")),
                ..padded(PaddingMethod::OAEP)
            };
            all.push((labelled, vec![7; 20]));
        }
        for (parameters, plaintext) in all {
            let request = EncryptRequest {
                unique_identifier: Some(id(&public)),
                cryptographic_parameters: Some(parameters.clone().into()),
                data: data(&plaintext),
                ..EncryptRequest::new()
            };
            let encrypted = server.send(version, request.clone()).unwrap();
            let request = DecryptRequest {
                unique_identifier: Some(id(&private)),
                cryptographic_parameters: Some(parameters.clone().into()),
                data: encrypted.data,
                ..DecryptRequest::new()
            };
            let decrypted = server.send(version, request.clone()).unwrap();
            assert_eq!(decrypted.data, data(&plaintext), "{parameters:?} {version}");
            let wrong = DecryptRequest { data: data(&[1; 127]), ..request };
            assert_eq!(server.send(version, wrong).unwrap_err().reason, ResultReason::CryptographicFailure);
        }
    }
}
