//! What others notice while someone attacks the server: the latency of Get on connections of their own, quiet and under each
//! attack.
//!
//! `cargo bench -p kmip-tests --bench attack`; names of attacks as arguments have these alone. Attackers have a certificate
//! of their own where they need one, and pause between blows: what is measured is whom the server lets wait, not who
//! gets the processor.
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use kmip::types::{
    BatchErrorContinuationOption, LocateRequest, Operation, QueryFunction, QueryRequest, RequestBatchItem,
    RequestHeader, RequestMessage, RequestPayload, version,
};
use kmip_tests::programs::{Server, program};
use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslStream};

/// Clients, and how often each asks.
const CLIENTS: usize = 8;
const EVERY: Duration = Duration::from_millis(4);

/// How long each attack takes, after a second to unfold.
const TIME: Duration = Duration::from_secs(6);

type Attack = fn(&Target);

const ATTACKS: [(&str, Attack); 8] = [
    ("silent", silent),
    ("half-handshakes", half_handshakes),
    ("connects", connects),
    ("strangers", strangers),
    ("slow-bytes", slow_bytes),
    ("large-claims", large_claims),
    ("batches", batches),
    ("locate-all", locate_all),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let server = Server::quickstart(&[]);
    let issued = Command::new(program("kmip-server"))
        .args(["ca", "issue", "mallory", "--directory"])
        .arg(&server.directory)
        .current_dir(&server.directory)
        .output()
        .expect("it runs");
    assert!(issued.status.success(), "{}", String::from_utf8_lossy(&issued.stderr));
    let key = server.done(&["create", "--name", "key"]);
    // Something to be found by whoever looks for everything.
    for _ in 0..40 {
        let mut stream = connect(&server.address, &server.directory, "mallory");
        let mut request = Vec::new();
        creates(250).write(&mut request).expect("a message");
        exchange(&mut stream, &request);
    }
    let get = kmip_get(&key);
    let quiet = measure(&server, &get);
    println!("{:16} {:>9} {:>9} {:>9} {:>8} {:>9}", "", "median", "99 %", "worst", "99 % x", "memory");
    show("quiet", &quiet, &quiet, &server);
    for (name, attack) in ATTACKS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let target = Target {
            address: server.address.clone(),
            directory: server.directory.clone(),
            over: Box::leak(Box::new(AtomicBool::new(false))),
        };
        let over = target.over;
        let attacking = spawn(move || attack(&target));
        sleep(Duration::from_secs(1));
        let measured = measure(&server, &get);
        show(name, &measured, &quiet, &server);
        over.store(true, Ordering::Relaxed);
        attacking.join().expect("the attack ends");
        sleep(Duration::from_millis(500));
    }
}

fn show(name: &str, sorted: &[Duration], quiet: &[Duration], server: &Server) {
    let at = |sorted: &[Duration], share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    let micros = |time: Duration| format!("{} µs", time.as_micros());
    println!(
        "{name:16} {:>9} {:>9} {:>9} {:>8.2} {:>5} MiB",
        micros(at(sorted, 0.5)),
        micros(at(sorted, 0.99)),
        micros(at(sorted, 1.0)),
        at(sorted, 0.99).as_secs_f64() / at(quiet, 0.99).as_secs_f64(),
        server.memory() / 1024,
    );
}

/// How long the answers take, in order of that.
fn measure(server: &Server, get: &[u8]) -> Vec<Duration> {
    let clients: Vec<_> = (0..CLIENTS)
        .map(|place| {
            let mut stream = connect(&server.address, &server.directory, "client");
            let get = get.to_vec();
            spawn(move || {
                sleep(EVERY * place as u32 / CLIENTS as u32);
                let (begin, mut times) = (Instant::now(), Vec::new());
                // The first ones find nothing in any cache.
                (0..20).for_each(|_| drop(exchange(&mut stream, &get)));
                while begin.elapsed() < TIME {
                    let since = Instant::now();
                    exchange(&mut stream, &get);
                    times.push(since.elapsed());
                    sleep(EVERY);
                }
                times
            })
        })
        .collect();
    let mut times: Vec<_> = clients.into_iter().flat_map(|client| client.join().expect("served")).collect();
    times.sort_unstable();
    times
}

/// Whom an attack is against.
struct Target {
    address: String,
    directory: std::path::PathBuf,
    over: &'static AtomicBool,
}

impl Target {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    fn tcp(&self) -> Option<TcpStream> {
        TcpStream::connect(&self.address).ok()
    }

    fn mallory(&self) -> SslStream<TcpStream> {
        connect(&self.address, &self.directory, "mallory")
    }

    /// The same in several threads.
    fn with(&self, threads: usize, f: impl Fn() + Sync) {
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(&f))));
    }
}

/// Two thousand connections on which nothing is said; one that is closed is made anew.
fn silent(target: &Target) {
    hold(target, 2000, &[]);
}

/// The same with a handshake that stops in its first message.
fn half_handshakes(target: &Target) {
    // A record of 512 bytes, of which a few are there: the beginning of a ClientHello.
    hold(target, 2000, &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3]);
}

fn hold(target: &Target, count: usize, said: &[u8]) {
    let mut streams = Vec::new();
    while target.goes_on() {
        if streams.len() >= count {
            streams.drain(..count / 20);
        }
        for _ in 0..10 {
            if let Some(mut stream) = target.tcp() {
                let _ = stream.write_all(said);
                streams.push(stream);
            }
        }
        sleep(Duration::from_millis(2));
    }
}

