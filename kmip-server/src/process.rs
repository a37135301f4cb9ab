//! What the process is, beside its work: how many files it may open, and that it leaves no picture of its memory behind.

use std::io::{self, Write as _};
use std::panic;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::log::CRITICAL;

/// Keys are in memory: it is not to be written to disk when the process ends badly, nor read by other processes of the
/// user, nor printed. To be called before the first key is read.
pub fn harden() {
    let dumps = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // A system that hands core dumps to a program does so whatever that limit says.
    #[cfg(target_os = "linux")]
    let dumps =
        dumps.and(rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable));
    if let Err(error) = dumps {
        let _ = writeln!(io::stderr(), "kmip-server: core dumps could not be turned off: {error}");
    }
    // What a panic says may come from a request; where it was does not.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let what = panic.payload().downcast_ref::<&str>().copied();
        if tracing::enabled!(target: CRITICAL, tracing::Level::ERROR) {
            tracing::error!(target: CRITICAL, place, what, "a fault of the server");
        } else {
            let _ = writeln!(io::stderr(), "kmip-server: a fault of the server: {place:?} {what:?}");
        }
    }));
}

/// Each connection is an open file: as many are allowed as the system lets this process allow itself.
pub fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, now = limit.current, "the number of open files could not be raised");
    }
}
