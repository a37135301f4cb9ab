//! Short ways to the common operations.

use super::{
    Client,
    error::{Error, Result, Violation},
};
use crate::{
    ttlv::{Bytes, Secret, Text, Version},
    types::{
        ActivateRequest, AttributeId, AttributeName, AttributeReference, AttributeSet, AttributeValue,
        CreateRequest, CryptographicAlgorithm, CryptographicParameters, Data, DecryptRequest, DestroyRequest,
        DiscoverVersionsRequest, EncryptRequest, GetAttributeListRequest, GetAttributesRequest, GetRequest,
        LocateRequest, ManagedObject, ObjectType, Operation, QueryFunction, QueryRequest, QueryResponse,
        RegisterRequest, ResultReason, RevocationReason, RevokeRequest, UniqueIdentifier,
        attribute_set::AttributeInstance, version,
    },
};

/// What [`Client::locate`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// The identifiers of the objects, at most as many as were asked for.
    pub ids: Vec<Text>,
    /// How many objects there are, if the server says (since KMIP 1.3).
    pub total: Option<i32>,
}

/// What [`Client::encrypt`] made, and [`Client::decrypt`] needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ciphertext {
    /// The encrypted data.
    pub data: Bytes,
    /// The initialization vector, counter or nonce, if the server made one.
    pub iv: Option<Bytes>,
    /// The tag of an authenticated mode.
    pub tag: Option<Bytes>,
}

impl Client {
    /// The protocol versions that the server speaks, the preferred one first: those in `among`, or all if that is empty.
    ///
    /// # Errors
    ///
    /// As [`Self::send`]; a server of KMIP 1.0 doesn't know the operation.
    pub async fn discover_versions(&mut self, among: &[Version]) -> Result<Vec<Version>> {
        let protocol_version = among.iter().map(|version| (*version).into()).collect();
        let response =
            self.send(DiscoverVersionsRequest { protocol_version, ..DiscoverVersionsRequest::new() }).await?;
        let number = |number: i32| u8::try_from(number).ok();
        let versions = response.protocol_version.iter().filter_map(|version| {
            Some(Version::new(
                number(version.protocol_version_major)?,
                number(version.protocol_version_minor)?,
            ))
        });
        Ok(versions.collect())
    }

    /// Takes the highest protocol version of those that the server speaks.
    ///
    /// # Errors
    ///
    /// When it speaks none of them, or can't be asked.
    pub async fn negotiate_among(&mut self, versions: &[Version]) -> Result<Version> {
        let mut wanted = versions.to_vec();
        wanted.sort_unstable_by(|one, other| other.cmp(one));
        let before = self.version;
        match self.ask_for_versions(&wanted).await {
            Ok(offered) => match offered.iter().filter(|version| wanted.contains(version)).max() {
                Some(version) => self.version = *version,
                None => {
                    self.version = before;
                    return Err(Error::NoCommonVersion(offered));
                }
            },
            Err(error) => {
                self.version = before;
                return Err(error);
            }
        }
        Ok(self.version)
    }

    /// What the server offers. The question is put in some version, too, which the server may not speak. A server that
    /// speaks, but understands the question in no version, is of 1.0, which was without it.
    async fn ask_for_versions(&mut self, wanted: &[Version]) -> Result<Vec<Version>> {
        let mut versions = vec![self.version.max(version::V1_1), version::V1_1, version::V2_0];
        versions.dedup();
        let mut failure = None;
        for version in versions {
            self.version = version;
            match self.discover_versions(wanted).await {
                Err(error) if error.reason() == Some(ResultReason::OperationNotSupported) => break,
                Err(error) if is_about_version(&error) => failure = failure.or(unless_refused(error)),
                result => return result,
            }
        }
        failure.map_or(Ok(vec![version::V1_0]), Err)
    }

