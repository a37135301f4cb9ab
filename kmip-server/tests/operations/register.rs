//! Register and Get: every object type, as it stands.

use kmip::ttlv::{BigInteger, Bytes, Item, Limits, Mode, Secret, Tag, Value, Version};
use kmip::types::*;

use crate::fixtures;
use crate::harness::*;

fn block(format: KeyFormatType, material: KeyMaterial) -> KeyBlock {
    KeyBlock {
        key_value: Some(KeyValue::Plaintext(PlaintextKeyValue::new(material).into())),
        ..KeyBlock::new(format)
    }
}

fn raw(bytes: &[u8]) -> KeyMaterial {
    KeyMaterial::ByteString(Secret::from(bytes))
}

fn aes_block(bytes: &[u8]) -> KeyBlock {
    KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(bytes.len() as i32 * 8),
        ..block(KeyFormatType::Raw, raw(bytes))
    }
}

fn rsa(format: KeyFormatType) -> KeyBlock {
    let key = fixtures::rsa();
    let bytes = match format {
        KeyFormatType::PKCS_1 => key.rsa().unwrap().public_key_to_der_pkcs1().unwrap(),
        _ => key.private_key_to_pkcs8().unwrap(),
    };
    KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
        cryptographic_length: Some(1024),
        ..block(format, raw(&bytes))
    }
}

/// One of each type that the version has.
pub(crate) fn objects(version: Version) -> Vec<ManagedObject> {
    // Big integers are padded to whole multiples of 8 bytes when they are written.
    let modulus = [vec![0; 8], fixtures::rsa().rsa().unwrap().n().to_vec()].concat();
    let modulus = BigInteger::from_signed_bytes(modulus);
    let exponent = BigInteger::from_signed_bytes(vec![0, 0, 0, 0, 0, 1, 0, 1]);
    let transparent = TransparentRsaPublicKey::new(modulus, exponent);
    let mut objects = vec![
        ManagedObject::SymmetricKey(SymmetricKey::new(aes_block(&[7; 32])).into()),
        ManagedObject::PublicKey(PublicKey::new(rsa(KeyFormatType::PKCS_1)).into()),
        ManagedObject::PublicKey(
            PublicKey::new(KeyBlock {
                key_value: block(
                    KeyFormatType::TransparentRSAPublicKey,
                    KeyMaterial::TransparentRsaPublicKey(transparent),
                )
                .key_value,
                ..rsa(KeyFormatType::TransparentRSAPublicKey)
            })
            .into(),
        ),
        ManagedObject::PrivateKey(PrivateKey::new(rsa(KeyFormatType::PKCS_8)).into()),
        ManagedObject::Certificate(fixtures::certificate()),
        ManagedObject::SecretData(
            SecretData::new(SecretDataType::Password, block(KeyFormatType::Opaque, raw(b"password"))).into(),
        ),
        ManagedObject::OpaqueObject(OpaqueObject::new(
            OpaqueDataType(0x8000_0001),
            Secret::from(&b"anything"[..]),
        )),
        ManagedObject::SplitKey(SplitKey::new(3, 1, 2, SplitKeyMethod::XOR, aes_block(&[9; 16])).into()),
    ];
    if version < V2_0 {
        let inner = set([AttributeValue::CryptographicLength(128), name("template")]);
        objects.push(ManagedObject::Template(Template {
            attribute: inner.to_attribute_list(),
            ..Template::new()
        }));
    }
    if version >= V1_2 {
        objects.push(ManagedObject::PgpKey(
            PgpKey::new(4, block(KeyFormatType::Raw, raw(b"-----BEGIN PGP"))).into(),
        ));
    }
    objects
}

