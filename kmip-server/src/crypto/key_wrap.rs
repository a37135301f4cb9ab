//! The AES key wrap of NIST SP 800-38F: without padding (KW, RFC 3394) and with it (KWP, RFC 5649).

use std::sync::OnceLock;

use openssl::cipher::{Cipher, CipherRef};
use openssl::cipher_ctx::{CipherCtx, CipherCtxFlags};

use super::{Algorithm, CryptoError, Mode};
use crate::wipe::Wiped;

/// Wraps `data` under the key encryption key `kek`.
///
/// Without padding (RFC 3394) the data is at least two and always whole blocks of 8 bytes, and 8 bytes shorter than what
/// comes of it; with padding (RFC 5649) it is anything from one byte on.
///
/// ```
/// use kmip_server::crypto::key_wrap::{unwrap, wrap};
///
/// let wrapped = wrap(&[1; 32], b"seven bytes, and then more", true)?;
/// assert_eq!(&unwrap(&[1; 32], &wrapped, true)?[..], b"seven bytes, and then more");
/// assert!(unwrap(&[2; 32], &wrapped, true).is_err());
/// # Ok::<(), kmip_server::crypto::CryptoError>(())
/// ```
///
/// # Errors
///
/// When the key is none of AES, or the data has a length that cannot be wrapped.
pub fn wrap(kek: &[u8], data: &[u8], padded: bool) -> Result<Vec<u8>, CryptoError> {
    let cipher = cipher(kek.len(), padded)?;
    match (padded, data.len()) {
        (true, 0) => return Err(CryptoError::Empty),
        (false, length) if length < 2 * BLOCK || !length.is_multiple_of(BLOCK) => {
            return Err(CryptoError::WrapLength { found: length });
        }
        (_, length) => fits(length)?,
    }
    let mut context = context()?;
    context.encrypt_init(Some(cipher), Some(kek), None)?;
    let mut out = Vec::with_capacity(data.len().saturating_add(3 * BLOCK));
    context.cipher_update_vec(data, &mut out)?;
    Ok(out)
}

/// Unwraps what [`wrap`] made with the same key and padding; anything else is refused.
///
/// # Errors
///
/// When the key is none of AES, or `wrapped` was not made with it.
pub fn unwrap(kek: &[u8], wrapped: &[u8], padded: bool) -> Result<Wiped, CryptoError> {
    let cipher = cipher(kek.len(), padded)?;
    let least = if padded { 2 * BLOCK } else { 3 * BLOCK };
    if wrapped.len() < least || !wrapped.len().is_multiple_of(BLOCK) {
        return Err(CryptoError::Undecipherable);
    }
    fits(wrapped.len())?;
    let mut context = context()?;
    context.decrypt_init(Some(cipher), Some(kek), None)?;
    let mut out = Wiped::with_capacity(wrapped.len());
    context.cipher_update_vec(wrapped, &mut out).map_err(|_| CryptoError::Undecipherable)?;
    Ok(out)
}

fn context() -> Result<CipherCtx, CryptoError> {
    let mut context = CipherCtx::new()?;
    context.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
    Ok(context)
}

fn cipher(key_length: usize, padded: bool) -> Result<&'static CipherRef, CryptoError> {
    let mode = if padded { Mode::KeyWrapPadding } else { Mode::KeyWrap };
    let row = ROWS.iter().find(|row| row.key_length == key_length && row.padded == padded).ok_or(
        CryptoError::KeyLength { algorithm: Algorithm::Aes, mode, bits: key_length.saturating_mul(8) },
    )?;
    row.fetched
        .get_or_init(|| Cipher::fetch(None, row.name, None).ok())
        .as_deref()
        .ok_or(CryptoError::Unavailable(row.name))
}

/// OpenSSL counts in C integers, and twice as many bytes are none of a key.
fn fits(length: usize) -> Result<(), CryptoError> {
    if length <= LONGEST { Ok(()) } else { Err(CryptoError::TooLong) }
}

struct Row {
    key_length: usize,
    padded: bool,
    name: &'static str,
    fetched: OnceLock<Option<Cipher>>,
}

impl Row {
    const fn new(key_length: usize, padded: bool, name: &'static str) -> Self {
        Self { key_length, padded, name, fetched: OnceLock::new() }
    }
}

