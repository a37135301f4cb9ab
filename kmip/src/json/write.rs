use std::{fmt, io};

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::ser::Formatter;

use super::LANGUAGE;
use crate::{
    transcode::{
        Error, ErrorKind, Layout, Named, Naming, Position, Result, number, tag_text, time, write_mask,
    },
    ttlv::{ItemType, Node, Path, Tag, Tree},
};

/// Writes a message in JSON behind what is in `to`; on an error nothing is added.
///
/// # Errors
///
/// None that is known: JSON can hold any message.
pub fn write(tree: &Tree, layout: Layout, to: &mut Vec<u8>) -> Result<()> {
    let start = to.len();
    let item = Item { node: tree.root(), subject: tree.root().tag() };
    let done = match layout {
        Layout::Compact => item.serialize(&mut serde_json::Serializer::new(&mut *to)),
        Layout::Lines => {
            let lines = Lines { depth: 0 };
            let done = item.serialize(&mut serde_json::Serializer::with_formatter(&mut *to, lines));
            to.push(b'\n');
            done
        }
    };
    done.map_err(|error| {
        to.truncate(start);
        Error::new(ErrorKind::syntax(LANGUAGE, error), Position::Byte(0), Path::default())
    })
}

/// From where on JSON's numbers are not exact everywhere (§4.1.6.5: "values >= 2^52 must be represented as hex strings").
const EXACT: u64 = 1 << 52;

/// An item, as an object; `subject` is the tag whose tables name its value.
struct Item<'a> {
    node: Node<'a>,
    subject: Tag,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut object = to.serialize_map(None)?;
        match tag_text(self.node.tag()) {
            Ok(name) => object.serialize_entry("tag", name)?,
            Err(number) => object.serialize_entry("tag", &Shown(number))?,
        }
        if self.node.item_type() == ItemType::Structure {
            object.serialize_entry("value", &Items(self.node))?;
        } else {
            object.serialize_entry("type", self.node.item_type().name())?;
            object.serialize_entry("value", &Value { node: self.node, named: Named::of(self.subject) })?;
        }
        object.end()
    }
}

/// The items in a structure, as an array.
struct Items<'a>(Node<'a>);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut naming = Naming::default();
        let mut array = to.serialize_seq(None)?;
        for node in self.0.children() {
            naming.saw_node(node);
            array.serialize_element(&Item { node, subject: naming.subject(node.tag()) })?;
        }
        array.end()
    }
}

/// A value that is no structure.
struct Value<'a> {
    node: Node<'a>,
    named: Named,
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let raw = self.node.raw();
        let four = || self.node.as_u32().unwrap_or_default();
        let eight = || raw.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
        match self.node.item_type() {
            ItemType::Structure => to.serialize_unit(),
            ItemType::Integer => match self.named.mask() {
                Some(table) if four() != 0 => to.serialize_str(&write_mask(table, four(), '|')),
                _ => to.serialize_i32(four().cast_signed()),
            },
            ItemType::LongInteger | ItemType::DateTimeExtended if eight().unsigned_abs() < EXACT => {
                to.serialize_i64(eight())
            }
            ItemType::LongInteger | ItemType::DateTimeExtended => {
                to.collect_str(&format_args!("{:#018x}", eight()))
            }
            ItemType::BigInteger => to.collect_str(&format_args!("0x{}", number::BigInteger(raw))),
            ItemType::Enumeration => match self.named.name(four()) {
                Some(name) => to.serialize_str(name),
                None => to.collect_str(&format_args!("{:#010x}", four())),
            },
            ItemType::Boolean => to.serialize_bool(eight() != 0),
            ItemType::TextString => to.serialize_str(self.node.as_text().unwrap_or_default()),
            ItemType::ByteString => to.collect_str(&number::Hexadecimal(raw)),
            ItemType::DateTime => to.serialize_str(&time::write(eight())),
            ItemType::Interval => to.serialize_u32(four()),
        }
    }
}

struct Shown<T>(T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// An object a line, as the specification lays it out, and the objects of an array indented.
struct Lines {
    depth: usize,
}

impl Lines {
    fn line<W: io::Write + ?Sized>(&self, to: &mut W) -> io::Result<()> {
        to.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| to.write_all(b"  "))
    }
}

impl Formatter for Lines {
    fn begin_array<W: io::Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.depth += 1;
        to.write_all(b"[")
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if !first {
            to.write_all(b",")?;
        }
        self.line(to)
    }

    fn end_array_value<W: io::Write + ?Sized>(&mut self, _to: &mut W) -> io::Result<()> {
        Ok(())
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.depth -= 1;
        self.line(to)?;
        to.write_all(b"]")
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        to.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }
}
