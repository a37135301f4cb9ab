use bytes::Bytes;

use super::{
    Error, ErrorKind, Item, ItemType, Limits, Mode, Result, Tag, Text, Value, Version,
    header::{self, Header},
    path::Path,
};

/// Any TTLV message, known to the tables or not, checked and ready to be walked: a flat list of where its items are.
///
/// ```
/// use kmip::ttlv::{Bytes, Limits, Mode, Tag, Tree};
/// // KMIP 1.0 §9.1.2: a structure with an Enumeration of 254 and an Integer of 255.
/// let bytes = Bytes::from_static(
///     b"\x42\x00\x20\x01\0\0\0\x20\
///       \x42\x00\x04\x05\0\0\0\x04\0\0\0\xFE\0\0\0\0\
///       \x42\x00\x05\x02\0\0\0\x04\0\0\0\xFF\0\0\0\0",
/// );
/// let tree = Tree::parse(&bytes, Mode::Strict, Limits::DEFAULT)?;
/// let root = tree.root();
/// assert_eq!(root.tag(), Tag(0x420020));
/// assert_eq!(root.children().count(), 2);
/// # Ok::<(), kmip::ttlv::Error>(())
/// ```
#[derive(Clone)]
pub struct Tree {
    message: Bytes,
    nodes: Vec<Place>,
}

/// Where an item is, and which is the next that isn't in it.
#[derive(Clone, Copy)]
struct Place {
    offset: u32,
    next: u32,
}

impl Tree {
    /// Checks a message and finds its items.
    ///
    /// # Errors
    ///
    /// When it is malformed or beyond the limits. In lenient mode padding and Booleans are not looked at.
    pub fn parse(message: &Bytes, mode: Mode, limits: Limits) -> Result<Self> {
        let bytes: &[u8] = message;
        if bytes.len() > limits.size || u32::try_from(bytes.len()).is_err() {
            let kind = ErrorKind::Size { size: bytes.len(), limit: limits.size.min(u32::MAX as usize) };
            return Err(Error::new(kind, 0, Path::default()));
        }
        let mut scan = Scan { bytes, strict: mode == Mode::Strict, limits, nodes: Vec::new() };
        let end = scan.items()?;
        if end != bytes.len() {
            let kind = ErrorKind::TrailingBytes { count: bytes.len() - end };
            return Err(Error::new(kind, end, Path::default()));
        }
        Ok(Self { message: message.clone(), nodes: scan.nodes })
    }

    /// The item that is the message.
    pub fn root(&self) -> Node<'_> {
        Node { tree: self, index: 0 }
    }

    /// The bytes of the message.
    pub fn bytes(&self) -> &Bytes {
        &self.message
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    strict: bool,
    limits: Limits,
    nodes: Vec<Place>,
}

