use std::fmt::{self, Write as _};

use super::{
    DateTime, DateTimeExtended, ItemType, Node, Tag, Tree,
    enumeration::write_mask,
    names::{Names, TagInfo, Values},
};

/// A message as text to read: an item a line, with the names of the tables, values that must not be seen left out.
pub struct Readable<'a> {
    node: Node<'a>,
    names: &'a Names,
    secrets: bool,
}

impl<'a> Readable<'a> {
    /// The text of a message.
    pub fn new(tree: &'a Tree, names: &'a Names) -> Self {
        Self { node: tree.root(), names, secrets: false }
    }

    /// Shows secret values, too.
    #[must_use]
    pub fn with_secrets(self) -> Self {
        Self { secrets: true, ..self }
    }

    /// Writes an item, and what is in it; `subject` is the tag whose tables name the value, `within` says whether a
    /// secret is around it.
    fn item(
        &self,
        node: Node<'_>,
        subject: Tag,
        depth: usize,
        within: bool,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let tag = node.tag();
        for _ in 0..depth {
            f.write_str("  ")?;
        }
        let info = self.names.tag(subject);
        let secret = is_secret(self.names, tag, subject, within);
        match self.names.tag(tag) {
            Some(info) => f.write_str(info.text)?,
            None => write!(f, "{:#08x}", tag.0)?,
        }
        if node.item_type() == ItemType::Structure {
            f.write_char('\n')?;
            return subjects(self.names, node)
                .try_for_each(|(child, subject)| self.item(child, subject, depth + 1, secret, f));
        }
        write!(f, " {} ", node.item_type())?;
        if secret && !self.secrets {
            write!(f, "hidden ({} bytes)", node.raw().len())?;
        } else {
            value(node, info, self.names, f)?;
        }
        f.write_char('\n')
    }
}

impl fmt::Display for Readable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.item(self.node, self.node.tag(), 0, false, f)
    }
}

/// Whether a value must not be seen, where the tables of `subject` name it, and `within` says whether a secret is around it.
fn is_secret(names: &Names, tag: Tag, subject: Tag, within: bool) -> bool {
    let (info, own) = (names.tag(subject), names.tag(tag));
    // In key material of a vendor's own format, nothing is known to be harmless.
    let unknown = info.or(own).is_none();
    info.is_some_and(|info| info.secret) || own.is_some_and(|info| info.secret) || (within && unknown)
}

/// The items of a structure, each with the tag whose tables name its value.
fn subjects<'a>(names: &Names, node: Node<'a>) -> impl Iterator<Item = (Node<'a>, Tag)> {
    // KMIP 1.x names an attribute beside its value.
    let mut attribute = None;
    node.children().map(move |child| {
        if child.tag() == names.attribute_name {
            attribute = child.as_text().and_then(|name| (names.attribute_tag)(name.as_bytes()));
        }
        let subject = attribute.filter(|_| child.tag() == names.attribute_value);
        (child, subject.unwrap_or(child.tag()))
    })
}

/// A message whose secrets are overwritten, byte for byte: it decodes to the same, with other values.
///
/// ```
/// use kmip::{
///     ttlv::{self, Bytes, Limits, Mode, Secret, Tree},
///     types::{Data, EncryptRequest, tables::NAMES, version},
/// };
/// let data = Some(Data::ByteString(Secret::from(vec![7; 16])));
/// let request = EncryptRequest { data, ..EncryptRequest::new() };
/// let bytes = Bytes::from(ttlv::encode(&request, ttlv::Tag::RequestPayload, version::V1_4)?);
/// let hidden = ttlv::redacted(&Tree::parse(&bytes, Mode::Strict, Limits::DEFAULT)?, &NAMES);
/// assert_eq!(hidden.len(), bytes.len());
/// assert!(hidden.ends_with(&[b'*'; 16]));
/// # Ok::<(), ttlv::Error>(())
/// ```
pub fn redacted(tree: &Tree, names: &Names) -> Vec<u8> {
    let mut bytes = tree.bytes().to_vec();
    let root = tree.root();
    overwrite(names, root, root.tag(), false, &mut bytes);
    bytes
}

fn overwrite(names: &Names, node: Node<'_>, subject: Tag, within: bool, bytes: &mut [u8]) {
    let secret = is_secret(names, node.tag(), subject, within);
    if node.item_type() == ItemType::Structure {
        subjects(names, node).for_each(|(child, subject)| overwrite(names, child, subject, secret, bytes));
    } else if secret {
        let start = node.offset() + super::HEADER_SIZE;
        // What stands there still has to be a value of its type.
        let mark = match node.item_type() {
            ItemType::TextString | ItemType::ByteString => b'*',
            _ => 0,
        };
        if let Some(value) = bytes.get_mut(start..start + node.raw().len()) {
            value.fill(mark);
        }
    }
}

fn value(
    node: Node<'_>,
    info: Option<&'static TagInfo>,
    names: &Names,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let raw = node.raw();
    let eight = || raw.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
    let four = || node.as_u32().unwrap_or_default();
    match node.item_type() {
        ItemType::Structure => Ok(()),
        ItemType::Integer => match info.and_then(|info| info.values) {
            Some(Values::Mask(table)) => write_mask(table, four(), f),
            _ => write!(f, "{}", four().cast_signed()),
        },
        ItemType::LongInteger => write!(f, "{}", eight()),
        ItemType::Enumeration => {
            let number = four();
            let name = match info.and_then(|info| info.values) {
                Some(Values::Enumeration(table)) => table.value(number).map(|value| value.text),
                Some(Values::Tags) => names.tag(Tag(number)).map(|info| info.text),
                _ => None,
            };
            match name {
                Some(name) => f.write_str(name),
                None => write!(f, "{number:#010x}"),
            }
        }
        ItemType::Boolean => write!(f, "{}", eight() != 0),
        ItemType::TextString => write!(f, "{:?}", node.as_text().unwrap_or_default()),
        ItemType::BigInteger | ItemType::ByteString => {
            raw.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        }
        ItemType::DateTime => write!(f, "{}", DateTime(eight())),
        ItemType::Interval => write!(f, "{} s", four()),
        ItemType::DateTimeExtended => write!(f, "{}", DateTimeExtended(eight())),
    }
}
