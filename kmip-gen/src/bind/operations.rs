//! Binds operations.

use super::{Binder, OBJECT_TYPE, OPERATION, RESULT_REASON};
use crate::model::{Entry, Gated, Operation, Reason, TagId, ValueId};
use crate::names;
use crate::schema::{self, Payload};
use crate::tables::Tables;
use crate::version::Gate;

impl Binder<'_> {
    pub(super) fn operations(&mut self, tables: &Tables) {
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
            let makes = raw.makes.iter().filter_map(|made| self.made(made, gate)).collect();
            let requires = raw.requires.iter().filter_map(|required| self.required(required, gate)).collect();
            let direction = match raw.direction.as_slice() {
                [] => vec![(schema::Direction::ClientToServer, gate)],
                given => {
                    let given = given.iter().flat_map(schema::GatedDirection::each);
                    given
                        .filter_map(|(direction, flag)| Some((direction, self.flag(flag, &entry)?)))
                        .collect()
                }
            };
            self.model.operations.push(Operation {
                entry,
                code,
                direction,
                sets_id_placeholder: raw.sets_id_placeholder,
                uses_id_placeholder: raw.uses_id_placeholder,
                request,
                response,
                makes,
                requires,
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
        let instead_of = raw
            .instead_of
            .iter()
            .filter_map(|name| self.named_value(RESULT_REASON, name, &raw.place))
            .collect();
        Some(Reason { place: raw.place.clone(), value, instead_of, gate, note: raw.note.clone() })
    }

    fn made(&mut self, raw: &schema::Made, outer: Gate) -> Option<Gated<ValueId>> {
        let of = self.named_value(OBJECT_TYPE, &raw.object_type, &raw.place)?;
        let gate = self.gate(raw.since, raw.until, outer, &raw.place, "the operation");
        Some(Gated { place: raw.place.clone(), of, gate, note: raw.note.clone() })
    }

    fn required(&mut self, raw: &schema::Required, outer: Gate) -> Option<Gated<TagId>> {
        let attribute = self.model.attributes.iter().find(|known| known.entry.name == raw.attribute);
        let Some(of) = attribute.map(|attribute| attribute.tag) else {
            if !self.problems.is_lost(&raw.attribute) {
                self.problem(&raw.place, format!("there is no attribute `{}`", raw.attribute));
            }
            return None;
        };
        let gate = self.gate(raw.since, raw.until, outer, &raw.place, "the operation");
        Some(Gated { place: raw.place.clone(), of, gate, note: raw.note.clone() })
    }
}
