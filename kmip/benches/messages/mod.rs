//! The messages that the benchmarks are about, built from their parts.

use kmip::{
    ttlv::{Bytes, DateTime, Interval, Item, Secret, Tag, Text},
    types::{
        ApplicationSpecificInformation, Attribute, AttributeName, AttributeValue, BlockCipherMode,
        CreateRequest, CryptographicAlgorithm, CryptographicParameters, CryptographicUsageMask, Data, Digest,
        EncryptRequest, GetAttributesResponse, GetRequest, GetResponse, HashingAlgorithm, KeyBlock,
        KeyFormatType, KeyMaterial, KeyValue, LocateResponse, ManagedObject, Name, NameType, ObjectType,
        Operation, PaddingMethod, PlaintextKeyValue, PrivateKey, RequestBatchItem, RequestHeader,
        RequestMessage, RequestPayload, ResponseBatchItem, ResponseHeader, ResponseMessage, ResponsePayload,
        ResultStatus, State, TemplateAttribute, TimeStamp, UniqueIdentifier, version,
    },
};

/// A message with its name.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) message: Message,
    pub(crate) bytes: Bytes,
}

pub(crate) enum Message {
    Request(Box<RequestMessage>),
    Response(Box<ResponseMessage>),
}

impl Message {
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Request(message) => message.write(bytes),
            Self::Response(message) => message.write(bytes),
        }
        .expect("the message is valid");
    }
}

/// All of them, in the order in which they are reported.
pub(crate) fn all() -> Vec<Sample> {
    [
        ("get_request", get_request()),
        ("create_request", create_request()),
        ("get_attributes_response", get_attributes_response()),
        ("get_response_rsa_2048", get_response()),
        ("locate_response_1000", locate_response()),
        ("encrypt_request_1_mib", encrypt_request()),
        ("batch_of_100_creates", batch()),
    ]
    .into_iter()
    .map(|(name, message)| {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        Sample { name, message, bytes: bytes.into() }
    })
    .collect()
}

const ID: &str = "49a1ca88-6bea-4fb2-b450-7e58802c3038";

fn id() -> UniqueIdentifier {
    UniqueIdentifier::TextString(Text::from(ID))
}

fn request(payloads: Vec<(Operation, RequestPayload)>) -> Message {
    let count = payloads.len();
    let items = payloads.into_iter().enumerate().map(|(number, (operation, payload))| RequestBatchItem {
        unique_batch_item_id: (count > 1).then(|| Bytes::from((number as u32).to_be_bytes().to_vec())),
        ..RequestBatchItem::new(operation, payload)
    });
    let header = RequestHeader::new(version::V1_4.into(), count as i32);
    Message::Request(Box::new(RequestMessage { batch_item: items.collect(), ..RequestMessage::new(header) }))
}

fn response(operation: Operation, payload: ResponsePayload) -> Message {
    let item = ResponseBatchItem {
        operation: Some(operation),
        response_payload: Some(payload),
        ..ResponseBatchItem::new(ResultStatus::Success)
    };
    let header = ResponseHeader::new(version::V1_4.into(), TimeStamp::DateTime(DateTime(1_700_000_000)), 1);
    Message::Response(Box::new(ResponseMessage { batch_item: vec![item], ..ResponseMessage::new(header) }))
}

fn get_request() -> Message {
    let payload = GetRequest { unique_identifier: Some(id()), ..GetRequest::new() };
    request(vec![(Operation::Get, payload.into())])
}

fn name() -> AttributeValue {
    AttributeValue::Name(Name::new("a key of the benchmark".into(), NameType::UninterpretedTextString))
}

fn attribute(value: AttributeValue) -> Attribute {
    let name = AttributeName::Standard(kmip::ttlv::ByTag::tag(&value));
    Attribute::named(name, value)
}

fn usage() -> AttributeValue {
    let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    AttributeValue::CryptographicUsageMask(mask)
}

