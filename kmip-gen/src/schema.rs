//! The entries of the tables as they are written, before any name is looked up.

mod facts;
mod values;

use std::collections::BTreeMap;

pub(crate) use facts::{Behaviour, KeyFormat, Made, Required};
pub(crate) use values::{Flag, Payload, Rule};

use crate::error::Place;
use crate::load::{Lines, Locate};
use crate::version::Version;

/// The section of an entry by the first version that has it there.
pub(crate) type Sections = BTreeMap<Version, String>;

/// An entry of `versions.yaml`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProtocolVersion {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) version: Version,
    pub(crate) document: String,
    pub(crate) date: String,
}

/// What a file says of all its entries.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    #[serde(default)]
    pub(crate) section: Sections,
}

/// An entry of `tags.yaml`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tag {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) tag: Option<u32>,
    pub(crate) name: String,
    pub(crate) text: Option<String>,
    #[serde(rename = "type")]
    pub(crate) item_type: Option<String>,
    #[serde(default)]
    pub(crate) section: Sections,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) secret: bool,
    #[serde(default)]
    pub(crate) extend: bool,
}

/// An entry of `enums.yaml` or `masks.yaml`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enumeration {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) type_name: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) rust: Option<String>,
    #[serde(default)]
    pub(crate) section: Sections,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) extend: bool,
    #[serde(default)]
    pub(crate) values: Vec<Value>,
}

/// A value of an enumeration, or a bit of a mask.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Value {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) value: Option<u32>,
    pub(crate) name: String,
    pub(crate) text: Option<String>,
    pub(crate) rust: Option<String>,
    #[serde(default)]
    pub(crate) also: Vec<String>,
    #[serde(default)]
    pub(crate) section: Sections,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) extend: bool,
}

/// A structure, or a choice, of `structures/*.yaml`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Structure {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) tag: Option<String>,
    pub(crate) rust: Option<String>,
    #[serde(default)]
    pub(crate) section: Sections,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) secret: bool,
    #[serde(default)]
    pub(crate) open: bool,
    #[serde(default)]
    pub(crate) extend: bool,
    pub(crate) fields: Option<Vec<Field>>,
    pub(crate) choice: Option<Choice>,
    #[serde(default)]
    pub(crate) cases: Vec<Case>,
}

/// A field of a structure or payload.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) tag: Option<String>,
    #[serde(rename = "type")]
    pub(crate) item_type: Option<String>,
    pub(crate) rust: Option<String>,
    #[serde(default)]
    pub(crate) section: Sections,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    #[serde(default)]
    pub(crate) optional: Flag,
    #[serde(default)]
    pub(crate) repeat: Flag,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) secret: bool,
    #[serde(default)]
    pub(crate) extend: bool,
    /// In an overlay: the field that this one follows.
    pub(crate) after: Option<String>,
}

/// What decides a choice.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub(crate) by: String,
    pub(crate) from: Option<CasesFrom>,
}

/// The table from which a choice's cases are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CasesFrom {
    Attributes,
    Operations,
}

/// A case of a choice.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    #[serde(skip)]
    pub(crate) place: Place,
    #[serde(default)]
    pub(crate) when: Vec<String>,
    #[serde(rename = "type")]
    pub(crate) item_type: String,
    pub(crate) rust: Option<String>,
    #[serde(default)]
    pub(crate) section: Sections,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) secret: bool,
    #[serde(default)]
    pub(crate) extend: bool,
}

/// What `attributes.yaml` says of all attributes.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttributesHead {
    /// What the keywords of rules mean.
    #[serde(default)]
    pub(crate) when: BTreeMap<String, String>,
    /// Names that stand for several object types.
    #[serde(default)]
    pub(crate) object_types: BTreeMap<String, Vec<String>>,
}

/// An entry of `attributes.yaml`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attribute {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) tag: Option<String>,
    #[serde(rename = "type")]
    pub(crate) of: Option<String>,
    pub(crate) rust: Option<String>,
    #[serde(default)]
    pub(crate) section: Sections,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) extend: bool,
    #[serde(default)]
    pub(crate) rules: Vec<Rules>,
}

/// A rule set of an attribute: one column for each row of the specification's table.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    pub(crate) note: Option<String>,
    pub(crate) always_has_value: Rule,
    pub(crate) initially_set_by: Vec<Party>,
    pub(crate) modifiable_by_server: Rule,
    pub(crate) modifiable_by_client: Rule,
    pub(crate) deletable_by_client: Rule,
    pub(crate) multiple_instances: bool,
    #[serde(default)]
    pub(crate) implicitly_set_by: Vec<String>,
    pub(crate) applies_to: Vec<String>,
}

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Party {
    Server,
    Client,
}

