//! Binds what tables say beside the items of messages: rights, key formats, behaviour.

use super::{Binder, CRYPTOGRAPHIC_ALGORITHM, KEY_FORMAT_TYPE, OBJECT_TYPE, OPERATION, raw};
use crate::model::{KeyFormat, Right};
use crate::names;
use crate::tables::Tables;
use crate::version::Gate;

impl Binder<'_> {
    pub(super) fn rights(&mut self, tables: &Tables) {
        for raw in &tables.rights {
            let operation = self.named_value(OPERATION, &raw.operation, &raw.place);
            let right = self.named_value(OPERATION, &raw.right, &raw.place);
            if let (Some(operation), Some(right)) = (operation, right) {
                let (place, note) = (raw.place.clone(), raw.note.clone());
                self.model.rights.push(Right { place, operation, right, note });
            }
        }
    }

    pub(super) fn key_formats(&mut self, tables: &Tables, all: Gate) {
        for raw in &tables.key_formats {
            let object_type = self.named_value(OBJECT_TYPE, &raw.object_type, &raw.place);
            let format = self.named_value(KEY_FORMAT_TYPE, &raw.format, &raw.place);
            let algorithms = raw
                .algorithms
                .iter()
                .filter_map(|name| self.named_value(CRYPTOGRAPHIC_ALGORITHM, name, &raw.place))
                .collect();
            let gate = self.gate(raw.since, raw.until, all, &raw.place, "KMIP");
            if let (Some(object_type), Some(format)) = (object_type, format) {
                let (place, note) = (raw.place.clone(), raw.note.clone());
                self.model.key_formats.push(KeyFormat { place, object_type, algorithms, format, gate, note });
            }
        }
    }

    pub(super) fn behaviour(&mut self, tables: &Tables, all: Gate) {
        for raw in &tables.behaviour {
            let rust = names::static_name(&raw.name);
            let entry = self.entry(raw!(raw), all, "KMIP", String::new(), rust);
            self.model.behaviour.push(entry);
        }
    }
}
