//! How each operation reaches objects.

use kmip::ttlv::Version;
use kmip::types::*;

use crate::certify::{certify_request, csr, pkcs10};
use crate::fixtures;
use crate::harness::*;

/// How an operation reaches objects.
pub(super) enum Way {
    /// It is about one, which the request names, or else the ID Placeholder.
    Object(fn(Version, Option<UniqueIdentifier>) -> RequestPayload),
    /// It is Locate.
    Others,
    /// It is about none; where it uses some beside, `indirect` has them.
    Nothing,
}

/// The request for an operation on an object.
pub(super) fn way(operation: Operation) -> Way {
    macro_rules! plain {
        ($request:ident $(, $field:ident: $value:expr)*) => {
            Way::Object(|_, unique_identifier| {
                $request { unique_identifier, $($field: $value,)* ..$request::new() }.into()
            })
        };
    }
    use Operation as O;
    match operation {
        O::Get => plain!(GetRequest),
        O::GetAttributes => plain!(GetAttributesRequest),
        O::GetAttributeList => plain!(GetAttributeListRequest),
        O::Activate => plain!(ActivateRequest),
        O::Destroy => plain!(DestroyRequest),
        O::Archive => plain!(ArchiveRequest),
        O::Recover => plain!(RecoverRequest),
        O::Export => plain!(ExportRequest),
        O::ObtainLease => plain!(ObtainLeaseRequest),
        O::Check => plain!(CheckRequest),
        O::ReKey => plain!(ReKeyRequest),
        O::Encrypt => plain!(EncryptRequest, data: some_data()),
        O::Decrypt => plain!(DecryptRequest, data: some_data()),
        O::Sign => plain!(SignRequest, data: some_data()),
        O::SignatureVerify => {
            plain!(SignatureVerifyRequest, data: some_data(), signature_data: Some(vec![1; 128].into()))
        }
        O::MAC => plain!(MacRequest, data: some_data()),
        O::MACVerify => plain!(MacVerifyRequest, data: some_data(), mac_data: Some(vec![1; 32].into())),
        O::AddAttribute => Way::Object(|version, unique_identifier| {
            let (attribute, new_attribute) = contact(version);
            AddAttributeRequest { unique_identifier, attribute, new_attribute, ..AddAttributeRequest::new() }
                .into()
        }),
        O::ModifyAttribute => Way::Object(|version, unique_identifier| {
            let (attribute, new_attribute) = contact(version);
            let request =
                ModifyAttributeRequest { attribute, new_attribute, ..ModifyAttributeRequest::new() };
            ModifyAttributeRequest { unique_identifier, ..request }.into()
        }),
        O::DeleteAttribute => Way::Object(|version, unique_identifier| {
            let id = AttributeId::Standard(kmip::ttlv::Tag::ContactInformation);
            let attribute_name = (version < V2_0).then(|| id.to_name());
            let attribute_reference = (version >= V2_0).then(|| id.to_reference());
            let request = DeleteAttributeRequest {
                attribute_name,
                attribute_reference,
                ..DeleteAttributeRequest::new()
            };
            DeleteAttributeRequest { unique_identifier, ..request }.into()
        }),
        O::SetAttribute => Way::Object(|_, unique_identifier| {
            let value = AttributeValue::ContactInformation("someone".into());
            SetAttributeRequest { unique_identifier, ..SetAttributeRequest::new(NewAttribute::new(value)) }
                .into()
        }),
        O::AdjustAttribute => Way::Object(|_, unique_identifier| {
            let reference = AttributeId::Standard(kmip::ttlv::Tag::UsageLimits).to_reference();
            AdjustAttributeRequest {
                unique_identifier,
                ..AdjustAttributeRequest::new(reference, AdjustmentType::Increment)
            }
            .into()
        }),
        O::GetUsageAllocation => Way::Object(|_, unique_identifier| {
            GetUsageAllocationRequest { unique_identifier, ..GetUsageAllocationRequest::new(1) }.into()
        }),
        O::Revoke => Way::Object(|_, unique_identifier| {
            let reason = RevocationReason::new(RevocationReasonCode::Superseded);
            RevokeRequest { unique_identifier, ..RevokeRequest::new(reason) }.into()
        }),
        O::ReKeyKeyPair => Way::Object(|_, private_key_unique_identifier| {
            ReKeyKeyPairRequest { private_key_unique_identifier, ..ReKeyKeyPairRequest::new() }.into()
        }),
        O::Import => Way::Object(|version, identifier| {
            let object = ManagedObject::Certificate(fixtures::certificate());
            let identifier = identifier.unwrap_or_else(|| id("placeholder"));
            let request =
                ImportRequest { replace_existing: Some(true), ..ImportRequest::new(identifier, object) };
            let given = set([name("imported")]);
            let request = if version < V2_0 {
                ImportRequest { attribute: given.to_attribute_list(), ..request }
            } else {
                let object_type = Some(ObjectType::Certificate);
                ImportRequest { object_type, attributes: Some(given.to_attributes()), ..request }
            };
            request.into()
        }),
        O::DeriveKey => Way::Object(|version, identifier| {
            derive(version, identifier.into_iter().collect(), Some(b"data"))
        }),
        O::CreateSplitKey => Way::Object(|version, unique_identifier| {
            let (parts, method) = (3, SplitKeyMethod::XOR);
            let request = CreateSplitKeyRequest::new(ObjectType::SplitKey, parts, parts, method);
            let (template_attribute, attributes) = wire(version, AttributeSet::new());
            CreateSplitKeyRequest { unique_identifier, template_attribute, attributes, ..request }.into()
        }),
        O::JoinSplitKey => {
            Way::Object(|version, identifier| joining(version, identifier.into_iter().collect()))
        }
        O::Certify => Way::Object(|version, unique_identifier| {
            let request = pkcs10(&csr(fixtures::rsa()));
            let request = certify_request(version, None, request, AttributeSet::new());
            CertifyRequest { unique_identifier, ..request }.into()
        }),
        O::ReCertify => plain!(ReCertifyRequest),
        O::Validate => Way::Object(|_, identifier| {
            let unique_identifier = identifier.into_iter().collect();
            ValidateRequest { unique_identifier, ..ValidateRequest::new() }.into()
        }),

        O::Locate => Way::Others,
        O::Create | O::CreateKeyPair | O::Register | O::Query | O::DiscoverVersions | O::Hash => Way::Nothing,
        O::RNGRetrieve | O::RNGSeed | O::Log | O::Interop | O::SetEndpointRole => Way::Nothing,
        // By a correlation value, which is its user's alone; what they stand for had its rights looked at.
        O::Poll | O::Cancel => Way::Nothing,
        O::Login | O::DelegatedLogin | O::Logout => Way::Nothing,
        // Its token has no objects.
        O::PKCS_11 => Way::Nothing,
        other => panic!("{other}: say here how it reaches objects, so that its rights are tested"),
    }
}

