//! Keys with known bytes, and short ways to use them.

use kmip::ttlv::{Bytes, Secret, Version};
use kmip::types::*;

use crate::harness::*;

/// Reads hexadecimal digits, ignoring blanks.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// What keys are used for here.
pub(crate) const MASK: CryptographicUsageMask = CryptographicUsageMask::Encrypt
    .union(CryptographicUsageMask::Decrypt)
    .union(CryptographicUsageMask::MACGenerate)
    .union(CryptographicUsageMask::MACVerify)
    .union(CryptographicUsageMask::DeriveKey);

/// Registers a key, which is Active.
pub(crate) fn key(
    server: &Server,
    version: Version,
    algorithm: CryptographicAlgorithm,
    bytes: &[u8],
) -> String {
    key_with(server, version, algorithm, bytes, [])
}

pub(crate) fn key_with(
    server: &Server,
    version: Version,
    algorithm: CryptographicAlgorithm,
    bytes: &[u8],
    more: impl IntoIterator<Item = AttributeValue>,
) -> String {
    let block = KeyBlock {
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: Some(bytes.len() as i32 * 8),
        ..block(KeyFormatType::Raw, bytes)
    };
    let object = ManagedObject::SymmetricKey(SymmetricKey::new(block).into());
    let mut given =
        set([AttributeValue::CryptographicUsageMask(MASK), AttributeValue::ActivationDate(now())]);
    given.extend(more);
    text_of(&server.send(version, register_request(version, object, given)).unwrap().unique_identifier)
}

/// Registers secret data.
pub(crate) fn secret(
    server: &Server,
    version: Version,
    bytes: &[u8],
    attributes: impl IntoIterator<Item = AttributeValue>,
) -> String {
    let block = block(KeyFormatType::Opaque, bytes);
    let object = ManagedObject::SecretData(SecretData::new(SecretDataType::Password, block).into());
    let request = register_request(version, object, set(attributes));
    text_of(&server.send(version, request).unwrap().unique_identifier)
}

fn block(format: KeyFormatType, bytes: &[u8]) -> KeyBlock {
    let material = KeyMaterial::ByteString(Secret::from(bytes));
    KeyBlock {
        key_value: Some(KeyValue::Plaintext(PlaintextKeyValue::new(material).into())),
        ..KeyBlock::new(format)
    }
}

pub(crate) fn mode(mode: BlockCipherMode, padding: Option<PaddingMethod>) -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(mode),
        padding_method: padding,
        ..CryptographicParameters::new()
    }
}

pub(crate) fn hashing(algorithm: HashingAlgorithm) -> CryptographicParameters {
    CryptographicParameters { hashing_algorithm: Some(algorithm), ..CryptographicParameters::new() }
}

pub(crate) fn by_algorithm(algorithm: CryptographicAlgorithm) -> CryptographicParameters {
    CryptographicParameters { cryptographic_algorithm: Some(algorithm), ..CryptographicParameters::new() }
}

pub(crate) fn data(bytes: &[u8]) -> Option<Data> {
    Some(Data::ByteString(Secret::from(bytes)))
}

pub(crate) fn bytes_of(data: Option<Data>) -> Vec<u8> {
    match data {
        Some(Data::ByteString(bytes)) => bytes.expose().to_vec(),
        None => Vec::new(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn encrypt(key: &str, parameters: CryptographicParameters, plaintext: &[u8]) -> EncryptRequest {
    EncryptRequest {
        unique_identifier: Some(id(key)),
        cryptographic_parameters: Some(parameters.into()),
        data: data(plaintext),
        ..EncryptRequest::new()
    }
}

pub(crate) fn decrypt(
    key: &str,
    parameters: CryptographicParameters,
    ciphertext: &[u8],
    iv: Option<Bytes>,
) -> DecryptRequest {
    DecryptRequest {
        unique_identifier: Some(id(key)),
        cryptographic_parameters: Some(parameters.into()),
        data: data(ciphertext),
        iv_counter_nonce: iv,
        ..DecryptRequest::new()
    }
}

pub(crate) fn mac(key: &str, parameters: CryptographicParameters, message: &[u8]) -> MacRequest {
    MacRequest {
        unique_identifier: Some(id(key)),
        cryptographic_parameters: Some(parameters.into()),
        data: data(message),
        ..MacRequest::new()
    }
}

pub(crate) fn mac_verify(
    key: &str,
    parameters: CryptographicParameters,
    message: &[u8],
    code: &[u8],
) -> MacVerifyRequest {
    MacVerifyRequest {
        unique_identifier: Some(id(key)),
        cryptographic_parameters: Some(parameters.into()),
        data: data(message),
        mac_data: Some(Bytes::copy_from_slice(code)),
        ..MacVerifyRequest::new()
    }
}

pub(crate) fn hash(algorithm: HashingAlgorithm, message: &[u8]) -> HashRequest {
    HashRequest { data: data(message), ..HashRequest::new(hashing(algorithm).into()) }
}
