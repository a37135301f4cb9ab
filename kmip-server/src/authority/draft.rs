//! What a certificate is to say.

use openssl::pkey::{PKey, Public};
use openssl::x509::X509;
use openssl::x509::extension::{ExtendedKeyUsage, KeyUsage};

use super::extension::Extension;
use super::{AuthorityError, Name, Request};

/// A certificate that nobody has signed yet.
pub struct Draft {
    pub(super) subject: Name,
    pub(super) key: PKey<Public>,
    pub(super) extensions: Vec<Extension>,
    pub(super) usages: Vec<Usage>,
    pub(super) from: Option<i64>,
    pub(super) until: Option<i64>,
}

/// What a key may be used for (RFC 5280 §4.2.1.3), less what is an authority's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Signatures.
    DigitalSignature,
    /// Signatures that bind.
    ContentCommitment,
    /// Wrapping keys.
    KeyEncipherment,
    /// Encrypting other data.
    DataEncipherment,
    /// Agreeing on keys.
    KeyAgreement,
}

impl Draft {
    /// For this subject and key, a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// When the key is none.
    pub fn new(subject: Name, key: &[u8]) -> Result<Self, AuthorityError> {
        Ok(Self::for_key(subject, PKey::public_key_from_der(key)?))
    }

    pub(super) fn for_key(subject: Name, key: PKey<Public>) -> Self {
        Self { subject, key, extensions: Vec::new(), usages: Vec::new(), from: None, until: None }
    }

    /// As a request asks for it.
    pub fn of_request(request: Request) -> Self {
        let extensions = request.extensions;
        Self { extensions, ..Self::for_key(request.subject, request.key) }
    }

    /// Another certificate of the same key for the same subject.
    ///
    /// # Errors
    /// When there is none.
    pub fn like(certificate: &[u8]) -> Result<Self, AuthorityError> {
        let certificate = X509::from_der(certificate).map_err(|_| AuthorityError::NoCertificate)?;
        let extensions = Extension::of_certificate(&certificate)?;
        // What only its issuer can know is not its successor's; what matters of the rest is critical.
        Ok(Self {
            extensions,
            ..Self::for_key(Name::of(certificate.subject_name())?, certificate.public_key()?)
        })
    }

    /// For a client of TLS, or a server of it, and for nothing else.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn for_tls(mut self, server: bool) -> Result<Self, AuthorityError> {
        let mut usage = ExtendedKeyUsage::new();
        let usage = if server { usage.server_auth() } else { usage.client_auth() }.build()?;
        self.extensions.retain(|extension| !extension.is_extended_usage() && !extension.is_key_usage());
        self.extensions.push(Extension::of(&usage)?);
        self.usages = vec![Usage::DigitalSignature];
        Ok(self)
    }

    /// For the subject of another.
    #[must_use]
    pub fn subject_of(self, other: Self) -> Self {
        Self { subject: other.subject, ..self }
    }

    /// Without the alternative names that the extensions say.
    #[must_use]
    pub fn without_alternative_names(mut self) -> Self {
        self.extensions.retain(|extension| !extension.is_alternative_name());
        self
    }

    /// For another subject.
    #[must_use]
    pub fn subject(self, subject: Name) -> Self {
        Self { subject, ..self }
    }

    /// With these alternative names of the subject, each a GeneralName as DER, unless the extensions name some.
    #[must_use]
    pub fn alternative_names(mut self, names: &[Vec<u8>]) -> Self {
        if !names.is_empty() && !self.extensions.iter().any(Extension::is_alternative_name) {
            self.extensions.push(Extension::alternative_names(names));
        }
        self
    }

    /// What the extensions say that the key may be used for, if they say it.
    pub fn stated_usages(&self) -> Option<Vec<Usage>> {
        let byte = self.extensions.iter().find_map(Extension::key_usage)?;
        Some(BITS.iter().filter(|(bit, _)| byte & bit != 0).map(|(_, usage)| *usage).collect())
    }

    /// What the key may be used for, unless the extensions say it already.
    #[must_use]
    pub fn usages(self, usages: Vec<Usage>) -> Self {
        Self { usages, ..self }
    }

    /// Without what the extensions say that the key may be used for.
    #[must_use]
    pub fn without_stated_usages(mut self) -> Self {
        self.extensions.retain(|extension| !extension.is_key_usage());
        self
    }

    /// When it is to be valid, in seconds since 1970, as far as that is known.
    #[must_use]
    pub fn period(self, from: Option<i64>, until: Option<i64>) -> Self {
        Self { from, until, ..self }
    }
}

/// The bits of a key usage, in its first byte.
const BITS: [(u8, Usage); 5] = [
    (0x80, Usage::DigitalSignature),
    (0x40, Usage::ContentCommitment),
    (0x20, Usage::KeyEncipherment),
    (0x10, Usage::DataEncipherment),
    (0x08, Usage::KeyAgreement),
];

/// The extension for these usages.
pub(super) fn key_usage(usages: &[Usage]) -> KeyUsage {
    let mut extension = KeyUsage::new();
    extension.critical();
    for usage in usages {
        match usage {
            Usage::DigitalSignature => extension.digital_signature(),
            Usage::ContentCommitment => extension.non_repudiation(),
            Usage::KeyEncipherment => extension.key_encipherment(),
            Usage::DataEncipherment => extension.data_encipherment(),
            Usage::KeyAgreement => extension.key_agreement(),
        };
    }
    extension
}
