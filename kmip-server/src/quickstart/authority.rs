//! A small certificate authority: its own certificate, and those of a server and a client.

use std::net::IpAddr;
use std::time::SystemTime;

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509NameBuilder};

/// A certificate and its key.
pub(super) struct Pair {
    pub(super) certificate: X509,
    pub(super) key: PKey<Private>,
}

/// What a certificate is for.
pub(super) enum Use<'a> {
    /// A server with these names and addresses.
    Server(&'a [String]),
    /// A client.
    Client,
}

/// Days that an authority's certificate holds.
const AUTHORITY_DAYS: u32 = 3650;
/// Days that the others hold: the most that common clients accept.
const LEAF_DAYS: u32 = 825;
/// In seconds.
const HOUR: i64 = 60 * 60;

impl Pair {
    /// An authority with this key.
    pub(super) fn authority(name: &str, key: PKey<Private>) -> Result<Self, ErrorStack> {
        let mut builder = builder(name, &key, AUTHORITY_DAYS)?;
        builder.set_issuer_name(&*subject(name)?)?;
        builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
        builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(identifier)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Self { certificate: builder.build(), key })
    }

    /// A new certificate, signed by this authority.
    pub(super) fn issue(&self, name: &str, purpose: &Use<'_>) -> Result<Self, ErrorStack> {
        let key = new_key()?;
        let mut builder = builder(name, &key, LEAF_DAYS)?;
        builder.set_issuer_name(self.certificate.subject_name())?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
        let mut extended = ExtendedKeyUsage::new();
        match purpose {
            Use::Server(_) => extended.server_auth(),
            Use::Client => extended.client_auth(),
        };
        builder.append_extension(extended.build()?)?;
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let own = SubjectKeyIdentifier::new().build(&context)?;
        let authority = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
        let names = match purpose {
            Use::Server(hosts) => {
                let mut names = SubjectAlternativeName::new();
                for host in *hosts {
                    match host.parse::<IpAddr>() {
                        Ok(_) => names.ip(host),
                        Err(_) => names.dns(host),
                    };
                }
                Some(names.build(&context)?)
            }
            Use::Client => None,
        };
        builder.append_extension(own)?;
        builder.append_extension(authority)?;
        if let Some(names) = names {
            builder.append_extension(names)?;
        }
        builder.sign(&self.key, MessageDigest::sha256())?;
        Ok(Self { certificate: builder.build(), key })
    }

    /// Whether the key is the certificate's.
    pub(super) fn belongs_together(&self) -> Result<bool, ErrorStack> {
        Ok(self.certificate.public_key()?.public_eq(&self.key))
    }

    /// Whether the certificate holds for more than so many days.
    pub(super) fn holds_for(&self, days: u32) -> Result<bool, ErrorStack> {
        let until = Asn1Time::days_from_now(days)?;
        Ok(until < self.certificate.not_after())
    }

    /// Whether a certificate is this authority's, holds for more than `days`, and, if it is a server's, for all these
    /// names.
    pub(super) fn vouches_for(&self, leaf: &Self, days: u32, hosts: &[String]) -> Result<bool, ErrorStack> {
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

/// P-256: every client of today can do it, and its handshakes are quick.
pub(super) fn new_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn subject(name: &str) -> Result<openssl::x509::X509Name, ErrorStack> {
    let mut subject = X509NameBuilder::new()?;
    subject.append_entry_by_nid(Nid::COMMONNAME, name)?;
    Ok(subject.build())
}

fn builder(name: &str, key: &PKey<Private>, days: u32) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509::builder()?;
    // Version 3.
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    builder.set_serial_number(&*Asn1Integer::from_bn(&serial)?)?;
    builder.set_subject_name(&*subject(name)?)?;
    builder.set_pubkey(key)?;
    // Clocks differ: a certificate of this very moment is one of the future elsewhere.
    let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs());
    let begin = Asn1Time::from_unix(i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(HOUR))?;
    builder.set_not_before(&begin)?;
    builder.set_not_after(&*Asn1Time::days_from_now(days)?)?;
    Ok(builder)
}
