//! Symmetric encryption and decryption, in one call or in pieces.

use std::fmt;

use openssl::cipher::CipherRef;
use openssl::cipher_ctx::CipherCtx;

use super::table::{Iv, Keys, Row, Shape};
use super::{Algorithm, CryptoError, Mode, Padding, whole};
use crate::wipe::Wiped;

/// What an encryption or decryption is done with.
#[derive(Clone, Copy)]
pub struct Parameters<'a> {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The mode of operation.
    pub mode: Mode,
    /// The padding; [`Padding::None`] in the modes that need none.
    pub padding: Padding,
    /// The key.
    pub key: &'a [u8],
    /// The initialization vector, counter or nonce; empty in ECB mode.
    pub iv: &'a [u8],
    /// The additional authenticated data; empty in modes that do not authenticate.
    pub additional_data: &'a [u8],
    /// The length of the tag to make: 12 to 16 bytes (SP 800-38D §5.2.1.2), or what CCM has (SP 800-38C §A.1).
    pub tag_length: usize,
}

impl<'a> Parameters<'a> {
    /// Parameters without padding and additional data, and with a tag of 16 bytes.
    pub fn new(algorithm: Algorithm, mode: Mode, key: &'a [u8], iv: &'a [u8]) -> Self {
        Self { algorithm, mode, padding: Padding::None, key, iv, additional_data: &[], tag_length: 16 }
    }
}

impl fmt::Debug for Parameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} with a key of {} bytes", self.algorithm, self.mode, self.padding, self.key.len())
    }
}

/// What came out of an encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// The ciphertext.
    pub data: Vec<u8>,
    /// The authentication tag; `None` in modes that do not authenticate.
    pub tag: Option<Vec<u8>>,
}

/// Encrypts `data`.
///
/// ```
/// use kmip_server::crypto::{Algorithm, Mode, Padding, Parameters, decrypt, encrypt};
///
/// let with = Parameters {
///     padding: Padding::Pkcs5,
///     ..Parameters::new(Algorithm::Aes, Mode::Cbc, &[1; 32], &[2; 16])
/// };
/// let encrypted = encrypt(&with, b"attack at dawn")?;
/// assert_eq!(encrypted.data.len(), 16);
/// assert_eq!(&decrypt(&with, None, &encrypted.data)?[..], b"attack at dawn");
/// # Ok::<(), kmip_server::crypto::CryptoError>(())
/// ```
pub fn encrypt(with: &Parameters<'_>, data: &[u8]) -> Result<Encrypted, CryptoError> {
    let row = Row::find(with.algorithm, with.mode, with.key.len())?;
    if !row.shape.is_streamed() {
        return whole::encrypt(row, with, data);
    }
    let mut stream = Stream::new(with, Direction::Encrypt, None)?;
    let mut out = Vec::with_capacity(stream.room(data.len()));
    stream.update(data, &mut out)?;
    let tag = stream.finish(&mut out)?;
    Ok(Encrypted { data: out, tag })
}

/// Decrypts `data`, checking `tag` in the modes that authenticate.
pub fn decrypt(with: &Parameters<'_>, tag: Option<&[u8]>, data: &[u8]) -> Result<Wiped, CryptoError> {
    let row = Row::find(with.algorithm, with.mode, with.key.len())?;
    if !row.shape.is_streamed() {
        return whole::decrypt(row, with, tag, data);
    }
    let mut stream = Stream::new(with, Direction::Decrypt, tag)?;
    let mut out = Wiped::with_capacity(stream.room(data.len()));
    stream.update(data, &mut out)?;
    stream.finish(&mut out)?;
    Ok(out)
}

/// Whether a [`Stream`] can be had of it; else all of the data is needed at once.
pub fn is_streamed(algorithm: Algorithm, mode: Mode) -> bool {
    Row::any(algorithm, mode).is_some_and(|row| row.shape.is_streamed())
}

/// How many bytes of initialization vector to make where the caller leaves that to the server; `None` for a
/// combination that does not exist.
pub fn iv_length(algorithm: Algorithm, mode: Mode) -> Option<usize> {
    Row::any(algorithm, mode).map(|row| match row.iv {
        Iv::None => 0,
        Iv::Exactly(length) | Iv::Counter(length) => length,
        Iv::Any { usual, .. } => usual,
        Iv::ChaCha => 12,
    })
}

