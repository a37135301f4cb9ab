use serde::de::{self, DeserializeSeed};
use serde_json::{Deserializer, StreamDeserializer, de::StrRead, error::Category, value::RawValue};

use super::{LANGUAGE, seed::Item};
use crate::{
    transcode::{Builder, Cursor, Error, ErrorKind, Position, Result},
    ttlv::{Bytes, Limits, Path, Tag},
};

/// Reads the one message that a text is.
///
/// # Errors
///
/// When the text isn't one message, or it is beyond the limits.
pub fn read(text: &str, limits: Limits) -> Result<Bytes> {
    let mut messages = Messages::new(text, limits);
    let fail = |reason: &str, at| Error::new(ErrorKind::form(reason), at, Path::default());
    let Some(message) = messages.next() else {
        return Err(fail("there is no message", Position::in_text(text, text.len())));
    };
    let message = message?;
    match messages.next() {
        None => Ok(message),
        Some(Err(error)) => Err(error),
        Some(Ok(_)) => Err(fail("a second message begins here", messages.position())),
    }
}

/// The messages of a text, one behind the other or in an array.
///
/// ```
/// use kmip::{json, ttlv::Limits};
/// let text = r#"{"tag": "RequestPayload"} {"tag": "ResponsePayload"}"#;
/// let messages: Vec<_> = json::Messages::new(text, Limits::DEFAULT).collect::<Result<_, _>>()?;
/// assert_eq!(messages.len(), 2);
/// # Ok::<(), kmip::transcode::Error>(())
/// ```
pub struct Messages<'a> {
    text: &'a str,
    values: StreamDeserializer<'a, StrRead<'a>, &'a RawValue>,
    /// The messages of an array.
    array: std::vec::IntoIter<&'a RawValue>,
    limits: Limits,
    /// Where the message that was read last begins.
    start: Cursor,
    ended: bool,
}

impl<'a> Messages<'a> {
    /// The messages of a text; the limits are those of each.
    pub fn new(text: &'a str, limits: Limits) -> Self {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let values = Deserializer::from_str(text).into_iter();
        Self { text, values, array: Vec::new().into_iter(), limits, start: Cursor::default(), ended: false }
    }

    /// Where the message that was read last begins.
    pub fn position(&self) -> Position {
        self.start.position()
    }

    fn message(&mut self) -> Option<Result<Bytes>> {
        loop {
            if let Some(value) = self.array.next() {
                return Some(self.read(value));
            }
            let value = match self.values.next()? {
                Ok(value) => value,
                Err(error) => return Some(Err(self.error(&error, 0, None))),
            };
            if !value.get().starts_with('[') {
                return Some(self.read(value));
            }
            match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
                Ok(values) => self.array = values.into_iter(),
                Err(error) => return Some(Err(self.error(&error, offset_in(self.text, value.get()), None))),
            }
        }
    }

    fn read(&mut self, value: &'a RawValue) -> Result<Bytes> {
        self.start.advance(self.text, offset_in(self.text, value.get()));
        let mut state = State { text: self.text, builder: Builder::new(self.limits), stopped: None };
        match Item(&mut state).deserialize(&mut Deserializer::from_str(value.get())) {
            Ok(()) => Ok(state.builder.finish()),
            Err(error) => Err(self.error(&error, self.start.offset(), Some(state))),
        }
    }

    /// The error for one that was met in a part of the text.
    #[cold]
    fn error(&self, error: &serde_json::Error, start: usize, state: Option<State<'a>>) -> Error {
        let part = self.text.get(start..).unwrap_or_default();
        let line: usize = part.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let here = (start + line + error.column().saturating_sub(1)).min(self.text.len());
        let Some(state) = state else {
            let position = Position::in_text(self.text, here);
            return Error::new(syntax(error), position, Path::default());
        };
        let State { builder, stopped, .. } = state;
        let Stopped { kind, place, tag } =
            stopped.unwrap_or_else(|| Stopped { kind: syntax(error), place: None, tag: None });
        builder.fail(kind, Position::in_text(self.text, place.unwrap_or(here)), tag)
    }
}

impl Iterator for Messages<'_> {
    type Item = Result<Bytes>;

    fn next(&mut self) -> Option<Result<Bytes>> {
        if self.ended {
            return None;
        }
        let message = self.message();
        // What follows something that couldn't be read isn't to be relied on.
        self.ended = !matches!(message, Some(Ok(_)));
        message
    }
}

/// A message that is being read.
pub(super) struct State<'a> {
    text: &'a str,
    pub(super) builder: Builder,
    /// Why reading ended.
    stopped: Option<Stopped>,
}

/// What is wrong, where if that is known better than JSON's reader does, and in which item.
struct Stopped {
    kind: ErrorKind,
    place: Option<usize>,
    tag: Option<Tag>,
}

impl State<'_> {
    /// Ends reading.
    #[cold]
    pub(super) fn stop<E: de::Error>(
        &mut self,
        kind: ErrorKind,
        place: Option<usize>,
        tag: Option<Tag>,
    ) -> E {
        self.stopped = Some(Stopped { kind, place, tag });
        E::custom("")
    }

    /// Where in the text a part of it is, if it is one.
    pub(super) fn place(&self, part: &str) -> Option<usize> {
        let place = part.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        (place < self.text.len()).then_some(place)
    }
}

fn offset_in(text: &str, part: &str) -> usize {
    part.as_ptr().addr().wrapping_sub(text.as_ptr().addr()).min(text.len())
}

/// What JSON's reader says, without the values of the text: they may be secrets.
fn syntax(error: &serde_json::Error) -> ErrorKind {
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(&*text, |(reason, _)| reason);
    match (error.classify(), reason.split_once(", expected ")) {
        (Category::Data, Some((_, expected))) => ErrorKind::form(format!("expected {expected}")),
        (Category::Data, None) => ErrorKind::form("this is no message"),
        _ => ErrorKind::syntax(LANGUAGE, reason),
    }
}
