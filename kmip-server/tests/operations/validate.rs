//! Validate (KMIP 1.4 §4.24, 2.0 §6.1.51).

use std::sync::Arc;

use arc_swap::ArcSwap;
use kmip::ttlv::{Bytes, DateTime, Version};
use kmip::types::*;
use kmip_server::authority::{Draft, Folder, Name, Revocations, Terms, Trust};
use kmip_server::engine::Settings;
use kmip_server::rights::Policies;
use openssl::x509::X509;

use crate::certify::{certifier, certifier_set, certify_request, csr, pkcs10};
use crate::fixtures::{certificate, rsa};
use crate::harness::*;
use ResultReason as R;
use ValidityIndicator as I;

fn given(certificate: &X509) -> Certificate {
    Certificate::new(CertificateType::X_509, Bytes::from(certificate.to_der().unwrap()))
}

impl Server {
    fn validate(
        &self,
        version: Version,
        certificates: Vec<Certificate>,
        ids: &[&str],
        at: Option<DateTime>,
    ) -> Result<ValidityIndicator, Failed> {
        let request = ValidateRequest {
            certificate: certificates,
            unique_identifier: ids.iter().map(|text| id(text)).collect(),
            validity_date: at,
            ..ValidateRequest::new()
        };
        self.send(version, request).map(|response| response.validity_indicator)
    }

    fn registered(&self, version: Version, certificate: Certificate) -> String {
        let object = ManagedObject::Certificate(certificate);
        text_of(&self.send(version, register_request(version, object, set([]))).unwrap().unique_identifier)
    }
}

#[test]
fn chains_are_judged() {
    // Made before the server's time begins.
    let stranger = certificate();
    let (server, root) = certifier();
    for version in ALL.iter().copied() {
        let made =
            server.certify(version, certify_request(version, None, pkcs10(&csr(rsa())), set([]))).unwrap();
        let leaf = server.x509(version, &made);
        let judge = |certificates, ids: &[&str], at| server.validate(version, certificates, ids, at).unwrap();
        assert_eq!(judge(vec![], &[&made], None), I::Valid);
        assert_eq!(judge(vec![given(&leaf)], &[], None), I::Valid);
        // Twice the same, and in any order.
        assert_eq!(judge(vec![given(&root), given(&leaf)], &[&made], None), I::Valid);
        let root_id = server.registered(version, given(&root));
        assert_eq!(judge(vec![], &[&root_id, &made], None), I::Valid);

        let day = 24 * 60 * 60;
        let at = |days: i64| Some(DateTime(now().0 + days * day));
        assert_eq!(judge(vec![], &[&made], at(300)), I::Valid);
        assert_eq!(judge(vec![], &[&made], at(400)), I::Invalid);
        assert_eq!(judge(vec![], &[&made], at(-300)), I::Invalid);

        let mut forged = leaf.to_der().unwrap();
        *forged.last_mut().unwrap() ^= 1;
        let forged = Certificate::new(CertificateType::X_509, forged.into());
        assert_eq!(judge(vec![forged], &[], None), I::Invalid);
        // Nobody here knows who signed it.
        assert_eq!(judge(vec![stranger.clone()], &[], None), I::Unknown);
        if CertificateType::PGP.is_in(version) {
            let foreign = Certificate::new(CertificateType::PGP, Bytes::from_static(b"pgp"));
            assert_eq!(judge(vec![foreign], &[], None), I::Unknown);
        }
    }
}

#[test]
fn what_was_revoked_here_is_invalid_from_then_on() {
    let (server, _) = certifier();
    for version in ALL.iter().copied() {
        let certify = || {
            let made = server
                .certify(version, certify_request(version, None, pkcs10(&csr(rsa())), set([])))
                .unwrap();
            server.activate(version, &made).unwrap();
            made
        };
        let before = Some(now());
        let (superseded, compromised) = (certify(), certify());
        wait(10);
        server.revoke(version, &superseded, RevocationReasonCode::Superseded).unwrap();
        server.revoke(version, &compromised, RevocationReasonCode::KeyCompromise).unwrap();
        let judge = |made: &str, at| server.validate(version, vec![], &[made], at).unwrap();
        assert_eq!((judge(&superseded, None), judge(&superseded, before)), (I::Invalid, I::Valid));
        assert_eq!((judge(&compromised, None), judge(&compromised, before)), (I::Invalid, I::Invalid));
    }
}

#[test]
fn what_is_in_a_revocation_list_is_invalid_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clients");
    wait(DateTime::now().0 - now().0);
    let authority = Folder::make(&path, "Others").unwrap();
    let spki = rsa().public_key_to_der().unwrap();
    let draft = Draft::new(Name::common("web").unwrap(), &spki).unwrap();
    let issued = authority.sign(&draft, Terms::default()).unwrap();
    let leaf = X509::from_pem(&issued.pem().unwrap()).unwrap();
    let roots = Trust::read(&path.join("ca.crt")).unwrap();
    let read = || Revocations::read(&path.join("ca.crl"), &roots).unwrap();
    let lists = Arc::new(ArcSwap::from_pointee(read()));
    let settings = Settings {
        trust: Some(Arc::new(Trust::read(&path.join("ca.crt")).unwrap())),
        revoked: Some(Arc::clone(&lists)),
        ..Settings::default()
    };
    let server = server_set(Policies::built_in(), settings);
    let judge = |at| server.validate(V2_0, vec![given(&leaf)], &[], at).unwrap();
    assert_eq!(judge(None), I::Valid);
    authority.revoke(&[issued]).unwrap();
    lists.store(Arc::new(read()));
    wait(5);
    assert_eq!((judge(None), judge(Some(DateTime(now().0 - 60)))), (I::Invalid, I::Valid));
}

#[test]
fn the_documented_errors() {
    let (server, root) = certifier();
    for version in ALL.iter().copied() {
        let refused = |certificates, ids: &[&str], expected: ResultReason| {
            let failed = server.validate(version, certificates, ids, None).unwrap_err();
            assert_eq!(failed.reason, expected, "{version}: {}", failed.message);
        };
        // 1.4 table 351: nothing, or what is no chain.
        refused(vec![], &[], R::InvalidMessage);
        refused(vec![given(&root), certificate()], &[], R::InvalidMessage);
        let key = server.create(version, []);
        refused(vec![], &[&key], reason(version, R::InvalidMessage, R::InvalidObjectType));
        refused(vec![], &["nothing"], reason(version, R::ItemNotFound, R::ObjectNotFound));
        let junk = Certificate::new(CertificateType::X_509, Bytes::from_static(b"junk"));
        refused(vec![junk], &[], R::InvalidField);
        let kept = server.registered(version, certificate());
        let archive = ArchiveRequest { unique_identifier: Some(id(&kept)), ..ArchiveRequest::new() };
        server.send(version, archive).unwrap();
        refused(vec![], &[&kept], R::ObjectArchived);
    }
}

#[test]
fn weak_certificates_are_invalid_where_weak_algorithms_are_off() {
    let settings = Settings { weak_algorithms: false, ..Settings::default() };
    for (settings, expected) in [(Settings::default(), I::Valid), (settings, I::Invalid)] {
        let (server, _) = certifier_set(settings);
        // Of an RSA key of 1024 bits.
        let made = server.certify(V1_4, certify_request(V1_4, None, pkcs10(&csr(rsa())), set([]))).unwrap();
        assert_eq!(server.validate(V1_4, vec![], &[&made], None).unwrap(), expected);
    }
}
