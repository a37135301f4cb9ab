//! From the making of keys to their end.

use super::{Call, Id, text, texts, wire, wire_if_any};
use crate::{
    ttlv::{BigInteger, DateTime, Interval, Text},
    types::{
        ActivateRequest, ArchiveRequest, AttributeSet, AttributeValue, CheckRequest, CreateKeyPairRequest,
        CreateRequest, CreateSplitKeyRequest, CryptographicAlgorithm, CryptographicUsageMask,
        DerivationMethod, DerivationParameters, DeriveKeyRequest, DestroyRequest, GetUsageAllocationRequest,
        JoinSplitKeyRequest, ObjectType, ObtainLeaseRequest, Operation, ReKeyKeyPairRequest, ReKeyRequest,
        RecoverRequest, RevocationReason, RevokeRequest, SecretDataType, SplitKeyMethod,
    },
};

/// The identifiers of a public key and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyPair {
    /// That of the public key.
    pub public: Text,
    /// That of the private key.
    pub private: Text,
}

/// The attributes that a new key pair is to have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyPairAttributes {
    /// Those of both keys.
    pub common: AttributeSet,
    /// Those of the public key alone.
    pub public: AttributeSet,
    /// Those of the private key alone.
    pub private: AttributeSet,
}

/// What an object is to be used for; or what of that isn't allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How much is to be protected, in the unit of the object's Usage Limits.
    pub count: Option<i64>,
    /// What for.
    pub mask: Option<CryptographicUsageMask>,
    /// How long.
    pub lease_time: Option<Interval>,
}

/// How long an object may be used without asking again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// How long.
    pub time: Interval,
    /// When an attribute of the object changed last.
    pub last_change: DateTime,
}

/// How a key is split into parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// How many parts there are.
    pub parts: i32,
    /// How many of them it takes to make the key again.
    pub threshold: i32,
    /// How they are made.
    pub method: SplitKeyMethod,
    /// The field's size, for Polynomial Sharing Prime Field.
    pub prime_field_size: Option<BigInteger>,
}

/// Has the server make a symmetric key, of a length in bits; its identifier.
pub fn create(algorithm: CryptographicAlgorithm, length: i32, attributes: AttributeSet) -> Call<Text> {
    let mut attributes = attributes;
    attributes.set(AttributeValue::CryptographicAlgorithm(algorithm));
    attributes.set(AttributeValue::CryptographicLength(length));
    Call::new(
        move |version| {
            let (template_attribute, attributes) = wire(&attributes, version);
            let request = CreateRequest::new(ObjectType::SymmetricKey);
            Ok(CreateRequest { template_attribute, attributes, ..request })
        },
        |response| text(response.unique_identifier, Operation::Create),
    )
}

/// Has the server make a public and a private key, of a length in bits; their identifiers.
///
/// Where the curve says the length (Ed25519), leave it out.
pub fn create_key_pair(
    algorithm: CryptographicAlgorithm,
    length: impl Into<Option<i32>>,
    attributes: KeyPairAttributes,
) -> Call<KeyPair> {
    let KeyPairAttributes { mut common, public, private } = attributes;
    common.set(AttributeValue::CryptographicAlgorithm(algorithm));
    if let Some(length) = length.into() {
        common.set(AttributeValue::CryptographicLength(length));
    }
    Call::new(
        move |version| {
            let (common_template_attribute, common_attributes) = wire(&common, version);
            let (public_key_template_attribute, public_key_attributes) = wire_if_any(&public, version);
            let (private_key_template_attribute, private_key_attributes) = wire_if_any(&private, version);
            Ok(CreateKeyPairRequest {
                common_template_attribute,
                common_attributes,
                public_key_template_attribute,
                public_key_attributes,
                private_key_template_attribute,
                private_key_attributes,
                ..CreateKeyPairRequest::new()
            })
        },
        |response| {
            Ok(KeyPair {
                public: text(response.public_key_unique_identifier, Operation::CreateKeyPair)?,
                private: text(response.private_key_unique_identifier, Operation::CreateKeyPair)?,
            })
        },
    )
}

/// Has the server make a key that takes the place of another; its identifier.
///
/// `offset` is the time between the new key's Initial Date and its Activation Date. `attributes` differ from those of
/// the old key.
pub fn rekey(id: impl Into<Id>, offset: impl Into<Option<Interval>>, attributes: AttributeSet) -> Call<Text> {
    let (id, offset) = (id.into(), offset.into());
    Call::new(
        move |version| {
            let (template_attribute, attributes) = wire_if_any(&attributes, version);
            let request = ReKeyRequest { unique_identifier: id.optional(), offset, ..ReKeyRequest::new() };
            Ok(ReKeyRequest { template_attribute, attributes, ..request })
        },
        |response| text(response.unique_identifier, Operation::ReKey),
    )
}

/// Has the server make a key pair that takes the place of another, which is named by its private key; since KMIP 1.1.
pub fn rekey_key_pair(
    private_key: impl Into<Id>,
    offset: impl Into<Option<Interval>>,
    attributes: KeyPairAttributes,
) -> Call<KeyPair> {
    let (id, offset) = (private_key.into(), offset.into());
    Call::new(
        move |version| {
            let KeyPairAttributes { common, public, private } = &attributes;
            let (common_template_attribute, common_attributes) = wire_if_any(common, version);
            let (public_key_template_attribute, public_key_attributes) = wire_if_any(public, version);
            let (private_key_template_attribute, private_key_attributes) = wire_if_any(private, version);
            Ok(ReKeyKeyPairRequest {
                private_key_unique_identifier: id.optional(),
                offset,
                common_template_attribute,
                common_attributes,
                public_key_template_attribute,
                public_key_attributes,
                private_key_template_attribute,
                private_key_attributes,
                ..ReKeyKeyPairRequest::new()
            })
        },
        |response| {
            Ok(KeyPair {
                public: text(response.public_key_unique_identifier, Operation::ReKeyKeyPair)?,
                private: text(response.private_key_unique_identifier, Operation::ReKeyKeyPair)?,
            })
        },
    )
}

