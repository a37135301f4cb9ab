//! Documented errors of the operations on attributes: each case at every version that has the operation, with the
//! reason of that version's error table, and the object as it was (KMIP 1.4 §11.15 to §11.17, 2.0 §6.1).

use kmip::ttlv::{DateTime, Item, Tag, Value, Version};
use kmip::types::*;
use kmip_server::rights::Policies;

use crate::harness::*;
use AttributeValue as V;
use ResultReason as R;

/// How an object that exists is changed; 1.x has the first three, 2.0 all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    Modify,
    Delete,
    Set,
    Adjust,
}

const OPS: [Op; 5] = [Op::Add, Op::Modify, Op::Delete, Op::Set, Op::Adjust];

/// One operation with one attribute.
fn ask(
    server: &Server,
    user: &str,
    version: Version,
    op: Op,
    key: &str,
    instance: &AttributeInstance,
) -> Result<(), Failed> {
    let unique_identifier = Some(id(key));
    let (old, new) = if version < V2_0 {
        (Some(instance.to_attribute()), None)
    } else {
        (None, Some(NewAttribute::new(instance.to_value())))
    };
    let set = || NewAttribute::new(instance.to_value());
    match op {
        Op::Add => {
            let request = AddAttributeRequest {
                unique_identifier,
                attribute: old,
                new_attribute: new,
                ..AddAttributeRequest::new()
            };
            server.ask(user, version, request).map(drop)
        }
        Op::Modify => {
            let request = ModifyAttributeRequest {
                unique_identifier,
                attribute: old,
                new_attribute: new,
                ..ModifyAttributeRequest::new()
            };
            server.ask(user, version, request).map(drop)
        }
        Op::Delete => {
            let mut request = DeleteAttributeRequest { unique_identifier, ..DeleteAttributeRequest::new() };
            if version < V2_0 {
                request.attribute_name = Some(instance.id.to_name());
                request.attribute_index = (instance.index != 0).then_some(instance.index);
            } else {
                request.attribute_reference = Some(instance.id.to_reference());
            }
            server.ask(user, version, request).map(drop)
        }
        Op::Set => {
            let request = SetAttributeRequest { unique_identifier, ..SetAttributeRequest::new(set()) };
            server.ask(user, version, request).map(drop)
        }
        Op::Adjust => {
            let request = AdjustAttributeRequest {
                unique_identifier,
                ..AdjustAttributeRequest::new(instance.id.to_reference(), AdjustmentType::Increment)
            };
            server.ask(user, version, request).map(drop)
        }
    }
}

/// Asks, and checks that it fails for the reason and changes nothing.
pub(crate) fn refused(
    server: &Server,
    version: Version,
    op: Op,
    key: &str,
    instance: impl Into<AttributeInstance>,
    reason: ResultReason,
) {
    let instance = instance.into();
    let before = server.attributes(V2_0, key);
    wait(1);
    let failed = ask(server, "alice", version, op, key, &instance);
    let failed = failed.expect_err(&format!("{op:?} {instance:?} in {version}"));
    assert_eq!(failed.reason, reason, "{op:?} {instance:?} in {version}: {}", failed.message);
    assert_eq!(server.attributes(V2_0, key), before, "{op:?} {instance:?} in {version}");
}

fn operations(version: Version) -> impl Iterator<Item = Op> {
    OPS.into_iter().filter(move |op| version >= V2_0 || !matches!(op, Op::Set | Op::Adjust))
}

/// The reason of the operation's table, of 1.x and of 2.0.
fn of(op: Op, version: Version, add: (R, R), modify: (R, R), delete: (R, R), set: R, adjust: R) -> R {
    match op {
        Op::Add => reason(version, add.0, add.1),
        Op::Modify => reason(version, modify.0, modify.1),
        Op::Delete => reason(version, delete.0, delete.1),
        Op::Set => set,
        Op::Adjust => adjust,
    }
}

#[test]
fn no_such_object_or_none_for_this_client() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        for op in operations(*version) {
            let instance = V::ContactInformation("someone".into()).into();
            let absent = match op {
                Op::Adjust => R::ItemNotFound,
                _ => reason(*version, R::ItemNotFound, R::ObjectNotFound),
            };
            let before = server.attributes(V2_0, &key);
            let nowhere = ask(&server, "alice", *version, op, "nowhere", &instance).unwrap_err();
            assert_eq!(nowhere.reason, absent, "{op:?} {version}");
            let hidden = ask(&server, "bob", *version, op, &key, &instance).unwrap_err();
            assert_eq!(hidden, nowhere, "the same words");
            assert_eq!(server.attributes(V2_0, &key), before);
        }
    }
}

#[test]
fn who_may_locate_but_not_change() {
    let policy = r#"{ "readable": { "preset": { "SYMMETRIC_KEY": {
        "LOCATE": "ALLOW_ALL", "GET_ATTRIBUTES": "ALLOW_ALL" } } } }"#;
    let server = server_with(Policies::built_in().with_file(policy).unwrap());
    for version in &ALL[..5] {
        let key = server.create(*version, [V::OperationPolicyName("readable".into())]);
        for version in ALL {
            for op in operations(*version) {
                refused(&server, *version, op, &key, V::ContactInformation("me".into()), R::PermissionDenied);
            }
        }
    }
}

