//! What can be wrong with the tables, and where.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why nothing was generated.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The tables break rules; every rule that they break is told.
    Tables(Vec<Problem>),
    /// A file could not be written.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What was asked for does not exist (a table, a type, a version).
    Unknown(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tables(problems) => {
                for (index, problem) in problems.iter().enumerate() {
                    if index > 0 {
                        writeln!(f)?;
                    }
                    write!(f, "{problem}")?;
                }
                Ok(())
            }
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Unknown(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// A rule that the tables break: `file:line: reason`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// Which rule.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// A line of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    file: Arc<str>,
    line: usize,
}

impl Place {
    pub(crate) fn new(file: &Arc<str>, line: usize) -> Self {
        Self { file: Arc::clone(file), line }
    }

    /// The file, as it was named.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Collects problems, so that one run tells them all, and each once: not what only follows from another.
#[derive(Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
    /// Names of entries that could not be read: that they are missing elsewhere is no news.
    lost: BTreeSet<String>,
    /// A whole file could not be read.
    unreadable: bool,
}

impl Problems {
    pub(crate) fn add(&mut self, place: &Place, reason: impl fmt::Display) {
        let problem = Problem { place: place.clone(), reason: reason.to_string() };
        if !self.found.contains(&problem) {
            self.found.push(problem);
        }
    }

    pub(crate) fn lose(&mut self, name: &str) {
        self.lost.insert(name.to_owned());
    }

    pub(crate) fn is_lost(&self, name: &str) -> bool {
        self.lost.contains(name)
    }

    pub(crate) fn unreadable(&mut self, place: &Place, reason: impl fmt::Display) {
        self.add(place, reason);
        self.unreadable = true;
    }

    /// Whether so much is missing that nothing can be said of the rest.
    pub(crate) fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// In the order of files and lines; an error when there are any.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort_by(|a, b| (a.place.file(), a.place.line).cmp(&(b.place.file(), b.place.line)));
        Err(Error::Tables(self.found))
    }
}
