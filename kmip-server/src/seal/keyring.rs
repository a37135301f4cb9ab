//! The data keys of a store: wrapped under the master key in its settings, and used to seal its records.

use super::{MasterKey, Purpose, SealError};
use crate::crypto::{self, CryptoError, aead::AeadKey};
use crate::store::{self, Snapshot, Store, Transaction};
use crate::wipe::Wiped;

/// Every data key of a store, and the key for blinding.
pub(super) struct Keyring {
    /// In the order of their numbers: the last is the newest.
    data: Vec<(u32, AeadKey)>,
    blinding: AeadKey,
}

impl Keyring {
    pub(super) fn open(store: &dyn Store, master: &MasterKey) -> Result<Self, SealError> {
        if let Some(keyring) = store::read(store, |snapshot| Self::load(snapshot, master))? {
            return Ok(keyring);
        }
        // Whoever comes second finds the keys of who came first.
        store::transact(store, |transaction| match Self::load(transaction, master)? {
            Some(keyring) => Ok(keyring),
            None => Self::create(transaction, master),
        })
    }

    /// The keys that are there; none if there is no key and no object.
    fn load<S: Snapshot + ?Sized>(from: &S, master: &MasterKey) -> Result<Option<Self>, SealError> {
        let mut data = Vec::new();
        for (name, wrapped) in from.settings(DATA_KEY)? {
            let number = name.strip_prefix(DATA_KEY).and_then(|digits| digits.parse().ok());
            let number = number.ok_or(SealError::Tampered)?;
            data.push((number, unwrap(master, &name, &wrapped)?));
        }
        let blinding = from.setting(BLINDING_KEY)?;
        match (data.is_empty(), blinding) {
            (false, Some(wrapped)) => {
                Ok(Some(Self { data, blinding: unwrap(master, BLINDING_KEY, &wrapped)? }))
            }
            (true, None) if from.is_empty()? => Ok(None),
            _ => Err(SealError::KeysMissing),
        }
    }

    fn create(transaction: &mut dyn Transaction, master: &MasterKey) -> Result<Self, SealError> {
        let mut make = |name: &str| -> Result<AeadKey, SealError> {
            let key = AeadKey::generate()?;
            let mut wrapped = Vec::new();
            master.key().seal(&[WRAPPING, name.as_bytes()], key.expose(), &mut wrapped)?;
            transaction.set_setting(name, Some(&wrapped))?;
            Ok(key)
        };
        // Numbers have a fixed width, so that their order is that of their names.
        let first = make(&format!("{DATA_KEY}{FIRST:010}"))?;
        Ok(Self { data: vec![(FIRST, first)], blinding: make(BLINDING_KEY)? })
    }

    /// A sealed record: the number of the data key, then what it sealed.
    pub(super) fn seal(
        &self,
        purpose: Purpose,
        bound: &[&[u8]],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let Some((number, key)) = self.data.last() else { return Err(SealError::KeysMissing) };
        let mut sealed = Vec::with_capacity(NUMBER + plaintext.len() + OVERHEAD);
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
        let Some((number, sealed)) = sealed.split_first_chunk::<NUMBER>() else {
            return Err(SealError::Tampered);
        };
        let number = u32::from_be_bytes(*number);
        let place = self.data.binary_search_by_key(&number, |(number, _)| *number);
        let key = place.ok().and_then(|place| self.data.get(place));
        let Some((_, key)) = key else { return Err(SealError::UnknownKey(number)) };
        key.open(&parts(purpose, bound), sealed).map_err(|error| match error {
            CryptoError::Undecipherable => SealError::Tampered,
            other => other.into(),
        })
    }

    pub(super) fn blind(&self, context: &str, value: &[u8]) -> Result<[u8; 32], SealError> {
        let length = u64::try_from(context.len()).unwrap_or(u64::MAX).to_be_bytes();
        Ok(crypto::hmac_sha256(self.blinding.expose(), &[&length, context.as_bytes(), value])?)
    }
}

/// What a record is bound to: what it is for, then what the caller says.
fn parts<'a>(purpose: Purpose, bound: &[&'a [u8]]) -> Vec<&'a [u8]> {
    let mut parts = Vec::with_capacity(bound.len() + 1);
    parts.push(purpose.name().as_bytes());
    parts.extend_from_slice(bound);
    parts
}

