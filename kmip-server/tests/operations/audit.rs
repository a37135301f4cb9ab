//! The audit log: who asked for what, and what became of it.

use std::sync::Arc;

use kmip::ttlv::Secret;
use kmip::types::*;
use kmip_server::audit::{Audit, AuditOptions, verify};
use kmip_server::engine::{Authenticator, Engine, Failure, Settings};
use kmip_server::handler::Peer;
use kmip_server::rights::{Caller, Policies};
use kmip_server::seal::{MasterKey, Seal};
use kmip_server::store::{self, Store};
use serde_json::Value;

use super::harness::*;

/// A server with an audit log.
struct Audited {
    server: Server,
    audit: Arc<Audit>,
    store: Arc<dyn Store>,
    seal: Arc<Seal>,
}

impl Audited {
    fn new() -> Self {
        let store = store::open("memory:").unwrap();
        let seal = Arc::new(Seal::open(&*store, &MasterKey::generate().unwrap()).unwrap());
        let audit = Audit::open(Arc::clone(&store), Arc::clone(&seal), AuditOptions::default()).unwrap();
        let engine = Engine::new(Arc::clone(&store), Arc::clone(&seal), Settings::default());
        let engine =
            engine.with_clock(now).with_policies(Policies::built_in()).with_audit(Arc::clone(&audit));
        Self { server: Server(engine), audit, store, seal }
    }

    /// The records so far: those with changes, and then those that are written later.
    fn records(&self) -> Vec<Value> {
        self.audit.flush().unwrap();
        self.written()
    }

    fn written(&self) -> Vec<Value> {
        let mut records = Vec::new();
        verify(&[], Some((&*self.store, &self.seal)), &[], |line| {
            records.push(serde_json::from_slice(line).unwrap());
            Ok(())
        })
        .unwrap();
        records
    }

    fn last(&self) -> Value {
        self.records().pop().unwrap()
    }
}

fn written(request: &RequestMessage) -> Vec<u8> {
    let mut bytes = Vec::new();
    request.write(&mut bytes).unwrap();
    bytes
}

fn said(record: &Value) -> [&str; 4] {
    ["user", "operation", "outcome", "reason"].map(|field| record[field].as_str().unwrap_or_default())
}

#[test]
fn every_operation_has_a_record_allowed_or_refused() {
    let audited = Audited::new();
    let server = &audited.server;
    let identifier = server.create(V1_4, [name("key")]);
    server.get(V1_4, &identifier).unwrap();
    server.ask("mallory", V1_4, get_request(&identifier)).unwrap_err();
    server.ask("mallory", V2_0, get_request("nothing")).unwrap_err();
    server.locate(V1_4, set([name("key")])).unwrap();
    server.activate(V1_4, &identifier).unwrap();
    server.destroy(V1_4, &identifier).unwrap_err();
    server.raw(Some("alice"), b"no message");
    let records = audited.records();
    let mut said: Vec<_> = records.iter().map(said).collect();
    said.sort_unstable();
    assert_eq!(
        said,
        [
            ["", "", "failed", "InvalidMessage"],
            ["alice", "Activate", "success", ""],
            ["alice", "Create", "success", ""],
            ["alice", "Destroy", "failed", "PermissionDenied"],
            ["alice", "Get", "success", ""],
            ["alice", "Locate", "success", ""],
            // It is told that there is no such object: that it may not have it stands in the log.
            ["mallory", "Get", "denied", "ItemNotFound"],
            ["mallory", "Get", "failed", "ObjectNotFound"],
        ]
    );
    for record in &records {
        let operation = record["operation"].as_str().unwrap_or_default();
        if !matches!(operation, "Locate" | "") && record["reason"] != "ObjectNotFound" {
            assert_eq!(record["objects"], serde_json::json!([identifier]), "{record}");
        }
        assert_eq!(record["address"], "127.0.0.1:40000");
        assert_eq!(record["request"].as_str().unwrap().len(), 16);
    }
}

