//! The paddings of block ciphers.

use std::fmt;

use super::CryptoError;

/// How the last block is filled up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// No padding: the data must be a whole number of blocks in the modes that need one.
    None,
    /// PKCS #5 and #7 (RFC 5652 §6.3): n bytes of value n.
    Pkcs5,
    /// ANSI X9.23: zeros, and the number of bytes added in the last one.
    AnsiX923,
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "(none)",
            Self::Pkcs5 => "PKCS5",
            Self::AnsiX923 => "ANSI X9.23",
        })
    }
}

impl Padding {
    /// Writes the padding that follows `length` bytes of data; returns how many bytes it is.
    pub(super) fn fill(self, length: usize, last: &mut [u8]) -> usize {
        let Some(count) = last.len().checked_sub(length % last.len().max(1)) else { return 0 };
        let Ok(value) = u8::try_from(count) else { return 0 };
        let Some(room) = last.get_mut(..count) else { return 0 };
        match self {
            Self::None => return 0,
            Self::Pkcs5 => room.fill(value),
            Self::AnsiX923 => {
                room.fill(0);
                if let Some(end) = room.last_mut() {
                    *end = value;
                }
            }
        }
        count
    }

    /// How many bytes of the decrypted `last` block are data.
    ///
    /// The loop looks at every byte whatever it finds, so that the time taken says little about where a
    /// wrong padding begins.
    pub(super) fn strip(self, last: &[u8]) -> Result<usize, CryptoError> {
        if self == Self::None {
            return Ok(last.len());
        }
        let value = *last.last().ok_or(CryptoError::Undecipherable)?;
        let count = usize::from(value);
        let mut wrong = u8::from(count == 0) | u8::from(count > last.len());
        for (from_end, byte) in last.iter().rev().enumerate().skip(1) {
            let expected = if self == Self::Pkcs5 { value } else { 0 };
            let inside = u8::from(from_end < count).wrapping_neg();
            wrong |= inside & (byte ^ expected);
        }
        if wrong != 0 {
            return Err(CryptoError::Undecipherable);
        }
        Ok(last.len().saturating_sub(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pads_and_strips() {
        for padding in [Padding::Pkcs5, Padding::AnsiX923] {
            for length in 0..32 {
                let mut last = [0xAA; 16];
                let count = padding.fill(length, &mut last);
                assert_eq!(count, 16 - length % 16);
                let mut block = vec![0x55; 16 - count];
                block.extend_from_slice(&last[..count]);
                assert_eq!(padding.strip(&block).unwrap(), 16 - count, "{padding} {length}");
            }
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_standards() {
        let mut last = [0; 8];
        assert_eq!(Padding::AnsiX923.fill(4, &mut last), 4);
        assert_eq!(last[..4], [0, 0, 0, 4]);
        assert_eq!(Padding::Pkcs5.fill(4, &mut last), 4);
        assert_eq!(last[..4], [4, 4, 4, 4]);
        assert_eq!(Padding::None.fill(4, &mut last), 0);
    }

    #[test]
    fn wrong_padding_is_refused() {
        let zero = [1, 2, 3, 4, 5, 6, 7, 0];
        let long = [9; 8];
        let mixed = [1, 2, 3, 4, 5, 9, 3, 3];
        for padding in [Padding::Pkcs5, Padding::AnsiX923] {
            for block in [zero, long, mixed] {
                assert_eq!(padding.strip(&block), Err(CryptoError::Undecipherable), "{padding} {block:?}");
            }
        }
        assert_eq!(Padding::Pkcs5.strip(&[]), Err(CryptoError::Undecipherable));
    }
}
