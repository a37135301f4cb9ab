//! Certify (KMIP 1.4 §4.7, 2.0 §6.1.6).

use std::sync::Arc;

use kmip::ttlv::{Bytes, DateTime, Tag, Version};
use kmip::types::*;
use kmip_server::authority::{Authority, Terms, Trust};
use kmip_server::engine::Settings;
use kmip_server::rights::Policies;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::stack::Stack;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder, X509Req, X509ReqBuilder};

use crate::fixtures::{block, rsa};
use crate::harness::*;
use AttributeValue as V;
use ResultReason as R;

/// A server with an authority, whose time is that of the authority's certificate.
pub(crate) fn certifier() -> (Server, X509) {
    certifier_set(Settings::default())
}

pub(crate) fn certifier_set(settings: Settings) -> (Server, X509) {
    wait(DateTime::now().0 - now().0);
    let authority = Authority::make("Test authority", Terms::default()).unwrap();
    let certificate = X509::from_der(&authority.certificate().unwrap()).unwrap();
    let trust: Option<Arc<Trust>> = Some(Arc::new(authority.trust()));
    let settings = Settings { authority: Some(Arc::new(authority)), trust, ..settings };
    (server_set(Policies::built_in(), settings), certificate)
}

pub(crate) fn subject(parts: &[(&str, &str)]) -> openssl::x509::X509Name {
    let mut name = X509NameBuilder::new().unwrap();
    for (kind, value) in parts {
        name.append_entry_by_text(kind, value).unwrap();
    }
    name.build()
}

fn builder(key: &PKey<Private>) -> X509ReqBuilder {
    let mut builder = X509Req::builder().unwrap();
    builder.set_subject_name(&subject(&[("C", "US"), ("O", "ACME"), ("CN", "Client")])).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
}

