//! Tickets: what Login and Delegated Login give, to be sent instead of credentials (KMIP 2.0 §6.1.12, §6.1.29, §9.11).
//!
//! A ticket is 32 random bytes. The server keeps its digest alone, in memory: tickets don't survive a restart, and nobody
//! who reads the memory has one. One that stands for its own user is good on every connection with the certificate that
//! it was given to; one that was made to be passed on, on any that the server takes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kmip::ttlv::{DateTime, Interval, Secret};
use kmip::types::{
    Operation, Rights, Ticket, TicketLeaseTime, TicketType, UniqueIdentifier, UsageLimits, UsageLimitsUnit,
};

use super::context::Context;
use super::{Authenticator, Failure, Kind};
use crate::crypto::{self, Hash};
use crate::handler::Peer;
use crate::rights::Caller;

/// The tickets that are out.
#[derive(Debug, Default)]
pub(super) struct Tickets(Mutex<HashMap<Key, Entry>>);

/// The digest of a ticket.
type Key = [u8; 32];

#[derive(Debug)]
struct Entry {
    caller: Caller,
    grant: Arc<Grant>,
    /// What was on record of the user when it was given.
    standing: Option<[u8; 32]>,
    until: DateTime,
    /// How many requests are left; none for any number.
    requests: Option<u32>,
    /// How many operations are left.
    operations: Option<u64>,
}

/// What a ticket allows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    key: Key,
    /// The certificate that it has to come with.
    certificate: Option<[u8; 32]>,
    /// What may be done with it; none for all that the user may.
    rights: Option<Vec<Granted>>,
}

/// One of its rights.
#[derive(Debug, PartialEq, Eq)]
struct Granted {
    /// The operations; none for all.
    operations: Option<Vec<Operation>>,
    /// The objects that they may be done to; none for all, and for operations without an object.
    objects: Option<Vec<String>>,
}

/// What a ticket is asked to be.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) lease: Option<TicketLeaseTime>,
    pub(crate) requests: Option<i32>,
    pub(crate) usage: Option<UsageLimits>,
    pub(crate) rights: Option<Rights>,
}

impl Granted {
    fn covers(&self, operation: Operation) -> bool {
        self.operations.as_ref().is_none_or(|operations| operations.contains(&operation))
    }
}

impl Grant {
    /// Checks that the ticket is for an operation at all; whether for its object is seen when that is known.
    fn check(&self, operation: Operation) -> Result<(), Failure> {
        let addresses =
            kmip::types::tables::operation_info(operation).is_some_and(|info| info.uses_id_placeholder);
        let is_allowed = self.rights.as_ref().is_none_or(|rights| {
            // A right to some objects is none to what is done to no object.
            rights.iter().any(|right| right.covers(operation) && (right.objects.is_none() || addresses))
        });
        if is_allowed { Ok(()) } else { Err(not_for_this()) }
    }

    /// Checks that the ticket is for this operation on this object.
    pub(super) fn check_object(&self, operation: Operation, identifier: &str) -> Result<(), Failure> {
        let is_allowed = self.rights.as_ref().is_none_or(|rights| {
            rights.iter().any(|right| {
                let objects = right.objects.as_ref();
                right.covers(operation)
                    && objects.is_none_or(|objects| objects.iter().any(|other| other == identifier))
            })
        });
        if is_allowed { Ok(()) } else { Err(not_for_this()) }
    }
}

impl Tickets {
    /// The caller that a ticket stands for; one request less is left of it.
    pub(super) fn redeem(
        &self,
        ticket: &Ticket,
        peer: &Peer,
        authenticator: &dyn Authenticator,
        now: DateTime,
    ) -> Result<Caller, Failure> {
        let key = key_of(ticket)?;
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = tickets.get_mut(&key).filter(|entry| now < entry.until).ok_or_else(invalid)?;
        // Who was taken off the record, or is there otherwise by now, has to log in again.
        let standing = authenticator.standing(entry.caller.user.as_deref().unwrap_or_default())?;
        if entry.standing != standing {
            tickets.remove(&key);
            return Err(invalid());
        }
        if entry.grant.certificate.is_some() && entry.grant.certificate != certificate_of(peer) {
            return Err(invalid());
        }
        if let Some(left) = &mut entry.requests {
            *left = left.checked_sub(1).ok_or_else(invalid)?;
        }
        Ok(Caller { ticket: Some(Arc::clone(&entry.grant)), ..entry.caller.clone() })
    }

