use std::fmt;

use crate::ttlv::{self, Path, UnknownName};

/// Why a text can't be read as a message or a message can't be written as text, and where.
///
/// It prints as
/// `"Crate" is no value of Operation; did you mean Create? at line 5, column 42 in RequestMessage/BatchItem/Operation`.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    position: Position,
    path: Path,
}

/// A place in a text or a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// In a text; both count from 1, columns in characters.
    Text {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// In a binary message, in bytes from its start.
    Byte(usize),
}

impl Position {
    /// The line and column of a byte of a text.
    pub(crate) fn in_text(text: &str, offset: usize) -> Self {
        let mut cursor = Cursor::default();
        cursor.advance(text, offset.min(text.len()));
        cursor.position()
    }
}

/// The place in a text up to which it has been read, found from the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    offset: usize,
    /// How many lines, and then how many characters, stand before it.
    lines: usize,
    characters: usize,
}

impl Cursor {
    /// Goes on to a place further on.
    pub(crate) fn advance(&mut self, text: &str, offset: usize) {
        let passed = text.as_bytes().get(self.offset..offset).unwrap_or_default();
        for byte in passed {
            if *byte == b'\n' {
                self.lines += 1;
                self.characters = 0;
            } else {
                // The first byte of a character.
                self.characters += usize::from(*byte & 0xC0 != 0x80);
            }
        }
        self.offset = offset;
    }

    #[cfg(feature = "json")]
    pub(crate) fn offset(self) -> usize {
        self.offset
    }

    pub(crate) fn position(self) -> Position {
        Position::Text { line: self.lines + 1, column: self.characters + 1 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { line, column } => write!(f, "line {line}, column {column}"),
            Self::Byte(offset) => write!(f, "byte {offset}"),
        }
    }
}

impl Error {
    #[cold]
    pub(crate) fn new(kind: ErrorKind, position: Position, path: Path) -> Self {
        Self(Box::new(Inner { kind, position, path }))
    }

    /// What is wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where it is.
    pub fn position(&self) -> Position {
        self.0.position
    }

    /// The tags from the message down to the item in question.
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.0.kind, self.0.position)?;
        if self.0.path.is_empty() { Ok(()) } else { write!(f, " in {}", self.0.path) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

/// What is wrong with a text, or with a message that is to become one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It is no XML or no JSON.
    #[error("this is not well-formed {language}: {reason}")]
    Syntax {
        /// What it should be.
        language: &'static str,
        /// Why it isn't.
        reason: String,
    },
    /// It is XML or JSON, but not as KMIP has it.
    #[error("{0}")]
    Form(String),
    /// No table has the name of a tag.
    #[error("{name:?} is no tag{}", did_you_mean(*.suggestion))]
    UnknownTag {
        /// The name.
        name: String,
        /// A name that is like it.
        suggestion: Option<&'static str>,
    },
    /// There is no such item type.
    #[error("{name:?} is no item type{}", did_you_mean(*.suggestion))]
    UnknownType {
        /// The name.
        name: String,
        /// A name that is like it.
        suggestion: Option<&'static str>,
    },
    /// An enumeration or mask has no value with this name.
    #[error(transparent)]
    UnknownValue(UnknownName),
    /// A value is not written as its type wants it.
    #[error("expected {expected}, found {found}")]
    Value {
        /// How it is to be written.
        expected: &'static str,
        /// What is there; of texts and byte strings only what is wrong with them.
        found: String,
    },
    /// A text has a character that XML can't hold (XML 1.0 §2.2).
    #[error("the text has the character U+{:04X}, which XML can't hold (JSON can)", u32::from(*.0))]
    Character(char),
    /// The message is beyond the limits.
    #[error(transparent)]
    Limit(ttlv::ErrorKind),
}

impl ErrorKind {
    pub(crate) fn form(reason: impl Into<String>) -> Self {
        Self::Form(reason.into())
    }

    /// What a library found wrong.
    pub(crate) fn syntax(language: &'static str, error: impl fmt::Display) -> Self {
        let mut reason = error.to_string();
        if let Some((end, _)) = reason.char_indices().nth(200) {
            reason.truncate(end);
        }
        Self::Syntax { language, reason }
    }

    /// A value that is not as expected; only of what is not secret.
    pub(crate) fn value(expected: &'static str, found: &str) -> Self {
        Self::Value { expected, found: quoted(found) }
    }
}

/// The start of a text, for a message.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

fn did_you_mean(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}