impl Scan<'_> {
    /// Finds the items of the first item of the input, itself included; where it ends.
    ///
    /// While a structure is open, its node's `next` is the node of the structure around it: no stack is needed.
    fn items(&mut self) -> Result<usize> {
        let bytes = self.bytes;
        self.nodes.reserve_exact((bytes.len() / 16 + 1).min(64));
        let (mut position, mut end) = (0, bytes.len());
        let (mut depth, mut open) = (0, 0u32);
        loop {
            let word = bytes.get(position..end).and_then(|here| header::word(here).ok());
            let Some((rest, word)) = word else {
                let missing = (position + header::SIZE).saturating_sub(end);
                return Err(self.fail(ErrorKind::Truncated { missing }, position));
            };
            let item = Header::from_word(word);
            let Some(item_type) = ItemType::from_code(item.code()) else {
                return Err(self.fail(ErrorKind::UnknownItemType(item.code()), position));
            };
            let Some(value) = rest.get(..item.padded()) else {
                return Err(self.fail(ErrorKind::Truncated { missing: item.padded() - rest.len() }, position));
            };
            let node = self.push(position)?;
            let start = position + header::SIZE;
            position = start + value.len();
            if item_type == ItemType::Structure {
                if item.length() & 7 != 0 {
                    return Err(self.wrong_length(item, start - header::SIZE));
                }
                if depth >= self.limits.depth {
                    return Err(self.fail(ErrorKind::Depth(self.limits.depth), start - header::SIZE));
                }
                depth += 1;
                if let Some(place) = self.nodes.last_mut() {
                    place.next = open;
                }
                open = node;
                (position, end) = (start, position);
            } else {
                self.check(item, value, start)?;
            }
            while position == end && depth > 0 {
                depth -= 1;
                // At most the limit of items, which is 32 bits wide.
                let reached = self.nodes.len() as u32;
                if let Some(place) = self.nodes.get_mut(open as usize) {
                    open = std::mem::replace(&mut place.next, reached);
                }
                end = if depth == 0 { bytes.len() } else { self.end_of(open) };
            }
            if depth == 0 {
                return Ok(position);
            }
        }
    }

    /// Where the structure of a node ends.
    #[inline]
    fn end_of(&self, node: u32) -> usize {
        let start = self.nodes.get(node as usize).map_or(0, |place| place.offset as usize);
        let head = self.bytes.get(start..).and_then(header::split);
        start + header::SIZE + head.map_or(0, |head| head.length as usize)
    }

    #[inline]
    fn push(&mut self, position: usize) -> Result<u32> {
        let index = self.nodes.len();
        if index >= self.limits.items as usize {
            return Err(self.fail(ErrorKind::Items(self.limits.items), position));
        }
        if index == self.nodes.capacity() {
            self.grow(position);
        }
        // The message is shorter than 4 GiB, and has fewer items than that.
        self.nodes.push(Place { offset: position as u32, next: index as u32 + 1 });
        Ok(index as u32)
    }

    /// Makes room once for all that the rest can hold unless it is of empty items: 16 bytes an item.
    #[cold]
    fn grow(&mut self, position: usize) {
        self.nodes.reserve((self.bytes.len() - position) / 16 + 1);
    }

    #[inline(always)]
    fn check(&self, item: Header, value: &[u8], start: usize) -> Result<()> {
        let item_type = item.item_type();
        if let Some(length) = item_type.fixed_length()
            && length != item.length()
        {
            return Err(self.wrong_length(item, start - header::SIZE));
        }
        let size = item.length() as usize;
        if self.strict
            && size & 7 != 0
            && let Some(last) = value.last_chunk()
            && u64::from_be_bytes(*last) & (u64::MAX >> ((size & 7) * 8)) != 0
        {
            return Err(self.fail(ErrorKind::Padding, start + size));
        }
        match item_type {
            ItemType::Boolean
                if self.strict && value.first_chunk().is_none_or(|value| u64::from_be_bytes(*value) > 1) =>
            {
                return Err(self.fail(ErrorKind::Boolean, start));
            }
            ItemType::BigInteger if self.strict && (size == 0 || size & 7 != 0) => {
                return Err(self.wrong_length(item, start - header::SIZE));
            }
            ItemType::TextString => {
                if let Some(Err(error)) = value.get(..size).map(std::str::from_utf8) {
                    return Err(self.fail(ErrorKind::Utf8, start + error.valid_up_to()));
                }
            }
            _ => {}
        }
        Ok(())
    }

    #[cold]
    fn wrong_length(&self, item: Header, offset: usize) -> Error {
        self.fail(ErrorKind::WrongLength { item_type: item.item_type(), found: item.length() }, offset)
    }

    #[cold]
    fn fail(&self, kind: ErrorKind, offset: usize) -> Error {
        Error::new(kind, offset, Path::locate(self.bytes, offset))
    }
}

/// An item of a [`Tree`].
#[derive(Clone, Copy)]
pub struct Node<'a> {
    tree: &'a Tree,
    index: usize,
}

impl<'a> Node<'a> {
    fn place(&self) -> Place {
        self.tree.nodes.get(self.index).copied().unwrap_or(Place { offset: 0, next: 0 })
    }

