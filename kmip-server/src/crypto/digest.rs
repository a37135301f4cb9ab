//! Message digests and the keyed digest.

use std::fmt;
use std::sync::OnceLock;

use openssl::md::{Md, MdRef};
use openssl::md_ctx::MdCtx;
use openssl::pkey::PKey;

use super::{CryptoError, legacy};

/// A digest algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hash {
    /// MD4 (RFC 1320).
    Md4,
    /// MD5 (RFC 1321).
    Md5,
    /// SHA-1 (FIPS 180-4), as the following.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA-512/224.
    Sha512_224,
    /// SHA-512/256.
    Sha512_256,
    /// SHA3-224 (FIPS 202), as the following.
    Sha3_224,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
    /// RIPEMD-160.
    Ripemd160,
    /// Whirlpool (ISO/IEC 10118-3).
    Whirlpool,
}

impl Hash {
    /// Every digest of the table.
    pub fn all() -> impl Iterator<Item = Hash> {
        ROWS.iter().map(|row| row.hash)
    }

    /// Whether OpenSSL as it is installed provides it.
    pub fn is_available(self) -> bool {
        self.md().is_ok()
    }

    /// The digest's length in bytes.
    pub fn length(self) -> Result<usize, CryptoError> {
        Ok(self.md()?.size())
    }

    /// What OpenSSL calls it.
    pub fn name(self) -> &'static str {
        ROWS.iter().find(|row| row.hash == self).map_or("unknown", |row| row.name)
    }

    /// Whether it is broken for every use, and may be switched off.
    pub fn is_weak(self) -> bool {
        matches!(self, Self::Md4 | Self::Md5)
    }

    pub(super) fn md(self) -> Result<&'static MdRef, CryptoError> {
        // Every value of the enumeration has its row; a missing one would say so.
        let row = ROWS.iter().find(|row| row.hash == self).ok_or(CryptoError::Digest("unknown"))?;
        row.fetched
            .get_or_init(|| {
                if matches!(self, Self::Md4 | Self::Ripemd160 | Self::Whirlpool) {
                    legacy::load();
                }
                Md::fetch(None, row.name, None).ok()
            })
            .as_deref()
            .ok_or(CryptoError::Digest(row.name))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The digest of `data`.
///
/// ```
/// use kmip_server::crypto::{Hash, digest};
/// assert_eq!(digest(Hash::Sha256, b"abc")?[..4], [0xba, 0x78, 0x16, 0xbf]);
/// # Ok::<(), kmip_server::crypto::CryptoError>(())
/// ```
pub fn digest(hash: Hash, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let mut digest = Digest::new(hash)?;
    digest.update(data)?;
    digest.finish()
}

/// SHA-256 of data that is short and whole: it can't fail, and costs no more than it must.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    openssl::sha::sha256(data)
}

/// A digest being computed, from data in pieces.
pub struct Digest {
    context: MdCtx,
    length: usize,
}

impl Digest {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// When OpenSSL doesn't have the algorithm.
    pub fn new(hash: Hash) -> Result<Self, CryptoError> {
        let md = hash.md()?;
        let mut context = MdCtx::new()?;
        context.digest_init(md)?;
        Ok(Self { context, length: md.size() })
    }

    /// Takes a piece.
    pub fn update(&mut self, data: &[u8]) -> Result<(), CryptoError> {
        Ok(self.context.digest_update(data)?)
    }

    /// The digest of all pieces.
    pub fn finish(mut self) -> Result<Vec<u8>, CryptoError> {
        let mut out = vec![0; self.length];
        self.context.digest_final(&mut out)?;
        Ok(out)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

/// HMAC with SHA-256 (RFC 2104) of the concatenation of `parts`.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
    let key = PKey::hmac(key)?;
    let mut context = MdCtx::new()?;
    context.digest_sign_init(Some(Hash::Sha256.md()?), &key)?;
    for part in parts {
        context.digest_sign_update(part)?;
    }
    let mut out = [0; 32];
    context.digest_sign_final(Some(&mut out))?;
    Ok(out)
}

struct Row {
    hash: Hash,
    name: &'static str,
    fetched: OnceLock<Option<Md>>,
}

impl Row {
    const fn new(hash: Hash, name: &'static str) -> Self {
        Self { hash, name, fetched: OnceLock::new() }
    }
}

static ROWS: [Row; 15] = [
    Row::new(Hash::Sha256, "SHA256"),
    Row::new(Hash::Sha1, "SHA1"),
    Row::new(Hash::Sha224, "SHA224"),
    Row::new(Hash::Sha384, "SHA384"),
    Row::new(Hash::Sha512, "SHA512"),
    Row::new(Hash::Sha512_224, "SHA512-224"),
    Row::new(Hash::Sha512_256, "SHA512-256"),
    Row::new(Hash::Sha3_224, "SHA3-224"),
    Row::new(Hash::Sha3_256, "SHA3-256"),
    Row::new(Hash::Sha3_384, "SHA3-384"),
    Row::new(Hash::Sha3_512, "SHA3-512"),
    Row::new(Hash::Md5, "MD5"),
    Row::new(Hash::Md4, "MD4"),
    Row::new(Hash::Ripemd160, "RIPEMD160"),
    Row::new(Hash::Whirlpool, "whirlpool"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hex::bytes;

    // The digests of "abc": RFC 1321 §A.5, RFC 1320 §A.5, FIPS 180-4 and FIPS 202 example values, the
    // RIPEMD-160 paper, the ISO test vectors of Whirlpool.
    #[test]
    fn digests_of_abc() {
        for (hash, expected) in [
            (Hash::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (Hash::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Hash::Sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
            (Hash::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                Hash::Sha384,
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
                 8086072ba1e7cc2358baeca134c825a7",
            ),
            (
                Hash::Sha512,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
            (Hash::Sha512_224, "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa"),
            (Hash::Sha512_256, "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"),
            (Hash::Sha3_224, "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"),
            (Hash::Sha3_256, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
            (
                Hash::Sha3_384,
                "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2\
                 98d88cea927ac7f539f1edf228376d25",
            ),
            (
                Hash::Sha3_512,
                "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e\
                 10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
            ),
            (Hash::Ripemd160, "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
            (Hash::Md4, "a448017aaf21d8525fc10ae87aa6729d"),
            (
                Hash::Whirlpool,
                "4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c\
                 7181eebdb6c57e277d0e34957114cbd6c797fc9d95d8b582d225292076d4eef5",
            ),
        ] {
            if matches!(hash, Hash::Ripemd160 | Hash::Md4 | Hash::Whirlpool) && !hash.is_available() {
                continue; // Not every system has the legacy provider.
            }
            assert_eq!(digest(hash, b"abc").unwrap(), bytes(expected), "{hash}");
            assert_eq!(hash.length().unwrap(), expected.len() / 2);
        }
    }

    #[test]
    fn every_digest_has_a_row() {
        assert_eq!(Hash::all().count(), 15);
        assert!(Hash::all().all(|hash| hash.to_string() != "unknown"));
    }

    // RFC 4231 §4.2 and §4.3.
    #[test]
    fn hmac_vectors() {
        let one = hmac_sha256(&[0x0b; 20], &[b"Hi There"]).unwrap();
        assert_eq!(one[..], bytes("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
        let two = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]).unwrap();
        assert_eq!(two[..], bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    }
}
