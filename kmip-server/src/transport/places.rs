//! The places for connections, so many in all and so many of one client, and the threads that one client may have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Limits;
use crate::handler::{Peer, Refusal};

/// What a client is counted by: its certificate's digest.
type Client = [u8; 32];

/// The places there are.
pub(super) struct Places {
    all: Arc<Semaphore>,
    limit: usize,
    limit_of_one: usize,
    turns_of_one: usize,
    taken: Arc<Mutex<HashMap<Client, Taken>>>,
}

/// What one client has.
struct Taken {
    places: usize,
    turns: Arc<Semaphore>,
}

/// A place that is taken. It is free again when this is dropped.
pub(super) struct Place {
    client: Option<Client>,
    turns: Arc<Semaphore>,
    taken: Arc<Mutex<HashMap<Client, Taken>>>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            all: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
            limit: limits.connections,
            limit_of_one: limits.connections_per_client.max(1),
            turns_of_one: limits.workers_per_client.clamp(1, Semaphore::MAX_PERMITS),
            taken: Arc::default(),
        }
    }

    /// Takes a place for a client, if there is one.
    pub(super) fn take(&self, peer: &Peer) -> Result<Place, Refusal> {
        let full = Refusal::TooManyConnections { limit: self.limit };
        let permit = Arc::clone(&self.all).try_acquire_owned().map_err(|_| full)?;
        let client = peer.certificate.as_ref().map(|certificate| certificate.fingerprint_sha256);
        let new = || Taken { places: 0, turns: Arc::new(Semaphore::new(self.turns_of_one)) };
        let turns = match client {
            None => new().turns,
            Some(client) => {
                let mut taken = lock(&self.taken);
                let of_one = taken.entry(client).or_insert_with(new);
                // Those at the limit have an entry already: nothing is left behind by one that is turned away.
                if of_one.places >= self.limit_of_one {
                    return Err(Refusal::TooManyOfOne { limit: self.limit_of_one });
                }
                of_one.places += 1;
                Arc::clone(&of_one.turns)
            }
        };
        Ok(Place { client, turns, taken: Arc::clone(&self.taken), _permit: permit })
    }
}

impl Place {
    /// The threads that its client may have at once, as permits.
    pub(super) fn turns(&self) -> Arc<Semaphore> {
        Arc::clone(&self.turns)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut taken = lock(&self.taken);
        if let Some(of_one) = taken.get_mut(&client) {
            of_one.places -= 1;
            if of_one.places == 0 {
                taken.remove(&client);
            }
        }
    }
}

/// Nothing that panics happens under this lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
