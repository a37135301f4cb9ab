use kmip::ttlv::{self, Mode, Tag, Unknown};
use kmip::types::{
    AttributeValue, KeyFormatType, LinkType, ObjectType, Operation, ReKeyRequest, ReKeyResponse,
    TemplateAttribute, UniqueIdentifier, version,
};

use super::create::create_key;
use super::key_pair::link_to;
use super::rekeying::{Timing, names, retire, take_over};
use crate::engine::{
    Context, Failure, Kind, Managed, New, Purpose, Requested, check_protection, convert, facts, is_wrapped,
    key_block,
};

/// Re-key: a new symmetric key takes the place of an old one (KMIP 1.4 §4.4, 2.0 §6.1.42).
pub(super) fn re_key(cx: &mut Context<'_>, request: ReKeyRequest) -> Result<ReKeyResponse, Failure> {
    let version = cx.version();
    check_protection(request.protection_storage_masks.as_ref())?;
    let template = match request.template_attribute {
        Some(template) => Some(template),
        None => stray_template(&request.unknown)?,
    };
    let mut requested = Requested::new(template, request.attributes)?;
    cx.add_templates(&mut requested)?;
    let requested = requested.check(ObjectType::SymmetricKey, Purpose::Generate, version)?;
    let timing = Timing::new(cx.now(), request.offset, &[&requested])?;
    let identifier = cx.target(request.unique_identifier)?;
    let old = cx.object_with_material(&identifier, Operation::ReKey)?;
    check(&old)?;

    let mut given = take_over(&old, &requested, timing, version)?;
    let mut object = create_key(cx, &mut given)?;
    if let Some(AttributeValue::KeyFormatType(format)) = given.get(Tag::KeyFormatType) {
        // Formats in which only the old key can be, wrapped as it may be, are not asked for again.
        if *format == KeyFormatType::TransparentSymmetricKey || requested.get(Tag::KeyFormatType).is_some() {
            convert(&mut object, *format)?;
        }
    }
    let facts = facts(&object, Purpose::Generate, version)?;
    let mut new = New { identifier: cx.new_identifier()?, given, facts, object };
    cx.write(|writer| {
        // What it takes over is what the old key has now, not what it had when its replacement was begun.
        let mut old = writer.object(&identifier, Operation::ReKey)?;
        check(&old)?;
        new.given = take_over(&old, &requested, timing, version)?;
        new.given.add(link_to(LinkType::ReplacedObjectLink, &identifier));
        let names = names(&old);
        let owner = old.owner().to_owned();
        retire(&mut old, &new.identifier);
        writer.save(old)?;
        writer.insert_for(&owner, &new, &names)
    })?;
    cx.set_placeholder(&new.identifier);
    cx.returns(&new.identifier);
    Ok(ReKeyResponse::new(UniqueIdentifier::TextString(new.identifier)))
}

/// PyKMIP's client gives the new key's attributes in a Template-Attribute in 2.0, too, where there is none any more.
fn stray_template(unknown: &Unknown) -> Result<Option<TemplateAttribute>, Failure> {
    let Some(item) = unknown.iter().next() else { return Ok(None) };
    let bytes = ttlv::encode(item, item.tag, version::V1_4)?;
    ttlv::decode(&bytes.into(), item.tag, version::V1_4, Mode::Lenient)
        .map(Some)
        .map_err(|error| Failure::new(Kind::InvalidMessage, error.to_string()))
}

/// Checks that an object is a symmetric key that is there (1.4 table 331).
fn check(old: &Managed) -> Result<(), Failure> {
    if old.object_type() != ObjectType::SymmetricKey {
        return Err(Failure::new(
            Kind::NotReplaceable,
            format!("an object of type {} is not re-keyed; a Symmetric Key can be", old.object_type()),
        ));
    }
    check_present(old)
}

/// Checks that the server has the key, and not attributes alone.
pub(super) fn check_present(old: &Managed) -> Result<(), Failure> {
    let (object, _) = old.object()?;
    if key_block(&object).is_some_and(|block| block.key_value.is_none() && !is_wrapped(block)) {
        return Err(Failure::new(Kind::KeyValueNotPresent, "the server has attributes of this key alone"));
    }
    Ok(())
}
