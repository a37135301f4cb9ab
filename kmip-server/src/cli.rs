//! The command line of `kmip-server`.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, File};
use crate::import::ImportPykmip;
use crate::quickstart::{self, Folder};
use crate::{process, serve};

/// A KMIP key management server: durable, sealed, and fast.
#[derive(Debug, Parser)]
#[command(name = "kmip-server", version, max_term_width = 110, after_help = EXAMPLES)]
pub struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Starts a server without any set-up: certificates and keys are made in a folder of yours, and used from then on
    Quickstart(Quickstart),
    /// Starts a server with everything said in a configuration file
    Run(Run),
    /// Brings the objects of a PyKMIP server's database over, all of them or none
    ImportPykmip(ImportPykmip),
}

#[derive(Args, Debug)]
struct Quickstart {
    /// The folder for certificates, keys and the database [default: kmip in your folder for data]
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Where to listen; port 0 is any free one
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Where objects are kept: sqlite:PATH, or memory: for nowhere [default: sqlite:DIR/kmip.db]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// A configuration file, for what it says besides
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct Run {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  kmip-server quickstart                          a server on 127.0.0.1:5696
  kmip-server quickstart --store memory:          one that keeps nothing
  kmip-server quickstart --listen 0.0.0.0:5696    one for other machines, too
  kmip-server run --config /etc/kmip/server.toml  one with everything said explicitly
  kmip-server import-pykmip pykmip.db --dry-run   what of PyKMIP's can be brought over

Exit status: 0 after a shutdown by signal, 1 when the server can't start, 2 for wrong usage.";

/// Runs the command.
pub fn main() -> ExitCode {
    let command = Command::parse();
    process::harden();
    let done = match command.task {
        Task::Quickstart(task) => task.run(),
        Task::Run(task) => task.run(),
        Task::ImportPykmip(task) => task.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "kmip-server: {error}");
            ExitCode::FAILURE
        }
    }
}

type Done = Result<(), Box<dyn std::error::Error>>;

impl Run {
    fn run(self) -> Done {
        let config = File::read(&self.config)?.complete()?;
        start(config, |addresses| {
            for address in addresses {
                say(&format!("listening on {address}\n"));
            }
        })
    }
}

impl Quickstart {
    fn run(self) -> Done {
        let directory = match self.directory {
            Some(directory) => directory,
            None => quickstart::default_directory()?,
        };
        let file = self.config.as_deref().map(File::read).transpose()?;
        let (folder, config) = Folder::prepare(&directory, |own| {
            let mut config = match file {
                Some(file) => file.over(own),
                None => own,
            };
            if let Some(listen) = self.listen {
                config.listen = vec![listen];
            }
            if let Some(store) = self.store {
                config.store = store;
            }
            config
        })?;
        let store = config.store.clone();
        start(config, |addresses| {
            say(&greeting(&folder, &store, addresses));
        })
    }
}

fn start(config: Config, ready: impl FnOnce(&[SocketAddr])) -> Done {
    process::log(&config.log)?;
    process::allow_many_files();
    Ok(serve::serve(config, ready)?)
}

/// Someone may have closed the pipe; the server goes on.
fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn greeting(folder: &Folder, store: &str, addresses: &[SocketAddr]) -> String {
    let mut text = String::new();
    let path = folder.path().display();
    let _ = match folder.made() {
        [] => writeln!(text, "Using what is in {path}."),
        made => writeln!(text, "Made {} in {path}.", made.join(", ")),
    };
    let _ = match store {
        "memory:" => writeln!(text, "Objects are kept in memory: they are gone when the server ends."),
        store => writeln!(
            text,
            "Objects are kept in {store}, sealed under the master key: keep a copy of that elsewhere."
        ),
    };
    if let Some(address) = addresses.first()
        && let Err(error) = folder.announce(*address)
    {
        let _ = writeln!(text, "The command kmip will not find this server by itself: {error}");
    }
    let own = quickstart::default_directory().is_ok_and(|default| default == folder.path());
    let options = if own { String::new() } else { format!(" --directory {path}") };
    let _ = write!(
        text,
        "
Try, in another terminal:
  kmip{options} create --name my-key --activate
  kmip{options} locate --name my-key
  kmip{options} encrypt --id ID -i FILE -o SEALED

Other clients need these:
  {}
  {}
  {}

",
        folder.file("ca.crt").display(),
        folder.file("client.crt").display(),
        folder.file("client.key").display(),
    );
    for address in addresses {
        let _ = writeln!(text, "listening on {address}");
    }
    text
}
