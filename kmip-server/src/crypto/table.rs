//! The table of symmetric ciphers: one row for each algorithm, mode and key length.

use std::ops::Deref;
use std::sync::OnceLock;

use openssl::cipher::{Cipher, CipherRef};

use super::{Algorithm, CryptoError, Mode, legacy};
use crate::wipe::Wiped;

/// What a mode asks of its initialization vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Iv {
    /// The mode has none.
    None,
    /// Exactly this many bytes.
    Exactly(usize),
    /// A nonce of various lengths.
    Any {
        /// The least.
        least: usize,
        /// The most.
        most: usize,
        /// What it has where nobody says.
        usual: usize,
    },
    /// This many bytes, of which the last may be left to the counter (SP 800-38A §6.5).
    Counter(usize),
    /// What ChaCha20 has: 8 bytes of nonce (Bernstein's), 12 (RFC 8439), or 16 with the counter before it.
    ChaCha,
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
    /// The same, but the length has to be known first (SP 800-38C).
    Ccm,
    /// At least a block, all of it at once (SP 800-38E).
    Xts,
    /// A key wrap, all of it at once; padded or not (SP 800-38F).
    Wrap {
        /// Whether it pads.
        padded: bool,
    },
}

impl Shape {
    /// Whether the data may come in parts.
    pub(super) fn is_streamed(self) -> bool {
        matches!(self, Self::Blocks(_) | Self::Stream | Self::Aead)
    }
}

/// The keys that a cipher takes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// This many.
    Exactly(usize),
    /// From the first to the second.
    Within(usize, usize),
    /// Three keys of DES, or two or one of them, of which three are made (SP 800-67 §3.2).
    TripleDes,
    /// One key of DES.
    Des,
}

impl Keys {
    fn take(self, length: usize) -> bool {
        match self {
            Self::Exactly(expected) => length == expected,
            Self::Within(least, most) => (least..=most).contains(&length),
            Self::TripleDes => matches!(length, 8 | 16 | 24),
            Self::Des => length == 8,
        }
    }
}

/// One cipher as OpenSSL names it.
pub(super) struct Row {
    pub(super) algorithm: Algorithm,
    pub(super) mode: Mode,
    pub(super) keys: Keys,
    pub(super) iv: Iv,
    pub(super) shape: Shape,
    name: &'static str,
    fetched: OnceLock<Option<Cipher>>,
}

impl Row {
    const fn new(
        algorithm: Algorithm,
        mode: Mode,
        keys: Keys,
        iv: Iv,
        shape: Shape,
        name: &'static str,
    ) -> Self {
        Self { algorithm, mode, keys, iv, shape, name, fetched: OnceLock::new() }
    }

    /// The cipher, fetched at its first use.
    pub(super) fn cipher(&self) -> Result<&CipherRef, CryptoError> {
        self.fetched
            .get_or_init(|| {
                if self.algorithm.is_legacy() {
                    legacy::load();
                }
                Cipher::fetch(None, self.name, None).ok()
            })
            .as_deref()
            .ok_or(CryptoError::Unavailable(self.name))
    }

    /// The key as OpenSSL takes it.
    pub(super) fn key<'a>(&self, key: &'a [u8]) -> Key<'a> {
        match (self.keys, key.len()) {
            (Keys::Des | Keys::TripleDes, 8) => Key::Made(Wiped::from([key, key, key].concat())),
            (Keys::TripleDes, 16) => Key::Made(Wiped::from([key, key.get(..8).unwrap_or_default()].concat())),
            _ => Key::Given(key),
        }
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
                if row.keys.take(key_length) {
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

    /// All of them.
    pub(super) fn all() -> impl Iterator<Item = &'static Row> {
        ROWS.iter()
    }
}

/// A key as OpenSSL takes it.
pub(super) enum Key<'a> {
    Given(&'a [u8]),
    Made(Wiped),
}

impl Deref for Key<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Given(key) => key,
            Self::Made(key) => key,
        }
    }
}

