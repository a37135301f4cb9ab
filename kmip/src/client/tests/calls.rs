//! Every call, written in every version.

use crate::{
    client::{
        Batch, Call, Ciphertext, Credential, Error, Id, Options,
        batch::Outgoing,
        calls::{self, Form, Input, KeyPairAttributes, Search, Split, Usage, Which},
        objects::{
            Certificate, Object, OpaqueObject, PgpKey, PrivateKey, PublicKey, SecretData, SplitKey,
            SymmetricKey, Template,
        },
    },
    ttlv::{Bytes, ErrorKind, Interval, Limits, Mode, Tag, Value, Version},
    types::{
        AdjustmentType, AttributeId, AttributeSet, AttributeValue, BlockCipherMode, CertificateRequestType,
        CertificateType, CryptographicAlgorithm, CryptographicParameters, CryptographicUsageMask,
        DerivationMethod, DerivationParameters, EncodingOption, EncryptionKeyInformation, HashingAlgorithm,
        KeyFormatType, KeyValue, KeyWrappingData, ObjectType, OpaqueDataType, QueryFunction, RequestMessage,
        RevocationReason, RevocationReasonCode, SecretDataType, SplitKeyMethod, Ticket, TicketType,
        UniqueIdentifier, WrappingMethod,
        attribute_set::AttributeInstance,
        version::{self, V1_0, V1_1, V1_2, V1_3, V1_4, V2_0},
    },
};

fn options() -> Options {
    Options::new("localhost".parse().unwrap())
}

/// The request, which the codec reads back strictly; or what the version lacks.
fn write<T>(call: Call<T>, version: Version) -> Result<RequestMessage, Error> {
    let mut batch = Batch::new();
    let _place = batch.call(call);
    let outgoing = Outgoing::new(batch, &options(), version)?;
    let bytes = Bytes::copy_from_slice(&outgoing.message);
    Ok(RequestMessage::read(&bytes, Mode::Strict, Limits::DEFAULT).unwrap())
}

/// Written from a version on, and an error that tells of the version before.
fn since<T>(first: Version, call: impl Fn() -> Call<T>) {
    for version in version::ALL {
        let operation = call().operation();
        match write(call(), *version) {
            Ok(message) => {
                assert!(*version >= first, "{operation} in {version}");
                assert_eq!(message.batch_item.first().unwrap().operation, operation);
            }
            Err(Error::Encode(error)) => {
                assert!(*version < first, "{operation} in {version}: {error}");
                assert!(matches!(error.kind(), ErrorKind::Version { .. } | ErrorKind::Missing(_)), "{error}");
            }
            Err(Error::NoSuchOperation { .. }) => assert!(*version < first, "{operation} in {version}"),
            Err(error) => panic!("{operation} in {version}: {error}"),
        }
    }
}

fn wanted() -> AttributeSet {
    let usage = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    AttributeSet::new().with_name("one").with_usage(usage).with(AttributeInstance::vendor("x", "Owner", "me"))
}

fn pair() -> KeyPairAttributes {
    KeyPairAttributes {
        common: wanted(),
        private: AttributeSet::new().with_name("private"),
        ..Default::default()
    }
}

fn parameters() -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::CBC),
        ..CryptographicParameters::new()
    }
}

fn group() -> AttributeValue {
    AttributeValue::ObjectGroup("group".into())
}

