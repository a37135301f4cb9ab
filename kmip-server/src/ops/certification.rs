//! What Certify and Re-certify have in common: from what a request says to a certificate and its attributes.

use std::net::IpAddr;
use std::sync::Arc;

use kmip::ttlv::{ByTag, Bytes, Tag};
use kmip::types::{
    AttributeId, AttributeSet, AttributeValue as V, Certificate, CertificateRequestType, CertificateType,
    CryptographicUsageMask as Mask, ManagedObject, Operation, version,
};

use super::not_served;
use crate::authority::{Authority, AuthorityError, Draft, Form, Name, Request, Usage};
use crate::crypto::certificate::{DNS, EMAIL, IP_ADDRESS, Part, URI, general_name};
use crate::engine::keys::describe_certificate;
use crate::engine::{Context, Failure, Kind, SUBJECT, date, usage_mask};

/// The authority that certificates are issued by.
pub(super) fn authority(cx: &Context<'_>) -> Result<Arc<Authority>, Failure> {
    cx.settings().authority.clone().ok_or_else(|| not_served(cx.operation(), cx.version()))
}

/// The certificate request in a request.
///
/// # Errors
///
/// When it is none of its type, or not signed with its key (1.4 tables 334 and 335).
pub(super) fn given_request(
    cx: &Context<'_>,
    request_type: Option<CertificateRequestType>,
    value: Option<Bytes>,
) -> Result<Option<Request>, Failure> {
    match (request_type, value) {
        (None, None) => Ok(None),
        (Some(request_type), Some(value)) => read(cx, request_type, &value).map(Some),
        (None, Some(_)) => Err(Failure::missing("the Certificate Request Type")),
        (Some(_), None) => Err(Failure::missing("the certificate request")),
    }
}

/// The certificate request that an object holds (2.0 §2.2).
///
/// # Errors
///
/// As [`given_request`], and when the object is another.
pub(super) fn kept_request(
    cx: &mut Context<'_>,
    identifier: &str,
    right: Operation,
) -> Result<Request, Failure> {
    let found = cx.object_with_material(identifier, right)?;
    match found.object()? {
        (ManagedObject::CertificateRequest(request), _) => {
            read(cx, request.certificate_request_type, &request.certificate_request_value)
        }
        _ => Err(Failure::new(Kind::NotReplaceable, "the object is no certificate request")),
    }
}

fn read(cx: &Context<'_>, request_type: CertificateRequestType, value: &[u8]) -> Result<Request, Failure> {
    let form = match request_type {
        CertificateRequestType::PKCS_10 => Form::Pkcs10,
        CertificateRequestType::PEM => Form::Pem,
        other => {
            return Err(Failure::new(
                Kind::FeatureNotSupported,
                format!("certificate requests are read as PKCS#10 or PEM, not as {other}"),
            ));
        }
    };
    let request = Request::read(form, value)?;
    if let Some(digest) = request.weak_digest() {
        cx.permit_weak(digest)
            .map_err(|failure| Failure::new(Kind::CertificateRequest, failure.message().to_owned()))?;
    }
    Ok(request)
}

/// Whose a certificate is to be, with other names of theirs as DER.
pub(super) struct Subject {
    pub(super) name: Name,
    pub(super) others: Vec<Vec<u8>>,
}

impl Subject {
    /// As attributes say it. The distinguished name as such goes before its parts, and those before the text of old.
    pub(super) fn wanted(wanted: &AttributeSet) -> Result<Option<Self>, Failure> {
        if let Some(V::X509CertificateSubject(subject)) = wanted.get(Tag::X_509CertificateSubject) {
            return Ok(Some(Self {
                name: Name::from_der(&subject.subject_distinguished_name)?,
                others: subject.subject_alternative_name.iter().map(|name| name.to_vec()).collect(),
            }));
        }
        let parts: Vec<(Part, &str)> = wanted.iter().filter_map(|instance| part(&instance.value)).collect();
        if !parts.is_empty() {
            // As they are used to stand in names: from the large to the small.
            let ordered =
                ORDER.iter().flat_map(|kind| parts.iter().filter(move |(part, _)| part == kind)).copied();
            return Ok(Some(Self { name: Name::from_parts(ordered)?, others: Vec::new() }));
        }
        if let Some(V::CertificateSubject(subject)) = wanted.get(Tag::CertificateSubject) {
            let others = &subject.certificate_subject_alternative_name;
            return Ok(Some(Self {
                name: Name::from_text(&subject.certificate_subject_distinguished_name)?,
                others: others.iter().map(|name| alternative(name)).collect(),
            }));
        }
        Ok(None)
    }

    /// A draft for them.
    pub(super) fn of(self, draft: Draft) -> Draft {
        draft.subject(self.name).alternative_names(&self.others)
    }
}

impl From<Name> for Subject {
    fn from(name: Name) -> Self {
        Self { name, others: Vec::new() }
    }
}

/// A certificate for what calls itself by a Name.
pub(super) fn subject_of_name(attributes: &AttributeSet) -> Result<Option<Name>, Failure> {
    match attributes.get(Tag::Name) {
        Some(V::Name(name)) => Ok(Some(Name::common(&name.name_value)?)),
        _ => Ok(None),
    }
}

/// A certificate, and what it says of itself.
pub(super) struct Issued {
    pub(super) object: ManagedObject,
    says: Vec<V>,
}

