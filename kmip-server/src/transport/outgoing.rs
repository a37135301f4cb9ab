//! Connections that the server makes: to the clients that it tells something.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use bytes::{BufMut, Bytes};
use kmip::ttlv::{HEADER_SIZE, ItemType, Tag};
use openssl::ssl::{Ssl, SslContext, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::X509PurposeId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_openssl::SslStream;

use super::{TlsOptions, TransportError, tls};
use crate::handler::Peer;
use crate::wipe::Wiped;

/// Where a client listens, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Where, as `HOST:PORT`.
    pub address: String,
    /// The certificate and key that the server shows; those that its own clients see if there are none.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The authorities of the client's certificate; those of all clients if there is none.
    pub ca: Option<PathBuf>,
}

/// What is needed to connect to a client.
pub(crate) struct Dialer {
    address: String,
    context: SslContext,
    time: Duration,
    limit: usize,
}

/// A connection to a client.
pub(crate) struct Line {
    stream: SslStream<TcpStream>,
    /// Who is at the other end.
    pub(crate) peer: Peer,
}

impl Dialer {
    /// `time` is how long connecting may take, and how long an answer, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// When a file can't be read or used.
    pub(crate) fn new(
        outgoing: &Outgoing,
        own: &TlsOptions,
        time: Duration,
        limit: usize,
    ) -> Result<Self, TransportError> {
        let ca = outgoing.ca.as_ref().unwrap_or(&own.client_ca);
        let (certificate, key) = match &outgoing.identity {
            Some((certificate, key)) => (certificate, key),
            None => (&own.certificate, &own.key),
        };
        let mut builder = SslContext::builder(SslMethod::tls_client())?;
        builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        TlsOptions::new(certificate, key, ca).present(&mut builder)?;
        builder.set_verify_cert_store(tls::authorities(ca)?)?;
        // Whoever answers has to be the client, which its certificate says, and not where it is: it is that with which it
        // makes connections itself, too.
        builder.set_verify(SslVerifyMode::PEER);
        builder.verify_param_mut().set_purpose(X509PurposeId::ANY)?;
        Ok(Self { address: outgoing.address.clone(), context: builder.build(), time, limit })
    }

    /// Where it connects to.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Connects; an error is said in words.
    pub(crate) async fn connect(&self) -> Result<Line, String> {
        timeout(self.time, self.dial()).await.map_err(|_| "connecting took too long".to_owned())?
    }

    async fn dial(&self) -> Result<Line, String> {
        let stream = TcpStream::connect(&self.address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let address: SocketAddr = stream.peer_addr().map_err(|error| error.to_string())?;
        let ssl = Ssl::new(&self.context).map_err(|error| error.to_string())?;
        let mut stream = SslStream::new(ssl, stream).map_err(|error| error.to_string())?;
        Pin::new(&mut stream).connect().await.map_err(|error| format!("TLS: {error}"))?;
        let certificate = tls::peer_certificate(stream.ssl())?;
        Ok(Line { stream, peer: Peer { address, certificate } })
    }

    /// Sends a message and receives its answer; an error is said in words, and ends the connection.
    pub(crate) async fn exchange(&self, line: &mut Line, message: &Wiped) -> Result<Bytes, String> {
        let exchange = async {
            let failed = |error: std::io::Error| error.to_string();
            line.stream.write_all(message).await.map_err(failed)?;
            line.stream.flush().await.map_err(failed)?;
            let mut header = [0; HEADER_SIZE];
            line.stream.read_exact(&mut header).await.map_err(failed)?;
            let [t0, t1, t2, item_type, a, b, c, d] = header;
            if Tag(u32::from_be_bytes([0, t0, t1, t2])) != Tag::ResponseMessage
                || item_type != ItemType::Structure.code()
            {
                return Err("the answer is no Response Message".to_owned());
            }
            let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
            if length > self.limit {
                return Err(format!("the answer has {length} bytes, more than {}", self.limit));
            }
            let mut answer = Vec::with_capacity(HEADER_SIZE);
            answer.extend_from_slice(&header);
            let end = HEADER_SIZE.saturating_add(length);
            while answer.len() < end {
                let room = end.saturating_sub(answer.len());
                if line.stream.read_buf(&mut (&mut answer).limit(room)).await.map_err(failed)? == 0 {
                    return Err("the connection was closed in the middle of the answer".to_owned());
                }
            }
            Ok(answer.into())
        };
        timeout(self.time, exchange).await.map_err(|_| "no answer came in time".to_owned())?
    }
}
