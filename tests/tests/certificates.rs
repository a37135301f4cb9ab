//! Certificates from the server's own authority, as a user gets them with `kmip` and checks them with `openssl`.

use std::fs;
use std::path::Path;
use std::process::Command;

use kmip_tests::programs::Server;

/// Runs `openssl`; what it prints. It has to succeed.
fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().expect("openssl runs");
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "openssl {arguments:?}: {text}{errors}");
    text.into_owned()
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path of plain text")
}

/// Fetches a certificate, and checks that it stands under the authority; its subject.
fn checked(server: &Server, certificate: &str) -> String {
    let file = server.file("web.crt");
    server.done(&["get", certificate, "--pem", "-o", path(&file)]);
    let authority = server.file("certify.crt");
    openssl(&["verify", "-x509_strict", "-CAfile", path(&authority), path(&file)]);
    openssl(&["x509", "-in", path(&file), "-noout", "-subject", "-nameopt", "RFC2253"]).trim().to_owned()
}

#[test]
fn from_a_key_pair_of_the_servers() {
    let server = Server::quickstart(&["--store", "memory:"]);
    for (version, subject) in
        [("1.1", "subject=CN=web"), ("1.4", "subject=CN=web"), ("2.0", "subject=CN=web")]
    {
        let keys = server.done(&["--kmip", version, "create-key-pair", "--public-name", "pair"]);
        let public = keys.lines().next().unwrap_or_default();
        let certificate = server.done(&["--kmip", version, "certify", public, "--name", "web"]);
        assert_eq!(checked(&server, &certificate), subject);
        assert_eq!(server.done(&["--kmip", version, "validate", &certificate]), "Valid");
        let renewed = server.done(&["--kmip", version, "re-certify", &certificate]);
        assert_eq!(checked(&server, &renewed), subject);
        assert_eq!(server.done(&["--kmip", version, "locate", "--name", "web"]), renewed);
        // So that there is one of this name in the next version.
        server.done(&["destroy", &renewed]);
    }
}

#[test]
fn from_a_certificate_request() {
    let server = Server::quickstart(&["--store", "memory:"]);
    let (key, request) = (server.file("web.key"), server.file("web.csr"));
    let authority = server.file("certify.crt");
    openssl(&[
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        path(&key),
        "-out",
        path(&request),
        "-subj",
        "/O=Example/CN=web",
        "-addext",
        "subjectAltName=DNS:web.example",
        "-addext",
        "extendedKeyUsage=serverAuth",
    ]);
    let public = server.file("web.pub");
    fs::write(&public, openssl(&["pkey", "-in", path(&key), "-pubout"]))
        .expect("the folder can be written to");
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4", "2.0"] {
        // Without the server having the key, and with it.
        let alone = server.done(&["--kmip", version, "certify", "--request", path(&request)]);
        assert_eq!(checked(&server, &alone), "subject=CN=web,O=Example");
        let kept = server.done(&["--kmip", version, "register", path(&public)]);
        let certificate = server.done(&["--kmip", version, "certify", &kept, "--request", path(&request)]);
        assert_eq!(checked(&server, &certificate), "subject=CN=web,O=Example");
        let file = server.file("web.crt");
        let said =
            openssl(&["x509", "-in", path(&file), "-noout", "-ext", "subjectAltName,extendedKeyUsage"]);
        assert!(said.contains("DNS:web.example") && said.contains("Server Authentication"), "{said}");
        assert_eq!(
            openssl(&["x509", "-in", path(&file), "-noout", "-pubkey"]),
            openssl(&["pkey", "-in", path(&key), "-pubout"])
        );
        let chain = ["validate", "--certificate", path(&file), "--certificate", path(&authority)];
        assert_eq!(server.done(&chain), "Valid");
        let late = [&chain[..], &["--at", "2050-01-01T00:00:00Z"]].concat();
        let refused = server.kmip(&late);
        assert_eq!((refused.status.code(), refused.stdout), (Some(1), b"Invalid\n".to_vec()));
        server.done(&["--kmip", version, "re-certify", &certificate, "--request", path(&request)]);
    }
    // What certifies clients' keys lets nobody in: with this certificate, a client is a stranger.
    let file = server.file("web.crt");
    let options = ["--cert", path(&file), "--key", path(&key), "query"];
    let refused = server.kmip(&options);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("certificate"), "{said}");
    server.done(&["query"]);
}

#[test]
fn a_client_enrolls_and_is_shut_out() {
    let server = Server::quickstart(&["--store", "memory:"]);
    let here = tempfile::tempdir().expect("a folder");
    let there = path(here.path());
    let request = server.done(&["enroll", "alice", "--output", there]);
    assert!(request.ends_with("alice.csr"), "{request}");
    assert!(!server.kmip(&["enroll", "alice", "--output", there]).status.success(), "nothing is overwritten");
    let ca = |arguments: &[&str]| {
        let mut command = Command::new(kmip_tests::programs::program("kmip-server"));
        let command = command.arg("ca").args(arguments).arg("--directory").arg(&server.directory);
        let output = command.output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    ca(&["sign", &request, "--output", there]);
    let (certificate, key) = (here.path().join("alice.crt"), here.path().join("alice.key"));
    let own = ["--cert", path(&certificate), "--key", path(&key)];
    let id = server.done(&[&own[..], &["create"]].concat());
    assert!(!server.kmip(&["attributes", &id]).status.success(), "it is Alice's");
    ca(&["revoke", "alice"]);
    let begin = std::time::Instant::now();
    let said = loop {
        let output = server.kmip(&[&own[..], &["attributes", &id]].concat());
        if !output.status.success() {
            break String::from_utf8_lossy(&output.stderr).into_owned();
        }
        assert!(begin.elapsed().as_secs() < 60, "it is not shut out");
    };
    assert!(said.contains("revoked"), "{said}");
}
