//! What well-formed TTLV is, said once more and as simply as possible: the judge of what the codec accepts.
//!
//! Nothing of the codec is used here.

use std::ops::Range;

/// Where an item stands in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where its head starts.
    pub start: usize,
    /// Its type code.
    pub code: u8,
    /// Where its value is, without padding.
    pub value: Range<usize>,
    /// Where the next item would start.
    pub end: usize,
    /// How many structures are around it.
    pub depth: usize,
}

/// The items of a message that is one well-formed item, in the order in which they stand there; or what is wrong.
///
/// Well-formed is (KMIP 1.0 §9.1.1, 2.0 §9.1.1): type codes are 1 to 11; lengths fit the type, and values lie within
/// the structure around them; padding is zero; a Boolean is 0 or 1; a Text String is UTF-8; a Big Integer has a
/// multiple of eight bytes, and at least eight.
pub fn items(message: &[u8]) -> Result<Vec<Place>, String> {
    let mut places = Vec::new();
    // What has still to be looked at: the range of a structure's items, and how deep it is.
    let mut ranges = vec![(0..message.len(), 0)];
    while let Some((range, depth)) = ranges.pop() {
        if range.is_empty() {
            continue;
        }
        let place = item(message, range.clone(), depth)?;
        if depth == 0 && place.end != message.len() {
            return Err(format!("there is something behind the message, at byte {}", place.end));
        }
        ranges.push((place.end..range.end, depth));
        if place.code == 1 {
            ranges.push((place.value.clone(), depth + 1));
        }
        places.push(place);
    }
    if places.is_empty() { Err("there is nothing".to_owned()) } else { Ok(places) }
}

fn item(message: &[u8], range: Range<usize>, depth: usize) -> Result<Place, String> {
    let start = range.start;
    let fault = |what: &str| Err(format!("{what} at byte {start}"));
    if range.len() < 8 {
        return fault("a head ends too early");
    }
    let head = &message[start..start + 8];
    let (code, length) = (head[3], u32::from_be_bytes([head[4], head[5], head[6], head[7]]));
    let length = usize::try_from(length).map_err(|_| "a length beyond the memory")?;
    let padded = length.div_ceil(8) * 8;
    if padded > range.len() - 8 {
        return fault("a value ends too late");
    }
    let value = &message[start + 8..start + 8 + length];
    let fits = match code {
        1 => length % 8 == 0,
        2 | 5 | 10 => length == 4,
        3 | 9 | 11 => length == 8,
        4 => length > 0 && length % 8 == 0,
        6 => length == 8 && value[..7].iter().all(|byte| *byte == 0) && value[7] <= 1,
        7 => std::str::from_utf8(value).is_ok(),
        8 => true,
        _ => return fault("a type that is none"),
    };
    if !fits {
        return fault("a value that does not fit its type");
    }
    if message[start + 8 + length..start + 8 + padded].iter().any(|byte| *byte != 0) {
        return fault("padding that is not zero");
    }
    Ok(Place { start, code, value: start + 8..start + 8 + length, end: start + 8 + padded, depth })
}
