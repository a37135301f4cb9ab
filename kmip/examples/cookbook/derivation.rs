//! Keys and secrets made of others, on the server.

use kmip::client::blocking::Client;
use kmip::client::objects::{SecretData, SymmetricKey};
use kmip::ttlv::{Bytes, Text};
use kmip::types::{
    AttributeSet, AttributeValue, BlockCipherMode, CryptographicAlgorithm, CryptographicParameters,
    CryptographicUsageMask as Mask, DerivationMethod, DerivationParameters, HashingAlgorithm, ObjectType,
    PaddingMethod, SecretDataType,
};

use crate::{Outcome, remove, same};

/// A key from a password (the third of RFC 6070's examples).
pub(crate) fn pbkdf2(client: &mut Client) -> Outcome {
    let password = SecretData::new(SecretDataType::Password, &b"password"[..]).usage(Mask::DeriveKey);
    let password = client.register(password)?;
    let parameters = DerivationParameters {
        salt: Some(Bytes::from_static(b"salt")),
        iteration_count: Some(4096),
        ..hashed(HashingAlgorithm::SHA_1)
    };
    let expected = b"\x4b\x00\x79\x01\xb7\x65\x48\x9a\xbe\xad\x49\xd9\x26\xf7\x21\xd0";
    key(client, &password, DerivationMethod::PBKDF2, parameters, expected)
}

/// A secret by encryption: Blowfish in CBC mode, with the data that comes with Blowfish. Its last block has the padding.
pub(crate) fn encrypt(client: &mut Client) -> Outcome {
    let key = b"\x01\x23\x45\x67\x89\xab\xcd\xef\xf0\xe1\xd2\xc3\xb4\xa5\x96\x87";
    let key = SymmetricKey::new(CryptographicAlgorithm::Blowfish, &key[..]).usage(Mask::DeriveKey);
    let key = client.register(key)?;
    let parameters = DerivationParameters {
        cryptographic_parameters: Some(CryptographicParameters {
            cryptographic_algorithm: Some(CryptographicAlgorithm::Blowfish),
            block_cipher_mode: Some(BlockCipherMode::CBC),
            padding_method: Some(PaddingMethod::PKCS5),
            ..CryptographicParameters::new()
        }),
        initialization_vector: Some(Bytes::from_static(b"\xfe\xdc\xba\x98\x76\x54\x32\x10")),
        derivation_data: vec![Bytes::from_static(b"7654321 Now is the time for \0")],
        ..DerivationParameters::new()
    };
    let expected =
        b"\x6b\x77\xb4\xd6\x30\x06\xde\xe6\x05\xb1\x56\xe2\x74\x03\x97\x93\x58\xde\xb9\xe7\x15\x46\x16\xd9";
    secret(client, &key, DerivationMethod::ENCRYPT, parameters, expected)
}

/// A key by NIST SP 800-108 in counter mode (the first SHA-512 case of its validation suite).
pub(crate) fn nist_800_108(client: &mut Client) -> Outcome {
    let base =
        b"\xdd\x5d\xbd\x45\x59\x3e\xe2\xac\x13\x97\x48\xe7\x64\x5b\x45\x0f\x22\x3d\x2f\xf2\x97\xb7\x3f\xd7\
        \x1c\xbc\xeb\xe7\x1d\x41\x65\x3c\x95\x0b\x88\x50\x0d\xe5\x32\x2d\x99\xef\x18\xdf\xdd\x30\x42\x82\
        \x94\xc4\xb3\x09\x4f\x4c\x95\x43\x34\xe5\x93\xbd\x98\x2e\xc6\x14";
    let data =
        b"\xb5\x0b\x0c\x96\x3c\x6b\x30\x34\xb8\xcf\x19\xcd\x3f\x5c\x4e\xbe\x4f\x49\x85\xaf\x0c\x03\xe5\x75\
        \xdb\x62\xe6\xfd\xf1\xec\xfe\x4f\x28\xb9\x5d\x7c\xe1\x6d\xf8\x58\x43\x24\x6e\x15\x57\xce\x95\xbb\
        \x26\xcc\x9a\x21\x97\x4b\xbd\x2e\xb6\x9e\x83\x55";
    let base = SecretData::new(SecretDataType::Seed, &base[..]).usage(Mask::DeriveKey);
    let base = client.register(base)?;
    let parameters = DerivationParameters {
        derivation_data: vec![Bytes::from_static(data)],
        ..hashed(HashingAlgorithm::SHA_512)
    };
    let expected = b"\xe5\x99\x3b\xf9\xbd\x2a\xa1\xc4\x57\x46\x04\x2e\x12\x59\x81\x55";
    key(client, &base, DerivationMethod::NIST800_108_C, parameters, expected)
}

/// A secret by HMAC (RFC 5869, its seventh case, without salt and information).
pub(crate) fn hmac(client: &mut Client) -> Outcome {
    let seed = SecretData::new(SecretDataType::Seed, &[0x0c; 22][..]).usage(Mask::DeriveKey);
    let seed = client.register(seed)?;
    let parameters = DerivationParameters {
        derivation_data: vec![Bytes::new()],
        salt: Some(Bytes::new()),
        ..hashed(HashingAlgorithm::SHA_1)
    };
    let expected =
        b"\x2c\x91\x11\x72\x04\xd7\x45\xf3\x50\x0d\x63\x6a\x62\xf6\x4f\x0a\xb3\xba\xe5\x48\xaa\x53\xd4\x23\
        \xb0\xd1\xf2\x7e\xbb\xa6\xf5\xe5\x67\x3a\x08\x1d\x70\xcc\xe7\xac\xfc\x48";
    secret(client, &seed, DerivationMethod::HMAC, parameters, expected)
}

fn hashed(algorithm: HashingAlgorithm) -> DerivationParameters {
    let parameters =
        CryptographicParameters { hashing_algorithm: Some(algorithm), ..CryptographicParameters::new() };
    DerivationParameters { cryptographic_parameters: Some(parameters), ..DerivationParameters::new() }
}

/// Derives an AES key of as many bytes as are expected.
fn key(
    client: &mut Client,
    base: &Text,
    method: DerivationMethod,
    parameters: DerivationParameters,
    expected: &[u8],
) -> Outcome {
    let attributes = AttributeSet::new().with_usage(Mask::Encrypt);
    let algorithm = AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES);
    derive(client, ObjectType::SymmetricKey, base, method, parameters, attributes.with(algorithm), expected)
}

/// Derives secret data of as many bytes as are expected.
fn secret(
    client: &mut Client,
    base: &Text,
    method: DerivationMethod,
    parameters: DerivationParameters,
    expected: &[u8],
) -> Outcome {
    derive(client, ObjectType::SecretData, base, method, parameters, AttributeSet::new(), expected)
}

fn derive(
    client: &mut Client,
    object_type: ObjectType,
    base: &Text,
    method: DerivationMethod,
    parameters: DerivationParameters,
    attributes: AttributeSet,
    expected: &[u8],
) -> Outcome {
    client.activate(base)?;
    let bits = i32::try_from(expected.len() * 8)?;
    let attributes = attributes.with(AttributeValue::CryptographicLength(bits));
    let derived = client.derive_key(object_type, [base], method, parameters, attributes)?;
    same(client.get(&derived)?.bytes(), Some(expected))?;
    remove(client, &[base, &derived])
}