pub(super) fn derive(
    version: Version,
    unique_identifier: Vec<UniqueIdentifier>,
    data: Option<&[u8]>,
) -> RequestPayload {
    let (template_attribute, attributes) = wire(version, aes(128));
    let parameters = DerivationParameters {
        cryptographic_parameters: Some(
            CryptographicParameters {
                hashing_algorithm: Some(HashingAlgorithm::SHA_256),
                ..CryptographicParameters::new()
            }
            .into(),
        ),
        derivation_data: data.into_iter().map(|data| data.to_vec().into()).collect(),
        ..DerivationParameters::new()
    };
    let request = DeriveKeyRequest::new(ObjectType::SymmetricKey, DerivationMethod::HMAC, parameters.into());
    DeriveKeyRequest { unique_identifier, template_attribute, attributes, ..request }.into()
}

pub(super) fn joining(version: Version, unique_identifier: Vec<UniqueIdentifier>) -> RequestPayload {
    let (template_attribute, attributes) = wire(version, AttributeSet::new());
    let request = JoinSplitKeyRequest::new(ObjectType::SymmetricKey);
    JoinSplitKeyRequest { unique_identifier, template_attribute, attributes, ..request }.into()
}

fn some_data() -> Option<Data> {
    Some(Data::ByteString(vec![1; 32].into()))
}

/// An attribute, as each version gives it.
fn contact(version: Version) -> (Option<Attribute>, Option<NewAttribute>) {
    let contact =
        attribute_set::AttributeInstance::from_value(AttributeValue::ContactInformation("someone".into()));
    if version < V2_0 {
        (Some(contact.to_attribute()), None)
    } else {
        (None, Some(NewAttribute::new(contact.to_value())))
    }
}
