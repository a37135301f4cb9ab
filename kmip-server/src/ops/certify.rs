use kmip::ttlv::{Tag, Text};
use kmip::types::{
    CertifyRequest, CertifyResponse, LinkType, ObjectType, Operation, State, UniqueIdentifier, version,
};

use super::certification::{
    Subject, check_type, given_request, issue, kept_request, other_key, subject_of_name,
};
use super::key_pair::link_to;
use crate::authority::{Draft, Name, Request};
use crate::crypto::pkey::PointForm;
use crate::engine::keys::public_key;
use crate::engine::{
    Context, Failure, Kind, Managed, New, Purpose, Requested, check_protection, facts, required, usage_mask,
};

/// Certify: a certificate for a public key (KMIP 1.4 §4.7, 2.0 §6.1.6).
pub(super) fn certify(cx: &mut Context<'_>, request: CertifyRequest) -> Result<CertifyResponse, Failure> {
    check_protection(request.protection_storage_masks.as_ref())?;
    let mut requested = Requested::new(request.template_attribute, request.attributes)?;
    cx.add_templates(&mut requested)?;
    let mut given = requested.check(ObjectType::Certificate, Purpose::Certify, cx.version())?;
    let value = request.certificate_request.or(request.certificate_request_value);
    let mut asked = given_request(cx, request.certificate_request_type, value)?;

    let mut key = None;
    if let Some(identifier) = target(cx, request.unique_identifier, asked.is_some())? {
        let found = cx.object_with_material(&identifier, Operation::Certify)?;
        if found.object_type() == ObjectType::CertificateRequest {
            if asked.is_some() {
                return Err(Failure::new(Kind::InvalidMessage, "there are two certificate requests"));
            }
            asked = Some(kept_request(cx, &identifier, Operation::Certify)?);
        } else {
            check(&found)?;
            key = Some((identifier, found));
        }
    }
    let draft = draft(asked, key.as_ref().map(|(_, key)| key), &mut given)?;
    check_type(&given)?;

    // Signed here, outside of any transaction.
    let issued = issue(cx, draft, &given)?;
    issued.describe(&mut given);
    if let Some((identifier, _)) = &key {
        given.add(link_to(LinkType::PublicKeyLink, identifier));
    }
    let facts = facts(&issued.object, Purpose::Generate, cx.version())?;
    let new = New { identifier: cx.new_identifier()?, given, facts, object: issued.object };
    cx.write(|writer| {
        if let Some((identifier, _)) = &key {
            let mut key = writer.object(identifier, Operation::Certify)?;
            check(&key)?;
            key.attributes.add(link_to(LinkType::CertificateLink, &new.identifier));
            writer.save(key)?;
        }
        writer.insert(&new, &[])
    })?;
    cx.set_placeholder(&new.identifier);
    cx.returns(&new.identifier);
    Ok(CertifyResponse::new(UniqueIdentifier::TextString(new.identifier)))
}

/// The object that is meant, if one is: a certificate request may stand for itself.
fn target(
    cx: &Context<'_>,
    given: Option<UniqueIdentifier>,
    has_request: bool,
) -> Result<Option<Text>, Failure> {
    match given {
        // 2.0 table 164 has the ID Placeholder count only where there is no certificate request.
        None if has_request && cx.version() >= version::V2_0 => Ok(None),
        None if has_request => match cx.target(None) {
            Err(failure) if failure.kind() == Kind::NotFound => Ok(None),
            placeholder => placeholder.map(Some),
        },
        given => cx.target(given).map(Some),
    }
}

/// What the certificate is to say. What the certificate request says goes before the attributes.
fn draft(
    asked: Option<Request>,
    key: Option<&Managed>,
    given: &mut kmip::types::AttributeSet,
) -> Result<Draft, Failure> {
    let material = key.map(certifiable).transpose()?;
    if let Some(key) = key
        && usage_mask(given).is_none()
        && let Some(mask) = usage_mask(&key.attributes).filter(|mask| !mask.is_empty())
    {
        given.set(kmip::types::AttributeValue::CryptographicUsageMask(mask));
    }
    let Some(request) = asked else {
        let Some(material) = material else {
            return Err(Failure::internal(
                &"neither a key nor a certificate request is there to be certified",
            ));
        };
        // In so many words in 1.1 §4.7.
        if given.get(Tag::CertificateType).is_none() {
            return Err(required("without a certificate request, the Certificate Type"));
        }
        let subject = match Subject::wanted(given)? {
            Some(subject) => subject,
            None => named(given, key)?.into(),
        };
        return Ok(Draft::new(subject.name, &material)?.alternative_names(&subject.others));
    };
    if let Some(material) = material
        && !request.is_for(&material)?
    {
        return Err(other_key());
    }
    if request.has_subject() {
        return Ok(Draft::of_request(request));
    }
    // Other names of the request may do: the authority looks at that.
    let subject = Subject::wanted(given)?.or_else(|| named(given, key).ok().map(Subject::from));
    let draft = Draft::of_request(request);
    Ok(match subject {
        Some(subject) => subject.of(draft),
        None => draft,
    })
}

/// The public key of an object, a SubjectPublicKeyInfo.
fn certifiable(key: &Managed) -> Result<Vec<u8>, Failure> {
    let read = public_key(&key.object()?.0);
    // 1.4 §11.8: "not able to be certified".
    let unfit = |failure: Failure| match failure.kind() {
        Kind::KeyFormatType | Kind::KeyValueNotPresent => {
            Failure::new(Kind::NotReplaceable, failure.message().to_owned())
        }
        _ => failure,
    };
    Ok(read.map_err(unfit)?.to_x509(PointForm::default())?)
}

/// The subject of a certificate of which nothing else says it: the certificate's own Name, or that of its key.
fn named(given: &kmip::types::AttributeSet, key: Option<&Managed>) -> Result<Name, Failure> {
    let of_key = |key: &Managed| subject_of_name(&key.attributes);
    match subject_of_name(given)?.map_or_else(|| key.map_or(Ok(None), of_key), |name| Ok(Some(name)))? {
        Some(name) => Ok(name),
        None => Err(Failure::new(
            Kind::InvalidField,
            "nothing says whose the certificate is to be: neither a certificate request, an attribute with a Certificate \
             Subject, nor a Name",
        )),
    }
}

/// Checks that an object is a public key that may be certified (1.4 table 334).
fn check(key: &Managed) -> Result<(), Failure> {
    if key.object_type() != ObjectType::PublicKey {
        return Err(Failure::new(
            Kind::NotReplaceable,
            format!("an object of type {} is not certified; a Public Key can be", key.object_type()),
        ));
    }
    check_uncompromised(key)
}

/// Checks that nobody else may have the key.
pub(super) fn check_uncompromised(object: &Managed) -> Result<(), Failure> {
    match object.state() {
        Some(State::Compromised | State::DestroyedCompromised) => {
            Err(Failure::new(Kind::WrongState, "the key is compromised, and must not be certified"))
        }
        _ => object.check_available(),
    }
}
