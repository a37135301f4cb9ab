//! What the user sees: text for people on a terminal, plain lines for pipes, JSON on demand.

use std::{
    borrow::Cow,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::builder::styling::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};

use super::failure::{Failure, Result};

pub(crate) struct Output {
    json: bool,
    terminal: bool,
}

pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, terminal: io::stdout().is_terminal() }
    }

    /// Whether JSON is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person reads what is printed.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Prints a line.
    pub(crate) fn line(&self, line: impl std::fmt::Display) -> Result<()> {
        writeln!(anstream::stdout(), "{line}")?;
        Ok(())
    }

    /// Prints text that ends its lines itself.
    pub(crate) fn text(&self, text: impl std::fmt::Display) -> Result<()> {
        write!(anstream::stdout(), "{text}")?;
        Ok(())
    }

    /// Prints bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()?;
        Ok(())
    }

    /// Prints a JSON document.
    pub(crate) fn json(&self, document: &Value) -> Result<()> {
        self.line(format_args!("{document:#}"))
    }

    /// Prints rows: as a table to people, else with tabs between the columns.
    pub(crate) fn rows(&self, head: &[&str], rows: Vec<Vec<String>>) -> Result<()> {
        if !self.terminal {
            for row in rows {
                let plain: Vec<Cow<'_, str>> = row.iter().map(|cell| one_line(cell)).collect();
                self.line(plain.join("\t"))?;
            }
            return Ok(());
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(head);
        // Some terminals say that they have no width; in others a table is of no use.
        if table.width().is_some_and(|width| width >= 40) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.add_rows(rows.into_iter().map(|row| row.into_iter().map(printable).collect::<Vec<_>>()));
        self.line(table)
    }

    /// Says something to a person beside the output; to nobody else.
    pub(crate) fn say(&self, text: impl std::fmt::Display) {
        if self.terminal && !self.json && io::stderr().is_terminal() {
            let _ = writeln!(anstream::stderr(), "{FAINT}{text}{FAINT:#}");
        }
    }

    /// Says something that matters, whoever reads it.
    pub(crate) fn warn(&self, text: impl std::fmt::Display) {
        let _ = writeln!(anstream::stderr(), "kmip: {text}");
    }

    /// Tells of a failure, and gives the exit status.
    pub(crate) fn end(&self, done: Result<ExitCode>) -> ExitCode {
        match done {
            Ok(code) => code,
            Err(failure) if failure.is_none() => ExitCode::SUCCESS,
            Err(failure) => {
                self.tell(&failure);
                ExitCode::from(failure.code())
            }
        }
    }

    fn tell(&self, failure: &Failure) {
        let mut out = anstream::stderr();
        if self.json {
            let document =
                json!({ "error": failure.message(), "hint": failure.advice(), "status": failure.code() });
            let _ = writeln!(out, "{document}");
            return;
        }
        let _ = writeln!(out, "{ERROR}kmip:{ERROR:#} {}", printable(failure.message().to_owned()));
        if let Some(advice) = failure.advice() {
            let _ = writeln!(out, "{HINT}      {advice}{HINT:#}");
        }
    }
}

/// Text of a server's, without what would move the cursor or change colours.
pub(crate) fn printable(text: String) -> String {
    if text.chars().any(|c| c.is_control() && c != '\n') {
        text.chars()
            .map(|c| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c })
            .collect()
    } else {
        text
    }
}

fn one_line(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().into()
    } else {
        text.into()
    }
}
