use kmip::ttlv::{Tag, Version};
use kmip::types::{
    AttributeSet, AttributeValue, Certificate, CryptographicAlgorithm, KeyMaterial, KeyValue, LinkType,
    ManagedObject, ObjectType, Operation, RegisterRequest, RegisterResponse, UniqueIdentifier,
};

use super::container;
use super::key_pair::link_to;
use super::split::check_split;
use crate::engine::keys::{check_asymmetric, describe_certificate};
use crate::engine::{
    Context, Failure, Kind, Purpose, Requested, algorithm, check_protection, facts, is_wrapped, key_block,
    length, object_type, required,
};

/// Register: the client hands an object over, which is kept as it is (KMIP 1.4 §4.3, 2.0 §6.1.39).
pub(super) fn register(cx: &mut Context<'_>, request: RegisterRequest) -> Result<RegisterResponse, Failure> {
    let Some(object) = request.object else { return Err(Failure::missing("the object")) };
    let found = object_type(&object);
    if !request.object_type.is_in(cx.version()) || found != Some(request.object_type) {
        return Err(Failure::new(
            Kind::InvalidField,
            format!("the Object Type is {}, but the object is another", request.object_type),
        ));
    }
    check_protection(request.protection_storage_masks.as_ref())?;
    let mut requested = Requested::new(request.template_attribute, request.attributes)?;
    cx.add_templates(&mut requested)?;
    if let ManagedObject::Template(template) = &object {
        add_own(&mut requested, template)?;
    }
    let mut given = requested.check(request.object_type, Purpose::Register, cx.version())?;
    take_from_object(&mut given, &object)?;
    if let ManagedObject::Certificate(certificate) = &object {
        take_from_certificate(&mut given, certificate, cx.version())?;
    }
    if container::is_container(&object) {
        let inside = container::describe(cx, &mut given, &object)?;
        check_asymmetric(&mut given, &inside, cx.version())?;
    } else {
        check_asymmetric(&mut given, &object, cx.version())?;
    }
    check_key(&given, &object)?;
    check_split(&object)?;
    let facts = facts(&object, Purpose::Register, cx.version())?;
    if let Some(AttributeValue::KeyFormatType(format)) = given.get(Tag::KeyFormatType)
        && facts.key_format_type != Some(*format)
    {
        return Err(Failure::new(Kind::InvalidAttributeValue, "the Key Format Type is not that of the key"));
    }
    link_to_wrapping_key(cx, &mut given, &object)?;
    let version = cx.version();
    let identifier = cx.insert(given, &facts, &object, version)?;
    Ok(RegisterResponse::new(UniqueIdentifier::TextString(identifier)))
}

/// 2.0 §6.1.39: a wrapped object is linked to the key that it is wrapped with, if the caller has that key here.
fn link_to_wrapping_key(
    cx: &mut Context<'_>,
    given: &mut AttributeSet,
    object: &ManagedObject,
) -> Result<(), Failure> {
    if !LinkType::WrappingKeyLink.is_in(cx.version()) {
        return Ok(());
    }
    let information = key_block(object)
        .and_then(|block| block.key_wrapping_data.as_ref())
        .and_then(|data| data.encryption_key_information.as_ref());
    let Some(information) = information else { return Ok(()) };
    let Ok(identifier) = cx.target(Some(information.unique_identifier.clone())) else { return Ok(()) };
    match cx.object(&identifier, Operation::Locate) {
        Ok(_) => {
            let link = link_to(LinkType::WrappingKeyLink, &identifier);
            if given.iter().all(|instance| instance.value != link) {
                given.add(link);
            }
            Ok(())
        }
        Err(failure)
            if matches!(failure.kind(), Kind::NotFound | Kind::PermissionDenied | Kind::TicketRights) =>
        {
            Ok(())
        }
        Err(failure) => Err(failure),
    }
}

/// A template's Name is inside it, or beside it: not both (1.4 §11.4).
fn add_own(requested: &mut Requested, template: &kmip::types::Template) -> Result<(), Failure> {
    let names = template.attribute.iter().cloned().filter_map(kmip::types::AttributeInstance::from_attribute);
    for name in names.filter(|instance| matches!(instance.value, AttributeValue::Name(_))) {
        if requested.attributes.iter().any(|other| other.value == name.value) {
            continue;
        }
        requested.attributes.add(name);
    }
    Ok(())
}

