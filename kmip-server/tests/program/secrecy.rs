//! Whatever a client sends or gets that is secret: read or not, refused or not, none of it is in the log.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use kmip::ttlv::{BigInteger, DateTimeExtended, Secret};
use kmip::types::version::{V1_4, V2_0};
use kmip::types::*;
use openssl::ssl::SslStream;

use crate::harness::{create, exchange, exchange_in, folder, get, password, quickstart, start};

#[test]
fn no_secret_of_any_kind_is_logged_at_debug_level() {
    let (parent, folder) = folder();
    let users = parent.path().join("users.toml");
    fs::write(&users, "").unwrap();
    fs::set_permissions(&users, PermissionsExt::from_mode(0o600)).unwrap();
    let server = start(quickstart(&folder).args(["--log-level", "DEBUG", "--auth-users"]).arg(&users));
    let secrets = Secrets::default();
    let connect = || server.connect(&folder);

    // All of these are refused.
    for (version, credential) in credentials(&secrets) {
        exchange_in(version, &mut connect(), query(), Some(credential));
    }
    for message in unreadable(&secrets) {
        let mut stream = connect();
        stream.write_all(&message).unwrap();
        // It is answered or not; it is logged before either.
        let _ = stream.read(&mut [0; 8]);
    }
    let mut stream = connect();
    for (object_type, object) in objects(&secrets) {
        register_and_get(&mut stream, object_type, &object);
    }
    cryptography(&mut stream, &secrets);

    let (status, log) = server.stop("-TERM");
    assert_eq!(status, Some(0));
    // What is looked for was there: each of these has been through the log.
    for part in ["OneTimePassword", "HashedPassword", "CRTCoefficient", "OpaqueDataValue"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    for part in ["KeyMaterial ByteString hidden", "Key ByteString hidden", "KeyValue ByteString hidden"] {
        // In both versions it is registered, and got again.
        assert!(log.matches(part).count() >= 4, "{part}: {log}");
    }
    secrets.are_not_in(&log);
}

fn query() -> QueryRequest {
    QueryRequest { query_function: vec![QueryFunction::QueryOperations], ..QueryRequest::new() }
}

/// Credentials of every kind that has a secret, in a version that has the kind.
fn credentials(secrets: &Secrets) -> Vec<(kmip::ttlv::Version, Credential)> {
    let one_time = OneTimePasswordCredential {
        password: Some(secrets.text("otp-password").as_str().into()),
        ..OneTimePasswordCredential::new("client".into(), secrets.text("one-time").as_str().into())
    };
    let device = DeviceCredential {
        device_serial_number: Some("serial".into()),
        password: Some(secrets.text("device").as_str().into()),
        ..DeviceCredential::new()
    };
    let hashed = HashedPasswordCredential {
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        ..HashedPasswordCredential::new("client".into(), DateTimeExtended(0), secrets.bytes("hashed"))
    };
    let ticket = TicketCredential::new(Ticket::new(TicketType::Login, secrets.bytes("ticket")));
    let other = |kind, value| (V2_0, Credential::new(kind, value));
    vec![
        (V1_4, password("client", &secrets.text("password"))),
        (V1_4, Credential::new(CredentialType::Device, CredentialValue::DeviceCredential(device.into()))),
        other(CredentialType::OneTimePassword, CredentialValue::OneTimePasswordCredential(one_time.into())),
        other(CredentialType::HashedPassword, CredentialValue::HashedPasswordCredential(hashed.into())),
        other(CredentialType::Ticket, CredentialValue::TicketCredential(ticket)),
    ]
}

/// Messages that can't be read: cut off, in a version that there isn't, and with another tag.
fn unreadable(secrets: &Secrets) -> Vec<Vec<u8>> {
    let header = RequestHeader {
        authentication: Some(Authentication {
            credential: vec![password("client", &secrets.text("unreadable"))],
            ..Authentication::new()
        }),
        ..RequestHeader::new(V1_4.into(), 1)
    };
    let item = RequestBatchItem::new(Operation::Query, query().into());
    let mut message = Vec::new();
    RequestMessage { batch_item: vec![item], ..RequestMessage::new(header) }.write(&mut message).unwrap();
    let spoils: [fn(&mut Vec<u8>); 3] = [
        |message| message.truncate(message.len() - 8),
        |message| message[35] = 9,
        |message| message[8] = 0x43,
    ];
    let spoiled = |spoil: fn(&mut Vec<u8>)| {
        let mut message = message.clone();
        spoil(&mut message);
        let length = u32::try_from(message.len() - 8).unwrap().to_be_bytes();
        message[4..8].copy_from_slice(&length);
        message
    };
    spoils.map(spoiled).into()
}

/// Objects with their material in every form.
fn objects(secrets: &Secrets) -> Vec<(ObjectType, ManagedObject)> {
    let plain = |format, material| KeyBlock {
        key_value: Some(KeyValue::Plaintext(PlaintextKeyValue::new(material))),
        ..KeyBlock::new(format)
    };
    let wrapped = KeyBlock {
        key_value: Some(KeyValue::Wrapped(secrets.bytes("wrapped"))),
        ..KeyBlock::new(KeyFormatType::Raw)
    };
    let opaque = |name| plain(KeyFormatType::Opaque, KeyMaterial::ByteString(secrets.bytes(name)));
    let transparent = plain(
        KeyFormatType::TransparentSymmetricKey,
        KeyMaterial::TransparentSymmetricKey(TransparentSymmetricKey::new(secrets.bytes("key"))),
    );
    let number = |name| BigInteger::from_signed_bytes(secrets.bytes(name).expose().to_vec());
    let rsa = TransparentRsaPrivateKey {
        private_exponent: Some(number("rsa-d")),
        public_exponent: Some(BigInteger::from_signed_bytes(vec![1, 0, 1])),
        p: Some(number("rsa-p")),
        q: Some(number("rsa-q")),
        prime_exponent_p: Some(number("rsa-dp")),
        prime_exponent_q: Some(number("rsa-dq")),
        crt_coefficient: Some(number("rsa-qinv")),
        ..TransparentRsaPrivateKey::new(BigInteger::from_signed_bytes(vec![0, 0x80, 1, 1, 1, 1, 1, 1]))
    };
    let rsa =
        plain(KeyFormatType::TransparentRSAPrivateKey, KeyMaterial::TransparentRsaPrivateKey(rsa.into()));
    let symmetric = |block| (ObjectType::SymmetricKey, ManagedObject::SymmetricKey(SymmetricKey::new(block)));
    let data = SecretData::new(SecretDataType::Password, opaque("data"));
    let object = OpaqueObject::new(OpaqueDataType(0x8000_0001), secrets.bytes("opaque"));
    vec![
        symmetric(opaque("raw")),
        symmetric(transparent),
        symmetric(wrapped),
        (ObjectType::SecretData, ManagedObject::SecretData(data)),
        (ObjectType::PrivateKey, ManagedObject::PrivateKey(PrivateKey::new(rsa))),
        (ObjectType::OpaqueObject, ManagedObject::OpaqueObject(object)),
    ]
}

/// Registers an object in both forms of a request, and gets it where it was taken.
fn register_and_get(stream: &mut SslStream<TcpStream>, object_type: ObjectType, object: &ManagedObject) {
    for version in [V1_4, V2_0] {
        let set: AttributeSet = match object_type {
            ObjectType::SymmetricKey => vec![
                AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::HMAC_SHA256),
                AttributeValue::CryptographicLength(128),
                AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Export),
            ],
            ObjectType::OpaqueObject => vec![],
            _ => vec![AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Export)],
        }
        .into_iter()
        .collect();
        let (template_attribute, attributes) = match version {
            V1_4 => (Some(set.to_template_attribute()), None),
            _ => (None, Some(set.to_attributes())),
        };
        let request = RegisterRequest {
            template_attribute,
            attributes,
            object: Some(object.clone()),
            ..RegisterRequest::new(object_type)
        };
        let registered = exchange_in(version, stream, request, None);
        if let Some(ResponsePayload::Register(registered)) = registered.response_payload {
            exchange_in(version, stream, get(&registered.unique_identifier), None);
        }
    }
}

