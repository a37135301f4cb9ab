//! Secret sharing: a secret becomes parts, of which some number, or all, make it again (KMIP 1.4 §2.2.5, 2.0 §13.1).
//!
//! Of `threshold` parts of a polynomial sharing, fewer say nothing at all of the secret but its length. The part with the
//! number `n` is the polynomial's value at `n`, the secret its value at zero.

use openssl::bn::{BigNum, BigNumContext};

use super::{CryptoError, random};
use crate::wipe::Wiped;

/// How a secret is shared.
#[derive(Debug)]
pub enum Sharing {
    /// The exclusive or of all parts is the secret.
    Xor,
    /// Polynomials over a field of characteristic two.
    Binary(BinaryField),
    /// A polynomial over the integers modulo a prime.
    Prime(PrimeField),
}

/// One part, and its number: from one on.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Its Key Part Identifier.
    pub number: u8,
    /// What it is.
    pub value: &'a [u8],
}

impl Sharing {
    /// Makes the parts of a secret, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// When the secret can't be shared so.
    pub fn split(&self, secret: &[u8], parts: u8, threshold: u8) -> Result<Vec<Wiped>, CryptoError> {
        if threshold == 0 || threshold > parts {
            return Err(CryptoError::Sharing("the threshold is not from one to the number of parts"));
        }
        if secret.is_empty() {
            return Err(CryptoError::Sharing("there is nothing to split"));
        }
        if secret.len().saturating_mul(parts.into()).saturating_mul(threshold.into()) > MOST_WORK {
            return Err(CryptoError::TooLong);
        }
        match self {
            Self::Xor if threshold != parts => {
                Err(CryptoError::Sharing("all parts are needed where they are combined by exclusive or"))
            }
            Self::Xor => split_xor(secret, parts),
            Self::Binary(field) => field.split(secret, parts, threshold),
            Self::Prime(field) => field.split(secret, parts, threshold),
        }
    }

