//! Mutated messages against the server's connections: no panic, whole answers or none, a chain of the audit log that is
//! whole, memory that doesn't grow, and others who are served all the while.
//!
//! `KMIP_FUZZ_RUNS=10000000 cargo test --release -p kmip-tests --test fuzz_server -- --nocapture` for longer, and
//! `KMIP_FUZZ_SEED=7` for other mutations.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use kmip::ttlv::{Bytes, HEADER_SIZE, Limits as Sizes, Mode, Tag};
use kmip::types::{
    DiscoverVersionsRequest, Operation, RequestBatchItem, RequestHeader, RequestMessage, ResponseMessage,
    ResultStatus, version,
};
use kmip_server::audit::{Audit, AuditOptions, verify};
use kmip_server::engine::{Engine, Settings};
use kmip_server::handler::{AlternativeNames, Disposition, Handler, Peer, PeerCertificate, Refusal};
use kmip_server::seal::{MasterKey, Seal};
use kmip_server::store::{self, Store};
use kmip_server::transport::{Limits, converse};
use kmip_tests::mutate::mutate;
use kmip_tests::samples;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// What is made of the corpus for one server, before another takes its place: what clients make, it keeps.
const ONE_SERVER: u64 = 20_000;

#[test]
fn connections() {
    let runs = number("KMIP_FUZZ_RUNS", 6_000);
    let threads = if runs > 100_000 { std::thread::available_parallelism().map_or(1, Into::into) } else { 1 };
    let corpus = corpus();
    let since = Instant::now();
    let mut totals = Totals::default();
    std::thread::scope(|scope| {
        let share = runs / threads as u64;
        let seeds = (0..threads as u64).map(|thread| number("KMIP_FUZZ_SEED", 1) + thread);
        let corpus = &corpus;
        let threads: Vec<_> = seeds.map(|seed| scope.spawn(move || fuzz(corpus, seed, share))).collect();
        threads.into_iter().for_each(|thread| totals.add(&thread.join().unwrap()));
    });
    eprintln!("{runs} messages in {:.0?}: {totals:?}; {} KiB in memory", since.elapsed(), resident());
    assert!(totals.done > 0 && totals.failed > 0 && totals.silent > 0);
    // Requests may have 64 KiB here, and half a minute of everything is a few hundred of those.
    assert!(resident() < 600 << 10, "{} KiB", resident());
}

/// What became of what was sent.
#[derive(Debug, Default)]
struct Totals {
    /// Items that were done.
    done: u64,
    /// Items that failed.
    failed: u64,
    /// Inputs to which nothing was said.
    silent: u64,
    /// Records of the audit log.
    records: u64,
}

impl Totals {
    fn add(&mut self, other: &Self) {
        self.done += other.done;
        self.failed += other.failed;
        self.silent += other.silent;
        self.records += other.records;
    }
}

fn fuzz(corpus: &[Vec<u8>], seed: u64, runs: u64) -> Totals {
    let mut rng = Rng::with_seed(seed);
    let mut totals = Totals::default();
    let mut left = runs;
    while left > 0 {
        let server = Server::new();
        // A runtime of one thread: what handles a request may only hold up those that it has to.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for place in 0..left.min(ONE_SERVER) {
            let (one, two) = (rng.usize(..corpus.len()), rng.usize(..corpus.len()));
            let mut input = mutate(&mut rng, &corpus[one], &corpus[two]);
            if rng.u8(..8) == 0 {
                input.extend_from_slice(&corpus[two]);
            }
            let answer = runtime.block_on(server.send(&mut rng, &input));
            totals.count(&answer);
            if place % 500 == 0 {
                let answer = runtime.block_on(server.send(&mut rng, &versions()));
                assert!(is_done(&answer), "others are not served any more");
            }
        }
        left = left.saturating_sub(ONE_SERVER);
        totals.records += server.records();
        if left > 0 {
            eprintln!("{} of {runs}: {totals:?}, {} KiB in memory", runs - left, resident());
        }
    }
    totals
}

impl Totals {
    /// Checks that what was answered is whole messages.
    fn count(&mut self, mut answer: &[u8]) {
        if answer.is_empty() {
            self.silent += 1;
        }
        while let Some(head) = answer.first_chunk::<HEADER_SIZE>() {
            let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize + HEADER_SIZE;
            let (message, rest) = answer.split_at(length);
            let message = Bytes::copy_from_slice(message);
            // Objects and attributes come back as they were given, with what clients put into them of their own.
            let message = ResponseMessage::read(&message, Mode::Lenient, Sizes::DEFAULT).unwrap();
            for item in message.batch_item {
                match item.result_status {
                    ResultStatus::Success => self.done += 1,
                    _ => self.failed += 1,
                }
            }
            answer = rest;
        }
        assert!(answer.is_empty(), "an answer that is cut off");
    }
}

