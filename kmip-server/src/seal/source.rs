//! Where the master key, or a passphrase, comes from.

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use super::{KeyFile, MasterKey, MasterKeySource, Protected, SealError, unseal};
use crate::wipe::Wiped;

/// Where a secret is taken from: one that is written as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A file of its owner's alone.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// An open file descriptor of this number, read to its end.
    Descriptor(u32),
    /// What a command prints, which `/bin/sh` runs.
    Command(String),
    /// Shares that people give to the server while it starts, by this socket.
    Shares(PathBuf),
    /// Whoever sits at the terminal.
    Terminal,
}

impl SecretSource {
    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            _ => None,
        }
    }

    /// The same, with what is a relative path in it as one of this folder.
    #[must_use]
    pub fn beside(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            Self::Shares(path) => Self::Shares(folder.join(path)),
            other => other,
        }
    }

    /// Whether it can be read without anyone doing something for it, and again later.
    pub(crate) fn is_there_to_read(&self) -> bool {
        matches!(self, Self::File(_) | Self::Environment(_) | Self::Command(_))
    }

    /// What is there, with the end of its line if it has one.
    ///
    /// # Errors
    /// When it can't be had, or is longer than any secret of this kind.
    pub fn read(&self) -> Result<Wiped, SealError> {
        let wrong = |reason: String| SealError::Source { source_of_key: self.to_string(), reason };
        match self {
            Self::File(path) => KeyFile::new(path).read(),
            Self::Environment(name) => match std::env::var_os(name) {
                Some(value) => Ok(Wiped::from(value.into_encoded_bytes())),
                None => Err(wrong("there is no such variable".into())),
            },
            Self::Descriptor(number) => {
                let file = File::open(format!("/dev/fd/{number}"));
                limited(&mut file.map_err(|error| wrong(error.to_string()))?)
                    .map_err(|error| wrong(error.to_string()))
            }
            Self::Command(command) => output(command).map_err(wrong),
            Self::Shares(_) => Err(wrong("only a server that starts waits for shares".into())),
            Self::Terminal if !io::stdin().is_terminal() => {
                Err(wrong("there is no terminal to ask at; say where it comes from".into()))
            }
            Self::Terminal => {
                let answer = rpassword::prompt_password("Passphrase: ");
                Ok(Wiped::from(answer.map_err(|error| wrong(error.to_string()))?.into_bytes()))
            }
        }
    }

    /// The same without the end of its line: a passphrase.
    ///
    /// # Errors
    /// As [`Self::read`], and when there is nothing.
    pub fn passphrase(&self) -> Result<Wiped, SealError> {
        let mut text = self.read()?;
        let length = text.len() - text.iter().rev().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        text.truncate(length);
        if text.is_empty() {
            let reason = "an empty passphrase is none".into();
            return Err(SealError::Source { source_of_key: self.to_string(), reason });
        }
        Ok(text)
    }
}

impl FromStr for SecretSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = match text.split_once(':') {
            // One letter is none: it is a drive.
            Some((scheme, rest)) if scheme.len() > 1 && !scheme.contains(['/', '.']) => (scheme, rest),
            _ if text == "ask" => return Ok(Self::Terminal),
            _ => ("file", text),
        };
        if rest.is_empty() {
            return Err(format!("{text:?} names nothing"));
        }
        Ok(match scheme {
            "file" => Self::File(rest.into()),
            "env" => Self::Environment(rest.into()),
            "fd" => Self::Descriptor(rest.parse().map_err(|_| format!("{rest:?} is no number of a file"))?),
            "command" => Self::Command(rest.into()),
            "shares" => Self::Shares(rest.into()),
            _ => return Err(format!("{scheme}: is not known; it is file:, env:, fd:, command: or shares:")),
        })
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::Descriptor(number) => write!(f, "fd:{number}"),
            Self::Command(command) => write!(f, "command:{command}"),
            Self::Shares(path) => write!(f, "shares:{}", path.display()),
            Self::Terminal => f.write_str("ask"),
        }
    }
}

/// Where the master key comes from, and the passphrase that it may be protected by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOrigin {
    /// The key, or the protected key.
    pub source: SecretSource,
    /// The passphrase; whoever sits at the terminal is asked if nothing is said.
    pub passphrase: Option<SecretSource>,
}

