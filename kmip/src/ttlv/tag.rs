use std::fmt;

/// What an item is: the 3-byte number at its head (KMIP 1.0 §9.1.1.1, 2.0 §9.1.1.1).
///
/// The tags of the specification are constants of this type, named as in the text encodings:
///
/// ```
/// use kmip::ttlv::Tag;
/// assert_eq!(Tag::UniqueIdentifier, Tag(0x42_0094));
/// assert_eq!(Tag::UniqueIdentifier.to_string(), "UniqueIdentifier");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u32);

impl Tag {
    /// Whether vendors may use this tag for extensions of their own (0x540000 to 0x54FFFF).
    pub const fn is_extension(self) -> bool {
        self.0 >> 16 == 0x54
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
