//! The master key, and where it comes from.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::SealError;
use super::source::limited;
use crate::crypto::aead::AeadKey;
use crate::crypto::hmac_sha256;
use crate::wipe::Wiped;

/// The 256-bit key under which a store's data keys are wrapped. It is kept outside the store.
pub struct MasterKey(AeadKey);

impl MasterKey {
    /// A new random key.
    pub fn generate() -> Result<Self, SealError> {
        Ok(Self(AeadKey::generate()?))
    }

    /// The key given as 32 bytes, or as 64 hexadecimal digits with blanks around them.
    pub fn parse(text: Wiped) -> Result<Self, SealError> {
        if text.len() == KEY_LENGTH {
            return Ok(Self(AeadKey::new(text)?));
        }
        let digits = text.trim_ascii();
        let mut key = Wiped::with_capacity(KEY_LENGTH);
        for pair in digits.chunks(2) {
            let [high, low] = *pair else { return Err(SealError::KeyLength) };
            key.push(digit(high)? << 4 | digit(low)?);
            if key.len() > KEY_LENGTH {
                return Err(SealError::KeyLength);
            }
        }
        if key.len() != KEY_LENGTH {
            return Err(SealError::KeyLength);
        }
        Ok(Self(AeadKey::new(key)?))
    }

    /// The key as hexadecimal digits and a line end, to be written to a file.
    pub fn to_text(&self) -> Wiped {
        let mut text = Wiped::with_capacity(2 * KEY_LENGTH + 1);
        for byte in self.0.expose() {
            for half in [byte >> 4, byte & 15] {
                text.push(if half < 10 { b'0' + half } else { b'a' + half - 10 });
            }
        }
        text.push(b'\n');
        text
    }

    /// A value by which the key is recognized and from which it can't be found.
    pub(super) fn check(&self) -> Result<[u8; 32], SealError> {
        Ok(hmac_sha256(self.0.expose(), &[b"kmip-server master key check"])?)
    }

    /// Its bytes, for what is kept under it or with it.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    pub(super) fn key(&self) -> &AeadKey {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(redacted)")
    }
}

/// Where the master key comes from.
pub trait MasterKeySource {
    /// Fetches the key.
    ///
    /// # Errors
    /// When it isn't there, isn't a key, or isn't kept as secret as it must be.
    fn load(&self) -> Result<MasterKey, SealError>;
}

/// A master key in a file that only its owner may read.
#[derive(Clone, Debug)]
pub struct KeyFile(PathBuf);

impl KeyFile {
    /// The key in this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the file, with a new key in it that only its owner may read, and returns the key.
    ///
    /// # Errors
    /// When the file is there already (it is never replaced: a store may depend on it), or can't be written.
    pub fn create(&self) -> Result<MasterKey, SealError> {
        let key = MasterKey::generate()?;
        self.keep(&key.to_text())?;
        Ok(key)
    }

    /// Makes the file with this in it, in the same way.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn keep(&self, text: &[u8]) -> Result<(), SealError> {
        self.write(text)
            .map_err(|error| SealError::KeyFile { path: self.0.clone(), reason: error.to_string() })
    }

    /// Writes beside the file and links it into place, so that there is never a file with half a key, and of
    /// two processes that make one at the same time, one is refused.
    fn write(&self, text: &[u8]) -> io::Result<()> {
        let mut name = self.0.clone().into_os_string();
        name.push(format!(".{}.new", std::process::id()));
        let beside = PathBuf::from(name);
        // One that is there is left over from a process of the same number that ended in the middle.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        let written = file.write_all(text).and_then(|()| file.sync_all());
        let linked = written.and_then(|()| fs::hard_link(&beside, &self.0));
        fs::remove_file(&beside)?;
        linked?;
        match self.0.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
            _ => Ok(()),
        }
    }
}

impl KeyFile {
    /// What is in it.
    pub(super) fn read(&self) -> Result<Wiped, SealError> {
        let wrong = |reason: String| SealError::KeyFile { path: self.0.clone(), reason };
        let mut file = File::open(&self.0).map_err(|error| wrong(error.to_string()))?;
        // Asked of the open file, so that it can't be exchanged in between.
        let metadata = file.metadata().map_err(|error| wrong(error.to_string()))?;
        let mode = metadata.permissions().mode() & 0o777;
        if !metadata.is_file() {
            return Err(wrong("is not a file".into()));
        }
        if mode & 0o077 != 0 {
            return Err(wrong(format!(
                "others than its owner may use it (mode {mode:04o}); chmod 600 it, and think of who read it"
            )));
        }
        limited(&mut file).map_err(|error| wrong(error.to_string()))
    }
}

impl MasterKeySource for KeyFile {
    fn load(&self) -> Result<MasterKey, SealError> {
        MasterKey::parse(self.read()?)
            .map_err(|error| SealError::KeyFile { path: self.0.clone(), reason: error.to_string() })
    }
}

fn digit(character: u8) -> Result<u8, SealError> {
    match character {
        b'0'..=b'9' => Ok(character - b'0'),
        b'a'..=b'f' => Ok(character - b'a' + 10),
        b'A'..=b'F' => Ok(character - b'A' + 10),
        _ => Err(SealError::KeyLength),
    }
}

const KEY_LENGTH: usize = 32;
