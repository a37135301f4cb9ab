//! Re-certify (KMIP 1.4 §4.8, 2.0 §6.1.41).

use kmip::ttlv::{Bytes, DateTime, Interval, Tag, Version};
use kmip::types::*;
use openssl::asn1::Asn1Time;
use openssl::x509::X509Req;

use crate::certify::{certifier, certify_request, csr, pkcs10, subject};
use crate::fixtures::{certificate, rsa};
use crate::harness::*;
use AttributeValue as V;
use ResultReason as R;

fn renewal(version: Version, old: &str, request: Option<&X509Req>, set: AttributeSet) -> ReCertifyRequest {
    let (template_attribute, attributes) = wire(version, set);
    let (kind, value) = request.and_then(pkcs10).map(|(kind, value)| (kind, Bytes::from(value))).unzip();
    let (certificate_request, certificate_request_value) =
        if version < V2_0 { (value, None) } else { (None, value) };
    ReCertifyRequest {
        unique_identifier: Some(id(old)),
        certificate_request_type: kind,
        certificate_request,
        certificate_request_value,
        template_attribute,
        attributes,
        ..ReCertifyRequest::new()
    }
}

impl Server {
    fn re_certify(&self, version: Version, request: ReCertifyRequest) -> Result<String, Failed> {
        self.send(version, request).map(|response| text_of(&response.unique_identifier))
    }
}

fn names(set: &AttributeSet) -> Vec<AttributeValue> {
    set.all(&AttributeId::Standard(Tag::Name)).map(|instance| instance.value.clone()).collect()
}

/// The versions in which a certificate can be renewed without a request.
fn without_request() -> impl Iterator<Item = Version> {
    ALL.iter().copied().filter(|version| *version >= V1_1)
}

#[test]
fn a_new_certificate_takes_the_place_of_the_old_one() {
    let (server, root) = certifier();
    for version in ALL.iter().copied() {
        let key = server.public_key(version, rsa());
        let more = set([
            name("first"),
            V::ObjectGroup("web".into()),
            V::CryptographicUsageMask(CryptographicUsageMask::Verify),
        ]);
        let old =
            server.certify(version, certify_request(version, Some(&key), pkcs10(&csr(rsa())), more)).unwrap();
        let before = server.x509(version, &old);
        wait(10);
        let new = server
            .re_certify(version, renewal(version, &old, Some(&csr(rsa())), set([name("second")])))
            .unwrap();
        let after = server.x509(version, &new);
        assert!(after.verify(&root.public_key().unwrap()).unwrap());
        assert!(after.public_key().unwrap().public_eq(rsa()));
        assert_ne!(before.serial_number().to_bn().unwrap(), after.serial_number().to_bn().unwrap());

        // 1.4 table 187, and the links.
        let (was, is) = (server.attributes(V2_0, &old), server.attributes(V2_0, &new));
        assert!(names(&was).is_empty());
        let mut found = names(&is);
        found.sort_by_key(|name| format!("{name:?}"));
        assert_eq!(found, [name("first"), name("second")]);
        assert_eq!(is.get(Tag::ObjectGroup), Some(&V::ObjectGroup("web".into())));
        assert_eq!(is.get(Tag::InitialDate), Some(&V::InitialDate(now())));
        assert_eq!(is.get(Tag::LastChangeDate), Some(&V::LastChangeDate(now())));
        assert_eq!(was.get(Tag::LastChangeDate), Some(&V::LastChangeDate(now())));
        assert_eq!(is.get(Tag::State), Some(&V::State(State::PreActive)));
        assert_ne!(is.get(Tag::Digest), was.get(Tag::Digest));
        assert_ne!(is.get(Tag::X_509CertificateIdentifier), was.get(Tag::X_509CertificateIdentifier));
        for tag in [Tag::X_509CertificateSubject, Tag::X_509CertificateIssuer, Tag::DigitalSignatureAlgorithm]
        {
            assert_eq!(is.all(&AttributeId::Standard(tag)).count(), 1, "{tag}");
            assert_eq!(is.get(tag), was.get(tag));
        }
        assert_eq!(server.links(&old, LinkType::ReplacementObjectLink), [&*new]);
        assert_eq!(server.links(&new, LinkType::ReplacedObjectLink), [&*old]);
        assert_eq!(server.links(&old, LinkType::PublicKeyLink), [&*key]);
        assert_eq!(server.links(&new, LinkType::PublicKeyLink), [&*key]);
        assert!(server.links(&new, LinkType::ReplacementObjectLink).is_empty());
        assert_eq!(server.links(&key, LinkType::CertificateLink), [new]);
    }
}

