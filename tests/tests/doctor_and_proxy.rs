//! `kmip doctor` and `kmip proxy` with the server.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use kmip_tests::programs::{Server, program};

/// What the doctor says, and whether all is well.
fn doctor(server: &Server, arguments: &[&str]) -> (String, bool) {
    let output = server.kmip(&[&["doctor"], arguments].concat());
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}

fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in\n{text}");
    }
}

#[test]
fn a_healthy_server() {
    let server = Server::quickstart(&["--store", "memory:"]);
    let (text, healthy) = doctor(&server, &[]);
    assert!(healthy, "{text}");
    has(
        &text,
        &[
            "TLSv1.3",
            "which is trusted",
            "lets this client in",
            "KMIP 2.0, 1.4",
            "clocks: that of the server is right",
        ],
    );
    assert!(!text.contains("wrong") && !text.contains("warning"), "{text}");
    let (json, _) = doctor(&server, &["--json"]);
    has(&json, &["\"healthy\": true", "\"step\": \"server certificate\""]);
}

#[test]
fn faults_and_what_to_do_about_them() {
    let server = Server::quickstart(&["--store", "memory:"]);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key) = (file("other.crt"), file("other.key"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=other",
        ])
        .args(["-days", "9", "-out", &certificate, "-keyout", &key])
        .output()
        .unwrap();
    assert!(made.status.success());
    let sick = |arguments: &[&str], words: &[&str]| {
        let (text, healthy) = doctor(&server, arguments);
        assert!(!healthy, "{text}");
        has(&text, words);
    };
    sick(&["--server", "no.such.name.invalid"], &["wrong   name", "check the name"]);
    sick(&["--server", "127.0.0.1:1"], &["wrong   connection", "nothing listens on port 1"]);
    sick(
        &["--server-name", "kms.example.org"],
        &["wrong   server name", "not for kms.example.org", "--server-name"],
    );
    sick(&["--ca", &certificate], &["expires in", "wrong   signature", "--ca has CN=other"]);
    sick(&["--cert", &certificate, "--key", &key], &["wrong   admission", "--cert"]);
    let client_key = server.file("client.key");
    sick(
        &["--cert", &certificate, "--key", client_key.to_str().unwrap()],
        &["wrong   client key", "belong together"],
    );
    sick(&["--cert", &key], &["wrong   client certificate", "no certificate in PEM"]);

    // What listens there speaks no TLS.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    sick(&["--server", &address], &["wrong   TLS", "does not speak TLS"]);
}

/// A running proxy.
struct Proxy {
    child: Child,
    address: String,
}

impl Proxy {
    fn start(server: &Server, arguments: &[&str]) -> Self {
        let mut child = Command::new(program("kmip"))
            .args(["proxy", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("KMIP_DIRECTORY", &server.directory)
            .env("KMIP_SERVER", &server.address)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the proxy ended");
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.split(',').next().unwrap().to_owned();
            }
        };
        thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        Self { child, address }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn traffic_goes_through_and_is_recorded_without_secrets() {
    let server = Server::quickstart(&["--store", "memory:"]);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (hidden, open) = (file("hidden"), file("open"));
    let secret = "00112233445566778899aabbccddeeff";
    for (record, more) in [(&hidden, &[][..]), (&open, &["--show-secrets"][..])] {
        let proxy = Proxy::start(&server, &[&["--record", record], more].concat());
        let through = |arguments: &[&str]| server.done(&[&["--server", &proxy.address], arguments].concat());
        let id = through(&["register", "--type", "SymmetricKey", "--hex", secret, "--name", "n"]);
        assert_eq!(through(&["get", &id, "--hex"]), secret);
        through(&["destroy", &id]);
    }
    let read = |path: &str| fs::read_to_string(path).unwrap();
    assert!(!read(&hidden).contains(secret) && read(&open).contains(secret));
    let check = server.done(&["check", &hidden]);
    assert!(check.ends_with("0 different, 0 refused"), "{check}");
    let decoded = server.done(&["decode", &hidden]);
    has(&decoded, &["connection-1 request", "Operation Enumeration Register", "hidden (16 bytes)"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(Path::new(&open)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_proxy_for_other_machines_asks_for_certificates() {
    let server = Server::quickstart(&["--store", "memory:"]);
    let output = server.kmip(&["proxy", "--listen", "0.0.0.0:0"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    has(&text, &["--client-ca"]);

    let ca = server.file("ca.crt");
    let proxy = Proxy::start(&server, &["--client-ca", ca.to_str().unwrap()]);
    let at = ["--server", &proxy.address];
    server.done(&[&at[..], &["locate"]].concat());
    // Without a certificate there is no way in.
    let output = Command::new(program("kmip"))
        .args(["--server", &proxy.address, "--ca"])
        .arg(&ca)
        .arg("locate")
        .env("HOME", tempfile::tempdir().unwrap().path())
        .env_remove("XDG_DATA_HOME")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}
