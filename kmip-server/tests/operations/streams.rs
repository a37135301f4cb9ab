//! Operations that take their data in parts.

use kmip::ttlv::{Bytes, Version};
use kmip::types::*;
use kmip_server::engine::{Settings, StreamLimits};
use kmip_server::rights::Policies;

use crate::harness::*;
use crate::keys::*;

/// The versions that have them.
const PARTS: [Version; 3] = [V1_3, V1_4, V2_0];

use BlockCipherMode as B;
use CryptographicAlgorithm as A;

fn no_such(version: Version) -> ResultReason {
    reason(version, ResultReason::ItemNotFound, ResultReason::InvalidCorrelationValue)
}

/// Sends the parts, and gives what came of them, with the last response.
fn encrypted(
    server: &Server,
    version: Version,
    request: EncryptRequest,
    parts: &[&[u8]],
) -> (Vec<u8>, Option<Bytes>, Option<Bytes>) {
    let (mut out, mut correlation, mut iv, mut tag) = (Vec::new(), None, None, None);
    for (place, part) in parts.iter().enumerate() {
        let first = place == 0;
        let last = place + 1 == parts.len();
        let request = EncryptRequest {
            init_indicator: first.then_some(true),
            final_indicator: last.then_some(true),
            correlation_value: correlation,
            data: data(part),
            cryptographic_parameters: request.cryptographic_parameters.clone().filter(|_| first),
            authenticated_encryption_additional_data: request
                .authenticated_encryption_additional_data
                .clone()
                .filter(|_| first),
            ..request.clone()
        };
        let response = server.send(version, request).unwrap();
        out.extend(bytes_of(response.data));
        assert_eq!(response.correlation_value.is_some(), !last);
        correlation = response.correlation_value;
        iv = iv.or(response.iv_counter_nonce);
        tag = response.authenticated_encryption_tag;
        assert!(last || tag.is_none());
    }
    (out, iv, tag)
}

/// Every mode gives the same in parts, whether its cipher takes them or they are gathered.
#[test]
fn parts_are_as_good_as_the_whole() {
    let server = server();
    for version in PARTS {
        // Of different halves, for XTS.
        let key = key(&server, version, A::AES, &(1..=32).collect::<Vec<u8>>());
        for (block_mode, padding) in [
            (B::CBC, Some(PaddingMethod::PKCS5)),
            (B::ECB, Some(PaddingMethod::Zeros)),
            (B::CFB, None),
            (B::OFB, None),
            (B::CTR, None),
            (B::GCM, None),
            (B::CCM, None),
            (B::XTS, None),
            (B::AESKeyWrapPadding, None),
        ] {
            let parameters = || mode(block_mode, padding);
            let message: Vec<u8> = (1..=100).collect();
            let parts = [&message[..7], &message[7..7], &message[7..50], &message[50..]];
            let (ciphertext, iv, tag) = encrypted(&server, version, encrypt(&key, parameters(), b""), &parts);
            let whole = DecryptRequest {
                authenticated_encryption_tag: tag.clone(),
                ..decrypt(&key, parameters(), &ciphertext, iv.clone())
            };
            assert_eq!(bytes_of(server.send(version, whole).unwrap().data), message, "{block_mode}");

            // And back in parts.
            let first = DecryptRequest {
                init_indicator: Some(true),
                authenticated_encryption_tag: tag,
                ..decrypt(&key, parameters(), &ciphertext[..33], iv)
            };
            let response = server.send(version, first).unwrap();
            let mut back = bytes_of(response.data);
            // Nothing that a tag vouches for comes before the end.
            assert!(!matches!(block_mode, B::GCM | B::CCM) || back.is_empty());
            let last = DecryptRequest {
                correlation_value: response.correlation_value,
                final_indicator: Some(true),
                data: data(&ciphertext[33..]),
                ..DecryptRequest::new()
            };
            back.extend(bytes_of(server.send(version, last).unwrap().data));
            assert_eq!(back, message, "{block_mode}");
        }
    }
}

