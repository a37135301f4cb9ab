//! A server without a network, and short ways to ask it things.

use std::cell::Cell;
use std::sync::Arc;

use kmip::ttlv::{Bytes, DateTime, Limits, Mode, Tag, Version};
use kmip::types::*;
use kmip_server::engine::{Answer, Engine, Settings};
use kmip_server::handler::{AlternativeNames, Disposition, Peer, PeerCertificate};
use kmip_server::rights::Policies;
use kmip_server::seal::{MasterKey, Seal};
use kmip_server::store;

pub(crate) use kmip::types::version::{V1_0, V1_1, V1_2, V1_3, V1_4, V2_0};
pub(crate) const ALL: &[Version] = version::ALL;

thread_local! {
    static NOW: Cell<i64> = const { Cell::new(1_700_000_000) };
}

pub(crate) fn now() -> DateTime {
    DateTime(NOW.get())
}

/// Lets time pass.
pub(crate) fn wait(seconds: i64) {
    NOW.set(NOW.get() + seconds);
}

pub(crate) struct Server(pub(crate) Engine);

pub(crate) fn server() -> Server {
    server_with(Policies::built_in())
}

pub(crate) fn server_with(policies: Policies) -> Server {
    server_set(policies, Settings::default())
}

pub(crate) fn server_set(policies: Policies, settings: Settings) -> Server {
    let store = store::open("memory:").unwrap();
    let seal = Arc::new(Seal::open(&*store, &MasterKey::generate().unwrap()).unwrap());
    Server(Engine::new(store, seal, settings).with_clock(now).with_policies(policies))
}

pub(crate) fn peer(common_name: Option<&str>) -> Peer {
    let certificate = PeerCertificate {
        common_name: common_name.map(str::to_owned),
        subject: String::new(),
        issuer: String::new(),
        alternative_names: AlternativeNames::default(),
        client_usage: true,
        fingerprint_sha256: [0; 32],
        der: Bytes::new(),
    };
    Peer { address: "127.0.0.1:40000".parse().unwrap(), certificate: Some(certificate) }
}

/// What an operation failed with.
#[derive(Debug, PartialEq)]
pub(crate) struct Failed {
    pub(crate) reason: ResultReason,
    pub(crate) message: String,
}

impl Server {
    /// Sends bytes as they are.
    pub(crate) fn raw(&self, user: Option<&str>, message: &[u8]) -> Answer {
        self.0.answer(&peer(user), &Bytes::copy_from_slice(message))
    }

    /// Sends a message, and checks what holds for every response.
    pub(crate) fn message(&self, user: &str, request: &RequestMessage) -> ResponseMessage {
        let mut bytes = Vec::new();
        request.write(&mut bytes).unwrap();
        let answer = self.raw(Some(user), &bytes);
        let response = read(&answer);
        assert_eq!(response.response_header.protocol_version, request.request_header.protocol_version);
        response
    }

    /// Sends the items of one message.
    pub(crate) fn batch(
        &self,
        user: &str,
        version: Version,
        items: Vec<RequestPayload>,
    ) -> Vec<ResponseBatchItem> {
        self.message(user, &batch(version, items)).batch_item
    }

    /// Sends one operation as a user.
    pub(crate) fn ask<R: Request>(
        &self,
        user: &str,
        version: Version,
        request: R,
    ) -> Result<R::Response, Failed> {
        let message = batch(version, vec![request.into()]);
        let [item] = self.message(user, &message).batch_item.try_into().unwrap();
        assert_eq!(item.operation, Some(R::OPERATION));
        answer::<R>(item)
    }

    /// Sends one operation as Alice.
    pub(crate) fn send<R: Request>(&self, version: Version, request: R) -> Result<R::Response, Failed> {
        self.ask("alice", version, request)
    }
}

