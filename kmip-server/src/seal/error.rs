//! What can go wrong with sealed records and their keys.

use std::path::PathBuf;

use crate::crypto::CryptoError;
use crate::store::StoreError;

/// Why a record could not be sealed or opened, or the keys not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The master key can't be read from where it should be.
    #[error("the master key in {}: {reason}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A key or a passphrase can't be had from where it should come.
    #[error("the key from {source_of_key}: {reason}")]
    Source {
        /// Where.
        source_of_key: String,
        /// What is wrong.
        reason: String,
    },
    /// The passphrase is another one.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// Shares that can't be taken.
    #[error("{0}")]
    Shares(&'static str),
    /// The master key is not 256 bits long.
    #[error("a master key has 32 bytes, or 64 hexadecimal digits")]
    KeyLength,
    /// The master key is another one than the store was sealed with.
    #[error("this is not the master key that the store was sealed with: nothing in it could be opened")]
    WrongMasterKey,
    /// The master key is being changed.
    #[error("the master key is being changed: finish that first (kmip-server rotate-master-key)")]
    Changing,
    /// The store has objects, but the keys that sealed them are not in it.
    #[error("the store holds objects, but its data keys are missing: restore it from a backup")]
    KeysMissing,
    /// The store's data keys were changed by something other than the server.
    #[error("the store's data key {0} was tampered with: restore it from a backup")]
    KeyTampered(String),
    /// A record was changed or exchanged by something other than the server.
    #[error("a sealed record was tampered with or belongs to another object")]
    Tampered,
    /// A record was sealed with a key that the store doesn't have.
    #[error("a record is sealed with data key {0}, which the store does not have")]
    UnknownKey(u32),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cryptography failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}