/// The vector with which a cipher is to start, from what a client gave: `None` if that is as it should be.
///
/// What counts blocks may be left out (SP 800-38A §6.5): it starts at `first`, most significant byte first in CTR mode
/// (RFC 3686 §4), least in ChaCha20 (RFC 8439 §2.3).
pub fn with_counter(
    algorithm: Algorithm,
    mode: Mode,
    iv: &[u8],
    first: Option<u32>,
) -> Result<Option<Vec<u8>>, CryptoError> {
    let Some(row) = Row::any(algorithm, mode) else { return Ok(None) };
    match (row.iv, first) {
        (Iv::Counter(length), Some(first)) if iv.len() < length => {
            let room = length.saturating_sub(iv.len());
            let counter = first.to_be_bytes();
            let skip = counter.len().saturating_sub(room);
            if counter.iter().take(skip).any(|byte| *byte != 0) {
                return Err(CryptoError::Counter);
            }
            let mut whole = iv.to_vec();
            whole.resize(length.saturating_sub(counter.len()).max(iv.len()), 0);
            whole.extend_from_slice(counter.get(skip..).unwrap_or_default());
            Ok(Some(whole))
        }
        (Iv::ChaCha, _) if matches!(iv.len(), 8 | 12) => {
            let mut whole = first.unwrap_or(0).to_le_bytes().to_vec();
            whole.resize(16_usize.saturating_sub(iv.len()), 0);
            whole.extend_from_slice(iv);
            Ok(Some(whole))
        }
        _ => Ok(None),
    }
}

/// The length of the algorithm's blocks, in bytes; `None` for a stream cipher.
pub fn block_length(algorithm: Algorithm) -> Option<usize> {
    Row::any(algorithm, Mode::Ecb).and_then(|row| match row.shape {
        Shape::Blocks(block) => Some(block),
        _ => None,
    })
}

/// Which way a [`Stream`] goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Plaintext to ciphertext.
    Encrypt,
    /// Ciphertext to plaintext.
    Decrypt,
}

/// An encryption or decryption that takes its data in pieces.
///
/// In an authenticated mode the plaintext of a decryption is not to be believed before
/// [`Stream::finish`] has returned.
pub struct Stream {
    context: CipherCtx,
    direction: Direction,
    shape: Shape,
    padding: Padding,
    tag_length: usize,
    /// How many bytes went in.
    taken: usize,
    /// The last block of a padded decryption, kept back until it is known to be the last.
    held: Wiped,
}

impl Stream {
    /// Checks the parameters and sets up the cipher. `tag` is what a decryption in an authenticated mode
    /// must find.
    pub fn new(with: &Parameters<'_>, direction: Direction, tag: Option<&[u8]>) -> Result<Self, CryptoError> {
        let row = Row::find(with.algorithm, with.mode, with.key.len())?;
        check(row, with, direction, tag)?;
        let cipher = row.cipher()?;
        let mut context = CipherCtx::new()?;
        let key = row.key(with.key);
        let iv = (row.iv != Iv::None).then_some(with.iv);
        // Lengths that aren't the default ones must be known before what has them is.
        let unusual_iv = matches!(row.iv, Iv::Any { usual, .. } if usual != with.iv.len());
        let unusual_key = matches!(row.keys, Keys::Within(..));
        let unusual = unusual_iv || unusual_key;
        let (first_key, first_iv) = if unusual { (None, None) } else { (Some(&key[..]), iv) };
        init(&mut context, direction, Some(cipher), first_key, first_iv)?;
        if unusual {
            if unusual_iv {
                context.set_iv_length(with.iv.len())?;
            }
            if unusual_key {
                context.set_key_length(key.len())?;
            }
            init(&mut context, direction, None, Some(&key), iv)?;
        }
        match row.shape {
            Shape::Blocks(_) => context.set_padding(false),
            // Whoever has all of the data calls `encrypt` or `decrypt`.
            Shape::Ccm | Shape::Xts | Shape::Wrap { .. } => return Err(CryptoError::NotStreamed(with.mode)),
            Shape::Stream => {}
            Shape::Aead => {
                if let (Direction::Decrypt, Some(tag)) = (direction, tag) {
                    context.set_tag(tag)?;
                }
                if !with.additional_data.is_empty() {
                    fits(with.additional_data.len())?;
                    context.cipher_update(with.additional_data, None)?;
                }
            }
        }
        Ok(Self {
            context,
            direction,
            shape: row.shape,
            padding: with.padding,
            tag_length: with.tag_length,
            taken: 0,
            held: Wiped::default(),
        })
    }

    /// How large a buffer `length` bytes of input can need, to reserve it in one piece.
    pub fn room(&self, length: usize) -> usize {
        // OpenSSL asks for a block more than it will write, and another for the padding.
        length.saturating_add(2 * LARGEST_BLOCK)
    }

    /// Takes a piece of input and appends what it gives to `out`.
    pub fn update(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), CryptoError> {
        fits(data.len())?;
        self.taken = self.taken.saturating_add(data.len());
        if !self.holds_back() {
            self.context.cipher_update_vec(data, out)?;
            return Ok(());
        }
        let start = out.len();
        out.extend_from_slice(&self.held);
        self.held.wipe();
        self.context.cipher_update_vec(data, out)?;
        let keep = out.len().saturating_sub(start).min(self.block());
        let cut = out.len().saturating_sub(keep);
        if let Some(last) = out.get_mut(cut..) {
            self.held.extend_from_slice(last);
            last.fill(0);
        }
        out.truncate(cut);
        Ok(())
    }