/// The response of a batch item, or why there is none.
pub(crate) fn answer<R: Request>(item: ResponseBatchItem) -> Result<R::Response, Failed> {
    match item.result_status {
        ResultStatus::Success => {
            Ok(R::Response::try_from(item.response_payload.unwrap())
                .unwrap_or_else(|other| panic!("{other:?}")))
        }
        _ => Err(failed(&item)),
    }
}

pub(crate) fn failed(item: &ResponseBatchItem) -> Failed {
    assert_eq!(item.result_status, ResultStatus::OperationFailed);
    Failed { reason: item.result_reason.unwrap(), message: item.result_message.as_ref().unwrap().to_string() }
}

/// Reads a response strictly, and checks what holds for every response.
pub(crate) fn read(answer: &Answer) -> ResponseMessage {
    let bytes = Bytes::copy_from_slice(&answer.bytes);
    let response = ResponseMessage::read(&bytes, Mode::Strict, Limits::DEFAULT).unwrap();
    let mut again = Vec::new();
    response.write(&mut again).unwrap();
    assert_eq!(again, bytes, "a response isn't written as it is read");
    let version = response.response_header.protocol_version.known().unwrap();
    assert_eq!(response.response_header.batch_count as usize, response.batch_item.len());
    for item in &response.batch_item {
        match item.result_status {
            ResultStatus::Success => assert!(item.response_payload.is_some() && item.result_reason.is_none()),
            ResultStatus::OperationFailed => {
                assert!(item.response_payload.is_none(), "a failed item has no payload");
                assert!(item.result_reason.unwrap().is_in(version), "{:?} in {version}", item.result_reason);
                assert!(!item.result_message.as_ref().unwrap().is_empty());
            }
            ResultStatus::OperationPending => {
                assert!(item.response_payload.is_none() && item.asynchronous_correlation_value.is_some());
            }
            ResultStatus::OperationUndone => assert!(item.response_payload.is_none()),
            other => panic!("{other}"),
        }
    }
    if answer.disposition == Disposition::Close {
        assert!(response.batch_item.iter().all(|item| item.result_status == ResultStatus::OperationFailed));
    }
    response
}

/// A message with these items; each has an identifier if there are several.
pub(crate) fn batch(version: Version, items: Vec<RequestPayload>) -> RequestMessage {
    let several = items.len() > 1;
    let header = RequestHeader::new(version.into(), items.len() as i32);
    let batch_item = items
        .into_iter()
        .enumerate()
        .map(|(place, payload)| {
            let mut item = RequestBatchItem::new(operation_of(&payload), payload);
            item.unique_batch_item_id = several.then(|| Bytes::from(vec![(place % 255) as u8 + 1]));
            item
        })
        .collect();
    RequestMessage { batch_item, ..RequestMessage::new(header) }
}