/// Encrypts, decrypts, and seeds.
fn cryptography(stream: &mut SslStream<TcpStream>, secrets: &Secrets) {
    let key = create(stream, "default");
    exchange(
        stream,
        ActivateRequest { unique_identifier: Some(key.clone()), ..ActivateRequest::new() },
        None,
    );
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::ECB),
        padding_method: Some(PaddingMethod::PKCS5),
        ..CryptographicParameters::new()
    };
    let request = EncryptRequest {
        unique_identifier: Some(key.clone()),
        cryptographic_parameters: Some(parameters.clone()),
        data: Some(Data::ByteString(secrets.bytes("plaintext"))),
        ..EncryptRequest::new()
    };
    let encrypted = exchange(stream, request, None);
    let Some(ResponsePayload::Encrypt(encrypted)) = encrypted.response_payload else {
        panic!("{encrypted:?}")
    };
    // What goes out again is the plaintext.
    let request = DecryptRequest {
        unique_identifier: Some(key),
        cryptographic_parameters: Some(parameters),
        data: encrypted.data,
        ..DecryptRequest::new()
    };
    let decrypted = exchange(stream, request, None);
    assert_eq!(decrypted.result_status, ResultStatus::Success);
    exchange(stream, RngSeedRequest::new(Data::ByteString(secrets.bytes("seed"))), None);
}

/// Secrets that were given out, to be looked for.
#[derive(Default)]
struct Secrets(RefCell<BTreeSet<String>>);

impl Secrets {
    fn text(&self, name: &str) -> String {
        let secret = format!("sesame {name} ");
        self.0.borrow_mut().insert(secret.clone());
        secret
    }

    /// 16 or more bytes.
    fn bytes(&self, name: &str) -> Secret {
        Secret::from(format!("{:.>16}", self.text(name)).into_bytes())
    }

    /// Neither as text nor as numbers of any kind.
    fn are_not_in(&self, log: &str) {
        let lower = log.to_ascii_lowercase();
        for secret in self.0.borrow().iter() {
            let hexadecimal: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            let decimal: Vec<String> = secret.bytes().map(|byte| byte.to_string()).collect();
            for form in [secret.clone(), hexadecimal, decimal.join(", "), decimal.join(",")] {
                assert!(!lower.contains(&form), "{secret:?} as {form:?}:\n{log}");
            }
        }
    }
}