/// A file of `operations/`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) rust: Option<String>,
    #[serde(default)]
    pub(crate) section: Sections,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) direction: Vec<GatedDirection>,
    #[serde(default)]
    pub(crate) sets_id_placeholder: bool,
    #[serde(default)]
    pub(crate) uses_id_placeholder: bool,
    pub(crate) request: Option<Payload>,
    pub(crate) response: Option<Payload>,
    /// The types of objects that it makes.
    #[serde(default)]
    pub(crate) makes: Vec<Made>,
    /// The attributes that its request must give.
    #[serde(default)]
    pub(crate) requires: Vec<Required>,
    #[serde(default)]
    pub(crate) reasons: Vec<Reason>,
}

/// Who sends an operation's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Direction {
    ClientToServer,
    ServerToClient,
}

impl Direction {
    /// As the tables write it.
    #[cfg(feature = "command")]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ClientToServer => "client-to-server",
            Self::ServerToClient => "server-to-client",
        }
    }
}

/// A direction, and the versions in which the operation has it: all of its own where nothing is said.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(
    untagged,
    expecting = "a direction is `client-to-server`, `server-to-client`, or one of them with a gate: `{ server-to-client: { since: v1.3 } }`"
)]
pub(crate) enum GatedDirection {
    Always(Direction),
    Gated(BTreeMap<Direction, Flag>),
}

impl GatedDirection {
    /// Each direction that is named, with its gate.
    pub(crate) fn each(&self) -> Vec<(Direction, Flag)> {
        match self {
            Self::Always(direction) => vec![(*direction, Flag::Gated { since: None, until: None })],
            Self::Gated(directions) => {
                directions.iter().map(|(direction, flag)| (*direction, *flag)).collect()
            }
        }
    }
}

/// A result reason that an operation may fail with.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) reason: String,
    /// The reasons of other versions that it stands for.
    #[serde(default)]
    pub(crate) instead_of: Vec<String>,
    pub(crate) since: Option<Version>,
    pub(crate) until: Option<Version>,
    pub(crate) note: Option<String>,
}

/// An entry of `rights.yaml`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Right {
    #[serde(skip)]
    pub(crate) place: Place,
    pub(crate) operation: String,
    pub(crate) right: String,
    pub(crate) note: Option<String>,
}

/// Entries that hold no others just note their place; of the others, each list is found by its key.
macro_rules! locate {
    ($($entry:ident $(: $($list:ident),+)?;)+) => {$(
        impl Locate for $entry {
            fn locate(&mut self, lines: &Lines<'_>) {
                self.place = lines.place();
                $($(locate_all(self.$list.iter_mut(), &lines.key(stringify!($list)));)+)?
            }
        }
    )+};
}

locate! {
    ProtocolVersion; Tag; Value; Field; Case; Rules; Reason; Right; Made; Required; KeyFormat; Behaviour;
    Enumeration: values;
    Attribute: rules;
}

impl Locate for Head {
    fn locate(&mut self, _: &Lines<'_>) {}
}

impl Locate for AttributesHead {
    fn locate(&mut self, _: &Lines<'_>) {}
}

impl Locate for Structure {
    fn locate(&mut self, lines: &Lines<'_>) {
        self.place = lines.place();
        locate_all(self.fields.iter_mut().flatten(), &lines.key("fields"));
        locate_all(self.cases.iter_mut(), &lines.key("cases"));
    }
}

impl Locate for Operation {
    fn locate(&mut self, lines: &Lines<'_>) {
        self.place = lines.key("name").place();
        if let Some(Payload::Fields(fields)) = &mut self.request {
            locate_all(fields.iter_mut(), &lines.key("request"));
        }
        if let Some(Payload::Fields(fields)) = &mut self.response {
            locate_all(fields.iter_mut(), &lines.key("response"));
        }
        locate_all(self.makes.iter_mut(), &lines.key("makes"));
        locate_all(self.requires.iter_mut(), &lines.key("requires"));
        locate_all(self.reasons.iter_mut(), &lines.key("reasons"));
    }
}

fn locate_all<'a, T: Locate + 'a>(entries: impl Iterator<Item = &'a mut T>, list: &Lines<'_>) {
    for (index, entry) in entries.enumerate() {
        entry.locate(&list.item(index));
    }
}
