//! Several objects added and changed at once: wholly, or not at all.

use kmip::ttlv::{DateTime, Text, Version};
use kmip::types::{AttributeSet, AttributeValue, ManagedObject, Operation, UniqueIdentifierEnumeration};

use super::account::Trace;
use super::attributes::{Facts, implicit};
use super::context::{Context, decide, new_identifier};
use super::object::{Managed, Wanted};
use super::{Engine, Failure, Kind, names, record};
use crate::rights::Caller;
use crate::store::{self, Transaction};

/// An object that is about to be.
#[derive(Debug)]
pub(crate) struct New {
    /// Its Unique Identifier, so that others can be linked to it.
    pub(crate) identifier: Text,
    /// The attributes that its client gave, or that it takes over.
    pub(crate) given: AttributeSet,
    /// What is known of it beside them.
    pub(crate) facts: Facts,
    /// The object itself.
    pub(crate) object: ManagedObject,
}

/// What a transaction may do on behalf of a caller.
pub(crate) struct Writer<'a> {
    engine: &'a Engine,
    caller: &'a Caller,
    now: DateTime,
    version: Version,
    trace: &'a Trace,
    transaction: &'a mut dyn Transaction,
}

impl Writer<'_> {
    /// The object that the caller names, if they may do `operation` to it.
    ///
    /// # Errors
    ///
    /// As [`Context::object`].
    pub(crate) fn object(&self, identifier: &str, operation: Operation) -> Result<Managed, Failure> {
        self.trace.names(identifier);
        let decide = |header: &store::Header| decide(self.engine, self.caller, header, operation);
        let allow = |header: &store::Header| self.trace.decided(decide(header));
        Managed::load(&*self.transaction, &self.engine.seal, identifier, Wanted::All, self.now, allow)
    }

    /// Writes a changed object; its Last Change Date is set.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) fn save(&mut self, mut object: Managed) -> Result<(), Failure> {
        object.attributes.set(AttributeValue::LastChangeDate(self.now));
        self.engine.save(&object, self.transaction, self.version)
    }

    /// Adds an object, which the caller owns. Names of its own in `shared` may be those of another object too.
    ///
    /// # Errors
    ///
    /// As [`Context::insert`].
    pub(crate) fn insert(&mut self, new: &New, shared: &[AttributeValue]) -> Result<(), Failure> {
        let Some(owner) = self.caller.user.as_deref() else {
            return Err(Failure::new(Kind::PermissionDenied, "nobody would own the object"));
        };
        self.insert_for(owner, new, shared)
    }

    /// Adds an object that takes the place of another, whose owner keeps it, whoever asks for that.
    ///
    /// # Errors
    ///
    /// As [`Context::insert`].
    pub(crate) fn insert_for(
        &mut self,
        owner: &str,
        new: &New,
        shared: &[AttributeValue],
    ) -> Result<(), Failure> {
        self.trace.names(&new.identifier);
        let settings = &self.engine.settings;
        let attributes =
            implicit::complete(&new.identifier, new.given.clone(), &new.facts, self.now, settings)?;
        let material = record::encode_object(&new.object, self.version)?;
        let managed = Managed::new(owner, attributes, material);
        names::check(self.engine, self.caller, &*self.transaction, &managed, shared)?;
        self.engine.save(&managed, self.transaction, self.version)
    }
}

impl Context<'_> {
    /// Adds and changes objects in one transaction. What `write` returns an error for is left as it was; it may be run
    /// more than once.
    ///
    /// # Errors
    ///
    /// Those of `write`, and those of the store.
    pub(crate) fn write<T>(
        &mut self,
        mut write: impl FnMut(&mut Writer<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (engine, caller, now, version) = (self.engine, self.caller, self.now, self.version);
        self.transact(|transaction, trace| {
            write(&mut Writer { engine, caller, now, version, trace, transaction })
        })
    }

    /// A Unique Identifier that nothing has yet.
    ///
    /// # Errors
    ///
    /// When there is no randomness to be had.
    pub(crate) fn new_identifier(&self) -> Result<Text, Failure> {
        new_identifier()
    }

    /// Says which key pair the operation made: the private key is the ID Placeholder (1.4 §4.2, §4.5), and each has its
    /// name in 2.0 (§11.56).
    pub(crate) fn returns_pair(&mut self, private: &Text, public: &Text) {
        use UniqueIdentifierEnumeration as U;
        self.set_placeholder(private);
        let names = match self.operation {
            Operation::CreateKeyPair => [U::CreateKeyPairPrivateKey, U::CreateKeyPairPublicKey],
            _ => [U::ReKeyKeyPairPrivateKey, U::ReKeyKeyPairPublicKey],
        };
        for (name, identifier) in names.into_iter().zip([private, public]) {
            self.session.name(name, identifier);
            self.returns(identifier);
        }
    }
}
