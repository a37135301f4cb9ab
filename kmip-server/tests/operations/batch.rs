//! Batches: order, what becomes of them when an item fails, and the ID Placeholder.

use kmip::ttlv::{Bytes, Version};
use kmip::types::*;

use crate::harness::*;

fn with(
    version: Version,
    option: Option<BatchErrorContinuationOption>,
    items: Vec<RequestPayload>,
) -> RequestMessage {
    let mut message = batch(version, items);
    message.request_header.batch_error_continuation_option = option;
    message
}

fn statuses(items: &[ResponseBatchItem]) -> Vec<ResultStatus> {
    items.iter().map(|item| item.result_status).collect()
}

/// A key, something that fails, another key.
fn three(version: Version) -> Vec<RequestPayload> {
    vec![
        create_request(version, aes(128)).into(),
        get_request("nowhere").into(),
        create_request(version, aes(128)).into(),
    ]
}

const OK: ResultStatus = ResultStatus::Success;
const FAILED: ResultStatus = ResultStatus::OperationFailed;

/// KMIP 1.4 §11.43.
#[test]
fn stop_continue_and_undo() {
    for version in ALL {
        let server = server();
        let count = || server.locate(*version, AttributeSet::new()).unwrap().len();
        for option in [None, Some(BatchErrorContinuationOption::Stop)] {
            let before = count();
            let items = server.message("alice", &with(*version, option, three(*version))).batch_item;
            assert_eq!(statuses(&items), [OK, FAILED]);
            assert_eq!(count(), before + 1);
        }
        let before = count();
        let items = server
            .message("alice", &with(*version, Some(BatchErrorContinuationOption::Continue), three(*version)))
            .batch_item;
        assert_eq!(statuses(&items), [OK, FAILED, OK]);
        assert_eq!(count(), before + 2);
        let before = count();
        let items = server
            .message("alice", &with(*version, Some(BatchErrorContinuationOption::Undo), three(*version)))
            .batch_item;
        assert_eq!(statuses(&items), [ResultStatus::OperationUndone, FAILED]);
        assert_eq!(items[0].operation, Some(Operation::Create));
        assert_eq!(items[1].unique_batch_item_id.as_deref(), Some(&[2][..]));
        assert_eq!(count(), before, "what is said to be undone is");
        // Nothing fails, nothing is undone.
        let both = vec![create_request(*version, aes(128)).into(), create_request(*version, aes(128)).into()];
        let items = server
            .message("alice", &with(*version, Some(BatchErrorContinuationOption::Undo), both))
            .batch_item;
        assert_eq!(statuses(&items), [OK, OK]);
        assert_eq!(count(), before + 2);
        let mut wrong = with(*version, Some(BatchErrorContinuationOption(9)), three(*version));
        wrong.request_header.batch_order_option = Some(true);
        let items = server.message("alice", &wrong).batch_item;
        assert_eq!(failed(&items[0]).reason, ResultReason::InvalidField);
        assert_eq!(count(), before + 2);
    }
}

/// What an undone batch did to objects that were there before.
#[test]
fn undo_brings_back_what_was() {
    for version in ALL {
        let server = server();
        let key = server.create(*version, []);
        let items = vec![
            ActivateRequest { unique_identifier: Some(id(&key)), ..ActivateRequest::new() }.into(),
            RevokeRequest {
                unique_identifier: Some(id(&key)),
                ..RevokeRequest::new(RevocationReason::new(RevocationReasonCode::Superseded))
            }
            .into(),
            DestroyRequest { unique_identifier: Some(id(&key)), ..DestroyRequest::new() }.into(),
            get_request(&key).into(),
        ];
        let before = server.attributes(*version, &key);
        let items = server
            .message("alice", &with(*version, Some(BatchErrorContinuationOption::Undo), items))
            .batch_item;
        assert_eq!(items.len(), 4);
        assert_eq!(items[2].result_status, ResultStatus::OperationUndone);
        assert_eq!(items[3].result_status, FAILED);
        assert_eq!(server.attributes(*version, &key), before);
        server.get(*version, &key).unwrap();
    }
}

#[test]
fn identifiers_are_echoed_where_there_are_some() {
    let server = server();
    for version in ALL {
        let mut message = batch(
            *version,
            vec![
                QueryRequest { query_function: vec![QueryFunction::QueryObjects], ..QueryRequest::new() }
                    .into(),
            ],
        );
        assert_eq!(server.message("alice", &message).batch_item[0].unique_batch_item_id, None);
        message.batch_item[0].unique_batch_item_id = Some(Bytes::from_static(b"any bytes"));
        let item = &server.message("alice", &message).batch_item[0];
        assert_eq!(item.unique_batch_item_id.as_deref(), Some(&b"any bytes"[..]));
        // Several without: 1.x requires them, but nothing is gained by a refusal.
        let mut message = batch(*version, vec![get_request("a").into(), get_request("b").into()]);
        message.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
        message.batch_item.iter_mut().for_each(|item| item.unique_batch_item_id = None);
        let items = server.message("alice", &message).batch_item;
        assert!(items.len() == 2 && items.iter().all(|item| item.unique_batch_item_id.is_none()));
    }
}