static ROWS: [Row; 6] = [
    Row::new(16, false, "AES-128-WRAP"),
    Row::new(24, false, "AES-192-WRAP"),
    Row::new(32, false, "AES-256-WRAP"),
    Row::new(16, true, "AES-128-WRAP-PAD"),
    Row::new(24, true, "AES-192-WRAP-PAD"),
    Row::new(32, true, "AES-256-WRAP-PAD"),
];

/// The semiblock of SP 800-38F, in bytes.
const BLOCK: usize = 8;

/// The most that is wrapped, in bytes.
const LONGEST: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hex::bytes;

    // RFC 3394 §4.1 to §4.6.
    #[test]
    fn vectors_without_padding() {
        let kek = bytes("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
        let data = bytes("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F");
        for (kek_length, length, expected) in [
            (16, 16, "1FA68B0A8112B447 AEF34BD8FB5A7B82 9D3E862371D2CFE5"),
            (24, 16, "96778B25AE6CA435 F92B5B97C050AED2 468AB8A17AD84E5D"),
            (32, 16, "64E8C3F9CE0F5BA2 63E9777905818A2A 93C8191E7D6E8AE7"),
            (24, 24, "031D33264E15D332 68F24EC260743EDC E1C6C7DDEE725A93 6BA814915C6762D2"),
            (32, 24, "A8F9BC1612C68B3F F6E6F4FBE30E71E4 769C8B80A32CB895 8CD5D17D6B254DA1"),
            (32, 32, "28C9F404C4B810F4 CBCCB35CFB87F826 3F5786E2D80ED326 CBC7F0E71A99F43B FB988B9B7A02DD21"),
        ] {
            let (kek, data) = (&kek[..kek_length], &data[..length]);
            let wrapped = wrap(kek, data, false).unwrap();
            assert_eq!(wrapped, bytes(expected), "{kek_length} {length}");
            assert_eq!(&unwrap(kek, &wrapped, false).unwrap()[..], data);
        }
    }

    // RFC 5649 §6.
    #[test]
    fn vectors_with_padding() {
        let kek = bytes("5840df6e29b02af1 ab493b705bf16ea1 ae8338f4dcc176a8");
        for (data, expected) in [
            (
                "c37b7e6492584340 bed1220780894115 5068f738",
                "138bdeaa9b8fa7fc 61f97742e72248ee 5ae6ae5360d1ae6a 5f54f373fa543b6a",
            ),
            ("466f7250617369", "afbeb0f07dfbf541 9200f2ccb50bb24f"),
        ] {
            let wrapped = wrap(&kek, &bytes(data), true).unwrap();
            assert_eq!(wrapped, bytes(expected));
            assert_eq!(unwrap(&kek, &wrapped, true).unwrap()[..], bytes(data));
        }
    }

    #[test]
    fn every_length_comes_back() {
        for length in 1..70 {
            let data = vec![0xA5; length];
            let wrapped = wrap(&[7; 16], &data, true).unwrap();
            assert_eq!(wrapped.len(), length.next_multiple_of(8) + 8);
            assert_eq!(unwrap(&[7; 16], &wrapped, true).unwrap()[..], data);
        }
    }

    #[test]
    fn what_was_not_wrapped_so_is_refused() {
        for padded in [false, true] {
            let wrapped = wrap(&[1; 16], &[2; 32], padded).unwrap();
            for place in 0..wrapped.len() {
                let mut damaged = wrapped.clone();
                damaged[place] ^= 1;
                assert_eq!(unwrap(&[1; 16], &damaged, padded), Err(CryptoError::Undecipherable));
            }
            assert_eq!(unwrap(&[1; 16], &wrapped, !padded), Err(CryptoError::Undecipherable));
            for length in 0..wrapped.len() {
                let short = unwrap(&[1; 16], &wrapped[..length], padded);
                assert_eq!(short, Err(CryptoError::Undecipherable));
            }
            assert!(matches!(wrap(&[1; 15], &[2; 32], padded), Err(CryptoError::KeyLength { .. })));
        }
        for length in [0, 8, 15, 17] {
            assert_eq!(
                wrap(&[1; 16], &vec![0; length], false),
                Err(CryptoError::WrapLength { found: length })
            );
        }
        assert_eq!(wrap(&[1; 16], &[], true), Err(CryptoError::Empty));
    }
}
