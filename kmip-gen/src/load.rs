//! From files to entries: the only module that knows YAML.
//!
//! serde_yaml tells no positions of what it has read, so each file is also cut, by its indentation, into the
//! lines of its entries. What an entry holds is then told where it stands ([`Locate`]), and every problem has a
//! file and a line.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_yaml::Value;

use crate::error::{Place, Problems};

/// Something that remembers where it was read.
pub(crate) trait Locate {
    /// Tells it, and what it holds, where it stands.
    fn locate(&mut self, lines: &Lines<'_>);
}

/// One file of the tables.
pub(crate) struct File {
    name: Arc<str>,
    text: String,
    value: Value,
}

impl File {
    /// Reads a file; `None` when it is not there or is not YAML (which is then among the problems).
    pub(crate) fn open(path: &Path, problems: &mut Problems) -> Option<Self> {
        let name: Arc<str> = path.display().to_string().into();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    problems.unreadable(&Place::new(&name, 1), error);
                }
                return None;
            }
        };
        let parsed = serde_yaml::from_str::<Value>(&text).and_then(|mut value| {
            value.apply_merge()?;
            Ok(value)
        });
        match parsed {
            Ok(value) => Some(Self { name, text, value }),
            Err(error) => {
                problems.unreadable(&Place::new(&name, line_of(&error).unwrap_or(1)), reason_of(&error));
                None
            }
        }
    }

    /// The entries of a list: the document, or what stands in it under `key`.
    pub(crate) fn list<T: DeserializeOwned + Locate>(
        &self,
        key: Option<&str>,
        problems: &mut Problems,
    ) -> Vec<T> {
        let lines: Vec<&str> = self.text.lines().collect();
        let whole = Lines { file: &self.name, all: &lines, range: 0..lines.len() };
        let (value, region) = match key {
            None => (Some(&self.value), whole.clone()),
            Some(key) => (self.value.get(key), whole.key(key)),
        };
        let entries = match value {
            Some(Value::Sequence(entries)) => entries.as_slice(),
            Some(Value::Null) => &[],
            _ => {
                let what = key.map_or("a list".to_owned(), |key| format!("a list `{key}`"));
                problems.add(&region.place(), format!("expected {what}"));
                &[]
            }
        };
        let mut list = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let lines = region.item(index);
            match serde_yaml::from_value::<T>(entry.clone()) {
                Ok(mut value) => {
                    value.locate(&lines);
                    list.push(value);
                }
                Err(error) => {
                    problems.add(&lines.place_of_error::<T>().unwrap_or(lines.place()), reason_of(&error));
                    if let Some(name) = entry.get("name").and_then(Value::as_str) {
                        problems.lose(name);
                    }
                }
            }
        }
        list
    }

    /// The document without its list `key`: what stands at the head of the file.
    pub(crate) fn head<T: DeserializeOwned + Locate>(&self, key: &str, problems: &mut Problems) -> Option<T> {
        let mut value = self.value.clone();
        if let Value::Mapping(map) = &mut value {
            map.remove(key);
        }
        self.read(value, problems)
    }

    /// The whole document as one entry.
    pub(crate) fn whole<T: DeserializeOwned + Locate>(&self, problems: &mut Problems) -> Option<T> {
        self.read(self.value.clone(), problems)
    }

    fn read<T: DeserializeOwned + Locate>(&self, value: Value, problems: &mut Problems) -> Option<T> {
        let lines: Vec<&str> = self.text.lines().collect();
        let lines = Lines { file: &self.name, all: &lines, range: 0..lines.len() };
        match serde_yaml::from_value::<T>(value) {
            Ok(mut value) => {
                value.locate(&lines);
                Some(value)
            }
            Err(error) => {
                let line = serde_yaml::from_str::<T>(&self.text).err().and_then(|error| line_of(&error));
                problems.add(&Place::new(&self.name, line.unwrap_or(1)), reason_of(&error));
                None
            }
        }
    }
}

/// The `.yaml` files of a directory in the order of their names; none when there is no such directory.
pub(crate) fn files(directory: &Path, problems: &mut Problems) -> Vec<PathBuf> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                problems.add(&Place::new(&directory.display().to_string().into(), 1), error);
            }
            return Vec::new();
        }
    };
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_yaml(path)).collect();
    paths.sort();
    paths
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml")
}

/// Some lines of a file.
#[derive(Clone)]
pub(crate) struct Lines<'a> {
    file: &'a Arc<str>,
    all: &'a [&'a str],
    range: Range<usize>,
}