/// KMIP 1.4 §4: Create, Register and Locate set the placeholder; the others use it.
#[test]
fn the_id_placeholder() {
    for version in ALL {
        let server = server();
        let items = server.batch(
            "alice",
            *version,
            vec![
                create_request(*version, {
                    let mut set = aes(128);
                    set.add(name("placeholder"));
                    set
                })
                .into(),
                ActivateRequest::new().into(),
                GetRequest::new().into(),
                GetAttributesRequest::new().into(),
            ],
        );
        assert_eq!(statuses(&items), [OK; 4]);
        let created = answer::<CreateRequest>(items[0].clone()).unwrap().unique_identifier;
        assert_eq!(answer::<GetRequest>(items[2].clone()).unwrap().unique_identifier, created);
        assert_eq!(server.state(&text_of(&created)), State::Active);
        // Found by its name.
        let find = |values: Vec<AttributeValue>, maximum| LocateRequest {
            maximum_items: maximum,
            ..locate_request(*version, set(values))
        };
        let items = server.batch(
            "alice",
            *version,
            vec![find(vec![name("placeholder")], None).into(), GetRequest::new().into()],
        );
        assert_eq!(answer::<GetRequest>(items[1].clone()).unwrap().unique_identifier, created);
        // 1.4 §4.9: of several, none is meant, unless one was asked for.
        server.create(*version, [name("placeholder")]);
        let items = server.batch(
            "alice",
            *version,
            vec![find(vec![name("placeholder")], None).into(), GetRequest::new().into()],
        );
        assert_eq!(statuses(&items), [OK, FAILED]);
        let items = server.batch(
            "alice",
            *version,
            vec![find(vec![name("placeholder")], Some(1)).into(), GetRequest::new().into()],
        );
        assert_eq!(statuses(&items), [OK, OK]);
        assert_ne!(answer::<GetRequest>(items[1].clone()).unwrap().unique_identifier, created, "the newest");
        // Nothing found: what was meant before isn't either.
        let items = server.batch(
            "alice",
            *version,
            vec![
                create_request(*version, aes(128)).into(),
                find(vec![name("nothing")], None).into(),
                GetRequest::new().into(),
            ],
        );
        assert_eq!(statuses(&items), [OK, OK, FAILED]);
        // It ends with its request.
        let missing = reason(*version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        assert_eq!(server.send(*version, GetRequest::new()).unwrap_err().reason, missing);
    }
}

/// KMIP 2.0 §4.51 and §11.56.
#[test]
fn identifiers_that_are_enumerations_and_numbers() {
    let server = server();
    let get = |identifier: UniqueIdentifier| -> RequestPayload {
        GetRequest { unique_identifier: Some(identifier), ..GetRequest::new() }.into()
    };
    let named = UniqueIdentifier::UniqueIdentifierEnumeration;
    let opaque = || {
        let object = OpaqueObject::new(OpaqueDataType(0x8000_0001), b"x".to_vec().into());
        register_request(V2_0, ManagedObject::OpaqueObject(object), AttributeSet::new())
    };
    let items = server.batch(
        "alice",
        V2_0,
        vec![
            create_request(V2_0, aes(128)).into(),
            opaque().into(),
            get(named(UniqueIdentifierEnumeration::IDPlaceholder)),
            get(named(UniqueIdentifierEnumeration::Create)),
            get(named(UniqueIdentifierEnumeration::Register)),
            get(UniqueIdentifier::Integer(0)),
            get(UniqueIdentifier::Integer(-4)),
        ],
    );
    assert_eq!(statuses(&items), [OK; 7]);
    let created = answer::<CreateRequest>(items[0].clone()).unwrap().unique_identifier;
    let registered = answer::<RegisterRequest>(items[1].clone()).unwrap().unique_identifier;
    let got = |place: usize| answer::<GetRequest>(items[place].clone()).unwrap().unique_identifier;
    assert_eq!(got(2), registered);
    assert_eq!((got(3), got(4)), (created.clone(), registered.clone()));
    assert_eq!((got(5), got(6)), (created, registered));
    for identifier in [
        named(UniqueIdentifierEnumeration::ReKey),
        UniqueIdentifier::Integer(9),
        UniqueIdentifier::Integer(i32::MIN),
    ] {
        let failed = server
            .send(V2_0, GetRequest { unique_identifier: Some(identifier), ..GetRequest::new() })
            .unwrap_err();
        assert_eq!(failed.reason, ResultReason::ObjectNotFound);
    }
}

#[test]
fn a_batch_has_a_limit() {
    let server = server();
    let many = (0..2000).map(|_| get_request("nowhere").into()).collect();
    let items = server.batch("alice", V1_4, many);
    assert_eq!(items.len(), 1);
    assert_eq!(failed(&items[0]).reason, ResultReason::GeneralFailure);
}
