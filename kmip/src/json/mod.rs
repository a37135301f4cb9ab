//! Messages in JSON (KMIP Additional Message Encodings 1.0 §4).
//!
//! ```
//! use kmip::{
//!     json,
//!     transcode::Layout,
//!     ttlv::{Limits, Mode, Tag, Tree},
//! };
//!
//! let text = r#"
//! {"tag": "RequestPayload", "value": [
//!   {"tag": "ObjectType", "type": "Enumeration", "value": "SymmetricKey"},
//!   {"tag": "CryptographicUsageMask", "type": "Integer", "value": "Encrypt|Decrypt"},
//!   {"tag": "0x540001", "type": "LongInteger", "value": "0x1000000000000000"}
//! ]}
//! "#;
//! let message = json::read(text, Limits::DEFAULT)?;
//! let tree = Tree::parse(&message, Mode::Strict, Limits::DEFAULT)?;
//! assert_eq!(tree.root().child(Tag::CryptographicUsageMask).and_then(|mask| mask.as_u32()), Some(12));
//!
//! let mut written = Vec::new();
//! json::write(&tree, Layout::Lines, &mut written)?;
//! assert_eq!(String::from_utf8(written)?.trim(), text.trim());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is wrong is said with its place:
//!
//! ```
//! use kmip::{json, ttlv::Limits};
//! let text = r#"{"tag": "RequestHeader", "value": [{"tag": "BatchCuont", "type": "Integer", "value": 1}]}"#;
//! let error = json::read(text, Limits::DEFAULT).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "\"BatchCuont\" is no tag; did you mean BatchCount? at line 1, column 45 in RequestHeader"
//! );
//! ```
//!
//! Numbers from 2^52 on are written as hexadecimal strings, for JSON's own are not exact everywhere (§4.1.6.5); a reader that
//! is exact takes them nevertheless. The properties of an object may stand in any order. Arrays and objects may be 128 deep in
//! all, which is 64 structures, whatever the limits say.

mod read;
mod seed;
mod value;
mod write;

pub use self::{
    read::{Messages, read},
    write::write,
};

const LANGUAGE: &str = "JSON";
