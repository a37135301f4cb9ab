//! The authority of a server's clients, in a folder: its certificate and key, its revocation list, and what it has issued.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use openssl::asn1::Asn1Time;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Crl};

use super::{Authority, AuthorityError, Draft, Name, Pair, Terms, new_key, revocation};
use crate::files;

/// An authority's folder. Nobody else changes it for as long as this lives.
pub struct Folder {
    path: PathBuf,
    pair: Pair,
    _lock: fs::File,
}

/// A certificate that the authority has issued.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Its serial number, in hexadecimal digits.
    pub serial: String,
    /// Whose it is, as RFC 4514 writes it.
    pub subject: String,
    /// Their common name, if there is one.
    pub common_name: Option<String>,
    /// When it ends, as OpenSSL writes it.
    pub until: String,
    /// Whether it can be used.
    pub status: Status,
    certificate: X509,
}

/// Whether a certificate can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It can.
    Valid,
    /// Its time is over.
    Expired,
    /// It is revoked.
    Revoked,
}

impl Folder {
    /// The authority in a folder.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(path: &Path) -> Result<Self, AuthorityError> {
        let lock = lock(path)?;
        let (pair, _) = Pair::read(&path.join(CERTIFICATE), &path.join(KEY))?;
        Ok(Self { path: path.to_owned(), pair, _lock: lock })
    }

    /// A new authority in a folder, which is made if it isn't there.
    ///
    /// # Errors
    /// When there is one already.
    pub fn make(path: &Path, name: &str) -> Result<Self, AuthorityError> {
        use std::os::unix::fs::DirBuilderExt;

        let failed = |path: &Path, source| AuthorityError::File { path: path.to_owned(), source };
        if !path.exists() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(|error| failed(path, error))?;
        }
        let lock = lock(path)?;
        for name in [CERTIFICATE, KEY, REVOKED] {
            if path.join(name).exists() {
                return Err(failed(&path.join(name), io::ErrorKind::AlreadyExists.into()));
            }
        }
        let pair = Pair::authority(name, new_key()?)?;
        let folder = Self { path: path.to_owned(), pair, _lock: lock };
        folder.write_key(&path.join(KEY), &folder.pair.key)?;
        folder.write(&path.join(REVOKED), &revocation::list(&folder.pair, None, &[], now())?.to_pem()?)?;
        folder.write(&path.join(CERTIFICATE), &folder.pair.certificate.to_pem()?)?;
        Ok(folder)
    }

    /// Issues a certificate as a draft says, for so many days at most.
    ///
    /// # Errors
    /// When the authority doesn't sign it.
    pub fn sign(&self, draft: &Draft, terms: Terms) -> Result<Issued, AuthorityError> {
        let key = self.pair.key.clone();
        let pair = Pair { certificate: self.pair.certificate.clone(), key };
        let authority = Authority { pair, above: Vec::new(), terms };
        let certificate =
            X509::from_der(&authority.sign(draft, now())?).map_err(|_| AuthorityError::NoCertificate)?;
        let issued = Issued::new(certificate, None)?;
        let folder = self.path.join(ISSUED);
        if !folder.exists() {
            fs::create_dir(&folder)
                .map_err(|source| AuthorityError::File { path: folder.clone(), source })?;
        }
        // Before anyone has it: what isn't known can't be revoked by name.
        self.write(&folder.join(format!("{}.crt", issued.serial)), &issued.pem()?)?;
        Ok(issued)
    }

    /// Everything that it has issued, as far as it is in the folder.
    ///
    /// # Errors
    /// When something can't be read.
    pub fn list(&self) -> Result<Vec<Issued>, AuthorityError> {
        let revoked = self.revoked()?;
        let mut found: Vec<Issued> = Vec::new();
        for folder in [self.path.join(ISSUED), self.path.clone()] {
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.map_err(|source| AuthorityError::File { path: folder.clone(), source })?,
            };
            for entry in entries {
                let path =
                    entry.map_err(|source| AuthorityError::File { path: folder.clone(), source })?.path();
                if path.extension().is_none_or(|extension| extension != "crt") {
                    continue;
                }
                let Some(issued) = self.own(&path, revoked.as_ref())? else { continue };
                if !found.iter().any(|other| other.serial == issued.serial) {
                    found.push(issued);
                }
            }
        }
        found.sort_by(|a, b| (&a.subject, &a.serial).cmp(&(&b.subject, &b.serial)));
        Ok(found)
    }

    /// The certificate that is meant: by a file with it, by its serial number, or by the common name, if there is but one
    /// that can be used.
    ///
    /// # Errors
    /// When there is none, or there are several.
    pub fn find(&self, which: &str) -> Result<Issued, AuthorityError> {
        let path = Path::new(which);
        if path.is_file() && super::trust::read(path).is_ok() {
            let revoked = self.revoked()?;
            return self
                .own(path, revoked.as_ref())?
                .ok_or_else(|| AuthorityError::NotIssued(which.to_owned()));
        }
        let digits = which.replace(':', "").to_lowercase();
        if let Some(found) = self.list()?.into_iter().find(|issued| issued.serial == digits) {
            return Ok(found);
        }
        match self.find_all(which)?.as_slice() {
            [one] => Ok(one.clone()),
            several => {
                let serials: Vec<&str> = several.iter().map(|issued| &*issued.serial).collect();
                Err(AuthorityError::Several(which.to_owned(), serials.join(", ")))
            }
        }
    }

    /// Every certificate with a common name that can be used.
    ///
    /// # Errors
    /// When there is none.
    pub fn find_all(&self, name: &str) -> Result<Vec<Issued>, AuthorityError> {
        let mut found = self.list()?;
        found.retain(|issued| issued.common_name.as_deref() == Some(name) && issued.status == Status::Valid);
        if found.is_empty() { Err(AuthorityError::NotIssued(name.to_owned())) } else { Ok(found) }
    }

    /// Revokes certificates, all of them at once.
    ///
    /// # Errors
    /// When the list can't be written.
    pub fn revoke(&self, issued: &[Issued]) -> Result<(), AuthorityError> {
        let before = self.revoked()?;
        let certificates: Vec<X509> = issued.iter().map(|one| one.certificate.clone()).collect();
        let list = revocation::list(&self.pair, before.as_ref(), &certificates, now())?;
        self.write(&self.path.join(REVOKED), &list.to_pem()?)
    }

    /// A file's certificate, if the authority has issued it.
    fn own(&self, path: &Path, revoked: Option<&X509Crl>) -> Result<Option<Issued>, AuthorityError> {
        let Some(certificate) = super::trust::read(path)?.into_iter().next() else { return Ok(None) };
        let is_own = certificate.verify(&self.pair.key)?
            && !certificate.public_key().is_ok_and(|key| key.public_eq(&self.pair.key));
        if is_own { Issued::new(certificate, revoked).map(Some) } else { Ok(None) }
    }

    fn revoked(&self) -> Result<Option<X509Crl>, AuthorityError> {
        let path = self.path.join(REVOKED);
        match read_list(&path)? {
            Some(list) if !list.verify(&self.pair.key)? => {
                Err(AuthorityError::Content { path, what: "it is not this authority's revocation list" })
            }
            list => Ok(list),
        }
    }

    fn write(&self, path: &Path, contents: &[u8]) -> Result<(), AuthorityError> {
        files::write(path, contents, files::PUBLIC)
            .map_err(|source| AuthorityError::File { path: path.to_owned(), source })
    }

    fn write_key(&self, path: &Path, key: &PKey<Private>) -> Result<(), AuthorityError> {
        let text = zeroize::Zeroizing::new(key.private_key_to_pem_pkcs8()?);
        files::write(path, &text, files::PRIVATE)
            .map_err(|source| AuthorityError::File { path: path.to_owned(), source })
    }
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Folder").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Issued {
    fn new(certificate: X509, revoked: Option<&X509Crl>) -> Result<Self, AuthorityError> {
        let der = certificate.to_der()?;
        let said = crate::crypto::certificate::X509::read(&der).map_err(|_| AuthorityError::NoCertificate)?;
        let common_name = Name::of(certificate.subject_name())?.common_name();
        let status = if revoked.map_or(Ok(false), |list| revocation::has(list, &certificate))? {
            Status::Revoked
        } else if *certificate.not_after() < Asn1Time::from_unix(now())? {
            Status::Expired
        } else {
            Status::Valid
        };
        Ok(Self {
            serial: said.serial_text,
            subject: said.subject.text,
            common_name,
            until: certificate.not_after().to_string(),
            status,
            certificate,
        })
    }

    /// The certificate as PEM.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn pem(&self) -> Result<Vec<u8>, AuthorityError> {
        Ok(self.certificate.to_pem()?)
    }

    /// Another certificate of the same key, for the same subject and uses.
    ///
    /// # Errors
    /// When it is revoked: who has the key may not be who it was made for.
    pub fn successor(&self) -> Result<Draft, AuthorityError> {
        if self.status == Status::Revoked {
            return Err(AuthorityError::Revoked(self.serial.clone()));
        }
        Draft::like(&self.certificate.to_der()?)
    }
}

