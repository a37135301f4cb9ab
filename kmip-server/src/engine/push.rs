//! What clients are told without having asked: Notify and Put (KMIP 1.4 §5.1, §5.2; 2.0 §6.2.2, §6.2.3), and what the server
//! asks them (1.3 §5.3).
//!
//! What is to be told is kept in the store, sealed, by the transaction that makes the change: a change that is undone is told to
//! nobody, one that is acknowledged is, also after a restart, and all in the order of the changes. Of a Put no more than the
//! object's name is kept: the object is read when it is sent, with the rights that its receiver has then.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use kmip::ttlv::{self, Bytes, DateTime, Limits, Mode, Tag, Text, Version};
use kmip::types::{
    Attribute, AttributeId, AttributeInstance, AttributeSet, AttributeValue, DiscoverVersionsRequest,
    LinkType, NotifyRequest, Operation, QueryFunction, QueryRequest, RequestBatchItem, RequestHeader,
    RequestMessage, RequestPayload, ResponseMessage, ResponsePayload, ResultStatus, UniqueIdentifier,
    version,
};
use serde::{Deserialize, Serialize};

use super::account::{Origin, Trace};
use super::attributes::numbered;
use super::context::{Access, Context, Session};
use super::object::{Managed, Wanted};
use super::{Engine, Failure, Kind, View};
use crate::audit::{Entry, Outcome};
use crate::handler::Peer;
use crate::ops;
use crate::request::RequestId;
use crate::rights::Caller;
use crate::seal::PUSH;
use crate::store::{self, Transaction};
use crate::wipe::Wiped;

/// A client that is told of what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Who it is. It is told of nothing that it may not ask for.
    pub client: String,
    /// Whether it is told of all objects that it has rights to, rather than of its own.
    pub all_objects: bool,
    /// Whether it is told of changes.
    pub notify: bool,
    /// Whether it is sent new objects.
    pub put: bool,
    /// The version that it is spoken to in; that of the request that made the change if there is none.
    pub version: Option<Version>,
    /// What it is asked when the server starts: Query, Discover Versions.
    pub ask: Vec<Operation>,
}

/// What is known of what waits to be told.
#[derive(Debug)]
pub(super) struct Pushes {
    next: AtomicU64,
    /// How much waits for each target, at least.
    waiting: Vec<AtomicUsize>,
}

impl Pushes {
    pub(super) fn new(targets: usize) -> Self {
        Self { next: AtomicU64::new(0), waiting: (0..targets).map(|_| AtomicUsize::new(0)).collect() }
    }
}

/// What is kept of a message beside its payload.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    object: String,
    version: (u8, u8),
    put: bool,
    /// The object in whose place a new one is.
    replaces: Option<String>,
}

/// A message that waits to be sent.
#[derive(Debug)]
pub(crate) struct Waiting {
    name: String,
    note: Note,
    /// The batch item of a Notify.
    item: Bytes,
}

impl Waiting {
    fn version(&self) -> Version {
        Version::new(self.note.version.0, self.note.version.1)
    }

    fn operation(&self) -> Operation {
        if self.note.put { Operation::Put } else { Operation::Notify }
    }
}

