//! The attributes of an object, in one form for all versions.
//!
//! KMIP 1.x carries attributes by name, index and value (1.0 §2.1.1), 2.0 as typed items (2.0 §5.1) and vendors' ones as
//! structures (2.0 §4.53). [`AttributeSet`] is neither: the two wire forms are made from it, and it from them.

use std::fmt;

use super::{
    Attribute, AttributeName, AttributeReference, AttributeValue, Attributes, TemplateAttribute,
    VendorAttribute, VendorAttributeReference, tables::attribute_info,
};
use crate::ttlv::{ByTag, Item, Tag, TagValue, Text, Value, Version};

/// Which attribute: one of the tables, or a vendor's.
///
/// The custom attribute `x-Owner` of KMIP 1.x is the attribute `Owner` of the vendor `x` of KMIP 2.0 (2.0 §4.53), and so
/// for every vendor: a vendor's name has no hyphen, so the two forms can always be made from one another.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttributeId {
    /// An attribute with a tag of its own.
    Standard(Tag),
    /// A custom or vendor attribute.
    Vendor {
        /// The Vendor Identification; empty for a name of KMIP 1.x without one.
        vendor: Text,
        /// The Attribute Name.
        name: Text,
    },
}

impl AttributeId {
    /// The attribute with this name of KMIP 1.x.
    pub fn from_name(name: &AttributeName) -> Self {
        match name {
            AttributeName::Standard(tag) => Self::Standard(*tag),
            AttributeName::Custom(name) => match name.split_once('-') {
                Some((vendor, name)) => Self::Vendor { vendor: vendor.into(), name: name.into() },
                None => Self::Vendor { vendor: Text::default(), name: name.clone() },
            },
        }
    }

    /// The name of KMIP 1.x; none for an attribute that never had one.
    pub fn to_name(&self) -> AttributeName {
        match self {
            Self::Standard(tag) => AttributeName::Standard(*tag),
            Self::Vendor { vendor, name } if vendor.is_empty() => AttributeName::Custom(name.clone()),
            Self::Vendor { vendor, name } => AttributeName::Custom(format!("{vendor}-{name}").into()),
        }
    }

    /// The attribute that a reference of KMIP 2.0 means; none for one of a form that no table describes.
    pub fn from_reference(reference: &AttributeReference) -> Option<Self> {
        match reference {
            AttributeReference::Tag(TagValue(tag)) => Some(Self::Standard(*tag)),
            AttributeReference::VendorAttributeReference(reference) => Some(Self::Vendor {
                vendor: reference.vendor_identification.clone(),
                name: reference.attribute_name.clone(),
            }),
            AttributeReference::Other(_) => None,
        }
    }

    /// The reference of KMIP 2.0.
    pub fn to_reference(&self) -> AttributeReference {
        match self {
            Self::Standard(tag) => AttributeReference::Tag(TagValue(*tag)),
            Self::Vendor { vendor, name } => AttributeReference::VendorAttributeReference(
                VendorAttributeReference::new(vendor.clone(), name.clone()),
            ),
        }
    }

    /// Whether the version has this attribute.
    pub fn is_in(&self, version: Version) -> bool {
        match self {
            Self::Standard(tag) => {
                attribute_info(*tag).is_none_or(|info| version.is_within(info.since, info.until))
            }
            Self::Vendor { .. } => true,
        }
    }
}

impl fmt::Display for AttributeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_name(), f)
    }
}

impl fmt::Debug for AttributeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An instance of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeInstance {
    /// Which attribute.
    pub id: AttributeId,
    /// Which instance: the Attribute Index of KMIP 1.x, which stays when others come and go.
    pub index: i32,
    /// Its value. That of a vendor's attribute is [`AttributeValue::Other`], an item with the tag Attribute Value.
    pub value: AttributeValue,
}

impl AttributeInstance {
    /// An attribute as KMIP 1.x carries it, where it has a name and a value (it has no value in Notify for a deleted one).
    pub fn from_attribute(attribute: Attribute) -> Option<Self> {
        Some(Self {
            id: AttributeId::from_name(&attribute.attribute_name?),
            index: attribute.attribute_index.unwrap_or(0),
            value: attribute.attribute_value?,
        })
    }

    /// An attribute as KMIP 2.0 carries it; none for a vendor's attribute without a value.
    pub fn from_value(value: AttributeValue) -> Self {
        match value {
            AttributeValue::VendorAttribute(vendor) => Self {
                id: AttributeId::Vendor { vendor: vendor.vendor_identification, name: vendor.attribute_name },
                index: 0,
                value: AttributeValue::Other(Item {
                    tag: Tag::AttributeValue,
                    value: vendor.attribute_value.value,
                }),
            },
            value => Self { id: AttributeId::Standard(value.tag()), index: 0, value },
        }
    }

    /// A vendor's attribute.
    pub fn vendor(vendor: impl Into<Text>, name: impl Into<Text>, value: impl Into<Value>) -> Self {
        Self {
            id: AttributeId::Vendor { vendor: vendor.into(), name: name.into() },
            index: 0,
            value: AttributeValue::Other(Item::new(Tag::AttributeValue, value)),
        }
    }

    /// As KMIP 1.x carries it. The index is left out where it is 0, which is what its absence means (1.4 §2.1.1).
    pub fn to_attribute(&self) -> Attribute {
        Attribute {
            attribute_index: (self.index != 0).then_some(self.index),
            ..Attribute::named(self.id.to_name(), self.value.clone())
        }
    }

