//! What the codec says when it refuses something: what, at which byte, in which item.

use kmip::{
    ttlv::{self, Bytes, Limits, Mode, Tag, Tree, Version},
    types::{
        AttributeValue, Attributes, CreateRequest, GetRequest, ObjectType, Operation, RequestBatchItem,
        RequestHeader, RequestMessage, ResponseMessage, UniqueIdentifier, version,
    },
};
use kmip_tests::raw::{Content, Raw};

/// A Get request of KMIP 1.4 with an identifier of 6 bytes.
fn message() -> Raw {
    let payload = GetRequest {
        unique_identifier: Some(UniqueIdentifier::TextString("key-42".into())),
        ..GetRequest::new()
    };
    let header = RequestHeader::new(version::V1_4.into(), 1);
    let item = RequestBatchItem::new(Operation::Get, payload.into());
    let message = RequestMessage { batch_item: vec![item], ..RequestMessage::new(header) };
    let mut bytes = Vec::new();
    message.write(&mut bytes).unwrap();
    Raw::parse(&bytes).unwrap()
}

#[test]
fn a_payload_of_another_operation_is_not_written() {
    let header = RequestHeader::new(version::V1_4.into(), 2);
    let right = RequestBatchItem::new(Operation::Get, GetRequest::new().into());
    let wrong = RequestBatchItem::new(Operation::Destroy, GetRequest::new().into());
    let message = RequestMessage { batch_item: vec![right, wrong], ..RequestMessage::new(header) };
    let mut bytes = b"before".to_vec();
    let error = message.write(&mut bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "RequestPayload is of Get, but Operation is Destroy at byte 0 in RequestMessage/BatchItem[1]/RequestPayload"
    );
    assert_eq!(bytes, b"before");
}

/// The first item with this tag.
fn find(message: &mut Raw, tag: Tag, change: impl FnOnce(&mut Raw)) {
    let mut change = Some(change);
    message.visit_mut(&mut |item| {
        if item.tag == tag.0
            && let Some(change) = change.take()
        {
            change(item);
        }
    });
    assert!(change.is_none(), "the message has no {tag}");
}

/// What the typed reader says, and the tree where it has to say the same.
fn refusals(bytes: &[u8], mode: Mode) -> (String, Option<String>) {
    let bytes = Bytes::copy_from_slice(bytes);
    let typed = RequestMessage::read(&bytes, mode, Limits::DEFAULT).unwrap_err();
    let tree = Tree::parse(&bytes, mode, Limits::DEFAULT).err();
    (typed.to_string(), tree.map(|error| error.to_string()))
}

/// Both readers say this, in both modes.
#[track_caller]
fn malformed(bytes: &[u8], expected: &str) {
    for mode in [Mode::Strict, Mode::Lenient] {
        let (typed, tree) = refusals(bytes, mode);
        assert_eq!(typed, expected, "{mode:?}");
        assert_eq!(tree.as_deref(), Some(expected), "{mode:?}");
    }
}

/// The typed reader says this in strict mode, the tree too if it is about the encoding; lenient mode takes it.
#[track_caller]
fn inexact(message: &Raw, in_tree: bool, expected: &str) {
    let bytes = Bytes::from(message.to_bytes());
    let (typed, tree) = refusals(&bytes, Mode::Strict);
    assert_eq!(typed, expected);
    assert_eq!(tree.as_deref(), in_tree.then_some(expected));
    RequestMessage::read(&bytes, Mode::Lenient, Limits::DEFAULT).unwrap();
}

/// The typed reader says this in both modes; the tree sees nothing wrong.
#[track_caller]
fn not_a_request(message: &Raw, expected: &str) {
    let bytes = message.to_bytes();
    for mode in [Mode::Strict, Mode::Lenient] {
        assert_eq!(refusals(&bytes, mode), (expected.to_owned(), None), "{mode:?}");
    }
}

#[test]
fn nothing_and_too_little() {
    let whole = message().to_bytes();
    assert_eq!(whole.len(), 120);
    malformed(&[], "8 bytes are missing at byte 0");
    malformed(&whole[..5], "3 bytes are missing at byte 0");
    malformed(&whole[..8], "112 bytes are missing at byte 0 in RequestMessage");
    malformed(&whole[..119], "1 bytes are missing at byte 0 in RequestMessage");
    malformed(&[&whole[..], &[0; 3]].concat(), "3 bytes too many at byte 120");
}

