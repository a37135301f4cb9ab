//! The framing, over a pipe in memory and with a clock that jumps ahead whenever everybody waits.

use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinHandle;

use super::*;
use crate::transport::Stopper;

/// Answers with what it was asked, and does what the first byte after the header says.
struct Echo;

impl Handler for Echo {
    fn handle(&self, peer: &Peer, request: Bytes, response: &mut Vec<u8>) -> Disposition {
        assert_eq!(peer.common_name(), None);
        response.extend_from_slice(&request);
        match request.get(HEADER_SIZE) {
            Some(b'p') => panic!("as asked"),
            Some(b'c') => Disposition::Close,
            _ => Disposition::KeepOpen,
        }
    }

    fn refuse(&self, refusal: &Refusal, response: &mut Vec<u8>) {
        response.extend_from_slice(refusal.to_string().as_bytes());
    }

    fn may_block(&self, request: &Bytes) -> bool {
        request.get(HEADER_SIZE) == Some(&b'b')
    }
}

struct Client {
    stream: DuplexStream,
    served: JoinHandle<End>,
    stopper: Stopper,
}

/// A connection through a pipe that holds so many bytes.
fn connect(pipe: usize, limits: Limits) -> Client {
    let (stream, theirs) = duplex(pipe);
    let stopper = Stopper::new();
    let stop = stopper.stop();
    let served = tokio::spawn(async move {
        let service = Service::new(Arc::new(Echo), limits);
        let peer = Peer { address: ([127, 0, 0, 1], 1).into(), certificate: None };
        serve(theirs, Arc::new(peer), Arc::new(Semaphore::new(1)), &service, stop).await
    });
    Client { stream, served, stopper }
}

fn request(body: &[u8]) -> Vec<u8> {
    let mut request = vec![0x42, 0x00, 0x78, 0x01];
    request.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    request.extend(body);
    request
}

