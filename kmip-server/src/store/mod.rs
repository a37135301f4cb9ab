//! Where objects are kept.
//!
//! A [`Store`] holds records that it does not understand: the attributes and the key material of an object
//! are sealed before they come here. What it does understand is what finding an object needs, the columns
//! of a [`Header`] and the [`IndexEntry`] rows derived from the attributes.
//!
//! [`Store::transact`] returns when the change is durable. Closures of concurrent callers run one after
//! the other, each sees what those before it did, and they may share one commit.
//!
//! Closures get at a result by [`read`] and [`transact`]:
//!
//! ```
//! use kmip_server::store::{self, Header, Snapshot, Store, StoreError, Transaction};
//!
//! let store = store::open("memory:")?;
//! let header = Header {
//!     identifier: "1".into(),
//!     owner: "alice".into(),
//!     policy: "default".into(),
//!     object_type: 2,
//!     state: Some(1),
//!     storage: 1,
//!     due: None,
//! };
//! let sequence = store::transact(&*store, |tx| {
//!     tx.insert(&header, b"sealed attributes", Some(b"sealed key"), &[])
//! })?;
//! let found = store::read(&*store, |snapshot| snapshot.object("1"))?;
//! assert_eq!(found.map(|object| object.sequence), Some(sequence));
//! # Ok::<(), StoreError>(())
//! ```

mod claim;
mod error;
mod query;
pub mod sqlite;
#[cfg(test)]
mod suite;

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

pub use claim::Claim;
pub use error::StoreError;
pub use query::{Condition, Grant, IndexEntry, IndexValue, Located, Query, Visibility};

/// Keeps objects. See the [module](self).
pub trait Store: Send + Sync {
    /// Runs `f` on one consistent state of the store. Readers never wait for writers.
    ///
    /// # Errors
    /// What `f` returns, or what kept it from being run.
    fn read(&self, f: ReadFn<'_>) -> Result<(), StoreError>;

    /// Runs `f` and makes what it did durable before returning.
    ///
    /// If `f` returns an error, everything it did is undone. A store may run `f` more than once, undoing
    /// all but the last run.
    ///
    /// # Errors
    /// What `f` returns, or what kept its changes from being made durable.
    fn transact(&self, f: TransactFn<'_>) -> Result<(), StoreError>;
}

/// What [`Store::read`] runs.
pub type ReadFn<'f> = &'f mut dyn FnMut(&dyn Snapshot) -> Result<(), StoreError>;

/// What [`Store::transact`] runs.
pub type TransactFn<'f> = &'f mut dyn FnMut(&mut dyn Transaction) -> Result<(), StoreError>;

/// One consistent state of a store.
pub trait Snapshot {
    /// The object with this identifier, without its key material.
    fn object(&self, identifier: &str) -> Result<Option<Object>, StoreError>;

    /// The object with this identifier, and its sealed key material if it has any.
    fn object_with_material(&self, identifier: &str) -> Result<Option<WithMaterial>, StoreError>;

    /// The identifiers of the objects that meet a query.
    fn locate(&self, query: &Query) -> Result<Located, StoreError>;

    /// The identifiers of the objects that are due by `now`, the earliest first, at most `limit` of them.
    fn due(&self, now: i64, limit: u32) -> Result<Vec<String>, StoreError>;

    /// Some objects in the order in which they were made: those behind the one of this place, at most `limit` of them.
    fn objects_after(&self, sequence: u64, limit: u32) -> Result<Vec<WithMaterial>, StoreError>;

    /// How many objects there are.
    fn count(&self) -> Result<u64, StoreError>;

    /// Whether there is no object at all.
    fn is_empty(&self) -> Result<bool, StoreError>;

    /// How many objects there are of each type and state.
    fn census(&self) -> Result<Vec<Census>, StoreError>;

    /// The setting of that name.
    fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// The settings whose names begin with `prefix`, in the order of their names.
    fn settings(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError>;

    /// The segments of the audit log whose first record is `from` or a later one, in order, until they have more than
    /// `bytes` bytes.
    fn audit(&self, from: u64, bytes: usize) -> Result<Vec<AuditSegment>, StoreError>;

    /// The last segment of the audit log.
    fn audit_end(&self) -> Result<Option<AuditSegment>, StoreError>;
}

/// Changes to a store, and what they have done so far.
pub trait Transaction: Snapshot {
    /// Adds an object and returns its place in the order of all objects.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if the identifier is taken, by a destroyed object too.
    fn insert(
        &mut self,
        header: &Header,
        attributes: &[u8],
        material: Option<&[u8]>,
        index: &[IndexEntry],
    ) -> Result<u64, StoreError>;

    /// Changes the object that was read as `object` to a new header, sealed attributes, material and
    /// index entries; all its former index entries are replaced. The identifier stays.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the object isn't any more as it was read.
    fn update(
        &mut self,
        object: &Object,
        header: &Header,
        attributes: &[u8],
        material: Material<'_>,
        index: &[IndexEntry],
    ) -> Result<(), StoreError>;

    /// Exchanges the records of the object that was read as `object` for others that hold the same, under another key: for
    /// everyone else it is unchanged.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the object isn't any more as it was read.
    fn reseal(
        &mut self,
        object: &Object,
        attributes: &[u8],
        material: Option<&[u8]>,
    ) -> Result<(), StoreError>;

    /// Sets or, with `None`, removes the setting of that name.
    fn set_setting(&mut self, name: &str, value: Option<&[u8]>) -> Result<(), StoreError>;

    /// Adds a segment to the audit log, behind all others.
    fn append_audit(&mut self, segment: &AuditSegment) -> Result<(), StoreError>;

    /// Removes the segments of the audit log whose last record is `last` or an earlier one.
    fn remove_audit(&mut self, last: u64) -> Result<(), StoreError>;

    /// Runs `f`, and undoes what it did, and only that, if it returns an error.
    fn savepoint(&mut self, f: TransactFn<'_>) -> Result<(), StoreError>;
}

/// What a store knows of an object in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The unique identifier, any text.
    pub identifier: String,
    /// Who owns it.
    pub owner: String,
    /// The name of its operation policy.
    pub policy: String,
    /// Its object type.
    pub object_type: u32,
    /// Its state, where its type has one.
    pub state: Option<u32>,
    /// Its storage status, one bit.
    pub storage: u32,
    /// When something about it changes by itself next, such as its activation, in seconds since 1970.
    pub due: Option<i64>,
}

/// An object as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What is known of it in the clear.
    pub header: Header,
    /// Its place in the order of all objects; later ones have greater numbers.
    pub sequence: u64,
    /// How often it was changed.
    pub revision: u64,
    /// The sealed attribute record.
    pub attributes: Vec<u8>,
}

/// An object, and its sealed key material if it has any.
pub type WithMaterial = (Object, Option<Vec<u8>>);

/// How many objects there are of one type and state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// The object type.
    pub object_type: u32,
    /// The state, where the type has one.
    pub state: Option<u32>,
    /// How many.
    pub count: u64,
}

/// Records of the audit log that were written together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSegment {
    /// The number of the first.
    pub first: u64,
    /// The number of the last.
    pub last: u64,
    /// The records, a line each.
    pub lines: Vec<u8>,
}

