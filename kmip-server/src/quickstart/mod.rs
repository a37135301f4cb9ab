//! A server without any set-up: everything that it needs is made in one folder, once, and used from then on.

mod authority;
mod files;

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::x509::X509;
use zeroize::Zeroizing;

use self::authority::{Pair, Use};
use crate::config::{Config, DEFAULT_LISTEN, DEFAULT_LOG};
use crate::engine::Settings;
use crate::seal::{MasterKey, SealError};
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
    /// The master key can't be made.
    #[error(transparent)]
    Seal(#[from] SealError),
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
    /// Makes a folder ready for a server that listens on `listen`: makes what is missing, renews what is about to
    /// expire, and uses what is there.
    ///
    /// # Errors
    /// When something can't be made, or what is there can't be used.
    pub fn prepare(path: &Path, listen: &str, keeps_objects: bool) -> Result<Self, QuickstartError> {
        let mut folder =
            Self { path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()), made: Vec::new() };
        folder.make_private()?;
        folder.master_key(keeps_objects)?;
        folder.certificates(listen)?;
        Ok(folder)
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

    /// The server's configuration.
    pub fn config(&self) -> Config {
        Config {
            listen: vec![DEFAULT_LISTEN.to_owned()],
            store: format!("sqlite:{}", self.file(DATABASE).display()),
            master_key: self.file(MASTER_KEY),
            tls: TlsOptions {
                certificate: self.file(SERVER.certificate),
                key: self.file(SERVER.key),
                client_ca: self.file(AUTHORITY.certificate),
                ciphers: None,
            },
            limits: Limits::default(),
            engine: Settings::default(),
            log: DEFAULT_LOG.to_owned(),
        }
    }

    /// Writes down where the server listens, for the command to find it.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn announce(&self, address: &str) -> Result<(), QuickstartError> {
        self.write(ADDRESS, format!("{address}\n").as_bytes(), files::PUBLIC)
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

    fn master_key(&mut self, keeps_objects: bool) -> Result<(), QuickstartError> {
        let key = self.file(MASTER_KEY);
        if key.exists() {
            return Ok(());
        }
        let store = self.file(DATABASE);
        if keeps_objects && store.exists() {
            return Err(QuickstartError::NoMasterKey { store, key });
        }
        self.write(MASTER_KEY, &MasterKey::generate()?.to_text(), files::PRIVATE)?;
        self.made.push(MASTER_KEY);
        Ok(())
    }

    fn certificates(&mut self, listen: &str) -> Result<(), QuickstartError> {
        let hosts = hosts(listen);
        let authority = match self.read(&AUTHORITY)? {
            Some(pair) => pair,
            None if self.file(AUTHORITY.certificate).exists() => {
                // What it signed can be used as long as it holds.
                let usable = |names: &Names| {
                    Ok::<_, QuickstartError>(self.read(names)?.is_some_and(|leaf| {
                        leaf.certificate.not_after()
                            > openssl::asn1::Asn1Time::days_from_now(0)
                                .as_deref()
                                .unwrap_or(leaf.certificate.not_before())
                    }))
                };
                if usable(&SERVER)? && usable(&CLIENT)? {
                    return Ok(());
                }
                return Err(QuickstartError::NoAuthorityKey(self.file(AUTHORITY.key)));
            }
            None => {
                let pair = Pair::authority("KMIP quickstart authority")?;
                self.keep(&AUTHORITY, &pair)?;
                pair
            }
        };
        let none = Vec::new();
        for (names, name, purpose, hosts) in
            [(&SERVER, "kmip-server", Use::Server(&hosts), &hosts), (&CLIENT, "client", Use::Client, &none)]
        {
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

    /// A certificate with its key; none if one of them is missing.
    fn read(&self, names: &Names) -> Result<Option<Pair>, QuickstartError> {
        let (Some(certificate), Some(key)) = (self.load(names.certificate)?, self.load(names.key)?) else {
            return Ok(None);
        };
        let certificate = X509::from_pem(&certificate).map_err(|_| QuickstartError::Content {
            path: self.file(names.certificate),
            what: "holds no certificate in PEM",
        })?;
        let key = PKey::private_key_from_pem_callback(&key, |_| Ok(0)).map_err(|_| {
            QuickstartError::Content { path: self.file(names.key), what: "holds no private key in PEM" }
        })?;
        Ok(Some(Pair { certificate, key }))
    }

    fn load(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, QuickstartError> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(QuickstartError::File { path, source }),
        }
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
fn hosts(listen: &str) -> Vec<String> {
    let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host).trim_matches(['[', ']']);
    // Every address is none that a client could name.
    if !host.is_empty() && host != "0.0.0.0" && host != "::" && !hosts.iter().any(|other| other == host) {
        hosts.push(host.to_owned());
    }
    hosts
}

struct Names {
    certificate: &'static str,
    key: &'static str,
}

const AUTHORITY: Names = Names { certificate: "ca.crt", key: "ca.key" };
const SERVER: Names = Names { certificate: "server.crt", key: "server.key" };
const CLIENT: Names = Names { certificate: "client.crt", key: "client.key" };
const MASTER_KEY: &str = "master.key";
const DATABASE: &str = "kmip.db";
const ADDRESS: &str = "server";

/// A certificate that doesn't hold for longer than this is renewed.
const RENEW_DAYS: u32 = 30;

#[cfg(test)]
mod tests;
