//! Binds attributes and their rules.

use std::collections::BTreeMap;

use super::{Binder, OBJECT_TYPE, OPERATION, raw};
use crate::error::Place;
use crate::model::{Attribute, Rules, ValueId};
use crate::names;
use crate::schema::{self, Rule};
use crate::tables::Tables;
use crate::version::Gate;

impl Binder<'_> {
    pub(super) fn attributes(&mut self, tables: &Tables) {
        self.model.keywords =
            tables.attributes_head.when.iter().map(|(word, means)| (word.clone(), means.clone())).collect();
        for raw in &tables.attributes {
            let Some(tag) = self.tag(raw.tag.as_deref().unwrap_or(&raw.name), &raw.place) else {
                self.problems.lose(&raw.name);
                continue;
            };
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
}
