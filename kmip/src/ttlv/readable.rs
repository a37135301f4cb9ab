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
        let known = info.or(self.names.tag(tag));
        // In key material of a vendor's own format, nothing is known to be harmless.
        let secret = info.is_some_and(|info| info.secret)
            || self.names.tag(tag).is_some_and(|info| info.secret)
            || (within && known.is_none());
        match self.names.tag(tag) {
            Some(info) => f.write_str(info.text)?,
            None => write!(f, "{:#08x}", tag.0)?,
        }
        if node.item_type() == ItemType::Structure {
            f.write_char('\n')?;
            // KMIP 1.x names an attribute beside its value.
            let mut attribute = None;
            for child in node.children() {
                if child.tag() == self.names.attribute_name {
                    attribute = child.as_text().and_then(|name| (self.names.attribute_tag)(name.as_bytes()));
                }
                let subject = match attribute {
                    Some(attribute) if child.tag() == self.names.attribute_value => attribute,
                    _ => child.tag(),
                };
                self.item(child, subject, depth + 1, secret, f)?;
            }
            return Ok(());
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
