//! What a server is told: a file in TOML or PyKMIP's `server.conf`, environment variables, and options of the command
//! line.
//!
//! Every setting stands in one table ([`settings`]); `docs/server-configuration.md` is printed from it. What the command
//! line says counts before the environment, that before the file, and that before the default.
//!
//! Paths in a file are relative to its folder. A setting that is not known is an error.

mod arguments;
mod complete;
mod file;
mod layers;
mod pykmip;
mod setting;
mod show;

use std::io;
use std::num::NonZeroU32;
use std::path::PathBuf;

use crate::audit::AuditOptions;
use crate::auth;
use crate::authority;
use crate::engine::Settings;
use crate::log::LogOptions;
use crate::seal::KeyOrigin;
use crate::transport::{Limits, Outgoing, TlsOptions};

pub use arguments::Overrides;
pub use file::{File, settings};
pub use layers::{Layers, Origin};
pub use setting::{Kind, Setting};
pub use show::{example, reference, show};

/// Everything that a server has to know to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The addresses to listen on, as `HOST:PORT`.
    pub listen: Vec<String>,
    /// The addresses to listen on for HTTPS.
    pub listen_https: Vec<String>,
    /// Where the clients listen that are told of things: one for each target of the engine.
    pub server_to_client: Vec<Outgoing>,
    /// The store's address.
    pub store: String,
    /// Where the master key comes from.
    pub master_key: KeyOrigin,
    /// The folder with operation policies, if there are others than the built-in ones.
    pub policies: Option<PathBuf>,
    /// Certificates and what else concerns TLS.
    pub tls: TlsOptions,
    /// How clients are known.
    pub auth: auth::Options,
    /// The authority that Certify issues with, and the roots that Validate trusts.
    pub authority: authority::Options,
    /// How much there may be of connections and requests.
    pub limits: Limits,
    /// What the engine is set to.
    pub engine: Settings,
    /// What is logged, and where.
    pub log: LogOptions,
    /// What the audit log is.
    pub audit: Audit,
    /// Where monitoring may ask, as `HOST:PORT`; nowhere if there is none.
    pub monitoring: Option<String>,
    /// How many requests one user may send in a second, if there is a limit.
    pub pace: Option<NonZeroU32>,
}

/// What the audit log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Whether there is one.
    pub enabled: bool,
    /// What it is set to.
    pub options: AuditOptions,
}

impl Default for Audit {
    fn default() -> Self {
        Self { enabled: true, options: AuditOptions::default() }
    }
}

/// What a command has to know that works on what is at rest: without a server, or beside one.
#[derive(Clone, Debug)]
pub struct AtRest {
    /// The store's address.
    pub store: String,
    /// Where the master key comes from.
    pub master_key: KeyOrigin,
}

/// Why a configuration can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file can't be read.
    #[error("the configuration {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is none, or has an option that is not known or of another type.
    #[error("the configuration {}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// A setting of the command line or the environment has a value that it can't have.
    #[error("{origin}: {reason}")]
    Setting {
        /// Where it was said.
        origin: Origin,
        /// What is wrong.
        reason: String,
    },
    /// A setting has a value that it can't have.
    #[error("`{key}` ({origin}): {reason}")]
    Value {
        /// The setting.
        key: &'static str,
        /// Where it was said.
        origin: Origin,
        /// What is wrong.
        reason: String,
    },
    /// A setting that has no default is missing.
    #[error("`{key}` is not set: {what}. Say it in {file}, as --{flag}, or as {variable}")]
    Missing {
        /// The setting.
        key: &'static str,
        /// What it is.
        what: String,
        /// The file that could say it.
        file: String,
        /// The option that would set it.
        flag: String,
        /// The environment variable that would set it.
        variable: String,
    },
}

/// Where a server listens that isn't told: KMIP's own port, on this machine alone.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:5696";
