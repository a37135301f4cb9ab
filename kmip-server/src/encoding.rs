//! The encodings that messages travel in over HTTPS: TTLV, XML and JSON (KMIP Additional Message Encodings 1.0 §2.4).
//!
//! The engine knows the binary one alone. Text is translated on its way in, and the answer on its way out, so that both
//! are in the same encoding.

use bytes::Bytes;
use kmip::transcode::Layout;
use kmip::ttlv::{HEADER_SIZE, ItemType, Limits, Mode, Tag, Tree, Version};
use kmip::types::message::version_of;
use kmip::types::version;
use kmip::{json, xml};

use crate::handler::{Found, Refusal};
use crate::wipe::Wiped;

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Binary.
    Ttlv,
    /// XML.
    Xml,
    /// JSON.
    Json,
}

impl Encoding {
    const ALL: [Self; 3] = [Self::Ttlv, Self::Xml, Self::Json];

    /// The encoding that a Content-Type means. Of parameters there is none but that the text is UTF-8.
    pub(crate) fn of(content_type: &str) -> Option<Self> {
        let mut parts = content_type.split(';').map(str::trim);
        let media_type = parts.next()?;
        let is_utf8 = |parameter: &str| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("charset")
                    && value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
        };
        if !parts.filter(|parameter| !parameter.is_empty()).all(is_utf8) {
            return None;
        }
        Self::ALL.into_iter().find(|encoding| encoding.content_type().eq_ignore_ascii_case(media_type))
    }

    /// Its Content-Type.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Ttlv => "application/octet-stream",
            Self::Xml => "text/xml",
            Self::Json => "application/json",
        }
    }

    /// Reads a request, as one whole binary message.
    pub(crate) fn read(self, body: Wiped, limits: Limits) -> Result<Bytes, Refusal> {
        let read = match self {
            Self::Ttlv => return framed(body.into()),
            Self::Xml => xml::read,
            Self::Json => json::read,
        };
        let unreadable = |reason: String, version| Refusal::Unreadable { reason, version };
        let text = std::str::from_utf8(&body).map_err(|error| {
            unreadable(format!("byte {} of the text is not UTF-8", error.valid_up_to()), None)
        })?;
        let text = text.trim_start_matches('\u{FEFF}');
        let message =
            read(text, limits).map_err(|error| unreadable(error.to_string(), said_version(text)))?;
        framed(message)
    }

    /// Writes an answer.
    pub(crate) fn write(self, answer: Wiped, limits: Limits) -> Result<Wiped, Refusal> {
        let write = match self {
            Self::Ttlv => return Ok(answer),
            Self::Xml => xml::write,
            Self::Json => json::write,
        };
        let message = Bytes::from(answer);
        let version = version_of(&message).ok();
        let unwritable = |reason: String| Refusal::Unwritable { reason, version };
        // An answer may be larger than any request.
        let limits = Limits { size: message.len(), items: u32::MAX, ..limits };
        let tree =
            Tree::parse(&message, Mode::Lenient, limits).map_err(|error| unwritable(error.to_string()))?;
        let mut text = Wiped::with_capacity(message.len().saturating_mul(ROOM_PER_BYTE));
        write(&tree, Layout::Compact, &mut text).map_err(|error| unwritable(error.to_string()))?;
        Ok(text)
    }
}

/// Checks that a message is as long as it says, and a request.
fn framed(message: Bytes) -> Result<Bytes, Refusal> {
    let received = u64::try_from(message.len()).unwrap_or(u64::MAX);
    let Some(header) = message.first_chunk::<HEADER_SIZE>() else {
        let size = u64::try_from(HEADER_SIZE).unwrap_or(u64::MAX);
        return Err(Refusal::Truncated { size, received });
    };
    let [t0, t1, t2, item_type, a, b, c, d] = *header;
    if Tag(u32::from_be_bytes([0, t0, t1, t2])) != Tag::RequestMessage
        || item_type != ItemType::Structure.code()
    {
        return Err(Refusal::NotTtlv { found: Found::from(*header) });
    }
    let size = u64::from(u32::from_be_bytes([a, b, c, d])).saturating_add(8);
    match received.cmp(&size) {
        std::cmp::Ordering::Less => Err(Refusal::Truncated { size, received }),
        std::cmp::Ordering::Equal => Ok(message),
        std::cmp::Ordering::Greater => Err(Refusal::Surplus { size, received }),
    }
}

/// The version that a text says of itself which can't be read: the numbers behind the names of the version's fields.
fn said_version(text: &str) -> Option<Version> {
    let number = |name: &str| -> Option<u8> {
        let (_, rest) = text.split_once(name)?;
        let (_, rest) = rest.split_once("value")?;
        let start = rest.find(|c: char| c.is_ascii_digit()).filter(|start| *start < NEAR)?;
        let digits = rest.get(start..)?;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..end)?.parse().ok()
    };
    let said = Version::new(number("ProtocolVersionMajor")?, number("ProtocolVersionMinor")?);
    version::ALL.contains(&said).then_some(said)
}

/// How far behind its name a value is looked for.
const NEAR: usize = 16;

/// About how long the text of a message is.
const ROOM_PER_BYTE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        for (content_type, encoding) in [
            ("application/octet-stream", Some(Encoding::Ttlv)),
            ("text/xml", Some(Encoding::Xml)),
            ("Text/XML; charset=UTF-8", Some(Encoding::Xml)),
            ("application/json;charset=\"utf-8\";", Some(Encoding::Json)),
            ("text/xml; charset=utf-16", None),
            ("text/xml; boundary=x", None),
            ("application/xml", None),
            ("", None),
        ] {
            assert_eq!(Encoding::of(content_type), encoding, "{content_type}");
        }
    }

    #[test]
    fn a_message_is_as_long_as_it_says() {
        let read = |bytes: &[u8]| Encoding::Ttlv.read(bytes.into(), Limits::DEFAULT);
        let empty = [0x42, 0, 0x78, 1, 0, 0, 0, 0];
        assert_eq!(read(&empty).unwrap(), &empty[..]);
        assert_eq!(read(&empty[..7]), Err(Refusal::Truncated { size: 8, received: 7 }));
        assert_eq!(read(&[0x42, 0, 0x78, 1, 0, 0, 0, 8]), Err(Refusal::Truncated { size: 16, received: 8 }));
        assert_eq!(read(&[0x42, 0, 0x78, 1, 0, 0, 0, 0, 0]), Err(Refusal::Surplus { size: 8, received: 9 }));
        assert!(matches!(read(b"<Request"), Err(Refusal::NotTtlv { .. })));
    }

    #[test]
    fn a_text_that_cannot_be_read_still_says_its_version() {
        for (text, expected) in [
            (
                r#"<ProtocolVersionMajor type="Integer" value="1"/> <ProtocolVersionMinor type="Integer" value="4"/> <"#,
                Some(version::V1_4),
            ),
            (
                r#"{"tag":"ProtocolVersionMajor","type":"Integer","value":2},{"tag":"ProtocolVersionMinor","type":"Integer","value":0}"#,
                Some(version::V2_0),
            ),
            (r#"<ProtocolVersionMajor value="9"/><ProtocolVersionMinor value="9"/>"#, None),
            ("no message", None),
        ] {
            assert_eq!(said_version(text), expected, "{text}");
            let refusal = Encoding::Xml.read(Wiped::from(text.as_bytes()), Limits::DEFAULT).unwrap_err();
            assert!(matches!(refusal, Refusal::Unreadable { version, .. } if version == expected));
        }
    }
}