    /// Ends the operation: appends the rest to `out`, and gives the tag of an authenticated encryption.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<Option<Vec<u8>>, CryptoError> {
        if let Shape::Blocks(block) = self.shape {
            match (self.direction, self.padding) {
                (Direction::Encrypt, Padding::None) if !self.taken.is_multiple_of(block) => {
                    return Err(CryptoError::DataLength { block, found: self.taken });
                }
                (Direction::Encrypt, padding) => {
                    let mut last = [0; LARGEST_BLOCK];
                    let count = last.get_mut(..block).map_or(Ok(0), |last| padding.fill(self.taken, last))?;
                    if let Some(last) = last.get(..count) {
                        self.context.cipher_update_vec(last, out)?;
                    }
                }
                (Direction::Decrypt, _) if !self.taken.is_multiple_of(block) => {
                    return Err(CryptoError::DataLength { block, found: self.taken });
                }
                (Direction::Decrypt, Padding::None) => {}
                (Direction::Decrypt, padding) => {
                    let length = padding.strip(&self.held)?;
                    out.extend_from_slice(self.held.get(..length).unwrap_or_default());
                }
            }
        }
        let mut rest = [0; LARGEST_BLOCK];
        let length = self.context.cipher_final(&mut rest).map_err(|error| match self.direction {
            Direction::Encrypt => CryptoError::from(error),
            Direction::Decrypt => CryptoError::Undecipherable,
        })?;
        out.extend_from_slice(rest.get(..length).unwrap_or_default());
        if self.shape == Shape::Aead && self.direction == Direction::Encrypt {
            let mut tag = vec![0; self.tag_length];
            self.context.tag(&mut tag)?;
            return Ok(Some(tag));
        }
        Ok(None)
    }

    fn holds_back(&self) -> bool {
        self.direction == Direction::Decrypt
            && self.padding != Padding::None
            && matches!(self.shape, Shape::Blocks(_))
    }

    fn block(&self) -> usize {
        match self.shape {
            Shape::Blocks(block) => block,
            _ => 0,
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({:?}, {} bytes taken)", self.direction, self.taken)
    }
}

fn init(
    context: &mut CipherCtx,
    direction: Direction,
    cipher: Option<&CipherRef>,
    key: Option<&[u8]>,
    iv: Option<&[u8]>,
) -> Result<(), CryptoError> {
    match direction {
        Direction::Encrypt => context.encrypt_init(cipher, key, iv)?,
        Direction::Decrypt => context.decrypt_init(cipher, key, iv)?,
    }
    Ok(())
}

/// Everything that OpenSSL would answer with a panic of its binding, or not at all.
pub(super) fn check(
    row: &Row,
    with: &Parameters<'_>,
    direction: Direction,
    tag: Option<&[u8]>,
) -> Result<(), CryptoError> {
    let found = with.iv.len();
    let (least, most) = match row.iv {
        Iv::None => (0, 0),
        Iv::Exactly(length) | Iv::Counter(length) => (length, length),
        Iv::Any { least, most, .. } => (least, most),
        Iv::ChaCha => (16, 16),
    };
    if !(least..=most).contains(&found) {
        return Err(CryptoError::IvLength { least, most, found });
    }
    if with.padding != Padding::None && !matches!(row.shape, Shape::Blocks(_)) {
        return Err(CryptoError::Padding { mode: with.mode, padding: with.padding });
    }
    if with.mode.is_authenticated() {
        let length = match (direction, tag) {
            (Direction::Encrypt, _) => with.tag_length,
            (Direction::Decrypt, Some(tag)) => tag.len(),
            (Direction::Decrypt, None) => return Err(CryptoError::TagMissing(with.mode)),
        };
        let fits = match row.shape {
            // SP 800-38C §A.1.
            Shape::Ccm => (4..=16).contains(&length) && length.is_multiple_of(2),
            _ => (12..=16).contains(&length),
        };
        if !fits {
            return Err(CryptoError::TagLength { mode: with.mode, found: length });
        }
    } else if tag.is_some() || !with.additional_data.is_empty() {
        return Err(CryptoError::NotAuthenticated(with.mode));
    }
    Ok(())
}

/// OpenSSL counts in C integers.
pub(super) fn fits(length: usize) -> Result<(), CryptoError> {
    match i32::try_from(length.saturating_add(LARGEST_BLOCK)) {
        Ok(_) => Ok(()),
        Err(_) => Err(CryptoError::TooLong),
    }
}

/// The largest block of any cipher in the table, in bytes.
pub(super) const LARGEST_BLOCK: usize = 32;

#[cfg(test)]
#[path = "cipher_tests.rs"]
mod tests;
