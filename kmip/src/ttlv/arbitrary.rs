//! Random values, for property tests and fuzzing.

use arbitrary::Unstructured;
use bytes::Bytes;

use super::{
    BigInteger, DateTime, DateTimeExtended, Enumeration, Interval, Item, ItemType, Secret, SecretText, Tag,
    TagValue, Text, Value, Version, names::ValueInfo,
};

pub use arbitrary::{Error, Result};

/// A type of which random values can be made that are valid in a version.
pub trait Arbitrary: Sized {
    /// A random value, valid in the version of `from` for an item with this tag.
    ///
    /// # Errors
    ///
    /// When there are not enough random bytes.
    fn arbitrary(tag: Tag, from: &mut Source<'_, '_>) -> Result<Self>;
}

/// Where random values come from.
pub struct Source<'a, 'b> {
    bytes: &'a mut Unstructured<'b>,
    version: Version,
    decider: (Tag, u32),
    depth: u32,
}

impl<'a, 'b> Source<'a, 'b> {
    /// A source of values for this version.
    pub fn new(bytes: &'a mut Unstructured<'b>, version: Version) -> Self {
        Self { bytes, version, decider: (Tag(0), 0), depth: 0 }
    }

    /// The version that the values are for.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Whether to make something that is optional.
    ///
    /// # Errors
    ///
    /// When there are not enough random bytes.
    pub fn some(&mut self) -> Result<bool> {
        Ok(self.depth < 12 && self.bytes.ratio(1, 2)?)
    }

    /// How many of something to make, of at least `least`.
    ///
    /// # Errors
    ///
    /// When there are not enough random bytes.
    pub fn many(&mut self, least: usize) -> Result<usize> {
        let most = if self.depth < 12 { least + 2 } else { least };
        self.bytes.int_in_range(least..=most)
    }

    /// One of so many.
    ///
    /// # Errors
    ///
    /// When there are not enough random bytes, or there is none to choose.
    pub fn choose(&mut self, count: usize) -> Result<usize> {
        self.bytes.choose_index(count)
    }

    /// What a structure's fields and their choices are decided by is its own business.
    pub fn enter(&mut self) -> (Tag, u32) {
        self.depth += 1;
        self.decider
    }

    /// Leaves a structure.
    pub fn leave(&mut self, decider: (Tag, u32)) {
        self.depth -= 1;
        self.decider = decider;
    }

    /// Sets what later choices are decided by.
    pub fn decide(&mut self, tag: Tag, value: u32) {
        self.decider = (tag, value);
    }

    /// What the choices are decided by.
    pub fn decided(&self, tag: Tag) -> Option<u32> {
        (self.decider.0 == tag).then_some(self.decider.1)
    }

    /// A value of an enumeration: one that the version has or, at times, any.
    ///
    /// # Errors
    ///
    /// When there are not enough random bytes.
    pub fn enumeration(&mut self, values: &'static [ValueInfo]) -> Result<u32> {
        let valid = || values.iter().filter(|info| info.is_in(self.version));
        let count = valid().count();
        if count == 0 || self.bytes.ratio(1, 16)? {
            return self.bytes.arbitrary();
        }
        let place = self.bytes.choose_index(count)?;
        let valid = values.iter().filter(|info| info.is_in(self.version));
        Ok(valid.map(|info| info.value).nth(place).unwrap_or_default())
    }

    /// Any mask.
    ///
    /// # Errors
    ///
    /// When there are not enough random bytes.
    pub fn mask(&mut self) -> Result<u32> {
        self.bytes.arbitrary()
    }

    fn short(&mut self) -> Result<Vec<u8>> {
        let length = self.bytes.int_in_range(0..=40)?;
        Ok(self.bytes.bytes(length)?.to_vec())
    }
}

impl<T: Arbitrary> Arbitrary for Box<T> {
    fn arbitrary(tag: Tag, from: &mut Source<'_, '_>) -> Result<Self> {
        T::arbitrary(tag, from).map(Box::new)
    }
}

macro_rules! plain {
    ($($type:ty: |$from:ident| $make:expr;)*) => {
        $(impl Arbitrary for $type {
            fn arbitrary(_tag: Tag, $from: &mut Source<'_, '_>) -> Result<Self> {
                $make
            }
        })*
    };
}

plain! {
    i32: |from| from.bytes.arbitrary();
    i64: |from| from.bytes.arbitrary();
    bool: |from| from.bytes.arbitrary();
    Text: |from| {
        let bytes = from.short()?;
        Ok(Self::from(String::from_utf8_lossy(&bytes).as_ref()))
    };
    SecretText: |from| {
        let bytes = from.short()?;
        Ok(Self::from(String::from_utf8_lossy(&bytes).as_ref()))
    };
    Bytes: |from| from.short().map(Into::into);
    Secret: |from| from.short().map(Into::into);
    BigInteger: |from| {
        let length = from.bytes.int_in_range(1..=4)? * 8;
        Ok(Self::from_signed_bytes(from.bytes.bytes(length)?.to_vec()))
    };
    DateTime: |from| from.bytes.arbitrary().map(Self);
    DateTimeExtended: |from| from.bytes.arbitrary().map(Self);
    Interval: |from| from.bytes.arbitrary().map(Self);
    Enumeration: |from| from.bytes.arbitrary().map(Self);
    TagValue: |from| Ok(Self(Tag(from.bytes.int_in_range(0x42_0001..=0x42_0200)?)));
}

impl Arbitrary for Item {
    fn arbitrary(tag: Tag, from: &mut Source<'_, '_>) -> Result<Self> {
        Ok(Self { tag, value: Value::arbitrary(tag, from)? })
    }
}

impl Arbitrary for Value {
    fn arbitrary(tag: Tag, from: &mut Source<'_, '_>) -> Result<Self> {
        Ok(match from.choose(ItemType::count(from.version).into())? {
            0 if from.depth < 12 => {
                let decider = from.enter();
                let mut items = Vec::new();
                for _ in 0..from.many(0)? {
                    let tag = Tag(from.bytes.int_in_range(0x54_0000..=0x54_FFFF)?);
                    items.push(Item::arbitrary(tag, from)?);
                }
                from.leave(decider);
                Self::Structure(items)
            }
            0 | 1 => Self::Integer(i32::arbitrary(tag, from)?),
            2 => Self::LongInteger(i64::arbitrary(tag, from)?),
            3 => Self::BigInteger(BigInteger::arbitrary(tag, from)?),
            4 => Self::Enumeration(from.bytes.arbitrary()?),
            5 => Self::Boolean(bool::arbitrary(tag, from)?),
            6 => Self::TextString(Text::arbitrary(tag, from)?),
            7 => Self::ByteString(Bytes::arbitrary(tag, from)?),
            8 => Self::DateTime(DateTime::arbitrary(tag, from)?),
            9 => Self::Interval(Interval::arbitrary(tag, from)?),
            _ => Self::DateTimeExtended(DateTimeExtended::arbitrary(tag, from)?),
        })
    }
}
