//! Whose a certificate is.

use openssl::x509::{X509Name, X509NameBuilder, X509NameRef};

use super::AuthorityError;
use crate::crypto::certificate::Part;

/// A distinguished name.
pub struct Name(X509Name);

impl Name {
    /// From its DER.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_der(der: &[u8]) -> Result<Self, AuthorityError> {
        let name = X509Name::from_der(der).map_err(|_| NOT_DER)?;
        // What follows it would be passed over.
        if name.to_der()? == der { Ok(Self(name)) } else { Err(NOT_DER) }
    }

    /// From the form of RFC 4514, the last part first: `CN=web,O=Example,C=US`.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_text(text: &str) -> Result<Self, AuthorityError> {
        let mut parts = Vec::new();
        for part in split(text) {
            let (kind, value) = part.split_once('=').ok_or(NOT_TEXT)?;
            let kind = kind.trim();
            if kind.is_empty() || !kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.') {
                return Err(NOT_TEXT);
            }
            parts.push((kind, unescape(value).ok_or(NOT_TEXT)?));
        }
        let mut name = X509NameBuilder::new()?;
        for (kind, value) in parts.iter().rev() {
            name.append_entry_by_text(kind, value).map_err(|_| NOT_TEXT)?;
        }
        Ok(Self(name.build()))
    }

    /// A common name and nothing else.
    ///
    /// # Errors
    /// When it is empty or longer than 64 characters (RFC 5280, ub-common-name).
    pub fn common(name: &str) -> Result<Self, AuthorityError> {
        Self::from_parts([(Part::CommonName, name)])
    }

    /// From its parts.
    ///
    /// # Errors
    /// When one of them is longer than it may be, or empty.
    pub fn from_parts<'a>(parts: impl IntoIterator<Item = (Part, &'a str)>) -> Result<Self, AuthorityError> {
        let mut name = X509NameBuilder::new()?;
        for (kind, value) in parts {
            if value.contains('\0') {
                return Err(AuthorityError::Name("a text with a zero in it"));
            }
            name.append_entry_by_nid(kind.nid(), value)
                .map_err(|_| AuthorityError::Name("what is too long, empty, or of other characters"))?;
        }
        Ok(Self(name.build()))
    }

    pub(super) fn of(name: &X509NameRef) -> Result<Self, AuthorityError> {
        Ok(Self(name.to_owned()?))
    }

    pub(super) fn get(&self) -> &X509NameRef {
        &self.0
    }

    /// The first common name in it.
    pub(super) fn common_name(&self) -> Option<String> {
        self.0.entries_by_nid(Part::CommonName.nid()).next().and_then(|entry| entry.data().to_string().ok())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.entries().next().is_none()
    }
}

/// At commas that nothing escapes.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut escaped) = (Vec::new(), 0, false);
    for (place, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.extend(text.get(begin..place));
                begin = place + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(begin..));
    parts
}

/// RFC 4514 §2.4; names with several values in one part, or values as hexadecimal digits of BER, are not taken.
fn unescape(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut letters = value.trim_start().bytes().peekable();
    if letters.peek() == Some(&b'#') {
        return None;
    }
    while let Some(byte) = letters.next() {
        match byte {
            b'\\' => {
                let next = letters.next()?;
                let digit =
                    |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                match digit(next) {
                    Some(high) => bytes.push(high << 4 | digit(letters.next()?)?),
                    None => bytes.push(next),
                }
            }
            b'+' | b'"' | b'<' | b'>' | b';' | 0 => return None,
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

const NOT_DER: AuthorityError = AuthorityError::Name("this DER");
const NOT_TEXT: AuthorityError = AuthorityError::Name("a text that is not as RFC 4514 writes them");

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: &Name) -> Vec<(String, String)> {
        let entries = name.get().entries();
        entries
            .map(|entry| {
                let kind = entry.object().nid().short_name().unwrap().to_owned();
                (kind, entry.data().to_string().unwrap())
            })
            .collect()
    }

    // RFC 4514 §4.
    #[test]
    fn names_are_read_backwards() {
        let name = Name::from_text("CN=James \\\"Jim\\\" Smith\\, III,DC=example,DC=net").unwrap();
        let expected = [("DC", "net"), ("DC", "example"), ("CN", "James \"Jim\" Smith, III")];
        assert_eq!(parts(&name), expected.map(|(kind, value)| (kind.to_owned(), value.to_owned())));
        let name = Name::from_text("CN=Lu\\C4\\8Di\\C4\\87").unwrap();
        assert_eq!(parts(&name), [("CN".to_owned(), "Lučić".to_owned())]);
        let name = Name::from_text("1.3.6.1.4.1.1466.0=x").unwrap();
        assert_eq!(name.get().entries().count(), 1);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "x",
            "CN",
            "=x",
            "CN=a\\",
            "CN=a\\4",
            "OU=Sales+CN=J",
            "CN=#04",
            "C\0N=x",
            "CN=a\0",
            "CN=\\00",
        ] {
            assert!(Name::from_text(text).is_err(), "{text}");
        }
        assert!(Name::common(&"x".repeat(65)).is_err());
        assert!(Name::common("a\0b").is_err());
        let der = Name::common("web").unwrap().get().to_der().unwrap();
        assert!(Name::from_der(&der).is_ok());
        assert!(Name::from_der(&[&der[..], &[0]].concat()).is_err());
        assert!(Name::from_der(b"web").is_err());
    }
}
