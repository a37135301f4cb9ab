use std::fs;

use super::*;
use crate::seal::{Identity, Seal, SecretSource};
use crate::store::sqlite::Sqlite;
use crate::store::{self, Header, IndexEntry, IndexValue};

struct Place {
    folder: tempfile::TempDir,
    master: MasterKey,
}

impl Place {
    /// A store with some objects, which someone has open.
    fn new(objects: u32) -> (Self, Sqlite, Seal) {
        let place = Self { folder: tempfile::tempdir().unwrap(), master: MasterKey::generate().unwrap() };
        let store = Sqlite::open(&place.file("kmip.db")).unwrap();
        let seal = Seal::open(&store, &place.master).unwrap();
        for number in 0..objects {
            insert(&store, &seal, &number.to_string());
        }
        (place, store, seal)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn back_up(&self, name: &str) -> PathBuf {
        let file = self.file(name);
        backup(&self.file("kmip.db"), &file, &Protection::MasterKey(&self.master), &mut |_, _| {}).unwrap();
        file
    }

    fn opening(&self) -> Opening<'_> {
        Opening { master: &self.master, made_under: None, passphrase: None }
    }

    /// The files in the folder.
    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !["-lock", "-wal", "-shm"].iter().any(|end| *name == format!("kmip.db{end}")));
        names.retain(|name| name != "new.db-lock");
        names.sort();
        names
    }
}

fn insert(store: &Sqlite, seal: &Seal, identifier: &str) {
    let header = Header {
        identifier: identifier.into(),
        owner: "alice".into(),
        policy: "default".into(),
        object_type: 2,
        state: Some(1),
        storage: 1,
        due: Some(77),
    };
    let sealed = seal.seal_object(&Identity::from(&header), b"attributes", Some(&[7; 5000])).unwrap();
    let index = [IndexEntry::new("Name", IndexValue::Text(identifier.into()))];
    store::transact(store, |tx| tx.insert(&header, &sealed.attributes, sealed.material.as_deref(), &index))
        .unwrap();
}

fn all(store: &Sqlite) -> Vec<store::WithMaterial> {
    store::read(store, |snapshot| snapshot.objects_after(0, 10_000)).unwrap()
}

#[test]
fn a_backup_is_the_state_of_one_moment() {
    let (place, store, seal) = Place::new(200);
    let before = all(&store);
    let file = place.file("b");
    // Others go on while it is made; what they add is not in it.
    let mut told = 0;
    let manifest =
        backup(&place.file("kmip.db"), &file, &Protection::MasterKey(&place.master), &mut |done, total| {
            if done == 10 {
                insert(&store, &seal, "later");
            }
            told = done;
            assert!(done <= total);
        })
        .unwrap();
    assert_eq!(manifest.rows, told);
    assert_eq!(all(&store).len(), 201);
    let verified = restore(&file, &place.file("new.db"), place.opening(), false, &mut |_, _| {}).unwrap();
    assert_eq!((verified.objects, &verified.manifest), (200, &manifest));
    let restored = Sqlite::open(&place.file("new.db")).unwrap();
    assert_eq!(all(&restored), before);
    assert_eq!(store::read(&restored, |snapshot| snapshot.due(77, 300)).unwrap().len(), 200);
    // Nothing of it is to be read in the file.
    let bytes = fs::read(&file).unwrap();
    assert!(!bytes.windows(5).any(|window| window == b"alice"));
    drop(restored);
    assert_eq!(place.files(), ["b", "kmip.db", "new.db"]);
    let again = backup(&place.file("kmip.db"), &file, &Protection::MasterKey(&place.master), &mut |_, _| {});
    assert!(again.unwrap_err().to_string().contains("exists"), "never over another");
}

#[test]
fn a_database_in_use_or_there_is_not_replaced() {
    let (place, store, seal) = Place::new(3);
    let file = place.back_up("b");
    insert(&store, &seal, "later");
    let database = place.file("kmip.db");
    let refused = restore(&file, &database, place.opening(), false, &mut |_, _| {}).unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused}");
    let refused = restore(&file, &database, place.opening(), true, &mut |_, _| {}).unwrap_err();
    assert!(matches!(refused, BackupError::Store(StoreError::InUse { .. })), "{refused}");
    assert_eq!(all(&store).len(), 4);
    drop(store);
    let claim = crate::store::Claim::new(&database.display().to_string()).unwrap();
    let refused = restore(&file, &database, place.opening(), true, &mut |_, _| {}).unwrap_err();
    assert!(matches!(refused, BackupError::Store(StoreError::InUse { .. })), "{refused}");
    drop(claim);
    let verified = restore(&file, &database, place.opening(), true, &mut |_, _| {}).unwrap();
    assert_eq!(all(&Sqlite::open(&database).unwrap()).len(), 3);
    // What was there is there still.
    assert_eq!(all(&Sqlite::open(&verified.aside.unwrap()).unwrap()).len(), 4);
}

