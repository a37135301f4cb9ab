use std::{fmt, io, time::Duration};

use super::options::Address;
use crate::{
    ttlv::{self, Bytes, Text},
    types::{Operation, ResultReason, ResultStatus},
};

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A certificate or key can't be used.
    #[error("{role} {place}: {reason}")]
    Pem {
        /// What it was to be used as.
        role: Role,
        /// The file; or that it was given as text.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No server of the list could be reached.
    #[error("no connection: {}", Attempts(.0))]
    Connect(
        /// What happened at each server that was tried, in order.
        Vec<Attempt>,
    ),
    /// The answer took longer than [`Options::request_timeout`](super::Options::request_timeout).
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection broke while a request was under way.
    #[error("the connection was lost {}: {source}", if *.sent { "before the answer came" } else { "before the request was sent" })]
    Lost {
        /// Whether the whole request had been written by then, so that it may have taken effect.
        sent: bool,
        /// What was seen of it.
        source: io::Error,
    },
    /// The request can't be written in the version in use; nothing was sent.
    #[error("the request can't be written: {0}")]
    Encode(#[source] ttlv::Error),
    /// The answer is not what the tables describe.
    #[error("the answer can't be read: {0}")]
    Decode(#[source] ttlv::Error),
    /// The request can't be written in the encoding of the transport; nothing was sent.
    #[cfg(feature = "https")]
    #[error("the request can't be written: {0}")]
    Write(#[source] crate::transcode::Error),
    /// The answer can't be read in the encoding of the transport.
    #[cfg(feature = "https")]
    #[error("the answer can't be read: {0}")]
    Read(#[source] crate::transcode::Error),
    /// The server didn't do it.
    #[error("{operation} was refused: {}", Refusal { reason: *reason, status: *status, message: message.as_deref() })]
    Refused {
        /// What was asked for.
        operation: Operation,
        /// How it ended.
        status: ResultStatus,
        /// Why, as the specification's table has it.
        reason: Option<ResultReason>,
        /// Why, in the server's words.
        message: Option<Text>,
    },
    /// The server didn't come to this item of the batch: one before it failed.
    #[error("{0} was not tried: another operation of its batch failed")]
    NotTried(Operation),
    /// The answer doesn't follow the rules of the protocol.
    #[error("the server broke the protocol: {0}")]
    Violation(#[from] Violation),
    /// The server goes on with this in the background ([`Options::asynchronous`](super::Options::asynchronous)).
    #[error("the server put off {operation}: ask for its end with the correlation value")]
    Pending {
        /// What was asked for.
        operation: Operation,
        /// What to poll for it with, or to cancel it.
        correlation_value: Bytes,
    },
    /// A [`Watch`](super::Watch) kept the request from being sent.
    #[error("the request was not sent")]
    Withheld,
    /// The operation needs an identifier and has no use for the ID Placeholder.
    #[error("{0} needs an identifier")]
    NoIdentifier(Operation),
    /// What was to be sent in parts can't be read, or what came back can't be written.
    #[error("{0}")]
    Stream(#[source] io::Error),
    /// The pool had no client within the time for that.
    #[error("all clients of the pool were in use for {0:?}")]
    Busy(Duration),
    /// The client isn't open.
    #[error("the client is not open")]
    NotOpen,
    /// The client is open already.
    #[error("the client is open already")]
    AlreadyOpen,
    /// The operation is not in the version in use; nothing was sent.
    #[error("KMIP {version} has no operation {operation}")]
    NoSuchOperation {
        /// The operation.
        operation: Operation,
        /// The version in use.
        version: ttlv::Version,
    },
    /// The attribute has no name in the version in use.
    #[error("KMIP {version} has no attribute {name}")]
    NoSuchAttribute {
        /// The attribute.
        name: String,
        /// The version in use.
        version: ttlv::Version,
    },
    /// The object is of a kind that the tables don't list, so that it has no Object Type to be registered with.
    #[error("an object of an unknown kind can't be registered")]
    UnknownObject,
    /// Client and server have no protocol version in common.
    #[error("the server speaks none of the protocol versions asked for{}", Offered(.0))]
    NoCommonVersion(
        /// Those that the server offers.
        Vec<ttlv::Version>,
    ),
    /// The operating system gave no resources for a connection or a runtime.
    #[error("{0}")]
    System(#[source] io::Error),
}

impl Error {
    /// Whether the server may have done what was asked although the call has no result. Only where this is `false` is
    /// it safe to send a request again that changes something.
    pub fn may_have_taken_effect(&self) -> bool {
        match self {
            Self::Timeout(_) | Self::Decode(_) | Self::Violation(_) | Self::Pending { .. } => true,
            // What came back could not be written, perhaps.
            Self::Stream(_) => true,
            Self::Lost { sent, .. } => *sent,
            #[cfg(feature = "https")]
            Self::Read(_) => true,
            _ => false,
        }
    }

    /// The reason that the server gave, if it refused.
    pub fn reason(&self) -> Option<ResultReason> {
        match self {
            Self::Refused { reason, .. } => *reason,
            _ => None,
        }
    }
}

/// What a certificate or key is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// Those that the server's certificate is checked against.
    CertificateAuthority,
    /// The client's certificate.
    Certificate,
    /// The key of the client's certificate.
    Key,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CertificateAuthority => "certificate authority",
            Self::Certificate => "client certificate",
            Self::Key => "client key",
        })
    }
}

/// An attempt to reach a server, and what became of it.
#[derive(Debug, thiserror::Error)]
#[error("{server}: {failure}")]
pub struct Attempt {
    /// The server.
    pub server: Address,
    /// What went wrong.
    #[source]
    pub failure: Unreachable,
}

/// Why a server could not be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreachable {
    /// Its name has no address.
    #[error("the name can't be resolved: {0}")]
    Resolve(#[source] io::Error),
    /// There is no connection to its address.
    #[error("{0}")]
    Tcp(#[source] io::Error),
    /// Its certificate is not accepted.
    #[error("its certificate is not accepted: {0}")]
    Certificate(String),
    /// TLS can't be agreed on.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// It took longer than [`Options::connect_timeout`](super::Options::connect_timeout).
    #[error("no connection within {0:?}")]
    Timeout(Duration),
    /// It took longer than [`Options::handshake_timeout`](super::Options::handshake_timeout).
    #[error("no TLS within {0:?}")]
    Handshake(Duration),
}

/// How an answer breaks the rules of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// What came is no KMIP response.
    #[error("what it sent is no KMIP response")]
    NotKmip,
    /// The answer is larger than the limit.
    #[error("the answer has {size} bytes, more than the {limit} that are allowed")]
    TooLarge {
        /// The size that it has.
        size: usize,
        /// [`Limits::size`](crate::ttlv::Limits::size) of the options.
        limit: usize,
    },
    /// HTTP has another status than 200.
    #[error("it answered with the HTTP status {0}")]
    Status(u16),
    /// The answer is of another media type than the request, or says none.
    #[error("its answer is not of the media type {0}")]
    MediaType(&'static str),
    /// The answer has another number of items than the batch had, or than it says itself.
    #[error("the answer has {found} items for a batch of {expected}")]
    BatchCount {
        /// How many were asked for.
        expected: usize,
        /// How many came.
        found: usize,
    },
    /// An item answers another operation.
    #[error("it answered {found} to {expected}")]
    Operation {
        /// What was asked for.
        expected: Operation,
        /// What was answered.
        found: Operation,
    },
    /// An item has an identifier that no item of the batch had, or that another has, too.
    #[error("an item of the answer can't be matched with one of the batch")]
    BatchItem,
    /// A successful item has no payload, or that of another operation.
    #[error("the answer to {0} has no payload that fits")]
    Payload(Operation),
    /// The operation goes on in the background, though that was not allowed.
    #[error("it put off {0}, though it was not told that it may")]
    Pending(Operation),
    /// The item's field has to be there, and is not, or has a value that it can't have.
    #[error("the answer to {0} lacks what it has to have")]
    Incomplete(Operation),
}

struct Attempts<'a>(&'a [Attempt]);

impl fmt::Display for Attempts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no server is given");
        }
        for (number, attempt) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{attempt}")?;
        }
        Ok(())
    }
}

struct Refusal<'a> {
    reason: Option<ResultReason>,
    status: ResultStatus,
    message: Option<&'a str>,
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Some(reason) => match reason.info() {
                Some(info) => f.write_str(info.name)?,
                None => write!(f, "{reason}")?,
            },
            None => write!(f, "{}", self.status)?,
        }
        match self.message {
            Some(message) if !message.is_empty() => write!(f, ": {message}"),
            _ => Ok(()),
        }
    }
}

struct Offered<'a>(&'a [ttlv::Version]);

impl fmt::Display for Offered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, version) in self.0.iter().enumerate() {
            f.write_str(if number == 0 { "; it offers " } else { ", " })?;
            write!(f, "{version}")?;
        }
        Ok(())
    }
}
