//! Structures, message headers and payloads: their fields, in order, and what these are in each version.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::source::{
    Facts, Tables, VERSIONS, gate, in_version, is_in, list, members, said, section, spelled_types, text,
    versions, without_brackets,
};
use crate::statements::{ORDER, Statements, THEN};

pub(crate) fn facts(facts: &Facts, statements: &mut Statements) {
    let all = facts.read("structures.json");
    for (name, structure) in members(&all) {
        match structure["variants"].as_array() {
            None => whole(name, structure, statements),
            Some(variants) => {
                for variant in variants {
                    whole(&variant_name(name, text(&variant["variant"])), variant, statements);
                }
            }
        }
    }
    let enumerations = facts.read("enums.json");
    let object_types = list(&enumerations["Object Type"]["values"]);
    for (name, structure) in members(&all) {
        for field in structure["fields"].as_array().into_iter().flatten() {
            let row = text(&field["name"]);
            if field_name(row) != "Object" {
                continue;
            }
            for version in versions(field) {
                // `Any Object` and the like list none.
                let types = object_types.iter().filter(|value| versions(value).contains(&version));
                let types = types.map(|value| text(&value["name"]));
                let named = types.filter(|name| !row.starts_with("Cert") || row.contains(name)).collect();
                let subject = format!("structure {name} / Object");
                statements.say(&subject, "one of", version, said(&named));
            }
        }
    }
}

/// What decides for a variant, where one tag has several structures: the Key Format Type, the Credential Type.
fn variant_name(name: &str, variant: &str) -> String {
    let decider = match name {
        "Key Material" => variant.strip_prefix("Key Material Object Structure for ").unwrap(),
        "Credential Value" => variant.strip_prefix("Credential Value Structure for the ").unwrap(),
        _ => return variant.replace(" Structure", ""),
    };
    let decider = decider.strip_suffix(" Credential").or(decider.strip_suffix("s")).unwrap_or(decider);
    format!("{name} of {decider}")
}

fn whole(name: &str, structure: &Value, statements: &mut Statements) {
    let subject = format!("structure {name}");
    let fields = list(&structure["fields"]);
    for version in versions(structure) {
        statements.there_is(&subject, version);
        // `2.1.3 (Table 7: Key Block Object Structure)`
        let place = text(&structure["tables"][VERSIONS[version]]);
        statements.say(&subject, "section", version, place.split(' ').next().unwrap_or_default());
        let present = fields.iter().filter(|field| versions(field).contains(&version));
        let order: Vec<&str> = present.map(|field| field_name(text(&field["name"]))).collect();
        statements.say(&subject, ORDER, version, order.join(THEN));
    }
    for field in fields {
        let subject = format!("{subject} / {}", field_name(text(&field["name"])));
        for version in versions(field) {
            statements.there_is(&subject, version);
            let required = in_version(&field["required"], version);
            statements.say(
                &subject,
                "required",
                version,
                required.as_str().unwrap_or("unsaid").to_lowercase(),
            );
            let repeated = in_version(&field["repeatable"], version) == true;
            statements.say(&subject, "repeated", version, if repeated { "yes" } else { "no" });
            // Payload tables have no column for it: the type is that of the tag.
            let encoding = in_version(&field["encoding"], version);
            let cell = if encoding.is_null() { in_version(&field["type"], version) } else { encoding };
            let is_object = field_name(text(&field["name"])) == "Object";
            let types = if is_object { "Structure".to_owned() } else { said(&spelled_types(cell)) };
            statements.say(&subject, "types", version, types);
        }
    }
}

/// One name for the rows that stand for any managed object or any attribute, which differ between versions and tables.
fn field_name(name: &str) -> &str {
    let plain = without_brackets(name);
    match plain.trim() {
        "Any Object" | "All Objects" => "Object",
        plain if plain.starts_with("Certificate, Symmetric Key, ") => "Object",
        plain if plain.starts_with("Any attribute in ") => "Attribute",
        _ => name,
    }
}

