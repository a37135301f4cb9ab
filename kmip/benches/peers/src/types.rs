//! Types for kmip-ttlv that hold what the messages of the benchmarks hold, and no more.

#![allow(dead_code, reason = "what is read is not looked at")]

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename = "0x420078")]
pub(crate) struct RequestMessage {
    #[serde(rename = "0x420077")]
    header: RequestHeader,
    #[serde(rename = "0x42000F")]
    batch_items: Vec<RequestBatchItem>,
}

#[derive(Deserialize)]
#[serde(rename = "0x420077")]
struct RequestHeader {
    #[serde(rename = "0x420069")]
    protocol_version: ProtocolVersion,
    #[serde(rename = "0x42000D")]
    batch_count: i32,
}

#[derive(Deserialize)]
#[serde(rename = "0x420069")]
struct ProtocolVersion {
    #[serde(rename = "0x42006A")]
    major: i32,
    #[serde(rename = "0x42006B")]
    minor: i32,
}

#[derive(Deserialize)]
#[serde(rename = "0x42000F")]
struct RequestBatchItem {
    #[serde(rename = "0x42005C")]
    operation: Operation,
    #[serde(rename = "0x420093")]
    unique_batch_item_id: Option<BatchItemId>,
    #[serde(rename = "0x420079")]
    payload: RequestPayload,
}

#[derive(Deserialize)]
#[serde(rename = "Transparent:0x420093")]
struct BatchItemId(#[serde(with = "serde_bytes")] Vec<u8>);

#[derive(Deserialize)]
#[serde(rename = "0x42005C")]
enum Operation {
    #[serde(rename = "0x00000001")]
    Create,
    #[serde(rename = "0x00000008")]
    Locate,
    #[serde(rename = "0x0000000A")]
    Get,
    #[serde(rename = "0x0000000B")]
    GetAttributes,
    #[serde(rename = "0x0000001F")]
    Encrypt,
}

#[derive(Deserialize)]
enum RequestPayload {
    #[serde(rename = "if 0x42005C==0x00000001")]
    Create(CreateRequest),
    #[serde(rename = "if 0x42005C==0x0000000A")]
    Get(GetRequest),
    #[serde(rename = "if 0x42005C==0x0000001F")]
    Encrypt(EncryptRequest),
}

#[derive(Deserialize)]
#[serde(rename = "0x420079")]
struct GetRequest {
    #[serde(rename = "0x420094")]
    unique_identifier: String,
}

#[derive(Deserialize)]
#[serde(rename = "0x420079")]
struct CreateRequest {
    #[serde(rename = "0x420057")]
    object_type: ObjectType,
    #[serde(rename = "0x420091")]
    template_attribute: TemplateAttribute,
}

#[derive(Deserialize)]
#[serde(rename = "0x420057")]
enum ObjectType {
    #[serde(rename = "0x00000002")]
    SymmetricKey,
    #[serde(rename = "0x00000004")]
    PrivateKey,
}

#[derive(Deserialize)]
#[serde(rename = "0x420091")]
struct TemplateAttribute {
    #[serde(rename = "0x420008")]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
#[serde(rename = "0x420008")]
struct Attribute {
    #[serde(rename = "0x42000A")]
    name: String,
    #[serde(rename = "0x42000B")]
    value: AttributeValue,
}

#[derive(Deserialize)]
enum AttributeValue {
    #[serde(rename = "if 0x42000A==Name")]
    Name(Name),
    #[serde(rename = "if 0x42000A==Cryptographic Parameters")]
    CryptographicParameters(CryptographicParametersValue),
    #[serde(rename = "if 0x42000A==Digest")]
    Digest(Digest),
    #[serde(rename = "if 0x42000A==Application Specific Information")]
    ApplicationSpecificInformation(ApplicationSpecificInformation),
    #[serde(rename = "if 0x42000A==Object Type")]
    ObjectType(ObjectType),
    #[serde(rename = "if 0x42000A==Cryptographic Algorithm")]
    CryptographicAlgorithm(CryptographicAlgorithm),
    #[serde(rename = "if 0x42000A==State")]
    State(State),
    #[serde(rename = "if type==Integer")]
    Integer(i32),
    #[serde(rename = "if type==TextString")]
    TextString(String),
    #[serde(rename = "if type==DateTime")]
    DateTime(i64),
}

/// Enumerations, of which kmip-ttlv reads values that it is told of.
macro_rules! enumeration {
    ($($name:ident $tag:literal $case:ident $value:literal;)*) => {
        $(#[derive(Deserialize)]
        #[serde(rename = $tag)]
        enum $name {
            #[serde(rename = $value)]
            $case,
        })*
    };
}

enumeration! {
    BlockCipherMode "0x420011" Cbc "0x00000001";
    HashingAlgorithm "0x420038" Sha256 "0x00000006";
    NameType "0x420054" UninterpretedTextString "0x00000001";
    PaddingMethod "0x42005F" Pkcs5 "0x00000003";
    ResultStatus "0x42007F" Success "0x00000000";
    State "0x42008D" Active "0x00000002";
}

#[derive(Deserialize)]
#[serde(rename = "0x420028")]
enum CryptographicAlgorithm {
    #[serde(rename = "0x00000003")]
    Aes,
    #[serde(rename = "0x00000004")]
    Rsa,
}

#[derive(Deserialize)]
#[serde(rename = "0x420042")]
enum KeyFormatType {
    #[serde(rename = "0x00000001")]
    Raw,
    #[serde(rename = "0x00000003")]
    Pkcs1,
}

#[derive(Deserialize)]
#[serde(rename = "0x42000B")]
struct Name {
    #[serde(rename = "0x420055")]
    value: String,
    #[serde(rename = "0x420054")]
    name_type: NameType,
}

#[derive(Deserialize)]
#[serde(rename = "0x42000B")]
struct CryptographicParametersValue {
    #[serde(rename = "0x420011")]
    block_cipher_mode: Option<BlockCipherMode>,
    #[serde(rename = "0x42005F")]
    padding_method: Option<PaddingMethod>,
}

#[derive(Deserialize)]
#[serde(rename = "0x42002B")]
struct CryptographicParameters {
    #[serde(rename = "0x420011")]
    block_cipher_mode: Option<BlockCipherMode>,
    #[serde(rename = "0x42005F")]
    padding_method: Option<PaddingMethod>,
}

#[derive(Deserialize)]
#[serde(rename = "0x42000B")]
struct Digest {
    #[serde(rename = "0x420038")]
    hashing_algorithm: HashingAlgorithm,
    #[serde(rename = "0x420035", with = "serde_bytes")]
    value: Vec<u8>,
    #[serde(rename = "0x420042")]
    key_format_type: KeyFormatType,
}

#[derive(Deserialize)]
#[serde(rename = "0x42000B")]
struct ApplicationSpecificInformation {
    #[serde(rename = "0x420003")]
    namespace: String,
    #[serde(rename = "0x420002")]
    data: String,
}

#[derive(Deserialize)]
#[serde(rename = "0x420079")]
struct EncryptRequest {
    #[serde(rename = "0x420094")]
    unique_identifier: String,
    #[serde(rename = "0x42002B")]
    cryptographic_parameters: CryptographicParameters,
    #[serde(rename = "0x4200C2", with = "serde_bytes")]
    data: Vec<u8>,
    #[serde(rename = "0x42003D", with = "serde_bytes")]
    iv_counter_nonce: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename = "0x42007B")]
pub(crate) struct ResponseMessage {
    #[serde(rename = "0x42007A")]
    header: ResponseHeader,
    #[serde(rename = "0x42000F")]
    batch_items: Vec<ResponseBatchItem>,
}

#[derive(Deserialize)]
#[serde(rename = "0x42007A")]
struct ResponseHeader {
    #[serde(rename = "0x420069")]
    protocol_version: ProtocolVersion,
    #[serde(rename = "0x420092")]
    time_stamp: i64,
    #[serde(rename = "0x42000D")]
    batch_count: i32,
}

#[derive(Deserialize)]
#[serde(rename = "0x42000F")]
struct ResponseBatchItem {
    #[serde(rename = "0x42005C")]
    operation: Operation,
    #[serde(rename = "0x42007F")]
    result_status: ResultStatus,
    #[serde(rename = "0x42007C")]
    payload: ResponsePayload,
}

#[derive(Deserialize)]
enum ResponsePayload {
    #[serde(rename = "if 0x42005C==0x00000008")]
    Locate(LocateResponse),
    #[serde(rename = "if 0x42005C==0x0000000A")]
    Get(GetResponse),
    #[serde(rename = "if 0x42005C==0x0000000B")]
    GetAttributes(GetAttributesResponse),
}

#[derive(Deserialize)]
#[serde(rename = "0x42007C")]
struct LocateResponse {
    #[serde(rename = "0x4200D5")]
    located_items: Option<i32>,
    #[serde(rename = "0x420094")]
    unique_identifiers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename = "0x42007C")]
