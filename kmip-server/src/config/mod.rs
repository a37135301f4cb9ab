//! What a server is told: one TOML file.
//!
//! ```toml
//! listen = ["127.0.0.1:5696"]          # HOST:PORT, one or more
//! store = "sqlite:/var/lib/kmip/kmip.db" # or "memory:", which keeps nothing
//! master_key = "/etc/kmip/master.key"  # 64 hexadecimal digits, mode 0600
//!
//! [tls]
//! certificate = "/etc/kmip/server.crt" # the server's, followed by those up to its root
//! key = "/etc/kmip/server.key"
//! client_ca = "/etc/kmip/ca.crt"       # whose clients are let in
//! # ciphers = "…"                      # of TLS 1.2, as OpenSSL names them
//!
//! [limits]                             # each has a default
//! connections = 16384                  # served at once
//! handshakes = 512                     # being made at once
//! handshake_seconds = 10
//! idle_seconds = 3600
//! request_seconds = 30
//! request_size = 2097152               # bytes
//! request_depth = 32                   # structures within one another
//! request_items = 65536
//! batch_items = 1024
//! workers = 64                         # threads for requests that wait for the disk or compute for long
//! shutdown_seconds = 10
//!
//! [server]
//! name = "vault-1"                     # what Query calls it
//! lease_seconds = 3600                 # the Lease Time of new objects
//!
//! [log]
//! level = "info"                       # error, warn, info, debug, trace, or a filter such as "info,kmip_server=debug"
//! ```
//!
//! Paths are relative to the file's folder. An option that is not known is an error.

use std::fs;
use std::io;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::engine::Settings;
use crate::store;
use crate::transport::{Limits, TlsOptions};

/// Everything that a server has to know to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The addresses to listen on, as `HOST:PORT`.
    pub listen: Vec<String>,
    /// The store's address.
    pub store: String,
    /// The file with the master key.
    pub master_key: PathBuf,
    /// Certificates and what else concerns TLS.
    pub tls: TlsOptions,
    /// How much there may be of connections and requests.
    pub limits: Limits,
    /// What the engine is set to.
    pub engine: Settings,
    /// What is logged.
    pub log: String,
}

