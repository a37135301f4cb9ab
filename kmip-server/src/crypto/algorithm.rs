//! The names of symmetric algorithms and modes, and what is true of each as such.

use std::fmt;

/// A symmetric algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// AES (FIPS 197).
    Aes,
    /// ARIA (RFC 5794).
    Aria,
    /// Blowfish (Schneier, 1993).
    Blowfish,
    /// Camellia (RFC 3713).
    Camellia,
    /// CAST-128 (RFC 2144).
    Cast5,
    /// ChaCha20 (RFC 8439).
    ChaCha20,
    /// ChaCha20 with Poly1305 (RFC 8439 §2.8).
    ChaCha20Poly1305,
    /// DES (FIPS 46-3).
    Des,
    /// Triple DES (SP 800-67).
    TripleDes,
    /// IDEA (Lai, 1992).
    Idea,
    /// RC4 (RFC 6229 has its test vectors).
    Rc4,
    /// SEED (RFC 4269).
    Seed,
    /// SM4 (GB/T 32907-2016).
    Sm4,
}

/// A block cipher's mode of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Cipher block chaining (SP 800-38A).
    Cbc,
    /// Electronic code book (SP 800-38A).
    Ecb,
    /// Cipher feedback of whole blocks (SP 800-38A).
    Cfb,
    /// Output feedback (SP 800-38A).
    Ofb,
    /// Counter (SP 800-38A); the initialization vector is the first counter block.
    Ctr,
    /// Galois/counter (SP 800-38D), authenticated.
    Gcm,
    /// Counter with CBC-MAC (SP 800-38C), authenticated.
    Ccm,
    /// XEX with ciphertext stealing (SP 800-38E); the key is two keys.
    Xts,
    /// AES key wrap (SP 800-38F KW, RFC 3394).
    KeyWrap,
    /// AES key wrap with padding (SP 800-38F KWP, RFC 5649).
    KeyWrapPadding,
    /// None: the algorithm is a stream cipher.
    Stream,
    /// None: the algorithm is a stream cipher, with an authenticator.
    Aead,
}

impl Algorithm {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes => "AES",
            Self::Aria => "ARIA",
            Self::Blowfish => "Blowfish",
            Self::Camellia => "Camellia",
            Self::Cast5 => "CAST5",
            Self::ChaCha20 => "ChaCha20",
            Self::ChaCha20Poly1305 => "ChaCha20-Poly1305",
            Self::Des => "DES",
            Self::TripleDes => "3DES",
            Self::Idea => "IDEA",
            Self::Rc4 => "RC4",
            Self::Seed => "SEED",
            Self::Sm4 => "SM4",
        }
    }

    /// Whether it is weak by the standards of today, and may be switched off.
    pub fn is_weak(self) -> bool {
        match self {
            Self::Aes
            | Self::Aria
            | Self::Camellia
            | Self::ChaCha20
            | Self::ChaCha20Poly1305
            | Self::Seed
            | Self::Sm4 => false,
            // Blocks of 64 bits (CVE-2016-2183), or no security at all.
            Self::Blowfish | Self::Cast5 | Self::Des | Self::TripleDes | Self::Idea | Self::Rc4 => true,
        }
    }

    /// Whether OpenSSL has it in its legacy provider.
    pub(super) fn is_legacy(self) -> bool {
        matches!(self, Self::Blowfish | Self::Cast5 | Self::Idea | Self::Rc4 | Self::Seed)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cbc => "CBC",
            Self::Ecb => "ECB",
            Self::Cfb => "CFB",
            Self::Ofb => "OFB",
            Self::Ctr => "CTR",
            Self::Gcm => "GCM",
            Self::Ccm => "CCM",
            Self::Xts => "XTS",
            Self::KeyWrap => "key wrap",
            Self::KeyWrapPadding => "padded key wrap",
            Self::Stream => "stream",
            Self::Aead => "AEAD",
        })
    }
}

impl Mode {
    /// Whether the mode authenticates: takes additional data, gives and checks a tag.
    pub fn is_authenticated(self) -> bool {
        matches!(self, Self::Gcm | Self::Ccm | Self::Aead)
    }

    /// Whether padding is part of it: the others take data of any length, or have a padding of their own.
    pub fn is_padded(self) -> bool {
        matches!(self, Self::Cbc | Self::Ecb)
    }
}
