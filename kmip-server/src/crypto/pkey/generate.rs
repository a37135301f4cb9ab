//! Making key pairs.

use openssl::bn::BigNum;
use openssl::dh::Dh;
use openssl::dsa::Dsa;
use openssl::ec::EcKey;
use openssl::pkey::{PKey, Params};
use openssl::rsa::Rsa;

use super::{Family, PrivateKey, curves};
use crate::crypto::CryptoError;

impl PrivateKey {
    /// A new key: of RSA, DSA and Diffie-Hellman with this many bits; the others say their length themselves.
    ///
    /// This takes from microseconds (curves) to a minute (RSA with 8192 bits).
    ///
    /// ```
    /// use kmip_server::crypto::pkey::{Family, PrivateKey};
    ///
    /// let key = PrivateKey::generate(Family::Ed25519, 256)?;
    /// assert_ne!(key.to_raw()?[..], PrivateKey::generate(Family::Ed25519, 256)?.to_raw()?[..]);
    /// # Ok::<(), kmip_server::crypto::CryptoError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there are no keys of this length, or OpenSSL doesn't have them.
    pub fn generate(family: Family, bits: u32) -> Result<Self, CryptoError> {
        let wrong = CryptoError::PairLength { family, bits };
        let key = match family {
            Family::Rsa if RSA.contains(&bits) && bits.is_multiple_of(8) => {
                PKey::from_rsa(Rsa::generate(bits)?)?
            }
            Family::Dsa if matches!(bits, 1024 | 2048 | 3072) => PKey::from_dsa(Dsa::generate(bits)?)?,
            Family::Dh => PKey::from_dh(group(bits)?.ok_or(wrong)?.generate_key()?)?,
            Family::Ec(curve) => {
                let group = curves::group(curve)?;
                if group.degree() != bits {
                    return Err(wrong);
                }
                PKey::from_ec_key(EcKey::generate(&group)?)?
            }
            Family::Ed25519 if matches!(bits, 255 | 256) => PKey::generate_ed25519()?,
            Family::X25519 if matches!(bits, 255 | 256) => PKey::generate_x25519()?,
            Family::Ed448 if matches!(bits, 448 | 456) => PKey::generate_ed448()?,
            Family::X448 if bits == 448 => PKey::generate_x448()?,
            _ => return Err(wrong),
        };
        Self::new(key)
    }
}

/// The group of RFC 3526 with a prime of this many bits.
fn group(bits: u32) -> Result<Option<Dh<Params>>, CryptoError> {
    let p = match bits {
        1536 => BigNum::get_rfc3526_prime_1536(),
        2048 => BigNum::get_rfc3526_prime_2048(),
        3072 => BigNum::get_rfc3526_prime_3072(),
        4096 => BigNum::get_rfc3526_prime_4096(),
        6144 => BigNum::get_rfc3526_prime_6144(),
        8192 => BigNum::get_rfc3526_prime_8192(),
        _ => return Ok(None),
    }?;
    Ok(Some(Dh::from_pqg(p, None, BigNum::from_u32(2)?)?))
}

/// The lengths of RSA keys. The shortest are made only if the server is set to it.
pub const RSA: std::ops::RangeInclusive<u32> = 512..=8192;

/// RSA keys below this are weak: they can be factored.
pub const WEAK_RSA: u32 = 1024;
