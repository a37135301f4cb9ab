//! The model as a JSON document, for tools that know no Rust.

mod operations;

use std::collections::BTreeMap;

use serde::Serialize;

use self::operations::{KeyFormat, Operation, Right};
use crate::model::{self, By, Entry, Model, Type, ValueId};
use crate::schema::{Party, Rule};
use crate::version::{Gate, Version};

/// The document, indented.
pub(crate) fn dump(model: &Model) -> Result<String, serde_json::Error> {
    let dump = Dump { model };
    let enumerations = |mask: bool| {
        model
            .enumerations
            .iter()
            .filter(move |enumeration| enumeration.mask == mask)
            .map(|e| dump.enumeration(e))
            .collect()
    };
    let structures =
        model.structures.iter().enumerate().filter(|(id, _)| !model.is_payload(Type::Structure(*id)));
    serde_json::to_string_pretty(&Document {
        versions: model
            .documents
            .iter()
            .map(|(version, name, date)| ProtocolVersion { version: version.to_string(), name, date })
            .collect(),
        tags: (0..model.tags.len()).map(|tag| dump.tag(tag)).collect(),
        enumerations: enumerations(false),
        masks: enumerations(true),
        structures: structures.map(|(_, structure)| dump.structure(structure)).collect(),
        choices: model.choices.iter().map(|choice| dump.choice(choice)).collect(),
        attributes: model.attributes.iter().map(|attribute| dump.attribute(attribute)).collect(),
        operations: model.operations.iter().map(|operation| dump.operation(operation)).collect(),
        rights: model.rights.iter().map(|right| dump.right(right)).collect(),
        key_formats: model.key_formats.iter().map(|format| dump.key_format(format)).collect(),
        behaviour: model.behaviour.iter().map(|entry| dump.head(entry)).collect(),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    versions: Vec<ProtocolVersion<'a>>,
    tags: Vec<Tag<'a>>,
    enumerations: Vec<Enumeration<'a>>,
    masks: Vec<Enumeration<'a>>,
    structures: Vec<Structure<'a>>,
    choices: Vec<Choice<'a>>,
    attributes: Vec<Attribute<'a>>,
    operations: Vec<Operation<'a>>,
    rights: Vec<Right<'a>>,
    key_formats: Vec<KeyFormat<'a>>,
    behaviour: Vec<Head<'a>>,
}

#[derive(Serialize)]
struct ProtocolVersion<'a> {
    version: String,
    name: &'a str,
    date: &'a str,
}

/// What all entries have.
#[derive(Serialize)]
struct Head<'a> {
    name: &'a str,
    text: &'a str,
    since: String,
    /// Null as long as the last version has it.
    until: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    section: BTreeMap<String, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct Tag<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    value: u32,
    r#type: Option<&'a str>,
    item_types: Vec<String>,
    secret: bool,
}

#[derive(Serialize)]
struct Enumeration<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    type_name: &'a str,
    values: Vec<Value<'a>>,
}

#[derive(Serialize)]
struct Value<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    value: u32,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    also: &'a [String],
}

#[derive(Serialize)]
struct Structure<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    tag: Option<u32>,
    open: bool,
    fields: Vec<Field<'a>>,
}

#[derive(Serialize)]
struct Field<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    /// Null where the item has the tag of what was chosen.
    tag: Option<u32>,
    r#type: &'a str,
    item_types: Vec<String>,
    required: PerVersion,
    optional: PerVersion,
    repeat: PerVersion,
    secret: bool,
}

/// One answer where it is the same in all versions that have the field.
#[derive(Serialize)]
#[serde(untagged)]
enum PerVersion {
    All(bool),
    Each(BTreeMap<String, bool>),
}

#[derive(Serialize)]
struct Choice<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    tag: Option<u32>,
    by: &'a str,
    cases: Vec<Case<'a>>,
}

#[derive(Serialize)]
struct Case<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    when: Vec<&'a str>,
    tag: Option<u32>,
    r#type: &'a str,
    secret: bool,
}

#[derive(Serialize)]
struct Attribute<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    tag: u32,
    r#type: Option<&'a str>,
    rules: Vec<Rules<'a>>,
}

#[derive(Serialize)]
struct Rules<'a> {
    since: String,
    until: Option<String>,
    always_has_value: Answer<'a>,
    initially_set_by: Vec<&'static str>,
    modifiable_by_server: Answer<'a>,
    modifiable_by_client: Answer<'a>,
    deletable_by_client: Answer<'a>,
    multiple_instances: bool,
    implicitly_set_by: Vec<&'a str>,
    applies_to: Vec<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    Plain(bool),
    When { when: &'a str, means: Option<&'a str> },
}

#[derive(Clone, Copy)]
struct Dump<'a> {
    model: &'a Model,
}

impl<'a> Dump<'a> {
    fn gate(self, gate: &Gate) -> (String, Option<String>) {
        let last = self.model.versions.last().copied();
        (
            gate.since.to_string(),
            gate.until.filter(|until| last.is_none_or(|last| *until < last)).map(|v| v.to_string()),
        )
    }

