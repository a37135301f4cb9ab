//! What tables say beside the items of messages.

use super::Check;
use crate::error::Place;
use crate::model::{Entry, KeyFormat, Operation, Right};
use crate::version::Gate;

impl Check<'_> {
    pub(super) fn reasons(&mut self, operation: &Operation) {
        for (index, reason) in operation.reasons.iter().enumerate() {
            let value = &self.model.value(reason.value).entry;
            if let Some(version) = reason.gate.outside(&value.gate, self.versions()) {
                self.problem(&reason.place, format!("there is no reason `{}` in v{version}", value.name));
            }
            let again = operation.reasons[..index].iter().any(|other| {
                other.value == reason.value && other.gate.overlaps(&reason.gate, &self.model.versions)
            });
            if again {
                self.problem(&reason.place, format!("reason `{}` stands here twice", value.name));
            }
            for id in &reason.instead_of {
                let listed = operation.reasons.iter().any(|other| {
                    other.value == *id && other.gate.overlaps(&reason.gate, &self.model.versions)
                });
                if listed {
                    let other = &self.model.value(*id).entry.name;
                    let reason_name = &value.name;
                    self.problem(
                        &reason.place,
                        format!("reason `{reason_name}` can't stand for `{other}`, which stands here itself"),
                    );
                }
            }
        }
    }

    pub(super) fn rights(&mut self) {
        let mut seen = Vec::new();
        for Right { operation, right, place, .. } in &self.model.rights {
            let name = &self.model.value(*operation).entry.name;
            if operation == right {
                self.problem(place, format!("the right of `{name}` can't stand in for itself"));
            }
            if seen.contains(operation) {
                self.problem(place, format!("`{name}` has a right that stands in already"));
            }
            seen.push(*operation);
        }
        for Right { operation, right, place, .. } in &self.model.rights {
            if seen.contains(right) && right != operation {
                let name = &self.model.value(*right).entry.name;
                self.problem(
                    place,
                    format!("the right of `{name}`, which stands in, is itself stood in for"),
                );
            }
        }
    }

    /// What an operation makes and requires is in its versions, and said once.
    pub(super) fn made_and_required(&mut self, operation: &Operation) {
        let model = self.model;
        for (index, made) in operation.makes.iter().enumerate() {
            self.is_there(&model.value(made.of).entry, &made.gate, &made.place);
            let mut before = operation.makes[..index].iter();
            if before.any(|other| other.of == made.of && other.gate.overlaps(&made.gate, &model.versions)) {
                let name = &model.value(made.of).entry.name;
                self.problem(&made.place, format!("object type `{name}` stands here twice"));
            }
        }
        for (index, required) in operation.requires.iter().enumerate() {
            self.is_there(&model.tags[required.of].entry, &required.gate, &required.place);
            let mut before = operation.requires[..index].iter();
            if before
                .any(|other| other.of == required.of && other.gate.overlaps(&required.gate, &model.versions))
            {
                let name = &model.tags[required.of].entry.name;
                self.problem(&required.place, format!("attribute `{name}` stands here twice"));
            }
        }
    }

    pub(super) fn key_formats(&mut self) {
        let model = self.model;
        for (index, format) in model.key_formats.iter().enumerate() {
            for id in [format.object_type, format.format].iter().chain(&format.algorithms) {
                self.is_there(&model.value(*id).entry, &format.gate, &format.place);
            }
            let is_same = |other: &KeyFormat| {
                let algorithms = other.algorithms.iter().any(|id| format.algorithms.contains(id))
                    || (other.algorithms.is_empty() && format.algorithms.is_empty());
                other.object_type == format.object_type
                    && algorithms
                    && other.gate.overlaps(&format.gate, &model.versions)
            };
            if model.key_formats[..index].iter().any(is_same) {
                self.problem(&format.place, "there is a format for these keys already");
            }
        }
    }

    pub(super) fn behaviour(&mut self) {
        let model = self.model;
        for (index, entry) in model.behaviour.iter().enumerate() {
            self.sections(entry);
            if entry.note.is_none() {
                self.problem(&entry.place, format!("behaviour `{}` has no `note`", entry.name));
            }
            if model.behaviour[..index].iter().any(|other| other.rust == entry.rust) {
                self.problem(&entry.place, format!("there are two entries `{}`", entry.name));
            }
        }
    }

    /// What is named is in all versions in which it is named.
    fn is_there(&mut self, named: &Entry, gate: &Gate, place: &Place) {
        if let Some(version) = gate.outside(&named.gate, self.versions()) {
            self.problem(place, format!("there is no `{}` in v{version}", named.name));
        }
    }
}
