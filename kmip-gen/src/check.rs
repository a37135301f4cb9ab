//! Every rule that tables must keep. What names nothing was found when names were bound; here the rest.

mod choices;
mod facts;
mod names;
mod structures;

use std::collections::BTreeMap;

use crate::bind::OPERATION;
use crate::error::{Place, Problems};
use crate::model::{Attribute, Entry, Enumeration, Model, Type};
use crate::schema::Sections;
use crate::tables::Tables;
use crate::version::{Gate, Version};

/// Checks the bound tables.
pub(crate) fn check(model: &Model, problems: &mut Problems) {
    let whole = problems.is_empty();
    let mut check = Check { model, problems, whole };
    check.tags();
    for enumeration in &model.enumerations {
        check.enumeration(enumeration);
    }
    for structure in &model.structures {
        check.structure(structure);
    }
    for choice in &model.choices {
        check.choice(choice);
    }
    check.attributes();
    check.operations();
    check.rights();
    check.key_formats();
    check.behaviour();
    check.rust_names();
}

/// Every entry names its section. (An overlay's need not: a vendor may have no document.)
pub(crate) fn check_sections(tables: &Tables, problems: &mut Problems) {
    let mut need = |section: &Sections, kind: &str, name: &str, place: &Place| {
        if section.is_empty() {
            problems.add(place, format!("{kind} `{name}` has no `section`"));
        }
    };
    if !tables.tags.is_empty() && tables.tags_head.section.is_empty() {
        for tag in &tables.tags {
            need(&tag.section, "tag", &tag.name, &tag.place);
        }
    }
    for enumeration in &tables.enumerations {
        need(&enumeration.section, "enumeration", &enumeration.name, &enumeration.place);
    }
    for mask in &tables.masks {
        need(&mask.section, "mask", &mask.name, &mask.place);
    }
    for structure in &tables.structures {
        need(&structure.section, "structure", &structure.name, &structure.place);
    }
    for attribute in &tables.attributes {
        need(&attribute.section, "attribute", &attribute.name, &attribute.place);
    }
    for operation in &tables.operations {
        need(&operation.section, "operation", &operation.name, &operation.place);
    }
    if let Some(format) = tables.key_formats.first() {
        need(&tables.key_formats_head.section, "key format", &format.format, &format.place);
    }
    for behaviour in &tables.behaviour {
        need(&behaviour.section, "behaviour", &behaviour.name, &behaviour.place);
    }
}

struct Check<'a> {
    model: &'a Model,
    problems: &'a mut Problems,
    /// All that was written could be read and bound: only then is it sure that something is missing.
    whole: bool,
}

impl<'a> Check<'a> {
    fn problem(&mut self, place: &Place, reason: impl std::fmt::Display) {
        self.problems.add(place, reason);
    }

