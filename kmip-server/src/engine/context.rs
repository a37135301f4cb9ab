//! What an operation works with: who asks, in which version, and the objects that they may have.

use std::sync::Arc;

use kmip::ttlv::{Bytes, DateTime, Secret, Text, Version};
use kmip::types::{
    AttributeSet, AttributeValue, Data, DataEnumeration, ManagedObject, Operation, UniqueIdentifier,
    UniqueIdentifierEnumeration, tables,
};

use super::account::{Origin, Trace};
use super::ahead::Ahead;
use super::attributes::{Facts, implicit};
use super::object::{Managed, Wanted, subject};
use super::{Engine, Failure, Kind, Settings, lifecycle, names, record};
use crate::rights::{Caller, Decision, Policies};
use crate::seal::Seal;
use crate::store::{self, Located, Query, Snapshot, Store, Transaction};

/// One operation's view of the server.
pub struct Context<'a> {
    pub(super) engine: &'a Engine,
    pub(super) access: Access<'a>,
    pub(super) caller: &'a Caller,
    pub(super) session: &'a mut Session,
    pub(super) version: Version,
    pub(super) operation: Operation,
    pub(super) now: DateTime,
    pub(super) origin: &'a Origin,
    pub(super) trace: Trace,
    /// The digest of the certificate that the request came with.
    pub(super) certificate: Option<[u8; 32]>,
    /// What was made ahead of the transaction that all of this is part of.
    pub(super) ahead: Option<&'a mut Ahead>,
    /// How much room the response will need beyond the usual.
    pub(super) room: usize,
}

/// Where objects are read and written.
pub(super) enum Access<'a> {
    /// Each change is a transaction of its own.
    Store(&'a dyn Store),
    /// All of them are parts of one that is open.
    Transaction(&'a mut dyn Transaction),
}

/// What the items of one request know of one another.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    /// The ID Placeholder (1.4 §4).
    placeholder: Option<Text>,
    /// The objects that operations named last, by what KMIP 2.0 calls them (§11.56).
    named: Vec<(UniqueIdentifierEnumeration, Text)>,
    /// Every identifier that the responses so far have named, in their order.
    returned: Vec<Text>,
    /// The data that the responses so far have held, and of which operation it is (2.0 §7.5).
    data: Vec<(DataEnumeration, Secret)>,
    /// The Correlation Values under which operations go on that have taken a part.
    pub(super) streams: Vec<Bytes>,
}

impl Session {
    /// How many identifiers the responses so far have named.
    pub(super) fn count_returned(&self) -> usize {
        self.returned.len()
    }

    /// Has the responses name no more than so many: the others were left out of an answer that failed.
    pub(super) fn forget_returned(&mut self, count: usize) {
        self.returned.truncate(count);
    }

    /// Says which object an operation named last.
    pub(super) fn name(&mut self, name: UniqueIdentifierEnumeration, identifier: &Text) {
        self.named.retain(|(other, _)| *other != name);
        self.named.push((name, identifier.clone()));
    }
}

