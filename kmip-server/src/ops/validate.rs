use kmip::ttlv::{Bytes, DateTime, Tag};
use kmip::types::{
    Certificate, CertificateType, ManagedObject, Operation, State, ValidateRequest, ValidateResponse,
    ValidityIndicator,
};

use super::not_served;
use crate::authority::Verdict;
use crate::engine::{Context, Failure, Kind, Managed, date};

/// Validate: whether certificates are a chain that is valid (KMIP 1.4 §4.24, 2.0 §6.1.51).
///
/// It is valid if it ends in a root that the server trusts, and invalid if something in it is wrong. Else it is not known.
pub(super) fn validate(cx: &mut Context<'_>, request: ValidateRequest) -> Result<ValidateResponse, Failure> {
    let at = request.validity_date.unwrap_or(cx.now());
    let mut chain = Chain::default();
    for certificate in &request.certificate {
        chain.add(certificate);
    }
    for identifier in request.unique_identifier {
        let identifier = cx.target(Some(identifier))?;
        let found = cx.object_with_material(&identifier, Operation::Validate)?;
        let (ManagedObject::Certificate(certificate), _) = found.object()? else {
            return Err(Failure::new(
                Kind::NoCertificate,
                format!("an object of type {} is no certificate", found.object_type()),
            ));
        };
        chain.add(&certificate);
        chain.revoked |= is_revoked(&found, at);
    }
    if chain.certificates.is_empty() && !chain.foreign {
        return Err(Failure::new(Kind::InvalidMessage, "there are no certificates to validate"));
    }
    chain.judge(cx, at).map(ValidateResponse::new)
}

/// The certificates of a request.
#[derive(Default)]
struct Chain {
    certificates: Vec<Bytes>,
    /// Whether there are some that are not X.509.
    foreign: bool,
    revoked: bool,
}

impl Chain {
    fn add(&mut self, certificate: &Certificate) {
        if certificate.certificate_type == CertificateType::X_509 {
            self.certificates.push(certificate.certificate_value.clone());
        } else {
            self.foreign = true;
        }
    }

    fn judge(&self, cx: &Context<'_>, at: DateTime) -> Result<ValidityIndicator, Failure> {
        let Some(trust) = &cx.settings().trust else {
            return Err(not_served(cx.operation(), cx.version()));
        };
        if self.foreign {
            return Ok(ValidityIndicator::Unknown);
        }
        let mut revoked = self.revoked;
        if let Some(lists) = &cx.settings().revoked {
            let lists = lists.load();
            for certificate in &self.certificates {
                revoked |= lists.since(certificate)?.is_some_and(|since| since <= at.0);
            }
        }
        let strict = !cx.settings().weak_algorithms;
        let verdict = trust.validate(self.certificates.iter().map(|der| &der[..]), at.0, strict)?;
        Ok(match verdict {
            _ if revoked => ValidityIndicator::Invalid,
            Verdict::Valid => ValidityIndicator::Valid,
            Verdict::Unknown => ValidityIndicator::Unknown,
            Verdict::Invalid(reason) => {
                tracing::debug!(reason, "a chain of certificates is invalid");
                ValidityIndicator::Invalid
            }
        })
    }
}

/// Whether a certificate that the server keeps was revoked by then. One that is compromised may always have been.
fn is_revoked(certificate: &Managed, at: DateTime) -> bool {
    let attributes = &certificate.attributes;
    match certificate.state() {
        Some(State::Compromised | State::DestroyedCompromised) => true,
        _ => {
            attributes.get(Tag::RevocationReason).is_some()
                && date(attributes, Tag::DeactivationDate).is_none_or(|since| since <= at)
        }
    }
}
