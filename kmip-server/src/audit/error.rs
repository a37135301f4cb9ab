//! What can go wrong with the audit log.

use std::path::{Path, PathBuf};

use super::Fault;
use crate::seal::SealError;
use crate::store::StoreError;

/// Why the audit log can't be written, read or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The chain is broken.
    #[error(transparent)]
    Broken(#[from] Fault),
    /// The place where it is broken.
    #[error("{place}: {fault}")]
    BrokenAt {
        /// The file and line, or the store.
        place: String,
        /// How.
        fault: Fault,
    },
    /// What the store says of the chain's ends opens, but is nothing.
    #[error("what the store says of the audit log is in a form that this server does not know")]
    State,
    /// What the store says of the chain's ends is missing.
    #[error("the store has records of an audit log, but not where it ends: that was removed")]
    StateMissing,
    /// A record can't be written.
    #[error("a record of the audit log: {0}")]
    Entry(String),
    /// A file can't be read or written.
    #[error("the audit log's file {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The store failed, or what is sealed in it can't be opened.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl AuditError {
    pub(super) fn file(path: &Path, error: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), error }
    }

    /// Says where a chain is broken.
    #[must_use]
    pub(super) fn at(self, place: impl FnOnce() -> String) -> Self {
        match self {
            Self::Broken(fault) => Self::BrokenAt { place: place(), fault },
            other => other,
        }
    }
}

impl From<StoreError> for AuditError {
    fn from(error: StoreError) -> Self {
        Self::Seal(SealError::Store(error))
    }
}