impl Context<'_> {
    /// The version of the request.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The time at which the request is handled: the same for all that it does.
    pub fn now(&self) -> DateTime {
        self.now
    }

    /// The server's settings.
    pub fn settings(&self) -> &Settings {
        &self.engine.settings
    }

    /// Announces that the response holds about `size` bytes, so that they are written in one piece.
    pub fn reserve(&mut self, size: usize) {
        self.room = self.room.saturating_add(size);
    }

    /// The identifier that a request means: the one it gives, or the ID Placeholder.
    ///
    /// # Errors
    ///
    /// When it gives none and the placeholder is empty, or what it gives means no object.
    pub fn target(&self, given: Option<UniqueIdentifier>) -> Result<Text, Failure> {
        let unset = |what: &str| {
            Failure::new(Kind::NotFound, format!("the request means an object by {what}, and there is none"))
        };
        match given {
            Some(UniqueIdentifier::TextString(text)) => Ok(text),
            None
            | Some(UniqueIdentifier::UniqueIdentifierEnumeration(
                UniqueIdentifierEnumeration::IDPlaceholder,
            )) => self.session.placeholder.clone().ok_or_else(|| unset("the ID Placeholder")),
            Some(UniqueIdentifier::UniqueIdentifierEnumeration(name)) => self
                .session
                .named
                .iter()
                .find(|(other, _)| *other == name)
                .map(|(_, identifier)| identifier.clone())
                .ok_or_else(|| unset(name.name().unwrap_or("an unknown enumeration value"))),
            // KMIP 2.0 §4.51: counted from the first, or backwards from this item.
            Some(UniqueIdentifier::Integer(number)) => {
                let place = match usize::try_from(number) {
                    Ok(place) => Some(place),
                    Err(_) => usize::try_from(number.unsigned_abs())
                        .ok()
                        .and_then(|back| self.session.returned.len().checked_sub(back)),
                };
                place
                    .and_then(|place| self.session.returned.get(place))
                    .cloned()
                    .ok_or_else(|| unset("its number"))
            }
            Some(UniqueIdentifier::Other(_)) => Err(Failure::new(
                Kind::InvalidMessage,
                "the Unique Identifier is of no type that it may have",
            )),
        }
    }

    /// Says which object the operation made or found, for the items that follow.
    pub fn set_placeholder(&mut self, identifier: &Text) {
        if tables::operation_info(self.operation).is_some_and(|info| info.sets_id_placeholder) {
            self.session.placeholder = Some(identifier.clone());
        }
        if let Some(name) = named(self.operation) {
            self.session.name(name, identifier);
        }
    }

    /// Empties the ID Placeholder.
    pub fn clear_placeholder(&mut self) {
        self.session.placeholder = None;
        if let Some(name) = named(self.operation) {
            self.session.named.retain(|(other, _)| *other != name);
        }
    }

    /// Takes note of an identifier that the response names.
    pub fn returns(&mut self, identifier: &Text) {
        self.session.returned.push(identifier.clone());
    }

    /// The data that a request means: what it holds, or what an operation before it in the batch gave (2.0 §7.5).
    ///
    /// # Errors
    ///
    /// When no operation gave any.
    pub(crate) fn data(&self, given: Data) -> Result<Secret, Failure> {
        let outputs = &self.session.data;
        let found = match given {
            Data::ByteString(data) => return Ok(data),
            Data::DataEnumeration(of) => outputs.iter().rev().find(|(kind, _)| *kind == of),
            Data::Integer(number) => match usize::try_from(number) {
                Ok(place) => outputs.get(place),
                Err(_) => usize::try_from(number.unsigned_abs())
                    .ok()
                    .and_then(|back| outputs.len().checked_sub(back))
                    .and_then(|place| outputs.get(place)),
            },
            Data::Other(_) => {
                return Err(Failure::new(Kind::InvalidMessage, "the Data is of no type that it may have"));
            }
        };
        found.map(|(_, data)| data.clone()).ok_or_else(|| {
            Failure::new(Kind::InvalidField, "no operation before this one gave the Data that is meant")
        })
    }

    /// Takes note of data that the response holds.
    pub(crate) fn yields(&mut self, kind: DataEnumeration, data: &Secret) {
        if kind.is_in(self.version) {
            self.session.data.push((kind, data.clone()));
        }
    }

    /// The object that the caller names, without its material, if they may do `operation` to it.
    ///
    /// # Errors
    ///
    /// When there is none, when the caller may not know of it (in the same words), or not use it so.
    pub fn object(&mut self, identifier: &str, operation: Operation) -> Result<Managed, Failure> {
        self.load(identifier, operation, Wanted::Attributes)
    }

    /// The same, with its material.
    ///
    /// # Errors
    ///
    /// As [`Self::object`].
    pub fn object_with_material(
        &mut self,
        identifier: &str,
        operation: Operation,
    ) -> Result<Managed, Failure> {
        self.load(identifier, operation, Wanted::All)
    }

    /// Changes the object that the caller names, if they may do `operation` to it. Its Last Change Date is set.
    ///
    /// What `change` returns an error for is left as it was. It may be run more than once.
    ///
    /// # Errors
    ///
    /// As [`Self::object`], and those of `change`.
    pub fn change<T>(
        &mut self,
        identifier: &str,
        operation: Operation,
        mut change: impl FnMut(&mut Managed) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (engine, caller, now, version) = (self.engine, self.caller, self.now, self.version);
        self.trace.names(identifier);
        self.transact(|transaction, trace| {
            let allow = |header: &store::Header| trace.decided(decide(engine, caller, header, operation));
            let mut object = Managed::load(transaction, &engine.seal, identifier, Wanted::All, now, allow)?;
            let names = names::of(&object);
            let value = change(&mut object)?;
            object.attributes.set(AttributeValue::LastChangeDate(now));
            names::check(engine, caller, transaction, &object, &names)?;
            engine.save(&object, transaction, version)?;
            Ok(value)
        })
    }

    /// Adds an object, which the caller owns from then on, with the attributes that its client gave and the server's.
    /// Its new identifier becomes the ID Placeholder.
    ///
    /// # Errors
    ///
    /// When the attributes contradict each other, or the store fails.
    pub fn insert(
        &mut self,
        given: AttributeSet,
        facts: &Facts,
        object: &ManagedObject,
        written_in: Version,
    ) -> Result<Text, Failure> {
        let Some(owner) = &self.caller.user else {
            return Err(Failure::new(Kind::PermissionDenied, "nobody would own the object"));
        };
        let identifier = new_identifier()?;
        let attributes = implicit::complete(&identifier, given, facts, self.now, &self.engine.settings)?;
        let material = record::encode_object(object, written_in).map_err(|error| {
            // It was read leniently, and can't be written as it is.
            Failure::new(
                Kind::InvalidField,
                format!("the object is not as the specification says: {}", error.kind()),
            )
        })?;
        let managed = Managed::new(owner, attributes, material);
        let (engine, caller, version) = (self.engine, self.caller, self.version);
        self.trace.names(&identifier);
        self.transact(|transaction, _| {
            names::check(engine, caller, transaction, &managed, &[])?;
            engine.save(&managed, transaction, version)
        })?;
        self.set_placeholder(&identifier);
        self.returns(&identifier);
        Ok(identifier)
    }

    /// The objects that meet a query, of those that the caller may see.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn locate(&mut self, query: &Query) -> Result<Located, Failure> {
        self.engine.catch_up(&mut self.access, self.now)?;
        self.read(|snapshot, _| Ok(snapshot.locate(query)?))
    }

    /// The attributes of an object that was located, to look closer at it.
    ///
    /// # Errors
    ///
    /// As [`Self::object`].
    pub(crate) fn located(&mut self, identifier: &str) -> Result<Managed, Failure> {
        self.load(identifier, Operation::Locate, Wanted::Attributes)
    }

    /// The policies in force.
    pub(crate) fn policies(&self) -> Arc<Policies> {
        self.engine.policies.load_full()
    }

    /// Who asks.
    pub(crate) fn caller(&self) -> &Caller {
        self.caller
    }

    /// Makes and opens what is at rest.
    pub(crate) fn seal(&self) -> &Seal {
        &self.engine.seal
    }

    /// The operation that is asked for.
    pub(crate) fn operation(&self) -> Operation {
        self.operation
    }

    fn load(&mut self, identifier: &str, operation: Operation, wanted: Wanted) -> Result<Managed, Failure> {
        let (engine, caller, now) = (self.engine, self.caller, self.now);
        // Those that Locate looks through are many, and not what it was asked for.
        if operation != Operation::Locate {
            self.trace.names(identifier);
        }
        self.read(|snapshot, trace| {
            let allow = |header: &store::Header| trace.decided(decide(engine, caller, header, operation));
            Managed::load(snapshot, &engine.seal, identifier, wanted, now, allow)
        })
    }

    pub(super) fn read<T>(
        &mut self,
        mut f: impl FnMut(&dyn Snapshot, &Trace) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let trace = &self.trace;
        match &mut self.access {
            Access::Store(store) => store::read(*store, |snapshot| f(snapshot, trace)),
            Access::Transaction(transaction) => f(*transaction, trace),
        }
    }

    /// Changes something, wholly or not at all, and records that with it: here, or where the transaction is made that
    /// all items are parts of.
    pub(super) fn transact<T>(
        &mut self,
        mut f: impl FnMut(&mut dyn Transaction, &Trace) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (engine, origin, trace, operation) = (self.engine, self.origin, &self.trace, self.operation);
        match &mut self.access {
            Access::Store(store) => {
                let value = store::transact(*store, |transaction| {
                    let value = f(transaction, trace)?;
                    if engine.audit.is_some() {
                        engine.record(transaction, &[trace.entry(origin, operation)])?;
                    }
                    Ok::<_, Failure>(value)
                })?;
                trace.is_recorded();
                Ok(value)
            }
            Access::Transaction(transaction) => {
                store::savepoint(*transaction, |transaction| f(transaction, trace))
            }
        }
    }
}

