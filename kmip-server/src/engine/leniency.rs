//! What some clients leave out, put in where it is the same for all of them to see.
//!
//! A message that can't be read is looked at once more as generic items. Each leniency names who needs it.

use kmip::ttlv::{self, Bytes, Error, ErrorKind, Item, Limits, Mode, Tag, Tree, Value, Version};
use kmip::types::Operation;

use crate::wipe::Wiped;

/// The message with what is missing in it, if it is one of those that can be mended.
pub(super) fn mend(message: &Bytes, version: Version, error: &Error, limits: Limits) -> Option<Bytes> {
    // PyKMIP's client sends Locate without Attributes in 2.0 when it has none to look for; 2.0 §6.1.27 has it send an
    // empty structure.
    if *error.kind() != ErrorKind::Missing(Tag::Attributes) {
        return None;
    }
    let tree = Tree::parse(message, Mode::Lenient, limits).ok()?;
    let mut whole = tree.root().to_item();
    let Value::Structure(parts) = &mut whole.value else { return None };
    for part in parts.iter_mut().filter(|part| part.tag == Tag::BatchItem) {
        let Value::Structure(fields) = &mut part.value else { continue };
        let locate = Value::Enumeration(Operation::Locate.0);
        if !fields.iter().any(|field| field.tag == Tag::Operation && field.value == locate) {
            continue;
        }
        for payload in fields.iter_mut().filter(|field| field.tag == Tag::RequestPayload) {
            let Value::Structure(items) = &mut payload.value else { continue };
            if !items.iter().any(|item| item.tag == Tag::Attributes) {
                items.push(Item::new(Tag::Attributes, Vec::new()));
            }
        }
    }
    let mut bytes = Wiped::with_capacity(message.len().saturating_add(ROOM));
    ttlv::encode_into(&whole, whole.tag, version, &mut bytes).ok()?;
    Some(bytes.into())
}

/// Enough for what is put in.
const ROOM: usize = 1024;
