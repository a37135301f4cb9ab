use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::seal::MasterKey;
use crate::store::{Query, Snapshot, Visibility};

/// A database with one key and one opaque object, as PyKMIP lays them out, and what `change` does to it.
fn database(change: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pykmip.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(TABLES).unwrap();
    connection.execute_batch(OBJECTS).unwrap();
    connection.execute_batch(change).unwrap();
    (folder, path)
}

fn target() -> (Arc<dyn Store>, Seal) {
    let store = store::open("memory:").unwrap();
    let seal = Seal::open(&*store, &MasterKey::generate().unwrap()).unwrap();
    (store, seal)
}

fn import_into(
    path: &Path,
    target: &(Arc<dyn Store>, Seal),
    options: &Options,
) -> Result<Report, ImportError> {
    import(&Database::open(path)?, &target.0, &target.1, options, &mut |_, _| ())
}

fn is_empty(target: &(Arc<dyn Store>, Seal)) -> bool {
    store::read(&*target.0, |snapshot: &dyn Snapshot| snapshot.is_empty()).unwrap()
}

fn refused(change: &str) -> String {
    let (_folder, path) = database(change);
    let target = target();
    let error = import_into(&path, &target, &Options::default()).unwrap_err().to_string();
    assert!(is_empty(&target), "something was imported");
    error
}

#[test]
fn a_rehearsal_does_the_same_and_undoes_it() {
    let (_folder, path) = database("");
    let target = target();
    let rehearsal = import_into(&path, &target, &Options { dry_run: true, ..Options::default() }).unwrap();
    assert!(is_empty(&target));
    let report = import_into(&path, &target, &Options::default()).unwrap();
    assert!(!is_empty(&target));
    assert_eq!((rehearsal.imported, report.imported), (2, 2));
    assert_eq!(rehearsal.types, report.types);
    assert!(rehearsal.dry_run && !report.dry_run);
    let text = report.text(false);
    assert!(text.contains("type\tSymmetricKey\t1\n") && text.contains("policy\tteam\t1\n"), "{text}");
    let notes = report.notes();
    assert!(notes.contains("2 objects imported") && notes.contains("policy files: team"), "{notes}");
}

#[test]
fn what_is_wrong_is_said_with_table_row_and_column() {
    for (change, expected) in [
        (
            "UPDATE keys SET cryptographic_length = 'long'",
            "table keys, row 3, column cryptographic_length: holds a text",
        ),
        (
            "UPDATE keys SET cryptographic_length = 1 << 40",
            "column cryptographic_length: 1099511627776 is out of",
        ),
        (
            "UPDATE keys SET cryptographic_algorithm = 7777",
            "column cryptographic_algorithm: 7777 is no value",
        ),
        ("UPDATE keys SET key_format_type = -1", "column key_format_type: is empty"),
        ("UPDATE keys SET _kdw_eki_unique_identifier = '7'", "column _kdw_wrapping_method: is empty, though"),
        (
            "UPDATE keys SET _kdw_eki_cp_random_iv = 2, _kdw_wrapping_method = 1",
            "_kdw_eki_cp_random_iv: 2 is neither",
        ),
        (
            "UPDATE managed_objects SET value = NULL WHERE uid = 3",
            "table managed_objects, row 3, column value: is empty",
        ),
        (
            "UPDATE managed_objects SET value = 'text' WHERE uid = 5",
            "row 5, column value: holds a text where bytes",
        ),
        ("UPDATE managed_objects SET owner = NULL", "column owner: is empty; --owner says"),
        (
            "UPDATE managed_objects SET object_type = 6 WHERE uid = 5",
            "column object_type: Template is no type",
        ),
        ("UPDATE managed_objects SET object_type = -1", "column object_type: is empty"),
        (
            "UPDATE managed_objects SET sensitive = 3 WHERE uid = 5",
            "column sensitive: 3 is neither true nor false",
        ),
        ("UPDATE crypto_objects SET state = 9", "table crypto_objects, row 3, column state: 9 is no value"),
        (
            "UPDATE managed_object_names SET name = x'00'",
            "table managed_object_names, row 3, column name: holds bytes",
        ),
        ("DELETE FROM keys", "table keys, row 3: is missing, though the object is of a type that has it"),
        ("DELETE FROM opaque_objects", "table opaque_objects, row 5: is missing"),
    ] {
        let error = refused(change);
        assert!(error.starts_with("nothing was imported") && error.contains(expected), "{change}: {error}");
    }
    // All that is wrong is said at once.
    let error = refused("UPDATE keys SET key_format_type = -1; UPDATE opaque_objects SET opaque_type = 1");
    assert_eq!(error.lines().count(), 3, "{error}");
}

#[test]
fn what_is_there_already_is_refused_or_left_out() {
    let (_folder, path) = database("");
    let target = target();
    import_into(&path, &target, &Options::default()).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "INSERT INTO managed_objects VALUES (9, 8, 'OpaqueData', x'01', 1, 'default', 0, 1, 'me');
             INSERT INTO opaque_objects VALUES (9, 2147483648);",
        )
        .unwrap();
    let error = import_into(&path, &target, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("already with the identifiers 3, 5;"), "{error}");
    let options = Options { skip_existing: true, ..Options::default() };
    let report = import_into(&path, &target, &options).unwrap();
    assert_eq!((report.imported, report.skipped), (1, vec!["3".to_owned(), "5".to_owned()]));
}

