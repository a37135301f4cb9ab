//! What the process is, beside its work: what it logs, and that it leaves no picture of its memory behind.

use std::io::IsTerminal;

use rustix::process::{Resource, Rlimit, setrlimit};
use tracing_subscriber::EnvFilter;

/// Logs go to standard error from here on.
///
/// # Errors
/// When the filter can't be understood.
pub fn log(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("the log level {filter:?}: {error}"))?;
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    let _ = log.try_init();
    Ok(())
}

/// Keys are in memory: it is not to be written to disk when the process ends badly.
pub fn no_core_dumps() {
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        tracing::warn!(%error, "core dumps could not be turned off");
    }
}
