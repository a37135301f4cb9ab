//! What can go wrong in sealing and opening.

use std::io;
use std::path::PathBuf;

use crate::crypto::CryptoError;
use crate::store::StoreError;

/// Why a record could not be sealed or opened, or the keys for it not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// A record isn't what was sealed, or not where it belongs.
    #[error("a sealed record was tampered with, or belongs to another object")]
    Tampered,
    /// The record is under a data key that the store doesn't have.
    #[error("a record is sealed under the data key {0}, which the store does not have")]
    UnknownKey(u32),
    /// The master key doesn't open the store's data keys.
    #[error("the master key is not the one that this store was sealed with; nothing was changed")]
    WrongMasterKey,
    /// The store has objects, but no data keys to open them with.
    #[error("the store has objects but no data keys: it was damaged, or it is not all there")]
    KeysMissing,
    /// The master key's file can't be read or written.
    #[error("the master key file {}: {source}", path.display())]
    File {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than its owner may read the master key's file.
    #[error("the master key file {} has mode {mode:03o}: others may read it; chmod 600 it", path.display())]
    Exposed {
        /// Where it is.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The master key's file holds something else.
    #[error("the master key file {} does not hold 64 hexadecimal digits", path.display())]
    Malformed {
        /// Where it is.
        path: PathBuf,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cryptography failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}
