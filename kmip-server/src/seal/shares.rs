//! A master key in shares, some number of which make it again.

use std::fmt::Write as _;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::{MasterKey, SealError};
use crate::crypto::split::{BinaryField, Part, Sharing};
use crate::crypto::{self, Hash, equal, hmac_sha256};
use crate::wipe::Wiped;

/// One share, as one person keeps it: `kmip-share-SET-THRESHOLD-NUMBER-VALUE-CHECK`, all but the first in hexadecimal.
pub struct Share {
    /// Which splitting it is of.
    set: [u8; 4],
    threshold: u8,
    number: u8,
    value: Wiped,
}

impl Share {
    /// Splits a key.
    ///
    /// # Errors
    /// When there can't be as many shares, or so few would do.
    pub fn split(key: &MasterKey, shares: u8, threshold: u8) -> Result<Vec<Self>, SealError> {
        if threshold < 2 || threshold > shares {
            return Err(SealError::Shares("from two shares up to all of them can be needed"));
        }
        let mut set = [0; 4];
        crypto::fill(&mut set)?;
        // With something by which the key is known to be right, whoever has the store or not.
        let mut secret = Wiped::with_capacity(64);
        secret.extend_from_slice(key.key().expose());
        secret.extend_from_slice(check(key.key().expose())?.get(..CHECK).unwrap_or_default());
        let values = sharing().split(&secret, shares, threshold)?;
        Ok((1..=shares).zip(values).map(|(number, value)| Self { set, threshold, number, value }).collect())
    }

    /// How many are needed.
    pub fn threshold(&self) -> u8 {
        self.threshold
    }

    /// It as text.
    ///
    /// # Errors
    /// When the cryptography fails.
    pub fn to_text(&self) -> Result<Zeroizing<String>, SealError> {
        // With room for all of it, so that no part stays where the text grew out of.
        let mut text = Zeroizing::new(String::with_capacity(256));
        text.push_str(PREFIX);
        let mut part = |bytes: &[u8], between: &str| {
            for byte in bytes {
                let _ = write!(text, "{byte:02x}");
            }
            text.push_str(between);
        };
        part(&self.set, "-");
        part(&[self.threshold], "-");
        part(&[self.number], "-");
        part(&self.value, "-");
        part(&self.checksum()?, "");
        Ok(text)
    }

    /// By which a mistyped share is known.
    fn checksum(&self) -> Result<Vec<u8>, SealError> {
        let mut all = Wiped::with_capacity(128);
        all.extend_from_slice(&self.set);
        all.extend_from_slice(&[self.threshold, self.number]);
        all.extend_from_slice(&self.value);
        let mut digest = crypto::digest(Hash::Sha256, &all)?;
        digest.truncate(4);
        Ok(digest)
    }
}

impl FromStr for Share {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        let wrong = || SealError::Shares("this is no share, or it is mistyped");
        let mut parts = text.trim().strip_prefix(PREFIX).ok_or_else(wrong)?.split('-');
        let mut next = || parts.next().and_then(hexadecimal).ok_or_else(wrong);
        let (set, threshold, number, value, checksum) = (next()?, next()?, next()?, next()?, next()?);
        let ([threshold], [number]) = (&threshold[..], &number[..]) else { return Err(wrong()) };
        let set = set[..].try_into().map_err(|_| wrong())?;
        let share = Self { set, threshold: *threshold, number: *number, value };
        if share.value.len() != LENGTH || parts.next().is_some() || share.checksum()? != checksum[..] {
            return Err(wrong());
        }
        Ok(share)
    }
}

/// Shares as they come in.
#[derive(Default)]
pub struct Gathered(Vec<Share>);