#[test]
fn every_changed_byte_is_noticed_before_anything_is_replaced() {
    let (place, store, _) = Place::new(2);
    drop(store);
    let file = place.back_up("b");
    let whole = fs::read(&file).unwrap();
    let database = place.file("kmip.db");
    crate::store::sqlite::copy::close(&database).unwrap();
    let before = fs::read(&database).unwrap();
    let refused = |bytes: &[u8], what: &str| {
        fs::write(&file, bytes).unwrap();
        let result = restore(&file, &database, place.opening(), true, &mut |_, _| {});
        assert!(result.is_err(), "{what}");
        assert_eq!(fs::read(&database).unwrap(), before, "{what}");
    };
    for position in (0..whole.len()).step_by(whole.len() / 150).chain(0..160) {
        let mut bytes = whole.clone();
        bytes[position] ^= 1;
        refused(&bytes, &format!("byte {position}"));
        refused(&whole[..position], &format!("cut at {position}"));
    }
    refused(&[&whole[..], b"more"].concat(), "something behind its end");
    assert_eq!(place.files(), ["b", "kmip.db"]);
}

#[test]
fn pieces_have_their_places() {
    let (place, store, _) = Place::new(200);
    drop(store);
    let file = place.back_up("b");
    let whole = fs::read(&file).unwrap();
    // Behind the header, every piece says its length.
    let length = |at: usize| u32::from_be_bytes(whole[at..at + 4].try_into().unwrap()) as usize;
    let mut begins = vec![12 + length(8)];
    while let Some(begin) = begins.last().filter(|begin| **begin < whole.len()) {
        begins.push(begin + 5 + length(begin + 1));
    }
    let pieces: Vec<_> = begins.windows(2).map(|ends| &whole[ends[0]..ends[1]]).collect();
    assert!(pieces.len() >= 4, "{}", pieces.len());
    let header = &whole[..begins[0]];
    let last = pieces.len() - 1;
    let cut = pieces[..last].concat();
    let exchanged = [pieces[1], pieces[0], &pieces[2..].concat()].concat();
    let missing = [pieces[0], &pieces[2..].concat()].concat();
    let twice = [pieces[0], pieces[0], &pieces[1..].concat()].concat();
    for pieces in [cut, exchanged, missing, twice] {
        fs::write(&file, [header, &pieces].concat()).unwrap();
        let result = verify(&file, &place.file("new.db"), place.opening(), &mut |_, _| {});
        assert!(matches!(result, Err(BackupError::Damaged(_))), "{result:?}");
    }
}

#[test]
fn records_that_do_not_open_are_not_restored() {
    let (place, store, _) = Place::new(3);
    store::transact(&store, |tx| {
        let (object, _) = tx.object_with_material("1")?.unwrap();
        // As someone would who changes whose object it is.
        tx.update(
            &object,
            &Header { owner: "mallory".into(), ..object.header.clone() },
            &object.attributes,
            store::Material::Keep,
            &[],
        )
    })
    .unwrap();
    let file = place.back_up("b");
    let refused = restore(&file, &place.file("new.db"), place.opening(), false, &mut |_, _| {}).unwrap_err();
    assert!(matches!(&refused, BackupError::Record { identifier, .. } if identifier == "1"), "{refused}");
    assert_eq!(place.files(), ["b", "kmip.db"]);
}

#[test]
fn under_a_passphrase_for_another_master_key() {
    let (place, store, _) = Place::new(3);
    let file = place.file("b");
    let passphrase = Wiped::from(&b"open sesame"[..]);
    let protection = Protection::Passphrase { passphrase: &passphrase, master: &place.master };
    backup(&place.file("kmip.db"), &file, &protection, &mut |_, _| {}).unwrap();
    let before = all(&store);
    let other = MasterKey::generate().unwrap();
    let attempt = |passphrase: &str| {
        let source = SecretSource::Command(format!("echo '{passphrase}'"));
        let opening = Opening { master: &other, made_under: None, passphrase: Some(&source) };
        restore(&file, &place.file("new.db"), opening, false, &mut |_, _| {})
    };
    assert!(matches!(attempt("open sesam"), Err(BackupError::Locked(_))));
    let none = Opening { master: &other, made_under: None, passphrase: None };
    let refused = restore(&file, &place.file("new.db"), none, false, &mut |_, _| {}).unwrap_err();
    assert!(refused.to_string().contains("--passphrase"), "{refused}");
    attempt("open sesame").unwrap();
    let restored = Sqlite::open(&place.file("new.db")).unwrap();
    assert_eq!(all(&restored), before);
    Seal::open(&restored, &other).unwrap();
    assert!(matches!(Seal::open(&restored, &place.master), Err(SealError::WrongMasterKey)));
}

#[test]
fn another_master_key_neither_makes_nor_opens_one() {
    let (place, _store, _) = Place::new(1);
    let other = MasterKey::generate().unwrap();
    let refused =
        backup(&place.file("kmip.db"), &place.file("b"), &Protection::MasterKey(&other), &mut |_, _| {});
    assert!(matches!(refused, Err(BackupError::Seal(SealError::WrongMasterKey))));
    let file = place.back_up("b");
    let opening = Opening { master: &other, made_under: None, passphrase: None };
    let refused = verify(&file, &place.file("new.db"), opening, &mut |_, _| {});
    assert!(matches!(refused, Err(BackupError::Locked(_))));
    // Unless it is said which it was: then what is restored is under the other.
    let opening = Opening { master: &other, made_under: Some(&place.master), passphrase: None };
    restore(&file, &place.file("new.db"), opening, false, &mut |_, _| {}).unwrap();
    Seal::open(&Sqlite::open(&place.file("new.db")).unwrap(), &other).unwrap();
    fs::write(&file, "something else altogether").unwrap();
    let refused = verify(&file, &place.file("new.db"), place.opening(), &mut |_, _| {});
    assert!(matches!(refused, Err(BackupError::NoBackup(_))));
}
