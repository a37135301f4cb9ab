//! Who is asking: from a client's certificate and its credentials to a [`Caller`] with its groups.
//!
//! The certificate's identity is the user, unless the message carries credentials: then it is the user of these, who
//! must be allowed to use that certificate. Group services, where there are any, have the last word: whom none of them
//! knows is nobody here.

mod credentials;
mod slugs;
mod users;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kmip::types::Credential;

use self::credentials::{Named, Verifier};
use self::slugs::Service;
pub use self::slugs::ServiceError;
pub(crate) use self::users::UsersWatch;
pub use self::users::{Device, LiveUsers, User, Users, UsersError, UsersFile};
use crate::authority::LiveRevocations;
use crate::engine::{Authenticator, Failure, Kind};
use crate::handler::{Peer, PeerCertificate};
use crate::rights::Caller;

/// How clients are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What of a certificate is its identity.
    pub identity: Identity,
    /// Whether a certificate must have the extended key usage of client authentication.
    pub client_usage: bool,
    /// Whether credentials are passed over where there is no users file, rather than refused.
    pub ignore_credentials: bool,
    /// The file with users and devices.
    pub users: Option<PathBuf>,
    /// The file with the revocation lists of the authorities of clients (PEM).
    pub revoked: Option<PathBuf>,
    /// The group services that are asked, in their order.
    pub services: Vec<ServiceOptions>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            identity: Identity::CommonName,
            client_usage: true,
            ignore_credentials: false,
            users: None,
            revoked: None,
            services: Vec::new(),
        }
    }
}

/// What of a certificate is its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The subject's common name.
    CommonName,
    /// The subject's distinguished name, as `O=Example, CN=client`.
    Subject,
    /// The e-mail address among the subject's alternative names.
    Email,
    /// The URI among them.
    Uri,
    /// The DNS name among them.
    Dns,
    /// The SHA-256 digest of the certificate, in hexadecimal.
    Fingerprint,
}

/// A group service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceOptions {
    /// What it is called in the log.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// The authorities that its certificate may be of, as PEM; the system's if there are none.
    pub ca: Option<PathBuf>,
    /// How long an answer may take.
    pub time: Duration,
}

impl ServiceOptions {
    /// How long an answer may take when nothing is said.
    pub const TIME: Duration = Duration::from_secs(5);
}

impl Identity {
    const ALL: [(&str, Self); 6] = [
        ("common-name", Self::CommonName),
        ("subject", Self::Subject),
        ("email", Self::Email),
        ("uri", Self::Uri),
        ("dns", Self::Dns),
        ("fingerprint", Self::Fingerprint),
    ];

    /// The one of this name.
    ///
    /// # Errors
    /// When there is none; the text says which there are.
    pub fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(other, _)| *other == name);
        found.map(|(_, identity)| *identity).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("it is one of {}", names.join(", "))
        })
    }

    /// The identity of a certificate. Of several names none says who it is.
    fn of(self, certificate: &PeerCertificate) -> Option<String> {
        let only = |names: &[String]| match names {
            [name] => Some(name.clone()),
            _ => None,
        };
        let identity = match self {
            Self::CommonName => certificate.common_name.clone(),
            Self::Subject => Some(certificate.subject.clone()),
            Self::Email => only(&certificate.alternative_names.emails),
            Self::Uri => only(&certificate.alternative_names.uris),
            Self::Dns => only(&certificate.alternative_names.dns),
            Self::Fingerprint => {
                Some(certificate.fingerprint_sha256.iter().map(|byte| format!("{byte:02x}")).collect())
            }
        };
        identity.filter(|identity| !identity.is_empty())
    }
}

/// Knows clients by their certificates, credentials and group services.
pub struct Clients {
    identity: Identity,
    client_usage: bool,
    ignore_credentials: bool,
    users: Option<Verifier>,
    services: Vec<Service>,
    revoked: Option<LiveRevocations>,
}

