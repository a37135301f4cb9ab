//! The file: what it is sealed under, then pieces.
//!
//! `KMIPBAK1`, the length of the header (four bytes), the header, and pieces: one byte that says whether it is the last,
//! its length (four bytes), and what is sealed. Each is bound to its number and to that byte.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::{Manifest, Protection};
use crate::crypto::aead::AeadKey;
use crate::crypto::passphrase::Stretch;
use crate::crypto::{CryptoError, hmac_sha256};
use crate::seal::{MasterKey, SealError, SecretSource};
use crate::store::sqlite::copy::Piece;
use crate::wipe::Wiped;

/// What is in a backup.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Entry {
    /// What it says of itself; the first.
    Manifest(Manifest),
    /// A piece of the database.
    Piece(Piece),
}

#[derive(Debug)]
pub(super) enum Failure {
    Io(io::Error),
    NoBackup,
    Locked(&'static str),
    Damaged(&'static str),
    Seal(SealError),
    Crypto(CryptoError),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged("its end is missing"),
            _ => Self::Io(error),
        }
    }
}

impl From<CryptoError> for Failure {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    /// How the key is made of a passphrase, if it is.
    stretch: Option<String>,
    /// The backup's key, and in the same case the master key, sealed.
    #[serde(with = "serde_bytes")]
    keys: Vec<u8>,
}

/// Writes a backup.
pub(super) struct Writer<W> {
    out: W,
    key: AeadKey,
    number: u64,
    plain: Wiped,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(mut out: W, protection: &Protection<'_>) -> Result<Self, Failure> {
        let key = AeadKey::generate()?;
        let mut keys = Wiped::with_capacity(2 * KEY);
        keys.extend_from_slice(key.expose());
        let (over, stretch) = match protection {
            Protection::MasterKey(master) => (under_master(master)?, None),
            Protection::Passphrase { passphrase, master } => {
                keys.extend_from_slice(master.expose());
                let stretch = Stretch::new()?;
                (stretch.key(passphrase)?, Some(stretch.to_string()))
            }
        };
        let mut sealed = Vec::new();
        over.seal(&[b"backup", text(&stretch)], &keys, &mut sealed)?;
        let header = Header { stretch, keys: sealed };
        let header = postcard::to_stdvec(&header).map_err(|_| Failure::Damaged("its header"))?;
        out.write_all(MAGIC)?;
        out.write_all(&length(&header)?)?;
        out.write_all(&header)?;
        Ok(Self { out, key, number: 0, plain: Wiped::with_capacity(2 * PIECE) })
    }

    pub(super) fn put(&mut self, entry: &Entry) -> Result<(), Failure> {
        postcard::to_io(entry, &mut *self.plain).map_err(|_| Failure::Damaged("an entry"))?;
        if self.plain.len() < PIECE { Ok(()) } else { self.flush(MORE) }
    }

    pub(super) fn finish(mut self) -> Result<W, Failure> {
        self.flush(LAST)?;
        Ok(self.out)
    }

    fn flush(&mut self, kind: u8) -> Result<(), Failure> {
        let mut sealed = Vec::with_capacity(self.plain.len().saturating_add(64));
        self.key.seal(&[b"backup piece", &[kind], &self.number.to_be_bytes()], &self.plain, &mut sealed)?;
        self.number += 1;
        self.plain.wipe();
        self.out.write_all(&[kind])?;
        self.out.write_all(&length(&sealed)?)?;
        Ok(self.out.write_all(&sealed)?)
    }
}

/// Reads a backup.
pub(super) struct Reader<R> {
    from: R,
    key: AeadKey,
    number: u64,
    /// The master key that the backup is of, where it is told.
    pub(super) master: Option<MasterKey>,
}

