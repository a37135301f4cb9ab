//! A certificate and its key.

use std::net::IpAddr;
use std::path::Path;

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509NameRef};
use zeroize::Zeroizing;

use super::{AuthorityError, Name};
use crate::files;

/// A certificate and its key.
pub(crate) struct Pair {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
}

/// What a certificate is for.
pub(crate) enum Purpose<'a> {
    /// A server with these names and addresses.
    Server(&'a [String]),
    /// A client.
    Client,
}

/// Days that an authority's certificate holds.
const AUTHORITY_DAYS: u32 = 3650;
/// Days that the others hold: the most that common clients accept.
const LEAF_DAYS: u32 = 825;
const DAY: i64 = 24 * 60 * 60;
/// Clocks differ: a certificate of this very moment is one of the future elsewhere.
pub(super) const EARLIER: i64 = 60 * 60;

impl Pair {
    /// An authority with this key.
    pub(crate) fn authority(name: &str, key: PKey<Private>) -> Result<Self, AuthorityError> {
        let name = Name::common(name)?;
        let mut builder = builder(name.get(), &key, period(AUTHORITY_DAYS))?;
        builder.set_issuer_name(name.get())?;
        builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
        builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(identifier)?;
        builder.sign(&key, digest_for(&key, MessageDigest::sha256()))?;
        Ok(Self { certificate: builder.build(), key })
    }

    /// A new certificate with a new key, signed by this authority.
    pub(crate) fn issue(&self, name: &str, purpose: &Purpose<'_>) -> Result<Self, AuthorityError> {
        let key = new_key()?;
        let mut builder = self.begin(Name::common(name)?.get(), &key, period(LEAF_DAYS))?;
        builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
        let mut extended = ExtendedKeyUsage::new();
        match purpose {
            Purpose::Server(_) => extended.server_auth(),
            Purpose::Client => extended.client_auth(),
        };
        builder.append_extension(extended.build()?)?;
        if let Purpose::Server(hosts) = purpose {
            let mut names = SubjectAlternativeName::new();
            for host in *hosts {
                match host.parse::<IpAddr>() {
                    Ok(_) => names.ip(host),
                    Err(_) => names.dns(host),
                };
            }
            let names = names.build(&builder.x509v3_context(Some(&self.certificate), None))?;
            builder.append_extension(names)?;
        }
        builder.sign(&self.key, digest_for(&self.key, MessageDigest::sha256()))?;
        Ok(Self { certificate: builder.build(), key })
    }

    /// A certificate of this authority, with what each of them says.
    pub(super) fn begin(
        &self,
        subject: &X509NameRef,
        key: &PKeyRef<impl HasPublic>,
        period: (i64, i64),
    ) -> Result<X509Builder, ErrorStack> {
        let mut builder = builder(subject, key, period)?;
        builder.set_issuer_name(self.certificate.subject_name())?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let own = SubjectKeyIdentifier::new().build(&context)?;
        // An authority whose certificate has no identifier of its key can't be named by it.
        let authority = match self.certificate.subject_key_id() {
            Some(_) => Some(AuthorityKeyIdentifier::new().keyid(true).build(&context)?),
            None => None,
        };
        builder.append_extension(own)?;
        if let Some(authority) = authority {
            builder.append_extension(authority)?;
        }
        Ok(builder)
    }

    /// Reads both, and what stands behind the certificate in its file. The key's must be its owner's alone.
    pub(super) fn read(certificate: &Path, key: &Path) -> Result<(Self, Vec<X509>), AuthorityError> {
        let mut certificates = super::trust::read(certificate)?;
        let above = certificates.split_off(1);
        let content = |path: &Path, what| AuthorityError::Content { path: path.to_owned(), what };
        let Some(own) = certificates.pop() else {
            return Err(content(certificate, super::trust::NO_CERTIFICATE));
        };
        let text = files::read_private(key)
            .map_err(|source| AuthorityError::File { path: key.to_owned(), source })?;
        // Without a pass phrase of its own OpenSSL would ask for one on the terminal.
        let key_pair = PKey::private_key_from_pem_callback(&text, |_| Ok(0))
            .map_err(|_| content(key, "it holds no private key in PEM, or one protected by a pass phrase"))?;
        let pair = Self { certificate: own, key: key_pair };
        if !pair.belongs_together()? {
            return Err(content(key, "it is not the key of the authority's certificate"));
        }
        Ok((pair, above))
    }

