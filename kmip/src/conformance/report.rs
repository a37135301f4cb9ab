//! What became of all cases together, and what was known before.

mod html;
mod json;
mod junit;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Outcome, Verdict};
use crate::ttlv::Version;

/// Cases that contradict the specification, so that an exact server must not pass them.
///
/// ```
/// use kmip::conformance::Exceptions;
/// let text = "[[case]]\nname = \"TC-142-11\"\nsection = \"1.1 §2.1.6\"\nreason = \"It asks for a type that is not there.\"\n";
/// let exceptions = Exceptions::read(text)?;
/// assert!(exceptions.get("TC-142-11").is_some());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    #[serde(default)]
    case: Vec<Exception>,
}

/// A case that contradicts the specification.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Exception {
    /// Its name.
    pub name: String,
    /// The section of the specification that it contradicts.
    pub section: String,
    /// How it does so.
    pub reason: String,
}

impl Exceptions {
    /// Reads a list in TOML.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }

    /// What is known of a case.
    pub fn get(&self, case: &str) -> Option<&Exception> {
        self.case.iter().find(|known| known.name == case)
    }
}

/// What became of all cases.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The cases, in the order in which they ended.
    pub outcomes: Vec<Outcome>,
    /// What was known before.
    pub exceptions: Exceptions,
    /// Which server it was.
    pub server: String,
}

impl Report {
    /// A report on a server, without any case yet.
    pub fn new(server: impl Into<String>, exceptions: Exceptions) -> Self {
        Self { outcomes: Vec::new(), exceptions, server: server.into() }
    }

    /// The exception that a case is, if it is one and didn't pass.
    pub fn excepted(&self, outcome: &Outcome) -> Option<&Exception> {
        self.exceptions.get(&outcome.case).filter(|_| outcome.verdict.is_bad())
    }

    /// The cases that failed, and aren't known to contradict the specification.
    pub fn failed(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.verdict.is_bad() && self.excepted(outcome).is_none())
    }

    /// The exceptions that passed: either the server is wrong there, or the list.
    pub fn stale(&self) -> impl Iterator<Item = (&Outcome, &Exception)> {
        let passed = self.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Pass);
        passed.filter_map(|outcome| Some((outcome, self.exceptions.get(&outcome.case)?)))
    }

    /// Whether all is as it should be.
    pub fn is_good(&self) -> bool {
        self.failed().next().is_none() && self.stale().next().is_none()
    }

    /// How many cases ended how, version by version; of those that failed, the exceptions are counted for themselves.
    pub fn counts(&self) -> BTreeMap<Version, Counts> {
        let mut counts: BTreeMap<Version, Counts> = BTreeMap::new();
        for outcome in &self.outcomes {
            let counts = counts.entry(outcome.version).or_default();
            let count = match outcome.verdict {
                _ if self.excepted(outcome).is_some() => &mut counts.excepted,
                Verdict::Pass => &mut counts.pass,
                Verdict::Alternative => &mut counts.alternative,
                Verdict::Fail => &mut counts.fail,
                Verdict::Error => &mut counts.error,
                Verdict::Skip => &mut counts.skip,
            };
            *count += 1;
        }
        counts
    }
}

/// How many cases ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Passed.
    pub pass: usize,
    /// Behave as another case shows.
    pub alternative: usize,
    /// Failed, and contradict the specification.
    pub excepted: usize,
    /// Failed.
    pub fail: usize,
    /// Had no answer.
    pub error: usize,
    /// Were left out.
    pub skip: usize,
}

impl Counts {
    /// The numbers, as columns.
    pub fn columns(&self) -> [(&'static str, usize); 7] {
        let all = self.pass + self.alternative + self.excepted + self.fail + self.error + self.skip;
        [
            ("cases", all),
            ("pass", self.pass),
            ("alternative", self.alternative),
            ("excepted", self.excepted),
            ("fail", self.fail),
            ("error", self.error),
            ("skip", self.skip),
        ]
    }
}
