//! The Key Value as the bytes that are wrapped, and back.
#![allow(clippy::useless_conversion, reason = "which structures stand in boxes is the generator's business")]

use kmip::ttlv::{self, Bytes, ItemType, Mode, Secret, Tag, Version};
use kmip::types::{
    AttributeId, AttributeInstance, AttributeName, AttributeSet, EncodingOption, KeyBlock, KeyMaterial,
    KeyValue, PlaintextKeyValue,
};

use super::is_ttlv;
use crate::engine::{Context, Failure, Kind, Managed};
use crate::wipe::Wiped;

/// Puts the attributes beside the Key Material that are to be wrapped with it. Those that the object lacks are left out.
pub(super) fn add_attributes(
    cx: &Context<'_>,
    object: &Managed,
    value: &mut PlaintextKeyValue,
    names: &[AttributeName],
) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    let mut set = AttributeSet::new();
    for name in names {
        let id = AttributeId::from_name(name);
        if !id.is_in(cx.version()) {
            return Err(Failure::new(
                Kind::UnsupportedAttribute,
                format!("{id} is no attribute in KMIP {}", cx.version()),
            ));
        }
        for instance in object.view(cx.version()).of(&id) {
            set.push(AttributeInstance::clone(&instance));
        }
    }
    if PlaintextKeyValue::has_attribute(cx.version()) {
        value.attribute.extend(set.to_attribute_list());
    } else {
        let mut all = value.attributes.take().map(AttributeSet::from_attributes).unwrap_or_default();
        all.extend(set);
        value.attributes = Some(all.to_attributes());
    }
    Ok(())
}

/// The bytes that are wrapped.
pub(super) fn encode(
    value: &PlaintextKeyValue,
    encoding: Option<EncodingOption>,
    version: Version,
) -> Result<Wiped, Failure> {
    if is_ttlv(encoding)? {
        let mut bytes = Wiped::with_capacity(ROOM);
        ttlv::encode_into(value, Tag::KeyValue, version, &mut bytes)?;
        return Ok(bytes);
    }
    // 1.4 §2.1.6: "the Key Value SHALL NOT contain any attributes".
    if !value.attribute.is_empty() || value.attributes.is_some() {
        return Err(Failure::new(Kind::EncodingOption, "with No Encoding, no attributes are wrapped"));
    }
    match &value.key_material {
        KeyMaterial::ByteString(bytes) => Ok(Wiped::from(bytes.expose())),
        _ => Err(Failure::new(
            Kind::EncodingOption,
            "the Key Material is a structure, which can't be wrapped with No Encoding",
        )),
    }
}

/// The bytes that a Key Block holds wrapped, and how they are encoded.
pub(super) fn sealed(
    block: &KeyBlock,
    encoding: Option<EncodingOption>,
    written_in: Version,
) -> Result<(Wiped, Option<EncodingOption>), Failure> {
    match &block.key_value {
        Some(KeyValue::Wrapped(bytes)) => Ok((Wiped::from(bytes.expose()), encoding)),
        Some(KeyValue::Plaintext(value)) => match (&value.key_material, encoding) {
            // Some wrap the Key Material where it stands, inside the Key Value.
            (KeyMaterial::ByteString(bytes), Some(EncodingOption::NoEncoding)) => {
                Ok((Wiped::from(bytes.expose()), encoding))
            }
            _ => Ok((encode(value, encoding, written_in)?, encoding)),
        },
        _ => Err(Failure::new(Kind::KeyValueNotPresent, "the server has attributes of this key alone")),
    }
}

/// The Key Value that was wrapped.
pub(super) fn decode(
    block: &KeyBlock,
    plain: Wiped,
    encoding: Option<EncodingOption>,
    version: Version,
) -> Result<PlaintextKeyValue, Failure> {
    if !is_ttlv(encoding)? {
        return Ok(PlaintextKeyValue::new(KeyMaterial::ByteString(Secret::from_shared(plain.into()))));
    }
    // What the Key Material is depends on the Key Format Type beside it: the value is read within a Key Block.
    let format = ttlv::encode(&block.key_format_type, Tag::KeyFormatType, version)?;
    let length = format.len().saturating_add(plain.len());
    let mut bytes = Wiped::with_capacity(length.saturating_add(ttlv::HEADER_SIZE));
    let [_, tag @ ..] = Tag::KeyBlock.0.to_be_bytes();
    bytes.extend_from_slice(&tag);
    bytes.push(ItemType::Structure.code());
    bytes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(&format);
    bytes.extend_from_slice(&plain);
    let unreadable = || Failure::new(Kind::Cryptographic, "what was unwrapped is no Key Value");
    let read: KeyBlock =
        ttlv::decode(&Bytes::from(bytes), Tag::KeyBlock, version, Mode::Lenient).map_err(|_| unreadable())?;
    match read.key_value {
        Some(KeyValue::Plaintext(value)) => Ok(value.into()),
        _ => Err(unreadable()),
    }
}

/// Enough for most values, so that they are not moved while they are written: what moves leaves traces behind.
const ROOM: usize = 8192;
