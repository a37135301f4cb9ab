mod calls;
mod conversation;
mod server;

use std::{thread, time::Duration};

use self::server::{Reply, Server, failure, pem, response, success};
use super::{
    Address, Batch, Credential, Error, Identity, Options, Role, Unreachable, Violation, blocking::Client,
};
use crate::{
    ttlv::{Limits, Version},
    types::{
        ActivateRequest, ActivateResponse, AttributeSet, AttributeValue, CreateRequest, CreateResponse,
        CredentialValue, CryptographicAlgorithm, DestroyRequest, DestroyResponse, DiscoverVersionsResponse,
        LocateResponse, ObjectType, Operation, RequestMessage, RequestPayload, ResponseBatchItem,
        ResultReason, Ticket, TicketType, UniqueIdentifier,
        version::{V1_0, V1_1, V1_2, V1_3, V1_4, V2_0},
    },
};

fn id(text: &str) -> UniqueIdentifier {
    UniqueIdentifier::TextString(text.into())
}

fn destroyed(_: &RequestMessage) -> Reply {
    Reply::Bytes(response(V1_2, vec![success(Operation::Destroy, DestroyResponse::new(id("7")))]))
}

fn client(server: &Server) -> Client {
    Client::connect(server.options()).unwrap()
}

#[test]
fn attributes_take_the_form_of_the_version() {
    let server = Server::start(|request| {
        let version = request.request_header.protocol_version.known().unwrap();
        let made = CreateResponse::new(ObjectType::SymmetricKey, id("7"));
        Reply::Bytes(response(version, vec![success(Operation::Create, made)]))
    });
    let mut client = client(&server);
    for version in [V1_0, V1_4, V2_0] {
        client.set_version(version);
        let attributes = AttributeSet::from_iter([AttributeValue::ObjectGroup("group".into())]);
        assert_eq!(client.create(CryptographicAlgorithm::AES, 256, attributes).unwrap(), "7");
    }
    let requests = server.requests.lock().unwrap();
    let payloads: Vec<&CreateRequest> = requests
        .iter()
        .map(|request| match &*request.batch_item {
            [item] => match &item.request_payload {
                RequestPayload::Create(payload) => payload,
                _ => panic!("another operation"),
            },
            _ => panic!("another number of items"),
        })
        .collect();
    assert_eq!(payloads.len(), 3);
    for payload in payloads {
        let (one, two) = (&payload.template_attribute, &payload.attributes);
        let count =
            one.as_ref().map_or(0, |it| it.attribute.len()) + two.as_ref().map_or(0, |it| it.attribute.len());
        assert!(one.is_none() != two.is_none());
        assert_eq!(count, 3);
    }
    assert_eq!(server.connection_count(), 1);
}

#[test]
fn the_credential_goes_with_every_request() {
    let server = Server::start(destroyed);
    let mut options = server.options();
    options.credentials.push(Credential::user("fred", Some("secret".into())));
    let mut client = Client::connect(options).unwrap();
    client.destroy("7").unwrap();
    let requests = server.requests.lock().unwrap();
    let authentication = requests.first().unwrap().request_header.authentication.as_ref().unwrap();
    let CredentialValue::UsernameAndPasswordCredential(value) =
        &authentication.credential.first().unwrap().credential_value
    else {
        panic!("another credential")
    };
    assert_eq!(value.username, "fred");
    assert_eq!(value.password, Some("secret".into()));
}

#[test]
fn refusals_are_told() {
    let server =
        Server::start(|_| Reply::Bytes(response(V1_2, vec![failure(None, ResultReason::ItemNotFound)])));
    let error = client(&server).destroy("7").unwrap_err();
    assert_eq!(error.reason(), Some(ResultReason::ItemNotFound));
    assert_eq!(error.to_string(), "Destroy was refused: Item Not Found: because");
    assert!(!error.may_have_taken_effect());
}

