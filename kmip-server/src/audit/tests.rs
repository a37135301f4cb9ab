use std::path::Path;

use super::*;
use crate::seal::MasterKey;
use crate::store::StoreError;
use crate::store::sqlite::Sqlite;

struct Place {
    folder: tempfile::TempDir,
    master: MasterKey,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), master: MasterKey::generate().unwrap() }
    }

    fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("kmip.db")
    }

    fn options(&self) -> AuditOptions {
        let directory = Some(self.folder.path().join("audit"));
        AuditOptions { directory, rotate_bytes: 20_000, ..AuditOptions::default() }
    }

    fn store(&self) -> (Arc<dyn Store>, Arc<Seal>) {
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&self.database()).unwrap());
        let seal = Arc::new(Seal::open(&*store, &self.master).unwrap());
        (store, seal)
    }

    fn open(&self) -> Arc<Audit> {
        let (store, seal) = self.store();
        Audit::open(store, seal, self.options()).unwrap()
    }

    fn files(&self) -> Vec<std::path::PathBuf> {
        Files::new(self.folder.path().join("audit")).list().unwrap()
    }

    fn verify(&self) -> Result<Verified, String> {
        let (store, seal) = self.store();
        verify(&self.files(), Some((&*store, &seal)), &[], |_| Ok(())).map_err(|error| error.to_string())
    }

    fn sql(&self, statement: &str) {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        assert!(connection.execute(statement, []).unwrap() > 0, "{statement}");
    }
}

fn entry(user: &str) -> Entry {
    Entry { user: Some(user.into()), outcome: Some(Outcome::Success), ..Entry::now() }
}

fn note(audit: &Audit, count: usize) {
    (0..count).for_each(|number| audit.note(entry(&format!("user {number}"))));
    audit.flush().unwrap();
}

#[test]
fn what_is_noted_and_what_is_recorded_with_a_change_is_one_chain() {
    let place = Place::new();
    let audit = place.open();
    assert_eq!(place.verify().unwrap().head, Link::START);
    note(&audit, 3);
    let changed = store::transact(&*audit.store, |tx| audit.append(tx, &[entry("alice"), entry("bob")]));
    changed.unwrap();
    note(&audit, 1);
    assert_eq!(place.verify().unwrap().head.number, 6);
    // What is undone has no record.
    let undone = store::transact(&*audit.store, |tx| {
        audit.append(tx, &[entry("mallory")])?;
        Err::<(), AuditError>(StoreError::Abandoned.into())
    });
    assert!(undone.is_err());
    note(&audit, 1);
    let mut users = Vec::new();
    let (store, seal) = place.store();
    let verified = verify(&[], Some((&*store, &seal)), &[], |line| {
        users.push(String::from_utf8(line.to_vec()).unwrap());
        Ok(())
    });
    assert_eq!(verified.unwrap().head.number, 7);
    assert!(users[4].contains("\"user\":\"bob\"") && !users.concat().contains("mallory"));
}

#[test]
fn it_goes_on_after_a_restart_and_many_at_once_are_one_chain() {
    let place = Place::new();
    note(&place.open(), 2);
    let audit = place.open();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let audit = &audit;
            scope.spawn(move || {
                for number in 0..25 {
                    let entry = entry(&format!("{thread}.{number}"));
                    match number % 3 {
                        0 => audit.note(entry),
                        1 => store::transact(&*audit.store, |tx| {
                            audit.append(tx, std::slice::from_ref(&entry))
                        })
                        .unwrap(),
                        _ => audit.flush().unwrap(),
                    }
                }
            });
        }
    });
    audit.flush().unwrap();
    assert_eq!(place.verify().unwrap().head.number, 2 + 4 * 17);
}

#[test]
fn records_go_to_files_and_out_of_the_store() {
    let place = Place::new();
    let audit = place.open();
    for _ in 0..5 {
        note(&audit, 100);
        audit.rotate().unwrap();
    }
    assert!(place.files().len() >= 2, "{:?}", place.files());
    let verified = place.verify().unwrap();
    assert_eq!((verified.first, verified.head.number), (1, 500));
    let state = store::read(&*audit.store, |snapshot| audit.state(snapshot)).unwrap();
    assert!(state.bytes < 20_000 && state.start.number > 0, "{state:?}");
    // Where the first files were brought elsewhere, the rest is still whole.
    std::fs::remove_file(&place.files()[0]).unwrap();
    let verified = place.verify().unwrap();
    assert!(verified.first > 1 && verified.head.number == 500);
    // Not so one in the middle.
    let files = place.files();
    if files.len() > 1 {
        std::fs::remove_file(files.last().unwrap()).unwrap();
        assert!(place.verify().unwrap_err().contains("missing"));
    }
}

