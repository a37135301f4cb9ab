//! A server without any set-up: everything that it needs is made in one folder, once, and used from then on.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use zeroize::Zeroizing;

use crate::auth;
use crate::authority::{self, AuthorityError, Pair, Purpose};
use crate::config::{AtRest, Audit, Config, ConfigError, DEFAULT_LISTEN};
use crate::engine::Settings;
use crate::files;
use crate::log::LogOptions;
use crate::seal::{KeyFile, KeyOrigin, SealError};
use crate::store::{self, StoreError};
use crate::transport::{Limits, TlsOptions};

/// The folder, and what is in it.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    made: Vec<&'static str>,
}

/// Why a folder can't be made ready.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuickstartError {
    /// The user has no home to put the folder in.
    #[error("there is no folder for user data: neither XDG_DATA_HOME nor HOME is set; say --directory DIR")]
    NoHome,
    /// Something in the folder can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// What.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder is someone else's.
    #[error(
        "{} is a folder with other things in it, and others may read it: name a new folder, or one that is yours alone",
        .0.display()
    )]
    Shared(PathBuf),
    /// A file doesn't hold what it should.
    #[error("{} {what}; restore it, or remove it to have a new one made", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A certificate has to be made, and the authority's key for that is gone.
    #[error("{} is missing, and without it no new certificate can be made: restore it, or start with a new folder", .0.display())]
    NoAuthorityKey(PathBuf),
    /// There are objects, and the key to them is gone.
    #[error(
        "{} is there, but {} is not: without the master key its objects can't be read. Restore the key, or start with a new \
         folder",
        store.display(),
        key.display()
    )]
    NoMasterKey {
        /// The database.
        store: PathBuf,
        /// The key that is missing.
        key: PathBuf,
    },
    /// The configuration that is laid over the folder's can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The master key can't be made.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The store's address can't be understood.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A certificate can't be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// OpenSSL failed.
    #[error("OpenSSL: {0}")]
    OpenSsl(#[from] ErrorStack),
}

/// The folder that is used when none is named: `kmip` in the user's folder for data.
///
/// # Errors
/// When the user has none.
pub fn default_directory() -> Result<PathBuf, QuickstartError> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = variable("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let data = data.or_else(|| variable("HOME").map(|home| home.join(".local/share")));
    Ok(data.ok_or(QuickstartError::NoHome)?.join("kmip"))
}

