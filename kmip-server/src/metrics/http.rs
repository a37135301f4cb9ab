//! The port on which monitoring asks: `/metrics`, `/health` and `/ready`, in plain HTTP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::{Metrics, Probe};

/// Answers whoever monitors the server.
pub(crate) struct Monitor {
    listener: TcpListener,
    source: Arc<Source>,
}

struct Source {
    metrics: Arc<Metrics>,
    probe: Arc<Probe>,
}

impl Monitor {
    pub(crate) async fn bind(
        address: &str,
        metrics: Arc<Metrics>,
        probe: Arc<Probe>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, source: Arc::new(Source { metrics, probe }) })
    }

    pub(crate) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers for as long as it is let to.
    pub(crate) async fn serve(self) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection for monitoring could not be accepted");
                    sleep(PAUSE).await;
                    continue;
                }
            };
            // One more than there may be is closed: monitoring comes again.
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let source = Arc::clone(&self.source);
            tokio::spawn(async move {
                let _ = timeout(TIME, converse(stream, source)).await;
                drop(place);
            });
        }
    }
}

async fn converse(stream: TcpStream, source: Arc<Source>) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let source = Arc::clone(&source);
        async move { Ok::<_, Infallible>(source.answer(&request).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(TIME).max_buf_size(BUFFER).keep_alive(false);
    if let Err(error) = server.serve_connection(TokioIo::new(stream), answer).await {
        tracing::debug!(%error, "a connection for monitoring ended");
    }
}

impl Source {
    async fn answer(self: Arc<Self>, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n".into());
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let path = request.uri().path().to_owned();
        // The store is asked, which may take a while.
        let answered = spawn_blocking(move || match path.as_str() {
            "/metrics" => match self.metrics.text() {
                Ok(text) => {
                    let mut response = plain(StatusCode::OK, text);
                    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
                    response
                }
                Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "not to be had\n".into()),
            },
            // That it answers is all there is to say.
            "/health" => plain(StatusCode::OK, "alive\n".into()),
            "/ready" => match self.probe.fault() {
                None => plain(StatusCode::OK, "ready\n".into()),
                Some(fault) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{fault}\n")),
            },
            _ => plain(StatusCode::NOT_FOUND, "there are /metrics, /health and /ready\n".into()),
        });
        answered.await.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "not to be had\n".into()))
    }
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Connections at once.
const CONNECTIONS: usize = 32;

/// How long one may take.
const TIME: Duration = Duration::from_secs(30);

/// Bytes of a request's head.
const BUFFER: usize = 16 << 10;

/// How long to wait after a connection couldn't be accepted.
const PAUSE: Duration = Duration::from_millis(100);
