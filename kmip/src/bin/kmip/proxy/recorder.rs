//! What goes by, shown and written down.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use jiff::{Timestamp, Unit};
use kmip::{
    ttlv::{Bytes, Limits, Mode, Readable, Tree, redacted},
    types::tables::NAMES,
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Result},
    output::FAINT,
    values::hex,
};

/// Which way a message goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction {
    Request,
    Response,
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// Shows and writes messages, one at a time.
pub(super) struct Recorder {
    file: Option<(PathBuf, Mutex<File>)>,
    shows: bool,
    secrets: bool,
    json: bool,
}

impl Recorder {
    pub(super) fn new(path: Option<&Path>, shows: bool, secrets: bool, json: bool) -> Result<Self> {
        let file = path.map(|path| {
            let file = open(path).map_err(|error| Failure::file(path, &error))?;
            Ok::<_, Failure>((path.to_owned(), Mutex::new(file)))
        });
        Ok(Self { file: file.transpose()?, shows, secrets, json })
    }

    /// A message that goes by.
    pub(super) fn message(&self, connection: u64, direction: Direction, message: &[u8]) {
        let time = now();
        let name = direction.name();
        let bytes = Bytes::from_owner(Zeroizing::new(message.to_vec()));
        let limits = Limits { size: usize::MAX, items: u32::MAX, ..Limits::DEFAULT };
        let tree = Tree::parse(&bytes, Mode::Lenient, limits);
        let shown = match &tree {
            _ if self.secrets => Some(message.to_vec()),
            Ok(tree) => Some(redacted(tree, &NAMES)),
            // What can't be read may be anything, a key among it.
            Err(_) => None,
        };
        let text = match &tree {
            Ok(tree) if self.secrets => Readable::new(tree, &NAMES).with_secrets().to_string(),
            Ok(tree) => Readable::new(tree, &NAMES).to_string(),
            Err(error) => format!("(malformed: {error})\n"),
        };
        if let Some((path, file)) = &self.file {
            let label = format!("{time} connection-{connection} {name}");
            let line = match &shown {
                Some(shown) => format!("{label} {}\n", hex(shown)),
                None => format!("# {label}: malformed, {} bytes\n", message.len()),
            };
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = file.write_all(line.as_bytes()) {
                let _ = writeln!(anstream::stderr(), "kmip: {}: {error}", path.display());
            }
        }
        if !self.shows {
            return;
        }
        let size = message.len();
        // That nobody reads it is no reason to stop passing messages on.
        let _ = if self.json {
            let document = json!({
                "time": time, "connection": connection, "direction": name, "size": size,
                "text": text, "hex": shown.as_deref().map(hex),
            });
            writeln!(anstream::stdout(), "{document}")
        } else {
            write!(
                anstream::stdout(),
                "{FAINT}# {time} connection-{connection} {name}, {size} bytes{FAINT:#}\n{text}"
            )
        };
    }

    /// Something that happened to a connection.
    pub(super) fn note(&self, connection: u64, text: &str) {
        let _ = writeln!(anstream::stderr(), "{FAINT}{} connection-{connection}: {text}{FAINT:#}", now());
    }
}

/// The time, to the millisecond.
fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now).to_string()
}

/// A file that nobody else may read, to write behind what is in it.
fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
