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

/// Keeps the memory of the process, whatever it gets later included, from being written to the swap. Where it may lock no
/// more than some of it nothing is locked: it would end at the limit.
#[cfg(target_os = "linux")]
pub fn lock_memory() {
    use nix::sys::mman::{MlockAllFlags, mlockall};
    use rustix::thread::{CapabilitySet, capabilities};

    let limit = getrlimit(Resource::Memlock);
    let _ = setrlimit(Resource::Memlock, Rlimit { current: limit.maximum, ..limit });
    let may = capabilities(None).is_ok_and(|own| own.effective.contains(CapabilitySet::IPC_LOCK));
    if limit.maximum.is_some() && !may {
        tracing::info!(
            limit = limit.maximum,
            "memory is not locked: without a limit (LimitMEMLOCK=infinity) it would be"
        );
        return;
    }
    // What was never touched takes no room.
    let on_fault = MlockAllFlags::from_bits_retain(nix::libc::MCL_ONFAULT);
    match mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE | on_fault) {
        Ok(()) => tracing::debug!("memory is locked: nothing of it goes to the swap"),
        Err(error) => tracing::info!(%error, "memory is not locked"),
    }
}

/// There is nothing to lock it with.
#[cfg(not(target_os = "linux"))]
pub fn lock_memory() {}

/// Each connection is an open file: as many are allowed as the system lets this process allow itself.
pub fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, now = limit.current, "the number of open files could not be raised");
    }
}