#[test]
fn a_wrong_tag_gives_nothing_out() {
    let server = server();
    let key = key(&server, V2_0, A::AES, &[4; 16]);
    let gcm = || mode(B::GCM, None);
    let (ciphertext, iv, tag) =
        encrypted(&server, V2_0, encrypt(&key, gcm(), b""), &[b"a secret message", b" in parts"]);
    let mut tag = tag.unwrap().to_vec();
    tag[3] ^= 1;
    let first = DecryptRequest {
        init_indicator: Some(true),
        authenticated_encryption_tag: Some(tag.into()),
        ..decrypt(&key, gcm(), &ciphertext, iv)
    };
    let response = server.send(V2_0, first).unwrap();
    assert_eq!(response.data, None);
    let last = DecryptRequest {
        correlation_value: response.correlation_value,
        final_indicator: Some(true),
        ..DecryptRequest::new()
    };
    assert_eq!(server.send(V2_0, last.clone()).unwrap_err().reason, ResultReason::CryptographicFailure);
    // It has ended by that.
    assert_eq!(server.send(V2_0, last).unwrap_err().reason, no_such(V2_0));
}

#[test]
fn macs_and_hashes_in_parts() {
    let server = server();
    for version in PARTS {
        let key = key(&server, version, A::HMAC_SHA256, &[0x0b; 20]);
        let expected = hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let parameters = CryptographicParameters::new;
        let first = MacRequest { init_indicator: Some(true), ..mac(&key, parameters(), b"Hi ") };
        let response = server.send(version, first).unwrap();
        assert_eq!(response.mac_data, None);
        let last = MacRequest {
            correlation_value: response.correlation_value,
            final_indicator: Some(true),
            data: data(b"There"),
            ..MacRequest::new()
        };
        assert_eq!(server.send(version, last).unwrap().mac_data.unwrap()[..], expected);

        // The code to compare with may come with any part.
        for place in [0, 2] {
            let code = |at: usize| (at == place).then(|| Bytes::from(expected.clone()));
            let first = MacVerifyRequest {
                init_indicator: Some(true),
                mac_data: code(0),
                ..mac_verify(&key, parameters(), b"Hi ", b"")
            };
            let response = server.send(version, first).unwrap();
            assert_eq!(response.validity_indicator, None);
            let last = MacVerifyRequest {
                correlation_value: response.correlation_value,
                final_indicator: Some(true),
                data: data(b"There"),
                mac_data: code(2),
                ..MacVerifyRequest::new()
            };
            let verdict = server.send(version, last).unwrap().validity_indicator;
            assert_eq!(verdict, Some(ValidityIndicator::Valid));
        }
        // Without any, there is nothing to say.
        let nothing = MacVerifyRequest { mac_data: None, ..mac_verify(&key, parameters(), b"x", b"") };
        assert_eq!(server.send(version, nothing).unwrap_err().reason, ResultReason::InvalidMessage);

        let sha = || hash(HashingAlgorithm::SHA_256, b"a");
        let response = server.send(version, HashRequest { init_indicator: Some(true), ..sha() }).unwrap();
        assert_eq!(response.data, None);
        let last = HashRequest {
            correlation_value: response.correlation_value,
            final_indicator: Some(true),
            data: data(b"bc"),
            ..sha()
        };
        assert_eq!(
            bytes_of(server.send(version, last).unwrap().data),
            hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
    }
}

fn open(server: &Server, version: Version, key: &str) -> Result<Option<Bytes>, Failed> {
    let first = EncryptRequest { init_indicator: Some(true), ..encrypt(key, mode(B::CTR, None), b"first") };
    server.send(version, first).map(|response| response.correlation_value)
}

fn next(correlation: Option<Bytes>) -> EncryptRequest {
    EncryptRequest { correlation_value: correlation, data: data(b"next"), ..EncryptRequest::new() }
}

#[test]
fn which_part_it_is() {
    let server = server();
    for version in PARTS {
        let key = key(&server, version, A::AES, &[4; 16]);
        let fails = |request| server.send(version, request).unwrap_err().reason;
        let correlation = open(&server, version, &key).unwrap();
        // A first part continues nothing, and a last part something.
        let both = EncryptRequest { init_indicator: Some(true), ..next(correlation.clone()) };
        assert_eq!(fails(both), ResultReason::InvalidMessage);
        let lost = EncryptRequest { final_indicator: Some(true), ..encrypt(&key, mode(B::CTR, None), b"x") };
        assert_eq!(fails(lost), ResultReason::InvalidMessage);
        assert_eq!(fails(next(Some(Bytes::from_static(b"unknown")))), no_such(version));
        // "Data is always required", but for the first and the last part.
        let empty = EncryptRequest { data: None, ..next(correlation.clone()) };
        assert_eq!(fails(empty), ResultReason::InvalidMessage);
        // That ended it.
        assert_eq!(fails(next(correlation)), no_such(version));
        // Init and final together are the whole.
        let whole = EncryptRequest {
            init_indicator: Some(true),
            final_indicator: Some(true),
            ..encrypt(&key, mode(B::CTR, None), b"x")
        };
        assert_eq!(server.send(version, whole).unwrap().correlation_value, None);
        // Another operation's, another key's, another user's.
        let correlation = open(&server, version, &key).unwrap();
        let other = DecryptRequest {
            correlation_value: correlation.clone(),
            data: data(b"x"),
            ..DecryptRequest::new()
        };
        assert_eq!(server.send(version, other).unwrap_err().reason, no_such(version));
        let theirs = server.ask("bob", version, next(correlation.clone())).unwrap_err();
        assert_eq!(theirs.reason, no_such(version));
        server.send(version, next(correlation.clone())).unwrap();
        let another = EncryptRequest { unique_identifier: Some(id("another")), ..next(correlation) };
        assert_eq!(fails(another), ResultReason::InvalidField);
    }
}

/// A key that is revoked or destroyed between two parts is not used for the second.
#[test]
fn the_key_is_looked_at_each_time() {
    let server = server();
    for version in PARTS {
        let state = reason(version, ResultReason::PermissionDenied, ResultReason::WrongKeyLifecycleState);
        let key = key(&server, version, A::AES, &[4; 16]);
        let correlation = open(&server, version, &key).unwrap();
        server.revoke(version, &key, RevocationReasonCode::Superseded).unwrap();
        assert_eq!(server.send(version, next(correlation)).unwrap_err().reason, state);

        let key = crate::keys::key(&server, version, A::AES, &[4; 16]);
        let correlation = open(&server, version, &key).unwrap();
        server.revoke(version, &key, RevocationReasonCode::Superseded).unwrap();
        server.destroy(version, &key).unwrap();
        let gone = reason(version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        assert_eq!(server.send(version, next(correlation)).unwrap_err().reason, gone);
    }
}

#[test]
fn usage_limits_count_parts() {
    let server = server();
    for (unit, total) in [(UsageLimitsUnit::Byte, 9), (UsageLimitsUnit::Object, 1)] {
        let limits = UsageLimits {
            usage_limits_total: Some(total),
            usage_limits_unit: Some(unit),
            ..UsageLimits::new()
        };
        let key = key_with(&server, V1_4, A::AES, &[4; 16], [AttributeValue::UsageLimits(limits)]);
        // "first" and "next" are nine bytes of one operation.
        let correlation = open(&server, V1_4, &key).unwrap();
        let correlation = server.send(V1_4, next(correlation)).unwrap().correlation_value;
        let last = EncryptRequest {
            correlation_value: correlation,
            final_indicator: Some(true),
            ..EncryptRequest::new()
        };
        server.send(V1_4, last).unwrap();
        assert_eq!(open(&server, V1_4, &key).unwrap_err().reason, ResultReason::PermissionDenied, "{unit}");
    }
    // A part that is refused ends the operation.
    let limits = UsageLimits {
        usage_limits_total: Some(6),
        usage_limits_unit: Some(UsageLimitsUnit::Byte),
        ..UsageLimits::new()
    };
    let key = key_with(&server, V1_4, A::AES, &[4; 16], [AttributeValue::UsageLimits(limits)]);
    let correlation = open(&server, V1_4, &key).unwrap();
    let refused = server.send(V1_4, next(correlation.clone())).unwrap_err().reason;
    assert_eq!(refused, ResultReason::PermissionDenied);
    let one = EncryptRequest { data: data(b"x"), ..next(correlation) };
    assert_eq!(server.send(V1_4, one).unwrap_err().reason, no_such(V1_4));
}

/// Each part may come over another connection, and parts of many operations at the same time.
#[test]
fn many_at_once() {
    let server = server();
    let key = key(&server, V2_0, A::AES, &[4; 16]);
    let expected = bytes_of(
        server.send(V2_0, encrypt(&key, mode(B::ECB, Some(PaddingMethod::PKCS5)), &[9; 160])).unwrap().data,
    );
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for size in [1, 7, 16, 50] {
                    let parts: Vec<&[u8]> = [9; 160].chunks(size).collect::<Vec<_>>();
                    let request = encrypt(&key, mode(B::ECB, Some(PaddingMethod::PKCS5)), b"");
                    let (out, ..) = encrypted(&server, V2_0, request, &parts);
                    assert_eq!(out, expected);
                }
            });
        }
    });
}