    /// Makes the secret of its parts, all of which have to agree. Its length, in bytes, is needed for a prime field alone,
    /// and is as long as the field takes if nothing is said.
    ///
    /// # Errors
    ///
    /// When the parts are too few, or not parts of one secret.
    pub fn join(
        &self,
        parts: &[Part<'_>],
        threshold: u8,
        length: Option<usize>,
    ) -> Result<Wiped, CryptoError> {
        if threshold == 0 || parts.len() < threshold.into() {
            return Err(CryptoError::Parts("the parts are fewer than the threshold"));
        }
        let Some(first) = parts.first() else { return Err(CryptoError::Parts("there are no parts")) };
        let is_repeated = |(place, part): (usize, &Part<'_>)| {
            parts.iter().take(place).any(|other| other.number == part.number)
        };
        if parts.iter().enumerate().any(is_repeated) {
            return Err(CryptoError::Parts("a part is given twice"));
        }
        if parts.iter().any(|part| part.number == 0 || part.value.len() != first.value.len()) {
            return Err(CryptoError::Parts("the parts are not those of one key"));
        }
        let (used, more) = parts.split_at(threshold.into());
        let secret = match self {
            Self::Xor if !more.is_empty() => {
                return Err(CryptoError::Parts("the parts are more than there are"));
            }
            Self::Xor => join_xor(used),
            Self::Binary(field) => field.join(used, more)?,
            Self::Prime(field) => field.join(used, more, length)?,
        };
        Ok(secret)
    }
}

fn split_xor(secret: &[u8], parts: u8) -> Result<Vec<Wiped>, CryptoError> {
    let mut last = Wiped::from(secret);
    let mut made = Vec::with_capacity(parts.into());
    for _ in 1..parts {
        let part = random(secret.len())?;
        add(&mut last, &part);
        made.push(part);
    }
    made.push(last);
    Ok(made)
}

fn join_xor(parts: &[Part<'_>]) -> Wiped {
    let mut secret = Wiped::from(vec![0; parts.first().map_or(0, |part| part.value.len())]);
    for part in parts {
        add(&mut secret, part.value);
    }
    secret
}

/// Addition in every field of characteristic two.
fn add(sum: &mut [u8], other: &[u8]) {
    for (byte, other) in sum.iter_mut().zip(other) {
        *byte ^= other;
    }
}

/// GF(2^8), or GF(2^16) over it.
///
/// All arithmetic takes the same time and touches the same memory whatever it is done to.
#[derive(Clone, Copy, Debug)]
pub struct BinaryField {
    /// Whether an element is a pair of bytes.
    wide: bool,
    /// What x^8 is.
    reduction: u8,
}

impl BinaryField {
    /// GF(2^8) modulo x^8+x^4+x^3+x^2+1: 285, as 2.0 §13.1 has it, and as the official cases TC-SJ have it since 1.2.
    pub const GF8: Self = Self { wide: false, reduction: 0x1D };

    /// GF(2^16) over the GF(2^8) of 2.0 §13.1.
    pub const GF16: Self = Self { wide: true, reduction: 0x1D };

    /// GF(2^16) over the GF(2^8) of FIPS 197, as 1.4 §2.2.5 has it.
    pub const GF16_FIPS_197: Self = Self { wide: true, reduction: 0x1B };

    /// How many bytes an element has.
    fn width(self) -> usize {
        if self.wide { 2 } else { 1 }
    }

    fn split(self, secret: &[u8], parts: u8, threshold: u8) -> Result<Vec<Wiped>, CryptoError> {
        if !secret.len().is_multiple_of(self.width()) {
            return Err(CryptoError::Sharing("the secret is no whole number of pieces of 16 bits"));
        }
        let mut made: Vec<Wiped> = (0..parts).map(|_| Wiped::from(secret)).collect();
        let mut powers: Vec<u16> = vec![1; made.len()];
        for _ in 1..threshold {
            let coefficients = random(secret.len())?;
            for ((number, part), power) in (1..=u16::from(parts)).zip(&mut made).zip(&mut powers) {
                *power = self.multiply(*power, number);
                self.add_product(part, &coefficients, *power);
            }
        }
        Ok(made)
    }

    fn join(self, used: &[Part<'_>], more: &[Part<'_>]) -> Result<Wiped, CryptoError> {
        for part in more {
            if !super::equal(&self.at(part.number.into(), used)?, part.value) {
                return Err(CryptoError::Parts("the parts are not those of one key"));
            }
        }
        self.at(0, used)
    }

    /// The value of the polynomials at a place, from their values at others.
    fn at(self, place: u16, parts: &[Part<'_>]) -> Result<Wiped, CryptoError> {
        let length = parts.first().map_or(0, |part| part.value.len());
        if !length.is_multiple_of(self.width()) {
            return Err(CryptoError::Parts("the parts are no whole number of pieces of 16 bits"));
        }
        let mut value = Wiped::from(vec![0; length]);
        for part in parts {
            let (mut above, mut below) = (1, 1);
            for other in parts.iter().filter(|other| other.number != part.number) {
                above = self.multiply(above, place ^ u16::from(other.number));
                below = self.multiply(below, u16::from(part.number ^ other.number));
            }
            self.add_product(&mut value, part.value, self.multiply(above, self.invert(below)));
        }
        Ok(value)
    }

    /// Adds `factor` times each element of `elements`.
    fn add_product(self, sum: &mut [u8], elements: &[u8], factor: u16) {
        for (sum, element) in sum.chunks_exact_mut(self.width()).zip(elements.chunks_exact(self.width())) {
            match (sum, element) {
                ([sum], [element]) => *sum ^= self.multiply(u16::from(*element), factor).to_be_bytes()[1],
                ([high, low], [u, v]) => {
                    let [r, s] = self.multiply(u16::from_be_bytes([*u, *v]), factor).to_be_bytes();
                    *high ^= r;
                    *low ^= s;
                }
                _ => {}
            }
        }
    }

    fn multiply(self, a: u16, b: u16) -> u16 {
        let ([r, s], [u, v]) = (a.to_be_bytes(), b.to_be_bytes());
        if !self.wide {
            return u16::from(self.multiply_bytes(s, v));
        }
        // (ry + s)(uy + v) = ((r + s)(u + v) + sv)y + (ru + svm). With y^2 = y + m, it is m times ru that goes to the end,
        // and sv that stays as it is: the formula of 1.4 §2.2.5 and 2.0 §13.1 has them the wrong way round, and its
        // product by one would not be the number itself.
        let sv = self.multiply_bytes(s, v);
        let high = self.multiply_bytes(r ^ s, u ^ v) ^ sv;
        let low = self.multiply_bytes(self.multiply_bytes(r, u), M) ^ sv;
        u16::from_be_bytes([high, low])
    }

    /// The inverse of an element, which for zero is zero.
    fn invert(self, element: u16) -> u16 {
        let [u, v] = element.to_be_bytes();
        if !self.wide {
            return u16::from(self.invert_byte(v));
        }
        // (uy + v)^-1 = u d^-1 y + (u + v) d^-1, where d = (u + v)v + mu^2.
        let d = self.multiply_bytes(u ^ v, v) ^ self.multiply_bytes(M, self.multiply_bytes(u, u));
        let d = self.invert_byte(d);
        u16::from_be_bytes([self.multiply_bytes(u, d), self.multiply_bytes(u ^ v, d)])
    }

    fn multiply_bytes(self, a: u8, b: u8) -> u8 {
        let (mut a, mut b, mut product) = (a, b, 0);
        for _ in 0..8 {
            product ^= a & 0_u8.wrapping_sub(b & 1);
            b >>= 1;
            a = (a << 1) ^ (self.reduction & 0_u8.wrapping_sub(a >> 7));
        }
        product
    }

    /// a^254, which is a^-1, as the order of the group is 255.
    fn invert_byte(self, a: u8) -> u8 {
        let mut power = 1;
        for _ in 0..254 {
            power = self.multiply_bytes(power, a);
        }
        power
    }
}

/// The integers modulo a prime.
pub struct PrimeField {
    prime: BigNum,
}

impl std::fmt::Debug for PrimeField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrimeField").field("bits", &self.prime.num_bits()).finish()
    }
}

impl PrimeField {
    /// The field of this many elements, a number with these bytes, most significant first.
    ///
    /// # Errors
    ///
    /// When that is no prime, or a very large one.
    pub fn new(size: &[u8]) -> Result<Self, CryptoError> {
        let prime = BigNum::from_slice(size)?;
        if prime.num_bits() > MOST_PRIME_BITS {
            return Err(CryptoError::TooLong);
        }
        let mut context = BigNumContext::new()?;
        if !prime.is_prime(PRIME_CHECKS, &mut context)? {
            return Err(CryptoError::Sharing("the Prime Field Size is no prime"));
        }
        Ok(Self { prime })
    }

