use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::store::transact;

const IDENTITY: Identity<'static> = Identity {
    identifier: "1",
    owner: "alice",
    policy: "default",
    object_type: 2,
    state: Some(1),
    storage: 1,
};

fn seal() -> Seal {
    let store = crate::store::open("memory:").unwrap();
    Seal::open(&*store, &MasterKey::generate().unwrap()).unwrap()
}

fn is_tampered<T>(result: Result<T, SealError>) -> bool {
    matches!(result, Err(SealError::Tampered | SealError::UnknownKey(_)))
}

#[test]
fn a_record_opens_for_its_own_identity_alone() {
    let seal = seal();
    let sealed = seal.seal_object(&IDENTITY, b"attributes", Some(b"key")).unwrap();
    for other in [
        Identity { identifier: "2", ..IDENTITY },
        Identity { owner: "mallory", ..IDENTITY },
        Identity { policy: "public", ..IDENTITY },
        Identity { object_type: 3, ..IDENTITY },
        Identity { state: Some(2), ..IDENTITY },
        Identity { state: None, ..IDENTITY },
        Identity { storage: 2, ..IDENTITY },
        Identity { identifier: "1a", owner: "lice", ..IDENTITY },
    ] {
        assert!(is_tampered(seal.open_attributes(&other, &sealed.attributes)), "{other:?}");
    }
    let stateless = |state| Identity { state, ..IDENTITY };
    let none = seal.seal_object(&stateless(None), b"a", None).unwrap();
    assert!(is_tampered(seal.open_attributes(&stateless(Some(0)), &none.attributes)));
}

#[test]
fn every_changed_byte_is_noticed() {
    let seal = seal();
    let sealed = seal.seal_object(&IDENTITY, b"attributes", Some(b"key")).unwrap();
    let material = sealed.material.unwrap();
    for place in 0..sealed.attributes.len() {
        let mut changed = sealed.attributes.clone();
        changed[place] ^= 1;
        assert!(is_tampered(seal.open_attributes(&IDENTITY, &changed)), "{place}");
        assert!(is_tampered(seal.open_material(&IDENTITY, &changed, &material)), "{place}");
        assert!(is_tampered(seal.open_attributes(&IDENTITY, &sealed.attributes[..place])), "{place}");
    }
    for place in 0..material.len() {
        let mut changed = material.clone();
        changed[place] ^= 1;
        assert!(is_tampered(seal.open_material(&IDENTITY, &sealed.attributes, &changed)), "{place}");
    }
}

#[test]
fn records_cannot_be_exchanged() {
    let seal = seal();
    let first = seal.seal_object(&IDENTITY, b"one", Some(b"key")).unwrap();
    let second = seal.seal_object(&IDENTITY, b"one", Some(b"key")).unwrap();
    let (key, other) = (first.material.unwrap(), second.material.unwrap());
    assert!(seal.open_material(&IDENTITY, &first.attributes, &key).is_ok());
    assert!(is_tampered(seal.open_material(&IDENTITY, &first.attributes, &other)));
    assert!(is_tampered(seal.open_material(&IDENTITY, &second.attributes, &key)));
    assert!(is_tampered(seal.open_attributes(&IDENTITY, &key)));
    let moved = Identity { identifier: "2", ..IDENTITY };
    assert!(is_tampered(seal.open_material(&moved, &first.attributes, &key)));
}

#[test]
fn nothing_is_stored_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kmip.db");
    let store = crate::store::open(path.to_str().unwrap()).unwrap();
    let master = MasterKey::generate().unwrap();
    let seal = Seal::open(&*store, &master).unwrap();
    let secret = b"a very secret key of some length";
    let sealed = seal.seal_object(&IDENTITY, b"private attribute", Some(secret)).unwrap();
    let header = Header {
        identifier: "1".into(),
        owner: "alice".into(),
        policy: "default".into(),
        object_type: 2,
        state: Some(1),
        storage: 1,
        due: None,
    };
    transact(&*store, |tx| tx.insert(&header, &sealed.attributes, sealed.material.as_deref(), &[])).unwrap();
    drop(store);
    let file = fs::read(&path).unwrap();
    let has = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    assert!(has(b"alice"));
    let data_keys: Vec<_> = seal.keys().exposed();
    for needle in [&secret[..], b"private attribute", master.key().expose()] {
        assert!(!has(needle));
    }
    assert!(data_keys.iter().all(|key| !has(key)));
}

