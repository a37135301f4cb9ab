use std::fmt;

use bytes::Bytes;

use super::{
    BigInteger, DateTime, DateTimeExtended, Decode, Decoder, Encode, Encoder, Interval, ItemType, Result,
    Tag, Text, header::Header,
};

/// An item of any tag and type, with all that is in it: to build, to change, to keep what no table describes.
///
/// To look at a whole message without building anything, see [`crate::ttlv::Tree`].
#[derive(Clone, PartialEq)]
pub struct Item {
    /// What it is.
    pub tag: Tag,
    /// Its value.
    pub value: Value,
}

/// The value of an [`Item`].
#[derive(Clone, PartialEq)]
pub enum Value {
    /// Items, one behind the other.
    Structure(Vec<Item>),
    /// A 32-bit signed number.
    Integer(i32),
    /// A 64-bit signed number.
    LongInteger(i64),
    /// A signed number of any size.
    BigInteger(BigInteger),
    /// A number out of a table.
    Enumeration(u32),
    /// True or false.
    Boolean(bool),
    /// Text.
    TextString(Text),
    /// Bytes.
    ByteString(Bytes),
    /// Seconds since 1970.
    DateTime(DateTime),
    /// A number of seconds.
    Interval(Interval),
    /// Microseconds since 1970; since KMIP 2.0.
    DateTimeExtended(DateTimeExtended),
}

impl Item {
    /// An item.
    pub fn new(tag: Tag, value: impl Into<Value>) -> Self {
        Self { tag, value: value.into() }
    }
}

impl Value {
    /// The type of the value.
    pub fn item_type(&self) -> ItemType {
        match self {
            Self::Structure(_) => ItemType::Structure,
            Self::Integer(_) => ItemType::Integer,
            Self::LongInteger(_) => ItemType::LongInteger,
            Self::BigInteger(_) => ItemType::BigInteger,
            Self::Enumeration(_) => ItemType::Enumeration,
            Self::Boolean(_) => ItemType::Boolean,
            Self::TextString(_) => ItemType::TextString,
            Self::ByteString(_) => ItemType::ByteString,
            Self::DateTime(_) => ItemType::DateTime,
            Self::Interval(_) => ItemType::Interval,
            Self::DateTimeExtended(_) => ItemType::DateTimeExtended,
        }
    }
}

impl Decode for Item {
    const ITEM_TYPE: Option<ItemType> = None;

    #[inline]
    fn blank() -> Self {
        Self { tag: Tag(0), value: Value::Integer(0) }
    }

    fn read(&mut self, item: Header, from: &mut Decoder<'_>) -> Result<()> {
        *self = from.item(item)?;
        Ok(())
    }
}

impl Encode for Item {
    fn encode(&self, tag: Tag, to: &mut Encoder<'_>) -> Result<()> {
        to.value(tag, &self.value)
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.tag, self.value)
    }
}

/// Byte strings, big integers and texts show their length alone: what no table describes may be a secret.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Structure(items) => f.debug_list().entries(items).finish(),
            Self::Integer(value) => write!(f, "{value}"),
            Self::LongInteger(value) => write!(f, "{value}"),
            Self::BigInteger(value) => write!(f, "{value:?}"),
            Self::Enumeration(value) => write!(f, "{value:#x}"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::TextString(value) => write!(f, "TextString({} bytes)", value.len()),
            Self::ByteString(value) => write!(f, "ByteString({} bytes)", value.len()),
            Self::DateTime(value) => write!(f, "{value}"),
            Self::Interval(value) => write!(f, "{} s", value.0),
            Self::DateTimeExtended(value) => write!(f, "{value}"),
        }
    }
}

macro_rules! from {
    ($($type:ty => $case:ident),* $(,)?) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$case(value)
            }
        })*
    };
}

from! {
    Vec<Item> => Structure,
    i32 => Integer,
    i64 => LongInteger,
    BigInteger => BigInteger,
    bool => Boolean,
    Text => TextString,
    Bytes => ByteString,
    DateTime => DateTime,
    Interval => Interval,
    DateTimeExtended => DateTimeExtended,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::TextString(text.into())
    }
}