    /// How many whole bytes the secret has at most: the prime is larger than 2^L.
    fn longest(&self) -> usize {
        usize::try_from(self.prime.num_bits()).unwrap_or_default().saturating_sub(1) / 8
    }

    fn split(&self, secret: &[u8], parts: u8, threshold: u8) -> Result<Vec<Wiped>, CryptoError> {
        if secret.len() > self.longest() {
            return Err(CryptoError::Sharing("the Prime Field Size is too small for the secret"));
        }
        let beyond = BigNum::from_u32(u32::from(parts))?;
        if beyond >= self.prime {
            return Err(CryptoError::Sharing("the Prime Field Size is too small for so many parts"));
        }
        let mut context = BigNumContext::new_secure()?;
        let mut coefficients = vec![number(secret)?];
        for _ in 1..threshold {
            let mut coefficient = BigNum::new_secure()?;
            self.prime.rand_range(&mut coefficient)?;
            coefficients.push(coefficient);
        }
        let mut made = Vec::with_capacity(parts.into());
        for place in 1..=parts {
            let place = BigNum::from_u32(place.into())?;
            // Horner's rule.
            let mut value = BigNum::new_secure()?;
            for coefficient in coefficients.iter().rev() {
                let mut product = BigNum::new_secure()?;
                product.mod_mul(&value, &place, &self.prime, &mut context)?;
                value.mod_add(&product, coefficient, &self.prime, &mut context)?;
            }
            made.push(Wiped::from(value.to_vec_padded(self.prime.num_bytes())?));
        }
        Ok(made)
    }

