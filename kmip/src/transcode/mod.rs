//! What the encodings of messages in XML and JSON have in common (KMIP Additional Message Encodings 1.0).
//!
//! Both carry the same items as the binary encoding, in the same order, so a message can be taken from any of the three to
//! any other: `kmip::xml` and `kmip::json` translate between text and binary, by way of the [`Tree`](crate::ttlv::Tree)
//! and the name tables alone. Types know the binary encoding only.
//!
//! - Tags, item types and values of enumerations are written by the names of the tables; what has no name there is written in
//!   hexadecimal, and both are read.
//! - In KMIP 1.x the value of an attribute is named by the attribute whose name stands before it.
//! - Sizes are those of the binary encoding, whatever the text's own length: limits apply to it, as fields such as
//!   Maximum Response Size do (§4, §6).
//! - What is read is a binary message ([`Bytes`](crate::ttlv::Bytes)), wiped when its last slice is dropped.

mod builder;
mod error;
mod naming;
pub(crate) mod number;
mod redact;
mod scalar;
pub(crate) mod time;

pub(crate) use self::{
    builder::Builder,
    error::{Cursor, quoted},
    naming::{Named, Naming, item_type_named, tag_named, tag_text, write_mask},
    scalar::Scalar,
};
pub use self::{
    error::{Error, ErrorKind, Position},
    redact::redact,
};

/// The result of reading and writing text.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How a text is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Without space between the items: for a machine at the other end.
    #[default]
    Compact,
    /// An item a line, indented: for people.
    Lines,
}