/// "Attempt to add a read-only attribute", "to delete a read-only/REQUIRED attribute".
#[test]
fn read_only_attributes() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        let own = |value| Value::from(value);
        let attributes: [AttributeInstance; 9] = [
            V::State(State::Active).into(),
            V::UniqueIdentifier(id("other")).into(),
            V::ObjectType(ObjectType::PrivateKey).into(),
            V::InitialDate(DateTime(1)).into(),
            V::LastChangeDate(DateTime(1)).into(),
            V::CryptographicLength(256).into(),
            V::CryptographicUsageMask(CryptographicUsageMask::all()).into(),
            V::DestroyDate(DateTime(1)).into(),
            AttributeInstance::vendor("y", "Own", own(7)),
        ];
        for op in operations(*version) {
            let reason = of(
                op,
                *version,
                (R::PermissionDenied, R::ReadOnlyAttribute),
                (R::PermissionDenied, R::AttributeReadOnly),
                (R::PermissionDenied, R::AttributeReadOnly),
                R::ReadOnlyAttribute,
                R::ReadOnlyAttribute,
            );
            for instance in &attributes {
                refused(&server, *version, op, &key, instance.clone(), reason);
            }
        }
    }
}

#[test]
fn attributes_that_objects_of_the_type_do_not_have() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        for op in operations(*version) {
            let reason = of(
                op,
                *version,
                (R::PermissionDenied, R::InvalidAttribute),
                (R::InvalidField, R::AttributeNotFound),
                (R::ItemNotFound, R::AttributeNotFound),
                R::PermissionDenied,
                R::UnsupportedAttribute,
            );
            refused(&server, *version, op, &key, V::CertificateType(CertificateType::X_509), reason);
        }
    }
}

/// Names that no version has, attributes of other versions.
#[test]
fn attributes_that_the_version_does_not_have() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        for op in operations(*version) {
            let reason = of(
                op,
                *version,
                (R::PermissionDenied, R::InvalidAttribute),
                (R::InvalidField, R::InvalidField),
                (R::ItemNotFound, R::InvalidAttribute),
                R::InvalidField,
                R::UnsupportedAttribute,
            );
            if *version < V2_0 {
                let misspelt = AttributeInstance::vendor("", "Nmae", "a name");
                refused(&server, *version, op, &key, misspelt, reason);
            } else if op != Op::Adjust {
                let vendor = AttributeInstance::vendor("not a vendor", "Own", 7);
                refused(&server, *version, op, &key, vendor, R::InvalidField);
            }
        }
    }
}

#[test]
fn what_is_there_already() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, [V::ContactInformation("me".into()), name("one")]);
        let exists = reason(*version, R::IllegalOperation, R::AttributeSingleValued);
        refused(&server, *version, Op::Add, &key, V::ContactInformation("you".into()), exists);
        let taken = reason(*version, R::IllegalOperation, R::NonUniqueNameAttribute);
        refused(&server, *version, Op::Add, &key, name("one"), taken);
        server.add(*version, &key, name("two")).unwrap();
        if *version < V2_0 {
            let second = AttributeInstance { index: 1, ..name("one").into() };
            refused(&server, *version, Op::Modify, &key, second, taken);
            let numbered = AttributeInstance { index: 2, ..name("three").into() };
            refused(&server, *version, Op::Add, &key, numbered, R::InvalidField);
        } else {
            // Two of them, and nothing that says which.
            refused(&server, *version, Op::Modify, &key, name("three"), R::InvalidField);
            refused(&server, *version, Op::Set, &key, name("three"), R::MultiValuedAttribute);
            refused(&server, *version, Op::Adjust, &key, name("three"), R::MultiValuedAttribute);
        }
    }
}

#[test]
fn what_is_not_there() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, [name("one")]);
        let own = AttributeInstance::vendor("x", "Own", 7);
        for instance in [own, V::ContactInformation("me".into()).into()] {
            let unset = reason(*version, R::InvalidField, R::AttributeNotFound);
            refused(&server, *version, Op::Modify, &key, instance.clone(), unset);
            let absent = reason(*version, R::ItemNotFound, R::AttributeNotFound);
            refused(&server, *version, Op::Delete, &key, instance, absent);
        }
        if *version < V2_0 {
            let second = AttributeInstance { index: 1, ..name("two").into() };
            refused(&server, *version, Op::Modify, &key, second.clone(), R::ItemNotFound);
            refused(&server, *version, Op::Delete, &key, second, R::ItemNotFound);
            continue;
        }
        // No instance of this value; another attribute than the new one; none at all.
        let before = server.attributes(V2_0, &key);
        let modify = |current: V| {
            let request = ModifyAttributeRequest {
                unique_identifier: Some(id(&key)),
                current_attribute: Some(CurrentAttribute::new(current)),
                new_attribute: Some(NewAttribute::new(name("three"))),
                ..ModifyAttributeRequest::new()
            };
            server.send(*version, request).unwrap_err().reason
        };
        assert_eq!(modify(name("two")), R::AttributeInstanceNotFound);
        assert_eq!(modify(V::ContactInformation("me".into())), R::InvalidField);
        let delete = |current: Option<V>, reference: Option<Tag>| {
            let request = DeleteAttributeRequest {
                unique_identifier: Some(id(&key)),
                current_attribute: current.map(CurrentAttribute::new),
                attribute_reference: reference.map(|tag| AttributeId::Standard(tag).to_reference()),
                ..DeleteAttributeRequest::new()
            };
            server.send(*version, request).unwrap_err().reason
        };
        assert_eq!(delete(Some(name("two")), None), R::AttributeInstanceNotFound);
        assert_eq!(delete(Some(name("one")), Some(Tag::ContactInformation)), R::InvalidField);
        assert_eq!(delete(None, None), R::InvalidMessage);
        assert_eq!(server.attributes(V2_0, &key), before);
    }
}

