//! An object that a client brings along with its identifier and all its attributes.

use kmip::ttlv::{ByTag, Tag, Text};
use kmip::types::{AttributeId, AttributeSet, AttributeValue, ManagedObject};

use super::attributes::{Facts, implicit};
use super::context::{Context, decide};
use super::object::{Managed, Wanted};
use super::{Failure, Kind, names, record};
use crate::store::{Header, Transaction};

impl Context<'_> {
    /// Adds an object under an identifier of the client's, or puts it in the place of the one that is there, if that is
    /// asked for and the caller may do so. It becomes the ID Placeholder.
    ///
    /// # Errors
    ///
    /// When there is one and it isn't to be replaced, or not by this caller; when the attributes contradict each other;
    /// when the store fails.
    pub(crate) fn import(
        &mut self,
        identifier: &Text,
        given: &AttributeSet,
        facts: &Facts,
        object: &ManagedObject,
        replace: bool,
    ) -> Result<(), Failure> {
        let (engine, caller, now, operation) = (self.engine, self.caller, self.now, self.operation);
        let version = self.version;
        let Some(owner) = &caller.user else {
            return Err(Failure::new(Kind::PermissionDenied, "nobody would own the object"));
        };
        let mut attributes =
            implicit::complete(identifier, without_own(given), facts, now, &engine.settings)?;
        // 2.0 §6.1.24: "all attributes MUST be set to the supplied values rather than any server generated values".
        for instance in given {
            if AS_GIVEN.iter().any(|tag| instance.id == AttributeId::Standard(*tag)) {
                attributes.set(instance.value.clone());
            }
        }
        let material = record::encode_object(object, self.version).map_err(|error| {
            Failure::new(
                Kind::InvalidField,
                format!("the object is not as the specification says: {}", error.kind()),
            )
        })?;
        self.trace.names(identifier);
        self.transact(|transaction, trace| {
            let allow = |header: &Header| trace.decided(decide(engine, caller, header, operation));
            let existing = if is_there(transaction, identifier)? {
                if !replace {
                    return Err(exists());
                }
                let existing =
                    Managed::load(transaction, &engine.seal, identifier, Wanted::Attributes, now, allow)
                        .map_err(hide)?;
                Some(existing)
            } else {
                None
            };
            let before = existing.as_ref().map(names::of).unwrap_or_default();
            let managed = match existing {
                Some(existing) => existing.replaced(attributes.clone(), material.clone()),
                None => Managed::new(owner, attributes.clone(), material.clone()),
            };
            names::check(engine, caller, transaction, &managed, &before)?;
            engine.save(&managed, transaction, version)
        })?;
        self.set_placeholder(identifier);
        self.returns(identifier);
        Ok(())
    }
}

fn is_there(transaction: &dyn Transaction, identifier: &str) -> Result<bool, Failure> {
    Ok(transaction.object(identifier)?.is_some())
}

#[cold]
fn exists() -> Failure {
    Failure::new(Kind::AlreadyExists, "there is an object with this Unique Identifier")
}

/// Who may not know of the object that is there learns no more than that the identifier is taken.
fn hide(failure: Failure) -> Failure {
    if failure.kind() == Kind::NotFound { exists() } else { failure }
}

/// The attributes without those that every object here has of its own.
fn without_own(given: &AttributeSet) -> AttributeSet {
    const OWN: [Tag; 3] = [Tag::UniqueIdentifier, Tag::ShortUniqueIdentifier, Tag::ObjectType];
    let is_own = |value: &AttributeValue| OWN.contains(&value.tag());
    given.iter().filter(|instance| !is_own(&instance.value)).cloned().collect()
}

/// What the server would otherwise make itself of a new object.
const AS_GIVEN: [Tag; 5] =
    [Tag::ShortUniqueIdentifier, Tag::AlwaysSensitive, Tag::NeverExtractable, Tag::UsageLimits, Tag::Digest];