#[test]
fn every_object_comes_back_as_it_was() {
    let server = server();
    for version in ALL {
        for object in objects(*version) {
            let registered = server
                .send(*version, register_request(*version, object.clone(), AttributeSet::new()))
                .unwrap();
            let identifier = text_of(&registered.unique_identifier);
            let got = server.get(*version, &identifier).unwrap();
            assert_eq!(got.object, object, "{version}");
            // And again, when it isn't fresh any more.
            assert_eq!(server.get(*version, &identifier).unwrap().object, object, "{version}");
            let attributes = server.attributes(*version, &identifier);
            assert_eq!(attributes.get(Tag::ObjectType), Some(&AttributeValue::ObjectType(got.object_type)));
        }
    }
}

/// A vendor's own item in a key block comes back as well; it is no item of a strict message.
#[test]
fn what_the_tables_do_not_list_is_kept() {
    let server = server();
    let mut block = aes_block(&[1; 16]);
    block.unknown.add(Item::new(Tag(0x0054_0001), Value::Enumeration(7)));
    let object = ManagedObject::SymmetricKey(SymmetricKey::new(block).into());
    for version in ALL {
        let registered =
            server.send(*version, register_request(*version, object.clone(), AttributeSet::new())).unwrap();
        let mut request = Vec::new();
        batch(*version, vec![get_request(&text_of(&registered.unique_identifier)).into()])
            .write(&mut request)
            .unwrap();
        let answer = Bytes::copy_from_slice(&server.raw(Some("alice"), &request).bytes);
        let response = ResponseMessage::read(&answer, Mode::Lenient, Limits::DEFAULT).unwrap();
        let item = response.batch_item.into_iter().next().unwrap();
        let got = crate::harness::answer::<GetRequest>(item).unwrap().object;
        let bytes = |object| kmip::ttlv::encode(object, Tag::SymmetricKey, *version).unwrap();
        assert_eq!(bytes(&got), bytes(&object));
    }
}

#[test]
fn an_object_of_one_version_is_read_in_another() {
    let server = server();
    for written in ALL {
        for object in objects(*written) {
            let registered = server
                .send(*written, register_request(*written, object.clone(), AttributeSet::new()))
                .unwrap();
            let identifier = text_of(&registered.unique_identifier);
            for read in ALL {
                let is_there = match &object {
                    ManagedObject::Template(_) => *read < V2_0,
                    ManagedObject::PgpKey(_) => *read >= V1_2,
                    _ => true,
                };
                match server.get(*read, &identifier) {
                    Ok(got) => assert!(is_there && got.object == object, "{written} {read}"),
                    Err(failed) => {
                        assert!(!is_there, "{written} {read} {failed:?}");
                        assert_eq!(failed.reason, ResultReason::FeatureNotSupported);
                    }
                }
                server.attributes(*read, &identifier);
            }
        }
    }
}

#[test]
fn attributes_inside_a_key_value_take_the_form_of_the_version() {
    let server = server();
    let inner = set([name("inside"), AttributeValue::ContactInformation("me".into())]);
    let mut old = PlaintextKeyValue::new(raw(&[1; 16]));
    old.attribute = inner.to_attribute_list();
    let mut new = PlaintextKeyValue::new(raw(&[1; 16]));
    new.attributes = Some(inner.to_attributes());
    let key = |value: &PlaintextKeyValue| {
        let block =
            KeyBlock { key_value: Some(KeyValue::Plaintext(value.clone().into())), ..aes_block(&[1; 16]) };
        ManagedObject::SymmetricKey(SymmetricKey::new(block).into())
    };
    for (version, value) in [(V1_4, &old), (V2_0, &new)] {
        let registered =
            server.send(version, register_request(version, key(value), AttributeSet::new())).unwrap();
        let identifier = text_of(&registered.unique_identifier);
        assert_eq!(server.get(V1_0, &identifier).unwrap().object, key(&old));
        assert_eq!(server.get(V2_0, &identifier).unwrap().object, key(&new));
    }
}

