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
    /// ISO 10126: random bytes, and the number of bytes added in the last one.
    Iso10126,
    /// SSL 3.0 (RFC 6101 §5.2.3.2): any bytes, and the number of those before it in the last one.
    Ssl3,
    /// Zeros up to the end of the block, none if it is full (ISO 9797-1, method 1). Data that ends in zeros itself
    /// loses those of its last block.
    Zeros,
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "(none)",
            Self::Pkcs5 => "PKCS5",
            Self::AnsiX923 => "ANSI X9.23",
            Self::Iso10126 => "ISO 10126",
            Self::Ssl3 => "SSL3",
            Self::Zeros => "zeros",
        })
    }
}

impl Padding {
    /// Writes the padding that follows `length` bytes of data; returns how many bytes it is.
    pub(super) fn fill(self, length: usize, last: &mut [u8]) -> Result<usize, CryptoError> {
        let over = length % last.len().max(1);
        if self == Self::None || (self == Self::Zeros && over == 0) {
            return Ok(0);
        }
        let count = last.len().saturating_sub(over);
        let value = u8::try_from(count).map_err(|_| CryptoError::TooLong)?;
        let Some((end, room)) = last.get_mut(..count).and_then(|room| room.split_last_mut()) else {
            return Ok(0);
        };
        match self {
            Self::Pkcs5 => room.fill(value),
            Self::Iso10126 => super::fill(room)?,
            _ => room.fill(0),
        }
        *end = match self {
            Self::Zeros => 0,
            Self::Ssl3 => value.saturating_sub(1),
            _ => value,
        };
        Ok(count)
    }

    /// How many bytes of the decrypted `last` block are data.
    ///
    /// The loop looks at every byte whatever it finds, so that the time taken says little about where a
    /// wrong padding begins.
    pub(super) fn strip(self, last: &[u8]) -> Result<usize, CryptoError> {
        match self {
            Self::None => return Ok(last.len()),
            Self::Zeros => {
                let zeros = last.iter().rev().take_while(|byte| **byte == 0).count();
                // It never fills a whole block.
                return Ok(last.len().saturating_sub(zeros).max(last.len().min(1)));
            }
            _ => {}
        }
        let value = *last.last().ok_or(CryptoError::Undecipherable)?;
        let count = usize::from(value).saturating_add(usize::from(self == Self::Ssl3));
        let mut wrong = u8::from(count == 0) | u8::from(count > last.len());
        // What the others hold before the last byte is anything.
        if matches!(self, Self::Pkcs5 | Self::AnsiX923) {
            for (from_end, byte) in last.iter().rev().enumerate().skip(1) {
                let expected = if self == Self::Pkcs5 { value } else { 0 };
                let inside = u8::from(from_end < count).wrapping_neg();
                wrong |= inside & (byte ^ expected);
            }
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

    const COUNTED: [Padding; 4] = [Padding::Pkcs5, Padding::AnsiX923, Padding::Iso10126, Padding::Ssl3];

    #[test]
    fn pads_and_strips() {
        for padding in COUNTED {
            for length in 0..32 {
                let mut last = [0xAA; 16];
                let count = padding.fill(length, &mut last).unwrap();
                assert_eq!(count, 16 - length % 16);
                let mut block = vec![0x55; 16 - count];
                block.extend_from_slice(&last[..count]);
                assert_eq!(padding.strip(&block).unwrap(), 16 - count, "{padding} {length}");
            }
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_standards() {
        let mut last = [9; 8];
        assert_eq!(Padding::AnsiX923.fill(4, &mut last).unwrap(), 4);
        assert_eq!(last[..4], [0, 0, 0, 4]);
        assert_eq!(Padding::Pkcs5.fill(4, &mut last).unwrap(), 4);
        assert_eq!(last[..4], [4, 4, 4, 4]);
        assert_eq!(Padding::Ssl3.fill(4, &mut last).unwrap(), 4);
        assert_eq!(last[3], 3);
        assert_eq!(Padding::Iso10126.fill(4, &mut last).unwrap(), 4);
        assert_eq!(last[3], 4);
        assert_eq!(Padding::None.fill(4, &mut last).unwrap(), 0);
    }

    #[test]
    fn zeros_fill_what_is_left_of_a_block() {
        let mut last = [9; 8];
        assert_eq!(Padding::Zeros.fill(16, &mut last).unwrap(), 0);
        assert_eq!(Padding::Zeros.fill(13, &mut last).unwrap(), 3);
        assert_eq!(last[..4], [0, 0, 0, 9]);
        assert_eq!(Padding::Zeros.strip(&[1, 2, 3, 4, 5, 0, 0, 0]).unwrap(), 5);
        assert_eq!(Padding::Zeros.strip(&[1; 8]).unwrap(), 8);
        assert_eq!(Padding::Zeros.strip(&[0; 8]).unwrap(), 1);
        assert_eq!(Padding::Zeros.strip(&[]).unwrap(), 0);
    }

    #[test]
    fn wrong_padding_is_refused() {
        let long = [9; 8];
        for padding in COUNTED {
            assert_eq!(padding.strip(&long), Err(CryptoError::Undecipherable), "{padding}");
            assert_eq!(padding.strip(&[]), Err(CryptoError::Undecipherable));
        }
        let zero = [1, 2, 3, 4, 5, 6, 7, 0];
        let mixed = [1, 2, 3, 4, 5, 9, 3, 3];
        for padding in [Padding::Pkcs5, Padding::AnsiX923] {
            for block in [zero, mixed] {
                assert_eq!(padding.strip(&block), Err(CryptoError::Undecipherable), "{padding} {block:?}");
            }
        }
    }
}
