//! What became of cases.

use std::{fmt, path::PathBuf};

use super::{case::Case, matching::Difference};
use crate::ttlv::Version;

/// What became of a case.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Its name.
    pub case: String,
    /// Its file.
    pub file: PathBuf,
    /// The version of KMIP that it is of.
    pub version: Version,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it was skipped, or went wrong otherwise than by a difference.
    pub reason: Option<String>,
    /// The first difference.
    pub difference: Option<Difference>,
    /// How many more there are in that answer.
    pub more: usize,
    /// How many exchanges it has.
    pub length: usize,
    /// How many exchanges were right before the first difference.
    pub right: usize,
    /// The exchanges that took place, the last of them that with the difference.
    pub steps: Vec<Played>,
    /// What is worth knowing, and no difference.
    pub remarks: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Every answer was as expected.
    Pass,
    /// The server behaves as another case shows, which excludes this one.
    Alternative,
    /// An answer was different.
    Fail,
    /// There was no answer, or none that can be read.
    Error,
    /// It needs what is not there.
    Skip,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pass, Self::Alternative, Self::Fail, Self::Error, Self::Skip];

    /// Whether the server is not as the case wants it.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Fail | Self::Error)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Alternative => "alternative",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Skip => "skip",
        })
    }
}

/// An exchange as it took place; the messages as readable text, an item a line.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Played {
    /// Who asked, where a case has several clients.
    pub client: Option<String>,
    /// What was asked for.
    pub operations: String,
    /// The request as it was sent.
    pub request: String,
    /// The answer that the case expects.
    pub expected: String,
    /// The answer that came.
    pub answer: Option<String>,
}

impl Outcome {
    pub(super) fn new(case: &Case) -> Self {
        Self {
            case: case.name().to_owned(),
            file: case.path().to_owned(),
            version: case.version(),
            verdict: Verdict::Error,
            reason: None,
            difference: None,
            more: 0,
            length: case.length(),
            right: 0,
            steps: Vec::new(),
            remarks: Vec::new(),
            seconds: 0.0,
        }
    }

    /// Why it is as it is, in a line.
    pub fn why(&self) -> String {
        let mut text = String::new();
        if let Some(difference) = &self.difference {
            text = format!("step {}: {difference}", self.right + 1);
        } else if let Some(reason) = &self.reason {
            text.clone_from(reason);
        }
        if self.verdict == Verdict::Alternative
            && let Some(remark) = self.remarks.last()
        {
            text = format!("{remark} ({text})");
        }
        text
    }
}
