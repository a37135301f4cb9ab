//! Revocation lists that are read again when their files change.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{AuthorityError, LiveRevocations, Revocations, Trust};
use crate::watch::Watched;

/// Keeps revocation lists what their file says.
pub(crate) struct RevocationsWatch {
    path: PathBuf,
    authorities: Vec<PathBuf>,
    live: LiveRevocations,
}

impl RevocationsWatch {
    /// The lists in a file, of the authorities in others.
    pub(crate) fn new(path: PathBuf, authorities: Vec<PathBuf>) -> Result<Self, AuthorityError> {
        let live =
            Arc::new(ArcSwap::from_pointee(Revocations::read(&path, &Trust::read_all(&authorities)?)?));
        Ok(Self { path, authorities, live })
    }

    pub(crate) fn live(&self) -> LiveRevocations {
        Arc::clone(&self.live)
    }
}

impl Watched for RevocationsWatch {
    fn files(&self) -> Vec<PathBuf> {
        [std::slice::from_ref(&self.path), &self.authorities].concat()
    }

    fn reload(&mut self) {
        let read = Trust::read_all(&self.authorities).and_then(|roots| Revocations::read(&self.path, &roots));
        match read {
            Ok(lists) => {
                self.live.store(Arc::new(lists));
                tracing::info!(file = %self.path.display(), "read the revoked certificates");
            }
            Err(error) => {
                tracing::error!("{error}; those that were revoked before stay so, and no others are")
            }
        }
    }
}
