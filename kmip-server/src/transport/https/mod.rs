//! KMIP over HTTPS (KMIP Additional Message Encodings 1.0 §2): the same messages as on the port of their own, in TTLV, XML or
//! JSON, as bodies of POST requests. hyper reads and writes HTTP; TLS, clients, limits and what answers are those of every
//! connection.

mod pace;
mod status;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use kmip::ttlv;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::time::{timeout, timeout_at};

use self::pace::{Pace, Paced, Phase};
use self::status::Refused;
use super::Stop;
use crate::connection::{self, End, LINGER, Service, wide};
use crate::encoding::Encoding;
use crate::handler::{Disposition, Peer, Refusal};
use crate::wipe::Wiped;

/// Serves a connection to its end, and closes it; `turns` are the threads that its client may have at once.
pub(super) async fn serve<S>(
    stream: S,
    peer: Arc<Peer>,
    turns: Arc<Semaphore>,
    service: &Service,
    mut stop: Stop,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let exchange = Exchange { service, peer, turns, pace: Arc::new(Pace::new()) };
    let io = TokioIo::new(Paced::new(stream, Arc::clone(&exchange.pace), &service.limits));
    let answering =
        service_fn(|request| Box::pin(async { Ok::<_, Infallible>(exchange.respond(request).await) }));
    let mut connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_headers(HEADERS)
        .max_header_size(HEAD)
        // An answer is not copied, but wiped when it is sent.
        .writev(true)
        .serve_connection(io, answering);
    let done = tokio::select! {
        biased;
        done = poll_fn(|cx| connection.poll_without_shutdown(cx)) => done,
        () = stop.stopped() => {
            // A request that hasn't arrived whole is given up; one that has is answered.
            if exchange.pace.is_receiving() {
                return End::Stopped;
            }
            Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|cx| connection.poll_without_shutdown(cx)).await
        }
    };
    let end = match done {
        Ok(()) if stop.is_stopped() => End::Stopped,
        Ok(()) => End::ByPeer,
        Err(_) if exchange.pace.phase() == Phase::Idle => End::Idle,
        Err(error) => End::Broken(io::Error::other(error)),
    };
    let mut stream = connection.into_parts().io.into_inner().into_inner();
    connection::close(&mut stream, &mut stop).await;
    end
}

/// Tells a client that there is no place for it, and closes the connection.
pub(super) async fn refuse<S>(stream: &mut S, refusal: &Refusal, stop: &mut Stop)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _ = timeout(LINGER, stream.write_all(&status::no_place(refusal))).await;
    connection::close(stream, stop).await;
}

/// What answers on one connection.
struct Exchange<'s> {
    service: &'s Service,
    peer: Arc<Peer>,
    turns: Arc<Semaphore>,
    pace: Arc<Pace>,
}

