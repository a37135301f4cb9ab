//! A small certificate authority: it signs requests, issues certificates and renews them, and says whether chains of them
//! are valid. It knows nothing of KMIP, nor of who may ask it for what.

mod draft;
mod error;
mod extension;
mod folder;
mod name;
mod pair;
mod request;
mod revocation;
mod trust;
mod watch;

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::hash::MessageDigest;
use openssl::x509::X509;

pub use self::draft::{Draft, Usage};
pub use self::error::AuthorityError;
pub use self::extension::Allowed;
pub use self::folder::{Folder, Issued, Status};
pub(crate) use self::folder::{REVOKED, empty_list, is_own_list};
pub use self::name::Name;
pub(crate) use self::pair::{NewKey, Pair, Purpose, new_key};
pub use self::request::{Form, Request};
pub use self::revocation::{LiveRevocations, Revocations};
pub use self::trust::{Trust, Verdict};
pub(crate) use self::watch::RevocationsWatch;

/// Where an authority is, and how it works.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The file with its certificate, and of those above it (PEM). None: there is no authority.
    pub certificate: Option<PathBuf>,
    /// The file with its key (PEM).
    pub key: Option<PathBuf>,
    /// The file with roots that are trusted beside it (PEM).
    pub trusted: Option<PathBuf>,
    /// The file with the revocation lists of all of these (PEM).
    pub revoked: Option<PathBuf>,
    /// What its certificates are like.
    pub terms: Terms,
}

/// What an authority's certificates are like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// For how many days they are valid, at most.
    pub days: NonZeroU32,
    /// What they are signed with.
    pub digest: Digest,
    /// The extensions that they get from requests.
    pub extensions: Allowed,
}

/// A digest to sign with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digest {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// An authority.
pub struct Authority {
    pair: Pair,
    /// The certificates between it and its root.
    above: Vec<X509>,
    terms: Terms,
}

impl Default for Terms {
    fn default() -> Self {
        Self { days: DAYS, digest: Digest::default(), extensions: Allowed::default() }
    }
}

impl Digest {
    /// The digest of this name: `sha256`, `sha384` or `sha512`.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    fn get(self) -> MessageDigest {
        match self {
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}

impl Options {
    /// The authority, if there is one.
    ///
    /// # Errors
    /// When its files don't hold what they should, or others than their owner may read the key.
    pub fn authority(&self) -> Result<Option<Authority>, AuthorityError> {
        let (certificate, key) = match (&self.certificate, &self.key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            _ => return Err(AuthorityError::Half),
        };
        let (pair, above) = Pair::read(certificate, key)?;
        if !extension::Extension::of_certificate(&pair.certificate)?.iter().any(|own| own.is_of_authority()) {
            return Err(AuthorityError::Content {
                path: certificate.clone(),
                what: "the certificate is not that of an authority",
            });
        }
        Ok(Some(Authority { pair, above, terms: self.terms.clone() }))
    }

    /// The roots that chains of certificates may end in: an authority's own certificate is one.
    ///
    /// # Errors
    /// When a file doesn't hold what it should.
    pub fn trust(&self, authority: Option<&Authority>) -> Result<Option<Trust>, AuthorityError> {
        let mut trust = self.trusted.as_deref().map(Trust::read).transpose()?;
        if let Some(authority) = authority {
            trust.get_or_insert_default().add(authority.pair.certificate.clone());
        }
        Ok(trust)
    }

    /// Checks that these roots, those of the server's clients, vouch for nothing that the authority signs.
    ///
    /// # Errors
    /// When they do.
    pub fn check_apart(&self, authority: &Authority, roots: &Trust) -> Result<(), AuthorityError> {
        match &self.certificate {
            Some(path) if roots.includes(&authority.pair.certificate, &authority.above)? => {
                Err(AuthorityError::LetsIn(path.clone()))
            }
            _ => Ok(()),
        }
    }
}

impl Authority {
    /// A new authority, with a new key, that stands under no other.
    ///
    /// # Errors
    /// When the name is too long, or OpenSSL fails.
    pub fn make(name: &str, terms: Terms) -> Result<Self, AuthorityError> {
        Ok(Self { pair: Pair::authority(name, new_key()?)?, above: Vec::new(), terms })
    }

    /// Its certificate.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn certificate(&self) -> Result<Vec<u8>, AuthorityError> {
        Ok(self.pair.certificate.to_der()?)
    }

    /// Its certificate as a root.
    pub fn trust(&self) -> Trust {
        Trust::new(vec![self.pair.certificate.clone()])
    }

    /// Signs a certificate; the time is that of now, in seconds since 1970.
    ///
    /// It is valid no longer than the terms say, nor than the authority itself.
    ///
    /// # Errors
    /// When it would be an authority's, have no subject, or never be valid.
    pub fn sign(&self, draft: &Draft, now: i64) -> Result<Vec<u8>, AuthorityError> {
        let mut extensions = self.terms.extensions.choose(&draft.extensions)?;
        if draft.subject.is_empty() {
            // RFC 5280 §4.1.2.6.
            let name = extensions.iter_mut().find(|extension| extension.is_alternative_name());
            name.ok_or(AuthorityError::Name("nothing"))?.critical = true;
        }
        let period = self.period(draft, now)?;
        let mut builder = self.pair.begin(draft.subject.get(), &draft.key, period)?;
        if !draft.usages.is_empty() && !extensions.iter().any(|extension| extension.is_key_usage()) {
            builder.append_extension(draft::key_usage(&draft.usages).build()?)?;
        }
        for extension in &extensions {
            builder.append_extension(extension.build()?)?;
        }
        builder.sign(&self.pair.key, pair::digest_for(&self.pair.key, self.terms.digest.get()))?;
        let certificate = builder.build();
        // What came from a client may look like names, and be none.
        let is_named = extensions.iter().any(extension::Extension::is_alternative_name);
        if is_named && certificate.subject_alt_names().is_none() {
            return Err(AuthorityError::Name("what is said to be an alternative name"));
        }
        Ok(certificate.to_der()?)
    }

    fn period(&self, draft: &Draft, now: i64) -> Result<(i64, i64), AuthorityError> {
        let earliest = now.saturating_sub(pair::EARLIER);
        let from = draft.from.map_or(earliest, |from| from.max(earliest));
        let days = i64::from(self.terms.days.get());
        let mut until = from.max(now).saturating_add(days.saturating_mul(24 * 60 * 60));
        until = until.min(seconds(self.pair.certificate.not_after())?);
        if until < now {
            return Err(AuthorityError::Period("the authority's own has expired"));
        }
        until = draft.until.map_or(until, |last| last.min(until));
        if until <= from.max(now) {
            return Err(AuthorityError::Period("it would end before it begins"));
        }
        Ok((from, until))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("subject", &self.pair.certificate.subject_name())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
}

/// A time in seconds since 1970.
fn seconds(time: &Asn1TimeRef) -> Result<i64, AuthorityError> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    Ok(i64::from(since.days).saturating_mul(24 * 60 * 60).saturating_add(since.secs.into()))
}

/// A year, and a day to renew them.
const DAYS: NonZeroU32 = match NonZeroU32::new(366) {
    Some(days) => days,
    None => NonZeroU32::MIN,
};

#[cfg(test)]
mod tests;
