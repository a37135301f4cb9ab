//! The seam between the connections and what answers on them: requests go in as bytes, answers come out as bytes.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;
use kmip::ttlv::Version;

/// Answers what arrives on connections.
///
/// It is plain synchronous code: it knows neither sockets nor the runtime, and is tested without them. One handler
/// serves all connections at once; the requests of one connection come one after the other.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request; the answer is appended to `response`.
    ///
    /// `request` is one whole TTLV item whose tag is Request Message, its header included; nothing inside it has
    /// been looked at. Its memory is wiped when its last slice is dropped.
    fn handle(&self, peer: &Peer, request: Bytes, response: &mut Vec<u8>) -> Disposition;

    /// The answer to input that is no request at all, before the connection is closed. Appending nothing closes it
    /// without an answer.
    fn refuse(&self, refusal: &Refusal, response: &mut Vec<u8>);

    /// Whether handling this request may wait (for a commit) or compute for long, so that it must not run on a
    /// thread that serves other connections.
    fn may_block(&self, request: &Bytes) -> bool;
}

/// What becomes of a connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It waits for the next request.
    KeepOpen,
    /// It is closed as soon as the answer is written.
    Close,
}

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where it comes from.
    pub address: SocketAddr,
    /// The certificate that it proved to hold, verified against the configured authorities.
    pub certificate: Option<PeerCertificate>,
}

impl Peer {
    /// The common name of its certificate.
    pub fn common_name(&self) -> Option<&str> {
        self.certificate.as_ref()?.common_name.as_deref()
    }
}

/// A client's certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    /// The subject's common name. There is none if the subject has none, or several: then none of them says who it is.
    pub common_name: Option<String>,
    /// The subject's distinguished name, its parts in the order of the certificate: `O=Example, CN=client`.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The subject's alternative names.
    pub alternative_names: AlternativeNames,
    /// Whether the extended key usage says that it is for client authentication.
    pub client_usage: bool,
    /// The SHA-256 digest of the certificate.
    pub fingerprint_sha256: [u8; 32],
    /// The certificate itself.
    pub der: Bytes,
}

/// The alternative names of a certificate's subject that a client may be known by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlternativeNames {
    /// Addresses of e-mail.
    pub emails: Vec<String>,
    /// URIs.
    pub uris: Vec<String>,
    /// Names of the domain name system.
    pub dns: Vec<String>,
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCertificate")
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Input that is no request, so that the connection can't go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The request is longer than the server accepts.
    #[error("the request has {size} bytes, more than the {limit} that this server accepts")]
    TooLarge {
        /// The request's size, header included, as its header says.
        size: u64,
        /// The largest size accepted.
        limit: u64,
    },
    /// The input doesn't begin as a TTLV-encoded Request Message does.
    #[error("{found} where a TTLV-encoded Request Message must begin")]
    NotTtlv {
        /// What there is instead.
        found: Found,
    },
    /// The peer closed its end in the middle of a request.
    #[error("the request ends after {received} of {size} bytes")]
    Truncated {
        /// The request's size, as far as its header arrived: at least the 8 bytes of that.
        size: u64,
        /// The bytes that arrived.
        received: u64,
    },
    /// The request didn't arrive within the time allowed.
    #[error("only {received} of the request's {size} bytes arrived within the time allowed")]
    TooSlow {
        /// The request's size, as far as its header arrived: at least the 8 bytes of that.
        size: u64,
        /// The bytes that arrived.
        received: u64,
    },
    /// More arrived than the request.
    #[error("the request has {size} bytes, but {received} arrived")]
    Surplus {
        /// The request's size, header included, as its header says.
        size: u64,
        /// The bytes that arrived.
        received: u64,
    },
    /// The request is a text that can't be read.
    #[error("{reason}")]
    Unreadable {
        /// Why.
        reason: String,
        /// The version that it says nevertheless.
        version: Option<Version>,
    },
    /// The answer can't be said in the encoding of the request.
    #[error("the answer cannot be written: {reason}")]
    Unwritable {
        /// Why.
        reason: String,
        /// The answer's version.
        version: Option<Version>,
    },
    /// The server serves as many connections as it may.
    #[error("this server already serves the {limit} connections that it may")]
    TooManyConnections {
        /// How many that is.
        limit: usize,
    },
    /// The server serves as many connections of this client as it may.
    #[error("this server already serves the {limit} connections that one client may have")]
    TooManyOfOne {
        /// How many that is.
        limit: usize,
    },
}

/// What came where a request should begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// A request of the HTTP protocol.
    Http,
    /// An XML document.
    Xml,
    /// A JSON document.
    Json,
    /// TTLV of another tag or type, or something else: the first bytes.
    Header([u8; 8]),
}

impl From<[u8; 8]> for Found {
    fn from(header: [u8; 8]) -> Self {
        const METHODS: [&[u8]; 5] = [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS "];
        match header {
            _ if METHODS.iter().any(|method| header.starts_with(method)) => Self::Http,
            [b'<', ..] => Self::Xml,
            [b'{', ..] => Self::Json,
            _ => Self::Header(header),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http => f.write_str("an HTTP request"),
            Self::Xml => f.write_str("XML"),
            Self::Json => f.write_str("JSON"),
            Self::Header([a, b, c, kind, ..]) => {
                write!(f, "tag 0x{a:02X}{b:02X}{c:02X} of type 0x{kind:02X}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_named() {
        let refusal = |bytes: &[u8; 8]| Refusal::NotTtlv { found: Found::from(*bytes) }.to_string();
        assert!(refusal(b"POST /km").starts_with("an HTTP request where"));
        assert!(refusal(b"<Request").starts_with("XML where"));
        assert!(refusal(b"{\"tag\":\"").starts_with("JSON where"));
        assert!(refusal(&[0x42, 0, 0x7B, 1, 0, 0, 0, 8]).starts_with("tag 0x42007B of type 0x01 where"));
    }
}
