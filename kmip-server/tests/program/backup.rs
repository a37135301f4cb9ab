//! Backups of a server that runs, and the way back.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use kmip::types::{LocateRequest, UniqueIdentifier};

use crate::harness::{Running, create, finished, folder, get, names, quickstart, start};

fn at(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut all = arguments.to_vec();
    all.extend(["--directory", folder.to_str().unwrap()]);
    finished(&all)
}

fn located(server: &Running, folder: &Path) -> HashSet<String> {
    texts(&server.ask(folder, LocateRequest::new()).unique_identifier)
}

fn texts(identifiers: &[UniqueIdentifier]) -> HashSet<String> {
    identifiers.iter().map(|identifier| format!("{identifier:?}")).collect()
}

#[test]
fn of_a_server_that_is_written_to() {
    let (parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let first: Vec<_> = {
        let mut stream = server.connect(&folder);
        (0..50).map(|_| create(&mut stream, "default")).collect()
    };
    let file = parent.path().join("backup");
    let path = file.to_str().unwrap();
    let stop = AtomicBool::new(false);
    let (begun, all) = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut stream = server.connect(&folder);
                    let mut made = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        made.push(create(&mut stream, "default"));
                    }
                    made
                })
            })
            .collect();
        let begun = located(&server, &folder);
        let (status, said) = at(&folder, &["backup", path, "--json"]);
        stop.store(true, Ordering::Relaxed);
        assert_eq!(status, Some(0), "{said}");
        let report: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(report["bytes"], fs::metadata(&file).unwrap().len());
        assert!(report["manifest"]["rows"].as_u64().unwrap() > 50);
        let mut all = texts(&first);
        all.extend(writers.into_iter().flat_map(|writer| texts(&writer.join().unwrap())));
        (begun, all)
    });
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    // Not under a server that runs.
    let (status, said) = at(&folder, &["restore", path, "--replace"]);
    assert!(status == Some(1) && said.contains("in use"), "{said}");
    server.answers(&folder);
    let (status, said) = at(&folder, &["restore", path, "--check", "--json"]);
    assert_eq!(status, Some(0), "{said}");
    let objects = serde_json::from_str::<serde_json::Value>(&said).unwrap()["objects"].as_u64().unwrap();
    assert_eq!(server.stop("-TERM").0, Some(0));

    let (status, said) = at(&folder, &["restore", path]);
    assert!(status == Some(1) && said.contains("--replace"), "{said}");
    let (status, said) = at(&folder, &["restore", path, "--replace"]);
    assert!(status == Some(0) && said.contains(&format!("{objects} objects")), "{said}");
    let server = start(&mut quickstart(&folder));
    let restored = located(&server, &folder);
    assert_eq!(restored.len() as u64, objects);
    assert!(restored.is_superset(&begun) && restored.is_subset(&all));
    for key in &first {
        server.ask(&folder, get(key));
    }
    assert!(names(&folder).iter().any(|name| name.starts_with("kmip.db.before-restore-")));
}

#[test]
fn to_another_place_under_another_master_key() {
    let (parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let key = create(&mut server.connect(&folder), "default");
    let file = parent.path().join("backup");
    let path = file.to_str().unwrap();
    let word = parent.path().join("passphrase");
    fs::write(&word, "open sesame").unwrap();
    fs::set_permissions(&word, fs::Permissions::from_mode(0o600)).unwrap();
    let passphrase = format!("--passphrase={}", word.display());
    assert_eq!(at(&folder, &["backup", path, &passphrase]).0, Some(0));
    drop(server);

    // The same certificates, and a master key of its own.
    let other = parent.path().join("other");
    fs::create_dir(&other).unwrap();
    for name in names(&folder) {
        fs::copy(folder.join(&name), other.join(&name)).unwrap();
    }
    for name in ["master.key", "kmip.db", "kmip.db-wal", "kmip.db-shm"] {
        let _ = fs::remove_file(other.join(name));
    }
    let master = other.join("master.key").display().to_string();
    assert_eq!(finished(&["master-key", &master]), (Some(0), String::new()));
    let (status, said) = at(&other, &["restore", path]);
    assert!(status == Some(1) && said.contains("under a passphrase"), "{said}");
    fs::write(&word, "open sesam").unwrap();
    let (status, said) = at(&other, &["restore", path, &passphrase]);
    assert!(status == Some(1) && said.contains("the passphrase is wrong"), "{said}");
    fs::write(&word, "open sesame").unwrap();
    let (status, said) = at(&other, &["restore", path, &passphrase]);
    assert_eq!(status, Some(0), "{said}");
    let server = start(&mut quickstart(&other));
    server.ask(&other, get(&key));
    drop(server);

    let (status, said) = at(&parent.path().join("nowhere"), &["backup", &format!("{path}2")]);
    assert_eq!(status, Some(1), "{said}");
    assert!(!parent.path().join("nowhere").exists(), "nothing is made");
    let (status, said) = at(&folder, &["backup", path]);
    assert!(status == Some(1) && said.contains("exists"), "{said}");
}

/// Two servers would each know only half of what the other does.
#[test]
fn a_second_server_is_refused() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let (status, said) = at(&folder, &["quickstart", "--listen", "127.0.0.1:0"]);
    assert!(status == Some(1) && said.contains("kmip.db is in use by another server"), "{said}");
    server.answers(&folder);
    // However it ends.
    server.stop("-KILL");
    start(&mut quickstart(&folder)).answers(&folder);
}
