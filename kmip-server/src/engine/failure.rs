//! Why an operation fails, and the Result Reason that says so in each version.

mod authority;
mod crypto;

use std::borrow::Cow;
use std::fmt;

use kmip::ttlv::Version;
use kmip::types::tables::operation_info;
use kmip::types::{Operation, ResultReason};

use crate::audit::AuditError;
use crate::request::RequestId;
use crate::seal::SealError;
use crate::store::StoreError;

/// Why a request, or an item of one, failed: what the client is told.
///
/// The message never holds anything secret, nor what is inside the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    kind: Kind,
    message: Cow<'static, str>,
}

/// The kinds of failures. Which Result Reason stands for one depends on the operation and the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What is asked for is more than the Usage Limits have left.
    Allocation,
    /// The object was destroyed before.
    AlreadyDestroyed,
    /// There is an object with this identifier.
    AlreadyExists,
    /// What is said to be a certificate request is none, or not one for this key.
    CertificateRequest,
    /// An object stands among certificates that is none.
    NoCertificate,
    /// The client leaves Application Data to the server, which makes none for this namespace.
    ApplicationNamespace,
    /// The object has to be recovered from the archive first.
    Archived,
    /// No operation is pending, or kept, under the Asynchronous Correlation Value.
    Asynchronous,
    /// Who asks is not who they say they are, or nobody says who asks.
    Authentication,
    /// Cryptographic parameters are missing or contradict each other.
    BadParameters,
    /// A container has no password, or another.
    BadPassword,
    /// No operation in parts is under way under the Correlation Value.
    Correlation,
    /// The cryptographic operation itself failed.
    Cryptographic,
    /// The object is destroyed; all but its attributes is gone.
    Destroyed,
    /// What was asked for beside the operation is not to be had.
    FeatureNotSupported,
    /// The key can't be wrapped in this encoding.
    EncodingOption,
    /// The operation can't do that to this object.
    IllegalOperation,
    /// The server failed.
    Internal,
    /// The attribute has a value, and can't have a second one.
    AttributeExists,
    /// The attribute that is to be deleted isn't there.
    AttributeNotThere,
    /// The attribute that is to be changed isn't there: it has to be added.
    AttributeNotSet,
    /// Clients can't change the attribute of an object that is there.
    AttributeReadOnly,
    /// The attribute can't be adjusted: it, or the amount, is of another type.
    DataType,
    /// The attribute doesn't belong to this object, or not in this operation.
    InvalidAttribute,
    /// The attribute can't have this value.
    InvalidAttributeValue,
    /// A field has a value that it can't have.
    InvalidField,
    /// The message is not what the specification describes.
    InvalidMessage,
    /// The server has no key material for the object.
    KeyValueNotPresent,
    /// The key can't be given out in this compression.
    KeyCompressionType,
    /// The key can't be given out in this format.
    KeyFormatType,
    /// The key can't be given out wrapped this way.
    KeyWrapType,
    /// The attribute has no more instances than it may have already.
    IndexOutOfBounds,
    /// No instance of the attribute has this index or value.
    InstanceNotFound,
    /// The attribute has several values, and nothing says which is meant.
    MultiValued,
    /// Another object has this Name.
    NameTaken,
    /// The operation needs an initialization vector, counter or nonce.
    MissingIv,
    /// The object must not leave the server.
    NotExtractable,
    /// Objects of this type don't have the attribute.
    NotOfThisType,
    /// The key is to be quantum safe, and would not be.
    NotQuantumSafe,
    /// There is no lease on the object, or none as long as that.
    NoLease,
    /// The key has no such Cryptographic Parameters.
    NoParameters,
    /// There is no such object for this client.
    NotFound,
    /// The object is not such that another can take its place.
    NotReplaceable,
    /// A number got too large or too small for its type.
    NumericRange,
    /// Objects of this type are not made this way.
    ObjectType,
    /// The server doesn't have the operation, or not in this version.
    OperationNotSupported,
    /// The client may know of the object, but not do this to it.
    PermissionDenied,
    /// The parameters of a PKCS#11 function can't be read.
    Pkcs11Codec,
    /// The PKCS#11 function is none of the interface's.
    Pkcs11Function,
    /// The PKCS#11 interface is unknown.
    Pkcs11Interface,
    /// Objects can't be protected the way that is asked for.
    ProtectionStorage,
    /// Public keys can't be protected the way that is asked for.
    PublicProtectionStorage,
    /// Only the server sets the attribute.
    ReadOnlyAttribute,
    /// The response is larger than the client can take.
    ResponseTooLarge,
    /// The object may only leave the server wrapped.
    Sensitive,
    /// A limit of the server is reached.
    ServerLimit,
    /// ChaCha20-Poly1305 has no authentication tag of that length.
    StreamTag,
    /// The attribute has one value at most.
    SingleValued,
    /// The attribute is not one of this version, or not one that the server has.
    UnsupportedAttribute,
    /// The server doesn't have the algorithm, mode or padding.
    UnsupportedParameters,
    /// The protocol version is not one that the server speaks.
    UnsupportedVersion,
    /// A message extension is critical, and the server doesn't know it.
    UnknownExtension,
    /// The ticket is none, or no longer valid.
    Ticket,
    /// The ticket is not for this.
    TicketRights,
    /// The object has no Usage Limits.
    Unlimited,
    /// The key's Cryptographic Usage Mask doesn't allow it.
    UsageMask,
    /// The key's Usage Limits don't allow it.
    UsageLimits,
    /// The key to wrap with has to be recovered from the archive first.
    WrappingArchived,
    /// The key to wrap with is destroyed.
    WrappingDestroyed,
    /// There is no such key to wrap with for this client.
    WrappingNotFound,
    /// The operation is not for objects of this type.
    WrongObjectType,
    /// The object's state doesn't allow it.
    WrongState,
}

