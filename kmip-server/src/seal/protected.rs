//! A master key that is kept under a passphrase.

use openssl::base64;

use super::{MasterKey, SealError};
use crate::crypto::CryptoError;
use crate::crypto::passphrase::Stretch;
use crate::wipe::Wiped;

/// A master key sealed under a key that is made of a passphrase. It is written as
/// `kmip-master-key:$scrypt$ln=17,r=8,p=1$SALT:SEALED`.
#[derive(Debug)]
pub struct Protected {
    stretch: Stretch,
    sealed: Vec<u8>,
}

impl Protected {
    /// Seals a key.
    ///
    /// # Errors
    /// When the cryptography fails.
    pub fn new(key: &MasterKey, passphrase: &[u8]) -> Result<Self, SealError> {
        let stretch = Stretch::new()?;
        let mut sealed = Vec::new();
        stretch.key(passphrase)?.seal(&[BOUND], key.key().expose(), &mut sealed)?;
        Ok(Self { stretch, sealed })
    }

    /// Reads what [`Self::to_text`] writes; nothing, if it is something else.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?.trim();
        let (stretch, sealed) = text.strip_prefix(PREFIX)?.split_once(':')?;
        Some(Self { stretch: Stretch::parse(stretch)?, sealed: base64::decode_block(sealed).ok()? })
    }

    /// Opens it.
    ///
    /// # Errors
    /// When it is another passphrase.
    pub fn open(&self, passphrase: &[u8]) -> Result<MasterKey, SealError> {
        let opened = self.stretch.key(passphrase)?.open(&[BOUND], &self.sealed);
        MasterKey::parse(opened.map_err(|error| match error {
            CryptoError::Undecipherable => SealError::WrongPassphrase,
            error => error.into(),
        })?)
    }

    /// It as a line of text.
    pub fn to_text(&self) -> Wiped {
        format!("{PREFIX}{}:{}\n", self.stretch, base64::encode_block(&self.sealed)).into_bytes().into()
    }
}

const PREFIX: &str = "kmip-master-key:";

const BOUND: &[u8] = b"kmip-server master key under a passphrase";
