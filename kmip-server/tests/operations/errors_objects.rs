//! Documented errors of the operations on objects as a whole: each case at every version that has the operation, with
//! the reason of that version's error table, and the object as it was (KMIP 1.4 §11.2 to §11.24, 2.0 §6.1).

use kmip::ttlv::{DateTime, Tag, Version};
use kmip::types::*;
use kmip_server::rights::Policies;

use crate::harness::*;
use crate::register::objects;
use AttributeValue as V;
use ResultReason as R;

/// The operations that name one object, each without anything wrong with the rest of the request.
fn on(server: &Server, user: &str, version: Version, operation: Operation, key: &str) -> Result<(), Failed> {
    let unique_identifier = Some(id(key));
    macro_rules! ask {
        ($request:ident $($more:tt)*) => {
            server
                .ask(user, version, $request { unique_identifier, ..$request::new($($more)*) })
                .map(drop)
        };
    }
    match operation {
        Operation::Get => ask!(GetRequest),
        Operation::GetAttributes => ask!(GetAttributesRequest),
        Operation::GetAttributeList => ask!(GetAttributeListRequest),
        Operation::Activate => ask!(ActivateRequest),
        Operation::Revoke => ask!(RevokeRequest RevocationReason::new(RevocationReasonCode::Unspecified)),
        Operation::Destroy => ask!(DestroyRequest),
        Operation::Archive => ask!(ArchiveRequest),
        Operation::Recover => ask!(RecoverRequest),
        Operation::Check => ask!(CheckRequest),
        Operation::ObtainLease => ask!(ObtainLeaseRequest),
        Operation::GetUsageAllocation => ask!(GetUsageAllocationRequest 1),
        other => panic!("{other}"),
    }
}

const ON_ONE_OBJECT: [Operation; 11] = [
    Operation::Get,
    Operation::GetAttributes,
    Operation::GetAttributeList,
    Operation::Activate,
    Operation::Revoke,
    Operation::Destroy,
    Operation::Archive,
    Operation::Recover,
    Operation::Check,
    Operation::ObtainLease,
    Operation::GetUsageAllocation,
];

/// Asks, and checks that it fails for the reason and changes nothing.
fn refused(server: &Server, version: Version, operation: Operation, key: &str, reason: ResultReason) {
    let before = server.attributes(V2_0, key);
    wait(1);
    let failed = on(server, "alice", version, operation, key).expect_err(operation.name().unwrap());
    assert_eq!(failed.reason, reason, "{operation} in {version}: {}", failed.message);
    assert_eq!(server.attributes(V2_0, key), before, "{operation} in {version}");
}

fn register(server: &Server, version: Version, wanted: ObjectType) -> String {
    let object = objects(version)
        .into_iter()
        .find(|object| register_request(version, object.clone(), AttributeSet::new()).object_type == wanted);
    let request = register_request(version, object.unwrap(), AttributeSet::new());
    text_of(&server.send(version, request).unwrap().unique_identifier)
}

/// A server where templates may be dealt with as any object: the default policy names few operations for them.
fn open_server() -> Server {
    let operations = [
        "CREATE",
        "LOCATE",
        "GET",
        "GET_ATTRIBUTES",
        "GET_ATTRIBUTE_LIST",
        "ACTIVATE",
        "REVOKE",
        "DESTROY",
        "ARCHIVE",
        "RECOVER",
        "CHECK",
        "OBTAIN_LEASE",
        "GET_USAGE_ALLOCATION",
    ];
    let rights: Vec<String> = operations.iter().map(|name| format!("\"{name}\": \"ALLOW_OWNER\"")).collect();
    let policy = format!(r#"{{ "open": {{ "preset": {{ "TEMPLATE": {{ {} }} }} }} }}"#, rights.join(", "));
    server_with(Policies::built_in().with_file(&policy).unwrap())
}

/// A template with a Name, which anything may be tried with.
fn template(server: &Server, version: Version) -> String {
    let inner = set([V::CryptographicLength(128), name("template")]);
    let object =
        ManagedObject::Template(Template { attribute: inner.to_attribute_list(), ..Template::new() });
    let request = register_request(version, object, set([V::OperationPolicyName("open".into())]));
    text_of(&server.send(version, request).unwrap().unique_identifier)
}

#[test]
fn no_such_object_or_none_for_this_client() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        let before = server.attributes(V2_0, &key);
        for operation in ON_ONE_OBJECT {
            let absent = reason(*version, R::ItemNotFound, R::ObjectNotFound);
            let nowhere = on(&server, "alice", *version, operation, "nowhere").unwrap_err();
            assert_eq!(nowhere.reason, absent, "{operation} {version}");
            let hidden = on(&server, "bob", *version, operation, &key).unwrap_err();
            assert_eq!(hidden, nowhere, "the same words");
        }
        assert_eq!(server.attributes(V2_0, &key), before);
    }
}