static ROWS: [Row; 97] = {
    use Algorithm as A;
    use Keys::{Des, Exactly, TripleDes, Within};
    use Mode as M;
    use Shape::{Aead, Blocks, Ccm, Stream, Wrap, Xts};
    const NONE: Iv = Iv::None;
    const BLOCK: Iv = Iv::Exactly(16);
    const HALF: Iv = Iv::Exactly(8);
    const COUNTER: Iv = Iv::Counter(16);
    // OpenSSL takes at most 1024 bits (GCM_IV_MAX_SIZE).
    const GCM: Iv = Iv::Any { least: 1, most: 128, usual: 12 };
    // SP 800-38C §A.1: the length of the nonce and that of the data share 15 bytes. This many leave room for 16 MiB.
    const CCM: Iv = Iv::Any { least: 7, most: 13, usual: 12 };
    const POLY: Iv = Iv::Any { least: 12, most: 12, usual: 12 };
    const BLOWFISH: Keys = Within(4, 56);
    const CAST: Keys = Within(5, 16);
    [
        Row::new(A::Aes, M::Gcm, Exactly(16), GCM, Aead, "AES-128-GCM"),
        Row::new(A::Aes, M::Gcm, Exactly(24), GCM, Aead, "AES-192-GCM"),
        Row::new(A::Aes, M::Gcm, Exactly(32), GCM, Aead, "AES-256-GCM"),
        Row::new(A::Aes, M::Cbc, Exactly(16), BLOCK, Blocks(16), "AES-128-CBC"),
        Row::new(A::Aes, M::Cbc, Exactly(24), BLOCK, Blocks(16), "AES-192-CBC"),
        Row::new(A::Aes, M::Cbc, Exactly(32), BLOCK, Blocks(16), "AES-256-CBC"),
        Row::new(A::Aes, M::Ctr, Exactly(16), COUNTER, Stream, "AES-128-CTR"),
        Row::new(A::Aes, M::Ctr, Exactly(24), COUNTER, Stream, "AES-192-CTR"),
        Row::new(A::Aes, M::Ctr, Exactly(32), COUNTER, Stream, "AES-256-CTR"),
        Row::new(A::Aes, M::Ecb, Exactly(16), NONE, Blocks(16), "AES-128-ECB"),
        Row::new(A::Aes, M::Ecb, Exactly(24), NONE, Blocks(16), "AES-192-ECB"),
        Row::new(A::Aes, M::Ecb, Exactly(32), NONE, Blocks(16), "AES-256-ECB"),
        Row::new(A::Aes, M::Cfb, Exactly(16), BLOCK, Stream, "AES-128-CFB"),
        Row::new(A::Aes, M::Cfb, Exactly(24), BLOCK, Stream, "AES-192-CFB"),
        Row::new(A::Aes, M::Cfb, Exactly(32), BLOCK, Stream, "AES-256-CFB"),
        Row::new(A::Aes, M::Ofb, Exactly(16), BLOCK, Stream, "AES-128-OFB"),
        Row::new(A::Aes, M::Ofb, Exactly(24), BLOCK, Stream, "AES-192-OFB"),
        Row::new(A::Aes, M::Ofb, Exactly(32), BLOCK, Stream, "AES-256-OFB"),
        Row::new(A::Aes, M::Ccm, Exactly(16), CCM, Ccm, "AES-128-CCM"),
        Row::new(A::Aes, M::Ccm, Exactly(24), CCM, Ccm, "AES-192-CCM"),
        Row::new(A::Aes, M::Ccm, Exactly(32), CCM, Ccm, "AES-256-CCM"),
        Row::new(A::Aes, M::KeyWrap, Exactly(16), NONE, Wrap { padded: false }, "AES-128-WRAP"),
        Row::new(A::Aes, M::KeyWrap, Exactly(24), NONE, Wrap { padded: false }, "AES-192-WRAP"),
        Row::new(A::Aes, M::KeyWrap, Exactly(32), NONE, Wrap { padded: false }, "AES-256-WRAP"),
        Row::new(A::Aes, M::KeyWrapPadding, Exactly(16), NONE, Wrap { padded: true }, "AES-128-WRAP-PAD"),
        Row::new(A::Aes, M::KeyWrapPadding, Exactly(24), NONE, Wrap { padded: true }, "AES-192-WRAP-PAD"),
        Row::new(A::Aes, M::KeyWrapPadding, Exactly(32), NONE, Wrap { padded: true }, "AES-256-WRAP-PAD"),
        Row::new(A::Aes, M::Xts, Exactly(32), BLOCK, Xts, "AES-128-XTS"),
        Row::new(A::Aes, M::Xts, Exactly(64), BLOCK, Xts, "AES-256-XTS"),
        Row::new(A::Camellia, M::Cbc, Exactly(16), BLOCK, Blocks(16), "CAMELLIA-128-CBC"),
        Row::new(A::Camellia, M::Cbc, Exactly(24), BLOCK, Blocks(16), "CAMELLIA-192-CBC"),
        Row::new(A::Camellia, M::Cbc, Exactly(32), BLOCK, Blocks(16), "CAMELLIA-256-CBC"),
        Row::new(A::Camellia, M::Ecb, Exactly(16), NONE, Blocks(16), "CAMELLIA-128-ECB"),
        Row::new(A::Camellia, M::Ecb, Exactly(24), NONE, Blocks(16), "CAMELLIA-192-ECB"),
        Row::new(A::Camellia, M::Ecb, Exactly(32), NONE, Blocks(16), "CAMELLIA-256-ECB"),
        Row::new(A::Camellia, M::Cfb, Exactly(16), BLOCK, Stream, "CAMELLIA-128-CFB"),
        Row::new(A::Camellia, M::Cfb, Exactly(24), BLOCK, Stream, "CAMELLIA-192-CFB"),
        Row::new(A::Camellia, M::Cfb, Exactly(32), BLOCK, Stream, "CAMELLIA-256-CFB"),
        Row::new(A::Camellia, M::Ofb, Exactly(16), BLOCK, Stream, "CAMELLIA-128-OFB"),
        Row::new(A::Camellia, M::Ofb, Exactly(24), BLOCK, Stream, "CAMELLIA-192-OFB"),
        Row::new(A::Camellia, M::Ofb, Exactly(32), BLOCK, Stream, "CAMELLIA-256-OFB"),
        Row::new(A::Camellia, M::Ctr, Exactly(16), COUNTER, Stream, "CAMELLIA-128-CTR"),
        Row::new(A::Camellia, M::Ctr, Exactly(24), COUNTER, Stream, "CAMELLIA-192-CTR"),
        Row::new(A::Camellia, M::Ctr, Exactly(32), COUNTER, Stream, "CAMELLIA-256-CTR"),
        Row::new(A::TripleDes, M::Cbc, TripleDes, HALF, Blocks(8), "DES-EDE3-CBC"),
        Row::new(A::TripleDes, M::Ecb, TripleDes, NONE, Blocks(8), "DES-EDE3-ECB"),
        Row::new(A::TripleDes, M::Cfb, TripleDes, HALF, Stream, "DES-EDE3-CFB"),
        Row::new(A::TripleDes, M::Ofb, TripleDes, HALF, Stream, "DES-EDE3-OFB"),
        Row::new(A::Des, M::Cbc, Des, HALF, Blocks(8), "DES-EDE3-CBC"),
        Row::new(A::Des, M::Ecb, Des, NONE, Blocks(8), "DES-EDE3-ECB"),
        Row::new(A::Des, M::Cfb, Des, HALF, Stream, "DES-EDE3-CFB"),
        Row::new(A::Des, M::Ofb, Des, HALF, Stream, "DES-EDE3-OFB"),
        Row::new(A::Blowfish, M::Cbc, BLOWFISH, HALF, Blocks(8), "BF-CBC"),
        Row::new(A::Blowfish, M::Ecb, BLOWFISH, NONE, Blocks(8), "BF-ECB"),
        Row::new(A::Blowfish, M::Cfb, BLOWFISH, HALF, Stream, "BF-CFB"),
        Row::new(A::Blowfish, M::Ofb, BLOWFISH, HALF, Stream, "BF-OFB"),
        Row::new(A::Cast5, M::Cbc, CAST, HALF, Blocks(8), "CAST5-CBC"),
        Row::new(A::Cast5, M::Ecb, CAST, NONE, Blocks(8), "CAST5-ECB"),
        Row::new(A::Cast5, M::Cfb, CAST, HALF, Stream, "CAST5-CFB"),
        Row::new(A::Cast5, M::Ofb, CAST, HALF, Stream, "CAST5-OFB"),
        Row::new(A::Idea, M::Cbc, Exactly(16), HALF, Blocks(8), "IDEA-CBC"),
        Row::new(A::Idea, M::Ecb, Exactly(16), NONE, Blocks(8), "IDEA-ECB"),
        Row::new(A::Idea, M::Cfb, Exactly(16), HALF, Stream, "IDEA-CFB"),
        Row::new(A::Idea, M::Ofb, Exactly(16), HALF, Stream, "IDEA-OFB"),
        Row::new(A::Rc4, M::Stream, Within(5, 256), NONE, Stream, "RC4"),
        Row::new(A::ChaCha20, M::Stream, Exactly(32), Iv::ChaCha, Stream, "ChaCha20"),
        Row::new(A::ChaCha20Poly1305, M::Aead, Exactly(32), POLY, Aead, "ChaCha20-Poly1305"),
        Row::new(A::Aria, M::Cbc, Exactly(16), BLOCK, Blocks(16), "ARIA-128-CBC"),
        Row::new(A::Aria, M::Cbc, Exactly(24), BLOCK, Blocks(16), "ARIA-192-CBC"),
        Row::new(A::Aria, M::Cbc, Exactly(32), BLOCK, Blocks(16), "ARIA-256-CBC"),
        Row::new(A::Aria, M::Ecb, Exactly(16), NONE, Blocks(16), "ARIA-128-ECB"),
        Row::new(A::Aria, M::Ecb, Exactly(24), NONE, Blocks(16), "ARIA-192-ECB"),
        Row::new(A::Aria, M::Ecb, Exactly(32), NONE, Blocks(16), "ARIA-256-ECB"),
        Row::new(A::Aria, M::Cfb, Exactly(16), BLOCK, Stream, "ARIA-128-CFB"),
        Row::new(A::Aria, M::Cfb, Exactly(24), BLOCK, Stream, "ARIA-192-CFB"),
        Row::new(A::Aria, M::Cfb, Exactly(32), BLOCK, Stream, "ARIA-256-CFB"),
        Row::new(A::Aria, M::Ofb, Exactly(16), BLOCK, Stream, "ARIA-128-OFB"),
        Row::new(A::Aria, M::Ofb, Exactly(24), BLOCK, Stream, "ARIA-192-OFB"),
        Row::new(A::Aria, M::Ofb, Exactly(32), BLOCK, Stream, "ARIA-256-OFB"),
        Row::new(A::Aria, M::Ctr, Exactly(16), COUNTER, Stream, "ARIA-128-CTR"),
        Row::new(A::Aria, M::Ctr, Exactly(24), COUNTER, Stream, "ARIA-192-CTR"),
        Row::new(A::Aria, M::Ctr, Exactly(32), COUNTER, Stream, "ARIA-256-CTR"),
        Row::new(A::Aria, M::Gcm, Exactly(16), GCM, Aead, "ARIA-128-GCM"),
        Row::new(A::Aria, M::Gcm, Exactly(24), GCM, Aead, "ARIA-192-GCM"),
        Row::new(A::Aria, M::Gcm, Exactly(32), GCM, Aead, "ARIA-256-GCM"),
        Row::new(A::Aria, M::Ccm, Exactly(16), CCM, Ccm, "ARIA-128-CCM"),
        Row::new(A::Aria, M::Ccm, Exactly(24), CCM, Ccm, "ARIA-192-CCM"),
        Row::new(A::Aria, M::Ccm, Exactly(32), CCM, Ccm, "ARIA-256-CCM"),
        Row::new(A::Sm4, M::Cbc, Exactly(16), BLOCK, Blocks(16), "SM4-CBC"),
        Row::new(A::Seed, M::Cbc, Exactly(16), BLOCK, Blocks(16), "SEED-CBC"),
        Row::new(A::Sm4, M::Ecb, Exactly(16), NONE, Blocks(16), "SM4-ECB"),
        Row::new(A::Seed, M::Ecb, Exactly(16), NONE, Blocks(16), "SEED-ECB"),
        Row::new(A::Sm4, M::Cfb, Exactly(16), BLOCK, Stream, "SM4-CFB"),
        Row::new(A::Seed, M::Cfb, Exactly(16), BLOCK, Stream, "SEED-CFB"),
        Row::new(A::Sm4, M::Ofb, Exactly(16), BLOCK, Stream, "SM4-OFB"),
        Row::new(A::Seed, M::Ofb, Exactly(16), BLOCK, Stream, "SEED-OFB"),
        Row::new(A::Sm4, M::Ctr, Exactly(16), COUNTER, Stream, "SM4-CTR"),
    ]
};
