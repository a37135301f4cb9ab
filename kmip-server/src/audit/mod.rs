//! The audit log: who asked for what, which objects it concerned, and what became of it.
//!
//! Every operation has a record, allowed or refused. One that changes something has it in the same transaction as the change:
//! there is neither without the other. The others are gathered, and written within a second by a [thread](Keeper) of its
//! own: a request pays for them with one push onto a list. They are lines of JSON, each of which says the SHA-256 digest of
//! the line before it (`chain`); where the chain ends is kept sealed (`state`).
//!
//! Why a plain digest and a sealed end, rather than a keyed digest (an HMAC) for each record: exported files can then be
//! checked by an auditor who must not have the master key, with `sha256sum` if need be, and what only the server can know, its
//! end, is still its own. Whoever has the database alone can't forge that; whoever has the master key could forge an HMAC as
//! well. Against them there are only the files and heads that were brought elsewhere in time.
//!
//! Records stay in the store until there are [many](AuditOptions::rotate_bytes). Then they go to a file, and out of the store.

mod chain;
mod entry;
mod error;
mod files;
mod keeper;
mod rotation;
mod state;
mod verify;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

pub use chain::{Check, Fault, Link};
pub(crate) use entry::Event;
pub use entry::{Entry, Outcome};
pub use error::AuditError;
pub use files::Files;
pub use keeper::Keeper;
pub use verify::{Verified, verify};

use self::state::State;
use crate::seal::Seal;
use crate::store::{self, AuditSegment, Store, Transaction};

/// What the audit log is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditOptions {
    /// When the record of an operation that changes nothing has to be there.
    pub mode: Mode,
    /// Whether operations that succeed and change nothing are recorded as well.
    pub reads: bool,
    /// Where records go that leave the store. Where there is no such folder, they are forgotten then.
    pub directory: Option<PathBuf>,
    /// How many bytes of records may be in the store.
    pub rotate_bytes: u64,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self { mode: Mode::default(), reads: true, directory: None, rotate_bytes: 64 << 20 }
    }
}

/// When the record of an operation that changes nothing has to be there. That of one which changes something is always
/// there as soon as the change is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Within a second. Should the store not take them, they are kept as long as there is room; then they are counted,
    /// and the server goes on.
    #[default]
    Open,
    /// Within a second. Should the store not take them, nothing is served until it does.
    Closed,
    /// Before the answer is given.
    Strict,
}

/// The audit log of a server.
pub struct Audit {
    store: Arc<dyn Store>,
    seal: Arc<Seal>,
    options: AuditOptions,
    waiting: Mutex<Waiting>,
    /// Told when there is much to be written, or the server ends.
    wake: Condvar,
    /// Held while records are written, so that they are in their order.
    writing: Mutex<()>,
    /// Whether the last attempt to write failed.
    failing: AtomicBool,
    failures: AtomicU64,
    lost: AtomicU64,
    head: AtomicU64,
    known: Mutex<Option<(Vec<u8>, State)>>,
}

/// What is to be written.
#[derive(Default)]
struct Waiting {
    entries: Vec<Entry>,
    /// How many there was no room for.
    lost: u64,
    stop: bool,
}

impl Audit {
    /// The audit log of a store.
    ///
    /// # Errors
    /// When what the store says of its end can't be opened, or was removed. That records are missing at the end is an
    /// entry of the log: the chain goes on where it ended, so that the gap shows.
    pub fn open(
        store: Arc<dyn Store>,
        seal: Arc<Seal>,
        options: AuditOptions,
    ) -> Result<Arc<Self>, AuditError> {
        let (state, end) = store::read(&*store, |snapshot| {
            Ok::<_, AuditError>((State::read(snapshot, &seal)?, snapshot.audit_end()?))
        })?;
        if state.is_none() && end.is_some() {
            return Err(AuditError::StateMissing);
        }
        let state = state.unwrap_or_default();
        let found = end
            .as_ref()
            .map_or(state.start, |segment| Link::of(segment.last, files::last_line(&segment.lines)));
        if found != state.head {
            let (found, head) = (found.number, state.head.number);
            tracing::error!(target: crate::log::CRITICAL, found, head, "the audit log's end was tampered with");
        }
        Ok(Arc::new(Self {
            store,
            seal,
            options,
            waiting: Mutex::default(),
            wake: Condvar::new(),
            writing: Mutex::new(()),
            failing: AtomicBool::new(false),
            failures: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            head: AtomicU64::new(state.head.number),
            known: Mutex::new(None),
        }))
    }

