//! Who is known, and as whom.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use arc_swap::ArcSwap;
use bytes::Bytes;
use kmip::types::{
    AttestationCredential, AttestationType, CredentialType, CredentialValue, DeviceCredential, Nonce,
    OneTimePasswordCredential, UsernameAndPasswordCredential,
};

use super::*;
use crate::crypto::password::PasswordHash;
use crate::handler::AlternativeNames;

fn certificate(name: &str) -> PeerCertificate {
    PeerCertificate {
        common_name: Some(name.to_owned()),
        subject: format!("O=Example, CN={name}"),
        issuer: "CN=authority".into(),
        alternative_names: AlternativeNames {
            emails: vec![format!("{name}@example.org")],
            uris: vec!["urn:one".into(), "urn:two".into()],
            dns: vec![format!("{name}.example.org")],
        },
        client_usage: true,
        fingerprint_sha256: [0xAB; 32],
        der: Bytes::new(),
    }
}

fn peer(certificate: PeerCertificate) -> Peer {
    Peer { address: "127.0.0.1:40000".parse().unwrap(), certificate: Some(certificate) }
}

struct Setup {
    clients: Clients,
    file: tempfile::NamedTempFile,
}

/// A server with these users.
fn setup(text: &str) -> Setup {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
    let users = Users::read(file.path()).unwrap();
    let options = Options { users: Some(file.path().to_owned()), ..Options::default() };
    Setup { clients: Clients::new(&options, Some(Arc::new(ArcSwap::from_pointee(users)))).unwrap(), file }
}

impl Setup {
    fn ask(&self, name: &str, credentials: &[Credential]) -> Result<String, String> {
        let credentials: Vec<_> = credentials.iter().collect();
        let caller = self.clients.authenticate(&peer(certificate(name)), &credentials);
        caller.map(|caller| caller.user.unwrap().to_string()).map_err(|failure| failure.to_string())
    }

    fn reload(&mut self) {
        let text = fs::read_to_string(self.file.path()).unwrap();
        *self = setup(&text);
    }
}

fn hash(password: &str) -> String {
    PasswordHash::quick(password).to_string()
}

fn password(user: &str, password: Option<&str>) -> Credential {
    let value = UsernameAndPasswordCredential {
        password: password.map(Into::into),
        ..UsernameAndPasswordCredential::new(user.into())
    };
    Credential::new(
        CredentialType::UsernameAndPassword,
        CredentialValue::UsernameAndPasswordCredential(value),
    )
}

#[test]
fn what_of_a_certificate_is_the_identity() {
    for (identity, expected) in [
        (Identity::CommonName, Some("alice")),
        (Identity::Subject, Some("O=Example, CN=alice")),
        (Identity::Email, Some("alice@example.org")),
        (Identity::Dns, Some("alice.example.org")),
        // Of two names none says who it is.
        (Identity::Uri, None),
        (Identity::Fingerprint, Some(&*"ab".repeat(32))),
    ] {
        let options = Options { identity, ..Options::default() };
        let clients = Clients::new(&options, None).unwrap();
        let caller = clients.authenticate(&peer(certificate("alice")), &[]).unwrap();
        assert_eq!(caller.user.as_deref(), expected);
        assert_eq!(caller.groups, None);
    }
}

#[test]
fn a_certificate_has_to_be_for_clients_unless_that_is_not_checked() {
    let other = PeerCertificate { client_usage: false, ..certificate("alice") };
    let mut options = Options::default();
    let refused = Clients::new(&options, None).unwrap().authenticate(&peer(other.clone()), &[]).unwrap_err();
    assert!(refused.to_string().contains("extended key usage"), "{refused}");
    options.client_usage = false;
    let caller = Clients::new(&options, None).unwrap().authenticate(&peer(other), &[]).unwrap();
    assert_eq!(caller.user.as_deref(), Some("alice"));
}

#[test]
fn passwords() {
    let setup = setup(&format!(
        "[[user]]\nname = 'alice'\npassword = '{}'\n[[user]]\nname = 'fred'\npassword = '{}'\n\
         certificates = ['client', 'sha256:{}']\n[[user]]\nname = 'grouped'\ngroups = ['Group A']\n",
        hash("a"),
        hash("f"),
        "CD:".repeat(32).trim_end_matches(':')
    ));
    assert_eq!(setup.ask("alice", &[]).unwrap(), "alice");
    // Twice: the second time it is remembered.
    for _ in 0..2 {
        assert_eq!(setup.ask("alice", &[password("alice", Some("a"))]).unwrap(), "alice");
        assert_eq!(setup.ask("client", &[password("fred", Some("f"))]).unwrap(), "fred");
        let wrong = setup.ask("alice", &[password("alice", Some("b"))]).unwrap_err();
        assert_eq!(setup.ask("alice", &[password("nobody", Some("a"))]).unwrap_err(), wrong);
        assert_eq!(setup.ask("alice", &[password("alice", None)]).unwrap_err(), wrong);
        assert_eq!(setup.ask("grouped", &[password("grouped", Some(""))]).unwrap_err(), wrong);
    }
    // The right password with a certificate that isn't the user's.
    for (certificate, user, word) in [("client", "alice", "a"), ("alice", "fred", "f")] {
        let refused = setup.ask(certificate, &[password(user, Some(word))]).unwrap_err();
        assert!(refused.contains("may not use this certificate"), "{refused}");
    }
    let both = [password("alice", Some("a")), password("alice", Some("a"))];
    assert_eq!(setup.ask("alice", &both).unwrap(), "alice");
    let refused = setup.ask("alice", &[password("alice", Some("a")), password("fred", Some("f"))]);
    assert!(refused.is_err());
    // Groups for those who are known by certificate.
    let caller = setup.clients.authenticate(&peer(certificate("grouped")), &[]).unwrap();
    assert_eq!(caller.groups.as_deref(), Some(&["Group A".to_owned()][..]));
    assert!(setup.clients.may_block(true) && !setup.clients.may_block(false));
}

