use std::mem;

use zeroize::zeroize_bytes;

use super::{
    BigInteger, DateTime, DateTimeExtended, Error, ErrorKind, Interval, Item, ItemType, Result, Tag, Value,
    Version,
    path::{self, Path},
};

/// A value that can be written as an item.
pub trait Encode {
    /// Writes the value as an item with this tag.
    ///
    /// # Errors
    ///
    /// When the encoder's version doesn't have something that is there, or requires something that isn't.
    fn encode(&self, tag: Tag, to: &mut Encoder<'_>) -> Result<()>;
}

impl<T: Encode + ?Sized> Encode for Box<T> {
    #[inline]
    fn encode(&self, tag: Tag, to: &mut Encoder<'_>) -> Result<()> {
        (**self).encode(tag, to)
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    #[inline]
    fn encode(&self, tag: Tag, to: &mut Encoder<'_>) -> Result<()> {
        (**self).encode(tag, to)
    }
}

/// Writes items of one message behind one another, in one pass: the length of a structure is filled in at its end.
///
/// A buffer that the message outgrows is wiped when a larger one takes its place: messages have keys in them.
pub struct Encoder<'a> {
    bytes: &'a mut Vec<u8>,
    start: usize,
    version: Version,
}

/// A structure that is being written.
#[must_use = "a structure that was begun has to be ended"]
pub struct Open(usize);

impl<'a> Encoder<'a> {
    /// An encoder that appends to `bytes`.
    pub fn new(bytes: &'a mut Vec<u8>, version: Version) -> Self {
        let start = bytes.len();
        Self { bytes, start, version }
    }