impl Kind {
    /// The reasons that can stand for it, the most telling first.
    fn reasons(self) -> &'static [ResultReason] {
        use ResultReason as R;
        match self {
            // 1.4 §11.19.
            Self::Allocation => &[R::UsageLimitExceeded, R::PermissionDenied],
            // KMIP 1.4 §11.22 for Destroy; 2.0 §6.1.15.1.
            Self::AlreadyDestroyed => &[R::ObjectDestroyed, R::PermissionDenied],
            Self::AlreadyExists => &[R::ObjectAlreadyExists, R::InvalidField],
            // 1.4 §11.8.
            Self::CertificateRequest => &[R::InvalidCSR, R::InvalidField],
            // 1.4 §11.25: "does not specify a certificate list".
            Self::NoCertificate => &[R::InvalidObjectType, R::InvalidMessage],
            Self::ApplicationNamespace => &[R::ApplicationNamespaceNotSupported],
            Self::Archived => &[R::ObjectArchived],
            // 1.4 §11.15 to §11.17; each operation of 2.0 has its own of these.
            Self::AttributeExists => &[R::AttributeSingleValued, R::IllegalOperation],
            Self::AttributeNotThere => &[R::AttributeNotFound, R::ItemNotFound],
            Self::AttributeNotSet => &[R::AttributeNotFound, R::InvalidField],
            Self::AttributeReadOnly => &[R::ReadOnlyAttribute, R::AttributeReadOnly, R::PermissionDenied],
            Self::Asynchronous => &[R::InvalidAsynchronousCorrelationValue, R::ItemNotFound],
            Self::Authentication => &[R::AuthenticationNotSuccessful],
            Self::BadParameters => &[R::BadCryptographicParameters, R::InvalidField],
            // 1.4 §11.30.
            Self::Correlation => &[R::InvalidCorrelationValue, R::ItemNotFound],
            Self::BadPassword => &[R::BadPassword, R::InvalidField],
            Self::Cryptographic => &[R::CryptographicFailure],
            Self::DataType => &[R::InvalidDataType, R::InvalidField],
            Self::Destroyed => &[R::ObjectDestroyed, R::ObjectNotFound, R::ItemNotFound],
            Self::FeatureNotSupported => &[R::FeatureNotSupported],
            Self::IllegalOperation => &[R::IllegalOperation, R::InvalidField],
            Self::Internal => &[R::GeneralFailure],
            Self::InvalidAttribute => &[R::InvalidAttribute, R::InvalidField],
            Self::InvalidAttributeValue => &[R::InvalidAttributeValue, R::InvalidField],
            Self::InvalidField => &[R::InvalidField],
            Self::InvalidMessage => &[R::InvalidMessage],
            // 1.4 §11.12: "the server only has attributes for this object".
            Self::KeyValueNotPresent => &[R::KeyValueNotPresent, R::IllegalOperation],
            Self::KeyCompressionType => &[R::KeyCompressionTypeNotSupported],
            Self::KeyFormatType => &[R::KeyFormatTypeNotSupported],
            // 1.4 §11.12 names a reason that its enumeration lacks.
            Self::KeyWrapType => &[R::KeyWrapTypeNotSupported, R::FeatureNotSupported],
            Self::EncodingOption => &[R::EncodingOptionError, R::InvalidField],
            // 1.4 §11.12: "do not exist or do not match those provided".
            Self::NoParameters => &[R::BadCryptographicParameters, R::ItemNotFound],
            Self::WrappingArchived => &[R::WrappingObjectArchived, R::ObjectArchived],
            Self::WrappingDestroyed => &[R::WrappingObjectDestroyed, R::ItemNotFound],
            Self::WrappingNotFound => &[R::WrappingObjectNotFound, R::ItemNotFound],
            Self::IndexOutOfBounds => &[R::IndexOutOfBounds, R::ServerLimitExceeded],
            Self::InstanceNotFound => &[R::AttributeInstanceNotFound, R::ItemNotFound],
            Self::MultiValued => &[R::MultiValuedAttribute, R::InvalidField],
            // 1.4 §11.2 and §11.15.
            Self::NameTaken => &[R::NonUniqueNameAttribute, R::IllegalOperation, R::InvalidField],
            Self::MissingIv => &[R::MissingInitializationVector, R::InvalidField],
            Self::NotExtractable => &[R::NotExtractable, R::PermissionDenied],
            // 1.4 §11.15: "not supported for this object".
            Self::NotOfThisType => &[R::InvalidAttribute, R::UnsupportedAttribute, R::PermissionDenied],
            Self::NoLease => &[R::PermissionDenied],
            // 1.4 tables 331 and 332: "not able to be re-keyed".
            Self::NotReplaceable => &[R::InvalidObjectType, R::PermissionDenied],
            // As the official case QS-M-2 has it; no table names another.
            Self::NotQuantumSafe => &[R::GeneralFailure],
            Self::NotFound => &[R::ObjectNotFound, R::ItemNotFound],
            Self::NumericRange => &[R::NumericRange, R::InvalidField],
            // 1.4 §11.2: "not recognized".
            Self::ObjectType => &[R::InvalidObjectType, R::InvalidField],
            Self::OperationNotSupported => &[R::OperationNotSupported],
            Self::PermissionDenied => &[R::PermissionDenied],
            Self::Pkcs11Codec => &[R::PKCS_11CodecError],
            Self::Pkcs11Function => &[R::PKCS_11InvalidFunction],
            Self::Pkcs11Interface => &[R::PKCS_11InvalidInterface],
            Self::ProtectionStorage => &[
                R::ProtectionStorageUnavailable,
                R::PrivateProtectionStorageUnavailable,
                R::FeatureNotSupported,
            ],
            Self::PublicProtectionStorage => &[R::PublicProtectionStorageUnavailable, R::FeatureNotSupported],
            Self::ReadOnlyAttribute => &[R::AttributeReadOnly, R::ReadOnlyAttribute, R::InvalidField],
            Self::ResponseTooLarge => &[R::ResponseTooLarge],
            Self::Sensitive => &[R::Sensitive, R::PermissionDenied],
            Self::ServerLimit => &[R::ServerLimitExceeded, R::GeneralFailure],
            // As the mandatory official case CS-BC-M-CHACHA20POLY1305-1 has it, which goes before the table.
            Self::StreamTag => &[R::GeneralFailure],
            Self::SingleValued => &[R::AttributeSingleValued, R::InvalidField],
            Self::UnsupportedAttribute => &[R::UnsupportedAttribute, R::InvalidAttribute, R::InvalidField],
            Self::UnsupportedParameters => &[R::UnsupportedCryptographicParameters, R::InvalidField],
            // 1.4 §11.1: "protocol major version mismatch"; 2.0 §11.45.
            Self::UnsupportedVersion => &[R::UnsupportedProtocolVersion, R::InvalidMessage],
            // 1.4 §11.1; 2.0 §11.45.
            Self::UnknownExtension => &[R::UnknownMessageExtension, R::FeatureNotSupported],
            Self::Ticket => &[R::InvalidTicket],
            // As the official case TC-DLOGIN-2 has it, which goes before the tables.
            Self::TicketRights => &[R::NotAuthorised],
            // 1.4 §11.19.
            Self::Unlimited => &[R::AttributeNotFound, R::IllegalOperation],
            // 1.4 §11.30: "not able to be used for encryption".
            Self::UsageMask => &[R::IncompatibleCryptographicUsageMask, R::PermissionDenied],
            // In so many words in 1.4 §4.29 and 2.0 §6.1.17.
            Self::UsageLimits => &[R::PermissionDenied],
            Self::WrongObjectType => {
                &[R::InvalidObjectType, R::IllegalObjectType, R::IllegalOperation, R::PermissionDenied]
            }
            Self::WrongState => &[R::WrongKeyLifecycleState, R::PermissionDenied],
        }
    }

    /// The reason for it in a version: the one that the tables say stands for the most telling, or the first that they list
    /// for the operation, else the first that the version
    /// has at all. A number that the version doesn't have is never sent.
    pub fn reason(self, operation: Option<Operation>, version: Version) -> ResultReason {
        let reasons = self.reasons().iter().copied();
        let listed = operation.and_then(operation_info).and_then(|info| {
            let instead = reasons.clone().next().and_then(|reason| info.instead_of(reason, version));
            let allowed = |reason: &ResultReason| info.allows(*reason, version) && reason.is_in(version);
            instead.or_else(|| reasons.clone().find(allowed))
        });
        listed
            .or_else(|| reasons.clone().find(|reason| reason.is_in(version)))
            .unwrap_or(ResultReason::GeneralFailure)
    }
}