#[test]
fn without_a_request_it_is_like_the_old_one() {
    let (server, _) = certifier();
    for version in without_request() {
        let made =
            server.certify(version, certify_request(version, None, pkcs10(&csr(rsa())), set([]))).unwrap();
        let items = server.batch(
            "alice",
            version,
            vec![renewal(version, &made, None, set([])).into(), GetRequest::new().into()],
        );
        let [renewed, got] = items.try_into().unwrap();
        let new = text_of(&answer::<ReCertifyRequest>(renewed).unwrap().unique_identifier);
        assert_eq!(text_of(&answer::<GetRequest>(got).unwrap().unique_identifier), new, "the ID Placeholder");
        let (old, new) = (server.x509(version, &made), server.x509(version, &new));
        assert_eq!(old.subject_name().to_der().unwrap(), new.subject_name().to_der().unwrap());
        assert!(new.public_key().unwrap().public_eq(rsa()));

        // Attributes may say otherwise, and a certificate from elsewhere can be renewed, too.
        let registered = server
            .send(version, register_request(version, ManagedObject::Certificate(certificate()), set([])))
            .unwrap();
        let registered = text_of(&registered.unique_identifier);
        let der = subject(&[("CN", "other")]).to_der().unwrap();
        let other = V::X509CertificateSubject(X509CertificateSubject::new(der.clone().into()));
        let mask = V::CryptographicUsageMask(CryptographicUsageMask::WrapKey);
        let like = server.re_certify(version, renewal(version, &registered, None, set([]))).unwrap();
        let like = server.x509(version, &like);
        assert_eq!(like.subject_alt_names().unwrap()[0].dnsname(), Some("ee.example"));
        let changed =
            server.re_certify(version, renewal(version, &registered, None, set([other, mask]))).unwrap();
        let changed = server.x509(version, &changed);
        assert_eq!(changed.subject_name().to_der().unwrap(), der);
        assert!(changed.subject_alt_names().is_none());
        assert_eq!(changed.key_usage(), Some(openssl::x509::X509KeyUsage::KEY_ENCIPHERMENT));
    }
}

// 1.4 table 186.
#[test]
fn an_offset_moves_the_dates() {
    let (server, _) = certifier();
    for version in ALL.iter().copied() {
        let start = now().0;
        let request = || csr(rsa());
        let dates = [V::ActivationDate(DateTime(start)), V::DeactivationDate(DateTime(start + 1000))];
        let old =
            server.certify(version, certify_request(version, None, pkcs10(&request()), set(dates))).unwrap();
        wait(100);
        let shifted = |seconds| ReCertifyRequest {
            offset: Some(Interval(seconds)),
            ..renewal(version, &old, Some(&request()), set([]))
        };
        let new = server.re_certify(version, shifted(50)).unwrap();
        let attributes = server.attributes(version, &new);
        assert_eq!(attributes.get(Tag::ActivationDate), Some(&V::ActivationDate(DateTime(start + 150))));
        assert_eq!(attributes.get(Tag::DeactivationDate), Some(&V::DeactivationDate(DateTime(start + 1150))));
        assert_eq!(attributes.get(Tag::State), Some(&V::State(State::PreActive)));
        let certificate = server.x509(version, &new);
        assert!(certificate.not_before() == Asn1Time::from_unix(start + 150).unwrap());
        assert!(certificate.not_after() == Asn1Time::from_unix(start + 1150).unwrap());

        // Without one they are copied.
        let copy = server.re_certify(version, renewal(version, &old, Some(&request()), set([]))).unwrap();
        let attributes = server.attributes(version, &copy);
        assert_eq!(attributes.get(Tag::ActivationDate), Some(&V::ActivationDate(DateTime(start))));
        assert_eq!(attributes.get(Tag::DeactivationDate), Some(&V::DeactivationDate(DateTime(start + 1000))));
        assert_eq!(attributes.get(Tag::State), Some(&V::State(State::Active)));

        // Both say when.
        let both = ReCertifyRequest {
            offset: Some(Interval(5)),
            ..renewal(version, &old, Some(&request()), set([V::ActivationDate(DateTime(start + 500))]))
        };
        assert_eq!(server.re_certify(version, both).unwrap_err().reason, R::InvalidMessage);
        // Copied dates that are past make no certificate.
        wait(2000);
        let failed =
            server.re_certify(version, renewal(version, &old, Some(&request()), set([]))).unwrap_err();
        assert_eq!(failed.reason, R::InvalidField, "{}", failed.message);
        server.re_certify(version, shifted(0)).unwrap();
    }
}

