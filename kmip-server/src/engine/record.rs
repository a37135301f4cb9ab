//! How an object is written down: its attributes and its material, each as one run of TTLV items.
//!
//! Every attribute stands under its own tag, as in KMIP 2.0, in the newest version that has it, so that nothing is lost
//! of what any version's clients set; those with an index other than 0 have it before them. The material is the
//! object as it was registered, behind the two numbers of the version it was registered in.

use std::ops::Range;

use kmip::ttlv::{self, ByTag, Bytes, Encoder, Error, HEADER_SIZE, Mode, Tag, Version};
use kmip::types::tables::attribute_info;
use kmip::types::{AttributeId, AttributeInstance, AttributeSet, AttributeValue, ManagedObject};

use super::{Failure, LATEST};
use crate::wipe::Wiped;

/// A written attribute record.
pub(super) struct Record {
    /// The record.
    pub(super) bytes: Bytes,
    /// Where each attribute's item stands in it, in the order of the set.
    pub(super) items: Vec<Range<usize>>,
}

/// Writes the attributes of an object.
pub(super) fn encode(attributes: &AttributeSet) -> Result<Record, Error> {
    let mut bytes = Wiped::with_capacity(ROOM);
    let mut items = Vec::with_capacity(attributes.len());
    for instance in attributes {
        if instance.index != 0 {
            Encoder::new(&mut bytes, LATEST).integer(Tag::AttributeIndex, instance.index);
        }
        let start = bytes.len();
        encode_value(instance, &mut bytes)?;
        items.push(start..bytes.len());
    }
    Ok(Record { bytes: bytes.into(), items })
}

/// Writes one attribute as a record has it.
pub(super) fn encode_value(instance: &AttributeInstance, bytes: &mut Vec<u8>) -> Result<(), Error> {
    match &instance.id {
        AttributeId::Standard(tag) => ttlv::encode_into(&instance.value, *tag, written_in(*tag), bytes),
        AttributeId::Vendor { .. } => {
            ttlv::encode_into(&instance.to_value(), Tag::Attribute, written_in(Tag::Attribute), bytes)
        }
    }
}

/// Reads the attributes of an object.
pub(super) fn decode(record: &Bytes) -> Result<AttributeSet, Failure> {
    let mut set = AttributeSet::new();
    let (mut position, mut index) = (0, 0);
    while let Some(head) = record.get(position..).and_then(|rest| rest.first_chunk::<HEADER_SIZE>()) {
        let [t0, t1, t2, _, l0, l1, l2, l3] = *head;
        let tag = Tag(u32::from_be_bytes([0, t0, t1, t2]));
        let length = usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        let end =
            length.checked_next_multiple_of(8).and_then(|length| length.checked_add(position + HEADER_SIZE));
        let Some(end) = end.filter(|end| *end <= record.len()) else { break };
        let item = record.slice(position..end);
        position = end;
        if tag == Tag::AttributeIndex {
            index = ttlv::decode::<i32>(&item, tag, LATEST, Mode::Lenient)?;
            continue;
        }
        let value: AttributeValue = ttlv::decode(&item, tag, written_in(tag), Mode::Lenient)?;
        set.push(AttributeInstance {
            index: std::mem::take(&mut index),
            ..AttributeInstance::from_value(value)
        });
    }
    if position == record.len() { Ok(set) } else { Err(Failure::internal(&"an attribute record is damaged")) }
}

/// Writes an object's material, as it is in a version.
pub(super) fn encode_object(object: &ManagedObject, version: Version) -> Result<Bytes, Error> {
    let mut bytes = Wiped::with_capacity(ROOM);
    bytes.extend_from_slice(&[version.major(), version.minor()]);
    ttlv::encode_into(object, object.tag(), version, &mut bytes)?;
    Ok(bytes.into())
}

/// Reads an object's material, and the version that it was written in.
pub(super) fn decode_object(material: &Bytes) -> Result<(ManagedObject, Version), Failure> {
    let damaged = || Failure::internal(&"a material record is damaged");
    let [major, minor, t0, t1, t2, ..] = **material else { return Err(damaged()) };
    let (version, tag) = (Version::new(major, minor), Tag(u32::from_be_bytes([0, t0, t1, t2])));
    let object = ttlv::decode(&material.slice(2..), tag, version, Mode::Lenient)?;
    Ok((object, version))
}

/// The newest version that has an attribute.
pub(super) fn written_in(tag: Tag) -> Version {
    attribute_info(tag).and_then(|info| info.until).unwrap_or(LATEST)
}

/// Enough for most records, so that they are not moved while they are written: what moves leaves traces behind.
const ROOM: usize = 4096;

#[cfg(test)]
mod tests {
    use kmip::ttlv::{DateTime, Item, Text, Value};
    use kmip::types::{CertificateIdentifier, KeyFormatType, Name, NameType};

    use super::*;

    #[test]
    fn attributes_of_every_version_come_back_as_they_were() {
        let mut set = AttributeSet::new();
        set.add(AttributeValue::Name(Name::new("one".into(), NameType::UninterpretedTextString)));
        set.add(AttributeValue::Name(Name::new("two".into(), NameType::UninterpretedTextString)));
        set.add(AttributeValue::ActivationDate(DateTime(7)));
        set.add(AttributeValue::OperationPolicyName("default".into()));
        set.add(AttributeValue::CertificateIdentifier(CertificateIdentifier::new("issuer".into())));
        set.add(AttributeValue::KeyFormatType(KeyFormatType::Raw));
        set.add(AttributeInstance::vendor("x", "Owner", "me"));
        let inner =
            vec![Item::new(Tag(0x0054_0001), true), Item::new(Tag(0x0054_0002), Value::Enumeration(9))];
        set.add(AttributeInstance::vendor("x", "Parts", inner));
        set.remove_instance(&AttributeId::Standard(Tag::Name), 0);
        let record = encode(&set).unwrap();
        assert_eq!(record.items.len(), set.len());
        assert_eq!(decode(&record.bytes).unwrap(), set);
    }

    #[test]
    fn a_cut_record_is_an_error() {
        let set = AttributeSet::from_iter([AttributeValue::ContactInformation(Text::from("someone"))]);
        let record = encode(&set).unwrap().bytes;
        for length in 1..record.len() {
            assert!(decode(&record.slice(..length)).is_err(), "{length}");
        }
        assert!(decode_object(&Bytes::from_static(&[1])).is_err());
    }
}
