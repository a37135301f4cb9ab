//! What a version lets its clients see of an object's attributes.

use std::borrow::Cow;

use kmip::ttlv::{Value, Version};
use kmip::types::tables::attribute_info;
use kmip::types::{
    Attribute, AttributeId, AttributeInstance, AttributeSet, AttributeValue, CryptographicParameters, Digest,
    ObjectType,
};

use super::rules;
use crate::engine::keys;

/// The attributes of an object as the clients of a version know them.
#[derive(Clone, Copy)]
pub struct View<'a> {
    attributes: &'a AttributeSet,
    object_type: ObjectType,
    version: Version,
}

impl<'a> View<'a> {
    /// What `version` shows of the attributes of an object of this type.
    pub fn new(attributes: &'a AttributeSet, object_type: ObjectType, version: Version) -> Self {
        Self { attributes, object_type, version }
    }

    /// Every instance of every attribute, in a stable order.
    pub fn all(self) -> impl Iterator<Item = Cow<'a, AttributeInstance>> {
        self.attributes
            .iter()
            .filter(move |instance| self.shows(&instance.id) && is_sayable(instance, self.version))
            .map(move |instance| self.fit(instance))
    }

    /// Every instance of one attribute; none where the version doesn't know it.
    pub fn of(self, id: &'a AttributeId) -> impl Iterator<Item = Cow<'a, AttributeInstance>> {
        let instances = self.shows(id).then(|| self.attributes.all(id));
        instances
            .into_iter()
            .flatten()
            .filter(move |instance| is_sayable(instance, self.version))
            .map(move |instance| self.fit(instance))
    }

    /// Which attributes there are, each once.
    pub fn ids(self) -> Vec<&'a AttributeId> {
        let mut ids: Vec<&AttributeId> = Vec::with_capacity(self.attributes.len());
        for instance in self.attributes {
            let is_shown = self.shows(&instance.id) && is_sayable(instance, self.version);
            if is_shown && !ids.contains(&&instance.id) {
                ids.push(&instance.id);
            }
        }
        ids
    }

    /// Whether the version has the attribute, and objects of this type have it there.
    fn shows(self, id: &AttributeId) -> bool {
        match id {
            AttributeId::Standard(tag) => attribute_info(*tag)
                .and_then(|info| info.rules_in(self.version))
                .is_some_and(|rules| rules::applies(*tag, rules, self.object_type)),
            AttributeId::Vendor { .. } => true,
        }
    }

    /// The instance without the fields that are newer than the version.
    fn fit(self, instance: &'a AttributeInstance) -> Cow<'a, AttributeInstance> {
        let value = match &instance.value {
            AttributeValue::Digest(digest) => fit_digest(digest, self.version).map(AttributeValue::Digest),
            AttributeValue::CryptographicParameters(parameters) => fit_parameters(parameters, self.version)
                .map(|fit| AttributeValue::CryptographicParameters(Box::new(fit))),
            AttributeValue::CryptographicAlgorithm(algorithm) => {
                let called = keys::algorithm_in(*algorithm, self.version);
                (called != *algorithm).then_some(AttributeValue::CryptographicAlgorithm(called))
            }
            AttributeValue::KeyFormatType(format) => {
                let called = keys::made_format(*format, self.version);
                (called != *format).then_some(AttributeValue::KeyFormatType(called))
            }
            _ => None,
        };
        match value {
            Some(value) => {
                Cow::Owned(AttributeInstance { id: instance.id.clone(), index: instance.index, value })
            }
            None => Cow::Borrowed(instance),
        }
    }
}

/// An attribute as KMIP 1.x carries it, with its index where there may be several: the index may always be left out where
/// it is 0 (1.4 §2.1.1), but PyKMIP's client looks for it.
pub(crate) fn numbered(instance: &AttributeInstance, version: Version) -> Attribute {
    let several = match &instance.id {
        AttributeId::Standard(tag) => {
            rules::rules_of(*tag, version).is_ok_and(|rules| rules.multiple_instances)
        }
        AttributeId::Vendor { .. } => true,
    };
    Attribute { attribute_index: several.then_some(instance.index), ..instance.to_attribute() }
}

/// Whether a vendor's value is of types that the version has: 2.0 has one more.
fn is_sayable(instance: &AttributeInstance, version: Version) -> bool {
    fn is_in(value: &Value, version: Version) -> bool {
        match value {
            Value::Structure(items) => items.iter().all(|item| is_in(&item.value, version)),
            value => value.item_type().since() <= version,
        }
    }
    match &instance.value {
        AttributeValue::Other(item) => is_in(&item.value, version),
        _ => true,
    }
}

/// The digest without what the version lacks; none if it has everything.
fn fit_digest(digest: &Digest, version: Version) -> Option<Digest> {
    // KMIP 1.0 §3.12 has no Key Format Type here, 1.1 §3.17 does.
    let format = digest
        .key_format_type
        .filter(|_| Digest::has_key_format_type(version))
        .map(|format| keys::made_format(format, version));
    (format != digest.key_format_type).then(|| Digest { key_format_type: format, ..digest.clone() })
}

/// The parameters without what the version lacks; none if it has everything.
pub(crate) fn fit_parameters(
    parameters: &CryptographicParameters,
    version: Version,
) -> Option<CryptographicParameters> {
    let mut fit = parameters.clone();
    fit.fit(version);
    (fit != *parameters).then_some(fit)
}