impl Gathered {
    /// Takes one more; the key, when they are enough.
    ///
    /// # Errors
    /// When it is of another set, or was there already, or all of them make no key.
    pub fn add(&mut self, share: Share) -> Result<Option<MasterKey>, SealError> {
        if let Some(first) = self.0.first()
            && (first.set != share.set || first.threshold != share.threshold)
        {
            return Err(SealError::Shares("this share is of another key than those before it"));
        }
        if self.0.iter().any(|other| other.number == share.number) {
            return Err(SealError::Shares("this share was given already"));
        }
        let threshold = share.threshold;
        self.0.push(share);
        if self.0.len() < usize::from(threshold) {
            return Ok(None);
        }
        let shares = std::mem::take(&mut self.0);
        let parts: Vec<_> =
            shares.iter().map(|share| Part { number: share.number, value: &share.value }).collect();
        let mut secret = sharing().join(&parts, threshold, None)?;
        let checked = secret.split_off(LENGTH - CHECK);
        if !equal(&checked, check(&secret)?.get(..CHECK).unwrap_or_default()) {
            return Err(SealError::Shares("these shares make no key: all of them are to be given again"));
        }
        Ok(Some(MasterKey::parse(secret)?))
    }

    /// How many there are, and how many are needed.
    pub fn count(&self) -> (usize, u8) {
        (self.0.len(), self.0.first().map_or(0, Share::threshold))
    }
}

fn sharing() -> Sharing {
    Sharing::Binary(BinaryField::GF8)
}

fn check(key: &[u8]) -> Result<[u8; 32], SealError> {
    Ok(hmac_sha256(key, &[b"kmip-server master key in shares"])?)
}

fn hexadecimal(text: &str) -> Option<Wiped> {
    let mut bytes = Wiped::with_capacity(LENGTH);
    for pair in text.as_bytes().chunks(2) {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2 && !pair.starts_with('+'))?;
        if bytes.len() == LENGTH {
            return None;
        }
        bytes.push(u8::from_str_radix(pair, 16).ok()?);
    }
    Some(bytes)
}

const PREFIX: &str = "kmip-share-";

/// How much of the check is shared with the key.
const CHECK: usize = 8;

/// The key and its check.
const LENGTH: usize = 32 + CHECK;

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(key: &MasterKey, shares: u8, threshold: u8) -> Vec<String> {
        let shares = Share::split(key, shares, threshold).unwrap();
        shares.iter().map(|share| share.to_text().unwrap().to_string()).collect()
    }

    fn give<'t>(texts: impl IntoIterator<Item = &'t String>) -> Result<Option<MasterKey>, SealError> {
        let mut gathered = Gathered::default();
        let mut key = None;
        for text in texts {
            key = gathered.add(text.parse()?)?;
        }
        Ok(key)
    }

    #[test]
    fn enough_shares_make_the_key() {
        let key = MasterKey::generate().unwrap();
        let shares = texts(&key, 5, 3);
        for chosen in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
            let made = give(chosen.iter().map(|place: &usize| &shares[*place])).unwrap().unwrap();
            assert_eq!(made.to_text()[..], key.to_text()[..]);
        }
        assert!(give(&shares[..2]).unwrap().is_none());
        let mut gathered = Gathered::default();
        gathered.add(shares[1].parse().unwrap()).unwrap();
        assert_eq!(gathered.count(), (1, 3));
        let again = gathered.add(shares[1].parse().unwrap()).unwrap_err().to_string();
        assert!(again.contains("given already"), "{again}");
        let others = texts(&key, 5, 3);
        let mixed = gathered.add(others[2].parse().unwrap()).unwrap_err().to_string();
        assert!(mixed.contains("another key"), "{mixed}");
        assert_eq!(gathered.count(), (1, 3));
    }

    #[test]
    fn mistyped_shares_are_known() {
        let key = MasterKey::generate().unwrap();
        let share = &texts(&key, 3, 2)[0];
        assert!(format!("  {share}\n").parse::<Share>().is_ok());
        for place in 0..share.len() {
            let mut typed = share.clone().into_bytes();
            typed[place] = if typed[place] == b'7' { b'8' } else { b'7' };
            let typed = String::from_utf8(typed).unwrap();
            assert!(typed.parse::<Share>().is_err(), "{typed}");
            assert!(share[..place].parse::<Share>().is_err());
        }
        assert!(format!("{share}-00").parse::<Share>().is_err());
        for (shares, threshold) in [(3, 1), (3, 0), (2, 3), (0, 0)] {
            assert!(Share::split(&key, shares, threshold).is_err());
        }
    }
}
