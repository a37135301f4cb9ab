//! The one writer, and group commit.
//!
//! Callers take turns under the writer's lock. The first begins a transaction; each runs its closure in a
//! savepoint of it. Whoever finds nobody waiting behind them commits for all: while that commit is being
//! synced the next callers gather, and they share the next one. No one waits for a timer, and a lone
//! caller commits at once.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rusqlite::Connection;

use super::session::Session;
use super::{lock, snapshot};
use crate::store::{ReadFn, StoreError, TransactFn};

/// The writer's connection and those who share it.
pub(super) struct Writer {
    /// How many callers are waiting for the lock.
    waiting: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    connection: Connection,
    /// The callers of the open transaction, if one is open.
    group: Option<Arc<Group>>,
    /// How many of them there are.
    members: usize,
    /// Whether one of them changed something.
    changed: bool,
    /// How many commits there were.
    commits: u64,
}

/// Callers whose changes are committed together.
#[derive(Default)]
struct Group {
    outcome: Mutex<Option<Result<(), StoreError>>>,
    done: Condvar,
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Self {
        let state = State { connection, group: None, members: 0, changed: false, commits: 0 };
        Self { waiting: AtomicUsize::new(0), state: Mutex::new(state) }
    }

    /// Runs `f` on the writer's own connection, where it sees what is committed or about to be.
    pub(super) fn read(&self, f: ReadFn<'_>) -> Result<(), StoreError> {
        let state = lock(&self.state);
        let result = if state.connection.is_autocommit() {
            catch_unwind(AssertUnwindSafe(|| snapshot(&state.connection, f)))
        } else {
            catch_unwind(AssertUnwindSafe(|| f(&Session(&state.connection))))
        };
        drop(state);
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }

    pub(super) fn transact(&self, f: TransactFn<'_>) -> Result<(), StoreError> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut state = lock(&self.state);
        self.waiting.fetch_sub(1, Ordering::SeqCst);

        let group = state.join()?;
        let result = catch_unwind(AssertUnwindSafe(|| Session(&state.connection).savepoint_with(f)));
        if state.connection.is_autocommit() {
            // SQLite gave the whole transaction up (no space, a failing disk): nobody's changes are kept.
            let error = match &result {
                Ok(Err(error)) => error.clone(),
                _ => StoreError::Abandoned,
            };
            state.group = None;
            group.finish(Err(error));
        } else {
            state.changed |= matches!(result, Ok(Ok(())));
            // Someone who waits will take the lock, and either commit or leave that to the next.
            if self.waiting.load(Ordering::SeqCst) == 0 || state.members >= LARGEST_GROUP {
                let outcome = state.end();
                group.finish(outcome);
            }
        }
        drop(state);
        // Even an error waits: it may rest on what others of the group did, and that must hold first.
        let outcome = group.wait();
        match result {
            Ok(Ok(())) => outcome,
            Ok(Err(error)) => outcome.and(Err(error)),
            Err(panic) => resume_unwind(panic),
        }
    }

    #[cfg(test)]
    pub(super) fn commits(&self) -> u64 {
        lock(&self.state).commits
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    #[cfg(test)]
    pub(super) fn with_connection(&self, f: impl FnOnce(&Connection)) {
        f(&lock(&self.state).connection);
    }
}

impl State {
    /// The group of the open transaction, or of a new one.
    fn join(&mut self) -> Result<Arc<Group>, StoreError> {
        if let Some(group) = &self.group {
            self.members += 1;
            return Ok(Arc::clone(group));
        }
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let group = Arc::new(Group::default());
        self.group = Some(Arc::clone(&group));
        self.members = 1;
        self.changed = false;
        Ok(group)
    }

    /// Commits the open transaction, or ends it where nothing was changed.
    fn end(&mut self) -> Result<(), StoreError> {
        self.group = None;
        let connection = &self.connection;
        let ended = if self.changed {
            self.commits += 1;
            connection.prepare_cached("COMMIT").and_then(|mut statement| statement.execute([]))
        } else {
            connection.prepare_cached("ROLLBACK").and_then(|mut statement| statement.execute([]))
        };
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        ended?;
        Ok(())
    }
}

impl Group {
    fn finish(&self, outcome: Result<(), StoreError>) {
        *lock(&self.outcome) = Some(outcome);
        self.done.notify_all();
    }

    fn wait(&self) -> Result<(), StoreError> {
        let mut outcome = lock(&self.outcome);
        loop {
            if let Some(outcome) = &*outcome {
                return outcome.clone();
            }
            outcome = self.done.wait(outcome).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A group this large commits although others wait, so that none waits long.
const LARGEST_GROUP: usize = 128;