/// Activate: "the managed object is not activatable"; "not in the pre-active state".
#[test]
fn activate() {
    let server = open_server();
    for version in ALL {
        if *version < V2_0 {
            let template = template(&server, *version);
            let failed = on(&server, "alice", *version, Operation::Activate, &template).unwrap_err();
            assert_eq!(failed.reason, R::IllegalOperation);
        }
        if *version < V1_4 {
            // Since 1.4 Errata 01, opaque objects have a State.
            let opaque = register(&server, *version, ObjectType::OpaqueObject);
            refused(&server, *version, Operation::Activate, &opaque, R::IllegalOperation);
        }
        let wrong = reason(*version, R::PermissionDenied, R::WrongKeyLifecycleState);
        let key = server.create(*version, [V::ActivationDate(now())]);
        refused(&server, *version, Operation::Activate, &key, wrong);
        server.revoke(*version, &key, RevocationReasonCode::KeyCompromise).unwrap();
        refused(&server, *version, Operation::Activate, &key, wrong);
        server.destroy(*version, &key).unwrap();
        refused(&server, *version, Operation::Activate, &key, wrong);
    }
}

/// Revoke: "the managed object is not revokable"; "not active when revoked for a non-compromise".
#[test]
fn revoke() {
    let server = open_server();
    for version in ALL {
        if *version < V2_0 {
            let template = template(&server, *version);
            let failed = on(&server, "alice", *version, Operation::Revoke, &template).unwrap_err();
            assert_eq!(failed.reason, R::IllegalOperation);
        }
        let key = server.create(*version, []);
        let wrong = reason(*version, R::PermissionDenied, R::WrongKeyLifecycleState);
        refused(&server, *version, Operation::Revoke, &key, wrong);
        server.activate(*version, &key).unwrap();
        on(&server, "alice", *version, Operation::Revoke, &key).unwrap();
        refused(&server, *version, Operation::Revoke, &key, wrong);
        let unknown = RevocationReason::new(RevocationReasonCode(99));
        let request = RevokeRequest { unique_identifier: Some(id(&key)), ..RevokeRequest::new(unknown) };
        let before = server.attributes(V2_0, &key);
        assert_eq!(server.send(*version, request).unwrap_err().reason, R::InvalidField);
        assert_eq!(server.attributes(V2_0, &key), before);
    }
}

/// Destroy: "the object does not exist"; "is in the active state"; "has already been destroyed".
#[test]
fn destroy() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, [V::ActivationDate(now())]);
        let wrong = reason(*version, R::PermissionDenied, R::WrongKeyLifecycleState);
        refused(&server, *version, Operation::Destroy, &key, wrong);
        let material = server.get(*version, &key).unwrap().object;
        assert_eq!(server.get(*version, &key).unwrap().object, material);
        on(&server, "alice", *version, Operation::Revoke, &key).unwrap();
        server.destroy(*version, &key).unwrap();
        let gone = reason(*version, R::PermissionDenied, R::ObjectDestroyed);
        refused(&server, *version, Operation::Destroy, &key, gone);
        // What is gone can't be had, nor put away.
        for operation in [Operation::Get, Operation::Archive] {
            let failed = on(&server, "alice", *version, operation, &key).unwrap_err();
            assert!([R::ItemNotFound, R::ObjectNotFound, R::ObjectDestroyed].contains(&failed.reason));
        }
        refused(&server, *version, Operation::ObtainLease, &key, R::PermissionDenied);
    }
}

#[test]
fn check_and_allocation() {
    let server = open_server();
    for version in ALL {
        if *version < V2_0 {
            let template = template(&server, *version);
            let failed = on(&server, "alice", *version, Operation::Check, &template).unwrap_err();
            assert_eq!(failed.reason, R::IllegalOperation);
            let failed = on(&server, "alice", *version, Operation::ObtainLease, &template).unwrap_err();
            assert_eq!(failed.reason, R::PermissionDenied);
        }
        let key = server.create(*version, [V::ActivationDate(now())]);
        let unlimited = reason(*version, R::IllegalOperation, R::AttributeNotFound);
        refused(&server, *version, Operation::GetUsageAllocation, &key, unlimited);
    }
}

