//! All cryptography of the server: the only module that names OpenSSL's ciphers, digests and keys.
//!
//! Algorithms, modes and digests are tables ([`cipher`], [`mod@digest`]): a new one is a row. Each is fetched
//! from OpenSSL's providers once, at its first use, and then shared, since a fetch costs more than an
//! encryption of a short message.

pub mod aead;
mod algorithm;
pub mod certificate;
pub mod cipher;
pub(crate) mod der;
pub mod derive;
pub mod digest;
mod error;
pub mod key_wrap;
pub mod legacy;
pub mod mac;
mod padding;
pub mod passphrase;
pub mod password;
pub mod pkcs12;
pub mod pkey;
pub mod random;
pub mod rsa;
pub mod sign;
pub mod split;
mod table;
mod whole;

pub use algorithm::{Algorithm, Mode};
pub use cipher::{Direction, Encrypted, Parameters, Stream, decrypt, encrypt};
pub use digest::{Digest, Hash, digest, hmac_sha256, sha256};
pub use error::CryptoError;
pub use padding::Padding;
pub use random::{fill, random};

/// Compares two byte strings in a time that depends on their lengths alone.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && openssl::memcmp::eq(a, b)
}

#[cfg(test)]
mod vector_tests;

#[cfg(test)]
pub(crate) mod hex {
    /// Reads hexadecimal digits, ignoring blanks: test vectors are pasted as they are printed.
    pub(crate) fn bytes(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }
}