impl Failure {
    /// A failure of a kind, in words for the client.
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Of which kind it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the client is told.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A fault of the server: it is logged, and the client is told the request's name in the log.
    #[cold]
    pub fn internal(error: &dyn fmt::Display) -> Self {
        let id = RequestId::current().unwrap_or_default();
        tracing::error!(%id, %error, "internal error");
        Self::new(Kind::Internal, format!("internal error {id}: see the server's log"))
    }

    /// There is no such object, or none for this client: both in the same words.
    #[cold]
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "there is no object with this Unique Identifier")
    }

    /// A field that is needed is missing.
    #[cold]
    pub fn missing(what: &'static str) -> Self {
        Self::new(Kind::InvalidMessage, format!("{what} is missing"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            // Nothing that a client sends makes a store say so: identifiers of new objects are random.
            StoreError::Full => {
                tracing::error!(%error, "the store is full");
                Self::new(Kind::ServerLimit, "the server has no room for it")
            }
            error => Self::internal(&error),
        }
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Self::internal(&error)
    }
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Seal(SealError::Store(error)) => error.into(),
            error => Self::internal(&error),
        }
    }
}

/// What the server wrote and can't read, or made and can't write.
impl From<kmip::ttlv::Error> for Failure {
    fn from(error: kmip::ttlv::Error) -> Self {
        Self::internal(&error)
    }
}

