//! What is known of the official cases beside what stands in them: the table `known.toml`.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::Deserialize;

use crate::client::Encoding;

/// The table.
pub(super) static KNOWN: LazyLock<Known> =
    LazyLock::new(|| toml::from_str(include_str!("known.toml")).unwrap_or_default());

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    erratum: Vec<Erratum>,
    alternatives: Vec<Alternatives>,
    after: Vec<After>,
    default_group: Vec<Plain>,
    wait: Vec<Wait>,
    lists_vary: Vec<Plain>,
    transport: Vec<Transport>,
    from_server: Vec<Plain>,
}

/// A regular expression for the names of cases.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, regex::Error> {
        Regex::new(&text).map(Self)
    }
}

/// A fault of a published file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Erratum {
    case: Pattern,
    pub(super) step: Option<usize>,
    pub(super) only: Option<Side>,
    #[serde(default)]
    pub(super) path: Vec<String>,
    pub(super) from: String,
    pub(super) to: String,
    /// For who reads the table.
    #[serde(rename = "why")]
    _why: String,
}

/// One of the two messages of an exchange.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Side {
    Request,
    Response,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alternatives {
    case: Pattern,
    others: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    case: Pattern,
    first: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    case: Pattern,
}

/// Time that has to pass.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    case: Pattern,
    pub(super) step: usize,
    pub(super) seconds: i64,
    pub(super) short: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transport {
    case: Pattern,
    encoding: Encoding,
}

impl Known {
    pub(super) fn errata<'a>(&'a self, case: &'a str) -> impl Iterator<Item = &'a Erratum> {
        self.erratum.iter().filter(|erratum| erratum.case.0.is_match(case))
    }

    /// The other cases one of which may be satisfied instead.
    pub(super) fn alternatives(&self, case: &str) -> Vec<String> {
        let mut others = Vec::new();
        for group in &self.alternatives {
            if let Some(found) = group.case.0.captures(case) {
                others.extend(group.others.iter().map(|name| expand(&found, name)));
            }
        }
        others.retain(|name| name != case);
        others
    }

    /// The names of the case that has to go first: the first of them that there is.
    pub(super) fn first(&self, case: &str) -> Vec<String> {
        let of = |after: &After| {
            let found = after.case.0.captures(case)?;
            Some(after.first.iter().map(|name| expand(&found, name)).collect())
        };
        self.after.iter().find_map(of).unwrap_or_default()
    }

    pub(super) fn wait(&self, case: &str) -> Option<&Wait> {
        self.wait.iter().find(|wait| wait.case.0.is_match(case))
    }

    pub(super) fn needs_default_group(&self, case: &str) -> bool {
        any(&self.default_group, case)
    }

    pub(super) fn lists_vary(&self, case: &str) -> bool {
        any(&self.lists_vary, case)
    }

    pub(super) fn is_from_server(&self, case: &str) -> bool {
        any(&self.from_server, case)
    }

    /// How the messages of the case have to be sent, if it is about that.
    pub(super) fn encoding(&self, case: &str) -> Option<Encoding> {
        self.transport.iter().find(|transport| transport.case.0.is_match(case)).map(|known| known.encoding)
    }
}

fn any(patterns: &[Plain], case: &str) -> bool {
    patterns.iter().any(|pattern| pattern.case.0.is_match(case))
}

fn expand(found: &Captures<'_>, name: &str) -> String {
    let mut text = String::new();
    found.expand(name, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        assert!(toml::from_str::<Known>(include_str!("known.toml")).is_ok());
        assert_eq!(KNOWN.first("TC-CREG-2-14")[0], "TC-CREG-1-14");
        assert_eq!(KNOWN.first("TC-OTP-CLEANUP-1-13")[0], "TC-OTP-SETUP-1-13");
        assert_eq!(KNOWN.alternatives("TC-OTP-4-14"), ["TC-OTP-3-14"]);
        assert_eq!(KNOWN.errata("CS-BC-M-6-13").count(), 1);
        assert!(KNOWN.lists_vary("TC-121-10") && !KNOWN.lists_vary("TC-122-10"));
        assert_eq!(KNOWN.encoding("MSGENC-XML-M-1-14"), Some(Encoding::Xml));
    }
}
