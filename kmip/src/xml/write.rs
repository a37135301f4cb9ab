use std::{fmt, io::Write as _};

use quick_xml::events::attributes::Attribute;

use super::is_allowed;
use crate::{
    transcode::{
        Error, ErrorKind, Layout, Named, Naming, Position, Result, number, tag_text, time, write_mask,
    },
    ttlv::{ItemType, Node, Path, Tag, Tree},
};

/// Writes a message in XML behind what is in `to`; on an error nothing is added.
///
/// # Errors
///
/// When a text has a character that XML can't hold.
pub fn write(tree: &Tree, layout: Layout, to: &mut Vec<u8>) -> Result<()> {
    let start = to.len();
    let done = Writer { tree, layout, to }.item(tree.root(), tree.root().tag(), 0);
    if done.is_err() {
        to.truncate(start);
    }
    done
}

struct Writer<'a> {
    tree: &'a Tree,
    layout: Layout,
    to: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn put(&mut self, text: &str) {
        self.to.extend_from_slice(text.as_bytes());
    }

    fn show(&mut self, value: impl fmt::Display) {
        // A Vec takes all that is written to it.
        let _ = write!(self.to, "{value}");
    }

    /// Writes an item; `subject` is the tag whose tables name its value.
    fn item(&mut self, node: Node<'_>, subject: Tag, depth: usize) -> Result<()> {
        self.indent(depth);
        self.put("<");
        let name = match tag_text(node.tag()) {
            Ok(name) => {
                self.put(name);
                name
            }
            Err(number) => {
                self.show(format_args!("TTLV tag=\"{number}\""));
                "TTLV"
            }
        };
        if node.item_type() == ItemType::Structure {
            let mut naming = Naming::default();
            let mut children = node.children().peekable();
            if children.peek().is_none() {
                self.put("/>");
            } else {
                self.put(">");
                self.line();
                for child in children {
                    naming.saw_node(child);
                    self.item(child, naming.subject(child.tag()), depth + 1)?;
                }
                self.indent(depth);
                self.put("</");
                self.put(name);
                self.put(">");
            }
        } else {
            self.put(" type=\"");
            self.put(node.item_type().name());
            self.put("\" value=\"");
            self.value(node, Named::of(subject))?;
            self.put("\"/>");
        }
        self.line();
        Ok(())
    }

    fn value(&mut self, node: Node<'_>, named: Named) -> Result<()> {
        let raw = node.raw();
        let four = || node.as_u32().unwrap_or_default();
        let eight = || raw.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
        match node.item_type() {
            ItemType::Structure => {}
            ItemType::Integer => match named.mask() {
                Some(table) if four() != 0 => self.put(&write_mask(table, four(), ' ')),
                _ => self.show(four().cast_signed()),
            },
            ItemType::LongInteger | ItemType::DateTimeExtended => self.show(eight()),
            ItemType::BigInteger => self.show(number::BigInteger(raw)),
            ItemType::Enumeration => match named.name(four()) {
                Some(name) => self.put(name),
                None => self.show(format_args!("{:#010x}", four())),
            },
            ItemType::Boolean => self.put(if eight() == 0 { "false" } else { "true" }),
            ItemType::TextString => {
                let text = node.as_text().unwrap_or_default();
                if let Some(c) = text.chars().find(|c| !is_allowed(*c)) {
                    let path = Path::locate(self.tree.bytes(), node.offset());
                    return Err(Error::new(ErrorKind::Character(c), Position::Byte(node.offset()), path));
                }
                let escaped = Attribute::from(("value", text)).value;
                self.put(&escaped);
            }
            ItemType::ByteString => self.show(number::Hexadecimal(raw)),
            ItemType::DateTime => self.put(&time::write(eight())),
            ItemType::Interval => self.show(four()),
        }
        Ok(())
    }

    fn indent(&mut self, depth: usize) {
        if self.layout == Layout::Lines {
            for _ in 0..depth {
                self.put("  ");
            }
        }
    }

    fn line(&mut self) {
        if self.layout == Layout::Lines {
            self.put("\n");
        }
    }
}