impl Folder {
    /// Makes a folder ready for a server: makes what is missing, renews what is about to expire, and uses what is
    /// there. `configure` may change the configuration that the folder makes by itself.
    ///
    /// # Errors
    /// When something can't be made, or what is there can't be used.
    pub fn prepare(
        path: &Path,
        configure: impl FnOnce(Config) -> Result<Config, ConfigError>,
    ) -> Result<(Self, Config), QuickstartError> {
        let mut folder =
            Self { path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()), made: Vec::new() };
        folder.make_private()?;
        let mut config = configure(folder.config())?;
        // Of two servers that start at the same time, one waits for what the other makes.
        let failed = |source| QuickstartError::File { path: folder.path.clone(), source };
        let lock = fs::File::open(&folder.path).map_err(failed)?;
        lock.lock().map_err(failed)?;
        folder.master_key(&config)?;
        folder.certificates(config.listen.iter().chain(&config.listen_https))?;
        folder.issuer(&config)?;
        folder.revocations(&mut config)?;
        Ok((folder, config))
    }

    /// What of a folder that is there concerns that which is at rest. Nothing is made.
    pub fn at_rest(path: &Path) -> AtRest {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        AtRest {
            store: format!("sqlite:{}", path.join(DATABASE).display()),
            master_key: KeyOrigin::file(path.join(MASTER_KEY)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the files that were made just now.
    pub fn made(&self) -> &[&'static str] {
        &self.made
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The configuration of a server with what is in the folder.
    fn config(&self) -> Config {
        Config {
            listen: vec![DEFAULT_LISTEN.to_owned()],
            listen_https: Vec::new(),
            server_to_client: Vec::new(),
            store: format!("sqlite:{}", self.file(DATABASE).display()),
            master_key: KeyOrigin::file(self.file(MASTER_KEY)),
            policies: None,
            tls: TlsOptions::new(
                self.file(SERVER.certificate),
                self.file(SERVER.key),
                self.file(AUTHORITY.certificate),
            ),
            auth: auth::Options { revoked: Some(self.file(authority::REVOKED)), ..auth::Options::default() },
            authority: authority::Options {
                certificate: Some(self.file(ISSUER.certificate)),
                key: Some(self.file(ISSUER.key)),
                ..authority::Options::default()
            },
            limits: Limits::default(),
            engine: Settings::default(),
            log: LogOptions::default(),
            audit: Audit::default(),
            monitoring: None,
            pace: None,
        }
    }

    /// Writes down where the server listens, for the command to find it.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn announce(&self, address: SocketAddr) -> Result<(), QuickstartError> {
        // Every address is none to connect to; this machine's own always is among them.
        let host = match address.ip() {
            IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            host => host,
        };
        let line = format!("{}\n", SocketAddr::new(host, address.port()));
        self.write(ADDRESS, line.as_bytes(), files::PUBLIC)
    }

    fn make_private(&self) -> Result<(), QuickstartError> {
        let failed = |source| QuickstartError::File { path: self.path.clone(), source };
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path).map_err(failed)
            }
            Err(error) => Err(failed(error)),
            Ok(metadata) => {
                if metadata.permissions().mode() & 0o077 == 0 {
                    return Ok(());
                }
                // A folder of other things is not this program's to close to others.
                let empty = fs::read_dir(&self.path).map_err(failed)?.next().is_none();
                let ours = empty || self.file(AUTHORITY.certificate).exists();
                if !ours || metadata.uid() != rustix::process::geteuid().as_raw() {
                    return Err(QuickstartError::Shared(self.path.clone()));
                }
                fs::set_permissions(&self.path, fs::Permissions::from_mode(0o700)).map_err(failed)
            }
        }
    }

    fn master_key(&mut self, config: &Config) -> Result<(), QuickstartError> {
        let key = self.file(MASTER_KEY);
        // A key that the configuration names instead is not this folder's business.
        if key.exists() || config.master_key.source.file() != Some(&key) {
            return Ok(());
        }
        if let Some(store) = store::file(&config.store)?
            && store.exists()
        {
            return Err(QuickstartError::NoMasterKey { store: store.to_owned(), key });
        }
        KeyFile::new(key).create()?;
        self.made.push(MASTER_KEY);
        Ok(())
    }

    fn certificates<'a>(
        &mut self,
        listen: impl IntoIterator<Item = &'a String>,
    ) -> Result<(), QuickstartError> {
        let hosts = hosts(listen);
        let authority = match self.read(&AUTHORITY)? {
            Some(pair) => {
                if !pair.belongs_together()? {
                    return Err(QuickstartError::Content {
                        path: self.file(AUTHORITY.key),
                        what: "is not the key of ca.crt",
                    });
                }
                if pair.holds_for(RENEW_DAYS)? { pair } else { self.keep_authority(pair.key)? }
            }
            None => match (self.load(AUTHORITY.certificate)?, self.load_key(AUTHORITY.key)?) {
                (Some(_), _) => {
                    // What it signed can be used as long as it holds.
                    let usable = |names: &Names| match self.read(names)? {
                        Some(leaf) => Ok(leaf.belongs_together()? && leaf.holds_for(0)?),
                        None => Ok::<_, QuickstartError>(false),
                    };
                    if usable(&SERVER)? && usable(&CLIENT)? {
                        return Ok(());
                    }
                    return Err(QuickstartError::NoAuthorityKey(self.file(AUTHORITY.key)));
                }
                // The same key makes an authority that vouches for what the lost certificate vouched for.
                (None, Some(key)) => self.keep_authority(key)?,
                (None, None) => self.keep_authority(authority::new_key()?)?,
            },
        };
        let none = Vec::new();
        for (names, name, purpose, hosts) in [
            (&SERVER, "kmip-server", Purpose::Server(&hosts), &hosts),
            (&CLIENT, "client", Purpose::Client, &none),
        ] {
            let usable = match self.read(names)? {
                Some(leaf) => authority.vouches_for(&leaf, RENEW_DAYS, hosts)?,
                None => false,
            };
            if !usable {
                let pair = authority.issue(name, &purpose)?;
                self.keep(names, &pair)?;
            }
        }
        Ok(())
    }

    /// The revocation list of the clients' authority, with nothing in it at first.
    fn revocations(&mut self, config: &mut Config) -> Result<(), QuickstartError> {
        let path = self.file(authority::REVOKED);
        if config.auth.revoked.as_ref() != Some(&path) {
            return Ok(());
        }
        match self.read(&AUTHORITY)? {
            Some(pair) if !authority::is_own_list(&path, &pair)? => {
                self.write(authority::REVOKED, &authority::empty_list(&pair)?, files::PUBLIC)?;
                self.made.push(authority::REVOKED);
            }
            // Whoever keeps the authority's key elsewhere signs the list there.
            None if !path.exists() => config.auth.revoked = None,
            _ => {}
        }
        Ok(())
    }

    /// The authority for Certify: not that of the clients, or whoever may use Certify could be any of them.
    fn issuer(&mut self, config: &Config) -> Result<(), QuickstartError> {
        // One that the configuration names instead is not this folder's business.
        let own = (Some(self.file(ISSUER.certificate)), Some(self.file(ISSUER.key)));
        if (config.authority.certificate.clone(), config.authority.key.clone()) != own {
            return Ok(());
        }
        let key = match self.read(&ISSUER)? {
            Some(pair) if !pair.belongs_together()? => {
                return Err(QuickstartError::Content {
                    path: self.file(ISSUER.key),
                    what: "is not the key of certify.crt",
                });
            }
            Some(pair) if pair.holds_for(RENEW_DAYS)? => return Ok(()),
            Some(pair) => pair.key,
            // The same key makes an authority that vouches for what the lost certificate vouched for.
            None => match (self.load(ISSUER.certificate)?, self.load_key(ISSUER.key)?) {
                (_, Some(key)) => key,
                (Some(_), None) => {
                    return Err(QuickstartError::Content {
                        path: self.file(ISSUER.certificate),
                        what: "is there without its key, certify.key",
                    });
                }
                (None, None) => authority::new_key()?,
            },
        };
        let pair = Pair::authority("KMIP quickstart certifier", key)?;
        self.keep(&ISSUER, &pair)
    }

    /// A certificate with its key; none if one of them is missing.
    fn read(&self, names: &Names) -> Result<Option<Pair>, QuickstartError> {
        let Some(certificate) = self.load(names.certificate)? else { return Ok(None) };
        let certificate = X509::from_pem(&certificate).map_err(|_| QuickstartError::Content {
            path: self.file(names.certificate),
            what: "holds no certificate in PEM",
        })?;
        let Some(key) = self.load_key(names.key)? else { return Ok(None) };
        Ok(Some(Pair { certificate, key }))
    }

    fn load_key(&self, name: &str) -> Result<Option<PKey<Private>>, QuickstartError> {
        let Some(text) = self.load(name)? else { return Ok(None) };
        // Without a pass phrase of its own OpenSSL would ask for one on the terminal.
        let key = PKey::private_key_from_pem_callback(&text, |_| Ok(0));
        key.map(Some).map_err(|_| QuickstartError::Content {
            path: self.file(name),
            what: "holds no private key in PEM",
        })
    }

    fn load(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, QuickstartError> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(QuickstartError::File { path, source }),
        }
    }

    fn keep_authority(&mut self, key: PKey<Private>) -> Result<Pair, QuickstartError> {
        let pair = Pair::authority("KMIP quickstart authority", key)?;
        self.keep(&AUTHORITY, &pair)?;
        Ok(pair)
    }

    /// Writes the key first: a certificate is never there without it.
    fn keep(&mut self, names: &Names, pair: &Pair) -> Result<(), QuickstartError> {
        let key = Zeroizing::new(pair.key.private_key_to_pem_pkcs8()?);
        self.write(names.key, &key, files::PRIVATE)?;
        self.write(names.certificate, &pair.certificate.to_pem()?, files::PUBLIC)?;
        self.made.extend([names.certificate, names.key]);
        Ok(())
    }

    fn write(&self, name: &str, contents: &[u8], mode: u32) -> Result<(), QuickstartError> {
        let path = self.file(name);
        files::write(&path, contents, mode).map_err(|source| QuickstartError::File { path, source })
    }
}

/// The names that the server's certificate has to have.
fn hosts<'a>(listen: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    for address in listen {
        let host =
            address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host).trim_matches(['[', ']']);
        // Every address is none that a client could name; the name of this machine is.
        let name = match host {
            "" | "0.0.0.0" | "::" => match rustix::system::uname().nodename().to_str() {
                Ok(name) => name.to_owned(),
                Err(_) => continue,
            },
            host => host.to_owned(),
        };
        if !name.is_empty() && !hosts.contains(&name) {
            hosts.push(name);
        }
    }
    hosts
}

struct Names {
    certificate: &'static str,
    key: &'static str,
}

const AUTHORITY: Names = Names { certificate: "ca.crt", key: "ca.key" };
/// The authority that Certify issues with.
const ISSUER: Names = Names { certificate: "certify.crt", key: "certify.key" };
const SERVER: Names = Names { certificate: "server.crt", key: "server.key" };
const CLIENT: Names = Names { certificate: "client.crt", key: "client.key" };
const MASTER_KEY: &str = "master.key";
const DATABASE: &str = "kmip.db";
const ADDRESS: &str = "server";

/// A certificate that doesn't hold for longer than this is renewed.
const RENEW_DAYS: u32 = 30;

#[cfg(test)]
mod tests;
