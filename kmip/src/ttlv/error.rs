use std::fmt;

use super::{ItemType, Tag, Version, path::Path};

/// The result of encoding and decoding.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a message can't be read or written, and where.
///
/// It prints as `expected Enumeration, found Integer at byte 132 in RequestMessage/BatchItem[1]/Operation`.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    offset: usize,
    path: Path,
}

impl Error {
    #[cold]
    pub(crate) fn new(kind: ErrorKind, offset: usize, path: Path) -> Self {
        Self(Box::new(Inner { kind, offset, path }))
    }

    /// What is wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where, in bytes from the start of the message: the start of the item in question, or of the byte where one
    /// can be named.
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// The tags from the message down to the item in question.
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.0.kind, self.0.offset)?;
        if self.0.path.is_empty() { Ok(()) } else { write!(f, " in {}", self.0.path) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input, or the structure that the item stands in, ends within an item.
    #[error("{missing} bytes are missing")]
    Truncated {
        /// How many more bytes there would have to be.
        missing: usize,
    },
    /// There is something behind the item that was to be all.
    #[error("{count} bytes too many")]
    TrailingBytes {
        /// How many bytes follow.
        count: usize,
    },
    /// The item's type code is none.
    #[error("{0:#04x} is no item type")]
    UnknownItemType(u8),
    /// The length of an item doesn't fit its type.
    #[error("a length of {found} does not fit {item_type}")]
    WrongLength {
        /// The type of the item.
        item_type: ItemType,
        /// The length that its header gives.
        found: u32,
    },
    /// Padding bytes are not zero (strict mode).
    #[error("the padding is not zero")]
    Padding,
    /// A Boolean is neither 0 nor 1 (strict mode).
    #[error("a Boolean is neither 0 nor 1")]
    Boolean,
    /// A Text String is not UTF-8.
    #[error("the text is not UTF-8")]
    Utf8,
    /// An item has another type than the one that belongs there.
    #[error("expected {expected}, found {found}")]
    ItemType {
        /// What belongs there.
        expected: ItemType,
        /// What is there.
        found: ItemType,
    },
    /// Another item was expected.
    #[error("expected {expected}, found {found}")]
    Tag {
        /// What belongs there.
        expected: Tag,
        /// What is there.
        found: Tag,
    },
    /// The structure has no such field (strict mode).
    #[error("{0} does not belong here")]
    Unknown(Tag),
    /// A field stands twice that may stand only once.
    #[error("{0} stands here twice")]
    Duplicate(Tag),
    /// A field stands behind one that it has to stand before (strict mode).
    #[error("{0} is out of order")]
    Order(Tag),
    /// A field that has to be there is not.
    #[error("{0} is missing")]
    Missing(Tag),
    /// One of several structures has to be there, and none is.
    #[error("there is no {0}")]
    MissingChoice(&'static str),
    /// An item is of one thing, and the one that decides what it is of says another.
    #[error("{tag} is of {is}, but {decider} is {says}")]
    Contradiction {
        /// The item.
        tag: Tag,
        /// What it is of.
        is: &'static str,
        /// The item that decides.
        decider: Tag,
        /// What that says.
        says: Box<str>,
    },
    /// The version has no such field, structure or value here.
    #[error("{tag} is not in KMIP {version} here")]
    Version {
        /// The item.
        tag: Tag,
        /// The version of the message.
        version: Version,
    },
    /// No table describes this version.
    #[error("KMIP {major}.{minor} is not known")]
    UnknownVersion {
        /// The first number.
        major: i32,
        /// The second number.
        minor: i32,
    },
    /// A message is larger than the limit.
    #[error("the message has {size} bytes, more than the {limit} that are allowed")]
    Size {
        /// The size that it has or says it has.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Structures are nested deeper than the limit.
    #[error("structures are nested deeper than {0} levels")]
    Depth(u32),
    /// There are more items than the limit.
    #[error("there are more than {0} items")]
    Items(u32),
    /// A value is too long to be encoded: its length takes more than 32 bits.
    #[error("the item is too long for a 32-bit length")]
    TooLong,
}