struct GetAttributesResponse {
    #[serde(rename = "0x420094")]
    unique_identifier: String,
    #[serde(rename = "0x420008")]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
#[serde(rename = "0x42007C")]
struct GetResponse {
    #[serde(rename = "0x420057")]
    object_type: ObjectType,
    #[serde(rename = "0x420094")]
    unique_identifier: String,
    #[serde(rename = "0x420064")]
    private_key: PrivateKey,
}

#[derive(Deserialize)]
#[serde(rename = "0x420064")]
struct PrivateKey {
    #[serde(rename = "0x420040")]
    key_block: KeyBlock,
}

#[derive(Deserialize)]
#[serde(rename = "0x420040")]
struct KeyBlock {
    #[serde(rename = "0x420042")]
    key_format_type: KeyFormatType,
    #[serde(rename = "0x420045")]
    key_value: KeyValue,
    #[serde(rename = "0x420028")]
    cryptographic_algorithm: CryptographicAlgorithm,
    #[serde(rename = "0x42002A")]
    cryptographic_length: i32,
}

#[derive(Deserialize)]
#[serde(rename = "0x420045")]
struct KeyValue {
    #[serde(rename = "0x420043", with = "serde_bytes")]
    key_material: Vec<u8>,
}

/// The message as kmip-ttlv can read it: with Integers for Intervals, which it doesn't know.
pub(crate) fn readable(message: &[u8]) -> Vec<u8> {
    const LEASE_TIME: &[u8] = b"\x42\x00\x0B\x0A\0\0\0\x04";
    let mut bytes = message.to_vec();
    if let Some(at) = message.windows(LEASE_TIME.len()).position(|bytes| bytes == LEASE_TIME) {
        bytes[at + 3] = 2;
    }
    bytes
}