/// Connections made and closed, as fast as one thread that pauses can.
fn connects(target: &Target) {
    while target.goes_on() {
        (0..5).for_each(|_| drop(target.tcp()));
        sleep(Duration::from_millis(1));
    }
}

/// Handshakes of those who have no certificate.
fn strangers(target: &Target) {
    target.with(2, || {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).expect("OpenSSL");
        builder.set_ca_file(target.directory.join("ca.crt")).expect("the authority");
        let connector = builder.build();
        while target.goes_on() {
            if let Some(stream) = target.tcp()
                && let Ok(mut stream) = connector.connect("localhost", stream)
            {
                let _ = stream.read(&mut [0; 16]);
            }
            sleep(Duration::from_millis(10));
        }
    });
}

/// Requests of which a byte comes now and then, on a hundred connections.
fn slow_bytes(target: &Target) {
    let request = kmip_get("nothing");
    let mut streams: Vec<_> = (0..100).map(|_| target.mallory()).collect();
    for byte in request.iter().cycle() {
        if !target.goes_on() {
            return;
        }
        for stream in &mut streams {
            if stream.write_all(&[*byte]).is_err() {
                *stream = target.mallory();
            }
        }
        sleep(Duration::from_millis(100));
    }
}

/// Requests that claim two megabytes, of which half come, on fifty connections.
fn large_claims(target: &Target) {
    let mut claim = vec![0x42, 0, 0x78, 1, 0, 0x1F, 0xFF, 0xF0];
    claim.resize(1 << 20, 0);
    let mut streams = Vec::new();
    while target.goes_on() {
        if streams.len() >= 50 {
            streams.remove(0);
        }
        let mut stream = target.mallory();
        let _ = stream.write_all(&claim);
        streams.push(stream);
        sleep(Duration::from_millis(20));
    }
}

/// The largest batches there may be, of questions.
fn batches(target: &Target) {
    let functions: Vec<QueryFunction> = QueryFunction::all(version::V1_4).collect();
    let query = || QueryRequest { query_function: functions.clone(), ..QueryRequest::new() }.into();
    hammer(target, &of(Operation::Query, 1024, query));
}

/// Questions for everything there is, a hundred at once.
fn locate_all(target: &Target) {
    hammer(target, &of(Operation::Locate, 100, || LocateRequest::new().into()));
}

/// The same request again and again, on four connections.
fn hammer(target: &Target, request: &[u8]) {
    target.with(4, || {
        let mut stream = target.mallory();
        while target.goes_on() {
            exchange(&mut stream, request);
            sleep(Duration::from_millis(50));
        }
    });
}

fn of(operation: Operation, count: usize, payload: impl Fn() -> RequestPayload) -> Vec<u8> {
    let mut request = Vec::new();
    batch(operation, count, payload).write(&mut request).expect("a message");
    request
}

fn batch(operation: Operation, count: usize, payload: impl Fn() -> RequestPayload) -> RequestMessage {
    let mut header = RequestHeader::new(version::V1_4.into(), i32::try_from(count).expect("few"));
    header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
    let item = |place: usize| {
        let mut item = RequestBatchItem::new(operation, payload());
        item.unique_batch_item_id = Some(place.to_be_bytes().to_vec().into());
        item
    };
    RequestMessage { batch_item: (0..count).map(item).collect(), ..RequestMessage::new(header) }
}

fn creates(count: usize) -> RequestMessage {
    use kmip::types::{
        AttributeSet, AttributeValue, CreateRequest, CryptographicAlgorithm, CryptographicUsageMask,
        ObjectType,
    };

    let set: AttributeSet = [
        AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        AttributeValue::CryptographicLength(256),
        AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ]
    .into_iter()
    .collect();
    batch(Operation::Create, count, || {
        let template_attribute = Some(set.to_template_attribute());
        CreateRequest { template_attribute, ..CreateRequest::new(ObjectType::SymmetricKey) }.into()
    })
}

fn kmip_get(key: &str) -> Vec<u8> {
    use kmip::types::{GetRequest, UniqueIdentifier};

    let unique_identifier = Some(UniqueIdentifier::TextString(key.into()));
    of(Operation::Get, 1, || {
        GetRequest { unique_identifier: unique_identifier.clone(), ..GetRequest::new() }.into()
    })
}

fn connect(address: &str, directory: &Path, who: &str) -> SslStream<TcpStream> {
    let mut builder = SslConnector::builder(SslMethod::tls_client()).expect("OpenSSL");
    let file = |ending: &str| directory.join(format!("{who}.{ending}"));
    builder.set_ca_file(directory.join("ca.crt")).expect("the authority");
    builder.set_certificate_chain_file(file("crt")).expect("a certificate");
    builder.set_private_key_file(file("key"), SslFiletype::PEM).expect("a key");
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_nodelay(true).expect("a socket");
    builder.build().connect("localhost", stream).expect("the server lets it in")
}

fn exchange(stream: &mut SslStream<TcpStream>, request: &[u8]) -> Vec<u8> {
    stream.write_all(request).expect("it is taken");
    let mut answer = vec![0; 8];
    stream.read_exact(&mut answer).expect("an answer");
    let length = u32::from_be_bytes([answer[4], answer[5], answer[6], answer[7]]) as usize;
    answer.resize(8 + length, 0);
    stream.read_exact(&mut answer[8..]).expect("an answer");
    answer
}
