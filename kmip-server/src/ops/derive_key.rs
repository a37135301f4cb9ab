use kmip::ttlv::{Secret, Tag, Text};
use kmip::types::{
    AttributeSet, AttributeValue, CryptographicUsageMask, DeriveKeyRequest, DeriveKeyResponse, LinkType,
    ManagedObject, ObjectType, Operation, UniqueIdentifier,
};

use super::derivation::{Base, derive};
use super::key_pair::link_to;
use super::lengths::{derived_bytes, permit, secret_bytes};
use super::parts::{KeyUse, check_key};
use crate::engine::{
    Context, Failure, Kind, New, Purpose, Requested, Use, algorithm, convert, facts, length, required,
    secret_data_of, symmetric_key,
};
use crate::wipe::Wiped;

/// Derive Key: a key or secret data is made from others (KMIP 1.4 §4.6, 2.0 §6.1.14).
pub(super) fn derive_key(
    cx: &mut Context<'_>,
    request: DeriveKeyRequest,
) -> Result<DeriveKeyResponse, Failure> {
    let (object_type, version) = (request.object_type, cx.version());
    if !matches!(object_type, ObjectType::SymmetricKey | ObjectType::SecretData) {
        return Err(Failure::new(
            Kind::ObjectType,
            format!("a Symmetric Key or Secret Data is derived, but no {object_type}"),
        ));
    }
    let mut requested = Requested::new(request.template_attribute, request.attributes)?;
    cx.add_templates(&mut requested)?;
    let given = requested.check(object_type, Purpose::Generate, version)?;
    let wanted = wanted(cx, object_type, &given)?;

    let bases = bases(cx, request.unique_identifier)?;
    let parameters = request.derivation_parameters;
    let derived = derive(cx, request.derivation_method, parameters, &bases, wanted)?;

    let mut object = object(object_type, &given, derived)?;
    if let Some(AttributeValue::KeyFormatType(format)) = given.get(Tag::KeyFormatType) {
        let format = *format;
        convert(&mut object, format)?;
    }
    let facts = facts(&object, Purpose::Generate, version)?;
    let mut given = given;
    for base in &bases {
        given.add(link_to(LinkType::DerivationBaseObjectLink, &base.identifier));
    }
    let new = New { identifier: cx.new_identifier()?, given, facts, object };
    cx.write(|writer| {
        for base in &bases {
            let mut object = writer.object(&base.identifier, Operation::DeriveKey)?;
            object.attributes.add(link_to(LinkType::DerivedKeyLink, &new.identifier));
            writer.save(object)?;
        }
        writer.insert(&new, &[])
    })?;
    cx.set_placeholder(&new.identifier);
    cx.returns(&new.identifier);
    Ok(DeriveKeyResponse::new(UniqueIdentifier::TextString(new.identifier)))
}

/// How many bytes are to be derived.
fn wanted(cx: &Context<'_>, object_type: ObjectType, given: &AttributeSet) -> Result<usize, Failure> {
    let length = length(given).ok_or_else(|| required("the Cryptographic Length"))?;
    if object_type == ObjectType::SecretData {
        return secret_bytes(length);
    }
    let algorithm = algorithm(given).ok_or_else(|| required("the Cryptographic Algorithm"))?;
    let bytes = derived_bytes(algorithm, length)?;
    permit(cx, algorithm)?;
    Ok(bytes)
}

/// The objects to derive from, each once.
fn bases(cx: &mut Context<'_>, identifiers: Vec<UniqueIdentifier>) -> Result<Vec<Base>, Failure> {
    let mut bases: Vec<Base> = Vec::new();
    for identifier in identifiers {
        // "The current value of the ID Placeholder SHALL NOT be used."
        if identifier == PLACEHOLDER {
            return Err(Failure::new(Kind::InvalidField, "a key is not derived from the ID Placeholder"));
        }
        let identifier: Text = cx.target(Some(identifier))?;
        if bases.iter().any(|base| base.identifier == identifier) {
            return Err(Failure::new(Kind::InvalidField, "a key is not derived twice from the same object"));
        }
        let key = cx.object_with_material(&identifier, Operation::DeriveKey)?;
        key.check_available()?;
        if !DERIVABLE.contains(&key.object_type()) {
            return Err(Failure::new(
                Kind::WrongObjectType,
                format!("nothing is derived from objects of type {}", key.object_type()),
            ));
        }
        check_key(cx, &key, KEY_USE)?;
        let (object, _) = key.object()?;
        bases.push(Base { identifier, key, object });
    }
    Ok(bases)
}

/// The object that holds what was derived.
fn object(object_type: ObjectType, given: &AttributeSet, derived: Wiped) -> Result<ManagedObject, Failure> {
    let derived = Secret::from_shared(derived.into());
    match (object_type, algorithm(given), length(given)) {
        (ObjectType::SymmetricKey, Some(algorithm), Some(length)) => {
            Ok(symmetric_key(algorithm, length, derived))
        }
        (ObjectType::SecretData, ..) => Ok(secret_data_of(kmip::types::SecretDataType::Seed, derived)),
        _ => Err(required("the Cryptographic Length")),
    }
}

const KEY_USE: KeyUse = KeyUse { purpose: Use::Derive, bits: CryptographicUsageMask::DeriveKey };

/// What there is to derive from.
const DERIVABLE: [ObjectType; 4] =
    [ObjectType::SymmetricKey, ObjectType::SecretData, ObjectType::PrivateKey, ObjectType::PublicKey];

const PLACEHOLDER: UniqueIdentifier =
    UniqueIdentifier::UniqueIdentifierEnumeration(kmip::types::UniqueIdentifierEnumeration::IDPlaceholder);
