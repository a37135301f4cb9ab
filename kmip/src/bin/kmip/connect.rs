//! Which server, and as whom: from the command line, the environment, or the folder that `kmip-server quickstart` made.

use std::{
    env, fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use kmip::{
    client::{Address, Credential, Identity, Options, Watcher, blocking::Client, pykmip},
    ttlv::{Bytes, Secret, SecretText, Version},
    types::{Ticket, TicketType, version},
};
use zeroize::Zeroizing;

use super::{
    failure::{Failure, Result, Status},
    profile::{self, Base},
    trace::{DryRun, Form, Trace},
    values,
};

/// How to reach the server. Whatever is not said is taken from the folder that `kmip-server quickstart` made.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Connection", next_display_order = 100)]
pub(crate) struct Connection {
    /// Whether JSON is wanted; the command line fills it in.
    #[arg(skip)]
    pub(crate) json: bool,

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

    /// The protocol version, from 1.0 to 2.0; `auto` asks the server and takes the highest [default: auto].
    #[arg(
        long = "kmip",
        value_name = "VERSION",
        env = "KMIP_VERSION",
        global = true,
        hide_env_values = true
    )]
    protocol: Option<Wanted>,

    /// How long to wait for the connection (at most 10), and for each answer, in seconds [default: 60].
    #[arg(long, value_name = "SECONDS", env = "KMIP_TIMEOUT", global = true, hide_env_values = true)]
    timeout: Option<u64>,

    /// The folder that `kmip-server quickstart` made [default: kmip in the user's data folder].
    #[arg(long, value_name = "DIR", env = "KMIP_DIRECTORY", global = true, hide_env_values = true)]
    directory: Option<PathBuf>,

    /// Named settings, from the file with the profiles; what is said here goes before what they say.
    #[arg(long, value_name = "NAME", env = "KMIP_PROFILE", global = true, hide_env_values = true)]
    profile: Option<String>,

    /// The file with the profiles, in TOML, or PyKMIP's pykmip.conf, whose profiles are its sections
    /// [default: kmip/config.toml in the user's settings].
    #[arg(long, value_name = "FILE", env = "KMIP_CONFIG", global = true, hide_env_values = true)]
    config: Option<PathBuf>,

    /// A ticket that `kmip login` gave, instead of certificate or password; @FILE takes it from a file.
    #[arg(long, value_name = "HEX", env = "KMIP_TICKET", global = true, hide_env_values = true,
          value_parser = values::hex_or_file)]
    ticket: Option<Bytes>,

    /// Let the server put an operation off; `kmip poll` asks for its end.
    #[arg(long, global = true)]
    asynchronous: bool,

    /// Print requests and answers, decoded and without their secrets, beside the output.
    #[arg(long, global = true)]
    trace: bool,

    /// Print the request and don't send it; readable and without its secrets, or all of it in hex or binary. It is in
    /// KMIP 1.4 unless --kmip says otherwise.
    #[arg(long, value_name = "FORM", global = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "text", hide_possible_values = true)]
    dry_run: Option<Form>,
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
        let (mut client, wanted) = self.client(data)?;
        if wanted == Wanted::Highest && self.dry_run.is_none() {
            client.negotiate()?;
        }
        Ok(client)
    }

    /// An open client that has not asked for the versions.
    pub(crate) fn open_as_is(&self, data: usize) -> Result<Client> {
        self.client(data).map(|(client, _)| client)
    }

    /// Certificate and key of the server that `kmip-server quickstart` set up, if it did.
    pub(crate) fn quickstart_certificate(&self) -> Result<Option<(PathBuf, PathBuf)>> {
        let files = self.folder(None)?.map(|folder| (folder.join("server.crt"), folder.join("server.key")));
        Ok(files.filter(|(certificate, key)| certificate.exists() && key.exists()))
    }

    /// The ticket that stands for the credentials, if there is one.
    pub(crate) fn ticket(&self) -> Option<&Bytes> {
        self.ticket.as_ref()
    }

    fn client(&self, data: usize) -> Result<(Client, Wanted)> {
        let (mut options, wanted) = self.options()?;
        options.limits.size = options.limits.size.saturating_add(data);
        options.asynchronous = self.asynchronous;
        if let Some(form) = self.dry_run {
            options.watch = Some(Watcher::new(DryRun { form, json: self.json }));
            if wanted == Wanted::Highest {
                options.version = version::V1_4;
            }
            return Ok((Client::new(options)?, wanted));
        }
        if self.trace {
            options.watch = Some(Watcher::new(Trace));
        }
        Ok((Client::connect(options)?, wanted))
    }

    /// How to reach the server, and in which version to talk to it.
    pub(crate) fn options(&self) -> Result<(Options, Wanted)> {
        let base = self.base()?;
        for warning in &base.warnings {
            let _ = writeln!(anstream::stderr(), "kmip: {warning}");
        }
        let folder = self.folder(base.directory.as_deref())?;
        // What `quickstart` made is for the server that it made.
        let folder = folder.filter(|_| !base.has_server || self.directory.is_some());
        let in_folder =
            |name: &str| folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.exists());
        let mut options = base.options;
        if !self.server.is_empty() {
            options.servers.clone_from(&self.server);
        } else if !base.has_server {
            if let Some(path) = in_folder(SERVER) {
                options.servers = vec![address(&path)?];
            } else if folder.is_none() && self.ca.is_none() && self.cert.is_none() && self.dry_run.is_none() {
                return Err(Failure::usage("no server is named, and none was set up on this machine").hint(
                    "`kmip-server quickstart` sets one up; --server, --ca, --cert and --key, or --profile, name another",
                ));
            }
        }
        if let Some(ca) = self.ca.clone().or_else(|| in_folder("ca.crt").filter(|_| options.ca.is_none())) {
            options.ca = Some(ca.into());
        }
        match (&self.cert, &self.key) {
            (Some(certificate), key) => {
                // A key often stands behind its certificate, in one file.
                let key = key.as_ref().unwrap_or(certificate);
                options.identity = Some(Identity::new(certificate.clone(), key.clone()));
            }
            (None, Some(_)) => return Err(Failure::usage("--key is given, but no --cert")),
            (None, None) if options.identity.is_none() => {
                options.identity = in_folder("client.crt")
                    .zip(in_folder("client.key"))
                    .map(|(cert, key)| Identity::new(cert, key));
            }
            (None, None) => {}
        }
        if self.server_name.is_some() {
            options.server_name.clone_from(&self.server_name);
        }
        if let Some(credential) = self.credential()? {
            options.credentials = vec![credential];
        }
        if let Some(ticket) = &self.ticket {
            let ticket = Ticket::new(TicketType::Login, Secret::from_shared(ticket.clone()));
            options.credentials = vec![Credential::ticket(ticket)];
        }
        let wanted = self.protocol.or(base.protocol).unwrap_or(Wanted::Highest);
        if let Wanted::This(version) = wanted {
            options.version = version;
        }
        if let Some(timeout) = self.timeout {
            options.request_timeout = Duration::from_secs(timeout);
        }
        let short = options.request_timeout.min(Duration::from_secs(10));
        (options.connect_timeout, options.handshake_timeout) = (short, short);
        Ok((options, wanted))
    }

    /// Where the settings come from, in words.
    pub(crate) fn origin(&self) -> String {
        let mut places = Vec::new();
        let said = [
            (!self.server.is_empty(), "server"),
            (self.ca.is_some(), "ca"),
            (self.cert.is_some(), "cert"),
            (self.key.is_some(), "key"),
            (self.server_name.is_some(), "server-name"),
            (self.user.is_some(), "user"),
            (self.ticket.is_some(), "ticket"),
        ];
        let said: Vec<&str> = said.iter().filter(|(is_said, _)| *is_said).map(|(_, name)| *name).collect();
        if !said.is_empty() {
            places.push(format!("{} from the command line or the environment", said.join(", ")));
        }
        let file = self.config.clone().or_else(|| profile::place().filter(|path| path.exists()));
        if let Some(file) = file {
            let name = self.profile.as_ref().map(|name| format!("{name} of ")).unwrap_or_default();
            places.push(format!("profile {name}{}", file.display()));
        }
        if let Ok(Some(folder)) = self.folder(None) {
            places.push(format!("the folder {}", folder.display()));
        }
        if places.is_empty() {
            places.extend(
                pykmip::places().iter().find(|path| path.exists()).map(|path| path.display().to_string()),
            );
        }
        places.join("; else ")
    }

    /// What the profile says.
    fn base(&self) -> Result<Base> {
        let name = self.profile.as_deref();
        if let Some(path) = &self.config {
            return Base::read(path, name);
        }
        if let Some(path) = profile::place() {
            if path.exists() {
                return Base::read(&path, name);
            }
            if name.is_some() {
                return Err(Failure::usage(format_args!(
                    "there are no profiles: no file {}",
                    path.display()
                ))
                .hint("--config FILE names another, which may be PyKMIP's pykmip.conf"));
            }
        }
        // Whoever changes over from PyKMIP has its file, and nothing of ours.
        let said = !self.server.is_empty() || self.directory.is_some() || self.ca.is_some();
        if !said
            && !data_home().is_some_and(|home| home.join("kmip").is_dir())
            && let Some(path) = pykmip::places().into_iter().find(|path| path.exists())
        {
            let mut base = Base::read(&path, None)?;
            let note = format!("the settings are those of PyKMIP's client, in {}", path.display());
            base.warnings.insert(0, note);
            return Ok(base);
        }
        Ok(Base::nothing())
    }

    fn folder(&self, profile: Option<&Path>) -> Result<Option<PathBuf>> {
        match self.directory.as_deref().or(profile) {
            Some(folder) if folder.is_dir() => Ok(Some(folder.to_owned())),
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

pub(crate) fn first_line(path: &Path) -> Result<Zeroizing<String>> {
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
