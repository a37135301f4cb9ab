//! Headers, versions, and messages that are wrong as a whole.

use kmip::ttlv::{Bytes, Text};
use kmip::types::*;
use kmip_server::handler::Disposition;

use crate::harness::*;

fn query(version: kmip::ttlv::Version) -> RequestMessage {
    let query = QueryRequest { query_function: vec![QueryFunction::QueryOperations], ..QueryRequest::new() };
    batch(version, vec![query.into()])
}

fn bytes(message: &RequestMessage) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.write(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_header_has_what_the_version_has_and_the_client_asked_for() {
    let server = server();
    for version in ALL {
        let response = server.message("alice", &query(*version));
        let header = response.response_header;
        assert_eq!(header.time_stamp, TimeStamp::DateTime(now()));
        assert_eq!((header.client_correlation_value, header.server_correlation_value), (None, None));
        assert!(header.nonce.is_none() && header.attestation_type.is_empty());
    }
    for version in [V1_4, V2_0] {
        let mut request = query(version);
        request.request_header.client_correlation_value = Some("step 7".into());
        let header = server.message("alice", &request).response_header;
        assert_eq!(header.client_correlation_value, Some(Text::from("step 7")));
        assert!(header.server_correlation_value.is_some());
    }
}

/// KMIP 1.4 §11.1, and the version of the answer.
#[test]
fn an_unknown_version_is_answered_in_the_best_that_both_know() {
    let server = server();
    for ((major, minor), answered, reason) in [
        ((1, 9), V1_4, ResultReason::InvalidMessage),
        ((2, 1), V2_0, ResultReason::UnsupportedProtocolVersion),
        ((3, 0), V2_0, ResultReason::UnsupportedProtocolVersion),
        ((0, 1), V1_0, ResultReason::InvalidMessage),
    ] {
        let mut message = bytes(&query(V1_0));
        message[16 + 8 + 8 + 3] = major;
        message[16 + 8 + 16 + 8 + 3] = minor;
        let answer = server.raw(Some("alice"), &message);
        assert_eq!(answer.disposition, Disposition::KeepOpen);
        let response = read(&answer);
        assert_eq!(response.response_header.protocol_version.known().unwrap(), answered);
        let [item] = response.batch_item.try_into().unwrap();
        assert_eq!((item.operation, item.result_reason), (None, Some(reason)));
        assert!(item.result_message.unwrap().contains("unsupported version"));
    }
}

/// Offset and path are told, the content never; the version is that of the request, the connection stays.
#[test]
fn what_cannot_be_read_is_answered_with_the_place() {
    let server = server();
    for version in ALL {
        let mut set = aes(128);
        set.add(AttributeValue::ContactInformation("a secret".into()));
        let mut message = bytes(&batch(*version, vec![create_request(*version, set).into()]));
        // The Object Type becomes an Integer.
        let place = message.windows(4).position(|bytes| bytes == [0x42, 0, 0x57, 5]).unwrap();
        message[place + 3] = 2;
        let answer = server.raw(Some("alice"), &message);
        assert_eq!(answer.disposition, Disposition::KeepOpen);
        let response = read(&answer);
        assert_eq!(response.response_header.protocol_version.known().unwrap(), *version);
        let item = &response.batch_item[0];
        assert_eq!(item.operation, Some(Operation::Create));
        let failed = failed(item);
        assert_eq!(failed.reason, ResultReason::InvalidMessage);
        assert!(failed.message.contains("at byte"), "{}", failed.message);
        assert!(failed.message.contains("RequestPayload/ObjectType"), "{}", failed.message);
        assert!(!failed.message.contains("secret"));
    }
}

#[test]
fn what_is_no_request_closes_the_connection() {
    let server = server();
    for message in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"", &[0x42, 0, 0x7B, 1, 0, 0, 0, 0], &[0; 64]] {
        let answer = server.raw(Some("alice"), message);
        assert_eq!(answer.disposition, Disposition::Close);
        assert_eq!(failed(&read(&answer).batch_item[0]).reason, ResultReason::InvalidMessage);
    }
}

#[test]
fn the_batch_count_must_be_true() {
    let server = server();
    for count in [0, 2, -1, i32::MAX] {
        let mut request = query(V1_2);
        request.request_header.batch_count = count;
        let [item] = server.message("alice", &request).batch_item.try_into().unwrap();
        assert_eq!(failed(&item).reason, ResultReason::InvalidMessage);
    }
}

/// Operations of later versions, and those that the server doesn't have.
/// The bytes of a Query that says that it is another operation, as no encoder would write it.
fn query_as(version: kmip::ttlv::Version, operation: Operation) -> Vec<u8> {
    let mut bytes = bytes(&query(version));
    let item = |operation: Operation| {
        let mut item = vec![0x42, 0x00, 0x5C, 0x05, 0x00, 0x00, 0x00, 0x04];
        item.extend(operation.0.to_be_bytes());
        item
    };
    let asked = item(Operation::Query);
    let place = bytes.windows(asked.len()).position(|window| window == asked).unwrap();
    bytes[place..place + asked.len()].copy_from_slice(&item(operation));
    bytes
}