#[test]
fn a_change_is_recorded_with_it_and_not_later() {
    let audited = Audited::new();
    let identifier = audited.server.create(V1_4, []);
    audited.server.get(V2_0, &identifier).unwrap();
    let operations: Vec<_> = audited.written().iter().map(|record| record["operation"].clone()).collect();
    // The first Get of a key changes it: it can't be made longer any more by whoever limits its use.
    assert!(operations.starts_with(&["Create".into()]), "{operations:?}");
    let before = audited.records().len();
    audited.server.get(V2_0, &identifier).unwrap();
    assert_eq!(audited.written().len(), before, "reads are written later");
    assert_eq!(audited.records().len(), before + 1);
}

#[test]
fn a_pair_has_one_record_that_names_both() {
    let audited = Audited::new();
    let common = crate::create_key_pair::common(CryptographicAlgorithm::ECDSA, 256);
    let request = crate::create_key_pair::pair_request(V2_0, common);
    let response = audited.server.send(V2_0, request).unwrap();
    let records = audited.records();
    assert_eq!(records.len(), 1, "{records:?}");
    let objects = records[0]["objects"].as_array().unwrap();
    for identifier in [&response.private_key_unique_identifier, &response.public_key_unique_identifier] {
        assert!(objects.contains(&text_of(identifier).into()), "{records:?}");
    }
}

