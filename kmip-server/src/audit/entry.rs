//! What there is to say of one operation.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use kmip::ttlv::{Text, Version};
use kmip::types::{Operation, ResultReason};
use serde::{Serialize, Serializer};

use super::AuditError;
use crate::request::RequestId;

/// Who asked for what, and what became of it. There is nothing in it that a request or an object holds beside names and
/// identifiers: no attribute, no key, not even an error's message.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// When, in microseconds since 1970.
    #[serde(serialize_with = "time")]
    pub(crate) time: i64,
    /// What happened to the server, where no client asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<Event>,
    /// The request, as the log calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<RequestId>,
    /// Where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<SocketAddr>,
    /// Who asked, as far as that is known.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "user")]
    pub(crate) user: Option<Arc<str>>,
    /// Whether they came with a ticket.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) ticket: bool,
    /// The SHA-256 digest of the certificate that was shown, where nothing else says who asked.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "digest")]
    pub(crate) certificate: Option<[u8; 32]>,
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "operation")]
    pub(crate) operation: Option<Operation>,
    /// In which version of KMIP.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "version")]
    pub(crate) version: Option<Version>,
    /// The objects that it concerned, as far as it named or made them.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "texts")]
    pub(crate) objects: Vec<Text>,
    /// What became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<Outcome>,
    /// Why, where it did not succeed.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "reason")]
    pub(crate) reason: Option<ResultReason>,
    /// How many records an event is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<u64>,
}

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It could not be done.
    Failed,
    /// Whoever asked may not do it, or is not who they say.
    Denied,
    /// It was done, and undone again since a later item of its batch failed.
    Undone,
    /// It is to be done later.
    Pending,
}

impl Outcome {
    /// All there are.
    pub(crate) const ALL: [Self; 5] =
        [Self::Success, Self::Failed, Self::Denied, Self::Undone, Self::Pending];

    /// Its place among all.
    pub(crate) fn place(self) -> usize {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Denied => 2,
            Self::Undone => 3,
            Self::Pending => 4,
        }
    }

    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Undone => "undone",
            Self::Pending => "pending",
        }
    }
}

/// What happens to the server itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Event {
    /// The server began to serve.
    Started,
    /// It ended as it should. Where this is missing before the next start, records of the last second may be, too.
    Stopped,
    /// Records that could not be kept.
    Lost,
}

impl Entry {
    /// Of now, and of nothing as yet.
    pub(crate) fn now() -> Self {
        Self {
            time: micros(),
            event: None,
            request: None,
            address: None,
            user: None,
            ticket: false,
            certificate: None,
            operation: None,
            version: None,
            objects: Vec::new(),
            outcome: None,
            reason: None,
            count: None,
        }
    }

    /// An event of now.
    pub(crate) fn event(event: Event) -> Self {
        Self { event: Some(event), ..Self::now() }
    }

    /// As JSON, without its place in the chain.
    pub(super) fn to_json(&self) -> Result<String, AuditError> {
        serde_json::to_string(self).map_err(|error| AuditError::Entry(error.to_string()))
    }
}

fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn time<S: Serializer>(micros: &i64, to: S) -> Result<S::Ok, S::Error> {
    match jiff::Timestamp::from_microsecond(*micros) {
        Ok(time) => to.collect_str(&format_args!("{time:.6}")),
        Err(_) => to.serialize_i64(*micros),
    }
}

fn user<S: Serializer>(user: &Option<Arc<str>>, to: S) -> Result<S::Ok, S::Error> {
    match user {
        Some(user) => to.serialize_str(user),
        None => to.serialize_none(),
    }
}

fn digest<S: Serializer>(digest: &Option<[u8; 32]>, to: S) -> Result<S::Ok, S::Error> {
    match digest {
        Some(digest) => to.collect_str(&super::chain::Hex(digest)),
        None => to.serialize_none(),
    }
}

/// By its name, or its number where it has none.
fn operation<S: Serializer>(operation: &Option<Operation>, to: S) -> Result<S::Ok, S::Error> {
    match operation {
        Some(operation) => match operation.name() {
            Some(name) => to.serialize_str(name),
            None => to.collect_str(operation),
        },
        None => to.serialize_none(),
    }
}

fn reason<S: Serializer>(reason: &Option<ResultReason>, to: S) -> Result<S::Ok, S::Error> {
    match reason {
        Some(reason) => match reason.name() {
            Some(name) => to.serialize_str(name),
            None => to.collect_str(reason),
        },
        None => to.serialize_none(),
    }
}

fn version<S: Serializer>(version: &Option<Version>, to: S) -> Result<S::Ok, S::Error> {
    match version {
        Some(version) => to.collect_str(version),
        None => to.serialize_none(),
    }
}

/// Identifiers, each no longer than a client could mean in earnest: it is they who make them up.
fn texts<S: Serializer>(texts: &[Text], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(texts.iter().map(|text| {
        if text.len() <= LONGEST {
            return &**text;
        }
        let end = text.char_indices().map(|(place, _)| place).nth(LONGEST).unwrap_or(text.len());
        text.get(..end).unwrap_or_default()
    }))
}

/// Characters of an identifier.
const LONGEST: usize = 256;
