//! Attributes: their tag, type and rules, column for column.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::source::{
    Facts, Tables, VERSIONS, gate, in_version, is_in, list, members, number, said, section, spelled_types,
    strings, text, versions, without_brackets,
};
use crate::statements::Statements;

pub(crate) fn facts(facts: &Facts, statements: &mut Statements) {
    let attributes = facts.read("attributes.json");
    let words = Words::read(facts);
    for (name, attribute) in members(&attributes) {
        let subject = format!("attribute {name}");
        for version in versions(attribute) {
            statements.there_is(&subject, version);
            statements.say(&subject, "tag", version, text(&attribute["tag"]));
            statements.say(&subject, "section", version, text(&attribute["sections"][VERSIONS[version]]));
            let types = spelled_types(in_version(&attribute["encoding"], version));
            statements.say(&subject, "types", version, said(&types));
        }
        for rules in list(&attribute["rules"]) {
            for version in versions(rules) {
                let mut say = |aspect, value: String| statements.say(&subject, aspect, version, value);
                say("always has a value", answer(&rules["always_has_value"]));
                say("initially set by", parties(&rules["initially_set_by"]));
                say("modifiable by server", answer(&rules["modifiable_by_server"]));
                say("modifiable by client", answer(&rules["modifiable_by_client"]));
                say("deletable by client", answer(&rules["deletable_by_client"]));
                say("multiple instances", answer(&rules["multiple_instances_permitted"]));
                say("implicitly set by", words.operations(&rules["when_implicitly_set"], version));
                say("applies to", words.object_types(text(&rules["applies_to_object_types"]), version));
            }
        }
    }
}

/// `yes`, `no`, or the condition that the cell names, by the keyword that the tables have for it.
fn answer(cell: &Value) -> String {
    let cell = text(cell);
    let condition = CONDITIONS.iter().find(|(words, _)| words.iter().all(|word| cell.contains(word)));
    match condition {
        _ if cell == "No" || cell == "Yes" => cell.to_lowercase(),
        Some((_, keyword)) if cell.starts_with("Yes") => format!("when {keyword}"),
        _ => format!("`{cell}`"),
    }
}

/// What stands in the cells that say "yes" and a condition, and the keyword for it; the narrower condition first.
const CONDITIONS: [(&[&str], &str); 13] = [
    (&["Active state", "Process Start Date"], "process-start-ahead"),
    (&["Active state", "Protect Stop Date"], "protect-stop-ahead"),
    (&["Pre-Active or Active state"], "pre-active-or-active"),
    (&["Pre-Active state"], "pre-active"),
    (&["Total and/or", "as long as Get Usage Allocation"], "total-and-unit-unallocated"),
    (&["as long as Get Usage Allocation"], "unallocated"),
    (&["except for Secret Data and Opaque Object"], "not-secret-data-or-opaque"),
    (&["Except for Opaque Object"], "not-opaque"),
    (&["if the server has access to"], "digestible"),
    (&["Application Data is omitted"], "no-application-data"),
    (&["if no value present"], "no-value"),
    (&["client-created"], "client-created"),
    (&["server-created"], "server-created"),
];

/// Client, server or both; what stands in brackets says in which case.
fn parties(cell: &Value) -> String {
    let cell = without_brackets(text(cell));
    let named = cell.split(" or ").map(|party| match party.trim() {
        "Client" => "client",
        "Server" => "server",
        other => panic!("who is {other}?"),
    });
    said(&named.collect())
}

/// The names that lists are made of, by version.
struct Words {
    operations: BTreeMap<usize, BTreeSet<String>>,
    object_types: BTreeMap<usize, BTreeSet<String>>,
}

impl Words {
    fn read(facts: &Facts) -> Self {
        let enumerations = facts.read("enums.json");
        let values = |enumeration: &str| {
            let mut by_version: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
            for value in list(&enumerations[enumeration]["values"]) {
                for version in versions(value) {
                    by_version.entry(version).or_default().insert(text(&value["name"]).to_owned());
                }
            }
            by_version
        };
        Self { operations: values("Operation"), object_types: values("Object Type") }
    }

