use kmip::ttlv::{ByTag, Tag, Text, Version};
use kmip::types::{
    AttributeId, AttributeSet, Certificate, CertificateType, LinkType, ManagedObject, ObjectType, Operation,
    ReCertifyRequest, ReCertifyResponse, UniqueIdentifier, version,
};

use super::certification::{Subject, check_type, given_request, issue, kept_request, other_key};
use super::certify::check_uncompromised;
use super::key_pair::link_to;
use super::rekeying::{Timing, linked, names, retire, take_over};
use crate::authority::{Draft, Request};
use crate::crypto::pkey::PointForm;
use crate::engine::keys::{describe_certificate, public_key};
use crate::engine::{
    Context, Failure, Kind, Managed, New, Purpose, Requested, Writer, check_protection, facts, usage_mask,
};

/// Re-certify: a new certificate of the same key takes the place of an old one (KMIP 1.4 §4.8, 2.0 §6.1.41).
pub(super) fn re_certify(
    cx: &mut Context<'_>,
    request: ReCertifyRequest,
) -> Result<ReCertifyResponse, Failure> {
    let version = cx.version();
    check_protection(request.protection_storage_masks.as_ref())?;
    let mut requested = Requested::new(request.template_attribute, request.attributes)?;
    cx.add_templates(&mut requested)?;
    let wanted = requested.check(ObjectType::Certificate, Purpose::Certify, version)?;
    check_type(&wanted)?;
    let timing = Timing::new(cx.now(), request.offset, &[&wanted])?;
    let value = request.certificate_request.or(request.certificate_request_value);
    let mut asked = given_request(cx, request.certificate_request_type, value)?;
    if let Some(kept) = request.certificate_request_unique_identifier {
        if asked.is_some() {
            return Err(Failure::new(Kind::InvalidMessage, "there are two certificate requests"));
        }
        let kept = cx.target(Some(kept))?;
        asked = Some(kept_request(cx, &kept, Operation::Certify)?);
    }
    let identifier = cx.target(request.unique_identifier)?;
    let old = cx.object_with_material(&identifier, Operation::ReCertify)?;
    let certificate = check(&old)?;

    let given = succeed(&old, &certificate, &wanted, timing, version)?;
    let draft = draft(asked, certificate.clone(), &wanted)?;
    // Signed here, outside of any transaction.
    let issued = issue(cx, draft, &given)?;
    let facts = facts(&issued.object, Purpose::Generate, version)?;
    let mut new = New { identifier: cx.new_identifier()?, given, facts, object: issued.object.clone() };
    cx.write(|writer| {
        // What it takes over is what the old one has now, not what it had when its replacement was begun.
        let mut old = writer.object(&identifier, Operation::ReCertify)?;
        check(&old)?;
        new.given = succeed(&old, &certificate, &wanted, timing, version)?;
        issued.describe(&mut new.given);
        let mut links = vec![link_to(LinkType::ReplacedObjectLink, &identifier)];
        if let Some(UniqueIdentifier::TextString(key)) = linked(&old, LinkType::PublicKeyLink) {
            move_link(writer, &key, &identifier, &new.identifier)?;
            links.push(link_to(LinkType::PublicKeyLink, &key));
        }
        if has_new_first(version) {
            links.reverse();
        }
        new.given.extend(links);
        let names = names(&old);
        let owner = old.owner().to_owned();
        retire(&mut old, &new.identifier);
        writer.save(old)?;
        writer.insert_for(&owner, &new, &names)
    })?;
    cx.set_placeholder(&new.identifier);
    cx.returns(&new.identifier);
    Ok(ReCertifyResponse::new(UniqueIdentifier::TextString(new.identifier)))
}

/// The attributes that go over, with those that the request gives; not what the old certificate says of itself.
fn succeed(
    old: &Managed,
    certificate: &Certificate,
    wanted: &AttributeSet,
    timing: Timing,
    version: Version,
) -> Result<AttributeSet, Failure> {
    let mut given = take_over(old, wanted, timing, version)?;
    for value in describe_certificate(certificate, version)? {
        given.remove(&AttributeId::Standard(value.tag()));
    }
    if has_new_first(version) {
        let name = AttributeId::Standard(Tag::Name);
        let mut names: Vec<_> = wanted.all(&name).map(|instance| instance.value.clone()).collect();
        for kept in given.all(&name) {
            if !names.contains(&kept.value) {
                names.push(kept.value.clone());
            }
        }
        given.remove(&name);
        given.extend(names);
    }
    Ok(given)
}

/// In which order the Names and Links of the new certificate are numbered is nobody's to say, and the official cases
/// TC-134-10 and TC-134-12 have it both ways.
fn has_new_first(version: Version) -> bool {
    version >= version::V1_2
}

/// "For the public key, the server SHALL change the Link attribute of Link Type Certificate to point to the new
/// certificate." A key that is no longer there has none.
fn move_link(writer: &mut Writer<'_>, key: &Text, old: &Text, new: &Text) -> Result<(), Failure> {
    let mut key = match writer.object(key, Operation::ReCertify) {
        Err(failure) if failure.kind() == Kind::NotFound => return Ok(()),
        found => found?,
    };
    let (link, before) = (AttributeId::Standard(Tag::Link), link_to(LinkType::CertificateLink, old));
    let place =
        key.attributes.all(&link).find(|instance| instance.value == before).map(|instance| instance.index);
    let after = link_to(LinkType::CertificateLink, new);
    match place.and_then(|place| key.attributes.instance_mut(&link, place)) {
        Some(instance) => instance.value = after,
        None => {
            key.attributes.add(after);
        }
    }
    writer.save(key)
}

/// Checks that an object is an X.509 certificate that may be renewed (1.4 table 335).
fn check(old: &Managed) -> Result<Certificate, Failure> {
    let refuse = |message: String| Err(Failure::new(Kind::NotReplaceable, message));
    if old.object_type() != ObjectType::Certificate {
        return refuse(format!(
            "an object of type {} is not renewed; a Certificate can be",
            old.object_type()
        ));
    }
    check_uncompromised(old)?;
    match old.object()? {
        (ManagedObject::Certificate(certificate), _)
            if certificate.certificate_type == CertificateType::X_509 =>
        {
            Ok(certificate)
        }
        _ => refuse("certificates that are not X.509 are not renewed".to_owned()),
    }
}

/// What the new certificate is to say: what the certificate request says, else what the attributes say, else what the old
/// one says.
fn draft(asked: Option<Request>, old: Certificate, wanted: &AttributeSet) -> Result<Draft, Failure> {
    let subject = Subject::wanted(wanted)?;
    let draft = match asked {
        Some(request) => {
            let key = public_key(&ManagedObject::Certificate(old.clone()))?.to_x509(PointForm::default())?;
            // "For the same key pair."
            if !request.is_for(&key)? {
                return Err(other_key());
            }
            if request.has_subject() {
                return Ok(Draft::of_request(request));
            }
            let of_old = Draft::like(&old.certificate_value)?;
            return Ok(match subject {
                Some(subject) => subject.of(Draft::of_request(request)),
                None => Draft::of_request(request).subject_of(of_old),
            });
        }
        None => Draft::like(&old.certificate_value)?,
    };
    let draft = if usage_mask(wanted).is_some() { draft.without_stated_usages() } else { draft };
    Ok(match subject {
        Some(subject) => subject.of(draft.without_alternative_names()),
        None => draft,
    })
}
