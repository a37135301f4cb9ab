//! What a decoder says is wrong, and where. None of it is on the way of what is right.

use super::Decoder;
use crate::ttlv::{
    Error, ErrorKind, ItemType, Result, Tag,
    header::{self, Header},
    path::Path,
};

impl Decoder<'_> {
    /// What is wrong with the head that stands here.
    #[cold]
    #[inline(never)]
    pub(super) fn malformed(&self) -> Error {
        let here = self.rest;
        let Some(head) = header::split(here) else {
            return self.fail_here(ErrorKind::Truncated { missing: header::SIZE - here.len() });
        };
        if ItemType::from_code(head.code).is_none_or(|found| found.since() > self.version) {
            return self.fail_here(ErrorKind::UnknownItemType(head.code));
        }
        let (padded, rest) = (header::padded(head.length as usize), here.len() - header::SIZE);
        self.fail_here(ErrorKind::Truncated { missing: padded.saturating_sub(rest) })
    }

    /// Takes a field when one of its slot or a later one was seen before, as the bits of `seen` say.
    ///
    /// # Errors
    ///
    /// When it was this field, unless it may be repeated; and in strict mode, when it was a later one.
    #[cold]
    #[inline(never)]
    pub fn again(&self, seen: u64, slot: u32, repeated: bool, item: Header) -> Result<()> {
        if seen & (1 << slot) != 0 && !repeated {
            return Err(self.duplicate(item));
        }
        if self.strict { Err(self.fail(item, ErrorKind::Order(item.tag()))) } else { Ok(()) }
    }

    /// The error for a field that stands twice.
    #[cold]
    #[inline(never)]
    pub fn duplicate(&self, item: Header) -> Error {
        self.fail(item, ErrorKind::Duplicate(item.tag()))
    }

    /// The error for something that the version doesn't have.
    #[cold]
    #[inline(never)]
    pub fn not_in_version(&self, item: Header) -> Error {
        self.fail(item, ErrorKind::Version { tag: item.tag(), version: self.version })
    }

    /// The error for a required field that the structure just read doesn't have.
    #[cold]
    #[inline(never)]
    pub fn missing(&self, structure: Header, tag: Tag) -> Error {
        // The position is the structure's end; its head is named.
        let offset = self.position() - structure.length() as usize - header::SIZE;
        self.fail_at(ErrorKind::Missing(tag), offset)
    }

    /// The error for an item of another type than the one that belongs there.
    #[cold]
    #[inline(never)]
    pub fn other_type(&self, item: Header, expected: ItemType) -> Error {
        self.fail(item, ErrorKind::ItemType { expected, found: item.item_type() })
    }

    /// The error for a choice by tag that has to be made and is not: none of its structures is there.
    #[cold]
    #[inline(never)]
    pub fn missing_choice(&self, structure: Header, name: &'static str) -> Error {
        let offset = self.position() - structure.length() as usize - header::SIZE;
        self.fail_at(ErrorKind::MissingChoice(name), offset)
    }

    /// An error at the item whose head was just read.
    #[cold]
    #[inline(never)]
    pub fn fail(&self, _item: Header, kind: ErrorKind) -> Error {
        self.fail_at(kind, self.position() - header::SIZE)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fail_here(&self, kind: ErrorKind) -> Error {
        self.fail_at(kind, self.position())
    }

    /// An item has another type, or another length, than it should.
    #[cold]
    #[inline(never)]
    pub(super) fn unfit(&self, item: Header, expected: ItemType) -> Error {
        if item.is(expected) { self.wrong_length(item) } else { self.other_type(item, expected) }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn wrong_length(&self, item: Header) -> Error {
        self.fail(item, ErrorKind::WrongLength { item_type: item.item_type(), found: item.length() })
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fail_at(&self, kind: ErrorKind, offset: usize) -> Error {
        Error::new(kind, offset, Path::locate(self.message, offset))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn utf8(&self, item: Header, error: std::str::Utf8Error) -> Error {
        let start = self.position() - item.padded();
        self.fail_at(ErrorKind::Utf8, start + error.valid_up_to())
    }
}
