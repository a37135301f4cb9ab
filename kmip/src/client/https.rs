//! Messages as requests of HTTP (KMIP Additional Message Encodings 1.0 §2 to §6, Profiles 2.1 §5.3).

use std::{
    fmt,
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    task::Poll,
};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
    header::{CACHE_CONTROL, CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::yield_now, time::timeout};
use tokio_openssl::SslStream;

use super::{
    connection,
    error::{Error, Result, Unreachable, Violation},
    frame::Frame,
    options::{Address, Encoding, Options},
    tls,
};
use crate::{
    json,
    transcode::Layout,
    ttlv::{Bytes, HEADER_SIZE, Mode, Tree},
    xml,
};

/// How many bytes of text a byte of a binary message may have: names are long, and are many.
const TEXT: usize = 16;

/// A connection on which no request is under way.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: http1::Connection<TokioIo<SslStream<TcpStream>>, Full<Bytes>>,
    host: String,
    path: String,
    encoding: Encoding,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("host", &self.host).field("encoding", &self.encoding).finish()
    }
}

impl Encoding {
    /// The media type of messages that are written so.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Binary => "application/octet-stream",
            Self::Xml => "text/xml",
            Self::Json => "application/json",
        }
    }
}

impl Connection {
    /// Speaks HTTP on a connection.
    pub(super) async fn open(
        connection: connection::Connection,
        server: &Address,
        encoding: Encoding,
        path: &str,
    ) -> Result<Self, Unreachable> {
        let stream = TokioIo::new(connection.into_stream());
        let opened = http1::handshake(stream).await;
        let (sender, driver) = opened.map_err(|error| Unreachable::Tcp(io::Error::other(error)))?;
        Ok(Self { sender, driver, host: server.to_string(), path: path.to_owned(), encoding })
    }

    /// Whether the server has closed the connection.
    pub(super) async fn is_spoilt(&mut self) -> bool {
        // What came while nobody looked is seen after a turn of the runtime.
        yield_now().await;
        let driver = &mut self.driver;
        let is_ended = poll_fn(|context| Poll::Ready(Pin::new(&mut *driver).poll(context).is_ready())).await;
        is_ended || self.sender.is_closed()
    }

    /// Sends a message and receives the answer.
    pub(super) async fn exchange(&mut self, message: &[u8], options: &Options) -> Result<Bytes> {
        let body = self.written(message, options)?;
        let request = Request::post(&self.path)
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, self.encoding.media_type())
            .header(CACHE_CONTROL, "no-cache")
            .body(Full::new(body))
            .map_err(|error| Error::System(io::Error::other(error)))?;
        let limit = options.request_timeout;
        let most = match self.encoding {
            Encoding::Binary => options.limits.size,
            _ => options.limits.size.saturating_mul(TEXT),
        };
        let (sender, driver, encoding) = (&mut self.sender, &mut self.driver, self.encoding);
        let exchange = async {
            let answer = drive(driver, sender.send_request(request)).await?;
            check(&answer, encoding)?;
            let body = drive(driver, Limited::new(answer.into_body(), most).collect()).await;
            body.map(|body| body.to_bytes())
        };
        let answer =
            timeout(limit, exchange).await.map_err(|_| Error::Timeout(limit))?.map_err(|failure| {
                match failure {
                    Failure::TooLarge => {
                        Violation::TooLarge { size: most.saturating_add(1), limit: most }.into()
                    }
                    Failure::Violation(violation) => violation.into(),
                    Failure::Http(error) => lost(error),
                    // All of the request may have gone.
                    Failure::Ended => Error::Lost { sent: true, source: io::ErrorKind::UnexpectedEof.into() },
                }
            })?;
        self.read(answer, options)
    }

    /// A message in the encoding of the connection.
    fn written(&self, message: &[u8], options: &Options) -> Result<Bytes> {
        let message = Bytes::copy_from_slice(message);
        if self.encoding == Encoding::Binary {
            return Ok(message);
        }
        let limits = crate::ttlv::Limits { size: usize::MAX, ..options.limits };
        let tree = Tree::parse(&message, Mode::Lenient, limits).map_err(Error::Encode)?;
        let mut text = Vec::new();
        match self.encoding {
            Encoding::Xml => xml::write(&tree, Layout::Compact, &mut text),
            _ => json::write(&tree, Layout::Compact, &mut text),
        }
        .map_err(Error::Write)?;
        Ok(text.into())
    }

    /// An answer in binary.
    fn read(&self, answer: Bytes, options: &Options) -> Result<Bytes> {
        let answer = if self.encoding == Encoding::Binary {
            answer
        } else {
            let text = std::str::from_utf8(&answer).map_err(|_| Violation::NotKmip)?;
            match self.encoding {
                Encoding::Xml => xml::read(text, options.limits),
                _ => json::read(text, options.limits),
            }
            .map_err(Error::Read)?
        };
        let head = answer.first_chunk::<HEADER_SIZE>().ok_or(Violation::NotKmip)?;
        if Frame::new(*head, options.limits.size)?.size() != answer.len() {
            return Err(Violation::NotKmip.into());
        }
        Ok(answer)
    }
}

/// Why a request has no answer.
enum Failure {
    Http(hyper::Error),
    Violation(Violation),
    TooLarge,
    /// The connection ended without an error.
    Ended,
}

impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Self {
        Self::Http(error)
    }
}

impl From<Box<dyn std::error::Error + Send + Sync>> for Failure {
    fn from(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        match error.downcast::<hyper::Error>() {
            Ok(error) => Self::Http(*error),
            Err(error) if error.is::<LengthLimitError>() => Self::TooLarge,
            Err(_) => Self::Ended,
        }
    }
}

/// Lets the connection work until something is done. One request is under way at a time, so nobody else has to.
async fn drive<T, E: Into<Failure>>(
    driver: &mut http1::Connection<TokioIo<SslStream<TcpStream>>, Full<Bytes>>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(done.map_err(Into::into));
        }
        let ended = Pin::new(&mut *driver).poll(context);
        // What the connection did just now may be all that was wanted.
        match (work.as_mut().poll(context), ended) {
            (Poll::Ready(done), _) => Poll::Ready(done.map_err(Into::into)),
            (Poll::Pending, Poll::Ready(Err(error))) => Poll::Ready(Err(error.into())),
            (Poll::Pending, Poll::Ready(Ok(()))) => Poll::Ready(Err(Failure::Ended)),
            (Poll::Pending, Poll::Pending) => Poll::Pending,
        }
    })
    .await
}

/// Whether an answer is what its head says that it is (§2.2).
fn check(answer: &Response<Incoming>, encoding: Encoding) -> Result<(), Failure> {
    if answer.status() != StatusCode::OK {
        return Err(Failure::Violation(Violation::Status(answer.status().as_u16())));
    }
    let wanted = encoding.media_type();
    let said = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let said = said.split(';').next().unwrap_or_default().trim();
    if !said.eq_ignore_ascii_case(wanted) {
        return Err(Failure::Violation(Violation::MediaType(wanted)));
    }
    Ok(())
}

fn lost(error: hyper::Error) -> Error {
    // Only of a request that never began to be written is it sure that the server has not got it.
    let sent = !error.is_canceled();
    let source =
        std::error::Error::source(&error).and_then(|source| source.downcast_ref::<io::Error>()).map_or_else(
            || io::Error::other(error.to_string()),
            |source| io::Error::new(source.kind(), source.to_string()),
        );
    Error::Lost { sent, source: tls::plain(source) }
}