/// What becomes of an object's key material in an update.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Material<'a> {
    /// It stays.
    Keep,
    /// It is wiped: overwritten in the database, not merely forgotten.
    Wipe,
    /// It is replaced by this sealed material.
    Replace(&'a [u8]),
}

/// Reads with a closure that returns a value.
///
/// The closure may return any error that a [`StoreError`] can become; its own errors pass through.
pub fn read<T, E: From<StoreError>>(
    store: &dyn Store,
    mut f: impl FnMut(&dyn Snapshot) -> Result<T, E>,
) -> Result<T, E> {
    let mut result = None;
    let outcome = store.read(&mut |snapshot| {
        let value = f(snapshot);
        let answer = if value.is_ok() { Ok(()) } else { Err(StoreError::Abandoned) };
        result = Some(value);
        answer
    });
    conclude(outcome, result)
}

/// Transacts with a closure that returns a value.
///
/// The closure may return any error that a [`StoreError`] can become: what it did is undone, and its error
/// passes through.
pub fn transact<T, E: From<StoreError>>(
    store: &dyn Store,
    mut f: impl FnMut(&mut dyn Transaction) -> Result<T, E>,
) -> Result<T, E> {
    let mut result = None;
    let outcome = store.transact(&mut |transaction| {
        let value = f(transaction);
        let answer = if value.is_ok() { Ok(()) } else { Err(StoreError::Abandoned) };
        result = Some(value);
        answer
    });
    conclude(outcome, result)
}

/// The same for a savepoint inside a transaction.
pub fn savepoint<T, E: From<StoreError>>(
    transaction: &mut dyn Transaction,
    mut f: impl FnMut(&mut dyn Transaction) -> Result<T, E>,
) -> Result<T, E> {
    let mut result = None;
    let outcome = transaction.savepoint(&mut |transaction| {
        let value = f(transaction);
        let answer = if value.is_ok() { Ok(()) } else { Err(StoreError::Abandoned) };
        result = Some(value);
        answer
    });
    conclude(outcome, result)
}

/// A closure's own error goes before the store's `Abandoned`; any other error of the store before its value.
fn conclude<T, E: From<StoreError>>(
    outcome: Result<(), StoreError>,
    result: Option<Result<T, E>>,
) -> Result<T, E> {
    match (outcome, result) {
        (Ok(()) | Err(StoreError::Abandoned), Some(result)) => result,
        (Err(error), _) => Err(error.into()),
        (Ok(()), None) => Err(StoreError::Abandoned.into()),
    }
}

/// Opens the store at an address: `memory:`, `sqlite:PATH`, or a plain path.
///
/// # Errors
/// When the address is of no known kind, or the store there can't be used.
pub fn open(address: &str) -> Result<Arc<dyn Store>, StoreError> {
    match file(address)? {
        None => Ok(Arc::new(sqlite::Sqlite::memory()?)),
        Some(path) => Ok(Arc::new(sqlite::Sqlite::open(path)?)),
    }
}

/// Whether a store could be opened; nothing is written to it. One that isn't there yet could be made.
///
/// # Errors
/// As [`open`].
pub fn check(address: &str) -> Result<(), StoreError> {
    match file(address)? {
        Some(path) if path.exists() => sqlite::Sqlite::check(path),
        _ => Ok(()),
    }
}

/// The file that the store at an address is in; none if it is in no file.
///
/// # Errors
/// When the address is of no known kind.
pub fn file(address: &str) -> Result<Option<&Path>, StoreError> {
    let address = address.trim();
    if address == "memory:" {
        return Ok(None);
    }
    let path = match address.split_once(':') {
        Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
        Some((scheme, _)) if scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            return Err(StoreError::Address(format!(
                "the store {scheme}: is not known; use memory:, sqlite:PATH or a path"
            )));
        }
        _ => address,
    };
    if path.is_empty() {
        return Err(StoreError::Address("the store's address names no file".into()));
    }
    Ok(Some(Path::new(path)))
}

/// Marks a thread as being inside a closure of a store for as long as it lives: a store called from there
/// would wait for itself.
struct Inside;

impl Inside {
    fn enter() -> Result<Self, StoreError> {
        if INSIDE.replace(true) { Err(StoreError::Nested) } else { Ok(Self) }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(false);
    }
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}