    fn versions(&self) -> &'a [Version] {
        &self.model.versions
    }

    /// A section is that of a version which has the entry, and the first of these has one.
    fn sections(&mut self, entry: &Entry) {
        if let Some(version) = entry.section.keys().find(|version| !entry.gate.contains(**version)) {
            let reason =
                format!("`{}` has a section in v{version}, a version that does not have it", entry.name);
            self.problem(&entry.place, reason);
        } else if let Some(first) =
            entry.section.keys().next().filter(|first| self.whole && **first > entry.gate.since)
        {
            let reason = format!(
                "`{}` has its first section in v{first}, but is since v{}",
                entry.name, entry.gate.since
            );
            self.problem(&entry.place, reason);
        }
    }

    fn tags(&mut self) {
        let mut numbers: BTreeMap<u32, &str> = BTreeMap::new();
        let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
        for tag in &self.model.tags {
            let Entry { name, text, place, .. } = &tag.entry;
            if let Some(other) = numbers.insert(tag.number, name) {
                self.problem(place, format!("tag 0x{:06X} is that of `{other}` already", tag.number));
            }
            if let Some(other) = texts.insert(text, name).filter(|other| other != name) {
                self.problem(place, format!("`{text}` is the CamelCase name of tag `{other}` already"));
            }
            if !TAGS.contains(&(tag.number >> 16)) {
                let reason =
                    format!("tag 0x{:X} is neither KMIP's (0x42....) nor a vendor's (0x54....)", tag.number);
                self.problem(place, reason);
            }
            self.enumerations_of_tag(tag);
            if let Some(of) = tag.of {
                self.secret(&tag.entry, of, tag.secret);
            }
        }
    }

    fn secret(&mut self, entry: &Entry, of: Type, secret: bool) {
        if secret && !self.model.can_be_secret(of) {
            let of = self.model.type_name(of);
            self.problem(&entry.place, format!("`{}` can't be secret: its type is `{of}`", entry.name));
        }
    }

    /// Text formats name the values of an item by its tag: it can't mean two enumerations.
    fn enumerations_of_tag(&mut self, tag: &crate::model::Tag) {
        let Some(id) = self.model.tags.iter().position(|other| std::ptr::eq(other, tag)) else { return };
        let types = self.model.types_of_tag(id);
        let mut values: Vec<usize> = types.iter().filter_map(|of| self.model.values_of(*of)).collect();
        values.dedup();
        if let [first, second, ..] = values.as_slice() {
            let name = |id: &usize| &self.model.enumerations[*id].type_name;
            let reason = format!(
                "items of tag `{}` are values of {} and of {}",
                tag.entry.name,
                name(first),
                name(second)
            );
            self.problem(&tag.entry.place, reason);
        }
    }

    fn enumeration(&mut self, enumeration: &Enumeration) {
        self.sections(&enumeration.entry);
        let kind = if enumeration.mask { "bit" } else { "value" };
        let mut numbers: BTreeMap<u32, &str> = BTreeMap::new();
        let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
        for value in &enumeration.values {
            let Entry { name, text, place, .. } = &value.entry;
            if let Some(other) = numbers.insert(value.number, name) {
                self.problem(place, format!("{kind} 0x{:X} is that of `{other}` already", value.number));
            }
            for text in std::iter::once(text).chain(&value.also) {
                match texts.insert(text, name) {
                    Some(other) if other == name && text == &value.entry.text => {
                        self.problem(place, format!("there are two {kind}s `{name}`"));
                    }
                    Some(other) => {
                        self.problem(place, format!("`{text}` is a CamelCase name of `{other}` already"));
                    }
                    None => {}
                }
            }
            if enumeration.mask && !value.number.is_power_of_two() {
                self.problem(place, format!("0x{:X} is not a single bit", value.number));
            }
        }
    }

    fn attributes(&mut self) {
        let mut names: BTreeMap<&str, ()> = BTreeMap::new();
        let mut tags: BTreeMap<usize, &str> = BTreeMap::new();
        for attribute in &self.model.attributes {
            let Entry { name, place, .. } = &attribute.entry;
            if names.insert(name, ()).is_some() {
                self.problem(place, format!("there are two attributes `{name}`"));
            } else if let Some(other) = tags.insert(attribute.tag, name) {
                self.problem(place, format!("attribute `{name}` has the tag of `{other}`"));
            }
            self.sections(&attribute.entry);
            if let Some(gate) = attribute.of.and_then(|of| self.model.type_gate(of)) {
                self.within(&attribute.entry.gate, &gate, "its type", &attribute.entry);
            }
            self.attribute_rules(attribute);
        }
    }

    fn attribute_rules(&mut self, attribute: &Attribute) {
        let Entry { name, place, gate, .. } = &attribute.entry;
        for version in gate.of(self.versions()) {
            let sets =
                attribute.rules.iter().filter(|rules| rules.gate.contains(version)).collect::<Vec<_>>();
            match sets.as_slice() {
                [] => self.problem(place, format!("attribute `{name}` has no rules for v{version}")),
                [_] => {}
                [_, second, ..] => {
                    self.problem(
                        &second.place,
                        format!("attribute `{name}` has two rule sets for v{version}"),
                    );
                }
            }
        }
        for rules in &attribute.rules {
            for id in rules.implicitly_set_by.iter().chain(&rules.applies_to) {
                let entry = &self.model.value(*id).entry;
                if !entry.gate.overlaps(&rules.gate, self.versions()) {
                    let reason = format!("`{}` is in none of the versions of these rules", entry.name);
                    self.problem(&rules.place, reason);
                }
            }
        }
    }

    fn operations(&mut self) {
        for operation in &self.model.operations {
            self.sections(&operation.entry);
            self.reasons(operation);
            self.made_and_required(operation);
        }
        let Some(id) = self.model.enumeration(OPERATION).filter(|_| self.whole) else { return };
        for (index, value) in self.model.enumerations[id].values.iter().enumerate() {
            if !self.model.operations.iter().any(|operation| operation.code == (id, index)) {
                let reason =
                    format!("operation `{}` has no file in operations/: no payloads", value.entry.name);
                self.problem(&value.entry.place, reason);
            }
        }
    }

    /// An entry only in versions that have what it needs.
    fn within(&mut self, gate: &Gate, needed: &Gate, what: &str, entry: &Entry) -> bool {
        let outside = gate.outside(needed, self.versions());
        if let Some(version) = outside {
            self.problem(&entry.place, format!("`{}` is in v{version}, but {what} is not", entry.name));
        }
        outside.is_none()
    }
}

/// The first bytes of tags: KMIP's and vendors'.
const TAGS: [u32; 2] = [0x42, 0x54];
