//! The floor: a server of the same runtime and TLS, for messages of the same sizes, that does nothing.
//!
//! It answers what it was asked before on the same connection as it was answered then. What is new to it goes to a
//! real server, so that a client can be used as with that one.

use std::{io, path::Path, pin::Pin, sync::Arc};

use kmip::{
    client::{Client, Options},
    ttlv::{Bytes, HEADER_SIZE},
};
use openssl::ssl::{Ssl, SslAcceptor, SslFiletype, SslMethod, SslVerifyMode, SslVersion};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_openssl::SslStream;

/// Serves for ever; prints where.
pub(crate) fn serve(folder: &Path, options: &Options) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let acceptor = Arc::new(acceptor(folder)?);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            let (acceptor, options) = (Arc::clone(&acceptor), options.clone());
            // Clients come and go.
            tokio::spawn(async move { connection(stream, &acceptor, options).await });
        }
    })
}

fn acceptor(folder: &Path) -> io::Result<SslAcceptor> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_certificate_chain_file(folder.join("server.crt"))?;
    builder.set_private_key_file(folder.join("server.key"), SslFiletype::PEM)?;
    builder.set_ca_file(folder.join("ca.crt"))?;
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    Ok(builder.build())
}

async fn connection(stream: TcpStream, acceptor: &SslAcceptor, options: Options) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = SslStream::new(Ssl::new(acceptor.context())?, stream)?;
    Pin::new(&mut stream).accept().await.map_err(io::Error::other)?;
    let mut known = (Vec::new(), Bytes::new());
    let mut real = None;
    let mut request = Vec::new();
    loop {
        let mut head = [0; HEADER_SIZE];
        stream.read_exact(&mut head).await?;
        let length = head.last_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length));
        request.clear();
        request.extend_from_slice(&head);
        request.resize(HEADER_SIZE + length as usize, 0);
        stream.read_exact(request.get_mut(HEADER_SIZE..).unwrap_or_default()).await?;
        if known.0 != request {
            let client = match &mut real {
                Some(client) => client,
                None => real.insert(Client::connect(options.clone()).await.map_err(io::Error::other)?),
            };
            let answer = client.exchange(&request).await.map_err(io::Error::other)?;
            known = (request.clone(), answer);
        }
        stream.write_all(&known.1).await?;
    }
}
