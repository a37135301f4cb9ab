//! What can go wrong in a store.

use std::path::PathBuf;
use std::sync::Arc;

/// Why a store could not do what it was asked.
///
/// It is cheap to clone: one failed commit is told to everyone who shared it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// An object with this identifier is there already.
    #[error("an object with this unique identifier exists already")]
    Exists,
    /// The object was changed or removed since it was read.
    #[error("the object was changed by someone else in the meantime")]
    Conflict,
    /// The caller's closure gave up: everything it did is undone.
    #[error("the transaction was abandoned")]
    Abandoned,
    /// A store was called from within a closure that the same thread was running for a store.
    #[error("a store was used from inside its own transaction")]
    Nested,
    /// The database was locked by another process for longer than the server waits.
    #[error("the database is locked by another process")]
    Busy,
    /// Another server has the database.
    #[error("{} is in use by another server", path.display())]
    InUse {
        /// Where the database is.
        path: PathBuf,
    },
    /// No space is left for the database.
    #[error("no space is left for the database")]
    Full,
    /// The database cannot be written to.
    #[error("the database is read-only")]
    ReadOnly,
    /// The database is damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// The database was written by a newer version of the server.
    #[error(
        "{} has schema version {found}, but this server knows versions up to {known}: use the newer server \
         that wrote it, or restore a backup",
        path.display()
    )]
    Newer {
        /// Where the database is.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The file is a database of something else; it is left as it is.
    #[error("{} is not a database of this server{hint}; it is left untouched", path.display())]
    Foreign {
        /// Where the file is.
        path: PathBuf,
        /// What it is instead and what to do, where that is known.
        hint: &'static str,
    },
    /// The store's address can't be used.
    #[error("{0}")]
    Address(String),
    /// A file could not be opened or made.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: Arc<std::io::Error>,
    },
    /// Anything else that the database reports.
    #[error("database: {0}")]
    Database(Arc<rusqlite::Error>),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;

        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            _ => Self::Database(Arc::new(error)),
        }
    }
}