    fn head(self, entry: &'a Entry) -> Head<'a> {
        let (since, until) = self.gate(&entry.gate);
        let section =
            entry.section.iter().map(|(version, section)| (version.to_string(), section.as_str())).collect();
        Head { name: &entry.name, text: &entry.text, since, until, section, note: entry.note.as_deref() }
    }

    fn number(self, tag: Option<usize>) -> Option<u32> {
        Some(self.model.tags[tag?].number)
    }

    fn item_types(self, of: Type) -> Vec<String> {
        self.model.item_types(of).iter().map(|item_type| item_type.rust()).collect()
    }

    fn names(self, ids: &[ValueId]) -> Vec<&'a str> {
        ids.iter().map(|id| self.model.value(*id).entry.name.as_str()).collect()
    }

    fn tag(self, id: usize) -> Tag<'a> {
        let tag = &self.model.tags[id];
        Tag {
            head: self.head(&tag.entry),
            value: tag.number,
            r#type: tag.of.map(|of| self.model.type_name(of)),
            item_types: self.model.item_types_of_tag(id).iter().map(|item_type| item_type.rust()).collect(),
            secret: tag.secret,
        }
    }

    fn enumeration(self, enumeration: &'a model::Enumeration) -> Enumeration<'a> {
        let values = enumeration.values.iter();
        let values = values.map(|value| Value {
            head: self.head(&value.entry),
            value: value.number,
            also: &value.also,
        });
        Enumeration {
            head: self.head(&enumeration.entry),
            type_name: &enumeration.type_name,
            values: values.collect(),
        }
    }

    fn structure(self, structure: &'a model::Structure) -> Structure<'a> {
        Structure {
            head: self.head(&structure.entry),
            tag: self.number(structure.tag),
            open: structure.open,
            fields: self.fields(structure),
        }
    }

    fn fields(self, structure: &'a model::Structure) -> Vec<Field<'a>> {
        let field = |field: &'a model::Field| Field {
            head: self.head(&field.entry),
            tag: self.number(field.tag),
            r#type: self.model.type_name(field.of),
            item_types: self.item_types(field.of),
            required: self.per_version(field, |version| !field.is_optional(version)),
            optional: self.per_version(field, |version| field.is_optional(version)),
            repeat: self.per_version(field, |version| field.is_repeated(version)),
            secret: field.secret,
        };
        structure.fields.iter().map(field).collect()
    }

    fn per_version(self, field: &model::Field, is: impl Fn(Version) -> bool) -> PerVersion {
        let each: Vec<(Version, bool)> =
            field.entry.gate.of(&self.model.versions).map(|version| (version, is(version))).collect();
        match each.first() {
            Some((_, first)) if each.iter().any(|(_, is)| is != first) => {
                PerVersion::Each(each.iter().map(|(version, is)| (version.to_string(), *is)).collect())
            }
            first => PerVersion::All(first.is_some_and(|(_, is)| *is)),
        }
    }

    fn choice(self, choice: &'a model::Choice) -> Choice<'a> {
        let by = match choice.by {
            By::ItemType => "Item Type",
            By::Tag => "Tag",
            By::Decider(tag) | By::Attribute(tag) => &self.model.tags[tag].entry.name,
        };
        let cases = choice.cases.iter().map(|case| Case {
            head: self.head(&case.entry),
            when: self.names(&case.when),
            tag: self.number(case.tag),
            r#type: self.model.type_name(case.of),
            secret: case.secret,
        });
        Choice { head: self.head(&choice.entry), tag: self.number(choice.tag), by, cases: cases.collect() }
    }

    fn attribute(self, attribute: &'a model::Attribute) -> Attribute<'a> {
        Attribute {
            head: self.head(&attribute.entry),
            tag: self.model.tags[attribute.tag].number,
            r#type: attribute.of.map(|of| self.model.type_name(of)),
            rules: attribute.rules.iter().map(|rules| self.rules(rules)).collect(),
        }
    }

    fn rules(self, rules: &'a model::Rules) -> Rules<'a> {
        let (since, until) = self.gate(&rules.gate);
        let party = |party: &Party| match party {
            Party::Server => "server",
            Party::Client => "client",
        };
        Rules {
            since,
            until,
            always_has_value: self.answer(&rules.always_has_value),
            initially_set_by: rules.initially_set_by.iter().map(party).collect(),
            modifiable_by_server: self.answer(&rules.modifiable_by_server),
            modifiable_by_client: self.answer(&rules.modifiable_by_client),
            deletable_by_client: self.answer(&rules.deletable_by_client),
            multiple_instances: rules.multiple_instances,
            implicitly_set_by: self.names(&rules.implicitly_set_by),
            applies_to: self.names(&rules.applies_to),
        }
    }

    fn answer(self, rule: &'a Rule) -> Answer<'a> {
        match rule {
            Rule::Yes => Answer::Plain(true),
            Rule::No => Answer::Plain(false),
            Rule::When(keyword) => Answer::When { when: keyword, means: self.model.keyword(keyword) },
        }
    }
}
