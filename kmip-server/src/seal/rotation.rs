//! Changing the master key and the data key while the server goes on.
//!
//! **The master key** is changed in two steps, so that there is no moment at which a crash would leave a store that the key
//! at hand does not open: the data keys are wrapped under the new key beside the old, and when the new key is where the
//! server takes it from, what is under the old one is removed. A server that runs needs neither: it has the data keys.
//!
//! **The data key** is changed by adding a newer one, wrapped under the master key for the next start, and sealed under the
//! data key before it for the server that runs. That server takes it over and seals everything anew, some objects at a time;
//! how far it is stands in the store, so that it goes on after a restart. Then the older keys are removed.

use super::keyring::{self, CHECK, KEYS, Keyring, name, wrap};
use super::{Identity, MasterKey, Purpose, SEALED_SETTINGS, Seal, SealError};
use crate::crypto::aead::AeadKey;
use crate::crypto::equal;
use crate::store::{self, Snapshot, Store, StoreError, Transaction};

/// Whether a store, of which `setting` gives the settings, is under this master key.
///
/// # Errors
/// When it isn't, or can't be read.
pub fn check(
    setting: impl Fn(&str) -> Result<Option<Vec<u8>>, StoreError>,
    master: &MasterKey,
) -> Result<(), SealError> {
    let check = master.check()?;
    let is = |name: &str| Ok::<_, SealError>(setting(name)?.is_some_and(|found| equal(&found, &check)));
    if setting(CHECK)?.is_none() {
        return Err(SealError::KeysMissing);
    }
    if is(CHECK)? || is(&next(CHECK))? { Ok(()) } else { Err(SealError::WrongMasterKey) }
}

/// The first step to a new master key: from then on either opens the store.
///
/// # Errors
/// When `old` is not the store's key. Nothing is changed then.
pub fn prepare_master(store: &dyn Store, old: &MasterKey, new: &MasterKey) -> Result<(), SealError> {
    // It may itself be the new one of a change whose second step is missing.
    finish_if_new(store, old)?;
    store::transact(store, |tx| {
        let keys = Keyring::read(tx, old)?;
        // What an earlier change has left that did not come to its end.
        for (name, _) in tx.settings(NEXT)? {
            tx.set_setting(&name, None)?;
        }
        for (name, key) in keys.named() {
            tx.set_setting(&next(&name), Some(&wrap(new, &name, key)?))?;
        }
        Ok(tx.set_setting(&next(CHECK), Some(&new.check()?))?)
    })
}

/// The second step: from then on the new master key alone opens the store.
///
/// # Errors
/// When `new` is not the key that was prepared.
pub fn finish_master(store: &dyn Store, new: &MasterKey) -> Result<(), SealError> {
    finish_if_new(store, new)?;
    let current = store::read(store, |snapshot| snapshot.setting(CHECK))?;
    let is_current = current.is_some_and(|current| new.check().is_ok_and(|check| equal(&current, &check)));
    if is_current { Ok(()) } else { Err(SealError::WrongMasterKey) }
}

/// The second step, if this is the key that was prepared.
pub(super) fn finish_if_new(store: &dyn Store, master: &MasterKey) -> Result<(), SealError> {
    let check = master.check()?;
    let is_new = |found: Option<Vec<u8>>| found.is_some_and(|found| equal(&found, &check));
    if !is_new(store::read(store, |snapshot| snapshot.setting(&next(CHECK)))?) {
        return Ok(());
    }
    store::transact(store, |tx| {
        if !is_new(tx.setting(&next(CHECK))?) {
            return Ok(());
        }
        for (name, wrapped) in tx.settings(NEXT)? {
            let Some(rest) = name.strip_prefix(NEXT) else { continue };
            tx.set_setting(&format!("{SEAL}{rest}"), Some(&wrapped))?;
            tx.set_setting(&name, None)?;
        }
        Ok(())
    })
}

/// Both steps at once, for a store that nobody else uses.
///
/// # Errors
/// As [`prepare_master`].
pub fn rewrap(store: &dyn Store, old: &MasterKey, new: &MasterKey) -> Result<(), SealError> {
    prepare_master(store, old, new)?;
    finish_master(store, new)
}

/// How far sealing anew is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The place of the last object that is done.
    last: u64,
    /// How many objects are done.
    pub done: u64,
    /// Of how many; others may be added meanwhile.
    pub total: u64,
}

impl Progress {
    fn parse(text: &[u8]) -> Option<Self> {
        let mut numbers = std::str::from_utf8(text).ok()?.split(' ').map(str::parse);
        let mut number = || numbers.next()?.ok();
        Some(Self { last: number()?, done: number()?, total: number()? })
    }

    fn text(self) -> String {
        format!("{} {} {}", self.last, self.done, self.total)
    }
}

/// How far a store is, if it is being sealed anew.
///
/// # Errors
/// When the store can't be read.
pub fn progress(store: &dyn Store) -> Result<Option<Progress>, SealError> {
    store::read(store, progress_of)
}

fn progress_of(snapshot: &dyn Snapshot) -> Result<Option<Progress>, SealError> {
    let Some(text) = snapshot.setting(RESEAL)? else { return Ok(None) };
    let damaged = || StoreError::Corrupt(format!("the setting {RESEAL} can't be read"));
    Ok(Some(Progress::parse(&text).ok_or_else(damaged)?))
}

