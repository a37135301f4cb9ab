//! Where the statements come from: the facts, and the dump of the tables.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use serde_json::Value;

/// The versions that are compared, by whose place in this list they are called everywhere here.
pub(crate) const VERSIONS: [&str; 6] = ["1.0", "1.1", "1.2", "1.3", "1.4", "2.0"];

/// The versions of an entry of the facts.
pub(crate) fn versions(entry: &Value) -> Vec<usize> {
    let listed = strings(&entry["versions"]);
    listed.iter().map(|name| VERSIONS.iter().position(|version| version == name).unwrap()).collect()
}

/// A property of an entry of the facts in a version: the value itself where it has but one.
pub(crate) fn in_version(property: &Value, version: usize) -> &Value {
    let Some(by_versions) = property.as_object() else { return property };
    let wanted = |versions: &str| versions.split(' ').any(|one| one == VERSIONS[version]);
    by_versions.iter().find(|(versions, _)| wanted(versions)).map_or(&Value::Null, |(_, value)| value)
}

/// Whether an entry of the tables, with `since` and `until`, is in a version.
pub(crate) fn is_in(entry: &Value, version: usize) -> bool {
    let place = |gate: &Value| VERSIONS.iter().position(|version| gate == version);
    let (since, until) = (place(&entry["since"]).unwrap(), place(&entry["until"]));
    since <= version && until.is_none_or(|until| version <= until)
}

/// The versions of an entry of the tables.
pub(crate) fn gate(entry: &Value) -> Vec<usize> {
    (0..VERSIONS.len()).filter(|version| is_in(entry, *version)).collect()
}

/// A number of the tables as the facts write it.
pub(crate) fn number(value: &Value, digits: usize) -> String {
    format!("0x{:0digits$X}", value.as_u64().unwrap())
}

/// The section that an entry of the tables names for a version.
pub(crate) fn section(entry: &Value, version: usize) -> String {
    let sections = entry["section"].as_object();
    let section = (0..=version).rev().find_map(|version| sections?.get(VERSIONS[version])?.as_str());
    section.unwrap_or("none").to_owned()
}

/// A list of strings; none if there is no list.
pub(crate) fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(text).collect()
}

/// A string that is there.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no string"))
}

/// The elements of a list that is there.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

/// The members of an object that is there.
pub(crate) fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let object = value.as_object().unwrap_or_else(|| panic!("{value} is no object"));
    object.iter().map(|(name, value)| (name.as_str(), value))
}

/// The folder of facts.
pub(crate) struct Facts {
    directory: PathBuf,
}

impl Facts {
    /// Says so where there is none.
    pub(crate) fn open() -> Option<Self> {
        let directory: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../shared/spec/facts"].iter().collect();
        if !directory.is_dir() {
            eprintln!("skipped: there are no facts in {}", directory.display());
            return None;
        }
        Some(Self { directory })
    }

    pub(crate) fn read(&self, file: &str) -> Value {
        let text = fs::read_to_string(self.directory.join(file)).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

/// The tables, as the command dumps them.
pub(crate) struct Tables {
    pub(crate) all: Value,
}

impl Tables {
    pub(crate) fn read() -> Self {
        let spec = kmip_gen::Spec::read(&kmip_gen::spec_dir(), None).unwrap();
        Self { all: serde_json::from_str(&spec.dump()).unwrap() }
    }

    pub(crate) fn list(&self, name: &str) -> &[Value] {
        list(&self.all[name])
    }

    /// The entry of a table that has a name.
    pub(crate) fn named(&self, table: &str, name: &str) -> Option<&Value> {
        self.list(table).iter().find(|entry| entry["name"] == name)
    }

    /// The item types that an item of a type can have in a version.
    pub(crate) fn item_types(&self, of: &Value, version: usize) -> BTreeSet<&str> {
        let Some(of) = of.as_str() else { return BTreeSet::from(["none"]) };
        if let Some(choice) = self.named("choices", of) {
            match text(&choice["by"]) {
                // Attributes have all the types that there are, and payloads are structures.
                "Attribute Name" => return BTreeSet::from(["Any"]),
                "Operation" => return BTreeSet::from(["Structure"]),
                _ => {}
            }
            let cases = list(&choice["cases"]).iter().filter(|case| is_in(case, version));
            return cases.flat_map(|case| self.item_types(&case["type"], version)).collect();
        }
        let enumeration = self.list("enumerations").iter().any(|entry| entry["type_name"] == of);
        BTreeSet::from([match of {
            _ if self.named("structures", of).is_some() => "Structure",
            _ if enumeration => "Enumeration",
            _ if self.named("masks", of).is_some() => "Integer",
            "Tag" => "Enumeration",
            "Attribute Name" => "Text String",
            plain => {
                PLAIN.iter().find(|known| **known == plain).unwrap_or_else(|| panic!("what is {plain}?"))
            }
        }])
    }
}

/// The types that have no table.
const PLAIN: [&str; 12] = [
    "Any",
    "Big Integer",
    "Boolean",
    "Byte String",
    "Date-Time",
    "Date-Time Extended",
    "Enumeration",
    "Integer",
    "Interval",
    "Long Integer",
    "Structure",
    "Text String",
];

/// How the specifications spell item types, the longer spelling first.
const SPELLINGS: [(&str, &str); 17] = [
    ("datetimeextended", "Date-Time Extended"),
    ("datetime", "Date-Time"),
    ("longinteger", "Long Integer"),
    ("biginteger", "Big Integer"),
    ("integer", "Integer"),
    ("textstring", "Text String"),
    ("bytestring", "Byte String"),
    ("boolean", "Boolean"),
    ("enumeration", "Enumeration"),
    ("interval", "Interval"),
    ("objectdatastructure", "Structure"),
    ("structure", "Structure"),
    ("attributeobject", "Structure"),
    ("rngparameters", "Structure"),
    ("any", "Any"),
    ("varies", "Any"),
    ("none", "none"),
];

/// The item types that a cell of the facts names: a text, a list of texts, or nothing.
pub(crate) fn spelled_types(cell: &Value) -> BTreeSet<&'static str> {
    let cells = match cell {
        Value::Null => vec!["none"],
        Value::String(text) => vec![text.as_str()],
        _ => strings(cell),
    };
    let mut types = BTreeSet::new();
    for cell in cells {
        // What is in brackets qualifies; what follows `Varies` or `Any` is an example.
        let plain = without_brackets(cell).to_lowercase();
        let first = plain.split(['.', ',']).next().unwrap_or_default();
        let cell = if first.starts_with("varies") || first.starts_with("any") { "any" } else { &plain };
        // `Byte String: for wrapped keys; Structure: for others`.
        for part in cell.replace(" or ", ",").split([',', '/', ';']).filter(|part| !part.trim().is_empty()) {
            let name: String =
                part.split(':').next().unwrap_or_default().chars().filter(|c| c.is_alphabetic()).collect();
            let known = SPELLINGS.iter().find(|(spelling, _)| *spelling == name);
            // A list of formats that goes on behind a type names no type.
            types.extend(known.map(|(_, name)| *name));
        }
    }
    assert!(!types.is_empty(), "{cell} names no type");
    types
}

/// A text without what stands in round brackets.
pub(crate) fn without_brackets(text: &str) -> String {
    let mut depth = 0;
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

/// A set, to be said.
pub(crate) fn said(set: &BTreeSet<&str>) -> String {
    if set.is_empty() { "none".to_owned() } else { set.iter().copied().collect::<Vec<_>>().join(", ") }
}
