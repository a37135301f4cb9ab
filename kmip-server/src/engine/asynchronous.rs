//! Operations that are answered later (KMIP 1.4 §4.27, §4.28, §6.7; 2.0 §6.1.5, §6.1.36, §9.2).
//!
//! What is to be done, and then what came of it, is kept in the store, sealed, under a name that only its user's requests
//! lead to; so it survives a restart. An operation and the note of its answer are one transaction: it is done once, or not
//! at all.

use std::sync::{Mutex, PoisonError};

use kmip::ttlv::{self, Bytes, DateTime, Mode, Tag, Version};
use kmip::types::{
    CancellationResult, Operation, PollRequest, RequestBatchItem, ResponseBatchItem, ResultStatus,
};
use serde::{Deserialize, Serialize};

use super::account::{Origin, Trace};
use super::context::{Access, Context, Session};
use super::{Engine, Failure, Kind};
use crate::audit::{Entry, Outcome};
use crate::crypto::{self, Hash};
use crate::ops;
use crate::request::RequestId;
use crate::rights::Caller;
use crate::seal::{self, Purpose};
use crate::store::{self, Snapshot, Transaction};
use crate::wipe::Wiped;

/// What waits to be done, and since when what is kept was looked through.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    tasks: Vec<(String, DateTime)>,
    swept: Option<DateTime>,
}

/// What is kept of an operation beside its request or its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    user: String,
    groups: Option<Vec<String>>,
    made: i64,
    version: (u8, u8),
    done: bool,
    /// The request that asked for it.
    #[serde(default)]
    request: u64,
}

impl Note {
    fn caller(&self) -> Caller {
        Caller::user(self.user.as_str()).in_groups(self.groups.clone().map(Into::into))
    }

    fn version(&self) -> Version {
        Version::new(self.version.0, self.version.1)
    }

    fn origin(&self) -> Origin {
        let mut origin = Origin::later(RequestId::from_number(self.request), self.version());
        origin.is_of(&self.caller());
        origin
    }
}

/// Whether the server does an operation later where the client leaves that to it: those of the official cases TC-32 and
/// TC-101.
pub(super) fn is_deferred(operation: Operation) -> bool {
    matches!(operation, Operation::Locate | Operation::Archive | Operation::Recover)
}

impl Engine {
    /// Keeps an operation to be done soon; the value by which its client asks for it.
    pub(super) fn defer(
        &self,
        caller: &Caller,
        origin: &Origin,
        item: &RequestBatchItem,
        version: Version,
        now: DateTime,
    ) -> Result<Bytes, Failure> {
        let refuse = |message| Err(Failure::new(Kind::FeatureNotSupported, message));
        let Some(user) = caller.user.as_deref() else {
            return Err(Failure::new(Kind::PermissionDenied, "nobody could ask for the answer"));
        };
        if caller.ticket.is_some() {
            return refuse("with a ticket, nothing is done later: it may have ended by then");
        }
        let is_served = ops::served(version, &self.settings).any(|operation| operation == item.operation);
        if AT_ONCE.contains(&item.operation) || !is_served {
            return refuse("this operation is not done later");
        }
        let mut correlation = [0; 16];
        crypto::fill(&mut correlation)?;
        let name = name_of(user, &correlation)?;
        let note = Note {
            user: user.to_owned(),
            groups: caller.groups.as_ref().map(|groups| groups.to_vec()),
            made: now.0,
            version: (version.major(), version.minor()),
            done: false,
            request: origin.request.number(),
        };
        let prefix = prefix_of(user)?;
        store::transact(&*self.store, |transaction| -> Result<(), Failure> {
            if transaction.settings(&prefix)?.len() >= MOST {
                return Err(Failure::new(Kind::ServerLimit, "too many answers of this user are kept"));
            }
            let mut bytes = Wiped::with_capacity(ROOM);
            ttlv::encode_into(item, Tag::BatchItem, version, &mut bytes)?;
            self.keep(transaction, &name, &note, &bytes)?;
            self.record(transaction, &[origin.entry(Some(item.operation), Outcome::Pending)])
        })?;
        let mut waiting = self.waiting.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.tasks.push((name, DateTime(now.0.saturating_add(DELAY_SECONDS))));
        Ok(Bytes::copy_from_slice(&correlation))
    }

    /// Takes up what waited when the server ended.
    ///
    /// # Errors
    ///
    /// When the store fails, or was tampered with.
    pub fn resume(&self) -> Result<(), Failure> {
        self.resume_pushes()?;
        let now = (self.clock)();
        let kept = store::read(&*self.store, |snapshot| Ok::<_, Failure>(snapshot.settings(PREFIX)?))?;
        for (name, sealed) in kept {
            let (note, _) = self.open(&name, &sealed)?;
            if !note.done {
                let mut waiting = self.waiting.0.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.tasks.push((name, now));
            }
        }
        Ok(())
    }