/// A server in memory, with its audit log.
struct Server {
    handler: Arc<Shown>,
    audit: Arc<Audit>,
    store: Arc<dyn Store>,
    seal: Arc<Seal>,
}

/// Shows what its handler panics on.
struct Shown(Engine);

impl Handler for Shown {
    fn handle(&self, peer: &Peer, request: Bytes, response: &mut Vec<u8>) -> Disposition {
        let shown = request.clone();
        catch_unwind(AssertUnwindSafe(|| self.0.handle(peer, request, response))).unwrap_or_else(|_| {
            eprintln!("a panic on {}", samples::to_hex(&shown));
            std::process::abort();
        })
    }

    fn refuse(&self, refusal: &Refusal, response: &mut Vec<u8>) {
        self.0.refuse(refusal, response);
    }

    fn may_block(&self, request: &Bytes) -> bool {
        self.0.may_block(request)
    }
}

impl Server {
    fn new() -> Self {
        let store = store::open("memory:").unwrap();
        let seal = Arc::new(Seal::open(&*store, &MasterKey::generate().unwrap()).unwrap());
        let options = AuditOptions { rotate_bytes: 1 << 20, ..AuditOptions::default() };
        let audit = Audit::open(Arc::clone(&store), Arc::clone(&seal), options).unwrap();
        let engine = Engine::new(Arc::clone(&store), Arc::clone(&seal), Settings::default());
        let handler = Arc::new(Shown(engine.with_audit(Arc::clone(&audit))));
        Self { handler, audit, store, seal }
    }

    /// Sends an input in one piece or in several, and closes; what was answered until then.
    async fn send(&self, rng: &mut Rng, input: &[u8]) -> Vec<u8> {
        let certificate = PeerCertificate {
            common_name: Some("mallory".into()),
            subject: String::new(),
            issuer: String::new(),
            alternative_names: AlternativeNames::default(),
            client_usage: true,
            fingerprint_sha256: [7; 32],
            der: Bytes::new(),
        };
        let peer = Peer { address: "192.0.2.1:5".parse().unwrap(), certificate: Some(certificate) };
        let limits = Limits { request_size: 64 << 10, ..Limits::default() };
        let (near, far) = duplex(4096);
        let serving = converse(far, peer, Arc::<Shown>::clone(&self.handler), limits);
        let pieces = rng.usize(1..4);
        let sending = exchange(near, input, input.len() / pieces + 1);
        let both = async { tokio::join!(serving, sending).1 };
        // No clock decides what is right here: one that hangs is one that never ends.
        tokio::time::timeout(Duration::from_secs(120), both).await.expect("a connection hangs")
    }

    /// How many records there are of what was asked, all in their place.
    fn records(&self) -> u64 {
        self.audit.flush().unwrap();
        let records = verify(&[], Some((&*self.store, &*self.seal)), &[], |_| Ok(())).unwrap().head.number;
        self.audit.rotate().unwrap();
        verify(&[], Some((&*self.store, &*self.seal)), &[], |_| Ok(())).unwrap();
        records
    }
}

async fn exchange(stream: DuplexStream, input: &[u8], size: usize) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut answer = Vec::new();
    let write = async {
        for piece in input.chunks(size) {
            // The server may close before it has read all.
            if writer.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let _ = writer.shutdown().await;
    };
    let (_, read) = tokio::join!(write, reader.read_to_end(&mut answer));
    read.unwrap();
    answer
}

fn versions() -> Vec<u8> {
    let item = RequestBatchItem::new(Operation::DiscoverVersions, DiscoverVersionsRequest::new().into());
    let header = RequestHeader::new(version::V1_4.into(), 1);
    let message = RequestMessage { batch_item: vec![item], ..RequestMessage::new(header) };
    let mut bytes = Vec::new();
    message.write(&mut bytes).unwrap();
    bytes
}

fn is_done(answer: &[u8]) -> bool {
    let answer = Bytes::copy_from_slice(answer);
    let message = ResponseMessage::read(&answer, Mode::Strict, Sizes::DEFAULT).unwrap();
    message.batch_item.iter().all(|item| item.result_status == ResultStatus::Success)
}

/// Requests of this crate, and the official ones where they are.
fn corpus() -> Vec<Vec<u8>> {
    let requests = Tag::RequestMessage.0.to_be_bytes();
    let all = samples::own().into_iter().chain(samples::official());
    let mut corpus: Vec<_> =
        all.map(|sample| sample.bytes.to_vec()).filter(|bytes| bytes.starts_with(&requests[1..])).collect();
    corpus.push(versions());
    assert!(corpus.len() > 10, "{} requests", corpus.len());
    corpus
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Memory that this process has, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