#[test]
fn formats_of_symmetric_keys() {
    let server = server();
    for version in ALL {
        let key = ManagedObject::SymmetricKey(SymmetricKey::new(aes_block(&[7; 32])).into());
        let registered = server.send(*version, register_request(*version, key, AttributeSet::new())).unwrap();
        let identifier = text_of(&registered.unique_identifier);
        let get = |format| {
            server
                .send(*version, GetRequest { key_format_type: Some(format), ..get_request(&identifier) })
                .map(|got| {
                    let ManagedObject::SymmetricKey(key) = got.object else { panic!() };
                    assert_eq!(key.key_block.key_format_type, format);
                    let Some(KeyValue::Plaintext(value)) = key.key_block.key_value else { panic!() };
                    match value.key_material {
                        KeyMaterial::ByteString(bytes) => bytes.expose().to_vec(),
                        KeyMaterial::TransparentSymmetricKey(key) => key.key.expose().to_vec(),
                        other => panic!("{other:?}"),
                    }
                })
        };
        assert_eq!(get(KeyFormatType::Raw).unwrap(), [7; 32]);
        assert_eq!(get(KeyFormatType::TransparentSymmetricKey).unwrap(), [7; 32]);
        assert_eq!(get(KeyFormatType::PKCS_1).unwrap_err().reason, ResultReason::KeyFormatTypeNotSupported);
        let compression = KeyCompressionType::ECPublicKeyTypeUncompressed;
        let request = GetRequest { key_compression_type: Some(compression), ..get_request(&identifier) };
        assert_eq!(
            server.send(*version, request).unwrap_err().reason,
            ResultReason::KeyCompressionTypeNotSupported
        );
        let wrapping = KeyWrappingSpecification::new(WrappingMethod::Encrypt);
        let request =
            GetRequest { key_wrapping_specification: Some(wrapping.into()), ..get_request(&identifier) };
        assert_eq!(server.send(*version, request).unwrap_err().reason, ResultReason::InvalidMessage);
    }
}

#[test]
fn wrapped_keys_stay_wrapped() {
    let server = server();
    for version in ALL {
        let wrapping = KeyWrappingData {
            encryption_key_information: Some(EncryptionKeyInformation::new(id("some key")).into()),
            ..KeyWrappingData::new(WrappingMethod::Encrypt)
        };
        let block = KeyBlock {
            key_value: Some(KeyValue::Wrapped(Secret::from(&[0xAB; 24][..]))),
            key_wrapping_data: Some(wrapping.into()),
            ..aes_block(&[0; 16])
        };
        let key = ManagedObject::SymmetricKey(SymmetricKey::new(block).into());
        let registered =
            server.send(*version, register_request(*version, key.clone(), AttributeSet::new())).unwrap();
        let identifier = text_of(&registered.unique_identifier);
        assert_eq!(server.get(*version, &identifier).unwrap().object, key);
        // Nobody knows the digest of what is wrapped.
        assert_eq!(server.attributes(*version, &identifier).get(Tag::Digest), None);
        if *version >= V1_4 {
            let request =
                GetRequest { key_wrap_type: Some(KeyWrapType::NotWrapped), ..get_request(&identifier) };
            let expected = reason(*version, ResultReason::ItemNotFound, ResultReason::WrappingObjectNotFound);
            assert_eq!(server.send(*version, request).unwrap_err().reason, expected);
        }
    }
}

