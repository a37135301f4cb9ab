//! Backups: a consistent copy of a store in one sealed file, taken while its server goes on, and the way back.
//!
//! A backup holds the rows of the database as they are at one moment, in pieces that are each sealed under the backup's own
//! key and bound to their place, so that nothing can be changed, moved or cut off unnoticed. That key is sealed under the
//! master key, or under one that is made of a passphrase; in the latter case the master key is sealed with it, so that the
//! backup can be restored for another master key.
//!
//! Restoring makes a database beside its destination, opens every record in it, and only then gives it the name.

mod command;
mod format;
mod restore;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use self::command::{Backup, Restore};
use self::format::{Entry, Writer};
pub use self::restore::{Opening, Verified, restore, verify};
use crate::crypto::CryptoError;
use crate::seal::{self, MasterKey, SealError};
use crate::store::StoreError;
use crate::store::sqlite::copy::Source;
use crate::wipe::Wiped;

/// What a backup says of itself, and a report of what was done with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// When it was made, in seconds since 1970.
    pub made: i64,
    /// The version of the program that made it.
    pub program: String,
    /// The version of the database's schema.
    pub schema: i64,
    /// How many rows the database has in all.
    pub rows: u64,
}

/// What a backup is sealed under.
pub enum Protection<'a> {
    /// The store's master key.
    MasterKey(&'a MasterKey),
    /// A passphrase; the master key goes with the backup.
    Passphrase {
        /// The passphrase.
        passphrase: &'a Wiped,
        /// The store's master key.
        master: &'a MasterKey,
    },
}

/// Why a backup could not be made or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// A file can't be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Only a store in a file can be backed up and restored.
    #[error("the store is in memory: there is no database")]
    NoDatabase,
    /// The file is no backup.
    #[error("{} is no backup of this server", .0.display())]
    NoBackup(PathBuf),
    /// The backup is sealed under something else.
    #[error("the backup can't be opened: {0}")]
    Locked(&'static str),
    /// The backup is not as it was made.
    #[error("the backup is damaged or was tampered with: {0}")]
    Damaged(&'static str),
    /// A record of the backup is not what was sealed.
    #[error("the record of the object {identifier} does not open: {error}")]
    Record {
        /// The object.
        identifier: String,
        /// Why.
        error: SealError,
    },
    /// There is a database, and it is not to be replaced.
    #[error("{} is there: --replace puts the backup in its place, and the database aside", .0.display())]
    Exists(PathBuf),
    /// The database can't be read, or is in use.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys are not those of the store.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The cryptography failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Backs a database up into a new file. `progress` is told how many rows are done, of how many.
///
/// # Errors
/// When the file is there, or something can't be read or written. There is no file then.
pub fn backup(
    database: &Path,
    file: &Path,
    protection: &Protection<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Manifest, BackupError> {
    let failed = |error| BackupError::File { path: file.to_owned(), error };
    if file.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let source = Source::open(database)?;
    // Whoever backs a store up with another key would find out when it is too late.
    let (Protection::MasterKey(master) | Protection::Passphrase { master, .. }) = protection;
    seal::check(|name| source.setting(name), master)?;
    let manifest = Manifest {
        made: kmip::ttlv::DateTime::now().0,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        schema: source.schema(),
        rows: source.rows()?,
    };
    let beside = Beside::new(file);
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside.0);
    let mut writer = Writer::new(BufWriter::new(made.map_err(failed)?), protection).map_err(named(file))?;
    writer.put(&Entry::Manifest(manifest.clone())).map_err(named(file))?;
    let mut done = 0;
    source.each(|piece| {
        let is_row = matches!(piece, crate::store::sqlite::copy::Piece::Row(_));
        writer.put(&Entry::Piece(piece)).map_err(named(file))?;
        if is_row {
            done += 1;
            progress(done, manifest.rows);
        }
        Ok::<_, BackupError>(())
    })?;
    let mut written = writer.finish().map_err(named(file))?;
    written.flush().map_err(failed)?;
    let written = written.into_inner().map_err(|error| failed(error.into_error()))?;
    written.sync_all().map_err(failed)?;
    // A link, and not a new name, is refused where there is something.
    fs::hard_link(&beside.0, file).map_err(failed)?;
    drop(beside);
    sync_folder(file).map_err(failed)?;
    Ok(manifest)
}

/// A file that is made beside its place, and gone unless it got there.
struct Beside(PathBuf);

impl Beside {
    fn new(path: &Path) -> Self {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let beside = Self(name.into());
        // One that is there is left over from a process of the same number that ended in the middle.
        let _ = fs::remove_file(&beside.0);
        beside
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        // What SQLite keeps beside a database.
        for end in ["-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(end);
            let _ = fs::remove_file(name);
        }
    }
}

/// A name is on the disk when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// Says of a failure which file it is about.
fn named(path: &Path) -> impl Fn(format::Failure) -> BackupError + '_ {
    |failure| match failure {
        format::Failure::Io(error) => BackupError::File { path: path.to_owned(), error },
        format::Failure::NoBackup => BackupError::NoBackup(path.to_owned()),
        format::Failure::Locked(reason) => BackupError::Locked(reason),
        format::Failure::Damaged(reason) => BackupError::Damaged(reason),
        format::Failure::Seal(error) => error.into(),
        format::Failure::Crypto(error) => error.into(),
    }
}

#[cfg(test)]
mod tests;
