//! Revocation lists (RFC 5280 §5).

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use arc_swap::ArcSwap;
use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::x509::{CrlStatus, X509, X509Crl, X509CrlBuilder, X509Extension, X509RevokedBuilder};

use super::pair::{Pair, digest_for};
use super::{AuthorityError, Trust};
use crate::crypto::der::{self, SEQUENCE};

/// Revocation lists that may change.
pub type LiveRevocations = Arc<ArcSwap<Revocations>>;

/// The revocation lists of some authorities.
#[derive(Default)]
pub struct Revocations {
    lists: Vec<X509Crl>,
    /// What was found out of certificates, by their fingerprints: nobody changes a list in memory.
    known: RwLock<HashMap<[u8; 32], bool>>,
}

impl Revocations {
    /// The lists in a file (PEM), each of which one of these authorities must have signed.
    ///
    /// # Errors
    /// When there is none, or one is nobody's.
    pub fn read(path: &Path, authorities: &Trust) -> Result<Self, AuthorityError> {
        let wrong = |what| AuthorityError::Content { path: path.to_owned(), what };
        let text =
            std::fs::read(path).map_err(|source| AuthorityError::File { path: path.to_owned(), source })?;
        let mut lists = Vec::new();
        for pem in parts(&text) {
            let list =
                X509Crl::from_pem(pem).map_err(|_| wrong("it holds a revocation list that can't be read"))?;
            if !authorities.have_signed(&list)? {
                return Err(wrong("it holds a revocation list of none of the authorities"));
            }
            if list.next_update().is_some_and(|next| Asn1Time::days_from_now(0).is_ok_and(|now| next < now)) {
                tracing::warn!(file = %path.display(), "a revocation list should have been replaced by a newer one");
            }
            lists.push(list);
        }
        if lists.is_empty() {
            return Err(wrong("it holds no revocation list in PEM"));
        }
        Ok(Self { lists, ..Self::default() })
    }

    /// Whether a certificate, whose SHA-256 digest is this, is revoked.
    ///
    /// # Errors
    /// When it is none.
    pub fn hold(&self, fingerprint: [u8; 32], certificate: &[u8]) -> Result<bool, AuthorityError> {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&fingerprint) {
            return Ok(*known);
        }
        let certificate = X509::from_der(certificate).map_err(|_| AuthorityError::NoCertificate)?;
        let mut is_revoked = false;
        for list in &self.lists {
            is_revoked |= has(list, &certificate)?;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // No more than clients that are there at once, or thereabouts.
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(fingerprint, is_revoked);
        Ok(is_revoked)
    }
}

impl Revocations {
    /// Since when a certificate is revoked, if it is, in seconds since 1970.
    ///
    /// # Errors
    /// When it is none.
    pub fn since(&self, certificate: &[u8]) -> Result<Option<i64>, AuthorityError> {
        let certificate = X509::from_der(certificate).map_err(|_| AuthorityError::NoCertificate)?;
        let mut first: Option<i64> = None;
        for list in self.lists.iter().filter(|list| is_of(list, &certificate).unwrap_or(false)) {
            if let CrlStatus::Revoked(entry) = list.get_by_cert(&certificate) {
                let since = super::seconds(entry.revocation_date())?;
                first = Some(first.map_or(since, |first| first.min(since)));
            }
        }
        Ok(first)
    }
}

impl std::fmt::Debug for Revocations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Revocations").field("lists", &self.lists.len()).finish_non_exhaustive()
    }
}

/// Whether a list has a certificate of its own authority.
pub(super) fn has(list: &X509Crl, certificate: &X509) -> Result<bool, ErrorStack> {
    Ok(is_of(list, certificate)? && matches!(list.get_by_cert(certificate), CrlStatus::Revoked(_)))
}

fn is_of(list: &X509Crl, certificate: &X509) -> Result<bool, ErrorStack> {
    Ok(certificate.issuer_name().try_cmp(list.issuer_name())? == Ordering::Equal)
}

