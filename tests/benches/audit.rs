//! What the audit log costs: Get and Create on a store on disk, through the engine, without it and with it.
//!
//! `cargo bench -p kmip-tests --bench audit`; for one case alone, as for counting instructions, what to do, whether it is
//! recorded, and how often: `valgrind --tool=callgrind BENCH get on 5000`.
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use kmip::ttlv::Bytes;
use kmip::types::{
    AttributeSet, AttributeValue, CreateRequest, CryptographicAlgorithm, CryptographicUsageMask, GetRequest,
    ObjectType, Operation, RequestBatchItem, RequestHeader, RequestMessage, RequestPayload, ResponseMessage,
    ResponsePayload, UniqueIdentifier, version,
};
use kmip_server::audit::{Audit, AuditOptions, Keeper};
use kmip_server::engine::{Engine, Settings};
use kmip_server::handler::{AlternativeNames, Peer, PeerCertificate};
use kmip_server::seal::{MasterKey, Seal};
use kmip_server::store;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [what, recorded, count] = arguments.as_slice() {
        run(what, recorded == "on", count.parse().expect("a number"));
        return;
    }
    for (what, count) in [("get", 200_000), ("create", 5_000)] {
        for recorded in [false, true] {
            run(what, recorded, count);
        }
    }
}

fn run(what: &str, recorded: bool, count: u32) {
    let folder = tempfile::tempdir().expect("a folder");
    let address = folder.path().join("kmip.db").display().to_string();
    let store = store::open(&address).expect("a store");
    let master = MasterKey::generate().expect("a key");
    let seal = Arc::new(Seal::open(&*store, &master).expect("a seal"));
    let mut engine = Engine::new(Arc::clone(&store), Arc::clone(&seal), Settings::default());
    let keeper = recorded.then(|| {
        let audit = Audit::open(store, seal, AuditOptions::default()).expect("an audit log");
        Keeper::start(audit).expect("a thread")
    });
    if let Some(keeper) = &keeper {
        engine = engine.with_audit(keeper.audit());
    }
    let create = message(Operation::Create, create().into());
    let key = identifier(&engine, &create);
    let request = match what {
        "get" => {
            message(Operation::Get, GetRequest { unique_identifier: Some(key), ..GetRequest::new() }.into())
        }
        _ => create,
    };
    let peer = peer();
    engine.answer(&peer, &request);
    let since = Instant::now();
    for _ in 0..count {
        black_box(engine.answer(&peer, &request));
    }
    let answered = since.elapsed();
    drop(keeper);
    let written = since.elapsed();
    let each = |time: std::time::Duration| time.as_secs_f64() * 1e6 / f64::from(count);
    println!(
        "{what:7} audit {:3}  {:8.2} µs until answered, {:8.2} µs until recorded",
        if recorded { "on" } else { "off" },
        each(answered),
        each(written),
    );
}

fn create() -> CreateRequest {
    let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    let set: AttributeSet = [
        AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        AttributeValue::CryptographicLength(256),
        AttributeValue::CryptographicUsageMask(mask),
    ]
    .into_iter()
    .collect();
    CreateRequest {
        template_attribute: Some(set.to_template_attribute()),
        ..CreateRequest::new(ObjectType::SymmetricKey)
    }
}

fn message(operation: Operation, payload: RequestPayload) -> Bytes {
    let item = RequestBatchItem::new(operation, payload);
    let header = RequestHeader::new(version::V1_4.into(), 1);
    let message = RequestMessage { batch_item: vec![item], ..RequestMessage::new(header) };
    let mut bytes = Vec::new();
    message.write(&mut bytes).expect("a message");
    bytes.into()
}

fn identifier(engine: &Engine, create: &Bytes) -> UniqueIdentifier {
    let answer: Bytes = engine.answer(&peer(), create).bytes.into();
    let answer = ResponseMessage::read(&answer, kmip::ttlv::Mode::Strict, kmip::ttlv::Limits::DEFAULT);
    let item = answer.expect("an answer").batch_item.remove(0);
    match item.response_payload {
        Some(ResponsePayload::Create(created)) => created.unique_identifier,
        other => panic!("{other:?}"),
    }
}

fn peer() -> Peer {
    let certificate = PeerCertificate {
        common_name: Some("alice".into()),
        subject: "CN=alice".into(),
        issuer: "CN=authority".into(),
        alternative_names: AlternativeNames::default(),
        client_usage: true,
        fingerprint_sha256: [7; 32],
        der: Bytes::new(),
    };
    Peer { address: "127.0.0.1:40000".parse().expect("an address"), certificate: Some(certificate) }
}