/// KMIP 1.2 §2.1.3: a key of which the server has attributes alone.
#[test]
fn keys_without_a_value() {
    let server = server();
    for version in [V1_2, V1_3, V1_4, V2_0] {
        let block = KeyBlock { key_value: None, ..aes_block(&[0; 16]) };
        let key = ManagedObject::SymmetricKey(SymmetricKey::new(block).into());
        let location = KeyValueLocation::new("HSM".into(), KeyValueLocationType::UninterpretedTextString);
        let given = set([AttributeValue::KeyValueLocation(location)]);
        let registered = server.send(version, register_request(version, key.clone(), given)).unwrap();
        let identifier = text_of(&registered.unique_identifier);
        assert_eq!(server.get(version, &identifier).unwrap().object, key);
        let attributes = server.attributes(version, &identifier);
        assert_eq!(attributes.get(Tag::KeyValuePresent), Some(&AttributeValue::KeyValuePresent(false)));
        assert_eq!(server.get(V1_0, &identifier).unwrap_err().reason, ResultReason::IllegalOperation);
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let server = server();
    for version in ALL {
        let key = || ManagedObject::SymmetricKey(SymmetricKey::new(aes_block(&[7; 32])).into());
        let request = RegisterRequest {
            object_type: ObjectType::PublicKey,
            ..register_request(*version, key(), AttributeSet::new())
        };
        assert_eq!(server.send(*version, request).unwrap_err().reason, ResultReason::InvalidField);
        let wrong = reason(*version, ResultReason::InvalidField, ResultReason::InvalidAttributeValue);
        let given = set([AttributeValue::CryptographicLength(128)]);
        assert_eq!(
            server.send(*version, register_request(*version, key(), given)).unwrap_err().reason,
            wrong
        );
        let block = KeyBlock { cryptographic_length: Some(128), ..aes_block(&[7; 32]) };
        let key = ManagedObject::SymmetricKey(SymmetricKey::new(block).into());
        assert_eq!(
            server.send(*version, register_request(*version, key, AttributeSet::new())).unwrap_err().reason,
            wrong
        );
        let block = KeyBlock { cryptographic_algorithm: None, ..aes_block(&[7; 32]) };
        let key = ManagedObject::SymmetricKey(SymmetricKey::new(block).into());
        let failed = server.send(*version, register_request(*version, key, AttributeSet::new())).unwrap_err();
        assert_eq!(failed.reason, ResultReason::InvalidField);
    }
}

/// The official case CS-AC-M-8 registers an attribute without a name, and succeeds.
#[test]
fn an_attribute_without_a_name_is_left_out() {
    let server = server();
    let key = ManagedObject::SymmetricKey(SymmetricKey::new(aes_block(&[7; 32])).into());
    let mut request = register_request(V1_2, key, AttributeSet::new());
    let nameless = Attribute {
        attribute_value: Some(AttributeValue::Other(Item::new(Tag::AttributeValue, "?"))),
        ..Attribute::new()
    };
    request.template_attribute.as_mut().unwrap().attribute.push(nameless);
    server.send(V1_2, request).unwrap();
}

/// KMIP 1.4 §3.48 and §3.50.
#[test]
fn what_may_not_leave_the_server() {
    let server = server();
    for version in [V1_4, V2_0] {
        let sensitive = server.create(version, [AttributeValue::Sensitive(true)]);
        assert_eq!(server.get(version, &sensitive).unwrap_err().reason, ResultReason::Sensitive);
        assert_eq!(server.get(V1_0, &sensitive).unwrap_err().reason, ResultReason::PermissionDenied);
        let kept = server.create(version, [AttributeValue::Extractable(false)]);
        assert_eq!(server.get(version, &kept).unwrap_err().reason, ResultReason::NotExtractable);
        let attributes = server.attributes(version, &kept);
        assert_eq!(attributes.get(Tag::NeverExtractable), Some(&AttributeValue::NeverExtractable(true)));
        assert_eq!(attributes.get(Tag::AlwaysSensitive), Some(&AttributeValue::AlwaysSensitive(false)));
    }
}

#[test]
fn an_object_that_is_not_there() {
    let server = server();
    for version in ALL {
        let missing = reason(*version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        for identifier in ["nowhere", "", "1' OR 1=1 --", &"x".repeat(100_000)] {
            assert_eq!(server.get(*version, identifier).unwrap_err().reason, missing);
        }
        // No identifier, and nothing in the ID Placeholder.
        assert_eq!(server.send(*version, GetRequest::new()).unwrap_err().reason, missing);
    }
}
