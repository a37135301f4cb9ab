//! How a server ends.

use std::time::Duration;

use kmip_server::transport::Limits;
use tokio::net::TcpStream;

use crate::harness::{request, soon, start};

#[tokio::test]
async fn what_is_being_answered_is_answered_and_the_rest_is_closed() {
    let mut server = start(Limits::default()).await;
    let mut idle = server.connect().await;
    idle.echo(b"idle from here on").await.unwrap();
    let mut half = server.connect().await;
    half.send(&request(b"half")[..10]).await.unwrap();
    let mut busy = server.connect().await;
    busy.send(&request(b"wait")).await.unwrap();
    soon(server.echo.waiting(1)).await;
    let _silent = TcpStream::connect(server.address).await.unwrap();

    server.stop();
    assert_eq!(idle.rest().await, "");
    assert_eq!(half.rest().await, "");
    let refused = async { while TcpStream::connect(server.address).await.is_ok() {} };
    soon(refused).await;
    server.echo.open();
    assert_eq!(busy.receive(12).await.unwrap(), request(b"wait"));
    assert_eq!(busy.rest().await, "");
    server.stopped().await;
}

#[tokio::test]
async fn nobody_can_keep_it_from_ending() {
    let limits = Limits { shutdown_time: Duration::from_millis(50), ..Limits::default() };
    let mut server = start(limits).await;
    let mut busy = server.connect().await;
    busy.send(&request(b"wait")).await.unwrap();
    soon(server.echo.waiting(1)).await;
    server.stopped().await;
    server.echo.open();
    assert!(busy.receive(12).await.is_err());
}

#[tokio::test]
async fn a_client_that_never_pauses_is_stopped_too() {
    let mut server = start(Limits::default()).await;
    let mut client = server.connect().await;
    client.echo(b"begun").await.unwrap();
    let talking = tokio::spawn(async move { while client.echo(b"and on").await.is_ok() {} });
    server.stopped().await;
    soon(talking).await.unwrap();
}
