//! The transparent formats: keys as structures of numbers (KMIP 1.4 §2.1.7, 2.0 §3.4 to §3.12).
#![allow(clippy::useless_conversion, reason = "which structures stand in boxes is the generator's business")]

use kmip::ttlv::{BigInteger, Bytes};
use kmip::types::{
    KeyMaterial, TransparentDhPrivateKey, TransparentDhPublicKey, TransparentDsaPrivateKey,
    TransparentDsaPublicKey, TransparentEcPrivateKey, TransparentEcPublicKey, TransparentRsaPrivateKey,
    TransparentRsaPublicKey,
};

use super::AsymmetricKey;
use crate::crypto::pkey::{
    DhNumbers, DsaNumbers, EcNumbers, Family, Number, PointForm, PrivateKey, PublicKey, RsaNumbers,
};
use crate::engine::{Failure, Kind};
use crate::wipe::Wiped;

/// The key that a structure describes.
pub(super) fn read(material: &KeyMaterial, is_private: bool) -> Result<AsymmetricKey, Failure> {
    use KeyMaterial as M;
    Ok(match (material, is_private) {
        (M::TransparentRsaPrivateKey(key), true) => {
            AsymmetricKey::Private(PrivateKey::from_rsa(&RsaNumbers {
                modulus: number(&key.modulus)?,
                public_exponent: optional(key.public_exponent.as_ref())?,
                private_exponent: optional(key.private_exponent.as_ref())?,
                p: optional(key.p.as_ref())?,
                q: optional(key.q.as_ref())?,
                prime_exponent_p: optional(key.prime_exponent_p.as_ref())?,
                prime_exponent_q: optional(key.prime_exponent_q.as_ref())?,
                crt_coefficient: optional(key.crt_coefficient.as_ref())?,
            })?)
        }
        (M::TransparentRsaPublicKey(key), false) => {
            AsymmetricKey::Public(PublicKey::from_rsa(&RsaNumbers {
                modulus: number(&key.modulus)?,
                public_exponent: Some(number(&key.public_exponent)?),
                ..RsaNumbers::default()
            })?)
        }
        (M::TransparentDsaPrivateKey(key), true) => {
            AsymmetricKey::Private(PrivateKey::from_dsa(&dsa(&key.p, &key.q, &key.g, &key.x)?)?)
        }
        (M::TransparentDsaPublicKey(key), false) => {
            AsymmetricKey::Public(PublicKey::from_dsa(&dsa(&key.p, &key.q, &key.g, &key.y)?)?)
        }
        (M::TransparentDhPrivateKey(key), true) => {
            AsymmetricKey::Private(PrivateKey::from_dh(&dh(&key.p, key.q.as_ref(), &key.g, &key.x)?)?)
        }
        (M::TransparentDhPublicKey(key), false) => {
            AsymmetricKey::Public(PublicKey::from_dh(&dh(&key.p, key.q.as_ref(), &key.g, &key.y)?)?)
        }
        (M::TransparentEcPrivateKey(key), true) => AsymmetricKey::Private(PrivateKey::from_ec(&EcNumbers {
            curve: key.recommended_curve,
            value: number(&key.d)?,
        })?),
        (M::TransparentEcPublicKey(key), false) => AsymmetricKey::Public(PublicKey::from_ec(&EcNumbers {
            curve: key.recommended_curve,
            value: Wiped::from(key.q_string.to_vec()),
        })?),
        _ => return Err(Failure::new(Kind::InvalidField, "the Key Material is not that of such an object")),
    })
}

