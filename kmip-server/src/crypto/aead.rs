//! AES-256-GCM for records at rest: a key, and what it seals.

use std::fmt;

use openssl::cipher_ctx::CipherCtx;

use super::table::Row;
use super::{Algorithm, CryptoError, Mode, random};
use crate::wipe::Wiped;

/// A 256-bit key for records at rest.
pub struct AeadKey(Wiped);

impl AeadKey {
    /// A new random key.
    pub fn generate() -> Result<Self, CryptoError> {
        Ok(Self(random(KEY_LENGTH)?))
    }

    /// The key with these bytes.
    pub fn new(bytes: Wiped) -> Result<Self, CryptoError> {
        if bytes.len() == KEY_LENGTH {
            Ok(Self(bytes))
        } else {
            let bits = bytes.len().saturating_mul(8);
            Err(CryptoError::KeyLength { algorithm: Algorithm::Aes, mode: Mode::Gcm, bits })
        }
    }

    /// The key's bytes, to be wrapped under another key.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Appends a random nonce, the ciphertext and its tag to `out`.
    pub fn seal(&self, bound: &[&[u8]], plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), CryptoError> {
        let mut nonce = [0; NONCE_LENGTH];
        super::fill(&mut nonce)?;
        let mut context = CipherCtx::new()?;
        context.encrypt_init(Some(cipher()?), Some(&self.0), Some(&nonce))?;
        bind(&mut context, bound)?;
        out.reserve(NONCE_LENGTH + plaintext.len() + BLOCK + TAG_LENGTH);
        out.extend_from_slice(&nonce);
        i32::try_from(plaintext.len().saturating_add(BLOCK)).map_err(|_| CryptoError::TooLong)?;
        context.cipher_update_vec(plaintext, out)?;
        context.cipher_final(&mut [0; BLOCK])?;
        let mut tag = [0; TAG_LENGTH];
        context.tag(&mut tag)?;
        out.extend_from_slice(&tag);
        Ok(())
    }

    /// Opens what [`AeadKey::seal`] made with the same `bound` data; anything else is refused.
    pub fn open(&self, bound: &[&[u8]], sealed: &[u8]) -> Result<Wiped, CryptoError> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LENGTH).ok_or(CryptoError::Undecipherable)?;
        let cut = rest.len().checked_sub(TAG_LENGTH).ok_or(CryptoError::Undecipherable)?;
        let (ciphertext, tag) = rest.split_at_checked(cut).ok_or(CryptoError::Undecipherable)?;
        i32::try_from(ciphertext.len().saturating_add(BLOCK)).map_err(|_| CryptoError::TooLong)?;
        let mut context = CipherCtx::new()?;
        context.decrypt_init(Some(cipher()?), Some(&self.0), Some(nonce))?;
        context.set_tag(tag)?;
        bind(&mut context, bound)?;
        let mut out = Wiped::with_capacity(ciphertext.len().saturating_add(BLOCK));
        context.cipher_update_vec(ciphertext, &mut out)?;
        context.cipher_final(&mut [0; BLOCK]).map_err(|_| CryptoError::Undecipherable)?;
        Ok(out)
    }
}

impl fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AeadKey(redacted)")
    }
}

fn cipher() -> Result<&'static openssl::cipher::CipherRef, CryptoError> {
    Row::find(Algorithm::Aes, Mode::Gcm, KEY_LENGTH)?.cipher()
}

/// Authenticates each part behind its length, so that no two lists of parts look the same.
fn bind(context: &mut CipherCtx, parts: &[&[u8]]) -> Result<(), CryptoError> {
    // One update is cheaper than two for each part, and the parts are short.
    let mut data = Vec::with_capacity(parts.iter().map(|part| part.len().saturating_add(8)).sum());
    for part in parts {
        let length = u64::try_from(part.len()).map_err(|_| CryptoError::TooLong)?;
        data.extend_from_slice(&length.to_be_bytes());
        data.extend_from_slice(part);
    }
    if !data.is_empty() {
        context.cipher_update(&data, None)?;
    }
    Ok(())
}

const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 12;
const TAG_LENGTH: usize = 16;
const BLOCK: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(key: &AeadKey, bound: &[&[u8]], plaintext: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        key.seal(bound, plaintext, &mut out).unwrap();
        out
    }

    #[test]
    fn opens_what_it_sealed() {
        let key = AeadKey::generate().unwrap();
        for length in [0, 1, 15, 16, 17, 4096] {
            let plaintext = vec![0x42; length];
            let record = sealed(&key, &[b"id", b"owner"], &plaintext);
            assert_eq!(record.len(), length + 28);
            assert_eq!(&key.open(&[b"id", b"owner"], &record).unwrap()[..], plaintext);
        }
    }

    #[test]
    fn every_changed_bit_and_other_binding_is_refused() {
        let key = AeadKey::generate().unwrap();
        let record = sealed(&key, &[b"id", b"owner"], b"secret");
        for byte in 0..record.len() {
            let mut changed = record.clone();
            changed[byte] ^= 1;
            assert_eq!(key.open(&[b"id", b"owner"], &changed), Err(CryptoError::Undecipherable));
        }
        for length in 0..record.len() {
            assert!(key.open(&[b"id", b"owner"], &record[..length]).is_err());
        }
        for bound in
            [&[b"idowner".as_slice()][..], &[b"ido", b"wner"], &[b"id"], &[b"id", b"owner", b""], &[]]
        {
            assert_eq!(key.open(bound, &record), Err(CryptoError::Undecipherable));
        }
        assert!(AeadKey::generate().unwrap().open(&[b"id", b"owner"], &record).is_err());
    }

    #[test]
    fn the_nonce_differs_and_nothing_is_printed() {
        let key = AeadKey::generate().unwrap();
        assert_ne!(sealed(&key, &[], b"x"), sealed(&key, &[], b"x"));
        assert_eq!(format!("{key:?}"), "AeadKey(redacted)");
        assert!(AeadKey::new(Wiped::from(vec![0; 16])).is_err());
    }
}
