//! PyKMIP's database, read as it was at one moment, and never changed.
//!
//! An object is a row of `managed_objects`, and a row with the same number in each of the tables that its type has.
//! Names, groups and application data have tables of their own. What a destroyed object leaves in tables other than
//! `managed_objects` belongs to nothing.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use rusqlite::{Connection, OpenFlags};

use super::row::{Fault, Row};
use super::{ImportError, Options, attributes, object};
use crate::engine::Adopted;

/// A database of PyKMIP's server.
pub struct Database {
    connection: Connection,
    path: PathBuf,
}

impl Database {
    /// Opens a database for reading. What is written to it from then on is not seen.
    ///
    /// # Errors
    /// When it can't be read, is damaged, or isn't PyKMIP's.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let unreadable = |error: rusqlite::Error| ImportError::unreadable(path, explain(&error));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(unreadable)?;
        connection.execute_batch("BEGIN").map_err(unreadable)?;
        let database = Self { connection, path: path.to_owned() };
        database.recognize()?;
        let state: String =
            database.connection.query_row("PRAGMA quick_check", [], |row| row.get(0)).map_err(unreadable)?;
        if state != "ok" {
            return Err(ImportError::unreadable(path, format!("the database is damaged: {state}")));
        }
        Ok(database)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many objects it has.
    pub(super) fn count(&self) -> Result<u64, ImportError> {
        self.number("SELECT count(*) FROM managed_objects")
    }

    /// How many rows belong to objects that are no more.
    pub(super) fn left_behind(&self) -> Result<u64, ImportError> {
        let mut rows = 0;
        for (table, columns) in TABLES {
            let Some(owner) = columns.iter().find(|column| OWNER_COLUMNS.contains(column)) else { continue };
            if *table != MANAGED_OBJECTS && !self.columns(table)?.is_empty() {
                rows += self.number(&format!(
                    "SELECT count(*) FROM {table} WHERE {owner} NOT IN (SELECT uid FROM {MANAGED_OBJECTS})"
                ))?;
            }
        }
        Ok(rows)
    }

    /// Tables and columns with something in them that no version of PyKMIP up to now has.
    pub(super) fn unknown(&self) -> Result<Vec<String>, ImportError> {
        let mut unknown = Vec::new();
        for table in self.tables()? {
            match TABLES.iter().find(|(name, _)| *name == table) {
                None => unknown.push(format!("table {table}")),
                Some((_, known)) => {
                    let columns = self.columns(&table)?;
                    let foreign = columns.iter().filter(|column| {
                        !known.contains(&column.as_str()) && !column.starts_with(WRAPPING_COLUMNS)
                    });
                    unknown.extend(foreign.map(|column| format!("table {table}, column {column}")));
                }
            }
        }
        Ok(unknown)
    }

    /// Reads every object, the oldest first; that is the order in which they come to be in the new store.
    pub(super) fn each(
        &self,
        options: &Options,
        found: &mut dyn FnMut(Result<Adopted, Fault>) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let statement = format!("SELECT * FROM {MANAGED_OBJECTS} ORDER BY initial_date, uid");
        let mut statement = self.connection.prepare(&statement).map_err(|error| self.failed(error))?;
        let columns = names(&statement);
        let mut rows = statement.query([]).map_err(|error| self.failed(error))?;
        while let Some(row) = rows.next().map_err(|error| self.failed(error))? {
            let number: i64 = row.get("uid").map_err(|error| self.failed(error))?;
            let values = values(row, columns.len()).map_err(|error| self.failed(error))?;
            let managed = Row::new(MANAGED_OBJECTS, number, Rc::clone(&columns), values);
            let parts = Parts { database: self, number };
            found(match self.read(&parts, &managed, options) {
                Ok(object) => Ok(object),
                Err(Trouble::Fault(fault)) => Err(fault),
                Err(Trouble::Database(error)) => return Err(self.failed(error)),
            })?;
        }
        Ok(())
    }

    fn read(&self, parts: &Parts<'_>, managed: &Row, options: &Options) -> Result<Adopted, Trouble> {
        let owner = match (managed.text("owner")?, &options.owner) {
            (Some(owner), _) => owner.as_str().to_owned(),
            (None, Some(owner)) => owner.clone(),
            (None, None) => {
                let reason = "is empty; --owner says who owns such objects from now on";
                return Err(managed.fault("owner", reason).into());
            }
        };
        let object = object::read(parts, managed)?;
        let attributes = attributes::read(parts, managed)?;
        Ok(Adopted { identifier: parts.number.to_string(), owner, attributes, object })
    }

    /// Tells PyKMIP's database from others.
    fn recognize(&self) -> Result<(), ImportError> {
        let foreign = |what: String| {
            ImportError::unreadable(&self.path, format!("this is no database of PyKMIP's: {what}"))
        };
        let tables = self.tables()?;
        for (table, columns) in TABLES.iter().filter(|(table, _)| !NEWER_TABLES.contains(table)) {
            if !tables.iter().any(|other| other == table) {
                return Err(foreign(format!("it has no table {table}")));
            }
            let found = self.columns(table)?;
            let needed = columns.iter().filter(|column| !NEWER_COLUMNS.contains(column));
            if let Some(missing) = needed.into_iter().find(|column| !found.iter().any(|name| name == *column))
            {
                return Err(foreign(format!("its table {table} has no column {missing}")));
            }
        }
        Ok(())
    }

