//! The values that are easily got wrong: numbers of any size, times, what no table knows, and what must not be seen.
#![allow(
    clippy::useless_conversion,
    reason = "which values are boxed is decided by their size, and not said here"
)]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use kmip::{
    ttlv::{
        self, BigInteger, Bytes, DateTime, DateTimeExtended, ErrorKind, Interval, Item, Limits, Mode,
        Readable, Secret, SecretText, Tag, Tree, Value, Version,
    },
    types::{
        Attribute, AttributeName, AttributeValue, Attributes, CreateRequest, CryptographicAlgorithm, Data,
        EncryptRequest, GetResponse, KeyBlock, KeyFormatType, KeyMaterial, KeyValue, ManagedObject,
        ObjectType, Operation, PlaintextKeyValue, RequestBatchItem, RequestHeader, RequestMessage,
        ResponseBatchItem, ResponseHeader, ResponseMessage, ResultStatus, SymmetricKey, TemplateAttribute,
        TimeStamp, TransparentSymmetricKey, UniqueIdentifier, UsernameAndPasswordCredential, VendorAttribute,
        tables, version,
    },
};
use kmip_tests::{raw::Raw, samples::to_hex};

const TAG: Tag = Tag(0x54_0001);

/// Writes, looks at the hexadecimal form, reads strictly and compares.
#[track_caller]
fn exact<T>(value: &T, version: Version, expected: &str)
where
    T: ttlv::Encode + ttlv::Decode + PartialEq + std::fmt::Debug,
{
    let bytes = Bytes::from(ttlv::encode(value, TAG, version).unwrap());
    assert_eq!(to_hex(&bytes), expected.replace(' ', ""));
    for mode in [Mode::Strict, Mode::Lenient] {
        assert_eq!(ttlv::decode::<T>(&bytes, TAG, version, mode).unwrap(), *value);
    }
}

#[test]
fn numbers_times_and_texts() {
    let version = version::V2_0;
    // The examples of KMIP 1.0 §9.1.2, under another tag.
    exact(&8, version, "540001 02 00000004 00000008 00000000");
    exact(
        &123_456_789_000_000_000_i64,
        version,
        "540001 03 00000008 01B69B4BA5749200".to_lowercase().as_str(),
    );
    exact(&true, version, "540001 06 00000008 0000000000000001");
    exact(&DateTime(0x47DA_67F8), version, "540001 09 00000008 0000000047da67f8");
    exact(&Interval(864_000), version, "540001 0a 00000004 000d2f00 00000000");
    exact(&Bytes::from_static(&[1, 2, 3]), version, "540001 08 00000003 010203 0000000000");
    exact(&ttlv::Text::from("Hello World"), version, "540001 07 0000000b 48656c6c6f20576f726c64 0000000000");
    exact(&i32::MIN, version, "540001 02 00000004 80000000 00000000");
    exact(&-1_i64, version, "540001 03 00000008 ffffffffffffffff");
    // KMIP 2.0 §9.1.1.4: microseconds.
    exact(&DateTimeExtended(0x0004_1234_5678_9ABC), version, "540001 0b 00000008 0004123456789abc");
    exact(&DateTime(i64::MIN), version, "540001 09 00000008 8000000000000000");
}

/// Its type is none in 1.x, whose list ends with Interval (1.4 §9.1.1.2): there, such an item is malformed.
#[test]
fn date_time_extended_is_of_2_0() {
    let time = Item { tag: TAG, value: ttlv::Value::DateTimeExtended(DateTimeExtended(1)) };
    let bytes = Bytes::from(ttlv::encode(&time, TAG, version::V2_0).unwrap());
    for version in version::ALL.iter().filter(|version| **version < version::V2_0) {
        let error = ttlv::encode(&time, TAG, *version).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Version { .. }), "{error}");
        for mode in [Mode::Strict, Mode::Lenient] {
            let error = ttlv::decode::<Item>(&bytes, TAG, *version, mode).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::UnknownItemType(11)), "{error}");
        }
    }
}