    /// Does what waits and is due, and forgets answers that nobody has asked for in time. To be called several times a
    /// second.
    pub fn work(&self) {
        let now = (self.clock)();
        let (due, sweep) = {
            let mut waiting = self.waiting.0.lock().unwrap_or_else(PoisonError::into_inner);
            let (due, later) =
                std::mem::take(&mut waiting.tasks).into_iter().partition(|(_, due)| *due <= now);
            waiting.tasks = later;
            let sweep = waiting.swept.is_none_or(|swept| now.0.saturating_sub(swept.0) >= SWEEP_SECONDS);
            if sweep {
                waiting.swept = Some(now);
            }
            let due: Vec<(String, DateTime)> = due;
            (due, sweep)
        };
        // What comes by time has to happen for clients to be told.
        if !self.settings.targets.is_empty()
            && let Err(failure) = self.catch_up(&mut Access::Store(&*self.store), now)
        {
            tracing::error!(%failure, "objects whose time has come could not be changed");
        }
        for (name, _) in due {
            if let Err(failure) = self.perform(&name, now) {
                tracing::error!(%failure, "what an asynchronous operation came to could not be kept");
            }
        }
        if sweep {
            self.pace.sweep();
        }
        if sweep && let Err(failure) = self.forget(now) {
            tracing::error!(%failure, "answers that are too old could not be removed");
        }
    }

    fn perform(&self, name: &str, now: DateTime) -> Result<(), Failure> {
        let mut operation = None;
        let mut ran = None;
        let done = self.transact(|transaction, ahead| -> Result<(), Failure> {
            ran = None;
            let Some((note, bytes)) = self.kept(&*transaction, name)?.filter(|(note, _)| !note.done) else {
                return Ok(());
            };
            let (caller, version) = (note.caller(), note.version());
            let item: RequestBatchItem = ttlv::decode(&bytes, Tag::BatchItem, version, Mode::Lenient)?;
            operation = Some(item.operation);
            let origin = note.origin();
            let _current = origin.request.enter();
            let mut cx = Context {
                engine: self,
                access: Access::Transaction(&mut *transaction),
                caller: &caller,
                session: &mut Session::default(),
                version,
                operation: item.operation,
                now,
                origin: &origin,
                trace: Trace::default(),
                certificate: None,
                ahead: Some(ahead),
                room: 0,
            };
            let run = ops::run(&mut cx, item.request_payload);
            let trace = cx.trace;
            let payload = run.inspect_err(|failure| {
                ran = Some(Entry {
                    outcome: Some(trace.outcome(failure)),
                    reason: Some(failure.kind().reason(Some(item.operation), version)),
                    ..trace.entry(&origin, item.operation)
                });
            })?;
            self.record(transaction, &[trace.entry(&origin, item.operation)])?;
            let answer = ResponseBatchItem {
                operation: Some(item.operation),
                response_payload: Some(payload),
                ..ResponseBatchItem::new(ResultStatus::Success)
            };
            self.answer_later(transaction, name, note, &answer)
        });
        let Err(failure) = done else { return Ok(()) };
        // All that it has done is undone; that it failed is its answer.
        store::transact(&*self.store, |transaction| {
            let Some((note, _)) = self.kept(&*transaction, name)?.filter(|(note, _)| !note.done) else {
                return Ok(());
            };
            let entry = ran.clone().unwrap_or_else(|| Entry {
                reason: Some(failure.kind().reason(operation, note.version())),
                ..note.origin().entry(operation, Outcome::Failed)
            });
            self.record(transaction, &[entry])?;
            let answer = ResponseBatchItem {
                operation,
                result_reason: Some(failure.kind().reason(operation, note.version())),
                result_message: Some(failure.message().into()),
                ..ResponseBatchItem::new(ResultStatus::OperationFailed)
            };
            self.answer_later(transaction, name, note, &answer)
        })
    }

    fn answer_later(
        &self,
        transaction: &mut dyn Transaction,
        name: &str,
        note: Note,
        answer: &ResponseBatchItem,
    ) -> Result<(), Failure> {
        let mut bytes = Wiped::with_capacity(ROOM);
        ttlv::encode_into(answer, Tag::BatchItem, note.version(), &mut bytes)?;
        self.keep(transaction, name, &Note { done: true, ..note }, &bytes)
    }

    fn forget(&self, now: DateTime) -> Result<(), Failure> {
        let kept = store::read(&*self.store, |snapshot| Ok::<_, Failure>(snapshot.settings(PREFIX)?))?;
        let mut old = Vec::new();
        for (name, sealed) in kept {
            let (note, _) = self.open(&name, &sealed)?;
            if note.done && now.0.saturating_sub(note.made) > KEPT_SECONDS {
                old.push(name);
            }
        }
        if old.is_empty() {
            return Ok(());
        }
        store::transact(&*self.store, |transaction| {
            for name in &old {
                transaction.set_setting(name, None)?;
            }
            Ok(())
        })
    }

