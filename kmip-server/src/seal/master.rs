//! The master key, and where it comes from.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::SealError;
use crate::crypto::aead::AeadKey;
use crate::wipe::Wiped;

/// The key that wraps a store's data keys.
pub struct MasterKey(AeadKey);

impl MasterKey {
    /// A new random key.
    ///
    /// # Errors
    /// When there are no random bytes to be had.
    pub fn generate() -> Result<Self, SealError> {
        Ok(Self(AeadKey::generate()?))
    }

    pub(super) fn key(&self) -> &AeadKey {
        &self.0
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(redacted)")
    }
}

/// A place that a master key can be had from.
pub trait MasterKeySource {
    /// Fetches the key.
    ///
    /// # Errors
    /// When it isn't there, can't be had, or isn't kept as a master key should be.
    fn load(&self) -> Result<MasterKey, SealError>;
}

/// A file that holds a master key: 64 hexadecimal digits, readable by its owner alone.
#[derive(Clone, Debug)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The file at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the file, with a new key in it, and returns the key. The file must not be there yet.
    ///
    /// # Errors
    /// When the file is there already, or can't be written.
    pub fn create(&self) -> Result<MasterKey, SealError> {
        let key = MasterKey::generate()?;
        let mut digits = Wiped::with_capacity(2 * KEY_LENGTH + 1);
        for byte in key.0.expose() {
            digits.extend([byte >> 4, byte & 0xF].map(digit));
        }
        digits.push(b'\n');
        self.write(&digits).map_err(|source| self.failed(source))?;
        Ok(key)
    }

    /// Writes beside the file and links it into place, so that there is never a file with half a key, and one
    /// that is there is never replaced.
    fn write(&self, digits: &[u8]) -> io::Result<()> {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{}.new", std::process::id()));
        let beside = PathBuf::from(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        let written = file.write_all(digits).and_then(|()| file.sync_all());
        let linked = written.and_then(|()| fs::hard_link(&beside, &self.path));
        fs::remove_file(&beside)?;
        linked?;
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => fs::File::open(parent)?.sync_all(),
            _ => Ok(()),
        }
    }

    fn failed(&self, source: io::Error) -> SealError {
        SealError::File { path: self.path.clone(), source }
    }
}

impl MasterKeySource for KeyFile {
    fn load(&self) -> Result<MasterKey, SealError> {
        let metadata = fs::metadata(&self.path).map_err(|source| self.failed(source))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SealError::Exposed { path: self.path.clone(), mode });
        }
        let text = Wiped::from(fs::read(&self.path).map_err(|source| self.failed(source))?);
        let digits = text.trim_ascii();
        let malformed = || SealError::Malformed { path: self.path.clone() };
        if digits.len() != 2 * KEY_LENGTH {
            return Err(malformed());
        }
        let mut bytes = Wiped::with_capacity(KEY_LENGTH);
        for pair in digits.chunks_exact(2) {
            let [high, low] = pair else { return Err(malformed()) };
            let value =
                |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
            let (Some(high), Some(low)) = (value(high), value(low)) else { return Err(malformed()) };
            bytes.push(high << 4 | low);
        }
        Ok(MasterKey(AeadKey::new(bytes)?))
    }
}

fn digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'a' + (value - 10),
    }
}

const KEY_LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_for_its_owner_and_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::new(folder.path().join("master.key"));
        let made = file.create().unwrap();
        assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
        let read = file.load().unwrap();
        assert_eq!(made.0.expose(), read.0.expose());
        assert!(matches!(file.create(), Err(SealError::File { .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(file.load(), Err(SealError::Exposed { mode: 0o640, .. })));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        for text in ["", "abc", &"g".repeat(64), &"a".repeat(63), &"a".repeat(66)] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(KeyFile::new(&path).load(), Err(SealError::Malformed { .. })), "{text:?}");
        }
        assert!(matches!(KeyFile::new(folder.path().join("absent")).load(), Err(SealError::File { .. })));
    }
}