#[test]
fn lengths_that_lie() {
    let whole = message().to_bytes();
    let with_length = |at: usize, length: u32| {
        let mut bytes = whole.clone();
        bytes[at + 4..at + 8].copy_from_slice(&length.to_be_bytes());
        bytes
    };
    malformed(&with_length(0, u32::MAX), "4294967184 bytes are missing at byte 0 in RequestMessage");
    // The identifier, which is the last item.
    malformed(
        &with_length(104, u32::MAX),
        "4294967288 bytes are missing at byte 104 in RequestMessage/BatchItem/RequestPayload/UniqueIdentifier",
    );
    malformed(
        &with_length(104, 9),
        "8 bytes are missing at byte 104 in RequestMessage/BatchItem/RequestPayload/UniqueIdentifier",
    );
    // The numbers of the version are looked for only where they are as they should be.
    malformed(
        &with_length(24, 5),
        "a length of 5 does not fit Integer at byte 24 in RequestMessage/RequestHeader/ProtocolVersion/ProtocolVersionMajor",
    );
    malformed(
        &with_length(72, 39),
        "a length of 39 does not fit Structure at byte 72 in RequestMessage/BatchItem",
    );
}

#[test]
fn types_that_are_none_or_others() {
    let mut none = message();
    find(&mut none, Tag::Operation, |item| item.code = 12);
    malformed(&none.to_bytes(), "0x0c is no item type at byte 80 in RequestMessage/BatchItem/Operation");
    let mut other = message();
    find(&mut other, Tag::Operation, |item| item.code = 2);
    not_a_request(
        &other,
        "expected Enumeration, found Integer at byte 80 in RequestMessage/BatchItem/Operation",
    );
    let mut other = message();
    other.tag = Tag::ResponseMessage.0;
    not_a_request(&other, "expected RequestMessage, found ResponseMessage at byte 0 in ResponseMessage");
}

#[test]
fn text_that_is_none() {
    let mut broken = message();
    find(&mut broken, Tag::UniqueIdentifier, |item| {
        item.content = Content::Value(b"key\xFFxx".to_vec(), 0);
    });
    malformed(
        &broken.to_bytes(),
        "the text is not UTF-8 at byte 115 in RequestMessage/BatchItem/RequestPayload/UniqueIdentifier",
    );
}

#[test]
fn padding_and_booleans_that_are_not_exact() {
    let mut padded = message();
    find(&mut padded, Tag::UniqueIdentifier, |item| item.content = Content::Value(b"key-42".to_vec(), 1));
    inexact(
        &padded,
        true,
        "the padding is not zero at byte 118 in RequestMessage/BatchItem/RequestPayload/UniqueIdentifier",
    );
    let mut option = message();
    find(&mut option, Tag::RequestHeader, |header| {
        let order = Raw::value(Tag::BatchOrderOption.0, 6, &[0, 0, 0, 0, 0, 0, 0, 2]);
        header.items_mut().unwrap().insert(1, order);
    });
    inexact(
        &option,
        true,
        "a Boolean is neither 0 nor 1 at byte 64 in RequestMessage/RequestHeader/BatchOrderOption",
    );
}

#[test]
fn fields_that_are_unknown_disordered_doubled_or_missing() {
    let mut unknown = message();
    find(&mut unknown, Tag::RequestPayload, |payload| {
        payload.items_mut().unwrap().push(Raw::text(0x54_0001, "?"));
    });
    inexact(
        &unknown,
        false,
        "0x540001 does not belong here at byte 120 in RequestMessage/BatchItem/RequestPayload/0x540001",
    );
    let mut disordered = message();
    disordered.items_mut().unwrap()[1].items_mut().unwrap().swap(0, 1);
    inexact(
        &disordered,
        false,
        "Operation is out of order at byte 104 in RequestMessage/BatchItem/Operation",
    );
    let mut doubled = message();
    find(&mut doubled, Tag::RequestPayload, |payload| {
        let items = payload.items_mut().unwrap();
        items.push(items[0].clone());
    });
    not_a_request(
        &doubled,
        "UniqueIdentifier stands here twice at byte 120 in RequestMessage/BatchItem/RequestPayload/UniqueIdentifier[1]",
    );
    let mut missing = message();
    missing.items_mut().unwrap()[1].items_mut().unwrap().remove(0);
    not_a_request(&missing, "Operation is missing at byte 72 in RequestMessage/BatchItem");
    let mut second = message();
    let mut items = second.items()[1].clone();
    items.items_mut().unwrap().pop();
    second.items_mut().unwrap().push(items);
    not_a_request(&second, "RequestPayload is missing at byte 120 in RequestMessage/BatchItem[1]");
}

