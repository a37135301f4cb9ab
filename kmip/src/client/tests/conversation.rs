//! What takes more than one message: parts, pools, other versions, watching, waiting.

use std::{
    ops::ControlFlow,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use super::{
    client, destroyed, id,
    server::{Reply, Server, failure, response, success},
};
use crate::{
    client::{
        Batch, Client, Error, Id, Pool, Watch, Watcher,
        blocking::{self, Client as Blocking},
        calls,
    },
    ttlv::Bytes,
    types::{
        ActivateResponse, Data, DestroyResponse, EncryptRequest, EncryptResponse, GetResponse, ManagedObject,
        ObjectType, OpaqueDataType, OpaqueObject, Operation, RequestMessage, RequestPayload,
        ResponseBatchItem, ResponsePayload, ResultReason, ResultStatus,
        version::{V1_2, V1_4, V2_0},
    },
};

/// Turns every byte of the data around, and says so under one correlation value.
fn encrypting(request: &RequestMessage) -> Reply {
    let Some(RequestPayload::Encrypt(payload)) = request.batch_item.first().map(|item| &item.request_payload)
    else {
        panic!("another operation")
    };
    let Some(Data::ByteString(data)) = &payload.data else { panic!("no data") };
    assert_eq!(payload.init_indicator, payload.correlation_value.is_none().then_some(true));
    let data: Vec<u8> = data.expose().iter().map(|byte| !byte).collect();
    let answer = EncryptResponse {
        data: Some(Data::ByteString(data.into())),
        iv_counter_nonce: payload.init_indicator.map(|_| Bytes::from_static(b"iv")),
        authenticated_encryption_tag: payload.final_indicator.map(|_| Bytes::from_static(b"tag")),
        correlation_value: (payload.final_indicator.is_none()).then(|| Bytes::from_static(b"same")),
        ..EncryptResponse::new(id("7"))
    };
    Reply::Bytes(response(V1_4, vec![success(Operation::Encrypt, answer)]))
}

#[test]
fn data_goes_in_parts() {
    let server = Server::start(encrypting);
    let mut client = client(&server);
    for (length, messages) in [(0, 1), (9, 1), (10, 1), (11, 2), (30, 3), (31, 4)] {
        let before = server.request_count();
        let plain = vec![0x0F; length];
        let mut out = Vec::new();
        let request = EncryptRequest { unique_identifier: Some(id("7")), ..EncryptRequest::new() };
        let ends = client.at(V1_4).send_parts(request, 10, &*plain, &mut out).unwrap();
        assert_eq!(out, vec![0xF0; length]);
        assert_eq!(server.request_count() - before, messages, "{length}");
        let first = ends.first.as_ref().unwrap_or(&ends.last);
        assert_eq!(first.iv_counter_nonce.as_deref(), Some(&b"iv"[..]));
        assert_eq!(ends.last.authenticated_encryption_tag.as_deref(), Some(&b"tag"[..]));
    }
    assert_eq!(client.version(), V1_2, "the other version was for one call");
}

#[test]
fn a_batch_of_calls_with_the_id_placeholder() {
    let server = Server::start(|_| {
        let with_id = |number, item| ResponseBatchItem {
            unique_batch_item_id: Some(vec![0, 0, 0, number].into()),
            ..item
        };
        let value = ManagedObject::OpaqueObject(OpaqueObject::new(OpaqueDataType(1), b"data"[..].into()));
        let got = GetResponse::new(ObjectType::OpaqueObject, id("7"), value);
        let items = vec![
            with_id(0, success(Operation::Activate, ActivateResponse::new(id("7")))),
            with_id(1, success(Operation::Get, got)),
        ];
        Reply::Bytes(response(V1_2, items))
    });
    let mut batch = Batch::new();
    let activated = batch.call(calls::activate("7"));
    let size = batch.call(calls::get(Id::PLACEHOLDER).map(|object| object.bytes().map(<[u8]>::len)));
    let mut answers = client(&server).batch(batch).unwrap();
    answers.take(activated).unwrap();
    assert_eq!(answers.take(size).unwrap(), Some(4));
    let requests = server.requests.lock().unwrap();
    let second = &requests.first().unwrap().batch_item.get(1).unwrap().request_payload;
    assert!(matches!(second, RequestPayload::Get(payload) if payload.unique_identifier.is_none()));
}

#[test]
fn operations_that_the_server_puts_off() {
    let pending = || ResponseBatchItem {
        operation: Some(Operation::Destroy),
        asynchronous_correlation_value: Some(Bytes::from_static(b"later")),
        ..ResponseBatchItem::new(ResultStatus::OperationPending)
    };
    let mut count = 0;
    let server = Server::start(move |_| {
        count += 1;
        let done = success(Operation::Destroy, DestroyResponse::new(id("7")));
        Reply::Bytes(response(V1_2, vec![if count < 3 { pending() } else { done }]))
    });
    let mut options = server.options();
    options.asynchronous = true;
    let mut client = Blocking::connect(options).unwrap();
    let Err(Error::Pending { correlation_value, .. }) = client.destroy("7") else { panic!("not put off") };
    assert_eq!(correlation_value, &b"later"[..]);
    assert!(matches!(client.poll(correlation_value.clone()), Err(Error::Pending { .. })));
    assert!(matches!(client.poll(correlation_value).unwrap(), ResponsePayload::Destroy(_)));
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests.first().unwrap().request_header.asynchronous_indicator, Some(true));
}

