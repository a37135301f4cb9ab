//! The attributes of certificates (KMIP 1.4 §3.8 to §3.16, 2.0 §4.5 to §4.8, §4.22, §4.54 to §4.56).

use kmip::ttlv::{Bytes, Text, Version};
use kmip::types::{
    AttributeValue as V, Certificate, CertificateIdentifier, CertificateIssuer, CertificateSubject,
    CertificateType, X509CertificateIdentifier, X509CertificateIssuer, X509CertificateSubject,
};

use super::algorithm_of;
use crate::crypto::certificate::{Part, X509};
use crate::engine::Failure;

/// What an X.509 certificate says of itself, as attributes. Those of other types are kept as they are.
///
/// Every version's attributes are set: who reads them sees those that their version has.
///
/// # Errors
///
/// When it is none.
pub(crate) fn describe_certificate(certificate: &Certificate, version: Version) -> Result<Vec<V>, Failure> {
    if certificate.certificate_type != CertificateType::X_509 {
        return Ok(Vec::new());
    }
    let X509 { serial, serial_text, subject, issuer, signature, key } =
        X509::read(&certificate.certificate_value)?;
    let bytes = Bytes::from;
    let texts = |texts: &[String]| texts.iter().map(|text| Text::from(text.as_str())).collect::<Vec<_>>();
    let mut attributes = vec![
        V::X509CertificateIdentifier(X509CertificateIdentifier::new(
            bytes(issuer.der.clone()),
            bytes(serial),
        )),
        V::CertificateIdentifier(CertificateIdentifier {
            serial_number: Some(serial_text.into()),
            ..CertificateIdentifier::new(issuer.text.as_str().into())
        }),
        V::X509CertificateSubject(X509CertificateSubject {
            subject_alternative_name: subject.alternative.iter().cloned().map(bytes).collect(),
            ..X509CertificateSubject::new(bytes(subject.der))
        }),
        V::CertificateSubject(CertificateSubject {
            certificate_subject_alternative_name: texts(&subject.alternative_text),
            ..CertificateSubject::new(subject.text.into())
        }),
        V::X509CertificateIssuer(X509CertificateIssuer {
            issuer_alternative_name: issuer.alternative.iter().cloned().map(bytes).collect(),
            ..X509CertificateIssuer::new(bytes(issuer.der))
        }),
        V::CertificateIssuer(CertificateIssuer {
            certificate_issuer_alternative_name: texts(&issuer.alternative_text),
            ..CertificateIssuer::new(issuer.text.into())
        }),
    ];
    attributes.extend(signature.map(V::DigitalSignatureAlgorithm));
    if let Some((family, bits)) = key {
        attributes.push(V::CryptographicAlgorithm(algorithm_of(family, version)));
        attributes.push(V::CryptographicLength(i32::try_from(bits).unwrap_or(i32::MAX)));
    }
    attributes.extend(subject.parts.into_iter().map(|(part, text)| subject_part(part, text.into())));
    attributes.extend(issuer.parts.into_iter().map(|(part, text)| issuer_part(part, text.into())));
    Ok(attributes)
}

fn subject_part(part: Part, text: Text) -> V {
    match part {
        Part::CommonName => V::CertificateSubjectCn(text),
        Part::Organization => V::CertificateSubjectO(text),
        Part::OrganizationalUnit => V::CertificateSubjectOu(text),
        Part::Email => V::CertificateSubjectEmail(text),
        Part::Country => V::CertificateSubjectC(text),
        Part::State => V::CertificateSubjectSt(text),
        Part::Locality => V::CertificateSubjectL(text),
        Part::UserId => V::CertificateSubjectUid(text),
        Part::SerialNumber => V::CertificateSubjectSerialNumber(text),
        Part::Title => V::CertificateSubjectTitle(text),
        Part::DomainComponent => V::CertificateSubjectDc(text),
        Part::Qualifier => V::CertificateSubjectDnQualifier(text),
    }
}

fn issuer_part(part: Part, text: Text) -> V {
    match part {
        Part::CommonName => V::CertificateIssuerCn(text),
        Part::Organization => V::CertificateIssuerO(text),
        Part::OrganizationalUnit => V::CertificateIssuerOu(text),
        Part::Email => V::CertificateIssuerEmail(text),
        Part::Country => V::CertificateIssuerC(text),
        Part::State => V::CertificateIssuerSt(text),
        Part::Locality => V::CertificateIssuerL(text),
        Part::UserId => V::CertificateIssuerUid(text),
        Part::SerialNumber => V::CertificateIssuerSerialNumber(text),
        Part::Title => V::CertificateIssuerTitle(text),
        Part::DomainComponent => V::CertificateIssuerDc(text),
        Part::Qualifier => V::CertificateIssuerDnQualifier(text),
    }
}
