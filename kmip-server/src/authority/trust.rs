//! Chains of certificates, and the roots that they end in (RFC 5280 §6).

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use openssl::asn1::Asn1Time;
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509Crl, X509StoreContext};

use super::AuthorityError;

/// Roots.
#[derive(Clone, Default)]
pub struct Trust(Vec<X509>);

/// What there is to say of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It ends in a root, and everything in it is as it should be.
    Valid,
    /// Something in it is wrong: this.
    Invalid(&'static str),
    /// It ends in no root that is known.
    Unknown,
}

impl Trust {
    /// The certificates in a file (PEM).
    ///
    /// # Errors
    /// When it holds none.
    pub fn read(path: &Path) -> Result<Self, AuthorityError> {
        Ok(Self(read(path)?))
    }

    /// The certificates in several files.
    pub(crate) fn read_all(paths: &[PathBuf]) -> Result<Self, AuthorityError> {
        let mut roots = Vec::new();
        for path in paths {
            roots.extend(read(path)?);
        }
        Ok(Self(roots))
    }

    /// These certificates.
    pub(crate) fn new(roots: Vec<X509>) -> Self {
        Self(roots)
    }

    pub(super) fn add(&mut self, root: X509) {
        self.0.push(root);
    }

    /// Whether certificates, in any order, are a chain that is valid at a time. If `strict`, weak keys and digests make
    /// it invalid.
    ///
    /// # Errors
    /// When one is none, or they are not one chain.
    pub fn validate<'a>(
        &self,
        certificates: impl IntoIterator<Item = &'a [u8]>,
        at: i64,
        strict: bool,
    ) -> Result<Verdict, AuthorityError> {
        let mut chain: Vec<X509> = Vec::new();
        let mut seen: Vec<&[u8]> = Vec::new();
        for der in certificates {
            if !seen.contains(&der) {
                let certificate = X509::from_der(der).map_err(|_| AuthorityError::NoCertificate)?;
                if certificate.to_der()? != der {
                    return Err(AuthorityError::NoCertificate);
                }
                seen.push(der);
                chain.push(certificate);
            }
        }
        let end = end(&chain)?;
        if let Some(fault) = fault(&chain, at)? {
            return Ok(Verdict::Invalid(fault));
        }
        self.verify(end, &chain, Some(at), strict)
    }

    /// Whether these roots vouch for an authority, or are it: now, before or later.
    pub(super) fn includes(&self, authority: &X509, above: &[X509]) -> Result<bool, AuthorityError> {
        let key = authority.public_key()?;
        for root in &self.0 {
            if root.public_key()?.public_eq(&key) {
                return Ok(true);
            }
        }
        Ok(self.verify(authority, above, None, false)? == Verdict::Valid)
    }

    /// Whether one of them has signed a revocation list.
    pub(super) fn have_signed(&self, list: &X509Crl) -> Result<bool, ErrorStack> {
        for root in &self.0 {
            let is_named = root.subject_name().try_cmp(list.issuer_name())? == Ordering::Equal;
            if is_named && root.public_key().is_ok_and(|key| list.verify(&key).unwrap_or(false)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn verify(
        &self,
        end: &X509,
        chain: &[X509],
        at: Option<i64>,
        strict: bool,
    ) -> Result<Verdict, AuthorityError> {
        let mut others = Stack::new()?;
        for certificate in chain {
            others.push(certificate.clone())?;
        }
        let store = self.store(at, strict)?;
        let (valid, found) = X509StoreContext::new()?
            .init(&store, end, &others, |context| Ok((context.verify_cert()?, context.error())))?;
        Ok(if valid {
            Verdict::Valid
        } else if NO_ROOT.contains(&found.as_raw()) {
            Verdict::Unknown
        } else {
            Verdict::Invalid(found.error_string())
        })
    }

    fn store(&self, at: Option<i64>, strict: bool) -> Result<X509Store, ErrorStack> {
        let mut store = X509StoreBuilder::new()?;
        for root in &self.0 {
            store.add_cert(root.clone())?;
        }
        let mut how = X509VerifyParam::new()?;
        // An authority that is trusted need not be one that stands under no other.
        let mut flags = X509VerifyFlags::PARTIAL_CHAIN;
        match at {
            Some(at) => how.set_time(at),
            None => flags |= X509VerifyFlags::NO_CHECK_TIME,
        }
        how.set_flags(flags)?;
        how.set_auth_level(if strict { STRICT } else { 0 });
        store.set_param(&how)?;
        Ok(store.build())
    }
}

/// The certificate that issued none of the others.
fn end(chain: &[X509]) -> Result<&X509, AuthorityError> {
    let mut ends = Vec::new();
    for certificate in chain {
        let mut has_issued = false;
        for other in chain {
            let is_other = !std::ptr::eq(certificate, other);
            has_issued |= is_other && names_as_issuer(other, certificate)?;
        }
        if !has_issued {
            ends.push(certificate);
        }
    }
    match (ends.as_slice(), chain) {
        ([end], _) => Ok(end),
        // Authorities that have certified each other.
        ([], [first, ..]) => Ok(first),
        _ => Err(AuthorityError::NoChain),
    }
}

/// What is wrong with certificates whatever they end in.
fn fault(chain: &[X509], at: i64) -> Result<Option<&'static str>, AuthorityError> {
    let at = Asn1Time::from_unix(at)?;
    for certificate in chain {
        if certificate.not_before() > at {
            return Ok(Some("a certificate is not yet valid"));
        }
        if certificate.not_after() < at {
            return Ok(Some("a certificate has expired"));
        }
        let (mut issuers, mut is_signed) = (0, false);
        for other in chain {
            if names_as_issuer(certificate, other)? {
                issuers += 1;
                is_signed |= other.public_key().is_ok_and(|key| certificate.verify(&key).unwrap_or(false));
            }
        }
        if issuers > 0 && !is_signed {
            return Ok(Some("a certificate is not signed by its issuer"));
        }
    }
    Ok(None)
}

fn names_as_issuer(certificate: &X509, other: &X509) -> Result<bool, ErrorStack> {
    Ok(certificate.issuer_name().try_cmp(other.subject_name())? == Ordering::Equal)
}

/// The certificates in a file (PEM): at least one.
pub(super) fn read(path: &Path) -> Result<Vec<X509>, AuthorityError> {
    let text =
        std::fs::read(path).map_err(|source| AuthorityError::File { path: path.to_owned(), source })?;
    match X509::stack_from_pem(&text) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(AuthorityError::Content { path: path.to_owned(), what: NO_CERTIFICATE }),
    }
}

pub(super) const NO_CERTIFICATE: &str = "it holds no certificate in PEM";

/// What OpenSSL says of chains that end in nothing that is trusted: `X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT`,
/// `…_DEPTH_ZERO_SELF_SIGNED_CERT`, `…_SELF_SIGNED_CERT_IN_CHAIN`, `…_UNABLE_TO_GET_ISSUER_CERT_LOCALLY` and
/// `…_UNABLE_TO_VERIFY_LEAF_SIGNATURE`.
const NO_ROOT: [i32; 5] = [2, 18, 19, 20, 21];

/// OpenSSL's level of at least 112 bits: no SHA-1, no RSA under 2048 bits.
const STRICT: i32 = 2;