#[test]
fn versions_that_lack_something_or_are_none() {
    let mut unknown = message();
    find(&mut unknown, Tag::ProtocolVersionMinor, |minor| {
        minor.content = Content::Value(vec![0, 0, 0, 9], 0);
    });
    not_a_request(&unknown, "KMIP 1.9 is not known at byte 16");
    // Key Wrap Type is of 1.4 (1.4 §4.11).
    let mut newer = message();
    find(&mut newer, Tag::RequestPayload, |payload| {
        let kind = Raw::value(Tag::KeyWrapType.0, 5, &[0, 0, 0, 1]);
        payload.items_mut().unwrap().push(kind);
    });
    RequestMessage::read(&newer.to_bytes().into(), Mode::Strict, Limits::DEFAULT).unwrap();
    find(&mut newer, Tag::ProtocolVersionMinor, |minor| {
        minor.content = Content::Value(vec![0, 0, 0, 0], 0);
    });
    inexact(
        &newer,
        false,
        "KeyWrapType is not in KMIP 1.0 here at byte 120 in RequestMessage/BatchItem/RequestPayload/KeyWrapType",
    );
}

#[test]
fn writing_names_what_the_version_lacks_or_wants() {
    let wanting = CreateRequest::new(ObjectType::SymmetricKey);
    let request = |payload: CreateRequest, version: Version| {
        let header = RequestHeader::new(version.into(), 2);
        let item = RequestBatchItem::new(Operation::Create, payload.into());
        let get = RequestBatchItem::new(Operation::Get, GetRequest::new().into());
        let message = RequestMessage { batch_item: vec![get, item], ..RequestMessage::new(header) };
        let mut bytes = b"kept".to_vec();
        let error = message.write(&mut bytes).unwrap_err().to_string();
        assert_eq!(bytes, b"kept");
        error
    };
    assert_eq!(
        request(wanting.clone(), version::V1_2),
        "TemplateAttribute is missing at byte 152 in RequestMessage/BatchItem[1]/RequestPayload/TemplateAttribute",
    );
    let attributes =
        Attributes { attribute: vec![AttributeValue::CryptographicLength(256)], ..Attributes::new() };
    let newer = CreateRequest { attributes: Some(attributes), ..wanting };
    let template = kmip::types::TemplateAttribute::new();
    let newer = CreateRequest { template_attribute: Some(template), ..newer };
    assert_eq!(
        request(newer, version::V1_2),
        "Attributes is not in KMIP 1.2 here at byte 160 in RequestMessage/BatchItem[1]/RequestPayload/Attributes",
    );
}

#[test]
fn too_deep_too_many_and_too_large() {
    let mut deep = Raw::structure(0x54_0000, Vec::new());
    for _ in 0..40 {
        deep = Raw::structure(0x54_0000, vec![deep]);
    }
    let mut nested = message();
    find(&mut nested, Tag::RequestPayload, |payload| payload.items_mut().unwrap().push(deep));
    let bytes = nested.to_bytes();
    // Three structures are around it.
    let path = format!("RequestMessage/BatchItem/RequestPayload{}", "/0x540000".repeat(30));
    let expected = format!("structures are nested deeper than 32 levels at byte 352 in {path}");
    let (typed, tree) = refusals(&bytes, Mode::Lenient);
    assert_eq!((typed, tree), (expected.clone(), Some(expected)));

    // So deep that a reader that calls itself for each level would overflow its stack.
    let depth = 60_000;
    let mut deepest = Vec::new();
    for level in 0..depth {
        deepest.extend([0x54, 0, 0, 1]);
        deepest.extend(((depth - level - 1) * 8_u32).to_be_bytes());
    }
    let deepest = Bytes::from(deepest);
    for mode in [Mode::Strict, Mode::Lenient] {
        let tree = Tree::parse(&deepest, mode, Limits::DEFAULT).err().unwrap();
        assert!(tree.to_string().starts_with("structures are nested deeper than 32 levels at byte 256 in "));
        let item = ttlv::decode::<ttlv::Item>(&deepest, Tag(0x54_0000), version::V2_0, mode).unwrap_err();
        assert_eq!(item.to_string(), tree.to_string());
        let response = ResponseMessage::read(&deepest, mode, Limits::DEFAULT).unwrap_err();
        assert_eq!(response.to_string(), "expected ResponseMessage, found 0x540000 at byte 0 in 0x540000");
    }

    let mut many = message();
    find(&mut many, Tag::RequestPayload, |payload| {
        payload.items_mut().unwrap().extend(vec![Raw::text(0x54_0001, ""); 70_000]);
    });
    let (typed, tree) = refusals(&many.to_bytes(), Mode::Lenient);
    // Ten others stand before them.
    let expected = format!(
        "there are more than 65536 items at byte {} in RequestMessage/BatchItem/RequestPayload/0x540001[65526]",
        120 + 65_526 * 8
    );
    assert_eq!((typed, tree), (expected.clone(), Some(expected)));

    let large = vec![0; (2 << 20) + 8];
    malformed(&large, "the message has 2097160 bytes, more than the 2097152 that are allowed at byte 0");
}
