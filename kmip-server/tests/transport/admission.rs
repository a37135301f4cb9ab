//! How many may be in, and who gives way.

use std::time::Duration;

use kmip_server::transport::Limits;
use openssl::ssl::Ssl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{soon, start};

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let server = start(Limits { connections: 2, ..Limits::default() }).await;
    let mut first = server.connect().await;
    let mut second = server.connect().await;
    first.echo(b"first").await.unwrap();
    second.echo(b"second").await.unwrap();
    let mut third = server.connect().await;
    assert_eq!(third.rest().await, "this server already serves the 2 connections that it may");
    drop(third);

    drop(first);
    // The server sees the end of a connection in its own time.
    let fourth = async {
        loop {
            let mut client = server.connect().await;
            if client.echo(b"fourth").await.is_ok() {
                break client;
            }
        }
    };
    let mut fourth = soon(fourth).await;
    second.echo(b"still there").await.unwrap();
    fourth.echo(b"there too").await.unwrap();
}

#[tokio::test]
async fn one_client_leaves_places_for_others() {
    let server = start(Limits { connections_per_client: 2, ..Limits::default() }).await;
    let alice = server.client(Some(&server.authority.client("alice")), None).build();
    let connect = || server.connect_as(Ssl::new(&alice).unwrap());
    let mut first = connect().await.unwrap();
    let mut second = connect().await.unwrap();
    first.echo(b"first").await.unwrap();
    second.echo(b"second").await.unwrap();
    let told = connect().await.unwrap().rest().await;
    assert_eq!(told, "this server already serves the 2 connections that one client may have");
    // Each of these has a certificate of its own.
    for _ in 0..4 {
        server.connect().await.echo(b"someone else").await.unwrap();
    }
    drop(first);
    let again = async { while connect().await.unwrap().echo(b"again").await.is_err() {} };
    soon(again).await;
}

#[tokio::test]
async fn one_address_has_so_many_handshakes_included() {
    let server = start(Limits { connections_per_address: Some(2), ..Limits::default() }).await;
    let mut first = server.connect().await;
    first.echo(b"first").await.unwrap();
    let silent = TcpStream::connect(server.address).await.unwrap();
    let mut third = TcpStream::connect(server.address).await.unwrap();
    // Closed at once, or reset.
    let read = soon(third.read(&mut [0; 16])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    drop(silent);
    first.echo(b"still there").await.unwrap();
    let client = server.client(None, None).build();
    let fourth = async { while server.connect_as(Ssl::new(&client).unwrap()).await.is_err() {} };
    soon(fourth).await;
}

#[tokio::test]
async fn whoever_says_nothing_stands_in_nobodys_way() {
    let server = start(Limits { handshakes: 4, ..Limits::default() }).await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    server.connect().await.echo(b"let in").await.unwrap();
    // The oldest of them were given up.
    for stream in &mut silent[..30] {
        assert_eq!(soon(stream.read(&mut [0; 16])).await.unwrap_or(0), 0);
    }
}

#[tokio::test]
async fn a_handshake_takes_its_time_and_no_longer() {
    let server = start(Limits { handshake_time: Duration::from_millis(50), ..Limits::default() }).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(soon(silent.read(&mut [0; 16])).await.unwrap(), 0);
    // The beginning of a record that never goes on.
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(&[0x16, 0x03, 0x01, 0x02]).await.unwrap();
    assert_eq!(soon(slow.read(&mut [0; 16])).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn what_is_no_tls_is_turned_away() {
    let server = start(Limits::default()).await;
    let mut kept = server.connect().await;
    for garbage in [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".as_slice(),
        &[0x42, 0x00, 0x78, 0x01, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0; 1000],
        &[0xFF; 1000],
        &[0x16, 0x03, 0x01, 0xFF, 0xFF, 1, 2, 3],
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        // An alert, perhaps, and then the end.
        let mut answer = Vec::new();
        let _ = soon(stream.read_to_end(&mut answer)).await;
        assert!(answer.len() < 16, "{answer:?}");
        kept.echo(b"not disturbed").await.unwrap();
    }
}
