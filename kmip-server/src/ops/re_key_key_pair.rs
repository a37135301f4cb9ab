use kmip::ttlv::{Tag, Text};
use kmip::types::{
    AttributeId, AttributeValue, KeyFormatType, LinkType, ObjectType, Operation, ReKeyKeyPairRequest,
    ReKeyKeyPairResponse, UniqueIdentifier,
};

use super::key_pair::{Pair, check_pair_protection, halves, link, link_to};
use super::re_key::check_present;
use super::rekeying::{Timing, linked, names, retire, take_over};
use crate::engine::keys::AsymmetricKey;
use crate::engine::{Context, Failure, Kind, Managed, Purpose, Requested};

/// Re-key Key Pair: a new key pair takes the place of an old one (KMIP 1.4 §4.5, 2.0 §6.1.43).
pub(super) fn re_key_key_pair(
    cx: &mut Context<'_>,
    request: ReKeyKeyPairRequest,
) -> Result<ReKeyKeyPairResponse, Failure> {
    let version = cx.version();
    check_pair_protection(
        request.common_protection_storage_masks.as_ref(),
        request.private_protection_storage_masks.as_ref(),
        request.public_protection_storage_masks.as_ref(),
    )?;
    let common = Requested::new(request.common_template_attribute, request.common_attributes)?;
    let private = Requested::new(request.private_key_template_attribute, request.private_key_attributes)?;
    let public = Requested::new(request.public_key_template_attribute, request.public_key_attributes)?;
    let (wanted_private, wanted_public) = halves(cx, common, private, public, Purpose::Generate)?;
    let timing = Timing::new(cx.now(), request.offset, &[&wanted_private, &wanted_public])?;

    let old_private = cx.target(request.private_key_unique_identifier)?;
    let private = cx.object_with_material(&old_private, Operation::ReKeyKeyPair)?;
    check(&private, ObjectType::PrivateKey)?;
    let Some(public_link) = linked(&private, LinkType::PublicKeyLink) else {
        return Err(Failure::new(Kind::NotReplaceable, "the private key has no link to its public key"));
    };
    let old_public = cx.target(Some(public_link))?;
    let public = cx.object_with_material(&old_public, PUBLIC)?;
    check(&public, ObjectType::PublicKey)?;

    let (object, _) = private.object()?;
    let like = AsymmetricKey::read(&object)?.map(|key| key.family());
    let mut given_private = take_over(&private, &wanted_private, timing, version)?;
    let given_public = take_over(&public, &wanted_public, timing, version)?;
    if wanted_private.get(Tag::KeyFormatType).is_none() {
        // A container needs certificates, which the new key has none of.
        let odd = [KeyFormatType::PKCS_12, KeyFormatType::Opaque];
        if odd.iter().any(|format| {
            given_private.get(Tag::KeyFormatType) == Some(&AttributeValue::KeyFormatType(*format))
        }) {
            given_private.remove(&AttributeId::Standard(Tag::KeyFormatType));
        }
    }
    let mut pair = Pair::like(like, given_private, given_public)?;
    pair.ensure_masks(Operation::ReKeyKeyPair, version)?;
    // Made here, outside of any transaction: it may take long.
    let (private_key, public_key) = pair.generate(cx)?;
    let (new_private, new_public) = (cx.new_identifier()?, cx.new_identifier()?);
    link(&mut pair, &new_private, &new_public);
    let mut new =
        pair.into_new(version, (new_private.clone(), private_key), (new_public.clone(), public_key))?;
    new.private.given.add(link_to(LinkType::ReplacedObjectLink, &old_private));
    new.public.given.add(link_to(LinkType::ReplacedObjectLink, &old_public));
    cx.write(|writer| {
        let mut shared = Vec::new();
        for (identifier, operation, object_type, replacement) in [
            (&old_private, Operation::ReKeyKeyPair, ObjectType::PrivateKey, &new_private),
            (&old_public, PUBLIC, ObjectType::PublicKey, &new_public),
        ] {
            let mut old = writer.object(identifier, operation)?;
            check(&old, object_type)?;
            shared.extend(names(&old));
            retire(&mut old, replacement);
            writer.save(old)?;
        }
        new.replace(writer, (private.owner(), public.owner()), &shared)
    })?;
    cx.returns_pair(&new_private, &new_public);
    let name = |text: Text| UniqueIdentifier::TextString(text);
    Ok(ReKeyKeyPairResponse::new(name(new_private), name(new_public)))
}

/// The right to the public key: it gives its Name away. Policies list Re-key Key Pair of private keys (1.0 §3.13.2), which is
/// the right to the pair.
const PUBLIC: Operation = Operation::ModifyAttribute;

/// Checks that an object is such a key, and is there (1.4 table 332).
fn check(old: &Managed, object_type: ObjectType) -> Result<(), Failure> {
    if old.object_type() != object_type {
        return Err(Failure::new(
            Kind::NotReplaceable,
            format!("the object is of type {}, where a {object_type} is replaced", old.object_type()),
        ));
    }
    check_present(old)
}
