//! Objects at rest: nothing secret is in the store in the clear.
//!
//! A [`MasterKey`] from outside the store wraps the data keys, which are kept in the store's settings and
//! do the sealing. The master key can so be changed by wrapping the data keys anew, and a data key by
//! making a newer one, without touching an object.
//!
//! Each record is sealed with AES-256-GCM under the newest data key. What it is bound to is authenticated
//! with it: what kind of record it is, the object's [`Identity`] (everything the store knows of it in the
//! clear and acts upon), and for key material the sealed attribute record besides. A record that was
//! edited, or put in the place of another, does not open.

mod error;
mod keyring;
mod master;
mod protected;
mod rotation;
mod shares;
mod source;
mod unseal;

use std::sync::{Arc, PoisonError, RwLock};

pub use error::SealError;
pub use master::{KeyFile, MasterKey, MasterKeySource};
pub use protected::Protected;
pub use rotation::{Progress, check, finish_master, new_data_key, prepare_master, progress, rewrap};
pub use shares::{Gathered, Share};
pub use source::{KeyOrigin, SecretSource};
pub use unseal::give;

use self::keyring::Keyring;
use crate::crypto::{self, Hash};
use crate::store::{Header, Store};
use crate::wipe::Wiped;

/// Seals and opens records.
///
/// ```
/// use kmip_server::seal::{Identity, MasterKey, Seal};
/// use kmip_server::store;
///
/// let store = store::open("memory:")?;
/// let seal = Seal::open(&*store, &MasterKey::generate()?)?;
/// let identity = Identity {
///     identifier: "1",
///     owner: "alice",
///     policy: "default",
///     object_type: 2,
///     state: Some(1),
///     storage: 1,
/// };
/// let sealed = seal.seal_object(&identity, b"attributes", Some(b"key"))?;
/// assert_eq!(&seal.open_attributes(&identity, &sealed.attributes)?[..], b"attributes");
/// let material = sealed.material.unwrap_or_default();
/// assert_eq!(&seal.open_material(&identity, &sealed.attributes, &material)?[..], b"key");
///
/// let other = Identity { owner: "mallory", ..identity };
/// assert!(seal.open_attributes(&other, &sealed.attributes).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Seal {
    keys: RwLock<Arc<Keyring>>,
}

/// What the store knows of an object in the clear, to which its records are bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The unique identifier.
    pub identifier: &'a str,
    /// The owner.
    pub owner: &'a str,
    /// The name of the operation policy.
    pub policy: &'a str,
    /// The object type.
    pub object_type: u32,
    /// The state, where there is one.
    pub state: Option<u32>,
    /// The storage status.
    pub storage: u32,
}

/// An object's records, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The attribute record.
    pub attributes: Vec<u8>,
    /// The key material, if there is any.
    pub material: Option<Vec<u8>>,
}

impl Seal {
    /// Takes the data keys out of the store, or makes the first ones for an empty store.
    ///
    /// # Errors
    /// When the master key is not the one that the store was sealed with, or the store's keys are missing or
    /// were tampered with.
    pub fn open(store: &dyn Store, master: &MasterKey) -> Result<Self, SealError> {
        Ok(Self { keys: RwLock::new(Arc::new(Keyring::open(store, master)?)) })
    }

    /// Seals an object's records. Both must be stored together: the material is bound to the attributes.
    pub fn seal_object(
        &self,
        identity: &Identity<'_>,
        attributes: &[u8],
        material: Option<&[u8]>,
    ) -> Result<Sealed, SealError> {
        let attributes = self.seal(Purpose::Attributes, &identity.bound(&identity.numbers()), attributes)?;
        let material = match material {
            None => None,
            Some(material) => {
                let digest = crypto::digest(Hash::Sha256, &attributes)?;
                Some(self.seal(Purpose::Material, &[identity.identifier.as_bytes(), &digest], material)?)
            }
        };
        Ok(Sealed { attributes, material })
    }

