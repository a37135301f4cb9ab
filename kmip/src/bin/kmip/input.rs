//! Messages out of files: lines of hex or base64, raw binary, XML or JSON.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use clap::ValueEnum;
use kmip::{
    transcode,
    ttlv::{Bytes, HEADER_SIZE},
};
use openssl::base64;

use super::{
    failure::{Failure, Result, Status},
    texts,
    values::unhex,
};

/// How messages stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A message a line in hexadecimal, or one over several lines; words before it are its label.
    Hex,
    /// A message a line in base64, or one over several lines; words before it are its label.
    Base64,
    /// Message behind message, as they are on the wire.
    Binary,
    /// XML, one message behind the other or in an element KMIP.
    Xml,
    /// JSON, one message behind the other or in an array.
    Json,
}

/// A message of a file.
pub(crate) struct Message<'a> {
    /// Where it starts.
    pub(crate) place: Place,
    /// The words before it.
    pub(crate) label: &'a str,
    /// The message; or why there is none.
    pub(crate) bytes: Result<Bytes, &'static str>,
    /// How many bytes of the file have been read so far.
    pub(crate) read: u64,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A line, from 1.
    Line(u64),
    /// A byte, from 0, of what is binary or stands in binary behind another encoding.
    Offset(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "{number}"),
            Self::Offset(offset) => write!(f, "byte {offset}"),
        }
    }
}

/// Calls `each` for every message of a file, or of standard input if it is `-`.
pub(crate) fn messages(
    path: &Path,
    form: Option<Form>,
    each: &mut dyn FnMut(Message<'_>) -> Result<()>,
) -> Result<()> {
    let failed = |error: io::Error| Failure::file(path, &error);
    let done = if path == Path::new("-") {
        read(&mut io::stdin().lock(), form, each)
    } else {
        read(&mut BufReader::with_capacity(1 << 16, File::open(path).map_err(failed)?), form, each)
    };
    match done {
        Err(Stop::Read(error)) => Err(failed(error)),
        Err(Stop::Text(error)) => {
            let name = if path == Path::new("-") { "standard input".into() } else { path.to_string_lossy() };
            Err(Failure::new(Status::File, format_args!("{name}: {error}")))
        }
        Err(Stop::Each(failure)) => Err(failure),
        Ok(()) => Ok(()),
    }
}

/// Why reading ended early.
enum Stop {
    Read(io::Error),
    Text(transcode::Error),
    Each(Failure),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<transcode::Error> for Stop {
    fn from(error: transcode::Error) -> Self {
        Self::Text(error)
    }
}

type Each<'a> = dyn FnMut(Message<'_>) -> Result<()> + 'a;

fn read(file: &mut dyn BufRead, form: Option<Form>, each: &mut Each<'_>) -> Result<(), Stop> {
    let start = file.fill_buf()?;
    // A message has zeros among its first bytes; text has none.
    let is_binary = start.iter().take(64).any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace());
    match form.or(texts::form(start)) {
        Some(form @ (Form::Xml | Form::Json)) => texts::read(file, form, &mut |line, message, read| {
            each(Message { place: Place::Line(line), label: "", bytes: Ok(message), read })
                .map_err(Stop::Each)
        }),
        None if is_binary => binary(file, each),
        Some(Form::Binary) => binary(file, each),
        form => lines(file, form, each),
    }
}

fn binary(file: &mut dyn BufRead, each: &mut Each<'_>) -> Result<(), Stop> {
    let mut offset = 0;
    loop {
        let mut bytes = Vec::with_capacity(1 << 10);
        file.take(HEADER_SIZE as u64).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let rest = size(&bytes).unwrap_or(0).saturating_sub(HEADER_SIZE);
        file.take(rest as u64).read_to_end(&mut bytes)?;
        let read = offset + bytes.len() as u64;
        each(Message { place: Place::Offset(offset), label: "", bytes: Ok(bytes.into()), read })
            .map_err(Stop::Each)?;
        offset = read;
    }
}

