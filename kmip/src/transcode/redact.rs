use zeroize::Zeroizing;

use super::Naming;
use crate::{
    ttlv::{Bytes, HEADER_SIZE, ItemType, Node, Tag, Tree},
    types::tables::NAMES,
};

/// A message with its keys, passwords and data overwritten, all else as it was: bytes and big integers with zeros, texts with
/// asterisks, as long as they were.
///
/// ```
/// use kmip::{
///     transcode,
///     ttlv::{Bytes, Limits, Mode, Tree},
/// };
/// // A Key Material of two bytes.
/// let message = Bytes::from_static(b"\x42\x00\x43\x08\0\0\0\x02\x12\x34\0\0\0\0\0\0");
/// let tree = Tree::parse(&message, Mode::Strict, Limits::DEFAULT)?;
/// assert_eq!(transcode::redact(&tree)[8..], [0; 8]);
/// # Ok::<(), kmip::ttlv::Error>(())
/// ```
pub fn redact(tree: &Tree) -> Bytes {
    let mut bytes = Zeroizing::new(tree.bytes().to_vec());
    item(tree.root(), tree.root().tag(), false, &mut bytes);
    Bytes::from_owner(bytes)
}

/// Overwrites what is secret in an item; `subject` is the tag whose tables know the value, `within` says whether a secret
/// is around it.
fn item(node: Node<'_>, subject: Tag, within: bool, bytes: &mut [u8]) {
    let (own, known) = (NAMES.tag(node.tag()), NAMES.tag(subject));
    // In key material of a vendor's own format, nothing is known to be harmless.
    let secret = [own, known].iter().flatten().any(|info| info.secret) || (within && own.or(known).is_none());
    if node.item_type() == ItemType::Structure {
        let mut naming = Naming::default();
        for child in node.children() {
            naming.saw_node(child);
            item(child, naming.subject(child.tag()), secret, bytes);
        }
    } else if secret {
        let start = node.offset() + HEADER_SIZE;
        let fill = if node.item_type() == ItemType::TextString { b'*' } else { 0 };
        if let Some(value) = bytes.get_mut(start..start + node.raw().len()) {
            value.fill(fill);
        }
    }
}
