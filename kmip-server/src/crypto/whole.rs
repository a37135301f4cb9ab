//! The modes that need all of the data at once: CCM, whose first block holds its length; XTS, whose last two blocks
//! depend on each other; and key wrapping.

use openssl::cipher_ctx::CipherCtx;

use super::cipher::{check, fits};
use super::table::{Row, Shape};
use super::{CryptoError, Direction, Encrypted, Parameters, key_wrap};
use crate::wipe::Wiped;

pub(super) fn encrypt(row: &Row, with: &Parameters<'_>, data: &[u8]) -> Result<Encrypted, CryptoError> {
    check(row, with, Direction::Encrypt, None)?;
    match row.shape {
        Shape::Wrap { padded } => {
            let data = key_wrap::wrap(with.key, data, padded)?;
            Ok(Encrypted { data, tag: None })
        }
        Shape::Xts => {
            let mut out = Vec::new();
            xts(row, with, Direction::Encrypt, data, &mut out)?;
            Ok(Encrypted { data: out, tag: None })
        }
        _ => {
            let mut context = CipherCtx::new()?;
            context.encrypt_init(Some(row.cipher()?), None, None)?;
            context.set_iv_length(with.iv.len())?;
            context.set_tag_length(with.tag_length)?;
            context.encrypt_init(None, Some(with.key), Some(with.iv))?;
            let mut out = Vec::with_capacity(data.len().saturating_add(1));
            ccm(&mut context, with, data, &mut out)?;
            let mut tag = vec![0; with.tag_length];
            context.tag(&mut tag)?;
            Ok(Encrypted { data: out, tag: Some(tag) })
        }
    }
}

pub(super) fn decrypt(
    row: &Row,
    with: &Parameters<'_>,
    tag: Option<&[u8]>,
    data: &[u8],
) -> Result<Wiped, CryptoError> {
    check(row, with, Direction::Decrypt, tag)?;
    match (row.shape, tag) {
        (Shape::Wrap { padded }, _) => key_wrap::unwrap(with.key, data, padded),
        (Shape::Xts, _) => {
            let mut out = Wiped::default();
            xts(row, with, Direction::Decrypt, data, &mut out)?;
            Ok(out)
        }
        (_, Some(tag)) => {
            let mut context = CipherCtx::new()?;
            context.decrypt_init(Some(row.cipher()?), None, None)?;
            context.set_iv_length(with.iv.len())?;
            context.set_tag(tag)?;
            context.decrypt_init(None, Some(with.key), Some(with.iv))?;
            let mut out = Wiped::with_capacity(data.len().saturating_add(1));
            // The tag is checked before anything is given out.
            ccm(&mut context, with, data, &mut out).map_err(|error| match error {
                CryptoError::OpenSsl(_) => CryptoError::Undecipherable,
                other => other,
            })?;
            Ok(out)
        }
        (_, None) => Err(CryptoError::TagMissing(with.mode)),
    }
}

fn ccm(
    context: &mut CipherCtx,
    with: &Parameters<'_>,
    data: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    // SP 800-38C §A.1: the length has to fit into what the nonce leaves of 15 bytes.
    let room = 15_usize.saturating_sub(with.iv.len()).min(4);
    let most = 1_u64.checked_shl(u32::try_from(room.saturating_mul(8)).unwrap_or(32)).unwrap_or(u64::MAX);
    fits(data.len())?;
    fits(with.additional_data.len())?;
    if u64::try_from(data.len()).unwrap_or(u64::MAX) >= most {
        return Err(CryptoError::TooLong);
    }
    context.set_data_len(data.len())?;
    if !with.additional_data.is_empty() {
        context.cipher_update(with.additional_data, None)?;
    }
    context.cipher_update_vec(data, out)?;
    Ok(())
}

fn xts(
    row: &Row,
    with: &Parameters<'_>,
    direction: Direction,
    data: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CryptoError> {
    fits(data.len())?;
    if data.len() < BLOCK {
        return Err(CryptoError::TooShort(data.len()));
    }
    // FIPS 140 implementation guidance A.9; OpenSSL refuses to encrypt so, too.
    let (one, two) = with.key.split_at(with.key.len() / 2);
    if super::equal(one, two) {
        return Err(CryptoError::EqualHalves);
    }
    let mut context = CipherCtx::new()?;
    match direction {
        Direction::Encrypt => context.encrypt_init(Some(row.cipher()?), Some(with.key), Some(with.iv))?,
        Direction::Decrypt => context.decrypt_init(Some(row.cipher()?), Some(with.key), Some(with.iv))?,
    }
    out.reserve(data.len().saturating_add(BLOCK));
    context.cipher_update_vec(data, out)?;
    Ok(())
}

const BLOCK: usize = 16;