fn lines(file: &mut dyn BufRead, form: Option<Form>, each: &mut Each<'_>) -> Result<(), Stop> {
    let mut lines = Lines { file, number: 0, read: 0 };
    let (first, second) = (lines.next()?, lines.next()?);
    if let (Some(first), Some(second)) = (&first, &second)
        && is_wrapped(first, second, form)
    {
        let mut all = [&*first.text, &second.text].concat();
        while let Some(line) = lines.next()? {
            all.extend_from_slice(&line.text);
        }
        all.retain(|byte| !byte.is_ascii_whitespace());
        return match decode(&all, form) {
            Ok(bytes) => binary(&mut &*bytes, each),
            Err(reason) => first.send("", Err(reason), each),
        };
    }
    let mut next = first;
    let mut after = second;
    while let Some(line) = next {
        let (label, bytes) = split(&line.text, form);
        line.send(label, bytes, each)?;
        next = match after.take() {
            Some(line) => Some(line),
            None => lines.next()?,
        };
    }
    Ok(())
}

struct Lines<'a> {
    file: &'a mut dyn BufRead,
    number: u64,
    read: u64,
}

struct Line {
    number: u64,
    text: Vec<u8>,
    read: u64,
}

impl Lines<'_> {
    /// The next line that is neither empty nor a comment, without the space around it.
    fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut text = Vec::new();
            let count = self.file.read_until(b'\n', &mut text)?;
            if count == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.read += count as u64;
            let trimmed = text.trim_ascii();
            if trimmed.is_empty() || trimmed.starts_with(b"#") {
                continue;
            }
            let end = trimmed.len();
            text.drain(..text.len() - text.trim_ascii_start().len());
            text.truncate(end);
            return Ok(Some(Line { number: self.number, text, read: self.read }));
        }
    }
}

impl Line {
    fn send(
        &self,
        label: &str,
        bytes: Result<Vec<u8>, &'static str>,
        each: &mut Each<'_>,
    ) -> Result<(), Stop> {
        let bytes = bytes.map(Bytes::from);
        each(Message { place: Place::Line(self.number), label, bytes, read: self.read }).map_err(Stop::Each)
    }
}

/// Whether a message begins in the first line and goes on in the second, as `xxd -p` and `base64` write one: no line
/// has a second word, the first is a message without its end, and the second does not begin one.
fn is_wrapped(first: &Line, second: &Line, form: Option<Form>) -> bool {
    let is_word = |line: &Line| !line.text.iter().any(u8::is_ascii_whitespace);
    is_word(first)
        && is_word(second)
        && decode(&first.text, form).is_ok_and(|bytes| is_start(&bytes) && size(&bytes) > Some(bytes.len()))
        && decode(&second.text, form).is_ok_and(|bytes| !is_start(&bytes))
}

/// The label and the message of a line.
fn split(line: &[u8], form: Option<Form>) -> (&str, Result<Vec<u8>, &'static str>) {
    let last = line.rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
    let label = line.get(..line.len() - last.len()).unwrap_or_default().trim_ascii_end();
    let label = std::str::from_utf8(label).unwrap_or("(not UTF-8)");
    let message = decode(last, form);
    if !label.is_empty() && !message.as_ref().is_ok_and(|bytes| is_start(bytes)) {
        // Bytes with spaces, or the bars of the specification's examples, between them.
        let digits: Vec<u8> =
            line.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'|').collect();
        if let Some(bytes) = unhex(&digits).filter(|bytes| is_start(bytes)) {
            return ("", Ok(bytes));
        }
    }
    (label, message)
}

/// The bytes of a word.
pub(crate) fn decode(word: &[u8], form: Option<Form>) -> Result<Vec<u8>, &'static str> {
    let hex = |word| unhex(word).ok_or("it is not hexadecimal");
    let base64 = |word| {
        let text = std::str::from_utf8(word).map_err(|_| "it is not base64")?;
        base64::decode_block(text).map_err(|_| "it is not base64")
    };
    match form {
        Some(Form::Hex) => hex(word),
        Some(_) => base64(word),
        None => hex(word).or_else(|_| base64(word)).map_err(|_| "it is neither hexadecimal nor base64"),
    }
}

