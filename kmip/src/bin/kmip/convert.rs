//! `kmip convert`: messages from one encoding to another.

use std::{fmt, io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use kmip::{
    json,
    transcode::{self, ErrorKind, Layout, redact},
    ttlv::{self, Bytes, Limits, Mode, Readable, Tree},
    types::tables::NAMES,
    xml,
};
use openssl::base64;
use zeroize::Zeroizing;

use super::{
    failure::{Failure, Result, Status},
    files,
    input::{self, Form},
    output::{Output, printable},
    values::{self, hex},
};

/// Converts messages between hexadecimal, base64, binary, XML, JSON and text to read.
///
/// All encodings but the text hold the same, to the byte. Keys, passwords and data are converted with the rest, unless
/// `--redact` hides them.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip convert message.bin                       text to read
  kmip convert --to xml message.hex              XML, from a message a line in hexadecimal
  kmip convert --to json --redact capture.hex    JSON, without its keys and passwords
  kmip convert --to binary request.xml -o request.bin
  kmip convert --to hex < request.json           from standard input
  kmip convert --to json --compact capture.bin   a message a line

Several messages become one XML document, in an element KMIP, or one JSON array; with --compact a message a line.")]
pub(crate) struct Convert {
    /// A file with messages: a message a line in hex or base64, with or without a label before it, raw binary, XML or
    /// JSON; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "-", conflicts_with = "hex")]
    file: PathBuf,

    /// A message in hexadecimal, instead of a file.
    #[arg(long, value_parser = values::bytes)]
    hex: Option<Bytes>,

    /// How the messages stand in the file [default: found out].
    #[arg(long, value_name = "ENCODING")]
    from: Option<Form>,

    /// What they are to become [default: text; with --json: json].
    #[arg(long, value_name = "ENCODING")]
    to: Option<To>,

    /// The file to write; `-` is standard output.
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,

    /// Hide keys, passwords and data: zeros and asterisks stand in their places, as long as they are.
    #[arg(long)]
    redact: bool,

    /// XML and JSON without line breaks: a message a line.
    #[arg(long)]
    compact: bool,
}

/// What messages become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// A message a line, in hexadecimal behind its label.
    Hex,
    /// A message a line, in base64 behind its label.
    Base64,
    /// Message behind message, as they are on the wire.
    Binary,
    /// XML (KMIP Additional Message Encodings).
    Xml,
    /// JSON (KMIP Additional Message Encodings).
    Json,
    /// An item a line, to read; it can't be converted back.
    Text,
}

