//! What JSON's own values mean as values of items (§4.1.6.3 to §4.1.6.12).

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::{
    transcode::{ErrorKind, Scalar},
    ttlv::{ItemType, Tag},
};

/// A value that is neither an array nor null.
pub(super) enum Plain<'a> {
    Boolean(bool),
    Whole(i128),
    Fraction(f64),
    Text(Cow<'a, str>),
}

impl Plain<'_> {
    /// The value of an item; `subject` is the tag whose tables name it.
    pub(super) fn read(&self, item_type: ItemType, subject: Tag) -> Result<Scalar<'_>, ErrorKind> {
        match (self, item_type) {
            (Self::Text(text), _) => Scalar::read(item_type, subject, text),
            (Self::Boolean(value), ItemType::Boolean) => Ok(Scalar::Boolean(*value)),
            (Self::Boolean(_), _) => Err(other(item_type, "true or false")),
            (Self::Whole(number), _) => whole(*number, item_type),
            // 10.0 and 1e3 are whole numbers as well, as long as they are exact.
            (Self::Fraction(number), _) if number.fract() == 0.0 && number.abs() < EXACT => {
                whole(*number as i128, item_type)
            }
            (Self::Fraction(_), _) => Err(other(
                item_type,
                "a number that is not whole or not exact: large ones stand in strings, in hexadecimal behind 0x",
            )),
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// Below 2^53, every whole number is one that JSON's have.
const EXACT: f64 = 9_007_199_254_740_992.0;

fn whole<'a>(number: i128, item_type: ItemType) -> Result<Scalar<'a>, ErrorKind> {
    let scalar = match item_type {
        ItemType::Integer => number.try_into().ok().map(Scalar::Integer),
        ItemType::LongInteger => number.try_into().ok().map(Scalar::LongInteger),
        ItemType::Enumeration => number.try_into().ok().map(Scalar::Enumeration),
        ItemType::Interval => number.try_into().ok().map(Scalar::Interval),
        ItemType::DateTimeExtended => number.try_into().ok().map(Scalar::DateTimeExtended),
        ItemType::BigInteger => {
            let bytes = match i64::try_from(number) {
                Ok(number) => number.to_be_bytes().to_vec(),
                Err(_) => number.to_be_bytes().to_vec(),
            };
            Some(Scalar::BigInteger(Zeroizing::new(bytes)))
        }
        _ => None,
    };
    scalar.ok_or_else(|| other(item_type, "a number that does not fit"))
}

/// The error for a value that isn't what the type wants. What it is stays untold: it may be a secret.
fn other(item_type: ItemType, found: &str) -> ErrorKind {
    let expected = match item_type {
        ItemType::Structure => "an array of items",
        ItemType::Integer => "a number of 32 bits",
        ItemType::LongInteger | ItemType::DateTimeExtended => "a number of 64 bits",
        ItemType::BigInteger => "a number",
        ItemType::Enumeration => "a name, or a number of 32 bits",
        ItemType::Boolean => "true or false",
        ItemType::TextString => "a string",
        ItemType::ByteString => "a string of hexadecimal digits",
        ItemType::DateTime => "a string with a time such as 2001-01-01T10:00:00+10:00",
        ItemType::Interval => "a number of seconds below 2^32",
    };
    ErrorKind::Value { expected, found: found.to_owned() }
}