#[test]
fn a_fingerprint_may_say_which_certificate() {
    let setup = setup(&format!(
        "[[user]]\nname = 'fred'\npassword = '{}'\ncertificates = ['sha256:{}']\n",
        hash("f"),
        "AB:".repeat(32).trim_end_matches(':')
    ));
    assert_eq!(setup.ask("anyone", &[password("fred", Some("f"))]).unwrap(), "fred");
}

#[test]
fn devices() {
    let setup = setup(&format!(
        "[[device]]\nuser = 'tape'\nserial_number = 's1'\nnetwork = 'n1'\npassword = '{}'\ncertificates = ['*']\n\
         [[device]]\nuser = 'disk'\nidentifier = 'd1'\ncertificates = ['*']\n",
        hash("p")
    ));
    let device = |serial: Option<&str>, network: Option<&str>, id: Option<&str>, password: Option<&str>| {
        let value = DeviceCredential {
            device_serial_number: serial.map(Into::into),
            network_identifier: network.map(Into::into),
            device_identifier: id.map(Into::into),
            password: password.map(Into::into),
            ..DeviceCredential::new()
        };
        Credential::new(CredentialType::Device, CredentialValue::DeviceCredential(value.into()))
    };
    assert_eq!(setup.ask("x", &[device(Some("s1"), Some("n1"), None, Some("p"))]).unwrap(), "tape");
    assert_eq!(setup.ask("x", &[device(None, None, Some("d1"), None)]).unwrap(), "disk");
    for wrong in [
        device(Some("s1"), Some("n1"), None, Some("q")),
        device(Some("s1"), Some("n1"), None, None),
        device(Some("s1"), None, None, Some("p")),
        device(None, None, Some("d1"), Some("p")),
        device(None, None, None, None),
    ] {
        assert!(setup.ask("x", &[wrong]).unwrap_err().contains("the device is not known"));
    }
}

#[test]
fn a_one_time_password_is_good_once() {
    let mut setup = setup(&format!(
        "[[user]]\nname = 'fred'\npassword = '{}'\none_time_passwords = ['{}', '{}']\ncertificates = ['x']\n",
        hash("f"),
        hash("1"),
        hash("2")
    ));
    let credential = |word: &str, one_time: &str| {
        let value = OneTimePasswordCredential {
            password: Some(word.into()),
            ..OneTimePasswordCredential::new("fred".into(), one_time.into())
        };
        Credential::new(
            CredentialType::OneTimePassword,
            CredentialValue::OneTimePasswordCredential(value.into()),
        )
    };
    assert!(setup.ask("x", &[credential("g", "1")]).is_err());
    assert!(setup.ask("x", &[credential("f", "3")]).is_err());
    // One that is refused for the certificate is not used up.
    assert!(setup.ask("y", &[credential("f", "1")]).unwrap_err().contains("this certificate"));
    assert_eq!(setup.ask("x", &[credential("f", "1")]).unwrap(), "fred");
    // Neither before the file is read again, nor after.
    assert!(setup.ask("x", &[credential("f", "1")]).is_err());
    setup.reload();
    assert!(setup.ask("x", &[credential("f", "1")]).is_err());
    assert_eq!(setup.ask("x", &[credential("f", "2")]).unwrap(), "fred");
}

#[test]
fn what_cannot_be_verified_is_refused_clearly() {
    let attestation = Credential::new(
        CredentialType::Attestation,
        CredentialValue::AttestationCredential(
            AttestationCredential::new(
                Nonce::new(Bytes::from_static(b"1"), Bytes::from_static(b"2")),
                AttestationType::TPMQuote,
            )
            .into(),
        ),
    );
    let setup = setup("");
    assert!(setup.ask("x", std::slice::from_ref(&attestation)).unwrap_err().contains("attestation"));
    let passed_over = Options { ignore_credentials: true, ..Options::default() };
    let caller = Clients::new(&passed_over, None)
        .unwrap()
        .authenticate(&peer(certificate("x")), &[&password("y", Some("z"))])
        .unwrap();
    assert_eq!(caller.user.as_deref(), Some("x"), "as with PyKMIP");
    let without = Clients::new(&Options::default(), None).unwrap();
    for credential in [attestation, password("x", Some("x"))] {
        let refused = without.authenticate(&peer(certificate("x")), &[&credential]).unwrap_err();
        assert!(refused.to_string().contains("no users file"), "{refused}");
    }
}
