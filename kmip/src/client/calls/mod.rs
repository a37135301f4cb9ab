//! The calls of every operation that clients ask servers for, one function each: typed arguments in, a [`Call`] out.
//!
//! [`Client`](super::Client) and [`blocking::Client`](super::blocking::Client) have a method of the same name and
//! arguments for each, which sends it. The functions themselves are for batches:
//!
//! ```no_run
//! use kmip::client::{Batch, Id, Options, blocking::Client, calls};
//! # let mut client = Client::connect(Options::new("kms.example.org".parse()?))?;
//! let mut batch = Batch::new();
//! let activated = batch.call(calls::activate("fe2a"));
//! let key = batch.call(calls::get(Id::PLACEHOLDER));
//! let mut answers = client.batch(batch)?;
//! answers.take(activated)?;
//! let key = answers.take(key)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What a version doesn't have is an error when the call is sent, and nothing is sent then.

mod attributes;
mod certificates;
mod cryptography;
mod lifecycle;
mod objects;
mod search;
mod server;

pub use self::{
    attributes::*, certificates::*, cryptography::*, lifecycle::*, objects::*, search::*, server::*,
};
use super::{
    call::{Call, Id},
    error::{Error, Result, Violation},
};
use crate::{
    ttlv::{Secret, Text, Version},
    types::{
        AttributeId, AttributeSet, Attributes, CreateRequest, Data, Operation, TemplateAttribute,
        UniqueIdentifier,
    },
};

/// Whether attributes go by name, in templates, rather than by tag.
fn is_1x(version: Version) -> bool {
    CreateRequest::has_template_attribute(version)
}

/// The two wire forms of the attributes wanted, of which a version has one.
fn wire(attributes: &AttributeSet, version: Version) -> (Option<TemplateAttribute>, Option<Attributes>) {
    if is_1x(version) {
        (Some(attributes.to_template_attribute()), None)
    } else {
        (None, Some(attributes.to_attributes()))
    }
}

/// As [`wire`], where the attributes may be left out.
fn wire_if_any(
    attributes: &AttributeSet,
    version: Version,
) -> (Option<TemplateAttribute>, Option<Attributes>) {
    if attributes.is_empty() { (None, None) } else { wire(attributes, version) }
}

fn in_version<'a>(which: impl IntoIterator<Item = &'a AttributeId>, version: Version) -> Result<()> {
    match which.into_iter().find(|which| !which.is_in(version)) {
        Some(which) => Err(Error::NoSuchAttribute { name: which.to_string(), version }),
        None => Ok(()),
    }
}

fn text(id: UniqueIdentifier, operation: Operation) -> Result<Text> {
    match id {
        UniqueIdentifier::TextString(id) => Ok(id),
        _ => Err(Violation::Incomplete(operation).into()),
    }
}

fn texts(ids: Vec<UniqueIdentifier>, operation: Operation) -> Result<Vec<Text>> {
    ids.into_iter().map(|id| text(id, operation)).collect()
}

fn bytes(data: Option<Data>, operation: Operation) -> Result<Secret> {
    match data {
        Some(Data::ByteString(data)) => Ok(data),
        _ => Err(Violation::Incomplete(operation).into()),
    }
}

fn there<T>(value: Option<T>, operation: Operation) -> Result<T> {
    value.ok_or_else(|| Violation::Incomplete(operation).into())
}
