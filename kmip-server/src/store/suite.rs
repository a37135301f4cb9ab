//! What every store must do, whatever it is made of. Run on each implementation.

use std::sync::Barrier;
use std::thread;

use super::*;

/// A store on disk and one in memory.
fn stores() -> Vec<(Arc<dyn Store>, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("kmip.db").display().to_string();
    vec![(open("memory:").unwrap(), None), (open(&address).unwrap(), Some(folder))]
}

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

fn text(attribute: &str, value: &str) -> IndexEntry {
    IndexEntry::new(attribute, IndexValue::Text(value.into()))
}

fn number(attribute: &str, value: i64) -> IndexEntry {
    IndexEntry::new(attribute, IndexValue::Integer(value))
}

fn insert(store: &dyn Store, header: &Header, index: &[IndexEntry]) -> u64 {
    transact(store, |tx| tx.insert(header, b"attributes", Some(b"material"), index)).unwrap()
}

fn object(store: &dyn Store, identifier: &str) -> Option<(Object, Option<Vec<u8>>)> {
    read(store, |snapshot| snapshot.object_with_material(identifier)).unwrap()
}

fn locate(store: &dyn Store, query: &Query) -> Vec<String> {
    read(store, |snapshot| snapshot.locate(query)).unwrap().identifiers
}

fn all(conditions: Vec<Condition>) -> Query {
    Query { conditions, ..Query::new(Visibility::Everything) }
}

#[test]
fn objects_come_back_as_they_were_put() {
    for (store, _folder) in &stores() {
        assert!(read(&**store, |snapshot| snapshot.is_empty()).unwrap());
        let header =
            Header { state: None, due: Some(-5), owner: "\u{e9}\u{0}".into(), ..header("sp ace/ü") };
        let sequence = insert(&**store, &header, &[]);
        let (found, material) = object(&**store, "sp ace/ü").unwrap();
        assert_eq!(found.header, header);
        assert_eq!((found.sequence, found.revision), (sequence, 0));
        assert_eq!(found.attributes, b"attributes");
        assert_eq!(material.as_deref(), Some(&b"material"[..]));
        assert_eq!(read(&**store, |snapshot| snapshot.object("sp ace/ü")).unwrap(), Some(found));
        assert_eq!(object(&**store, "absent"), None);
        assert!(!read(&**store, |snapshot| snapshot.is_empty()).unwrap());
    }
}

#[test]
fn identifiers_are_unique_and_later_objects_come_later() {
    for (store, _folder) in &stores() {
        let first = insert(&**store, &header("a"), &[]);
        let second = insert(&**store, &header("b"), &[]);
        assert!(second > first);
        let again = transact(&**store, |tx| tx.insert(&header("a"), b"", None, &[]));
        assert!(matches!(again, Err(StoreError::Exists)));
    }
}

#[test]
fn updates_replace_wipe_or_keep_the_material() {
    for (store, _folder) in &stores() {
        insert(&**store, &header("a"), &[text("Name", "old"), text("Group", "g")]);
        let update = |material, index: &[IndexEntry]| {
            transact(&**store, |tx| {
                let object = tx.object("a")?.ok_or(StoreError::Conflict)?;
                let header = Header { state: Some(2), due: Some(7), ..object.header.clone() };
                tx.update(&object, &header, b"new", material, index)
            })
            .unwrap();
            object(&**store, "a").unwrap()
        };
        let index = [text("Name", "new"), text("Group", "g"), text("Group", "g")];
        let (found, material) = update(Material::Keep, &index);
        assert_eq!((found.revision, found.header.state, found.header.due), (1, Some(2), Some(7)));
        assert_eq!(found.attributes, b"new");
        assert_eq!(material.as_deref(), Some(&b"material"[..]));
        let named = |name: &str| {
            let value = IndexValue::Text(name.into());
            locate(&**store, &all(vec![Condition::Equals { attribute: "Name".into(), value }])).len()
        };
        assert_eq!((named("old"), named("new")), (0, 1));
        assert_eq!(update(Material::Replace(b"other"), &index).1.as_deref(), Some(&b"other"[..]));
        assert_eq!(update(Material::Wipe, &[]).1, None);
        assert_eq!(named("new"), 0);
    }
}

#[test]
fn an_update_of_something_stale_is_refused() {
    for (store, _folder) in &stores() {
        insert(&**store, &header("a"), &[]);
        let (stale, _) = object(&**store, "a").unwrap();
        let update = || transact(&**store, |tx| tx.update(&stale, &stale.header, b"", Material::Keep, &[]));
        update().unwrap();
        assert!(matches!(update(), Err(StoreError::Conflict)));
    }
}

