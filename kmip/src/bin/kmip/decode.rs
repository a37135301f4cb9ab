//! `kmip decode`: any message, readably.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use kmip::{
    ttlv::{Bytes, Limits, Mode, Readable, Tree},
    types::tables::NAMES,
};

use super::{
    failure::{Failure, Result},
    input::{self, Form},
    output::{ERROR, FAINT, Output, printable},
    values,
};

/// Prints KMIP messages, or anything else that is TTLV, readably.
///
/// Keys, passwords and data are left out unless `--show-secrets` asks for them.
#[derive(Args, Debug)]
pub(crate) struct Decode {
    /// A file with messages: a message a line in hex or base64, with or without a label before it, raw binary, XML or
    /// JSON;
    /// `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-", conflicts_with = "hex")]
    file: PathBuf,

    /// A message in hexadecimal, instead of a file.
    #[arg(long, value_parser = values::bytes)]
    hex: Option<Bytes>,

    /// How the messages stand in the file [default: found out].
    #[arg(long)]
    form: Option<Form>,

    /// Print keys, passwords and data, too.
    #[arg(long)]
    show_secrets: bool,
}

impl Decode {
    pub(crate) fn run(self, output: &Output) -> Result<ExitCode> {
        if output.is_json() {
            return Err(Failure::usage("messages can't be printed as JSON yet")
                .hint("without --json they are printed as text"));
        }
        if let Some(message) = &self.hex {
            return Ok(if self.print("", Ok(message.clone()), output)? {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        let mut code = ExitCode::SUCCESS;
        input::messages(&self.file, self.form, &mut |message| {
            let title = match message.label {
                "" => message.place.to_string(),
                label => format!("{}: {}", message.place, printable(label.to_owned())),
            };
            if !self.print(&title, message.bytes, output)? {
                code = ExitCode::FAILURE;
            }
            Ok(())
        })?;
        Ok(code)
    }

    /// Whether the message could be printed.
    fn print(&self, title: &str, bytes: Result<Bytes, &'static str>, output: &Output) -> Result<bool> {
        if !title.is_empty() {
            output.line(format_args!("{FAINT}# {title}{FAINT:#}"))?;
        }
        let limits = Limits { size: usize::MAX, items: u32::MAX, ..Limits::DEFAULT };
        let tree = match bytes.map(|bytes| Tree::parse(&bytes, Mode::Lenient, limits)) {
            Ok(Ok(tree)) => tree,
            Ok(Err(error)) => {
                output.warn(format_args!("{ERROR}malformed{ERROR:#}: {error}"));
                return Ok(false);
            }
            Err(reason) => {
                output.warn(reason);
                return Ok(false);
            }
        };
        let readable = Readable::new(&tree, &NAMES);
        output.text(if self.show_secrets { readable.with_secrets() } else { readable })?;
        Ok(true)
    }
}
