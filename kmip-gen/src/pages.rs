//! Reference pages in Markdown: what the tables say, for those who would rather read than build.

use std::fmt::Write as _;

use crate::emit::{escaped, sections};
use crate::model::{
    Attribute, By, Choice, Entry, Enumeration, Field, Model, Operation, Rules, Structure, Type, ValueId,
};
use crate::schema::{Direction, Party, Rule};
use crate::version::Gate;

/// The pages by their file names.
pub(crate) fn pages(model: &Model) -> Vec<(&'static str, String)> {
    let pages = Pages { model };
    let mut all = vec![
        ("README.md", pages.index()),
        ("tags.md", pages.tags()),
        ("enumerations.md", pages.enumerations("Enumerations", false)),
        ("masks.md", pages.enumerations("Bit masks", true)),
        ("structures.md", pages.structures()),
        ("attributes.md", pages.attributes()),
        ("operations.md", pages.operations()),
        ("behaviour.md", pages.behaviour()),
    ];
    for (_, text) in &mut all {
        text.insert_str(0, HEADER);
    }
    all
}

#[derive(Clone, Copy)]
struct Pages<'a> {
    model: &'a Model,
}

// Writing to a String can't fail.
impl Pages<'_> {
    fn index(self) -> String {
        let mut page =
            "# KMIP reference\n\nWhat the tables in `spec/` say, version by version.\n\n".to_owned();
        page.push_str("| version | document | date |\n| --- | --- | --- |\n");
        for (version, document, date) in &self.model.documents {
            _ = writeln!(page, "| {version} | {} | {date} |", escaped(document));
        }
        let model = self.model;
        let masks = model.enumerations.iter().filter(|enumeration| enumeration.mask).count();
        let payloads =
            (0..model.structures.len()).filter(|id| model.is_payload(Type::Structure(*id))).count();
        page.push('\n');
        for (file, count, what) in [
            ("tags.md", model.tags.len(), "tags"),
            ("enumerations.md", model.enumerations.len() - masks, "enumerations"),
            ("masks.md", masks, "bit masks"),
            ("structures.md", model.structures.len() - payloads, "structures, and the choices in them"),
            ("attributes.md", model.attributes.len(), "attributes and their rules"),
            ("operations.md", model.operations.len(), "operations, their payloads and how they fail"),
            ("behaviour.md", model.behaviour.len(), "differences in behaviour, and default key formats"),
        ] {
            _ = writeln!(page, "- [{count} {what}]({file})");
        }
        page
    }

    fn tags(self) -> String {
        let mut page =
            "# Tags\n\n| tag | name | in XML and JSON | type | versions |\n| --- | --- | --- | --- | --- |\n"
                .to_owned();
        let mut tags: Vec<_> = self.model.tags.iter().collect();
        tags.sort_by_key(|tag| tag.number);
        for tag in tags {
            let of = tag.of.map_or_else(|| "none".to_owned(), |of| self.link(of));
            let (name, versions) = (escaped(&tag.entry.name), self.versions(&tag.entry));
            _ = writeln!(
                page,
                "| 0x{:06X} | {name} | `{}` | {of} | {versions} |",
                tag.number, tag.entry.text
            );
        }
        page
    }

    fn enumerations(self, title: &str, mask: bool) -> String {
        let mut page = format!("# {title}\n");
        for enumeration in self.model.enumerations.iter().filter(|enumeration| enumeration.mask == mask) {
            self.enumeration(enumeration, &mut page);
        }
        page
    }

    fn enumeration(self, enumeration: &Enumeration, page: &mut String) {
        self.heading(&enumeration.type_name, &enumeration.entry, page);
        page.push_str("| value | name | in XML and JSON | versions |\n| --- | --- | --- | --- |\n");
        for value in &enumeration.values {
            let also: String = value.also.iter().map(|also| format!(", `{also}`")).collect();
            let (name, versions) = (escaped(&value.entry.name), self.versions(&value.entry));
            _ = writeln!(
                page,
                "| 0x{:X} | {name} | `{}`{also} | {versions} |",
                value.number, value.entry.text
            );
        }
    }

    fn structures(self) -> String {
        let mut page = "# Structures\n".to_owned();
        for (id, structure) in self.model.structures.iter().enumerate() {
            if !self.model.is_payload(Type::Structure(id)) {
                self.heading(&structure.entry.name, &structure.entry, &mut page);
                self.fields(structure, &mut page);
            }
        }
        page.push_str("\n# Choices\n");
        for choice in &self.model.choices {
            self.choice(choice, &mut page);
        }
        page
    }

    fn fields(self, structure: &Structure, page: &mut String) {
        if structure.fields.is_empty() {
            page.push_str("No fields.\n");
            return;
        }
        page.push_str(
            "| field | type | required | repeated | versions | |\n| --- | --- | --- | --- | --- | --- |\n",
        );
        for field in &structure.fields {
            let required = self.in_versions(field, |version| !field.is_optional(version));
            let repeated = self.in_versions(field, |version| field.is_repeated(version));
            let (name, of) = (escaped(&field.entry.name), self.link(field.of));
            let (versions, note) =
                (self.versions(&field.entry), escaped(field.entry.note.as_deref().unwrap_or("")));
            _ = writeln!(page, "| {name} | {of} | {required} | {repeated} | {versions} | {note} |");
        }
        if structure.open {
            page.push_str("\nIt may hold further items.\n");
        }
    }

    /// `yes`, `no`, or the versions in which it is so.
    fn in_versions(self, field: &Field, is: impl Fn(crate::Version) -> bool) -> String {
        let (yes, no): (Vec<_>, Vec<_>) =
            field.entry.gate.of(&self.model.versions).partition(|version| is(*version));
        match (yes.as_slice(), no.as_slice()) {
            ([], _) => "no".to_owned(),
            (_, []) => "yes".to_owned(),
            ([one], _) => format!("in {one}"),
            ([first, .., last], _) => format!("in {first}-{last}"),
        }
    }

    fn choice(self, choice: &Choice, page: &mut String) {
        self.heading(&choice.entry.name, &choice.entry, page);
        let name = |tag: usize| escaped(&self.model.tags[tag].entry.name);
        let payloads = choice.cases.iter().any(|case| self.model.is_payload(case.of));
        match choice.by {
            By::ItemType => page.push_str("The item type decides.\n\n"),
            By::Tag => page.push_str("The tag decides.\n\n"),
            By::Attribute(tag) => {
                _ = writeln!(
                    page,
                    "The {} decides, or else the tag: any of the [attributes](attributes.md).",
                    name(tag)
                );
                return;
            }
            By::Decider(tag) if payloads => {
                _ = writeln!(page, "The {} decides: that of the [operation](operations.md).", name(tag));
                return;
            }
            By::Decider(tag) => _ = writeln!(page, "The {} decides.\n", name(tag)),
        }
        page.push_str("| case | when | versions |\n| --- | --- | --- |\n");
        for case in &choice.cases {
            let when = if case.when.is_empty() { "any".to_owned() } else { self.names(&case.when) };
            let when = if matches!(choice.by, By::Decider(_)) { when } else { String::new() };
            _ = writeln!(page, "| {} | {when} | {} |", self.link(case.of), self.versions(&case.entry));
        }
    }

    fn attributes(self) -> String {
        let mut page = "# Attributes\n".to_owned();
        for attribute in &self.model.attributes {
            self.attribute(attribute, &mut page);
        }
        page
    }

    fn attribute(self, attribute: &Attribute, page: &mut String) {
        self.heading(&attribute.entry.name, &attribute.entry, page);
        if let Some(of) = attribute.of {
            _ = writeln!(page, "Type: {}.\n", self.link(of));
        }
        let columns =
            attribute.rules.iter().map(|rules| rules.gate.range(&self.model.versions)).collect::<Vec<_>>();
        _ = writeln!(page, "| | {} |\n| --- |{}", columns.join(" | "), " --- |".repeat(columns.len()));
        let rows: [(&str, Cell<'_>); 8] = [
            ("always has a value", &|rules| self.rule(&rules.always_has_value)),
            ("initially set by", &|rules| parties(&rules.initially_set_by)),
            ("modifiable by server", &|rules| self.rule(&rules.modifiable_by_server)),
            ("modifiable by client", &|rules| self.rule(&rules.modifiable_by_client)),
            ("deletable by client", &|rules| self.rule(&rules.deletable_by_client)),
            ("multiple instances", &|rules| if rules.multiple_instances { "yes" } else { "no" }.to_owned()),
            ("implicitly set by", &|rules| self.names(&rules.implicitly_set_by)),
            ("applies to", &|rules| self.names(&rules.applies_to)),
        ];
        for (name, cell) in rows {
            let cells: Vec<_> = attribute.rules.iter().map(cell).collect();
            _ = writeln!(page, "| {name} | {} |", cells.join(" | "));
        }
        for note in attribute.rules.iter().filter_map(|rules| rules.note.as_ref()) {
            _ = writeln!(page, "\n{}", escaped(note));
        }
    }

    fn rule(self, rule: &Rule) -> String {
        match rule {
            Rule::Yes => "yes".to_owned(),
            Rule::No => "no".to_owned(),
            Rule::When(keyword) => {
                format!("when: {}", escaped(self.model.keyword(keyword).unwrap_or(keyword)))
            }
        }
    }

    fn operations(self) -> String {
        let mut page = "# Operations\n".to_owned();
        for operation in &self.model.operations {
            self.operation(operation, &mut page);
        }
        page
    }

    fn operation(self, operation: &Operation, page: &mut String) {
        self.heading(&operation.entry.name, &operation.entry, page);
        let direction = |(direction, gate): &(Direction, Gate)| {
            let name = direction.name().replace('-', " ");
            if *gate == operation.entry.gate {
                name
            } else {
                format!("{name} ({})", gate.range(&self.model.versions))
            }
        };
        let directions: Vec<_> = operation.direction.iter().map(direction).collect();
        _ = write!(
            page,
            "Code 0x{:X}, {}.",
            self.model.value(operation.code).number,
            directions.join(" and ")
        );
        if operation.uses_id_placeholder {
            page.push_str(" Without a Unique Identifier, the ID Placeholder is meant.");
        }
        if operation.sets_id_placeholder {
            page.push_str(" It sets the ID Placeholder.");
        }
        let right = self.model.rights.iter().find(|right| right.operation == operation.code);
        if let Some(right) = right {
            let note = right.note.as_ref().map(|note| format!(" {}", escaped(note))).unwrap_or_default();
            let stands_in = &self.model.value(right.right).entry.name;
            _ = write!(
                page,
                " Where a policy does not list it, its entry for {} stands in.{note}",
                escaped(stands_in)
            );
        }
        page.push('\n');
        for (title, payload) in [("Request", operation.request), ("Response", operation.response)] {
            _ = writeln!(page, "\n### {} {title}\n", escaped(&operation.entry.name));
            match payload {
                Some(id) => self.fields(&self.model.structures[id], page),
                None => page.push_str("No payload of its own.\n"),
            }
        }
        let made =
            operation.makes.iter().map(|made| (&self.model.value(made.of).entry, &made.gate, &made.note));
        let required = operation
            .requires
            .iter()
            .map(|required| (&self.model.tags[required.of].entry, &required.gate, &required.note));
        let of = |(entry, gate, note): (&Entry, &Gate, &Option<String>)| {
            let note = note.as_deref().unwrap_or_default();
            format!(
                "| {} | {} | {} |\n",
                escaped(&entry.name),
                gate.range(&self.model.versions),
                escaped(note)
            )
        };
        for (title, rows) in
            [("makes", made.map(of).collect::<String>()), ("requires", required.map(of).collect())]
        {
            if !rows.is_empty() {
                _ = write!(page, "\n| {title} | versions | |\n| --- | --- | --- |\n{rows}");
            }
        }
        if !operation.reasons.is_empty() {
            page.push_str("\n| reason | versions | |\n| --- | --- | --- |\n");
        }
        for reason in &operation.reasons {
            let name = escaped(&self.model.value(reason.value).entry.name);
            let (versions, mut note) =
                (reason.gate.range(&self.model.versions), escaped(reason.note.as_deref().unwrap_or("")));
            if !reason.instead_of.is_empty() {
                note = format!("Instead of {}. {note}", self.names(&reason.instead_of));
            }
            _ = writeln!(page, "| {name} | {versions} | {} |", note.trim_end());
        }
    }

    fn behaviour(self) -> String {
        let mut page = "# Behaviour\n".to_owned();
        for entry in &self.model.behaviour {
            self.heading(&entry.name, entry, &mut page);
        }
        page.push_str("\n# Default key formats\n\n| object | algorithms | format | versions | |\n");
        page.push_str("| --- | --- | --- | --- | --- |\n");
        for format in &self.model.key_formats {
            let algorithms = match format.algorithms.as_slice() {
                [] => "all others".to_owned(),
                algorithms => self.names(algorithms),
            };
            _ = writeln!(
                page,
                "| {} | {algorithms} | {} | {} | {} |",
                self.names(&[format.object_type]),
                self.names(&[format.format]),
                format.gate.range(&self.model.versions),
                escaped(format.note.as_deref().unwrap_or_default())
            );
        }
        page
    }

    /// A heading, the versions and sections, and the note.
    fn heading(self, name: &str, entry: &Entry, page: &mut String) {
        _ = write!(page, "\n## {}\n\nKMIP {}", escaped(name), self.versions(entry));
        let sections = sections(entry);
        if !sections.is_empty() {
            _ = write!(page, " ({sections})");
        }
        page.push_str(".\n\n");
        if let Some(note) = &entry.note {
            _ = writeln!(page, "{}\n", escaped(note));
        }
    }

    fn versions(self, entry: &Entry) -> String {
        entry.gate.range(&self.model.versions)
    }

    fn names(self, ids: &[ValueId]) -> String {
        let names: Vec<String> = ids.iter().map(|id| escaped(&self.model.value(*id).entry.name)).collect();
        names.join(", ")
    }

    /// The name of a type, which leads to it.
    fn link(self, of: Type) -> String {
        let file = match of {
            Type::Plain(plain) => return plain.name().to_owned(),
            Type::Enumeration(id) if self.model.enumerations[id].mask => "masks.md",
            Type::Enumeration(_) => "enumerations.md",
            Type::Structure(_) | Type::Choice(_) => "structures.md",
        };
        let name = self.model.type_name(of);
        format!("[{}]({file}#{})", escaped(name), slug(name))
    }
}

fn parties(parties: &[Party]) -> String {
    let names = parties.iter().map(|party| match party {
        Party::Server => "server",
        Party::Client => "client",
    });
    names.collect::<Vec<_>>().join(", ")
}

/// What a row of an attribute's table shows of a rule set.
type Cell<'a> = &'a dyn Fn(&Rules) -> String;

/// The anchor that a heading gets.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

const HEADER: &str = "<!-- Written by `cargo gen pages` from the tables in spec/: edit those. -->\n\n";