#[test]
fn batches_are_sorted() {
    let with_id =
        |id: &[u8], item| ResponseBatchItem { unique_batch_item_id: Some(id.to_vec().into()), ..item };
    let server = Server::start(move |_| {
        let activated = success(Operation::Activate, ActivateResponse::new(id("7")));
        let items = vec![
            with_id(&[0, 0, 0, 1], failure(Some(Operation::Destroy), ResultReason::PermissionDenied)),
            with_id(&[0, 0, 0, 0], activated),
        ];
        Reply::Bytes(response(V1_2, items))
    });
    let mut batch = Batch::new();
    let activate = batch.add(ActivateRequest { unique_identifier: Some(id("7")), ..ActivateRequest::new() });
    let destroy = batch.add(DestroyRequest::new());
    let again = batch.add(DestroyRequest::new());
    let mut client = client(&server);
    let mut answers = client.batch(batch).unwrap();
    assert_eq!(answers.take(activate).unwrap().unique_identifier, id("7"));
    assert_eq!(answers.take(destroy).unwrap_err().reason(), Some(ResultReason::PermissionDenied));
    assert!(matches!(answers.take(again), Err(Error::NotTried(Operation::Destroy))));
    let requests = server.requests.lock().unwrap();
    let request = requests.first().unwrap();
    assert_eq!(request.request_header.batch_order_option, Some(true));
    assert!(request.batch_item.iter().all(|item| item.unique_batch_item_id.is_some()));
}