    fn header(&self) -> Header {
        let here = self.tree.message.get(self.offset()..).unwrap_or_default();
        header::word(here).map_or(Header::from_word(0), |(_, word)| Header::from_word(word))
    }

    /// Where the item starts, in bytes from the start of the message.
    pub fn offset(&self) -> usize {
        self.place().offset as usize
    }

    /// What it is.
    pub fn tag(&self) -> Tag {
        self.header().tag()
    }

    /// The type of its value.
    pub fn item_type(&self) -> ItemType {
        self.header().item_type()
    }

    /// Its value's bytes, without padding.
    pub fn raw(&self) -> &'a [u8] {
        let start = self.offset() + header::SIZE;
        self.tree.message.get(start..start + self.header().length() as usize).unwrap_or_default()
    }

    /// The whole item's bytes, with head and padding.
    pub fn encoded(&self) -> Bytes {
        let start = self.offset();
        let end = start + header::SIZE + header::padded(self.header().length() as usize);
        self.tree.message.slice(start..end.min(self.tree.message.len()))
    }

    /// The items in it, if it is a structure.
    pub fn children(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        let tree = self.tree;
        let end = self.place().next as usize;
        let mut index = self.index + 1;
        std::iter::from_fn(move || {
            if index >= end {
                return None;
            }
            let node = Node { tree, index };
            index = node.place().next as usize;
            Some(node)
        })
    }

    /// The first item in it with this tag.
    pub fn child(&self, tag: Tag) -> Option<Node<'a>> {
        self.children().find(|child| child.tag() == tag)
    }

    /// The number, if it is an Integer, Enumeration or Interval.
    pub fn as_u32(&self) -> Option<u32> {
        match self.item_type() {
            ItemType::Integer | ItemType::Enumeration | ItemType::Interval => {
                self.raw().first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
            }
            _ => None,
        }
    }

    /// The text, if it is a Text String.
    pub fn as_text(&self) -> Option<&'a str> {
        if self.item_type() == ItemType::TextString { std::str::from_utf8(self.raw()).ok() } else { None }
    }

    /// The item as an [`Item`], to keep or to change.
    pub fn to_item(&self) -> Item {
        Item { tag: self.tag(), value: self.value() }
    }

    /// The value; that of a structure with all that is in it.
    pub fn value(&self) -> Value {
        use super::{BigInteger, DateTime, DateTimeExtended, Interval};
        let raw = self.raw();
        let four = || raw.first_chunk::<4>().copied().unwrap_or_default();
        let eight = || i64::from_be_bytes(raw.first_chunk::<8>().copied().unwrap_or_default());
        let shared = || self.tree.message.slice_ref(raw);
        match self.item_type() {
            ItemType::Structure => Value::Structure(self.children().map(|child| child.to_item()).collect()),
            ItemType::Integer => Value::Integer(i32::from_be_bytes(four())),
            ItemType::LongInteger => Value::LongInteger(eight()),
            ItemType::BigInteger => Value::BigInteger(BigInteger::from_wire(shared())),
            ItemType::Enumeration => Value::Enumeration(u32::from_be_bytes(four())),
            ItemType::Boolean => Value::Boolean(eight() != 0),
            ItemType::TextString => Value::TextString(Text::try_from(shared()).unwrap_or_default()),
            ItemType::ByteString => Value::ByteString(shared()),
            ItemType::DateTime => Value::DateTime(DateTime(eight())),
            ItemType::Interval => Value::Interval(Interval(u32::from_be_bytes(four()))),
            ItemType::DateTimeExtended => Value::DateTimeExtended(DateTimeExtended(eight())),
        }
    }
}

impl Tree {
    /// The protocol version, if the message has one where the tables of KMIP put it: the two numbers at `major` and
    /// `minor`, in the structure `version`, in the first item of the message.
    pub fn version_at(&self, version: Tag, major: Tag, minor: Tag) -> Option<Version> {
        let header = self.root().children().next()?.child(version)?;
        let number = |tag| header.child(tag)?.as_u32().and_then(|number| u8::try_from(number).ok());
        Some(Version::new(number(major)?, number(minor)?))
    }
}
