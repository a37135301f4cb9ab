//! The attributes that a request gives for a new object, from either wire form.

use kmip::ttlv::{Tag, Unknown, Version};
use kmip::types::{
    AttributeId, AttributeInstance, AttributeSet, AttributeValue, Attributes, CryptographicAlgorithm,
    CryptographicUsageMask, Name, ObjectType, ProtectionStorageMask, ProtectionStorageMasks,
    TemplateAttribute,
};

use super::rules;
use crate::engine::{Failure, Kind};

/// What the attributes of a request are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The server makes the object.
    Generate,
    /// The server makes it, and the client says whose it is to be.
    Certify,
    /// The client hands it over.
    Register,
    /// The client hands it over with all that another server has said of it.
    Import,
}

impl Purpose {
    /// Whether a request may say what an attribute is to be, although the rules have the server set it: what the
    /// object is to be like, or is (KMIP 1.4 tables 165 and 171).
    pub(super) fn may_ask_for(self, tag: Tag) -> bool {
        match tag {
            // 1.4 §4.41, 2.0 §6.1.24: "Initially set by" is not enforced.
            _ if self == Self::Import => true,
            Tag::CryptographicAlgorithm | Tag::CryptographicLength | Tag::KeyFormatType => true,
            Tag::CertificateType if self == Self::Certify => true,
            Tag::CertificateType
            | Tag::CertificateLength
            | Tag::DigitalSignatureAlgorithm
            | Tag::OpaqueDataType => self == Self::Register,
            _ if self == Self::Certify && SUBJECT.contains(&tag) => true,
            // As good as Protection Storage Masks of 2.0, which say the same.
            Tag::ProtectionStorageMask => true,
            _ => false,
        }
    }
}

/// Attributes from a request, of which nothing is checked yet.
#[derive(Clone, Debug, Default)]
pub struct Requested {
    /// The attributes.
    pub attributes: AttributeSet,
    /// Names of templates with more of them (1.x).
    pub templates: Vec<Name>,
}

impl Requested {
    /// From the fields of a request, of which each version has one.
    ///
    /// # Errors
    ///
    /// When there is something among the attributes that is none.
    pub fn new(template: Option<TemplateAttribute>, attributes: Option<Attributes>) -> Result<Self, Failure> {
        let mut requested = Self::default();
        if let Some(mut template) = template {
            no_unknown(&template.unknown)?;
            requested.templates = std::mem::take(&mut template.name);
            // Numbered in their order, whatever indexes the client has given them.
            requested.attributes.extend(AttributeSet::from_template_attribute(template));
        }
        if let Some(attributes) = attributes {
            no_unknown(&attributes.unknown)?;
            requested.attributes.extend(AttributeSet::from_attributes(attributes));
        }
        Ok(requested)
    }

    /// Adds what a template says beside what is there (1.4 §4). A template's own Name is not that of the object.
    pub fn add_template(&mut self, template: AttributeSet, version: Version) {
        let name = AttributeId::Standard(Tag::Name);
        self.add_beside(template.into_iter().filter(|instance| instance.id != name), version);
    }

    /// Adds what is asked for both keys of a pair: what is asked for this one goes before it (1.4 §4.2).
    pub fn add_common(&mut self, common: &AttributeSet, version: Version) {
        self.add_beside(common.iter().cloned(), version);
    }

    /// Adds of attributes with one value those that are not there yet, of the others "the union".
    fn add_beside(&mut self, more: impl Iterator<Item = AttributeInstance>, version: Version) {
        let own = self.attributes.clone();
        for instance in more {
            let several = match instance.id {
                AttributeId::Standard(tag) => {
                    rules::rules_of(tag, version).is_ok_and(|rules| rules.multiple_instances)
                }
                AttributeId::Vendor { .. } => true,
            };
            if !own.all(&instance.id).any(|other| !several || other.value == instance.value) {
                self.attributes.add(instance);
            }
        }
    }