/// How long the item that starts here says it is.
fn size(bytes: &[u8]) -> Option<usize> {
    let length = bytes.get(4..)?.first_chunk::<4>()?;
    Some((u32::from_be_bytes(*length) as usize).saturating_add(HEADER_SIZE))
}

/// Whether a structure starts here.
fn is_start(bytes: &[u8]) -> bool {
    matches!(bytes, [0x42 | 0x54, _, _, 1, _, _, _, _, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A structure of 24 bytes.
    const ONE: &str = "4200780100000010420069020000000400000001 00000000";

    fn all(text: &[u8], form: Option<Form>) -> Vec<(Place, String, Result<Bytes, &'static str>)> {
        let mut found = Vec::new();
        let done = read(&mut &*text, form, &mut |message| {
            found.push((message.place, message.label.to_owned(), message.bytes));
            Ok(())
        });
        assert!(done.is_ok());
        found
    }

    fn one() -> Bytes {
        unhex(ONE.replace(' ', "").as_bytes()).expect("hexadecimal").into()
    }

    #[test]
    fn every_form_is_found() {
        let (hex, bytes) = (ONE.replace(' ', ""), one());
        let coded = base64::encode_block(&bytes);
        let expect = |text: &str, found: &[(u64, &str)]| {
            let found: Vec<_> = found
                .iter()
                .map(|(line, label)| (Place::Line(*line), (*label).to_owned(), Ok(bytes.clone())))
                .collect();
            assert_eq!(all(text.as_bytes(), None), found, "{text}");
        };
        expect(&hex, &[(1, "")]);
        expect(&format!("# a comment\n\n  case 0 req {hex}\r\n{hex}"), &[(3, "case 0 req"), (4, "")]);
        expect(&format!("{coded}\nlabel {coded}\n"), &[(1, ""), (2, "label")]);
        expect("42 00 78 01 00000010 420069 02 00000004 00000001 00000000", &[(1, "")]);
        expect("420078 | 01 | 00000010 | 420069 | 02 | 00000004 | 0000000100000000", &[(1, "")]);
        let offsets = |offsets: &[u64]| -> Vec<_> {
            offsets.iter().map(|offset| (Place::Offset(*offset), String::new(), Ok(bytes.clone()))).collect()
        };
        assert_eq!(all(&[&*bytes, &*bytes].concat(), None), offsets(&[0, 24]));
        let wrapped = format!("{}\n{}\n{}\n{hex}", &hex[..20], &hex[20..40], &hex[40..]);
        assert_eq!(all(wrapped.as_bytes(), None), offsets(&[0, 24]));
        let wrapped = format!("{}\n{}\n", &coded[..16], &coded[16..]);
        assert_eq!(all(wrapped.as_bytes(), None), offsets(&[0]));
    }

    #[test]
    fn faults_stay_faults() {
        let hex = ONE.replace(' ', "");
        // Truncated messages, one a line, are not one message over two lines.
        let found = all(format!("{}\n{}", &hex[..40], &hex[..40]).as_bytes(), None);
        assert_eq!(found.len(), 2);
        let found = all(b"a line of words\n4200", None);
        assert!(matches!(&*found, [(_, label, Err(_)), (_, _, Ok(_))] if label == "a line of"));
        assert!(all(hex.as_bytes(), Some(Form::Base64)).first().is_some_and(|(_, _, bytes)| bytes.is_ok()));
        assert!(all(b"QgB4", Some(Form::Hex)).first().is_some_and(|(_, _, bytes)| bytes.is_err()));
        assert!(all(b"", None).is_empty());
        let cut = one();
        assert_eq!(all(&cut[..12], None), [(Place::Offset(0), String::new(), Ok(cut.slice(..12)))]);
    }
}
