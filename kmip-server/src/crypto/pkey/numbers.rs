//! Asymmetric keys as the numbers that make them (KMIP 1.4 §2.1.7, 2.0 §3).

use kmip::types::RecommendedCurve;
use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::dh::Dh;
use openssl::dsa::{Dsa, DsaRef};
use openssl::pkey::{HasParams, Id, PKey};

use super::{Family, PrivateKey, PublicKey, malformed};
use crate::crypto::CryptoError;
use crate::wipe::Wiped;

/// A number that is not negative: its bytes, most significant first.
pub type Number = Wiped;

/// What an RSA key is made of; a public key has a modulus and a public exponent.
#[derive(Clone, Debug, Default)]
pub struct RsaNumbers {
    /// n.
    pub modulus: Number,
    /// e.
    pub public_exponent: Option<Number>,
    /// d.
    pub private_exponent: Option<Number>,
    /// p.
    pub p: Option<Number>,
    /// q.
    pub q: Option<Number>,
    /// d mod (p - 1).
    pub prime_exponent_p: Option<Number>,
    /// d mod (q - 1).
    pub prime_exponent_q: Option<Number>,
    /// The inverse of q modulo p.
    pub crt_coefficient: Option<Number>,
}

/// What a DSA key is made of.
#[derive(Clone, Debug)]
pub struct DsaNumbers {
    /// p.
    pub p: Number,
    /// q.
    pub q: Number,
    /// g.
    pub g: Number,
    /// x of a private key, y of a public one.
    pub value: Number,
}

/// What a Diffie-Hellman key is made of.
#[derive(Clone, Debug)]
pub struct DhNumbers {
    /// p.
    pub p: Number,
    /// q, of keys as X9.42 has them; PKCS #3 has none.
    pub q: Option<Number>,
    /// g.
    pub g: Number,
    /// x of a private key, y of a public one.
    pub value: Number,
}

/// What a key of an elliptic curve is made of.
#[derive(Clone, Debug)]
pub struct EcNumbers {
    /// The curve.
    pub curve: RecommendedCurve,
    /// d of a private key, the encoded point of a public one.
    pub value: Number,
}

impl PrivateKey {
    /// A DSA key from its numbers.
    ///
    /// # Errors
    ///
    /// When they make no such key.
    pub fn from_dsa(numbers: &DsaNumbers) -> Result<Self, CryptoError> {
        let [p, q, g, x] = read([&numbers.p, &numbers.q, &numbers.g, &numbers.value])?;
        let y = power(&g, &x, &p)?;
        let dsa = Dsa::from_private_components(p, q, g, x, y).map_err(|_| malformed("DSA key"))?;
        Self::new(PKey::from_dsa(dsa)?)
    }

    /// A Diffie-Hellman key from its numbers.
    ///
    /// # Errors
    ///
    /// When they make no such key.
    pub fn from_dh(numbers: &DhNumbers) -> Result<Self, CryptoError> {
        let [p, g, x] = read([&numbers.p, &numbers.g, &numbers.value])?;
        let y = power(&g, &x, &p)?;
        let key = Dh::from_pqg(p, optional(numbers.q.as_ref())?, g)
            .and_then(|dh| dh.set_key(y, x))
            .map_err(|_| malformed("DH key"))?;
        Self::new(if numbers.q.is_some() { PKey::from_dhx(key)? } else { PKey::from_dh(key)? })
    }

    /// The numbers of a DSA key.
    ///
    /// # Errors
    ///
    /// When it is another.
    pub fn dsa(&self) -> Result<DsaNumbers, CryptoError> {
        expect(self.family, Family::Dsa, "Transparent DSA")?;
        let key = self.key.dsa()?;
        Ok(dsa(&key, key.priv_key()))
    }

    /// The numbers of a Diffie-Hellman key.
    ///
    /// # Errors
    ///
    /// When it is another.
    pub fn dh(&self) -> Result<DhNumbers, CryptoError> {
        expect(self.family, Family::Dh, "Transparent DH")?;
        let key = self.key.dh()?;
        Ok(dh(&key, self.key.id(), key.private_key()))
    }
}

