//! The codec: TTLV (tag, type, length, value), the binary encoding of KMIP (KMIP 1.0 §9.1, 2.0 §10).
//!
//! It knows no structure of KMIP. There are two ways to read a message:
//!
//! - into typed values with [`decode`], which also checks the message against the tables (or against whatever types the
//!   caller derives [`Decode`] for);
//! - as a [`Tree`] of generic items, which takes any well-formed message.
//!
//! Both slice the message, and copy nothing. [`encode`] writes.
//!
//! # A structure of one's own
//!
//! ```
//! use kmip::ttlv::{self, Bytes, Decode, Encode, Mode, Tag, Text, Version};
//!
//! /// Where a tape library keeps a cartridge.
//! #[derive(Clone, Debug, PartialEq, Decode, Encode)]
//! #[ttlv(tag = 0x540001)]
//! struct Slot {
//!     #[ttlv(tag = 0x540002)]
//!     frame: i32,
//!     #[ttlv(tag = 0x540003)]
//!     label: Option<Text>,
//! }
//!
//! let slot = Slot { frame: 7, label: Some("upper".into()) };
//! let bytes = ttlv::encode(&slot, Tag(0x540001), Version::new(2, 0))?;
//! assert_eq!(bytes.len(), 8 + 16 + 16);
//! let read: Slot = ttlv::decode(&Bytes::from(bytes), Tag(0x540001), Version::new(2, 0), Mode::Strict)?;
//! assert_eq!(read, slot);
//! # Ok::<(), ttlv::Error>(())
//! ```

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod decoder;
mod encoder;
mod enumeration;
mod error;
mod header;
mod item;
mod item_type;
mod limits;
pub mod names;
mod number;
mod path;
mod plain;
mod readable;
mod secret;
mod tag;
mod text;
mod tree;
mod unknown;
mod version;

#[doc(hidden)]
pub use bitflags::bitflags;
pub use bytes::Bytes;
#[cfg(feature = "arbitrary")]
pub use kmip_derive::Arbitrary;
pub use kmip_derive::{Decode, Encode};

#[cfg(feature = "arbitrary")]
pub use self::arbitrary::{Arbitrary, Source};
pub(crate) use self::header::word_of;
#[cfg(any(feature = "json", feature = "xml"))]
pub(crate) use self::path::OPEN;
pub use self::{
    decoder::{Decider, Decides, Decode, Decoder, Scope},
    encoder::{Encode, Encoder, Open},
    enumeration::UnknownName,
    error::{Error, ErrorKind, Result},
    header::{Header, SIZE as HEADER_SIZE},
    item::{Item, Value},
    item_type::ItemType,
    limits::{Limits, Mode},
    number::{BigInteger, DateTime, DateTimeExtended, Enumeration, Interval, TagValue},
    path::{Path, Step},
    readable::{Readable, redacted},
    secret::{Secret, SecretText},
    tag::Tag,
    text::Text,
    tree::{Node, Tree},
    unknown::{KeepUnknown, NoUnknown, Place, Unknown},
    version::{NotAVersion, Version},
};
#[doc(hidden)]
pub use self::{enumeration::write_mask, unknown::last_slot};
#[doc(hidden)]
pub use crate::{enumeration, mask};

/// A structure that has a tag of its own.
pub trait Structure {
    /// The tag.
    const TAG: Tag;
}

/// A choice between structures by their tags.
pub trait ByTag {
    /// What it is, for messages.
    const NAME: &'static str;

    /// Whether an item with this tag is one of the choice.
    fn accepts(tag: Tag) -> bool;

    /// The tag of what was chosen.
    fn tag(&self) -> Tag;
}

/// Reads one item, and nothing behind it, within the default limits.
///
/// # Errors
///
/// When it isn't, to the mode's exactness, what `T` describes in this version.
pub fn decode<T: Decode>(bytes: &Bytes, tag: Tag, version: Version, mode: Mode) -> Result<T> {
    Decoder::new(bytes, version, mode, Limits::DEFAULT)?.only(tag)
}

/// Writes one item.
///
/// # Errors
///
/// When the version doesn't have something that is there, or requires something that isn't.
pub fn encode<T: Encode + ?Sized>(value: &T, tag: Tag, version: Version) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    encode_into(value, tag, version, &mut bytes)?;
    Ok(bytes)
}

/// Writes one item behind what is in `bytes`; on an error nothing is added.
///
/// # Errors
///
/// As [`encode`].
pub fn encode_into<T: Encode + ?Sized>(
    value: &T,
    tag: Tag,
    version: Version,
    bytes: &mut Vec<u8>,
) -> Result<()> {
    let start = bytes.len();
    let result = value.encode(tag, &mut Encoder::new(bytes, version));
    if result.is_err() {
        bytes.truncate(start);
    }
    result
}
