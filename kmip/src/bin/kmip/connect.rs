//! Which server, and as whom: from the command line, the environment, or the folder that `kmip-server quickstart` made.

use std::{
    env, fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use kmip::{
    client::{Address, Credential, Identity, Options, PORT, blocking::Client},
    ttlv::{SecretText, Version},
    types::version,
};
use zeroize::Zeroizing;

use super::failure::{Failure, Result, Status};

/// How to reach the server. Whatever is not said is taken from the folder that `kmip-server quickstart` made.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Connection", next_display_order = 100)]
pub(crate) struct Connection {
    /// The server; several, the preferred one first, if they serve the same objects [default: 127.0.0.1:5696].
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "KMIP_SERVER",
        global = true,
        hide_env_values = true,
        value_delimiter = ','
    )]
    server: Vec<Address>,

    /// The certificates that the server's is checked against, in PEM.
    #[arg(long, value_name = "FILE", env = "KMIP_CA", global = true, hide_env_values = true)]
    ca: Option<PathBuf>,

    /// The client's certificate, in PEM.
    #[arg(long, value_name = "FILE", env = "KMIP_CERT", global = true, hide_env_values = true)]
    cert: Option<PathBuf>,

    /// The key of the client's certificate, in PEM.
    #[arg(long, value_name = "FILE", env = "KMIP_KEY", global = true, hide_env_values = true)]
    key: Option<PathBuf>,

    /// The name that the server's certificate has to have, if it isn't that of the host.
    #[arg(long, value_name = "NAME", env = "KMIP_SERVER_NAME", global = true, hide_env_values = true)]
    server_name: Option<String>,

    /// A user name; the password is in KMIP_PASSWORD or the password file, or asked for.
    #[arg(long, value_name = "NAME", env = "KMIP_USER", global = true, hide_env_values = true)]
    user: Option<String>,

    /// The file whose first line is the user's password.
    #[arg(
        long,
        value_name = "FILE",
        env = "KMIP_PASSWORD_FILE",
        global = true,
        hide_env_values = true,
        requires = "user"
    )]
    password_file: Option<PathBuf>,

    /// The protocol version, from 1.0 to 2.0; `auto` asks the server and takes the highest.
    #[arg(
        long = "kmip",
        value_name = "VERSION",
        env = "KMIP_VERSION",
        default_value = "auto",
        global = true,
        hide_env_values = true
    )]
    protocol: Wanted,

    /// How long to wait for the connection, and for each answer, in seconds.
    #[arg(
        long,
        value_name = "SECONDS",
        env = "KMIP_TIMEOUT",
        default_value_t = 60,
        global = true,
        hide_env_values = true
    )]
    timeout: u64,

    /// The folder that `kmip-server quickstart` made [default: kmip in the user's data folder].
    #[arg(long, value_name = "DIR", env = "KMIP_DIRECTORY", global = true, hide_env_values = true)]
    directory: Option<PathBuf>,
}

/// The protocol version that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Highest,
    This(Version),
}

impl std::str::FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Highest);
        }
        let known = text.parse().ok().filter(|wanted| version::ALL.contains(wanted));
        known.map(Self::This).ok_or_else(|| {
            let all: Vec<String> = version::ALL.iter().map(Version::to_string).collect();
            format!("the versions are {}, and auto", all.join(", "))
        })
    }
}

impl Connection {
    /// An open client in the version that is wanted.
    pub(crate) fn open(&self) -> Result<Client> {
        self.open_for(0)
    }

    /// As [`Self::open`], for messages that carry this many bytes of data.
    pub(crate) fn open_for(&self, data: usize) -> Result<Client> {
        let mut client = self.open_as_is(data)?;
        if self.protocol == Wanted::Highest {
            client.negotiate()?;
        }
        Ok(client)
    }

    /// An open client that has not asked for the versions.
    pub(crate) fn open_as_is(&self, data: usize) -> Result<Client> {
        let mut options = self.options()?;
        options.limits.size = options.limits.size.saturating_add(data);
        Ok(Client::connect(options)?)
    }

    fn options(&self) -> Result<Options> {
        let folder = self.folder()?;
        let in_folder =
            |name: &str| folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.exists());
        let mut options = Options::new(Address::new("127.0.0.1", PORT));
        if !self.server.is_empty() {
            options.servers.clone_from(&self.server);
        } else if let Some(path) = in_folder(SERVER) {
            options.servers = vec![address(&path)?];
        } else if folder.is_none() && self.ca.is_none() && self.cert.is_none() {
            return Err(Failure::usage("no server is named, and none was set up on this machine").hint(
                "`kmip-server quickstart` sets one up; --server, --ca, --cert and --key name another",
            ));
        }
        options.ca = self.ca.clone().or_else(|| in_folder("ca.crt")).map(Into::into);
        options.identity = match (&self.cert, &self.key) {
            (Some(certificate), Some(key)) => Some(Identity::new(certificate.clone(), key.clone())),
            // A key often stands behind its certificate, in one file.
            (Some(certificate), None) => Some(Identity::new(certificate.clone(), certificate.clone())),
            (None, Some(_)) => return Err(Failure::usage("--key is given, but no --cert")),
            (None, None) => in_folder("client.crt")
                .zip(in_folder("client.key"))
                .map(|(cert, key)| Identity::new(cert, key)),
        };
        options.server_name.clone_from(&self.server_name);
        options.credentials.extend(self.credential()?);
        if let Wanted::This(version) = self.protocol {
            options.version = version;
        }
        options.connect_timeout = Duration::from_secs(self.timeout.min(10));
        options.request_timeout = Duration::from_secs(self.timeout);
        Ok(options)
    }

    fn folder(&self) -> Result<Option<PathBuf>> {
        match &self.directory {
            Some(folder) if folder.is_dir() => Ok(Some(folder.clone())),
            Some(folder) => Err(Failure::usage(format_args!("there is no folder {}", folder.display()))
                .hint(format_args!("`kmip-server quickstart --directory {}` makes it", folder.display()))),
            None => Ok(data_home().map(|home| home.join("kmip")).filter(|folder| folder.is_dir())),
        }
    }

    fn credential(&self) -> Result<Option<Credential>> {
        let Some(user) = &self.user else { return Ok(None) };
        let password = match (&self.password_file, env::var("KMIP_PASSWORD")) {
            (Some(path), _) => first_line(path)?,
            (None, Ok(password)) => Zeroizing::new(password),
            (None, Err(_)) => ask(user)?,
        };
        Ok(Some(Credential::user(user.as_str(), Some(SecretText::from(password.as_str())))))
    }
}

/// The file in which `kmip-server quickstart` says where it listens.
const SERVER: &str = "server";

fn address(path: &Path) -> Result<Address> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    text.trim().parse().map_err(|error| Failure::usage(format_args!("{}: {error}", path.display())))
}

/// Where programs keep a user's data (XDG Base Directory Specification).
fn data_home() -> Option<PathBuf> {
    let given = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    given.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".local/share")))
}

fn first_line(path: &Path) -> Result<Zeroizing<String>> {
    let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|error| Failure::file(path, &error))?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn ask(user: &str) -> Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format_args!("there is no password for {user}"))
            .hint("set KMIP_PASSWORD, or name a file with --password-file"));
    }
    let password = rpassword::prompt_password(format!("Password of {user}: "));
    password.map(Zeroizing::new).map_err(|error| Failure::new(Status::File, error))
}
