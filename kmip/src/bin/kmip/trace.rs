//! `--trace` and `--dry-run`: messages, as they go by.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    ops::ControlFlow,
};

use clap::ValueEnum;
use kmip::{
    client::Watch,
    ttlv::{Bytes, Limits, Mode, Readable, Tree},
    types::tables::NAMES,
};
use serde_json::json;

use super::{output::FAINT, values::hex};

/// How a request is printed that is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Readable, without keys, passwords and data.
    Text,
    /// In hexadecimal, with everything in it.
    Hex,
    /// As it would be sent.
    Binary,
}

/// Prints both messages beside the output.
pub(crate) struct Trace;

/// Prints the request in the place of the output, and keeps it from being sent.
pub(crate) struct DryRun {
    pub(crate) form: Form,
    pub(crate) json: bool,
}

impl Watch for Trace {
    fn request(&self, message: &[u8]) -> ControlFlow<()> {
        show("request", message);
        ControlFlow::Continue(())
    }

    fn response(&self, message: &[u8]) {
        show("response", message);
    }
}

fn show(what: &str, message: &[u8]) {
    let _ =
        write!(anstream::stderr(), "{FAINT}# {what}, {} bytes{FAINT:#}\n{}", message.len(), Shown(message));
}

impl Watch for DryRun {
    fn request(&self, message: &[u8]) -> ControlFlow<()> {
        // That nobody reads it is all that can go wrong.
        let _ = self.print(message);
        ControlFlow::Break(())
    }

    fn response(&self, _message: &[u8]) {}
}

impl DryRun {
    fn print(&self, message: &[u8]) -> io::Result<()> {
        let mut out = anstream::stdout();
        match self.form {
            Form::Text if self.json => {
                writeln!(out, "{:#}", json!({ "request": Shown(message).to_string() }))
            }
            Form::Text => write!(out, "{}", Shown(message)),
            Form::Hex if self.json => writeln!(out, "{:#}", json!({ "request": hex(message) })),
            Form::Hex => writeln!(out, "{}", hex(message)),
            Form::Binary if io::stdout().is_terminal() => writeln!(
                anstream::stderr(),
                "kmip: this would write binary data to the terminal; --dry-run=hex prints it in hexadecimal"
            ),
            Form::Binary => {
                let mut out = io::stdout().lock();
                out.write_all(message)?;
                out.flush()
            }
        }
    }
}

/// A message as text, without its secrets.
pub(crate) struct Shown<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = Limits { size: usize::MAX, items: u32::MAX, ..Limits::DEFAULT };
        match Tree::parse(&Bytes::copy_from_slice(self.0), Mode::Lenient, limits) {
            Ok(tree) => Readable::new(&tree, &NAMES).fmt(f),
            Err(error) => writeln!(f, "(malformed: {error})"),
        }
    }
}
