//! KMIP 1.0, 1.1, 1.2, 1.3, 1.4 and 2.0: exact, versioned types made from tables, and a client.
//!
//! - [`types`]: every structure, enumeration, attribute and operation that the specifications have;
//! - [`ttlv`]: the codec under them, which takes types of one's own as well;
//! - `client` (feature `client`, on by default): talks to a server, asynchronously or blocking;
//! - `xml`, `json` (features of these names): messages in XML and JSON, to and from the binary encoding.
//!
//! With `default-features = false` it is the codec and the types alone, without OpenSSL and tokio.
//!
//! ```
//! use kmip::{
//!     ttlv::{Limits, Mode},
//!     types::{GetRequest, Operation, RequestBatchItem, RequestHeader, RequestMessage, UniqueIdentifier, version},
//! };
//!
//! let payload = GetRequest { unique_identifier: Some(UniqueIdentifier::TextString("a key".into())), ..GetRequest::new() };
//! let item = RequestBatchItem::new(Operation::Get, payload.into());
//! let header = RequestHeader::new(version::V1_4.into(), 1);
//! let message = RequestMessage { batch_item: vec![item], ..RequestMessage::new(header) };
//!
//! let mut bytes = Vec::new();
//! message.write(&mut bytes)?;
//! assert_eq!(RequestMessage::read(&bytes.into(), Mode::Strict, Limits::DEFAULT)?, message);
//! # Ok::<(), kmip::ttlv::Error>(())
//! ```
//!
//! A field that a version doesn't have is never dropped silently:
//!
//! ```
//! use kmip::{ttlv::{self, Structure}, types::{LocateRequest, version}};
//! let locate = LocateRequest { offset_items: Some(10), ..LocateRequest::new() };
//! let error = ttlv::encode(&locate, LocateRequest::TAG, version::V1_0).unwrap_err();
//! assert_eq!(error.to_string(), "OffsetItems is not in KMIP 1.0 here at byte 8 in RequestPayload/OffsetItems");
//! ```
#![warn(clippy::unwrap_used, clippy::expect_used)]

extern crate self as kmip;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "json")]
pub mod json;
#[cfg(any(feature = "json", feature = "xml"))]
pub mod transcode;
pub mod ttlv;
pub mod types;
#[cfg(feature = "xml")]
pub mod xml;
