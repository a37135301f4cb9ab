//! From what was said to a configuration with everything in it.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use kmip::types::{Operation, tables::operation_info, version};

use super::file::{File, Slugs, Told, settings};
use super::{AtRest, Audit, Config, ConfigError, DEFAULT_LISTEN, Layers, Origin, pykmip};
use crate::audit::Mode;
use crate::auth;
use crate::authority::{self, Allowed};
use crate::engine::{Settings, Target};
use crate::log::{LogFormat, LogOptions};
use crate::seal::KeyOrigin;
use crate::store;
use crate::transport::{Limits, Outgoing, TlsOptions, TlsVersion};

impl Layers {
    /// The configuration that the layers make.
    ///
    /// # Errors
    /// When something without a default is missing, or has a value that it can't have.
    pub fn complete(&self) -> Result<Config, ConfigError> {
        let file = self.settings()?;
        let config = Config {
            listen: vec![DEFAULT_LISTEN.to_owned()],
            listen_https: Vec::new(),
            server_to_client: Vec::new(),
            store: file.store.clone().ok_or_else(|| self.missing("store"))?,
            master_key: self.master_key(&file, None)?,
            policies: None,
            tls: TlsOptions::new(
                file.tls.certificate.clone().ok_or_else(|| self.missing("tls.certificate"))?,
                file.tls.key.clone().ok_or_else(|| self.missing("tls.key"))?,
                file.tls.client_ca.clone().ok_or_else(|| self.missing("tls.client_ca"))?,
            ),
            auth: auth::Options::default(),
            authority: authority::Options::default(),
            limits: Limits::default(),
            engine: Settings::default(),
            log: LogOptions::default(),
            audit: Audit::default(),
            monitoring: None,
            pace: None,
        };
        self.lay(file, config)
    }

    /// What the layers say, over a configuration that is complete without them.
    ///
    /// # Errors
    /// When something has a value that it can't have.
    pub fn over(&self, config: Config) -> Result<Config, ConfigError> {
        self.lay(self.settings()?, config)
    }

    /// What of it concerns that which is at rest, over what is so without them.
    ///
    /// # Errors
    /// When one of the two is missing, or has a value that it can't have.
    pub fn at_rest(&self, otherwise: Option<AtRest>) -> Result<AtRest, ConfigError> {
        let file = self.settings()?;
        let master_key = self.master_key(&file, otherwise.as_ref().map(|otherwise| &otherwise.master_key))?;
        let store = file.store.or(otherwise.map(|otherwise| otherwise.store));
        Ok(AtRest { store: store.ok_or_else(|| self.missing("store"))?, master_key })
    }