#[test]
fn an_error_undoes_the_closure_and_only_that() {
    #[derive(Debug)]
    enum Failure {
        Mine,
        Store,
    }
    impl From<StoreError> for Failure {
        fn from(_: StoreError) -> Self {
            Self::Store
        }
    }
    for (store, _folder) in &stores() {
        insert(&**store, &header("kept"), &[]);
        let result = transact(&**store, |tx| {
            tx.insert(&header("undone"), b"", None, &[text("Name", "n")])?;
            assert!(tx.object("undone")?.is_some());
            Err::<(), _>(Failure::Mine)
        });
        assert!(matches!(result, Err(Failure::Mine)));
        let result =
            transact(&**store, |tx| tx.insert(&header("kept"), b"", None, &[]).map_err(Failure::from));
        assert!(matches!(result, Err(Failure::Store)));
        assert!(object(&**store, "kept").is_some());
        assert!(object(&**store, "undone").is_none());
        assert_eq!(locate(&**store, &all(vec![])), ["kept"]);
    }
}

#[test]
fn savepoints_nest() {
    for (store, _folder) in &stores() {
        transact(&**store, |tx| {
            tx.insert(&header("outer"), b"", None, &[])?;
            let inner = savepoint(tx, |tx| {
                tx.insert(&header("inner"), b"", None, &[])?;
                savepoint(tx, |tx| tx.insert(&header("innermost"), b"", None, &[]))?;
                savepoint(tx, |tx| tx.insert(&header("outer"), b"", None, &[]))
            });
            assert!(matches!(inner, Err(StoreError::Exists)));
            savepoint(tx, |tx| tx.insert(&header("second"), b"", None, &[]))
        })
        .unwrap();
        assert_eq!(locate(&**store, &all(vec![])), ["second", "outer"]);
    }
}

#[test]
fn a_panic_undoes_its_closure_and_the_store_goes_on() {
    for (store, _folder) in &stores() {
        let panicking = thread::scope(|scope| {
            let run = scope.spawn(|| {
                store.transact(&mut |tx| {
                    tx.insert(&header("lost"), b"", None, &[])?;
                    std::panic::resume_unwind(Box::new("on purpose"))
                })
            });
            run.join()
        });
        assert!(panicking.is_err());
        insert(&**store, &header("after"), &[]);
        assert_eq!(locate(&**store, &all(vec![])), ["after"]);
    }
}

#[test]
fn a_store_inside_a_store_is_refused_instead_of_waiting_for_itself() {
    for (store, _folder) in &stores() {
        let nested = store.read(&mut |_| store.transact(&mut |_| Ok(())));
        assert!(matches!(nested, Err(StoreError::Nested)));
        let nested = store.transact(&mut |_| store.read(&mut |_| Ok(())));
        assert!(matches!(nested, Err(StoreError::Nested)));
        store.transact(&mut |_| Ok(())).unwrap();
    }
}

#[test]
fn settings() {
    for (store, _folder) in &stores() {
        transact(&**store, |tx| {
            tx.set_setting("key.2", Some(b"two"))?;
            tx.set_setting("key.1", Some(b"one"))?;
            tx.set_setting("key.1", Some(b"uno"))?;
            tx.set_setting("other", Some(b""))
        })
        .unwrap();
        read(&**store, |snapshot| {
            assert_eq!(snapshot.setting("key.1")?.as_deref(), Some(&b"uno"[..]));
            assert_eq!(snapshot.setting("other")?.as_deref(), Some(&b""[..]));
            assert_eq!(snapshot.setting("absent")?, None);
            let keys = [("key.1".to_owned(), b"uno".to_vec()), ("key.2".to_owned(), b"two".to_vec())];
            assert_eq!(snapshot.settings("key.")?, keys);
            Ok::<_, StoreError>(())
        })
        .unwrap();
        transact(&**store, |tx| tx.set_setting("other", None)).unwrap();
        assert_eq!(read(&**store, |snapshot| snapshot.setting("other")).unwrap(), None);
    }
}

#[test]
fn objects_are_counted_by_type_and_state() {
    for (store, _folder) in stores() {
        let of = |identifier, object_type, state| Header { object_type, state, ..header(identifier) };
        for header in [of("1", 2, Some(1)), of("2", 2, Some(2)), of("3", 2, Some(1)), of("4", 8, None)] {
            insert(&*store, &header, &[]);
        }
        let census = read(&*store, |snapshot| snapshot.census()).unwrap();
        let counted: Vec<_> =
            census.iter().map(|entry| (entry.object_type, entry.state, entry.count)).collect();
        assert_eq!(counted, [(2, Some(1), 2), (2, Some(2), 1), (8, None, 1)]);
    }
}

