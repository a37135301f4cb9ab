//! Our client, and our command, with PyKMIP's server.

use std::fs;
use std::process::Command;

use kmip_tests::programs::{cookbook, program};

use crate::pki::{self, For};
use crate::python::{done, is_left_out};
use crate::server::PyKmip;

/// Every operation that PyKMIP's server has.
#[test]
fn the_cookbook_works_with_pykmips_server() {
    if is_left_out() {
        return;
    }
    let folder = certificates();
    let server = PyKmip::start(folder.path(), folder.path());
    let (worked, failed) = cookbook(&server.address, folder.path());
    // These operations PyKMIP's client has, but its server lacks.
    assert_eq!(failed, ["check", "rekey"]);
    assert_eq!(worked.len(), 29, "{worked:?}");
}

#[test]
fn the_command_does_the_main_job_with_pykmips_server() {
    if is_left_out() {
        return;
    }
    let folder = certificates();
    let path = folder.path();
    let server = PyKmip::start(path, path);
    let file = |name: &str| path.join(name).to_str().unwrap().to_owned();
    fs::write(file("plain"), "the quick brown fox").unwrap();
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4", "2.0"] {
        let command = |arguments: &[&str]| {
            let mut command = Command::new(program("kmip"));
            command.args(["--kmip", version]).args(arguments);
            command.env("KMIP_DIRECTORY", path).env("KMIP_SERVER", &server.address);
            command
        };
        let kmip = |arguments: &[&str]| done(&mut command(arguments)).trim_end().to_owned();
        let name = format!("key-{version}");
        let id = kmip(&["create", "--name", &name, "--activate"]);
        assert_eq!(kmip(&["locate", "--name", &name]), id);
        assert!(!kmip(&["get", &id, "--raw"]).is_empty());
        if version >= "1.2" {
            kmip(&["encrypt", "--id", &id, "--mode", "CBC", "-i", &file("plain"), "-o", &file("sealed")]);
            kmip(&["decrypt", "-i", &file("sealed"), "-o", &file("again")]);
            assert_eq!(fs::read_to_string(file("again")).unwrap(), "the quick brown fox");
        }
        assert!(kmip(&["attributes", &id]).contains("Active"), "{version}");
        assert!(
            !command(&["destroy", &id]).output().unwrap().status.success(),
            "an active key was destroyed"
        );
        kmip(&["revoke", &id, "--reason", "CessationOfOperation"]);
        kmip(&["destroy", &id]);
        assert!(!command(&["get", &id]).output().unwrap().status.success(), "a destroyed key was given out");

        let secret =
            kmip(&["register", "--hex", "0123456789", "--type", "SecretData", "--secret-type", "Password"]);
        assert_eq!(kmip(&["get", &secret, "--hex"]), "0123456789");
        assert!(kmip(&["attribute-list", &secret]).contains("Object Type"), "{version}");
    }
    let mut kmip = Command::new(program("kmip"));
    kmip.env("KMIP_DIRECTORY", path).env("KMIP_SERVER", &server.address);
    assert_eq!(done(kmip.arg("versions")), "2.0\n1.4\n1.3\n1.2\n1.1\n1.0\n");
    assert!(
        done(
            Command::new(program("kmip"))
                .arg("query")
                .env("KMIP_DIRECTORY", path)
                .env("KMIP_SERVER", &server.address)
        )
        .contains("PyKMIP")
    );
}

/// An authority's, a server's and a client's.
fn certificates() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    pki::write(folder.path(), &[("server", "localhost", For::Server), ("client", "client", For::Clients)]);
    folder
}