fn operation_of(payload: &RequestPayload) -> Operation {
    use RequestPayload as P;
    match payload {
        P::Create(_) => Operation::Create,
        P::Register(_) => Operation::Register,
        P::Locate(_) => Operation::Locate,
        P::Get(_) => Operation::Get,
        P::GetAttributes(_) => Operation::GetAttributes,
        P::GetAttributeList(_) => Operation::GetAttributeList,
        P::Activate(_) => Operation::Activate,
        P::Revoke(_) => Operation::Revoke,
        P::Destroy(_) => Operation::Destroy,
        P::Query(_) => Operation::Query,
        P::DiscoverVersions(_) => Operation::DiscoverVersions,
        P::Encrypt(_) => Operation::Encrypt,
        P::Decrypt(_) => Operation::Decrypt,
        P::Check(_) => Operation::Check,
        P::Mac(_) => Operation::MAC,
        P::MacVerify(_) => Operation::MACVerify,
        P::Hash(_) => Operation::Hash,
        P::RngRetrieve(_) => Operation::RNGRetrieve,
        P::RngSeed(_) => Operation::RNGSeed,
        P::DeriveKey(_) => Operation::DeriveKey,
        P::Validate(_) => Operation::Validate,
        P::Certify(_) => Operation::Certify,
        P::ReCertify(_) => Operation::ReCertify,
        P::AddAttribute(_) => Operation::AddAttribute,
        P::ModifyAttribute(_) => Operation::ModifyAttribute,
        P::DeleteAttribute(_) => Operation::DeleteAttribute,
        P::SetAttribute(_) => Operation::SetAttribute,
        P::AdjustAttribute(_) => Operation::AdjustAttribute,
        P::ObtainLease(_) => Operation::ObtainLease,
        P::GetUsageAllocation(_) => Operation::GetUsageAllocation,
        P::Archive(_) => Operation::Archive,
        P::CreateKeyPair(_) => Operation::CreateKeyPair,
        P::Sign(_) => Operation::Sign,
        P::SignatureVerify(_) => Operation::SignatureVerify,
        P::ReKey(_) => Operation::ReKey,
        P::ReKeyKeyPair(_) => Operation::ReKeyKeyPair,
        P::Recover(_) => Operation::Recover,
        P::Poll(_) => Operation::Poll,
        P::Cancel(_) => Operation::Cancel,
        P::CreateSplitKey(_) => Operation::CreateSplitKey,
        P::JoinSplitKey(_) => Operation::JoinSplitKey,
        P::Import(_) => Operation::Import,
        P::Export(_) => Operation::Export,
        P::Interop(_) => Operation::Interop,
        P::Log(_) => Operation::Log,
        P::Login(_) => Operation::Login,
        P::DelegatedLogin(_) => Operation::DelegatedLogin,
        P::Logout(_) => Operation::Logout,
        P::SetEndpointRole(_) => Operation::SetEndpointRole,
        P::Pkcs11(_) => Operation::PKCS_11,
        other => panic!("{other:?}"),
    }
}

/// Attributes in the form of a version.
pub(crate) fn wire(version: Version, set: AttributeSet) -> (Option<TemplateAttribute>, Option<Attributes>) {
    if version < V2_0 { (Some(set.to_template_attribute()), None) } else { (None, Some(set.to_attributes())) }
}

pub(crate) fn create_request(version: Version, set: AttributeSet) -> CreateRequest {
    let (template_attribute, attributes) = wire(version, set);
    CreateRequest { template_attribute, attributes, ..CreateRequest::new(ObjectType::SymmetricKey) }
}

pub(crate) fn register_request(
    version: Version,
    object: ManagedObject,
    set: AttributeSet,
) -> RegisterRequest {
    let (template_attribute, attributes) = wire(version, set);
    let object_type = match &object {
        ManagedObject::Certificate(_) => ObjectType::Certificate,
        ManagedObject::SymmetricKey(_) => ObjectType::SymmetricKey,
        ManagedObject::PublicKey(_) => ObjectType::PublicKey,
        ManagedObject::PrivateKey(_) => ObjectType::PrivateKey,
        ManagedObject::SplitKey(_) => ObjectType::SplitKey,
        ManagedObject::Template(_) => ObjectType::Template,
        ManagedObject::SecretData(_) => ObjectType::SecretData,
        ManagedObject::OpaqueObject(_) => ObjectType::OpaqueObject,
        ManagedObject::PgpKey(_) => ObjectType::PGPKey,
        other => panic!("{other:?}"),
    };
    RegisterRequest {
        template_attribute,
        attributes,
        object: Some(object),
        ..RegisterRequest::new(object_type)
    }
}

/// What every AES key is created with.
pub(crate) fn aes(length: i32) -> AttributeSet {
    let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    [
        AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        AttributeValue::CryptographicLength(length),
        AttributeValue::CryptographicUsageMask(mask),
    ]
    .into_iter()
    .collect()
}

pub(crate) fn name(text: &str) -> AttributeValue {
    AttributeValue::Name(Name::new(text.into(), NameType::UninterpretedTextString))
}

pub(crate) fn id(text: &str) -> UniqueIdentifier {
    UniqueIdentifier::TextString(text.into())
}

