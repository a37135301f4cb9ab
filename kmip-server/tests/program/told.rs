//! Notify and Put: clients that are told of what happens.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use kmip::ttlv::{Limits, Mode, Tag, Version};
use kmip::types::{
    AddAttributeRequest, Attribute, AttributeId, AttributeInstance, AttributeName, AttributeSet,
    AttributeValue, CreateRequest, CryptographicAlgorithm, CryptographicUsageMask, DeleteAttributeRequest,
    DestroyRequest, GetRequest, NewAttribute, NotifyRequest, NotifyResponse, ObjectType, Operation,
    PutFunction, PutRequest, PutResponse, ReKeyRequest, Request, RequestBatchItem, RequestHeader,
    RequestMessage, RequestPayload, ResponseBatchItem, ResponseHeader, ResponseMessage, ResponsePayload,
    ResultStatus, State, TimeStamp, UniqueIdentifier, version,
};
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslStream};

use crate::harness::{Running, folder, program, quickstart, start};

/// What a listener heard.
struct Heard {
    version: Version,
    payload: RequestPayload,
}

/// Listens as a client does that is told of things, and answers all with success.
fn listen(folder: &Path, listener: TcpListener) -> Receiver<Heard> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    builder.set_certificate_chain_file(folder.join("client.crt")).unwrap();
    builder.set_private_key_file(folder.join("client.key"), SslFiletype::PEM).unwrap();
    let acceptor = builder.build();
    let (heard, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = acceptor.accept(stream.unwrap()) else { continue };
            while let Some(message) = receive(&mut stream) {
                let message = RequestMessage::read(&message.into(), Mode::Strict, Limits::DEFAULT).unwrap();
                let header = &message.request_header;
                let version = header.protocol_version.known().unwrap();
                // 1.4 §5.1: these are not allowed.
                assert!(header.maximum_response_size.is_none() && header.batch_order_option.is_none());
                assert!(header.batch_error_continuation_option.is_none());
                let [item] = message.batch_item.try_into().unwrap();
                stream.write_all(&answer(version, item.operation)).unwrap();
                if heard.send(Heard { version, payload: item.request_payload }).is_err() {
                    return;
                }
            }
        }
    });
    receiver
}

fn answer(version: Version, operation: Operation) -> Vec<u8> {
    let payload = match operation {
        Operation::Put => ResponsePayload::Put(PutResponse::new()),
        Operation::Notify => ResponsePayload::Notify(NotifyResponse::new()),
        other => panic!("{other}"),
    };
    let item = ResponseBatchItem {
        operation: Some(operation),
        response_payload: Some(payload),
        ..ResponseBatchItem::new(ResultStatus::Success)
    };
    let now = TimeStamp::DateTime(kmip::ttlv::DateTime::now());
    let header = ResponseHeader::new(version.into(), now, 1);
    let mut bytes = Vec::new();
    ResponseMessage { batch_item: vec![item], ..ResponseMessage::new(header) }.write(&mut bytes).unwrap();
    bytes
}

fn receive(stream: &mut SslStream<TcpStream>) -> Option<Vec<u8>> {
    let mut message = vec![0; 8];
    stream.read_exact(&mut message).ok()?;
    let length = u32::from_be_bytes(message[4..].try_into().unwrap());
    message.resize(8 + usize::try_from(length).unwrap(), 0);
    stream.read_exact(&mut message[8..]).ok()?;
    Some(message)
}

/// Asks the server for something in this version, which has to succeed.
fn ask<R: Request>(stream: &mut SslStream<TcpStream>, version: Version, request: R) -> R::Response {
    let item = RequestBatchItem::new(R::OPERATION, request.into());
    let header = RequestHeader::new(version.into(), 1);
    let mut bytes = Vec::new();
    RequestMessage { batch_item: vec![item], ..RequestMessage::new(header) }.write(&mut bytes).unwrap();
    stream.write_all(&bytes).unwrap();
    let response = receive(stream).unwrap();
    let response = ResponseMessage::read(&response.into(), Mode::Strict, Limits::DEFAULT).unwrap();
    let [item] = response.batch_item.try_into().unwrap();
    assert_eq!(item.result_status, ResultStatus::Success, "{item:?}");
    R::Response::try_from(item.response_payload.unwrap()).unwrap_or_else(|other| panic!("{other:?}"))
}