#[test]
fn big_integers_are_extended_with_their_sign() {
    let big = |bytes: &[u8]| BigInteger::from_signed_bytes(bytes.to_vec());
    let written = |number: &BigInteger| to_hex(&ttlv::encode(number, TAG, version::V1_0).unwrap()[4..]);
    assert_eq!(written(&big(&[])), "000000080000000000000000");
    assert_eq!(written(&big(&[0x7F])), "00000008000000000000007f");
    assert_eq!(written(&big(&[0x80])), "00000008ffffffffffffff80");
    assert_eq!(written(&big(&[0, 0x80])), "000000080000000000000080");
    assert_eq!(written(&big(&[1, 2, 3, 4, 5, 6, 7, 8])), "000000080102030405060708");
    assert_eq!(written(&big(&[0xFF, 2, 3, 4, 5, 6, 7, 8, 9])), "00000010ffffffffffffffff0203040506070809");
    assert_eq!(
        written(&BigInteger::from_unsigned_bytes(&[0xFF; 8])),
        "000000100000000000000000ffffffffffffffff"
    );
    // As the example of KMIP 1.0 §9.1.2.
    let number = big(&[0, 0, 0, 0, 3, 0xFD, 0x35, 0xEB, 0x6B, 0xC2, 0xDF, 0x46, 0x18, 0x08, 0, 0]);
    exact(&number, version::V1_0, "540001 04 00000010 0000000003fd35eb 6bc2df4618080000");
}

#[test]
fn big_integers_of_odd_length_are_for_lenient_mode() {
    for (value, length, canonical) in [
        (&[][..], 0_u8, "540001040000000800000000 00000000"),
        (&[0x85], 1, "5400010400000008ffffffff ffffff85"),
        (&[0x7F, 1, 2], 3, "540001040000000800000000 007f0102"),
    ] {
        let bytes = Bytes::from(Raw::value(TAG.0, 4, value).to_bytes());
        let error = ttlv::decode::<BigInteger>(&bytes, TAG, version::V1_0, Mode::Strict).unwrap_err();
        let found = u32::from(length);
        assert_eq!(*error.kind(), ErrorKind::WrongLength { item_type: ttlv::ItemType::BigInteger, found });
        let read: BigInteger = ttlv::decode(&bytes, TAG, version::V1_0, Mode::Lenient).unwrap();
        assert_eq!(read.as_signed_bytes(), value);
        let written = ttlv::encode(&read, TAG, version::V1_0).unwrap();
        assert_eq!(to_hex(&written), canonical.replace(' ', ""));
    }
}

fn create(version: Version, attributes: Vec<AttributeValue>) -> RequestMessage {
    let payload = if version < version::V2_0 {
        let attribute = attributes
            .into_iter()
            .map(|value| Attribute {
                attribute_name: Some(AttributeName::from("x-Vendor")),
                attribute_value: Some(value),
                ..Attribute::new()
            })
            .collect();
        let template = TemplateAttribute { attribute, ..TemplateAttribute::new() };
        CreateRequest { template_attribute: Some(template), ..CreateRequest::new(ObjectType::SymmetricKey) }
    } else {
        let attributes = Attributes { attribute: attributes, ..Attributes::new() };
        CreateRequest { attributes: Some(attributes), ..CreateRequest::new(ObjectType::SymmetricKey) }
    };
    let item = RequestBatchItem::new(Operation::Create, payload.into());
    RequestMessage { batch_item: vec![item], ..RequestMessage::new(RequestHeader::new(version.into(), 1)) }
}

#[track_caller]
fn survives(message: &RequestMessage) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.write(&mut bytes).unwrap();
    for mode in [Mode::Strict, Mode::Lenient] {
        let read = RequestMessage::read(&Bytes::copy_from_slice(&bytes), mode, Limits::DEFAULT).unwrap();
        assert_eq!(read, *message);
        let mut again = Vec::new();
        read.write(&mut again).unwrap();
        assert_eq!(again, bytes);
    }
    bytes
}

