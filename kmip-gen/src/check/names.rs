//! Rules of the names that the tables get in Rust.

use std::collections::BTreeMap;

use super::Check;
use crate::error::Place;
use crate::names::is_identifier;

impl Check<'_> {
    pub(super) fn rust_names(&mut self) {
        let model = self.model;
        let enumerations = model.enumerations.iter().map(|enumeration| &enumeration.entry);
        let structures = model.structures.iter().map(|structure| &structure.entry);
        let choices = model.choices.iter().map(|choice| &choice.entry);
        let mut types: BTreeMap<&str, &str> = BTreeMap::new();
        for entry in enumerations.chain(structures).chain(choices) {
            self.identifier(&entry.rust, &entry.place);
            if RESERVED.contains(&entry.rust.as_str()) {
                let reason = format!(
                    "`{}` is `{}` in Rust, which is taken: `rust:` can name it",
                    entry.name, entry.rust
                );
                self.problem(&entry.place, reason);
            } else if types.insert(&entry.rust, &entry.name).is_some_and(|other| other != entry.name) {
                let reason = format!("two types are `{}` in Rust: `rust:` can tell them apart", entry.rust);
                self.problem(&entry.place, reason);
            }
        }
        for tag in &model.tags {
            self.identifier(&tag.entry.rust, &tag.entry.place);
        }
        for value in model.enumerations.iter().flat_map(|enumeration| &enumeration.values) {
            self.identifier(&value.entry.rust, &value.entry.place);
        }
        for field in model.structures.iter().flat_map(|structure| &structure.fields) {
            if field.entry.rust == "unknown" {
                self.problem(
                    &field.entry.place,
                    "the field `unknown` is that of unlisted items: `rust:` can name this one",
                );
            }
            self.identifier(&field.entry.rust, &field.entry.place);
        }
        for case in model.choices.iter().flat_map(|choice| &choice.cases) {
            self.identifier(&case.entry.rust, &case.entry.place);
        }
    }

    fn identifier(&mut self, name: &str, place: &Place) {
        if !is_identifier(name) {
            self.problem(
                place,
                format!("`{name}` can't be a name in Rust: `text:` or `rust:` can give another"),
            );
        }
    }
}

/// What generated code refers to by these names: types of the codec, of the prelude, and those written by hand.
const RESERVED: &[&str] = &[
    "AttributeName",
    "BigInteger",
    "Box",
    "Bytes",
    "Clone",
    "DateTime",
    "DateTimeExtended",
    "Debug",
    "Default",
    "Enumeration",
    "Err",
    "From",
    "Interval",
    "Item",
    "None",
    "Ok",
    "Option",
    "PartialEq",
    "Request",
    "Result",
    "Secret",
    "SecretText",
    "Self",
    "Some",
    "TagValue",
    "Text",
    "TryFrom",
    "Unknown",
    "Vec",
];