#[test]
fn the_same_master_key_opens_the_store_again_and_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("kmip.db").display().to_string();
    let master = MasterKey::generate().unwrap();
    let sealed = {
        let store = crate::store::open(&address).unwrap();
        Seal::open(&*store, &master).unwrap().seal_object(&IDENTITY, b"a", None).unwrap()
    };
    let store = crate::store::open(&address).unwrap();
    let seal = Seal::open(&*store, &master).unwrap();
    assert_eq!(&seal.open_attributes(&IDENTITY, &sealed.attributes).unwrap()[..], b"a");
    assert_eq!(seal.blind("Name", b"x").unwrap(), seal.blind("Name", b"x").unwrap());
    assert_ne!(seal.blind("Name", b"x").unwrap(), seal.blind("Nam", b"ex").unwrap());
    let refused = Seal::open(&*store, &MasterKey::generate().unwrap());
    assert!(matches!(refused, Err(SealError::WrongMasterKey)));
}

#[test]
fn tampered_and_missing_data_keys_are_refused() {
    let master = MasterKey::generate().unwrap();
    let change = |name: &'static str, change: fn(&mut Vec<u8>) -> bool| {
        let store = crate::store::open("memory:").unwrap();
        Seal::open(&*store, &master).unwrap();
        transact(&*store, |tx| {
            let mut value = tx.setting(name)?.unwrap();
            let keep = change(&mut value);
            tx.set_setting(name, keep.then_some(&value[..]))
        })
        .unwrap();
        Seal::open(&*store, &master).unwrap_err()
    };
    let flip = |value: &mut Vec<u8>| {
        value[20] ^= 1;
        true
    };
    let remove = |_: &mut Vec<u8>| false;
    assert!(matches!(change("seal.key.0000000001", flip), SealError::KeyTampered(_)));
    assert!(matches!(change("seal.blind", flip), SealError::KeyTampered(_)));
    assert!(matches!(change("seal.check", flip), SealError::WrongMasterKey));
    assert!(matches!(change("seal.key.0000000001", remove), SealError::KeysMissing));
    assert!(matches!(change("seal.check", remove), SealError::KeysMissing));
}

#[test]
fn the_key_file_must_be_a_key_of_the_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let write = |content: &[u8], mode| {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let load = || KeyFile::new(&path).load();
    let refusal = || load().unwrap_err().to_string();
    assert!(refusal().contains("No such file"), "{}", refusal());
    let key = MasterKey::generate().unwrap();
    write(&key.to_text(), 0o600);
    assert_eq!(load().unwrap().key().expose(), key.key().expose());
    write(key.key().expose(), 0o400);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(load().unwrap().key().expose(), key.key().expose());
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(refusal().contains("others than its owner may use it"), "{}", refusal());
    }
    for content in [&b""[..], b"abc", &[b'g'; 64], &[b'0'; 63], &[b'0'; 66], &[b'0'; 1000]] {
        write(content, 0o600);
        assert!(refusal().contains("32 bytes, or 64 hexadecimal digits"), "{}", refusal());
    }
    assert_eq!(format!("{key:?}"), "MasterKey(redacted)");
}

#[test]
fn a_key_file_is_made_for_its_owner_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = KeyFile::new(folder.path().join("master.key"));
    let made = file.create().unwrap();
    assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(file.load().unwrap().key().expose(), made.key().expose());
    assert!(file.create().unwrap_err().to_string().contains("exists"));
    assert_eq!(file.load().unwrap().key().expose(), made.key().expose());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
