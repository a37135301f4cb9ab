//! `kmip conformance`: the official test cases, replayed.

use std::{
    fs,
    io::{IsTerminal, stderr},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use kmip::{
    client::{Address, Encoding, Identity, blocking::Client},
    conformance::{self, Case, Exceptions, Outcome, Report, Runner, Target, Verdict},
    ttlv::Version,
};
use regex::Regex;

use super::{
    connect::Connection,
    failure::{Failure, Result},
    output::{ERROR, FAINT, GOOD, Output, WARNING, printable},
};

/// Replays official test cases on a server, and tells where its answers are other than the cases permit.
///
/// A case is a file of XML as OASIS publishes them with the KMIP profiles and test cases. Cases are sent in the version
/// that they are of, in binary unless --encoding says otherwise. On a server that stays, names are made unique, and what a
/// case leaves behind is destroyed; with --restart each case gets a fresh server, which some cases need.
///
/// Verdicts: pass; alternative (the answer is what another case shows, which excludes this one); fail (with the first
/// difference); error (no answer, or none that can be read); skip (it needs what is not there); excepted (it fails, and
/// --expect has it). The exit status is 0 if none failed but those that --expect has, and they all did.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip conformance cases/                         all cases of a folder
  kmip conformance cases/1.4 --only '^TC-1' --html report.html
  kmip conformance cases --versions 1.4,2.0 --restart ./restart --expect exceptions.toml
  kmip conformance cases --encoding json --https-port 5697
  kmip --server kms.example.org --ca ca.crt --cert me.crt --key me.key conformance cases")]
pub(crate) struct Conformance {
    /// Cases, and folders of them.
    #[arg(required = true, value_name = "FOLDER_OR_FILE")]
    places: Vec<PathBuf>,

    /// Only the cases whose names this regular expression is found in.
    #[arg(long, value_name = "REGEX")]
    only: Option<Regex>,

    /// Only the cases of these versions of KMIP.
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    versions: Vec<Version>,

    /// List the cases, and play none.
    #[arg(long)]
    list: bool,

    /// How messages are written: other than in binary they go over HTTPS.
    #[arg(long, value_name = "ENCODING", requires = "https_port")]
    encoding: Option<Written>,

    /// The port on which the server listens for HTTPS; for --encoding, and for the cases about that.
    #[arg(long, value_name = "PORT")]
    https_port: Option<u16>,

    /// A command of the shell that makes the server a fresh and empty one, before each case.
    #[arg(long, value_name = "COMMAND")]
    restart: Option<String>,

    /// The certificate of the second client of cases that have several, in PEM.
    #[arg(long, value_name = "FILE")]
    second_cert: Option<PathBuf>,

    /// Its key, in PEM [default: behind the certificate].
    #[arg(long, value_name = "FILE", requires = "second_cert")]
    second_key: Option<PathBuf>,

    /// By how many seconds times may differ.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    tolerance: u32,

    /// Wait as long as the cases say; otherwise a wait of two minutes is one of 15 seconds.
    #[arg(long)]
    full_time: bool,

    /// Show keys and data in messages, too.
    #[arg(long)]
    show_secrets: bool,

    /// Cases that contradict the specification, in TOML: [[case]] with name, section and reason.
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,

    /// Write a report in JSON to this file (--json prints it instead of text).
    #[arg(long, value_name = "FILE")]
    json_report: Option<PathBuf>,

    /// Write a report in XML of JUnit to this file.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write a report for browsers to this file, with all messages.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Written {
    Binary,
    Xml,
    Json,
}

impl Conformance {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let files = conformance::files(&self.places).map_err(|error| Failure::usage(error.to_string()))?;
        let mut cases = Vec::new();
        let mut unread = Vec::new();
        for file in &files {
            match Case::open(file.clone()) {
                Ok(case) => cases.push(case),
                Err(error) => unread.push(error),
            }
        }
        for error in &unread {
            output.warn(error);
        }
        let is_wanted = |case: &&Case| {
            self.only.as_ref().is_none_or(|only| only.is_match(case.name()))
                && (self.versions.is_empty() || self.versions.contains(&case.version()))
        };
        let wanted: Vec<&Case> = cases.iter().filter(is_wanted).collect();
        if wanted.is_empty() {
            return Err(Failure::usage("there are no cases")
                .hint("name files of XML as OASIS publishes them, or folders of such"));
        }
        if self.list {
            for case in wanted {
                output.line(format_args!("{}\t{}\t{}", case.name(), case.version(), case.length()))?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let exceptions = match &self.expect {
            Some(path) => Exceptions::read(&read(path)?)
                .map_err(|error| Failure::usage(format_args!("{}: {error}", path.display())))?,
            None => Exceptions::default(),
        };
        let mut runner = self.runner(connection)?;
        let server = runner.target().options.servers.first().map(ToString::to_string).unwrap_or_default();
        let mut report = Report::new(server, exceptions);
        let bar = bar(wanted.len());
        for case in wanted {
            if let Some(bar) = &bar {
                bar.set_message(case.name().to_owned());
            }
            let find = |name: &str| find(&cases, case, name);
            let outcome = runner.play(case, &find);
            self.tell(&report, &outcome, bar.as_ref(), output)?;
            report.outcomes.push(outcome);
            if let Some(bar) = &bar {
                bar.inc(1);
            }
        }
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        self.write(&report)?;
        self.summary(&report, output)?;
        Ok(if report.is_good() && unread.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn runner(&self, connection: &Connection) -> Result<Runner> {
        let (options, _) = connection.options()?;
        let mut target = Target::new(options);
        target.tolerance = i64::from(self.tolerance);
        target.full_time = self.full_time;
        target.show_secrets = self.show_secrets;
        target.encoding = self.encoding.map(|written| match written {
            Written::Binary => Encoding::Binary,
            Written::Xml => Encoding::Xml,
            Written::Json => Encoding::Json,
        });
        let host = target.options.servers.first().map(|server| server.host.clone());
        target.https = self.https_port.zip(host).map(|(port, host)| Address::new(host, port));
        target.second = self.second_cert.as_ref().map(|certificate| {
            let key = self.second_key.as_ref().unwrap_or(certificate);
            Identity::new(certificate.clone(), key.clone())
        });
        Ok(match self.restart.clone() {
            None => {
                // Rather one clear message than the same one for every case.
                Client::connect(target.options.clone())?;
                Runner::new(target)
            }
            Some(command) => Runner::restarting(target, Box::new(move |target| restart(&command, target))),
        })
    }

    /// Prints what became of a case.
    fn tell(
        &self,
        report: &Report,
        outcome: &Outcome,
        bar: Option<&ProgressBar>,
        output: &Output,
    ) -> Result<()> {
        if output.is_json()
            || (outcome.verdict == Verdict::Pass && report.exceptions.get(&outcome.case).is_none())
        {
            return Ok(());
        }
        let (name, style) = match outcome.verdict {
            _ if report.excepted(outcome).is_some() => ("excepted", WARNING),
            Verdict::Pass => ("pass", GOOD),
            Verdict::Alternative => ("alternative", GOOD),
            Verdict::Fail => ("fail", ERROR),
            Verdict::Error => ("error", ERROR),
            Verdict::Skip => ("skip", FAINT),
        };
        let mut text = format!("{style}{name:11}{style:#} {}  {}", outcome.case, printable(outcome.why()));
        if outcome.verdict == Verdict::Fail
            && report.excepted(outcome).is_none()
            && let Some((step, difference)) = outcome.steps.last().zip(outcome.difference.as_ref())
        {
            text.push_str(&format!("\n  expected:\n{}", around(&step.expected, difference.expected)));
            let answer = step.answer.as_deref().unwrap_or_default();
            text.push_str(&format!("\n  found:\n{}", around(answer, difference.actual)));
        }
        match bar {
            Some(bar) => bar.suspend(|| output.line(text)),
            None => output.line(text),
        }
    }

    fn write(&self, report: &Report) -> Result<()> {
        let put = |path: &Option<PathBuf>, content: &dyn Fn() -> std::io::Result<Vec<u8>>| match path {
            Some(path) => content()
                .and_then(|content| fs::write(path, content))
                .map_err(|error| Failure::file(path, &error)),
            None => Ok(()),
        };
        put(&self.json_report, &|| Ok(format!("{:#}\n", report.to_json()).into_bytes()))?;
        put(&self.junit, &|| report.to_junit())?;
        put(&self.html, &|| Ok(report.to_html().into_bytes()))
    }

    fn summary(&self, report: &Report, output: &Output) -> Result<()> {
        if output.is_json() {
            return output.json(&report.to_json());
        }
        for (outcome, known) in report.stale() {
            output.warn(format_args!(
                "{} passes, though it is said to contradict {}",
                outcome.case, known.section
            ));
        }
        let counts = report.counts();
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut all = vec![0; 7];
        for (version, counts) in &counts {
            let columns = counts.columns();
            columns.iter().zip(&mut all).for_each(|((_, count), sum)| *sum += count);
            let row = std::iter::once(version.to_string())
                .chain(columns.iter().map(|(_, count)| count.to_string()));
            rows.push(row.collect());
        }
        rows.push(std::iter::once("all".to_owned()).chain(all.iter().map(usize::to_string)).collect());
        let head = ["KMIP", "cases", "pass", "alternative", "excepted", "fail", "error", "skip"];
        if !output.is_terminal() {
            output.line(head.join("\t"))?;
        }
        output.rows(&head, rows)
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Failure::file(path, &error))
}

/// A case by its name: one of those that were named, or one that lies beside this one.
fn find(cases: &[Case], beside: &Case, name: &str) -> Option<Case> {
    if let Some(case) = cases.iter().find(|case| case.name() == name) {
        return Some(case.clone());
    }
    Case::open(beside.path().with_file_name(format!("{name}.xml"))).ok()
}

/// The lines of a message around one of them.
fn around(message: &str, place: Option<usize>) -> String {
    let lines: Vec<&str> = message.lines().collect();
    let place = place.unwrap_or_default();
    let from = place.saturating_sub(4);
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate().skip(from).take(place - from + 5) {
        let mark = if number == place { '>' } else { ' ' };
        text.push_str(&format!("  {mark} {}\n", printable((*line).to_owned())));
    }
    text.pop();
    text
}

fn bar(count: usize) -> Option<ProgressBar> {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta} {msg}").ok()?;
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    stderr().is_terminal().then(|| ProgressBar::new(count).with_style(style))
}

/// Runs the command, and waits until the server listens.
fn restart(command: &str, target: &Target) -> std::result::Result<(), String> {
    let done = Command::new("sh").args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).status();
    match done {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("the command that restarts the server failed: {status}")),
        Err(error) => return Err(format!("the command that restarts the server can't be run: {error}")),
    }
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        match Client::connect(target.options.clone()) {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > end => {
                return Err(format!("the server doesn't come back: {error}"));
            }
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}