#[test]
fn the_life_of_objects() {
    let aes = CryptographicAlgorithm::AES;
    let month = Interval(2_592_000);
    since(V1_0, || calls::create(aes, 256, wanted()));
    since(V1_0, || calls::create_key_pair(CryptographicAlgorithm::RSA, 2048, pair()));
    since(V1_0, || calls::rekey("7", month, AttributeSet::new()));
    since(V1_0, || calls::rekey(Id::PLACEHOLDER, None, wanted()));
    since(V1_1, || calls::rekey_key_pair("7", month, pair()));
    since(V1_0, || {
        let parameters = DerivationParameters {
            salt: Some(Bytes::from_static(b"salt")),
            iteration_count: Some(4096),
            ..DerivationParameters::new()
        };
        let method = DerivationMethod::PBKDF2;
        calls::derive_key(ObjectType::SymmetricKey, ["7", "8"], method, parameters, wanted())
    });
    let split = || Split { parts: 3, threshold: 2, method: SplitKeyMethod::XOR, prime_field_size: None };
    since(V1_2, || calls::create_split_key(ObjectType::SplitKey, "7", split(), wanted()));
    since(V1_2, || calls::join_split_key(ObjectType::SymmetricKey, ["1", "2"], None, wanted()));
    let usage =
        Usage { count: Some(5), mask: Some(CryptographicUsageMask::Encrypt), lease_time: Some(month) };
    since(V1_0, || calls::check("7", usage));
    since(V1_0, || calls::get_usage_allocation("7", 10));
    since(V1_0, || calls::obtain_lease("7"));
    since(V1_0, || calls::activate("7"));
    since(V1_0, || calls::revoke("7", RevocationReason::new(RevocationReasonCode::Superseded), None));
    since(V1_0, || calls::destroy("7"));
    since(V1_0, || calls::archive("7"));
    since(V1_0, || calls::recover("7"));
    let request = || Some((CertificateRequestType::PKCS_10, Bytes::from_static(b"request")));
    since(V1_0, || calls::certify("7", request(), wanted()));
    since(V1_1, || calls::certify("7", None, wanted()));
    since(V1_0, || calls::re_certify("7", request(), month, wanted()));
    since(V1_1, || calls::re_certify("7", None, month, wanted()));
    since(V1_0, || calls::validate(Vec::new(), &["7"], None));
}

#[test]
fn attributes() {
    let name = || AttributeId::Standard(Tag::Name);
    let first = || AttributeInstance::from(group());
    since(V1_0, || calls::get_attributes("7", &[name()]));
    since(V1_0, || calls::get_attribute_list("7"));
    since(V1_0, || calls::add_attribute("7", group()));
    since(V1_0, || calls::modify_attribute("7", group(), first()));
    since(V2_0, || calls::set_attribute("7", group()));
    since(V1_0, || calls::delete_attribute("7", name()));
    since(V1_0, || calls::delete_attribute("7", first()));
    since(V2_0, || {
        let which = AttributeId::Standard(Tag::CryptographicLength);
        calls::adjust_attribute("7", which, AdjustmentType::Increment, Value::Integer(8))
    });
    // An index is there until 1.4, and an attribute that a version lacks is told by name.
    let indexed = |version| write(calls::delete_attribute("7", Which::Index(name(), 1)), version);
    assert!(indexed(V1_4).is_ok());
    assert!(matches!(indexed(V2_0), Err(Error::Encode(_))));
    let sensitive = AttributeValue::Sensitive(true);
    let error = write(calls::add_attribute("7", sensitive), V1_2).unwrap_err();
    assert_eq!(error.to_string(), "KMIP 1.2 has no attribute Sensitive");
}

