//! What a process on this machine uses of its processors.

use std::time::Duration;

use super::super::failure::{Failure, Result};

/// A process.
#[cfg(target_os = "linux")]
pub(super) struct Process(procfs::process::Process);

#[cfg(target_os = "linux")]
impl Process {
    /// The process with this number.
    pub(super) fn find(number: i32) -> Result<Self> {
        let found = procfs::process::Process::new(number).map(Self);
        found.map_err(|error| Failure::usage(format_args!("--server-process {number}: {error}")))
    }

    /// How long processors have worked for it, its own work and the system's.
    pub(super) fn used(&self) -> Result<Duration> {
        let stat =
            self.0.stat().map_err(|error| Failure::usage(format_args!("the server's process: {error}")))?;
        let seconds = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
        Ok(Duration::from_secs_f64(seconds))
    }
}

/// A process; there is no way to ask for it on this system.
#[cfg(not(target_os = "linux"))]
pub(super) enum Process {}

#[cfg(not(target_os = "linux"))]
impl Process {
    pub(super) fn find(_number: i32) -> Result<Self> {
        Err(Failure::usage("--server-process works on Linux alone"))
    }

    pub(super) fn used(&self) -> Result<Duration> {
        match *self {}
    }
}
