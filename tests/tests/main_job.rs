//! The main job, as users do it with our command.

use std::fs;

use kmip_tests::programs::{Server, cookbook};

#[test]
fn the_command_does_the_main_job_in_every_version() {
    let server = Server::quickstart(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(file("plain"), "the quick brown fox").unwrap();
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4", "2.0"] {
        let in_version = |arguments: &[&str]| server.done(&[&["--kmip", version], arguments].concat());
        let name = format!("key-{version}");
        let id = in_version(&["create", "--name", &name, "--activate"]);
        assert_eq!(in_version(&["locate", "--name", &name]), id);
        let key = in_version(&["get", &id, "--raw"]);
        assert!(!key.is_empty());
        // KMIP has Encrypt and Decrypt since 1.2.
        if version >= "1.2" {
            in_version(&["encrypt", "--id", &id, "-i", &file("plain"), "-o", &file("sealed")]);
            in_version(&["decrypt", "-i", &file("sealed"), "-o", &file("again")]);
            assert_eq!(fs::read_to_string(file("again")).unwrap(), "the quick brown fox");
        }
        assert!(in_version(&["attributes", &id]).contains("Active"), "{version}");
        assert!(
            !server.kmip(&["--kmip", version, "destroy", &id]).status.success(),
            "an active key was destroyed"
        );
        in_version(&["revoke", &id, "--reason", "CessationOfOperation"]);
        in_version(&["destroy", &id]);
        assert!(
            !server.kmip(&["--kmip", version, "get", &id]).status.success(),
            "a destroyed key was given out"
        );
    }
}

#[test]
fn what_was_made_is_there_after_a_kill_and_not_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("kmip");
    let server = Server::quickstart_in(&directory, &[]);
    let id = server.done(&["create", "--name", "kept"]);
    let out = folder.path().join("key");
    server.done(&["get", &id, "--output", out.to_str().unwrap()]);
    let key = fs::read(&out).unwrap();
    assert_eq!(key.len(), 32);
    server.kill();

    for entry in fs::read_dir(&directory).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(16).any(|window| window == &key[..16]), "a key lies in the clear");
    }

    let server = Server::quickstart_in(&directory, &[]);
    let again = folder.path().join("again");
    server.done(&["get", &id, "--output", again.to_str().unwrap()]);
    assert_eq!(fs::read(again).unwrap(), key);
}

/// Every recipe of the client's cookbook.
#[test]
fn the_cookbook_works() {
    let server = Server::quickstart(&["--store", "memory:"]);
    let (done, failed) = cookbook(&server.address, &server.directory);
    assert_eq!(failed, NOT_YET, "of {}", done.len() + failed.len());
}

/// What the server can't do yet: whoever changes that takes it off the list.
const NOT_YET: &[&str] = &[];