#[test]
fn values_that_cannot_be() {
    let server = server();
    for version in ALL {
        let stop = V::DeactivationDate(DateTime(now().0 + 100));
        let key = server.create(*version, [stop]);
        let bad = |op| match op {
            Op::Set => R::InvalidAttributeValue,
            _ => R::InvalidField,
        };
        let late = V::ActivationDate(DateTime(now().0 + 200));
        let below = UsageLimits { usage_limits_total: Some(-1), ..UsageLimits::new() };
        for op in operations(*version).filter(|op| matches!(op, Op::Add | Op::Set)) {
            refused(&server, *version, op, &key, late.clone(), bad(op));
            refused(&server, *version, op, &key, V::UsageLimits(below.clone()), bad(op));
            let namespace = ApplicationSpecificInformation::new("ssl".into());
            let namespace = V::ApplicationSpecificInformation(namespace);
            refused(&server, *version, op, &key, namespace, R::ApplicationNamespaceNotSupported);
        }
    }
}

#[test]
fn no_more_than_the_server_can_hold() {
    let server = server();
    for version in ALL {
        let mut many = aes(128);
        while many.len() < 1000 {
            many.add(AttributeInstance::vendor("x", "Own", 7));
        }
        let request = create_request(*version, many);
        let key = text_of(&server.send(*version, request).unwrap().unique_identifier);
        let full = reason(*version, R::IndexOutOfBounds, R::ServerLimitExceeded);
        let more = (0..)
            .take_while(|_| server.add(*version, &key, AttributeInstance::vendor("x", "Own", 8)).is_ok());
        assert!(more.count() < 24);
        refused(&server, *version, Op::Add, &key, AttributeInstance::vendor("x", "Own", 9), full);
        let mut too_many = aes(128);
        while too_many.len() <= 1024 {
            too_many.add(AttributeInstance::vendor("x", "Own", 7));
        }
        let failed = server.send(*version, create_request(*version, too_many)).unwrap_err();
        assert_eq!(failed.reason, full);
    }
}

/// One client does not fill the server with one object.
#[test]
fn no_more_bytes_than_the_server_can_hold() {
    let server = server();
    for version in [V1_0, V2_0] {
        let key = server.create(version, []);
        let large = || AttributeInstance::vendor("x", "Large", "x".repeat(1 << 18).as_str());
        let added = (0..16).take_while(|_| server.add(version, &key, large()).is_ok()).count();
        assert_eq!(added, 3, "less than 1 MiB with all the others");
        let full = reason(version, R::GeneralFailure, R::ServerLimitExceeded);
        refused(&server, version, Op::Add, &key, large(), full);
    }
}

/// One request changes one attribute.
#[test]
fn items_beside_the_attribute() {
    let server = server();
    let key = server.create(V2_0, []);
    for tag in [Tag::ContactInformation, Tag(0x0054_0001)] {
        let beside = Item::new(tag, "me");
        let mut new = NewAttribute::new(name("one"));
        new.unknown.add(beside);
        let request = AddAttributeRequest {
            unique_identifier: Some(id(&key)),
            new_attribute: Some(new),
            ..AddAttributeRequest::new()
        };
        assert_eq!(server.send(V2_0, request).unwrap_err().reason, R::InvalidMessage);
        assert!(server.attributes(V2_0, &key).get(Tag::Name).is_none());
    }
}

/// 1.x calls every value Attribute Value; what is told says of which attribute.
#[test]
fn a_value_that_cannot_be_read_is_named() {
    let server = server();
    for version in &ALL[..5] {
        let key = server.create(*version, []);
        let value = V::Other(Item::new(Tag::AttributeValue, 7));
        let instance = AttributeInstance { id: AttributeId::Standard(Tag::ActivationDate), index: 0, value };
        let failed = ask(&server, "alice", *version, Op::Add, &key, &instance).unwrap_err();
        assert_eq!(failed.reason, R::InvalidMessage);
        assert!(failed.message.contains("Activation Date"), "{}", failed.message);
        assert!(server.attributes(*version, &key).get(Tag::ActivationDate).is_none());
    }
}
