//! Databases of every earlier version of the schema, as SQL texts in `tests/schemas`: each is opened, brought up to date, and
//! has everything in it that was there.
//!
//! When the schema changes, the text of the version before stays as it is, and that of the new one is written by this test.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kmip::ttlv::{Secret, Tag};
use kmip::types::*;
use kmip_server::engine::{Engine, Settings};
use kmip_server::seal::{MasterKey, Seal};
use kmip_server::store;
use rusqlite::Connection;

use crate::harness::*;

const MASTER: &[u8; 64] = b"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const MATERIAL: [u8; 16] = *b"a key of the old";

fn open(path: &Path) -> Server {
    let store = store::open(path.to_str().unwrap()).unwrap();
    let master = MasterKey::parse(MASTER[..].into()).unwrap();
    let seal = Arc::new(Seal::open(&*store, &master).unwrap());
    Server(Engine::new(store, seal, Settings::default()).with_clock(now))
}

/// What a database of each version has in it.
fn fill(server: &Server) {
    let block = KeyBlock {
        key_value: Some(KeyValue::Plaintext(
            PlaintextKeyValue::new(KeyMaterial::ByteString(Secret::from(&MATERIAL[..]))).into(),
        )),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        ..KeyBlock::new(KeyFormatType::Raw)
    };
    let object = ManagedObject::SymmetricKey(SymmetricKey::new(block).into());
    let request = register_request(V1_4, object, set([name("registered"), usage()]));
    let key = text_of(&server.send(V1_4, request).unwrap().unique_identifier);
    server.activate(V1_4, &key).unwrap();
    server
        .create(V1_4, [name("waiting"), AttributeValue::ActivationDate(kmip::ttlv::DateTime(now().0 + 100))]);
    let destroyed = server.create(V1_4, [name("destroyed")]);
    server.destroy(V1_4, &destroyed).unwrap();
    server.ask("bob", V1_4, create_request(V1_4, aes(256))).unwrap();
}

fn usage() -> AttributeValue {
    AttributeValue::CryptographicUsageMask(CryptographicUsageMask::Encrypt)
}

fn check(server: &Server) {
    let one = |name_of: &str| {
        let [found] = server.locate(V1_4, set([name(name_of)])).unwrap().try_into().unwrap();
        found
    };
    let (key, waiting) = (one("registered"), one("waiting"));
    let mut gone = locate_request(V1_4, set([name("destroyed")]));
    gone.storage_status_mask = Some(StorageStatusMask::DestroyedStorage);
    let destroyed = found_one(&server.send(V1_4, gone).unwrap());
    let ManagedObject::SymmetricKey(found) = server.get(V1_4, &key).unwrap().object else { panic!() };
    let Some(KeyValue::Plaintext(value)) = found.key_block.key_value else { panic!() };
    assert_eq!(value.key_material, KeyMaterial::ByteString(Secret::from(&MATERIAL[..])));
    assert_eq!(server.attributes(V1_4, &key).get(Tag::CryptographicUsageMask), Some(&usage()));
    assert_eq!(server.state(&key), State::Active);
    assert_eq!(server.state(&waiting), State::PreActive);
    assert_eq!(server.state(&destroyed), State::Destroyed);
    assert_eq!(server.locate(V1_4, AttributeSet::new()).unwrap().len(), 2);
    let others = server.ask("bob", V1_4, locate_request(V1_4, AttributeSet::new())).unwrap();
    assert_eq!(found_one(&others).len(), 36);
    // It goes on from there.
    let new = server.create(V1_4, [name("new")]);
    assert_eq!(server.locate(V1_4, AttributeSet::new()).unwrap()[0], new);
    server.revoke(V1_4, &key, RevocationReasonCode::Superseded).unwrap();
    server.destroy(V1_4, &key).unwrap();
}

fn found_one(response: &LocateResponse) -> String {
    let [one] = found(response).try_into().unwrap();
    one
}

/// The whole database as statements.
fn dump(connection: &Connection) -> String {
    let texts = |sql: &str| -> Vec<(String, String)> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let pragma = |name: &str| -> i64 {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).unwrap()
    };
    let mut text = String::new();
    for name in ["application_id", "user_version"] {
        writeln!(text, "PRAGMA {name} = {};", pragma(name)).unwrap();
    }
    for (_, sql) in texts("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid") {
        writeln!(text, "{sql};").unwrap();
    }
    for (table, _) in texts("SELECT name, name FROM sqlite_schema WHERE type = 'table' ORDER BY name") {
        let columns = texts(&format!("SELECT name, name FROM pragma_table_info('{table}')"));
        let columns: Vec<_> = columns.iter().map(|(name, _)| format!("quote({name})")).collect();
        let row = columns.join(" || ', ' || ");
        for (_, row) in texts(&format!("SELECT '', {row} FROM {table} ORDER BY 2")) {
            writeln!(text, "INSERT INTO {table} VALUES ({row});").unwrap();
        }
    }
    text
}

/// What a database is made of, whatever the way it came to be so.
fn schema(connection: &Connection) -> Vec<(String, String)> {
    let mut statement = connection
        .prepare("SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema ORDER BY 1")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn version(connection: &Connection) -> i64 {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

#[test]
fn databases_of_every_version_are_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new.db");
    fill(&open(&new));
    let new = Connection::open(&new).unwrap();
    let texts = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemas"));
    let text_of = |number: i64| texts.join(format!("{number:04}.sql"));
    if !text_of(version(&new)).exists() {
        fs::write(text_of(version(&new)), dump(&new)).unwrap();
        panic!("{} is written: keep it for ever", text_of(version(&new)).display());
    }
    for number in 1..=version(&new) {
        let text = text_of(number);
        let path = folder.path().join(format!("{number}.db"));
        let old = Connection::open(&path).unwrap();
        old.execute_batch(&fs::read_to_string(&text).unwrap()).unwrap();
        assert_eq!(version(&old), number);
        drop(old);
        check(&open(&path));
        let migrated = Connection::open(&path).unwrap();
        assert_eq!(version(&migrated), version(&new));
        assert_eq!(schema(&migrated), schema(&new), "from version {number}");
    }
}
