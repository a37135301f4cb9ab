//! The requests that kmip-protocol can write, built of its types.

use kmip_protocol::types::{
    common::{CryptographicAlgorithm, ObjectType, Operation, UniqueBatchItemID, UniqueIdentifier},
    request::{
        Attribute, BatchCount, BatchItem, ProtocolVersion, ProtocolVersionMajor, ProtocolVersionMinor,
        RequestHeader, RequestMessage, RequestPayload, TemplateAttribute,
    },
};

/// The same message as the benchmark's, if kmip-protocol has types for it.
pub(crate) fn same(name: &str) -> Option<RequestMessage> {
    let (items, count) = match name {
        "get_request" => {
            let id = UniqueIdentifier("49a1ca88-6bea-4fb2-b450-7e58802c3038".to_owned());
            (vec![BatchItem(Operation::Get, None, RequestPayload::Get(Some(id), None, None, None))], 1)
        }
        "create_request" => (vec![BatchItem(Operation::Create, None, create())], 1),
        "batch_of_100_creates" => {
            let id = |number: u32| Some(UniqueBatchItemID(number.to_be_bytes().to_vec()));
            ((0..100).map(|number| BatchItem(Operation::Create, id(number), create())).collect(), 100)
        }
        _ => return None,
    };
    let version = ProtocolVersion(ProtocolVersionMajor(1), ProtocolVersionMinor(4));
    Some(RequestMessage(RequestHeader(version, None, None, BatchCount(count)), items))
}

fn create() -> RequestPayload {
    // Encrypt and Decrypt; its Cryptographic Usage Mask holds one bit alone.
    let mut usage = Attribute::CryptographicLength(0x0C);
    usage.0 = kmip_protocol::types::common::AttributeName("Cryptographic Usage Mask".to_owned());
    let attributes = vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        usage,
        Attribute::Name("a key of the benchmark".to_owned()),
        Attribute::ActivationDate(1_700_000_000),
    ];
    RequestPayload::Create(ObjectType::SymmetricKey, TemplateAttribute::unnamed(attributes))
}
