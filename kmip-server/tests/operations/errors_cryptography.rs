//! Documented errors of the cryptographic operations: each case at every version that has the operation, with the reason of
//! that version's error table, and the key as it was.

use kmip::ttlv::{Secret, Tag, Version};
use kmip::types::*;

use crate::harness::*;
use crate::sign::pair;
use AttributeValue as V;
use CryptographicUsageMask as M;
use ResultReason as R;

const VERSIONS: [Version; 4] = [V1_2, V1_3, V1_4, V2_0];

const ALL_USES: CryptographicUsageMask =
    M::Encrypt.union(M::Decrypt).union(M::MACGenerate).union(M::MACVerify).union(M::Sign).union(M::Verify);

const OPERATIONS: [Operation; 6] = [
    Operation::Encrypt,
    Operation::Decrypt,
    Operation::MAC,
    Operation::MACVerify,
    Operation::Sign,
    Operation::SignatureVerify,
];

/// One operation on 16 bytes.
fn on(
    server: &Server,
    user: &str,
    version: Version,
    operation: Operation,
    key: &str,
    parameters: &CryptographicParameters,
) -> Result<(), Failed> {
    let unique_identifier = Some(id(key));
    let data = Some(Data::ByteString(Secret::from(&[7; 16][..])));
    let cryptographic_parameters = Some(parameters.clone().into());
    macro_rules! ask {
        ($request:ident $(, $field:ident)?) => {{
            let request = $request {
                unique_identifier,
                data,
                cryptographic_parameters,
                $($field: Some(vec![7; 16].into()),)?
                ..$request::new()
            };
            server.ask(user, version, request).map(drop)
        }};
    }
    match operation {
        Operation::Encrypt => ask!(EncryptRequest, iv_counter_nonce),
        Operation::Decrypt => ask!(DecryptRequest, iv_counter_nonce),
        Operation::MAC => ask!(MacRequest),
        Operation::MACVerify => ask!(MacVerifyRequest, mac_data),
        Operation::Sign => ask!(SignRequest),
        Operation::SignatureVerify => ask!(SignatureVerifyRequest, signature_data),
        other => panic!("{other}"),
    }
}

/// What the operation takes, if nothing is wrong.
fn usual(operation: Operation) -> CryptographicParameters {
    let parameters = CryptographicParameters::new();
    match operation {
        Operation::Encrypt | Operation::Decrypt => CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CBC),
            padding_method: Some(PaddingMethod::None),
            ..parameters
        },
        Operation::MAC | Operation::MACVerify => CryptographicParameters {
            cryptographic_algorithm: Some(CryptographicAlgorithm::HMAC_SHA256),
            ..parameters
        },
        _ => CryptographicParameters {
            padding_method: Some(PaddingMethod::PKCS1V1_5),
            hashing_algorithm: Some(HashingAlgorithm::SHA_256),
            ..parameters
        },
    }
}

/// Keys that allow all that they can be used for, of which one fits an operation.
struct Keys {
    symmetric: String,
    private: String,
    public: String,
}

impl Keys {
    fn new(server: &Server, version: Version, active: bool) -> Self {
        let dates = active.then(|| V::ActivationDate(now()));
        let mut given = aes(128);
        given.set(V::CryptographicUsageMask(ALL_USES));
        given.extend(dates);
        let symmetric =
            text_of(&server.send(version, create_request(version, given)).unwrap().unique_identifier);
        let (private, public) =
            pair(server, version, CryptographicAlgorithm::RSA, 1024, (ALL_USES, ALL_USES));
        Self { symmetric, private, public }
    }

    fn of(&self, operation: Operation) -> &str {
        match operation {
            Operation::Sign => &self.private,
            Operation::SignatureVerify => &self.public,
            _ => &self.symmetric,
        }
    }
}

fn refused(
    server: &Server,
    version: Version,
    operation: Operation,
    key: &str,
    parameters: &CryptographicParameters,
    reason: ResultReason,
) {
    let before = server.attributes(V2_0, key);
    wait(1);
    let failed = on(server, "alice", version, operation, key, parameters)
        .expect_err(&format!("{operation} in {version} with {parameters:?}"));
    assert_eq!(failed.reason, reason, "{operation} in {version}: {}", failed.message);
    assert_eq!(server.attributes(V2_0, key), before, "{operation} in {version}");
}