    /// The attributes, if the rules of the version allow all of them for a new object of this type.
    ///
    /// # Errors
    ///
    /// When they don't.
    pub fn check(
        self,
        object_type: ObjectType,
        purpose: Purpose,
        version: Version,
    ) -> Result<AttributeSet, Failure> {
        for instance in &self.attributes {
            rules::check_new(instance, object_type, purpose, version)?;
        }
        rules::check_instances(&self.attributes, version)?;
        Ok(self.attributes)
    }
}

fn no_unknown(unknown: &Unknown) -> Result<(), Failure> {
    match unknown.iter().next() {
        Some(item) => Err(Failure::new(Kind::UnsupportedAttribute, format!("{} is no attribute", item.tag))),
        None => Ok(()),
    }
}

/// Checks that the server can protect an object in one of the ways that a client accepts (2.0 §7.27): it keeps all of
/// them in software.
pub(crate) fn check_protection(masks: Option<&ProtectionStorageMasks>) -> Result<(), Failure> {
    let Some(masks) = masks.filter(|masks| !masks.protection_storage_mask.is_empty()) else { return Ok(()) };
    if masks.protection_storage_mask.iter().any(|mask| PROTECTION.contains(*mask)) {
        return Ok(());
    }
    Err(unprotected())
}

#[cold]
pub(crate) fn unprotected() -> Failure {
    Failure::new(Kind::ProtectionStorage, "objects are protected by software alone")
}

/// What says whose a certificate is (1.0 §3.10, 1.4 §3.11, 2.0 §4.6).
pub(crate) const SUBJECT: [Tag; 14] = [
    Tag::CertificateSubject,
    Tag::X_509CertificateSubject,
    Tag::CertificateSubjectCN,
    Tag::CertificateSubjectO,
    Tag::CertificateSubjectOU,
    Tag::CertificateSubjectEmail,
    Tag::CertificateSubjectC,
    Tag::CertificateSubjectST,
    Tag::CertificateSubjectL,
    Tag::CertificateSubjectUID,
    Tag::CertificateSubjectSerialNumber,
    Tag::CertificateSubjectTitle,
    Tag::CertificateSubjectDC,
    Tag::CertificateSubjectDNQualifier,
];

/// How objects are protected.
pub(crate) const PROTECTION: ProtectionStorageMask = ProtectionStorageMask::Software;

/// The Cryptographic Algorithm.
pub(crate) fn algorithm(attributes: &AttributeSet) -> Option<CryptographicAlgorithm> {
    match attributes.get(Tag::CryptographicAlgorithm) {
        Some(AttributeValue::CryptographicAlgorithm(algorithm)) => Some(*algorithm),
        _ => None,
    }
}

/// The Cryptographic Length.
pub(crate) fn length(attributes: &AttributeSet) -> Option<i32> {
    match attributes.get(Tag::CryptographicLength) {
        Some(AttributeValue::CryptographicLength(length)) => Some(*length),
        _ => None,
    }
}

/// The Cryptographic Usage Mask.
pub(crate) fn usage_mask(attributes: &AttributeSet) -> Option<CryptographicUsageMask> {
    match attributes.get(Tag::CryptographicUsageMask) {
        Some(AttributeValue::CryptographicUsageMask(mask)) => Some(*mask),
        _ => None,
    }
}

/// The value of an attribute that is a Boolean.
pub(crate) fn flag(attributes: &AttributeSet, tag: Tag) -> Option<bool> {
    use AttributeValue as V;
    match attributes.get(tag) {
        Some(
            V::Fresh(value)
            | V::Sensitive(value)
            | V::AlwaysSensitive(value)
            | V::Extractable(value)
            | V::NeverExtractable(value)
            | V::KeyValuePresent(value)
            | V::QuantumSafe(value),
        ) => Some(*value),
        _ => None,
    }
}

/// The kind of failure for an attribute that a request has to give and doesn't (PyKMIP answers the same).
#[cold]
pub(crate) fn required(what: &'static str) -> Failure {
    Failure::new(Kind::InvalidField, format!("{what} must be given as an attribute"))
}