    /// Checks that a ticket is for an operation, and that some are left of it; then there is one less.
    /// Unless it was counted before.
    pub(super) fn use_for(&self, grant: &Grant, operation: Operation, count: bool) -> Result<(), Failure> {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have been withdrawn by an item before this one.
        let entry = tickets.get_mut(&grant.key).ok_or_else(invalid)?;
        grant.check(operation)?;
        if let Some(left) = entry.operations.as_mut().filter(|_| count) {
            *left = left.checked_sub(1).ok_or_else(|| {
                Failure::new(Kind::TicketRights, "the Usage Limits of the ticket allow no more operations")
            })?;
        }
        Ok(())
    }

    fn issue(
        &self,
        caller: &Caller,
        standing: Option<[u8; 32]>,
        grant: Grant,
        terms: &Terms,
        now: DateTime,
    ) -> Result<(), Failure> {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.retain(|_, entry| now < entry.until && entry.requests != Some(0));
        if tickets.values().filter(|entry| entry.caller.user == caller.user).count() >= MOST_TICKETS {
            return Err(Failure::new(Kind::ServerLimit, "the user has too many tickets"));
        }
        let entry = Entry {
            caller: caller.clone(),
            standing,
            until: terms.until,
            requests: terms.requests,
            operations: terms.operations,
            grant: Arc::new(grant),
        };
        tickets.insert(entry.grant.key, entry);
        Ok(())
    }

    fn withdraw(&self, caller: &Caller, ticket: &Ticket, now: DateTime) -> Result<(), Failure> {
        let key = key_of(ticket)?;
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_theirs =
            tickets.get(&key).is_some_and(|entry| entry.caller.user == caller.user && now < entry.until);
        if !is_theirs {
            return Err(invalid());
        }
        tickets.remove(&key);
        Ok(())
    }
}

impl Context<'_> {
    /// A new ticket for the caller.
    ///
    /// # Errors
    ///
    /// When the caller has come with a ticket, or what is wanted can't be.
    pub(crate) fn issue_ticket(&self, wanted: Wanted) -> Result<Ticket, Failure> {
        if self.caller.ticket.is_some() {
            // It would outlive the first, or allow more.
            return Err(Failure::new(Kind::PermissionDenied, "no ticket is given to who comes with one"));
        }
        let terms = Terms::read(&wanted, self.now)?;
        let value = crypto::random(LENGTH)?;
        let rights = match wanted.rights {
            Some(rights) => Some(self.granted(rights)?),
            None => None,
        };
        let grant = Grant {
            key: digest(&value)?,
            // What is passed on is for someone with another certificate.
            certificate: if rights.is_none() { self.certificate } else { None },
            rights,
        };
        let standing = self.engine.authenticator.standing(self.caller.user.as_deref().unwrap_or_default())?;
        self.engine.tickets.issue(self.caller, standing, grant, &terms, self.now)?;
        Ok(Ticket::new(TicketType::Login, Secret::from_shared(value.into())))
    }

    /// Makes a ticket of the caller's invalid.
    ///
    /// # Errors
    ///
    /// When it is none, or someone else's.
    pub(crate) fn withdraw_ticket(&self, ticket: &Ticket) -> Result<(), Failure> {
        self.engine.tickets.withdraw(self.caller, ticket, self.now)
    }

    fn granted(&self, rights: Rights) -> Result<Vec<Granted>, Failure> {
        if size_of(&rights) > MOST_RIGHTS {
            return Err(Failure::new(Kind::ServerLimit, "the ticket would have too many Rights"));
        }
        let granted = |right: kmip::types::Right| {
            if right.usage_limits.is_some() {
                return Err(Failure::new(
                    Kind::FeatureNotSupported,
                    "Usage Limits are those of the whole ticket, not of one Right",
                ));
            }
            let objects = right.objects.map(|objects| {
                let named = objects.unique_identifier.into_iter().map(|identifier| {
                    let named: UniqueIdentifier = identifier;
                    self.target(Some(named)).map(|text| text.to_string())
                });
                named.collect::<Result<Vec<String>, Failure>>()
            });
            Ok(Granted {
                operations: right.operations.map(|operations| operations.operation),
                objects: objects.transpose()?,
            })
        };
        rights.right.into_iter().map(granted).collect()
    }
}