/// A request for a key: C=US, O=ACME, CN=Client.
pub(crate) fn csr(key: &PKey<Private>) -> X509Req {
    let mut builder = builder(key);
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

fn csr_with(key: &PKey<Private>, extension: openssl::x509::X509Extension) -> X509Req {
    let mut builder = builder(key);
    let mut extensions = Stack::new().unwrap();
    extensions.push(extension).unwrap();
    builder.add_extensions(&extensions).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

pub(crate) fn certify_request(
    version: Version,
    key: Option<&str>,
    request: Option<(CertificateRequestType, Vec<u8>)>,
    set: AttributeSet,
) -> CertifyRequest {
    let (template_attribute, attributes) = wire(version, set);
    let (kind, value) = request.map(|(kind, value)| (kind, Bytes::from(value))).unzip();
    let (certificate_request, certificate_request_value) =
        if version < V2_0 { (value, None) } else { (None, value) };
    CertifyRequest {
        unique_identifier: key.map(id),
        certificate_request_type: kind,
        certificate_request,
        certificate_request_value,
        template_attribute,
        attributes,
        ..CertifyRequest::new()
    }
}

pub(crate) fn pkcs10(request: &X509Req) -> Option<(CertificateRequestType, Vec<u8>)> {
    Some((CertificateRequestType::PKCS_10, request.to_der().unwrap()))
}

impl Server {
    /// Registers the public half of a key for Alice.
    pub(crate) fn public_key(&self, version: Version, key: &PKey<Private>) -> String {
        let material = KeyBlock {
            cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
            cryptographic_length: Some(key.bits() as i32),
            ..block(KeyFormatType::X_509, &key.public_key_to_der().unwrap())
        };
        let object = ManagedObject::PublicKey(PublicKey::new(material).into());
        let attributes = set([V::CryptographicUsageMask(CryptographicUsageMask::Verify), name("the key")]);
        text_of(&self.send(version, register_request(version, object, attributes)).unwrap().unique_identifier)
    }

    pub(crate) fn certify(&self, version: Version, request: CertifyRequest) -> Result<String, Failed> {
        self.send(version, request).map(|response| text_of(&response.unique_identifier))
    }

    /// A certificate as X.509.
    pub(crate) fn x509(&self, version: Version, identifier: &str) -> X509 {
        match self.get(version, identifier).unwrap().object {
            ManagedObject::Certificate(certificate) => {
                assert_eq!(certificate.certificate_type, CertificateType::X_509);
                X509::from_der(&certificate.certificate_value).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    /// The objects that links of a type point to.
    pub(crate) fn links(&self, identifier: &str, link_type: LinkType) -> Vec<String> {
        let links = self.attributes(V1_4, identifier);
        let links =
            links.all(&AttributeId::Standard(Tag::Link)).filter_map(|instance| match &instance.value {
                V::Link(link) if link.link_type == link_type => Some(text_of(&link.linked_object_identifier)),
                _ => None,
            });
        links.collect()
    }
}

fn other_key() -> PKey<Private> {
    PKey::from_rsa(openssl::rsa::Rsa::generate(1024).unwrap()).unwrap()
}

#[test]
fn a_public_key_and_a_request_make_a_certificate() {
    let (server, root) = certifier();
    for version in ALL.iter().copied() {
        let key = server.public_key(version, rsa());
        let request = csr(rsa());
        let mask = CryptographicUsageMask::Verify | CryptographicUsageMask::Sign;
        let wanted = set([V::CryptographicUsageMask(mask), name("first")]);
        let made =
            server.certify(version, certify_request(version, Some(&key), pkcs10(&request), wanted)).unwrap();

        let certificate = server.x509(version, &made);
        assert!(certificate.verify(&root.public_key().unwrap()).unwrap());
        assert_eq!(root.issued(&certificate), openssl::x509::X509VerifyResult::OK);
        assert!(certificate.public_key().unwrap().public_eq(rsa()));
        let subject = request.subject_name().to_der().unwrap();
        assert_eq!(certificate.subject_name().to_der().unwrap(), subject);
        assert_eq!(certificate.key_usage(), Some(openssl::x509::X509KeyUsage::DIGITAL_SIGNATURE));

        assert_eq!(server.links(&made, LinkType::PublicKeyLink), [&*key]);
        assert_eq!(server.links(&key, LinkType::CertificateLink), [&*made]);
        let der = certificate.to_der().unwrap();
        let attributes = server.attributes(version, &made);
        assert_eq!(attributes.get(Tag::ObjectType), Some(&V::ObjectType(ObjectType::Certificate)));
        assert_eq!(attributes.get(Tag::CertificateType), Some(&V::CertificateType(CertificateType::X_509)));
        assert_eq!(attributes.get(Tag::State), Some(&V::State(State::PreActive)));
        assert_eq!(attributes.get(Tag::CryptographicLength), Some(&V::CryptographicLength(1024)));
        assert_eq!(attributes.get(Tag::CryptographicUsageMask), Some(&V::CryptographicUsageMask(mask)));
        assert_eq!(attributes.get(Tag::Name), Some(&name("first")));
        match attributes.get(Tag::Digest) {
            Some(V::Digest(digest)) => {
                assert_eq!(digest.digest_value.as_deref(), Some(&openssl::sha::sha256(&der)[..]));
            }
            other => panic!("{other:?}"),
        }
        if version < V2_0 {
            match attributes.get(Tag::CertificateSubject) {
                Some(V::CertificateSubject(subject)) => {
                    assert_eq!(&*subject.certificate_subject_distinguished_name, "CN=Client,O=ACME,C=US");
                }
                other => panic!("{other:?}"),
            }
        }
        if version >= V1_1 {
            assert_eq!(attributes.get(Tag::CertificateLength), Some(&V::CertificateLength(der.len() as i32)));
            let signature = V::DigitalSignatureAlgorithm(DigitalSignatureAlgorithm::ECDSAWithSHA256);
            assert_eq!(attributes.get(Tag::DigitalSignatureAlgorithm), Some(&signature));
            match attributes.get(Tag::X_509CertificateIdentifier) {
                Some(V::X509CertificateIdentifier(found)) => {
                    assert_eq!(found.issuer_distinguished_name, root.subject_name().to_der().unwrap());
                    let serial = certificate.serial_number().to_bn().unwrap().to_vec();
                    assert!(found.certificate_serial_number.ends_with(&serial));
                    assert_eq!(found.certificate_serial_number[0], 2);
                }
                other => panic!("{other:?}"),
            }
            match attributes.get(Tag::X_509CertificateSubject) {
                Some(V::X509CertificateSubject(found)) => {
                    assert_eq!(found.subject_distinguished_name, subject)
                }
                other => panic!("{other:?}"),
            }
        }
        if version >= V2_0 {
            assert_eq!(
                attributes.get(Tag::CertificateSubjectCN),
                Some(&V::CertificateSubjectCn("Client".into()))
            );
        }
        // It was certified before: there is a second one.
        let again =
            server.certify(version, certify_request(version, Some(&key), pkcs10(&request), set([]))).unwrap();
        assert_eq!(server.links(&key, LinkType::CertificateLink), [made, again.clone()]);
        assert_ne!(
            server.x509(version, &again).serial_number().to_bn().unwrap(),
            certificate.serial_number().to_bn().unwrap()
        );
    }
}

#[test]
fn the_certificate_is_the_id_placeholder() {
    let (server, _) = certifier();
    for version in ALL.iter().copied() {
        let key = server.public_key(version, rsa());
        let items = server.batch(
            "alice",
            version,
            vec![
                certify_request(version, Some(&key), pkcs10(&csr(rsa())), set([])).into(),
                GetRequest::new().into(),
            ],
        );
        let [certified, got] = items.try_into().unwrap();
        let made = text_of(&answer::<CertifyRequest>(certified).unwrap().unique_identifier);
        let got = answer::<GetRequest>(got).unwrap();
        assert_eq!((text_of(&got.unique_identifier), got.object_type), (made, ObjectType::Certificate));
    }
}

#[test]
fn a_request_stands_for_itself() {
    let (server, _) = certifier();
    for version in ALL.iter().copied() {
        let pem = Some((CertificateRequestType::PEM, csr(rsa()).to_pem().unwrap()));
        let made = server.certify(version, certify_request(version, None, pem, set([]))).unwrap();
        assert!(server.x509(version, &made).public_key().unwrap().public_eq(rsa()));
        assert!(server.links(&made, LinkType::PublicKeyLink).is_empty());

        // In a batch, it is the ID Placeholder's until 1.4, and its own from 2.0 on.
        let key = server.public_key(version, rsa());
        let items = server.batch(
            "alice",
            version,
            vec![
                locate_request(version, set([V::ObjectType(ObjectType::PublicKey)])).into(),
                certify_request(version, None, pkcs10(&csr(rsa())), set([])).into(),
            ],
        );
        let [_, certified] = items.try_into().unwrap();
        let made = text_of(&answer::<CertifyRequest>(certified).unwrap().unique_identifier);
        let linked = if version < V2_0 { vec![key.clone()] } else { Vec::new() };
        assert_eq!(server.links(&made, LinkType::PublicKeyLink), linked, "{version}");
        // So that there is one public key in the next version.
        server.destroy(version, &key).unwrap();
    }
}

#[test]
fn without_a_request_attributes_say_whose_it_is() {
    let (server, _) = certifier();
    let x509 = V::CertificateType(CertificateType::X_509);
    for version in ALL.iter().copied().filter(|version| *version >= V1_1) {
        let key = server.public_key(version, rsa());
        let made = |more: Vec<AttributeValue>| {
            let wanted = set(more.into_iter().chain([x509.clone()]));
            let made = server.certify(version, certify_request(version, Some(&key), None, wanted)).unwrap();
            assert_eq!(server.links(&made, LinkType::PublicKeyLink), [&*key]);
            let attributes = server.attributes(V2_0, &made);
            let mask = V::CryptographicUsageMask(CryptographicUsageMask::Verify);
            assert_eq!(attributes.get(Tag::CryptographicUsageMask), Some(&mask), "that of the key");
            server.x509(version, &made)
        };
        let der = subject(&[("O", "ACME"), ("CN", "x")]).to_der().unwrap();
        let whole = V::X509CertificateSubject(X509CertificateSubject {
            subject_alternative_name: vec![Bytes::from_static(b"\x82\x05a.org")],
            ..X509CertificateSubject::new(der.clone().into())
        });
        let certificate = made(vec![whole]);
        assert_eq!(certificate.subject_name().to_der().unwrap(), der);
        assert_eq!(certificate.subject_alt_names().unwrap()[0].dnsname(), Some("a.org"));
        if version >= V1_4 {
            let parts = vec![V::CertificateSubjectCn("x".into()), V::CertificateSubjectO("ACME".into())];
            assert_eq!(made(parts).subject_name().to_der().unwrap(), der);
        }
        if version < V2_0 {
            let text = V::CertificateSubject(CertificateSubject {
                certificate_subject_alternative_name: vec!["192.0.2.1".into(), "a@b.org".into()],
                ..CertificateSubject::new("CN=x,O=ACME".into())
            });
            let certificate = made(vec![text]);
            assert_eq!(certificate.subject_name().to_der().unwrap(), der);
            let names = certificate.subject_alt_names().unwrap();
            assert_eq!(
                (names[0].ipaddress(), names[1].email()),
                (Some(&[192, 0, 2, 1][..]), Some("a@b.org"))
            );
        }
        let common = |certificate: &X509| {
            certificate.subject_name().entries().next().unwrap().data().to_string().unwrap()
        };
        assert_eq!(common(&made(vec![name("web")])), "web");
        assert_eq!(common(&made(vec![])), "the key");
    }
}

#[test]
fn what_the_request_says_goes_before_attributes() {
    let (server, _) = certifier();
    let names = SubjectAlternativeName::new()
        .dns("web.example")
        .build(&X509::builder().unwrap().x509v3_context(None, None))
        .unwrap();
    let request = csr_with(rsa(), names);
    for version in ALL.iter().copied().filter(|version| *version >= V1_1) {
        let other = V::X509CertificateSubject(X509CertificateSubject {
            subject_alternative_name: vec![Bytes::from_static(b"\x82\x05a.org")],
            ..X509CertificateSubject::new(subject(&[("CN", "other")]).to_der().unwrap().into())
        });
        let wanted = set([
            other,
            V::CryptographicLength(4096),
            V::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        ]);
        let made = server.certify(version, certify_request(version, None, pkcs10(&request), wanted)).unwrap();
        let certificate = server.x509(version, &made);
        let said = request.subject_name().to_der().unwrap();
        assert_eq!(certificate.subject_name().to_der().unwrap(), said);
        assert_eq!(certificate.subject_alt_names().unwrap()[0].dnsname(), Some("web.example"));
        let attributes = server.attributes(version, &made);
        match attributes.get(Tag::X_509CertificateSubject) {
            Some(V::X509CertificateSubject(found)) => assert_eq!(found.subject_distinguished_name, said),
            other => panic!("{other:?}"),
        }
        assert_eq!(attributes.get(Tag::CryptographicLength), Some(&V::CryptographicLength(1024)));
        let algorithm = V::CryptographicAlgorithm(CryptographicAlgorithm::RSA);
        assert_eq!(attributes.get(Tag::CryptographicAlgorithm), Some(&algorithm));
    }
}

#[test]
fn dates_bound_the_certificate() {
    let (server, _) = certifier();
    for version in ALL.iter().copied() {
        let (from, until) = (DateTime(now().0 + 100), DateTime(now().0 + 10_000));
        let wanted = set([V::ActivationDate(from), V::DeactivationDate(until)]);
        let made =
            server.certify(version, certify_request(version, None, pkcs10(&csr(rsa())), wanted)).unwrap();
        let certificate = server.x509(version, &made);
        let at = |date: DateTime| openssl::asn1::Asn1Time::from_unix(date.0).unwrap();
        assert!(certificate.not_before() == at(from) && certificate.not_after() == at(until));
        let attributes = server.attributes(version, &made);
        assert_eq!(attributes.get(Tag::ActivationDate), Some(&V::ActivationDate(from)));
        assert_eq!(attributes.get(Tag::DeactivationDate), Some(&V::DeactivationDate(until)));

        let past = set([V::ActivationDate(DateTime(1)), V::DeactivationDate(DateTime(2))]);
        let failed =
            server.certify(version, certify_request(version, None, pkcs10(&csr(rsa())), past)).unwrap_err();
        assert_eq!(failed.reason, R::InvalidField, "{}", failed.message);
    }
}

#[test]
fn the_documented_errors() {
    let (server, _) = certifier();
    for version in ALL.iter().copied() {
        let key = server.public_key(version, rsa());
        let before = server.attributes(V2_0, &key);
        let refused = |key: Option<&str>, request, more: AttributeSet, expected: ResultReason| {
            wait(1);
            let failed = server.certify(version, certify_request(version, key, request, more)).unwrap_err();
            assert_eq!(failed.reason, expected, "{version}: {}", failed.message);
            failed.message
        };
        let none = AttributeSet::new;
        let good = || pkcs10(&csr(rsa()));
        // 1.4 table 334: no such object; not one that is certified; no request of its type.
        refused(Some("nothing"), good(), none(), R::ItemNotFound);
        let symmetric = server.create(version, []);
        let unfit = reason(version, R::PermissionDenied, R::InvalidObjectType);
        refused(Some(&symmetric), good(), none(), unfit);
        let csr_reason = reason(version, R::InvalidField, R::InvalidCSR);
        let as_pem = Some((CertificateRequestType::PEM, csr(rsa()).to_der().unwrap()));
        refused(Some(&key), as_pem, none(), csr_reason);
        let junk = Some((CertificateRequestType::PKCS_10, b"junk".to_vec()));
        refused(Some(&key), junk, none(), csr_reason);
        let mut unsigned = csr(rsa()).to_der().unwrap();
        *unsigned.last_mut().unwrap() ^= 1;
        let unsigned = Some((CertificateRequestType::PKCS_10, unsigned));
        refused(Some(&key), unsigned, none(), csr_reason);
        refused(Some(&key), pkcs10(&csr(&other_key())), none(), csr_reason);
        // What this authority doesn't do.
        let crmf = Some((CertificateRequestType::CRMF, b"junk".to_vec()));
        refused(Some(&key), crmf, none(), R::FeatureNotSupported);
        let authority = csr_with(rsa(), BasicConstraints::new().ca().build().unwrap());
        refused(Some(&key), pkcs10(&authority), none(), R::PermissionDenied);
        let signer = set([V::CryptographicUsageMask(CryptographicUsageMask::CertificateSign)]);
        refused(Some(&key), good(), signer, R::PermissionDenied);
        if version < V2_0 {
            let pgp = set([V::CertificateType(CertificateType::PGP)]);
            refused(Some(&key), good(), pgp, R::FeatureNotSupported);
        }
        if version >= V1_1 {
            let said = refused(Some(&key), None, none(), R::InvalidField);
            assert!(said.contains("Certificate Type"), "{said}");
            let mut half = certify_request(version, Some(&key), good(), none());
            half.certificate_request_type = None;
            assert_eq!(server.certify(version, half).unwrap_err().reason, R::InvalidMessage);
            let x509 = set([V::CertificateType(CertificateType::X_509), name(&"x".repeat(65))]);
            refused(Some(&key), None, x509, R::InvalidField);
        }
        if version >= V2_0 {
            let masks = ProtectionStorageMasks {
                protection_storage_mask: vec![ProtectionStorageMask::Hardware],
                ..ProtectionStorageMasks::new()
            };
            let request = CertifyRequest {
                protection_storage_masks: Some(masks),
                ..certify_request(version, Some(&key), good(), none())
            };
            let failed = server.certify(version, request).unwrap_err();
            assert_eq!(failed.reason, R::ProtectionStorageUnavailable);
        }
        assert_eq!(server.attributes(V2_0, &key), before);
        // An archived key; a compromised one; one that is gone.
        let archive = ArchiveRequest { unique_identifier: Some(id(&key)), ..ArchiveRequest::new() };
        server.send(version, archive).unwrap();
        refused(Some(&key), good(), none(), R::ObjectArchived);
        let recover = RecoverRequest { unique_identifier: Some(id(&key)), ..RecoverRequest::new() };
        server.send(version, recover).unwrap();
        server.revoke(version, &key, RevocationReasonCode::KeyCompromise).unwrap();
        refused(Some(&key), good(), none(), R::PermissionDenied);
        server.destroy(version, &key).unwrap();
        refused(Some(&key), good(), none(), R::PermissionDenied);
    }
}

#[test]
fn only_who_may_change_a_key_may_have_it_certified() {
    let (server, _) = certifier();
    for version in ALL.iter().copied() {
        let key = server.public_key(version, rsa());
        let request = || certify_request(version, Some(&key), pkcs10(&csr(rsa())), set([]));
        // Everybody may read a public key.
        assert!(server.ask("mallory", version, get_request(&key)).is_ok());
        assert_eq!(server.ask("mallory", version, request()).unwrap_err().reason, R::PermissionDenied);
        assert!(server.links(&key, LinkType::CertificateLink).is_empty());
        server.ask("alice", version, request()).unwrap();
    }
}

#[test]
fn weak_digests_can_be_switched_off() {
    let mut builder = builder(rsa());
    builder.sign(rsa(), MessageDigest::sha1()).unwrap();
    let weak = builder.build();
    for version in ALL.iter().copied() {
        let (server, _) = certifier();
        server.certify(version, certify_request(version, None, pkcs10(&weak), set([]))).unwrap();
        let (server, _) = certifier_set(Settings { weak_algorithms: false, ..Settings::default() });
        let failed =
            server.certify(version, certify_request(version, None, pkcs10(&weak), set([]))).unwrap_err();
        assert_eq!(failed.reason, reason(version, R::InvalidField, R::InvalidCSR));
        assert!(failed.message.contains("SHA-1"), "{}", failed.message);
    }
}

#[test]
fn without_an_authority_it_is_neither_served_nor_announced() {
    use Operation as O;
    let (with, _) = certifier();
    let without = server();
    for version in ALL.iter().copied() {
        let announced = |server: &Server| {
            let query =
                QueryRequest { query_function: vec![QueryFunction::QueryOperations], ..QueryRequest::new() };
            server.send(version, query).unwrap().operation
        };
        for operation in [O::Certify, O::ReCertify, O::Validate] {
            assert!(announced(&with).contains(&operation));
            assert!(!announced(&without).contains(&operation));
        }
        let request = certify_request(version, None, pkcs10(&csr(rsa())), set([]));
        assert_eq!(without.certify(version, request).unwrap_err().reason, R::OperationNotSupported);
    }
}

#[test]
fn a_key_that_cannot_be_read_is_not_certified() {
    let (server, _) = certifier();
    for version in ALL.iter().copied() {
        let material = KeyBlock {
            cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
            cryptographic_length: Some(1024),
            ..block(KeyFormatType::Opaque, b"nobody knows")
        };
        let object = ManagedObject::PublicKey(PublicKey::new(material).into());
        let mask = V::CryptographicUsageMask(CryptographicUsageMask::Verify);
        let kept = server.send(version, register_request(version, object, set([mask]))).unwrap();
        let kept = text_of(&kept.unique_identifier);
        let request = certify_request(version, Some(&kept), pkcs10(&csr(rsa())), set([]));
        let failed = server.certify(version, request).unwrap_err();
        assert_eq!(
            failed.reason,
            reason(version, R::PermissionDenied, R::InvalidObjectType),
            "{}",
            failed.message
        );
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
    let kept = text_of(&server.send(V2_0, register).unwrap().unique_identifier);
    let made = server.certify(V2_0, certify_request(V2_0, Some(&kept), None, set([]))).unwrap();
    assert!(server.x509(V2_0, &made).public_key().unwrap().public_eq(rsa()));
    let two = certify_request(V2_0, Some(&kept), pkcs10(&csr(rsa())), set([]));
    assert_eq!(server.certify(V2_0, two).unwrap_err().reason, R::InvalidMessage);
}
