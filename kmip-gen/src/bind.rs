//! Binds the tables to a model: every name looked up, every gate worked out.

mod choices;
mod deciders;
mod finish;
mod sizes;
mod structures;

use std::collections::BTreeMap;

use crate::error::{Place, Problems};
use crate::model::{
    Attribute, Entry, Enumeration, ItemType, Model, Operation, Plain, Reason, Right, Rules, Tag, TagId, Type,
    Value, ValueId,
};
use crate::names;
use crate::schema::{self, Payload, Rule, Sections};
use crate::tables::Tables;
use crate::version::{Gate, Version};

/// Binds all tables; what can't be bound is among the problems and left out.
pub(crate) fn bind(tables: &Tables, problems: &mut Problems) -> Model {
    let mut binder =
        Binder { model: Model::default(), problems, types: BTreeMap::new(), tags: BTreeMap::new() };
    let Some(first) = binder.versions(tables) else { return binder.model };
    if tables.versions.len() != binder.model.versions.len() {
        // Without its versions, no gate can be understood.
        return binder.model;
    }
    let all = Gate { since: first, until: None };
    binder.tags(tables, all);
    binder.enumerations(tables, all);
    binder.shells(tables, all);
    binder.tag_types(tables);
    binder.fields(tables);
    binder.attributes(tables);
    binder.operations(tables);
    binder.rights(tables);
    binder.cases(tables);
    finish::finish(&mut binder.model);
    if binder.problems.is_empty() {
        deciders::check(&mut binder.model, binder.problems);
    }
    binder.model
}

struct Binder<'a> {
    model: Model,
    problems: &'a mut Problems,
    types: BTreeMap<String, Type>,
    tags: BTreeMap<String, TagId>,
}

/// What the raw entries have in common.
struct Raw<'a> {
    place: &'a Place,
    name: &'a str,
    since: Option<Version>,
    until: Option<Version>,
    section: &'a Sections,
    note: &'a Option<String>,
}

macro_rules! raw {
    ($entry:expr) => {
        $crate::bind::Raw {
            place: &$entry.place,
            name: &$entry.name,
            since: $entry.since,
            until: $entry.until,
            section: &$entry.section,
            note: &$entry.note,
        }
    };
}
use raw;

