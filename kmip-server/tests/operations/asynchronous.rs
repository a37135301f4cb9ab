//! Operations that are done later: Poll and Cancel.

use std::sync::Arc;

use kmip::ttlv::{Bytes, Version};
use kmip::types::*;
use kmip_server::engine::{Engine, Settings};
use kmip_server::seal::{MasterKey, Seal};
use kmip_server::store;

use crate::create_key_pair::{common, pair_request};
use crate::harness::*;

impl Server {
    /// Asks for something to be done later; the value to ask for it with.
    fn later(&self, version: Version, payload: RequestPayload) -> Bytes {
        let mut request = batch(version, vec![payload]);
        if version < V2_0 {
            request.request_header.asynchronous_indicator = Some(true);
        } else {
            request.request_header.asynchronous_mode = Some(AsynchronousIndicator::Mandatory);
        }
        let [item] = self.message("alice", &request).batch_item.try_into().unwrap();
        assert_eq!(item.result_status, ResultStatus::OperationPending);
        item.asynchronous_correlation_value.unwrap()
    }

    fn poll(&self, user: &str, version: Version, value: &Bytes) -> ResponseBatchItem {
        let request = batch(version, vec![PollRequest::new(value.clone()).into()]);
        let [item] = self.message(user, &request).batch_item.try_into().unwrap();
        item
    }

    fn cancel(&self, user: &str, version: Version, value: &Bytes) -> CancellationResult {
        let response = self.ask(user, version, CancelRequest::new(value.clone())).unwrap();
        assert_eq!(response.asynchronous_correlation_value, *value);
        response.cancellation_result
    }
}

fn archive(key: &str) -> RequestPayload {
    ArchiveRequest { unique_identifier: Some(id(key)), ..ArchiveRequest::new() }.into()
}

#[test]
fn what_is_done_later_is_answered_as_if_at_once() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        let value = server.later(*version, archive(&key));
        server.0.work();
        let pending = server.poll("alice", *version, &value);
        assert_eq!(pending.result_status, ResultStatus::OperationPending);
        server.get(*version, &key).unwrap();

        wait(2);
        server.0.work();
        for _ in 0..2 {
            let done = server.poll("alice", *version, &value);
            assert_eq!(done.operation, Some(Operation::Archive));
            assert_eq!(text_of(&answer::<ArchiveRequest>(done).unwrap().unique_identifier), key);
        }
        assert_eq!(server.get(*version, &key).unwrap_err().reason, ResultReason::ObjectArchived);
        assert_eq!(server.cancel("alice", *version, &value), CancellationResult::Completed);

        // It can't be archived twice: that is an answer, too.
        let again = server.later(*version, archive("nowhere"));
        wait(2);
        server.0.work();
        let missing = reason(*version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        assert_eq!(failed(&server.poll("alice", *version, &again)).reason, missing);
        assert_eq!(server.cancel("alice", *version, &again), CancellationResult::Failed);
    }
}

#[test]
fn what_is_cancelled_is_never_done() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        let value = server.later(*version, archive(&key));
        // Nobody else can ask for it, or end it.
        let unknown =
            reason(*version, ResultReason::ItemNotFound, ResultReason::InvalidAsynchronousCorrelationValue);
        assert_eq!(failed(&server.poll("bob", *version, &value)).reason, unknown);
        assert_eq!(server.cancel("bob", *version, &value), CancellationResult::Unavailable);

        assert_eq!(server.cancel("alice", *version, &value), CancellationResult::Canceled);
        wait(2);
        server.0.work();
        server.get(*version, &key).unwrap();
        assert_eq!(failed(&server.poll("alice", *version, &value)).reason, unknown);
        assert_eq!(server.cancel("alice", *version, &value), CancellationResult::Unavailable);
    }
}

#[test]
fn what_waits_survives_a_restart_and_answers_are_forgotten() {
    let store = store::open("memory:").unwrap();
    let seal = Arc::new(Seal::open(&*store, &MasterKey::generate().unwrap()).unwrap());
    let start = || Server(Engine::new(store.clone(), seal.clone(), Settings::default()).with_clock(now));
    let before = start();
    let key = before.create(V2_0, []);
    let value = before.later(V2_0, get_request(&key).into());
    drop(before);

    let after = start();
    after.0.resume().unwrap();
    after.0.work();
    let done = after.poll("alice", V2_0, &value);
    assert_eq!(answer::<GetRequest>(done).unwrap().object, after.get(V2_0, &key).unwrap().object);
    wait(3700);
    after.0.work();
    let gone = failed(&after.poll("alice", V2_0, &value)).reason;
    assert_eq!(gone, ResultReason::InvalidAsynchronousCorrelationValue);
}

#[test]
fn a_key_pair_is_made_later() {
    let server = server();
    let request = pair_request(V2_0, common(CryptographicAlgorithm::ECDSA, 256));
    let value = server.later(V2_0, request.into());
    wait(2);
    server.0.work();
    let made = answer::<CreateKeyPairRequest>(server.poll("alice", V2_0, &value)).unwrap();
    server.get(V2_0, &text_of(&made.private_key_unique_identifier)).unwrap();
    // What can't be made is told.
    let request = pair_request(V2_0, common(CryptographicAlgorithm::DSA, 5));
    let value = server.later(V2_0, request.into());
    wait(2);
    server.0.work();
    assert_eq!(failed(&server.poll("alice", V2_0, &value)).reason, ResultReason::InvalidField);
}

#[test]
fn what_cannot_be_done_later_is_refused() {
    let server = server();
    let refused = |payloads: Vec<RequestPayload>| {
        let mut request = batch(V2_0, payloads);
        request.request_header.asynchronous_mode = Some(AsynchronousIndicator::Mandatory);
        failed(&server.message("alice", &request).batch_item[0]).reason
    };
    let poll = || PollRequest::new(Bytes::from_static(b"1")).into();
    assert_eq!(refused(vec![poll()]), ResultReason::FeatureNotSupported);
    assert_eq!(refused(vec![LoginRequest::new().into()]), ResultReason::FeatureNotSupported);
    let query = || {
        RequestPayload::from(QueryRequest {
            query_function: vec![QueryFunction::QueryOperations],
            ..QueryRequest::new()
        })
    };
    assert_eq!(refused(vec![query(), query()]), ResultReason::FeatureNotSupported);
    for _ in 0..64 {
        server.later(V2_0, query());
    }
    assert_eq!(refused(vec![query()]), ResultReason::ServerLimitExceeded);
    // What the server is free to do at once, it does.
    for version in ALL {
        let key = server.create(*version, []);
        let mut request = batch(*version, vec![archive(&key)]);
        if *version < V2_0 {
            request.request_header.asynchronous_indicator = Some(true);
        } else {
            request.request_header.asynchronous_mode = Some(AsynchronousIndicator::Optional);
        }
        let [item] = server.message("alice", &request).batch_item.try_into().unwrap();
        assert_eq!(text_of(&answer::<ArchiveRequest>(item).unwrap().unique_identifier), key);
    }
}