#[derive(Default)]
struct Recorder {
    seen: Mutex<Vec<usize>>,
    withhold: bool,
}

impl Watch for Arc<Recorder> {
    fn request(&self, message: &[u8]) -> ControlFlow<()> {
        self.seen.lock().unwrap().push(message.len());
        if self.withhold { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn response(&self, message: &[u8]) {
        self.seen.lock().unwrap().push(message.len());
    }
}

#[test]
fn messages_are_watched_and_withheld() {
    let server = Server::start(destroyed);
    let recorder = Arc::new(Recorder::default());
    let mut options = server.options();
    options.watch = Some(Watcher::new(Arc::clone(&recorder)));
    Blocking::connect(options.clone()).unwrap().destroy("7").unwrap();
    assert_eq!(recorder.seen.lock().unwrap().len(), 2);

    let recorder = Arc::new(Recorder { withhold: true, ..Recorder::default() });
    options.watch = Some(Watcher::new(Arc::clone(&recorder)));
    // It need not even be open.
    assert!(matches!(Blocking::new(options).unwrap().destroy("7"), Err(Error::Withheld)));
    assert_eq!(recorder.seen.lock().unwrap().len(), 1);
    assert_eq!(server.request_count(), 1);
}

#[test]
fn a_pool_keeps_clients_and_lends_no_more_than_it_has() {
    let server = Server::start(destroyed);
    let mut options = server.options();
    options.request_timeout = Duration::from_millis(200);
    let pool = blocking::Pool::new(options, 1).unwrap();
    for _ in 0..3 {
        let mut client = pool.get().unwrap();
        client.set_version(V2_0);
        client.at(V1_2).destroy("7").unwrap();
    }
    assert_eq!(server.connection_count(), 1);
    let client = pool.get().unwrap();
    assert_eq!(client.version(), V1_2, "it comes as if it were new");
    assert!(matches!(pool.get(), Err(Error::Busy(_))));
    drop(client);
    assert!(pool.get().is_ok());
}

#[test]
fn a_pool_serves_many_at_once() {
    let server = Server::start(destroyed);
    let pool = blocking::Pool::new(server.options(), 1).unwrap();
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                pool.get().unwrap().destroy("7").unwrap();
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(done.into_inner(), 8);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::start(destroyed);
    runtime.block_on(async {
        let pool = Pool::new(server.options(), 1);
        for _ in 0..3 {
            pool.get().await.unwrap().destroy("7").await.unwrap();
        }
        // A client that was closed doesn't come back.
        pool.get().await.unwrap().close().await.unwrap();
        pool.get().await.unwrap().destroy("7").await.unwrap();
    });
    assert_eq!(server.connection_count(), 2);
}

#[test]
fn time_for_the_handshake_is_limited() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server::start(destroyed);
    let mut options = server.options();
    options
        .servers
        .insert(0, crate::client::Address::new("127.0.0.1", listener.local_addr().unwrap().port()));
    options.handshake_timeout = Duration::from_millis(100);
    // The first accepts and says nothing; the next one is taken.
    let mut client = Blocking::connect(options).unwrap();
    assert_eq!(client.server(), Some(&server.address));
    client.destroy("7").unwrap();
}

#[test]
fn another_version_for_one_call() {
    let server = Server::start(|request| {
        let version = request.request_header.protocol_version.known().unwrap();
        let reason = ResultReason::GeneralFailure;
        Reply::Bytes(response(version, vec![failure(None, reason)]))
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut client = Client::connect(server.options()).await.unwrap();
        assert!(client.at(V2_0).destroy("7").await.is_err());
        assert!(client.destroy("7").await.is_err());
    });
    let requests = server.requests.lock().unwrap();
    let versions: Vec<_> =
        requests.iter().map(|request| request.request_header.protocol_version.known().unwrap()).collect();
    assert_eq!(versions, [V2_0, V1_2]);
}
