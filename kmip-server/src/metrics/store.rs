//! A store whose changes are timed.

use std::sync::Arc;
use std::time::Instant;

use super::Metrics;
use crate::store::{ReadFn, Store, StoreError, TransactFn};

/// A store, and how long its changes take.
pub(crate) struct Measured {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
}

impl Measured {
    pub(crate) fn new(store: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics }
    }
}

impl Store for Measured {
    fn read(&self, f: ReadFn<'_>) -> Result<(), StoreError> {
        self.store.read(f)
    }

    fn transact(&self, f: TransactFn<'_>) -> Result<(), StoreError> {
        let since = Instant::now();
        let done = self.store.transact(f);
        self.metrics.committed(since.elapsed());
        done
    }
}
