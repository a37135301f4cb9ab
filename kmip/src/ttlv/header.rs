use std::fmt;

use nom::{IResult, Parser, bytes::complete::take, combinator::map_opt};

use super::{Error, ErrorKind, ItemType, Limits, Result, Tag, path::Path};

/// Bytes in the head of an item: tag (3), type (1), length (4).
pub const SIZE: usize = 8;

/// The head of an item, checked: its type is one, and its value lies within the structure around it.
///
/// It is the eight bytes as they stand in the message: handed on in a register, and taken apart where it is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header(u64);

/// The head of an item as the eight bytes that it is.
#[inline(always)]
pub(crate) const fn word_of(tag: Tag, item_type: ItemType, length: u32) -> u64 {
    (tag.0 as u64) << 40 | (item_type.code() as u64) << 32 | length as u64
}

impl Header {
    #[inline(always)]
    pub(super) const fn from_word(word: u64) -> Self {
        Self(word)
    }

    /// What it is.
    #[inline(always)]
    pub const fn tag(self) -> Tag {
        Tag((self.0 >> 40) as u32)
    }

    /// The code of the type of its value.
    #[inline(always)]
    pub(super) const fn code(self) -> u8 {
        (self.0 >> 32) as u8
    }

    /// The type of its value.
    #[inline(always)]
    pub const fn item_type(self) -> ItemType {
        match ItemType::from_code(self.code()) {
            Some(item_type) => item_type,
            // A header with another code is refused before it comes to be one.
            None => ItemType::Structure,
        }
    }

    /// Whether the value has this type.
    #[inline(always)]
    pub const fn is(self, item_type: ItemType) -> bool {
        self.code() == item_type.code()
    }

    /// The length of its value in bytes, without padding.
    #[inline(always)]
    pub const fn length(self) -> u32 {
        self.0 as u32
    }

    /// The length of its value with its padding.
    #[inline(always)]
    pub(super) const fn padded(self) -> usize {
        padded(self.length() as usize)
    }

    /// Whether type and length are these.
    #[inline(always)]
    pub(super) const fn has(self, item_type: ItemType, length: u32) -> bool {
        self.0 & 0xFF_FFFF_FFFF == (item_type.code() as u64) << 32 | length as u64
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {} bytes", self.tag(), self.item_type(), self.length())
    }
}

/// The head of an item as it stands in the bytes.
#[derive(Clone, Copy)]
pub(super) struct Raw {
    pub(super) tag: u32,
    pub(super) code: u8,
    pub(super) length: u32,
}

/// The eight bytes of a head.
#[inline(always)]
pub(super) fn word(input: &[u8]) -> IResult<&[u8], u64, ()> {
    // nom's own be_u64 goes byte by byte, which compilers don't see through.
    map_opt(take(SIZE), |bytes: &[u8]| bytes.first_chunk().copied().map(u64::from_be_bytes)).parse(input)
}

/// The head at the start of `input`, if there are eight bytes.
#[inline(always)]
pub(super) fn split(input: &[u8]) -> Option<Raw> {
    let (_, word) = word(input).ok()?;
    let head = Header(word);
    Some(Raw { tag: head.tag().0, code: head.code(), length: head.length() })
}

/// Checks that a message has no more items than the limit. What is malformed otherwise is left to be found.
///
/// # Errors
///
/// When there are more, at the first of them.
pub(super) fn count(message: &[u8], limits: Limits) -> Result<()> {
    let mut items = 0;
    let mut position = 0;
    while let Some(head) = message.get(position..).and_then(split) {
        if items == limits.items {
            return Err(Error::new(
                ErrorKind::Items(limits.items),
                position,
                Path::locate(message, position),
            ));
        }
        items += 1;
        // Structures are gone into, other values stepped over.
        let value = if head.code == ItemType::Structure.code() { 0 } else { padded(head.length as usize) };
        position = position.saturating_add(SIZE).saturating_add(value);
    }
    Ok(())
}

/// The length of a value with its padding: the next multiple of eight.
#[inline(always)]
pub(super) const fn padded(length: usize) -> usize {
    // Lengths have 32 bits: on a 64-bit machine this can't overflow, and on others it stays too long.
    length.saturating_add(7) & !7
}