    /// Opens the attribute record of the object of this identity.
    pub fn open_attributes(&self, identity: &Identity<'_>, attributes: &[u8]) -> Result<Wiped, SealError> {
        self.open_record(Purpose::Attributes, &identity.bound(&identity.numbers()), attributes)
    }

    /// Opens the key material that was sealed together with `attributes` (the sealed record, which
    /// [`Seal::open_attributes`] opened: only that ties the material to the rest of the identity).
    pub fn open_material(
        &self,
        identity: &Identity<'_>,
        attributes: &[u8],
        material: &[u8],
    ) -> Result<Wiped, SealError> {
        let digest = crypto::digest(Hash::Sha256, attributes)?;
        self.open_record(Purpose::Material, &[identity.identifier.as_bytes(), &digest], material)
    }

    /// Seals a record bound to its purpose and to `bound`, which must be given again to open it.
    pub fn seal(&self, purpose: Purpose, bound: &[&[u8]], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        self.keys().seal(purpose, bound, plaintext)
    }

    /// Opens a record.
    ///
    /// # Errors
    /// [`SealError::Tampered`] if it isn't exactly what was sealed for this purpose and `bound`.
    pub fn open_record(&self, purpose: Purpose, bound: &[&[u8]], sealed: &[u8]) -> Result<Wiped, SealError> {
        self.keys().open_record(purpose, bound, sealed)
    }

    /// A keyed digest by which a secret value can be found again without being written in the clear: for
    /// index entries of values that must not be guessed from them. `context` keeps equal values of
    /// different attributes apart.
    pub fn blind(&self, context: &str, value: &[u8]) -> Result<[u8; 32], SealError> {
        self.keys().blind(context, value)
    }

    fn replace(&self, keys: Keyring) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    fn keys(&self) -> Arc<Keyring> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(redacted)")
    }
}

/// What a record is; one kind never opens as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// An object's attributes.
    Attributes,
    /// An object's key material.
    Material,
    /// Something else of the server's own, named by this text.
    Other(&'static str),
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Attributes => "attributes",
            Self::Material => "material",
            Self::Other(name) => name,
        }
    }
}

/// Settings of a store that are sealed, each under its name: what their names begin with, and what they are. Whoever keeps
/// such settings lists them here, so that they are sealed anew when the data key changes.
pub const SEALED_SETTINGS: &[(&str, Purpose)] = &[ASYNCHRONOUS, AUDIT, PUSH];

/// Operations that are done later.
pub(crate) const ASYNCHRONOUS: (&str, Purpose) = ("asynchronous/", Purpose::Other("asynchronous"));

/// What clients are to be told.
pub(crate) const PUSH: (&str, Purpose) = ("push/", Purpose::Other("push"));

/// Where the audit log's chain ends.
pub(crate) const AUDIT: (&str, Purpose) = ("audit/state", Purpose::Other("audit"));

impl<'a> From<&'a Header> for Identity<'a> {
    fn from(header: &'a Header) -> Self {
        Self {
            identifier: &header.identifier,
            owner: &header.owner,
            policy: &header.policy,
            object_type: header.object_type,
            state: header.state,
            storage: header.storage,
        }
    }
}

impl Identity<'_> {
    /// The numbers in a fixed form; an absent state differs from every state.
    fn numbers(&self) -> [u8; 13] {
        let mut numbers = [0; 13];
        let state = self.state.unwrap_or_default().to_be_bytes();
        let parts = self.object_type.to_be_bytes().into_iter().chain(self.storage.to_be_bytes()).chain(state);
        for (place, byte) in numbers.iter_mut().zip(parts.chain([u8::from(self.state.is_some())])) {
            *place = byte;
        }
        numbers
    }

    /// What the attribute record is bound to.
    fn bound<'b>(&'b self, numbers: &'b [u8; 13]) -> [&'b [u8]; 4] {
        [self.identifier.as_bytes(), self.owner.as_bytes(), self.policy.as_bytes(), numbers]
    }
}

#[cfg(test)]
mod tests;
