use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;

use super::Tag;

/// A Big Integer: two's complement, most significant byte first (KMIP 1.0 §9.1.1.4, 2.0 §9.1.1.4).
///
/// The bytes are kept as they came, sign extension included, so that they are written back the same; on writing, a
/// number whose length is no multiple of eight is extended with its sign. It may be part of a key, so `Debug` shows
/// its length alone.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct BigInteger(Bytes);

impl BigInteger {
    /// The number with these two's complement bytes, most significant first.
    pub fn from_signed_bytes(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// The number, not negative, with these bytes, most significant first.
    ///
    /// ```
    /// use kmip::ttlv::BigInteger;
    /// assert_eq!(BigInteger::from_unsigned_bytes(&[0x80]).as_signed_bytes(), [0, 0x80]);
    /// ```
    pub fn from_unsigned_bytes(bytes: &[u8]) -> Self {
        let mut signed = Vec::with_capacity(bytes.len() + 1);
        if bytes.first().is_none_or(|first| first & 0x80 != 0) {
            signed.push(0);
        }
        signed.extend_from_slice(bytes);
        Self(signed.into())
    }

    /// The two's complement bytes, most significant first.
    #[inline]
    pub fn as_signed_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes without leading zeros, if the number is not negative.
    pub fn as_unsigned_bytes(&self) -> Option<&[u8]> {
        if self.is_negative() {
            return None;
        }
        let zeros = self.0.iter().take_while(|byte| **byte == 0).count();
        self.0.get(zeros..)
    }

    /// Whether the number is below zero.
    pub fn is_negative(&self) -> bool {
        self.0.first().is_some_and(|first| first & 0x80 != 0)
    }

    pub(crate) const fn from_wire(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for BigInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BigInteger({} bytes)", self.0.len())
    }
}

/// A Date-Time: seconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(pub i64);

impl DateTime {
    /// The current time.
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    pub fn now() -> Self {
        Self(Timestamp::now().as_second())
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(time) => fmt::Display::fmt(&time, f),
            // Outside the years -9999 to 9999.
            Err(_) => fmt::Display::fmt(&self.0, f),
        }
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A Date-Time Extended: microseconds since 1970-01-01 UTC; since KMIP 2.0.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTimeExtended(pub i64);

impl fmt::Display for DateTimeExtended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_microsecond(self.0) {
            Ok(time) => fmt::Display::fmt(&time, f),
            Err(_) => fmt::Display::fmt(&self.0, f),
        }
    }
}

impl fmt::Debug for DateTimeExtended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An Interval: a number of seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(pub u32);

/// An Enumeration for which the tables have no list of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Enumeration(pub u32);

/// An Enumeration whose value is a tag: the reference to an attribute in KMIP 2.0 (§5.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagValue(pub Tag);
