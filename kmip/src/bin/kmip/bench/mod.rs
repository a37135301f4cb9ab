//! `kmip bench`: how fast a server is, and how evenly.

mod load;
mod plot;
mod process;
mod report;
mod work;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::Args;
use indicatif::ProgressStyle;

use self::{
    load::Load,
    report::Report,
    work::{Mix, Prepared},
};
use super::{
    connect::Connection,
    failure::{Failure, Result},
    output::Output,
};

/// Measures how many operations a server does a second, and how long each takes.
///
/// Keys are made for it, in the object group `kmip-bench`, and destroyed afterwards. Each connection has one request under
/// way at a time. A time goes from the moment a request is due to its answer, read and understood; with --rate, requests are
/// due evenly, so that a server that holds them up is not spared those that it kept from being sent.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip bench                                          Get, on 16 connections, for 10 seconds
  kmip bench --mix get=8,encrypt=1,create=1 --connections 64
  kmip bench --mix discover-versions --fresh          a new connection for every request
  kmip bench --mix get=1000,create-key-pair=1         does slow work hold up the rest?
  kmip bench --mix locate --objects 1000 --rate 500 --svg latency.svg
  kmip bench --server-process \"$(pidof kmip-server)\"  what an operation costs a server on this machine")]
pub(crate) struct Bench {
    /// What is asked for, and in which proportion: get, get-attributes, encrypt, decrypt, create, locate, query,
    /// discover-versions, create-key-pair (RSA-4096), sign (RSA-2048).
    #[arg(long, value_name = "OPERATION[=SHARE],...", default_value = "get")]
    mix: Mix,

    /// How many connections there are.
    #[arg(short, long, value_name = "COUNT", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections: u32,

    /// How long it is measured, in seconds.
    #[arg(short, long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    seconds: f64,

    /// How long the server is used before that, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    warm_up: f64,

    /// How many requests are sent a second, over all connections [default: as many as are answered].
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,

    /// Send every request on a connection of its own; the handshake counts.
    #[arg(long)]
    fresh: bool,

    /// How many bytes are encrypted, decrypted and signed.
    #[arg(long, value_name = "BYTES", default_value_t = 1024)]
    size: usize,

    /// How many keys there are, with a name each, to get and locate.
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    objects: u32,

    /// How many threads send the requests [default: half of the processors, as the rest may be the server's].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,

    /// The number of the server's process on this machine, whose processor time is to be told.
    #[arg(long, value_name = "PID")]
    server_process: Option<i32>,

    /// Draw how the times are distributed, into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Don't destroy the keys afterwards.
    #[arg(long)]
    keep: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let valid = text.parse().ok().filter(|seconds: &f64| (0.0..=1e6).contains(seconds));
    valid.ok_or_else(|| "that is no number of seconds".to_owned())
}

impl Bench {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        if self.seconds == 0.0 {
            return Err(Failure::usage("nothing can be measured in no time"));
        }
        let server = self.server_process.map(process::Process::find).transpose()?;
        let mut client = connection.open()?;
        let (mut options, _) = connection.options()?;
        options.version = client.version();
        let prepared = Arc::new(Prepared::make(&mut client, &self.mix, self.objects, self.size)?);
        let load = Load {
            options,
            mix: self.mix.clone(),
            prepared: Arc::clone(&prepared),
            connections: self.connections,
            threads: self.threads(),
            fresh: self.fresh,
            rate: self.rate,
            warm_up: Duration::from_secs_f64(self.warm_up),
            time: Duration::from_secs_f64(self.seconds),
        };
        let measured = load.run(server.as_ref());
        let mut made = prepared.objects();
        let measured = measured.map(|(measured, more)| {
            made.extend(more);
            measured
        });
        if !self.keep {
            work::destroy(&mut client, &made)?;
        }
        let report = Report::new(measured?, self.connections, client.version());
        if let Some(path) = &self.svg {
            plot::write(path, &report)?;
        }
        report.print(output)?;
        Ok(if report.is_without_failure() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn threads(&self) -> u32 {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let half = u32::try_from(processors / 2).unwrap_or(u32::MAX).max(1);
        self.threads.unwrap_or(half).min(self.connections)
    }
}

/// A style of progress; the usual one where the template can't be read.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