/// Of two programs, one waits for the other.
fn lock(path: &Path) -> Result<fs::File, AuthorityError> {
    let failed = |source| AuthorityError::File { path: path.to_owned(), source };
    let lock = fs::File::open(path).map_err(failed)?;
    lock.lock().map_err(failed)?;
    Ok(lock)
}

/// Whether there is a revocation list of an authority in a file.
///
/// # Errors
/// When the file holds something else: what was revoked is not to be forgotten.
pub(crate) fn is_own_list(path: &Path, authority: &Pair) -> Result<bool, AuthorityError> {
    match read_list(path)? {
        Some(list) => Ok(list.verify(&authority.key)?),
        None => Ok(false),
    }
}

fn read_list(path: &Path) -> Result<Option<X509Crl>, AuthorityError> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|source| AuthorityError::File { path: path.to_owned(), source })?,
    };
    let what = "it holds no revocation list in PEM";
    let content = |_| AuthorityError::Content { path: path.to_owned(), what };
    X509Crl::from_pem(&text).map(Some).map_err(content)
}

/// A revocation list of an authority with nothing in it, as PEM.
pub(crate) fn empty_list(authority: &Pair) -> Result<Vec<u8>, AuthorityError> {
    Ok(revocation::list(authority, None, &[], now())?.to_pem()?)
}

fn now() -> i64 {
    kmip::ttlv::DateTime::now().0
}

/// The authority's certificate.
pub(crate) const CERTIFICATE: &str = "ca.crt";
/// Its key.
pub(crate) const KEY: &str = "ca.key";
/// Its revocation list.
pub(crate) const REVOKED: &str = "ca.crl";
/// The folder with what it has issued, each under its serial number.
const ISSUED: &str = "issued";