fn create(stream: &mut SslStream<TcpStream>, version: Version) -> UniqueIdentifier {
    let set: AttributeSet = [
        AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        AttributeValue::CryptographicLength(256),
        AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ]
    .into_iter()
    .collect();
    let mut request = CreateRequest::new(ObjectType::SymmetricKey);
    if version < version::V2_0 {
        request.template_attribute = Some(set.to_template_attribute());
    } else {
        request.attributes = Some(set.to_attributes());
    }
    ask(stream, version, request).unique_identifier
}

/// A folder for a server that tells its client, which listens at this address, with more of the configuration's line.
fn configured(folder: &Path, client: &str, address: &str) -> std::path::PathBuf {
    drop(start(quickstart(folder).args(["--store", "memory:"])));
    let path = folder.join("told.toml");
    let text = format!("server_to_client = [{{ client = '{client}', address = '{address}' }}]\n");
    fs::write(&path, text).unwrap();
    path
}

fn serve(folder: &Path, config: &Path, store: &[&str]) -> Running {
    start(quickstart(folder).arg("--config").arg(config).args(store))
}

fn hear(receiver: &Receiver<Heard>) -> Heard {
    receiver.recv_timeout(Duration::from_secs(60)).unwrap()
}

fn put(heard: Heard) -> PutRequest {
    match heard.payload {
        RequestPayload::Put(put) => *put,
        other => panic!("{other:?}"),
    }
}

fn notify(heard: Heard) -> NotifyRequest {
    match heard.payload {
        RequestPayload::Notify(notify) => notify,
        other => panic!("{other:?}"),
    }
}

/// The attributes of a message in either form, with those that have no value any more.
fn attributes(version: Version, notify: &NotifyRequest) -> (Vec<AttributeInstance>, Vec<AttributeId>) {
    if version < version::V2_0 {
        let (there, gone): (Vec<Attribute>, Vec<Attribute>) =
            notify.attribute.iter().cloned().partition(|attribute| attribute.attribute_value.is_some());
        let name = |attribute: &Attribute| AttributeId::from_name(attribute.attribute_name.as_ref().unwrap());
        let gone = gone.iter().map(name).collect();
        (there.into_iter().filter_map(AttributeInstance::from_attribute).collect(), gone)
    } else {
        let there = AttributeSet::from_attributes(notify.attributes.clone().unwrap());
        let gone = notify.attribute_reference.iter().filter_map(AttributeId::from_reference).collect();
        (there.iter().cloned().collect(), gone)
    }
}

#[test]
fn new_objects_and_changes_in_every_version() {
    let (_parent, folder) = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = configured(&folder, "client", &listener.local_addr().unwrap().to_string());
    let heard = listen(&folder, listener);
    let server = serve(&folder, &config, &["--store", "memory:"]);
    let mut stream = server.connect(&folder);
    let contact = || AttributeValue::ContactInformation("Joe".into());
    let id = AttributeId::Standard(Tag::ContactInformation);
    for version in version::ALL.iter().copied() {
        let identifier = create(&mut stream, version);
        let told = hear(&heard);
        assert_eq!(told.version, version);
        let new = put(told);
        assert_eq!((&new.unique_identifier, new.put_function), (&identifier, PutFunction::New));
        assert_eq!(new.attribute.is_empty(), version >= version::V2_0);
        let mut add =
            AddAttributeRequest { unique_identifier: Some(identifier.clone()), ..Default::default() };
        let mut delete =
            DeleteAttributeRequest { unique_identifier: Some(identifier.clone()), ..Default::default() };
        if version < version::V2_0 {
            add.attribute =
                Some(Attribute::named(AttributeName::Standard(Tag::ContactInformation), contact()));
            delete.attribute_name = Some(AttributeName::Standard(Tag::ContactInformation));
        } else {
            add.new_attribute = Some(NewAttribute::new(contact()));
            delete.attribute_reference = Some(id.to_reference());
        }
        ask(&mut stream, version, add);
        let changed = notify(hear(&heard));
        assert_eq!(changed.unique_identifier, identifier);
        let (there, gone) = attributes(version, &changed);
        assert!(gone.is_empty());
        let date = AttributeId::Standard(Tag::LastChangeDate);
        assert!(there.iter().any(|instance| instance.id == date), "{there:?}");
        assert!(there.iter().any(|instance| instance.value == contact()), "{there:?}");

        let get = GetRequest { unique_identifier: Some(identifier.clone()), ..GetRequest::new() };
        // It was served by the Put: a Get changes nothing that would have to be told.
        assert_eq!(ask(&mut stream, version, get).object, new.object);
        ask(&mut stream, version, delete);
        let (there, gone) = attributes(version, &notify(hear(&heard)));
        assert_eq!(gone, std::slice::from_ref(&id));
        assert!(!there.iter().any(|instance| instance.id == id));

        let destroy = DestroyRequest { unique_identifier: Some(identifier), ..DestroyRequest::new() };
        ask(&mut stream, version, destroy);
        let (there, _) = attributes(version, &notify(hear(&heard)));
        assert!(
            there.iter().any(|instance| instance.value == AttributeValue::State(State::Destroyed)),
            "{there:?}"
        );
    }
}

