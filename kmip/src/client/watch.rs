//! Someone who sees the messages.

use std::{fmt, ops::ControlFlow, sync::Arc};

/// Sees every message that a client sends and receives, as bytes: for traces, recordings, dry runs.
///
/// Messages have keys and passwords in them. [`ttlv::Readable`](crate::ttlv::Readable) shows a message without.
pub trait Watch: Send + Sync {
    /// A request that is about to be sent; a break keeps it from that, and the call ends with
    /// [`Error::Withheld`](super::Error::Withheld).
    fn request(&self, message: &[u8]) -> ControlFlow<()>;

    /// An answer that came.
    fn response(&self, message: &[u8]);
}

/// A [`Watch`] that clients share.
#[derive(Clone)]
pub struct Watcher(Arc<dyn Watch>);

impl Watcher {
    /// Shares it.
    pub fn new(watch: impl Watch + 'static) -> Self {
        Self(Arc::new(watch))
    }
}

impl std::ops::Deref for Watcher {
    type Target = dyn Watch;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}
