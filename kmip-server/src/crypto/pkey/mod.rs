//! Asymmetric keys: what they are, and the forms in which they are written.

mod agree;
pub mod curves;
mod ec;
mod generate;
mod numbers;
mod rsa;

use std::fmt;

use kmip::types::RecommendedCurve;
use openssl::ec::EcKey;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public};
use openssl::rsa::Rsa;

pub use self::ec::PointForm;
pub use self::generate::{RSA, WEAK_RSA};
pub use self::numbers::{DhNumbers, DsaNumbers, EcNumbers, Number, RsaNumbers};
use super::CryptoError;
use crate::wipe::Wiped;

/// What kind of key pair a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Family {
    /// RSA (PKCS #1).
    Rsa,
    /// DSA (FIPS 186-4).
    Dsa,
    /// Finite field Diffie-Hellman (PKCS #3 and X9.42).
    Dh,
    /// A curve of short Weierstrass form, or over a binary field: for ECDSA, ECDH and ECMQV.
    Ec(RecommendedCurve),
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// Ed448 (RFC 8032).
    Ed448,
    /// X25519 (RFC 7748).
    X25519,
    /// X448 (RFC 7748).
    X448,
}

impl Family {
    fn id(self) -> Id {
        match self {
            Self::Rsa => Id::RSA,
            Self::Dsa => Id::DSA,
            Self::Dh => Id::DH,
            Self::Ec(_) => Id::EC,
            Self::Ed25519 => Id::ED25519,
            Self::Ed448 => Id::ED448,
            Self::X25519 => Id::X25519,
            Self::X448 => Id::X448,
        }
    }

    /// Whether all of its keys have the same length.
    pub fn has_one_length(self) -> bool {
        !matches!(self, Self::Rsa | Self::Dsa | Self::Dh)
    }

    /// Whether its keys are written as one string of bytes (RFC 7748, RFC 8032).
    pub fn is_raw(self) -> bool {
        matches!(self, Self::Ed25519 | Self::Ed448 | Self::X25519 | Self::X448)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa => f.write_str("RSA"),
            Self::Dsa => f.write_str("DSA"),
            Self::Dh => f.write_str("DH"),
            Self::Ec(curve) => write!(f, "EC {curve}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed448 => f.write_str("Ed448"),
            Self::X25519 => f.write_str("X25519"),
            Self::X448 => f.write_str("X448"),
        }
    }
}

/// A private key, and with it the public one.
#[derive(Clone)]
pub struct PrivateKey {
    pub(super) key: PKey<Private>,
    family: Family,
}

/// A public key.
#[derive(Clone)]
pub struct PublicKey {
    pub(super) key: PKey<Public>,
    family: Family,
}

impl PrivateKey {
    fn new(key: PKey<Private>) -> Result<Self, CryptoError> {
        let family = family_of(&key)?;
        match key.bits() {
            bits if bits > LONGEST => Err(CryptoError::PairLength { family, bits }),
            _ => Ok(Self { key, family }),
        }
    }