pub(crate) fn text_of(identifier: &UniqueIdentifier) -> String {
    match identifier {
        UniqueIdentifier::TextString(text) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

impl Server {
    /// Creates an AES key for Alice with more attributes; its identifier.
    pub(crate) fn create(&self, version: Version, more: impl IntoIterator<Item = AttributeValue>) -> String {
        let mut set = aes(128);
        set.extend(more);
        text_of(&self.send(version, create_request(version, set)).unwrap().unique_identifier)
    }

    pub(crate) fn activate(&self, version: Version, identifier: &str) -> Result<ActivateResponse, Failed> {
        self.send(
            version,
            ActivateRequest { unique_identifier: Some(id(identifier)), ..ActivateRequest::new() },
        )
    }

    pub(crate) fn revoke(
        &self,
        version: Version,
        identifier: &str,
        code: RevocationReasonCode,
    ) -> Result<RevokeResponse, Failed> {
        let reason = RevocationReason::new(code);
        self.send(
            version,
            RevokeRequest { unique_identifier: Some(id(identifier)), ..RevokeRequest::new(reason) },
        )
    }

    pub(crate) fn destroy(&self, version: Version, identifier: &str) -> Result<DestroyResponse, Failed> {
        self.send(
            version,
            DestroyRequest { unique_identifier: Some(id(identifier)), ..DestroyRequest::new() },
        )
    }

    pub(crate) fn get(&self, version: Version, identifier: &str) -> Result<GetResponse, Failed> {
        self.send(version, get_request(identifier))
    }

    /// All attributes of an object, as Alice sees them.
    pub(crate) fn attributes(&self, version: Version, identifier: &str) -> AttributeSet {
        self.attributes_named(version, identifier, &[]).unwrap()
    }

    pub(crate) fn attributes_named(
        &self,
        version: Version,
        identifier: &str,
        ids: &[AttributeId],
    ) -> Result<AttributeSet, Failed> {
        let mut request =
            GetAttributesRequest { unique_identifier: Some(id(identifier)), ..GetAttributesRequest::new() };
        if version < V2_0 {
            request.attribute_name = ids.iter().map(AttributeId::to_name).collect();
        } else {
            request.attribute_reference = ids.iter().map(AttributeId::to_reference).collect();
        }
        let response = self.send(version, request)?;
        Ok(match response.attributes {
            Some(attributes) => AttributeSet::from_attributes(attributes),
            None => {
                let template =
                    TemplateAttribute { attribute: response.attribute, ..TemplateAttribute::new() };
                AttributeSet::from_template_attribute(template)
            }
        })
    }

    pub(crate) fn state(&self, identifier: &str) -> State {
        match self.attributes(V1_4, identifier).get(Tag::State) {
            Some(AttributeValue::State(state)) => *state,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn locate(&self, version: Version, set: AttributeSet) -> Result<Vec<String>, Failed> {
        Ok(found(&self.send(version, locate_request(version, set))?))
    }
}

pub(crate) fn found(response: &LocateResponse) -> Vec<String> {
    response.unique_identifier.iter().map(text_of).collect()
}

pub(crate) fn locate_request(version: Version, set: AttributeSet) -> LocateRequest {
    if version < V2_0 {
        LocateRequest { attribute: set.to_attribute_list(), ..LocateRequest::new() }
    } else {
        LocateRequest { attributes: Some(set.to_attributes()), ..LocateRequest::new() }
    }
}

pub(crate) fn get_request(identifier: &str) -> GetRequest {
    GetRequest { unique_identifier: Some(id(identifier)), ..GetRequest::new() }
}

pub(crate) fn set(values: impl IntoIterator<Item = AttributeValue>) -> AttributeSet {
    values.into_iter().collect()
}

/// The reason that 1.x and 2.0 have for the same failure.
pub(crate) fn reason(version: Version, before: ResultReason, since: ResultReason) -> ResultReason {
    if version < V2_0 { before } else { since }
}