#[test]
fn there_are_only_so_many() {
    let streams = StreamLimits { count: 2, size: 100, seconds: 60 };
    let server = server_set(Policies::built_in(), Settings { streams, ..Settings::default() });
    let limit = |failed: Failed| {
        assert_eq!(failed.reason, ResultReason::GeneralFailure, "{}", failed.message);
    };
    let key = key(&server, V1_4, A::AES, &[4; 16]);
    let one = open(&server, V1_4, &key).unwrap();
    open(&server, V1_4, &key).unwrap();
    limit(open(&server, V1_4, &key).unwrap_err());
    // Somebody else has room.
    let hash_part =
        |message: &[u8]| HashRequest { init_indicator: Some(true), ..hash(HashingAlgorithm::SHA_1, message) };
    server.ask("bob", V1_4, hash_part(b"x")).unwrap();
    // One that goes on takes no more room.
    let one = server.send(V1_4, next(one)).unwrap().correlation_value;
    // After a while they are gone.
    wait(61);
    assert_eq!(server.send(V1_4, next(one)).unwrap_err().reason, ResultReason::ItemNotFound);
    open(&server, V1_4, &key).unwrap();

    // What is gathered counts: CCM needs all of it.
    let first = EncryptRequest { init_indicator: Some(true), ..encrypt(&key, mode(B::CCM, None), &[0; 80]) };
    let correlation = server.send(V1_4, first).unwrap().correlation_value;
    let more = EncryptRequest { data: data(&[0; 30]), ..next(correlation) };
    limit(server.send(V1_4, more).unwrap_err());
}