impl KeyOrigin {
    /// A key in a file, without a passphrase.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { source: SecretSource::File(path.into()), passphrase: None }
    }

    /// The key, and the passphrase if it is protected by one.
    ///
    /// # Errors
    /// As [`MasterKeySource::load`].
    pub fn load_protected(&self) -> Result<(MasterKey, Option<Wiped>), SealError> {
        if let SecretSource::Shares(socket) = &self.source {
            return Ok((unseal::wait(socket)?, None));
        }
        let text = self.source.read()?;
        let wrong = |error: SealError| SealError::Source {
            source_of_key: self.source.to_string(),
            reason: error.to_string(),
        };
        match Protected::parse(&text) {
            Some(protected) => {
                let passphrase = self.passphrase.as_ref().unwrap_or(&SecretSource::Terminal).passphrase()?;
                Ok((protected.open(&passphrase).map_err(wrong)?, Some(passphrase)))
            }
            None => Ok((MasterKey::parse(text).map_err(wrong)?, None)),
        }
    }
}

impl MasterKeySource for KeyOrigin {
    fn load(&self) -> Result<MasterKey, SealError> {
        Ok(self.load_protected()?.0)
    }
}

/// What a command prints. Its errors go where ours go.
fn output(command: &str) -> Result<Wiped, String> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = shell.spawn().map_err(|error| error.to_string())?;
    let text = match &mut child.stdout {
        Some(stdout) => limited(stdout),
        None => Ok(Wiped::new()),
    };
    if text.is_err() {
        // It may have more to say than anyone reads.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    let text = text.map_err(|error| error.to_string())?;
    if status.success() { Ok(text) } else { Err(format!("the command failed ({status})")) }
}

/// All that there is to read, if it is not longer than a secret can be. No copy of it stays anywhere.
pub(super) fn limited(from: &mut dyn Read) -> io::Result<Wiped> {
    let mut text = Wiped::from(vec![0; LONGEST + 1]);
    let mut length = 0;
    while let Some(room) = text.get_mut(length..).filter(|room| !room.is_empty()) {
        match from.read(room) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if length > LONGEST {
        return Err(io::Error::other("it is too long for a key"));
    }
    text.truncate(length);
    Ok(text)
}

/// No key and no passphrase is longer.
const LONGEST: usize = 1024;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn source(text: &str) -> SecretSource {
        let source: SecretSource = text.parse().unwrap();
        assert_eq!(source.to_string(), text.strip_prefix("file:").unwrap_or(text));
        source
    }

    #[test]
    fn where_it_comes_from() {
        assert_eq!(source("master.key"), SecretSource::File("master.key".into()));
        assert_eq!(source("file:a:b"), SecretSource::File("a:b".into()));
        assert_eq!(source("./a:b"), SecretSource::File("./a:b".into()));
        assert_eq!(source("env:KEY"), SecretSource::Environment("KEY".into()));
        assert_eq!(source("fd:3"), SecretSource::Descriptor(3));
        assert_eq!(source("command:cat /k | tr a b"), SecretSource::Command("cat /k | tr a b".into()));
        assert_eq!(source("shares:/run/s"), SecretSource::Shares("/run/s".into()));
        assert_eq!(source("k").beside(Path::new("/etc")), SecretSource::File("/etc/k".into()));
        assert_eq!(source("shares:s").beside(Path::new("/etc")), SecretSource::Shares("/etc/s".into()));
        for wrong in ["vault:x", "fd:x", "fd:-1", "env:", "file:", ""] {
            assert!(wrong.parse::<SecretSource>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_source_gives_the_key() {
        let digits = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, digits).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        for text in [path.display().to_string(), format!("command:echo {digits}; echo more >&2")] {
            let origin = KeyOrigin { source: text.parse().unwrap(), passphrase: None };
            assert_eq!(origin.load().unwrap().to_text().trim_ascii(), digits.as_bytes());
        }
        let reason = |text: &str| text.parse::<SecretSource>().unwrap().read().unwrap_err().to_string();
        assert!(reason("env:THERE_IS_NO_SUCH_VARIABLE").contains("there is no such variable"));
        assert!(reason("fd:987").contains("fd:987"));
        assert!(reason("command:exit 3").contains("the command failed (exit status: 3)"));
        assert!(reason("command:yes").contains("too long"));
    }

    #[test]
    fn a_protected_key_needs_its_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let key = MasterKey::generate().unwrap();
        let write = |name: &str, text: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            SecretSource::File(path)
        };
        let source = write("key", &Protected::new(&key, b"open sesame").unwrap().to_text());
        let load = |passphrase| KeyOrigin { source: source.clone(), passphrase }.load();
        let loaded = load(Some(write("right", b"open sesame\n"))).unwrap();
        assert_eq!(loaded.to_text()[..], key.to_text()[..]);
        let refused = load(Some(write("wrong", b"open sesam\n"))).unwrap_err().to_string();
        assert!(refused.contains("the passphrase is wrong"), "{refused}");
        assert!(load(Some(write("none", b"\n"))).unwrap_err().to_string().contains("empty passphrase"));
    }
}