/// Has the server derive a key or secret data from one or several objects; its identifier.
///
/// The length is among the attributes; so is the algorithm of a key.
pub fn derive_key(
    object_type: ObjectType,
    ids: impl IntoIterator<Item = impl Into<Id>>,
    method: DerivationMethod,
    parameters: DerivationParameters,
    attributes: AttributeSet,
) -> Call<Text> {
    let ids: Vec<Id> = ids.into_iter().map(Into::into).collect();
    Call::new(
        move |version| {
            let (template_attribute, attributes) = wire(&attributes, version);
            Ok(DeriveKeyRequest {
                unique_identifier: ids.into_iter().filter_map(Id::optional).collect(),
                template_attribute,
                attributes,
                ..DeriveKeyRequest::new(object_type, method, parameters)
            })
        },
        |response| text(response.unique_identifier, Operation::DeriveKey),
    )
}

/// Has the server make a key in parts, or split one that is there; the identifiers of the parts. Since KMIP 1.2.
pub fn create_split_key(
    object_type: ObjectType,
    id: impl Into<Id>,
    split: Split,
    attributes: AttributeSet,
) -> Call<Vec<Text>> {
    let id = id.into();
    Call::new(
        move |version| {
            let (template_attribute, attributes) = wire(&attributes, version);
            let Split { parts, threshold, method, prime_field_size } = split;
            Ok(CreateSplitKeyRequest {
                unique_identifier: id.optional(),
                prime_field_size,
                template_attribute,
                attributes,
                ..CreateSplitKeyRequest::new(object_type, parts, threshold, method)
            })
        },
        |response| texts(response.unique_identifier, Operation::CreateSplitKey),
    )
}

/// Has the server make a key, or secret data of a type, out of parts; its identifier. Since KMIP 1.2.
pub fn join_split_key(
    object_type: ObjectType,
    parts: impl IntoIterator<Item = impl Into<Id>>,
    secret_data_type: impl Into<Option<SecretDataType>>,
    attributes: AttributeSet,
) -> Call<Text> {
    let parts: Vec<Id> = parts.into_iter().map(Into::into).collect();
    let secret_data_type = secret_data_type.into();
    Call::new(
        move |version| {
            let (template_attribute, attributes) = wire_if_any(&attributes, version);
            Ok(JoinSplitKeyRequest {
                unique_identifier: parts.into_iter().filter_map(Id::optional).collect(),
                secret_data_type,
                template_attribute,
                attributes,
                ..JoinSplitKeyRequest::new(object_type)
            })
        },
        |response| text(response.unique_identifier, Operation::JoinSplitKey),
    )
}

/// What of a use the server does not allow for an object; nothing, if it allows all of it.
pub fn check(id: impl Into<Id>, usage: Usage) -> Call<Usage> {
    let request = CheckRequest {
        unique_identifier: id.into().optional(),
        usage_limits_count: usage.count,
        cryptographic_usage_mask: usage.mask,
        lease_time: usage.lease_time,
        ..CheckRequest::new()
    };
    Call::from(request).map(|response| Usage {
        count: response.usage_limits_count,
        mask: response.cryptographic_usage_mask,
        lease_time: response.lease_time,
    })
}

/// Sets aside a part of what an object may still protect.
pub fn get_usage_allocation(id: impl Into<Id>, count: i64) -> Call<()> {
    let request = GetUsageAllocationRequest::new(count);
    Call::from(GetUsageAllocationRequest { unique_identifier: id.into().optional(), ..request }).map(drop)
}

/// How long an object may be used without asking again.
pub fn obtain_lease(id: impl Into<Id>) -> Call<Lease> {
    let request = ObtainLeaseRequest { unique_identifier: id.into().optional(), ..ObtainLeaseRequest::new() };
    Call::from(request)
        .map(|response| Lease { time: response.lease_time, last_change: response.last_change_date })
}

/// Makes an object ready for use.
pub fn activate(id: impl Into<Id>) -> Call<()> {
    let id = id.into().optional();
    Call::from(ActivateRequest { unique_identifier: id, ..ActivateRequest::new() }).map(drop)
}

/// Takes an object out of use; one that is compromised may have been so since some time.
pub fn revoke(
    id: impl Into<Id>,
    reason: RevocationReason,
    compromised_since: impl Into<Option<DateTime>>,
) -> Call<()> {
    Call::from(RevokeRequest {
        unique_identifier: id.into().optional(),
        compromise_occurrence_date: compromised_since.into(),
        ..RevokeRequest::new(reason)
    })
    .map(drop)
}

/// Destroys an object's key material.
pub fn destroy(id: impl Into<Id>) -> Call<()> {
    let id = id.into().optional();
    Call::from(DestroyRequest { unique_identifier: id, ..DestroyRequest::new() }).map(drop)
}

/// Puts an object into the archive.
pub fn archive(id: impl Into<Id>) -> Call<()> {
    let id = id.into().optional();
    Call::from(ArchiveRequest { unique_identifier: id, ..ArchiveRequest::new() }).map(drop)
}

/// Brings an object back from the archive.
pub fn recover(id: impl Into<Id>) -> Call<()> {
    let id = id.into().optional();
    Call::from(RecoverRequest { unique_identifier: id, ..RecoverRequest::new() }).map(drop)
}
