//! Values as people write them.

use std::{ffi::OsStr, fs};

use clap::{
    Arg, Command,
    builder::{PossibleValue, TypedValueParser},
};
use jiff::Timestamp;
use kmip::{
    ttlv::{Bytes, DateTime, names::EnumerationInfo},
    types::{
        AdjustmentType, BlockCipherMode, CertificateRequestType, CryptographicAlgorithm,
        CryptographicUsageMask, DerivationMethod, DigitalSignatureAlgorithm, EndpointRole, HashingAlgorithm,
        InteropFunction, KeyCompressionType, KeyFormatType, KeyWrapType, MaskGenerator, ObjectGroupMember,
        ObjectType, Operation, PaddingMethod, QueryFunction, RecommendedCurve, RevocationReasonCode,
        SecretDataType, SplitKeyMethod, State, StorageStatusMask, tables,
    },
};

macro_rules! enumerations {
    ($($function:ident: $type:ident in $table:ident;)*) => {
        $(pub(crate) fn $function() -> Named<$type> {
            Named { table: &tables::$table, of: $type }
        })*
    };
}

enumerations! {
    adjustment: AdjustmentType in ADJUSTMENT_TYPE;
    algorithm: CryptographicAlgorithm in CRYPTOGRAPHIC_ALGORITHM;
    compression: KeyCompressionType in KEY_COMPRESSION_TYPE;
    curve: RecommendedCurve in RECOMMENDED_CURVE;
    derivation_method: DerivationMethod in DERIVATION_METHOD;
    endpoint_role: EndpointRole in ENDPOINT_ROLE;
    group_member: ObjectGroupMember in OBJECT_GROUP_MEMBER;
    hash: HashingAlgorithm in HASHING_ALGORITHM;
    interop_function: InteropFunction in INTEROP_FUNCTION;
    key_format: KeyFormatType in KEY_FORMAT_TYPE;
    mask_generator: MaskGenerator in MASK_GENERATOR;
    mode: BlockCipherMode in BLOCK_CIPHER_MODE;
    object_type: ObjectType in OBJECT_TYPE;
    operation: Operation in OPERATION;
    padding: PaddingMethod in PADDING_METHOD;
    query_function: QueryFunction in QUERY_FUNCTION;
    request_type: CertificateRequestType in CERTIFICATE_REQUEST_TYPE;
    revocation_reason: RevocationReasonCode in REVOCATION_REASON_CODE;
    secret_data_type: SecretDataType in SECRET_DATA_TYPE;
    signature_algorithm: DigitalSignatureAlgorithm in DIGITAL_SIGNATURE_ALGORITHM;
    split_key_method: SplitKeyMethod in SPLIT_KEY_METHOD;
    state: State in STATE;
    wrap_type: KeyWrapType in KEY_WRAP_TYPE;
}

/// A value of an enumeration by its name, of which shells know all.
#[derive(Clone)]
pub(crate) struct Named<T> {
    table: &'static EnumerationInfo,
    of: fn(u32) -> T,
}

impl<T: Clone + Send + Sync + 'static> Named<T> {
    fn read(&self, text: &str) -> Result<T, String> {
        named(self.table, text).map(self.of)
    }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Named<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, clap::Error> {
        let read = self.clone();
        (move |text: &str| read.read(text)).parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.table.values.iter().map(|info| PossibleValue::new(info.text))))
    }
}

/// A set of uses: names with commas between them.
pub(crate) fn usage(text: &str) -> Result<CryptographicUsageMask, String> {
    mask(&tables::CRYPTOGRAPHIC_USAGE_MASK, text).map(CryptographicUsageMask::from_bits_retain)
}

/// Where objects are kept: names with commas between them.
pub(crate) fn storage(text: &str) -> Result<StorageStatusMask, String> {
    mask(&tables::STORAGE_STATUS_MASK, text).map(StorageStatusMask::from_bits_retain)
}

