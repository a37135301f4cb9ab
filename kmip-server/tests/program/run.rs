//! `kmip-server run`, and the command line as such.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use crate::harness::{finished, folder, program, quickstart, start};

#[test]
fn everything_is_said_in_a_file() {
    let (parent, folder) = folder();
    // Somebody has to make the certificates.
    assert_eq!(start(&mut quickstart(&folder)).stop("-TERM").0, Some(0));
    let config = parent.path().join("server.toml");
    let text = "listen = ['127.0.0.1:0', 'localhost:0']\nstore = 'kmip/kmip.db'\nmaster_key = 'kmip/master.key'\n\
                [tls]\ncertificate = 'kmip/server.crt'\nkey = 'kmip/server.key'\nclient_ca = 'kmip/ca.crt'\n\
                [limits]\nrequest_size = 1000\n";
    fs::write(&config, text).unwrap();
    let server = start(program().arg("run").arg("--config").arg(&config));
    server.answers(&folder);

    // The limit is the one that was said, and the connection is closed properly after the answer.
    let mut stream = server.connect(&folder);
    stream.write_all(&[0x42, 0x00, 0x78, 0x01, 0, 0, 4, 0]).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer[..4], [0x42, 0x00, 0x7B, 0x01]);
    let text = String::from_utf8_lossy(&answer).into_owned();
    assert!(text.contains("the request has 1032 bytes, more than the 1000"), "{text}");
    server.answers(&folder);
    assert_eq!(server.stop("-TERM").0, Some(0));
}

#[test]
fn faults_of_the_file_are_named() {
    let (parent, _) = folder();
    let config = parent.path().join("server.toml");
    let path = config.to_str().unwrap();
    for (text, expected) in [
        ("listen = [", "line 1"),
        ("\n\nlisten_on = []", "line 3"),
        ("[limits]\nconnections = 'many'", "line 2"),
        ("[limits]\nconnections = 0", "connections = 0"),
        ("store = 'memory:'", "`master_key`"),
    ] {
        fs::write(&config, text).unwrap();
        let (status, said) = finished(&["run", "--config", path]);
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains(path) && said.contains(expected), "{said}");
    }
    fs::remove_file(&config).unwrap();
    let (status, said) = finished(&["run", "--config", path]);
    assert!(status == Some(1) && said.contains(path), "{said}");
}

#[test]
fn a_master_key_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master.key");
    let path = file.to_str().unwrap();
    assert_eq!(finished(&["master-key", path]), (Some(0), String::new()));
    let key = fs::read_to_string(&file).unwrap();
    assert_eq!(key.trim().len(), 64);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (status, said) = finished(&["master-key", path]);
    assert!(status == Some(1) && said.contains(path), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), key);
}

#[test]
fn usage() {
    let (status, said) = finished(&["--help"]);
    assert!(status == Some(0) && said.contains("kmip-server quickstart  "), "{said}");
    let (status, said) = finished(&["--version"]);
    assert_eq!((status, said), (Some(0), format!("kmip-server {}\n", env!("CARGO_PKG_VERSION"))));
    assert_eq!(finished::<&str>(&[]).0, Some(2));
    let (status, said) = finished(&["run"]);
    assert!(
        status == Some(1) && said.contains("`store` is not set") && said.contains("KMIP_SERVER_STORE"),
        "{said}"
    );
    assert_eq!(finished(&["quickstart", "--nonsense"]).0, Some(2));
}
