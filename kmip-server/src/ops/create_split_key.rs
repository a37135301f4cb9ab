use kmip::ttlv::{BigInteger, Secret, Tag, Text};
use kmip::types::{
    AttributeSet, AttributeValue, CreateSplitKeyRequest, CreateSplitKeyResponse, KeyBlock, KeyFormatType,
    KeyMaterial, KeyValue, LinkType, ManagedObject, ObjectType, Operation, PlaintextKeyValue, SplitKey,
    SplitKeyMethod, UniqueIdentifier,
};

use super::create::create_key;
use super::key_pair::link_to;
use super::split::{guard, number, sharing};
use crate::engine::{
    Context, Failure, Kind, Managed, New, Purpose, Requested, check_protection, convert, facts, is_wrapped,
    key_block,
};
use crate::wipe::Wiped;

/// Create Split Key: a key, new or there already, is split into parts, which are objects of their own (KMIP 1.4 §4.38,
/// 2.0 §6.1.10).
pub(super) fn create_split_key(
    cx: &mut Context<'_>,
    request: CreateSplitKeyRequest,
) -> Result<CreateSplitKeyResponse, Failure> {
    if request.object_type != ObjectType::SplitKey {
        return Err(Failure::new(
            Kind::ObjectType,
            format!("what is created is a Split Key, not a {}", request.object_type),
        ));
    }
    let shape = Shape {
        parts: number(request.split_key_parts)?,
        threshold: number(request.split_key_threshold)?,
        method: request.split_key_method,
        prime: request.prime_field_size,
    };
    let sharing = sharing(shape.method, shape.prime.as_ref(), cx.version())?;
    check_protection(request.protection_storage_masks.as_ref())?;
    let mut requested = Requested::new(request.template_attribute, request.attributes)?;
    cx.add_templates(&mut requested)?;
    let mut given = requested.check(ObjectType::SplitKey, Purpose::Generate, cx.version())?;

    let existing = match request.unique_identifier {
        Some(identifier) => {
            let identifier = cx.target(Some(identifier))?;
            Some((cx.object_with_material(&identifier, Operation::CreateSplitKey)?, identifier))
        }
        None => None,
    };
    let whole = match &existing {
        Some((key, _)) => {
            take_over(&mut given, key);
            secret_of(key)?
        }
        None => create_key(cx, &mut given)?,
    };
    let (template, secret) = take_apart(&whole)?;
    let shares = sharing.split(secret.expose(), shape.parts, shape.threshold)?;
    let original = existing.map(|(_, identifier)| identifier);
    let parts = (1..).zip(shares).map(|(number, share)| {
        let mut given = given.clone();
        if let Some(original) = &original {
            given.add(link_to(LinkType::ParentLink, original));
        }
        let object = shape.part(number, &template, share);
        let facts = facts(&object, Purpose::Generate, cx.version())?;
        Ok(New { identifier: cx.new_identifier()?, given, facts, object })
    });
    let parts: Vec<New> = parts.collect::<Result<_, Failure>>()?;
    insert(cx, original.as_ref(), &parts)?;

    // "The ID Placeholder value SHALL be set to the Unique Identifier of the split whose Key Part Identifier is 1."
    if let Some(first) = parts.first() {
        cx.set_placeholder(&first.identifier);
    }
    let mut response = CreateSplitKeyResponse::new();
    for part in parts {
        cx.returns(&part.identifier);
        response.unique_identifier.push(UniqueIdentifier::TextString(part.identifier));
    }
    Ok(response)
}

/// What is the same for all parts.
struct Shape {
    parts: u8,
    threshold: u8,
    method: SplitKeyMethod,
    prime: Option<BigInteger>,
}

impl Shape {
    /// The part with this number.
    fn part(&self, number: u8, template: &KeyBlock, share: Wiped) -> ManagedObject {
        let value = PlaintextKeyValue::new(KeyMaterial::ByteString(Secret::from_shared(share.into())));
        let block = KeyBlock { key_value: Some(KeyValue::Plaintext(value)), ..template.clone() };
        let (parts, threshold) = (self.parts.into(), self.threshold.into());
        ManagedObject::SplitKey(SplitKey {
            prime_field_size: self.prime.clone(),
            ..SplitKey::new(parts, number.into(), threshold, self.method, block)
        })
    }
}

/// "If the attributes supplied in the request do not match those of the key supplied, the attributes of the key take
/// precedence."
fn take_over(given: &mut AttributeSet, key: &Managed) {
    for tag in [Tag::CryptographicAlgorithm, Tag::CryptographicLength, Tag::CryptographicUsageMask] {
        if let Some(value) = key.attributes.get(tag) {
            given.set(value.clone());
        }
    }
    guard(given, &key.attributes);
}

/// The object, with its secret as one Byte String.
fn secret_of(key: &Managed) -> Result<ManagedObject, Failure> {
    let (mut object, _) = key.object()?;
    let format = match &object {
        ManagedObject::SymmetricKey(_) => KeyFormatType::Raw,
        ManagedObject::PrivateKey(_) => KeyFormatType::PKCS_8,
        ManagedObject::SecretData(_) => KeyFormatType::Opaque,
        _ => {
            return Err(Failure::new(
                Kind::WrongObjectType,
                format!("objects of type {} are not split", key.object_type()),
            ));
        }
    };
    let is_structure = key_block(&object).is_some_and(|block| match &block.key_value {
        Some(KeyValue::Plaintext(value)) => !matches!(value.key_material, KeyMaterial::ByteString(_)),
        _ => false,
    });
    if is_structure {
        convert(&mut object, format)?;
    }
    Ok(object)
}

/// The secret in a key block, and the rest of it.
fn take_apart(object: &ManagedObject) -> Result<(KeyBlock, Secret), Failure> {
    let unfit = || Failure::new(Kind::WrongObjectType, "the server does not have the key itself to split it");
    let block = key_block(object).filter(|block| !is_wrapped(block)).ok_or_else(unfit)?;
    let Some(KeyValue::Plaintext(value)) = &block.key_value else { return Err(unfit()) };
    let KeyMaterial::ByteString(secret) = &value.key_material else { return Err(unfit()) };
    let bits = i32::try_from(secret.len().saturating_mul(8)).ok();
    let length = match object {
        // Of secret data, nothing else says how long it is.
        ManagedObject::SecretData(_) => bits,
        _ => block.cryptographic_length,
    };
    let template = KeyBlock {
        cryptographic_algorithm: block.cryptographic_algorithm,
        cryptographic_length: length,
        ..KeyBlock::new(block.key_format_type)
    };
    Ok((template, secret.clone()))
}

/// Adds all parts, and says on the key that was split which they are.
fn insert(cx: &mut Context<'_>, original: Option<&Text>, parts: &[New]) -> Result<(), Failure> {
    cx.write(|writer| {
        if let Some(original) = original {
            let mut key = writer.object(original, Operation::CreateSplitKey)?;
            // Between reading it and now, it may have been destroyed.
            key.check_available()?;
            for part in parts {
                key.attributes.add(link_to(LinkType::ChildLink, &part.identifier));
            }
            writer.save(key)?;
        }
        let mut names: Vec<AttributeValue> = Vec::new();
        for part in parts {
            writer.insert(part, &names)?;
            if names.is_empty() {
                // What one part is called, the others are called too.
                let all = part.given.iter().map(|instance| &instance.value);
                names = all.filter(|value| matches!(value, AttributeValue::Name(_))).cloned().collect();
            }
        }
        Ok(())
    })
}
