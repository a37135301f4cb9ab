//! What every generated enumeration and mask can do.

/// Makes a `struct X(pub u32)` an enumeration: read and written as one, printed by its names.
#[doc(hidden)]
#[macro_export]
macro_rules! enumeration {
    ($name:ident, table: $table:expr) => {
        impl $name {
            /// The tables' entry of this value; none where it is not in them.
            pub fn info(self) -> Option<&'static $crate::ttlv::names::ValueInfo> {
                $table.value(self.0)
            }

            /// The name in the text encodings; none where the value is not in the tables.
            pub fn name(self) -> Option<&'static str> {
                self.info().map(|info| info.text)
            }

            /// Whether the version has this value.
            pub fn is_in(self, version: $crate::ttlv::Version) -> bool {
                self.info().is_some_and(|info| info.is_in(version))
            }

            /// The values that the version has, in the order of their numbers.
            pub fn all(version: $crate::ttlv::Version) -> impl Iterator<Item = Self> {
                $table.values.iter().filter(move |info| info.is_in(version)).map(|info| Self(info.value))
            }
        }

        impl ::core::convert::From<u32> for $name {
            #[inline]
            fn from(value: u32) -> Self {
                Self(value)
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::ttlv::UnknownName;

            fn from_str(name: &str) -> ::core::result::Result<Self, Self::Err> {
                match $table.named(name) {
                    Some(info) => Ok(Self(info.value)),
                    None => Err($crate::ttlv::UnknownName::new(&$table, name)),
                }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => ::core::write!(f, "{:#010x}", self.0),
                }
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(self, f)
            }
        }

        impl $crate::ttlv::Decode for $name {
            const ITEM_TYPE: Option<$crate::ttlv::ItemType> = Some($crate::ttlv::ItemType::Enumeration);
            const FROM_FOUR: Option<fn(u32) -> Self> = Some(Self);

            #[inline(always)]
            fn blank() -> Self {
                Self(0)
            }

            #[inline(always)]
            fn read(
                &mut self,
                item: $crate::ttlv::Header,
                from: &mut $crate::ttlv::Decoder<'_>,
            ) -> $crate::ttlv::Result<()> {
                *self = from.enumeration(item).map(Self)?;
                Ok(())
            }
        }

        impl $crate::ttlv::Encode for $name {
            #[inline]
            fn encode(
                &self,
                tag: $crate::ttlv::Tag,
                to: &mut $crate::ttlv::Encoder<'_>,
            ) -> $crate::ttlv::Result<()> {
                to.enumeration(tag, self.0);
                Ok(())
            }
        }

        impl $crate::ttlv::Decides for $name {
            #[inline]
            fn deciding(&self) -> u32 {
                self.0
            }
        }

        #[cfg(feature = "arbitrary")]
        impl $crate::ttlv::Arbitrary for $name {
            fn arbitrary(
                _tag: $crate::ttlv::Tag,
                from: &mut $crate::ttlv::Source<'_, '_>,
            ) -> $crate::ttlv::arbitrary::Result<Self> {
                from.enumeration($table.values).map(Self)
            }
        }
    };
}

/// Makes a bit mask: an Integer whose bits have names; bits without one are kept.
#[doc(hidden)]
#[macro_export]
macro_rules! mask {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $($(#[$bit_meta:ident $($bit_rest:tt)*])* const $bit:ident = $value:expr;)* }
        table: $table:expr
    ) => {
        $crate::ttlv::bitflags! {
            $(#[$meta])*
            #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name: u32 {
                $($(#[$bit_meta $($bit_rest)*])* const $bit = $value;)*
                const _ = !0;
            }
        }

        impl $name {
            /// The tables' entries of the bits.
            pub fn info() -> &'static $crate::ttlv::names::EnumerationInfo {
                &$table
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::ttlv::write_mask(&$table, self.bits(), f)
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(self, f)
            }
        }

        impl $crate::ttlv::Decode for $name {
            const ITEM_TYPE: Option<$crate::ttlv::ItemType> = Some($crate::ttlv::ItemType::Integer);
            const FROM_FOUR: Option<fn(u32) -> Self> = Some(Self::from_bits_retain);

            #[inline(always)]
            fn blank() -> Self {
                Self::empty()
            }

            #[inline(always)]
            fn read(
                &mut self,
                item: $crate::ttlv::Header,
                from: &mut $crate::ttlv::Decoder<'_>,
            ) -> $crate::ttlv::Result<()> {
                *self = from.integer(item).map(|value| Self::from_bits_retain(value.cast_unsigned()))?;
                Ok(())
            }
        }

        impl $crate::ttlv::Encode for $name {
            #[inline]
            fn encode(
                &self,
                tag: $crate::ttlv::Tag,
                to: &mut $crate::ttlv::Encoder<'_>,
            ) -> $crate::ttlv::Result<()> {
                to.integer(tag, self.bits().cast_signed());
                Ok(())
            }
        }

        #[cfg(feature = "arbitrary")]
        impl $crate::ttlv::Arbitrary for $name {
            fn arbitrary(
                _tag: $crate::ttlv::Tag,
                from: &mut $crate::ttlv::Source<'_, '_>,
            ) -> $crate::ttlv::arbitrary::Result<Self> {
                from.mask().map(Self::from_bits_retain)
            }
        }
    };
}

use std::fmt;

use super::names::EnumerationInfo;

/// A name that an enumeration doesn't have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{enumeration} has no value {name:?}{}", suggestion.map(|name| format!("; did you mean {name}?")).unwrap_or_default())]
pub struct UnknownName {
    enumeration: &'static str,
    name: String,
    suggestion: Option<&'static str>,
}

impl UnknownName {
    #[doc(hidden)]
    pub fn new(table: &'static EnumerationInfo, name: &str) -> Self {
        let plain = |text: &str| -> String {
            text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
        };
        let wanted = plain(name);
        let near = table.values.iter().find(|info| plain(info.text) == wanted || plain(info.name) == wanted);
        Self { enumeration: table.name, name: name.to_owned(), suggestion: near.map(|info| info.text) }
    }

    /// Suggests another name where there is no suggestion.
    #[cfg(any(feature = "json", feature = "xml"))]
    pub(crate) fn or_suggest(self, other: impl FnOnce() -> Option<&'static str>) -> Self {
        Self { suggestion: self.suggestion.or_else(other), ..self }
    }
}

/// Writes a mask as its bits' names, bits without a name in hexadecimal: `Encrypt|Decrypt|0x80000000`.
#[doc(hidden)]
pub fn write_mask(table: &EnumerationInfo, bits: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut rest = bits;
    let mut first = true;
    for info in table.values.iter().filter(|info| bits & info.value != 0) {
        rest &= !info.value;
        if !std::mem::take(&mut first) {
            f.write_str("|")?;
        }
        f.write_str(info.text)?;
    }
    if rest != 0 || first {
        if !first {
            f.write_str("|")?;
        }
        write!(f, "{rest:#x}")?;
    }
    Ok(())
}
