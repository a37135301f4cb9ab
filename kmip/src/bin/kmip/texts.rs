//! Messages in XML and JSON out of files.

use std::io::{self, BufRead};

use kmip::{
    json,
    transcode::{self, Position},
    ttlv::{Bytes, Limits},
    xml,
};
use zeroize::Zeroizing;

use super::input::Form;

/// The encoding that a file begins like, if it is one of these: the others never begin so.
pub(crate) fn form(start: &[u8]) -> Option<Form> {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    match start.trim_ascii_start().first() {
        Some(b'<') => Some(Form::Xml),
        Some(b'{' | b'[') => Some(Form::Json),
        _ => None,
    }
}

/// Calls `each` for every message of a file, with the line that it begins in and the bytes that have been read.
pub(crate) fn read<E: From<io::Error> + From<transcode::Error>>(
    file: &mut dyn BufRead,
    form: Form,
    each: &mut dyn FnMut(u64, Bytes, u64) -> Result<(), E>,
) -> Result<(), E> {
    let mut bytes = Zeroizing::new(Vec::new());
    file.read_to_end(&mut bytes)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("XML and JSON have to be UTF-8, and byte {} isn't", error.valid_up_to()),
        )
    })?;
    // Its own files are the user's own affair.
    let limits = Limits { size: usize::MAX, items: u32::MAX, ..Limits::DEFAULT };
    let length = bytes.len() as u64;
    let line = |position| match position {
        Position::Text { line, .. } => line as u64,
        Position::Byte(_) => 0,
    };
    if form == Form::Json {
        let mut messages = json::Messages::new(text, limits);
        while let Some(message) = messages.next() {
            each(line(messages.position()), message?, length)?;
        }
    } else {
        let mut messages = xml::Messages::new(text, limits);
        while let Some(message) = messages.next() {
            each(line(messages.position()), message?, length)?;
        }
    }
    Ok(())
}
