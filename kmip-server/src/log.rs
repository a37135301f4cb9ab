//! What is logged, how, and where.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use file_rotate::compression::Compression;
use file_rotate::suffix::AppendCount;
use file_rotate::{ContentLimit, FileRotate};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{self, FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::request::RequestId;

/// What is logged, how, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// `DEBUG`, `INFO`, `WARNING`, `ERROR`, `CRITICAL` in any case, or a filter such as `info,kmip_server=debug`.
    pub level: String,
    /// The file; standard error if there is none.
    pub file: Option<PathBuf>,
    /// How an entry looks.
    pub format: LogFormat,
    /// When the file is put aside for a new one.
    pub rotation: Rotation,
}

/// How an entry of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// A line to be read.
    #[default]
    Text,
    /// An object of JSON, on one line.
    Json,
}

/// When a log file is put aside for a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// From which size on.
    pub bytes: usize,
    /// How many of those put aside are kept.
    pub keep: usize,
}

/// Why nothing can be logged as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The level is none.
    #[error("the log level {level:?}: it is DEBUG, INFO, WARNING, ERROR, CRITICAL or a filter ({reason})")]
    Level {
        /// What was given.
        level: String,
        /// Why it is no filter either.
        reason: String,
    },
    /// The file can't be written.
    #[error("the log file {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { level: "INFO".into(), file: None, format: LogFormat::Text, rotation: Rotation::default() }
    }
}

impl Default for Rotation {
    fn default() -> Self {
        Self { bytes: 10 << 20, keep: 5 }
    }
}

impl LogOptions {
    /// Logs so from here on.
    ///
    /// # Errors
    /// When the level is none, or the file can't be written.
    pub fn start(&self) -> Result<(), LogError> {
        let filter = filter(&self.level)?;
        match &self.file {
            None => self.to(filter, io::stderr().is_terminal(), io::stderr),
            Some(path) => self.to(filter, false, Mutex::new(self.rotating(path)?)),
        }
        Ok(())
    }

    /// Whether it could be done; nothing is changed.
    ///
    /// # Errors
    /// When the level is none.
    pub fn check(&self) -> Result<(), LogError> {
        filter(&self.level).map(drop)
    }

    /// Logs at this level from now on; everything else stays as it was at the start.
    ///
    /// # Errors
    /// When the level is none.
    pub fn change_level(&self) -> Result<(), LogError> {
        let filter = filter(&self.level)?;
        if let Some(handle) = CHANGE.get() {
            // It is gone only when nothing is logged any more.
            let _ = handle.reload(filter);
        }
        Ok(())
    }

    fn to<W>(&self, filter: EnvFilter, colours: bool, writer: W)
    where
        W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    {
        let (filter, handle) = reload::Layer::new(filter);
        let registry = tracing_subscriber::registry().with(filter);
        let log = fmt::layer().with_ansi(colours).with_writer(writer);
        let started = match self.format {
            LogFormat::Text => {
                let log = log.map_event_format(|format| Correlated(format.with_ansi(colours)));
                registry.with(log).try_init()
            }
            LogFormat::Json => registry.with(log.json().map_event_format(Correlated)).try_init(),
        };
        // Where something else logs already, as in a test, that goes on.
        if started.is_ok() {
            let _ = CHANGE.set(handle);
        }
    }

    fn rotating(&self, path: &Path) -> Result<FileRotate<AppendCount>, LogError> {
        let failed = |error| LogError::File { path: path.to_owned(), error };
        // The package panics where it can't make the folder, and says nothing where it can't open the file.
        let path = std::path::absolute(path).map_err(failed)?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let options = options();
        options.open(&path).map_err(failed)?;
        Ok(FileRotate::new(
            path,
            AppendCount::new(self.rotation.keep),
            // Never in the middle of an entry.
            ContentLimit::BytesSurpassed(self.rotation.bytes.max(1)),
            Compression::None,
            Some(options),
        ))
    }
}

/// What changes the filter of the log that was started.
static CHANGE: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Entries that say which request they belong to. A span would say it as well, but it would have to be made for every
/// request, and most requests log nothing.
struct Correlated<F>(F);

impl<S, N, F> FormatEvent<S, N> for Correlated<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let Some(request) = RequestId::current() else {
            return self.0.format_event(context, writer, event);
        };
        let mut entry = String::new();
        self.0.format_event(context, Writer::new(&mut entry), event)?;
        match entry.strip_prefix('{') {
            Some(fields) => write!(writer, "{{\"request\":\"{request}\",{fields}"),
            None => writeln!(writer, "{} request={request}", entry.trim_end()),
        }
    }
}

/// Who asked for what is not everyone's business.
fn options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = OpenOptions::new();
    options.read(true).create(true).append(true).mode(0o640);
    options
}

/// The filter that a level stands for.
fn filter(level: &str) -> Result<EnvFilter, LogError> {
    let directives = match level.trim().to_ascii_uppercase().as_str() {
        // What others say in detail is of no use to whoever looks for a fault in KMIP.
        "DEBUG" => "info,kmip_server=debug,kmip=debug",
        "INFO" => "info",
        "WARNING" | "WARN" => "warn",
        "ERROR" => "error",
        "CRITICAL" => CRITICAL_ALONE,
        _ => level,
    };
    EnvFilter::try_new(directives)
        .map_err(|error| LogError::Level { level: level.to_owned(), reason: error.to_string() })
}

/// The target of entries after which the server is not what it should be: the only ones at CRITICAL.
pub const CRITICAL: &str = "critical";
const CRITICAL_ALONE: &str = "off,critical=error";

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn levels_of_the_documentation_and_filters() {
        for (level, expected) in [
            ("INFO", "info"),
            ("warning", "warn"),
            ("ERROR", "error"),
            ("CRITICAL", "critical=error,off"),
            ("warn,kmip_server=trace", "kmip_server=trace,warn"),
        ] {
            let mut found: Vec<_> =
                filter(level).unwrap().to_string().split(',').map(str::to_owned).collect();
            found.sort();
            assert_eq!(found.join(","), expected);
        }
        assert!(filter("DEBUG").unwrap().to_string().contains("kmip_server=debug"));
        assert!(filter("kmip_server=loud").unwrap_err().to_string().contains("loud"));
    }

    #[test]
    fn a_file_is_put_aside_when_it_is_large() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/server.log");
        let options = LogOptions { rotation: Rotation { bytes: 100, keep: 2 }, ..LogOptions::default() };
        let mut file = options.rotating(&path).unwrap();
        for line in 0..40 {
            // In one piece, as entries are.
            file.write_all(format!("line {line:04} {}\n", "x".repeat(20)).as_bytes()).unwrap();
        }
        let mut names: Vec<_> = std::fs::read_dir(path.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["server.log", "server.log.1", "server.log.2"]);
        let aside = std::fs::read_to_string(folder.path().join("new/server.log.1")).unwrap();
        assert!(aside.len() >= 100 && aside.ends_with('\n'), "{aside:?}");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = LogOptions::default().rotating(folder.path()).err().unwrap().to_string();
        assert!(error.contains(folder.path().to_str().unwrap()), "{error}");
    }
}