impl Access<'_> {
    /// Changes something, wholly or not at all.
    pub(super) fn transact<T>(
        &mut self,
        f: impl FnMut(&mut dyn Transaction) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self {
            Self::Store(store) => store::transact(*store, f),
            Self::Transaction(transaction) => store::savepoint(*transaction, f),
        }
    }
}

/// Whether a caller may do an operation to the object of this header.
pub(super) fn decide(
    engine: &Engine,
    caller: &Caller,
    header: &store::Header,
    operation: Operation,
) -> Result<(), Failure> {
    // Of a destroyed template, nothing is left (1.4 §4.21).
    let is_gone = header.object_type == kmip::types::ObjectType::Template.0
        && header.storage == kmip::types::StorageStatusMask::DestroyedStorage.bits();
    if is_gone {
        return Err(Failure::not_found());
    }
    let decision = engine.policies.load().decide(caller, subject(header), operation);
    // Of what its user may not know of, a ticket says nothing either.
    if decision != Decision::Absent
        && let Some(grant) = &caller.ticket
    {
        grant.check_object(operation, &header.identifier)?;
    }
    match decision {
        // 1.4 §11: what is archived is recovered before anything else is done with it.
        Decision::Allowed
            if header.storage == kmip::types::StorageStatusMask::ArchivalStorage.bits()
                && !ON_ARCHIVED.contains(&operation) =>
        {
            Err(Failure::new(Kind::Archived, "the object is archived: it has to be recovered first"))
        }
        Decision::Allowed => Ok(()),
        Decision::Denied => {
            Err(Failure::new(Kind::PermissionDenied, "the object's policy does not allow this"))
        }
        Decision::Absent if engine.settings.hide_objects || caller.user.is_none() => {
            Err(Failure::not_found())
        }
        Decision::Absent => {
            Err(Failure::new(Kind::PermissionDenied, "the object's policy does not allow this"))
        }
    }
}

