//! KMIP over HTTPS, as a user of curl or a library of HTTP has it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use kmip::transcode::Layout;
use kmip::ttlv::{Bytes, Limits, Mode, Tree};
use kmip::types::{
    DiscoverVersionsRequest, Operation, RequestBatchItem, RequestHeader, RequestMessage, ResponseMessage,
    ResultReason, ResultStatus, version,
};
use kmip::{json, xml};
use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslStream};

use crate::harness::{Running, folder, quickstart, start};

fn serve(folder: &Path, arguments: &[&str]) -> (Running, String) {
    let server = start(
        quickstart(folder).args(["--store", "memory:", "--listen-https", "127.0.0.1:0"]).args(arguments),
    );
    let line = server.greeting.lines().find_map(|line| line.strip_prefix("HTTPS at https://"));
    let address = line.unwrap().strip_suffix("/kmip").unwrap().to_owned();
    (server, address)
}

fn connect(folder: &Path, address: &str) -> SslStream<TcpStream> {
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_ca_file(folder.join("ca.crt")).unwrap();
    builder.set_certificate_chain_file(folder.join("client.crt")).unwrap();
    builder.set_private_key_file(folder.join("client.key"), SslFiletype::PEM).unwrap();
    builder.build().connect("localhost", TcpStream::connect(address).unwrap()).unwrap()
}

/// An answer of HTTP: its status, its head in small letters, its body.
fn answer(stream: &mut impl Read) -> (u16, String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head, body)
}