    /// Where the master key comes from: what the layers say, over what is so without them.
    fn master_key(&self, file: &File, otherwise: Option<&KeyOrigin>) -> Result<KeyOrigin, ConfigError> {
        let source = |key: &'static str, said: &Option<String>| match said {
            Some(text) => text.parse().map(Some).map_err(|reason: String| self.wrong(key, reason)),
            None => Ok(None),
        };
        let passphrase = source("master_key_passphrase", &file.master_key_passphrase)?;
        match (source("master_key", &file.master_key)?, otherwise) {
            (Some(source), _) => Ok(KeyOrigin { source, passphrase }),
            (None, Some(otherwise)) => {
                let passphrase = passphrase.or_else(|| otherwise.passphrase.clone());
                Ok(KeyOrigin { source: otherwise.source.clone(), passphrase })
            }
            (None, None) => Err(self.missing("master_key")),
        }
    }

    fn lay(&self, file: File, mut config: Config) -> Result<Config, ConfigError> {
        config.master_key = self.master_key(&file, Some(&config.master_key))?;
        set(&mut config.listen, file.listen.map(|listen| listen.0));
        set(&mut config.listen_https, file.listen_https.map(|listen| listen.0));
        set(&mut config.store, file.store);
        if file.policies.is_some() {
            config.policies = file.policies;
        }

        if let Some(told) = file.server_to_client {
            let (targets, outgoing) = self.told(told)?;
            (config.engine.targets, config.server_to_client) = (targets, outgoing);
        }

        let tls = file.tls;
        set(&mut config.tls.certificate, tls.certificate);
        set(&mut config.tls.key, tls.key);
        set(&mut config.tls.client_ca, tls.client_ca);
        set(&mut config.tls.ciphers, tls.ciphers.map(|ciphers| ciphers.0));
        if let Some(version) = tls.min_version {
            config.tls.min_version = TlsVersion::parse(&version)
                .ok_or_else(|| self.wrong("tls.min_version", "it is 1.2 or 1.3"))?;
        }

        let auth = file.auth;
        if let Some(identity) = auth.identity {
            config.auth.identity =
                auth::Identity::parse(&identity).map_err(|reason| self.wrong("auth.identity", reason))?;
        }
        set(&mut config.auth.client_usage, auth.client_usage);
        config.tls.client_usage = config.auth.client_usage;
        set(&mut config.auth.ignore_credentials, auth.ignore_credentials);
        if auth.revoked.is_some() {
            config.auth.revoked = auth.revoked;
        }
        if auth.users.is_some() {
            config.auth.users = auth.users;
        }
        set(&mut config.auth.services, auth.slugs.map(services));

        let own = file.authority;
        let to = &mut config.authority;
        for (place, path) in [
            (&mut to.certificate, own.certificate),
            (&mut to.key, own.key),
            (&mut to.trusted, own.trusted),
            (&mut to.revoked, own.revoked),
        ] {
            *place = path.or(place.take());
        }
        set(&mut to.terms.days, own.days);
        if let Some(digest) = own.digest {
            to.terms.digest = authority::Digest::parse(&digest)
                .ok_or_else(|| self.wrong("authority.digest", "it is sha256, sha384 or sha512"))?;
        }
        if let Some(names) = own.extensions {
            to.terms.extensions = Allowed::new(names.0.iter().map(String::as_str)).map_err(|name| {
                self.wrong(
                    "authority.extensions",
                    format!("{name:?} is no extension that requests may ask for"),
                )
            })?;
        }

        let limits = file.limits;
        set(&mut config.limits.connections, limits.connections.map(Into::into));
        let all = config.limits.connections;
        config.limits.connections_per_client =
            limits.connections_per_client.map_or((all - all / 16).max(1), Into::into);
        config.limits.connections_per_address = limits.connections_per_address.map(Into::into);
        config.pace = limits.requests_per_second;
        set(&mut config.limits.handshakes, limits.handshakes.map(Into::into));
        set(&mut config.limits.handshake_time, limits.handshake_seconds.map(seconds));
        set(&mut config.limits.idle_time, limits.idle_seconds.map(seconds));
        set(&mut config.limits.request_time, limits.request_seconds.map(seconds));
        set(&mut config.limits.request_size, limits.request_size.map(Into::into));
        set(&mut config.limits.workers, limits.workers.map(Into::into));
        let all = config.limits.workers;
        config.limits.workers_per_client =
            limits.workers_per_client.map_or((all - all / 4).max(1), Into::into);
        set(&mut config.limits.shutdown_time, limits.shutdown_seconds.map(Duration::from_secs));
        config.engine.limits.size = config.limits.request_size;
        set(&mut config.engine.limits.depth, limits.request_depth.map(Into::into));
        set(&mut config.engine.limits.items, limits.request_items.map(Into::into));
        set(&mut config.engine.response_size, limits.response_size.map(Into::into));
        set(&mut config.engine.batch_items, limits.batch_items.map(Into::into));

        let streams = &mut config.engine.streams;
        set(&mut streams.count, limits.streams.map(Into::into));
        set(&mut streams.size, limits.stream_size.map(Into::into));
        set(&mut streams.seconds, limits.stream_seconds.map(Into::into));

        set(&mut config.engine.weak_algorithms, file.crypto.weak_algorithms);
        set(&mut config.engine.weak_rsa, file.crypto.weak_rsa);

        if let Some(name) = file.server.name {
            config.engine.server_name = Some(name.into());
        }
        set(&mut config.engine.lease_time, file.server.lease_seconds);
        set(&mut config.engine.unique_names, file.server.unique_names);
        set(&mut config.engine.hide_objects, file.server.hide_objects);
        set(&mut config.engine.interop, file.server.interop);

        set(&mut config.log.level, file.log.level);
        if let Some(format) = file.log.format {
            config.log.format = match format.as_str() {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err(self.wrong("log.format", "it is text or json")),
            };
        }
        if file.log.file.is_some() {
            config.log.file = file.log.file;
        }
        set(&mut config.log.rotation.bytes, file.log.rotate_bytes.map(NonZeroUsize::get));
        set(&mut config.log.rotation.keep, file.log.rotate_keep);

        let audit = file.audit;
        set(&mut config.audit.enabled, audit.enabled);
        let options = &mut config.audit.options;
        set(&mut options.reads, audit.reads);
        if let Some(mode) = audit.mode {
            options.mode = match mode.as_str() {
                "open" => Mode::Open,
                "closed" => Mode::Closed,
                "strict" => Mode::Strict,
                _ => return Err(self.wrong("audit.mode", "it is open, closed or strict")),
            };
        }
        set(&mut options.rotate_bytes, audit.rotate_bytes.map(Into::into));
        // What store this is, and whether it can be used, is said elsewhere.
        let beside = store::file(&config.store).ok().flatten().map(|database| {
            let mut name = database.as_os_str().to_owned();
            name.push("-audit");
            name.into()
        });
        options.directory = audit.directory.or(beside);
        config.monitoring = file.monitoring.listen;
        Ok(config)
    }

    fn told(&self, told: Vec<Told>) -> Result<(Vec<Target>, Vec<Outgoing>), ConfigError> {
        let wrong = |reason: String| self.wrong("server_to_client", reason);
        let mut targets: Vec<Target> = Vec::new();
        let mut outgoing = Vec::new();
        for told in told {
            let version = match &told.version {
                Some(text) => Some(
                    version::ALL
                        .iter()
                        .copied()
                        .find(|version| version.to_string() == *text)
                        .ok_or_else(|| wrong(format!("{text:?} is no version of KMIP")))?,
                ),
                None => None,
            };
            let ask = told
                .ask
                .iter()
                .map(|question| match question.as_str() {
                    "query" => Ok(Operation::Query),
                    "discover-versions" => Ok(Operation::DiscoverVersions),
                    _ => Err(wrong(format!("a client is asked query or discover-versions, not {question}"))),
                })
                .collect::<Result<Vec<_>, _>>()?;
            let cannot = |operation: &&Operation| {
                let info = operation_info(**operation);
                version.is_some_and(|version| !info.is_some_and(|info| info.is_for_clients(version)))
            };
            if let (Some(operation), Some(version)) = (ask.iter().find(cannot), version) {
                return Err(wrong(format!("KMIP {version} has no {operation} from servers to clients")));
            }
            let identity = match (told.certificate, told.key) {
                (Some(certificate), Some(key)) => Some((certificate, key)),
                (None, None) => None,
                _ => return Err(wrong("a certificate needs its key, and a key its certificate".to_owned())),
            };
            if targets.iter().any(|target| target.client == told.client) {
                return Err(wrong(format!("{} is named twice", told.client)));
            }
            outgoing.push(Outgoing { address: told.address, identity, ca: told.ca });
            targets.push(Target {
                client: told.client,
                all_objects: told.all_objects,
                notify: told.notify,
                put: told.put,
                version,
                ask,
            });
        }
        Ok((targets, outgoing))
    }

    fn missing(&self, key: &'static str) -> ConfigError {
        let setting = settings().find(|setting| setting.key() == key);
        let what = setting.and_then(|setting| setting.about.first()).map_or("", |line| line.trim());
        let mut file =
            self.files().last().map_or("a configuration file".into(), |path| path.display().to_string());
        if self.is_pykmip()
            && let Some(name) = pykmip::key(key)
        {
            file.push_str(&format!(" (`{name}`)"));
        }
        ConfigError::Missing {
            key,
            what: what.trim_end_matches('.').to_owned(),
            file,
            flag: setting.map(|setting| setting.flag()).unwrap_or_default(),
            variable: setting.map(|setting| setting.variable()).unwrap_or_default(),
        }
    }

    fn wrong(&self, key: &'static str, reason: impl Into<String>) -> ConfigError {
        let found = settings().find(|setting| setting.key() == key).and_then(|setting| self.get(setting));
        let origin = found.map_or(Origin::Default, |(_, origin)| origin.clone());
        ConfigError::Value { key, origin, reason: reason.into() }
    }
}

