//! The schema, its version, and the way from older ones.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::store::StoreError;

/// The steps to the present schema; the number of a step is the version that it leads to.
const MIGRATIONS: [&str; 2] =
    [include_str!("migrations/0001_objects.sql"), include_str!("migrations/0002_audit.sql")];

/// "KMIP" in ASCII: marks a database file as ours.
const APPLICATION: i64 = 0x4B4D_4950;

/// Refuses a database that something else made, before anything is written to it.
pub(super) fn recognize(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application == APPLICATION || (application == 0 && tables == 0) {
        return Ok(());
    }
    let pykmip: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'managed_objects')",
        [],
        |row| row.get(0),
    )?;
    let hint = if pykmip {
        ": it is PyKMIP's (kmip-server import-pykmip brings its objects over into a new one)"
    } else {
        ""
    };
    Err(StoreError::Foreign { path: path.to_owned(), hint })
}

/// Refuses a database of a newer server.
pub(super) fn refuse_newer(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known { Err(StoreError::Newer { path: path.to_owned(), found, known }) } else { Ok(()) }
}

/// Brings the schema up to date, each step in a transaction of its own.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    migrate_to(connection, path, i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX))
}

/// Brings the schema to a version.
pub(super) fn migrate_to(connection: &Connection, path: &Path, wanted: i64) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if wanted > known {
        return Err(StoreError::Newer { path: path.to_owned(), found: wanted, known });
    }
    for (version, step) in (1..=wanted).zip(MIGRATIONS) {
        let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if found > known {
            return Err(StoreError::Newer { path: path.to_owned(), found, known });
        }
        if found < version {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", version)?;
        }
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::Sqlite;

    fn refusal(path: &Path) -> String {
        Sqlite::open(path).err().unwrap().to_string()
    }

    #[test]
    fn a_newer_database_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kmip.db");
        drop(Sqlite::open(&path).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert_eq!(Sqlite::check(&path).unwrap_err().to_string(), refusal(&path));
        let message = refusal(&path);
        let known = MIGRATIONS.len();
        assert!(
            message.contains(&format!("has schema version 99, but this server knows versions up to {known}")),
            "{message}"
        );
    }

    #[test]
    fn a_database_of_something_else_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        let before = std::fs::read(&path).unwrap();
        assert_eq!(Sqlite::check(&path).unwrap_err().to_string(), refusal(&path));
        assert!(refusal(&path).contains("is not a database of this server; it is left untouched"));
        assert_eq!(std::fs::read(&path).unwrap(), before);

        let path = folder.path().join("pykmip.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE managed_objects (a)").unwrap();
        assert!(refusal(&path).contains("import-pykmip"));
    }

    #[test]
    fn what_is_no_database_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, vec![b'x'; 5000]).unwrap();
        assert!(refusal(&path).starts_with("the database is damaged"));
        assert!(refusal(folder.path()).contains("directory"));
    }
}