#[test]
fn the_audit_log_is_kept_in_order() {
    for (store, _folder) in stores() {
        let segment = |first, last| AuditSegment { first, last, lines: vec![b'x'; 10] };
        let all = [segment(1, 1), segment(2, 5), segment(6, 6)];
        transact(&*store, |tx| all.iter().try_for_each(|segment| tx.append_audit(segment))).unwrap();
        let from = |first, bytes| read(&*store, |snapshot| snapshot.audit(first, bytes)).unwrap();
        assert_eq!(from(1, 100), all);
        assert_eq!(from(2, 100), all[1..]);
        assert_eq!(from(1, 10), all[..2], "until there are more bytes than that");
        assert_eq!(from(7, 100), []);
        assert_eq!(read(&*store, |snapshot| snapshot.audit_end()).unwrap(), Some(segment(6, 6)));
        let undone = transact(&*store, |tx| {
            tx.append_audit(&segment(7, 7))?;
            Err::<(), _>(StoreError::Abandoned)
        });
        assert!(undone.is_err());
        assert!(transact(&*store, |tx| tx.append_audit(&segment(6, 7))).is_err(), "a number is taken once");
        // Not those of which a record is a later one.
        transact(&*store, |tx| tx.remove_audit(4)).unwrap();
        assert_eq!(from(1, 100), all[1..]);
        transact(&*store, |tx| tx.remove_audit(6)).unwrap();
        assert_eq!(read(&*store, |snapshot| snapshot.audit_end()).unwrap(), None);
    }
}

#[test]
fn what_is_due_comes_earliest_first() {
    for (store, _folder) in &stores() {
        for (identifier, due) in
            [("late", Some(100)), ("never", None), ("early", Some(10)), ("later", Some(200))]
        {
            insert(&**store, &Header { due, ..header(identifier) }, &[]);
        }
        let due = |now, limit| read(&**store, |snapshot| snapshot.due(now, limit)).unwrap();
        assert_eq!(due(9, 10), Vec::<String>::new());
        assert_eq!(due(100, 10), ["early", "late"]);
        assert_eq!(due(1000, 1), ["early"]);
    }
}

fn equals(attribute: &str, value: IndexValue) -> Condition {
    Condition::Equals { attribute: attribute.into(), value }
}

#[test]
fn conditions_are_all_met_and_the_newest_comes_first() {
    for (store, _folder) in &stores() {
        for n in 0..40 {
            let header = Header {
                object_type: 2 + n % 2,
                state: Some(1 + n % 4),
                storage: 1 << (n % 3),
                ..header(&format!("id{n}"))
            };
            let n = i64::from(n);
            let mut index = vec![
                text("Name", &format!("name{}", n / 2)),
                number("Mask", n % 8),
                number("Date", n * 10),
                IndexEntry::new("Digest", IndexValue::Bytes(vec![n.try_into().unwrap()])),
            ];
            index.extend((n == 39).then(|| number("Date", 1)));
            insert(&**store, &header, &index);
        }
        let range = |from, to| Condition::Range { attribute: "Date".into(), from, to };
        let mask = |mask| Condition::Contains { attribute: "Mask".into(), mask };
        let name = |name: &str| equals("Name", IndexValue::Text(name.into()));
        for (conditions, expected) in [
            (vec![name("name3")], vec!["id7", "id6"]),
            (vec![name("name3"), Condition::ObjectType(2)], vec!["id6"]),
            (vec![name("name3"), name("name4")], vec![]),
            (vec![equals("Digest", IndexValue::Bytes(vec![5]))], vec!["id5"]),
            (vec![equals("Mask", IndexValue::Text("5".into()))], vec![]),
            (vec![equals("Digest", IndexValue::Text("\u{5}".into()))], vec![]),
            (vec![range(50, 70)], vec!["id7", "id6", "id5"]),
            (vec![range(0, 10)], vec!["id39", "id1", "id0"]),
            (vec![range(i64::MIN, 0)], vec!["id0"]),
            (vec![range(0, 390), range(1, 1)], vec!["id39"]),
            (vec![mask(7)], vec!["id39", "id31", "id23", "id15", "id7"]),
            (vec![mask(6), range(0, 100)], vec!["id39", "id7", "id6"]),
            (vec![mask(3), Condition::State(4), range(0, 150)], vec!["id39", "id15", "id11", "id7", "id3"]),
            (vec![Condition::Identifier("id8".into())], vec!["id8"]),
            (vec![Condition::Identifier("id8".into()), Condition::State(2)], vec![]),
            (vec![equals("Absent", IndexValue::Integer(0))], vec![]),
        ] {
            let query = Query { count: true, ..all(conditions) };
            let located = read(&**store, |snapshot| snapshot.locate(&query)).unwrap();
            assert_eq!(located.identifiers, expected, "{query:?}");
            assert_eq!(located.total, Some(expected.len() as u64));
        }
        assert_eq!(locate(&**store, &Query { storage: Some(2 | 4), ..all(vec![]) }).len(), 26);
        assert_eq!(locate(&**store, &Query { storage: Some(0), ..all(vec![]) }).len(), 0);
    }
}