#[test]
fn objects_and_search() {
    let bytes = || vec![7; 16];
    let rsa = CryptographicAlgorithm::RSA;
    let split = || Split { parts: 2, threshold: 2, method: SplitKeyMethod::XOR, prime_field_size: None };
    let register = |first, object: Object| since(first, || calls::register(object.clone().named("one")));
    register(V1_0, SymmetricKey::new(CryptographicAlgorithm::AES, bytes()).into());
    register(V1_0, PublicKey::new(rsa, 1024, KeyFormatType::PKCS_1, bytes()).into());
    register(V1_0, PrivateKey::new(rsa, 1024, KeyFormatType::PKCS_8, bytes()).into());
    register(V1_0, SplitKey::new(CryptographicAlgorithm::AES, 128, split(), 1, bytes()).into());
    register(V1_0, SecretData::new(SecretDataType::Password, bytes()).into());
    register(V1_0, OpaqueObject::new(OpaqueDataType(0x8000_0000), bytes()).into());
    register(V1_0, Certificate::new(CertificateType::X_509, bytes()).into());
    register(V1_2, PgpKey::new(4, bytes()).into());
    assert!(write(calls::register(Template::new("t", &wanted())), V1_4).is_ok());
    assert!(write(calls::register(Template::new("t", &wanted())), V2_0).is_err());

    let key = SymmetricKey::new(CryptographicAlgorithm::AES, bytes()).named("one");
    let wrapping = KeyWrappingData {
        encryption_key_information: Some(EncryptionKeyInformation::new(UniqueIdentifier::TextString(
            "9".into(),
        ))),
        encoding_option: Some(EncodingOption::NoEncoding),
        ..KeyWrappingData::new(WrappingMethod::Encrypt)
    };
    let wrapped = key.clone().wrapped(wrapping);
    assert!(wrapped.wrapping().is_some());
    assert!(matches!(wrapped.value.key_block.key_value, Some(KeyValue::Wrapped(_))));
    since(V1_1, || calls::register(wrapped.clone()));

    since(V1_0, || calls::get("7"));
    since(V1_0, || calls::get_as("7", Form::format(KeyFormatType::Raw)));
    since(V1_0, || calls::get_as("7", Form::wrapped("8", BlockCipherMode::NISTKeyWrap)));
    since(V1_4, || calls::export("7", Form::default()));
    since(V1_4, || calls::import("7", key.clone(), true));
    assert!(matches!(write(calls::import(Id::PLACEHOLDER, key, false), V2_0), Err(Error::NoIdentifier(_))));

    since(V1_0, || calls::locate(wanted()));
    since(V1_3, || calls::locate(Search { offset: Some(1), maximum: Some(2), ..Search::default() }));
}

#[test]
fn cryptography() {
    let data = || vec![1; 32];
    let iv = || Some(Bytes::from_static(&[0; 16]));
    since(V1_2, || calls::encrypt("7", parameters(), data(), iv(), None));
    since(V1_4, || calls::encrypt("7", None, data(), None, Some(Bytes::from_static(b"aad"))));
    since(V1_2, || {
        calls::decrypt("7", parameters(), Ciphertext { data: data().into(), iv: iv(), tag: None }, None)
    });
    since(V1_2, || calls::sign("7", parameters(), data()));
    since(V1_4, || calls::sign("7", None, Input::Digest(data().into())));
    since(V1_2, || calls::signature_verify("7", None, data(), data()));
    since(V1_2, || calls::mac("7", None, data()));
    since(V1_2, || calls::mac_verify("7", None, data(), data()));
    since(V1_2, || calls::hash(HashingAlgorithm::SHA_256, data()));
    since(V1_2, || calls::rng_retrieve(16));
    since(V1_2, || calls::rng_seed(data()));
}

#[test]
fn the_server() {
    since(V1_0, || calls::query(&[QueryFunction::QueryOperations]));
    since(V1_1, || calls::discover_versions(&[V1_4, V2_0]));
    since(V1_0, || calls::poll(&b"value"[..]));
    since(V1_0, || calls::cancel(&b"value"[..]));
    since(V2_0, || calls::log("a line"));
    since(V2_0, || calls::login(None, Some(5)));
    since(V2_0, || calls::logout(Ticket::new(TicketType::Login, b"ticket"[..].into())));
}

#[test]
fn credentials_of_every_kind() {
    let mut options = options();
    let ticket = Ticket::new(TicketType::Login, b"ticket"[..].into());
    options.credentials = vec![Credential::user("fred", None), Credential::ticket(ticket)];
    let mut batch = Batch::new();
    let _place = batch.call(calls::activate("7"));
    let outgoing = Outgoing::new(batch, &options, V2_0).unwrap();
    let bytes = Bytes::copy_from_slice(&outgoing.message);
    let message = RequestMessage::read(&bytes, Mode::Strict, Limits::DEFAULT).unwrap();
    assert_eq!(message.request_header.authentication.unwrap().credential, options.credentials);
}
