use std::os::unix::fs::PermissionsExt;
use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::thread;

use super::*;
use crate::store::{Header, Query, Visibility, read, transact};

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

fn identifiers(store: &Sqlite) -> Vec<String> {
    let query = Query::new(Visibility::Everything);
    read(store, |snapshot| snapshot.locate(&query)).unwrap().identifiers
}

#[test]
fn what_was_acknowledged_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kmip.db");
    let store = Sqlite::open(&path).unwrap();
    transact(&store, |tx| tx.insert(&header("a"), b"attributes", Some(b"material"), &[])).unwrap();
    // A copy taken without closing the store is what a crash leaves: the log holds the commit.
    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(folder.path().join("kmip.db-wal"), folder.path().join("copy.db-wal")).unwrap();
    assert_eq!(identifiers(&Sqlite::open(&copy).unwrap()), ["a"]);
    drop(store);
    assert_eq!(identifiers(&Sqlite::open(&path).unwrap()), ["a"]);
}

#[test]
fn commits_are_synced_and_what_is_deleted_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("kmip.db")).unwrap();
    store.writer.with_connection(|connection| {
        let pragma = |name: &str| -> i64 {
            connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).unwrap()
        };
        assert_eq!((pragma("synchronous"), pragma("secure_delete")), (2, 1));
    });
}

#[test]
fn the_files_are_the_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kmip.db");
    let store = Sqlite::open(&path).unwrap();
    transact(&store, |tx| tx.insert(&header("a"), b"", None, &[])).unwrap();
    for name in ["kmip.db", "kmip.db-wal", "kmip.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn writers_that_wait_share_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("kmip.db")).unwrap();
    let before = store.commits();
    let followers = 10;
    let (entered, holding) = channel();
    let (release, released) = channel::<()>();
    thread::scope(|scope| {
        let store = &store;
        scope.spawn(move || {
            transact(store, |tx| {
                tx.insert(&header("first"), b"", None, &[])?;
                entered.send(()).unwrap();
                released.recv().unwrap();
                Ok::<_, StoreError>(())
            })
            .unwrap();
        });
        holding.recv().unwrap();
        for n in 0..followers {
            scope.spawn(move || {
                let result = transact(store, |tx| {
                    tx.insert(&header(&format!("{n}")), b"", None, &[])?;
                    if n == 3 { Err(StoreError::Conflict) } else { Ok(()) }
                });
                assert_eq!(result.is_err(), n == 3);
            });
        }
        while store.writer.waiting() < followers {
            thread::yield_now();
        }
        release.send(()).unwrap();
    });
    assert_eq!(identifiers(&store).len(), followers);
    assert_eq!(store.commits() - before, 1, "one commit for all eleven");
}

#[test]
fn readers_see_what_is_committed_while_a_writer_works() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("kmip.db")).unwrap();
    let (inserted, go_on) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            transact(&store, |tx| {
                tx.insert(&header("a"), b"", None, &[])?;
                inserted.wait();
                go_on.wait();
                Ok::<_, StoreError>(())
            })
            .unwrap();
        });
        inserted.wait();
        assert_eq!(identifiers(&store), Vec::<String>::new());
        go_on.wait();
    });
    assert_eq!(identifiers(&store), ["a"]);
}

#[test]
fn a_snapshot_does_not_move() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("kmip.db")).unwrap();
    store
        .read(&mut |snapshot| {
            assert!(snapshot.is_empty()?);
            thread::scope(|scope| {
                scope.spawn(|| transact(&store, |tx| tx.insert(&header("a"), b"", None, &[])).unwrap());
            });
            assert!(snapshot.is_empty()?);
            Ok(())
        })
        .unwrap();
    assert_eq!(identifiers(&store), ["a"]);
}

#[test]
fn failures_alone_commit_nothing() {
    let store = Sqlite::memory().unwrap();
    let before = store.commits();
    for _ in 0..3 {
        let result = transact(&store, |tx| {
            tx.insert(&header("a"), b"", None, &[])?;
            Err::<(), _>(StoreError::Conflict)
        });
        assert!(matches!(result, Err(StoreError::Conflict)));
    }
    assert_eq!(store.commits(), before);
    assert_eq!(identifiers(&store), Vec::<String>::new());
}

#[test]
fn a_full_database_is_an_error_and_the_store_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kmip.db");
    let store = Sqlite::open(&path).unwrap();
    transact(&store, |tx| tx.insert(&header("small"), b"", None, &[])).unwrap();
    store.writer.with_connection(|connection| {
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        connection.pragma_update(None, "max_page_count", pages + 2).unwrap();
    });
    let large = vec![0; 100_000];
    let result = transact(&store, |tx| tx.insert(&header("large"), &large, None, &[]));
    assert!(matches!(result, Err(StoreError::Full)), "{result:?}");
    assert_eq!(identifiers(&store), ["small"]);
    transact(&store, |tx| tx.set_setting("a", Some(b"b"))).unwrap();
}

#[test]
fn addresses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    for address in [format!("sqlite:{path}/a.db"), format!("sqlite://{path}/a.db"), format!("{path}/a.db")] {
        crate::store::open(&address).unwrap();
    }
    let refusal = |address: &str| crate::store::open(address).err().unwrap().to_string();
    assert!(refusal("mysql://host/db").contains("the store mysql: is not known"));
    assert!(refusal("sqlite:").contains("names no file"));
    assert!(refusal(&format!("{path}/absent/a.db")).contains("No such file"));
}
