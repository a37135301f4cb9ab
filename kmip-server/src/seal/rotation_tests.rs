use super::*;
use crate::store::sqlite::Sqlite;
use crate::store::{Header, Material, Object};

fn header(identifier: &str) -> Header {
    Header {
        identifier: identifier.into(),
        owner: "alice".into(),
        policy: "default".into(),
        object_type: 2,
        state: Some(1),
        storage: 1,
        due: None,
    }
}

fn insert(store: &dyn Store, seal: &Seal, identifier: &str) {
    let header = header(identifier);
    let sealed = seal.seal_object(&Identity::from(&header), b"attributes", Some(b"key")).unwrap();
    store::transact(store, |tx| tx.insert(&header, &sealed.attributes, sealed.material.as_deref(), &[]))
        .unwrap();
}

fn objects(store: &dyn Store) -> Vec<(Object, Option<Vec<u8>>)> {
    store::read(store, |snapshot| snapshot.objects_after(0, 1000)).unwrap()
}

/// Opens everything; under which data keys it is.
fn opened(store: &dyn Store, seal: &Seal) -> Vec<u32> {
    let mut numbers = Vec::new();
    for (object, material) in objects(store) {
        let identity = Identity::from(&object.header);
        assert_eq!(&seal.open_attributes(&identity, &object.attributes).unwrap()[..], b"attributes");
        let material = material.unwrap();
        assert_eq!(&seal.open_material(&identity, &object.attributes, &material).unwrap()[..], b"key");
        numbers
            .extend([&object.attributes, &material].map(|sealed| keyring::sealed_under(sealed).unwrap().0));
    }
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn wrong(result: Result<Seal, SealError>) -> bool {
    matches!(result, Err(SealError::WrongMasterKey))
}

#[test]
fn the_master_key_is_changed_without_a_moment_at_which_none_opens_the_store() {
    let store = store::open("memory:").unwrap();
    let (old, new, lost) =
        (MasterKey::generate().unwrap(), MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
    let running = Seal::open(&*store, &old).unwrap();
    insert(&*store, &running, "1");
    assert!(matches!(prepare_master(&*store, &new, &old), Err(SealError::WrongMasterKey)));
    // One that was begun and given up leaves nothing behind.
    prepare_master(&*store, &old, &lost).unwrap();
    prepare_master(&*store, &old, &new).unwrap();
    assert!(wrong(Seal::open(&*store, &lost)));
    // The server was restarted in between: either opens it, and the old one changes nothing.
    for _ in 0..2 {
        assert_eq!(opened(&*store, &Seal::open(&*store, &old).unwrap()), [1]);
    }
    let check = |key| store::read(&*store, |snapshot| check(|name| snapshot.setting(name), key));
    assert!(check(&old).is_ok() && check(&new).is_ok() && check(&lost).is_err());
    // The first start with the new one is what makes it the only one.
    assert_eq!(opened(&*store, &Seal::open(&*store, &new).unwrap()), [1]);
    assert!(wrong(Seal::open(&*store, &old)));
    assert!(check(&old).is_err() && check(&new).is_ok());
    assert!(store::read(&*store, |snapshot| snapshot.settings(NEXT)).unwrap().is_empty());
    // The server that has run all the time has noticed nothing.
    insert(&*store, &running, "2");
    assert_eq!(opened(&*store, &running), [1]);
    assert!(matches!(finish_master(&*store, &old), Err(SealError::WrongMasterKey)));
    finish_master(&*store, &new).unwrap();
}

#[test]
fn a_change_whose_second_step_is_missing_can_be_followed_by_another() {
    let store = store::open("memory:").unwrap();
    let keys: Vec<_> = (0..3).map(|_| MasterKey::generate().unwrap()).collect();
    insert(&*store, &Seal::open(&*store, &keys[0]).unwrap(), "1");
    prepare_master(&*store, &keys[0], &keys[1]).unwrap();
    prepare_master(&*store, &keys[1], &keys[2]).unwrap();
    assert!(wrong(Seal::open(&*store, &keys[0])));
    assert_eq!(opened(&*store, &Seal::open(&*store, &keys[1]).unwrap()), [1]);
    assert_eq!(opened(&*store, &Seal::open(&*store, &keys[2]).unwrap()), [1]);
    assert!(wrong(Seal::open(&*store, &keys[1])));
}

#[test]
fn the_data_key_is_changed_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kmip.db");
    let (server, beside) = (Sqlite::open(&path).unwrap(), Sqlite::open(&path).unwrap());
    let master = MasterKey::generate().unwrap();
    let seal = Seal::open(&server, &master).unwrap();
    for number in 0..150 {
        insert(&server, &seal, &number.to_string());
    }
    let purpose = SEALED_SETTINGS[0].1;
    let name = format!("{}x", SEALED_SETTINGS[0].0);
    let note = seal.seal(purpose, &[name.as_bytes()], b"note").unwrap();
    store::transact(&server, |tx| tx.set_setting(&name, Some(&note))).unwrap();
    assert!(seal.reseal(&server).unwrap().is_none(), "there is nothing to do");

    assert_eq!(new_data_key(&beside, &master).unwrap(), Some(2));
    assert_eq!(new_data_key(&beside, &master).unwrap(), None, "one at a time");
    // Until the server has noticed, it goes on as before.
    insert(&server, &seal, "meanwhile");
    let stale = objects(&server).remove(149);
    let first = seal.reseal(&server).unwrap().unwrap();
    assert_eq!((first.done, first.total), (64, 150));
    assert_eq!(progress(&beside).unwrap(), Some(first));
    insert(&server, &seal, "later");
    assert_eq!(opened(&server, &seal), [1, 2]);
    // Someone who has read an object before may write it after: it is the same object.
    let read = objects(&server).remove(100);
    while seal.reseal(&server).unwrap().is_some() {}
    assert_eq!(opened(&server, &seal), [2]);
    let sealed = seal.seal_object(&Identity::from(&read.0.header), b"attributes", Some(b"key")).unwrap();
    let material = sealed.material.unwrap();
    store::transact(&server, |tx| {
        tx.update(&read.0, &read.0.header, &sealed.attributes, Material::Replace(&material), &[])
    })
    .unwrap();
    // What was read before can still be opened.
    assert!(seal.open_attributes(&Identity::from(&stale.0.header), &stale.0.attributes).is_ok());

    let restarted = Seal::open(&server, &master).unwrap();
    assert_eq!(opened(&server, &restarted), [2]);
    let note = store::read(&server, |snapshot| snapshot.setting(&name)).unwrap().unwrap();
    assert_eq!(keyring::sealed_under(&note).unwrap().0, 2);
    assert_eq!(&restarted.open_record(purpose, &[name.as_bytes()], &note).unwrap()[..], b"note");
    assert_eq!(
        store::read(&server, |snapshot| snapshot.settings(KEYS)).unwrap().len(),
        1,
        "the older is gone"
    );
    assert_eq!(progress(&server).unwrap(), None);
    assert_eq!(restarted.blind("Name", b"x").unwrap(), seal.blind("Name", b"x").unwrap());
}

#[test]
fn sealing_anew_goes_on_after_a_restart() {
    let store = store::open("memory:").unwrap();
    let master = MasterKey::generate().unwrap();
    let seal = Seal::open(&*store, &master).unwrap();
    for number in 0..200 {
        insert(&*store, &seal, &number.to_string());
    }
    new_data_key(&*store, &master).unwrap();
    // Each step by a server of its own.
    let mut steps = 0;
    while Seal::open(&*store, &master).unwrap().reseal(&*store).unwrap().is_some() {
        steps += 1;
        opened(&*store, &Seal::open(&*store, &master).unwrap());
    }
    assert_eq!(steps, 4);
    assert_eq!(opened(&*store, &Seal::open(&*store, &master).unwrap()), [2]);
}

#[test]
fn one_change_at_a_time() {
    let store = store::open("memory:").unwrap();
    let (old, new) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
    let seal = Seal::open(&*store, &old).unwrap();
    insert(&*store, &seal, "1");
    prepare_master(&*store, &old, &new).unwrap();
    assert!(matches!(new_data_key(&*store, &old), Err(SealError::Changing)));
    // Who has the new one has it in its place: that is the second step.
    new_data_key(&*store, &new).unwrap();
    assert!(wrong(Seal::open(&*store, &old)));
    // The other way round is no trouble: both data keys go under the new master key.
    let third = MasterKey::generate().unwrap();
    prepare_master(&*store, &new, &third).unwrap();
    while seal.reseal(&*store).unwrap().is_some() {}
    assert_eq!(opened(&*store, &Seal::open(&*store, &third).unwrap()), [2]);
    assert_eq!(store::read(&*store, |snapshot| snapshot.settings(KEYS)).unwrap().len(), 1);
}

#[test]
fn who_was_left_behind_does_not_add_what_nobody_can_open() {
    let store = store::open("memory:").unwrap();
    let master = MasterKey::generate().unwrap();
    let (server, import) = (Seal::open(&*store, &master).unwrap(), Seal::open(&*store, &master).unwrap());
    let is_current = |seal: &Seal| store::read(&*store, |snapshot| seal.check_current(snapshot)).is_ok();
    assert!(is_current(&import));
    new_data_key(&*store, &master).unwrap();
    assert!(is_current(&import), "what it adds now is still sealed anew");
    while server.reseal(&*store).unwrap().is_some() {}
    assert!(!is_current(&import) && is_current(&server));
}

#[test]
fn a_restored_store_may_be_in_the_middle_of_a_change() {
    let store = store::open("memory:").unwrap();
    let (old, new, other) =
        (MasterKey::generate().unwrap(), MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
    insert(&*store, &Seal::open(&*store, &old).unwrap(), "1");
    prepare_master(&*store, &old, &new).unwrap();
    rewrap(&*store, &new, &other).unwrap();
    assert_eq!(opened(&*store, &Seal::open(&*store, &other).unwrap()), [1]);
    assert!(wrong(Seal::open(&*store, &old)) && wrong(Seal::open(&*store, &new)));
}