impl PublicKey {
    /// A DSA key from its numbers.
    ///
    /// # Errors
    ///
    /// When they make no such key.
    pub fn from_dsa(numbers: &DsaNumbers) -> Result<Self, CryptoError> {
        let [p, q, g, y] = read([&numbers.p, &numbers.q, &numbers.g, &numbers.value])?;
        let dsa = Dsa::from_public_components(p, q, g, y).map_err(|_| malformed("DSA key"))?;
        Self::new(PKey::from_dsa(dsa)?)
    }

    /// A Diffie-Hellman key from its numbers.
    ///
    /// # Errors
    ///
    /// When they make no such key.
    pub fn from_dh(numbers: &DhNumbers) -> Result<Self, CryptoError> {
        let [p, g, y] = read([&numbers.p, &numbers.g, &numbers.value])?;
        let key = Dh::from_pqg(p, optional(numbers.q.as_ref())?, g)
            .and_then(|dh| dh.set_public_key(y))
            .map_err(|_| malformed("DH key"))?;
        Self::new(if numbers.q.is_some() { PKey::from_dhx(key)? } else { PKey::from_dh(key)? })
    }

    /// The numbers of a DSA key.
    ///
    /// # Errors
    ///
    /// When it is another.
    pub fn dsa(&self) -> Result<DsaNumbers, CryptoError> {
        expect(self.family, Family::Dsa, "Transparent DSA")?;
        let key = self.key.dsa()?;
        Ok(dsa(&key, key.pub_key()))
    }

    /// The numbers of a Diffie-Hellman key.
    ///
    /// # Errors
    ///
    /// When it is another.
    pub fn dh(&self) -> Result<DhNumbers, CryptoError> {
        expect(self.family, Family::Dh, "Transparent DH")?;
        let key = self.key.dh()?;
        Ok(dh(&key, self.key.id(), key.public_key()))
    }
}

fn dsa<T: HasParams>(key: &DsaRef<T>, value: &BigNumRef) -> DsaNumbers {
    DsaNumbers { p: write(key.p()), q: write(key.q()), g: write(key.g()), value: write(value) }
}

fn dh<T: HasParams>(key: &Dh<T>, id: Id, value: &BigNumRef) -> DhNumbers {
    DhNumbers {
        p: write(key.prime_p()),
        q: key.prime_q().filter(|_| id == Id::DHX).map(write),
        g: write(key.generator()),
        value: write(value),
    }
}

/// Checks that a key is of the family that has a form.
pub(super) fn expect(found: Family, family: Family, form: &'static str) -> Result<(), CryptoError> {
    if found == family { Ok(()) } else { Err(CryptoError::KeyForm { family: found, form }) }
}

/// OpenSSL's numbers for ours. Longer ones belong to no key, and would take long to compute with.
pub(super) fn read<const N: usize>(numbers: [&Number; N]) -> Result<[BigNum; N], CryptoError> {
    let mut read = Vec::with_capacity(N);
    for number in numbers {
        read.push(one(number)?);
    }
    read.try_into().map_err(|_| CryptoError::KeyKind)
}

/// OpenSSL wipes the memory of these numbers alone: any of them may be a secret.
pub(super) fn one(number: &Number) -> Result<BigNum, CryptoError> {
    if number.len() > LONGEST {
        return Err(CryptoError::TooLong);
    }
    let mut read = BigNum::new_secure()?;
    read.copy_from_slice(number)?;
    Ok(read)
}

pub(super) fn optional(number: Option<&Number>) -> Result<Option<BigNum>, CryptoError> {
    number.map(one).transpose()
}

pub(super) fn write(number: &BigNumRef) -> Number {
    Wiped::from(number.to_vec())
}

fn power(base: &BigNumRef, exponent: &BigNumRef, modulus: &BigNumRef) -> Result<BigNum, CryptoError> {
    // Not odd is not prime, and OpenSSL's exponentiation that takes the same time for all secrets needs it.
    if !modulus.is_odd() {
        return Err(malformed("key"));
    }
    let mut secret = exponent.to_owned()?;
    secret.set_const_time();
    let mut result = BigNum::new()?;
    result.mod_exp(base, &secret, modulus, &mut *BigNumContext::new_secure()?)?;
    Ok(result)
}

/// The longest number of a key, in bytes: twice the longest modulus.
const LONGEST: usize = 2048 + 1;
