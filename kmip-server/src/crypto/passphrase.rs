//! Keys made of passphrases, slowly (scrypt, RFC 7914).

use std::fmt;

use openssl::base64;

use super::aead::AeadKey;
use super::password::{Cost, decode};
use super::{CryptoError, fill};

/// How a key is made of a passphrase: written beside what the key seals, as `$scrypt$ln=17,r=8,p=1$SALT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    cost: Cost,
    salt: Vec<u8>,
}

impl Stretch {
    /// With a new salt.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn new() -> Result<Self, CryptoError> {
        let mut salt = vec![0; 16];
        fill(&mut salt)?;
        Ok(Self { cost: COST, salt })
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (cost, salt) = text.strip_prefix("$scrypt$")?.split_once('$')?;
        let salt = decode(salt)?;
        (8..=64).contains(&salt.len()).then_some(Self { cost: Cost::parse(cost)?, salt })
    }

    /// The key that a passphrase makes. It takes a good part of a second, and 128 MiB.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn key(&self, passphrase: &[u8]) -> Result<AeadKey, CryptoError> {
        AeadKey::new(self.cost.hash(passphrase, &self.salt, 32)?)
    }
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "$scrypt${}${}", self.cost, base64::encode_block(&self.salt).trim_end_matches('='))
    }
}

/// More than for a password that is looked at often: 128 MiB, once for each file.
const COST: Cost = Cost { ln: 17, r: 8, p: 1 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_passphrase_makes_the_same_key() {
        let stretch = Stretch { cost: Cost { ln: 10, r: 1, p: 1 }, salt: vec![7; 16] };
        let read = Stretch::parse(&stretch.to_string()).unwrap();
        assert_eq!(read, stretch);
        assert_eq!(read.key(b"open sesame").unwrap().expose(), stretch.key(b"open sesame").unwrap().expose());
        assert_ne!(read.key(b"open sesam").unwrap().expose(), stretch.key(b"open sesame").unwrap().expose());
        assert!(Stretch::new().unwrap().to_string().starts_with("$scrypt$ln=17,r=8,p=1$"));
        for wrong in
            ["", "$scrypt$", "$scrypt$ln=17,r=8,p=1$", "$scrypt$ln=63,r=8,p=1$BwcHBwcHBwcHBwcHBwcHBw"]
        {
            assert!(Stretch::parse(wrong).is_none(), "{wrong}");
        }
    }
}
