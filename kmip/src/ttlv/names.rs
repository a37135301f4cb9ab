//! What names the items and values of a message have: the shape of the generated name tables.

use super::{ItemType, Tag, Version};

/// A tag and what the tables say of it.
#[derive(Debug)]
pub struct TagInfo {
    /// The tag.
    pub tag: Tag,
    /// The name as the specification prints it.
    pub name: &'static str,
    /// The name in the text encodings.
    pub text: &'static str,
    /// The first version that has it.
    pub since: Version,
    /// The last version that has it, if it is gone.
    pub until: Option<Version>,
    /// The types that an item with this tag may have, over all versions; none where the tables don't say.
    pub item_types: &'static [ItemType],
    /// Whether its value must not be shown.
    pub secret: bool,
    /// The table that its values are named in.
    pub values: Option<Values>,
}

/// Where the values of an item are named.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// Each value has a name.
    Enumeration(&'static EnumerationInfo),
    /// Each bit has a name.
    Mask(&'static EnumerationInfo),
    /// Values are tags.
    Tags,
}

/// An enumeration or a mask.
#[derive(Debug)]
pub struct EnumerationInfo {
    /// The name as the specification prints it.
    pub name: &'static str,
    /// The name in the text encodings.
    pub text: &'static str,
    /// Its values or bits, in the order of their numbers.
    pub values: &'static [ValueInfo],
}

/// A value of an enumeration, or a bit of a mask.
#[derive(Debug)]
pub struct ValueInfo {
    /// The number.
    pub value: u32,
    /// The name as the specification prints it.
    pub name: &'static str,
    /// The name in the text encodings.
    pub text: &'static str,
    /// Further names that readers accept.
    pub also: &'static [&'static str],
    /// The first version that has it.
    pub since: Version,
    /// The last version that has it, if it is gone.
    pub until: Option<Version>,
}

impl EnumerationInfo {
    /// The entry of a value.
    pub fn value(&self, value: u32) -> Option<&'static ValueInfo> {
        let place = self.values.binary_search_by_key(&value, |info| info.value).ok()?;
        self.values.get(place)
    }

    /// The entry of a name: that of the text encodings, another that is accepted, or the one that the specification
    /// prints.
    pub fn named(&self, name: &str) -> Option<&'static ValueInfo> {
        self.values.iter().find(|info| info.text == name || info.name == name || info.also.contains(&name))
    }
}

impl ValueInfo {
    /// Whether the version has this value.
    pub fn is_in(&self, version: Version) -> bool {
        version.is_within(self.since, self.until)
    }
}

/// The generated tables, as those parts see them that work for any tables.
#[derive(Clone, Copy)]
pub struct Names {
    /// All tags, in the order of their numbers.
    pub tags: &'static [TagInfo],
    /// The tag of the attribute with this printed name.
    pub attribute_tag: fn(&[u8]) -> Option<Tag>,
    /// The tag under which KMIP 1.x carries an attribute's name.
    pub attribute_name: Tag,
    /// The tag under which KMIP 1.x carries an attribute's value.
    pub attribute_value: Tag,
}

impl Names {
    /// The entry of a tag.
    pub fn tag(&self, tag: Tag) -> Option<&'static TagInfo> {
        let place = self.tags.binary_search_by_key(&tag, |info| info.tag).ok()?;
        self.tags.get(place)
    }
}
