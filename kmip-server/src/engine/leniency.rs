//! What some clients leave out, put in where it is the same for all of them to see.
//!
//! A message that can't be read is looked at once more as generic items. Each leniency names who needs it.

use kmip::ttlv::{self, Bytes, Error, ErrorKind, Item, Limits, Mode, Tag, Tree, Value, Version};
use kmip::types::{AttributeName, AttributeValue, LocateRequest, Operation};

use crate::wipe::Wiped;

/// The message with what is missing in it, if it is one of those that can be mended.
pub(super) fn mend(message: &Bytes, version: Version, error: &Error, limits: Limits) -> Option<Bytes> {
    let ErrorKind::Missing(_) = *error.kind() else { return None };
    let tree = Tree::parse(message, Mode::Lenient, limits).ok()?;
    let mut whole = tree.root().to_item();
    let Value::Structure(parts) = &mut whole.value else { return None };
    let mut mended = false;
    for part in parts.iter_mut().filter(|part| part.tag == Tag::BatchItem) {
        let Value::Structure(fields) = &mut part.value else { continue };
        let locate = Value::Enumeration(Operation::Locate.0);
        if !fields.iter().any(|field| field.tag == Tag::Operation && field.value == locate) {
            continue;
        }
        for payload in fields.iter_mut().filter(|field| field.tag == Tag::RequestPayload) {
            let Value::Structure(items) = &mut payload.value else { continue };
            mended |= no_attributes(items, version) | parts_of_attributes(items, version);
        }
    }
    if !mended {
        return None;
    }
    let mut bytes = Wiped::with_capacity(message.len().saturating_add(ROOM));
    ttlv::encode_into(&whole, whole.tag, version, &mut bytes).ok()?;
    Some(bytes.into())
}

/// PyKMIP's client sends Locate without Attributes in 2.0 when it has none to look for; 2.0 §6.1.27 has it send an empty
/// structure.
fn no_attributes(payload: &mut Vec<Item>, version: Version) -> bool {
    if !LocateRequest::has_attributes(version) || payload.iter().any(|item| item.tag == Tag::Attributes) {
        return false;
    }
    payload.push(Item::new(Tag::Attributes, Vec::new()));
    true
}

/// Locate may give a part of a structure where every other request gives all of it (1.4 §4.9, 2.0 §6.1.27): a Link without
/// Link Type. What can't be read for that is put where Locate looks for it.
fn parts_of_attributes(payload: &mut Vec<Item>, version: Version) -> bool {
    let is_part = |item: &Item| {
        // A vendor's attribute is one value: without it there is nothing to look for.
        if item.tag == Tag::Attribute {
            return false;
        }
        let read = ttlv::encode(item, item.tag, version).and_then(|bytes| {
            ttlv::decode::<AttributeValue>(&bytes.into(), item.tag, version, Mode::Lenient)
        });
        matches!(read, Err(error) if matches!(error.kind(), ErrorKind::Missing(_)))
    };
    let mut parts = Vec::new();
    payload.retain_mut(|item| match (item.tag, &mut item.value) {
        (Tag::Attribute, Value::Structure(fields)) if LocateRequest::has_attribute(version) => {
            let part = value_of(fields).filter(is_part);
            let keep = part.is_none();
            parts.extend(part);
            keep
        }
        (Tag::Attributes, Value::Structure(items)) => {
            parts.extend(items.extract_if(.., |item| is_part(item)));
            true
        }
        _ => true,
    });
    let mended = !parts.is_empty();
    payload.extend(parts.into_iter().map(|part| Item::new(PART, vec![part])));
    mended
}

/// The value of a 1.x attribute, under the tag of the attribute that its name says.
fn value_of(attribute: &[Item]) -> Option<Item> {
    let find = |tag| attribute.iter().find(|field| field.tag == tag).map(|field| &field.value);
    let Value::TextString(name) = find(Tag::AttributeName)? else { return None };
    let AttributeName::Standard(tag) = AttributeName::from(name.as_str()) else { return None };
    Some(Item { tag, value: find(Tag::AttributeValue)?.clone() })
}

/// What an attribute that is given in part stands in, among the fields of a Locate.
pub(crate) const PART: Tag = Tag::CurrentAttribute;

/// Enough for what is put in.
const ROOM: usize = 1024;
