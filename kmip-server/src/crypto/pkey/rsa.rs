//! RSA keys from as few numbers as they can be told by (KMIP 1.4 §2.1.7.4, 2.0 §3.7).

use openssl::bn::{BigNum, BigNumContext, BigNumContextRef, BigNumRef, MsbOption};
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::rsa::{Rsa, RsaPrivateKeyBuilder};

use super::numbers::{RsaNumbers, expect, one, optional, write};
use super::{Family, PrivateKey, PublicKey, RSA, malformed};
use crate::crypto::CryptoError;

impl PrivateKey {
    /// An RSA key from its numbers. These are enough: the exponents; the primes and one of the exponents; or the primes
    /// and an exponent for one of them.
    ///
    /// # Errors
    ///
    /// When they are too few, or make no such key.
    pub fn from_rsa(numbers: &RsaNumbers) -> Result<Self, CryptoError> {
        let mut context = BigNumContext::new_secure()?;
        let numbers = Complete::new(numbers, &mut context)?;
        let rsa = RsaPrivateKeyBuilder::new(numbers.n, numbers.e, numbers.d)?
            .set_factors(numbers.p, numbers.q)?
            .set_crt_params(numbers.dp, numbers.dq, numbers.qi)?
            .build();
        Self::new(PKey::from_rsa(rsa)?)
    }

    /// The numbers of an RSA key, all of them.
    ///
    /// # Errors
    ///
    /// When it is another.
    pub fn rsa(&self) -> Result<RsaNumbers, CryptoError> {
        expect(self.family, Family::Rsa, "Transparent RSA")?;
        let rsa = self.key.rsa()?;
        Ok(RsaNumbers {
            modulus: write(rsa.n()),
            public_exponent: Some(write(rsa.e())),
            private_exponent: Some(write(rsa.d())),
            p: rsa.p().map(write),
            q: rsa.q().map(write),
            prime_exponent_p: rsa.dmp1().map(write),
            prime_exponent_q: rsa.dmq1().map(write),
            crt_coefficient: rsa.iqmp().map(write),
        })
    }
}

impl PublicKey {
    /// An RSA key from its modulus and public exponent.
    ///
    /// # Errors
    ///
    /// When they make no such key.
    pub fn from_rsa(numbers: &RsaNumbers) -> Result<Self, CryptoError> {
        let e = optional(numbers.public_exponent.as_ref())?.ok_or_else(|| malformed("RSA key"))?;
        let n = one(&numbers.modulus)?;
        if !n.is_odd() || !e.is_odd() {
            return Err(malformed("RSA key"));
        }
        Self::new(PKey::from_rsa(Rsa::from_public_components(n, e)?)?)
    }

    /// The modulus and the public exponent of an RSA key.
    ///
    /// # Errors
    ///
    /// When it is another.
    pub fn rsa(&self) -> Result<RsaNumbers, CryptoError> {
        expect(self.family, Family::Rsa, "Transparent RSA")?;
        let rsa = self.key.rsa()?;
        Ok(RsaNumbers {
            modulus: write(rsa.n()),
            public_exponent: Some(write(rsa.e())),
            ..RsaNumbers::default()
        })
    }
}

/// All numbers of a private key.
struct Complete {
    n: BigNum,
    e: BigNum,
    d: BigNum,
    p: BigNum,
    q: BigNum,
    dp: BigNum,
    dq: BigNum,
    qi: BigNum,
}

impl Complete {
    fn new(given: &RsaNumbers, context: &mut BigNumContextRef) -> Result<Self, CryptoError> {
        let n = one(&given.modulus)?;
        let (e, d) = (optional(given.public_exponent.as_ref())?, optional(given.private_exponent.as_ref())?);
        let primes = match (optional(given.p.as_ref())?, optional(given.q.as_ref())?) {
            (Some(p), Some(q)) => Some((p, q)),
            (Some(p), None) => {
                let q = quotient(&n, &p, context)?;
                Some((p, q))
            }
            (None, Some(q)) => Some((quotient(&n, &q, context)?, q)),
            (None, None) => None,
        };
        let (p, q) = match (primes, &e, &d) {
            (Some(primes), ..) => primes,
            (None, Some(e), Some(d)) => factor(&n, e, d, context)?,
            _ => return Err(malformed("RSA private key: there are too few numbers in it")),
        };
        if product(&p, &q, context)? != n || p.is_even() || q.is_even() {
            return Err(malformed("RSA private key"));
        }
        let (p1, q1) = (minus_one(&p)?, minus_one(&q)?);
        // The least d there can be (FIPS 186-4 §B.3.1).
        let (phi, common) = (product(&p1, &q1, context)?, divisor(&p1, &q1, context)?);
        let lambda = quotient(&phi, &common, context)?;
        let d = match (d, &e, optional(given.prime_exponent_p.as_ref())?) {
            (Some(d), ..) => d,
            (None, Some(e), _) => inverse(e, &lambda, context)?,
            (None, None, Some(dp)) => {
                let e = inverse(&dp, &p1, context)?;
                inverse(&e, &lambda, context)?
            }
            _ => return Err(malformed("RSA private key: there is no exponent in it")),
        };
        let e = match e {
            Some(e) => e,
            None => inverse(&d, &lambda, context)?,
        };
        let one =
            secret(|one| one.mod_mul(&d, &e, &lambda, context)).map_err(|_| malformed("RSA private key"))?;
        if one != BigNum::from_u32(1)? {
            return Err(malformed("RSA private key"));
        }
        let (dp, dq) = (remainder(&d, &p1, context)?, remainder(&d, &q1, context)?);
        let qi = inverse(&q, &p, context)?;
        Ok(Self { n, e, d, p, q, dp, dq, qi })
    }
}

