//! How a key is wrapped: a column for each field.
#![allow(clippy::useless_conversion, reason = "which structures stand in boxes is the generator's business")]

use kmip::types::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicParameters, DigitalSignatureAlgorithm,
    EncodingOption, EncryptionKeyInformation, HashingAlgorithm, KeyRoleType, KeyWrappingData,
    MacSignatureKeyInformation, PaddingMethod, UniqueIdentifier, WrappingMethod,
};

use super::row::{Read, Row};

/// The wrapping of the key in a row of `keys`; none where it isn't wrapped.
pub(super) fn read(row: &Row) -> Read<Option<KeyWrappingData>> {
    let encryption = key_information(row, "eki")?;
    let authentication = key_information(row, "mski")?;
    let mac_signature = row.bytes("_kdw_mac_signature")?;
    let nonce = row.bytes("_kdw_iv_counter_nonce")?;
    let Some(method) = row.enumeration("_kdw_wrapping_method", WrappingMethod::name)? else {
        if encryption.is_some() || authentication.is_some() || mac_signature.is_some() || nonce.is_some() {
            return Err(row
                .fault("_kdw_wrapping_method", "is empty, though other columns say how the key is wrapped"));
        }
        return Ok(None);
    };
    Ok(Some(KeyWrappingData {
        encryption_key_information: encryption.map(|(key, parameters)| EncryptionKeyInformation {
            cryptographic_parameters: parameters.map(Into::into),
            ..EncryptionKeyInformation::new(key)
        }),
        mac_signature_key_information: authentication.map(|(key, parameters)| MacSignatureKeyInformation {
            cryptographic_parameters: parameters.map(Into::into),
            ..MacSignatureKeyInformation::new(key)
        }),
        mac_signature: mac_signature.map(|bytes| bytes.to_vec().into()),
        iv_counter_nonce: nonce.map(|bytes| bytes.to_vec().into()),
        encoding_option: row.enumeration("_kdw_encoding_option", EncodingOption::name)?,
        ..KeyWrappingData::new(method)
    }))
}

type KeyInformation = (UniqueIdentifier, Option<CryptographicParameters>);

/// The key that wraps (`eki`) or authenticates (`mski`), and how.
fn key_information(row: &Row, part: &str) -> Read<Option<KeyInformation>> {
    let column = |name: &str| format!("_kdw_{part}_cp_{name}");
    let parameters = CryptographicParameters {
        block_cipher_mode: row.enumeration(&column("block_cipher_mode"), BlockCipherMode::name)?,
        padding_method: row.enumeration(&column("padding_method"), PaddingMethod::name)?,
        hashing_algorithm: row.enumeration(&column("hashing_algorithm"), HashingAlgorithm::name)?,
        key_role_type: row.enumeration(&column("key_role_type"), KeyRoleType::name)?,
        digital_signature_algorithm: row
            .enumeration(&column("digital_signature_algorithm"), DigitalSignatureAlgorithm::name)?,
        cryptographic_algorithm: row
            .enumeration(&column("cryptographic_algorithm"), CryptographicAlgorithm::name)?,
        random_iv: row.flag(&column("random_iv"))?,
        iv_length: row.small(&column("iv_length"))?,
        tag_length: row.small(&column("tag_length"))?,
        fixed_field_length: row.small(&column("fixed_field_length"))?,
        invocation_field_length: row.small(&column("invocation_field_length"))?,
        counter_length: row.small(&column("counter_length"))?,
        initial_counter_value: row.small(&column("initial_counter_value"))?,
        ..CryptographicParameters::new()
    };
    let parameters = (parameters != CryptographicParameters::new()).then_some(parameters);
    let column = format!("_kdw_{part}_unique_identifier");
    match (row.text(&column)?, parameters) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(row.fault(&column, "is empty, though other columns say how that key is used")),
        (Some(identifier), parameters) => Ok(Some((UniqueIdentifier::TextString(identifier), parameters))),
    }
}
