//! Certificate requests (RFC 2986).

use openssl::asn1::Asn1Object;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Public};
use openssl::x509::X509Req;

use super::extension::Extension;
use super::{AuthorityError, Name};
use crate::crypto::der;

/// How a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// PKCS #10 as DER.
    Pkcs10,
    /// PKCS #10 as PEM.
    Pem,
}

/// A certificate request, whose sender has shown that the key is theirs.
pub struct Request {
    pub(super) subject: Name,
    pub(super) key: PKey<Public>,
    pub(super) extensions: Vec<Extension>,
    digest: Nid,
}

impl Request {
    /// Reads a request, and checks that it is signed with the key that it is for.
    ///
    /// # Errors
    /// When it is none, or signed with another key.
    pub fn read(form: Form, bytes: &[u8]) -> Result<Self, AuthorityError> {
        let (request, what) = match form {
            Form::Pkcs10 => (X509Req::from_der(bytes), "PKCS#10 certificate request"),
            Form::Pem => (X509Req::from_pem(bytes), "certificate request in PEM"),
        };
        let malformed = || AuthorityError::NoRequest(what);
        let request = request.map_err(|_| malformed())?;
        let der = request.to_der()?;
        if form == Form::Pkcs10 && der != bytes {
            return Err(malformed());
        }
        let key = request.public_key().map_err(|_| malformed())?;
        if !request.verify(&key).unwrap_or(false) {
            return Err(AuthorityError::Unproven);
        }
        Ok(Self {
            subject: Name::of(request.subject_name())?,
            key,
            extensions: Extension::of_request(&request)?,
            digest: digest(&der).unwrap_or(Nid::UNDEF),
        })
    }

    /// Whether it is for this key, a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// When that is none.
    pub fn is_for(&self, key: &[u8]) -> Result<bool, AuthorityError> {
        Ok(PKey::public_key_from_der(key)?.public_eq(&self.key))
    }

    /// The common name that it says.
    pub fn common_name(&self) -> Option<String> {
        self.subject.common_name()
    }

    /// Whether it says whose the certificate is to be.
    pub fn has_subject(&self) -> bool {
        !self.subject.is_empty()
    }

    /// The digest that it is signed with, if that is one that others can be made to match.
    pub fn weak_digest(&self) -> Option<&'static str> {
        match self.digest {
            Nid::MD4 => Some("MD4"),
            Nid::MD5 => Some("MD5"),
            Nid::SHA1 => Some("SHA-1"),
            _ => None,
        }
    }
}

/// The digest of a request's signature.
fn digest(der: &[u8]) -> Option<Nid> {
    let (_, request, _) = der::split(der)?;
    let (_, algorithm) = der::items(request).nth(1)?;
    let (_, identifier, _) = der::split(algorithm)?;
    let signature = Asn1Object::from_str(&der::dotted(identifier)?).ok()?.nid();
    Some(signature.signature_algorithms()?.digest)
}
