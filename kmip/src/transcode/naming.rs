//! From tags and values to their names and back.

use std::{collections::HashMap, fmt, sync::LazyLock};

use super::{ErrorKind, number};
use crate::{
    ttlv::{
        ItemType, Node, Tag, UnknownName,
        names::{EnumerationInfo, Values},
    },
    types::tables::{NAMES, attribute_tag},
};

/// Says which tag's tables name the values in a structure, item after item: KMIP 1.x carries an attribute's value behind
/// its name (1.4 §2.1.1).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Naming {
    attribute: Option<Tag>,
    is_vendors: bool,
}

impl Naming {
    /// Takes notice of an item; `text` is its value if it is a Text String.
    pub(crate) fn saw(&mut self, tag: Tag, text: Option<&str>) {
        match tag {
            Tag::AttributeName => self.attribute = text.and_then(|name| attribute_tag(name.as_bytes())),
            // In 2.0 only vendors' attributes have a name, and what the specification calls so is something else (2.0 §4.53).
            Tag::VendorIdentification => self.is_vendors = true,
            _ => {}
        }
    }

    /// Takes notice of an item of a message.
    pub(crate) fn saw_node(&mut self, node: Node<'_>) {
        self.saw(node.tag(), node.as_text());
    }

    /// The tag whose tables name the value of the next item.
    pub(crate) fn subject(&self, tag: Tag) -> Tag {
        match self.attribute {
            Some(attribute) if tag == Tag::AttributeValue && !self.is_vendors => attribute,
            _ => tag,
        }
    }
}

/// How a tag is written: its name, or its number.
pub(crate) fn tag_text(tag: Tag) -> Result<&'static str, Hexadecimal> {
    NAMES.tag(tag).map(|info| info.text).ok_or(Hexadecimal(tag.0))
}

/// The number of a tag that has no name.
pub(crate) struct Hexadecimal(u32);

impl fmt::Display for Hexadecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#08x}", self.0)
    }
}

/// The tag with this name, or with this number in hexadecimal.
pub(crate) fn tag_named(name: &str) -> Result<Tag, ErrorKind> {
    static BY_NAME: LazyLock<HashMap<&'static str, Tag>> =
        LazyLock::new(|| NAMES.tags.iter().map(|info| (info.text, info.tag)).collect());
    if let Some(tag) = BY_NAME.get(name) {
        return Ok(*tag);
    }
    if let Some(digits) = name.strip_prefix("0x") {
        return match number::hexadecimal(digits, 6) {
            Some(tag) if digits.len() == 6 => Ok(Tag(tag as u32)),
            _ => Err(ErrorKind::value("a tag of six hexadecimal digits behind 0x", name)),
        };
    }
    let names = NAMES.tags.iter().map(|info| info.text);
    Err(ErrorKind::UnknownTag { name: start(name).to_owned(), suggestion: like(name, names) })
}

/// The item type with this name.
pub(crate) fn item_type_named(name: &str) -> Result<ItemType, ErrorKind> {
    ItemType::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| ErrorKind::UnknownType {
        name: start(name).to_owned(),
        suggestion: like(name, ItemType::ALL.into_iter().map(ItemType::name)),
    })
}

/// The name that is most like this one, if one is.
pub(crate) fn like(name: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let name = start(name);
    let lower = name.to_lowercase();
    names
        .map(|known| (strsim::jaro_winkler(&lower, &known.to_lowercase()), known))
        .filter(|(likeness, _)| *likeness > 0.88)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, known)| known)
}

/// As much of a name as is worth looking at.
fn start(name: &str) -> &str {
    name.char_indices().nth(64).and_then(|(end, _)| name.get(..end)).unwrap_or(name)
}

/// The names of the values of an item.
#[derive(Clone, Copy)]
pub(crate) struct Named(Option<Values>);

impl Named {
    /// Those of the items with this tag.
    pub(crate) fn of(subject: Tag) -> Self {
        Self(NAMES.tag(subject).and_then(|info| info.values))
    }

    /// The table of a mask's bits.
    pub(crate) fn mask(self) -> Option<&'static EnumerationInfo> {
        match self.0 {
            Some(Values::Mask(table)) => Some(table),
            _ => None,
        }
    }

    /// The name of a value.
    pub(crate) fn name(self, value: u32) -> Option<&'static str> {
        match self.0 {
            Some(Values::Enumeration(table)) => table.value(value).map(|info| info.text),
            Some(Values::Tags) => NAMES.tag(Tag(value)).map(|info| info.text),
            _ => None,
        }
    }

    /// The value with a name.
    pub(crate) fn value(self, name: &str) -> Result<u32, ErrorKind> {
        match self.0 {
            Some(Values::Enumeration(table)) => match table.named(name) {
                Some(info) => Ok(info.value),
                None => Err(unknown(table, name)),
            },
            Some(Values::Tags) => tag_named(name).map(|tag| tag.0),
            _ => Err(ErrorKind::value("a number, for no table names the values of this item,", name)),
        }
    }
}

/// Writes a mask: the names of its bits, the others in hexadecimal.
pub(crate) fn write_mask(table: &EnumerationInfo, bits: u32, separator: char) -> String {
    let mut rest = bits;
    let mut words: Vec<String> = Vec::new();
    for info in table.values.iter().filter(|info| info.value != 0 && bits & info.value == info.value) {
        rest &= !info.value;
        words.push(info.text.to_owned());
    }
    if rest != 0 {
        words.push(format!("{rest:#010x}"));
    }
    words.join(separator.encode_utf8(&mut [0; 4]))
}

/// The bit with a name.
pub(crate) fn bit(table: &'static EnumerationInfo, name: &str) -> Result<u32, ErrorKind> {
    table.named(name).map(|info| info.value).ok_or_else(|| unknown(table, name))
}

fn unknown(table: &'static EnumerationInfo, name: &str) -> ErrorKind {
    let names = || like(name, table.values.iter().map(|info| info.text));
    ErrorKind::UnknownValue(UnknownName::new(table, start(name)).or_suggest(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_what_it_names() {
        for info in NAMES.tags {
            assert_eq!(tag_named(info.text), Ok(info.tag));
            let table = match info.values {
                Some(Values::Enumeration(table) | Values::Mask(table)) => table,
                _ => continue,
            };
            for value in table.values {
                assert_eq!(
                    table.named(value.text).map(|found| found.value),
                    Some(value.value),
                    "{}",
                    value.text
                );
                assert!(!value.text.starts_with(|c: char| c.is_ascii_digit() || c.is_whitespace()));
                assert!(!value.text.contains([' ', '|']), "{}", value.text);
            }
        }
    }

    #[test]
    fn names_that_are_like_one_are_found() {
        let suggestion = |name: &str| match tag_named(name) {
            Err(ErrorKind::UnknownTag { suggestion, .. }) => suggestion,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(suggestion("uniqueidentifier"), Some("UniqueIdentifier"));
        assert_eq!(suggestion("UniqueIdentifer"), Some("UniqueIdentifier"));
        assert_eq!(suggestion("Frobnicate"), None);
        assert_eq!(suggestion(&"x".repeat(1 << 20)), None);
    }
}
