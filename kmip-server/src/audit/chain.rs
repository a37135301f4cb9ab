//! The chain: each record says the digest of the one before it, over every byte of its line.
//!
//! So it can be checked with nothing but `sha256sum`, and by whoever has no key. What a chain of digests can't show is that
//! all of it was made anew, or that its end was cut off: that the [head](super::state) shows, which is sealed.

use std::fmt;

use serde::Deserialize;

use super::AuditError;
use crate::crypto;

/// A record's place in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number: 1 is the first record's.
    pub number: u64,
    /// The digest of its line.
    pub digest: [u8; 32],
}

impl Link {
    /// Before the first record.
    pub const START: Self = Self { number: 0, digest: [0; 32] };

    /// The record behind this one, which says what `body` does (an object of JSON), as a line.
    pub(super) fn follow(&mut self, body: &str, lines: &mut Vec<u8>) {
        let number = self.number.saturating_add(1);
        let start = lines.len();
        let fields = body.strip_prefix('{').unwrap_or(body);
        lines.extend_from_slice(format!("{{\"number\":{number},\"previous\":\"").as_bytes());
        let mut hex = [0; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.digest) {
            let digits = [byte >> 4, byte & 15].map(|digit| DIGITS.get(usize::from(digit)).copied());
            pair.copy_from_slice(&digits.map(Option::unwrap_or_default));
        }
        lines.extend_from_slice(&hex);
        lines.extend_from_slice(b"\",");
        lines.extend_from_slice(fields.as_bytes());
        *self = Self::of(number, lines.get(start..).unwrap_or_default());
        lines.push(b'\n');
    }

    /// The place of a line, without its end.
    pub(super) fn of(number: u64, line: &[u8]) -> Self {
        Self { number, digest: crypto::sha256(line) }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, Hex(&self.digest))
    }
}

impl std::str::FromStr for Link {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not NUMBER:DIGEST, with 64 hexadecimal digits");
        let (number, digits) = text.split_once(':').ok_or_else(wrong)?;
        let number = number.parse().map_err(|_| wrong())?;
        Ok(Self { number, digest: from_hex(digits).ok_or_else(wrong)? })
    }
}

/// Bytes as hexadecimal digits.
pub(super) struct Hex<'a>(pub(super) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn from_hex(digits: &str) -> Option<[u8; 32]> {
    let digits = digits.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// What of a record the chain is made of.
#[derive(Deserialize)]
struct Line<'l> {
    number: u64,
    #[serde(borrow)]
    previous: &'l str,
}

/// Where the chain is broken, and how.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A line is no record.
    #[error("behind record {after} stands what is no record: it was changed or cut off")]
    NoRecord {
        /// The last record before it.
        after: u64,
    },
    /// Records are missing.
    #[error("record {found} comes after record {after}: {} missing", missing(*after, *found))]
    Missing {
        /// The record before.
        after: u64,
        /// The one that follows it.
        found: u64,
    },
    /// A record stands where it doesn't belong.
    #[error("record {found} comes after record {after}: it was moved or added")]
    Moved {
        /// The record before.
        after: u64,
        /// The one that follows it.
        found: u64,
    },
    /// A record is not as the next one says.
    #[error("record {number} is not the one that record {} was written after: one of the two was changed", number.saturating_add(1))]
    Changed {
        /// Its number.
        number: u64,
    },
    /// The end is missing.
    #[error("the records end at {found}, and the last one written is {last}: {} missing", missing(*found, last.saturating_add(1)))]
    CutOff {
        /// The last that is there.
        found: u64,
        /// The last that was written.
        last: u64,
    },
    /// There is more than the server wrote.
    #[error("there are records up to {found}, but the server wrote {last}: they were added")]
    Added {
        /// The last that is there.
        found: u64,
        /// The last that was written.
        last: u64,
    },
    /// A record is not the one that it was known to be.
    #[error("record {number} is not the one that it is known to be: it, or any before it, was changed")]
    NotThatOne {
        /// Its number.
        number: u64,
    },
}

fn missing(after: u64, found: u64) -> String {
    match (after.saturating_add(1), found.saturating_sub(1)) {
        (first, last) if first >= last => format!("record {first} is"),
        (first, last) => format!("records {first} to {last} are"),
    }
}

/// Goes along a chain, record by record.
#[derive(Clone, Debug)]
pub struct Check {
    at: Option<Link>,
    known: Vec<Link>,
}

impl Check {
    /// From the first record on that there is, whichever it is.
    #[must_use]
    pub fn new() -> Self {
        Self { at: None, known: Vec::new() }
    }

    /// From the record behind this one on.
    #[must_use]
    pub fn from(link: Link) -> Self {
        Self { at: Some(link), known: Vec::new() }
    }

    /// Has a record be one that is known from elsewhere.
    #[must_use]
    pub fn through(mut self, known: impl IntoIterator<Item = Link>) -> Self {
        self.known.extend(known);
        self
    }

    /// The same, where nothing was seen yet.
    #[must_use]
    pub(super) fn starting(self, link: Link) -> Self {
        Self { at: Some(link), ..self }
    }

    /// The last record there was.
    pub fn at(&self) -> Option<Link> {
        self.at
    }