impl Lines<'_> {
    /// Where they begin.
    pub(crate) fn place(&self) -> Place {
        Place::new(self.file, self.range.start + 1)
    }

    /// The lines of the value under `key`; all of them where the key is not found.
    pub(crate) fn key(&self, key: &str) -> Self {
        let block = self
            .range
            .clone()
            .filter(|&line| key_column(self.all[line], key).is_some())
            .min_by_key(|&line| (key_column(self.all[line], key), line));
        if let Some(start) = block {
            let column = key_column(self.all[start], key).unwrap_or(0);
            let ends = |&line: &usize| {
                let text = self.all[line];
                let indent = indent(text);
                // A list may stand in the column of its key.
                !is_blank(text) && (indent < column || (indent == column && !is_item(text)))
            };
            let end = (start + 1..self.range.end).find(ends).unwrap_or(self.range.end);
            return Self { range: start..end, ..self.clone() };
        }
        match self.range.clone().find(|&line| has_flow_key(self.all[line], key)) {
            Some(line) => Self { range: line..self.range.end, ..self.clone() },
            None => self.clone(),
        }
    }

    /// The lines of the `index`th item of the list that stands here; all of them where there is none.
    pub(crate) fn item(&self, index: usize) -> Self {
        let Some(first) = self.range.clone().find(|&line| is_item(self.all[line])) else {
            return self.clone();
        };
        let column = indent(self.all[first]);
        let mut starts = (first..self.range.end)
            .filter(|&line| is_item(self.all[line]) && indent(self.all[line]) == column)
            .skip(index);
        match starts.next() {
            Some(start) => {
                let end = starts.next().unwrap_or(self.range.end);
                Self { range: start..end, ..self.clone() }
            }
            None => self.clone(),
        }
    }

    /// Parses these lines alone, to learn on which of them the error is.
    fn place_of_error<T: DeserializeOwned>(&self) -> Option<Place> {
        let text = format!("{}{}", "\n".repeat(self.range.start), self.all[self.range.clone()].join("\n"));
        // Aliases of anchors elsewhere in the file can't be read here.
        serde_yaml::from_str::<Value>(&text).ok()?;
        let error = serde_yaml::from_str::<Vec<T>>(&text).err()?;
        Some(Place::new(self.file, line_of(&error)?))
    }
}

fn line_of(error: &serde_yaml::Error) -> Option<usize> {
    error.location().map(|location| location.line())
}

/// The message without its position, which the place tells.
fn reason_of(error: &serde_yaml::Error) -> String {
    let message = error.to_string();
    match message.find(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message,
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_blank(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

fn is_item(line: &str) -> bool {
    let line = line.trim();
    line == "-" || line.starts_with("- ")
}

/// The column in which `key:` begins, where the line begins with it.
fn key_column(line: &str, key: &str) -> Option<usize> {
    let mut text = line.trim_start();
    while let Some(rest) = text.strip_prefix("- ") {
        text = rest.trim_start();
    }
    let value = text.strip_prefix(key)?.strip_prefix(':')?;
    (value.is_empty() || value.starts_with(' ')).then_some(line.len() - text.len())
}

/// Whether `key:` stands somewhere in the line, as in `{ name: X, fields: [..] }`.
fn has_flow_key(line: &str, key: &str) -> bool {
    line.match_indices(key).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = &line[at + key.len()..];
        before.is_none_or(|c| matches!(c, ' ' | '{' | ',')) && (after.starts_with(": ") || after == ":")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, find: impl Fn(&Lines<'_>) -> usize) -> usize {
        let all: Vec<&str> = text.lines().collect();
        find(&Lines { file: &"t".into(), all: &all, range: 0..all.len() })
    }

    #[test]
    fn keys_and_items_are_found_by_indentation() {
        let text = "# head\n- name: A\n  fields:\n    - { name: X }\n    - name: Y\n      type: Z\n\
                    - name: B\n  fields:\n  - { name: V }\n";
        assert_eq!(line(text, |l| l.item(0).place().line()), 2);
        assert_eq!(line(text, |l| l.item(1).place().line()), 7);
        assert_eq!(line(text, |l| l.item(0).key("fields").item(1).place().line()), 5);
        assert_eq!(line(text, |l| l.item(0).key("fields").item(1).key("type").place().line()), 6);
        assert_eq!(line(text, |l| l.item(1).key("fields").item(0).place().line()), 9);
    }

    #[test]
    fn keys_of_a_flow_mapping_are_found_in_its_line() {
        let text = "tags:\n  - { tag: 1,\n      name: A }\n";
        assert_eq!(line(text, |l| l.key("tags").item(0).key("name").place().line()), 3);
    }
}
