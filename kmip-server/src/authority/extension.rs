//! Extensions of certificates that go from a request, or from an older certificate, into a new one (RFC 5280 §4.2).

use openssl::asn1::{Asn1Object, Asn1OctetString};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::x509::{X509, X509Extension, X509ExtensionRef, X509ReqRef};

use super::AuthorityError;
use crate::crypto::der::{self, BOOLEAN, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extension {
    /// Its object identifier, with dots.
    identifier: String,
    pub(super) critical: bool,
    value: Vec<u8>,
}

/// The kinds of extensions that an authority takes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed(Vec<String>);

impl Allowed {
    /// Those of these names, as OpenSSL has them, or object identifiers.
    ///
    /// # Errors
    /// The name that is none, or of an extension that the authority itself sets.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut allowed = Vec::new();
        for name in names {
            let found = if name.contains('\0') { None } else { Asn1Object::from_str(name).ok() };
            let identifier = found.as_ref().and_then(|object| der::dotted(object.as_slice()));
            match identifier {
                Some(identifier) if !OWN.contains(&&*identifier) => allowed.push(identifier),
                _ => return Err(name.to_owned()),
            }
        }
        Ok(Self(allowed))
    }

    /// Of these extensions, those that a new certificate gets.
    ///
    /// # Errors
    /// When one is critical that it wouldn't, or they are those of an authority.
    pub(super) fn choose(&self, extensions: &[Extension]) -> Result<Vec<Extension>, AuthorityError> {
        let mut chosen = Vec::new();
        for (place, extension) in extensions.iter().enumerate() {
            if extension.is_of_authority() {
                return Err(AuthorityError::OfAuthority);
            }
            if extensions.iter().take(place).any(|other| other.identifier == extension.identifier) {
                return Err(AuthorityError::Twice(extension.name()));
            }
            if self.0.contains(&extension.identifier) {
                chosen.push(extension.clone());
            } else if extension.critical && !OWN.contains(&&*extension.identifier) {
                return Err(AuthorityError::Extension(extension.name()));
            }
        }
        Ok(chosen)
    }
}

impl Default for Allowed {
    fn default() -> Self {
        Self([SUBJECT_ALTERNATIVE_NAME, KEY_USAGE, EXTENDED_KEY_USAGE].map(str::to_owned).into())
    }
}

impl Extension {
    /// Those that a request asks for.
    pub(super) fn of_request(request: &X509ReqRef) -> Result<Vec<Self>, AuthorityError> {
        let malformed = || AuthorityError::NoRequest("certificate request with well-formed extensions");
        let list = match request.extensions() {
            Ok(list) => list,
            // There is no list of none; what it can't read, OpenSSL says.
            Err(error) if error.errors().is_empty() => return Ok(Vec::new()),
            Err(_) => return Err(malformed()),
        };
        list.iter().map(|extension| Self::of(extension).map_err(|_| malformed())).collect()
    }

    /// One that OpenSSL has.
    pub(super) fn of(extension: &X509ExtensionRef) -> Result<Self, AuthorityError> {
        let der = extension.to_der()?;
        let content = der::split(&der).map(|(_, content, _)| content);
        content.and_then(Self::read).ok_or(AuthorityError::NoCertificate)
    }

    /// Those of a certificate.
    pub(super) fn of_certificate(certificate: &X509) -> Result<Vec<Self>, AuthorityError> {
        let der = certificate.to_der()?;
        let find = || {
            let (_, certificate, _) = der::split(&der)?;
            let (_, to_be_signed, _) = der::split(certificate)?;
            der::items(to_be_signed).find(|(tag, _)| *tag == EXTENSIONS).map(|(_, content)| content)
        };
        // A certificate of version 1 has none.
        let Some(content) = find() else { return Ok(Vec::new()) };
        let (_, list, _) = der::split(content).ok_or(AuthorityError::NoCertificate)?;
        der::items(list).map(|(_, item)| Self::read(item).ok_or(AuthorityError::NoCertificate)).collect()
    }

    /// RFC 5280 §4.1.
    fn read(content: &[u8]) -> Option<Self> {
        let (OBJECT_IDENTIFIER, identifier, rest) = der::split(content)? else { return None };
        let (critical, rest) = match der::split(rest)? {
            (BOOLEAN, critical, rest) => (critical.first().is_some_and(|byte| *byte != 0), rest),
            _ => (false, rest),
        };
        let (OCTET_STRING, value, _) = der::split(rest)? else { return None };
        Some(Self { identifier: der::dotted(identifier)?, critical, value: value.to_vec() })
    }

    /// Whether it says that the key signs certificates or revocation lists.
    pub(super) fn is_of_authority(&self) -> bool {
        match &*self.identifier {
            BASIC_CONSTRAINTS => {
                let first = der::split(&self.value)
                    .filter(|(tag, _, _)| *tag == SEQUENCE)
                    .and_then(|(_, content, _)| der::items(content).next());
                matches!(first, Some((BOOLEAN, value)) if value.first().is_some_and(|byte| *byte != 0))
            }
            // keyCertSign and cRLSign.
            _ => self.key_usage().is_some_and(|byte| byte & 0b0000_0110 != 0),
        }
    }

    /// A subject's alternative names, each a GeneralName as DER.
    pub(super) fn alternative_names(names: &[Vec<u8>]) -> Self {
        let value = der::item(SEQUENCE, &names.concat());
        Self { identifier: SUBJECT_ALTERNATIVE_NAME.to_owned(), critical: false, value }
    }

    /// The first byte of a key usage: a bit string, of which the first byte says how many bits are not used.
    pub(super) fn key_usage(&self) -> Option<u8> {
        if !self.is_key_usage() {
            return None;
        }
        let (_, bits, _) = der::split(&self.value)?;
        bits.get(1).copied()
    }

    pub(super) fn is_key_usage(&self) -> bool {
        self.identifier == KEY_USAGE
    }

    pub(super) fn is_extended_usage(&self) -> bool {
        self.identifier == EXTENDED_KEY_USAGE
    }

    pub(super) fn is_alternative_name(&self) -> bool {
        self.identifier == SUBJECT_ALTERNATIVE_NAME
    }

    pub(super) fn build(&self) -> Result<X509Extension, ErrorStack> {
        let identifier = Asn1Object::from_str(&self.identifier)?;
        let value = Asn1OctetString::new_from_bytes(&self.value)?;
        X509Extension::new_from_der(&identifier, self.critical, &value)
    }

    /// What OpenSSL calls it, or its identifier.
    fn name(&self) -> String {
        let nid = Asn1Object::from_str(&self.identifier).map(|object| object.nid());
        match nid {
            Ok(nid) if nid != Nid::UNDEF => {
                nid.short_name().map_or_else(|_| self.identifier.clone(), str::to_owned)
            }
            _ => self.identifier.clone(),
        }
    }
}

/// The tag of the extensions in a certificate.
const EXTENSIONS: u8 = 0xA3;

const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const KEY_USAGE: &str = "2.5.29.15";
const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
const SUBJECT_ALTERNATIVE_NAME: &str = "2.5.29.17";
const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
const AUTHORITY_KEY_IDENTIFIER: &str = "2.5.29.35";

/// What the authority says itself.
const OWN: [&str; 3] = [BASIC_CONSTRAINTS, SUBJECT_KEY_IDENTIFIER, AUTHORITY_KEY_IDENTIFIER];
