//! Databases that are damaged or cut off, and clocks that go backwards: an error or all that was there, never something else.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use kmip::ttlv::Tag;
use kmip::types::*;
use kmip_server::engine::{Engine, Settings};
use kmip_server::seal::{MasterKey, Seal};
use kmip_server::store;

use crate::harness::*;

fn try_open(path: &Path, master: &MasterKey) -> Option<Server> {
    let store = store::open(path.to_str().unwrap()).ok()?;
    let seal = Arc::new(Seal::open(&*store, master).ok()?);
    Some(Server(Engine::new(store, seal, Settings::default()).with_clock(now)))
}

fn names_of(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("key {number}"))
}

#[test]
fn damaged_pages_never_give_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let (path, damaged) = (folder.path().join("sound.db"), folder.path().join("damaged.db"));
    let master = MasterKey::generate().unwrap();
    let server = try_open(&path, &master).unwrap();
    let keys: Vec<_> = names_of(30).map(|key| server.create(V1_4, [name(&key)])).collect();
    let sound: Vec<_> =
        keys.iter().map(|key| (server.get(V1_4, key).unwrap(), server.attributes(V1_4, key))).collect();
    drop(server);
    let bytes = fs::read(&path).unwrap();
    let (mut refused, mut opened) = (0, 0);
    // Every now and then a byte, at odd places in all pages.
    for place in (0..bytes.len()).step_by(2_801) {
        let mut bytes = bytes.clone();
        bytes[place] ^= 0x5A;
        fs::write(&damaged, &bytes).unwrap();
        let Some(server) = try_open(&damaged, &master) else {
            refused += 1;
            continue;
        };
        for (key, (got, attributes)) in keys.iter().zip(&sound) {
            match server.get(V1_4, key) {
                Ok(found) => {
                    assert_eq!(&found, got, "byte {place}");
                    opened += 1;
                }
                Err(failed) => {
                    let expected = [ResultReason::GeneralFailure, ResultReason::ItemNotFound];
                    assert!(expected.contains(&failed.reason), "byte {place}: {failed:?}");
                    refused += 1;
                }
            }
            if let Ok(found) = server.attributes_named(V1_4, key, &[]) {
                assert_eq!(&found, attributes, "byte {place}");
            }
        }
        drop(server);
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(folder.path().join(format!("damaged.db{end}")));
        }
    }
    assert!(refused > 5 && opened > 20, "{refused} {opened}");
}

/// What a crash leaves of the log is a beginning of it.
#[test]
fn a_log_that_is_cut_off_holds_whole_changes_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.db");
    let master = MasterKey::generate().unwrap();
    let server = try_open(&path, &master).unwrap();
    let keys: Vec<_> = names_of(12)
        .map(|key| {
            let made = server.create(V1_4, [name(&key)]);
            server.activate(V1_4, &made).unwrap();
            made
        })
        .collect();
    // While the server has it open, so that the log is there.
    let (database, log) = (fs::read(&path).unwrap(), fs::read(folder.path().join("whole.db-wal")).unwrap());
    assert!(log.len() > 50_000, "{}", log.len());
    let mut counts = Vec::new();
    for length in (0..log.len()).step_by(7_900).chain([log.len()]) {
        for torn in [false, true] {
            let place = folder.path().join(format!("{length}-{torn}.db"));
            let mut cut = log[..length].to_vec();
            if torn {
                // A block that was about to be written.
                cut.extend([0x77; 3_000]);
            }
            fs::write(&place, &database).unwrap();
            fs::write(place.with_extension("db-wal"), cut).unwrap();
            let Some(server) = try_open(&place, &master) else {
                // So early that there are no data keys yet.
                assert!(counts.iter().all(|count| *count == 0), "at {length}");
                continue;
            };
            let there = keys.iter().take_while(|key| server.get(V1_4, key).is_ok()).count();
            assert!(keys[there..].iter().all(|key| server.get(V1_4, key).is_err()), "at {length}");
            for (number, key) in keys[..there].iter().enumerate() {
                let state = server.state(key);
                // The last may have been made and not yet activated.
                let expected = state == State::Active || (number + 1 == there && state == State::PreActive);
                assert!(expected, "at {length}: {state}");
                let found = server.locate(V1_4, set([name(&format!("key {number}"))])).unwrap();
                assert_eq!(&found, std::slice::from_ref(key));
            }
            assert_eq!(server.locate(V1_4, AttributeSet::new()).unwrap().len(), there, "at {length}");
            counts.push(there);
        }
    }
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!(counts.last(), Some(&12), "{counts:?}");
}

#[test]
fn a_clock_that_goes_backwards_undoes_nothing() {
    let server = server();
    for version in ALL {
        let begin = now();
        let key = server.create(*version, [name("of the future")]);
        server.activate(*version, &key).unwrap();
        let soon =
            server.create(*version, [AttributeValue::ActivationDate(kmip::ttlv::DateTime(begin.0 + 5))]);
        wait(10);
        assert_eq!(server.state(&soon), State::Active, "its time has come");
        let gone = server.create(*version, []);
        server.destroy(*version, &gone).unwrap();

        wait(-100_000);
        assert_eq!(server.state(&key), State::Active);
        assert_eq!(server.state(&gone), State::Destroyed);
        server.get(*version, &key).unwrap();
        assert!(server.get(*version, &gone).is_err());
        assert!(server.locate(*version, set([name("of the future")])).unwrap().contains(&key));
        // It goes on: changes, and what is made anew.
        server.revoke(*version, &key, RevocationReasonCode::Superseded).unwrap();
        assert_eq!(server.state(&key), State::Deactivated);
        server.destroy(*version, &key).unwrap();
        let other = server.create(*version, []);
        server.activate(*version, &other).unwrap();
        assert_eq!(server.state(&other), State::Active);
        let attributes = server.attributes(*version, &other);
        assert_eq!(attributes.get(Tag::InitialDate), Some(&AttributeValue::InitialDate(now())));
        wait(100_000);
        assert_eq!(server.state(&key), State::Destroyed);
        assert_eq!(server.state(&other), State::Active);
    }
}
