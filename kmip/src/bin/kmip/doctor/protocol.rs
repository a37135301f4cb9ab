//! KMIP: is the client let in, which versions are there, what do the clocks say?

use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use kmip::{
    client::{Address, Error, Options, Unreachable, Watch, Watcher, blocking::Client, calls::Search},
    ttlv::{Bytes, DateTime, Limits, Mode, Version},
    types::{QueryFunction, ResponseMessage, ResultReason, TimeStamp, version},
};

use super::Report;
use crate::connect::Wanted;

/// Asks the server what can be asked without changing anything.
pub(super) fn ask(server: &Address, options: &Options, wanted: Wanted, report: &mut Report) {
    let clock = Arc::new(AtomicI64::new(NEVER));
    let mut options = options.clone();
    options.servers = vec![server.clone()];
    options.watch = Some(Watcher::new(Clock(Arc::clone(&clock))));
    let Some(mut client) = admission(&options, report) else { return };
    let Some(speaks) = versions(&mut client, report) else { return };
    let chosen = match wanted {
        Wanted::This(version) => version,
        Wanted::Highest => speaks.iter().copied().max().unwrap_or(options.version),
    };
    if speaks.contains(&chosen) {
        report.good("version", format!("the commands here speak KMIP {chosen}"));
    } else {
        let seen = format!("KMIP {chosen} is asked for, which the server does not speak");
        report.bad("version", seen, format!("it has {}; --kmip auto takes the highest", list(&speaks)));
        return;
    }
    client.set_version(chosen);
    operations(&mut client, report);
    rights(&mut client, report);
    clocks(clock.load(Ordering::Relaxed), report);
}

/// Whether the server lets this client in: with TLS 1.3 that shows when something is read.
fn admission(options: &Options, report: &mut Report) -> Option<Client> {
    const ADVICE: &str = "the server does not accept the client's certificate: it has to be signed by an authority that \
                          the server trusts, and be one for clients; --cert and --key name another";
    match Client::connect(options.clone()) {
        Ok(client) => Some(client),
        Err(Error::Connect(attempts)) => {
            for attempt in attempts {
                let advice = match &attempt.failure {
                    Unreachable::Tls(_) => ADVICE,
                    _ => "the server's log may say why",
                };
                report.bad("admission", attempt.failure.to_string(), advice);
            }
            None
        }
        Err(error) => {
            report.bad("admission", error.to_string(), "the settings can't be used");
            None
        }
    }
}

/// The versions that the server speaks.
fn versions(client: &mut Client, report: &mut Report) -> Option<Vec<Version>> {
    match client.versions() {
        Ok(versions) => {
            report.good("admission", "the server lets this client in");
            report.good("versions", format!("the server speaks KMIP {}", list(&versions)));
            let ours: Vec<Version> =
                versions.iter().copied().filter(|version| version::ALL.contains(version)).collect();
            if ours.is_empty() {
                let here = format!("this program speaks KMIP {}", list(version::ALL));
                report.bad("versions", "none of them is spoken here", here);
                return None;
            }
            Some(ours)
        }
        Err(error) => {
            let (step, advice) = match &error {
                Error::Refused { reason: Some(ResultReason::AuthenticationNotSuccessful), .. } => (
                    "admission",
                    "the server does not know who asks: --cert and --key, or --user and --password-file, say so",
                ),
                Error::Lost { .. } => (
                    "admission",
                    "the server hung up: it does not accept the client's certificate (--cert, --key), or what it is \
                     for; its log may say why",
                ),
                Error::Timeout(_) => {
                    ("versions", "the server does not answer: --timeout SECONDS waits longer")
                }
                Error::Violation(_) | Error::Decode(_) => {
                    ("versions", "what answers is no KMIP server, or breaks the protocol; is this its port?")
                }
                _ => ("versions", "the server's log may say why"),
            };
            report.bad(step, error.to_string(), advice);
            None
        }
    }
}

fn list(versions: &[Version]) -> String {
    let texts: Vec<String> = versions.iter().map(Version::to_string).collect();
    texts.join(", ")
}

/// Who the server is, and how many operations it has.
fn operations(client: &mut Client, report: &mut Report) {
    match client.query(&[QueryFunction::QueryOperations, QueryFunction::QueryServerInformation]) {
        Ok(answer) => {
            let vendor =
                answer.vendor_identification.map_or("a server".to_owned(), |vendor| vendor.to_string());
            report.good("server", format!("{vendor} with {} operations", answer.operation.len()));
        }
        Err(error) => {
            report.warn("server", error.to_string(), "Query tells what a server can do; this one doesn't")
        }
    }
}

/// Whether this client may do anything at all.
fn rights(client: &mut Client, report: &mut Report) {
    match client.locate(Search { maximum: Some(1), ..Search::default() }) {
        Ok(found) if found.ids.is_empty() => {
            report.good("rights", "there are no objects that this client may see")
        }
        Ok(_) => report.good("rights", "there are objects that this client may see"),
        Err(error) => report.bad(
            "rights",
            error.to_string(),
            "the server knows this client, but does not let it look for objects: see the policies there",
        ),
    }
}

/// What the server's clock said, and ours.
struct Clock(Arc<AtomicI64>);

/// No answer came.
const NEVER: i64 = i64::MIN;

impl Watch for Clock {
    fn request(&self, _message: &[u8]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn response(&self, message: &[u8]) {
        let message = Bytes::copy_from_slice(message);
        let limits = Limits { size: usize::MAX, ..Limits::DEFAULT };
        if let Ok(message) = ResponseMessage::read(&message, Mode::Lenient, limits) {
            let time = match message.response_header.time_stamp {
                TimeStamp::DateTime(time) => time.0,
                TimeStamp::DateTimeExtended(time) => time.0 / 1_000_000,
                TimeStamp::Other(_) => return,
            };
            self.0.store(time - DateTime::now().0, Ordering::Relaxed);
        }
    }
}

/// The seconds within which two clocks are the same.
const SAME: u64 = 5;

fn clocks(ahead: i64, report: &mut Report) {
    let by = ahead.unsigned_abs();
    match ahead {
        NEVER => {}
        _ if by <= SAME => report.good("clocks", "that of the server is right by that of this machine"),
        _ => report.warn(
            "clocks",
            format!("that of the server is {by} s {}", if ahead > 0 { "ahead" } else { "behind" }),
            "set both by a time service: certificates and dates of keys (activation, deactivation) depend on it",
        ),
    }
}
