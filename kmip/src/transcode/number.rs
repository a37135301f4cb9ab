//! Numbers and bytes as digits.

use std::fmt;

use zeroize::Zeroizing;

use super::ErrorKind;

/// The number that so many hexadecimal digits at the most are.
pub(crate) fn hexadecimal(digits: &str, most: usize) -> Option<u64> {
    let fits =
        !digits.is_empty() && digits.len() <= most && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if fits { u64::from_str_radix(digits, 16).ok() } else { None }
}

/// 32 bits, in hexadecimal behind `0x`; none where it isn't hexadecimal.
pub(crate) fn hexadecimal32(text: &str) -> Option<Option<u32>> {
    let digits = text.strip_prefix("0x")?;
    Some(hexadecimal(digits, 8).and_then(|number| u32::try_from(number).ok()))
}

/// 64 bits, in hexadecimal behind `0x`; none where it isn't hexadecimal.
pub(crate) fn hexadecimal64(text: &str) -> Option<Option<u64>> {
    Some(hexadecimal(text.strip_prefix("0x")?, 16))
}

/// The bytes of hexadecimal digits, with or without space between them. What is there is not told: it may be a secret.
pub(crate) fn bytes(text: &str) -> Result<Zeroizing<Vec<u8>>, ErrorKind> {
    let wrong = |found: String| ErrorKind::Value { expected: "hexadecimal digits, two a byte", found };
    if text.starts_with("0x") {
        return Err(wrong("0x, which stands before numbers alone".to_owned()));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    let mut high = None;
    let mut count = 0usize;
    for digit in text.chars().filter(|c| !c.is_ascii_whitespace()) {
        count += 1;
        let Some(value) = digit.to_digit(16).and_then(|value| u8::try_from(value).ok()) else {
            return Err(wrong(format!("another character at digit {count}")));
        };
        match high.take() {
            Some(high) => bytes.push(high << 4 | value),
            None => high = Some(value),
        }
    }
    if high.is_some() {
        return Err(wrong(format!("{count} digits, which is an odd number")));
    }
    Ok(bytes)
}

/// The bytes of a Big Integer (§4.1.1: "sign extension bits", "a multiple of 8 bytes").
pub(crate) fn big_integer(text: &str) -> Result<Zeroizing<Vec<u8>>, ErrorKind> {
    let bytes = bytes(text.strip_prefix("0x").unwrap_or(text))?;
    if bytes.is_empty() || bytes.len() % 8 != 0 {
        return Err(ErrorKind::Value {
            expected: "a Big Integer in two's complement, a multiple of 16 hexadecimal digits, extended with its sign",
            found: format!("{} digits", 2 * bytes.len()),
        });
    }
    Ok(bytes)
}

/// Bytes, written as hexadecimal digits.
pub(crate) struct Hexadecimal<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hexadecimal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A Big Integer, written as hexadecimal digits: bytes that are a multiple of eight, or are extended to be one.
pub(crate) struct BigInteger<'a>(pub(crate) &'a [u8]);

impl fmt::Display for BigInteger<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = if self.0.is_empty() { 8 } else { self.0.len().wrapping_neg() & 7 };
        let sign = if self.0.first().is_some_and(|first| first & 0x80 != 0) { "ff" } else { "00" };
        (0..missing).try_for_each(|_| f.write_str(sign))?;
        Hexadecimal(self.0).fmt(f)
    }
}
