//! Certificates, good and bad.

use std::fs;
use std::path::{Path, PathBuf};

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use openssl::x509::{X509, X509Builder, X509Name};

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
}

/// What to put into a certificate.
pub(crate) struct Request<'a> {
    pub(crate) subject: &'a [(&'a str, &'a str)],
    /// Seconds from now on.
    pub(crate) valid: (i64, i64),
    pub(crate) server: bool,
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self { subject: &[("CN", "client")], valid: (-DAY, DAY), server: false }
    }
}

pub(crate) const DAY: i64 = 24 * 60 * 60;

/// A new authority.
pub(crate) fn authority(name: &str) -> Pair {
    let key = key();
    let mut builder = builder(&[("CN", name)], &key, (-DAY, DAY));
    builder.set_issuer_name(&subject(&[("CN", name)])).unwrap();
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().build().unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    Pair { certificate: builder.build(), key }
}

impl Pair {
    /// A client of this name.
    pub(crate) fn client(&self, name: &str) -> Self {
        self.issue(Request { subject: &[("CN", name)], ..Request::default() })
    }

    pub(crate) fn issue(&self, request: Request<'_>) -> Self {
        let key = key();
        let mut builder = builder(request.subject, &key, request.valid);
        builder.set_issuer_name(self.certificate.subject_name()).unwrap();
        let mut usage = ExtendedKeyUsage::new();
        if request.server {
            usage.server_auth()
        } else {
            usage.client_auth()
        };
        builder.append_extension(usage.build().unwrap()).unwrap();
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        Self { certificate: builder.build(), key }
    }

    /// Writes both into a folder.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
        fs::write(&certificate, self.certificate.to_pem().unwrap()).unwrap();
        fs::write(&key, self.key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        (certificate, key)
    }
}

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn subject(entries: &[(&str, &str)]) -> X509Name {
    let mut name = X509Name::builder().unwrap();
    for (kind, value) in entries {
        name.append_entry_by_text(kind, value).unwrap();
    }
    name.build()
}

fn builder(entries: &[(&str, &str)], key: &PKey<Private>, valid: (i64, i64)) -> X509Builder {
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.rand(127, MsbOption::ONE, false).unwrap();
    builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
    builder.set_subject_name(&subject(entries)).unwrap();
    builder.set_pubkey(key).unwrap();
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let time = |offset| Asn1Time::from_unix(i64::try_from(now).unwrap() + offset).unwrap();
    builder.set_not_before(&time(valid.0)).unwrap();
    builder.set_not_after(&time(valid.1)).unwrap();
    builder
}
