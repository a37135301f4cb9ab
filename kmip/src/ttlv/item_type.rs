use std::fmt;

use super::Version;

/// The type of an item's value: the fourth byte of its head (KMIP 1.0 §9.1.1.2, 2.0 §9.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ItemType {
    /// Other items, one behind the other.
    Structure = 1,
    /// 32-bit signed number.
    Integer = 2,
    /// 64-bit signed number.
    LongInteger = 3,
    /// Signed number of any size, a multiple of eight bytes long.
    BigInteger = 4,
    /// 32-bit number out of a table.
    Enumeration = 5,
    /// True or false, in eight bytes.
    Boolean = 6,
    /// UTF-8 text.
    TextString = 7,
    /// Bytes without further meaning to the encoding.
    ByteString = 8,
    /// Seconds since 1970, 64 bits, signed.
    DateTime = 9,
    /// A number of seconds, 32 bits, unsigned.
    Interval = 10,
    /// Microseconds since 1970, 64 bits, signed; since KMIP 2.0.
    DateTimeExtended = 11,
}

impl ItemType {
    /// Every item type, in the order of their codes.
    pub const ALL: [Self; 11] = [
        Self::Structure,
        Self::Integer,
        Self::LongInteger,
        Self::BigInteger,
        Self::Enumeration,
        Self::Boolean,
        Self::TextString,
        Self::ByteString,
        Self::DateTime,
        Self::Interval,
        Self::DateTimeExtended,
    ];

    /// The type with this code, if there is one.
    #[inline]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Structure,
            2 => Self::Integer,
            3 => Self::LongInteger,
            4 => Self::BigInteger,
            5 => Self::Enumeration,
            6 => Self::Boolean,
            7 => Self::TextString,
            8 => Self::ByteString,
            9 => Self::DateTime,
            10 => Self::Interval,
            11 => Self::DateTimeExtended,
            _ => return None,
        })
    }

    /// The first version with such items: 1.x ends with Interval (1.4 §9.1.1.2), 2.0 adds Date-Time Extended (2.0 §9.1.1.2).
    pub const fn since(self) -> Version {
        match self {
            Self::DateTimeExtended => Version::new(2, 0),
            _ => Version::new(1, 0),
        }
    }

    /// How many types a version has: their codes are the numbers up to it.
    pub(super) fn count(version: Version) -> u8 {
        Self::ALL.iter().filter(|item_type| item_type.since() <= version).count() as u8
    }

    /// The code of this type on the wire.
    #[inline]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The length that the header of such an item always gives, in bytes; none where it varies.
    #[inline]
    pub const fn fixed_length(self) -> Option<u32> {
        match self {
            Self::Integer | Self::Enumeration | Self::Interval => Some(4),
            Self::LongInteger | Self::Boolean | Self::DateTime | Self::DateTimeExtended => Some(8),
            Self::Structure | Self::BigInteger | Self::TextString | Self::ByteString => None,
        }
    }

    /// The name in the text encodings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Structure => "Structure",
            Self::Integer => "Integer",
            Self::LongInteger => "LongInteger",
            Self::BigInteger => "BigInteger",
            Self::Enumeration => "Enumeration",
            Self::Boolean => "Boolean",
            Self::TextString => "TextString",
            Self::ByteString => "ByteString",
            Self::DateTime => "DateTime",
            Self::Interval => "Interval",
            Self::DateTimeExtended => "DateTimeExtended",
        }
    }
}

impl fmt::Display for ItemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
