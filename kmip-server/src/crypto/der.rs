//! Writing the little DER that OpenSSL's interface leaves to its callers.

/// The tag of an INTEGER.
pub(super) const INTEGER: u8 = 0x02;
/// The tag of a BIT STRING.
pub(super) const BIT_STRING: u8 = 0x03;
/// The tag of an OBJECT IDENTIFIER.
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
/// The tag of a SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;

/// One item (X.690 §8.1).
pub(super) fn item(tag: u8, content: &[u8]) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        assert_eq!(item(4, &[7]), [4, 1, 7]);
        assert_eq!(item(4, &[0; 127])[..2], [4, 127]);
        assert_eq!(item(4, &[0; 128])[..3], [4, 0x81, 128]);
        assert_eq!(item(4, &[0; 255])[..3], [4, 0x81, 255]);
        assert_eq!(item(4, &[0; 256])[..4], [4, 0x82, 1, 0]);
    }
}
