//! Tags: number, names and item types.

use serde_json::Value;

use crate::source::{
    Facts, Tables, gate, in_version, list, members, number, said, spelled_types, text, versions,
};
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
    one_row_tables_agree(facts, list(&all["tags"]));
}

/// One-row tables give the type of an item once more, where the item is explained: one of those that its tag has.
fn one_row_tables_agree(facts: &Facts, tags: &[Value]) {
    let items = facts.read("items.json");
    for (name, item) in members(&items) {
        let tag = tags.iter().find(|tag| text(&tag["name"]).eq_ignore_ascii_case(name)).unwrap();
        for version in versions(item).into_iter().filter(|version| versions(tag).contains(version)) {
            let of_tag = spelled_types(in_version(&tag["type"], version));
            let of_item = spelled_types(in_version(&item["encoding"], version));
            // Custom Attribute is a tag that no message carries.
            let agree = of_tag.contains("none") || of_item.is_subset(&of_tag);
            assert!(agree, "{name} is {of_item:?} where it is explained, {of_tag:?} in the tag table");
        }
    }
}

pub(crate) fn tables(tables: &Tables, statements: &mut Statements) {
    for tag in tables.list("tags") {
        let subject = format!("tag {}", text(&tag["name"]));
        for version in gate(tag) {
            statements.there_is(&subject, version);
            statements.say(&subject, "number", version, number(&tag["value"], 6));
            statements.say(&subject, "text", version, text(&tag["text"]));
            statements.say(&subject, "types", version, said(&tables.item_types(&tag["type"], version)));
        }
    }
}