/// A value of each type.
fn any_values() -> Vec<Value> {
    vec![
        Value::Structure(vec![Item::new(Tag(0x54_0002), 1), Item::new(Tag(0x54_0003), "in it")]),
        Value::Structure(Vec::new()),
        1.into(),
        (-1_i64).into(),
        BigInteger::from_unsigned_bytes(&[0x80; 23]).into(),
        Value::Enumeration(0x8000_0001),
        true.into(),
        "text".into(),
        Bytes::from_static(b"bytes").into(),
        DateTime(0).into(),
        Interval(u32::MAX).into(),
    ]
}

#[test]
fn custom_and_vendor_attributes_of_any_type_survive() {
    for version in version::ALL.iter().copied() {
        for value in any_values() {
            let attribute = if version < version::V2_0 {
                AttributeValue::Other(Item { tag: Tag::AttributeValue, value }.into())
            } else {
                let value = Item { tag: Tag::AttributeValue, value };
                let vendor = VendorAttribute::new("acme".into(), "Shelf".into(), value);
                AttributeValue::VendorAttribute(vendor.into())
            };
            survives(&create(version, vec![attribute.clone(), attribute]));
        }
    }
    // Under a tag of the vendor's own, among the others.
    let own = AttributeValue::Other(Item::new(Tag(0x54_0009), "own").into());
    survives(&create(version::V2_0, vec![AttributeValue::CryptographicLength(128), own]));
}

#[test]
fn values_that_no_table_has_survive() {
    let extension = CryptographicAlgorithm(0x8000_0042);
    assert_eq!(extension.to_string(), "0x80000042");
    survives(&create(version::V2_0, vec![AttributeValue::CryptographicAlgorithm(extension)]));
    let mask = kmip::types::CryptographicUsageMask::from_bits_retain(0x8000_0001);
    survives(&create(version::V2_0, vec![AttributeValue::CryptographicUsageMask(mask)]));
    // A vendor's operation, whose payload no table describes.
    let payload = Item::new(Tag::RequestPayload, any_values().swap_remove(0));
    let item =
        RequestBatchItem::new(Operation(0x8000_0001), kmip::types::RequestPayload::Other(payload.into()));
    let header = RequestHeader::new(version::V1_0.into(), 1);
    survives(&RequestMessage { batch_item: vec![item], ..RequestMessage::new(header) });
}

#[test]
fn a_time_stamp_with_microseconds_is_of_2_0() {
    let message = |version: Version| {
        let time = TimeStamp::DateTimeExtended(DateTimeExtended(1_700_000_000_123_456));
        let item = ResponseBatchItem::new(ResultStatus::Success);
        let header = ResponseHeader::new(version.into(), time, 1);
        ResponseMessage { batch_item: vec![item], ..ResponseMessage::new(header) }
    };
    let mut bytes = Vec::new();
    message(version::V2_0).write(&mut bytes).unwrap();
    let read = ResponseMessage::read(&Bytes::from(bytes.clone()), Mode::Strict, Limits::DEFAULT).unwrap();
    assert_eq!(read, message(version::V2_0));
    let error = message(version::V1_4).write(&mut Vec::new()).unwrap_err();
    assert!(error.to_string().starts_with("TimeStamp is not in KMIP 1.4 here at byte "), "{error}");
}

const MARK: &[u8] = b"\xA7SEKRET-SEKRET\xA7";

/// Neither the bytes, in any of the usual forms, nor a part of them.
#[track_caller]
fn is_hidden(shown: &str) {
    let low = shown.to_lowercase();
    assert!(
        !low.contains("sekret") && !low.contains("53454b524554") && !low.contains("83, 69, 75"),
        "{shown}"
    );
    assert!(!low.contains("53, 45, 4b") && !low.contains("0x53, 0x45"), "{shown}");
}

