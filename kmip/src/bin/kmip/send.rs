//! `kmip send`: any message, as it is.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use kmip::{
    client::blocking::Client,
    ttlv::{Bytes, Limits, Mode},
    types::{ResponseMessage, ResultStatus},
};
use serde_json::json;

use super::{
    connect::Connection,
    failure::{Failure, Result, Status},
    input::{self, Form},
    output::Output,
    trace::Shown,
    values::{self, hex},
};

/// Sends messages as they are, and prints the answers.
///
/// Nothing is checked or changed, so that a server can be sent anything.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip locate --dry-run=hex | kmip send -                   what `kmip locate` sends
  kmip send request.bin --raw > response.bin
  kmip --server kms:5696 send --hex 42007801000000...")]
pub(crate) struct Send {
    /// The file with messages: a message a line in hex or base64, raw binary, XML or JSON; `-` is standard input.
    #[arg(required_unless_present = "hex", conflicts_with = "hex")]
    file: Option<PathBuf>,

    /// The message in hexadecimal, instead of a file.
    #[arg(long, value_parser = values::bytes)]
    hex: Option<Bytes>,

    /// How the messages stand in the file [default: found out].
    #[arg(long)]
    form: Option<Form>,

    /// Print the answers in hexadecimal, a line each, with all their secrets.
    #[arg(long, conflicts_with = "raw")]
    print_hex: bool,

    /// Print the answers as they are.
    #[arg(long)]
    raw: bool,
}

impl Send {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        if self.raw && output.is_terminal() {
            return Err(Failure::usage("this would write binary data to the terminal")
                .hint("--print-hex prints it in hexadecimal"));
        }
        let mut client = connection.open_as_is(0)?;
        let mut all_good = true;
        if let Some(message) = &self.hex {
            all_good = self.one(&mut client, message, output)?;
        }
        if let Some(file) = &self.file {
            input::messages(file, self.form, &mut |message| {
                let bytes = message.bytes.map_err(|reason| {
                    Failure::new(
                        Status::File,
                        format_args!("{}: {}: {reason}", file.display(), message.place),
                    )
                })?;
                all_good &= self.one(&mut client, &bytes, output)?;
                Ok(())
            })?;
        }
        Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Whether all that the message asks for was done.
    fn one(&self, client: &mut Client, message: &Bytes, output: &Output) -> Result<bool> {
        let answer = client.exchange(message)?;
        if self.raw {
            output.bytes(&answer)?;
        } else if self.print_hex {
            output.line(hex(&answer))?;
        } else if output.is_json() {
            output.json(&json!({ "response": Shown(&answer).to_string() }))?;
        } else {
            output.text(Shown(&answer))?;
        }
        let read =
            ResponseMessage::read(&answer, Mode::Lenient, Limits { size: usize::MAX, ..Limits::DEFAULT });
        Ok(read.is_ok_and(|response| {
            response.batch_item.iter().all(|item| item.result_status == ResultStatus::Success)
        }))
    }
}