    /// As KMIP 2.0 carries it.
    pub fn to_value(&self) -> AttributeValue {
        match (&self.id, &self.value) {
            (AttributeId::Vendor { vendor, name }, AttributeValue::Other(item)) => {
                AttributeValue::VendorAttribute(Box::new(VendorAttribute::new(
                    vendor.clone(),
                    name.clone(),
                    item.clone(),
                )))
            }
            (_, value) => value.clone(),
        }
    }
}

impl From<AttributeValue> for AttributeInstance {
    fn from(value: AttributeValue) -> Self {
        Self::from_value(value)
    }
}

impl Attribute {
    /// An attribute with a name and a value, as KMIP 1.x carries it.
    pub fn named(name: AttributeName, value: AttributeValue) -> Self {
        Self { attribute_name: Some(name), attribute_value: Some(value), ..Self::new() }
    }
}

/// The attributes of an object, or those wanted for one, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttributeSet(Vec<AttributeInstance>);

impl AttributeSet {
    /// No attributes.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Every instance of every attribute.
    pub fn iter(&self) -> std::slice::Iter<'_, AttributeInstance> {
        self.0.iter()
    }

    /// How many instances there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every instance of one attribute.
    pub fn all<'a>(&'a self, id: &'a AttributeId) -> impl Iterator<Item = &'a AttributeInstance> {
        self.0.iter().filter(move |instance| instance.id == *id)
    }

    /// The first value of the attribute with this tag.
    pub fn get(&self, tag: Tag) -> Option<&AttributeValue> {
        self.0
            .iter()
            .find(|instance| instance.id == AttributeId::Standard(tag))
            .map(|instance| &instance.value)
    }

    /// One instance of an attribute.
    pub fn instance(&self, id: &AttributeId, index: i32) -> Option<&AttributeInstance> {
        self.0.iter().find(|instance| instance.id == *id && instance.index == index)
    }

    /// One instance of an attribute, to change it.
    pub fn instance_mut(&mut self, id: &AttributeId, index: i32) -> Option<&mut AttributeInstance> {
        self.0.iter_mut().find(|instance| instance.id == *id && instance.index == index)
    }

    /// Adds an instance, numbered behind those that are there; its index.
    pub fn add(&mut self, instance: impl Into<AttributeInstance>) -> i32 {
        let mut instance = instance.into();
        let last = self.all(&instance.id).map(|other| other.index).max();
        instance.index = last.map_or(0, |last| last.saturating_add(1));
        let index = instance.index;
        self.0.push(instance);
        index
    }

    /// Sets the only instance of an attribute, whatever was there before.
    pub fn set(&mut self, value: AttributeValue) {
        let instance = AttributeInstance::from_value(value);
        match self.0.iter().position(|other| other.id == instance.id) {
            Some(place) => {
                let mut first = true;
                self.0.retain(|other| other.id != instance.id || std::mem::take(&mut first));
                if let Some(other) = self.0.get_mut(place) {
                    other.value = instance.value;
                }
            }
            None => self.0.push(instance),
        }
    }

    /// Takes every instance of an attribute away; whether there was one.
    pub fn remove(&mut self, id: &AttributeId) -> bool {
        let before = self.0.len();
        self.0.retain(|instance| instance.id != *id);
        self.0.len() != before
    }

    /// Takes one instance of an attribute away.
    pub fn remove_instance(&mut self, id: &AttributeId, index: i32) -> Option<AttributeInstance> {
        let place = self.0.iter().position(|instance| instance.id == *id && instance.index == index)?;
        Some(self.0.remove(place))
    }

    /// Adds an instance under the index that it has.
    pub fn push(&mut self, instance: AttributeInstance) {
        self.0.push(instance);
    }

    /// The set that a 1.x Template-Attribute lists. Its templates' names are left to the caller.
    pub fn from_template_attribute(template: TemplateAttribute) -> Self {
        Self(template.attribute.into_iter().filter_map(AttributeInstance::from_attribute).collect())
    }

    /// The set that 2.0 Attributes list. Instances of one attribute are numbered in their order.
    pub fn from_attributes(attributes: Attributes) -> Self {
        let mut set = Self::new();
        for value in attributes.attribute {
            set.add(AttributeInstance::from_value(value));
        }
        set
    }

    /// As a 1.x Template-Attribute.
    pub fn to_template_attribute(&self) -> TemplateAttribute {
        TemplateAttribute { attribute: self.to_attribute_list(), ..TemplateAttribute::new() }
    }

    /// As a list of 1.x attributes.
    pub fn to_attribute_list(&self) -> Vec<Attribute> {
        self.0.iter().map(AttributeInstance::to_attribute).collect()
    }

    /// As 2.0 Attributes.
    pub fn to_attributes(&self) -> Attributes {
        Attributes {
            attribute: self.0.iter().map(AttributeInstance::to_value).collect(),
            ..Attributes::new()
        }
    }
}

impl<T: Into<AttributeInstance>> FromIterator<T> for AttributeSet {
    fn from_iter<I: IntoIterator<Item = T>>(instances: I) -> Self {
        let mut set = Self::new();
        for instance in instances {
            set.add(instance);
        }
        set
    }
}

impl<T: Into<AttributeInstance>> Extend<T> for AttributeSet {
    fn extend<I: IntoIterator<Item = T>>(&mut self, instances: I) {
        for instance in instances {
            self.add(instance);
        }
    }
}

impl IntoIterator for AttributeSet {
    type Item = AttributeInstance;
    type IntoIter = std::vec::IntoIter<AttributeInstance>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a AttributeSet {
    type Item = &'a AttributeInstance;
    type IntoIter = std::slice::Iter<'a, AttributeInstance>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