/// What a configuration file says, where it says anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    listen: Option<Vec<String>>,
    store: Option<String>,
    master_key: Option<PathBuf>,
    tls: Tls,
    limits: FileLimits,
    server: Server,
    log: Log,
    #[serde(skip)]
    path: PathBuf,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Tls {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    client_ca: Option<PathBuf>,
    ciphers: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileLimits {
    connections: Option<NonZeroUsize>,
    handshakes: Option<NonZeroUsize>,
    handshake_seconds: Option<NonZeroU64>,
    idle_seconds: Option<NonZeroU64>,
    request_seconds: Option<NonZeroU64>,
    request_size: Option<NonZeroUsize>,
    request_depth: Option<NonZeroU32>,
    request_items: Option<NonZeroU32>,
    batch_items: Option<NonZeroUsize>,
    workers: Option<NonZeroUsize>,
    shutdown_seconds: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Server {
    name: Option<String>,
    lease_seconds: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Log {
    level: Option<String>,
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
    /// The file is no TOML, or has an option that is not known or of another type.
    #[error("the configuration {}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// An option that has no default is missing.
    #[error("the configuration {} does not say `{option}`: {what}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The option.
        option: &'static str,
        /// What it is.
        what: &'static str,
    },
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// When it can't be read, or says something that isn't an option.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let mut file: Self = toml::from_str(&text).map_err(|error| ConfigError::Content {
            path: path.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        file.path = path.to_owned();
        Ok(file)
    }

    /// The configuration that the file makes, with everything that has no default.
    ///
    /// # Errors
    /// When something without a default is missing.
    pub fn complete(self) -> Result<Config, ConfigError> {
        let path = self.path.clone();
        let missing = |option, what| ConfigError::Missing { path: path.clone(), option, what };
        let config = Config {
            listen: vec![DEFAULT_LISTEN.to_owned()],
            store: self.store.clone().ok_or_else(|| missing("store", "where objects are kept"))?,
            master_key: self
                .master_key
                .clone()
                .ok_or_else(|| missing("master_key", "the file with the master key"))?,
            tls: TlsOptions {
                certificate: self
                    .tls
                    .certificate
                    .clone()
                    .ok_or_else(|| missing("tls.certificate", "the server's certificate"))?,
                key: self.tls.key.clone().ok_or_else(|| missing("tls.key", "the server's private key"))?,
                client_ca: self
                    .tls
                    .client_ca
                    .clone()
                    .ok_or_else(|| missing("tls.client_ca", "the authority whose clients are let in"))?,
                ciphers: None,
            },
            limits: Limits::default(),
            engine: Settings::default(),
            log: DEFAULT_LOG.to_owned(),
        };
        Ok(self.over(config))
    }

    /// What the file says, over a configuration that is complete without it.
    #[must_use]
    pub fn over(self, mut config: Config) -> Config {
        let folder = self.path.parent().map(Path::to_owned).unwrap_or_default();
        let place = |path: PathBuf| folder.join(path);
        set(&mut config.listen, self.listen);
        set(&mut config.store, self.store.map(|address| beside(&folder, address)));
        set(&mut config.master_key, self.master_key.map(place));
        set(&mut config.tls.certificate, self.tls.certificate.map(place));
        set(&mut config.tls.key, self.tls.key.map(place));
        set(&mut config.tls.client_ca, self.tls.client_ca.map(place));
        if self.tls.ciphers.is_some() {
            config.tls.ciphers = self.tls.ciphers;
        }
        let limits = self.limits;
        set(&mut config.limits.connections, limits.connections.map(Into::into));
        set(&mut config.limits.handshakes, limits.handshakes.map(Into::into));
        set(&mut config.limits.handshake_time, limits.handshake_seconds.map(seconds));
        set(&mut config.limits.idle_time, limits.idle_seconds.map(seconds));
        set(&mut config.limits.request_time, limits.request_seconds.map(seconds));
        set(&mut config.limits.request_size, limits.request_size.map(Into::into));
        set(&mut config.limits.workers, limits.workers.map(Into::into));
        set(&mut config.limits.shutdown_time, limits.shutdown_seconds.map(Duration::from_secs));
        config.engine.limits.size = config.limits.request_size;
        set(&mut config.engine.limits.depth, limits.request_depth.map(Into::into));
        set(&mut config.engine.limits.items, limits.request_items.map(Into::into));
        set(&mut config.engine.batch_items, limits.batch_items.map(Into::into));
        if let Some(name) = self.server.name {
            config.engine.server_name = Some(name.into());
        }
        set(&mut config.engine.lease_time, self.server.lease_seconds);
        set(&mut config.log, self.log.level);
        config
    }
}

fn seconds(number: NonZeroU64) -> Duration {
    Duration::from_secs(number.get())
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// A store's address whose path, if it has one and it is relative, is one beside the configuration.
fn beside(folder: &Path, address: String) -> String {
    match store::file(&address) {
        Ok(Some(path)) if path.is_relative() => format!("sqlite:{}", folder.join(path).display()),
        // What is wrong with an address is said by whoever opens it.
        _ => address,
    }
}

/// Where a server listens that isn't told: KMIP's own port, on this machine alone.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:5696";

/// What is logged when nothing is said.
pub const DEFAULT_LOG: &str = "info";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kmip-server.toml");
        fs::write(&path, text).unwrap();
        File::read(&path)?.complete()
    }

    const LEAST: &str = "store = 'memory:'\nmaster_key = '/k'\n[tls]\ncertificate = '/c'\nkey = 'own/key'\nclient_ca = '/a'\n";

    #[test]
    fn the_least_that_has_to_be_said() {
        let config = read(LEAST).unwrap();
        assert_eq!(config.listen, [DEFAULT_LISTEN]);
        assert_eq!(config.limits, Limits::default());
        assert!(config.tls.key.is_absolute(), "{:?}", config.tls.key);
        assert!(config.tls.key.ends_with("own/key"));
    }

    #[test]
    fn everything() {
        let text = LEAST.replacen("store", "listen = ['[::1]:1', 'localhost:2']\nstore", 1)
            + "[limits]\nrequest_size = 4096\nidle_seconds = 5\nbatch_items = 7\n[server]\nname = 'vault'\n[log]\nlevel = 'debug'\n";
        let config = read(&text).unwrap();
        assert_eq!(config.listen, ["[::1]:1", "localhost:2"]);
        assert_eq!((config.limits.request_size, config.engine.limits.size), (4096, 4096));
        assert_eq!(config.limits.idle_time, Duration::from_secs(5));
        assert_eq!(config.engine.batch_items, 7);
        assert_eq!(config.log, "debug");
    }

    #[test]
    fn a_relative_store_stands_beside_the_file() {
        for (address, expected) in [
            ("memory:", "memory:"),
            ("sqlite:/db/kmip.db", "sqlite:/db/kmip.db"),
            ("sqlite:///db/kmip.db", "sqlite:///db/kmip.db"),
            ("/db/kmip.db", "/db/kmip.db"),
            ("kmip.db", "sqlite:/etc/kmip/kmip.db"),
            ("sqlite:db/kmip.db", "sqlite:/etc/kmip/db/kmip.db"),
            ("sqlite://kmip.db", "sqlite:/etc/kmip/kmip.db"),
            ("unknown:x", "unknown:x"),
        ] {
            assert_eq!(beside(Path::new("/etc/kmip"), address.into()), expected);
        }
    }

    #[test]
    fn no_limit_is_nothing() {
        for option in [
            "connections",
            "handshakes",
            "handshake_seconds",
            "idle_seconds",
            "request_seconds",
            "request_size",
        ] {
            let error = read(&format!("{LEAST}[limits]\n{option} = 0\n")).unwrap_err().to_string();
            assert!(error.contains("line 8") && error.contains(option), "{error}");
        }
        assert!(read(&format!("{LEAST}[limits]\nshutdown_seconds = 0\n")).is_ok());
    }

    #[test]
    fn faults_say_where_they_are() {
        let error = read(&LEAST.replacen("store", "stroe", 1)).unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("stroe"), "{error}");
        let error = read("store = 5").unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");
        let error = read("store = 'memory:'").unwrap_err().to_string();
        assert!(error.contains("`master_key`"), "{error}");
        let error = File::read(Path::new("/nowhere/at/all")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/at/all"), "{error}");
    }
}
