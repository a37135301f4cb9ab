use std::fmt;

use super::tables::NAMES;
use crate::ttlv::Tag;

/// The name in the text encodings; the number, for a tag that no table has.
impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.tag(*self) {
            Some(info) => f.pad(info.text),
            None => write!(f, "{:#08x}", self.0),
        }
    }
}