/// Create: "the cryptographic algorithm, length, and/or usage mask are not provided", "an unsupported symmetric algorithm
/// is requested", "an invalid cryptographic length"; templates that do not exist, or are archived.
#[test]
fn create() {
    let server = open_server();
    let key = |algorithm, length| {
        set([
            V::CryptographicAlgorithm(algorithm),
            V::CryptographicLength(length),
            V::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        ])
    };
    let without = |tag| {
        let mut set = aes(128);
        set.remove(&AttributeId::Standard(tag));
        set
    };
    for version in ALL {
        let count = server.locate(*version, AttributeSet::new()).unwrap().len();
        let refused = |given: AttributeSet, reason: ResultReason| {
            let failed = server.send(*version, create_request(*version, given.clone())).unwrap_err();
            assert_eq!(failed.reason, reason, "{given:?} in {version}: {}", failed.message);
        };
        refused(without(Tag::CryptographicAlgorithm), R::InvalidField);
        refused(without(Tag::CryptographicLength), R::InvalidField);
        if *version < V1_4 {
            refused(without(Tag::CryptographicUsageMask), R::InvalidField);
        }
        refused(key(CryptographicAlgorithm::RSA, 2048), R::InvalidField);
        for length in [0, -128, 127, 129, 512, i32::MAX, i32::MIN] {
            refused(key(CryptographicAlgorithm::AES, length), R::InvalidField);
        }
        let dates = [V::ActivationDate(DateTime(10)), V::DeactivationDate(DateTime(9))];
        let bad = reason(*version, R::InvalidField, R::InvalidAttributeValue);
        refused(aes(128).into_iter().chain(set(dates)).collect(), bad);
        let read_only = reason(*version, R::InvalidField, R::AttributeReadOnly);
        refused(aes(128).into_iter().chain(set([V::State(State::Active)])).collect(), read_only);
        let single = reason(*version, R::InvalidField, R::AttributeSingleValued);
        let contact = |text: &str| V::ContactInformation(text.into());
        refused(aes(128).into_iter().chain(set([contact("a"), contact("b")])).collect(), single);
        for object_type in [ObjectType::Certificate, ObjectType::OpaqueObject, ObjectType(99)] {
            let request = CreateRequest { object_type, ..create_request(*version, aes(128)) };
            let wrong = reason(*version, R::InvalidField, R::InvalidObjectType);
            assert_eq!(server.send(*version, request).unwrap_err().reason, wrong);
        }
        assert_eq!(server.locate(*version, AttributeSet::new()).unwrap().len(), count, "nothing was made");

        if *version < V2_0 {
            let named = |name: &str| {
                let mut request = create_request(*version, aes(128));
                let template = request.template_attribute.as_mut().unwrap();
                template.name.push(Name::new(name.into(), NameType::UninterpretedTextString));
                server.send(*version, request)
            };
            assert_eq!(named("nothing").unwrap_err().reason, R::ItemNotFound);
            let template = template(&server, *version);
            named("template").unwrap();
            server.archive(*version, &template).unwrap();
            assert_eq!(named("template").unwrap_err().reason, R::ObjectArchived);
            server.recover(*version, &template).unwrap();
            named("template").unwrap();
            server.destroy(*version, &template).unwrap();
        }
    }
}

/// Get: formats that the server can't make, compression, wrapping with a key that isn't there.
#[test]
fn get() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        let ask = |request: GetRequest| {
            let request = GetRequest { unique_identifier: Some(id(&key)), ..request };
            server.send(*version, request).unwrap_err().reason
        };
        let format = |format| GetRequest { key_format_type: Some(format), ..GetRequest::new() };
        for wanted in [KeyFormatType::PKCS_1, KeyFormatType::X_509, KeyFormatType::TransparentDSAPrivateKey] {
            assert_eq!(ask(format(wanted)), R::KeyFormatTypeNotSupported);
        }
        let compressed = GetRequest {
            key_compression_type: Some(KeyCompressionType::ECPublicKeyTypeUncompressed),
            ..GetRequest::new()
        };
        assert_eq!(ask(compressed), R::KeyCompressionTypeNotSupported);
        let got = server.get(*version, &key).unwrap();
        assert_eq!(server.get(*version, &key).unwrap(), got);
    }
}

