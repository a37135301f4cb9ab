//! What the log says, and where.

use std::fs;

use crate::harness::{create, exchange, folder, get, quickstart, start};

#[test]
fn messages_at_debug_level_in_a_file_without_secrets() {
    let (parent, folder) = folder();
    let file = parent.path().join("log/server.log");
    let server = start(quickstart(&folder).args(["--log-level", "DEBUG", "--log-file"]).arg(&file));
    let mut stream = server.connect(&folder);
    let key = create(&mut stream, "default");
    let item = exchange(&mut stream, get(&key), None);
    assert!(format!("{item:?}").contains("KeyBlock"));
    let (status, rest) = server.stop("-TERM");
    assert_eq!((status, &*rest), (Some(0), ""));
    let log = fs::read_to_string(&file).unwrap();
    for part in ["kmip_server::messages", "Cryptographic Length", "KeyMaterial", "Operation Policy Name"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    let material = log.lines().find(|line| line.contains("KeyMaterial")).unwrap();
    assert!(material.contains("hidden") || material.contains("bytes"), "{material}");
}

#[test]
fn as_json() {
    let (_parent, folder) = folder();
    let server = start(quickstart(&folder).args(["--log-format", "json"]));
    server.answers(&folder);
    let (_, log) = server.stop("-TERM");
    assert!(!log.is_empty());
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(entry["level"].is_string() && entry["fields"]["message"].is_string(), "{line}");
    }
}

#[test]
fn the_least_is_logged_at_critical() {
    let (_parent, folder) = folder();
    let server = start(quickstart(&folder).args(["--log-level", "CRITICAL"]));
    server.answers(&folder);
    assert_eq!(server.stop("-TERM"), (Some(0), String::new()));
}