    /// Reads a PrivateKeyInfo of PKCS #8 (RFC 5208), which is not encrypted.
    ///
    /// # Errors
    ///
    /// When the bytes are none, or the key is of a kind that the server doesn't have.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        check_encoding(der)?;
        Self::new(PKey::private_key_from_pkcs8(der).map_err(|_| malformed("PKCS#8 private key"))?)
    }

    /// Reads an RSAPrivateKey of PKCS #1 (RFC 8017 §A.1.2).
    ///
    /// # Errors
    ///
    /// When the bytes are none.
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, CryptoError> {
        check_encoding(der)?;
        let rsa = Rsa::private_key_from_der(der).map_err(|_| malformed("PKCS#1 private key"))?;
        Self::new(PKey::from_rsa(rsa)?)
    }

    /// Reads an ECPrivateKey (SEC 1 §C.4, RFC 5915), which names its curve.
    ///
    /// # Errors
    ///
    /// When the bytes are none, or the curve is not one that the server has.
    pub fn from_sec1(der: &[u8]) -> Result<Self, CryptoError> {
        check_encoding(der)?;
        let key = EcKey::private_key_from_der(der).map_err(|_| malformed("ECPrivateKey"))?;
        key.check_key().map_err(|_| malformed("ECPrivateKey"))?;
        Self::new(PKey::from_ec_key(key)?)
    }

    /// Reads the bytes of a key of RFC 7748 or RFC 8032, or the number of one of an elliptic curve.
    ///
    /// # Errors
    ///
    /// When they are none, or keys of the family have no such form.
    pub fn from_raw(family: Family, bytes: &[u8]) -> Result<Self, CryptoError> {
        match family {
            Family::Ec(curve) => Self::from_ec(&EcNumbers { curve, value: Wiped::from(bytes.to_vec()) }),
            family if family.is_raw() => Self::new(
                PKey::private_key_from_raw_bytes(bytes, family.id())
                    .map_err(|_| malformed("raw private key"))?,
            ),
            _ => Err(CryptoError::KeyForm { family, form: "Raw" }),
        }
    }

    /// Writes a PrivateKeyInfo of PKCS #8.
    ///
    /// # Errors
    ///
    /// When OpenSSL fails.
    pub fn to_pkcs8(&self) -> Result<Wiped, CryptoError> {
        Ok(self.key.private_key_to_pkcs8()?.into())
    }

    /// Writes an RSAPrivateKey of PKCS #1.
    ///
    /// # Errors
    ///
    /// When it is no RSA key.
    pub fn to_pkcs1(&self) -> Result<Wiped, CryptoError> {
        match self.family {
            Family::Rsa => Ok(self.key.rsa()?.private_key_to_der()?.into()),
            family => Err(CryptoError::KeyForm { family, form: "PKCS#1" }),
        }
    }

    /// Writes an ECPrivateKey of SEC 1.
    ///
    /// # Errors
    ///
    /// When it is no key of such a curve.
    pub fn to_sec1(&self) -> Result<Wiped, CryptoError> {
        match self.family {
            Family::Ec(_) => Ok(self.key.ec_key()?.private_key_to_der()?.into()),
            family => Err(CryptoError::KeyForm { family, form: "ECPrivateKey" }),
        }
    }

    /// Writes the key as one string of bytes, as [`Self::from_raw`] reads it.
    ///
    /// # Errors
    ///
    /// When keys of its family have no such form.
    pub fn to_raw(&self) -> Result<Wiped, CryptoError> {
        match self.family {
            Family::Ec(_) => Ok(self.ec()?.value),
            family if family.is_raw() => Ok(self.key.raw_private_key()?.into()),
            family => Err(CryptoError::KeyForm { family, form: "Raw" }),
        }
    }

    /// The public key of the pair.
    ///
    /// # Errors
    ///
    /// When OpenSSL fails.
    pub fn public(&self) -> Result<PublicKey, CryptoError> {
        PublicKey::new(PKey::public_key_from_der(&self.key.public_key_to_der()?)?)
    }

    /// What kind of key it is.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Its Cryptographic Length.
    ///
    /// # Errors
    ///
    /// When OpenSSL fails.
    pub fn bits(&self) -> Result<u32, CryptoError> {
        bits(self.family, self.key.bits())
    }
}

impl PublicKey {
    fn new(key: PKey<Public>) -> Result<Self, CryptoError> {
        Ok(Self { family: family_of(&key)?, key })
    }

    /// Reads a SubjectPublicKeyInfo of X.509 (RFC 5280 §4.1.2.7).
    ///
    /// # Errors
    ///
    /// When the bytes are none, or the key is of a kind that the server doesn't have.
    pub fn from_x509(der: &[u8]) -> Result<Self, CryptoError> {
        Self::new(PKey::public_key_from_der(der).map_err(|_| malformed("X.509 public key"))?)
    }

    /// Reads an RSAPublicKey of PKCS #1 (RFC 8017 §A.1.1).
    ///
    /// # Errors
    ///
    /// When the bytes are none.
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, CryptoError> {
        let rsa = Rsa::public_key_from_der_pkcs1(der).map_err(|_| malformed("PKCS#1 public key"))?;
        Self::new(PKey::from_rsa(rsa)?)
    }

    /// Reads the bytes of a key of RFC 7748 or RFC 8032, or the point of one of an elliptic curve.
    ///
    /// # Errors
    ///
    /// When they are none, or keys of the family have no such form.
    pub fn from_raw(family: Family, bytes: &[u8]) -> Result<Self, CryptoError> {
        match family {
            Family::Ec(curve) => Self::from_ec(&EcNumbers { curve, value: Wiped::from(bytes.to_vec()) }),
            family if family.is_raw() => Self::new(
                PKey::public_key_from_raw_bytes(bytes, family.id())
                    .map_err(|_| malformed("raw public key"))?,
            ),
            _ => Err(CryptoError::KeyForm { family, form: "Raw" }),
        }
    }

