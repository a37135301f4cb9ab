//! Rules of structures and payloads.

use std::collections::BTreeMap;

use super::Check;
use crate::error::Place;
use crate::model::{Entry, Field, Structure};
use crate::version::Version;

impl Check<'_> {
    pub(super) fn structure(&mut self, structure: &Structure) {
        self.sections(&structure.entry);
        if let Some(tag) = structure.tag {
            let tag = &self.model.tags[tag].entry;
            self.within(
                &structure.entry.gate,
                &tag.gate,
                &format!("its tag `{}`", tag.name),
                &structure.entry,
            );
        }
        let mut names: BTreeMap<&str, &Place> = BTreeMap::new();
        for (index, field) in structure.fields.iter().enumerate() {
            if names.insert(&field.entry.rust, &field.entry.place).is_some() {
                let reason =
                    format!("two fields are `{}` in Rust: `rust:` can tell them apart", field.entry.rust);
                self.problem(&field.entry.place, reason);
            }
            self.field(field);
            self.ambiguous(field, &structure.fields[..index]);
        }
    }

    fn field(&mut self, field: &Field) {
        let entry = &field.entry;
        let mut is_within = true;
        if let Some(tag) = field.tag {
            let tag = &self.model.tags[tag].entry;
            is_within = self.within(&entry.gate, &tag.gate, &format!("its tag `{}`", tag.name), entry);
        }
        if let Some(gate) = self.model.type_gate(field.of).filter(|_| is_within) {
            let of = self.model.type_name(field.of);
            self.within(&entry.gate, &gate, &format!("its type `{of}`"), entry);
        }
        self.secret(entry, field.of, field.secret);
        // The derive says `required` and `single` of one range.
        self.one_range(entry, "optional", |version| field.is_optional(version));
        self.one_range(entry, "repeat", |version| field.is_repeated(version));
    }

    fn one_range(&mut self, entry: &Entry, key: &str, is: impl Fn(Version) -> bool) {
        let not: Vec<bool> = entry.gate.of(self.versions()).map(|version| !is(version)).collect();
        let ranges =
            not.iter().zip(std::iter::once(&false).chain(&not)).filter(|(now, before)| **now && !**before);
        if ranges.count() > 1 {
            let reason =
                format!("`{}` is `{key}` in the middle of its versions: it must stand twice", entry.name);
            self.problem(&entry.place, reason);
        }
    }

    /// In one version an item belongs to one field.
    fn ambiguous(&mut self, field: &Field, before: &[Field]) {
        for other in before {
            if other.tag != field.tag || !other.entry.gate.overlaps(&field.entry.gate, self.versions()) {
                continue;
            }
            let reason = match field.tag {
                Some(tag) => {
                    format!("two fields have the tag `{}` in one version", self.model.tags[tag].entry.name)
                }
                None if other.of == field.of => format!("two fields take what `{}` takes", field.entry.name),
                None => continue,
            };
            self.problem(&field.entry.place, reason);
        }
    }
}