fn create() -> (Operation, RequestPayload) {
    let attributes = vec![
        attribute(AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES)),
        attribute(AttributeValue::CryptographicLength(256)),
        attribute(usage()),
        attribute(name()),
        attribute(AttributeValue::ActivationDate(DateTime(1_700_000_000))),
    ];
    let template = TemplateAttribute { attribute: attributes, ..TemplateAttribute::new() };
    let payload =
        CreateRequest { template_attribute: Some(template), ..CreateRequest::new(ObjectType::SymmetricKey) };
    (Operation::Create, payload.into())
}

fn create_request() -> Message {
    request(vec![create()])
}

fn batch() -> Message {
    request((0..100).map(|_| create()).collect())
}

fn get_attributes_response() -> Message {
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::CBC),
        padding_method: Some(PaddingMethod::PKCS5),
        ..CryptographicParameters::new()
    };
    let digest = Digest {
        key_format_type: Some(KeyFormatType::Raw),
        digest_value: Some(Bytes::from(vec![7; 32])),
        ..Digest::new(HashingAlgorithm::SHA_256)
    };
    let application = ApplicationSpecificInformation {
        application_data: Some("volume-7".into()),
        ..ApplicationSpecificInformation::new("storage".into())
    };
    let owner = AttributeValue::Other(Item::new(Tag::AttributeValue, "the storage team"));
    let custom = Attribute::named("x-Owner".into(), owner);
    let attribute = vec![
        attribute(AttributeValue::UniqueIdentifier(id())),
        attribute(name()),
        attribute(AttributeValue::ObjectType(ObjectType::SymmetricKey)),
        attribute(AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES)),
        attribute(AttributeValue::CryptographicLength(256)),
        attribute(AttributeValue::CryptographicParameters(Box::new(parameters))),
        attribute(AttributeValue::Digest(digest)),
        attribute(usage()),
        attribute(AttributeValue::State(State::Active)),
        attribute(AttributeValue::LeaseTime(Interval(3600))),
        attribute(AttributeValue::ApplicationSpecificInformation(application)),
        custom,
    ];
    let payload = GetAttributesResponse { attribute, ..GetAttributesResponse::new(id()) };
    response(Operation::GetAttributes, payload.into())
}

fn get_response() -> Message {
    // The size of a PKCS#1 RSA-2048 private key; its content is nothing to a codec.
    let material = KeyMaterial::ByteString(Secret::from(vec![0x5A; 1191]));
    let block = KeyBlock {
        key_value: Some(KeyValue::Plaintext(PlaintextKeyValue::new(material))),
        cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
        cryptographic_length: Some(2048),
        ..KeyBlock::new(KeyFormatType::PKCS_1)
    };
    let object = ManagedObject::PrivateKey(PrivateKey::new(block));
    let payload = GetResponse::new(ObjectType::PrivateKey, id(), object);
    response(Operation::Get, payload.into())
}

fn locate_response() -> Message {
    let identifiers = (0..1000).map(|number| {
        UniqueIdentifier::TextString(format!("49a1ca88-6bea-4fb2-b450-7e58802c{number:04}").into())
    });
    let payload = LocateResponse {
        located_items: Some(1000),
        unique_identifier: identifiers.collect(),
        ..LocateResponse::new()
    };
    response(Operation::Locate, payload.into())
}

fn encrypt_request() -> Message {
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::CBC),
        padding_method: Some(PaddingMethod::PKCS5),
        ..CryptographicParameters::new()
    };
    let payload = EncryptRequest {
        unique_identifier: Some(id()),
        cryptographic_parameters: Some(parameters),
        data: Some(Data::ByteString(Secret::from(vec![0xA5; 1 << 20]))),
        iv_counter_nonce: Some(Bytes::from(vec![1; 16])),
        ..EncryptRequest::new()
    };
    request(vec![(Operation::Encrypt, payload.into())])
}