    /// Writes a SubjectPublicKeyInfo of X.509, with the point of an elliptic curve in this form.
    ///
    /// # Errors
    ///
    /// When OpenSSL fails.
    pub fn to_x509(&self, form: PointForm) -> Result<Vec<u8>, CryptoError> {
        match self.family {
            Family::Ec(curve) => ec::to_x509(curve, &self.point(form)?),
            _ => Ok(self.key.public_key_to_der()?),
        }
    }

    /// Writes an RSAPublicKey of PKCS #1.
    ///
    /// # Errors
    ///
    /// When it is no RSA key.
    pub fn to_pkcs1(&self) -> Result<Vec<u8>, CryptoError> {
        match self.family {
            Family::Rsa => Ok(self.key.rsa()?.public_key_to_der_pkcs1()?),
            family => Err(CryptoError::KeyForm { family, form: "PKCS#1" }),
        }
    }

    /// Writes the key as one string of bytes, as [`Self::from_raw`] reads it.
    ///
    /// # Errors
    ///
    /// When keys of its family have no such form.
    pub fn to_raw(&self, form: PointForm) -> Result<Vec<u8>, CryptoError> {
        match self.family {
            Family::Ec(_) => self.point(form),
            family if family.is_raw() => Ok(self.key.raw_public_key()?),
            family => Err(CryptoError::KeyForm { family, form: "Raw" }),
        }
    }

    /// What kind of key it is.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Its Cryptographic Length.
    ///
    /// # Errors
    ///
    /// When OpenSSL fails.
    pub fn bits(&self) -> Result<u32, CryptoError> {
        bits(self.family, self.key.bits())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.family)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.family)
    }
}

/// Whether this is a PKCS #8 EncryptedPrivateKeyInfo: an algorithm is first in it, where a plain one has its version.
pub fn is_encrypted_pkcs8(der: &[u8]) -> bool {
    const SEQUENCE: u8 = 0x30;
    let inside = match der {
        [SEQUENCE, length, rest @ ..] if *length < 0x80 => rest,
        [SEQUENCE, length, rest @ ..] => rest.get(usize::from(length & 0x7F)..).unwrap_or_default(),
        _ => return false,
    };
    matches!(inside, [SEQUENCE, ..])
}

fn family_of<T: HasPublic>(key: &PKeyRef<T>) -> Result<Family, CryptoError> {
    Ok(match key.id() {
        Id::RSA => Family::Rsa,
        Id::DSA => Family::Dsa,
        Id::DH | Id::DHX => Family::Dh,
        Id::EC => Family::Ec(ec::known_curve(key.ec_key()?.group())?),
        Id::ED25519 => Family::Ed25519,
        Id::ED448 => Family::Ed448,
        Id::X25519 => Family::X25519,
        Id::X448 => Family::X448,
        _ => return Err(CryptoError::KeyKind),
    })
}

/// Checks that the encoding of a private key is not longer than any that the server uses: for some kinds, OpenSSL computes
/// with the numbers in it as it reads them, however long they are.
fn check_encoding(der: &[u8]) -> Result<(), CryptoError> {
    if der.len() <= LONGEST_ENCODING { Ok(()) } else { Err(CryptoError::TooLong) }
}

fn bits(family: Family, of_key: u32) -> Result<u32, CryptoError> {
    Ok(match family {
        // OpenSSL says how long the order is, KMIP how long a coordinate (1.4 §4.2).
        Family::Ec(curve) => curves::group(curve)?.degree(),
        Family::Ed25519 | Family::X25519 => 256,
        Family::Ed448 | Family::X448 => 448,
        Family::Rsa | Family::Dsa | Family::Dh => of_key,
    })
}

fn malformed(what: &'static str) -> CryptoError {
    CryptoError::MalformedKey(what)
}

/// The longest private keys, in bits: as long as the longest public ones that OpenSSL verifies and encrypts with. How long
/// a signature takes grows with the cube of it.
const LONGEST: u32 = 16_384;

/// More than the encoding of an RSA key of that length has, in bytes.
const LONGEST_ENCODING: usize = 10 << 10;

#[cfg(test)]
mod tests;
