//! Hashes of passwords: salted, and slow to try (scrypt, RFC 7914).
//!
//! They are written as others write them, too: `$scrypt$ln=15,r=8,p=3$SALT$HASH`, salt and hash in base64 without
//! padding.

use std::fmt;

use openssl::base64;

use super::{CryptoError, equal, fill};
use crate::wipe::Wiped;

/// The hash of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// What trying a password costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// The logarithm of N.
    pub(super) ln: u32,
    pub(super) r: u64,
    pub(super) p: u64,
}

impl PasswordHash {
    /// Hashes a password with a new salt.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn new(password: &[u8]) -> Result<Self, CryptoError> {
        let mut salt = vec![0; 16];
        fill(&mut salt)?;
        let hash = COST.hash(password, &salt, LENGTH)?.to_vec();
        Ok(Self { cost: COST, salt, hash })
    }

    /// One that is quick to try, for tests of something else.
    #[cfg(test)]
    pub(crate) fn quick(password: &str) -> Self {
        let (cost, salt) = (Cost { ln: 10, r: 1, p: 1 }, vec![7; 16]);
        let hash = cost.hash(password.as_bytes(), &salt, LENGTH).unwrap().to_vec();
        Self { cost, salt, hash }
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$scrypt$")?.split('$');
        let (cost, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let (salt, hash) = (decode(salt)?, decode(hash)?);
        let cost = Cost::parse(cost)?;
        let sound =
            parts.next().is_none() && (8..=64).contains(&salt.len()) && (16..=64).contains(&hash.len());
        sound.then_some(Self { cost, salt, hash })
    }

    /// Whether this is the password. It takes a good part of a second.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn is_of(&self, password: &[u8]) -> Result<bool, CryptoError> {
        let hash = self.cost.hash(password, &self.salt, self.hash.len())?;
        Ok(equal(&hash, &self.hash))
    }
}

/// Base64 without padding.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let padding = "=".repeat(text.len().next_multiple_of(4) - text.len());
    base64::decode_block(&format!("{text}{padding}")).ok()
}

impl Cost {
    /// Reads what [`fmt::Display`] writes. What costs nothing protects nothing, and what costs too much is a way to stop
    /// the server: neither is taken.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut numbers = ["ln=", "r=", "p="].into_iter().zip(text.splitn(3, ','));
        let mut number = || {
            let (name, text) = numbers.next()?;
            text.strip_prefix(name)?.parse::<u32>().ok()
        };
        let cost = Self { ln: number()?, r: number()?.into(), p: number()?.into() };
        let sound = (10..=18).contains(&cost.ln) && (1..=16).contains(&cost.r) && (1..=16).contains(&cost.p);
        sound.then_some(cost)
    }

    pub(super) fn hash(self, password: &[u8], salt: &[u8], length: usize) -> Result<Wiped, CryptoError> {
        let mut hash = Wiped::from(vec![0; length]);
        openssl::pkcs5::scrypt(password, salt, 1 << self.ln, self.r, self.p, MEMORY, &mut hash)?;
        Ok(hash)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ln={},r={},p={}", self.ln, self.r, self.p)
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encode = |bytes: &[u8]| base64::encode_block(bytes).trim_end_matches('=').to_owned();
        write!(f, "$scrypt${}${}${}", self.cost, encode(&self.salt), encode(&self.hash))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(redacted)")
    }
}

impl serde::Serialize for PasswordHash {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for PasswordHash {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        // The text may be a password: it is not repeated.
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("this is no hash of a password; `kmip-server users hash` prints one")
        })
    }
}

/// 32 MiB, three times over: what OWASP recommends of scrypt.
const COST: Cost = Cost { ln: 15, r: 8, p: 3 };
const LENGTH: usize = 32;
/// More than the costliest hash that is read needs.
const MEMORY: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hex;

    /// RFC 7914 §12, the third: a shorter hash is the beginning of a longer one.
    #[test]
    fn vector() {
        let expected = hex::bytes(
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162
             2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
        );
        let cost = Cost { ln: 10, r: 8, p: 16 };
        assert_eq!(cost.hash(b"password", b"NaCl", 64).unwrap().to_vec(), expected);
    }

    #[test]
    fn a_password_is_known_again() {
        let hash = PasswordHash::new(b"open sesame").unwrap();
        let text = hash.to_string();
        assert!(
            text.starts_with("$scrypt$ln=15,r=8,p=3$") && !text.contains('='.to_string().repeat(2).as_str())
        );
        let read = PasswordHash::parse(&text).unwrap();
        assert_eq!(read, hash);
        assert!(read.is_of(b"open sesame").unwrap());
        assert!(!read.is_of(b"open sesam").unwrap());
        assert_ne!(PasswordHash::new(b"open sesame").unwrap(), hash, "salted");
        assert_eq!(format!("{hash:?}"), "PasswordHash(redacted)");
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        let good = "$scrypt$ln=15,r=8,p=3$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert!(PasswordHash::parse(good).is_some());
        for (from, to) in [
            ("scrypt", "argon2id"),
            ("ln=15", "ln=63"),
            ("ln=15", "ln=1"),
            ("r=8", "r=4000000000"),
            ("p=3", "p=x"),
            ("ln=15,", ""),
            ("$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAA$"),
            ("AAAAAAAAAAAAAAAAAAAAAA$", ""),
            ("$A", "$!"),
        ] {
            assert!(PasswordHash::parse(&good.replacen(from, to, 1)).is_none(), "{from} {to}");
        }
        assert!(PasswordHash::parse(&format!("{good}$")).is_none());
        assert!(PasswordHash::parse("secret").is_none());
    }
}