    /// Whether the key is the certificate's.
    pub(crate) fn belongs_together(&self) -> Result<bool, ErrorStack> {
        Ok(self.certificate.public_key()?.public_eq(&self.key))
    }

    /// Whether the certificate holds for more than so many days.
    pub(crate) fn holds_for(&self, days: u32) -> Result<bool, ErrorStack> {
        let until = Asn1Time::days_from_now(days)?;
        Ok(until < self.certificate.not_after())
    }

    /// Whether a certificate is this authority's, holds for more than `days`, and, if it is a server's, for all these
    /// names.
    pub(crate) fn vouches_for(&self, leaf: &Self, days: u32, hosts: &[String]) -> Result<bool, ErrorStack> {
        let certificate = &leaf.certificate;
        let named = |host: &String| {
            let address = host.parse::<IpAddr>().ok();
            certificate.subject_alt_names().is_some_and(|names| {
                names.iter().any(|name| match address {
                    Some(IpAddr::V4(address)) => name.ipaddress() == Some(&address.octets()),
                    Some(IpAddr::V6(address)) => name.ipaddress() == Some(&address.octets()),
                    None => name.dnsname() == Some(host),
                })
            })
        };
        Ok(certificate.verify(&self.key)?
            && leaf.belongs_together()?
            && leaf.holds_for(days)?
            && hosts.iter().all(named))
    }
}

/// A key that was just made.
pub(crate) struct NewKey(PKey<Private>);

impl NewKey {
    /// Makes one.
    pub(crate) fn make() -> Result<Self, AuthorityError> {
        Ok(Self(new_key()?))
    }

    /// Its public half, a SubjectPublicKeyInfo.
    pub(crate) fn public(&self) -> Result<Vec<u8>, AuthorityError> {
        Ok(self.0.public_key_to_der()?)
    }

    /// The key as PEM.
    pub(crate) fn pem(&self) -> Result<Zeroizing<Vec<u8>>, AuthorityError> {
        Ok(Zeroizing::new(self.0.private_key_to_pem_pkcs8()?))
    }
}

/// P-256: every client of today can do it, and its handshakes are quick.
pub(crate) fn new_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

/// The digest to sign with: keys of some kinds have their own.
pub(super) fn digest_for(key: &PKeyRef<Private>, digest: MessageDigest) -> MessageDigest {
    match key.id() {
        Id::ED25519 | Id::ED448 => MessageDigest::null(),
        _ => digest,
    }
}

/// From now on for so many days.
fn period(days: u32) -> (i64, i64) {
    let now = kmip::ttlv::DateTime::now().0;
    (now.saturating_sub(EARLIER), now.saturating_add(i64::from(days).saturating_mul(DAY)))
}

fn builder(
    subject: &X509NameRef,
    key: &PKeyRef<impl HasPublic>,
    (from, until): (i64, i64),
) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509::builder()?;
    // Version 3.
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(SERIAL_BITS, MsbOption::MAYBE_ZERO, false)?;
    builder.set_serial_number(&*Asn1Integer::from_bn(&serial)?)?;
    builder.set_subject_name(subject)?;
    builder.set_pubkey(key)?;
    builder.set_not_before(&*Asn1Time::from_unix(from)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(until)?)?;
    Ok(builder)
}

/// RFC 5280 §4.1.2.2 has 20 bytes at most, and asks for more than can be guessed.
const SERIAL_BITS: i32 = 128;
