//! Which rows the store finds an object by: one for each value of each attribute, derived from its record.
//!
//! A structure has a row for itself and one for each of its fields, so that it can be found by a part of it (KMIP 1.4
//! §4.9). Long values are found by their digest. The digest of a secret says too much about a short one to be
//! written in the clear: it is found by a keyed digest.

use kmip::ttlv::{self, Bytes, Item, ItemType, Limits, Mode, Node, Tag, Tree, Value};
use kmip::types::tables::NAMES;
use kmip::types::{AttributeId, AttributeInstance, AttributeSet};

use super::record::Record;
use super::{Failure, LATEST, record};
use crate::crypto::{self, Hash};
use crate::seal::Seal;
use crate::store::{IndexEntry, IndexValue};

/// The rows of an object.
pub(super) fn entries(
    attributes: &AttributeSet,
    record: &Record,
    seal: &Seal,
) -> Result<Vec<IndexEntry>, Failure> {
    let mut entries = Vec::with_capacity(attributes.len() + 8);
    for (instance, place) in attributes.iter().zip(&record.items) {
        if !HEADER.contains(&instance.id) {
            entries.extend(rows(&instance.id, record.bytes.slice(place.clone()), seal)?.all());
        }
    }
    Ok(entries)
}

/// The rows of one attribute.
pub(super) struct Rows {
    /// The row of the whole value.
    pub(super) whole: IndexEntry,
    /// Those of the fields, if it is a structure of the specification.
    pub(super) fields: Vec<IndexEntry>,
    /// Whether it has fields that have no rows.
    pub(super) has_more: bool,
}

impl Rows {
    fn all(self) -> impl Iterator<Item = IndexEntry> {
        std::iter::once(self.whole).chain(self.fields)
    }
}

/// The rows by which the objects are found that have this attribute.
pub(super) fn rows_of(instance: &AttributeInstance, seal: &Seal) -> Result<Rows, Failure> {
    let mut bytes = Vec::new();
    record::encode_value(instance, &mut bytes)?;
    rows(&instance.id, bytes.into(), seal)
}

/// The rows by which the objects are found that have an attribute with these fields.
pub(super) fn rows_of_part(part: &Item, seal: &Seal) -> Result<Rows, Failure> {
    let id = AttributeId::Standard(part.tag);
    let bytes = ttlv::encode(part, part.tag, LATEST)?;
    rows(&id, bytes.into(), seal)
}

fn rows(id: &AttributeId, item: Bytes, seal: &Seal) -> Result<Rows, Failure> {
    let tree = Tree::parse(&item, Mode::Lenient, Limits { size: usize::MAX, ..Limits::DEFAULT })?;
    let (name, node) = match id {
        AttributeId::Standard(tag) => (name_of(*tag), tree.root()),
        AttributeId::Vendor { .. } => {
            let value = tree.root().children().find(|child| child.tag() == Tag::AttributeValue);
            let Some(value) = value else {
                return Err(Failure::internal(&"a vendor's attribute has no value"));
            };
            // Values of different types differ, whatever they look like as numbers.
            (format!("@{}:{}", id, value.item_type().code()), value)
        }
    };
    let (mut fields, mut has_more) = (Vec::new(), false);
    if node.item_type() == ItemType::Structure && matches!(id, AttributeId::Standard(_)) {
        for field in node.children() {
            if UNTELLING.contains(&field.tag()) {
                has_more = true;
                continue;
            }
            let name = format!("{name}/{}", name_of(field.tag()));
            let value = value_of(field, &name, seal)?;
            fields.push(IndexEntry::new(name, value));
        }
    }
    let value = value_of(node, &name, seal)?;
    Ok(Rows { whole: IndexEntry::new(name, value), fields, has_more })
}

fn value_of(node: Node<'_>, name: &str, seal: &Seal) -> Result<IndexValue, Failure> {
    let secret = node.tag() == Tag::Digest || node.tag() == Tag::DigestValue;
    Ok(match node.value() {
        Value::Structure(_) => bytes(&node.encoded(), name, secret, seal)?,
        Value::Integer(value) => IndexValue::Integer(value.into()),
        Value::LongInteger(value) => IndexValue::Integer(value),
        Value::Enumeration(value) => IndexValue::Integer(value.into()),
        Value::Boolean(value) => IndexValue::Integer(value.into()),
        Value::DateTime(value) => IndexValue::Integer(value.0),
        Value::DateTimeExtended(value) => IndexValue::Integer(value.0),
        Value::Interval(value) => IndexValue::Integer(value.0.into()),
        Value::TextString(value) if value.len() <= LONG => IndexValue::Text(value.as_str().to_owned()),
        Value::TextString(value) => bytes(value.as_bytes(), name, secret, seal)?,
        Value::ByteString(value) => bytes(&value, name, secret, seal)?,
        Value::BigInteger(value) => bytes(value.as_signed_bytes(), name, secret, seal)?,
    })
}

fn bytes(value: &[u8], name: &str, secret: bool, seal: &Seal) -> Result<IndexValue, Failure> {
    Ok(IndexValue::Bytes(if secret {
        seal.blind(name, value)?.to_vec()
    } else if value.len() <= LONG {
        value.to_vec()
    } else {
        crypto::digest(Hash::Sha256, value)?
    }))
}

fn name_of(tag: Tag) -> String {
    NAMES.tag(tag).map_or_else(|| format!("{:06x}", tag.0), |info| info.text.to_owned())
}

/// Attributes that the store keeps in an object's header.
const HEADER: [AttributeId; 3] = [
    AttributeId::Standard(Tag::UniqueIdentifier),
    AttributeId::Standard(Tag::ObjectType),
    AttributeId::Standard(Tag::State),
];

/// Fields by which nobody looks for anything, for nearly all objects have the same.
const UNTELLING: [Tag; 3] = [Tag::NameType, Tag::AlternativeNameType, Tag::KeyValueLocationType];

/// Longer values are found by their digest.
const LONG: usize = 128;