    fn join(
        &self,
        used: &[Part<'_>],
        more: &[Part<'_>],
        length: Option<usize>,
    ) -> Result<Wiped, CryptoError> {
        let mut numbers = Vec::with_capacity(used.len());
        for part in used.iter().chain(more) {
            let value = number(part.value)?;
            if value >= self.prime {
                return Err(CryptoError::Parts("a part is no number of the prime field"));
            }
            numbers.push((u32::from(part.number), value));
        }
        let (used, more) = numbers.split_at(used.len());
        for (place, value) in more {
            if self.at(*place, used)? != *value {
                return Err(CryptoError::Parts("the parts are not those of one key"));
            }
        }
        let secret = self.at(0, used)?;
        let length = length.unwrap_or_else(|| self.longest());
        let length = i32::try_from(length).map_err(|_| CryptoError::TooLong)?;
        if secret.num_bytes() > length {
            return Err(CryptoError::Parts("what the parts make is longer than the key"));
        }
        Ok(Wiped::from(secret.to_vec_padded(length)?))
    }

    /// The value of the polynomial at a place, from its values at others.
    fn at(&self, place: u32, values: &[(u32, BigNum)]) -> Result<BigNum, CryptoError> {
        let mut context = BigNumContext::new_secure()?;
        let mut sum = BigNum::new_secure()?;
        let place = BigNum::from_u32(place)?;
        for (number, value) in values {
            let own = BigNum::from_u32(*number)?;
            let (mut above, mut below) = (BigNum::from_u32(1)?, BigNum::from_u32(1)?);
            for (other, _) in values.iter().filter(|(other, _)| other != number) {
                let other = BigNum::from_u32(*other)?;
                above = self.times_difference(&above, &place, &other, &mut context)?;
                below = self.times_difference(&below, &own, &other, &mut context)?;
            }
            let mut inverse = BigNum::new()?;
            inverse
                .mod_inverse(&below, &self.prime, &mut context)
                .map_err(|_| CryptoError::Parts("the parts are not those of one key"))?;
            let mut weight = BigNum::new()?;
            weight.mod_mul(&above, &inverse, &self.prime, &mut context)?;
            let mut term = BigNum::new_secure()?;
            term.mod_mul(&weight, value, &self.prime, &mut context)?;
            let mut next = BigNum::new_secure()?;
            next.mod_add(&sum, &term, &self.prime, &mut context)?;
            sum = next;
        }
        Ok(sum)
    }

    /// `product` times the difference of two places.
    fn times_difference(
        &self,
        product: &BigNum,
        place: &BigNum,
        other: &BigNum,
        context: &mut BigNumContext,
    ) -> Result<BigNum, CryptoError> {
        let (mut difference, mut result) = (BigNum::new()?, BigNum::new()?);
        difference.mod_sub(place, other, &self.prime, context)?;
        result.mod_mul(product, &difference, &self.prime, context)?;
        Ok(result)
    }
}

/// A secret number, which OpenSSL wipes.
fn number(bytes: &[u8]) -> Result<BigNum, CryptoError> {
    let mut number = BigNum::new_secure()?;
    number.copy_from_slice(bytes)?;
    Ok(number)
}

/// The element m of GF(2^8) with which GF(2^16) is made: x^5+x^4+x^3+x.
const M: u8 = 0x3A;

/// How many bytes times parts times threshold are worked through: about a second.
const MOST_WORK: usize = 1 << 27;

/// The longest prime: room for secrets of 2048 bits.
const MOST_PRIME_BITS: i32 = 2112;

/// OpenSSL takes no fewer than it needs to be sure.
const PRIME_CHECKS: i32 = 64;

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