pub(crate) fn tables(tables: &Tables, statements: &mut Statements) {
    for (name, structure) in of_tags(tables) {
        say(tables, &name, structure, &structure["fields"], &gate(structure), statements);
    }
    for choice in ["Key Material", "Credential Value"] {
        variants(tables, choice, statements);
    }
    for operation in tables.list("operations") {
        let name = text(&operation["name"]);
        let towards =
            |party: &str| list(&operation["direction"]).iter().find(|direction| direction["name"] == party);
        let mut payloads = BTreeMap::new();
        if let Some(direction) = towards("client-to-server") {
            payloads.insert(format!("{name} Request Payload"), (&operation["request"], gate(direction)));
            payloads.insert(format!("{name} Response Payload"), (&operation["response"], gate(direction)));
        }
        if let Some(direction) = towards("server-to-client") {
            let what = if towards("client-to-server").is_some() { "Request" } else { "Message" };
            payloads.insert(
                format!("{name} {what} Payload (server-to-client)"),
                (&operation["request"], gate(direction)),
            );
            payloads.insert(
                format!("{name} Response Payload (server-to-client)"),
                (&operation["response"], gate(direction)),
            );
        }
        for (name, (fields, versions)) in payloads.into_iter().filter(|(_, (fields, _))| !fields.is_null()) {
            say(tables, &name, operation, fields, &versions, statements);
        }
    }
}

/// The structures by the names under which the specifications have them.
fn of_tags(tables: &Tables) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for structure in tables.list("structures") {
        let name = text(&structure["name"]);
        match name {
            // Told apart from the other structure, or the plain item, that the tag has.
            "Vendor Attribute" => found.push(("Attribute".to_owned(), structure)),
            "Vendor Attribute Reference" => found.push(("Attribute Reference".to_owned(), structure)),
            "Plaintext Key Value" => found.push(("Key Value".to_owned(), structure)),
            "Derivation Parameters" => {
                for name in [
                    "Derivation Parameters",
                    "Derivation Parameters (Except PBKDF2)",
                    "PBKDF2 Derivation Parameters",
                ] {
                    found.push((name.to_owned(), structure));
                }
            }
            _ if is_case(tables, name) => {}
            _ => found.push((name.to_owned(), structure)),
        }
    }
    // Tags whose items are structures of another name: Common Template-Attribute and the like.
    for tag in tables.list("tags") {
        let structure = tag["type"].as_str().and_then(|name| tables.named("structures", name));
        if let Some(structure) = structure.filter(|structure| structure["name"] != tag["name"]) {
            found.push((text(&tag["name"]).to_owned(), structure));
        }
    }
    found
}

fn is_case(tables: &Tables, name: &str) -> bool {
    ["Key Material", "Credential Value"].iter().any(|choice| {
        let cases = list(&tables.named("choices", choice).unwrap()["cases"]);
        cases.iter().any(|case| case["type"] == name)
    })
}

/// The structures among which another item decides, each under what it decides for.
fn variants(tables: &Tables, name: &str, statements: &mut Statements) {
    let choice = tables.named("choices", name).unwrap();
    let decider = tables.named("enumerations", text(&choice["by"])).unwrap();
    for case in list(&choice["cases"]) {
        let Some(structure) = tables.named("structures", text(&case["type"])) else { continue };
        for when in list(&case["when"]) {
            let value = list(&decider["values"]).iter().find(|value| value["name"] == *when).unwrap();
            let mut versions = gate(structure);
            versions.retain(|version| is_in(value, *version) && is_in(case, *version));
            let name = format!("{name} of {}", text(when));
            say(tables, &name, structure, &structure["fields"], &versions, statements);
        }
    }
}

fn say(
    tables: &Tables,
    name: &str,
    of: &Value,
    fields: &Value,
    versions: &[usize],
    statements: &mut Statements,
) {
    let subject = format!("structure {name}");
    for &version in versions {
        statements.there_is(&subject, version);
        statements.say(&subject, "section", version, section(of, version));
        let present: Vec<&Value> = list(fields).iter().filter(|field| is_in(field, version)).collect();
        let order: Vec<&str> = present.iter().map(|field| text(&field["name"])).collect();
        statements.say(&subject, ORDER, version, order.join(THEN));
        for field in present {
            let subject = format!("{subject} / {}", text(&field["name"]));
            let is = |property: &str| {
                let answer = &field[property];
                if *answer.get(VERSIONS[version]).unwrap_or(answer) == true { "yes" } else { "no" }
            };
            statements.there_is(&subject, version);
            statements.say(&subject, "required", version, is("required"));
            statements.say(&subject, "repeated", version, is("repeat"));
            statements.say(&subject, "types", version, said(&tables.item_types(&field["type"], version)));
            if field["type"] == "Managed Object" {
                let cases = list(&tables.named("choices", "Managed Object").unwrap()["cases"]);
                let cases = cases.iter().filter(|case| is_in(case, version));
                let named = cases.map(|case| text(&case["type"])).collect();
                statements.say(&subject, "one of", version, said(&named));
            }
        }
    }
}
