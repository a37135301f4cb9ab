//! The operations, and what else is said beside the items of messages.

use serde::Serialize;

use super::{Dump, Field, Head};
use crate::model::{self, Entry};
use crate::schema::Direction;
use crate::version::Gate;

#[derive(Serialize)]
pub(super) struct Operation<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    value: u32,
    direction: Vec<Towards>,
    sets_id_placeholder: bool,
    uses_id_placeholder: bool,
    request: Option<Vec<Field<'a>>>,
    response: Option<Vec<Field<'a>>>,
    makes: Vec<Named<'a>>,
    requires: Vec<Named<'a>>,
    reasons: Vec<Reason<'a>>,
}

#[derive(Serialize)]
struct Towards {
    name: &'static str,
    since: String,
    until: Option<String>,
}

#[derive(Serialize)]
struct Reason<'a> {
    name: &'a str,
    text: &'a str,
    value: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    instead_of: Vec<&'a str>,
    since: String,
    until: Option<String>,
}

/// An object type or an attribute that an operation names.
#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    since: String,
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Right<'a> {
    operation: &'a str,
    right: &'a str,
}

#[derive(Serialize)]
pub(super) struct KeyFormat<'a> {
    object_type: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    algorithms: Vec<&'a str>,
    format: &'a str,
    since: String,
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

impl<'a> Dump<'a> {
    pub(super) fn operation(self, operation: &'a model::Operation) -> Operation<'a> {
        let direction = |(direction, gate): &(Direction, Gate)| {
            let (since, until) = self.gate(gate);
            Towards { name: direction.name(), since, until }
        };
        let payload = |id: Option<usize>| Some(self.fields(&self.model.structures[id?]));
        Operation {
            head: self.head(&operation.entry),
            value: self.model.value(operation.code).number,
            direction: operation.direction.iter().map(direction).collect(),
            sets_id_placeholder: operation.sets_id_placeholder,
            uses_id_placeholder: operation.uses_id_placeholder,
            request: payload(operation.request),
            response: payload(operation.response),
            makes: operation
                .makes
                .iter()
                .map(|made| self.named(&self.model.value(made.of).entry, &made.gate, made.note.as_ref()))
                .collect(),
            requires: operation
                .requires
                .iter()
                .map(|required| {
                    self.named(&self.model.tags[required.of].entry, &required.gate, required.note.as_ref())
                })
                .collect(),
            reasons: operation.reasons.iter().map(|reason| self.reason(reason)).collect(),
        }
    }

    fn reason(self, reason: &'a model::Reason) -> Reason<'a> {
        let value = self.model.value(reason.value);
        let (since, until) = self.gate(&reason.gate);
        Reason {
            name: &value.entry.name,
            text: &value.entry.text,
            value: value.number,
            instead_of: self.names(&reason.instead_of),
            since,
            until,
        }
    }

    fn named(self, entry: &'a Entry, gate: &Gate, note: Option<&'a String>) -> Named<'a> {
        let (since, until) = self.gate(gate);
        Named { name: &entry.name, since, until, note: note.map(String::as_str) }
    }

    pub(super) fn right(self, right: &'a model::Right) -> Right<'a> {
        let name = |id| self.model.value(id).entry.name.as_str();
        Right { operation: name(right.operation), right: name(right.right) }
    }

    pub(super) fn key_format(self, entry: &'a model::KeyFormat) -> KeyFormat<'a> {
        let (since, until) = self.gate(&entry.gate);
        KeyFormat {
            object_type: &self.model.value(entry.object_type).entry.name,
            algorithms: self.names(&entry.algorithms),
            format: &self.model.value(entry.format).entry.name,
            since,
            until,
            note: entry.note.as_deref(),
        }
    }
}