/// The structure that describes a key.
pub(super) fn write(key: &AsymmetricKey, form: PointForm) -> Result<KeyMaterial, Failure> {
    use KeyMaterial as M;
    Ok(match key {
        AsymmetricKey::Private(key) => match key.family() {
            Family::Rsa => {
                let numbers = key.rsa()?;
                let key = TransparentRsaPrivateKey {
                    private_exponent: numbers.private_exponent.map(integer),
                    public_exponent: numbers.public_exponent.map(integer),
                    p: numbers.p.map(integer),
                    q: numbers.q.map(integer),
                    prime_exponent_p: numbers.prime_exponent_p.map(integer),
                    prime_exponent_q: numbers.prime_exponent_q.map(integer),
                    crt_coefficient: numbers.crt_coefficient.map(integer),
                    ..TransparentRsaPrivateKey::new(integer(numbers.modulus))
                };
                M::TransparentRsaPrivateKey(key.into())
            }
            Family::Dsa => {
                let DsaNumbers { p, q, g, value } = key.dsa()?;
                let key = TransparentDsaPrivateKey::new(integer(p), integer(q), integer(g), integer(value));
                M::TransparentDsaPrivateKey(key.into())
            }
            Family::Dh => {
                let DhNumbers { p, q, g, value } = key.dh()?;
                let key = TransparentDhPrivateKey {
                    q: q.map(integer),
                    ..TransparentDhPrivateKey::new(integer(p), integer(g), integer(value))
                };
                M::TransparentDhPrivateKey(key.into())
            }
            _ => {
                let EcNumbers { curve, value } = key.ec()?;
                M::TransparentEcPrivateKey(TransparentEcPrivateKey::new(curve, integer(value)).into())
            }
        },
        AsymmetricKey::Public(key) => match key.family() {
            Family::Rsa => {
                let numbers = key.rsa()?;
                let exponent = numbers.public_exponent.unwrap_or_default();
                M::TransparentRsaPublicKey(
                    TransparentRsaPublicKey::new(integer(numbers.modulus), integer(exponent)).into(),
                )
            }
            Family::Dsa => {
                let DsaNumbers { p, q, g, value } = key.dsa()?;
                let key = TransparentDsaPublicKey::new(integer(p), integer(q), integer(g), integer(value));
                M::TransparentDsaPublicKey(key.into())
            }
            Family::Dh => {
                let DhNumbers { p, q, g, value } = key.dh()?;
                let key = TransparentDhPublicKey {
                    q: q.map(integer),
                    ..TransparentDhPublicKey::new(integer(p), integer(g), integer(value))
                };
                M::TransparentDhPublicKey(key.into())
            }
            _ => {
                let EcNumbers { curve, value } = key.ec(form)?;
                let point = Bytes::copy_from_slice(&value);
                M::TransparentEcPublicKey(TransparentEcPublicKey::new(curve, point).into())
            }
        },
    })
}

fn dsa(p: &BigInteger, q: &BigInteger, g: &BigInteger, value: &BigInteger) -> Result<DsaNumbers, Failure> {
    Ok(DsaNumbers { p: number(p)?, q: number(q)?, g: number(g)?, value: number(value)? })
}

fn dh(
    p: &BigInteger,
    q: Option<&BigInteger>,
    g: &BigInteger,
    value: &BigInteger,
) -> Result<DhNumbers, Failure> {
    Ok(DhNumbers { p: number(p)?, q: optional(q)?, g: number(g)?, value: number(value)? })
}

fn number(value: &BigInteger) -> Result<Number, Failure> {
    value
        .as_unsigned_bytes()
        .map(|bytes| Wiped::from(bytes.to_vec()))
        .ok_or_else(|| Failure::new(Kind::InvalidField, "no number of a key is below zero"))
}

fn optional(value: Option<&BigInteger>) -> Result<Option<Number>, Failure> {
    value.map(number).transpose()
}

/// A number, whose bytes are wiped when it is dropped.
fn integer(number: Number) -> BigInteger {
    let significant =
        number.iter().position(|byte| *byte != 0).and_then(|first| number.get(first..)).unwrap_or_default();
    // The first bit is the sign.
    let mut signed = Wiped::with_capacity(significant.len().saturating_add(1));
    if significant.first().is_none_or(|first| *first >= 0x80) {
        signed.push(0);
    }
    signed.extend_from_slice(significant);
    BigInteger::from_signed_bytes(Bytes::from(signed))
}
