//! What the transport counts: numbers that cost an addition, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows, or that goes up and down.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the connections of a server have come to.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Connections that were accepted.
    pub(crate) accepted: Count,
    /// Connections that are served.
    pub(crate) open: Count,
    /// Handshakes that are going on.
    pub(crate) handshakes: Count,
    /// Handshakes that failed, by what the client did or had.
    pub(crate) failed: Count,
    /// Handshakes that took too long.
    pub(crate) slow: Count,
    /// Handshakes that gave way to newer ones.
    pub(crate) crowded: Count,
    /// Connections turned away since there were too many of their address.
    pub(crate) of_address: Count,
    /// The same, of their client.
    pub(crate) of_client: Count,
    /// The same, of all.
    pub(crate) of_server: Count,
    /// Requests that were none, too large, or too slow.
    pub(crate) refused: Count,
    /// Requests that wait for a thread.
    pub(crate) waiting: Count,
    /// Threads that work on one.
    pub(crate) working: Count,
    /// Requests that the handler panicked on.
    pub(crate) panics: Count,
}

/// One of those that are counted while they last.
#[derive(Debug)]
pub(crate) struct Held {
    counters: Arc<Counters>,
    which: fn(&Counters) -> &Count,
}

impl Counters {
    /// Counts one until what is returned is dropped.
    pub(crate) fn hold(self: &Arc<Self>, which: fn(&Self) -> &Count) -> Held {
        which(self).add();
        Held { counters: Arc::clone(self), which }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        (self.which)(&self.counters).0.fetch_sub(1, Ordering::Relaxed);
    }
}
