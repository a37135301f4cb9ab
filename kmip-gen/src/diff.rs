//! What changed from one protocol version to another.
//!
//! Each version is laid out as a tree of lines, and the two trees are compared.

use std::fmt::Write as _;

use crate::model::{By, Case, Choice, Enumeration, Field, Model, Operation, Rules, Structure, Type, ValueId};
use crate::schema::{Party, Rule};
use crate::version::{Gate, Version};

/// The changes, a line each: `+` what came, `-` what went, `~` what is otherwise.
pub(crate) fn diff(model: &Model, old: Version, new: Version) -> String {
    let mut text = format!("KMIP {old} -> {new}\n");
    compare(&View { model, version: old }.tree(), &View { model, version: new }.tree(), 0, &mut text);
    text
}

/// A line, and what stands below it.
struct Node {
    /// By which it is found in the other version.
    key: String,
    /// What may change.
    detail: String,
    below: Vec<Node>,
}

impl Node {
    fn leaf(key: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { key: key.into(), detail: detail.into(), below: Vec::new() }
    }

    fn tree(key: impl Into<String>, below: Vec<Node>) -> Self {
        Self { key: key.into(), detail: String::new(), below }
    }

    /// Writes the line. What came or went as a whole is not told in its parts.
    fn write(&self, sign: char, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        let detail = if self.detail.is_empty() { String::new() } else { format!(": {}", self.detail) };
        // Writing to a String can't fail.
        _ = writeln!(out, "{indent}{sign} {}{detail}", self.key);
    }
}

/// Compares two lists of nodes in the order of the new one; what went stands last.
fn compare(old: &[Node], new: &[Node], depth: usize, out: &mut String) {
    for node in new {
        let Some(before) = old.iter().find(|before| before.key == node.key) else {
            node.write('+', depth, out);
            continue;
        };
        if before.detail != node.detail {
            let indent = "  ".repeat(depth);
            _ = writeln!(out, "{indent}~ {}: {} -> {}", node.key, shown(&before.detail), shown(&node.detail));
        }
        let mut below = String::new();
        compare(&before.below, &node.below, depth + 1, &mut below);
        if !below.is_empty() {
            _ = writeln!(out, "{}{}", "  ".repeat(depth), node.key);
            out.push_str(&below);
        }
    }
    for node in old.iter().filter(|before| !new.iter().any(|node| node.key == before.key)) {
        node.write('-', depth, out);
    }
}

fn shown(detail: &str) -> &str {
    if detail.is_empty() { "nothing" } else { detail }
}

/// The model as one version has it.
struct View<'a> {
    model: &'a Model,
    version: Version,
}

