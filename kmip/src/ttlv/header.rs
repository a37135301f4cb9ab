use nom::{IResult, Parser, combinator::map, number::complete::be_u64};

use super::{ItemType, Tag};

/// Bytes in the head of an item: tag (3), type (1), length (4).
pub const SIZE: usize = 8;

/// The head of an item, checked: its type is one, and its value lies within the structure around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub tag: Tag,
    /// The type of its value.
    pub item_type: ItemType,
    /// The length of its value in bytes, without padding.
    pub length: u32,
}

/// The head of an item as it stands in the bytes.
#[derive(Clone, Copy)]
pub(super) struct Raw {
    pub(super) tag: u32,
    pub(super) code: u8,
    pub(super) length: u32,
}

/// Reads the eight bytes of a head.
#[inline(always)]
pub(super) fn parse(input: &[u8]) -> IResult<&[u8], Raw, ()> {
    map(be_u64, |word: u64| {
        let [t0, t1, t2, code, l0, l1, l2, l3] = word.to_be_bytes();
        Raw { tag: u32::from_be_bytes([0, t0, t1, t2]), code, length: u32::from_be_bytes([l0, l1, l2, l3]) }
    })
    .parse(input)
}

/// The head at the start of `input`, if there are eight bytes.
#[inline(always)]
pub(super) fn split(input: &[u8]) -> Option<Raw> {
    parse(input).ok().map(|(_, head)| head)
}

/// The length of a value with its padding: the next multiple of eight.
#[inline(always)]
pub(super) const fn padded(length: usize) -> usize {
    length.saturating_add(7) & !7
}
