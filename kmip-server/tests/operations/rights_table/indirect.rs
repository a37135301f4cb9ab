//! Objects that an operation uses beside the one that it is about.

use kmip::types::*;

use super::ways::{derive, joining};
use super::{ALL_MAY, NOBODY, Rules, Told, owned, served, server_under, told};
use crate::harness::*;
use crate::{fixtures, keys};

/// A use of an object beside another: which right it takes, and what asks for it.
struct Use {
    name: &'static str,
    right: Operation,
    /// Registers the object that is used, for Alice and under a policy.
    make: fn(&Server, &str) -> String,
    /// The request of Bob's that uses it.
    ask: fn(&Server, &str) -> RequestPayload,
}

const USES: &[Use] = &[
    Use {
        name: "a key to wrap with",
        right: Operation::Encrypt,
        make: wrapping_key,
        ask: |server, key| {
            let specification = KeyWrappingSpecification {
                encryption_key_information: Some(EncryptionKeyInformation::new(id(key)).into()),
                ..KeyWrappingSpecification::new(WrappingMethod::Encrypt)
            };
            wrapped_get(server, specification)
        },
    },
    Use {
        name: "a key to sign a wrapped key with",
        right: Operation::Encrypt,
        make: wrapping_key,
        ask: |server, key| {
            let parameters = keys::hashing(HashingAlgorithm::SHA_256);
            let information = MacSignatureKeyInformation {
                cryptographic_parameters: Some(parameters.into()),
                ..MacSignatureKeyInformation::new(id(key))
            };
            let specification = KeyWrappingSpecification {
                mac_signature_key_information: Some(information.into()),
                ..KeyWrappingSpecification::new(WrappingMethod::MACSign)
            };
            wrapped_get(server, specification)
        },
    },
    Use {
        name: "a key to unwrap with",
        right: Operation::Decrypt,
        make: wrapping_key,
        ask: |server, key| {
            let data = KeyWrappingData {
                encryption_key_information: Some(EncryptionKeyInformation::new(id(key)).into()),
                ..KeyWrappingData::new(WrappingMethod::Encrypt)
            };
            let block = KeyBlock {
                key_value: Some(KeyValue::Wrapped(vec![7; 24].into())),
                key_wrapping_data: Some(data.into()),
                cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
                cryptographic_length: Some(128),
                ..KeyBlock::new(KeyFormatType::Raw)
            };
            let object = ManagedObject::SymmetricKey(SymmetricKey::new(block).into());
            let mine = registered_by_bob(server, object, AttributeSet::new());
            GetRequest { key_wrap_type: Some(KeyWrapType::NotWrapped), ..get_request(&mine) }.into()
        },
    },
    Use {
        name: "another base to derive from",
        right: Operation::DeriveKey,
        make: base,
        ask: |server, key| {
            let mine = registered_by_bob(server, symmetric(), derivable());
            derive(V1_4, vec![id(&mine), id(key)], None)
        },
    },
    Use {
        name: "another part to join",
        right: Operation::JoinSplitKey,
        make: |server, policy| owned(server, &part(2), policy, AttributeSet::new()),
        ask: |server, key| {
            let mine = registered_by_bob(server, part(1), AttributeSet::new());
            let unique_identifier = vec![id(&mine), id(key)];
            joining(V1_4, unique_identifier)
        },
    },
    Use {
        name: "a template",
        right: Operation::Get,
        make: |server, policy| {
            let inner = set([AttributeValue::CryptographicLength(128)]);
            let template = Template { attribute: inner.to_attribute_list(), ..Template::new() };
            owned(server, &ManagedObject::Template(template), policy, set([name("the template")]))
        },
        ask: |_, _| {
            let template = TemplateAttribute {
                name: vec![Name::new("the template".into(), NameType::UninterpretedTextString)],
                ..aes(128).to_template_attribute()
            };
            CreateRequest {
                template_attribute: Some(template),
                ..CreateRequest::new(ObjectType::SymmetricKey)
            }
            .into()
        },
    },
    Use {
        // It gives its Name away; the right to the pair is that to the private key (1.0 §3.13.2).
        name: "the public half of a key pair",
        right: Operation::ModifyAttribute,
        make: |server, policy| {
            let block = KeyBlock {
                cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
                cryptographic_length: Some(1024),
                ..fixtures::block(KeyFormatType::X_509, &fixtures::rsa().public_key_to_der().unwrap())
            };
            let object = ManagedObject::PublicKey(PublicKey::new(block).into());
            let mask = AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Verify);
            owned(server, &object, policy, set([mask]))
        },
        ask: |server, key| {
            let block = KeyBlock {
                cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
                cryptographic_length: Some(1024),
                ..fixtures::block(KeyFormatType::PKCS_8, &fixtures::rsa().private_key_to_pkcs8().unwrap())
            };
            let object = ManagedObject::PrivateKey(PrivateKey::new(block).into());
            let link = AttributeValue::Link(Link::new(LinkType::PublicKeyLink, id(key)).into());
            let mask = AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Sign);
            let mine = registered_by_bob(server, object, set([mask, link]));
            ReKeyKeyPairRequest {
                private_key_unique_identifier: Some(id(&mine)),
                ..ReKeyKeyPairRequest::new()
            }
            .into()
        },
    },
];

