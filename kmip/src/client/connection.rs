//! One TLS connection to one server.

use std::{
    future::{Future, poll_fn},
    io,
    pin::Pin,
    task::Poll,
    time::Duration,
};

use openssl::ssl::SslConnector;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpStream, lookup_host},
    task::yield_now,
    time::{Instant, timeout, timeout_at},
};
use tokio_openssl::SslStream;

use super::{
    error::{Error, Result, Unreachable},
    frame::Frame,
    options::{Address, Options},
    tls,
};
use crate::ttlv::{Bytes, HEADER_SIZE};

/// A connection on which no request is under way.
#[derive(Debug)]
pub(super) struct Connection<S = SslStream<TcpStream>> {
    stream: S,
}

impl Connection {
    /// Connects, shakes hands, and checks the server's certificate, within the time for that.
    pub(super) async fn open(
        server: &Address,
        tls: &SslConnector,
        options: &Options,
    ) -> Result<Self, Unreachable> {
        let limit = options.connect_timeout;
        let stream = timeout(limit, Self::reach(server)).await.unwrap_or(Err(Unreachable::Timeout(limit)))?;
        let limit = options.handshake_timeout;
        timeout(limit, Self::shake_hands(stream, server, tls, options))
            .await
            .unwrap_or(Err(Unreachable::Handshake(limit)))
    }

    /// Connects to the first address of the server's that answers.
    async fn reach(server: &Address) -> Result<TcpStream, Unreachable> {
        let addresses = lookup_host((&*server.host, server.port)).await.map_err(Unreachable::Resolve)?;
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error,
            }
        }
        Err(Unreachable::Tcp(failure))
    }

    async fn shake_hands(
        stream: TcpStream,
        server: &Address,
        tls: &SslConnector,
        options: &Options,
    ) -> Result<Self, Unreachable> {
        stream.set_nodelay(true).map_err(Unreachable::Tcp)?;
        let name = options.server_name.as_deref().unwrap_or(&server.host);
        let failed = |error: openssl::error::ErrorStack| Unreachable::Tls(error.to_string());
        let ssl = tls::configure(tls, options)?.into_ssl(name).map_err(failed)?;
        let mut stream = SslStream::new(ssl, stream).map_err(failed)?;
        match Pin::new(&mut stream).connect().await {
            Ok(()) => Ok(Self { stream }),
            Err(error) => Err(tls::failure(&error, stream.ssl().verify_result())),
        }
    }

    /// The stream, to speak another protocol on it.
    #[cfg(feature = "https")]
    pub(super) fn into_stream(self) -> SslStream<TcpStream> {
        self.stream
    }

    /// Tells the server that no more requests come.
    pub(super) async fn close(mut self) {
        // The server may be gone already; there is nothing to do about it either way.
        let _ = timeout(Duration::from_secs(1), self.stream.shutdown()).await;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Whether the server has closed the connection, or has sent what nobody asked for, so that the next answer would
    /// not be that of the next request.
    pub(super) async fn is_spoilt(&mut self) -> bool {
        // What came while nobody looked is seen after a turn of the runtime, which has slept since the last request if it
        // is that of a blocking client.
        yield_now().await;
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        poll_fn(|context| {
            let poll = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
            Poll::Ready(poll.is_ready())
        })
        .await
    }

    /// Sends a message and receives the answer. After an error, or when it is dropped before its end, the connection is
    /// of no more use.
    pub(super) async fn exchange(&mut self, message: &[u8], options: &Options) -> Result<Bytes> {
        let limit = options.request_timeout;
        let end = Instant::now().checked_add(limit);
        in_time(end, limit, self.write(message)).await??;
        in_time(end, limit, self.read(options.limits.size)).await?
    }

    async fn write(&mut self, message: &[u8]) -> Result<()> {
        if let Err(error) = self.stream.write_all(message).await {
            // The alert that a server hung up with tells more than that it hung up.
            let said = self.stream.read(&mut [0]).await.err().filter(tls::is_alert);
            return Err(lost(false, said.unwrap_or(error)));
        }
        self.stream.flush().await.map_err(|error| lost(true, error))
    }

    async fn read(&mut self, limit: usize) -> Result<Bytes> {
        let mut head = [0; HEADER_SIZE];
        self.stream.read_exact(&mut head).await.map_err(|error| lost(true, error))?;
        let mut frame = Frame::new(head, limit)?;
        while !frame.is_complete() {
            let (buffer, room) = frame.room();
            let count = (&mut self.stream).take(room as u64).read_buf(buffer).await;
            if count.map_err(|error| lost(true, error))? == 0 {
                return Err(lost(true, io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Ok(frame.into_bytes())
    }
}

async fn in_time<F: Future>(end: Option<Instant>, limit: Duration, work: F) -> Result<F::Output> {
    match end {
        Some(end) => timeout_at(end, work).await.map_err(|_| Error::Timeout(limit)),
        // So far ahead that the clock can't say it.
        None => Ok(work.await),
    }
}

fn lost(sent: bool, error: io::Error) -> Error {
    Error::Lost { sent, source: tls::plain(error) }
}