#[test]
fn answers_that_break_the_rules_are_not_taken() {
    let located = || success(Operation::Locate, LocateResponse::new());
    let cases: [(Vec<ResponseBatchItem>, Violation); 3] = [
        (vec![located()], Violation::Operation { expected: Operation::Destroy, found: Operation::Locate }),
        (vec![located(), located()], Violation::BatchCount { expected: 1, found: 2 }),
        (
            vec![ResponseBatchItem {
                response_payload: None,
                ..success(Operation::Destroy, DestroyResponse::new(id("7")))
            }],
            Violation::Payload(Operation::Destroy),
        ),
    ];
    for (items, expected) in cases {
        let bytes = response(V1_2, items);
        let server = Server::start(move |_| Reply::Bytes(bytes.clone()));
        match client(&server).destroy("7") {
            Err(Error::Violation(found)) => assert_eq!(found, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    let server = Server::start(|_| Reply::Bytes(b"HTTP/1.1 400 Bad Request\r\n".to_vec()));
    let mut client = client(&server);
    assert!(matches!(client.destroy("7"), Err(Error::Violation(Violation::NotKmip))));
}

#[test]
fn an_answer_beyond_the_limit_is_not_read() {
    let server = Server::start(destroyed);
    let mut options = server.options();
    options.limits = Limits { size: 100, ..Limits::DEFAULT };
    let mut client = Client::connect(options).unwrap();
    assert!(matches!(client.destroy("7"), Err(Error::Violation(Violation::TooLarge { limit: 100, .. }))));
}

#[test]
fn an_idle_connection_that_was_closed_is_replaced() {
    let server = Server::start(|request| match destroyed(request) {
        Reply::Bytes(bytes) => Reply::Then(bytes, Duration::ZERO),
        other => other,
    });
    let mut client = client(&server);
    for _ in 0..3 {
        client.destroy("7").unwrap();
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(server.connection_count(), 3);
    assert_eq!(server.request_count(), 3);
}

#[test]
fn a_request_that_was_sent_is_never_sent_again() {
    let server = Server::start(|_| Reply::Close);
    let mut client = client(&server);
    let error = client.destroy("7").unwrap_err();
    assert!(matches!(error, Error::Lost { sent: true, .. }), "{error}");
    assert!(error.may_have_taken_effect());
    assert_eq!(error.to_string(), "the connection was lost before the answer came: the server closed it");
    assert_eq!(server.request_count(), 1);
    // The next one finds a new connection.
    assert!(client.destroy("7").is_err());
    assert_eq!(server.connection_count(), 2);
}

#[test]
fn time_is_limited() {
    let server = Server::start(|_| Reply::Silence);
    let mut options = server.options();
    options.request_timeout = Duration::from_millis(100);
    let mut client = Client::connect(options).unwrap();
    let error = client.destroy("7").unwrap_err();
    assert!(matches!(error, Error::Timeout(_)), "{error}");
    assert!(error.may_have_taken_effect());
}

#[test]
fn the_next_server_is_tried() {
    let server = Server::start(destroyed);
    let mut options = server.options();
    // Nothing listens on this port, which is the system's own.
    options.servers.insert(0, Address::new("127.0.0.1", 1));
    let mut client = Client::connect(options).unwrap();
    client.destroy("7").unwrap();
    assert_eq!(client.server(), Some(&server.address));

    let mut options = server.options();
    options.servers = vec![Address::new("127.0.0.1", 1)];
    let Err(Error::Connect(attempts)) = Client::connect(options) else { panic!("it connected") };
    assert!(matches!(&*attempts, [attempt] if matches!(attempt.failure, Unreachable::Tcp(_))));
}

#[test]
fn the_server_has_to_be_the_right_one() {
    let server = Server::start(destroyed);
    let failure = |options: Options| match Client::connect(options) {
        Err(Error::Connect(attempts)) => attempts.into_iter().next().unwrap().failure.to_string(),
        other => panic!("{other:?}"),
    };
    let mut options = server.options();
    options.server_name = Some("kms.example.org".to_owned());
    assert_eq!(failure(options.clone()), "its certificate is not accepted: hostname mismatch");
    options.verify_name = false;
    assert!(Client::connect(options).is_ok());

    let mut options = server.options();
    options.ca = Some(pem(&server.certificates.client.certificate.to_pem().unwrap()));
    assert!(failure(options).starts_with("its certificate is not accepted: "));
}

#[test]
fn without_a_certificate_the_server_hangs_up() {
    let server = Server::start(destroyed);
    let mut options = server.options();
    options.identity = None;
    // TLS 1.3 tells only when something is read.
    let error = Client::connect(options).and_then(|mut client| client.destroy("7")).unwrap_err();
    assert!(error.to_string().contains("certificate required"), "{error}");
}

#[test]
fn faulty_certificates_and_keys_are_told_by_name() {
    let server = Server::start(destroyed);
    let fault = |options: Options| match Client::connect(options) {
        Err(Error::Pem { role, reason, .. }) => (role, reason),
        other => panic!("{other:?}"),
    };
    let good = server.options().identity.unwrap();
    let with = |identity| {
        let mut options = server.options();
        options.identity = Some(identity);
        options
    };
    let key = &server.certificates.server.key.private_key_to_pem_pkcs8().unwrap();
    let (role, reason) = fault(with(Identity::new(good.certificate.clone(), pem(key))));
    assert_eq!((role, reason.contains("not the key of the certificate")), (Role::Key, true));

    let cipher = openssl::symm::Cipher::aes_128_cbc();
    let key = server.certificates.client.key.private_key_to_pem_pkcs8_passphrase(cipher, b"open").unwrap();
    let mut identity = Identity::new(good.certificate.clone(), pem(&key));
    let (role, reason) = fault(with(identity.clone()));
    assert_eq!((role, &*reason), (Role::Key, "it is encrypted, and no passphrase is given"));
    identity.passphrase = Some(b"sesame"[..].into());
    assert_eq!(fault(with(identity.clone())).1, "the passphrase doesn't fit");
    identity.passphrase = Some(b"open"[..].into());
    assert!(Client::connect(with(identity)).is_ok());

    let (role, reason) = fault(with(Identity::new("no such file", good.key)));
    assert_eq!((role, reason.contains("No such file")), (Role::Certificate, true));
    let mut options = server.options();
    options.ca = Some(pem(b"nothing"));
    assert_eq!(fault(options).0, Role::CertificateAuthority);
}

/// A server that speaks some versions only, and knows what it is asked in them.
fn speaking(versions: &'static [Version]) -> Server {
    Server::start(move |request| {
        let version = request.request_header.protocol_version.known().unwrap();
        let item = if !versions.contains(&version) {
            let reason = ResultReason::InvalidMessage;
            return Reply::Bytes(response(*versions.first().unwrap(), vec![failure(None, reason)]));
        } else {
            let protocol_version = versions.iter().map(|version| (*version).into()).collect();
            let offered = DiscoverVersionsResponse { protocol_version, ..DiscoverVersionsResponse::new() };
            success(Operation::DiscoverVersions, offered)
        };
        Reply::Bytes(response(version, vec![item]))
    })
}

#[test]
fn the_highest_version_is_taken() {
    for (versions, expected) in [
        (&[V1_2, V1_4, V2_0][..], V2_0),
        (&[V1_4, V1_2, V1_1, V1_0], V1_4),
        (&[V1_1], V1_1),
        (&[V1_3], V1_3),
        (&[V2_0], V2_0),
        (&[V1_0], V1_0),
    ] {
        let server = speaking(versions);
        let mut client = client(&server);
        assert_eq!(client.negotiate().unwrap(), expected);
        assert_eq!(client.version(), expected);
    }
    let mut client = client(&speaking(&[V2_0]));
    assert!(
        matches!(client.negotiate_among(&[V1_1, V1_2]), Err(Error::NoCommonVersion(offered)) if offered == [V2_0])
    );
    assert_eq!(client.version(), V1_2);
    assert_eq!(client.versions().unwrap(), [V2_0]);
    assert_eq!(client.version(), V1_2);
}

/// A ticket is in KMIP 2.0 alone, and goes with every request: the question for the versions can't be put in others.
#[test]
fn versions_are_found_with_a_ticket() {
    let server = speaking(&[V1_2, V2_0]);
    let mut options = server.options();
    let ticket = Ticket::new(TicketType::Login, b"ticket"[..].into());
    options.credentials = vec![Credential::ticket(ticket)];
    let mut client = Client::connect(options).unwrap();
    assert_eq!(client.negotiate().unwrap(), V2_0);
}

#[test]
fn open_and_closed() {
    let server = Server::start(destroyed);
    let mut client = Client::new(server.options()).unwrap();
    assert!(matches!(client.destroy("7"), Err(Error::NotOpen)));
    assert!(matches!(client.close(), Err(Error::NotOpen)));
    client.open().unwrap();
    assert!(client.is_open());
    assert!(matches!(client.open(), Err(Error::AlreadyOpen)));
    client.destroy("7").unwrap();
    client.close().unwrap();
    assert!(!client.is_open());
    assert!(matches!(client.destroy("7"), Err(Error::NotOpen)));
}

#[test]
fn both_faces_work_within_a_runtime() {
    let server = Server::start(destroyed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut client = client(&server);
        client.destroy("7").unwrap();
        drop(client);
        let mut client = super::Client::connect(server.options()).await.unwrap();
        client.destroy("7").await.unwrap();
        client.close().await.unwrap();
    });
    assert_eq!(server.request_count(), 2);
}

#[test]
fn a_call_that_is_dropped_leaves_no_answer_for_the_next() {
    let mut first = true;
    let server = Server::start(
        move |request| if std::mem::take(&mut first) { Reply::Silence } else { destroyed(request) },
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut client = super::Client::connect(server.options()).await.unwrap();
        let call = client.destroy("1");
        assert!(tokio::time::timeout(Duration::from_millis(100), call).await.is_err());
        client.destroy("2").await.unwrap();
    });
    assert_eq!(server.connection_count(), 2);
}
