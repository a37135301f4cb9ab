//! The command line of `kmip-server`.

mod at_rest;
mod audit;
mod ca;
mod configuration;
mod keys;
mod rotate;
mod users;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub(crate) use self::at_rest::{AtRestSource, bar, master_key};
use self::audit::AuditCommand;
use self::ca::CaCommand;
use self::configuration::Configuration;
pub(crate) use self::configuration::Source;
pub(crate) use self::keys::new_passphrase;
use self::keys::{NewMasterKey, Unseal};
use self::rotate::{RotateDataKey, RotateMasterKey};
use self::users::UsersCommand;
use crate::backup::{Backup, Restore};
use crate::config::{Config, Layers};
use crate::import::ImportPykmip;
use crate::quickstart::{self, Folder};
use crate::seal::KeyFile;
use crate::transport::Listening;
use crate::{process, serve, store};

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
    /// Starts a server with everything said in a configuration file, the environment, or on the command line
    Run(Run),
    /// Brings the objects of a PyKMIP server's database over, all of them or none
    ImportPykmip(ImportPykmip),
    /// Checks a configuration, or shows what it comes to
    #[command(subcommand)]
    Config(Configuration),
    /// Makes a master key: in a new file, under a passphrase, or in shares
    MasterKey(NewMasterKey),
    /// Changes the master key, while the server goes on
    RotateMasterKey(RotateMasterKey),
    /// Changes the data key: everything is sealed anew, while the server goes on
    RotateDataKey(RotateDataKey),
    /// Backs the store up into one sealed file, while the server goes on
    Backup(Backup),
    /// Restores a backup, or checks it; everything in it is opened before anything is replaced
    Restore(Restore),
    /// Gives shares of the master key to a server that waits for them to start
    Unseal(Unseal),
    /// Manages the users file
    #[command(subcommand)]
    Users(UsersCommand),
    /// Issues, renews, lists and revokes the certificates of clients
    #[command(subcommand)]
    Ca(CaCommand),
    /// Shows the audit log, or says whether it is whole
    #[command(subcommand)]
    Audit(AuditCommand),
}

#[derive(Args, Debug)]
struct Quickstart {
    /// The folder for certificates, keys and the database [default: kmip in your folder for data]
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
}

#[derive(Args, Debug)]
struct Run {
    #[command(flatten)]
    source: Source,
}

const EXAMPLES: &str = "\
Examples:
  kmip-server quickstart                          a server on 127.0.0.1:5696
  kmip-server quickstart --store memory:          one that keeps nothing
  kmip-server quickstart --listen 0.0.0.0:5696    one for other machines, too
  kmip-server quickstart --listen-https 127.0.0.1:5697
                                                  one that speaks HTTPS, too
  kmip-server run --config /etc/kmip/server.toml  one with everything said explicitly
  kmip-server import-pykmip pykmip.db --dry-run   what of PyKMIP's can be brought over
  kmip-server run --config /etc/pykmip/server.conf --store sqlite:/var/lib/kmip/kmip.db
                                                  one with PyKMIP's configuration and a database of its own
  kmip-server config example                      every setting, with its meaning and default
  kmip-server backup kmip.backup                  a backup, while the server goes on
  kmip-server users add alice --file users.toml   a user who may send a password
  kmip-server ca issue alice                      a certificate with a key for a client
  kmip-server audit verify                        whether the audit log is whole

Exit status: 0 after a shutdown by signal, 1 when the server can't start, 2 for wrong usage.";

/// Runs the command.
pub fn main() -> ExitCode {
    let command = Command::parse();
    process::harden();
    let done = match command.task {
        Task::Quickstart(task) => task.run(),
        Task::Run(task) => task.run(),
        Task::ImportPykmip(task) => task.run(),
        Task::Config(task) => task.run(),
        Task::MasterKey(task) => task.run(),
        Task::RotateMasterKey(task) => task.run(),
        Task::RotateDataKey(task) => task.run(),
        Task::Backup(task) => task.run(),
        Task::Restore(task) => task.run(),
        Task::Unseal(task) => task.run(),
        Task::Users(task) => task.run(),
        Task::Ca(task) => task.run(),
        Task::Audit(task) => task.run(),
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
        let layers = self.source.layers()?;
        let config = layers.complete()?;
        config.log.start()?;
        warn(&layers);
        if layers.is_pykmip() {
            first_master_key(&config)?;
        }
        start(
            config,
            || Ok(self.source.layers()?.complete()?),
            |addresses, monitoring| {
                tell_monitoring(monitoring);
                say(&listening(addresses));
            },
        )
    }
}

impl Quickstart {
    fn run(self) -> Done {
        let directory = match self.directory {
            Some(directory) => directory,
            None => quickstart::default_directory()?,
        };
        let layers = self.source.layers()?;
        let (folder, config) = Folder::prepare(&directory, |own| layers.over(own))?;
        config.log.start()?;
        warn(&layers);
        let store = config.store.clone();
        let again = || {
            let layers = self.source.layers()?;
            Ok(Folder::prepare(&directory, |own| layers.over(own))?.1)
        };
        start(config, again, |addresses, monitoring| {
            // Before the last line, which says that everything is there.
            tell_monitoring(monitoring);
            say(&greeting(&folder, &store, addresses));
        })
    }
}

/// What should be changed in a configuration although it is understood.
fn warn(layers: &Layers) {
    for warning in layers.warnings() {
        tracing::warn!("{warning}");
    }
}

/// PyKMIP knows no master key: whoever comes from it has one made beside the new database, before there are objects.
pub(crate) fn first_master_key(config: &Config) -> Done {
    // If it is PyKMIP's own, that is what has to be said, and not that it has no key.
    store::check(&config.store)?;
    let in_use = store::file(&config.store)?.is_some_and(std::path::Path::exists);
    if let Some(file) = config.master_key.source.file()
        && !in_use
        && !file.exists()
    {
        KeyFile::new(file).create()?;
        tracing::warn!(
            file = %file.display(),
            "made a master key: without it nothing in the database can be read, so keep a copy elsewhere"
        );
    }
    Ok(())
}

fn start(
    config: Config,
    again: impl Fn() -> Result<Config, Box<dyn std::error::Error>>,
    ready: impl FnOnce(&Listening, Option<SocketAddr>),
) -> Done {
    process::allow_many_files();
    Ok(serve::serve(config, again, ready)?)
}

fn tell_monitoring(address: Option<SocketAddr>) {
    if let Some(address) = address {
        say(&format!("monitoring on http://{address}/metrics\n"));
    }
}

/// Someone may have closed the pipe; the server goes on.
fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn greeting(folder: &Folder, store: &str, addresses: &Listening) -> String {
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
    if let Some(address) = addresses.kmip.first()
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
    text.push_str(&listening(addresses));
    text
}

fn listening(addresses: &Listening) -> String {
    let mut text = String::new();
    for address in &addresses.https {
        let _ = writeln!(text, "HTTPS at https://{address}/kmip");
    }
    for address in &addresses.kmip {
        let _ = writeln!(text, "listening on {address}");
    }
    text
}
