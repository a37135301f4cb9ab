//! Requests and answers on connections that were let in.

use std::time::Duration;

use kmip_server::transport::Limits;
use openssl::ssl::Ssl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{request, soon, start};

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = start(Limits::default()).await;
    server.echo.open();
    let client = server.connect().await;
    let bodies: Vec<Vec<u8>> = (0..200_usize)
        .map(|number| match number % 10 {
            3 => b"wait".to_vec(),
            7 => vec![7; number * 700],
            _ => number.to_string().into_bytes(),
        })
        .collect();
    let all: Vec<u8> = bodies.iter().flat_map(|body| request(body)).collect();
    let (mut read, mut write) = tokio::io::split(client.stream);
    let (sent, expected) = (all.clone(), all);
    let writing = tokio::spawn(async move {
        write.write_all(&sent).await.unwrap();
        write
    });
    let mut answers = vec![0; expected.len()];
    soon(read.read_exact(&mut answers)).await.unwrap();
    assert!(answers == expected, "the answers are not those to the requests in their order");
    writing.await.unwrap();
}

#[tokio::test]
async fn what_is_not_taken_is_answered_even_if_the_client_sends_on() {
    let server = start(Limits::default()).await;
    let limit = Limits::default().request_size;
    // More than the sockets between the two hold: the server has to read it for the client to see the answer.
    let too_large = request(&vec![1; 8 * limit]);
    let mut client = server.connect().await;
    client.send(&too_large).await.unwrap();
    let told = client.rest().await;
    assert_eq!(
        told,
        format!("the request has {} bytes, more than the {limit} that this server accepts", too_large.len())
    );

    let mut client = server.connect().await;
    client.send(b"POST /kmip HTTP/1.1\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    assert!(client.rest().await.starts_with("an HTTP request"));

    let mut client = server.connect().await;
    client.send(&request(&[1; 100])[..50]).await.unwrap();
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.rest().await, "the request ends after 50 of 108 bytes");
}

#[tokio::test]
async fn slow_and_idle_clients_are_let_go() {
    let server = start(Limits { request_time: Duration::from_millis(50), ..Limits::default() }).await;
    let mut slow = server.connect().await;
    slow.send(&request(&[1; 100])[..50]).await.unwrap();
    assert!(slow.rest().await.starts_with("only 50 of the request's 108 bytes"));
    let server = start(Limits { idle_time: Duration::from_millis(50), ..Limits::default() }).await;
    let mut idle = server.connect().await;
    assert_eq!(idle.rest().await, "");
}

#[tokio::test]
async fn a_request_that_waits_holds_nobody_up() {
    let server = start(Limits { workers: 2, ..Limits::default() }).await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let mut client = server.connect().await;
        client.send(&request(b"wait")).await.unwrap();
        waiting.push(client);
    }
    // Both workers are taken, and two more wait for their turn.
    soon(server.echo.waiting(2)).await;
    for _ in 0..3 {
        server.connect().await.echo(b"short").await.unwrap();
    }
    server.echo.open();
    for client in &mut waiting {
        assert_eq!(client.receive(12).await.unwrap(), request(b"wait"));
    }
}

#[tokio::test]
async fn one_client_leaves_threads_for_others() {
    let server = start(Limits { workers: 4, workers_per_client: 3, ..Limits::default() }).await;
    let alice = server.client(Some(&server.authority.client("alice")), None).build();
    let mut waiting = Vec::new();
    for _ in 0..9 {
        let mut client = server.connect_as(Ssl::new(&alice).unwrap()).await.unwrap();
        client.send(&request(b"wait")).await.unwrap();
        waiting.push(client);
    }
    soon(server.echo.waiting(3)).await;
    // What waits for a thread, too, but is answered as soon as it has one.
    for _ in 0..3 {
        server.connect().await.echo(b"no wait").await.unwrap();
    }
    server.echo.open();
    for client in &mut waiting {
        assert_eq!(client.receive(12).await.unwrap(), request(b"wait"));
    }
}

#[tokio::test]
async fn whoever_reads_nothing_holds_nobody_up() {
    let server = start(Limits::default()).await;
    let deaf = server.connect().await;
    let (_unread, mut write) = tokio::io::split(deaf.stream);
    let flood = tokio::spawn(async move {
        let request = request(&[1; 100_000]);
        while write.write_all(&request).await.is_ok() {}
    });
    for _ in 0..20 {
        server.connect().await.echo(b"short").await.unwrap();
    }
    flood.abort();
}

#[tokio::test]
async fn a_panic_ends_one_connection() {
    let server = start(Limits::default()).await;
    let mut other = server.connect().await;
    let mut client = server.connect().await;
    client.send(&request(b"panic")).await.unwrap();
    assert_eq!(client.rest().await, "");
    other.echo(b"not disturbed").await.unwrap();
    server.connect().await.echo(b"let in").await.unwrap();
}