/// Has a certificate signed that is like the draft and the attributes.
///
/// # Errors
///
/// When the authority doesn't sign it.
pub(super) fn issue(cx: &Context<'_>, draft: Draft, given: &AttributeSet) -> Result<Issued, Failure> {
    let asked = usage_mask(given);
    let mut mask = mask(asked, draft.stated_usages().as_deref());
    if asked.is_none() && cx.version() >= version::V2_0 {
        mask = mask.map(|mask| mask.difference(COMMITMENT));
    }
    let seconds = |tag| date(given, tag).map(|date| date.0);
    let draft = draft
        .usages(usages(mask.unwrap_or(Mask::empty()))?)
        .period(seconds(Tag::ActivationDate), seconds(Tag::DeactivationDate));
    let value = authority(cx)?.sign(&draft, cx.now().0)?;
    let certificate = Certificate::new(CertificateType::X_509, value.into());
    let mut says = describe_certificate(&certificate, cx.version())?;
    says.push(V::CertificateType(certificate.certificate_type));
    says.push(V::CertificateLength(i32::try_from(certificate.certificate_value.len()).unwrap_or(i32::MAX)));
    says.extend(mask.map(V::CryptographicUsageMask));
    Ok(Issued { object: ManagedObject::Certificate(certificate), says })
}

impl Issued {
    /// Sets what the certificate says. Where the request said otherwise, the certificate goes before (1.4 §4.7).
    pub(super) fn describe(&self, given: &mut AttributeSet) {
        for tag in self.says.iter().map(ByTag::tag).chain(SUBJECT) {
            given.remove(&AttributeId::Standard(tag));
        }
        for value in &self.says {
            given.add(value.clone());
        }
    }
}

/// Checks that the certificate that is asked for is an X.509 one.
pub(super) fn check_type(wanted: &AttributeSet) -> Result<(), Failure> {
    match wanted.get(Tag::CertificateType) {
        Some(V::CertificateType(other)) if *other != CertificateType::X_509 => Err(Failure::new(
            Kind::FeatureNotSupported,
            format!("certificates of type {other} are not issued; X.509 ones are"),
        )),
        _ => Ok(()),
    }
}

/// A refusal: what is asked for is no certificate of the key that is meant.
#[cold]
pub(super) fn other_key() -> Failure {
    Failure::new(Kind::CertificateRequest, "the certificate request is for another key")
}

/// 1.4 table 96, the other way round.
fn usages(mask: Mask) -> Result<Vec<Usage>, Failure> {
    if mask.intersects(Mask::CertificateSign | Mask::CRLSign) {
        return Err(AuthorityError::OfAuthority.into());
    }
    Ok(USAGES.iter().filter(|(_, both, _)| mask.intersects(*both)).map(|(usage, _, _)| *usage).collect())
}

/// The Cryptographic Usage Mask of a certificate: what is asked for, as far as what the certificate states allows it. If
/// nothing is asked for, it is what the certificate states, done with the public key.
fn mask(asked: Option<Mask>, stated: Option<&[Usage]>) -> Option<Mask> {
    let Some(stated) = stated else { return asked };
    let (mut all, mut allowed, mut own) = (Mask::empty(), Mask::empty(), Mask::empty());
    for (usage, both, public) in USAGES {
        all |= both;
        if stated.contains(&usage) {
            allowed |= both;
            own |= public;
        }
    }
    Some(asked.map_or(own, |asked| asked.difference(all) | asked.intersection(allowed)))
}

/// 1.4 table 96: a Key Usage of X.509, the usages of keys that stand for it, and that of them which is a public key's.
const USAGES: [(Usage, Mask, Mask); 5] = [
    (Usage::DigitalSignature, Mask::Sign.union(Mask::Verify), Mask::Verify),
    (Usage::ContentCommitment, COMMITMENT, COMMITMENT),
    (Usage::KeyEncipherment, Mask::WrapKey.union(Mask::UnwrapKey), Mask::WrapKey),
    (Usage::DataEncipherment, Mask::Encrypt.union(Mask::Decrypt), Mask::Encrypt),
    (Usage::KeyAgreement, Mask::KeyAgreement, Mask::KeyAgreement),
];

/// Versions from 2.0 on have no name for it any more.
const COMMITMENT: Mask = Mask::ContentCommitmentNonRepudiation;

fn part(value: &V) -> Option<(Part, &str)> {
    Some(match value {
        V::CertificateSubjectCn(text) => (Part::CommonName, text),
        V::CertificateSubjectO(text) => (Part::Organization, text),
        V::CertificateSubjectOu(text) => (Part::OrganizationalUnit, text),
        V::CertificateSubjectEmail(text) => (Part::Email, text),
        V::CertificateSubjectC(text) => (Part::Country, text),
        V::CertificateSubjectSt(text) => (Part::State, text),
        V::CertificateSubjectL(text) => (Part::Locality, text),
        V::CertificateSubjectUid(text) => (Part::UserId, text),
        V::CertificateSubjectSerialNumber(text) => (Part::SerialNumber, text),
        V::CertificateSubjectTitle(text) => (Part::Title, text),
        V::CertificateSubjectDc(text) => (Part::DomainComponent, text),
        V::CertificateSubjectDnQualifier(text) => (Part::Qualifier, text),
        _ => return None,
    })
}

const ORDER: [Part; 12] = [
    Part::DomainComponent,
    Part::Country,
    Part::State,
    Part::Locality,
    Part::Organization,
    Part::OrganizationalUnit,
    Part::Title,
    Part::CommonName,
    Part::UserId,
    Part::Email,
    Part::SerialNumber,
    Part::Qualifier,
];

/// An alternative name that nothing but its form says the kind of (1.0 §3.10).
fn alternative(name: &str) -> Vec<u8> {
    match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => general_name(IP_ADDRESS, &address.octets()),
        Ok(IpAddr::V6(address)) => general_name(IP_ADDRESS, &address.octets()),
        Err(_) if name.contains("://") => general_name(URI, name.as_bytes()),
        Err(_) if name.contains('@') => general_name(EMAIL, name.as_bytes()),
        Err(_) => general_name(DNS, name.as_bytes()),
    }
}