#[test]
fn secrets_are_not_seen() {
    let secret = || Secret::from(MARK);
    let block = |material: KeyMaterial, format: KeyFormatType| KeyBlock {
        key_value: Some(KeyValue::Plaintext(PlaintextKeyValue::new(material).into())),
        ..KeyBlock::new(format)
    };
    let own = Item::new(
        Tag::KeyMaterial,
        Value::Structure(vec![
            Item::new(Tag(0x54_0001), Bytes::from_static(MARK)),
            Item::new(Tag(0x54_0002), "sekret"),
        ]),
    );
    let materials = [
        block(KeyMaterial::ByteString(secret()), KeyFormatType::Raw),
        block(
            KeyMaterial::TransparentSymmetricKey(TransparentSymmetricKey::new(secret())),
            KeyFormatType::TransparentSymmetricKey,
        ),
        block(KeyMaterial::Other(own.into()), KeyFormatType(0x8000_0001)),
        KeyBlock { key_value: Some(KeyValue::Wrapped(secret())), ..KeyBlock::new(KeyFormatType::Raw) },
    ];
    for block in materials {
        let object = ManagedObject::SymmetricKey(SymmetricKey::new(block));
        let id = UniqueIdentifier::TextString("key".into());
        let payload = GetResponse::new(ObjectType::SymmetricKey, id, object);
        let item = ResponseBatchItem {
            operation: Some(Operation::Get),
            response_payload: Some(payload.into()),
            ..ResponseBatchItem::new(ResultStatus::Success)
        };
        let header = ResponseHeader::new(version::V1_4.into(), TimeStamp::DateTime(DateTime(0)), 1);
        let message = ResponseMessage { batch_item: vec![item], ..ResponseMessage::new(header) };
        let mut bytes = Vec::new();
        message.write(&mut bytes).unwrap();
        let bytes = Bytes::from(bytes);
        let read = ResponseMessage::read(&bytes, Mode::Strict, Limits::DEFAULT).unwrap();
        assert_eq!(read, message);
        is_hidden(&format!("{message:?} {read:#?}"));
        let tree = Tree::parse(&bytes, Mode::Strict, Limits::DEFAULT).unwrap();
        is_hidden(&format!("{:?}", tree.root().to_item()));
        is_hidden(&Readable::new(&tree, &tables::NAMES).to_string());
    }
    let data = EncryptRequest { data: Some(Data::ByteString(secret())), ..EncryptRequest::new() };
    is_hidden(&format!("{data:?}"));
    let password = UsernameAndPasswordCredential {
        password: Some(SecretText::from("sekret")),
        ..UsernameAndPasswordCredential::new("Fred".into())
    };
    is_hidden(&format!("{password:?}"));
}

/// A receive buffer that tells when it is wiped and gone.
struct Buffer(Vec<u8>, Arc<AtomicBool>);

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.1.store(true, Ordering::Relaxed);
    }
}

#[test]
fn the_receive_buffer_goes_with_its_last_slice() {
    let payload = EncryptRequest {
        unique_identifier: Some(UniqueIdentifier::TextString("key".into())),
        data: Some(Data::ByteString(Secret::from(MARK))),
        ..EncryptRequest::new()
    };
    let item = RequestBatchItem::new(Operation::Encrypt, payload.into());
    let header = RequestHeader::new(version::V1_4.into(), 1);
    let mut bytes = Vec::new();
    RequestMessage { batch_item: vec![item], ..RequestMessage::new(header) }.write(&mut bytes).unwrap();

    let gone = Arc::new(AtomicBool::new(false));
    let received = Bytes::from_owner(Buffer(bytes, Arc::clone(&gone)));
    let tree = Tree::parse(&received, Mode::Strict, Limits::DEFAULT).unwrap();
    let mut message = RequestMessage::read(&received, Mode::Strict, Limits::DEFAULT).unwrap();
    drop(received);
    drop(tree);
    let kmip::types::RequestPayload::Encrypt(payload) = message.batch_item.remove(0).request_payload else {
        panic!("it was an Encrypt request")
    };
    drop(message);
    let secret = match payload.data.clone() {
        Some(Data::ByteString(secret)) => secret,
        other => panic!("{other:?}"),
    };
    drop(payload);
    assert!(!gone.load(Ordering::Relaxed), "a slice is left");
    assert_eq!(secret.expose(), MARK);
    drop(secret);
    assert!(gone.load(Ordering::Relaxed), "nothing is left, and the buffer still is");
}