impl Client {
    async fn receive(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    /// What comes until the server closes the connection, and why it did.
    async fn ended(mut self) -> (String, End) {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).await.unwrap();
        drop(self.stream);
        (String::from_utf8_lossy(&bytes).into_owned(), self.served.await.unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn requests_are_answered_in_order_whatever_they_need() {
    let mut client = connect(1 << 20, Limits::default());
    let requests: Vec<_> = [b"".as_slice(), b"one", b"blocking", &[7; 100_000], b"blocking too", b"last"]
        .into_iter()
        .flat_map(request)
        .collect();
    client.stream.write_all(&requests).await.unwrap();
    assert_eq!(client.receive(requests.len()).await, requests);
    client.stream.shutdown().await.unwrap();
    let (rest, end) = client.ended().await;
    assert!(rest.is_empty() && matches!(end, End::ByPeer), "{end}");
}

#[tokio::test(start_paused = true)]
async fn a_request_may_come_byte_by_byte() {
    let mut client = connect(1 << 20, Limits::default());
    let request = request(b"slowly");
    for byte in &request {
        client.stream.write_all(&[*byte]).await.unwrap();
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(client.receive(request.len()).await, request);
}

#[tokio::test(start_paused = true)]
async fn the_largest_request_is_taken_and_one_more_byte_is_not() {
    let limits = Limits { request_size: 100_000, ..Limits::default() };
    let mut client = connect(1 << 20, limits.clone());
    let largest = request(&vec![1; 100_000 - HEADER_SIZE]);
    client.stream.write_all(&largest).await.unwrap();
    assert_eq!(client.receive(largest.len()).await, largest);

    client.stream.write_all(&request(&vec![1; 100_001 - HEADER_SIZE])).await.unwrap();
    let (told, end) = client.ended().await;
    assert_eq!(told, "the request has 100001 bytes, more than the 100000 that this server accepts");
    assert!(matches!(end, End::Refused(Refusal::TooLarge { size: 100_001, limit: 100_000 })), "{end}");
}

#[tokio::test(start_paused = true)]
async fn a_length_is_checked_before_it_is_believed() {
    let mut client = connect(1 << 20, Limits::default());
    client.stream.write_all(&[0x42, 0x00, 0x78, 0x01, 0xFF, 0xFF, 0xFF, 0xFF]).await.unwrap();
    let (told, _) = client.ended().await;
    assert!(told.starts_with("the request has 4294967303 bytes"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_begin_as_a_request_is_none() {
    for (input, found) in [
        ("POST /kmip HTTP/1.1\r\n", "an HTTP request"),
        ("<RequestMessage/>", "XML"),
        ("\x42\x00\x7b\x01\0\0\0\0", "tag 0x42007B of type 0x01"),
        ("\x42\x00\x78\x02\0\0\0\0", "tag 0x420078 of type 0x02"),
        ("\x16\x03\x01\x02\0\x01\0\0", "tag 0x160301 of type 0x02"),
    ] {
        let mut client = connect(1 << 20, Limits::default());
        client.stream.write_all(input.as_bytes()).await.unwrap();
        let (told, end) = client.ended().await;
        assert_eq!(told, format!("{found} where a TTLV-encoded Request Message must begin"));
        assert!(matches!(end, End::Refused(Refusal::NotTtlv { .. })), "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_off_request_is_told_from_the_end_of_the_connection() {
    for (sent, received, size) in [(1, 1, 8), (7, 7, 8), (8, 8, 50_008), (40_000, 40_000, 50_008)] {
        let mut client = connect(1 << 20, Limits::default());
        client.stream.write_all(&request(&[1; 50_000])[..sent]).await.unwrap();
        client.stream.shutdown().await.unwrap();
        let (told, end) = client.ended().await;
        assert_eq!(told, format!("the request ends after {received} of {size} bytes"));
        assert!(matches!(end, End::Refused(Refusal::Truncated { .. })), "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_given_up() {
    for (sent, size) in [(3, 8), (10, 50_008)] {
        let mut client = connect(1 << 20, Limits::default());
        client.stream.write_all(&request(&[1; 50_000])[..sent]).await.unwrap();
        let (told, end) = client.ended().await;
        assert_eq!(
            told,
            format!("only {sent} of the request's {size} bytes arrived within the time allowed")
        );
        assert!(matches!(end, End::Refused(Refusal::TooSlow { .. })), "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_byte_now_and_then_does_not_make_a_request_last() {
    let mut client = connect(1 << 20, Limits::default());
    for byte in request(&[1; 50_000]) {
        if client.stream.write_all(&[byte]).await.is_err() || client.served.is_finished() {
            break;
        }
        sleep(Duration::from_secs(1)).await;
    }
    let end = client.served.await.unwrap();
    assert!(matches!(end, End::Refused(Refusal::TooSlow { received: ..=31, .. })), "{end}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_without_a_word() {
    let mut client = connect(1 << 20, Limits::default());
    let request = request(b"one");
    client.stream.write_all(&request).await.unwrap();
    assert_eq!(client.receive(request.len()).await, request);
    let (told, end) = client.ended().await;
    assert!(told.is_empty() && matches!(end, End::Idle), "{told} {end}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_is_given_up() {
    let mut client = connect(16, Limits::default());
    client.stream.write_all(&request(&[1; 1000])).await.unwrap();
    assert!(matches!(client.served.await.unwrap(), End::NotTaken));
}

#[tokio::test(start_paused = true)]
async fn the_handler_may_close_the_connection() {
    let mut client = connect(1 << 20, Limits::default());
    let last = request(b"close");
    client.stream.write_all(&last).await.unwrap();
    client.stream.write_all(&request(b"not read")).await.unwrap();
    assert_eq!(client.receive(last.len()).await, last);
    let (rest, end) = client.ended().await;
    assert!(rest.is_empty() && matches!(end, End::ByAnswer), "{rest} {end}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_handler_ends_the_connection_alone() {
    let mut client = connect(1 << 20, Limits::default());
    client.stream.write_all(&request(b"panic")).await.unwrap();
    let (told, end) = client.ended().await;
    assert!(told.is_empty() && matches!(end, End::Panicked), "{told} {end}");
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_what_is_idle_or_half_there() {
    for sent in [0, 5, 20] {
        let mut client = connect(1 << 20, Limits::default());
        client.stream.write_all(&request(b"a request of thirty bytes")[..sent]).await.unwrap();
        tokio::task::yield_now().await;
        client.stopper.stop_all();
        let (told, end) = client.ended().await;
        assert!(told.is_empty() && matches!(end, End::Stopped), "{told} {end}");
    }
}