/// How much there is to keep of rights: operations and objects, and the characters of these.
fn size_of(rights: &Rights) -> usize {
    let of_one = |right: &kmip::types::Right| {
        let operations = right.operations.as_ref().map_or(0, |operations| operations.operation.len());
        let objects = right.objects.iter().flat_map(|objects| &objects.unique_identifier);
        let characters = objects.map(|identifier| match identifier {
            UniqueIdentifier::TextString(text) => text.len(),
            _ => USUAL_IDENTIFIER,
        });
        characters
            .fold(operations.saturating_add(1), |sum, length| sum.saturating_add(length).saturating_add(1))
    };
    rights.right.iter().map(of_one).fold(0, usize::saturating_add)
}

/// For how long and how much a ticket is good.
struct Terms {
    until: DateTime,
    requests: Option<u32>,
    operations: Option<u64>,
}

impl Terms {
    fn read(wanted: &Wanted, now: DateTime) -> Result<Self, Failure> {
        let until = match &wanted.lease {
            // Zero asks for nothing in particular, as the official cases TC-LOGIN have it.
            None | Some(TicketLeaseTime::Interval(Interval(0))) => now.0.saturating_add(USUAL_SECONDS),
            Some(TicketLeaseTime::Interval(Interval(seconds))) => now.0.saturating_add(i64::from(*seconds)),
            Some(TicketLeaseTime::DateTime(until)) if *until > now => until.0,
            Some(TicketLeaseTime::DateTime(_)) => {
                return Err(Failure::new(Kind::InvalidField, "the Lease Time of the ticket is past"));
            }
            Some(TicketLeaseTime::Other(_)) => {
                return Err(Failure::new(
                    Kind::InvalidMessage,
                    "the Lease Time is an Interval or a Date-Time",
                ));
            }
        };
        if until > now.0.saturating_add(MOST_SECONDS) {
            return Err(Failure::new(Kind::InvalidField, "a ticket is good for a day at most"));
        }
        let requests = match wanted.requests {
            None | Some(0) => None,
            Some(count) => Some(
                u32::try_from(count)
                    .map_err(|_| Failure::new(Kind::InvalidField, "the Request Count is below zero"))?,
            ),
        };
        Ok(Self { until: DateTime(until), requests, operations: operations(wanted.usage.as_ref())? })
    }
}

/// 2.0 §7.34: "to limit the number of operations that may be performed".
fn operations(limits: Option<&UsageLimits>) -> Result<Option<u64>, Failure> {
    let Some(limits) = limits else { return Ok(None) };
    if limits.usage_limits_unit.is_some_and(|unit| unit != UsageLimitsUnit::Object) {
        return Err(Failure::new(
            Kind::FeatureNotSupported,
            "the Usage Limits of a ticket count operations: their unit is Object",
        ));
    }
    let Some(count) = limits.usage_limits_count.or(limits.usage_limits_total) else {
        return Err(Failure::new(Kind::InvalidField, "the Usage Limits have no count"));
    };
    match u64::try_from(count) {
        Ok(count) => Ok(Some(count)),
        Err(_) => Err(Failure::new(Kind::InvalidField, "the Usage Limits are below zero")),
    }
}

fn key_of(ticket: &Ticket) -> Result<Key, Failure> {
    if ticket.ticket_type != TicketType::Login || ticket.ticket_value.len() != LENGTH {
        return Err(invalid());
    }
    digest(ticket.ticket_value.expose())
}

fn digest(value: &[u8]) -> Result<Key, Failure> {
    let digest = crypto::digest(Hash::Sha256, value)?;
    digest.as_slice().try_into().map_err(|_| Failure::internal(&"a digest has not 32 bytes"))
}

/// What a peer's certificate is known by.
pub(super) fn certificate_of(peer: &Peer) -> Option<[u8; 32]> {
    peer.certificate.as_ref().map(|certificate| certificate.fingerprint_sha256)
}

#[cold]
fn invalid() -> Failure {
    Failure::new(Kind::Ticket, "the ticket is not valid")
}

#[cold]
fn not_for_this() -> Failure {
    Failure::new(Kind::TicketRights, "the rights of the ticket do not allow this")
}

/// The length of a ticket, in bytes.
const LENGTH: usize = 32;

/// How long a ticket is good if nothing is said: an hour.
const USUAL_SECONDS: i64 = 3600;

/// How long at most.
const MOST_SECONDS: i64 = 24 * 3600;

/// How much the rights of one ticket may be: a thousand objects. All tickets are kept in memory.
const MOST_RIGHTS: usize = 40_000;

/// The length of an identifier that the server has made.
const USUAL_IDENTIFIER: usize = 36;

/// How many tickets a user has at most.
const MOST_TICKETS: usize = 256;
