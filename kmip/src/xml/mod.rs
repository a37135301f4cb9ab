//! Messages in XML (KMIP Additional Message Encodings 1.0 §6, Profiles 2.1 §5.4).
//!
//! ```
//! use kmip::{
//!     transcode::Layout,
//!     ttlv::{Limits, Mode, Tree},
//!     types::{Operation, RequestMessage},
//!     xml,
//! };
//!
//! let text = r#"
//! <RequestMessage>
//!   <RequestHeader>
//!     <ProtocolVersion>
//!       <ProtocolVersionMajor type="Integer" value="1"/>
//!       <ProtocolVersionMinor type="Integer" value="4"/>
//!     </ProtocolVersion>
//!     <BatchCount type="Integer" value="1"/>
//!   </RequestHeader>
//!   <BatchItem>
//!     <Operation type="Enumeration" value="Activate"/>
//!     <RequestPayload>
//!       <UniqueIdentifier type="TextString" value="a key"/>
//!     </RequestPayload>
//!   </BatchItem>
//! </RequestMessage>
//! "#;
//! let message = xml::read(text, Limits::DEFAULT)?;
//! let request = RequestMessage::read(&message, Mode::Strict, Limits::DEFAULT)?;
//! assert_eq!(request.batch_item[0].operation, Operation::Activate);
//!
//! let mut written = Vec::new();
//! xml::write(&Tree::parse(&message, Mode::Strict, Limits::DEFAULT)?, Layout::Lines, &mut written)?;
//! assert_eq!(String::from_utf8(written)?.trim(), text.trim());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is wrong is said with its place:
//!
//! ```
//! use kmip::{ttlv::Limits, xml};
//! let text = "<RequestHeader>\n  <BatchCount type=\"Integer\" value=\"one\"/>\n</RequestHeader>";
//! let error = xml::read(text, Limits::DEFAULT).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "expected a number of 32 bits, found \"one\" at line 2, column 37 in RequestHeader/BatchCount"
//! );
//! ```
//!
//! Dates outside the years 1 to 9999 are written in hexadecimal, and numbers in hexadecimal are read everywhere. Characters
//! that XML can't hold are an error in both directions. There are no document type declarations, hence no entities of one's
//! own; comments and processing instructions are passed over.

mod read;
mod write;

#[cfg(feature = "conformance")]
pub(crate) use self::read::Beside;
pub use self::{
    read::{Messages, read},
    write::write,
};

/// The namespace of the elements, where there is one (§6.1.6).
pub const NAMESPACE: &str = "urn:oasis:tc:kmip:xmlns";

const LANGUAGE: &str = "XML";

/// Whether XML can hold a character (XML 1.0 §2.2).
pub(crate) fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{1_0000}'..)
}
