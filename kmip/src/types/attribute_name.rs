use std::fmt;

use super::tables::{attribute_name, attribute_tag};
use crate::ttlv::{Decides, Decode, Decoder, Encode, Encoder, Header, ItemType, Result, Tag, Text};

/// The name of an attribute: that of the specification, which is kept as the attribute's tag, or a custom one.
///
/// ```
/// use kmip::{ttlv::Tag, types::AttributeName};
/// let name = AttributeName::from("Cryptographic Length");
/// assert_eq!(name, AttributeName::Standard(Tag::CryptographicLength));
/// assert_eq!(AttributeName::from("x-Owner").to_string(), "x-Owner");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum AttributeName {
    /// An attribute of the specification, by its tag.
    Standard(Tag),
    /// Any other: of a client (`x-…`), of a server (`y-…`), or unknown.
    Custom(Text),
}

impl AttributeName {
    /// The name as the specification prints it, or the custom one.
    #[inline]
    pub fn as_str(&self) -> &str {
        match self {
            // Only tags of attributes are ever put here by this crate.
            Self::Standard(tag) => attribute_name(*tag).unwrap_or_default(),
            Self::Custom(name) => name,
        }
    }
}

impl From<&str> for AttributeName {
    fn from(name: &str) -> Self {
        match attribute_tag(name.as_bytes()) {
            Some(tag) => Self::Standard(tag),
            None => Self::Custom(name.into()),
        }
    }
}

impl fmt::Display for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Decode for AttributeName {
    const ITEM_TYPE: Option<ItemType> = Some(ItemType::TextString);

    #[inline]
    fn blank() -> Self {
        Self::Standard(Tag(0))
    }

    #[inline]
    fn read(&mut self, item: Header, from: &mut Decoder<'_>) -> Result<()> {
        *self = match attribute_tag(from.peek(item)) {
            Some(tag) => {
                from.skip_text_string(item)?;
                Self::Standard(tag)
            }
            None => Self::Custom(from.text_string(item)?),
        };
        Ok(())
    }
}

impl Encode for AttributeName {
    #[inline]
    fn encode(&self, tag: Tag, to: &mut Encoder<'_>) -> Result<()> {
        to.text_string(tag, self.as_str())
    }
}

impl Decides for AttributeName {
    #[inline]
    fn deciding(&self) -> u32 {
        match self {
            Self::Standard(tag) => tag.0,
            Self::Custom(_) => 0,
        }
    }
}

#[cfg(feature = "arbitrary")]
impl crate::ttlv::Arbitrary for AttributeName {
    fn arbitrary(tag: Tag, from: &mut crate::ttlv::Source<'_, '_>) -> crate::ttlv::arbitrary::Result<Self> {
        use super::tables::ATTRIBUTES;
        let known: Vec<_> = ATTRIBUTES
            .iter()
            .filter(|info| {
                info.is_in(from.version()) && attribute_tag(info.name.as_bytes()) == Some(info.tag)
            })
            .collect();
        match known.get(from.choose(known.len() + 8)?) {
            Some(info) => Ok(Self::Standard(info.tag)),
            None => {
                let name = Text::arbitrary(tag, from)?;
                Ok(Self::Custom(format!("x-{name}").into()))
            }
        }
    }
}
