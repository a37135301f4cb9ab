//! The table of symmetric ciphers: one row for each algorithm, mode and key length.

use std::sync::OnceLock;

use openssl::cipher::{Cipher, CipherRef};

use super::{Algorithm, CryptoError, Mode};

/// What a mode asks of its initialization vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Iv {
    /// The mode has none.
    None,
    /// Exactly this many bytes.
    Exactly(usize),
    /// At least one byte; this many unless said otherwise.
    Any(usize),
}

/// How a mode treats data and padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Whole blocks of this many bytes, so padding applies.
    Blocks(usize),
    /// Any length, no padding.
    Stream,
    /// Any length, no padding, with additional authenticated data and a tag.
    Aead,
}

/// One cipher as OpenSSL names it.
pub(super) struct Row {
    pub(super) algorithm: Algorithm,
    pub(super) mode: Mode,
    pub(super) key_bits: usize,
    pub(super) iv: Iv,
    pub(super) shape: Shape,
    name: &'static str,
    fetched: OnceLock<Option<Cipher>>,
}

impl Row {
    const fn new(
        algorithm: Algorithm,
        mode: Mode,
        key_bits: usize,
        iv: Iv,
        shape: Shape,
        name: &'static str,
    ) -> Self {
        Self { algorithm, mode, key_bits, iv, shape, name, fetched: OnceLock::new() }
    }

    /// The cipher, fetched at its first use.
    pub(super) fn cipher(&self) -> Result<&CipherRef, CryptoError> {
        self.fetched
            .get_or_init(|| Cipher::fetch(None, self.name, None).ok())
            .as_deref()
            .ok_or(CryptoError::Unavailable(self.name))
    }

    /// The row for a key of `key_length` bytes.
    pub(super) fn find(
        algorithm: Algorithm,
        mode: Mode,
        key_length: usize,
    ) -> Result<&'static Row, CryptoError> {
        let mut known = false;
        for row in &ROWS {
            if row.algorithm == algorithm && row.mode == mode {
                if row.key_bits == key_length.saturating_mul(8) {
                    return Ok(row);
                }
                known = true;
            }
        }
        Err(if known {
            CryptoError::KeyLength { algorithm, mode, bits: key_length.saturating_mul(8) }
        } else {
            CryptoError::Unsupported { algorithm, mode }
        })
    }

    /// Any row of the algorithm and mode: what they ask of an initialization vector is the same for all keys.
    pub(super) fn any(algorithm: Algorithm, mode: Mode) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.algorithm == algorithm && row.mode == mode)
    }
}

static ROWS: [Row; 12] = {
    use Algorithm::Aes;
    use Mode::{Cbc, Ctr, Ecb, Gcm};
    use Shape::{Aead, Blocks, Stream};
    [
        Row::new(Aes, Gcm, 128, Iv::Any(12), Aead, "AES-128-GCM"),
        Row::new(Aes, Gcm, 192, Iv::Any(12), Aead, "AES-192-GCM"),
        Row::new(Aes, Gcm, 256, Iv::Any(12), Aead, "AES-256-GCM"),
        Row::new(Aes, Cbc, 128, Iv::Exactly(16), Blocks(16), "AES-128-CBC"),
        Row::new(Aes, Cbc, 192, Iv::Exactly(16), Blocks(16), "AES-192-CBC"),
        Row::new(Aes, Cbc, 256, Iv::Exactly(16), Blocks(16), "AES-256-CBC"),
        Row::new(Aes, Ctr, 128, Iv::Exactly(16), Stream, "AES-128-CTR"),
        Row::new(Aes, Ctr, 192, Iv::Exactly(16), Stream, "AES-192-CTR"),
        Row::new(Aes, Ctr, 256, Iv::Exactly(16), Stream, "AES-256-CTR"),
        Row::new(Aes, Ecb, 128, Iv::None, Blocks(16), "AES-128-ECB"),
        Row::new(Aes, Ecb, 192, Iv::None, Blocks(16), "AES-192-ECB"),
        Row::new(Aes, Ecb, 256, Iv::None, Blocks(16), "AES-256-ECB"),
    ]
};
