//! The data keys: in memory in the clear, in the store wrapped under the master key.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{MasterKey, Purpose, SealError, rotation};
use crate::crypto::aead::AeadKey;
use crate::crypto::{CryptoError, equal, hmac_sha256};
use crate::store::{self, Snapshot, Store, Transaction};
use crate::wipe::Wiped;

/// A store's data keys.
pub(super) struct Keyring {
    /// By number; the last is the one that seals.
    keys: BTreeMap<u32, Arc<AeadKey>>,
    /// What [`Keyring::blind`] is keyed with. It stays when data keys change, or nothing would be found.
    blind: Arc<AeadKey>,
}

impl Keyring {
    pub(super) fn open(store: &dyn Store, master: &MasterKey) -> Result<Self, SealError> {
        if store::read(store, |snapshot| snapshot.setting(CHECK))?.is_none() {
            store::transact(store, |tx| create(tx, master))?;
        }
        // The first start with a new master key is what makes it the only one.
        rotation::finish_if_new(store, master)?;
        store::read(store, |snapshot| Self::read(snapshot, master))
    }

    /// Reads the data keys that the store has, with the master key that they are under.
    pub(super) fn read(snapshot: &dyn Snapshot, master: &MasterKey) -> Result<Self, SealError> {
        let check = snapshot.setting(CHECK)?.ok_or(SealError::KeysMissing)?;
        let blind = snapshot.setting(BLIND)?.ok_or(SealError::KeysMissing)?;
        if !equal(&check, &master.check()?) {
            return Err(SealError::WrongMasterKey);
        }
        let keys = snapshot.settings(KEYS)?.into_iter();
        let keys = keys
            .map(|(name, wrapped)| Ok((number(&name)?, Arc::new(unwrap(master, &name, &wrapped)?))))
            .collect::<Result<BTreeMap<_, _>, SealError>>()?;
        if keys.is_empty() {
            return Err(SealError::KeysMissing);
        }
        Ok(Self { keys, blind: Arc::new(unwrap(master, BLIND, &blind)?) })
    }

    /// The names by which the store keeps these keys, and the keys.
    pub(super) fn named(&self) -> impl Iterator<Item = (String, &AeadKey)> {
        let keys = self.keys.iter().map(|(number, key)| (name(*number), &**key));
        keys.chain([(BLIND.to_owned(), &*self.blind)])
    }

    /// The key that seals, and its number.
    pub(super) fn newest(&self) -> Result<(u32, &AeadKey), SealError> {
        let (number, key) = self.keys.last_key_value().ok_or(SealError::KeysMissing)?;
        Ok((*number, key))
    }

    /// These keys and one more.
    pub(super) fn with(&self, number: u32, key: AeadKey) -> Self {
        let mut keys = self.keys.clone();
        keys.insert(number, Arc::new(key));
        Self { keys, blind: Arc::clone(&self.blind) }
    }

    pub(super) fn seal(
        &self,
        purpose: Purpose,
        bound: &[&[u8]],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let (number, key) = self.newest()?;
        let mut sealed = Vec::with_capacity(plaintext.len().saturating_add(OVERHEAD));
        sealed.push(FORMAT);
        sealed.extend_from_slice(&number.to_be_bytes());
        key.seal(&parts(purpose, bound), plaintext, &mut sealed)?;
        Ok(sealed)
    }

    pub(super) fn open_record(
        &self,
        purpose: Purpose,
        bound: &[&[u8]],
        sealed: &[u8],
    ) -> Result<Wiped, SealError> {
        let (number, rest) = sealed_under(sealed)?;
        let key = self.keys.get(&number).ok_or(SealError::UnknownKey(number))?;
        key.open(&parts(purpose, bound), rest).map_err(|error| match error {
            CryptoError::Undecipherable => SealError::Tampered,
            error => error.into(),
        })
    }

    pub(super) fn blind(&self, context: &str, value: &[u8]) -> Result<[u8; 32], SealError> {
        let length = u64::try_from(context.len()).map_err(|_| CryptoError::TooLong)?.to_be_bytes();
        Ok(hmac_sha256(self.blind.expose(), &[&length, context.as_bytes(), value])?)
    }

    #[cfg(test)]
    pub(super) fn exposed(&self) -> Vec<Vec<u8>> {
        self.named().map(|(_, key)| key).map(|key| key.expose().to_vec()).collect()
    }
}

/// Makes the first data keys of a store that has none, unless another server was quicker.
fn create(tx: &mut dyn Transaction, master: &MasterKey) -> Result<(), SealError> {
    if tx.setting(CHECK)?.is_some() {
        return Ok(());
    }
    if !tx.is_empty()? || !tx.settings("seal.")?.is_empty() {
        return Err(SealError::KeysMissing);
    }
    let first = name(1);
    for name in [first.as_str(), BLIND] {
        tx.set_setting(name, Some(&wrap(master, name, &AeadKey::generate()?)?))?;
    }
    Ok(tx.set_setting(CHECK, Some(&master.check()?))?)
}

/// The name of the data key of this number.
pub(super) fn name(number: u32) -> String {
    format!("{KEYS}{number:010}")
}

fn number(name: &str) -> Result<u32, SealError> {
    let number = name.strip_prefix(KEYS).and_then(|number| number.parse().ok());
    number.ok_or_else(|| SealError::KeyTampered(name.to_owned()))
}

/// The number of the data key that something is sealed under, and what follows it.
pub(super) fn sealed_under(sealed: &[u8]) -> Result<(u32, &[u8]), SealError> {
    let [FORMAT, a, b, c, d, rest @ ..] = sealed else { return Err(SealError::Tampered) };
    Ok((u32::from_be_bytes([*a, *b, *c, *d]), rest))
}

/// A key wrapped under the master key, and bound to the name it is kept by.
pub(super) fn wrap(master: &MasterKey, name: &str, key: &AeadKey) -> Result<Vec<u8>, SealError> {
    let mut wrapped = vec![FORMAT];
    master.key().seal(&[b"data key", name.as_bytes()], key.expose(), &mut wrapped)?;
    Ok(wrapped)
}

fn unwrap(master: &MasterKey, name: &str, wrapped: &[u8]) -> Result<AeadKey, SealError> {
    let tampered = || SealError::KeyTampered(name.to_owned());
    let [FORMAT, rest @ ..] = wrapped else { return Err(tampered()) };
    let key = master.key().open(&[b"data key", name.as_bytes()], rest).map_err(|_| tampered())?;
    Ok(AeadKey::new(key)?)
}

fn parts<'p>(purpose: Purpose, bound: &[&'p [u8]]) -> Vec<&'p [u8]> {
    let mut parts = Vec::with_capacity(bound.len() + 1);
    parts.push(purpose.name().as_bytes());
    parts.extend_from_slice(bound);
    parts
}

/// The setting by which the master key is recognized.
pub(super) const CHECK: &str = "seal.check";

/// The settings of the data keys, followed by the key's number.
pub(super) const KEYS: &str = "seal.key.";

/// The setting of the key for blinded values.
pub(super) const BLIND: &str = "seal.blind";

/// The first byte of all that is sealed: how it is.
const FORMAT: u8 = 1;

/// What sealing adds: the format, the key's number, nonce and tag (and a block that OpenSSL asks room for).
const OVERHEAD: usize = 1 + 4 + 12 + 16 + 16;