#[test]
fn nothing_wrong() {
    let server = server();
    for version in VERSIONS {
        let keys = Keys::new(&server, version, true);
        for operation in [Operation::Encrypt, Operation::Decrypt, Operation::MAC, Operation::Sign] {
            on(&server, "alice", version, operation, keys.of(operation), &usual(operation)).unwrap();
        }
    }
}

/// "The key is not accessible to the user."
#[test]
fn no_such_key_or_none_for_this_client() {
    let server = server();
    for version in VERSIONS {
        let keys = Keys::new(&server, version, true);
        let absent = reason(version, R::ItemNotFound, R::ObjectNotFound);
        for operation in OPERATIONS {
            let ask =
                |user, key: &str| on(&server, user, version, operation, key, &usual(operation)).unwrap_err();
            let nowhere = ask("alice", "nowhere");
            assert_eq!(nowhere.reason, absent, "{operation} {version}");
            if operation != Operation::SignatureVerify {
                assert_eq!(ask("bob", keys.of(operation)), nowhere, "the same words");
            }
        }
    }
}

/// "Not in the active state and must be activated": before it is, and after it is compromised, for what protects.
#[test]
fn keys_that_are_not_active() {
    let server = server();
    for version in VERSIONS {
        let wrong = reason(version, R::PermissionDenied, R::WrongKeyLifecycleState);
        let keys = Keys::new(&server, version, false);
        for operation in &OPERATIONS[..4] {
            refused(&server, version, *operation, &keys.symmetric, &usual(*operation), wrong);
        }
        let keys = Keys::new(&server, version, true);
        for operation in [Operation::Encrypt, Operation::MAC, Operation::Sign] {
            let key = keys.of(operation);
            let _ = server.revoke(version, key, RevocationReasonCode::CessationOfOperation);
            refused(&server, version, operation, key, &usual(operation), wrong);
        }
        let _ = server.archive(version, &keys.symmetric);
        refused(
            &server,
            version,
            Operation::Encrypt,
            &keys.symmetric,
            &usual(Operation::Encrypt),
            R::ObjectArchived,
        );
    }
}

/// "Does not have the Encrypt bit set in its usage mask", and so for each.
#[test]
fn keys_that_are_for_something_else() {
    let server = server();
    for version in VERSIONS {
        let denied = reason(version, R::PermissionDenied, R::IncompatibleCryptographicUsageMask);
        for (operation, bit) in [
            (Operation::Encrypt, M::Encrypt),
            (Operation::Decrypt, M::Decrypt),
            (Operation::MAC, M::MACGenerate),
            (Operation::MACVerify, M::MACVerify),
        ] {
            let mut given = aes(128);
            given.set(V::CryptographicUsageMask(ALL_USES - bit));
            given.add(V::ActivationDate(now()));
            let key =
                text_of(&server.send(version, create_request(version, given)).unwrap().unique_identifier);
            refused(&server, version, operation, &key, &usual(operation), denied);
        }
        let masks = (M::Decrypt, M::Encrypt);
        let (private, public) = pair(&server, version, CryptographicAlgorithm::RSA, 1024, masks);
        refused(&server, version, Operation::Sign, &private, &usual(Operation::Sign), denied);
        let verify = usual(Operation::SignatureVerify);
        refused(&server, version, Operation::SignatureVerify, &public, &verify, denied);
    }
}

