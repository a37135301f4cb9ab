//! Protocol versions, and the ranges of them in which entries are valid.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

/// A protocol version, spelled `v1.4` in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The major version.
    pub major: u8,
    /// The minor version.
    pub minor: u8,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl std::str::FromStr for Version {
    type Err = String;

    /// Reads `1.4` or `v1.4`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (major, minor) = text.strip_prefix('v').unwrap_or(text).split_once('.')?;
            let number = |digits: &str| {
                let plain = digits.bytes().all(|b| b.is_ascii_digit())
                    && (digits.len() == 1 || !digits.starts_with('0'));
                plain.then(|| digits.parse().ok()).flatten()
            };
            Some(Self { major: number(major)?, minor: number(minor)? })
        };
        parse().ok_or_else(|| format!("`{text}` is not a version such as 1.4"))
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Spelled;

        impl Visitor<'_> for Spelled {
            type Value = Version;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a version spelled like v1.4")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Version, E> {
                let version = text.starts_with('v').then(|| text.parse().ok()).flatten();
                version.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Spelled)
    }
}

/// The versions in which something is valid; both ends are of them, and no `until` means to this day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gate {
    pub(crate) since: Version,
    pub(crate) until: Option<Version>,
}

impl Gate {
    pub(crate) fn contains(&self, version: Version) -> bool {
        self.since <= version && self.until.is_none_or(|until| version <= until)
    }

    /// Those of `versions` that are in the gate.
    pub(crate) fn of<'a>(&'a self, versions: &'a [Version]) -> impl Iterator<Item = Version> + 'a {
        versions.iter().copied().filter(|version| self.contains(*version))
    }

    /// The first version that is in this gate and not in the other.
    pub(crate) fn outside(&self, other: &Self, versions: &[Version]) -> Option<Version> {
        self.of(versions).find(|version| !other.contains(*version))
    }

    /// Whether one version at least is in both.
    pub(crate) fn overlaps(&self, other: &Self, versions: &[Version]) -> bool {
        self.of(versions).any(|version| other.contains(version))
    }

    /// What is in both.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let until = match (self.until, other.until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { since: self.since.max(other.since), until }
    }

    /// The last of `versions` in the gate.
    pub(crate) fn last(&self, versions: &[Version]) -> Version {
        self.of(versions).last().unwrap_or(self.since)
    }

    /// `1.0-1.4`, or `2.0` where that is the only one.
    pub(crate) fn range(&self, versions: &[Version]) -> String {
        let last = self.last(versions);
        if last == self.since { last.to_string() } else { format!("{}-{last}", self.since) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_parse_with_and_without_v() {
        assert_eq!("v1.4".parse(), Ok(Version { major: 1, minor: 4 }));
        assert_eq!("2.0".parse(), Ok(Version { major: 2, minor: 0 }));
        for bad in ["", "1", "1.", "v", "1.04", "1.4.0", "one.two", "+1.0"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }
}