/// The value with this name, however it is capitalized and hyphenated; or a number.
pub(crate) fn named(table: &'static EnumerationInfo, text: &str) -> Result<u32, String> {
    if let Some(info) = table.named(text) {
        return Ok(info.value);
    }
    let wanted = plain(text);
    let mut near =
        table.values.iter().filter(|info| plain(info.text) == wanted || plain(info.name) == wanted);
    if let Some(info) = near.next() {
        return Ok(info.value);
    }
    if let Some(number) = number(text) {
        return Ok(number);
    }
    // `Operations` for QueryOperations, `Next` for NextLink.
    let is_part = |name: &str| !wanted.is_empty() && (name.starts_with(&wanted) || name.ends_with(&wanted));
    let mut parts = table.values.iter().filter(|info| is_part(&plain(info.text)));
    if let (Some(info), None) = (parts.next(), parts.next()) {
        return Ok(info.value);
    }
    let names: Vec<&str> = table.values.iter().map(|info| info.text).collect();
    Err(format!("{} is one of {}", table.name, names.join(", ")))
}

/// The bits with these names, or a number.
pub(crate) fn mask(table: &'static EnumerationInfo, text: &str) -> Result<u32, String> {
    let names = text.split([',', '|', ' ']).filter(|name| !name.is_empty());
    names.map(|name| named(table, name)).try_fold(0, |bits, bit| bit.map(|bit| bits | bit))
}

/// A time: RFC 3339, seconds since 1970, or `now`.
pub(crate) fn time(text: &str) -> Result<DateTime, String> {
    if text == "now" {
        return Ok(DateTime::now());
    }
    if let Ok(seconds) = text.parse() {
        return Ok(DateTime(seconds));
    }
    let time: Result<Timestamp, _> = text.parse();
    time.map(|time| DateTime(time.as_second()))
        .map_err(|_| "a time is written 2026-01-31T12:00:00Z, or as seconds since 1970, or now".to_owned())
}

/// Bytes in hexadecimal, with or without spaces between them.
pub(crate) fn bytes(text: &str) -> Result<Bytes, String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    unhex(&digits).map(Bytes::from).ok_or_else(|| "that is not hexadecimal".to_owned())
}

/// Bytes in hexadecimal, or from a file after `@`.
pub(crate) fn hex_or_file(text: &str) -> Result<Bytes, String> {
    if text.starts_with('@') { text_or_file(text) } else { bytes(text) }
}

/// Bytes from a file after `@`, or else the text itself.
pub(crate) fn text_or_file(text: &str) -> Result<Bytes, String> {
    match text.strip_prefix('@') {
        Some(path) => fs::read(path).map(Bytes::from).map_err(|error| format!("{path}: {error}")),
        None => Ok(Bytes::copy_from_slice(text.as_bytes())),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
    }
    text
}

/// The bytes, if it is an even number of hexadecimal digits.
pub(crate) fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    let mut bytes = Vec::with_capacity(pairs.len());
    for [high, low] in pairs {
        bytes.push(digit(*high)? << 4 | digit(*low)?);
    }
    Some(bytes)
}

fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// A name without what people write differently.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

pub(crate) fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_people_write_them() {
        assert_eq!(object_type().read("symmetric-key"), Ok(ObjectType::SymmetricKey));
        assert_eq!(object_type().read("Symmetric Key"), Ok(ObjectType::SymmetricKey));
        assert_eq!(algorithm().read("aes"), Ok(CryptographicAlgorithm::AES));
        assert_eq!(algorithm().read("3des"), Ok(CryptographicAlgorithm::DES3));
        assert_eq!(algorithm().read("0x80000001"), Ok(CryptographicAlgorithm(0x8000_0001)));
        assert_eq!(query_function().read("operations"), Ok(QueryFunction::QueryOperations));
        assert_eq!(
            usage("Encrypt,decrypt"),
            Ok(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt)
        );
        assert!(state().read("sleeping").is_err_and(|error| error.contains("PreActive")));
        assert_eq!(time("1970-01-01T00:01:00Z"), Ok(DateTime(60)));
        assert_eq!(time("-5"), Ok(DateTime(-5)));
        assert!(time("tomorrow").is_err());
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(unhex(b"00fFa5"), Some(vec![0, 0xFF, 0xA5]));
        assert_eq!(hex(&[0, 0xFF, 0xA5]), "00ffa5");
        assert_eq!(unhex(b"0"), None);
        assert_eq!(unhex(b"0g"), None);
    }
}