/// Adds a newer data key, under which everything is then to be sealed anew; its number. Where that is still being done,
/// there is none.
///
/// # Errors
/// When this is not the master key, or that is being changed.
pub fn new_data_key(store: &dyn Store, master: &MasterKey) -> Result<Option<u32>, SealError> {
    finish_if_new(store, master)?;
    store::transact(store, |tx| {
        if tx.setting(&next(CHECK))?.is_some() {
            return Err(SealError::Changing);
        }
        let keys = Keyring::read(tx, master)?;
        if tx.setting(RESEAL)?.is_some() {
            return Ok(None);
        }
        let (newest, _) = keys.newest()?;
        let number = newest.checked_add(1).ok_or(SealError::KeysMissing)?;
        let (name, key) = (name(number), AeadKey::generate()?);
        tx.set_setting(&name, Some(&wrap(master, &name, &key)?))?;
        let handed = keys.seal(HANDED_OVER, &[name.as_bytes()], key.expose())?;
        tx.set_setting(HANDOVER, Some(&handed))?;
        let start = Progress { last: 0, done: 0, total: tx.count()? };
        tx.set_setting(RESEAL, Some(start.text().as_bytes()))?;
        Ok(Some(number))
    })
}

impl Seal {
    /// Seals some objects anew if there is a newer data key; how far it is then, and nothing when there is nothing to do.
    /// To be called again and again by the one who serves the store.
    ///
    /// # Errors
    /// When something does not open, or the store fails. What is done so far stays done.
    pub fn reseal(&self, store: &dyn Store) -> Result<Option<Progress>, SealError> {
        if progress(store)?.is_none() {
            return Ok(None);
        }
        self.take_over(store)?;
        let keys = self.keys();
        store::transact(store, |tx| {
            let Some(progress) = progress_of(tx)? else { return Ok(None) };
            let objects = tx.objects_after(progress.last, BATCH)?;
            if objects.is_empty() {
                finish(tx, &keys)?;
                return Ok(None);
            }
            let mut progress = progress;
            for (object, material) in &objects {
                let identity = Identity::from(&object.header);
                let (newest, _) = keys.newest()?;
                if keyring::sealed_under(&object.attributes)?.0 != newest {
                    let attributes = self.open_attributes(&identity, &object.attributes)?;
                    let material = match material {
                        Some(sealed) => Some(self.open_material(&identity, &object.attributes, sealed)?),
                        None => None,
                    };
                    let sealed =
                        self.seal_object(&identity, &attributes, material.as_ref().map(|bytes| &bytes[..]))?;
                    tx.reseal(object, &sealed.attributes, sealed.material.as_deref())?;
                }
                progress.last = object.sequence;
                progress.done += 1;
            }
            progress.total = progress.total.max(progress.done);
            tx.set_setting(RESEAL, Some(progress.text().as_bytes()))?;
            Ok(Some(progress))
        })
    }

    /// Whether what this seals can be opened by others who have the store: whoever adds objects beside a server looks in the
    /// transaction in which they do.
    ///
    /// # Errors
    /// When the data key was changed and removed since it was read.
    pub fn check_current(&self, snapshot: &dyn Snapshot) -> Result<(), SealError> {
        let newest = self.keys().newest()?.0;
        if snapshot.setting(&name(newest))?.is_some() { Ok(()) } else { Err(SealError::UnknownKey(newest)) }
    }

    /// Takes the newer data key over that another process has added.
    fn take_over(&self, store: &dyn Store) -> Result<(), SealError> {
        let (handed, names) = store::read(store, |snapshot| {
            Ok::<_, SealError>((snapshot.setting(HANDOVER)?, snapshot.settings(KEYS)?))
        })?;
        let keys = self.keys();
        let number = keys.newest()?.0.checked_add(1).ok_or(SealError::KeysMissing)?;
        let name = name(number);
        if let Some(handed) = handed
            && names.iter().any(|(other, _)| *other == name)
        {
            let key = AeadKey::new(keys.open_record(HANDED_OVER, &[name.as_bytes()], &handed)?)?;
            self.replace(keys.with(number, key));
        }
        Ok(())
    }
}

/// When no object is left under an older key: seals what is not an object, and removes the older keys. Readers of an older
/// state may still need them, so they stay in memory.
fn finish(tx: &mut dyn Transaction, keys: &Keyring) -> Result<(), SealError> {
    for (prefix, purpose) in SEALED_SETTINGS {
        for (name, sealed) in tx.settings(prefix)? {
            let plain = keys.open_record(*purpose, &[name.as_bytes()], &sealed)?;
            tx.set_setting(&name, Some(&keys.seal(*purpose, &[name.as_bytes()], &plain)?))?;
        }
    }
    let newest = name(keys.newest()?.0);
    for prefix in [KEYS, &next(KEYS)] {
        for (name, _) in tx.settings(prefix)? {
            let number = name.strip_prefix(prefix).unwrap_or_default();
            if !newest.ends_with(number) {
                tx.set_setting(&name, None)?;
            }
        }
    }
    tx.set_setting(HANDOVER, None)?;
    Ok(tx.set_setting(RESEAL, None)?)
}

/// The name under which the store keeps what a setting will be with the next master key.
fn next(name: &str) -> String {
    format!("{NEXT}{}", name.strip_prefix(SEAL).unwrap_or(name))
}

const SEAL: &str = "seal.";

const NEXT: &str = "seal.next.";

/// How far sealing anew is.
const RESEAL: &str = "seal.reseal";

/// The newest data key, sealed under the one before it.
const HANDOVER: &str = "seal.handover";

const HANDED_OVER: Purpose = Purpose::Other("data key");

/// How many objects are sealed anew in one transaction: others wait for it.
const BATCH: u32 = 64;

#[cfg(test)]
#[path = "rotation_tests.rs"]
mod tests;