    fn keep(
        &self,
        transaction: &mut dyn Transaction,
        name: &str,
        note: &Note,
        item: &[u8],
    ) -> Result<(), Failure> {
        let mut plain = Wiped::from(serde_json::to_vec(note).map_err(|error| Failure::internal(&error))?);
        plain.grow(plain.len().saturating_add(item.len()).saturating_add(1));
        plain.push(b'\n');
        plain.extend_from_slice(item);
        let sealed = self.seal.seal(PURPOSE, &[name.as_bytes()], &plain)?;
        Ok(transaction.set_setting(name, Some(&sealed))?)
    }

    fn kept(&self, snapshot: &dyn Snapshot, name: &str) -> Result<Option<(Note, Bytes)>, Failure> {
        match snapshot.setting(name)? {
            Some(sealed) => self.open(name, &sealed).map(Some),
            None => Ok(None),
        }
    }

    fn open(&self, name: &str, sealed: &[u8]) -> Result<(Note, Bytes), Failure> {
        let plain: Bytes = self.seal.open_record(PURPOSE, &[name.as_bytes()], sealed)?.into();
        let end = plain.iter().position(|byte| *byte == b'\n').unwrap_or(plain.len());
        let note = plain.get(..end).unwrap_or_default();
        let note = serde_json::from_slice(note).map_err(|error| Failure::internal(&error))?;
        Ok((note, plain.slice(plain.len().min(end.saturating_add(1))..)))
    }
}

impl Context<'_> {
    /// What an operation has come to, as its answer would have been; or that it is still to be done.
    pub(super) fn poll(&mut self, request: &PollRequest) -> Result<ResponseBatchItem, Failure> {
        let (engine, value) = (self.engine, &request.asynchronous_correlation_value);
        let name = self.name_of(value)?;
        let Some((note, bytes)) = self.read(|snapshot, _| engine.kept(snapshot, &name))? else {
            return Err(Failure::new(
                Kind::Asynchronous,
                "there is no operation with this correlation value",
            ));
        };
        let version = note.version();
        if note.done {
            let answer: ResponseBatchItem = ttlv::decode(&bytes, Tag::BatchItem, version, Mode::Lenient)?;
            self.reserve(bytes.len());
            return Ok(answer);
        }
        let item: RequestBatchItem = ttlv::decode(&bytes, Tag::BatchItem, version, Mode::Lenient)?;
        Ok(ResponseBatchItem {
            operation: Some(item.operation),
            asynchronous_correlation_value: Some(value.clone()),
            ..ResponseBatchItem::new(ResultStatus::OperationPending)
        })
    }

    /// Gives up an operation that is still to be done; what has become of it otherwise.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub(crate) fn cancel(&mut self, correlation: &[u8]) -> Result<CancellationResult, Failure> {
        let (engine, name) = (self.engine, self.name_of(correlation)?);
        self.transact(|transaction, _| {
            let Some((note, bytes)) = engine.kept(&*transaction, &name)? else {
                return Ok(CancellationResult::Unavailable);
            };
            if !note.done {
                transaction.set_setting(&name, None)?;
                return Ok(CancellationResult::Canceled);
            }
            let answer: ResponseBatchItem =
                ttlv::decode(&bytes, Tag::BatchItem, note.version(), Mode::Lenient)?;
            Ok(match answer.result_status {
                ResultStatus::Success => CancellationResult::Completed,
                _ => CancellationResult::Failed,
            })
        })
    }

    fn name_of(&self, correlation: &[u8]) -> Result<String, Failure> {
        name_of(self.caller.user.as_deref().unwrap_or_default(), correlation)
    }
}

/// Where a user's operations are kept: what other users ask for is never found there.
fn prefix_of(user: &str) -> Result<String, Failure> {
    Ok(format!("{PREFIX}{}/", hex(&crypto::digest(Hash::Sha256, user.as_bytes())?)))
}

fn name_of(user: &str, correlation: &[u8]) -> Result<String, Failure> {
    Ok(prefix_of(user)? + &hex(correlation))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is never done later: what asks about something else that is, and what begins and ends with a connection. Later,
/// nothing would say with which certificate a ticket is to come.
const AT_ONCE: [Operation; 5] =
    [Operation::Poll, Operation::Cancel, Operation::Login, Operation::DelegatedLogin, Operation::Logout];

const PREFIX: &str = seal::ASYNCHRONOUS.0;

const PURPOSE: Purpose = seal::ASYNCHRONOUS.1;

/// How long an operation waits, so that it can be cancelled.
const DELAY_SECONDS: i64 = 2;

/// How long an answer is kept.
const KEPT_SECONDS: i64 = 3600;

const SWEEP_SECONDS: i64 = 60;

/// How many operations of a user wait or are kept.
const MOST: usize = 64;

const ROOM: usize = 512;
