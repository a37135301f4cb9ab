//! Binds the tables to a model: every name looked up, every gate worked out.

mod attributes;
mod choices;
mod deciders;
mod facts;
mod finish;
mod operations;
mod sizes;
mod structures;

use std::collections::BTreeMap;

use crate::error::{Place, Problems};
use crate::model::{Entry, Enumeration, ItemType, Model, Plain, Tag, TagId, Type, Value, ValueId};
use crate::names;
use crate::schema::{self, Sections};
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
    binder.key_formats(tables, all);
    binder.behaviour(tables, all);
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
}

/// The enumeration whose values items with a tag have, if such an item can decide a choice.
pub(crate) fn decides(model: &Model, tag: TagId) -> Option<usize> {
    let of = model.tags[tag].of?;
    model.values_of(of).filter(|_| model.item_types(of).contains(&ItemType::Enumeration))
}

pub(crate) const OPERATION: &str = "Operation";
pub(crate) const OBJECT_TYPE: &str = "Object Type";
pub(crate) const KEY_FORMAT_TYPE: &str = "Key Format Type";
pub(crate) const CRYPTOGRAPHIC_ALGORITHM: &str = "Cryptographic Algorithm";
pub(crate) const RESULT_REASON: &str = "Result Reason";
