//! Keys and certificates to register, made once.

use std::sync::LazyLock;

use kmip::ttlv::{Bytes, Secret};
use kmip::types::*;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509NameBuilder};

static RSA: LazyLock<PKey<Private>> = LazyLock::new(|| PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap());

static CERTIFICATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("C", "AU").unwrap();
    subject.append_entry_by_text("O", "Kmip, Test").unwrap();
    subject.append_entry_by_text("CN", "EE").unwrap();
    let subject = subject.build();
    let mut issuer = X509NameBuilder::new().unwrap();
    issuer.append_entry_by_text("C", "AU").unwrap();
    issuer.append_entry_by_text("OU", "one").unwrap();
    issuer.append_entry_by_text("OU", "two").unwrap();
    let issuer = issuer.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(&issuer).unwrap();
    builder.set_pubkey(&RSA).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.set_serial_number(&BigNum::from_u32(0x80_01).unwrap().to_asn1_integer().unwrap()).unwrap();
    let alternative = SubjectAlternativeName::new()
        .dns("ee.example")
        .ip("192.0.2.1")
        .build(&builder.x509v3_context(None, None))
        .unwrap();
    builder.append_extension(alternative).unwrap();
    builder.sign(&RSA, MessageDigest::sha256()).unwrap();
    builder.build().to_der().unwrap()
});

/// An RSA key of 1024 bits, always the same.
pub(crate) fn rsa() -> &'static PKey<Private> {
    &RSA
}

/// A certificate of that key.
pub(crate) fn certificate() -> Certificate {
    Certificate::new(CertificateType::X_509, Bytes::from_static(&CERTIFICATE))
}

/// A Key Block with this material as bytes.
pub(crate) fn block(format: KeyFormatType, bytes: &[u8]) -> KeyBlock {
    KeyBlock {
        key_value: Some(KeyValue::Plaintext(
            PlaintextKeyValue::new(KeyMaterial::ByteString(Secret::from(bytes))).into(),
        )),
        ..KeyBlock::new(format)
    }
}
