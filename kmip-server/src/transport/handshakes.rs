//! A bound on unfinished handshakes that keeps the newest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The handshakes going on.
///
/// An honest handshake takes a few round trips; one that is old while there are many is not honest, or has the
/// slowest of networks. A new one is therefore never turned away for the sake of old ones.
pub(super) struct Handshakes {
    limit: usize,
    running: Arc<Mutex<Running>>,
}

#[derive(Default)]
struct Running {
    next: u64,
    /// By age. Dropping a sender tells its handshake that it is given up.
    turns: BTreeMap<u64, oneshot::Sender<()>>,
}

/// A handshake's leave to go on.
pub(super) struct Turn {
    number: u64,
    over: oneshot::Receiver<()>,
    running: Arc<Mutex<Running>>,
}

impl Handshakes {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), running: Arc::default() }
    }

    /// Begins a handshake, at the oldest one's cost if there are too many.
    pub(super) fn enter(&self) -> Turn {
        let (sender, over) = oneshot::channel();
        let mut running = lock(&self.running);
        let number = running.next;
        running.next += 1;
        if running.turns.len() >= self.limit {
            running.turns.pop_first();
        }
        running.turns.insert(number, sender);
        Turn { number, over, running: Arc::clone(&self.running) }
    }
}

impl Turn {
    /// Waits until the handshake is given up.
    pub(super) async fn over(&mut self) {
        let _ = (&mut self.over).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        lock(&self.running).turns.remove(&self.number);
    }
}

/// No panic can leave the map half changed.
fn lock(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_gives_way() {
        let handshakes = Handshakes::new(2);
        let mut first = handshakes.enter();
        let second = handshakes.enter();
        assert!(first.over.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty));
        let _third = handshakes.enter();
        first.over().await;
        drop(second);
        let mut fourth = handshakes.enter();
        assert!(fourth.over.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty));
        assert_eq!(lock(&handshakes.running).turns.len(), 2);
    }
}
