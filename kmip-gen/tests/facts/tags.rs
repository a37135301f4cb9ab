//! Tags: number, names and item types.

use crate::source::{Facts, Tables, VERSIONS, in_version, is_in, list, members, said, spelled_types, text, versions};
use crate::statements::Statements;

pub(crate) fn facts(facts: &Facts, statements: &mut Statements) {
    let all = facts.read("tags.json");
    for tag in list(&all["tags"]) {
        let subject = format!("tag {}", text(&tag["name"]));
        for version in versions(tag) {
            statements.there_is(&subject, version);
            statements.say(&subject, "number", version, text(&tag["value"]));
            statements.say(&subject, "text", version, text(&tag["camel"]));
            let types = spelled_types(in_version(&tag["type"], version));
            statements.say(&subject, "types", version, said(&types));
        }
    }
    // One-row tables give the type of an item once more, where it is explained.
    for (name, item) in members(&facts.read("items.json")) {
        let subject = format!("item {name}");
        for version in versions(item) {
            statements.there_is(&subject, version);
            let types = spelled_types(in_version(&item["encoding"], version));
            statements.say(&subject, "types", version, said(&types));
        }
    }
}

pub(crate) fn tables(tables: &Tables, statements: &mut Statements) {
    for tag in tables.list("tags") {
        let name = text(&tag["name"]);
        let subject = format!("tag {name}");
        for version in (0..VERSIONS.len()).filter(|version| is_in(tag, *version)) {
            statements.there_is(&subject, version);
            statements.say(&subject, "number", version, format!("{:#08X}", tag["value"].as_u64().unwrap()).replace("0X", "0x"));
            statements.say(&subject, "text", version, text(&tag["text"]));
            statements.say(&subject, "types", version, said(&tables.item_types(&tag["type"], version)));
        }
    }
}
