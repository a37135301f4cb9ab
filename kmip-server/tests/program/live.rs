//! What is in force within a second, without a restart.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use kmip::types::version::V2_0;
use kmip::types::{
    Attributes, Credential, CredentialType, CredentialValue, DeviceCredential, LocateRequest, LoginRequest,
    ResponsePayload, ResultReason, ResultStatus, TicketCredential,
};
use openssl::x509::X509;

use crate::harness::{Running, create, exchange, exchange_in, folder, get, names, quickstart, soon, start};

fn policy(permission: &str) -> String {
    format!(
        r#"{{"team": {{"preset": {{"SYMMETRIC_KEY": {{"LOCATE": "ALLOW_ALL", "GET": "{permission}"}}}}}}}}"#
    )
}

#[test]
fn policies() {
    let (parent, folder) = folder();
    let policies = parent.path().join("policies");
    fs::create_dir(&policies).unwrap();
    let server = start(quickstart(&folder).arg("--policies").arg(&policies));
    let mut stream = server.connect(&folder);
    let key = create(&mut stream, "team");
    let mut status = || exchange(&mut stream, get(&key), None).result_reason;
    assert_eq!(status(), Some(ResultReason::ItemNotFound), "there is no such policy yet");

    fs::write(policies.join("a.json"), policy("ALLOW_OWNER")).unwrap();
    soon("a new file", || status().is_none());
    fs::write(policies.join("b.json"), policy("DISALLOW_ALL")).unwrap();
    soon("a newer file", || status() == Some(ResultReason::PermissionDenied));
    fs::remove_file(policies.join("b.json")).unwrap();
    soon("the older one comes back", || status().is_none());
    fs::write(policies.join("a.json"), "{\n\n\"team\": 5}").unwrap();
    // Long enough for it to be read.
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(status(), None, "a bad file changes nothing");
    let (_, log) = server.stop("-TERM");
    assert!(log.contains("a.json") && log.contains("line 3"), "{log}");
}

/// The certificate that a server shows now.
fn shown(server: &Running, trust: &Path) -> Option<X509> {
    use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};

    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_verify(SslVerifyMode::NONE);
    builder.set_certificate_chain_file(trust.join("client.crt")).unwrap();
    builder.set_private_key_file(trust.join("client.key"), openssl::ssl::SslFiletype::PEM).unwrap();
    let stream = std::net::TcpStream::connect(&server.address).unwrap();
    builder.build().connect("localhost", stream).ok()?.ssl().peer_certificate()
}

#[test]
fn tickets_end_with_their_users() {
    let (parent, folder) = folder();
    let users = parent.path().join("users.toml");
    let write = |serial: &str| {
        let text =
            format!("[[device]]\nuser = \"robot\"\nserial_number = \"{serial}\"\ncertificates = [\"*\"]\n");
        fs::write(&users, text).unwrap();
        fs::set_permissions(&users, PermissionsExt::from_mode(0o600)).unwrap();
    };
    write("one");
    let server = start(quickstart(&folder).arg("--auth-users").arg(&users));
    let mut stream = server.connect(&folder);
    let device = DeviceCredential { device_serial_number: Some("one".into()), ..DeviceCredential::new() };
    let device = Credential::new(CredentialType::Device, CredentialValue::DeviceCredential(device.into()));
    let item = exchange_in(V2_0, &mut stream, LoginRequest::new(), Some(device));
    let Some(ResponsePayload::Login(login)) = item.response_payload else { panic!("{item:?}") };
    let credential = || {
        let ticket = TicketCredential::new(login.ticket.clone());
        Credential::new(CredentialType::Ticket, CredentialValue::TicketCredential(ticket))
    };
    let locate = || LocateRequest { attributes: Some(Attributes::new()), ..LocateRequest::new() };
    let ask = || {
        let item = exchange_in(V2_0, &mut server.connect(&folder), locate(), Some(credential()));
        item.result_reason
    };
    assert_eq!(ask(), None);
    write("two");
    soon("another device", || ask() == Some(ResultReason::InvalidTicket));
    write("one");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(ask(), Some(ResultReason::InvalidTicket), "it does not come back");
}

#[test]
fn certificates() {
    let (_parent, folder) = folder();
    let (_other, other) = crate::harness::folder();
    assert_eq!(start(&mut quickstart(&other)).stop("-TERM").0, Some(0));
    let server = start(&mut quickstart(&folder));
    let mut stream = server.connect(&folder);
    let key = create(&mut stream, "default");
    let certificate = |folder: &Path| X509::from_pem(&fs::read(folder.join("server.crt")).unwrap()).unwrap();
    let (old, new) = (certificate(&folder), certificate(&other));
    assert!(shown(&server, &folder).is_some_and(|shown| shown == old));

    // Half a change is none.
    fs::copy(other.join("server.crt"), folder.join("server.crt")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    assert!(shown(&server, &folder).is_some_and(|shown| shown == old));
    fs::copy(other.join("server.key"), folder.join("server.key")).unwrap();
    soon("a new certificate", || shown(&server, &folder).is_some_and(|shown| shown == new));
    // Who was connected before still is.
    assert_eq!(exchange(&mut stream, get(&key), None).result_status, ResultStatus::Success);
    let (_, log) = server.stop("-TERM");
    assert!(log.contains("it is not the key of the certificate"), "{log}");
}

#[test]
fn clients_of_the_authority_for_certify_are_never_let_in() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let both = [fs::read(folder.join("ca.crt")).unwrap(), fs::read(folder.join("certify.crt")).unwrap()];
    fs::write(folder.join("ca.crt"), both.concat()).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    server.answers(&folder);
    let (_, log) = server.stop("-TERM");
    assert!(log.contains("Certify needs an authority of its own"), "{log}");
}

#[test]
fn a_signal_has_everything_read_again() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let signalled = Command::new("kill").args(["-HUP", &server.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    std::thread::sleep(std::time::Duration::from_millis(500));
    server.answers(&folder);
    assert!(names(&folder).contains(&"server.crt".to_owned()));
    let (status, log) = server.stop("-TERM");
    assert_eq!(status, Some(0));
    assert!(log.contains("reading certificates, users and policies again"), "{log}");
}
