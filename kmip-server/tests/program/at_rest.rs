//! What a server leaves on the disk while it runs and when it is killed: no key, in no form that it could be found in.

use std::fs;
use std::path::Path;

use kmip::types::*;
use openssl::base64::encode_block;

use crate::harness::{exchange, finished, folder, quickstart, start};

/// A secret in the forms in which it could be written down.
fn forms(name: &str, secret: &[u8]) -> Vec<(String, Vec<u8>)> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let spaced: Vec<String> = secret.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let numbers: Vec<String> = secret.iter().take(8).map(ToString::to_string).collect();
    let reversed: Vec<u8> = secret.iter().rev().copied().collect();
    let half = secret.len() / 2;
    let mut forms = vec![
        ("bytes", secret[..half].to_vec()),
        ("bytes", secret[half..].to_vec()),
        ("reversed", reversed),
        ("hexadecimal", hex.as_bytes()[..half].to_vec()),
        ("hexadecimal", hex.as_bytes()[half..].to_vec()),
        ("HEXADECIMAL", hex.to_uppercase().as_bytes()[..half].to_vec()),
        ("spaced", spaced.join(" ").into_bytes()),
        ("numbers", numbers.join(", ").into_bytes()),
    ];
    // In the middle of something else, base64 depends on where in a group of three bytes it begins.
    for before in 0..3 {
        let text = encode_block(&[&vec![0; before], secret].concat());
        let end = text.trim_end_matches('=').len() - 2;
        forms.push(("base64", text.as_bytes()[4..end].to_vec()));
    }
    forms.into_iter().map(|(form, bytes)| (format!("{name} as {form}"), bytes)).collect()
}

/// Whether a file below a folder has one of these in it; those files whose very purpose it is are left out.
fn search(folder: &Path, needles: &[(String, Vec<u8>)], but: &[&str]) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if but.contains(&&*name) {
            continue;
        }
        let bytes = fs::read(entry.path()).unwrap();
        files += 1;
        for (what, needle) in needles {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{what} is in {name}");
        }
    }
    files
}

fn symmetric_key(material: &[u8]) -> RegisterRequest {
    let value = PlaintextKeyValue::new(KeyMaterial::ByteString(material.to_vec().into()));
    let block = KeyBlock {
        key_value: Some(KeyValue::Plaintext(value.into())),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        ..KeyBlock::new(KeyFormatType::Raw)
    };
    let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    let set: AttributeSet = [AttributeValue::CryptographicUsageMask(mask)].into_iter().collect();
    RegisterRequest {
        template_attribute: Some(set.to_template_attribute()),
        object: Some(ManagedObject::SymmetricKey(SymmetricKey::new(block).into())),
        ..RegisterRequest::new(ObjectType::SymmetricKey)
    }
}

/// The bytes of a key that the server has made.
fn bytes_of(object: ManagedObject) -> Vec<u8> {
    let ManagedObject::SymmetricKey(key) = object else { panic!("{object:?}") };
    match key.key_block.key_value {
        Some(KeyValue::Plaintext(value)) => match &value.key_material {
            KeyMaterial::ByteString(bytes) => bytes.expose().to_vec(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_key_is_on_the_disk() {
    let (parent, folder) = folder();
    let log = folder.join("server.log");
    let server = start(quickstart(&folder).args(["--log-level", "DEBUG", "--log-file"]).arg(&log));
    let mut stream = server.connect(&folder);

    let mut given = vec![0; 32];
    openssl::rand::rand_bytes(&mut given).unwrap();
    let registered = server.ask(&folder, symmetric_key(&given)).unique_identifier;
    let created = crate::harness::create(&mut stream, "default");
    let made = bytes_of(server.ask(&folder, crate::harness::get(&created)).object);
    assert_eq!(bytes_of(server.ask(&folder, crate::harness::get(&registered)).object), given);
    // A third is destroyed before anyone looks.
    let mut gone = vec![0; 32];
    openssl::rand::rand_bytes(&mut gone).unwrap();
    let destroyed = server.ask(&folder, symmetric_key(&gone)).unique_identifier;
    server.ask(&folder, DestroyRequest { unique_identifier: Some(destroyed), ..DestroyRequest::new() });
    // What is refused is logged, too.
    let refused = RegisterRequest { object_type: ObjectType::Certificate, ..symmetric_key(&given) };
    let item = exchange(&mut stream, refused, None);
    assert_eq!(item.result_status, ResultStatus::OperationFailed);
    let backup = folder.join("backup");
    let at = ["--directory", folder.to_str().unwrap()];
    for command in [&["backup", backup.to_str().unwrap()][..], &["rotate-data-key"]] {
        let (status, said) = finished(&[command, &at].concat());
        assert_eq!(status, Some(0), "{said}");
    }

    let master = fs::read_to_string(folder.join("master.key")).unwrap();
    let master: Vec<u8> =
        (0..32).map(|place| u8::from_str_radix(&master[2 * place..2 * place + 2], 16).unwrap()).collect();
    let mut needles = Vec::new();
    for (name, secret) in [
        ("a registered key", &given),
        ("a created key", &made),
        ("a destroyed key", &gone),
        ("the master key", &master),
    ] {
        needles.extend(forms(name, secret));
    }
    let running = search(&folder, &needles, &["master.key"]);
    server.stop("-KILL");
    let killed = search(&folder, &needles, &["master.key"]);
    assert!(running >= 6 && killed >= 6, "{running} {killed}");
    for file in ["kmip.db", "kmip.db-wal", "server.log", "backup"] {
        assert!(folder.join(file).metadata().unwrap().len() > 1000, "{file}");
    }

    // That they would have been found.
    let found = |needles: &[(String, Vec<u8>)]| {
        let folder = parent.path().join("found");
        fs::create_dir_all(&folder).unwrap();
        let text = format!("{}{}", encode_block(&[&b"12"[..], &given].concat()), "x");
        fs::write(folder.join("text"), text).unwrap();
        std::panic::catch_unwind(|| search(&folder, needles, &[])).is_err()
    };
    assert!(found(&needles));
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.contains("KeyMaterial"), "messages are logged at this level");
}

#[test]
fn no_picture_of_its_memory_is_left_and_none_of_it_is_swapped_out() {
    let (_parent, folder) = folder();
    let server = start(quickstart(&folder).args(["--log-level", "DEBUG"]));
    let about = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", server.id())).unwrap();
    let limits = about("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth_back(2), Some("0"), "{core}");
    let locked = about("status");
    let locked = locked.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap().trim().to_owned();
    let (_, log) = server.stop("-TERM");
    // Where it isn't allowed, that is said.
    let is_locked = !locked.starts_with("0 ");
    assert_eq!(is_locked, log.contains("memory is locked"), "{locked} {log}");
    assert_ne!(is_locked, log.contains("memory is not locked"), "{locked} {log}");
}
