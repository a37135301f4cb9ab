//! Certificates: an authority, and whoever it vouches for.

use std::fs;
use std::path::Path;

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509NameBuilder, X509Ref};

/// What a certificate says that it is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Server,
    Clients,
}

/// Writes `ca.crt`, and for each leaf `FILE.crt` and `FILE.key`. Keys are on an elliptic curve: with an RSA one, PyKMIP's
/// server offers nothing but CBC.
pub(crate) fn write(folder: &Path, leaves: &[(&str, &str, For)]) {
    let key = key();
    let mut builder = builder("KMIP test authority", &key, None);
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap()).unwrap();
    identify(&mut builder, None);
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    let authority = builder.build();
    fs::write(folder.join("ca.crt"), authority.to_pem().unwrap()).unwrap();
    for (file, name, purpose) in leaves {
        leaf(folder, file, name, *purpose, &authority, &key);
    }
}

fn leaf(folder: &Path, file: &str, name: &str, purpose: For, authority: &X509Ref, signer: &PKey<Private>) {
    let key = key();
    let mut builder = builder(name, &key, Some(authority));
    builder.append_extension(BasicConstraints::new().critical().build().unwrap()).unwrap();
    identify(&mut builder, Some(authority));
    match purpose {
        For::Server => {
            builder.append_extension(ExtendedKeyUsage::new().server_auth().build().unwrap()).unwrap();
            let names = SubjectAlternativeName::new()
                .dns("localhost")
                .ip("127.0.0.1")
                .build(&builder.x509v3_context(Some(authority), None))
                .unwrap();
            builder.append_extension(names).unwrap();
        }
        For::Clients => {
            builder.append_extension(ExtendedKeyUsage::new().client_auth().build().unwrap()).unwrap();
        }
    }
    builder.sign(signer, MessageDigest::sha256()).unwrap();
    fs::write(folder.join(format!("{file}.crt")), builder.build().to_pem().unwrap()).unwrap();
    fs::write(folder.join(format!("{file}.key")), key.private_key_to_pem_pkcs8().unwrap()).unwrap();
}

fn builder(name: &str, key: &PKey<Private>, issuer: Option<&X509Ref>) -> X509Builder {
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.rand(120, MsbOption::MAYBE_ZERO, false).unwrap();
    builder.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    let subject = subject.build();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&subject, X509Ref::subject_name)).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
}

fn identify(builder: &mut X509Builder, issuer: Option<&X509Ref>) {
    let own = SubjectKeyIdentifier::new().build(&builder.x509v3_context(issuer, None)).unwrap();
    builder.append_extension(own).unwrap();
    if issuer.is_some() {
        let context = builder.x509v3_context(issuer, None);
        let theirs = AuthorityKeyIdentifier::new().keyid(true).build(&context).unwrap();
        builder.append_extension(theirs).unwrap();
    }
}

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}