impl<R: Read> Reader<R> {
    /// Opens a backup: with the passphrase, if it is under one, or with the master key.
    pub(super) fn new(
        mut from: R,
        master: &MasterKey,
        passphrase: Option<&SecretSource>,
    ) -> Result<Self, Failure> {
        let mut magic = [0; MAGIC.len()];
        match from.read_exact(&mut magic) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(Failure::NoBackup),
            result => result?,
        }
        if magic != *MAGIC {
            return Err(Failure::NoBackup);
        }
        let header = sized(&mut from, MOST_HEADER)?;
        let header: Header =
            postcard::from_bytes(&header).map_err(|_| Failure::Damaged("its header can't be read"))?;
        let over = match (&header.stretch, passphrase) {
            (None, _) => under_master(master)?,
            (Some(stretch), Some(passphrase)) => {
                let stretch = Stretch::parse(stretch).ok_or(Failure::Damaged("its header can't be read"))?;
                stretch.key(&passphrase.passphrase()?)?
            }
            (Some(_), None) => return Err(Failure::Locked("it is under a passphrase (--passphrase)")),
        };
        let mut keys =
            over.open(&[b"backup", text(&header.stretch)], &header.keys).map_err(|error| match error {
                CryptoError::Undecipherable if header.stretch.is_some() => {
                    Failure::Locked("the passphrase is wrong, or its header was tampered with")
                }
                CryptoError::Undecipherable => Failure::Locked(
                    "it was made under another master key (--made-under), or its header was tampered with",
                ),
                error => error.into(),
            })?;
        let length = KEY.min(keys.len());
        let master = keys.split_off(length);
        let master = if master.is_empty() { None } else { Some(MasterKey::parse(master.into())?) };
        Ok(Self { from, key: AeadKey::new(keys)?, number: 0, master })
    }

    /// Reads all entries.
    pub(super) fn each<E: From<Failure>>(
        mut self,
        mut take: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let (last, plain) = self.piece()?;
            let mut rest = &plain[..];
            while !rest.is_empty() {
                let damaged = |_| Failure::Damaged("an entry can't be read");
                let (entry, more) = postcard::take_from_bytes(rest).map_err(damaged)?;
                rest = more;
                take(entry)?;
            }
            if last {
                let mut more = [0];
                return match self.from.read(&mut more).map_err(Failure::from)? {
                    0 => Ok(()),
                    _ => Err(Failure::Damaged("something follows its end").into()),
                };
            }
        }
    }

    fn piece(&mut self) -> Result<(bool, Wiped), Failure> {
        let mut kind = [0];
        self.from.read_exact(&mut kind)?;
        let sealed = sized(&mut self.from, MOST_PIECE)?;
        let bound: [&[u8]; 3] = [b"backup piece", &kind, &self.number.to_be_bytes()];
        let plain = self.key.open(&bound, &sealed).map_err(|error| match error {
            CryptoError::Undecipherable => Failure::Damaged("a piece is not what was written there"),
            error => error.into(),
        })?;
        self.number += 1;
        Ok((kind == [LAST], plain))
    }
}

/// The key that backups are sealed under where it is the master key: not that itself.
fn under_master(master: &MasterKey) -> Result<AeadKey, Failure> {
    let key = hmac_sha256(master.expose(), &[b"kmip-server backup"])?;
    Ok(AeadKey::new(Wiped::from(&key[..]))?)
}

fn text(stretch: &Option<String>) -> &[u8] {
    stretch.as_deref().unwrap_or_default().as_bytes()
}

fn length(bytes: &[u8]) -> Result<[u8; 4], Failure> {
    let length = u32::try_from(bytes.len()).map_err(|_| CryptoError::TooLong)?;
    Ok(length.to_be_bytes())
}

/// Bytes behind their length. Room is made for what is there alone.
fn sized(from: &mut impl Read, most: u32) -> Result<Vec<u8>, Failure> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > most {
        return Err(Failure::Damaged("a piece is too long"));
    }
    let mut bytes = Vec::new();
    let read = from.take(length.into()).read_to_end(&mut bytes)?;
    if u32::try_from(read) != Ok(length) {
        return Err(Failure::Damaged("its end is missing"));
    }
    Ok(bytes)
}

const MAGIC: &[u8; 8] = b"KMIPBAK1";
const MORE: u8 = 0;
const LAST: u8 = 1;
const KEY: usize = 32;

/// From which size on a piece is sealed.
const PIECE: usize = 1 << 18;

const MOST_HEADER: u32 = 1 << 12;

/// A row may be as large as the largest object.
const MOST_PIECE: u32 = 1 << 30;
