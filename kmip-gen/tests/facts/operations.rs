//! Operations: code, directions, payloads, result reasons, and what they have to do with the ID Placeholder.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::source::{Facts, Tables, VERSIONS, gate, list, members, number, section, text, versions};
use crate::statements::Statements;

pub(crate) fn facts(facts: &Facts, statements: &mut Statements) {
    let operations = facts.read("operations.json");
    let structures = facts.read("structures.json");
    for (name, operation) in members(&operations) {
        let subject = format!("operation {name}");
        for version in versions(operation) {
            let here = &operation["by_version"][VERSIONS[version]];
            statements.there_is(&subject, version);
            statements.say(&subject, "code", version, text(&operation["code"]));
            statements.say(&subject, "text", version, text(&operation["camel"]));
            // That of the client's own request, where there are two.
            let sections = list(&here["sections"]);
            statements.say(&subject, "section", version, text(&sections[0]["section"]));
            for section in sections {
                statements.there_is(&format!("{subject} / {}", text(&section["direction"])), version);
            }
            for (payload, keys) in [
                ("request", ["request", "request_server_to_client", "message_server_to_client"]),
                ("response", ["response", "response_server_to_client", ""]),
            ] {
                if keys.iter().any(|key| here.get(key).is_some()) {
                    statements.there_is(&format!("{subject} / {payload}"), version);
                }
            }
            placeholder(&subject, version, name, operation, &structures, statements);
        }
    }
    reasons(facts, &operations, statements);
}

/// What sentences on an operation and its payload say of the ID Placeholder, in whichever version they stand.
fn placeholder(
    subject: &str,
    version: usize,
    name: &str,
    operation: &Value,
    structures: &Value,
    statements: &mut Statements,
) {
    let sentences = operation["notes"].as_array().into_iter().flatten().map(|note| text(&note["text"]));
    let sets = |sentence: &str| {
        sentence.contains("into the ID Placeholder variable")
            || sentence.contains("ID Placeholder value SHALL be set to")
    };
    if sentences.into_iter().any(sets) {
        statements.there_is(&format!("{subject} / sets the ID Placeholder"), version);
    }
    let fields = structures[format!("{name} Request Payload")]["fields"].as_array().into_iter().flatten();
    let mut descriptions = fields.filter_map(|field| field["description"].as_str());
    if descriptions.any(|said| said.contains("If omitted") && said.replace(' ', "").contains("IDPlaceholder"))
    {
        statements.there_is(&format!("{subject} / uses the ID Placeholder"), version);
    }
}

/// The error tables; until 1.4 the general one goes for every operation.
fn reasons(facts: &Facts, operations: &Value, statements: &mut Statements) {
    let tables = facts.read("result_reasons.json");
    for (name, table) in members(&tables) {
        // Which operation's table it is. That of batches refers to the others.
        let name = match name.strip_suffix(" (server-to-client)").unwrap_or(name) {
            "Batch Items" => continue,
            "HASH" => "Hash",
            name => name,
        };
        let rows =
            ["errors", "reasons"].iter().flat_map(|kind| table[*kind].as_array().into_iter().flatten());
        for row in rows {
            // Rows without a reason: nothing fails, or the cell is empty.
            let reason = text(&row["result_reason"]).trim_end_matches('.');
            if ["", "N/A"].contains(&reason) {
                continue;
            }
            for version in versions(row) {
                let of: BTreeSet<&str> = match name {
                    "General" => members(operations)
                        .filter(|(_, operation)| versions(operation).contains(&version))
                        .map(|(name, _)| name)
                        .collect(),
                    _ => BTreeSet::from([name]),
                };
                for name in of {
                    statements.there_is(&format!("operation {name} / fails with {reason}"), version);
                }
            }
        }
    }
}

pub(crate) fn tables(tables: &Tables, statements: &mut Statements) {
    for operation in tables.list("operations") {
        let subject = format!("operation {}", text(&operation["name"]));
        for version in gate(operation) {
            statements.there_is(&subject, version);
            statements.say(&subject, "code", version, number(&operation["value"], 8));
            statements.say(&subject, "text", version, text(&operation["text"]));
            statements.say(&subject, "section", version, section(operation, version));
            let directions = list(&operation["direction"]).iter();
            for direction in directions.filter(|direction| gate(direction).contains(&version)) {
                statements.there_is(&format!("{subject} / {}", text(&direction["name"])), version);
            }
            for payload in ["request", "response"] {
                if !operation[payload].is_null() {
                    statements.there_is(&format!("{subject} / {payload}"), version);
                }
            }
            for (key, what) in [("sets_id_placeholder", "sets"), ("uses_id_placeholder", "uses")] {
                if operation[key] == true {
                    statements.there_is(&format!("{subject} / {what} the ID Placeholder"), version);
                }
            }
        }
        for reason in list(&operation["reasons"]) {
            for version in gate(reason) {
                statements.there_is(&format!("{subject} / fails with {}", text(&reason["name"])), version);
            }
        }
    }
}
