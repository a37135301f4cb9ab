//! Values in the forms that XML and JSON share.

use zeroize::Zeroizing;

use super::{
    ErrorKind, Named,
    naming::bit,
    number::{self, hexadecimal32, hexadecimal64},
    time,
};
use crate::ttlv::{ItemType, Tag};

/// The value of an item that is no structure.
pub(crate) enum Scalar<'a> {
    Integer(i32),
    LongInteger(i64),
    BigInteger(Zeroizing<Vec<u8>>),
    Enumeration(u32),
    Boolean(bool),
    TextString(&'a str),
    ByteString(Zeroizing<Vec<u8>>),
    DateTime(i64),
    Interval(u32),
    DateTimeExtended(i64),
}

impl<'a> Scalar<'a> {
    /// Reads a value; `subject` is the tag whose tables name it. There is none for a structure.
    pub(crate) fn read(item_type: ItemType, subject: Tag, text: &'a str) -> Result<Self, ErrorKind> {
        // XML Schema collapses white space around all but texts.
        let word = text.trim_ascii();
        Ok(match item_type {
            ItemType::Structure => return Err(ErrorKind::form("a Structure has items and no value")),
            ItemType::Integer => Self::Integer(integer(Named::of(subject), word)?),
            ItemType::LongInteger => Self::LongInteger(long_integer(word)?),
            ItemType::BigInteger => Self::BigInteger(number::big_integer(word)?),
            ItemType::Enumeration => Self::Enumeration(enumeration(Named::of(subject), word)?),
            ItemType::Boolean => Self::Boolean(boolean(word)?),
            ItemType::TextString => Self::TextString(text),
            ItemType::ByteString => Self::ByteString(number::bytes(word)?),
            ItemType::DateTime => Self::DateTime(time::seconds(word)?),
            ItemType::Interval => Self::Interval(interval(word)?),
            ItemType::DateTimeExtended => Self::DateTimeExtended(time::microseconds(word)?),
        })
    }
}

/// A number, or the components of a mask (§4.1.6.4, §6.1.6.4).
fn integer(named: Named, word: &str) -> Result<i32, ErrorKind> {
    if let Ok(number) = word.parse() {
        return Ok(number);
    }
    let expected = "a number of 32 bits";
    let Some(table) = named.mask() else {
        return match hexadecimal32(word) {
            Some(Some(number)) => Ok(number.cast_signed()),
            _ => Err(ErrorKind::value(expected, word)),
        };
    };
    let mut bits = 0;
    let mut components =
        word.split(|c: char| c == '|' || c.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let mut next = components.next();
    if next.is_none() {
        return Err(ErrorKind::value("the names of a mask's bits, or a number of 32 bits", word));
    }
    while let Some(component) = next {
        bits |= match hexadecimal32(component) {
            Some(Some(number)) => number,
            Some(None) => return Err(ErrorKind::value(expected, component)),
            None => bit(table, component)?,
        };
        next = components.next();
    }
    Ok(bits.cast_signed())
}

fn long_integer(word: &str) -> Result<i64, ErrorKind> {
    let number = match hexadecimal64(word) {
        Some(number) => number.map(u64::cast_signed),
        None => word.parse().ok(),
    };
    number.ok_or_else(|| ErrorKind::value("a number of 64 bits", word))
}

fn interval(word: &str) -> Result<u32, ErrorKind> {
    let number = match hexadecimal32(word) {
        Some(number) => number,
        None => word.parse().ok(),
    };
    number.ok_or_else(|| ErrorKind::value("a number of seconds below 2^32", word))
}

fn enumeration(named: Named, word: &str) -> Result<u32, ErrorKind> {
    let expected = "a name, or a number of 32 bits";
    match hexadecimal32(word) {
        Some(number) => number.ok_or_else(|| ErrorKind::value(expected, word)),
        None if word.is_empty() => Err(ErrorKind::value(expected, word)),
        None if word.bytes().all(|digit| digit.is_ascii_digit()) => {
            word.parse().map_err(|_| ErrorKind::value(expected, word))
        }
        None => named.value(word),
    }
}

fn boolean(word: &str) -> Result<bool, ErrorKind> {
    match (word, hexadecimal64(word)) {
        ("true" | "1", _) | (_, Some(Some(1))) => Ok(true),
        ("false" | "0", _) | (_, Some(Some(0))) => Ok(false),
        _ => Err(ErrorKind::value("true or false", word)),
    }
}
