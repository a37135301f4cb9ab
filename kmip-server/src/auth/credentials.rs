//! Credentials of a message (KMIP 1.4 §2.1.2, 2.0 §9.11), verified against the users file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use kmip::types::{
    Credential, CredentialValue, DeviceCredential, OneTimePasswordCredential, UsernameAndPasswordCredential,
};

use super::refuse;
use super::users::{Device, LiveUsers, User, UsersFile};
use crate::crypto::password::PasswordHash;
use crate::crypto::{self, CryptoError, Hash, equal};
use crate::engine::Failure;
use crate::handler::PeerCertificate;
use crate::wipe::Wiped;

/// The user of a credential that was verified.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) user: String,
    pub(super) groups: Option<Arc<[String]>>,
    certificates: Option<Vec<String>>,
}

impl From<&User> for Named {
    fn from(user: &User) -> Self {
        Self {
            user: user.name.clone(),
            groups: user.groups.clone().map(Into::into),
            certificates: user.certificates.clone(),
        }
    }
}

impl Named {
    /// Whether the user may come with this certificate, of this identity.
    fn may_use(&self, identity: Option<&str>, certificate: Option<&PeerCertificate>) -> bool {
        let Some(allowed) = &self.certificates else { return identity == Some(&*self.user) };
        allowed.iter().any(|allowed| match allowed.strip_prefix("sha256:") {
            Some(digest) => certificate.is_some_and(|certificate| {
                let own = certificate.fingerprint_sha256.iter().map(|byte| format!("{byte:02x}"));
                own.collect::<String>() == digest.replace(':', "").to_ascii_lowercase()
            }),
            None => allowed == "*" || Some(&**allowed) == identity,
        })
    }
}

/// Verifies credentials.
pub(super) struct Verifier {
    users: LiveUsers,
    file: Option<PathBuf>,
    passwords: Passwords,
}

impl Verifier {
    pub(super) fn new(users: LiveUsers, file: Option<PathBuf>) -> Self {
        Self { users, file, passwords: Passwords::default() }
    }

    /// The groups that the users file has for someone who is known otherwise.
    pub(super) fn groups(&self, user: &str) -> Option<Arc<[String]>> {
        Some(self.users.load().user(user)?.groups.clone()?.into())
    }

    /// A digest of what the users file says of a user and the user's devices; one-time passwords come and go.
    pub(super) fn standing(&self, user: &str) -> Result<Option<[u8; 32]>, Failure> {
        let users = self.users.load();
        let devices: Vec<&Device> = users.devices().iter().filter(|device| device.user == user).collect();
        let user = users.user(user).map(|user| User { one_time_passwords: Vec::new(), ..user.clone() });
        if user.is_none() && devices.is_empty() {
            return Ok(None);
        }
        let said = serde_json::to_vec(&(user, devices)).map_err(|error| Failure::internal(&error))?;
        let digest = crypto::digest(Hash::Sha256, &Wiped::from(said))?;
        let digest = digest.as_slice().try_into();
        digest.map(Some).map_err(|_| Failure::internal(&"a digest has not 32 bytes"))
    }

    /// Whose credential this is, if it is of someone who may come with this certificate, of this identity.
    pub(super) fn verify(
        &self,
        credential: &Credential,
        identity: Option<&str>,
        certificate: Option<&PeerCertificate>,
    ) -> Result<Named, Failure> {
        let allowed = |named: Named| {
            let allowed = named.may_use(identity, certificate);
            allowed.then_some(named).ok_or_else(|| refuse("this user may not use this certificate"))
        };
        match &credential.credential_value {
            CredentialValue::UsernameAndPasswordCredential(value) => allowed(self.password(value)?),
            CredentialValue::DeviceCredential(value) => allowed(self.device(value)?),
            CredentialValue::OneTimePasswordCredential(value) => {
                let (named, hash) = self.one_time_password(value)?;
                let named = allowed(named)?;
                self.use_up(&named.user, &hash)?;
                Ok(named)
            }
            CredentialValue::AttestationCredential(_) => {
                Err(refuse("an attestation cannot be verified: this server knows no attestation service"))
            }
            // 2.0 §9.11: it takes the password itself to verify one, and only slow hashes are kept.
            CredentialValue::HashedPasswordCredential(_) => Err(refuse(
                "a hashed password cannot be verified: send user name and password, which TLS protects",
            )),
            CredentialValue::TicketCredential(_) => Err(refuse("this ticket is not known")),
            _ => Err(refuse(format!(
                "a credential of type {} cannot be verified by this server",
                credential.credential_type
            ))),
        }
    }

    fn password(&self, given: &UsernameAndPasswordCredential) -> Result<Named, Failure> {
        let password = given.password.as_ref().map_or(&b""[..], |password| password.expose().as_bytes());
        let users = self.users.load();
        let user = users.user(&given.username);
        let hash = user.and_then(|user| user.password.as_ref());
        if !self.passwords.verify(password, hash)? {
            return Err(refuse(WRONG));
        }
        user.map(Named::from).ok_or_else(|| refuse(WRONG))
    }