/// Adds the attributes that the object itself says, which what is given must not contradict.
pub(crate) fn take_from_object(given: &mut AttributeSet, object: &ManagedObject) -> Result<(), Failure> {
    let mut take = |value: AttributeValue| {
        let tag = kmip::ttlv::ByTag::tag(&value);
        match given.get(tag) {
            Some(other) if *other != value => {
                return Err(Failure::new(
                    Kind::InvalidAttributeValue,
                    format!("{tag} is not that of the object"),
                ));
            }
            Some(_) => {}
            None => {
                given.add(value);
            }
        }
        Ok(())
    };
    if let Some(block) = key_block(object) {
        if let Some(algorithm) = block.cryptographic_algorithm {
            take(AttributeValue::CryptographicAlgorithm(algorithm))?;
        }
        if let Some(length) = block.cryptographic_length {
            take(AttributeValue::CryptographicLength(length))?;
        }
    }
    if let ManagedObject::Certificate(certificate) = object {
        take(AttributeValue::CertificateType(certificate.certificate_type))?;
        if let Ok(length) = i32::try_from(certificate.certificate_value.len()) {
            take(AttributeValue::CertificateLength(length))?;
        }
    }
    Ok(())
}

/// Adds what an X.509 certificate says.
fn take_from_certificate(
    given: &mut AttributeSet,
    certificate: &Certificate,
    version: Version,
) -> Result<(), Failure> {
    for value in describe_certificate(certificate, version)? {
        let tag = kmip::ttlv::ByTag::tag(&value);
        // Of what a name has several, it has several; of the rest, the client may have said the same.
        if given.iter().any(|instance| instance.value == value) {
            continue;
        }
        if NAMED_BY_CLIENTS.contains(&tag) && given.get(tag).is_some() {
            return Err(Failure::new(
                Kind::InvalidAttributeValue,
                format!("{tag} is not that of the certificate"),
            ));
        }
        given.add(value);
    }
    Ok(())
}

/// What a client may say of a certificate.
const NAMED_BY_CLIENTS: [Tag; 3] =
    [Tag::CryptographicAlgorithm, Tag::CryptographicLength, Tag::DigitalSignatureAlgorithm];

/// Checks that a key says what it is (1.4 table 171), and that its length is what it says.
fn check_key(given: &AttributeSet, object: &ManagedObject) -> Result<(), Failure> {
    let Some(block) = key_block(object) else { return Ok(()) };
    // Of the parts of a key, it is said of the whole (official case TC-SJ-3).
    let must_say = matches!(
        object,
        ManagedObject::SymmetricKey(_) | ManagedObject::PublicKey(_) | ManagedObject::PrivateKey(_)
    );
    if is_wrapped(block) {
        return Ok(());
    }
    if must_say {
        algorithm(given).ok_or_else(|| required("the Cryptographic Algorithm"))?;
        length(given).ok_or_else(|| required("the Cryptographic Length"))?;
    }
    let ManagedObject::SymmetricKey(_) = object else { return Ok(()) };
    let bytes = match &block.key_value {
        Some(KeyValue::Plaintext(value)) => match &value.key_material {
            KeyMaterial::ByteString(bytes) if block.key_format_type == kmip::types::KeyFormatType::Raw => {
                bytes
            }
            KeyMaterial::TransparentSymmetricKey(key) => &key.key,
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    let bits = bytes.len().saturating_mul(8);
    if algorithm(given) == Some(CryptographicAlgorithm::AES) && length(given) != i32::try_from(bits).ok() {
        return Err(Failure::new(
            Kind::InvalidAttributeValue,
            format!("the key has {bits} bits, which is not its Cryptographic Length"),
        ));
    }
    Ok(())
}

/// What objects can be registered in a version.
pub(super) fn object_types(version: kmip::ttlv::Version) -> impl Iterator<Item = ObjectType> {
    ObjectType::all(version)
}
