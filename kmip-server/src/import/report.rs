//! What was brought over: as a table for people, as lines for pipes, as JSON on demand.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{Table, presets};
use kmip::ttlv::Tag;
use kmip::types::{AttributeSet, AttributeValue};
use serde::Serialize;

use super::{Database, ImportError};
use crate::engine::{Adopted, object_type};

/// What an import did.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The database.
    pub database: String,
    /// Whether all of it was undone.
    pub dry_run: bool,
    /// How many objects were brought over.
    pub imported: u64,
    /// How many of them are of each type.
    pub types: BTreeMap<String, u64>,
    /// How many of them are in each state.
    pub states: BTreeMap<String, u64>,
    /// How many of them each owner has.
    pub owners: BTreeMap<String, u64>,
    /// How many of them each operation policy governs.
    pub policies: BTreeMap<String, u64>,
    /// The identifiers of those that were there before, and stayed as they are.
    pub skipped: Vec<String>,
    /// How many rows were left out because they are of objects that were destroyed.
    pub left_behind: u64,
    /// Tables and columns that were left out because no version of PyKMIP up to now has them.
    pub unknown: Vec<String>,
}

impl Report {
    pub(super) fn new(database: &Database, dry_run: bool) -> Result<Self, ImportError> {
        Ok(Self {
            database: database.path().display().to_string(),
            dry_run,
            imported: 0,
            types: BTreeMap::new(),
            states: BTreeMap::new(),
            owners: BTreeMap::new(),
            policies: BTreeMap::new(),
            skipped: Vec::new(),
            left_behind: database.left_behind()?,
            unknown: database.unknown()?,
        })
    }

    pub(super) fn add(&mut self, object: &Adopted) {
        self.imported += 1;
        let kind = object_type(&object.object).map(|kind| kind.to_string()).unwrap_or_default();
        for (counts, of) in [
            (&mut self.types, Some(kind)),
            (&mut self.states, state(&object.attributes)),
            (&mut self.owners, Some(object.owner.clone())),
            (&mut self.policies, Some(policy(&object.attributes))),
        ] {
            if let Some(of) = of {
                *counts.entry(of).or_default() += 1;
            }
        }
    }

    pub(super) fn skip(&mut self, object: &Adopted) {
        self.skipped.push(object.identifier.clone());
    }

    /// How many objects were looked at.
    pub(super) fn done(&self) -> u64 {
        self.imported.saturating_add(u64::try_from(self.skipped.len()).unwrap_or(u64::MAX))
    }

    /// The report as text: aligned for people, with tabs between the columns for programs.
    pub fn text(&self, people: bool) -> String {
        let groups = [
            ("type", &self.types),
            ("state", &self.states),
            ("owner", &self.owners),
            ("policy", &self.policies),
        ];
        let rows = groups.into_iter().flat_map(|(group, counts)| {
            counts.iter().map(move |(value, count)| [group.to_owned(), printable(value), count.to_string()])
        });
        if !people {
            return rows.map(|row| row.join("\t") + "\n").collect();
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(["", "", "objects"]);
        let mut last = String::new();
        for [group, value, count] in rows {
            let head = if group == last { String::new() } else { group.clone() };
            last = group;
            table.add_row([head, value, count]);
        }
        format!("{table}\n")
    }

    /// What else there is to know, for people.
    pub fn notes(&self) -> String {
        let mut notes = String::new();
        let objects =
            |count: u64| if count == 1 { "1 object".to_owned() } else { format!("{count} objects") };
        let _ = match self.dry_run {
            true => writeln!(
                notes,
                "{} can be imported. This was a rehearsal: nothing was.",
                objects(self.imported)
            ),
            false => writeln!(notes, "{} imported.", objects(self.imported)),
        };
        if !self.skipped.is_empty() {
            let count = u64::try_from(self.skipped.len()).unwrap_or(u64::MAX);
            let _ = writeln!(notes, "{} left out: their identifiers were there before.", objects(count));
        }
        if self.left_behind > 0 {
            let _ = writeln!(
                notes,
                "{} rows left out: they are what destroyed objects left behind.",
                self.left_behind
            );
        }
        for unknown in &self.unknown {
            let _ = writeln!(notes, "Left out, since PyKMIP has no such thing: {}.", printable(unknown));
        }
        let own: Vec<String> = self
            .policies
            .keys()
            .filter(|name| !BUILT_IN.contains(&name.as_str()))
            .map(|name| printable(name))
            .collect();
        if !own.is_empty() {
            let _ = writeln!(
                notes,
                "These policies are in use, and have to be among the server's policy files: {}.",
                own.join(", ")
            );
        }
        notes
    }
}

fn state(attributes: &AttributeSet) -> Option<String> {
    match attributes.get(Tag::State) {
        Some(AttributeValue::State(state)) => Some(state.to_string()),
        _ => None,
    }
}

fn policy(attributes: &AttributeSet) -> String {
    match attributes.get(Tag::OperationPolicyName) {
        Some(AttributeValue::OperationPolicyName(name)) => name.as_str().to_owned(),
        _ => crate::rights::DEFAULT.to_owned(),
    }
}

/// Text of a database's, without what would move the cursor or start another line.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The policies that every server has.
const BUILT_IN: [&str; 2] = ["default", "public"];
