//! Names that belong to one object (KMIP 1.4 §3.2: "SHALL be unique within a given key management domain").
//!
//! A client's domain is what it may locate: that another client's object has a Name says nothing to it. Whether the rule
//! is kept is a setting.

use kmip::ttlv::Tag;
use kmip::types::{AttributeId, AttributeInstance, AttributeValue, StorageStatusMask};

use super::object::Managed;
use super::{Engine, Failure, Kind, index};
use crate::rights::Caller;
use crate::store::{Condition, Query, Snapshot};

/// The Names of an object.
pub(super) fn of(object: &Managed) -> Vec<AttributeValue> {
    object.attributes.all(&NAME).map(|instance| instance.value.clone()).collect()
}

/// Checks that no other object has a Name of this one, but for those that it had `before`. It is asked in the transaction
/// that writes the object, so that of two clients at the same time one is refused.
pub(super) fn check(
    engine: &Engine,
    caller: &Caller,
    snapshot: &dyn Snapshot,
    object: &Managed,
    before: &[AttributeValue],
) -> Result<(), Failure> {
    if !engine.settings.unique_names {
        return Ok(());
    }
    for instance in object.attributes.all(&NAME).filter(|instance| !before.contains(&instance.value)) {
        if is_taken(engine, caller, snapshot, object, instance)? {
            return Err(Failure::new(Kind::NameTaken, "another object has this Name"));
        }
    }
    Ok(())
}

fn is_taken(
    engine: &Engine,
    caller: &Caller,
    snapshot: &dyn Snapshot,
    object: &Managed,
    name: &AttributeInstance,
) -> Result<bool, Failure> {
    let row = index::rows_of(name, &engine.seal)?.whole;
    let living = StorageStatusMask::OnLineStorage | StorageStatusMask::ArchivalStorage;
    let query = Query {
        conditions: vec![Condition::Equals { attribute: row.attribute, value: row.value }],
        storage: Some(living.bits()),
        limit: Some(2),
        ..Query::new(engine.policies.load().visibility(caller))
    };
    let located = snapshot.locate(&query)?;
    Ok(located.identifiers.iter().any(|identifier| !object.is_called(identifier)))
}

const NAME: AttributeId = AttributeId::Standard(Tag::Name);