fn services(services: Vec<Slugs>) -> Vec<auth::ServiceOptions> {
    let services = services.into_iter().filter(|service| service.enabled);
    services
        .map(|service| auth::ServiceOptions {
            name: service.name.unwrap_or_else(|| service.url.clone()),
            url: service.url,
            ca: service.ca,
            time: service.timeout_seconds.map_or(auth::ServiceOptions::TIME, seconds),
        })
        .collect()
}

fn seconds(number: NonZeroU64) -> Duration {
    Duration::from_secs(number.get())
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::log::Rotation;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kmip-server.toml");
        fs::write(&path, text).unwrap();
        let mut layers = Layers::new();
        layers.file(&path)?;
        layers.complete()
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
            + "ciphers = 'AES128-SHA256'\nmin_version = '1.3'\n[limits]\nrequest_size = 4096\nidle_seconds = 5\n\
               batch_items = 7\n[server]\nname = 'vault'\n[log]\nlevel = 'debug'\nformat = 'json'\nrotate_keep = 1\n\
               [auth]\nidentity = 'dns'\nclient_usage = false\n\
               slugs = [{ url = 'http://a/' }, { url = 'http://b/', enabled = false }]\n";
        let config = read(&text).unwrap();
        assert_eq!(config.listen, ["[::1]:1", "localhost:2"]);
        assert_eq!((config.limits.request_size, config.engine.limits.size), (4096, 4096));
        assert_eq!(config.limits.idle_time, Duration::from_secs(5));
        assert_eq!(config.engine.batch_items, 7);
        assert_eq!((&*config.log.level, config.log.format), ("debug", LogFormat::Json));
        assert_eq!(config.log.rotation, Rotation { keep: 1, ..Rotation::default() });
        assert_eq!(config.tls.ciphers, ["AES128-SHA256"]);
        assert_eq!(config.tls.min_version, TlsVersion::V1_3);
        assert!(!config.tls.client_usage && !config.auth.client_usage);
        assert_eq!(config.auth.identity, auth::Identity::Dns);
        let [service] = config.auth.services.as_slice() else { panic!("{:?}", config.auth.services) };
        assert_eq!((&*service.name, &*service.url), ("http://a/", "http://a/"));
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
        for (text, expected) in [
            (LEAST.replacen("store", "stroe", 1), &["line 1", "stroe"][..]),
            ("store = 5".into(), &["line 1"]),
            ("store = 'memory:'".into(), &["`master_key`", "--master-key", "KMIP_SERVER_MASTER_KEY"]),
            (format!("{LEAST}min_version = '1.1'"), &["`tls.min_version` (", "1.2 or 1.3"]),
            (format!("{LEAST}[auth]\nidentity = 'face'"), &["`auth.identity` (", "common-name"]),
            (format!("{LEAST}[log]\nformat = 'poem'"), &["`log.format` ("]),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(expected.iter().all(|part| error.contains(part)), "{error}");
        }
        let error = Layers::new().file(Path::new("/nowhere/at/all")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/at/all"), "{error}");
    }
}