    /// The version that gates are compared with.
    #[inline]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Appends bytes.
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() {
            self.grow(bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Makes room for more bytes. A vector that grows by itself would leave behind what it held.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) {
        let needed = self.bytes.len().saturating_add(more);
        let mut larger = Vec::with_capacity(needed.max(self.bytes.capacity().saturating_mul(2)).max(LEAST));
        larger.extend_from_slice(self.bytes);
        zeroize_bytes(&mut mem::replace(self.bytes, larger));
    }

    /// Begins a structure.
    #[inline]
    pub fn begin(&mut self, tag: Tag) -> Open {
        self.put(&head(tag, ItemType::Structure, path::OPEN));
        Open(self.bytes.len())
    }

    /// Ends a structure.
    ///
    /// # Errors
    ///
    /// When it has become longer than 32 bits can say.
    #[inline]
    pub fn end(&mut self, open: Open) -> Result<()> {
        let Ok(length) = u32::try_from(self.bytes.len() - open.0) else { return Err(self.too_long()) };
        if let Some(place) = self.bytes.get_mut(..open.0).and_then(|bytes| bytes.last_chunk_mut::<4>()) {
            *place = length.to_be_bytes();
        }
        Ok(())
    }

    #[inline]
    fn four(&mut self, tag: Tag, item_type: ItemType, value: [u8; 4]) {
        let head = u128::from(u64::from_be_bytes(head(tag, item_type, 4))) << 64;
        let item = head | u128::from(u32::from_be_bytes(value)) << 32;
        self.put(&item.to_be_bytes());
    }

    #[inline]
    fn eight(&mut self, tag: Tag, item_type: ItemType, value: [u8; 8]) {
        let head = u128::from(u64::from_be_bytes(head(tag, item_type, 8))) << 64;
        let item = head | u128::from(u64::from_be_bytes(value));
        self.put(&item.to_be_bytes());
    }

    #[inline]
    fn any(&mut self, tag: Tag, item_type: ItemType, value: &[u8]) -> Result<()> {
        let Ok(length) = u32::try_from(value.len()) else { return Err(self.too_long()) };
        self.put(&head(tag, item_type, length));
        self.put(value);
        let padding = value.len().wrapping_neg() & 7;
        if padding != 0 {
            let end = self.bytes.len() + padding;
            self.put(&[0; 8]);
            self.bytes.truncate(end);
        }
        Ok(())
    }

    /// Writes an Integer.
    #[inline]
    pub fn integer(&mut self, tag: Tag, value: i32) {
        self.four(tag, ItemType::Integer, value.to_be_bytes());
    }

    /// Writes a Long Integer.
    #[inline]
    pub fn long_integer(&mut self, tag: Tag, value: i64) {
        self.eight(tag, ItemType::LongInteger, value.to_be_bytes());
    }

    /// Writes a Big Integer, extended with its sign to a multiple of eight bytes (KMIP 2.0 §9.1.1.4).
    ///
    /// # Errors
    ///
    /// When it is longer than 32 bits can say.
    pub fn big_integer(&mut self, tag: Tag, value: &BigInteger) -> Result<()> {
        let value_bytes = value.as_signed_bytes();
        let missing = match value_bytes.len() {
            0 => 8,
            length => length.wrapping_neg() & 7,
        };
        let Ok(length) = u32::try_from(value_bytes.len() + missing) else { return Err(self.too_long()) };
        self.put(&head(tag, ItemType::BigInteger, length));
        let sign = if value.is_negative() { 0xFF } else { 0 };
        self.put([sign; 8].get(..missing).unwrap_or_default());
        self.put(value_bytes);
        Ok(())
    }

    /// Writes an Enumeration.
    #[inline]
    pub fn enumeration(&mut self, tag: Tag, value: u32) {
        self.four(tag, ItemType::Enumeration, value.to_be_bytes());
    }

    /// Writes a Boolean.
    #[inline]
    pub fn boolean(&mut self, tag: Tag, value: bool) {
        self.eight(tag, ItemType::Boolean, u64::from(value).to_be_bytes());
    }

    /// Writes a Text String.
    ///
    /// # Errors
    ///
    /// When it is longer than 32 bits can say.
    #[inline]
    pub fn text_string(&mut self, tag: Tag, value: &str) -> Result<()> {
        self.any(tag, ItemType::TextString, value.as_bytes())
    }

    /// Writes a Byte String.
    ///
    /// # Errors
    ///
    /// When it is longer than 32 bits can say.
    #[inline]
    pub fn byte_string(&mut self, tag: Tag, value: &[u8]) -> Result<()> {
        self.any(tag, ItemType::ByteString, value)
    }

    /// Writes a Date-Time.
    #[inline]
    pub fn date_time(&mut self, tag: Tag, value: DateTime) {
        self.eight(tag, ItemType::DateTime, value.0.to_be_bytes());
    }

    /// Writes a Date-Time Extended.
    ///
    /// # Errors
    ///
    /// When the version is older than 2.0, which brought them.
    #[inline]
    pub fn date_time_extended(&mut self, tag: Tag, value: DateTimeExtended) -> Result<()> {
        if self.version < ItemType::DateTimeExtended.since() {
            return Err(self.not_in_version(tag));
        }
        self.eight(tag, ItemType::DateTimeExtended, value.0.to_be_bytes());
        Ok(())
    }

    /// Writes an Interval.
    #[inline]
    pub fn interval(&mut self, tag: Tag, value: Interval) {
        self.four(tag, ItemType::Interval, value.0.to_be_bytes());
    }

    /// Writes a generic item.
    ///
    /// # Errors
    ///
    /// When something in it is longer than 32 bits can say, or of a type that the version doesn't have.
    pub fn item(&mut self, item: &Item) -> Result<()> {
        self.value(item.tag, &item.value)
    }

    /// Writes a generic value.
    ///
    /// # Errors
    ///
    /// As [`Self::item`].
    pub fn value(&mut self, tag: Tag, value: &Value) -> Result<()> {
        match value {
            Value::Structure(items) => {
                let open = self.begin(tag);
                for item in items {
                    self.item(item)?;
                }
                self.end(open)?;
            }
            Value::Integer(value) => self.integer(tag, *value),
            Value::LongInteger(value) => self.long_integer(tag, *value),
            Value::BigInteger(value) => self.big_integer(tag, value)?,
            Value::Enumeration(value) => self.enumeration(tag, *value),
            Value::Boolean(value) => self.boolean(tag, *value),
            Value::TextString(value) => self.text_string(tag, value)?,
            Value::ByteString(value) => self.byte_string(tag, value)?,
            Value::DateTime(value) => self.date_time(tag, *value),
            Value::Interval(value) => self.interval(tag, *value),
            Value::DateTimeExtended(value) => self.date_time_extended(tag, *value)?,
        }
        Ok(())
    }

    /// The error for something that the version doesn't have.
    #[cold]
    pub fn not_in_version(&self, tag: Tag) -> Error {
        self.fail(tag, ErrorKind::Version { tag, version: self.version })
    }

    /// The error for a field that is required in this version and isn't there.
    #[cold]
    pub fn missing(&self, tag: Tag) -> Error {
        self.fail(tag, ErrorKind::Missing(tag))
    }

    /// The error for a choice by tag that has to be made in this version and is not.
    #[cold]
    pub fn missing_choice(&self, name: &'static str) -> Error {
        let message = self.bytes.get(self.start..).unwrap_or_default();
        Error::new(ErrorKind::MissingChoice(name), message.len(), Path::locate(message, message.len()))
    }

    /// The error for a field that may stand only once in this version and stands there more often.
    #[cold]
    pub fn duplicate(&self, tag: Tag) -> Error {
        self.fail(tag, ErrorKind::Duplicate(tag))
    }

    #[cold]
    fn too_long(&self) -> Error {
        let message = self.bytes.get(self.start..).unwrap_or_default();
        Error::new(ErrorKind::TooLong, message.len(), Path::locate(message, message.len()))
    }

    #[cold]
    fn fail(&self, tag: Tag, kind: ErrorKind) -> Error {
        let message = self.bytes.get(self.start..).unwrap_or_default();
        // Everything written so far lies before the item in question, in structures that are still open.
        let mut path = Path::locate(message, message.len());
        path.push(tag);
        Error::new(kind, message.len(), path)
    }
}

/// Room that is made at least.
const LEAST: usize = 64;

#[inline(always)]
fn head(tag: Tag, item_type: ItemType, length: u32) -> [u8; 8] {
    let [_, t0, t1, t2] = tag.0.to_be_bytes();
    let [l0, l1, l2, l3] = length.to_be_bytes();
    [t0, t1, t2, item_type.code(), l0, l1, l2, l3]
}