    fn tables(&self) -> Result<Vec<String>, ImportError> {
        self.texts("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", [])
    }

    fn columns(&self, table: &str) -> Result<Vec<String>, ImportError> {
        self.texts("SELECT name FROM pragma_table_info(?)", [table])
    }

    fn texts(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<String>, ImportError> {
        let texts = || {
            let mut statement = self.connection.prepare(sql)?;
            statement.query_map(parameters, |row| row.get(0))?.collect::<rusqlite::Result<_>>()
        };
        texts().map_err(|error| self.failed(error))
    }

    fn number(&self, sql: &str) -> Result<u64, ImportError> {
        let number = self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        number.map(i64::unsigned_abs).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: rusqlite::Error) -> ImportError {
        ImportError::unreadable(&self.path, explain(&error))
    }
}

/// What belongs to one object, beside its row of `managed_objects`.
pub(super) struct Parts<'a> {
    database: &'a Database,
    number: i64,
}

impl Parts<'_> {
    /// The object's row in a table that has one for it.
    pub(super) fn row(&self, table: &'static str) -> Result<Row, Trouble> {
        let mut rows = self.rows(table, &format!("SELECT * FROM {table} WHERE uid = ?"))?;
        rows.pop().ok_or_else(|| {
            Fault::new(table, self.number, None, "is missing, though the object is of a type that has it")
                .into()
        })
    }

    /// The object's rows in a table that has any number, in the order in which PyKMIP tells them.
    pub(super) fn rows(&self, table: &'static str, sql: &str) -> Result<Vec<Row>, Trouble> {
        let mut statement = self.database.connection.prepare_cached(sql)?;
        let columns = names(&statement);
        let mut rows = statement.query([self.number])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Row::new(table, self.number, Rc::clone(&columns), values(row, columns.len())?));
        }
        Ok(found)
    }

    /// Whether the database has a table that older versions lack.
    pub(super) fn has(&self, table: &str) -> Result<bool, Trouble> {
        let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?";
        let mut statement = self.database.connection.prepare_cached(sql)?;
        Ok(statement.query_row([table], |row| row.get::<_, i64>(0))? > 0)
    }
}

/// Why an object can't be read.
pub(super) enum Trouble {
    /// Something that it holds.
    Fault(Fault),
    /// The database as such.
    Database(rusqlite::Error),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

fn names(statement: &rusqlite::Statement<'_>) -> Rc<[String]> {
    statement.column_names().map(str::to_owned).collect()
}

fn values(row: &rusqlite::Row<'_>, count: usize) -> rusqlite::Result<Vec<rusqlite::types::Value>> {
    (0..count).map(|place| row.get(place)).collect()
}

/// What SQLite says, in words that help.
fn explain(error: &rusqlite::Error) -> String {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => "it can't be opened: is it there, and may you read it?".to_owned(),
        Some(ErrorCode::NotADatabase) => "it is no SQLite database".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => format!("the database is damaged: {error}"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::ReadOnly) => {
            format!("the database is being written to: stop PyKMIP's server first ({error})")
        }
        _ => error.to_string(),
    }
}

const MANAGED_OBJECTS: &str = "managed_objects";

/// The tables of PyKMIP 0.11, and their columns.
const TABLES: &[(&str, &[&str])] = &[
    (
        MANAGED_OBJECTS,
        &[
            "uid",
            "object_type",
            "class_type",
            "value",
            "name_index",
            "operation_policy_name",
            "sensitive",
            "initial_date",
            "owner",
        ],
    ),
    ("managed_object_names", &["id", "mo_uid", "name", "name_index", "name_type"]),
    ("crypto_objects", &["uid", "cryptographic_usage_mask", "state"]),
    ("keys", &["uid", "cryptographic_algorithm", "cryptographic_length", "key_format_type"]),
    ("symmetric_keys", &["uid"]),
    ("public_keys", &["uid"]),
    ("private_keys", &["uid"]),
    (
        "split_keys",
        &[
            "uid",
            "_split_key_parts",
            "_key_part_identifier",
            "_split_key_threshold",
            "_split_key_method",
            "_prime_field_size",
        ],
    ),
    ("certificates", &["uid", "certificate_type"]),
    ("x509_certificates", &["uid"]),
    ("secret_data_objects", &["uid", "data_type"]),
    ("opaque_objects", &["uid", "opaque_type"]),
    ("app_specific_info", &["id", "application_namespace", "application_data"]),
    ("app_specific_info_map", &["managed_object_id", "app_specific_info_id"]),
    ("object_groups", &["id", "object_group"]),
    ("object_group_map", &["managed_object_id", "object_group_id"]),
];

/// Those that older versions lack.
const NEWER_TABLES: &[&str] =
    &["split_keys", "app_specific_info", "app_specific_info_map", "object_groups", "object_group_map"];

/// Those that older versions lack, or that nothing is taken from.
const NEWER_COLUMNS: &[&str] = &["sensitive", "name_index", "class_type"];

/// The columns by which a row belongs to an object.
const OWNER_COLUMNS: &[&str] = &["uid", "mo_uid", "managed_object_id"];

/// How the columns begin that tell how a key is wrapped.
const WRAPPING_COLUMNS: &str = "_kdw_";
