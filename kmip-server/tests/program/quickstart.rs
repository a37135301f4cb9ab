//! `kmip-server quickstart`.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use kmip::ttlv::Tag;
use kmip::types::{
    Attribute, AttributeName, AttributeValue, CreateRequest, CryptographicAlgorithm, CryptographicUsageMask,
    GetRequest, ObjectType, TemplateAttribute,
};

use crate::harness::{finished, folder, names, program, quickstart, start};

#[test]
fn a_server_without_any_set_up() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    server.answers(&folder);
    for part in ["ca.crt", "client.crt", "client.key"] {
        let path = folder.join(part);
        assert!(server.greeting.contains(path.to_str().unwrap()), "{}", server.greeting);
    }
    assert!(server.greeting.contains("kmip "), "{}", server.greeting);
    assert!(server.greeting.ends_with(&format!("listening on {}\n", server.address)), "{}", server.greeting);
    assert_eq!(fs::read_to_string(folder.join("server")).unwrap().trim(), server.address);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for name in names(&folder) {
        let mode = fs::metadata(folder.join(&name)).unwrap().permissions().mode() & 0o777;
        let public = name.ends_with(".crt") || name.ends_with(".crl") || name == "server";
        assert_eq!(mode, if public { 0o644 } else { 0o600 }, "{name}");
    }
}

#[test]
fn what_was_kept_is_there_the_next_time() {
    let (_parent, folder) = folder();
    let attribute = |tag, value| Attribute::named(AttributeName::Standard(tag), value);
    let server = start(&mut quickstart(&folder));
    let created = server.ask(
        &folder,
        CreateRequest {
            template_attribute: Some(TemplateAttribute {
                attribute: vec![
                    attribute(
                        Tag::CryptographicAlgorithm,
                        AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES),
                    ),
                    attribute(Tag::CryptographicLength, AttributeValue::CryptographicLength(256)),
                    attribute(
                        Tag::CryptographicUsageMask,
                        AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
                    ),
                ],
                ..TemplateAttribute::default()
            }),
            ..CreateRequest::new(ObjectType::SymmetricKey)
        },
    );
    let get =
        GetRequest { unique_identifier: Some(created.unique_identifier.clone()), ..GetRequest::default() };
    let before = server.ask(&folder, get.clone());
    let (status, log) = server.stop("-TERM");
    assert_eq!(status, Some(0), "{log}");

    let again = start(&mut quickstart(&folder));
    assert!(again.greeting.starts_with("Using what is in "), "{}", again.greeting);
    assert_eq!(again.ask(&folder, get), before);
    assert_eq!(again.stop("-INT").0, Some(0));
}

#[test]
fn memory_keeps_nothing() {
    let (_parent, folder) = folder();
    let server = start(quickstart(&folder).args(["--store", "memory:"]));
    server.answers(&folder);
    assert!(!names(&folder).iter().any(|name| name.contains("db")), "{:?}", names(&folder));
}

#[test]
fn the_folder_is_the_users_own() {
    let (parent, _) = folder();
    for (variable, place) in [("XDG_DATA_HOME", "kmip"), ("HOME", ".local/share/kmip")] {
        let home = parent.path().join(variable);
        let mut command = program();
        command.env_remove("HOME").env(variable, &home).args(["quickstart", "--listen", "127.0.0.1:0"]);
        let server = start(&mut command);
        server.answers(&home.join(place));
        assert!(server.greeting.contains("\n  kmip create"), "{}", server.greeting);
    }
    let nowhere = program().env_remove("HOME").arg("quickstart").output().unwrap();
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8(nowhere.stderr).unwrap().contains("--directory"));
}

#[test]
fn a_configuration_may_say_more() {
    let (parent, folder) = folder();
    let config = parent.path().join("more.toml");
    fs::write(&config, "store = 'own.db'\n[limits]\nconnections = 1\n[log]\nlevel = 'debug'\n").unwrap();
    let server = start(quickstart(&folder).arg("--config").arg(&config));
    server.answers(&folder);
    assert!(parent.path().join("own.db").exists());
    assert!(!folder.join("kmip.db").exists());
    let (_, log) = server.stop("-TERM");
    assert!(log.contains("connected"), "{log}");
}

#[test]
fn what_keeps_it_from_starting_is_said() {
    let (_parent, folder) = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = folder.to_str().unwrap();
    let (status, said) = finished(&["quickstart", "--directory", directory, "--listen", &address]);
    assert_eq!(status, Some(1));
    assert!(said.contains(&address) && said.contains("in use"), "{said}");

    // That start has made everything, the database included.
    fs::remove_file(folder.join("master.key")).unwrap();
    let (status, said) = finished(&["quickstart", "--directory", directory]);
    assert_eq!(status, Some(1));
    assert!(said.contains("master.key") && said.contains("kmip.db"), "{said}");
    assert!(!folder.join("master.key").exists());

    let digits = "0123456789abcdef".repeat(4);
    fs::write(folder.join("master.key"), &digits).unwrap();
    fs::set_permissions(folder.join("master.key"), fs::Permissions::from_mode(0o600)).unwrap();
    let (status, said) = finished(&["quickstart", "--directory", directory]);
    assert_eq!(status, Some(1));
    assert!(said.contains("master key") && !said.contains(&digits), "{said}");
}

#[test]
fn no_key_is_logged() {
    let (parent, folder) = folder();
    let config = parent.path().join("trace.toml");
    fs::write(&config, "[log]\nlevel = 'trace'\n").unwrap();
    let server = start(quickstart(&folder).arg("--config").arg(&config));
    server.answers(&folder);
    let greeting = server.greeting.clone();
    let (_, log) = server.stop("-TERM");
    let master = fs::read_to_string(folder.join("master.key")).unwrap();
    assert!(!log.contains(master.trim()) && !greeting.contains(master.trim()));
    for name in ["ca.key", "server.key", "client.key"] {
        let key = fs::read_to_string(folder.join(name)).unwrap();
        let line = key.lines().nth(1).unwrap();
        assert!(!log.contains(line) && !greeting.contains(line), "{name}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_process_leaves_no_picture_of_its_memory() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let limit = |name: &str| -> Vec<String> {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().take(2).map(str::to_owned).collect()
    };
    assert_eq!(limit("Max core file size"), ["0", "0"]);
    let files = limit("Max open files");
    assert_eq!(files[0], files[1]);
}
