//! What the authority's refusals are to the client.

use super::{Failure, Kind};
use crate::authority::AuthorityError;

impl From<AuthorityError> for Failure {
    fn from(error: AuthorityError) -> Self {
        use AuthorityError as E;
        let kind = match &error {
            E::NoRequest(_) | E::Unproven | E::Extension(_) | E::Twice(_) => Kind::CertificateRequest,
            // 1.4 §11.8: "not able to be certified".
            E::OfAuthority => Kind::PermissionDenied,
            E::Name(_) | E::Period(_) | E::NoCertificate => Kind::InvalidField,
            // 1.4 §11.25.
            E::NoChain => Kind::InvalidMessage,
            _ => return Self::internal(&error),
        };
        Self::new(kind, error.to_string())
    }
}