    /// Takes note of what changed nothing. It is written within a second.
    pub fn note(&self, entry: Entry) {
        if entry.outcome == Some(Outcome::Success) && !self.options.reads {
            return;
        }
        let mut waiting = lock(&self.waiting);
        if waiting.entries.len() >= MOST {
            waiting.lost = waiting.lost.saturating_add(1);
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.entries.push(entry);
        if waiting.entries.len() == MANY {
            self.wake.notify_all();
        }
    }

    /// Records changes in their own transaction.
    ///
    /// # Errors
    /// When the store fails: then the change fails, too.
    pub fn append(&self, transaction: &mut dyn Transaction, entries: &[Entry]) -> Result<(), AuditError> {
        let bodies: Vec<String> = entries.iter().map(Entry::to_json).collect::<Result<_, _>>()?;
        self.write(transaction, &bodies).map(drop)
    }

    fn write(&self, transaction: &mut dyn Transaction, bodies: &[String]) -> Result<Link, AuditError> {
        let mut state = self.state(&*transaction)?;
        let first = state.head.number.saturating_add(1);
        let room = bodies.iter().map(|body| body.len().saturating_add(ENVELOPE)).sum();
        let mut lines = Vec::with_capacity(room);
        bodies.iter().for_each(|body| state.head.follow(body, &mut lines));
        state.bytes = state.bytes.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
        transaction.append_audit(&AuditSegment { first, last: state.head.number, lines })?;
        self.set_state(transaction, state)?;
        Ok(state.head)
    }

    /// Writes what was taken note of.
    ///
    /// # Errors
    /// When the store doesn't take it. It is kept, and written with the next.
    pub fn flush(&self) -> Result<(), AuditError> {
        let _turn = lock(&self.writing);
        let (mut entries, lost) = {
            let mut waiting = lock(&self.waiting);
            (std::mem::take(&mut waiting.entries), std::mem::take(&mut waiting.lost))
        };
        if entries.is_empty() && lost == 0 {
            return Ok(());
        }
        let written = self.write_all(&entries, lost);
        match &written {
            Ok(head) => {
                self.head.fetch_max(head.number, Ordering::Relaxed);
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::warn!(lost, "the audit log can be written again");
                }
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::error!(target: crate::log::CRITICAL, %error, "the audit log cannot be written");
                }
                let mut waiting = lock(&self.waiting);
                waiting.lost = waiting.lost.saturating_add(lost);
                entries.append(&mut waiting.entries);
                waiting.entries = entries;
            }
        }
        written.map(drop)
    }

    fn write_all(&self, entries: &[Entry], lost: u64) -> Result<Link, AuditError> {
        let mut bodies: Vec<String> = entries.iter().map(Entry::to_json).collect::<Result<_, _>>()?;
        if lost > 0 {
            bodies.push(Entry { count: Some(lost), ..Entry::event(Event::Lost) }.to_json()?);
        }
        store::transact(&*self.store, |transaction| self.write(transaction, &bodies))
    }

    /// Whether nothing may be served for now, since it could not be recorded.
    pub fn refuses(&self) -> bool {
        self.options.mode != Mode::Open && self.failing.load(Ordering::Relaxed)
    }

    /// Whether an answer has to wait for its record.
    pub fn is_strict(&self) -> bool {
        self.options.mode == Mode::Strict
    }

    /// Whether the last attempt to write failed.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// How many attempts to write have failed, and how many records were lost by that.
    pub fn failures(&self) -> (u64, u64) {
        (self.failures.load(Ordering::Relaxed), self.lost.load(Ordering::Relaxed))
    }

    /// The number of the last record, of those that were written by the thread.
    pub(crate) fn head(&self) -> u64 {
        self.head.load(Ordering::Relaxed)
    }

    /// How many records are yet to be written.
    pub fn waiting(&self) -> usize {
        lock(&self.waiting).entries.len()
    }
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Nothing that panics happens under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// So many records are written without waiting for more.
const MANY: usize = 4096;

/// More than these are not kept while the store doesn't take them.
const MOST: usize = 65_536;

/// About what a record's place in the chain takes.
const ENVELOPE: usize = 110;

#[cfg(test)]
mod tests;