    /// Goes on to the next record: a line without its end.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn line(&mut self, line: &[u8]) -> Result<Link, AuditError> {
        let after = self.at.map_or(0, |at| at.number);
        let Line { number, previous } =
            serde_json::from_slice(line).map_err(|_| Fault::NoRecord { after })?;
        if let Some(at) = self.at {
            if number > at.number.saturating_add(1) {
                return Err(Fault::Missing { after, found: number }.into());
            }
            if number <= at.number {
                return Err(Fault::Moved { after, found: number }.into());
            }
            if from_hex(previous) != Some(at.digest) {
                return Err(Fault::Changed { number: at.number }.into());
            }
        }
        let link = Link::of(number, line);
        if self.known.iter().any(|known| known.number == number && *known != link) {
            return Err(Fault::NotThatOne { number }.into());
        }
        self.at = Some(link);
        Ok(link)
    }

    /// Goes on over several lines.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn lines(&mut self, lines: &[u8]) -> Result<(), AuditError> {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            // A line that isn't ended was not written whole.
            let line = line
                .strip_suffix(b"\n")
                .ok_or(Fault::NoRecord { after: self.at.map_or(0, |at| at.number) })?;
            self.line(line)?;
        }
        Ok(())
    }

    /// Whether this is where the chain ends.
    ///
    /// # Errors
    /// What is missing, or was added.
    pub fn end(&self, head: Link) -> Result<(), AuditError> {
        let at = self.at.unwrap_or(Link::START);
        Err(match at.number.cmp(&head.number) {
            std::cmp::Ordering::Less => Fault::CutOff { found: at.number, last: head.number },
            std::cmp::Ordering::Greater => Fault::Added { found: at.number, last: head.number },
            std::cmp::Ordering::Equal if at != head => Fault::NotThatOne { number: at.number },
            std::cmp::Ordering::Equal => return Ok(()),
        }
        .into())
    }
}

impl Default for Check {
    fn default() -> Self {
        Self::new()
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(count: usize) -> (Vec<Vec<u8>>, Link) {
        let mut link = Link::START;
        let lines = (0..count).map(|place| {
            let mut line = Vec::new();
            link.follow(&format!("{{\"user\":\"user {place}\"}}"), &mut line);
            line
        });
        (lines.collect(), link)
    }

    fn check(lines: &[Vec<u8>], head: Link) -> Result<(), Fault> {
        let mut check = Check::from(Link::START);
        let checked = lines.iter().try_for_each(|line| check.lines(line)).and_then(|()| check.end(head));
        checked.map_err(|error| match error {
            AuditError::Broken(fault) => fault,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn every_way_to_tamper_with_it_shows() {
        let (lines, head) = chain(6);
        assert_eq!(check(&lines, head), Ok(()));

        let with = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            let mut lines = lines.clone();
            change(&mut lines);
            check(&lines, head).unwrap_err()
        };
        let edit = |line: &mut Vec<u8>| {
            let place = line.windows(4).position(|word| word == b"user").unwrap() + 8;
            line[place] ^= 1;
        };
        assert_eq!(with(&|lines| edit(&mut lines[2])), Fault::Changed { number: 3 });
        assert_eq!(with(&|lines| edit(&mut lines[5])), Fault::NotThatOne { number: 6 });
        assert_eq!(with(&|lines| drop(lines.remove(0))), Fault::Missing { after: 0, found: 2 });
        assert_eq!(with(&|lines| drop(lines.drain(1..3))), Fault::Missing { after: 1, found: 4 });
        assert_eq!(with(&|lines| lines.swap(2, 3)), Fault::Missing { after: 2, found: 4 });
        assert_eq!(with(&|lines| lines.push(lines[3].clone())), Fault::Moved { after: 6, found: 4 });
        assert_eq!(with(&|lines| lines.truncate(4)), Fault::CutOff { found: 4, last: 6 });
        assert_eq!(with(&|lines| lines[5].truncate(20)), Fault::NoRecord { after: 5 });
        assert_eq!(with(&|lines| lines[1] = b"\n".to_vec()), Fault::NoRecord { after: 1 });
        let longer = chain(7).0;
        assert_eq!(check(&longer, head), Err(Fault::Added { found: 7, last: 6 }));
        // All of it made anew, as whoever has no key could.
        let other = chain(6).0.iter().map(|line| line.to_ascii_uppercase()).collect::<Vec<_>>();
        assert!(check(&other, head).is_err());
        assert_eq!(
            Fault::Missing { after: 1, found: 4 }.to_string(),
            "record 4 comes after record 1: records 2 to 3 are missing"
        );
        assert!(Fault::CutOff { found: 4, last: 5 }.to_string().ends_with("5: record 5 is missing"));
    }

    #[test]
    fn a_chain_made_anew_does_not_pass_through_what_is_known() {
        let (lines, head) = chain(3);
        let known: Link = head.to_string().parse().unwrap();
        assert_eq!(known, head);
        let all = lines.concat();
        assert!(Check::new().through([known]).lines(&all).is_ok());
        let other = Link { digest: [7; 32], ..known };
        assert!(Check::new().through([other]).lines(&all).is_err());
        assert!("3:00".parse::<Link>().is_err());
    }

    #[test]
    fn lines_are_checked_by_any_tool() {
        // printf '%s' LINE | sha256sum
        let mut lines = Vec::new();
        let mut link = Link::START;
        link.follow("{\"a\":1}", &mut lines);
        let line = format!("{{\"number\":1,\"previous\":\"{}\",\"a\":1}}\n", "0".repeat(64));
        assert_eq!(lines, line.as_bytes());
        assert_eq!(
            Hex(&link.digest).to_string(),
            "40645ebe93664bced193c99585e33e94dd6bfd70892bc3556cd5bd1ee70989b7"
        );
    }
}
