//! Why a server can't listen.

use std::io;
use std::path::{Path, PathBuf};

use openssl::error::ErrorStack;

/// What keeps a server from listening.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The port is taken.
    #[error(
        "cannot listen on {address}: the port is in use, maybe by a server that runs already; stop that, or listen on \
         another port"
    )]
    InUse {
        /// The address.
        address: String,
    },
    /// The address can't be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        error: io::Error,
    },
    /// A file can't be read.
    #[error("{what} {}: {error}", path.display())]
    File {
        /// What the file should be.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file doesn't hold what it should.
    #[error("{what} {}: {reason}", path.display())]
    Content {
        /// What the file should be.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The TLS options can't be used.
    #[error("TLS: {0}")]
    Tls(String),
}

impl TransportError {
    pub(super) fn listen(address: &str, error: io::Error) -> Self {
        let address = address.to_owned();
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { address },
            _ => Self::Listen { address, error },
        }
    }

    pub(super) fn content(what: &'static str, path: &Path, reason: impl Into<String>) -> Self {
        Self::Content { what, path: path.to_owned(), reason: reason.into() }
    }
}

impl From<ErrorStack> for TransportError {
    fn from(error: ErrorStack) -> Self {
        Self::Tls(error.to_string())
    }
}