/// A list with what another has, and these.
pub(super) fn list(
    authority: &Pair,
    before: Option<&X509Crl>,
    more: &[X509],
    now: i64,
) -> Result<X509Crl, AuthorityError> {
    let Some(identifier) = authority.certificate.subject_key_id() else {
        return Err(AuthorityError::NoKeyIdentifier);
    };
    let mut builder = X509CrlBuilder::new()?;
    let now_time = Asn1Time::from_unix(now)?;
    builder.set_issuer_name(authority.certificate.subject_name())?;
    builder.set_last_update(&now_time)?;
    // There is a new one whenever something changes; until then this one is right.
    builder.set_next_update(authority.certificate.not_after())?;
    for entry in before.and_then(|list| list.get_revoked()).into_iter().flatten() {
        builder.add_revoked(entry.to_owned()?)?;
    }
    for certificate in more {
        if before.is_some_and(|list| matches!(list.get_by_cert(certificate), CrlStatus::Revoked(_))) {
            continue;
        }
        let mut entry = X509RevokedBuilder::new()?;
        entry.set_serial_number(certificate.serial_number())?;
        entry.set_revocation_date(&now_time)?;
        builder.add_revoked(entry.build())?;
    }
    builder.sort()?;
    // RFC 5280 §5.2.1: the first member of an AuthorityKeyIdentifier is the identifier of the key.
    let of_authority = der::item(SEQUENCE, &der::item(0x80, identifier.as_slice()));
    builder.append_extension(extension(Nid::AUTHORITY_KEY_IDENTIFIER, &of_authority)?)?;
    // §5.2.3: a number that grows.
    builder.append_extension(extension(Nid::CRL_NUMBER, &der::integer(now.unsigned_abs()))?)?;
    builder.sign(&authority.key, digest_for(&authority.key, MessageDigest::sha256()))?;
    Ok(builder.build()?)
}

fn extension(kind: Nid, value: &[u8]) -> Result<X509Extension, ErrorStack> {
    let identifier = Asn1Object::from_str(kind.short_name()?)?;
    X509Extension::new_from_der(&identifier, false, &*Asn1OctetString::new_from_bytes(value)?)
}

/// The lists in a text, each from its first line on.
fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let begins = text.windows(BEGIN.len()).enumerate().filter(|(_, window)| *window == BEGIN);
    let mut places: Vec<usize> = begins.map(|(place, _)| place).collect();
    places.push(text.len());
    let pairs: Vec<_> = places.windows(2).map(<[usize]>::to_vec).collect();
    pairs.into_iter().filter_map(|pair| match pair.as_slice() {
        [begin, end] => text.get(*begin..*end),
        _ => None,
    })
}

const BEGIN: &[u8] = b"-----BEGIN X509 CRL-----";

const MOST_KNOWN: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use openssl::sha::sha256;

    use super::*;
    use crate::authority::{Purpose, new_key};

    fn pair(name: &str) -> Pair {
        Pair::authority(name, new_key().unwrap()).unwrap()
    }

    fn client(authority: &Pair) -> X509 {
        authority.issue("client", &Purpose::Client).unwrap().certificate
    }

    fn held(lists: &Revocations, certificate: &X509) -> bool {
        let der = certificate.to_der().unwrap();
        let first = lists.hold(sha256(&der), &der).unwrap();
        assert_eq!(lists.hold(sha256(&der), &der).unwrap(), first, "what is remembered");
        first
    }

    #[test]
    fn lists_of_several_authorities_are_in_one_file() {
        let (one, two, stranger) = (pair("One"), pair("Two"), pair("Two"));
        let [a, b, c] = [client(&one), client(&one), client(&two)];
        let first = list(&one, None, std::slice::from_ref(&a), 1_700_000_000).unwrap();
        // Again, and another.
        let grown = list(&one, Some(&first), &[a.clone(), b.clone()], 1_700_000_001).unwrap();
        assert_eq!(grown.get_revoked().unwrap().len(), 2);
        let other = list(&two, None, std::slice::from_ref(&c), 1_700_000_000).unwrap();
        let empty = list(&two, None, &[], 1_700_000_000).unwrap();

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.crl");
        let roots = Trust::new(vec![one.certificate.clone(), two.certificate.clone()]);
        let read = |lists: &[&X509Crl]| {
            let text: Vec<u8> = lists.iter().flat_map(|list| list.to_pem().unwrap()).collect();
            std::fs::write(&path, text).unwrap();
            Revocations::read(&path, &roots)
        };
        let lists = read(&[&first, &other]).unwrap();
        assert_eq!([&a, &b, &c].map(|one| held(&lists, one)), [true, false, true]);
        let since = |certificate: &X509| lists.since(&certificate.to_der().unwrap()).unwrap();
        assert_eq!([&a, &b].map(since), [Some(1_700_000_000), None]);
        let lists = read(&[&grown, &empty]).unwrap();
        assert_eq!([&a, &b, &c].map(|one| held(&lists, one)), [true, true, false]);
        // A serial number says nothing without its authority.
        assert!(!held(&lists, &client(&stranger)));
        assert!(lists.hold([0; 32], b"junk").is_err());

        let foreign = list(&stranger, None, &[], 1_700_000_000).unwrap();
        assert!(read(&[&first, &foreign]).unwrap_err().to_string().contains("none of the authorities"));
        assert!(read(&[]).unwrap_err().to_string().contains("no revocation list"));
        std::fs::write(&path, [BEGIN, b"\njunk"].concat()).unwrap();
        assert!(Revocations::read(&path, &roots).unwrap_err().to_string().contains("can't be read"));
    }
}
