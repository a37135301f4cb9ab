//! What is no request: a clear answer where one can be given, the connection closed properly, and the server as it was.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use kmip::ttlv::{Bytes, Limits, Mode};
use kmip::types::{ResponseMessage, ResultReason, ResultStatus};
use kmip_tests::programs::Server;
use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslStream};

fn connect(server: &Server) -> SslStream<TcpStream> {
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_ca_file(server.file("ca.crt")).unwrap();
    builder.set_certificate_file(server.file("client.crt"), SslFiletype::PEM).unwrap();
    builder.set_private_key_file(server.file("client.key"), SslFiletype::PEM).unwrap();
    let stream = TcpStream::connect(&server.address).unwrap();
    stream.set_nodelay(true).unwrap();
    // Only so that a fault of the server shows as a failure, not as a test that never ends.
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    builder.build().connect("localhost", stream).unwrap()
}

/// Everything that the server answers until it closes.
fn answer(server: &Server, input: &[u8]) -> Vec<u8> {
    let mut stream = connect(server);
    // The server may close before it has read all.
    let _ = stream.write_all(input).and_then(|()| stream.flush());
    let _ = stream.shutdown();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

fn refusal(server: &Server, input: &[u8]) -> (ResultReason, String) {
    let bytes = Bytes::from(answer(server, input));
    assert!(!bytes.is_empty(), "no answer");
    let message = ResponseMessage::read(&bytes, Mode::Strict, Limits::DEFAULT).unwrap();
    let [item] = &*message.batch_item else { panic!("{} items", message.batch_item.len()) };
    assert_eq!(item.result_status, ResultStatus::OperationFailed);
    assert!(item.response_payload.is_none());
    (item.result_reason.unwrap(), item.result_message.as_deref().unwrap_or_default().to_owned())
}

fn structure(tag: u32, contents: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + contents.len());
    bytes.extend(&tag.to_be_bytes()[1..]);
    bytes.push(1);
    bytes.extend((contents.len() as u32).to_be_bytes());
    bytes.extend(contents);
    bytes
}

fn integer(tag: u32, value: i32) -> Vec<u8> {
    let mut bytes = tag.to_be_bytes()[1..].to_vec();
    bytes.extend([2, 0, 0, 0, 4]);
    bytes.extend(value.to_be_bytes());
    bytes.extend([0; 4]);
    bytes
}

/// A request header of KMIP 1.4 with one batch item.
fn header() -> Vec<u8> {
    let version = structure(0x420069, &[integer(0x42006A, 1), integer(0x42006B, 4)].concat());
    structure(0x420077, &[version, integer(0x42000D, 1)].concat())
}

#[test]
fn what_is_no_request_is_refused_and_harms_nobody() {
    let mut server = Server::quickstart(&["--store", "memory:"]);
    let id = server.done(&["create", "--name", "before", "--activate"]);

    // Garbage is answered and closed.
    let (reason, text) = refusal(&server, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(reason, ResultReason::InvalidMessage, "{text}");

    // A length that is not to be believed: four gigabytes that never come.
    let (_, text) = refusal(&server, b"\x42\x00\x78\x01\xFF\xFF\xFF\xF8");
    assert!(text.contains("4294967"), "{text}");

    // Structures within structures, without end.
    let mut nested = Vec::new();
    for _ in 0..10_000 {
        nested = structure(0x420008, &nested);
    }
    let message = structure(0x420078, &[header(), nested].concat());
    let (reason, text) = refusal(&server, &message);
    assert_eq!(reason, ResultReason::InvalidMessage, "{text}");
    assert!(text.contains("byte") && text.contains("RequestMessage"), "no place is named: {text}");

    // An item that reaches beyond the structure around it.
    let mut cut = header();
    let end = cut.len() - 9;
    cut[end] = 0x7F;
    let (reason, text) = refusal(&server, &structure(0x420078, &cut));
    assert_eq!(reason, ResultReason::InvalidMessage, "{text}");

    // Half a message, and nobody there any more; and nothing at all.
    let whole = structure(0x420078, &header());
    answer(&server, &whole[..whole.len() / 2]);
    answer(&server, &[]);

    // A great deal of it leaves no trace.
    let before = server.memory();
    for round in 0..60u32 {
        let mut noise = message[..2000].to_vec();
        noise[8 + (round as usize * 7) % 64] ^= 1 << (round % 8);
        answer(&server, &noise);
        answer(&server, &noise[..(round as usize % 64)]);
    }
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 8 * 1024, "the server has grown by {grown} KiB");

    assert!(server.is_alive());
    assert_eq!(server.done(&["locate", "--name", "before"]), id);
}

#[test]
fn without_a_certificate_nobody_gets_in() {
    let server = Server::quickstart(&["--store", "memory:"]);
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_ca_file(server.file("ca.crt")).unwrap();
    let stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // In TLS 1.3 the client's part of the handshake is over before the server has looked at its certificate.
    let refused = match builder.build().connect("localhost", stream) {
        Err(_) => true,
        Ok(mut stream) => {
            let _ = stream.write_all(&structure(0x420078, &header()));
            !matches!(stream.read(&mut [0; 8]), Ok(read) if read > 0)
        }
    };
    assert!(refused);
}

/// A client that has handshakes done again costs the server much and itself little.
#[test]
fn renegotiation_is_refused() {
    let server = Server::quickstart(&[]);
    let spawned = Command::new("openssl")
        .args(["s_client", "-tls1_2", "-connect", &server.address])
        .arg("-CAfile")
        .arg(server.file("ca.crt"))
        .arg("-cert")
        .arg(server.file("client.crt"))
        .arg("-key")
        .arg(server.file("client.key"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut client) = spawned else {
        eprintln!("skipped: there is no program openssl");
        return;
    };
    // This line asks for it. The end of the input would end the client.
    let mut input = client.stdin.take().unwrap();
    input.write_all(b"R\n").unwrap();
    let mut told = String::new();
    client.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    drop(input);
    client.wait().unwrap();
    assert!(told.contains("RENEGOTIATING") && told.contains("no renegotiation"), "{told}");
    server.done(&["query"]);
}