fn wrapping_key(server: &Server, policy: &str) -> String {
    let bits = CryptographicUsageMask::WrapKey
        | CryptographicUsageMask::UnwrapKey
        | CryptographicUsageMask::MACGenerate;
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::NISTKeyWrap),
        ..CryptographicParameters::new()
    };
    let given = [
        AttributeValue::CryptographicUsageMask(bits),
        AttributeValue::ActivationDate(now()),
        AttributeValue::CryptographicParameters(parameters.into()),
        AttributeValue::CryptographicParameters(keys::hashing(HashingAlgorithm::SHA_256).into()),
    ];
    owned(server, &symmetric(), policy, set(given))
}

fn symmetric() -> ManagedObject {
    let block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        ..fixtures::block(KeyFormatType::Raw, &[5; 16])
    };
    ManagedObject::SymmetricKey(SymmetricKey::new(block).into())
}

fn secret() -> ManagedObject {
    let block = fixtures::block(KeyFormatType::Opaque, b"password");
    ManagedObject::SecretData(SecretData::new(SecretDataType::Password, block).into())
}

fn derivable() -> AttributeSet {
    set([AttributeValue::CryptographicUsageMask(keys::MASK), AttributeValue::ActivationDate(now())])
}

fn base(server: &Server, policy: &str) -> String {
    owned(server, &secret(), policy, derivable())
}

fn part(number: i32) -> ManagedObject {
    let block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        ..fixtures::block(KeyFormatType::Raw, &[9; 16])
    };
    ManagedObject::SplitKey(SplitKey::new(2, number, 2, SplitKeyMethod::XOR, block).into())
}

fn registered_by_bob(server: &Server, object: ManagedObject, given: AttributeSet) -> String {
    let registered = server.ask("bob", V1_4, register_request(V1_4, object, given)).unwrap();
    text_of(&registered.unique_identifier)
}

fn wrapped_get(server: &Server, specification: KeyWrappingSpecification) -> RequestPayload {
    let mine = registered_by_bob(server, symmetric(), AttributeSet::new());
    GetRequest { key_wrapping_specification: Some(specification.into()), ..get_request(&mine) }.into()
}

#[test]
fn what_is_used_beside_takes_a_right_of_its_own() {
    for used in USES {
        let others = served().into_iter().filter(|other| *other != used.right);
        let but = others.map(|other| (other, ALL_MAY)).chain([(used.right, NOBODY)]).collect();
        let alone = vec![(used.right, ALL_MAY), (Operation::Locate, ALL_MAY)];
        let all = [
            Rules::preset("all but this".into(), but),
            Rules::preset("this alone".into(), alone),
            Rules::preset("nothing".into(), Vec::new()),
        ];
        for (rules, expected) in all.iter().zip([Told::Denied, Told::Allowed, Told::Absent]) {
            let server = server_under(&all);
            let key = (used.make)(&server, &rules.name);
            let request = (used.ask)(&server, &key);
            let [item] = server.batch("bob", V1_4, vec![request]).try_into().unwrap();
            match expected {
                // In other words where it is another object that the request is about.
                Told::Absent => {
                    assert_ne!(item.result_status, ResultStatus::Success, "{}: {item:?}", used.name)
                }
                _ => assert_eq!(told(&item), expected, "{} under {:?}: {item:?}", used.name, rules.name),
            }
            if expected == Told::Allowed {
                // It was no other fault that kept it from being used.
                let fault = item.result_message.as_ref().map(ToString::to_string);
                assert!(fault.is_none() || used.right == Operation::Decrypt, "{}: {fault:?}", used.name);
            }
        }
    }
}