#[test]
fn what_was_undone_says_so() {
    let audited = Audited::new();
    let mut request = batch(
        V1_4,
        vec![
            create_request(V1_4, aes(128)).into(),
            create_request(V1_4, aes(256)).into(),
            get_request("nothing").into(),
            create_request(V1_4, aes(128)).into(),
        ],
    );
    request.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    audited.server.message("alice", &request);
    let records = audited.records();
    let outcomes: Vec<_> = records.iter().map(|record| record["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["undone", "undone", "failed"]);
    let requests: Vec<_> = records.iter().map(|record| record["request"].clone()).collect();
    assert!(requests.iter().all(|request| *request == requests[0]), "one message, one name");
    assert!(records[0]["objects"][0].is_string(), "{:?}", records[0]);

    // What was done together is recorded together.
    request.batch_item.remove(2);
    request.request_header.batch_count = 3;
    audited.server.message("alice", &request);
    let outcomes: Vec<_> =
        audited.written()[3..].iter().map(|record| record["outcome"].as_str().unwrap().to_owned()).collect();
    assert_eq!(outcomes, ["success"; 3]);
}

#[test]
fn a_change_that_is_taken_back_since_its_answer_is_too_large_has_failed() {
    let audited = Audited::new();
    let mut request = batch(V1_4, vec![create_request(V1_4, aes(128)).into()]);
    request.request_header.maximum_response_size = Some(1);
    audited.server.message("alice", &request);
    assert_eq!(said(&audited.last()), ["alice", "Create", "failed", "ResponseTooLarge"]);
    assert_eq!(audited.records().len(), 1);
}

#[test]
fn what_is_done_later_is_recorded_when_it_is_asked_for_and_when_it_is_done() {
    let audited = Audited::new();
    let identifier = audited.server.create(V1_4, []);
    for (target, outcome) in [(identifier.as_str(), "success"), ("nothing", "failed")] {
        let archive = ArchiveRequest { unique_identifier: Some(id(target)), ..ArchiveRequest::new() };
        let mut request = batch(V1_4, vec![archive.into()]);
        request.request_header.asynchronous_indicator = Some(true);
        let response = audited.server.message("alice", &request);
        assert_eq!(response.batch_item[0].result_status, ResultStatus::OperationPending);
        let pending = audited.last();
        assert_eq!(said(&pending), ["alice", "Archive", "pending", ""]);
        wait(5);
        audited.server.0.work();
        let done = audited.last();
        assert_eq!(said(&done)[..3], ["alice", "Archive", outcome]);
        assert_eq!(done["request"], pending["request"]);
    }
}

#[test]
fn who_is_not_known_is_told_by_certificate() {
    let audited = Audited::new();
    audited.server.raw(None, &written(&batch(V1_4, vec![get_request("1").into()])));
    let record = audited.last();
    assert_eq!(said(&record)[..3], ["", "Get", "denied"]);
    assert_eq!(record["certificate"], "0".repeat(64));
    // A password that can't be verified.
    let mut request = batch(V1_4, vec![get_request("1").into()]);
    let password = UsernameAndPasswordCredential {
        password: Some("very secret".into()),
        ..UsernameAndPasswordCredential::new("bob".into())
    };
    let credential = Credential::new(
        CredentialType::UsernameAndPassword,
        CredentialValue::UsernameAndPasswordCredential(password.into()),
    );
    request.request_header.authentication =
        Some(Authentication { credential: vec![credential], ..Authentication::new() });
    audited.server.raw(Some("alice"), &written(&request));
    let record = audited.last();
    assert_eq!(said(&record), ["", "Get", "denied", "AuthenticationNotSuccessful"]);
    assert!(!record.to_string().contains("secret"));
}

/// Doesn't get as far as saying who someone is.
struct Panics;

impl Authenticator for Panics {
    fn authenticate(&self, _: &Peer, _: &[&Credential]) -> Result<Caller, Failure> {
        panic!("as a fault of the server would")
    }
}

#[test]
fn a_request_that_the_server_fails_at_has_a_record() {
    let mut audited = Audited::new();
    let engine = Engine::new(Arc::clone(&audited.store), Arc::clone(&audited.seal), Settings::default());
    audited.server = Server(engine.with_authenticator(Panics).with_audit(Arc::clone(&audited.audit)));
    let request = written(&batch(V1_4, vec![get_request("1").into()]));
    let raw = std::panic::AssertUnwindSafe(|| drop(audited.server.raw(Some("alice"), &request)));
    assert!(std::panic::catch_unwind(raw).is_err());
    let record = audited.last();
    assert_eq!((&record["outcome"], &record["reason"]), (&"failed".into(), &"GeneralFailure".into()));
    assert_eq!(record["certificate"], "0".repeat(64));
}

#[test]
fn nothing_secret_is_in_it() {
    let audited = Audited::new();
    let secret = b"0123456789abcdef";
    let material = KeyMaterial::ByteString(Secret::from(&secret[..]));
    let block = KeyBlock {
        key_value: Some(KeyValue::Plaintext(PlaintextKeyValue::new(material).into())),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        ..KeyBlock::new(KeyFormatType::Raw)
    };
    let object = ManagedObject::SymmetricKey(SymmetricKey::new(block).into());
    let identifier = text_of(
        &audited
            .server
            .send(
                V1_4,
                register_request(
                    V1_4,
                    object,
                    set([AttributeValue::CryptographicUsageMask(
                        CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt,
                    )]),
                ),
            )
            .unwrap()
            .unique_identifier,
    );
    audited.server.activate(V1_4, &identifier).unwrap();
    audited.server.get(V1_4, &identifier).unwrap();
    let data = Data::ByteString(Secret::from(&b"fedcba9876543210"[..]));
    let encrypt = EncryptRequest {
        unique_identifier: Some(id(&identifier)),
        data: Some(data),
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::ECB),
            padding_method: Some(PaddingMethod::None),
            ..CryptographicParameters::new()
        }),
        ..EncryptRequest::new()
    };
    audited.server.send(V1_4, encrypt).unwrap();
    let all = audited.records().iter().map(Value::to_string).collect::<String>();
    assert!(all.contains("Encrypt") && all.contains("Register"), "{all}");
    for clue in ["0123456789abcdef", "30313233", "fedcba98", "66656463", "MDEyMzQ1"] {
        assert!(!all.contains(clue), "{all}");
    }
}
