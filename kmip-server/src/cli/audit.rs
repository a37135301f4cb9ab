//! `kmip-server audit`: looking at the audit log, and whether it is whole.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use serde::Deserialize;

use super::{Done, Source, master_key, say};
use crate::audit::{AuditError, Files, Link, Verified, verify};
use crate::config::Config;
use crate::quickstart::{self, Folder};
use crate::seal::Seal;
use crate::store::{self, Store};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Whether every record is there as it was written, from the first to the last; the first that is amiss is told
    Verify {
        #[command(flatten)]
        log: Log,
        /// A record that is known from elsewhere, as verify told it before: NUMBER:DIGEST
        #[arg(long = "known", value_name = "RECORD")]
        known: Vec<Link>,
    },
    /// Shows records, as a table
    Show {
        #[command(flatten)]
        log: Log,
        #[command(flatten)]
        filter: Filter,
        /// How many, of the newest; 0 for all
        #[arg(long, default_value_t = 50)]
        last: usize,
    },
    /// Writes records as lines of JSON, as they are kept
    Export {
        #[command(flatten)]
        log: Log,
        #[command(flatten)]
        filter: Filter,
        /// The file; standard output if there is none
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// Which audit log.
#[derive(Args, Debug)]
pub(super) struct Log {
    /// Files with records, instead of a server's: needs no key
    #[arg(long = "file", value_name = "FILE", conflicts_with_all = ["config", "directory"])]
    files: Vec<PathBuf>,
    /// The folder of a server made by quickstart [default: that of quickstart]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    directory: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

/// Which records.
#[derive(Args, Debug)]
pub(super) struct Filter {
    /// Of this user alone
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Of this operation alone, such as Get
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// About this object alone
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// With this outcome alone: success, failed, denied, undone or pending
    #[arg(long)]
    outcome: Option<String>,
    /// Of this request alone, as the log or an error message names it
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// From this time on, such as 2026-11-24 or 2026-11-24T10:00
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl AuditCommand {
    pub(super) fn run(self) -> Done {
        match self {
            Self::Verify { log, known } => {
                let Verified { first, head, sealed } = log.each(&known, |_| Ok(()))?;
                if head == Link::START {
                    say("There are no records.\n");
                    return Ok(());
                }
                say(&format!("Records {first} to {} are whole. The last: {head}\n", head.number));
                if !sealed {
                    say("Whether there were later ones, files alone can't say.\n");
                }
                Ok(())
            }
            Self::Show { log, filter, last } => {
                let mut shown = std::collections::VecDeque::new();
                log.each(&[], |line| {
                    if let Some(record) = filter.admit(line) {
                        shown.push_back(record);
                        if last > 0 && shown.len() > last {
                            shown.pop_front();
                        }
                    }
                    Ok(())
                })?;
                say(&table(&shown.into()));
                Ok(())
            }
            Self::Export { log, filter, output } => {
                let mut out: Box<dyn Write> = match &output {
                    Some(path) => Box::new(io::BufWriter::new(std::fs::File::create_new(path)?)),
                    None => Box::new(io::BufWriter::new(io::stdout().lock())),
                };
                let mut failed = None;
                log.each(&[], |line| {
                    if failed.is_none() && filter.admit(line).is_some() {
                        failed = out.write_all(line).err();
                    }
                    Ok(())
                })?;
                match failed {
                    Some(error) => Err(error.into()),
                    None => Ok(out.flush()?),
                }
            }
        }
    }
}

impl Log {
    /// Hands on every record, each with its line's end, and says whether they are whole.
    fn each(
        &self,
        known: &[Link],
        each: impl FnMut(&[u8]) -> Result<(), AuditError>,
    ) -> Result<Verified, Box<dyn std::error::Error>> {
        if !self.files.is_empty() {
            return Ok(verify(&self.files, None, known, each)?);
        }
        let config = self.config()?;
        let (store, seal): (Arc<dyn Store>, Seal) = {
            let master = master_key(&config.master_key)?;
            let store = store::open(&config.store)?;
            let seal = Seal::open(&*store, &master)?;
            (store, seal)
        };
        let files = match config.audit.options.directory {
            Some(directory) => Files::new(directory).list()?,
            None => Vec::new(),
        };
        Ok(verify(&files, Some((&*store, &seal)), known, each)?)
    }

    fn config(&self) -> Result<Config, Box<dyn std::error::Error>> {
        let layers = self.source.layers()?;
        let config = if self.source.config.is_some() {
            layers.complete()?
        } else {
            let directory = self.directory.clone().map_or_else(quickstart::default_directory, Ok)?;
            if !directory.exists() {
                return Err(format!(
                    "there is no {}; name the server by --config or --directory",
                    directory.display()
                )
                .into());
            }
            Folder::prepare(&directory, |config| layers.over(config))?.1
        };
        match store::file(&config.store)? {
            Some(path) if path.exists() => Ok(config),
            Some(path) => Err(format!("there is no store {}", path.display()).into()),
            None => Err("a store in memory is the server's alone".into()),
        }
    }
}

/// What of a record is shown, or asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Record {
    number: u64,
    time: String,
    event: Option<String>,
    request: Option<String>,
    address: Option<String>,
    user: Option<String>,
    certificate: Option<String>,
    operation: Option<String>,
    objects: Vec<String>,
    outcome: Option<String>,
    reason: Option<String>,
    count: Option<u64>,
}

impl Filter {
    /// The record of a line, if it is one of those asked for.
    fn admit(&self, line: &[u8]) -> Option<Record> {
        let record: Record = serde_json::from_slice(line).ok()?;
        let is = |wanted: &Option<String>, found: &Option<String>| {
            wanted
                .as_ref()
                .is_none_or(|wanted| found.as_ref().is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
        };
        let of =
            |wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| record.objects.contains(wanted));
        // Times are written so that their order is that of the text.
        (is(&self.user, &record.user)
            && is(&self.operation, &record.operation)
            && is(&self.outcome, &record.outcome)
            && is(&self.request, &record.request)
            && of(&self.object)
            && self.since.as_ref().is_none_or(|since| record.time >= *since)
            && self.until.as_ref().is_none_or(|until| record.time < *until))
        .then_some(record)
    }
}

fn table(records: &Vec<Record>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["number", "time", "who", "from", "what", "objects", "outcome", "request"]);
    for record in records {
        let who = record.user.clone().or_else(|| {
            record.certificate.as_ref().map(|digest| format!("sha256:{}", digest.get(..12).unwrap_or(digest)))
        });
        let what = match (&record.event, record.count) {
            (Some(event), Some(count)) => Some(format!("{count} records {event}")),
            (Some(event), None) => Some(format!("server {event}")),
            (None, _) => record.operation.clone(),
        };
        let outcome = match (&record.outcome, &record.reason) {
            (Some(outcome), Some(reason)) => format!("{outcome} ({reason})"),
            (outcome, _) => outcome.clone().unwrap_or_default(),
        };
        table.add_row([
            record.number.to_string(),
            record.time.clone(),
            who.unwrap_or_default(),
            record.address.clone().unwrap_or_default(),
            what.unwrap_or_default(),
            record.objects.join(" "),
            outcome,
            record.request.clone().unwrap_or_default(),
        ]);
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned() + "\n");
    lines.collect()
}