impl View<'_> {
    fn has(&self, gate: &Gate) -> bool {
        gate.contains(self.version)
    }

    fn tree(&self) -> Vec<Node> {
        let model = self.model;
        let tags = model.tags.iter().filter(|tag| self.has(&tag.entry.gate));
        let tags = tags.map(|tag| Node::leaf(format!("{} (0x{:06X})", tag.entry.name, tag.number), ""));
        let structures = model.structures.iter().enumerate();
        let structures = structures.filter(|(id, _)| !model.is_payload(Type::Structure(*id))).map(|(_, s)| s);
        let structures = structures.filter(|structure| self.has(&structure.entry.gate));
        let structures =
            structures.map(|structure| Node::tree(&structure.entry.name, self.fields(structure)));
        let operations = model.operations.iter().filter(|operation| self.has(&operation.entry.gate));
        vec![
            Node::tree("tags", tags.collect()),
            Node::tree("enumerations", self.enumerations(false)),
            Node::tree("masks", self.enumerations(true)),
            Node::tree("structures", structures.collect()),
            Node::tree("choices", self.choices()),
            Node::tree("attributes", self.attributes()),
            Node::tree("operations", operations.map(|operation| self.operation(operation)).collect()),
        ]
    }

    fn enumerations(&self, mask: bool) -> Vec<Node> {
        let enumerations = self.model.enumerations.iter();
        let enumerations = enumerations.filter(|e| e.mask == mask && self.has(&e.entry.gate));
        let values = |enumeration: &Enumeration| {
            let values = enumeration.values.iter().filter(|value| self.has(&value.entry.gate));
            values
                .map(|value| Node::leaf(format!("{} (0x{:X})", value.entry.name, value.number), ""))
                .collect()
        };
        enumerations.map(|enumeration| Node::tree(&enumeration.type_name, values(enumeration))).collect()
    }

    fn fields(&self, structure: &Structure) -> Vec<Node> {
        let fields = structure.fields.iter().filter(|field| self.has(&field.entry.gate));
        fields.map(|field| Node::leaf(&field.entry.name, self.field(field))).collect()
    }

    fn field(&self, field: &Field) -> String {
        let required = if field.is_optional(self.version) { "optional" } else { "required" };
        let repeat = if field.is_repeated(self.version) { ", repeated" } else { "" };
        format!("{}, {required}{repeat}", self.model.type_name(field.of))
    }

    fn choices(&self) -> Vec<Node> {
        // What is made from attributes and operations is told there.
        let own = |choice: &&Choice| {
            !matches!(choice.by, By::Attribute(_))
                && !choice.cases.iter().any(|case| self.model.is_payload(case.of))
        };
        let choices = self.model.choices.iter().filter(own).filter(|choice| self.has(&choice.entry.gate));
        let cases = |choice: &Choice| {
            let cases = choice.cases.iter().filter(|case| self.has(&case.entry.gate));
            let when = |case: &Case| {
                self.names(case.when.iter().filter(|id| self.has(&self.model.value(**id).entry.gate)))
            };
            cases.map(|case| Node::leaf(&case.entry.name, when(case))).collect()
        };
        choices.map(|choice| Node::tree(&choice.entry.name, cases(choice))).collect()
    }

    fn attributes(&self) -> Vec<Node> {
        let attributes = self.model.attributes.iter().filter(|attribute| self.has(&attribute.entry.gate));
        attributes
            .map(|attribute| {
                let rules = attribute.rules.iter().find(|rules| self.has(&rules.gate));
                let of = attribute.of.map_or("none", |of| self.model.type_name(of));
                let mut below = vec![Node::leaf("type", of)];
                below.extend(rules.into_iter().flat_map(|rules| self.rules(rules)));
                Node::tree(&attribute.entry.name, below)
            })
            .collect()
    }

    fn rules(&self, rules: &Rules) -> Vec<Node> {
        let rule = |rule: &Rule| match rule {
            Rule::Yes => "yes".to_owned(),
            Rule::No => "no".to_owned(),
            Rule::When(keyword) => keyword.clone(),
        };
        let party = |party: &Party| match party {
            Party::Server => "server",
            Party::Client => "client",
        };
        let set_by: Vec<_> = rules.initially_set_by.iter().map(party).collect();
        let alive = |ids: &[ValueId]| {
            self.names(ids.iter().filter(|id| self.has(&self.model.value(**id).entry.gate)))
        };
        vec![
            Node::leaf("always has a value", rule(&rules.always_has_value)),
            Node::leaf("initially set by", set_by.join(", ")),
            Node::leaf("modifiable by server", rule(&rules.modifiable_by_server)),
            Node::leaf("modifiable by client", rule(&rules.modifiable_by_client)),
            Node::leaf("deletable by client", rule(&rules.deletable_by_client)),
            Node::leaf("multiple instances", if rules.multiple_instances { "yes" } else { "no" }),
            Node::leaf("implicitly set by", alive(&rules.implicitly_set_by)),
            Node::leaf("applies to", alive(&rules.applies_to)),
        ]
    }

    fn operation(&self, operation: &Operation) -> Node {
        let directions = operation.direction.iter().filter(|(_, gate)| self.has(gate));
        let directions = directions.map(|(direction, _)| direction.name().replace('-', " "));
        let payload =
            |id: Option<usize>| id.map(|id| self.fields(&self.model.structures[id])).unwrap_or_default();
        let reasons = operation.reasons.iter().filter(|reason| self.has(&reason.gate));
        let reasons = reasons.map(|reason| Node::leaf(&self.model.value(reason.value).entry.name, ""));
        let makes = operation.makes.iter().filter(|made| self.has(&made.gate));
        let requires = operation.requires.iter().filter(|required| self.has(&required.gate));
        let requires = requires.map(|required| self.model.tags[required.of].entry.name.as_str());
        let below = vec![
            Node::leaf("direction", directions.collect::<Vec<_>>().join(", ")),
            Node::tree("request", payload(operation.request)),
            Node::tree("response", payload(operation.response)),
            Node::leaf("makes", self.names(makes.map(|made| &made.of))),
            Node::leaf("requires", requires.collect::<Vec<_>>().join(", ")),
            Node::tree("reasons", reasons.collect()),
        ];
        Node::tree(&operation.entry.name, below)
    }

    fn names<'b>(&self, ids: impl Iterator<Item = &'b ValueId>) -> String {
        let names: Vec<&str> = ids.map(|id| self.model.value(*id).entry.name.as_str()).collect();
        names.join(", ")
    }
}
