//! `kmip doctor`: what is wrong between here and the server, and what to do about it.
//!
//! It looks at one thing after another, from the settings on to the answer of the server, and stops where nothing more can
//! be seen.

mod certificates;
mod network;
mod protocol;
mod tls;

use std::process::ExitCode;

use clap::{Args, builder::styling::Style};
use kmip::client::{Address, Options};
use serde_json::json;

use super::{
    connect::{Connection, Wanted},
    failure::Result,
    output::{ERROR, GOOD, HINT, Output, WARNING, printable},
};

/// Finds out what is wrong between this machine and the server, step by step, and says what to do about it.
///
/// It looks at the settings, certificates and keys, the name, the connection, TLS, the server's certificate, whether the
/// server accepts the client's, the protocol versions, the clocks, and what the client may do. The exit status is 0 if
/// nothing is wrong, and otherwise 1.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip doctor
  kmip doctor --profile lab --json
  kmip doctor --server kms:5696 --ca ca.crt --cert client.crt --key client.key --kmip 1.2")]
pub(crate) struct Doctor {}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    Warning,
    Bad,
}

/// What was looked at, and what was seen.
struct Finding {
    step: &'static str,
    state: State,
    seen: String,
    advice: Option<String>,
}

/// What has been found about one server.
#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn good(&mut self, step: &'static str, seen: impl Into<String>) {
        self.0.push(Finding { step, state: State::Good, seen: seen.into(), advice: None });
    }

    fn warn(&mut self, step: &'static str, seen: impl Into<String>, advice: impl Into<String>) {
        let advice = Some(advice.into());
        self.0.push(Finding { step, state: State::Warning, seen: seen.into(), advice });
    }

    fn bad(&mut self, step: &'static str, seen: impl Into<String>, advice: impl Into<String>) {
        self.0.push(Finding { step, state: State::Bad, seen: seen.into(), advice: Some(advice.into()) });
    }

    fn is_bad(&self) -> bool {
        self.0.iter().any(|finding| finding.state == State::Bad)
    }
}

impl Doctor {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let (options, wanted) = connection.options()?;
        let mut reports = Vec::new();
        for server in &options.servers {
            if !output.is_json() {
                output.line(format_args!("{server}"))?;
            }
            let report = examine(server, &options, wanted, &connection.origin());
            if !output.is_json() {
                report.print(output)?;
            }
            reports.push((server, report));
        }
        if output.is_json() {
            let servers = reports.iter().map(|(server, report)| {
                let steps = report.0.iter().map(Finding::document).collect::<Vec<_>>();
                json!({ "server": server.to_string(), "healthy": !report.is_bad(), "steps": steps })
            });
            output.json(&json!({ "servers": servers.collect::<Vec<_>>() }))?;
        }
        let is_bad = reports.iter().any(|(_, report)| report.is_bad());
        Ok(if is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// Looks at everything that leads to one server.
fn examine(server: &Address, options: &Options, wanted: Wanted, origin: &str) -> Report {
    let mut report = Report::default();
    report.good("settings", origin);
    let own = certificates::own(options, &mut report);
    let Some(addresses) = network::resolve(server, &mut report) else { return report };
    let Some(stream) = network::connect(&addresses, options, &mut report) else { return report };
    let Some(chain) = tls::shake_hands(stream, server, &own, &mut report) else { return report };
    certificates::server(&chain, server, options, &own, &mut report);
    if !report.is_bad() {
        protocol::ask(server, options, wanted, &mut report);
    }
    report
}

impl Report {
    fn print(&self, output: &Output) -> Result<()> {
        for finding in &self.0 {
            let (style, word): (Style, &str) = match finding.state {
                State::Good => (GOOD, "ok"),
                State::Warning => (WARNING, "warning"),
                State::Bad => (ERROR, "wrong"),
            };
            let seen = printable(finding.seen.clone());
            output.line(format_args!("  {style}{word:<8}{style:#}{}: {seen}", finding.step))?;
            if let Some(advice) = &finding.advice {
                output.line(format_args!("          {HINT}{advice}{HINT:#}"))?;
            }
        }
        Ok(())
    }
}

impl Finding {
    fn document(&self) -> serde_json::Value {
        let state = match self.state {
            State::Good => "ok",
            State::Warning => "warning",
            State::Bad => "wrong",
        };
        json!({ "step": self.step, "state": state, "seen": self.seen, "advice": self.advice })
    }
}
