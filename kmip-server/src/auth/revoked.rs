//! Clients whose certificates are revoked: lists that are read again when they change.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::authority::{AuthorityError, Revocations, Trust};
use crate::watch::Watched;

/// Revocation lists that may change.
pub type LiveRevocations = Arc<ArcSwap<Revocations>>;

/// Keeps revocation lists what their file says.
pub(crate) struct RevocationsWatch {
    path: PathBuf,
    authorities: PathBuf,
    live: LiveRevocations,
}

impl RevocationsWatch {
    /// The lists in a file, of the authorities in another.
    pub(crate) fn new(path: PathBuf, authorities: PathBuf) -> Result<Self, AuthorityError> {
        let live = Arc::new(ArcSwap::from_pointee(Revocations::read(&path, &Trust::read(&authorities)?)?));
        Ok(Self { path, authorities, live })
    }

    pub(crate) fn live(&self) -> LiveRevocations {
        Arc::clone(&self.live)
    }
}

impl Watched for RevocationsWatch {
    fn files(&self) -> Vec<PathBuf> {
        vec![self.path.clone(), self.authorities.clone()]
    }

    fn reload(&mut self) {
        let read = Trust::read(&self.authorities).and_then(|roots| Revocations::read(&self.path, &roots));
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