impl Binder<'_> {
    fn problem(&mut self, place: &Place, reason: impl std::fmt::Display) {
        self.problems.add(place, reason);
    }

    fn versions(&mut self, tables: &Tables) -> Option<Version> {
        for entry in &tables.versions {
            if self.model.versions.last().is_some_and(|last| *last >= entry.version) {
                self.problem(
                    &entry.place,
                    format!("version v{} does not follow its predecessor", entry.version),
                );
                continue;
            }
            self.model.versions.push(entry.version);
            self.model.documents.push((entry.version, entry.document.clone(), entry.date.clone()));
        }
        if self.model.versions.is_empty() {
            self.problem(&tables.place, "there are no protocol versions");
        }
        self.model.versions.first().copied()
    }

    /// The gate of an entry: its own bounds, and the outer ones where it has none.
    fn gate(
        &mut self,
        since: Option<Version>,
        until: Option<Version>,
        outer: Gate,
        place: &Place,
        of: &str,
    ) -> Gate {
        for version in since.into_iter().chain(until) {
            if !self.model.versions.contains(&version) {
                self.problem(place, format!("there is no version v{version}"));
                return outer;
            }
        }
        let gate = Gate { since: since.unwrap_or(outer.since), until: until.or(outer.until) };
        if gate.until.is_some_and(|until| until < gate.since) {
            self.problem(place, format!("the gate is empty: it begins with v{} and ends before", gate.since));
            return outer;
        }
        if let Some(version) = gate.outside(&outer, &self.model.versions) {
            self.problem(place, format!("the gate has v{version}, which that of {of} does not have"));
            return outer;
        }
        gate.and(&outer)
    }

    fn entry(&mut self, raw: Raw<'_>, outer: Gate, of: &str, text: String, rust: String) -> Entry {
        for version in raw.section.keys() {
            if !self.model.versions.contains(version) {
                self.problem(raw.place, format!("there is no version v{version}"));
            }
        }
        Entry {
            place: raw.place.clone(),
            name: raw.name.to_owned(),
            text,
            rust,
            gate: self.gate(raw.since, raw.until, outer, raw.place, of),
            section: raw.section.clone(),
            note: raw.note.clone(),
        }
    }

    fn tag(&mut self, name: &str, place: &Place) -> Option<TagId> {
        let tag = self.tags.get(name).copied();
        if tag.is_none() && !self.problems.is_lost(name) {
            self.problem(place, format!("there is no tag `{name}`"));
        }
        tag
    }

    fn type_of(&mut self, name: &str, place: &Place) -> Option<Type> {
        let of = self.types.get(name).copied();
        if of.is_none() && !self.problems.is_lost(name) {
            self.problem(place, format!("there is no type `{name}`"));
        }
        of
    }

    fn tags(&mut self, tables: &Tables, all: Gate) {
        for raw in &tables.tags {
            let Some(number) = raw.tag else {
                self.problem(&raw.place, format!("tag `{}` has no number (`tag:`)", raw.name));
                self.problems.lose(&raw.name);
                continue;
            };
            let text = raw.text.clone().unwrap_or_else(|| names::text(&raw.name));
            let mut entry = self.entry(raw!(raw), all, "KMIP", text.clone(), text);
            if entry.section.is_empty() {
                entry.section = tables.tags_head.section.clone();
            }
            if self.tags.insert(raw.name.clone(), self.model.tags.len()).is_some() {
                self.problem(&raw.place, format!("there are two tags `{}`", raw.name));
                self.tags.insert(raw.name.clone(), self.model.tags.len());
            }
            self.model.tags.push(Tag { entry, number, of: None, secret: raw.secret });
        }
    }

    /// The gate of the tag that has a type's name.
    fn gate_of_namesake(&self, name: &str, all: Gate) -> Gate {
        self.tags.get(name).map_or(all, |tag| self.model.tags[*tag].entry.gate)
    }

    fn add_type(&mut self, name: &str, of: Type, place: &Place) {
        if Plain::by_name(name).is_some() {
            self.problem(
                place,
                format!("`{name}` is one of the plain types: `type_name:` can tell this one apart"),
            );
        } else if self.types.insert(name.to_owned(), of).is_some() {
            self.problem(place, format!("there are two types `{name}`"));
        }
    }

    fn enumerations(&mut self, tables: &Tables, all: Gate) {
        let masks = tables.masks.iter().map(|mask| (mask, true));
        for (raw, mask) in tables.enumerations.iter().map(|enumeration| (enumeration, false)).chain(masks) {
            let outer = self.gate_of_namesake(&raw.name, all);
            let type_name = raw.type_name.clone().unwrap_or_else(|| raw.name.clone());
            let text = raw.text.clone().unwrap_or_else(|| names::text(&raw.name));
            let rust = raw.rust.clone().unwrap_or_else(|| names::type_name(&type_name));
            let entry = self.entry(raw!(raw), outer, "the tag of its name", text, rust);
            let values = raw.values.iter().filter_map(|value| self.value(value, entry.gate)).collect();
            self.add_type(&type_name, Type::Enumeration(self.model.enumerations.len()), &raw.place);
            self.model.enumerations.push(Enumeration { entry, type_name, mask, values });
        }
    }

    fn value(&mut self, raw: &schema::Value, outer: Gate) -> Option<Value> {
        let Some(number) = raw.value else {
            self.problem(&raw.place, format!("`{}` has no number (`value:`)", raw.name));
            return None;
        };
        let text = raw.text.clone().unwrap_or_else(|| names::text(&raw.name));
        let rust = raw.rust.clone().unwrap_or_else(|| text.clone());
        let entry = self.entry(raw!(raw), outer, "the enumeration", text, rust);
        Some(Value { entry, number, also: raw.also.clone() })
    }

    fn tag_types(&mut self, tables: &Tables) {
        for raw in &tables.tags {
            let Some(&tag) = self.tags.get(&raw.name) else { continue };
            let of = match raw.item_type.as_deref() {
                Some("none") => None,
                Some(name) => self.type_of(name, &raw.place),
                None => {
                    let of = self.types.get(&raw.name).copied();
                    if of.is_none() && !self.problems.is_lost(&raw.name) {
                        let reason =
                            "has no `type`, and no structure, choice, enumeration or mask has its name";
                        self.problem(&raw.place, format!("tag `{}` {reason}", raw.name));
                    }
                    of
                }
            };
            if of.is_none() && raw.item_type.as_deref() != Some("none") {
                self.problems.lose(&raw.name);
            }
            self.model.tags[tag].of = of;
        }
    }

    /// A value of one of the enumerations that the tables themselves refer to.
    fn named_value(&mut self, enumeration: &str, name: &str, place: &Place) -> Option<ValueId> {
        let Some(id) = self.model.enumeration(enumeration) else {
            if !self.problems.is_lost(enumeration) {
                self.problem(place, format!("there is no enumeration `{enumeration}`"));
            }
            return None;
        };
        self.value_of(id, name, place)
    }

    fn value_of(&mut self, id: usize, name: &str, place: &Place) -> Option<ValueId> {
        let value = self.model.enumerations[id].values.iter().position(|value| value.entry.name == name);
        if value.is_none() && !self.problems.is_lost(name) {
            let enumeration = &self.model.enumerations[id].type_name;
            let reason = format!("there is no `{name}` in the enumeration {enumeration}");
            self.problem(place, reason);
        }
        Some((id, value?))
    }

    fn attributes(&mut self, tables: &Tables) {
        self.model.keywords =
            tables.attributes_head.when.iter().map(|(word, means)| (word.clone(), means.clone())).collect();
        for raw in &tables.attributes {
            let Some(tag) = self.tag(raw.tag.as_deref().unwrap_or(&raw.name), &raw.place) else { continue };
            let outer = self.model.tags[tag].entry.gate;
            let text = names::text(&raw.name);
            let rust = raw.rust.clone().unwrap_or_else(|| names::type_name(&raw.name));
            let entry = self.entry(raw!(raw), outer, "its tag", text, rust);
            let groups = &tables.attributes_head.object_types;
            let rules = raw.rules.iter().map(|rules| self.rules(rules, entry.gate, groups)).collect();
            let of = match &raw.of {
                Some(name) => self.type_of(name, &raw.place),
                None => self.model.tags[tag].of,
            };
            self.model.attributes.push(Attribute { entry, tag, of, rules });
        }
    }

    fn rules(&mut self, raw: &schema::Rules, outer: Gate, groups: &BTreeMap<String, Vec<String>>) -> Rules {
        let rules = [
            &raw.always_has_value,
            &raw.modifiable_by_server,
            &raw.modifiable_by_client,
            &raw.deletable_by_client,
        ];
        for rule in rules {
            if let Rule::When(keyword) = rule
                && !self.model.keywords.iter().any(|(known, _)| known == keyword)
            {
                self.problem(&raw.place, format!("there is no keyword `{keyword}` at the head of the file"));
            }
        }
        let place = &raw.place;
        let gate = self.gate(raw.since, raw.until, outer, place, "the attribute");
        Rules {
            place: place.clone(),
            note: raw.note.clone(),
            gate,
            always_has_value: raw.always_has_value.clone(),
            initially_set_by: raw.initially_set_by.clone(),
            modifiable_by_server: raw.modifiable_by_server.clone(),
            modifiable_by_client: raw.modifiable_by_client.clone(),
            deletable_by_client: raw.deletable_by_client.clone(),
            multiple_instances: raw.multiple_instances,
            implicitly_set_by: raw
                .implicitly_set_by
                .iter()
                .filter_map(|name| self.named_value(OPERATION, name, place))
                .collect(),
            applies_to: self.object_types(&raw.applies_to, groups, gate, place),
        }
    }

    /// Object types by their own names, and by those of groups: of these, the ones that some version has.
    fn object_types(
        &mut self,
        named: &[String],
        groups: &BTreeMap<String, Vec<String>>,
        gate: Gate,
        place: &Place,
    ) -> Vec<ValueId> {
        let mut types: Vec<ValueId> = Vec::new();
        for name in named {
            let Some(group) = groups.get(name) else {
                types.extend(self.named_value(OBJECT_TYPE, name, place));
                continue;
            };
            for member in group {
                let Some(id) = self.named_value(OBJECT_TYPE, member, place) else { continue };
                if self.model.value(id).entry.gate.overlaps(&gate, &self.model.versions) {
                    types.push(id);
                }
            }
        }
        let mut seen = Vec::new();
        types.retain(|id| {
            !seen.contains(id) && {
                seen.push(*id);
                true
            }
        });
        types
    }

    fn operations(&mut self, tables: &Tables) {
        for raw in &tables.operations {
            let Some(code) = self.named_value(OPERATION, &raw.name, &raw.place) else { continue };
            if self.model.operations.iter().any(|known| known.code == code) {
                self.problem(&raw.place, format!("there are two operations `{}`", raw.name));
                continue;
            }
            let gate = self.model.value(code).entry.gate;
            let rust = raw.rust.clone().unwrap_or_else(|| names::type_name(&raw.name));
            let entry = Entry {
                place: raw.place.clone(),
                name: raw.name.clone(),
                text: self.model.value(code).entry.text.clone(),
                rust,
                gate,
                section: raw.section.clone(),
                note: raw.note.clone(),
            };
            let request = self.payload(raw.request.as_ref(), &entry, "Request");
            let response = self.payload(raw.response.as_ref(), &entry, "Response");
            let reasons = raw.reasons.iter().filter_map(|reason| self.reason(reason, gate)).collect();
            let direction = match raw.direction.as_slice() {
                [] => vec![schema::Direction::ClientToServer],
                given => given.to_vec(),
            };
            self.model.operations.push(Operation {
                entry,
                code,
                direction,
                sets_id_placeholder: raw.sets_id_placeholder,
                uses_id_placeholder: raw.uses_id_placeholder,
                request,
                response,
                reasons,
            });
        }
        let model = &mut self.model;
        let enumerations = &model.enumerations;
        model
            .operations
            .sort_by_key(|operation| enumerations[operation.code.0].values[operation.code.1].number);
    }

    fn payload(&mut self, payload: Option<&Payload>, operation: &Entry, kind: &str) -> Option<usize> {
        let fields = match payload {
            Some(Payload::Fields(fields)) => fields,
            Some(Payload::None) => return None,
            None => {
                let reason = format!("operation `{}` has no `{}`", operation.name, kind.to_lowercase());
                self.problem(&operation.place, reason);
                return None;
            }
        };
        Some(self.add_payload(fields, operation, kind))
    }

    fn reason(&mut self, raw: &schema::Reason, outer: Gate) -> Option<Reason> {
        let value = self.named_value(RESULT_REASON, &raw.reason, &raw.place)?;
        let gate = self.gate(raw.since, raw.until, outer, &raw.place, "the operation");
        Some(Reason { place: raw.place.clone(), value, gate, note: raw.note.clone() })
    }

    fn rights(&mut self, tables: &Tables) {
        for raw in &tables.rights {
            let operation = self.named_value(OPERATION, &raw.operation, &raw.place);
            let right = self.named_value(OPERATION, &raw.right, &raw.place);
            if let (Some(operation), Some(right)) = (operation, right) {
                let (place, note) = (raw.place.clone(), raw.note.clone());
                self.model.rights.push(Right { place, operation, right, note });
            }
        }
    }
}

/// The item types in which the values of an enumeration are written.
pub(crate) fn decides(model: &Model, tag: TagId) -> Option<usize> {
    let of = model.tags[tag].of?;
    model.values_of(of).filter(|_| model.item_types(of).contains(&ItemType::Enumeration))
}

pub(crate) const OPERATION: &str = "Operation";
pub(crate) const OBJECT_TYPE: &str = "Object Type";
pub(crate) const RESULT_REASON: &str = "Result Reason";
