//! The lengths of what the server makes: keys of each algorithm, and secret data.

use kmip::types::CryptographicAlgorithm;

use super::parameters::{cipher_algorithm, hmac, permit_cipher, permit_hash};
use crate::engine::{Context, Failure, Kind};

/// How many bytes a key of this algorithm and length has.
///
/// # Errors
///
/// When there is no such key, or the server makes none.
pub(super) fn key_bytes(algorithm: CryptographicAlgorithm, length: i32) -> Result<usize, Failure> {
    let Some((_, lengths)) = KEYS.iter().find(|(known, _)| *known == algorithm) else {
        return Err(Failure::new(
            Kind::InvalidField,
            format!("keys of algorithm {algorithm} are not made as symmetric keys"),
        ));
    };
    lengths.bytes(length).ok_or_else(|| {
        Failure::new(
            Kind::InvalidField,
            format!("a key of algorithm {algorithm} does not have {length} bits"),
        )
    })
}

/// How many bytes a derived key of this algorithm and length has: such as are made, or whole bytes. Derivation gives what is
/// asked for; clients derive material of any length under the name of some algorithm (PyKMIP's tests, AES of 160 bits).
///
/// # Errors
///
/// When it has no whole bytes, or no keys are made for the algorithm.
pub(super) fn derived_bytes(algorithm: CryptographicAlgorithm, length: i32) -> Result<usize, Failure> {
    match key_bytes(algorithm, length) {
        Err(_) if KEYS.iter().any(|(known, _)| *known == algorithm) => secret_bytes(length),
        bytes => bytes,
    }
}

/// How many bytes secret data of this length has.
///
/// # Errors
///
/// When it would have no whole bytes, none, or too many.
pub(super) fn secret_bytes(length: i32) -> Result<usize, Failure> {
    let bits = usize::try_from(length)
        .ok()
        .filter(|bits| bits.is_multiple_of(8) && (8..=LONGEST_SECRET).contains(bits));
    bits.map(|bits| bits / 8).ok_or_else(|| {
        Failure::new(
            Kind::InvalidField,
            format!("secret data has whole bytes, up to {LONGEST_SECRET} bits, not {length} bits"),
        )
    })
}

/// Checks that keys of an algorithm may be made: the version has to know it, and weak ones may be switched off.
///
/// # Errors
///
/// When they may not.
pub(super) fn permit(cx: &Context<'_>, algorithm: CryptographicAlgorithm) -> Result<(), Failure> {
    if !algorithm.is_in(cx.version()) {
        return Err(Failure::new(
            Kind::InvalidField,
            format!("{algorithm} is no algorithm of KMIP {}", cx.version()),
        ));
    }
    match (cipher_algorithm(algorithm), hmac(algorithm)) {
        (Ok(cipher), _) => permit_cipher(cx, cipher).map(|_| ()),
        (_, Some(hash)) => permit_hash(cx, hash).map(|_| ()),
        _ => Ok(()),
    }
}

/// The lengths that the keys of an algorithm have, in bits.
enum Lengths {
    /// These, and how many bytes such a key has.
    Of(&'static [(i32, usize)]),
    /// Whole bytes, from the least to the greatest.
    Within(i32, i32),
}

impl Lengths {
    /// How many bytes a key of this length has; none if there is no such key.
    fn bytes(&self, length: i32) -> Option<usize> {
        match self {
            Self::Of(lengths) => lengths.iter().find(|(bits, _)| *bits == length).map(|(_, bytes)| *bytes),
            Self::Within(from, to) if (*from..=*to).contains(&length) && length % 8 == 0 => {
                usize::try_from(length / 8).ok()
            }
            Self::Within(..) => None,
        }
    }
}

/// The keys that can be made.
static KEYS: [(CryptographicAlgorithm, Lengths); 24] = {
    use CryptographicAlgorithm as A;
    use Lengths::{Of, Within};
    const MAC: Lengths = Within(8, LONGEST_MAC);
    [
        (A::AES, Of(&[(128, 16), (192, 24), (256, 32)])),
        // With and without the parity bits.
        (A::DES, Of(&[(56, 8), (64, 8)])),
        (A::DES3, Of(&[(64, 8), (112, 16), (128, 16), (168, 24), (192, 24)])),
        (A::Blowfish, Within(32, 448)),
        (A::Camellia, Of(&[(128, 16), (192, 24), (256, 32)])),
        (A::ARIA, Of(&[(128, 16), (192, 24), (256, 32)])),
        (A::SEED, Of(&[(128, 16)])),
        (A::SM4, Of(&[(128, 16)])),
        (A::CAST5, Within(40, 128)),
        (A::IDEA, Of(&[(128, 16)])),
        (A::RC4, Within(40, 2048)),
        // OpenSSL has no such cipher: they are made and kept for those who have (the profile for suite FF asks for that).
        (A::SKIPJACK, Of(&[(80, 10)])),
        (A::ChaCha20, Of(&[(256, 32)])),
        (A::ChaCha20Poly1305, Of(&[(256, 32)])),
        (A::HMAC_SHA1, MAC),
        (A::HMAC_SHA224, MAC),
        (A::HMAC_SHA256, MAC),
        (A::HMAC_SHA384, MAC),
        (A::HMAC_SHA512, MAC),
        (A::HMAC_MD5, MAC),
        (A::HMAC_SHA3_224, MAC),
        (A::HMAC_SHA3_256, MAC),
        (A::HMAC_SHA3_384, MAC),
        (A::HMAC_SHA3_512, MAC),
    ]
};

/// Longer keys of a keyed digest are no better, in bits.
const LONGEST_MAC: i32 = 4096;

/// The most that secret data has, in bits.
const LONGEST_SECRET: usize = 65_536;