    /// What the server can do.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn query(&mut self, functions: &[QueryFunction]) -> Result<QueryResponse> {
        self.send(QueryRequest { query_function: functions.to_vec(), ..QueryRequest::new() }).await
    }

    /// Has the server make a symmetric key, of a length in bits; its identifier.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn create(
        &mut self,
        algorithm: CryptographicAlgorithm,
        length: i32,
        mut attributes: AttributeSet,
    ) -> Result<Text> {
        attributes.set(AttributeValue::CryptographicAlgorithm(algorithm));
        attributes.set(AttributeValue::CryptographicLength(length));
        let mut request = CreateRequest::new(ObjectType::SymmetricKey);
        if self.is_1x() {
            request.template_attribute = Some(attributes.to_template_attribute());
        } else {
            request.attributes = Some(attributes.to_attributes());
        }
        let response = self.send(request).await?;
        text(response.unique_identifier, Operation::Create)
    }

    /// Hands an object over; its identifier.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn register(&mut self, object: ManagedObject, attributes: AttributeSet) -> Result<Text> {
        let object_type = object_type(&object).ok_or(Error::UnknownObject)?;
        let mut request = RegisterRequest { object: Some(object), ..RegisterRequest::new(object_type) };
        if self.is_1x() {
            request.template_attribute = Some(attributes.to_template_attribute());
        } else {
            request.attributes = Some(attributes.to_attributes());
        }
        let response = self.send(request).await?;
        text(response.unique_identifier, Operation::Register)
    }

    /// An object, as the server keeps it.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn get(&mut self, id: &str) -> Result<ManagedObject> {
        let request = GetRequest { unique_identifier: Some(identifier(id)), ..GetRequest::new() };
        Ok(self.send(request).await?.object)
    }

    /// Attributes of an object: those named, or all if none is. An attribute that the object doesn't have is left out.
    ///
    /// # Errors
    ///
    /// As [`Self::send`]; and when the version has no such attribute.
    pub async fn get_attributes(&mut self, id: &str, which: &[AttributeId]) -> Result<AttributeSet> {
        let mut request =
            GetAttributesRequest { unique_identifier: Some(identifier(id)), ..GetAttributesRequest::new() };
        if let Some(which) = which.iter().find(|which| !which.is_in(self.version)) {
            return Err(Error::NoSuchAttribute { name: which.to_string(), version: self.version });
        }
        if self.is_1x() {
            request.attribute_name = which.iter().map(AttributeId::to_name).collect();
        } else {
            request.attribute_reference = which.iter().map(AttributeId::to_reference).collect();
        }
        let response = self.send(request).await?;
        Ok(match response.attributes {
            Some(attributes) => AttributeSet::from_attributes(attributes),
            None => {
                let mut set = AttributeSet::new();
                response
                    .attribute
                    .into_iter()
                    .filter_map(AttributeInstance::from_attribute)
                    .for_each(|one| set.push(one));
                set
            }
        })
    }

    /// Which attributes an object has.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn get_attribute_list(&mut self, id: &str) -> Result<Vec<AttributeId>> {
        let request = GetAttributeListRequest {
            unique_identifier: Some(identifier(id)),
            ..GetAttributeListRequest::new()
        };
        let response = self.send(request).await?;
        let names = response.attribute_name.iter().map(|name: &AttributeName| AttributeId::from_name(name));
        let reference = |reference: &AttributeReference| AttributeId::from_reference(reference);
        Ok(names.chain(response.attribute_reference.iter().filter_map(reference)).collect())
    }

    /// The objects that have all these attributes; at most `maximum`, if that is given.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn locate(&mut self, attributes: &AttributeSet, maximum: Option<i32>) -> Result<Found> {
        let mut request = LocateRequest { maximum_items: maximum, ..LocateRequest::new() };
        if self.is_1x() {
            request.attribute = attributes.to_attribute_list();
        } else {
            request.attributes = Some(attributes.to_attributes());
        }
        let response = self.send(request).await?;
        let ids = response.unique_identifier.into_iter().map(|id| text(id, Operation::Locate));
        Ok(Found { ids: ids.collect::<Result<_>>()?, total: response.located_items })
    }

    /// Makes an object ready for use.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn activate(&mut self, id: &str) -> Result<()> {
        let request = ActivateRequest { unique_identifier: Some(identifier(id)), ..ActivateRequest::new() };
        self.send(request).await.map(drop)
    }

    /// Takes an object out of use.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn revoke(&mut self, id: &str, reason: RevocationReason) -> Result<()> {
        let request = RevokeRequest { unique_identifier: Some(identifier(id)), ..RevokeRequest::new(reason) };
        self.send(request).await.map(drop)
    }

    /// Destroys an object's key material.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn destroy(&mut self, id: &str) -> Result<()> {
        let request = DestroyRequest { unique_identifier: Some(identifier(id)), ..DestroyRequest::new() };
        self.send(request).await.map(drop)
    }

    /// Encrypts data with a key of the server's. `additional` is authenticated along with it, in modes that can.
    ///
    /// # Errors
    ///
    /// As [`Self::send`]; KMIP before 1.2 has no such operation, and before 1.4 no additional data.
    pub async fn encrypt(
        &mut self,
        id: &str,
        parameters: CryptographicParameters,
        data: Secret,
        iv: Option<Bytes>,
        additional: Option<Bytes>,
    ) -> Result<Ciphertext> {
        let request = EncryptRequest {
            unique_identifier: Some(identifier(id)),
            cryptographic_parameters: Some(parameters),
            data: Some(Data::ByteString(data)),
            iv_counter_nonce: iv,
            authenticated_encryption_additional_data: additional,
            ..EncryptRequest::new()
        };
        let response = self.send(request).await?;
        let data = bytes(response.data, Operation::Encrypt)?.expose_shared().clone();
        Ok(Ciphertext { data, iv: response.iv_counter_nonce, tag: response.authenticated_encryption_tag })
    }

    /// Decrypts data with a key of the server's.
    ///
    /// # Errors
    ///
    /// As [`Self::encrypt`].
    pub async fn decrypt(
        &mut self,
        id: &str,
        parameters: CryptographicParameters,
        ciphertext: Ciphertext,
        additional: Option<Bytes>,
    ) -> Result<Secret> {
        let request = DecryptRequest {
            unique_identifier: Some(identifier(id)),
            cryptographic_parameters: Some(parameters),
            data: Some(Data::ByteString(Secret::from_shared(ciphertext.data))),
            iv_counter_nonce: ciphertext.iv,
            authenticated_encryption_additional_data: additional,
            authenticated_encryption_tag: ciphertext.tag,
            ..DecryptRequest::new()
        };
        bytes(self.send(request).await?.data, Operation::Decrypt)
    }

    /// Whether attributes go by name, in templates, rather than by tag.
    fn is_1x(&self) -> bool {
        self.version < version::V2_0
    }
}