impl Exchange<'_> {
    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.pace.enter(Phase::Body);
        let response = self.answer(request).await;
        self.pace.enter(Phase::Answering);
        response.unwrap_or_else(|refused| {
            let counters = &self.service.counters;
            if refused == Refused::Failed {
                counters.panics.add()
            } else {
                counters.refused.add()
            }
            tracing::info!(
                address = %self.peer.address,
                client = self.peer.common_name(),
                reason = %refused,
                "refused an HTTP request"
            );
            refused.response()
        })
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Refused> {
        let encoding = encoding(&request)?;
        let body = self.body(request.into_body()).await?;
        self.pace.enter(Phase::Answering);
        let (answer, disposition) = self.exchange(encoding, body).await.map_err(|end| match end {
            End::Stopped => Refused::Stopping,
            _ => Refused::Failed,
        })?;
        Ok(status::answer(encoding, answer.into(), disposition))
    }

    /// Receives a request's body, within the time that the whole request has.
    async fn body(&self, mut body: Incoming) -> Result<Wiped, Refused> {
        let limit = self.service.limits.request_size;
        let size = body.size_hint().exact().ok_or(Refused::NoLength)?;
        let room = usize::try_from(size)
            .ok()
            .filter(|room| *room <= limit)
            .ok_or_else(|| Refused::TooLarge(Refusal::TooLarge { size, limit: wide(limit) }))?;
        let mut request = Wiped::with_capacity(room.min(connection::TRUSTED));
        let end = self.pace.since() + self.service.limits.request_time;
        let receiving = async {
            while let Some(frame) = body.frame().await {
                let Ok(data) = frame.map_err(|_| Refused::Incomplete)?.into_data() else { continue };
                let needed = request.len().saturating_add(data.len());
                if needed > request.capacity() {
                    request.grow(needed.max(room.min(request.capacity().saturating_mul(2))));
                }
                request.extend_from_slice(&data);
            }
            Ok(())
        };
        match timeout_at(end, receiving).await {
            Ok(received) => received?,
            Err(_) => {
                return Err(Refused::TooSlow(Refusal::TooSlow { size, received: wide(request.len()) }));
            }
        }
        Ok(request)
    }

    /// Has a message answered in its own encoding.
    async fn exchange(&self, encoding: Encoding, body: Wiped) -> Result<(Wiped, Disposition), End> {
        let limits = ttlv::Limits { size: self.service.limits.request_size, ..ttlv::Limits::DEFAULT };
        if encoding != Encoding::Ttlv && body.len() > SHORT {
            return self
                .service
                .blocking(&self.peer, &self.turns, move |handler, peer| {
                    let mut answer = Wiped::default();
                    let disposition = match encoding.read(body, limits) {
                        Ok(request) => connection::guarded(handler, peer, request, &mut answer)?,
                        Err(refusal) => {
                            handler.refuse(&refusal, &mut answer);
                            Disposition::KeepOpen
                        }
                    };
                    Ok((
                        written(encoding, answer, limits, |refusal, told| handler.refuse(refusal, told)),
                        disposition,
                    ))
                })
                .await?;
        }
        let mut answer = Wiped::default();
        let disposition = match encoding.read(body, limits) {
            Ok(request) => self.service.answer(&self.peer, &self.turns, request, &mut answer).await?,
            Err(refusal) => {
                answer = self.service.refusal(&refusal);
                // What follows begins where HTTP says.
                Disposition::KeepOpen
            }
        };
        let answer = if encoding != Encoding::Ttlv && answer.len() > SHORT {
            self.service
                .blocking(&self.peer, &self.turns, move |handler, _| {
                    written(encoding, answer, limits, |refusal, told| handler.refuse(refusal, told))
                })
                .await?
        } else {
            written(encoding, answer, limits, |refusal, told| *told = self.service.refusal(refusal))
        };
        Ok((answer, disposition))
    }
}

/// An answer in an encoding. What can't be said in it is told in it.
fn written(
    encoding: Encoding,
    answer: Wiped,
    limits: ttlv::Limits,
    refuse: impl FnOnce(&Refusal, &mut Wiped),
) -> Wiped {
    encoding.write(answer, limits).unwrap_or_else(|refusal| {
        let mut told = Wiped::default();
        refuse(&refusal, &mut told);
        encoding.write(told, limits).unwrap_or_default()
    })
}

/// The encoding of a request that is made as the profile says (§2.3, §2.4).
fn encoding(request: &Request<Incoming>) -> Result<Encoding, Refused> {
    if request.uri().path() != PATH {
        return Err(Refused::Path);
    }
    if request.method() != Method::POST {
        return Err(Refused::Method);
    }
    if request.headers().contains_key(CONTENT_ENCODING) {
        return Err(Refused::ContentType);
    }
    request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|content_type| content_type.to_str().ok())
        .and_then(Encoding::of)
        .ok_or(Refused::ContentType)
}

/// Where KMIP is (§2.3).
const PATH: &str = "/kmip";

/// Header fields in a request.
const HEADERS: usize = 64;

/// Bytes in a request's head.
const HEAD: usize = 16 << 10;

/// Texts of fewer bytes are translated where they arrive.
const SHORT: usize = 16 << 10;