    /// The operations of a version that a cell lists; the cell itself where it is no list of operations.
    fn operations(&self, cell: &Value, version: usize) -> String {
        let Some(cell) = cell.as_str() else { return "unsaid".to_owned() };
        if cell.is_empty() {
            return "unsaid".to_owned();
        }
        if cell == "Never" {
            return "none".to_owned();
        }
        let mut rest =
            cell.strip_prefix("During ").and_then(|cell| cell.strip_suffix(" operation")).unwrap_or(cell);
        let known: BTreeSet<&str> = self.operations.values().flatten().map(String::as_str).collect();
        let mut found = BTreeSet::new();
        // In some cells a comma is missing: the longest operation that the rest begins with is the next.
        while !rest.is_empty() {
            let begins = |name: &&&str| {
                let behind = rest.strip_prefix(**name);
                behind.is_some_and(|behind| behind.is_empty() || behind.starts_with([',', ' ']))
            };
            let Some(name) = known.iter().filter(begins).max_by_key(|name| name.len()) else {
                return format!("`{cell}`");
            };
            found.insert(*name);
            rest = rest[name.len()..].trim_start_matches([',', ' ']);
        }
        found.retain(|name| self.operations[&version].contains(*name));
        said(&found)
    }

    /// The object types of a version that a cell means.
    fn object_types(&self, cell: &str, version: usize) -> String {
        let known: BTreeSet<&str> = self.object_types[&version].iter().map(String::as_str).collect();
        let mut found = BTreeSet::new();
        for part in cell.split(',').map(str::trim) {
            let single = known.iter().find(|name| part == **name || part == format!("{name}s"));
            match part {
                "All Objects" => found.extend(&known),
                // Those that hold cryptographic material (1.x 2.2).
                "All Cryptographic Objects" | "Managed Cryptographic Objects" => {
                    found.extend(known.iter().filter(|name| !["Template", "Opaque Object"].contains(*name)));
                }
                "Keys" => found.extend(known.iter().filter(|name| name.ends_with(" Key"))),
                "Asymmetric Keys" => found.extend(["Public Key", "Private Key"]),
                "Split Keys of symmetric keys" => _ = found.insert("Split Key"),
                "X.509 Certificates" => _ = found.insert("Certificate"),
                "PGP keys" => _ = found.insert("PGP Key"),
                // A column of a version that has no templates any more.
                "Templates" if single.is_none() => {}
                _ => _ = found.insert(single.unwrap_or_else(|| panic!("what are {part}?"))),
            }
        }
        found.retain(|name| known.contains(name));
        said(&found)
    }
}

pub(crate) fn tables(tables: &Tables, statements: &mut Statements) {
    for attribute in tables.list("attributes") {
        let subject = format!("attribute {}", text(&attribute["name"]));
        for version in gate(attribute) {
            statements.there_is(&subject, version);
            statements.say(&subject, "tag", version, number(&attribute["tag"], 6));
            statements.say(&subject, "section", version, section(attribute, version));
            statements.say(&subject, "types", version, said(&tables.item_types(&attribute["type"], version)));
        }
        for rules in list(&attribute["rules"]) {
            for version in gate(rules) {
                let mut say = |aspect, value: String| statements.say(&subject, aspect, version, value);
                say("always has a value", keyword(&rules["always_has_value"]));
                say("initially set by", said(&strings(&rules["initially_set_by"]).into_iter().collect()));
                say("modifiable by server", keyword(&rules["modifiable_by_server"]));
                say("modifiable by client", keyword(&rules["modifiable_by_client"]));
                say("deletable by client", keyword(&rules["deletable_by_client"]));
                say("multiple instances", keyword(&rules["multiple_instances"]));
                say("implicitly set by", alive(tables, "Operation", &rules["implicitly_set_by"], version));
                say("applies to", alive(tables, "Object Type", &rules["applies_to"], version));
            }
        }
    }
}

fn keyword(answer: &Value) -> String {
    match answer {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        condition => format!("when {}", text(&condition["when"])),
    }
}

/// Those values of an enumeration in a list that the version has.
fn alive(tables: &Tables, enumeration: &str, names: &Value, version: usize) -> String {
    let values = list(&tables.named("enumerations", enumeration).unwrap()["values"]);
    let is_alive = |name: &&str| values.iter().any(|value| value["name"] == **name && is_in(value, version));
    said(&strings(names).into_iter().filter(is_alive).collect())
}
