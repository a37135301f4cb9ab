//! A server for tests: it says what it is told to say.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    ssl::{SslAcceptor, SslMethod, SslStream, SslVerifyMode},
    x509::{
        X509, X509NameBuilder,
        extension::{BasicConstraints, SubjectAlternativeName},
        store::X509StoreBuilder,
    },
};

use crate::{
    client::{Address, Identity, Options, Pem},
    ttlv::{Bytes, DateTime, Limits, Mode, SecretText, Version},
    types::{
        Operation, RequestMessage, ResponseBatchItem, ResponseHeader, ResponseMessage, ResponsePayload,
        ResultReason, ResultStatus, TimeStamp,
    },
};

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Certified {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
}

/// An authority, a server's certificate for `localhost` and 127.0.0.1, and a client's.
pub(crate) struct Certificates {
    pub(crate) authority: Certified,
    pub(crate) server: Certified,
    pub(crate) client: Certified,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let authority = certify("authority", None);
        let server = certify("server", Some(&authority));
        let client = certify("client", Some(&authority));
        Self { authority, server, client }
    }
}

fn certify(name: &str, issuer: Option<&Certified>) -> Certified {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder
        .set_serial_number(&BigNum::from_u32(name.len() as u32).unwrap().to_asn1_integer().unwrap())
        .unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&subject, |issuer| issuer.certificate.subject_name())).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    if issuer.is_none() {
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    }
    let mut names = SubjectAlternativeName::new();
    let names = names.dns("localhost").ip("127.0.0.1").build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(names).unwrap();
    builder.sign(issuer.map_or(&key, |issuer| &issuer.key), MessageDigest::sha256()).unwrap();
    Certified { certificate: builder.build(), key }
}

/// What the server does about a request.
pub(crate) enum Reply {
    Bytes(Vec<u8>),
    Then(Vec<u8>, Duration),
    Close,
    Silence,
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: Address,
    pub(crate) certificates: Certificates,
    /// The requests that it has received.
    pub(crate) requests: Arc<Mutex<Vec<RequestMessage>>>,
    /// The connections that it has accepted.
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Server {
    /// A server that answers each request with what `reply` gives for it.
    pub(crate) fn start(reply: impl FnMut(&RequestMessage) -> Reply + Send + 'static) -> Self {
        let certificates = Certificates::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::new("127.0.0.1", listener.local_addr().unwrap().port());
        let (requests, connections) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
        let acceptor = acceptor(&certificates);
        let (seen, count) = (Arc::clone(&requests), Arc::clone(&connections));
        let mut reply = reply;
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = acceptor.accept(stream.unwrap()) else { continue };
                count.fetch_add(1, Ordering::SeqCst);
                serve(stream, &seen, &mut reply);
            }
        });
        Self { address, certificates, requests, connections }
    }

    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new(self.address.clone());
        options.ca = Some(pem(&self.certificates.authority.certificate.to_pem().unwrap()));
        options.identity = Some(Identity::new(
            pem(&self.certificates.client.certificate.to_pem().unwrap()),
            pem(&self.certificates.client.key.private_key_to_pem_pkcs8().unwrap()),
        ));
        options.request_timeout = Duration::from_secs(5);
        options
    }

    pub(crate) fn request_count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub(crate) fn connection_count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub(crate) fn pem(text: &[u8]) -> Pem {
    Pem::Text(SecretText::from(std::str::from_utf8(text).unwrap()))
}

fn acceptor(certificates: &Certificates) -> SslAcceptor {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    builder.set_certificate(&certificates.server.certificate).unwrap();
    builder.set_private_key(&certificates.server.key).unwrap();
    let mut store = X509StoreBuilder::new().unwrap();
    store.add_cert(certificates.authority.certificate.clone()).unwrap();
    builder.set_verify_cert_store(store.build()).unwrap();
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    builder.build()
}

fn serve(
    mut stream: SslStream<TcpStream>,
    seen: &Mutex<Vec<RequestMessage>>,
    reply: &mut impl FnMut(&RequestMessage) -> Reply,
) {
    while let Ok(request) = receive(&mut stream) {
        let answer = reply(&request);
        seen.lock().unwrap().push(request);
        match answer {
            Reply::Bytes(bytes) => stream.write_all(&bytes).unwrap(),
            Reply::Then(bytes, idle) => {
                stream.write_all(&bytes).unwrap();
                thread::sleep(idle);
                break;
            }
            Reply::Close => break,
            Reply::Silence => thread::sleep(Duration::from_millis(500)),
        }
    }
    let _ = stream.shutdown();
}

fn receive(stream: &mut SslStream<TcpStream>) -> io::Result<RequestMessage> {
    let mut message = vec![0; 8];
    stream.read_exact(&mut message)?;
    let length = message.last_chunk::<4>().map(|length| u32::from_be_bytes(*length)).unwrap_or_default();
    message.resize(8 + length as usize, 0);
    stream.read_exact(message.get_mut(8..).unwrap_or_default())?;
    RequestMessage::read(&Bytes::from(message), Mode::Strict, Limits::DEFAULT).map_err(io::Error::other)
}

/// A response with these items.
pub(crate) fn response(version: Version, items: Vec<ResponseBatchItem>) -> Vec<u8> {
    let count = i32::try_from(items.len()).unwrap();
    let header = ResponseHeader::new(version.into(), TimeStamp::DateTime(DateTime(0)), count);
    let mut bytes = Vec::new();
    ResponseMessage { batch_item: items, ..ResponseMessage::new(header) }.write(&mut bytes).unwrap();
    bytes
}

pub(crate) fn success(operation: Operation, payload: impl Into<ResponsePayload>) -> ResponseBatchItem {
    ResponseBatchItem {
        operation: Some(operation),
        response_payload: Some(payload.into()),
        ..ResponseBatchItem::new(ResultStatus::Success)
    }
}

pub(crate) fn failure(operation: Option<Operation>, reason: ResultReason) -> ResponseBatchItem {
    ResponseBatchItem {
        operation,
        result_reason: Some(reason),
        result_message: Some("because".into()),
        ..ResponseBatchItem::new(ResultStatus::OperationFailed)
    }
}
