//! The `kmip-gen` command: checks the tables and shows what comes of them.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use kmip_gen::{Error, Spec, Version};

/// Checks the tables of KMIP and shows what comes of them.
///
/// The tables are YAML; docs/spec-format.md says how they are written. What is wrong with them is told with
/// file, line and reason.
#[derive(Parser)]
#[command(name = "kmip-gen", bin_name = "cargo gen", version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    tables: TablesArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct TablesArgs {
    /// The directory of the tables [default: those of this package]
    #[arg(long, value_name = "DIR", global = true)]
    spec: Option<PathBuf>,
    /// A directory of tables that is laid over them
    #[arg(long, value_name = "DIR", global = true, env = "KMIP_SPEC_OVERLAY")]
    overlay: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Check the tables; on success, count what is in them
    Check,
    /// Print the Rust that is generated from them, formatted
    #[command(
        after_help = "Examples:\n  cargo gen emit --table operations\n  cargo gen emit --type KeyBlock"
    )]
    Emit {
        /// One table alone: version, tags, enums, masks, structures, operations, names, attributes,
        /// operation_info or for_each
        #[arg(long, value_name = "NAME")]
        table: Option<String>,
        /// One type alone, with what is implemented for it
        #[arg(long = "type", value_name = "NAME")]
        type_name: Option<String>,
    },
    /// Print all that the tables say, as one JSON document
    Dump {
        /// As JSON, the only form there is
        #[arg(long)]
        json: bool,
    },
    /// Print what changed from one protocol version to another
    #[command(after_help = "Example:\n  cargo gen diff 1.3 1.4")]
    Diff {
        /// The older version, such as 1.3
        old: Version,
        /// The newer version, such as 1.4
        new: Version,
    },
    /// Write the reference pages, in Markdown
    Pages {
        /// The directory to write them into; it is made if need be
        #[arg(long, value_name = "DIR")]
        output: PathBuf,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads us has read enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Output(error)) => fail(&format!("error: can't write: {error}")),
        Err(Failure::Spec(Error::Tables(problems))) => {
            let count = problems.len();
            let lines: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
            fail(&format!("{lines}error: {count} problem{} in the tables", if count == 1 { "" } else { "s" }))
        }
        Err(Failure::Spec(error)) => fail(&format!("error: {error}")),
    }
}

fn fail(message: &str) -> ExitCode {
    // Nothing is left to do if even that can't be told.
    _ = writeln!(io::stderr().lock(), "{message}");
    ExitCode::FAILURE
}

enum Failure {
    Spec(Error),
    Output(io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Spec(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    let directory = cli.tables.spec.clone().unwrap_or_else(|| short(kmip_gen::spec_dir()));
    let spec = Spec::read(&directory, cli.tables.overlay.as_deref())?;
    let mut out = io::stdout().lock();
    match &cli.command {
        Command::Check => writeln!(out, "{}: {}", directory.display(), spec.summary())?,
        Command::Emit { table, type_name } => {
            out.write_all(spec.formatted(table.as_deref(), type_name.as_deref())?.as_bytes())?;
        }
        Command::Dump { json: _ } => writeln!(out, "{}", spec.dump())?,
        Command::Diff { old, new } => out.write_all(spec.diff(*old, *new)?.as_bytes())?,
        Command::Pages { output } => {
            for (name, text) in spec.pages() {
                write_page(&output.join(name), &text)?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn write_page(path: &Path, text: &str) -> Result<(), Error> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, text))
        .map_err(|source| Error::Io { path: path.to_owned(), source })
}

/// The path as it is seen from here, so that what is told of files stays short.
fn short(path: PathBuf) -> PathBuf {
    let real = fs::canonicalize(&path).unwrap_or(path);
    match env::current_dir().ok().and_then(|here| real.strip_prefix(here).map(Path::to_owned).ok()) {
        Some(relative) => relative,
        None => real,
    }
}

const EXAMPLES: &str = "Examples:
  cargo gen check
  cargo gen check --overlay my-tables
  cargo gen emit --type KeyBlock
  cargo gen diff 1.4 2.0
  cargo gen dump --json > kmip.json
  cargo gen pages --output target/reference

Exit status: 0 when all is well, 1 when a table breaks a rule or something can't be done, 2 when the command
line is wrong.";