/// What can be done to an archived object. Its attributes stay on line (1.4 §4.9), the Archive Date among them, which is
/// there only as long as the object is archived (official case TC-101).
const ON_ARCHIVED: [Operation; 4] =
    [Operation::GetAttributes, Operation::GetAttributeList, Operation::Locate, Operation::Recover];

/// What KMIP 2.0 §11.56 calls the object that an operation names last.
fn named(operation: Operation) -> Option<UniqueIdentifierEnumeration> {
    use UniqueIdentifierEnumeration as U;
    Some(match operation {
        Operation::Certify => U::Certify,
        Operation::Create => U::Create,
        Operation::CreateKeyPair => U::CreateKeyPair,
        Operation::CreateSplitKey => U::CreateSplitKey,
        Operation::DeriveKey => U::DeriveKey,
        Operation::Import => U::Import,
        Operation::JoinSplitKey => U::JoinSplitKey,
        Operation::Locate => U::Locate,
        Operation::Register => U::Register,
        Operation::ReKey => U::ReKey,
        Operation::ReKeyKeyPair => U::ReKeyKeyPair,
        Operation::ReCertify => U::ReCertify,
        _ => return None,
    })
}

/// A random Unique Identifier.
pub(super) fn new_identifier() -> Result<Text, Failure> {
    let mut bytes = [0; 16];
    crate::crypto::fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string().into())
}

impl Engine {
    /// Brings the states of objects up to date whose time has come, so that they are found by them.
    pub(super) fn catch_up(&self, access: &mut Access<'_>, now: DateTime) -> Result<(), Failure> {
        loop {
            let due = match access {
                Access::Store(store) => store::read(*store, |snapshot| snapshot.due(now.0, CATCH_UP)),
                Access::Transaction(transaction) => transaction.due(now.0, CATCH_UP),
            }?;
            if due.is_empty() {
                return Ok(());
            }
            access.transact(|transaction| {
                for identifier in &due {
                    let object =
                        Managed::load(transaction, &self.seal, identifier, Wanted::All, now, |_| Ok(()))?;
                    // Loading has made the change of state; what is left is to write it.
                    debug_assert!(lifecycle::due(&object.attributes).is_none_or(|due| due > now));
                    self.save(&object, transaction, UNASKED)?;
                }
                Ok(())
            })?;
        }
    }
}

/// The version in which a change is told that no request made: what most clients understand.
const UNASKED: Version = kmip::types::version::V1_4;

/// How many objects are brought up to date in one transaction.
const CATCH_UP: u32 = 256;
