//! What is said of a subject in a version, and how two who say such things differ.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::VERSIONS;

/// What is said, by subject (`structure Key Block / Key Value`), aspect (`required`) and version.
///
/// A subject is a path: what stands before the last ` / ` is the subject that it is a part of.
#[derive(Default)]
pub(crate) struct Statements {
    said: BTreeMap<(String, &'static str), [Option<String>; VERSIONS.len()]>,
}

/// The aspect under which a subject is there at all.
const IS_THERE: &str = "";

/// The aspect whose value is a list of parts, compared by the order of those that both have.
pub(crate) const ORDER: &str = "order";

/// Between the parts of such a list.
pub(crate) const THEN: &str = " > ";

impl Statements {
    /// That there is such a thing.
    pub(crate) fn there_is(&mut self, subject: &str, version: usize) {
        self.say(subject, IS_THERE, version, "there");
    }

    /// What is true of a thing that is there.
    pub(crate) fn say(
        &mut self,
        subject: &str,
        aspect: &'static str,
        version: usize,
        value: impl Into<String>,
    ) {
        let said = self.said.entry((subject.to_owned(), aspect)).or_default();
        let value = value.into();
        assert!(
            said[version].as_ref().is_none_or(|known| *known == value),
            "{subject}: {aspect}: {said:?} and {value}"
        );
        said[version] = Some(value);
    }

    /// How many statements there are, each version's its own.
    pub(crate) fn len(&self) -> usize {
        self.said.values().flatten().flatten().count()
    }

    fn value(&self, subject: &str, aspect: &'static str, version: usize) -> Option<&str> {
        self.said.get(&(subject.to_owned(), aspect))?[version].as_deref()
    }

    fn has(&self, subject: &str, version: usize) -> bool {
        self.value(subject, IS_THERE, version).is_some()
    }
}

/// Every difference, the versions in which it is the same taken together, as a line of text.
pub(crate) fn differences(facts: &Statements, tables: &Statements) -> Vec<String> {
    let mut found: BTreeMap<(&str, String), Vec<usize>> = BTreeMap::new();
    let said: BTreeSet<_> = facts.said.keys().chain(tables.said.keys()).collect();
    for (subject, aspect) in said {
        for version in 0..VERSIONS.len() {
            if let Some(difference) = difference(facts, tables, subject, aspect, version) {
                found.entry((subject, difference)).or_default().push(version);
            }
        }
    }
    let line = |((subject, difference), versions): (&(&str, String), &Vec<usize>)| {
        format!("{subject} ({}): {difference}", range(versions))
    };
    found.iter().map(line).collect()
}

fn difference(
    facts: &Statements,
    tables: &Statements,
    subject: &str,
    aspect: &'static str,
    version: usize,
) -> Option<String> {
    let (in_facts, in_tables) = (facts.has(subject, version), tables.has(subject, version));
    if aspect == IS_THERE {
        // Where a whole is missing, its parts are not told one by one.
        let whole = subject.rsplit_once(" / ").map(|(whole, _)| whole);
        let whole_in = |said: &Statements| whole.is_none_or(|whole| said.has(whole, version));
        return match (in_facts, in_tables) {
            (true, false) if whole_in(tables) => Some("in the facts alone".to_owned()),
            (false, true) if whole_in(facts) => Some("in the tables alone".to_owned()),
            _ => None,
        };
    }
    if !(in_facts && in_tables) {
        return None;
    }
    let value = |said: &Statements| said.value(subject, aspect, version).unwrap_or("nothing").to_owned();
    let (mut by_facts, mut by_tables) = (value(facts), value(tables));
    if aspect == ORDER {
        (by_facts, by_tables) = (common(&by_facts, &by_tables), common(&by_tables, &by_facts));
    }
    (by_facts != by_tables).then(|| format!("{aspect}: {by_facts} in the facts, {by_tables} in the tables"))
}

/// Those parts of a list that are in another too.
fn common(list: &str, other: &str) -> String {
    let other: BTreeSet<&str> = other.split(THEN).collect();
    list.split(THEN).filter(|part| other.contains(part)).collect::<Vec<_>>().join(THEN)
}

/// `1.0-1.2, 1.4`.
fn range(versions: &[usize]) -> String {
    let runs = versions.chunk_by(|one, next| one + 1 == *next);
    let run = |run: &[usize]| match run {
        [one] => VERSIONS[*one].to_owned(),
        [first, .., last] => format!("{}-{}", VERSIONS[*first], VERSIONS[*last]),
        [] => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(", ")
}
