//! The types that KMIP has before any table: those of the tables' plain fields, and those of items.

/// The types that need no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    Integer,
    LongInteger,
    BigInteger,
    Boolean,
    TextString,
    ByteString,
    DateTime,
    Interval,
    DateTimeExtended,
    /// An enumeration without a table.
    Enumeration,
    /// An enumeration whose values are tags.
    Tag,
    /// A Text String that names an attribute.
    AttributeName,
    Any,
}

/// The item types of TTLV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ItemType {
    Structure,
    Integer,
    LongInteger,
    BigInteger,
    Enumeration,
    Boolean,
    TextString,
    ByteString,
    DateTime,
    Interval,
    DateTimeExtended,
}

impl Plain {
    pub(crate) const ALL: [Self; 13] = [
        Self::Integer,
        Self::LongInteger,
        Self::BigInteger,
        Self::Boolean,
        Self::TextString,
        Self::ByteString,
        Self::DateTime,
        Self::Interval,
        Self::DateTimeExtended,
        Self::Enumeration,
        Self::Tag,
        Self::AttributeName,
        Self::Any,
    ];

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plain| plain.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Integer => "Integer",
            Self::LongInteger => "Long Integer",
            Self::BigInteger => "Big Integer",
            Self::Boolean => "Boolean",
            Self::TextString => "Text String",
            Self::ByteString => "Byte String",
            Self::DateTime => "Date-Time",
            Self::Interval => "Interval",
            Self::DateTimeExtended => "Date-Time Extended",
            Self::Enumeration => "Enumeration",
            Self::Tag => "Tag",
            Self::AttributeName => "Attribute Name",
            Self::Any => "Any",
        }
    }

    /// Whether there is a Rust type of it that keeps its value to itself.
    pub(crate) fn can_be_secret(self) -> bool {
        matches!(self, Self::TextString | Self::ByteString | Self::BigInteger)
    }

    /// None: any.
    pub(crate) fn item_type(self) -> Option<ItemType> {
        Some(match self {
            Self::Integer => ItemType::Integer,
            Self::LongInteger => ItemType::LongInteger,
            Self::BigInteger => ItemType::BigInteger,
            Self::Boolean => ItemType::Boolean,
            Self::TextString | Self::AttributeName => ItemType::TextString,
            Self::ByteString => ItemType::ByteString,
            Self::DateTime => ItemType::DateTime,
            Self::Interval => ItemType::Interval,
            Self::DateTimeExtended => ItemType::DateTimeExtended,
            Self::Enumeration | Self::Tag => ItemType::Enumeration,
            Self::Any => return None,
        })
    }
}

impl ItemType {
    /// The name of the Rust variant.
    pub(crate) fn rust(self) -> String {
        format!("{self:?}")
    }
}