#[test]
fn older_databases_and_unknown_additions() {
    let (_folder, path) = database(
        "ALTER TABLE managed_objects DROP COLUMN sensitive;
         DROP TABLE object_group_map; DROP TABLE object_groups;
         DROP TABLE app_specific_info_map; DROP TABLE app_specific_info;
         ALTER TABLE keys DROP COLUMN _kdw_wrapping_method;
         UPDATE managed_objects SET owner = NULL;
         ALTER TABLE keys ADD COLUMN colour; CREATE TABLE guests (id);
         DELETE FROM managed_objects WHERE uid = 5;",
    );
    let target = target();
    let options = Options { owner: Some("heir".into()), ..Options::default() };
    let report = import_into(&path, &target, &options).unwrap();
    assert_eq!(report.owners.keys().collect::<Vec<_>>(), ["heir"]);
    assert_eq!(report.left_behind, 1);
    assert_eq!(report.unknown, ["table keys, column colour", "table guests"]);
}

#[test]
fn the_order_is_that_of_the_initial_dates() {
    let (_folder, path) = database("UPDATE managed_objects SET initial_date = 1 WHERE uid = 5");
    let target = target();
    import_into(&path, &target, &Options::default()).unwrap();
    let query = Query::new(Visibility::Everything);
    let located = store::read(&*target.0, |snapshot: &dyn Snapshot| snapshot.locate(&query)).unwrap();
    assert_eq!(located.identifiers, ["3", "5"], "the newest comes first");
}

#[test]
fn what_is_no_database_of_pykmips_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| Database::open(&folder.path().join(name)).err().unwrap().to_string();
    assert!(open("absent").contains("can't be opened"));
    std::fs::write(folder.path().join("text"), "no database at all, but long enough to be one").unwrap();
    assert!(open("text").contains("is no SQLite database"));
    let connection = Connection::open(folder.path().join("other")).unwrap();
    connection.execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(open("other").contains("no database of PyKMIP's: it has no table managed_objects"));
    let (_kept, path) = database("ALTER TABLE managed_objects DROP COLUMN owner");
    let error = Database::open(&path).err().unwrap().to_string();
    assert!(error.contains("its table managed_objects has no column owner"), "{error}");
}

const TABLES: &str = "
    CREATE TABLE managed_objects (uid INTEGER PRIMARY KEY, object_type, class_type, value, name_index,
                                  operation_policy_name, sensitive, initial_date, owner);
    CREATE TABLE managed_object_names (id INTEGER PRIMARY KEY, mo_uid, name, name_index, name_type);
    CREATE TABLE crypto_objects (uid INTEGER PRIMARY KEY, cryptographic_usage_mask, state);
    CREATE TABLE keys (uid INTEGER PRIMARY KEY, cryptographic_algorithm, cryptographic_length, key_format_type,
                       _kdw_wrapping_method DEFAULT -1, _kdw_eki_unique_identifier, _kdw_eki_cp_random_iv);
    CREATE TABLE symmetric_keys (uid INTEGER PRIMARY KEY);
    CREATE TABLE public_keys (uid INTEGER PRIMARY KEY);
    CREATE TABLE private_keys (uid INTEGER PRIMARY KEY);
    CREATE TABLE certificates (uid INTEGER PRIMARY KEY, certificate_type);
    CREATE TABLE x509_certificates (uid INTEGER PRIMARY KEY);
    CREATE TABLE secret_data_objects (uid INTEGER PRIMARY KEY, data_type);
    CREATE TABLE opaque_objects (uid INTEGER PRIMARY KEY, opaque_type);
    CREATE TABLE app_specific_info (id INTEGER PRIMARY KEY, application_namespace, application_data);
    CREATE TABLE app_specific_info_map (managed_object_id, app_specific_info_id);
    CREATE TABLE object_groups (id INTEGER PRIMARY KEY, object_group);
    CREATE TABLE object_group_map (managed_object_id, object_group_id);";

const OBJECTS: &str = "
    INSERT INTO managed_objects VALUES
        (3, 2, 'SymmetricKey', x'000102030405060708090a0b0c0d0e0f', 2, 'default', 0, 1500000000, 'me'),
        (5, 8, 'OpaqueData', x'ff', 1, 'team', 0, 1600000000, 'me');
    INSERT INTO managed_object_names VALUES (1, 3, 'Schlüssel 鍵', 1, 1);
    INSERT INTO crypto_objects VALUES (3, 12, 2);
    INSERT INTO keys (uid, cryptographic_algorithm, cryptographic_length, key_format_type) VALUES (3, 3, 128, 1);
    INSERT INTO symmetric_keys VALUES (3);
    INSERT INTO opaque_objects VALUES (5, 2147483648);";