#[test]
fn query_says_so() {
    let server = server();
    for version in PARTS {
        let request =
            QueryRequest { query_function: vec![QueryFunction::QueryCapabilities], ..QueryRequest::new() };
        let response = server.send(version, request).unwrap();
        assert_eq!(response.capability_information[0].streaming_capability, Some(true));
    }
}

/// What a part did to a stream can't be taken back: nothing goes on from where nobody expects it.
#[test]
fn undo_ends_what_had_taken_a_part() {
    let server = server();
    let part = |correlation: Option<Bytes>, last: bool| HashRequest {
        init_indicator: correlation.is_none().then_some(true),
        final_indicator: last.then_some(true),
        correlation_value: correlation,
        ..hash(HashingAlgorithm::SHA_256, b"part")
    };
    for undo in [false, true] {
        for version in PARTS {
            let correlation = server.send(version, part(None, false)).unwrap().correlation_value.unwrap();
            let next = part(Some(correlation.clone()), false);
            let mut message = batch(version, vec![next.into(), get_request("nothing").into()]);
            message.request_header.batch_error_continuation_option =
                undo.then_some(BatchErrorContinuationOption::Undo);
            let items = server.message("alice", &message).batch_item;
            assert_eq!(items[0].result_status == ResultStatus::OperationUndone, undo);
            let last = server.send(version, part(Some(correlation), true));
            match undo {
                true => assert_eq!(last.unwrap_err().reason, no_such(version)),
                false => assert_eq!(bytes_of(last.unwrap().data).len(), 32),
            }
        }
    }
}