/// Locate: "Non-existing attributes, attributes that the server does not understand".
#[test]
fn locate() {
    let server = server();
    let key = server.create(V1_4, []);
    for version in ALL {
        let unknown = if *version < V2_0 {
            let value = V::Other(kmip::ttlv::Item::new(Tag::AttributeValue, "a name"));
            let attribute = Attribute::named("Nmae".into(), value);
            LocateRequest { attribute: vec![attribute], ..LocateRequest::new() }
        } else {
            let item = V::Other(kmip::ttlv::Item::new(Tag(0x0054_0001), "a name"));
            let attributes = Attributes { attribute: vec![item], ..Attributes::new() };
            LocateRequest { attributes: Some(attributes), ..LocateRequest::new() }
        };
        let reason = reason(*version, R::InvalidField, R::InvalidAttribute);
        assert_eq!(server.send(*version, unknown).unwrap_err().reason, reason);
        if *version >= V2_0 {
            let vendor = vec![
                kmip::ttlv::Item::new(Tag::VendorIdentification, "x"),
                kmip::ttlv::Item::new(Tag::AttributeName, "Own"),
            ];
            let item = V::Other(kmip::ttlv::Item::new(Tag::Attribute, vendor));
            let attributes = Attributes { attribute: vec![item], ..Attributes::new() };
            let without = LocateRequest { attributes: Some(attributes), ..LocateRequest::new() };
            assert_eq!(server.send(*version, without).unwrap_err().reason, R::InvalidMessage);
        }
        assert_eq!(server.locate(*version, AttributeSet::new()).unwrap(), std::slice::from_ref(&key));
    }
}

/// Register: a type that isn't that of the object, parts of split keys that can't be, attributes that contradict the object.
#[test]
fn register_what_cannot_be() {
    let server = server();
    for version in ALL {
        let refused = |request: RegisterRequest, reason: ResultReason| {
            let failed = server.send(*version, request).unwrap_err();
            assert_eq!(failed.reason, reason, "{version}: {}", failed.message);
        };
        for object in objects(*version) {
            let request = register_request(*version, object.clone(), AttributeSet::new());
            for object_type in [ObjectType::Certificate, ObjectType::SecretData, ObjectType(99)] {
                if object_type != request.object_type {
                    refused(RegisterRequest { object_type, ..request.clone() }, R::InvalidField);
                }
            }
            let ManagedObject::SplitKey(key) = object else { continue };
            use SplitKeyMethod as M;
            for (parts, identifier, threshold, method) in [
                (3, 0, 2, M::XOR),
                (3, 4, 2, M::XOR),
                (3, 1, 4, M::XOR),
                (3, 1, 0, M::PolynomialSharingGF2_16),
                (-1, -1, -1, M::XOR),
                (3, 1, 2, M::PolynomialSharingPrimeField),
            ] {
                let key = SplitKey {
                    split_key_parts: parts,
                    key_part_identifier: identifier,
                    split_key_threshold: threshold,
                    split_key_method: method,
                    ..key.clone()
                };
                let object = ManagedObject::SplitKey(key.into());
                refused(register_request(*version, object, AttributeSet::new()), R::InvalidField);
            }
        }
        let located = server.locate(*version, AttributeSet::new()).unwrap();
        assert!(located.is_empty(), "nothing was registered");
    }
}

/// 2.0 §4.26: what has no key has a Key Format Type all the same.
#[test]
fn formats_of_objects_without_a_key() {
    let server = server();
    for (object_type, format) in
        [(ObjectType::Certificate, KeyFormatType::Raw), (ObjectType::OpaqueObject, KeyFormatType::Opaque)]
    {
        let key = register(&server, V2_0, object_type);
        let attributes = server.attributes(V2_0, &key);
        assert_eq!(attributes.get(Tag::KeyFormatType), Some(&V::KeyFormatType(format)));
    }
    let request = CertificateRequest::new(CertificateRequestType::PKCS_10, vec![0x30, 0].into());
    let object = ManagedObject::CertificateRequest(request);
    let register = RegisterRequest {
        attributes: Some(set([name("request")]).to_attributes()),
        object: Some(object.clone()),
        ..RegisterRequest::new(ObjectType::CertificateRequest)
    };
    let key = text_of(&server.send(V2_0, register).unwrap().unique_identifier);
    assert_eq!(server.get(V2_0, &key).unwrap().object, object);
    let attributes = server.attributes(V2_0, &key);
    assert_eq!(attributes.get(Tag::KeyFormatType), Some(&V::KeyFormatType(KeyFormatType::PKCS_10)));
    // 1.x has no such objects.
    assert!(server.get(V1_4, &key).is_err());
}