/// Whether a refusal may be due to the version that the question was put in.
fn is_about_version(error: &Error) -> bool {
    let reasons = [ResultReason::InvalidMessage, ResultReason::UnsupportedProtocolVersion];
    match error {
        Error::Refused { reason, .. } => reason.is_none_or(|reason| reasons.contains(&reason)),
        // An answer in a version that no table describes, or none at all.
        Error::Decode(_) | Error::Lost { .. } => true,
        _ => false,
    }
}

fn unless_refused(error: Error) -> Option<Error> {
    if matches!(error, Error::Refused { .. }) { None } else { Some(error) }
}

fn identifier(id: &str) -> UniqueIdentifier {
    UniqueIdentifier::TextString(id.into())
}

fn text(id: UniqueIdentifier, operation: Operation) -> Result<Text> {
    match id {
        UniqueIdentifier::TextString(id) => Ok(id),
        _ => Err(Violation::Incomplete(operation).into()),
    }
}

fn bytes(data: Option<Data>, operation: Operation) -> Result<Secret> {
    match data {
        Some(Data::ByteString(data)) => Ok(data),
        _ => Err(Violation::Incomplete(operation).into()),
    }
}

fn object_type(object: &ManagedObject) -> Option<ObjectType> {
    Some(match object {
        ManagedObject::Certificate(_) => ObjectType::Certificate,
        ManagedObject::SymmetricKey(_) => ObjectType::SymmetricKey,
        ManagedObject::PublicKey(_) => ObjectType::PublicKey,
        ManagedObject::PrivateKey(_) => ObjectType::PrivateKey,
        ManagedObject::SplitKey(_) => ObjectType::SplitKey,
        ManagedObject::Template(_) => ObjectType::Template,
        ManagedObject::SecretData(_) => ObjectType::SecretData,
        ManagedObject::OpaqueObject(_) => ObjectType::OpaqueObject,
        ManagedObject::PgpKey(_) => ObjectType::PGPKey,
        ManagedObject::CertificateRequest(_) => ObjectType::CertificateRequest,
        ManagedObject::Other(_) => return None,
    })
}