#[test]
fn an_operation_must_be_one_of_the_version() {
    let server = server();
    for version in [V1_0, V1_1] {
        let answer = server.raw(Some("alice"), &query_as(version, Operation::Encrypt));
        let [item] = read(&answer).batch_item.try_into().unwrap();
        assert_eq!(item.operation, Some(Operation::Encrypt));
        assert_eq!(failed(&item).reason, ResultReason::OperationNotSupported, "{version}");
    }
    for version in ALL {
        let failed = server.send(*version, ValidateRequest::new()).unwrap_err();
        assert_eq!(failed.reason, ResultReason::OperationNotSupported);
    }
    let failed = server.raw(Some("alice"), &query_as(V1_4, Operation(0x7777)));
    assert_eq!(
        crate::harness::failed(&read(&failed).batch_item[0]).reason,
        ResultReason::OperationNotSupported
    );
}

#[test]
fn credentials() {
    let server = server();
    let with = |username: &str, password: Option<&str>| {
        let value = UsernameAndPasswordCredential {
            password: password.map(Into::into),
            ..UsernameAndPasswordCredential::new(username.into())
        };
        let credential = Credential::new(
            CredentialType::UsernameAndPassword,
            CredentialValue::UsernameAndPasswordCredential(value.into()),
        );
        let mut request = query(V1_2);
        request.request_header.authentication =
            Some(Authentication { credential: vec![credential], ..Authentication::new() });
        request
    };
    // PyKMIP's client sends these where it has none.
    for password in [Some(""), None] {
        let response = server.message("alice", &with("", password));
        assert_eq!(response.batch_item[0].result_status, ResultStatus::Success);
    }
    for (username, password) in [("fred", Some("secret word")), ("", Some("secret word")), ("fred", None)] {
        let answer = server.raw(Some("alice"), &bytes(&with(username, password)));
        assert_eq!(answer.disposition, Disposition::Close);
        let failed = failed(&read(&answer).batch_item[0]);
        assert_eq!(failed.reason, ResultReason::AuthenticationNotSuccessful);
        assert!(!failed.message.contains("secret word"));
    }
}

/// KMIP 1.4 §4.25: Query "SHOULD be invocable by unauthenticated clients".
#[test]
fn nobody_may_ask_what_the_server_is_and_nothing_else() {
    let server = server();
    for name in [None, Some("")] {
        let answer = server.raw(name, &bytes(&query(V1_4)));
        assert_eq!(read(&answer).batch_item[0].result_status, ResultStatus::Success);
        let answer = server.raw(name, &bytes(&batch(V1_4, vec![create_request(V1_4, aes(128)).into()])));
        assert_eq!(failed(&read(&answer).batch_item[0]).reason, ResultReason::AuthenticationNotSuccessful);
    }
}

/// KMIP 1.4 §6.16.
#[test]
fn message_extensions() {
    let server = server();
    for version in ALL {
        let ask = |critical| {
            let mut request = query(*version);
            let extension = MessageExtension::new("Acme".into(), critical, VendorExtension::new());
            request.batch_item[0].message_extension = vec![extension];
            request.batch_item[0].unique_batch_item_id = Some(Bytes::from_static(b"7"));
            let [item] = server.message("alice", &request).batch_item.try_into().unwrap();
            item
        };
        assert_eq!(ask(false).result_status, ResultStatus::Success);
        let item = ask(true);
        assert_eq!(
            (item.operation, item.unique_batch_item_id.as_deref()),
            (Some(Operation::Query), Some(&b"7"[..]))
        );
        // 2.0 has a reason for just this, but its tables of the operations' errors don't list it.
        assert_eq!(failed(&item).reason, ResultReason::FeatureNotSupported);
    }
}

/// 1.x: the client could wait (1.4 §6.7). 2.0: it says whether the server has to let it wait (§11.3).
#[test]
fn asynchronous_requests() {
    let server = server();
    let mut request = query(V1_4);
    request.request_header.asynchronous_indicator = Some(true);
    assert_eq!(server.message("alice", &request).batch_item[0].result_status, ResultStatus::Success);
    let mut request = query(V2_0);
    request.request_header.asynchronous_mode = Some(AsynchronousIndicator::Optional);
    assert_eq!(server.message("alice", &request).batch_item[0].result_status, ResultStatus::Success);
    request.request_header.asynchronous_mode = Some(AsynchronousIndicator::Mandatory);
    let [item] = server.message("alice", &request).batch_item.try_into().unwrap();
    assert_eq!(item.result_status, ResultStatus::OperationPending);
}

#[test]
fn the_maximum_response_size_is_kept_and_nothing_is_done_beyond_it() {
    let server = server();
    for version in ALL {
        let limited = |mut request: RequestMessage, size| {
            request.request_header.maximum_response_size = Some(size);
            server.message("alice", &request).batch_item
        };
        let [item] = limited(query(*version), 256).try_into().unwrap();
        assert_eq!(failed(&item).reason, ResultReason::ResponseTooLarge);
        assert_eq!(item.operation, Some(Operation::Query));
        let [item] = limited(query(*version), 4096).try_into().unwrap();
        assert_eq!(item.result_status, ResultStatus::Success);

        let create = || batch(*version, vec![create_request(*version, aes(128)).into()]);
        let before = server.locate(*version, AttributeSet::new()).unwrap().len();
        for size in [150, 0, -1] {
            let [item] = limited(create(), size).try_into().unwrap();
            assert_eq!(failed(&item).reason, ResultReason::ResponseTooLarge);
        }
        assert_eq!(server.locate(*version, AttributeSet::new()).unwrap().len(), before);
        let [item] = limited(create(), 8192).try_into().unwrap();
        assert_eq!(item.result_status, ResultStatus::Success);
        assert_eq!(server.locate(*version, AttributeSet::new()).unwrap().len(), before + 1);
    }
}
