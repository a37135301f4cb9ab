//! The account that the engine gives of what it does: to the audit log, and to whoever counts.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kmip::ttlv::{Text, Version};
use kmip::types::{Operation, ResultReason};

use super::{Engine, Failure, Kind};
use crate::audit::{Entry, Outcome};
use crate::handler::Peer;
use crate::request::RequestId;
use crate::rights::Caller;
use crate::store::Transaction;

/// Where a request comes from, as far as it is known.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) request: RequestId,
    pub(super) address: Option<SocketAddr>,
    pub(super) certificate: Option<[u8; 32]>,
    pub(super) user: Option<Arc<str>>,
    pub(super) ticket: bool,
    pub(super) version: Option<Version>,
}

impl Origin {
    /// Of a message of a peer that nothing is known of yet.
    pub(super) fn new(request: RequestId, peer: &Peer) -> Self {
        Self {
            request,
            address: Some(peer.address),
            certificate: peer.certificate.as_ref().map(|certificate| certificate.fingerprint_sha256),
            user: None,
            ticket: false,
            version: None,
        }
    }

    /// Of what is done later.
    pub(super) fn later(request: RequestId, version: Version) -> Self {
        Self { request, address: None, certificate: None, user: None, ticket: false, version: Some(version) }
    }

    /// From now on it is known who asks.
    pub(super) fn is_of(&mut self, caller: &Caller) {
        self.user.clone_from(&caller.user);
        self.ticket = caller.ticket.is_some();
    }

    /// What there is to say of one operation of it.
    pub(super) fn entry(&self, operation: Option<Operation>, outcome: Outcome) -> Entry {
        Entry {
            request: Some(self.request),
            address: self.address,
            user: self.user.clone(),
            ticket: self.ticket,
            certificate: if self.user.is_none() { self.certificate } else { None },
            operation,
            version: self.version,
            outcome: Some(outcome),
            ..Entry::now()
        }
    }
}

/// What is noted of an operation while it runs.
#[derive(Debug, Default)]
pub(super) struct Trace {
    objects: RefCell<Vec<Text>>,
    denied: Cell<bool>,
    recorded: Cell<bool>,
}

impl Trace {
    /// The operation concerns this object, whether it is there or not.
    pub(super) fn names(&self, identifier: &str) {
        let mut objects = self.objects.borrow_mut();
        if objects.len() < MOST_OBJECTS && !objects.iter().any(|known| **known == *identifier) {
            objects.push(identifier.into());
        }
    }

    /// Passes on what rights have said. That someone was turned away must show also where they are told that there is
    /// no such object.
    pub(super) fn decided(&self, decision: Result<(), Failure>) -> Result<(), Failure> {
        decision.inspect_err(|failure| {
            if matches!(failure.kind(), Kind::NotFound | Kind::PermissionDenied | Kind::TicketRights) {
                self.denied.set(true);
            }
        })
    }

    /// What an operation that failed has come to.
    pub(super) fn outcome(&self, failure: &Failure) -> Outcome {
        let is_denial = matches!(
            failure.kind(),
            Kind::Authentication | Kind::PermissionDenied | Kind::Ticket | Kind::TicketRights
        );
        if is_denial || self.denied.get() { Outcome::Denied } else { Outcome::Failed }
    }

    /// What there is to say of it, if it ends as it looks now.
    pub(super) fn entry(&self, origin: &Origin, operation: Operation) -> Entry {
        let objects = self.objects.borrow().clone();
        Entry { objects, ..origin.entry(Some(operation), Outcome::Success) }
    }

    /// Its record is with its change.
    pub(super) fn is_recorded(&self) {
        self.recorded.set(true);
    }
}

/// An operation that has run.
#[derive(Debug)]
pub(super) struct Ran {
    operation: Operation,
    trace: Trace,
    outcome: Outcome,
    reason: Option<ResultReason>,
    time: Duration,
}

impl Ran {
    fn entry(&self, origin: &Origin) -> Entry {
        let entry = self.trace.entry(origin, self.operation);
        Entry { outcome: Some(self.outcome), reason: self.reason, ..entry }
    }

