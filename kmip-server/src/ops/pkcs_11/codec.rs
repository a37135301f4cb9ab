//! The parameters of PKCS#11 functions as bytes.
//!
//! Those of a function stand behind one another in the order of its prototype, structures field by field: a CK_ULONG (and
//! what is one: handles, flags, identifiers) as eight bytes, the most significant first, a CK_BBOOL or CK_BYTE as one, texts of
//! a fixed length as that many, and what comes with a count as the count and then its elements.

use crate::engine::{Failure, Kind};
use crate::wipe::Wiped;

/// What is left of a function's parameters.
pub(super) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn ulong(&mut self) -> Result<u64, Failure> {
        let (value, rest) = self.0.split_first_chunk().ok_or_else(wrong)?;
        self.0 = rest;
        Ok(u64::from_be_bytes(*value))
    }

    pub(super) fn bool(&mut self) -> Result<bool, Failure> {
        let (value, rest) = self.0.split_first().ok_or_else(wrong)?;
        self.0 = rest;
        match value {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(wrong()),
        }
    }

    /// Bytes with their count.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Failure> {
        let count = usize::try_from(self.ulong()?).map_err(|_| wrong())?;
        let (value, rest) = self.0.split_at_checked(count).ok_or_else(wrong)?;
        self.0 = rest;
        Ok(value)
    }

    /// There is nothing left.
    pub(super) fn end(self) -> Result<(), Failure> {
        if self.0.is_empty() { Ok(()) } else { Err(wrong()) }
    }
}

#[cold]
fn wrong() -> Failure {
    Failure::new(Kind::Pkcs11Codec, "the PKCS#11 Input Parameters are not those of the function")
}

/// What a function gives.
#[derive(Default)]
pub(super) struct Output(Wiped);

impl Output {
    pub(super) fn ulong(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(super) fn version(mut self, major: u8, minor: u8) -> Self {
        self.0.extend_from_slice(&[major, minor]);
        self
    }

    /// A text of a fixed length: "padded with the blank character" (PKCS#11 3.0 §3.1), cut at a character where it is longer.
    pub(super) fn text(mut self, text: &str, length: usize) -> Self {
        let cut = (0..=length.min(text.len())).rev().find(|place| text.is_char_boundary(*place));
        let kept = text.get(..cut.unwrap_or_default()).unwrap_or_default();
        let end = self.0.len().saturating_add(length);
        self.0.extend_from_slice(kept.as_bytes());
        self.0.resize(end, b' ');
        self
    }

    /// Bytes with their count.
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        let mut with_count = self.ulong(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        // What has no room left would be copied, and the old place not wiped.
        let needed = with_count.0.len().saturating_add(bytes.len());
        with_count.0.grow(needed);
        with_count.0.extend_from_slice(bytes);
        with_count
    }

    pub(super) fn finish(self) -> Wiped {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_read() {
        let bytes = [&5_u64.to_be_bytes()[..], &[1], &2_u64.to_be_bytes(), b"ab"].concat();
        let mut input = Input::new(&bytes);
        assert_eq!(input.ulong().unwrap(), 5);
        assert!(input.bool().unwrap());
        assert_eq!(input.bytes().unwrap(), b"ab");
        input.end().unwrap();
        for wrong in [&[][..], &[0; 7], &u64::MAX.to_be_bytes(), &[&3_u64.to_be_bytes()[..], b"ab"].concat()]
        {
            assert_eq!(Input::new(wrong).bytes().unwrap_err().kind(), Kind::Pkcs11Codec);
        }
        assert_eq!(Input::new(&[2]).bool().unwrap_err().kind(), Kind::Pkcs11Codec);
        assert_eq!(Input::new(&[0]).end().unwrap_err().kind(), Kind::Pkcs11Codec);
    }

    #[test]
    fn texts_have_their_length() {
        let output = |text| Output::default().text(text, 4).finish().to_vec();
        assert_eq!(output("ab"), b"ab  ");
        assert_eq!(output("abcdef"), b"abcd");
        assert_eq!(output("abc\u{e4}"), b"abc ");
        let output = Output::default().version(3, 0).ulong(1).bytes(b"x").finish();
        assert_eq!(*output, [3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, b'x']);
    }
}