    /// Whose one-time password this is, and the hash of it that is to be used up.
    fn one_time_password(&self, given: &OneTimePasswordCredential) -> Result<(Named, PasswordHash), Failure> {
        let users = self.users.load();
        let user = users.user(&given.username);
        if let Some(user) = user
            && let Some(hash) = &user.password
        {
            let password = given.password.as_ref().map_or(&b""[..], |password| password.expose().as_bytes());
            if !self.passwords.verify(password, Some(hash))? {
                return Err(refuse(WRONG));
            }
        }
        let one_time = given.one_time_password.expose().as_bytes();
        if let Some(user) = user {
            for hash in &user.one_time_passwords {
                if self.passwords.try_one(one_time, hash)? {
                    return Ok((Named::from(user), hash.clone()));
                }
            }
        }
        Err(refuse(WRONG))
    }

    /// Takes a one-time password out of the file: it "may only be used for a single authentication" (2.0 §9.11). Where that can't be done it isn't accepted.
    fn use_up(&self, user: &str, hash: &PasswordHash) -> Result<(), Failure> {
        let path = self.file.as_deref().ok_or_else(|| refuse(WRONG))?;
        UsersFile::change(path, |file| {
            let user = file.users.iter_mut().find(|other| other.name == user).ok_or("the user is gone")?;
            let place = user.one_time_passwords.iter().position(|other| other == hash);
            user.one_time_passwords.remove(place.ok_or("the one-time password has been used")?);
            Ok(())
        })
        .map_err(|error| {
            tracing::warn!(user, "a one-time password could not be used: {error}");
            refuse(WRONG)
        })
    }

    /// All that is said of the device has to be what is known of it, and the other way round.
    fn device(&self, given: &DeviceCredential) -> Result<Named, Failure> {
        let users = self.users.load();
        let text = |text: &Option<kmip::ttlv::Text>| text.as_ref().map(ToString::to_string);
        let is_it = |device: &&Device| {
            device.serial_number == text(&given.device_serial_number)
                && device.identifier == text(&given.device_identifier)
                && device.network == text(&given.network_identifier)
                && device.machine == text(&given.machine_identifier)
                && device.media == text(&given.media_identifier)
        };
        let unknown = || refuse("the device is not known, or its password is wrong");
        let device = users.devices().iter().find(is_it);
        let verified = match (&given.password, device.map(|device| &device.password)) {
            (None, Some(None)) => true,
            (Some(password), hash) => {
                self.passwords.verify(password.expose().as_bytes(), hash.and_then(Option::as_ref))?
            }
            (None, _) => false,
        };
        let device = device.filter(|_| verified).ok_or_else(unknown)?;
        Ok(Named {
            user: device.user.clone(),
            groups: device.groups.clone().map(Into::into),
            certificates: device.certificates.clone(),
        })
    }
}

const WRONG: &str = "the user name or the password is wrong";

/// Verifies passwords, remembering those that were right: clients send theirs with every message, and a hash takes long
/// to compute on purpose.
struct Passwords {
    /// Under this key, which nobody knows, the password that a hash was found to be of.
    key: Option<Wiped>,
    right: Mutex<HashMap<String, [u8; 32]>>,
    /// What an unknown user's password is compared with: it takes as long as a known one's.
    nobody: Option<PasswordHash>,
    turns: Turns,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            // Without a key nothing is remembered.
            key: crypto::random(32).ok(),
            right: Mutex::default(),
            nobody: PasswordHash::new(b"").ok(),
            turns: Turns::default(),
        }
    }
}

impl Passwords {
    /// Whether a password is the one of this hash. Where there is no hash it isn't, after as long a time.
    fn verify(&self, password: &[u8], hash: Option<&PasswordHash>) -> Result<bool, Failure> {
        let Some(hash) = hash else {
            if let Some(nobody) = &self.nobody {
                self.try_one(password, nobody)?;
            }
            return Ok(false);
        };
        let mark = self.key.as_ref().map(|key| crypto::hmac_sha256(key, &[password])).transpose()?;
        let name = hash.to_string();
        let right = || self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(mark), Some(known)) = (&mark, right().get(&name))
            && equal(mark, known)
        {
            return Ok(true);
        }
        let is_right = self.try_one(password, hash)?;
        if let (true, Some(mark)) = (is_right, mark) {
            let mut right = right();
            // Hashes that were replaced since are not worth a clean-up of their own.
            if right.len() >= REMEMBERED {
                right.clear();
            }
            right.insert(name, mark);
        }
        Ok(is_right)
    }

    /// The same, computed anew. Few at a time: each takes a processor and tens of megabytes.
    fn try_one(&self, password: &[u8], hash: &PasswordHash) -> Result<bool, CryptoError> {
        let _turn = self.turns.take();
        hash.is_of(password)
    }
}

/// How many passwords are remembered at the most.
const REMEMBERED: usize = 10_000;

/// As many turns at once as there are processors.
struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

struct Turn<'t>(&'t Turns);

impl Default for Turns {
    fn default() -> Self {
        let free = std::thread::available_parallelism().map_or(1, usize::from);
        Self { free: Mutex::new(free), freed: Condvar::new() }
    }
}

impl Turns {
    fn take(&self) -> Turn<'_> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}