    /// Whether its record is with its change, and still true.
    fn is_recorded(&self) -> bool {
        self.outcome == Outcome::Success && self.trace.recorded.get()
    }
}

/// What has run of a message, and isn't told yet.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) origin: Origin,
    ran: Vec<Ran>,
    /// Whether something was told that is yet to be written.
    pub(super) told: bool,
}

impl Account {
    pub(super) fn new(origin: Origin) -> Self {
        Self { origin, ran: Vec::new(), told: false }
    }

    /// An operation has run.
    pub(super) fn ran(
        &mut self,
        operation: Operation,
        trace: Trace,
        result: &Result<(), Failure>,
        version: Version,
        since: Instant,
    ) {
        let (outcome, reason) = match result {
            Ok(()) => (Outcome::Success, None),
            Err(failure) => (trace.outcome(failure), Some(failure.kind().reason(Some(operation), version))),
        };
        self.ran.push(Ran { operation, trace, outcome, reason, time: since.elapsed() });
    }

    /// Nothing of what has run since it was last told has happened.
    pub(super) fn forget(&mut self) {
        self.ran.clear();
    }

    /// All that has run was undone, since this failed: one of the operations, or what keeps their changes.
    pub(super) fn undone(&mut self, failure: &Failure, version: Version) {
        let failed = self.ran.iter().any(|ran| ran.outcome != Outcome::Success);
        for ran in self.ran.iter_mut().filter(|ran| ran.outcome == Outcome::Success) {
            if failed {
                (ran.outcome, ran.reason) = (Outcome::Undone, None);
            } else {
                ran.outcome = Outcome::Failed;
                ran.reason = Some(failure.kind().reason(Some(ran.operation), version));
            }
        }
    }
}

impl Engine {
    /// Records with a change what made it.
    pub(super) fn record(&self, transaction: &mut dyn Transaction, entries: &[Entry]) -> Result<(), Failure> {
        match &self.audit {
            Some(audit) => audit.append(transaction, entries).map_err(Failure::from),
            None => Ok(()),
        }
    }

    /// Records with their changes all that has run.
    pub(super) fn record_all(
        &self,
        transaction: &mut dyn Transaction,
        account: &Account,
    ) -> Result<(), Failure> {
        if self.audit.is_none() {
            return Ok(());
        }
        let entries: Vec<Entry> = account.ran.iter().map(|ran| ran.entry(&account.origin)).collect();
        self.record(transaction, &entries)?;
        account.ran.iter().for_each(|ran| ran.trace.is_recorded());
        Ok(())
    }

    /// Tells what has run.
    pub(super) fn tell(&self, account: &mut Account) {
        if let Some(audit) = &self.audit {
            let mut told = false;
            for ran in account.ran.iter().filter(|ran| !ran.is_recorded()) {
                audit.note(ran.entry(&account.origin));
                told = true;
            }
            account.told |= told;
        }
        if let Some(metrics) = &self.metrics {
            account.ran.iter().for_each(|ran| metrics.operation(ran.operation, ran.outcome, ran.time));
        }
        account.ran.clear();
    }

    /// Tells that a message was refused before anything of it has run.
    pub(super) fn tell_refused(
        &self,
        account: &mut Account,
        operation: Option<Operation>,
        failure: &Failure,
        version: Version,
    ) {
        let outcome = Trace::default().outcome(failure);
        let reason = Some(failure.kind().reason(operation, version));
        if let Some(metrics) = &self.metrics {
            metrics.refused(reason.and_then(ResultReason::name).unwrap_or("other"));
        }
        if let Some(audit) = &self.audit {
            audit.note(Entry { reason, ..account.origin.entry(operation, outcome) });
            account.told = true;
        }
    }
}

/// A message that is being answered. Should that end in a panic, it has a record nevertheless.
pub(super) struct Open<'e> {
    pub(super) engine: &'e Engine,
    pub(super) account: Account,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(audit) = &self.engine.audit
        {
            let reason = Some(ResultReason::GeneralFailure);
            audit.note(Entry { reason, ..self.account.origin.entry(None, Outcome::Failed) });
        }
    }
}

/// More objects of one operation are not named.
const MOST_OBJECTS: usize = 64;
