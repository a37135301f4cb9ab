//! Who is asking: from the connection and the credentials of a message to a [`Caller`].

use kmip::types::{Credential, CredentialValue};

use super::{Failure, Kind};
use crate::handler::Peer;
use crate::rights::Caller;

/// Decides who a caller is.
pub trait Authenticator: Send + Sync {
    /// The caller that a peer with these credentials is. Credentials that say nothing have been left out.
    ///
    /// Someone of whom nothing is known is [`Caller::anonymous`], who may ask what the server is, and nothing else.
    ///
    /// # Errors
    ///
    /// When what is said of the caller is not so, or can't be verified. The connection is closed then.
    fn authenticate(&self, peer: &Peer, credentials: &[&Credential]) -> Result<Caller, Failure>;

    /// A digest of what is on record of a user: a ticket is good as long as it is the same. None where nothing is.
    ///
    /// # Errors
    ///
    /// When it can't be computed.
    fn standing(&self, user: &str) -> Result<Option<[u8; 32]>, Failure> {
        let _ = user;
        Ok(None)
    }

    /// Whether that may wait or compute for long; of a message with credentials, or without.
    fn may_block(&self, credentials: bool) -> bool {
        let _ = credentials;
        false
    }
}

/// Knows clients by their certificates: the common name is the user.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByCertificate;

impl Authenticator for ByCertificate {
    fn authenticate(&self, peer: &Peer, credentials: &[&Credential]) -> Result<Caller, Failure> {
        if let Some(credential) = credentials.first() {
            return Err(Failure::new(
                Kind::Authentication,
                format!(
                    "a credential of type {} cannot be verified: no users are configured, clients are known by their \
                     certificates",
                    credential.credential_type
                ),
            ));
        }
        Ok(match peer.common_name() {
            Some(name) if !name.is_empty() => Caller::user(name),
            _ => Caller::anonymous(),
        })
    }
}

/// Whether a credential says anything: PyKMIP's client sends user name and password as empty texts where it has none.
pub(super) fn says_something(credential: &Credential) -> bool {
    match &credential.credential_value {
        CredentialValue::UsernameAndPasswordCredential(value) => {
            !value.username.is_empty()
                || value.password.as_ref().is_some_and(|password| !password.expose().is_empty())
        }
        _ => true,
    }
}
