//! Binds the cases of choices.

use super::{Binder, decides};
use crate::model::{By, Case, Entry, Type};
use crate::names;
use crate::schema::{self, CasesFrom};
use crate::tables::Tables;

impl Binder<'_> {
    pub(super) fn cases(&mut self, tables: &Tables) {
        for raw in &tables.structures {
            let Some(choice) = &raw.choice else { continue };
            let Some(Type::Choice(id)) = self.types.get(&raw.name).copied() else { continue };
            if raw.fields.is_some() {
                self.problem(&raw.place, format!("`{}` is a choice: it has `cases`, not `fields`", raw.name));
            }
            let mut cases = match choice.from {
                None => Vec::new(),
                Some(CasesFrom::Attributes) => self.attribute_cases(id),
                Some(CasesFrom::Operations) => self.payload_cases(id),
            };
            cases.extend(raw.cases.iter().filter_map(|case| self.case(case, id, raw.secret)));
            self.model.choices[id].cases = cases;
        }
        self.refuse_cycles();
    }

    fn case(&mut self, raw: &schema::Case, choice: usize, secret: bool) -> Option<Case> {
        let of = self.type_of(&raw.item_type, &raw.place)?;
        let Entry { gate: outer, .. } = self.model.choices[choice].entry;
        let by = self.model.choices[choice].by;
        let rust = raw.rust.clone().unwrap_or_else(|| match of {
            Type::Plain(plain) => names::type_name(plain.name()),
            Type::Enumeration(id) => self.model.enumerations[id].entry.rust.clone(),
            Type::Structure(id) => self.model.structures[id].entry.rust.clone(),
            Type::Choice(id) => self.model.choices[id].entry.rust.clone(),
        });
        let named = super::Raw {
            place: &raw.place,
            name: &raw.item_type,
            since: raw.since,
            until: raw.until,
            section: &raw.section,
            note: &raw.note,
        };
        // A case that says nothing else exists when its type does.
        let outer = match self.model.type_gate(of) {
            Some(gate) if gate.overlaps(&outer, &self.model.versions) => outer.and(&gate),
            _ => outer,
        };
        let entry = self.entry(named, outer, "the choice and the type", names::text(&raw.item_type), rust);
        let when = self.when(raw, by);
        let tag = match (by, of) {
            (By::Tag | By::Attribute(_), Type::Structure(id)) => self.model.structures[id].tag,
            (By::Tag | By::Attribute(_), _) => {
                self.problem(
                    &raw.place,
                    format!("`{}` is no structure with a tag of its own", raw.item_type),
                );
                return None;
            }
            (By::ItemType | By::Decider(_), _) => None,
        };
        let of_tag = self.model.choices[choice].tag.is_some_and(|tag| self.model.tags[tag].secret);
        let secret = raw.secret || ((secret || of_tag) && self.model.can_be_secret(of));
        Some(Case { entry, when, tag, of, secret, boxed: false })
    }

    fn when(&mut self, raw: &schema::Case, by: By) -> Vec<(usize, usize)> {
        if raw.when.is_empty() {
            return Vec::new();
        }
        let By::Decider(tag) = by else {
            self.problem(&raw.place, "`when` is of choices that another item decides");
            return Vec::new();
        };
        let Some(enumeration) = decides(&self.model, tag) else {
            let reason = format!("`{}`, which decides, is no enumeration", self.model.tags[tag].entry.name);
            self.problem(&raw.place, reason);
            return Vec::new();
        };
        raw.when.iter().filter_map(|name| self.value_of(enumeration, name, &raw.place)).collect()
    }

    fn attribute_cases(&mut self, choice: usize) -> Vec<Case> {
        let mut cases = Vec::new();
        let outer = self.model.choices[choice].entry.gate;
        for attribute in &self.model.attributes {
            // What no item carries (Custom Attribute) is no case.
            let Some(of) = attribute.of else { continue };
            let entry = Entry { gate: attribute.entry.gate.and(&outer), ..attribute.entry.clone() };
            let secret = self.model.tags[attribute.tag].secret;
            cases.push(Case { entry, when: Vec::new(), tag: Some(attribute.tag), of, secret, boxed: false });
        }
        cases
    }

    fn payload_cases(&mut self, choice: usize) -> Vec<Case> {
        let Entry { name, place, .. } = self.model.choices[choice].entry.clone();
        if !["Request Payload", "Response Payload"].contains(&name.as_str()) {
            self.problem(&place, "a choice from operations is named Request Payload or Response Payload");
        }
        let response = name == "Response Payload";
        let mut cases = Vec::new();
        for operation in &self.model.operations {
            let payload = if response { operation.response } else { operation.request };
            let Some(id) = payload else { continue };
            cases.push(Case {
                entry: operation.entry.clone(),
                when: vec![operation.code],
                tag: None,
                of: Type::Structure(id),
                secret: false,
                boxed: false,
            });
        }
        cases
    }

    /// A choice that is a case of itself would never be decided.
    fn refuse_cycles(&mut self) {
        for id in 0..self.model.choices.len() {
            let mut seen = vec![id];
            let mut next = 0;
            while next < seen.len() {
                for case in &self.model.choices[seen[next]].cases {
                    match case.of {
                        Type::Choice(inner) if inner == id => {
                            let entry = &self.model.choices[id].entry;
                            self.problems
                                .add(&entry.place, format!("choice `{}` is a case of itself", entry.name));
                        }
                        Type::Choice(inner) if !seen.contains(&inner) => seen.push(inner),
                        _ => {}
                    }
                }
                next += 1;
            }
            let cyclic = seen
                .iter()
                .any(|&other| self.model.choices[other].cases.iter().any(|case| case.of == Type::Choice(id)));
            if cyclic {
                self.model.choices[id].cases.clear();
            }
        }
    }
}
