//! Short ways to the attributes that are wanted most.

use super::{
    AttributeSet, AttributeValue, CryptographicUsageMask, Name, NameType, attribute_set::AttributeInstance,
};
use crate::ttlv::Text;

/// ```
/// use kmip::{ttlv::Tag, types::{AttributeSet, AttributeValue, CryptographicUsageMask}};
/// let usage = CryptographicUsageMask::Sign | CryptographicUsageMask::Verify;
/// let wanted = AttributeSet::new().with_name("one").with_name("two").with_usage(usage);
/// assert_eq!(wanted.len(), 3);
/// ```
impl AttributeSet {
    /// With another attribute.
    #[must_use]
    pub fn with(mut self, attribute: impl Into<AttributeInstance>) -> Self {
        self.add(attribute);
        self
    }

    /// With a Name; there may be several.
    #[must_use]
    pub fn with_name(self, name: impl Into<Text>) -> Self {
        self.with(AttributeValue::named(name))
    }

    /// With this Cryptographic Usage Mask.
    #[must_use]
    pub fn with_usage(mut self, usage: CryptographicUsageMask) -> Self {
        self.set(AttributeValue::CryptographicUsageMask(usage));
        self
    }

    /// With this Operation Policy Name. Until KMIP 1.4.
    #[must_use]
    pub fn with_policy(mut self, name: impl Into<Text>) -> Self {
        self.set(AttributeValue::OperationPolicyName(name.into()));
        self
    }
}

impl AttributeValue {
    /// A Name that is a plain text.
    pub fn named(name: impl Into<Text>) -> Self {
        Self::Name(Name::new(name.into(), NameType::UninterpretedTextString))
    }
}