#[test]
fn offset_limit_and_count() {
    for (store, _folder) in &stores() {
        for n in 0..10 {
            insert(&**store, &header(&format!("{n}")), &[number("Length", 256)]);
        }
        let length = equals("Length", IndexValue::Integer(256));
        for conditions in [vec![], vec![length], vec![Condition::ObjectType(2), Condition::State(1)]] {
            let query = Query { offset: 2, limit: Some(3), count: true, ..all(conditions) };
            let located = read(&**store, |snapshot| snapshot.locate(&query)).unwrap();
            assert_eq!(located.identifiers, ["7", "6", "5"]);
            assert_eq!(located.total, Some(10));
            let query = Query { offset: u64::MAX, limit: Some(u64::MAX), ..query };
            let located = read(&**store, |snapshot| snapshot.locate(&query)).unwrap();
            assert_eq!((located.identifiers.len(), located.total), (0, Some(10)));
            let query = Query { offset: 0, limit: Some(0), count: false, ..query };
            let located = read(&**store, |snapshot| snapshot.locate(&query)).unwrap();
            assert_eq!((located.identifiers.len(), located.total), (0, None));
        }
    }
}

#[test]
fn only_what_is_granted_is_seen() {
    for (store, _folder) in &stores() {
        for (identifier, owner, policy, object_type) in [
            ("1", "alice", "default", 2),
            ("2", "bob", "default", 2),
            ("3", "bob", "public", 2),
            ("4", "bob", "public", 3),
            ("5", "alice", "secret", 2),
        ] {
            let header =
                Header { owner: owner.into(), policy: policy.into(), object_type, ..header(identifier) };
            insert(&**store, &header, &[text("Name", "n")]);
        }
        let grant = |policy: &str, object_types: Option<&[u32]>, owner: Option<&str>| Grant {
            policy: policy.into(),
            object_types: object_types.map(<[u32]>::to_vec),
            owner: owner.map(str::to_owned),
        };
        let mine = grant("default", None, Some("alice"));
        for (grants, expected) in [
            (vec![], vec![]),
            (vec![grant("default", Some(&[]), None)], vec![]),
            (vec![mine.clone()], vec!["1"]),
            (vec![grant("default", None, None)], vec!["2", "1"]),
            (vec![mine.clone(), grant("public", Some(&[3, 4]), None)], vec!["4", "1"]),
            (vec![mine.clone(), grant("secret", None, Some("alice"))], vec!["5", "1"]),
            (vec![mine, grant("public", None, Some("bob"))], vec!["4", "3", "1"]),
        ] {
            for conditions in [vec![], vec![equals("Name", IndexValue::Text("n".into()))]] {
                let visibility = Visibility::Granted(grants.clone());
                let query = Query { conditions, visibility, count: true, limit: Some(2), ..all(vec![]) };
                let located = read(&**store, |snapshot| snapshot.locate(&query)).unwrap();
                let shown = expected.len().min(2);
                assert_eq!(located.identifiers, expected[..shown], "{query:?}");
                assert_eq!(located.total, Some(expected.len() as u64), "{query:?}");
            }
        }
    }
}

#[test]
fn concurrent_writers_lose_nothing() {
    for (store, _folder) in &stores() {
        let (writers, each) = (8, 25);
        let barrier = Barrier::new(writers);
        transact(&**store, |tx| tx.set_setting("counter", Some(b"0"))).unwrap();
        thread::scope(|scope| {
            for writer in 0..writers {
                let (store, barrier) = (&**store, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    for n in 0..each {
                        let result = transact(store, |tx| {
                            let counter = tx.setting("counter")?.unwrap();
                            let counter: u32 = String::from_utf8(counter).unwrap().parse().unwrap();
                            tx.set_setting("counter", Some((counter + 1).to_string().as_bytes()))?;
                            tx.insert(&header(&format!("{writer}-{n}")), b"", None, &[number("W", 1)])?;
                            if n % 5 == 4 { Err(StoreError::Conflict) } else { Ok(()) }
                        });
                        assert_eq!(result.is_err(), n % 5 == 4);
                        let found =
                            read(store, |snapshot| snapshot.object(&format!("{writer}-{n}"))).unwrap();
                        assert_eq!(found.is_some(), n % 5 != 4, "acknowledged and visible go together");
                    }
                });
            }
        });
        assert_eq!(locate(&**store, &all(vec![])).len(), 160);
        let counter = read(&**store, |snapshot| snapshot.setting("counter")).unwrap();
        assert_eq!(counter.as_deref(), Some(&b"160"[..]));
    }
}
