//! Requests of HTTP that carry no message of KMIP, and what is said of them.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use super::PATH;
use crate::encoding::Encoding;
use crate::handler::{Disposition, Refusal};

/// Why a request can't be answered with a message of KMIP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("KMIP is at {PATH}")]
    Path,
    #[error("a message of KMIP is sent with POST")]
    Method,
    #[error(
        "the Content-Type is application/octet-stream for TTLV, text/xml or application/json, the two in UTF-8, and \
         there is no Content-Encoding"
    )]
    ContentType,
    #[error("the Content-Length has to be said")]
    NoLength,
    #[error("{0}")]
    TooLarge(Refusal),
    #[error("{0}")]
    TooSlow(Refusal),
    #[error("the request ended too early")]
    Incomplete,
    #[error("the request could not be handled")]
    Failed,
    #[error("the server stops")]
    Stopping,
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NoLength => StatusCode::LENGTH_REQUIRED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the client is told. The connection ends with it: nothing of the body was read, or not all.
    pub(super) fn response(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(format!("{self}\n")));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if *self == Self::Method {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

/// An answer of KMIP (KMIP Additional Message Encodings 1.0 §2.5).
pub(super) fn answer(encoding: Encoding, body: Bytes, disposition: Disposition) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(encoding.content_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if disposition == Disposition::Close {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What a client is told for which there is no place, before anything of it is read.
pub(super) fn no_place(refusal: &Refusal) -> Vec<u8> {
    let text = format!("{refusal}\n");
    format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-cache\r\nConnection: close\r\n\r\n{text}",
        text.len()
    )
    .into_bytes()
}