impl Convert {
    pub(crate) fn run(self, output: &Output) -> Result<ExitCode> {
        let to = self.to.unwrap_or(if output.is_json() { To::Json } else { To::Text });
        if to == To::Binary && output.is_terminal() && self.output.as_os_str() == "-" {
            return Err(Failure::usage("this would write binary data to the terminal")
                .hint("--output FILE writes it to a file, --to hex prints it in hexadecimal"));
        }
        let layout = if self.compact { Layout::Compact } else { Layout::Lines };
        let mut converted =
            Converted { to, layout, redact: self.redact, count: 0, bytes: Zeroizing::default() };
        if let Some(message) = &self.hex {
            converted.add("", message, &"--hex", output)?;
        } else {
            let name = if self.file.as_os_str() == "-" {
                "standard input".into()
            } else {
                self.file.to_string_lossy()
            };
            input::messages(&self.file, self.from, &mut |message| {
                let place = format!("{name}: {}", message.place);
                let bytes = message.bytes.map_err(|reason| {
                    Failure::new(Status::File, format_args!("{place}: {reason}")).hint(
                        "--from says how the messages stand in the file: hex, base64, binary, xml or json",
                    )
                })?;
                converted.add(message.label, &bytes, &place, output)
            })?;
            if converted.count == 0 {
                return Err(Failure::new(Status::File, format_args!("{name}: there is no message")));
            }
        }
        let bytes = converted.finish();
        // What has keys in it is for nobody else to read.
        let write = if self.redact { files::write } else { files::write_private };
        write(&self.output, &bytes, output)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What the messages have become so far. Nothing is written before all of them have been read.
struct Converted {
    to: To,
    layout: Layout,
    redact: bool,
    count: usize,
    bytes: Zeroizing<Vec<u8>>,
}

impl Converted {
    fn add(&mut self, label: &str, message: &Bytes, place: &dyn fmt::Display, output: &Output) -> Result<()> {
        let (mut tree, fault) = parse(message, place)?;
        if self.redact {
            (tree, _) = parse(&redact(&tree), place)?;
        }
        if let (Some(fault), To::Xml | To::Json) = (fault, self.to) {
            output
                .warn(format_args!("{place}: {fault}; what this becomes can't be made the same bytes again"));
        }
        let label = printable(label.to_owned());
        let before = if label.is_empty() { String::new() } else { format!("{label} ") };
        match self.to {
            To::Hex => writeln!(self.bytes, "{before}{}", *Zeroizing::new(hex(tree.bytes())))?,
            To::Base64 => {
                let text = Zeroizing::new(base64::encode_block(tree.bytes()));
                writeln!(self.bytes, "{before}{}", *text)?;
            }
            To::Binary => self.bytes.extend_from_slice(tree.bytes()),
            To::Xml => {
                // Two hyphens are the end of a comment.
                if self.layout == Layout::Lines && !label.is_empty() && !label.contains("--") {
                    writeln!(self.bytes, "<!-- {label} -->")?;
                }
                self.text(xml::write, &tree, place)?;
            }
            To::Json => {
                if self.layout == Layout::Lines && self.count > 0 {
                    // In place of the line break.
                    self.bytes.pop();
                    self.bytes.extend_from_slice(b",\n");
                }
                self.text(json::write, &tree, place)?;
            }
            To::Text => {
                if self.count > 0 || !label.is_empty() {
                    writeln!(self.bytes, "# {place}{}{label}", if label.is_empty() { "" } else { ": " })?;
                }
                let readable = Readable::new(&tree, &NAMES);
                let readable = if self.redact { readable } else { readable.with_secrets() };
                write!(self.bytes, "{readable}")?;
            }
        }
        self.count += 1;
        Ok(())
    }

    fn text(
        &mut self,
        write: fn(&Tree, Layout, &mut Vec<u8>) -> transcode::Result<()>,
        tree: &Tree,
        place: &dyn fmt::Display,
    ) -> Result<()> {
        write(tree, self.layout, &mut self.bytes).map_err(|error| {
            let failure = Failure::new(Status::File, format_args!("{place}: {error}"));
            match error.kind() {
                ErrorKind::Character(_) => failure.hint("--to json holds any text"),
                _ => failure,
            }
        })?;
        if self.layout == Layout::Compact {
            self.bytes.push(b'\n');
        }
        Ok(())
    }

    /// All of it, as one document where there are several messages in one.
    fn finish(self) -> Zeroizing<Vec<u8>> {
        if self.count < 2 || self.layout == Layout::Compact {
            return self.bytes;
        }
        let (start, end) = match self.to {
            To::Xml => ("<KMIP>\n", "</KMIP>\n"),
            To::Json => ("[\n", "]\n"),
            _ => return self.bytes,
        };
        let mut all = Zeroizing::new(Vec::with_capacity(self.bytes.len() + start.len() + end.len()));
        all.extend_from_slice(start.as_bytes());
        all.extend_from_slice(&self.bytes);
        all.extend_from_slice(end.as_bytes());
        all
    }
}

/// A message, and what is not exact in it.
fn parse(message: &Bytes, place: &dyn fmt::Display) -> Result<(Tree, Option<ttlv::Error>)> {
    let limits = Limits { size: usize::MAX, items: u32::MAX, ..Limits::DEFAULT };
    let fault = match Tree::parse(message, Mode::Strict, limits) {
        Ok(tree) => return Ok((tree, None)),
        Err(fault) => fault,
    };
    match Tree::parse(message, Mode::Lenient, limits) {
        Ok(tree) => Ok((tree, Some(fault))),
        Err(error) => {
            Err(Failure::new(Status::File, format_args!("{place}: the message is malformed: {error}")))
        }
    }
}