impl Clients {
    /// As the options say. The users come from `users`, which may change.
    ///
    /// # Errors
    /// When a group service can't be asked as its options say.
    pub fn new(options: &Options, users: Option<LiveUsers>) -> Result<Self, ServiceError> {
        Ok(Self {
            identity: options.identity,
            client_usage: options.client_usage,
            ignore_credentials: options.ignore_credentials,
            users: users.map(|users| Verifier::new(users, options.users.clone())),
            services: options.services.iter().map(Service::new).collect::<Result<_, _>>()?,
            revoked: None,
        })
    }

    /// Refuses clients whose certificates are in these lists, which may change: whatever they send, on connections that
    /// were there before, too.
    #[must_use]
    pub fn with_revocations(self, revoked: LiveRevocations) -> Self {
        Self { revoked: Some(revoked), ..self }
    }

    fn check_revoked(&self, certificate: &PeerCertificate) -> Result<(), Failure> {
        let Some(lists) = &self.revoked else { return Ok(()) };
        match lists.load().hold(certificate.fingerprint_sha256, &certificate.der) {
            Ok(false) => Ok(()),
            Ok(true) => {
                tracing::warn!(
                    client = certificate.common_name,
                    "refused a client: its certificate is revoked"
                );
                Err(refuse("the client's certificate is revoked"))
            }
            Err(error) => Err(Failure::internal(&error)),
        }
    }

    /// The groups of a user: of the first service that knows the user.
    fn groups(&self, user: &str) -> Result<Arc<[String]>, Failure> {
        let mut unreachable = false;
        for service in &self.services {
            match service.groups(user) {
                Ok(Some(groups)) => return Ok(groups.into()),
                Ok(None) => tracing::debug!(service = service.name(), user, "the user is not known there"),
                Err(error) => {
                    unreachable = true;
                    tracing::error!(service = service.name(), %error, "a group service could not be asked");
                }
            }
        }
        Err(refuse(if unreachable {
            "whether the user is known could not be found out: a group service does not answer"
        } else {
            "no group service knows the user"
        }))
    }
}

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clients").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Authenticator for Clients {
    fn authenticate(&self, peer: &Peer, credentials: &[&Credential]) -> Result<Caller, Failure> {
        if let Some(certificate) = &peer.certificate {
            self.check_revoked(certificate)?;
        }
        if let Some(certificate) = &peer.certificate
            && self.client_usage
            && !certificate.client_usage
        {
            return Err(refuse(
                "the client's certificate has no extended key usage of client authentication",
            ));
        }
        let identity = peer.certificate.as_ref().and_then(|certificate| self.identity.of(certificate));
        let mut known: Option<Named> = None;
        let looked_at = if self.users.is_none() && self.ignore_credentials { &[] } else { credentials };
        for credential in looked_at {
            let verifier = self.users.as_ref().ok_or_else(|| {
                refuse(format!(
                    "a credential of type {} cannot be verified: this server has no users file, clients are known by \
                     their certificates",
                    credential.credential_type
                ))
            })?;
            let named = verifier.verify(credential, identity.as_deref(), peer.certificate.as_ref())?;
            if known.as_ref().is_some_and(|known| known.user != named.user) {
                return Err(refuse("the credentials are those of several users"));
            }
            known = Some(named);
        }
        let (user, groups) = match (known, identity) {
            (Some(named), _) => (named.user, named.groups),
            (None, Some(identity)) => {
                let groups = self.users.as_ref().and_then(|verifier| verifier.groups(&identity));
                (identity, groups)
            }
            (None, None) if self.services.is_empty() => return Ok(Caller::anonymous()),
            (None, None) => return Err(refuse("the client's certificate does not say who it is")),
        };
        let groups = if self.services.is_empty() { groups } else { Some(self.groups(&user)?) };
        Ok(Caller::user(user).in_groups(groups))
    }

    fn standing(&self, user: &str) -> Result<Option<[u8; 32]>, Failure> {
        self.users.as_ref().map_or(Ok(None), |verifier| verifier.standing(user))
    }

    fn may_block(&self, credentials: bool) -> bool {
        !self.services.is_empty() || (credentials && self.users.is_some())
    }
}

fn refuse(reason: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
    Failure::new(Kind::Authentication, reason)
}

#[cfg(test)]
mod tests;
