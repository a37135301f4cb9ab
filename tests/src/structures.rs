//! Every generated structure as a value of one kind, so that one property can be put to all of them.

use std::{any::Any, fmt};

use arbitrary::Unstructured;
use kmip::ttlv::{
    self, Arbitrary, Bytes, Decode, Decoder, Encode, Limits, Mode, Result, Source, Structure, Tag, Version,
};

/// Makes a random value that is valid in a version.
pub type Make = fn(&[u8], Version) -> arbitrary::Result<Box<dyn Value>>;

/// A structure of the tables.
pub struct Kind {
    /// The name of its type.
    pub name: &'static str,
    /// Its tag.
    pub tag: Tag,
    /// The first version that has it.
    pub since: Version,
    /// The last version that has it.
    pub until: Version,
    /// Makes a random value that is valid in a version.
    pub make: Make,
    /// Reads one.
    pub read: fn(&Bytes, Version, Mode) -> Result<Box<dyn Value>>,
}

impl Kind {
    /// Whether a version has it.
    pub fn is_in(&self, version: Version) -> bool {
        version.is_within(self.since, Some(self.until))
    }
}

/// A value of a structure's type.
pub trait Value: Any + fmt::Debug {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// As [`ttlv::encode`].
    fn write(&self, version: Version) -> Result<Vec<u8>>;

    /// Whether another value is of the same type and equal.
    fn equals(&self, other: &dyn Value) -> bool;
}

impl<T: Encode + Structure + PartialEq + fmt::Debug + 'static> Value for T {
    fn write(&self, version: Version) -> Result<Vec<u8>> {
        ttlv::encode(self, T::TAG, version)
    }

    fn equals(&self, other: &dyn Value) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<T>().is_some_and(|other| other == self)
    }
}

fn make<T: Arbitrary + Value + Structure>(
    random: &[u8],
    version: Version,
) -> arbitrary::Result<Box<dyn Value>> {
    let value = T::arbitrary(T::TAG, &mut Source::new(&mut Unstructured::new(random), version))?;
    Ok(Box::new(value))
}

fn read<T: Decode + Value + Structure>(
    bytes: &Bytes,
    version: Version,
    mode: Mode,
) -> Result<Box<dyn Value>> {
    let value: T = Decoder::new(bytes, version, mode, Limits::DEFAULT)?.only(T::TAG)?;
    Ok(Box::new(value))
}

fn version(text: &str) -> Version {
    text.parse().expect("the tables' versions are versions")
}

/// All structures, in the order of the tables.
pub fn all() -> Vec<Kind> {
    macro_rules! kinds {
        ($($name:ident, tag: $tag:ident, since: $since:literal, until: $until:literal;)*) => {
            vec![$(Kind {
                name: stringify!($name),
                tag: Tag::$tag,
                since: version($since),
                until: version($until),
                make: make::<kmip::types::$name>,
                read: read::<kmip::types::$name>,
            }),*]
        };
    }
    kmip::for_each_structure!(kinds)
}
