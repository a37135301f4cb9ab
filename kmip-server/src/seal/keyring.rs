//! The data keys: in memory in the clear, in the store wrapped under the master key.

use std::collections::BTreeMap;

use super::{MasterKey, Purpose, SealError};
use crate::crypto::aead::AeadKey;
use crate::crypto::{CryptoError, equal, hmac_sha256};
use crate::store::{self, Store, Transaction};
use crate::wipe::Wiped;

/// A store's data keys.
pub(super) struct Keyring {
    /// By number; the last is the one that seals.
    keys: BTreeMap<u32, AeadKey>,
    /// What [`Keyring::blind`] is keyed with. It stays when data keys change, or nothing would be found.
    blind: AeadKey,
}

impl Keyring {
    pub(super) fn open(store: &dyn Store, master: &MasterKey) -> Result<Self, SealError> {
        if store::read(store, |snapshot| snapshot.setting(CHECK))?.is_none() {
            store::transact(store, |tx| create(tx, master))?;
        }
        let (check, keys, blind) = store::read(store, |snapshot| {
            let check = snapshot.setting(CHECK)?.ok_or(SealError::KeysMissing)?;
            let blind = snapshot.setting(BLIND)?.ok_or(SealError::KeysMissing)?;
            Ok::<_, SealError>((check, snapshot.settings(KEYS)?, blind))
        })?;
        if !equal(&check, &master.check()?) {
            return Err(SealError::WrongMasterKey);
        }
        let keys = keys
            .into_iter()
            .map(|(name, wrapped)| {
                let number = name.strip_prefix(KEYS).and_then(|number| number.parse().ok());
                let number = number.ok_or_else(|| SealError::KeyTampered(name.clone()))?;
                Ok((number, unwrap(master, &name, &wrapped)?))
            })
            .collect::<Result<BTreeMap<_, _>, SealError>>()?;
        if keys.is_empty() {
            return Err(SealError::KeysMissing);
        }
        Ok(Self { keys, blind: unwrap(master, BLIND, &blind)? })
    }

    pub(super) fn seal(
        &self,
        purpose: Purpose,
        bound: &[&[u8]],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let (number, key) = self.keys.last_key_value().ok_or(SealError::KeysMissing)?;
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
        let [FORMAT, a, b, c, d, rest @ ..] = sealed else { return Err(SealError::Tampered) };
        let number = u32::from_be_bytes([*a, *b, *c, *d]);
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
        self.keys.values().chain([&self.blind]).map(|key| key.expose().to_vec()).collect()
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
    let first = format!("{KEYS}{:010}", 1);
    for name in [first.as_str(), BLIND] {
        tx.set_setting(name, Some(&wrap(master, name, &AeadKey::generate()?)?))?;
    }
    Ok(tx.set_setting(CHECK, Some(&master.check()?))?)
}

/// A key wrapped under the master key, and bound to the name it is kept by.
fn wrap(master: &MasterKey, name: &str, key: &AeadKey) -> Result<Vec<u8>, SealError> {
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
const CHECK: &str = "seal.check";

/// The settings of the data keys, followed by the key's number.
const KEYS: &str = "seal.key.";

/// The setting of the key for blinded values.
const BLIND: &str = "seal.blind";

/// The first byte of all that is sealed: how it is.
const FORMAT: u8 = 1;

/// What sealing adds: the format, the key's number, nonce and tag (and a block that OpenSSL asks room for).
const OVERHEAD: usize = 1 + 4 + 12 + 16 + 16;
