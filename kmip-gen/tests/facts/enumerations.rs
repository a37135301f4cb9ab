//! Enumerations and bit masks: their values, by name, and how readers know these.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::source::{Facts, Tables, gate, list, members, number, said, section, strings, text, versions};
use crate::statements::Statements;

pub(crate) fn facts(facts: &Facts, statements: &mut Statements) {
    let all = facts.read("enums.json");
    for (name, enumeration) in members(&all) {
        let kind = if enumeration["kind"] == "enumeration" { "enumeration" } else { "mask" };
        let subject = format!("{kind} {name}");
        for version in versions(enumeration) {
            statements.there_is(&subject, version);
            statements.say(&subject, "text", version, text(&enumeration["camel"]));
            let sections = &enumeration["sections"];
            statements.say(&subject, "section", version, text(&sections[crate::source::VERSIONS[version]]));
        }
        for value in list(&enumeration["values"]) {
            let subject = format!("{subject} / {}", text(&value["name"]));
            let others = other_names(value);
            for version in versions(value) {
                statements.there_is(&subject, version);
                statements.say(&subject, "value", version, text(&value["value"]));
                statements.say(&subject, "text", version, text(&value["camel"]));
                let others = others.iter().map(String::as_str).collect();
                statements.say(&subject, "also read as", version, said(&others));
            }
        }
    }
}

/// The CamelCase names that a value has in other versions than its last, or has by a misprint.
fn other_names(value: &Value) -> BTreeSet<String> {
    let name = text(&value["camel"]);
    let forms = value["camel_in"].as_object();
    let mut others: BTreeSet<String> =
        forms.into_iter().flat_map(|forms| forms.values()).map(|form| text(form).to_owned()).collect();
    if forms.is_none() {
        // Printed forms that differ in more than brackets, spaces and capitals, which make no other name.
        for printed in value["printed"].as_object().into_iter().flat_map(|printed| printed.values()) {
            let plain: String = text(printed).chars().filter(|c| c.is_alphanumeric()).collect();
            let known: String = text(&value["name"]).chars().filter(|c| c.is_alphanumeric()).collect();
            if !plain.eq_ignore_ascii_case(&known) {
                others.insert(plain);
            }
        }
    }
    others.remove(name);
    others
}

pub(crate) fn tables(tables: &Tables, statements: &mut Statements) {
    for (kind, table) in [("enumeration", "enumerations"), ("mask", "masks")] {
        for enumeration in tables.list(table) {
            let subject = format!("{kind} {}", text(&enumeration["name"]));
            for version in gate(enumeration) {
                statements.there_is(&subject, version);
                statements.say(&subject, "text", version, text(&enumeration["text"]));
                statements.say(&subject, "section", version, section(enumeration, version));
            }
            for value in list(&enumeration["values"]) {
                let subject = format!("{subject} / {}", text(&value["name"]));
                for version in gate(value) {
                    statements.there_is(&subject, version);
                    statements.say(&subject, "value", version, number(&value["value"], 8));
                    statements.say(&subject, "text", version, text(&value["text"]));
                    let others = strings(&value["also"]).into_iter().collect();
                    statements.say(&subject, "also read as", version, said(&others));
                }
            }
        }
    }
}