/// "The requested algorithm is not supported", "not compatible with the requested algorithm", "requires a block cipher
/// mode".
#[test]
fn parameters_that_do_not_fit() {
    let server = server();
    for version in VERSIONS {
        let keys = Keys::new(&server, version, true);
        let unsupported = reason(version, R::InvalidField, R::UnsupportedCryptographicParameters);
        let bad = reason(version, R::InvalidField, R::BadCryptographicParameters);
        let with = |operation, change: &dyn Fn(&mut CryptographicParameters)| {
            let mut parameters = usual(operation);
            change(&mut parameters);
            parameters
        };
        for operation in [Operation::Encrypt, Operation::Decrypt] {
            let refused = |change: &dyn Fn(&mut CryptographicParameters), reason| {
                refused(&server, version, operation, &keys.symmetric, &with(operation, change), reason);
            };
            refused(&|p| p.cryptographic_algorithm = Some(CryptographicAlgorithm::DES3), bad);
            refused(&|p| p.block_cipher_mode = Some(BlockCipherMode::PCBC), unsupported);
            refused(&|p| p.block_cipher_mode = Some(BlockCipherMode(99)), unsupported);
            refused(&|p| p.block_cipher_mode = None, bad);
            refused(&|p| p.padding_method = Some(PaddingMethod(99)), unsupported);
        }
        // A key that no cipher of the server takes.
        let mut given = set([
            V::CryptographicAlgorithm(CryptographicAlgorithm::HMAC_SHA256),
            V::CryptographicLength(256),
            V::CryptographicUsageMask(M::Encrypt),
        ]);
        given.add(V::ActivationDate(now()));
        let key = text_of(&server.send(version, create_request(version, given)).unwrap().unique_identifier);
        refused(&server, version, Operation::Encrypt, &key, &usual(Operation::Encrypt), unsupported);

        for operation in [Operation::Sign, Operation::SignatureVerify] {
            let key = keys.of(operation);
            // One without a padding method is not: the official case TC-RSA-SIGN-DIGESTEDDATA-1 gives none.
            let cipher_padding = with(operation, &|p| p.padding_method = Some(PaddingMethod::PKCS5));
            refused(&server, version, operation, key, &cipher_padding, unsupported);
            let no_hash = with(operation, &|p| p.hashing_algorithm = Some(HashingAlgorithm(99)));
            refused(&server, version, operation, key, &no_hash, unsupported);
            if version >= V1_4 {
                let of_dsa = DigitalSignatureAlgorithm::DSAWithSHA256;
                let other = with(operation, &|p| p.digital_signature_algorithm = Some(of_dsa));
                refused(&server, version, operation, key, &other, bad);
            }
        }
    }
}

/// "The signing key is not a private key", and so for the others.
#[test]
fn objects_of_the_wrong_type() {
    let server = server();
    for version in VERSIONS {
        let keys = Keys::new(&server, version, true);
        let wrong = reason(version, R::PermissionDenied, R::InvalidObjectType);
        let sign = usual(Operation::Sign);
        refused(&server, version, Operation::Sign, &keys.public, &sign, wrong);
        refused(&server, version, Operation::Sign, &keys.symmetric, &sign, wrong);
        refused(&server, version, Operation::SignatureVerify, &keys.symmetric, &sign, wrong);
        refused(&server, version, Operation::MAC, &keys.private, &usual(Operation::MAC), wrong);
    }
}

/// Create Key Pair: "the cryptographic algorithm, [..] and/or usage mask are not provided", "an unsupported asymmetric
/// algorithm", "an invalid cryptographic length". The length need not be given (1.4 table 168).
#[test]
fn key_pairs_that_cannot_be_made() {
    let server = server();
    for version in ALL {
        let whole = || {
            set([
                V::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
                V::CryptographicLength(1024),
                V::CryptographicUsageMask(M::Sign | M::Verify),
            ])
        };
        let without = |tag| {
            let mut set = whole();
            set.remove(&AttributeId::Standard(tag));
            set
        };
        let with = |value| {
            let mut set = whole();
            set.set(value);
            set
        };
        let cases = [
            without(Tag::CryptographicAlgorithm),
            without(Tag::CryptographicUsageMask),
            with(V::CryptographicAlgorithm(CryptographicAlgorithm::AES)),
            with(V::CryptographicAlgorithm(CryptographicAlgorithm::SKIPJACK)),
            with(V::CryptographicLength(0)),
            with(V::CryptographicLength(-1)),
            with(V::CryptographicLength(512)),
            with(V::CryptographicLength(1000)),
            with(V::CryptographicLength(i32::MAX)),
        ];
        for (place, both) in cases.into_iter().enumerate() {
            // As for Create, the mask is not asked for since 1.4.
            if place == 1 && *version >= V1_4 {
                continue;
            }
            let (common_template_attribute, common_attributes) = wire(*version, both);
            let request = CreateKeyPairRequest {
                common_template_attribute,
                common_attributes,
                ..CreateKeyPairRequest::new()
            };
            let Err(failed) = server.send(*version, request) else {
                panic!("case {place} in {version}");
            };
            assert_eq!(failed.reason, R::InvalidField, "case {place} in {version}: {}", failed.message);
        }
        assert!(server.locate(*version, AttributeSet::new()).unwrap().is_empty(), "nothing was made");
    }
}
