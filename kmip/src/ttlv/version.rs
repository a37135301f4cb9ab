use std::{fmt, num::ParseIntError, str::FromStr};

/// A protocol version, as gates are compared with it.
///
/// ```
/// use kmip::ttlv::Version;
/// assert!(Version::new(1, 4) < Version::new(2, 0));
/// assert_eq!("1.4".parse(), Ok(Version::new(1, 4)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u16);

impl Version {
    /// The version with these two numbers.
    pub const fn new(major: u8, minor: u8) -> Self {
        Self(u16::from_be_bytes([major, minor]))
    }

    /// The first number.
    pub const fn major(self) -> u8 {
        self.0.to_be_bytes()[0]
    }

    /// The second number.
    pub const fn minor(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    /// Whether `since <= self <= until`; no `until` means no end.
    #[inline]
    pub const fn is_within(self, since: Self, until: Option<Self>) -> bool {
        self.0 >= since.0
            && match until {
                Some(until) => self.0 <= until.0,
                None => true,
            }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major(), self.minor())
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is not of the form `1.4`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no protocol version: write it as two numbers, such as 1.4")]
pub struct NotAVersion(String);

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let parse = || -> Option<Self> {
            let (major, minor) = text.strip_prefix('v').unwrap_or(text).split_once('.')?;
            let number = |digits: &str| -> Result<u8, ParseIntError> { digits.parse() };
            Some(Self::new(number(major).ok()?, number(minor).ok()?))
        };
        parse().ok_or_else(|| NotAVersion(text.to_owned()))
    }
}
