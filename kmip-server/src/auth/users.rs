//! The users file: who may send which credentials, with which certificates.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};

use crate::crypto::password::PasswordHash;
use crate::files;
use crate::watch::Watched;

/// The users in force, to be replaced as a whole.
pub type LiveUsers = Arc<ArcSwap<Users>>;

/// What a users file says.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UsersFile {
    /// The users.
    #[serde(default, rename = "user", skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<User>,
    /// The devices.
    #[serde(default, rename = "device", skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<Device>,
}

/// A user.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password; without one the user can't send it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordHash>,
    /// Passwords of which each can be used once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_time_passwords: Vec<PasswordHash>,
    /// The certificates with which the user may send credentials: their identities, `sha256:` and a fingerprint, or `*`
    /// for any. Without this it is the one whose identity is the user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates: Option<Vec<String>>,
    /// The user's groups. Without this there is no group information.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
}

/// A device: what its credential has to say, and which user it is then.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The user that it is.
    pub user: String,
    /// The Device Serial Number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// The Password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordHash>,
    /// The Device Identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The Network Identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The Machine Identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// The Media Identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// As a user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates: Option<Vec<String>>,
    /// As a user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
}

/// Users by name, and devices.
#[derive(Debug, Default)]
pub struct Users {
    users: BTreeMap<String, User>,
    devices: Vec<Device>,
}

/// Why a users file can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the users file {}: {reason}", path.display())]
pub struct UsersError {
    path: PathBuf,
    reason: String,
}

impl Users {
    /// Reads a users file.
    ///
    /// # Errors
    /// When it isn't there, others than its owner may read it, or it says something that makes no sense.
    pub fn read(path: &Path) -> Result<Self, UsersError> {
        Self::try_from(UsersFile::read(path)?).map_err(|reason| UsersError { path: path.to_owned(), reason })
    }

    pub(super) fn user(&self, name: &str) -> Option<&User> {
        self.users.get(name)
    }

    pub(super) fn devices(&self) -> &[Device] {
        &self.devices
    }
}

impl TryFrom<UsersFile> for Users {
    type Error = String;

    fn try_from(file: UsersFile) -> Result<Self, String> {
        let mut users = BTreeMap::new();
        for user in file.users {
            if user.name.is_empty() {
                return Err("a user has an empty name".into());
            }
            if let Some(user) = users.insert(user.name.clone(), user) {
                return Err(format!("the user {:?} stands there twice", user.name));
            }
        }
        for device in &file.devices {
            let Device { serial_number, identifier, network, machine, media, .. } = device;
            if device.user.is_empty() {
                return Err("a device has an empty user".into());
            }
            if [serial_number, identifier, network, machine, media].iter().all(|field| field.is_none()) {
                return Err(format!("nothing is said of the device of {:?} to know it by", device.user));
            }
        }
        Ok(Self { users, devices: file.devices })
    }
}

impl UsersFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it isn't there, others than its owner may read it, or it is no users file.
    pub fn read(path: &Path) -> Result<Self, UsersError> {
        let wrong = |reason: String| UsersError { path: path.to_owned(), reason };
        let mut file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        // Asked of the open file, so that it can't be exchanged in between.
        let mode = file.metadata().map_err(|error| wrong(error.to_string()))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(wrong(format!("others than its owner may use it (mode {mode:04o}); chmod 600 it")));
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
        toml::from_str(&text).map_err(|error| {
            // Only the message: the line itself may hold a password that was written where its hash belongs.
            let line = error.span().map_or(0, |span| {
                text.get(..span.start).unwrap_or_default().matches('\n').count().saturating_add(1)
            });
            wrong(format!("line {line}: {}", error.message()))
        })
    }

    /// Changes a file as a whole, and no other process at the same time; it is made if it isn't there.
    ///
    /// # Errors
    /// When it can't be read or written, or `change` fails: then it stays as it was.
    pub fn change<T>(
        path: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, UsersError> {
        let wrong = |reason: String| UsersError { path: path.to_owned(), reason };
        let failed = |error: io::Error| wrong(error.to_string());
        let path = std::path::absolute(path).map_err(failed)?;
        let folder = File::open(path.parent().unwrap_or(Path::new("/"))).map_err(failed)?;
        folder.lock().map_err(failed)?;
        let mut file = if path.exists() { Self::read(&path)? } else { Self::default() };
        let value = change(&mut file).map_err(wrong)?;
        Users::try_from(file.clone()).map_err(wrong)?;
        let text = toml::to_string(&file).map_err(|error| wrong(error.to_string()))?;
        // A link stays one: what it leads to is replaced.
        let target = if path.exists() { fs::canonicalize(&path).map_err(failed)? } else { path.clone() };
        files::write(&target, format!("{HEAD}{text}").as_bytes(), files::PRIVATE).map_err(failed)?;
        Ok(value)
    }
}

const HEAD: &str = "# Users of kmip-server: `kmip-server users` writes this file, comments are not kept.\n\n";

/// Keeps users what their file says.
pub(crate) struct UsersWatch {
    path: PathBuf,
    live: LiveUsers,
}

impl UsersWatch {
    pub(crate) fn new(path: PathBuf, live: LiveUsers) -> Self {
        Self { path, live }
    }
}

impl Watched for UsersWatch {
    fn files(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }

    fn reload(&mut self) {
        match Users::read(&self.path) {
            Ok(users) => {
                self.live.store(Arc::new(users));
                tracing::info!(file = %self.path.display(), "read the users");
            }
            Err(error) => tracing::error!("{error}; the users from before stay"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> User {
        let password = Some(PasswordHash::quick("secret"));
        User { name: name.into(), password, one_time_passwords: vec![], certificates: None, groups: None }
    }

    #[test]
    fn what_is_written_is_read_again_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        UsersFile::change(&path, |file| {
            file.users.push(user("alice"));
            Ok(())
        })
        .unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let error = UsersFile::change(&path, |file| {
            file.users.push(user("alice"));
            Ok(())
        })
        .unwrap_err()
        .to_string();
        assert!(error.contains("\"alice\" stands there twice"), "{error}");
        let users = Users::read(&path).unwrap();
        assert!(users.user("alice").unwrap().password.as_ref().unwrap().is_of(b"secret").unwrap());
        assert!(users.user("bob").is_none());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Users::read(&path).unwrap_err().to_string().contains("mode 0640"));
    }

    #[test]
    fn faults_are_named_and_passwords_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        for (text, expected) in [
            ("\n[[user]]\nname = 'a'\npassword = 'hunter2'", "line 4"),
            ("[[user]]\nname = 'a'\npasswort = 'x'", "line 3"),
            ("[[user]]\nname = ''", "empty name"),
            ("[[device]]\nuser = 'a'", "to know it by"),
            ("[[user]]\nname = 'a'\n[[user]]\nname = 'a'", "twice"),
        ] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let error = Users::read(&path).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        }
    }
}