#[test]
fn the_documented_errors() {
    let (server, _) = certifier();
    for version in ALL.iter().copied() {
        let key = server.public_key(version, rsa());
        let old = server
            .certify(version, certify_request(version, Some(&key), pkcs10(&csr(rsa())), set([name("kept")])))
            .unwrap();
        let (before, key_before) = (server.attributes(V2_0, &old), server.attributes(V2_0, &key));
        let refused = |request: ReCertifyRequest, expected: ResultReason| {
            wait(1);
            let failed = server.re_certify(version, request).unwrap_err();
            assert_eq!(failed.reason, expected, "{version}: {}", failed.message);
        };
        let good = csr(rsa());
        let missing = reason(version, R::ItemNotFound, R::ObjectNotFound);
        refused(renewal(version, "nothing", Some(&good), set([])), missing);
        let unfit = reason(version, R::PermissionDenied, R::InvalidObjectType);
        refused(renewal(version, &key, Some(&good), set([])), unfit);
        let csr_reason = reason(version, R::InvalidField, R::InvalidCSR);
        let other = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(1024).unwrap()).unwrap();
        refused(renewal(version, &old, Some(&csr(&other)), set([])), csr_reason);
        let mut crmf = renewal(version, &old, Some(&good), set([]));
        crmf.certificate_request_type = Some(CertificateRequestType::CRMF);
        refused(crmf, R::FeatureNotSupported);
        // Everybody may read a certificate, but not have it replaced.
        let failed =
            server.ask("mallory", version, renewal(version, &old, Some(&good), set([]))).unwrap_err();
        assert_eq!(failed.reason, R::PermissionDenied);
        assert_eq!(server.attributes(V2_0, &old), before);
        assert_eq!(server.attributes(V2_0, &key), key_before);

        let archive = ArchiveRequest { unique_identifier: Some(id(&old)), ..ArchiveRequest::new() };
        server.send(version, archive).unwrap();
        refused(renewal(version, &old, Some(&good), set([])), R::ObjectArchived);
        let recover = RecoverRequest { unique_identifier: Some(id(&old)), ..RecoverRequest::new() };
        server.send(version, recover).unwrap();
        server.revoke(version, &old, RevocationReasonCode::KeyCompromise).unwrap();
        refused(renewal(version, &old, Some(&good), set([])), R::PermissionDenied);
    }
}

#[test]
fn a_public_key_that_is_gone_is_not_missed() {
    let (server, _) = certifier();
    for version in ALL.iter().copied() {
        let key = server.public_key(version, rsa());
        let old = server
            .certify(version, certify_request(version, Some(&key), pkcs10(&csr(rsa())), set([])))
            .unwrap();
        server.destroy(version, &key).unwrap();
        let new = server.re_certify(version, renewal(version, &old, Some(&csr(rsa())), set([]))).unwrap();
        assert_eq!(server.links(&key, LinkType::CertificateLink), [&*new], "what is left of it");
        assert_eq!(server.links(&new, LinkType::PublicKeyLink), [key]);
    }
}

#[test]
fn a_request_may_be_an_object() {
    let (server, _) = certifier();
    let object =
        CertificateRequest::new(CertificateRequestType::PKCS_10, csr(rsa()).to_der().unwrap().into());
    let register = RegisterRequest {
        object: Some(ManagedObject::CertificateRequest(object.into())),
        attributes: Some(set([]).to_attributes()),
        ..RegisterRequest::new(ObjectType::CertificateRequest)
    };
    let kept = id(&text_of(&server.send(V2_0, register).unwrap().unique_identifier));
    let old = server.certify(V2_0, certify_request(V2_0, None, pkcs10(&csr(rsa())), set([]))).unwrap();
    let by_object = |request: ReCertifyRequest| ReCertifyRequest {
        certificate_request_unique_identifier: Some(kept.clone()),
        ..request
    };
    let new = server.re_certify(V2_0, by_object(renewal(V2_0, &old, None, set([])))).unwrap();
    assert!(server.x509(V2_0, &new).public_key().unwrap().public_eq(rsa()));
    let two = by_object(renewal(V2_0, &old, Some(&csr(rsa())), set([])));
    assert_eq!(server.re_certify(V2_0, two).unwrap_err().reason, R::InvalidMessage);
}
