//! The store in an SQLite database.
//!
//! The database is in WAL mode with `synchronous=FULL`: a commit is on the disk before it is answered, and
//! readers, each with a connection of its own from a pool, go on while it is being written.

pub mod copy;
mod locate;
mod schema;
mod session;
mod writer;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use self::session::Session;
use self::writer::Writer;
use super::{Inside, ReadFn, Store, StoreError, TransactFn};

/// An SQLite database as a store.
pub struct Sqlite {
    writer: Writer,
    readers: Readers,
}

/// Where readers get their connections.
enum Readers {
    /// From a pool over the database file.
    Pool { path: PathBuf, idle: Mutex<Vec<Connection>> },
    /// A database in memory belongs to its one connection: readers share the writer's.
    Writer,
}

impl Sqlite {
    /// Opens the database at `path`, making it (readable by its owner alone) if it isn't there, and brings
    /// its schema up to date.
    ///
    /// # Errors
    /// When the file can't be used, is damaged, belongs to something else or to a newer server.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // The write-ahead log and its index get the permissions of the database.
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|error| StoreError::File { path: path.to_owned(), error: Arc::new(error) })?;
        let connection = connect(path)?;
        schema::recognize(&connection, path)?;
        // Kept in the file: every later connection finds it set.
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            return Err(StoreError::Address(format!(
                "{} is on a file system that cannot hold a write-ahead log (it offers {mode})",
                path.display()
            )));
        }
        prepare_writer(&connection)?;
        schema::migrate(&connection, path)?;
        let readers = Readers::Pool { path: path.to_owned(), idle: Mutex::new(Vec::new()) };
        Ok(Self { writer: Writer::new(connection), readers })
    }

    /// Whether the database at `path` could be opened; nothing is written to it.
    ///
    /// # Errors
    /// As [`Sqlite::open`].
    pub fn check(path: &Path) -> Result<(), StoreError> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::recognize(&connection, path)?;
        schema::refuse_newer(&connection, path)
    }

    /// A new database in memory, gone when it is dropped.
    pub fn memory() -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory()?;
        keep_statements(&connection)?;
        prepare_writer(&connection)?;
        schema::migrate(&connection, Path::new("memory:"))?;
        Ok(Self { writer: Writer::new(connection), readers: Readers::Writer })
    }

    #[cfg(test)]
    pub(crate) fn commits(&self) -> u64 {
        self.writer.commits()
    }
}

impl Store for Sqlite {
    fn read(&self, f: ReadFn<'_>) -> Result<(), StoreError> {
        let _inside = Inside::enter()?;
        match &self.readers {
            Readers::Writer => self.writer.read(f),
            Readers::Pool { path, idle } => {
                let connection = match lock(idle).pop() {
                    Some(connection) => connection,
                    None => connect_reader(path)?,
                };
                let result = snapshot(&connection, f);
                let mut idle = lock(idle);
                // A connection whose transaction didn't end is not used again.
                if connection.is_autocommit() && idle.len() < IDLE_READERS {
                    idle.push(connection);
                }
                result
            }
        }
    }

    fn transact(&self, f: TransactFn<'_>) -> Result<(), StoreError> {
        let _inside = Inside::enter()?;
        self.writer.transact(f)
    }
}

/// Runs `f` between BEGIN and COMMIT, so that all it reads is of one state.
fn snapshot(connection: &Connection, f: ReadFn<'_>) -> Result<(), StoreError> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let result = f(&Session(connection));
    let end = connection.prepare_cached("COMMIT").and_then(|mut statement| statement.execute([]));
    result?;
    end?;
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// Has statements prepared once. Without the planner's stability guarantee SQLite plans a statement anew
/// whenever its parameters change, which costs several times what running it does.
fn keep_statements(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn connect_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096;")?;
    Ok(connection)
}

fn prepare_writer(connection: &Connection) -> Result<(), StoreError> {
    // secure_delete: what is destroyed is overwritten, not left in free pages.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -4096; PRAGMA wal_autocheckpoint = 4000;",
    )?;
    Ok(())
}

/// What a panic of another thread left behind is sound: both kinds of guarded values are consistent
/// whenever their lock is free, since closures are run under `catch_unwind`.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long to wait for another process that has the database locked.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Reader connections kept open when idle.
const IDLE_READERS: usize = 8;

/// Prepared statements kept by each connection.
const STATEMENTS: usize = 64;

#[cfg(test)]
mod tests;