/// The primes of a modulus, which both exponents together tell (SP 800-56B §C.1).
fn factor(
    n: &BigNumRef,
    e: &BigNumRef,
    d: &BigNumRef,
    context: &mut BigNumContextRef,
) -> Result<(BigNum, BigNum), CryptoError> {
    let wrong = || malformed("RSA private key");
    // The time that it takes grows with the cube of the length.
    let too_long = u32::try_from(n.num_bits()).is_ok_and(|bits| bits > *RSA.end());
    if !n.is_odd() || e >= n || d >= n || too_long {
        return Err(wrong());
    }
    let de = product(d, e, context)?;
    let k = minus_one(&de)?;
    if k.is_odd() || k.num_bits() == 0 {
        return Err(wrong());
    }
    let mut odd = k;
    let mut twos = 0;
    while odd.is_even() {
        odd = secret(|half| half.rshift1(&odd))?;
        twos += 1;
    }
    let (unit, top) = (BigNum::from_u32(1)?, minus_one(n)?);
    'rounds: for _ in 0..ROUNDS {
        let g = secret(|g| g.rand(n.num_bits().saturating_sub(1), MsbOption::MAYBE_ZERO, false))?;
        let mut y = secret(|y| y.mod_exp(&g, &odd, n, context))?;
        if y == unit || y == top {
            continue;
        }
        for _ in 0..twos {
            let square = secret(|square| square.mod_sqr(&y, n, context))?;
            if square == unit {
                let root = minus_one(&y)?;
                let p = divisor(&root, n, context)?;
                let q = quotient(n, &p, context)?;
                return Ok(if p > q { (p, q) } else { (q, p) });
            }
            if square == top {
                continue 'rounds;
            }
            y = square;
        }
        // Every number would come to one by now, if these were exponents of that modulus.
        return Err(wrong());
    }
    Err(wrong())
}

fn product(a: &BigNumRef, b: &BigNumRef, context: &mut BigNumContextRef) -> Result<BigNum, CryptoError> {
    Ok(secret(|result| result.checked_mul(a, b, context))?)
}

fn quotient(a: &BigNumRef, b: &BigNumRef, context: &mut BigNumContextRef) -> Result<BigNum, CryptoError> {
    secret(|result| result.checked_div(a, b, context)).map_err(|_| malformed("RSA private key"))
}

fn remainder(a: &BigNumRef, b: &BigNumRef, context: &mut BigNumContextRef) -> Result<BigNum, CryptoError> {
    secret(|result| result.checked_rem(a, b, context)).map_err(|_| malformed("RSA private key"))
}

fn divisor(a: &BigNumRef, b: &BigNumRef, context: &mut BigNumContextRef) -> Result<BigNum, CryptoError> {
    Ok(secret(|result| result.gcd(a, b, context))?)
}

fn inverse(a: &BigNumRef, n: &BigNumRef, context: &mut BigNumContextRef) -> Result<BigNum, CryptoError> {
    secret(|result| result.mod_inverse(a, n, context)).map_err(|_| malformed("RSA private key"))
}

/// A number that OpenSSL wipes: each of these tells the key.
fn secret(compute: impl FnOnce(&mut BigNumRef) -> Result<(), ErrorStack>) -> Result<BigNum, ErrorStack> {
    let mut result = BigNum::new_secure()?;
    compute(&mut result)?;
    Ok(result)
}

fn minus_one(a: &BigNumRef) -> Result<BigNum, CryptoError> {
    let mut result = a.to_owned()?;
    result.sub_word(1)?;
    Ok(result)
}

/// How often numbers are drawn to find the primes: each does with a probability of one half.
const ROUNDS: usize = 64;
