//! Whether the server can serve.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::audit::Audit;
use crate::store::{self, Store};

/// What has to be well for the server to serve.
pub(crate) struct Probe {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) audit: Option<Arc<Audit>>,
    /// Whether it is about to end.
    pub(crate) stopping: AtomicBool,
}

impl Probe {
    /// From now on nobody should come any more.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// What keeps it from serving, in words that may be told to anyone.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        if self.stopping.load(Ordering::Relaxed) {
            return Some("the server stops");
        }
        if store::read(&*self.store, |snapshot| snapshot.is_empty()).is_err() {
            return Some("the store cannot be read");
        }
        if self.audit.as_ref().is_some_and(|audit| audit.refuses()) {
            return Some("the audit log cannot be written");
        }
        None
    }
}
