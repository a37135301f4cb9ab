//! An object of another server's becomes one of this server's.

use kmip::ttlv::{DateTime, Tag};
use kmip::types::{AttributeSet, AttributeValue, ManagedObject, version};

use super::attributes::{Purpose, implicit};
use super::object::Managed;
use super::{Failure, Settings, facts, record};
use crate::ops::take_from_object;
use crate::seal::Seal;
use crate::store::Transaction;

/// An object, and what its former server said of it.
pub(crate) struct Adopted {
    /// Its Unique Identifier, which stays.
    pub(crate) identifier: String,
    /// Whose it is.
    pub(crate) owner: String,
    /// Its attributes, but for those that the object itself tells.
    pub(crate) attributes: AttributeSet,
    /// The object.
    pub(crate) object: ManagedObject,
}

/// Adds an object with what its former server said of it. What that didn't say, and every object has here, is added;
/// nothing is claimed of the time before.
///
/// # Errors
///
/// When what was said contradicts itself, or the store fails.
pub(crate) fn adopt(
    transaction: &mut dyn Transaction,
    seal: &Seal,
    settings: &Settings,
    now: DateTime,
    adopted: &Adopted,
) -> Result<(), Failure> {
    let written_in = version::V1_4;
    let facts = facts(&adopted.object, Purpose::Register, written_in)?;
    let mut given = adopted.attributes.clone();
    take_from_object(&mut given, &adopted.object)?;
    // The former server has never looked into its certificates: one that can't be read is kept as it is.
    if let ManagedObject::Certificate(certificate) = &adopted.object
        && let Ok(described) = super::keys::describe_certificate(certificate, written_in)
    {
        for value in described {
            if given.iter().all(|instance| instance.value != value) {
                given.add(value);
            }
        }
    }
    if facts.object_type != kmip::types::ObjectType::Template {
        // It may have been given out before.
        given.set(AttributeValue::Fresh(false));
    }
    let mut attributes = implicit::complete(&adopted.identifier, given, &facts, now, settings)?;
    // Nobody knows what it was before.
    for unknown in [AttributeValue::AlwaysSensitive(false), AttributeValue::NeverExtractable(false)] {
        if attributes.get(kmip::ttlv::ByTag::tag(&unknown)).is_some() {
            attributes.set(unknown);
        }
    }
    debug_assert!(attributes.get(Tag::UniqueIdentifier).is_some());
    let material = record::encode_object(&adopted.object, written_in)?;
    Managed::new(&adopted.owner, attributes, material).save(transaction, seal)
}