#[test]
fn a_new_key_takes_the_place_of_the_old() {
    let (_parent, folder) = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = configured(&folder, "client", &listener.local_addr().unwrap().to_string());
    let heard = listen(&folder, listener);
    let server = serve(&folder, &config, &["--store", "memory:"]);
    let mut stream = server.connect(&folder);
    let old = create(&mut stream, version::V1_4);
    put(hear(&heard));
    let request = ReKeyRequest { unique_identifier: Some(old.clone()), ..ReKeyRequest::new() };
    let new = ask(&mut stream, version::V1_4, request).unique_identifier;
    // First what becomes of the old one, as its link leads to the new.
    assert_eq!(notify(hear(&heard)).unique_identifier, old);
    let told = put(hear(&heard));
    assert_eq!((told.unique_identifier, told.put_function), (new, PutFunction::Replace));
    assert_eq!(told.replaced_unique_identifier, Some(old));
}

#[test]
fn who_is_not_there_is_told_later() {
    let (_parent, folder) = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let config = configured(&folder, "client", &address.to_string());
    let server = serve(&folder, &config, &[]);
    let mut stream = server.connect(&folder);
    // Nobody waits for whoever is to be told.
    let [first, second] = [create(&mut stream, version::V1_2), create(&mut stream, version::V2_0)];
    let (status, log) = server.stop("-TERM");
    assert_eq!(status, Some(0), "{log}");
    assert!(log.contains("told the rest after the next start") && log.contains("messages=2"), "{log}");

    // Also when it ends in between.
    let _server = serve(&folder, &config, &[]);
    let heard = listen(&folder, TcpListener::bind(address).unwrap());
    for (identifier, version) in [(first, version::V1_2), (second, version::V2_0)] {
        let told = hear(&heard);
        assert_eq!(told.version, version);
        assert_eq!(put(told).unique_identifier, identifier);
    }
}

#[test]
fn nobody_else_is_told() {
    let (_parent, folder) = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // The certificate of who listens is that of `client`.
    let config = configured(&folder, "alice", &listener.local_addr().unwrap().to_string());
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace(" }", ", all_objects = true }")).unwrap();
    let heard = listen(&folder, listener);
    let server = serve(&folder, &config, &["--store", "memory:"]);
    create(&mut server.connect(&folder), version::V1_4);
    assert!(heard.recv_timeout(Duration::from_secs(2)).is_err());
    let (_, log) = server.stop("-TERM");
    assert!(log.contains("another client than the one to be told has answered"), "{log}");
    assert!(log.contains("a client is not told the rest"), "{log}");
}

#[test]
fn what_cannot_be_a_target() {
    let (_parent, folder) = folder();
    let path = folder.with_extension("toml");
    for (told, expected) in [
        ("client = 'a'", "address"),
        ("client = 'a', address = 'b:1', version = '1.9'", "no version of KMIP"),
        ("client = 'a', address = 'b:1', key = 'c'", "needs its key"),
        ("client = 'a', address = 'b:1', ask = ['why']", "discover-versions"),
        (
            "client = 'a', address = 'b:1', ask = ['query'], version = '1.2'",
            "KMIP 1.2 has no Query from servers",
        ),
        ("client = 'a', address = 'b:1' }, { client = 'a', address = 'c:1'", "named twice"),
    ] {
        fs::write(&path, format!("server_to_client = [{{ {told} }}]\n")).unwrap();
        let output =
            program().arg("quickstart").arg("--directory").arg(&folder).arg("--config").arg(&path).output();
        let output = output.unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && text.contains(expected), "{told}: {text}");
    }
}