#[test]
fn a_crash_between_the_file_and_the_store_leaves_the_chain_whole() {
    let place = Place::new();
    let audit = place.open();
    (0..4).for_each(|_| note(&audit, 100));
    // The file is there; the store doesn't know.
    let mut file = Files::new(place.folder.path().join("audit")).create(1).unwrap();
    let segments = store::read(&*audit.store, |snapshot| snapshot.audit(1, usize::MAX)).unwrap();
    segments.iter().for_each(|segment| file.write(&segment.lines).unwrap());
    file.finish().unwrap();
    note(&audit, 1);
    let audit = place.open();
    audit.rotate().unwrap();
    assert_eq!(place.files().len(), 1);
    assert_eq!(place.verify().unwrap().head.number, 401);

    // The store knows that they are in the file, and has them still.
    (0..4).for_each(|_| note(&audit, 100));
    let state = store::read(&*audit.store, |snapshot| audit.state(snapshot)).unwrap();
    let mut file = Files::new(place.folder.path().join("audit")).create(402).unwrap();
    let segments = store::read(&*audit.store, |snapshot| snapshot.audit(402, usize::MAX)).unwrap();
    segments.iter().for_each(|segment| file.write(&segment.lines).unwrap());
    file.finish().unwrap();
    store::transact(&*audit.store, |tx| audit.set_state(tx, State { exported: state.head.number, ..state }))
        .unwrap();
    assert_eq!(place.verify().unwrap().head.number, 801);
    note(&audit, 1);
    assert_eq!(place.verify().unwrap().head.number, 802);
    place.open().rotate().unwrap();
    assert_eq!((place.verify().unwrap().head.number, place.files().len()), (802, 2));
}

#[test]
fn no_file_is_ever_written_over_with_other_records() {
    let place = Place::new();
    let audit = place.open();
    (0..2).for_each(|_| note(&audit, 100));
    let folder = place.folder.path().join("audit");
    std::fs::create_dir(&folder).unwrap();
    let name = Files::new(&folder).create(1).unwrap().finish().unwrap();
    std::fs::write(&name, "of another time\n").unwrap();
    audit.rotate().unwrap();
    assert_eq!(place.verify().unwrap().head.number, 200);
    let all: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(all.iter().any(|path| std::fs::read_to_string(path).unwrap() == "of another time\n"), "{all:?}");
}

#[test]
fn tampering_with_the_store_shows() {
    for (statement, expected) in [
        (
            "UPDATE audit SET lines = CAST(replace(CAST(lines AS TEXT), 'user 1', 'user 7') AS BLOB) WHERE first = 1",
            "was changed",
        ),
        (
            "UPDATE audit SET lines = CAST(replace(CAST(lines AS TEXT), 'user 1', 'user 7') AS BLOB) WHERE first = 5",
            "is not the one",
        ),
        ("DELETE FROM audit WHERE first = 3", "records 3 to 4 are missing"),
        ("DELETE FROM audit WHERE first = 1", "records 1 to 2 are missing"),
        ("DELETE FROM audit WHERE first = 5", "records 5 to 6 are missing"),
        ("DELETE FROM audit", "records 1 to 6 are missing"),
        ("UPDATE audit SET first = first + 10, last = last + 10 WHERE first = 1", "comes after"),
        ("DELETE FROM setting WHERE name = 'audit/state'", "not where it ends"),
    ] {
        let place = Place::new();
        (0..3).for_each(|_| note(&place.open(), 2));
        assert_eq!(place.verify().unwrap().head.number, 6);
        place.sql(statement);
        let error = place.verify().unwrap_err();
        assert!(error.contains(expected), "{statement}: {error}");
    }
    // An older end in place of the present one.
    let place = Place::new();
    note(&place.open(), 2);
    place.sql("INSERT INTO setting SELECT 'old', value FROM setting WHERE name = 'audit/state'");
    note(&place.open(), 2);
    place.sql("UPDATE setting SET value = (SELECT value FROM setting WHERE name = 'old') WHERE name = 'audit/state'");
    assert!(place.verify().unwrap_err().contains("they were added"));
    // With the records that it is too old for removed as well, only what is known from elsewhere shows it.
    place.sql("DELETE FROM audit WHERE first > 2");
    let head = place.verify().unwrap().head;
    let (store, seal) = place.store();
    let known = Link { number: 4, ..head };
    assert!(verify(&[], Some((&*store, &seal)), &[known], |_| Ok(())).is_err());
    drop((store, seal));
    // Without what says where it ends, nothing is added to it.
    place.sql("DELETE FROM setting WHERE name = 'audit/state'");
    let (store, seal) = place.store();
    assert!(Audit::open(store, seal, place.options()).is_err());
}

#[test]
fn a_file_may_be_there_before_the_store_knows_of_it() {
    let place = Place::new();
    let audit = place.open();
    (0..3).for_each(|_| note(&audit, 2));
    let segments = store::read(&*audit.store, |snapshot| snapshot.audit(1, usize::MAX)).unwrap();
    // As by a server that is killed before it takes note of the file.
    for count in 1..=segments.len() {
        let put_aside = |change: fn(String) -> String| {
            let mut file = Files::new(place.folder.path().join("audit")).create(1).unwrap();
            for segment in &segments[..count] {
                let lines = String::from_utf8(segment.lines.clone()).unwrap();
                file.write(change(lines).as_bytes()).unwrap();
            }
            file.finish().unwrap()
        };
        put_aside(|lines| lines);
        assert_eq!(place.verify().unwrap().head.number, 6, "{count} of them");
        let forged = put_aside(|lines| lines.replace("user 1", "user 7"));
        assert!(place.verify().unwrap_err().contains("is not the one"), "{count} of them");
        std::fs::remove_file(forged).unwrap();
    }
}