#[cfg(test)]
mod tests {
    use kmip::types::version;

    use super::*;

    #[test]
    fn the_reason_is_the_one_of_the_version() {
        let reason = |kind: Kind, version| kind.reason(Some(Operation::Encrypt), version);
        assert_eq!(reason(Kind::NotFound, version::V1_2), ResultReason::ItemNotFound);
        assert_eq!(reason(Kind::NotFound, version::V1_4), ResultReason::ItemNotFound);
        assert_eq!(reason(Kind::NotFound, version::V2_0), ResultReason::ObjectNotFound);
        assert_eq!(reason(Kind::WrongState, version::V1_4), ResultReason::PermissionDenied);
        assert_eq!(reason(Kind::WrongState, version::V2_0), ResultReason::WrongKeyLifecycleState);
        assert_eq!(reason(Kind::UsageLimits, version::V2_0), ResultReason::PermissionDenied);
        assert_eq!(reason(Kind::WrongObjectType, version::V1_4), ResultReason::PermissionDenied);
        assert_eq!(
            Kind::WrongObjectType.reason(Some(Operation::Activate), version::V1_0),
            ResultReason::IllegalOperation
        );
        assert_eq!(
            Kind::Sensitive.reason(Some(Operation::Get), version::V1_3),
            ResultReason::PermissionDenied
        );
        assert_eq!(Kind::UnsupportedVersion.reason(None, version::V1_4), ResultReason::InvalidMessage);
    }

    #[test]
    fn no_reason_is_of_another_version() {
        for version in version::ALL {
            for operation in Operation::all(*version).map(Some).chain([None]) {
                for kind in [
                    Kind::Allocation,
                    Kind::AlreadyDestroyed,
                    Kind::AlreadyExists,
                    Kind::Ticket,
                    Kind::TicketRights,
                    Kind::ApplicationNamespace,
                    Kind::CertificateRequest,
                    Kind::NoCertificate,
                    Kind::Archived,
                    Kind::AttributeExists,
                    Kind::AttributeNotThere,
                    Kind::AttributeNotSet,
                    Kind::AttributeReadOnly,
                    Kind::DataType,
                    Kind::InstanceNotFound,
                    Kind::MultiValued,
                    Kind::NameTaken,
                    Kind::NotOfThisType,
                    Kind::NumericRange,
                    Kind::Unlimited,
                    Kind::BadParameters,
                    Kind::Destroyed,
                    Kind::InvalidAttribute,
                    Kind::InvalidAttributeValue,
                    Kind::KeyValueNotPresent,
                    Kind::KeyWrapType,
                    Kind::IndexOutOfBounds,
                    Kind::NotExtractable,
                    Kind::NotFound,
                    Kind::ReadOnlyAttribute,
                    Kind::Sensitive,
                    Kind::ServerLimit,
                    Kind::SingleValued,
                    Kind::UnsupportedAttribute,
                    Kind::UnsupportedParameters,
                    Kind::UnsupportedVersion,
                    Kind::UnknownExtension,
                    Kind::UsageMask,
                    Kind::WrongObjectType,
                    Kind::WrongState,
                    Kind::Internal,
                ] {
                    assert!(
                        kind.reason(operation, *version).is_in(*version),
                        "{kind:?} {operation:?} {version}"
                    );
                }
            }
        }
    }
}