fn unwrap(master: &MasterKey, name: &str, wrapped: &[u8]) -> Result<AeadKey, SealError> {
    let key = master.key().open(&[WRAPPING, name.as_bytes()], wrapped).map_err(|error| match error {
        CryptoError::Undecipherable => SealError::WrongMasterKey,
        other => other.into(),
    })?;
    Ok(AeadKey::new(key)?)
}

const DATA_KEY: &str = "seal.data-key.";
const BLINDING_KEY: &str = "seal.blinding-key";
const WRAPPING: &[u8] = b"wrapped key";
const FIRST: u32 = 1;
/// Bytes of a data key's number in front of a record.
const NUMBER: usize = 4;
/// Bytes that the nonce and the tag take.
const OVERHEAD: usize = 12 + 16;

#[cfg(test)]
mod tests {
    use super::super::{Identity, Seal};
    use super::*;

    const IDENTITY: Identity<'static> = Identity {
        identifier: "1",
        owner: "alice",
        policy: "default",
        object_type: 2,
        state: Some(1),
        storage: 1,
    };

    #[test]
    fn records_open_where_they_belong_and_nowhere_else() {
        let store = store::open("memory:").unwrap();
        let seal = Seal::open(&*store, &MasterKey::generate().unwrap()).unwrap();
        let sealed = seal.seal_object(&IDENTITY, b"attributes", Some(b"key material")).unwrap();
        let material = sealed.material.clone().unwrap();
        assert_eq!(&seal.open_attributes(&IDENTITY, &sealed.attributes).unwrap()[..], b"attributes");
        assert_eq!(
            &seal.open_material(&IDENTITY, &sealed.attributes, &material).unwrap()[..],
            b"key material"
        );
        for other in [
            Identity { identifier: "2", ..IDENTITY },
            Identity { owner: "mallory", ..IDENTITY },
            Identity { policy: "public", ..IDENTITY },
            Identity { object_type: 3, ..IDENTITY },
            Identity { state: Some(2), ..IDENTITY },
            Identity { state: None, ..IDENTITY },
            Identity { storage: 2, ..IDENTITY },
        ] {
            let opened = seal.open_attributes(&other, &sealed.attributes);
            assert!(matches!(opened, Err(SealError::Tampered)), "{other:?}");
        }
        // Other material, or that of another version of the object, does not go with the attributes.
        let later = seal.seal_object(&IDENTITY, b"attributes", Some(b"key material")).unwrap();
        assert!(seal.open_material(&IDENTITY, &sealed.attributes, &later.material.unwrap()).is_err());
        assert!(seal.open_attributes(&IDENTITY, &material).is_err());
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let store = store::open("memory:").unwrap();
        let seal = Seal::open(&*store, &MasterKey::generate().unwrap()).unwrap();
        let sealed = seal.seal(Purpose::Attributes, &[b"x"], b"a record").unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(seal.open_record(Purpose::Attributes, &[b"x"], &changed).is_err(), "byte {place}");
            assert!(seal.open_record(Purpose::Attributes, &[b"x"], &sealed[..place]).is_err());
        }
        assert!(!sealed.windows(8).any(|window| window == b"a record"));
    }

    #[test]
    fn keys_stay_with_the_store_and_need_its_master_key() {
        let store = store::open("memory:").unwrap();
        let master = MasterKey::generate().unwrap();
        let sealed =
            Seal::open(&*store, &master).unwrap().seal(Purpose::Attributes, &[], b"a record").unwrap();
        let again = Seal::open(&*store, &master).unwrap();
        assert_eq!(&again.open_record(Purpose::Attributes, &[], &sealed).unwrap()[..], b"a record");
        let wrong = Seal::open(&*store, &MasterKey::generate().unwrap());
        assert!(matches!(wrong, Err(SealError::WrongMasterKey)));
    }

    #[test]
    fn blinded_values_are_equal_where_the_values_are() {
        let store = store::open("memory:").unwrap();
        let seal = Seal::open(&*store, &MasterKey::generate().unwrap()).unwrap();
        assert_eq!(seal.blind("a", b"x").unwrap(), seal.blind("a", b"x").unwrap());
        assert_ne!(seal.blind("a", b"x").unwrap(), seal.blind("b", b"x").unwrap());
        assert_ne!(seal.blind("ab", b"c").unwrap(), seal.blind("a", b"bc").unwrap());
    }
}