#[test]
fn files_are_checked_line_by_line() {
    let place = Place::new();
    let audit = place.open();
    (0..4).for_each(|_| note(&audit, 100));
    audit.rotate().unwrap();
    let path = &place.files()[0];
    let lines = std::fs::read_to_string(path).unwrap();
    let changed = lines.replace("user 17", "user 71");
    assert_ne!(lines, changed);
    std::fs::write(path, changed).unwrap();
    let error = place.verify().unwrap_err();
    assert!(
        error.contains(&format!("{}, line 19", path.display())) && error.contains("record 18"),
        "{error}"
    );
    std::fs::write(path, &lines[..lines.len() - 30]).unwrap();
    assert!(place.verify().unwrap_err().contains("no record"));
}

/// A store that can be made to fail.
struct Faulty(Sqlite, AtomicBool);

impl Store for Faulty {
    fn read(&self, f: crate::store::ReadFn<'_>) -> Result<(), StoreError> {
        self.0.read(f)
    }

    fn transact(&self, f: crate::store::TransactFn<'_>) -> Result<(), StoreError> {
        if self.1.load(Ordering::Relaxed) { Err(StoreError::Full) } else { self.0.transact(f) }
    }
}

#[test]
fn what_could_not_be_written_is_written_later_and_what_was_lost_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store =
        Arc::new(Faulty(Sqlite::open(&folder.path().join("kmip.db")).unwrap(), AtomicBool::new(false)));
    let seal = Arc::new(Seal::open(&*store, &MasterKey::generate().unwrap()).unwrap());
    let options = AuditOptions { mode: Mode::Closed, ..AuditOptions::default() };
    let audit = Audit::open(store.clone(), Arc::clone(&seal), options).unwrap();
    store.1.store(true, Ordering::Relaxed);
    audit.note(entry("first"));
    assert!(!audit.refuses());
    assert!(audit.flush().is_err() && audit.refuses());
    (0..MOST + 4).for_each(|_| audit.note(entry("later")));
    assert!(audit.flush().is_err());
    assert_eq!((audit.waiting(), audit.failures()), (MOST, (2, 5)));
    store.1.store(false, Ordering::Relaxed);
    audit.flush().unwrap();
    assert!(!audit.refuses());
    let mut last = String::new();
    let mut first = None;
    let verified = verify(&[], Some((&*store, &seal)), &[], |line| {
        last = String::from_utf8(line.to_vec()).unwrap();
        first.get_or_insert(last.clone());
        Ok(())
    });
    assert_eq!(verified.unwrap().head.number, MOST as u64 + 1);
    assert!(first.unwrap().contains("\"user\":\"first\""));
    assert!(last.contains("\"event\":\"lost\"") && last.contains("\"count\":5"), "{last}");
}

#[test]
fn a_keeper_writes_everything_before_it_ends() {
    let place = Place::new();
    let audit = place.open();
    let keeper = Keeper::start(Arc::clone(&audit)).unwrap();
    audit.note(entry("alice"));
    drop(keeper);
    let mut lines = Vec::new();
    let (store, seal) = place.store();
    verify(&[], Some((&*store, &seal)), &[], |line| {
        lines.push(String::from_utf8(line.to_vec()).unwrap());
        Ok(())
    })
    .unwrap();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].contains("\"event\":\"started\"") && lines[2].contains("\"event\":\"stopped\""));
}

#[test]
fn reads_are_left_out_where_that_is_wanted() {
    let place = Place::new();
    let (store, seal) = place.store();
    let options = AuditOptions { reads: false, ..place.options() };
    let audit = Audit::open(store, seal, options).unwrap();
    audit.note(entry("alice"));
    audit.note(Entry { outcome: Some(Outcome::Denied), ..entry("alice") });
    assert_eq!(audit.waiting(), 1);
}

#[test]
fn a_record_is_one_line_of_json_with_nothing_that_breaks_it() {
    let entry = Entry {
        request: Some(crate::request::RequestId::from_number(0x1F)),
        address: Some("[::1]:5".parse().unwrap()),
        user: Some("a\"\n\u{0}b".into()),
        operation: Some(kmip::types::Operation(0x8000_0001)),
        objects: vec!["x".repeat(10_000).into()],
        ..entry("")
    };
    let body = Entry { user: Some("a\"\n\u{0}b".into()), ..entry }.to_json().unwrap();
    assert!(!body.contains('\n') && body.len() < 1000, "{body}");
    let value: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(value["user"], "a\"\n\u{0}b");
    assert_eq!(value["request"], "000000000000001f");
    assert!(value["time"].as_str().unwrap().ends_with('Z'));
    assert!(Path::new(value["objects"][0].as_str().unwrap()).as_os_str().len() == 256);
}
