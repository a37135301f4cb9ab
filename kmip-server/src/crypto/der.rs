//! Reading and writing the little DER that OpenSSL's interface leaves to its callers.

/// The tag of a BOOLEAN.
pub(crate) const BOOLEAN: u8 = 0x01;
/// The tag of an INTEGER.
pub(crate) const INTEGER: u8 = 0x02;
/// The tag of a BIT STRING.
pub(crate) const BIT_STRING: u8 = 0x03;
/// The tag of an OCTET STRING.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// The tag of an OBJECT IDENTIFIER.
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
/// The tag of a SEQUENCE.
pub(crate) const SEQUENCE: u8 = 0x30;

/// One item (X.690 §8.1).
pub(crate) fn item(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut item = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => item.push(length),
        _ => {
            let length = content.len().to_be_bytes();
            let used: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            // At most the eight bytes of a usize.
            item.push(0x80 | u8::try_from(used.len()).unwrap_or(8));
            item.extend(used);
        }
    }
    item.extend_from_slice(content);
    item
}

/// A number as an INTEGER (X.690 §8.3): as short as it can be, and not negative.
pub(crate) fn integer(number: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    if bytes.first().is_none_or(|first| *first >= 0x80) {
        bytes.insert(0, 0);
    }
    item(INTEGER, &bytes)
}

/// The first item: its tag, its content, and what follows it. None if there is no whole one.
///
/// Tags of one byte and definite lengths alone: nothing that is read here has others.
pub(crate) fn split(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
        if bytes.is_empty() || bytes.len() > size_of::<u32>() {
            return None;
        }
        let length = bytes.iter().fold(0u64, |length, byte| length << 8 | u64::from(*byte));
        (usize::try_from(length).ok()?, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// The items of a structure, one after another, as far as they are whole.
pub(crate) fn items(mut content: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (tag, item, rest) = split(content)?;
        content = rest;
        Some((tag, item))
    })
}

/// The content of an OBJECT IDENTIFIER as numbers with dots between them (X.690 §8.19).
pub(crate) fn dotted(content: &[u8]) -> Option<String> {
    let mut numbers = Vec::new();
    let mut number = 0u64;
    for byte in content {
        number = number.checked_mul(128)?.checked_add(u64::from(byte & 0x7F))?;
        if byte & 0x80 == 0 {
            numbers.push(number);
            number = 0;
        }
    }
    // The first two are in one.
    let first = numbers.first_mut()?;
    let root = (*first / 40).min(2);
    *first -= root * 40;
    numbers.insert(0, root);
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    Some(numbers.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let mut der = item(4, &vec![7; length]);
            der.push(9);
            let (tag, content, rest) = split(&der).unwrap();
            assert_eq!((tag, content.len(), rest), (4, length, &[9][..]));
            assert_eq!(split(&der[..der.len() - 2]), None);
        }
        assert_eq!(split(&[4, 0x80, 0, 0]), None);
        assert_eq!(split(&[4, 0x85, 0, 0, 0, 0, 0]), None);
        assert_eq!(items(&[2, 1, 5, 4, 0, 9]).collect::<Vec<_>>(), [(2, &[5][..]), (4, &[])]);
    }

    #[test]
    fn integers() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(127), [2, 1, 127]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(integer(0x8000_0000), [2, 5, 0, 0x80, 0, 0, 0]);
    }

    #[test]
    fn object_identifiers() {
        assert_eq!(dotted(&[0x55, 0x1D, 0x11]).unwrap(), "2.5.29.17");
        assert_eq!(dotted(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11]).unwrap(), "1.2.840.113549.1.1.11");
        assert_eq!(dotted(&[0x88, 0x37, 3]).unwrap(), "2.999.3");
        assert_eq!(dotted(&[]), None);
    }

    #[test]
    fn lengths() {
        assert_eq!(item(4, &[7]), [4, 1, 7]);
        assert_eq!(item(4, &[0; 127])[..2], [4, 127]);
        assert_eq!(item(4, &[0; 128])[..3], [4, 0x81, 128]);
        assert_eq!(item(4, &[0; 255])[..3], [4, 0x81, 255]);
        assert_eq!(item(4, &[0; 256])[..4], [4, 0x82, 1, 0]);
    }
}