fn post(stream: &mut (impl Read + Write), content_type: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
    let head = format!(
        "POST /kmip HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    answer(stream)
}

fn question() -> Vec<u8> {
    let item = RequestBatchItem::new(Operation::DiscoverVersions, DiscoverVersionsRequest::new().into());
    let header = RequestHeader::new(version::V1_4.into(), 1);
    let mut bytes = Vec::new();
    RequestMessage { batch_item: vec![item], ..RequestMessage::new(header) }.write(&mut bytes).unwrap();
    bytes
}

fn text(message: &[u8], write: fn(&Tree, Layout, &mut Vec<u8>) -> kmip::transcode::Result<()>) -> Vec<u8> {
    let tree = Tree::parse(&Bytes::copy_from_slice(message), Mode::Strict, Limits::DEFAULT).unwrap();
    let mut text = Vec::new();
    write(&tree, Layout::Lines, &mut text).unwrap();
    text
}

/// An answer in this encoding, as a binary message.
fn binary(content_type: &str, body: &[u8]) -> Bytes {
    let text = || std::str::from_utf8(body).unwrap();
    match content_type {
        "text/xml" => xml::read(text(), Limits::DEFAULT).unwrap(),
        "application/json" => json::read(text(), Limits::DEFAULT).unwrap(),
        _ => Bytes::copy_from_slice(body),
    }
}

#[test]
fn every_encoding_is_answered_in_itself() {
    let (_parent, folder) = folder();
    let (_server, address) = serve(&folder, &[]);
    let mut stream = connect(&folder, &address);
    let question = question();
    for (content_type, body) in [
        ("application/octet-stream", question.clone()),
        ("text/xml", text(&question, xml::write)),
        ("application/json", text(&question, json::write)),
    ] {
        // All of them over one connection.
        let (status, head, body) = post(&mut stream, content_type, &body);
        assert_eq!(status, 200, "{head}");
        assert!(head.contains(&format!("content-type: {content_type}\r\n")), "{head}");
        assert!(head.contains("cache-control: no-cache\r\n"), "{head}");
        let message =
            ResponseMessage::read(&binary(content_type, &body), Mode::Strict, Limits::DEFAULT).unwrap();
        assert_eq!(message.batch_item[0].result_status, ResultStatus::Success);
    }
}

#[test]
fn what_is_no_message_is_answered_in_its_encoding_and_version() {
    let (_parent, folder) = folder();
    let (_server, address) = serve(&folder, &[]);
    let mut stream = connect(&folder, &address);
    let xml = r#"<RequestMessage><RequestHeader><ProtocolVersion><ProtocolVersionMajor type="Integer" value="1"/>
        <ProtocolVersionMinor type="Integer" value="2"/></ProtocolVersion><NoSuchTag/></RequestHeader></RequestMessage>"#;
    for (content_type, body, expected) in [
        ("text/xml", xml.as_bytes(), version::V1_2),
        ("text/xml", b"", version::V1_0),
        ("text/xml", b"\xFF", version::V1_0),
        ("application/json", b"{\"tag\": 5}", version::V1_0),
        ("application/octet-stream", b"hello", version::V1_0),
        ("application/octet-stream", b"hello again", version::V1_0),
    ] {
        let (status, head, body) = post(&mut stream, content_type, body);
        assert_eq!(status, 200, "{head}");
        let message =
            ResponseMessage::read(&binary(content_type, &body), Mode::Strict, Limits::DEFAULT).unwrap();
        assert_eq!(message.response_header.protocol_version.known().unwrap(), expected);
        assert_eq!(message.batch_item[0].result_reason, Some(ResultReason::InvalidMessage));
    }
}

#[test]
fn requests_that_are_no_posts_of_kmip() {
    let (_parent, folder) = folder();
    let (_server, address) = serve(&folder, &["--limits-request-size", "1000"]);
    let large = "x".repeat(1001);
    let long = format!("X: {}\r\n", "x".repeat(20_000));
    for (request, expected) in [
        ("GET /kmip HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 1\r\n\r\nx", 404),
        ("POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 415),
        ("POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx", 415),
        (
            "POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
            415,
        ),
        (
            "POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            411,
        ),
        (
            &format!(
                "POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 1001\r\n\r\n{large}"
            ),
            413,
        ),
        (&format!("POST /kmip HTTP/1.1\r\nHost: a\r\n{long}\r\n"), 431),
        ("no HTTP at all\r\n\r\n", 400),
    ] {
        let mut stream = connect(&folder, &address);
        stream.write_all(request.as_bytes()).unwrap();
        let (status, head, _) = answer(&mut stream);
        assert_eq!(status, expected, "{request}\n{head}");
        if status == 405 {
            assert!(head.contains("allow: post\r\n"), "{head}");
        }
        // The connection ends, and properly.
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0, "{request}");
    }
}

#[test]
fn whoever_is_slow_is_not_waited_for() {
    let (_parent, folder) = folder();
    let (_server, address) = serve(&folder, &["--limits-request-seconds", "1"]);
    // A head that never ends: the connection is closed.
    let mut head = connect(&folder, &address);
    head.write_all(b"POST /kmip HTTP/1.1\r\nHost: a").unwrap();
    // A body a byte at a time: its sender is told.
    let mut body = connect(&folder, &address);
    body.write_all(b"POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 9\r\n\r\n<")
        .unwrap();
    // One that is idle is left alone.
    let mut idle = connect(&folder, &address);
    assert_eq!(answer(&mut body).0, 408);
    assert_eq!(head.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(post(&mut idle, "application/octet-stream", &question()).0, 200);
}

#[test]
fn a_client_has_to_have_a_certificate() {
    let (_parent, folder) = folder();
    let (_server, address) = serve(&folder, &[]);
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_ca_file(folder.join("ca.crt")).unwrap();
    let stream = TcpStream::connect(&address).unwrap();
    // In TLS 1.3 it is told when it reads.
    let refused = match builder.build().connect("localhost", stream) {
        Ok(mut stream) => stream.read(&mut [0; 8]).is_err(),
        Err(_) => true,
    };
    assert!(refused);
}

#[test]
fn one_connection_more_than_there_may_be_is_told_in_http() {
    let (_parent, folder) = folder();
    let (_server, address) = serve(&folder, &["--limits-connections", "1"]);
    let mut first = connect(&folder, &address);
    assert_eq!(post(&mut first, "application/octet-stream", &question()).0, 200);
    let (status, _, body) = answer(&mut connect(&folder, &address));
    assert_eq!(status, 503, "{}", String::from_utf8_lossy(&body));
}

#[test]
fn curl() {
    let (_parent, folder) = folder();
    let (_server, address) = serve(&folder, &[]);
    let file = folder.join("question.json");
    std::fs::write(&file, text(&question(), json::write)).unwrap();
    let Ok(output) = Command::new("curl")
        .args(["--silent", "--fail", "--cert"])
        .arg(folder.join("client.crt"))
        .arg("--key")
        .arg(folder.join("client.key"))
        .arg("--cacert")
        .arg(folder.join("ca.crt"))
        .args(["--header", "Content-Type: application/json", "--data-binary"])
        .arg(format!("@{}", file.display()))
        .arg(format!("https://{address}/kmip"))
        .output()
    else {
        eprintln!("skipped: there is no curl here");
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("\"DiscoverVersions\""), "{text}");
}
