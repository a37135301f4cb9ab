//! `kmip-server ca`: who is let in, and until when.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use kmip::types::{DiscoverVersionsRequest, ResultReason};
use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslStream};

use crate::harness::{Running, exchange, finished, folder, program, quickstart, soon, start};

fn ca(folder: &Path, output: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = program()
        .arg("ca")
        .args(arguments)
        .arg("--directory")
        .arg(folder)
        .current_dir(output)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// The same where it has to succeed.
fn done(folder: &Path, output: &Path, arguments: &[&str]) -> String {
    let (status, text) = ca(folder, output, arguments);
    assert_eq!(status, Some(0), "{arguments:?}: {text}");
    text
}

fn connect(server: &Running, trust: &Path, certificate: &Path, key: &Path) -> SslStream<TcpStream> {
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_ca_file(trust.join("ca.crt")).unwrap();
    builder.set_certificate_chain_file(certificate).unwrap();
    builder.set_private_key_file(key, SslFiletype::PEM).unwrap();
    let stream = TcpStream::connect(&server.address).unwrap();
    builder.build().connect("localhost", stream).unwrap()
}

fn refused(stream: &mut SslStream<TcpStream>) -> Option<ResultReason> {
    exchange(stream, DiscoverVersionsRequest::new(), None).result_reason
}

#[test]
fn a_client_is_let_in_until_its_certificate_is_revoked() {
    let (parent, folder) = folder();
    let here = parent.path();
    let server = start(&mut quickstart(&folder));
    let said = done(&folder, here, &["issue", "alice"]);
    assert!(said.contains("CN=alice") && said.contains("alice.key"), "{said}");
    let (certificate, key) = (here.join("alice.crt"), here.join("alice.key"));
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(ca(&folder, here, &["issue", "alice"]).0, Some(1), "nothing is overwritten");

    let mut open = connect(&server, &folder, &certificate, &key);
    assert_eq!(refused(&mut open), None);
    let renewed = here.join("renewed");
    fs::create_dir(&renewed).unwrap();
    done(&folder, &renewed, &["renew", "alice"]);
    let mut again = connect(&server, &folder, &renewed.join("alice.crt"), &key);
    assert_eq!(refused(&mut again), None);

    // The old one alone.
    done(&folder, here, &["revoke", certificate.to_str().unwrap()]);
    soon("a connection that was there is refused", || {
        refused(&mut open) == Some(ResultReason::AuthenticationNotSuccessful)
    });
    let mut new = connect(&server, &folder, &certificate, &key);
    assert_eq!(refused(&mut new), Some(ResultReason::AuthenticationNotSuccessful));
    assert_eq!(refused(&mut again), None);
    let (status, said) = ca(&folder, here, &["renew", certificate.to_str().unwrap()]);
    assert!(status == Some(1) && said.contains("is revoked"), "{said}");

    // It stays so.
    assert_eq!(server.stop("-TERM").0, Some(0));
    let server = start(&mut quickstart(&folder));
    let mut new = connect(&server, &folder, &certificate, &key);
    assert_eq!(refused(&mut new), Some(ResultReason::AuthenticationNotSuccessful));
    server.answers(&folder);

    done(&folder, here, &["revoke", "alice", "--all"]);
    let list = done(&folder, here, &["list", "--json"]);
    assert_eq!((list.matches("revoked").count(), list.matches("\"valid\"").count()), (2, 2), "{list}");
    let table = done(&folder, here, &["list"]);
    assert!(
        table.contains("CN=alice") && table.contains("CN=client") && table.contains("revoked"),
        "{table}"
    );
    assert_eq!(ca(&folder, here, &["revoke", "alice"]).0, Some(1));
    let list = folder.join("ca.crl");
    let verified = Command::new("openssl")
        .args(["crl", "-noout", "-in"])
        .arg(&list)
        .arg("-CAfile")
        .arg(folder.join("ca.crt"))
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&verified.stderr).contains("verify OK"), "{verified:?}");
}

#[test]
fn a_list_that_cannot_be_read_changes_nothing_and_keeps_the_server_from_starting() {
    let (parent, folder) = folder();
    let here = parent.path();
    let server = start(&mut quickstart(&folder));
    done(&folder, here, &["issue", "alice"]);
    let mut open = connect(&server, &folder, &here.join("alice.crt"), &here.join("alice.key"));
    done(&folder, here, &["revoke", "alice"]);
    soon("it is refused", || refused(&mut open).is_some());
    fs::write(folder.join("ca.crl"), "nothing").unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let mut again = connect(&server, &folder, &here.join("alice.crt"), &here.join("alice.key"));
    assert_eq!(refused(&mut again), Some(ResultReason::AuthenticationNotSuccessful));
    let (_, log) = server.stop("-TERM");
    assert!(log.contains("ca.crl: it holds no revocation list"), "{log}");
    let (status, said) = finished(&[
        "quickstart".as_ref(),
        "--listen".as_ref(),
        "127.0.0.1:0".as_ref(),
        "--directory".as_ref(),
        folder.as_os_str(),
    ]);
    assert!(status == Some(1) && said.contains("ca.crl"), "{said}");
}

#[test]
fn a_request_is_signed_without_what_nobody_looked_at() {
    let (parent, _) = folder();
    let here = parent.path();
    let own = here.join("authority");
    done(&own, here, &["init", "--name", "Our clients"]);
    assert_eq!(ca(&own, here, &["init"]).0, Some(1), "there is one");
    let made = Command::new("openssl")
        .current_dir(here)
        .args(["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "bob.key", "-out", "bob.csr"])
        .args(["-subj", "/O=Example/CN=bob", "-addext", "subjectAltName=email:root@example.org"])
        .args(["-addext", "extendedKeyUsage=serverAuth"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let said = |file: &str| {
        let path = here.join(file);
        let shown =
            Command::new("openssl").args(["x509", "-noout", "-text", "-in"]).arg(path).output().unwrap();
        String::from_utf8(shown.stdout).unwrap()
    };
    done(&own, here, &["sign", "bob.csr"]);
    let bob = said("bob.crt");
    assert!(bob.contains("CN = bob") && bob.contains("TLS Web Client Authentication"), "{bob}");
    assert!(!bob.contains("Server Authentication") && !bob.contains("root@example.org"), "{bob}");
    done(&own, here, &["sign", "bob.csr", "--name", "robert", "--with-other-names", "--days", "3"]);
    let robert = said("robert.crt");
    assert!(robert.contains("CN = robert") && robert.contains("root@example.org"), "{robert}");
    done(
        &own,
        here,
        &["issue", "mail", "--other-name", "email:mail@example.org", "--other-name", "ip:192.0.2.1"],
    );
    let mail = said("mail.crt");
    assert!(mail.contains("mail@example.org") && mail.contains("192.0.2.1"), "{mail}");
    done(&own, here, &["issue", "keys.example.org", "--server", "--other-name", "dns:keys.example.org"]);
    assert!(said("keys.example.org.crt").contains("TLS Web Server Authentication"));
}