impl Engine {
    /// Writes an object, and whom that is to be told.
    pub(super) fn save(
        &self,
        object: &Managed,
        transaction: &mut dyn Transaction,
        version: Version,
    ) -> Result<(), Failure> {
        object.save(transaction, &self.seal)?;
        if self.settings.targets.is_empty() {
            return Ok(());
        }
        let before = object.before(&self.seal)?;
        for (place, target) in self.settings.targets.iter().enumerate() {
            let version = target.version.unwrap_or(version);
            let concerns = target.all_objects || object.owner() == target.client;
            match &before {
                None if concerns && target.put => {
                    self.keep_push(transaction, place, object, version, None)?;
                }
                Some(before) if concerns && target.notify => {
                    let item = notification(object, before, version)?;
                    self.keep_push(transaction, place, object, version, Some(&item))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn keep_push(
        &self,
        transaction: &mut dyn Transaction,
        place: usize,
        object: &Managed,
        version: Version,
        item: Option<&RequestBatchItem>,
    ) -> Result<(), Failure> {
        let (Some(target), Some(waiting)) =
            (self.settings.targets.get(place), self.pushes.waiting.get(place))
        else {
            return Ok(());
        };
        if waiting.fetch_add(1, Ordering::Relaxed) >= MOST {
            tracing::error!(client = target.client, "too much waits to be told: a message is dropped");
            return Ok(());
        }
        let note = Note {
            object: object.identifier()?.to_owned(),
            version: (version.major(), version.minor()),
            put: item.is_none(),
            replaces: replaced(&object.attributes),
        };
        let mut plain = Wiped::from(serde_json::to_vec(&note).map_err(|error| Failure::internal(&error))?);
        plain.push(b'\n');
        if let Some(item) = item {
            ttlv::encode_into(item, Tag::BatchItem, version, &mut plain)?;
        }
        let number = self.pushes.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}{number:016x}", prefix(&target.client));
        let sealed = self.seal.seal(PUSH.1, &[name.as_bytes()], &plain)?;
        Ok(transaction.set_setting(&name, Some(&sealed))?)
    }

    /// Finds out where the server before this one has ended.
    pub(super) fn resume_pushes(&self) -> Result<(), Failure> {
        let kept = store::read(&*self.store, |snapshot| Ok::<_, Failure>(snapshot.settings(PUSH.0)?))?;
        let number = |name: &str| u64::from_str_radix(name.rsplit('/').next()?, 16).ok();
        let last = kept.iter().filter_map(|(name, _)| number(name)).max();
        self.pushes.next.fetch_max(last.map_or(0, |last| last.saturating_add(1)), Ordering::Relaxed);
        Ok(())
    }

    /// What waits for a target, in its order.
    pub(crate) fn waiting(&self, place: usize) -> Result<Vec<Waiting>, Failure> {
        let Some(target) = self.settings.targets.get(place) else { return Ok(Vec::new()) };
        let prefix = prefix(&target.client);
        let kept = store::read(&*self.store, |snapshot| Ok::<_, Failure>(snapshot.settings(&prefix)?))?;
        if let Some(waiting) = self.pushes.waiting.get(place) {
            waiting.store(kept.len(), Ordering::Relaxed);
        }
        kept.into_iter()
            .map(|(name, sealed)| {
                let plain: Bytes = self.seal.open_record(PUSH.1, &[name.as_bytes()], &sealed)?.into();
                let end = plain.iter().position(|byte| *byte == b'\n').unwrap_or(plain.len());
                let note = serde_json::from_slice(plain.get(..end).unwrap_or_default())
                    .map_err(|error| Failure::internal(&error))?;
                Ok(Waiting { name, note, item: plain.slice(plain.len().min(end.saturating_add(1))..) })
            })
            .collect()
    }

    /// The message, for the peer that was connected to; none where it may not have it, or not any more.
    ///
    /// # Errors
    ///
    /// When the peer isn't the target, or the store fails: then it waits on.
    pub(crate) fn message(
        &self,
        place: usize,
        waiting: &Waiting,
        peer: &Peer,
    ) -> Result<Option<Wiped>, Failure> {
        let caller = self.receiver(place, peer)?;
        let (version, now) = (waiting.version(), (self.clock)());
        let needed = if waiting.note.put { Operation::Get } else { Operation::GetAttributes };
        let origin = Origin::later(RequestId::new(), version);
        let mut cx = Context {
            engine: self,
            access: Access::Store(&*self.store),
            caller: &caller,
            session: &mut Session::default(),
            version,
            operation: needed,
            now,
            origin: &origin,
            trace: Trace::default(),
            certificate: None,
            ahead: None,
            room: 0,
        };
        let item = if waiting.note.put {
            ops::put(&mut cx, &waiting.note.object, waiting.note.replaces.as_deref())
                .map(|put| RequestBatchItem::new(Operation::Put, put.into()))
        } else {
            cx.object(&waiting.note.object, needed)
                .and_then(|_| Ok(ttlv::decode(&waiting.item, Tag::BatchItem, version, Mode::Lenient)?))
        };
        let room = cx.room;
        match item {
            Ok(item) => message(item, version, room).map(Some),
            Err(failure) if failure.kind() == Kind::Internal => Err(failure),
            Err(failure) => {
                tracing::info!(client = caller.user.as_deref(), object = waiting.note.object, %failure, "not told");
                Ok(None)
            }
        }
    }

    /// Who a peer is, which has to be the target.
    pub(crate) fn receiver(&self, place: usize, peer: &Peer) -> Result<Caller, Failure> {
        let caller = self.authenticator.authenticate(peer, &[])?;
        match self.settings.targets.get(place) {
            Some(target) if caller.user.as_deref() == Some(&*target.client) => Ok(caller),
            _ => {
                Err(Failure::new(Kind::Authentication, "another client than the one to be told has answered"))
            }
        }
    }

    /// The message has been answered, or is not to be sent: it is forgotten, and a Put recorded.
    pub(crate) fn told(&self, place: usize, waiting: &Waiting, sent: bool) -> Result<(), Failure> {
        let now = (self.clock)();
        store::transact(&*self.store, |transaction| {
            transaction.set_setting(&waiting.name, None)?;
            if sent && waiting.note.put {
                self.is_served(transaction, &waiting.note.object, now)?;
                let origin = Origin::later(RequestId::new(), waiting.version());
                let entry = Entry {
                    user: self.settings.targets.get(place).map(|target| target.client.as_str().into()),
                    objects: vec![waiting.note.object.as_str().into()],
                    ..origin.entry(Some(Operation::Put), Outcome::Success)
                };
                self.record(transaction, &[entry])?;
            }
            Ok(())
        })
    }

    /// 1.4 §3.34: an object that was served is fresh no more. Who was served needs not be told.
    fn is_served(
        &self,
        transaction: &mut dyn Transaction,
        identifier: &str,
        now: DateTime,
    ) -> Result<(), Failure> {
        match Managed::load(transaction, &self.seal, identifier, Wanted::All, now, |_| Ok(())) {
            Ok(mut object) if super::flag(&object.attributes, Tag::Fresh) == Some(true) => {
                object.attributes.set(AttributeValue::Fresh(false));
                object.attributes.set(AttributeValue::LastChangeDate(now));
                object.save(transaction, &self.seal)
            }
            Ok(_) => Ok(()),
            Err(failure) if failure.kind() == Kind::NotFound => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// What a target is asked, in the version that it is spoken to in or the oldest that has the question.
    pub(crate) fn questions(&self, place: usize) -> Result<Vec<(Operation, Wiped)>, Failure> {
        let Some(target) = self.settings.targets.get(place) else { return Ok(Vec::new()) };
        let version = target.version.unwrap_or(version::V1_3);
        target
            .ask
            .iter()
            .map(|operation| {
                let payload: RequestPayload = match *operation {
                    Operation::Query => {
                        QueryRequest { query_function: ASKED.to_vec(), ..QueryRequest::default() }.into()
                    }
                    _ => DiscoverVersionsRequest {
                        protocol_version: version::ALL
                            .iter()
                            .rev()
                            .map(|version| (*version).into())
                            .collect(),
                        ..DiscoverVersionsRequest::new()
                    }
                    .into(),
                };
                Ok((*operation, message(RequestBatchItem::new(*operation, payload), version, 0)?))
            })
            .collect()
    }
}

/// What a client has answered; an error is what it says against it.
pub(crate) fn answer(bytes: &Bytes) -> Result<ResponseMessage, String> {
    let limits = Limits { size: bytes.len(), ..Limits::DEFAULT };
    let answer = ResponseMessage::read(bytes, Mode::Lenient, limits).map_err(|error| error.to_string())?;
    match answer.batch_item.iter().find(|item| item.result_status != ResultStatus::Success) {
        Some(item) => Err(match (&item.result_reason, &item.result_message) {
            (Some(reason), Some(message)) => format!("{reason}: {message}"),
            (Some(reason), None) => reason.to_string(),
            _ => item.result_status.to_string(),
        }),
        None => Ok(answer),
    }
}

/// What a client says that it can do.
pub(crate) fn says(answer: &ResponseMessage) -> String {
    let mut words = Vec::new();
    for item in &answer.batch_item {
        match &item.response_payload {
            Some(ResponsePayload::Query(answer)) => {
                words.extend(answer.operation.iter().map(ToString::to_string));
            }
            Some(ResponsePayload::DiscoverVersions(answer)) => {
                let versions = answer.protocol_version.iter();
                words.extend(versions.map(|version| {
                    format!("{}.{}", version.protocol_version_major, version.protocol_version_minor)
                }));
            }
            _ => {}
        }
    }
    words.join(", ")
}

/// The operation of what waits, for the log.
pub(crate) fn operation(waiting: &Waiting) -> Operation {
    waiting.operation()
}

/// A message with one item. Of the header's fields those for requests of clients are left out (1.4 §5.1).
fn message(item: RequestBatchItem, version: Version, room: usize) -> Result<Wiped, Failure> {
    let message = RequestMessage {
        batch_item: vec![item],
        ..RequestMessage::new(RequestHeader::new(version.into(), 1))
    };
    let mut bytes = Wiped::with_capacity(room.saturating_add(ROOM));
    message
        .write(&mut bytes)
        .map_err(|error| Failure::new(Kind::FeatureNotSupported, error.kind().to_string()))?;
    Ok(bytes)
}

/// What has changed, "at least the Last Change Date".
fn notification(
    object: &Managed,
    before: &AttributeSet,
    version: Version,
) -> Result<RequestBatchItem, Failure> {
    let after: Vec<AttributeInstance> =
        object.view(version).all().map(std::borrow::Cow::into_owned).collect();
    let before: Vec<AttributeInstance> =
        View::new(before, object.object_type(), version).all().map(std::borrow::Cow::into_owned).collect();
    let is_date = |id: &AttributeId| *id == AttributeId::Standard(Tag::LastChangeDate);
    let same = |one: &AttributeInstance, other: &AttributeInstance| {
        one.id == other.id && one.index == other.index && one.value == other.value
    };
    let changed: Vec<&AttributeInstance> =
        after.iter().filter(|now| is_date(&now.id) || !before.iter().any(|then| same(then, now))).collect();
    let gone =
        before.iter().filter(|then| !after.iter().any(|now| now.id == then.id && now.index == then.index));
    let identifier = UniqueIdentifier::TextString(Text::from(object.identifier()?.to_owned()));
    let mut request = NotifyRequest::new(identifier);
    if NotifyRequest::has_attribute(version) {
        request.attribute = changed.iter().map(|instance| numbered(instance, version)).collect();
        // "The Attribute structure in question SHALL NOT contain the Attribute Value field."
        let without_value = |instance| Attribute { attribute_value: None, ..numbered(instance, version) };
        request.attribute.extend(gone.map(without_value));
    } else {
        let mut named: Vec<&AttributeId> = Vec::new();
        for instance in gone.filter(|instance| !after.iter().any(|now| now.id == instance.id)) {
            if !named.contains(&&instance.id) {
                named.push(&instance.id);
            }
        }
        request.attribute_reference = named.into_iter().map(AttributeId::to_reference).collect();
        let set: AttributeSet = changed.into_iter().cloned().collect();
        request.attributes = Some(set.to_attributes());
    }
    Ok(RequestBatchItem::new(Operation::Notify, request.into()))
}

/// The object in whose place this one is.
fn replaced(attributes: &AttributeSet) -> Option<String> {
    attributes.all(&AttributeId::Standard(Tag::Link)).find_map(|instance| match &instance.value {
        AttributeValue::Link(link) if link.link_type == LinkType::ReplacedObjectLink => {
            match &link.linked_object_identifier {
                UniqueIdentifier::TextString(identifier) => Some(identifier.as_str().to_owned()),
                _ => None,
            }
        }
        _ => None,
    })
}

/// What the names begin with of what waits for a client.
fn prefix(client: &str) -> String {
    let client: String = client.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{}{client}/", PUSH.0)
}

/// What Query asks of clients: what official case TC-Q-S2C-1 does.
const ASKED: [QueryFunction; 5] = [
    QueryFunction::QueryOperations,
    QueryFunction::QueryObjects,
    QueryFunction::QueryServerInformation,
    QueryFunction::QueryAttestationTypes,
    QueryFunction::QueryCapabilities,
];

/// How much waits for one target at the most.
const MOST: usize = 10_000;

const ROOM: usize = 4096;
