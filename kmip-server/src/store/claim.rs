//! A store is one server's at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::{StoreError, file};

/// The right to serve a store, or to put another in its place. It ends with the process, however that ends.
#[derive(Debug)]
pub struct Claim {
    _file: Option<File>,
}

impl Claim {
    /// Claims the store at an address; one in memory is always one's own. The lock is on a file beside the database, since
    /// those on the database are SQLite's.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has claimed it.
    pub fn new(address: &str) -> Result<Self, StoreError> {
        let Some(path) = file(address)? else { return Ok(Self { _file: None }) };
        let mut name = path.as_os_str().to_owned();
        name.push("-lock");
        let name = PathBuf::from(name);
        let failed = |error| StoreError::File { path: name.clone(), error: Arc::new(error) };
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&name);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
