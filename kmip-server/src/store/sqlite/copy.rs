//! A whole database as rows, and rows as a new database: what a backup holds.
//!
//! Rows, not pages: what was deleted is not among them, and the copy needs no room beside its destination.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, Statement, ToSql, params_from_iter};
use serde::{Deserialize, Serialize};

use super::session::Session;
use super::{connect_reader, schema};
use crate::store::{Snapshot as _, StoreError};

/// A piece of a database.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum Piece {
    /// The rows of a table follow.
    Table {
        /// Its name.
        name: String,
        /// The names of its columns.
        columns: Vec<String>,
    },
    /// A row of the last table.
    Row(Vec<Cell>),
}

/// A value in a row.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum Cell {
    /// None.
    Null,
    /// A number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(#[serde(with = "serde_bytes")] Vec<u8>),
}

/// One state of a database, which may be in use: its server goes on, and what it changes meanwhile is not seen.
pub struct Source {
    connection: Connection,
    schema: i64,
}

impl Source {
    /// Takes the state that the database is in now.
    ///
    /// # Errors
    /// When there is no database that could be opened, or it is a newer server's.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // So that nothing is made where there is nothing.
        File::open(path).map_err(|error| failed(path, error))?;
        let connection = connect_reader(path)?;
        schema::recognize(&connection, path)?;
        schema::refuse_newer(&connection, path)?;
        connection.execute_batch("BEGIN")?;
        // The first read is what takes the state.
        let schema = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        Ok(Self { connection, schema })
    }

    /// The version of its schema.
    pub fn schema(&self) -> i64 {
        self.schema
    }

    /// The setting of that name.
    ///
    /// # Errors
    /// When the database fails.
    pub fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Session(&self.connection).setting(name)
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// When the database fails.
    pub fn rows(&self) -> Result<u64, StoreError> {
        let mut rows = 0;
        for table in self.tables()? {
            let count: i64 = self.connection.query_row(
                &format!("SELECT count(*) FROM {}", quoted(&table)),
                [],
                |row| row.get(0),
            )?;
            rows += u64::try_from(count).unwrap_or_default();
        }
        Ok(rows)
    }

    /// All of it, piece by piece.
    ///
    /// # Errors
    /// When the database fails, and those of `take`.
    pub fn each<E: From<StoreError>>(&self, mut take: impl FnMut(Piece) -> Result<(), E>) -> Result<(), E> {
        for name in self.tables()? {
            let select = format!("SELECT * FROM {}", quoted(&name));
            let mut statement = self.connection.prepare(&select).map_err(StoreError::from)?;
            let columns: Vec<_> = statement.column_names().map(str::to_owned).collect();
            let count = columns.len();
            take(Piece::Table { name, columns })?;
            let mut rows = statement.query([]).map_err(StoreError::from)?;
            while let Some(row) = rows.next().map_err(StoreError::from)? {
                let cells = (0..count).map(|column| Cell::from_sql(row.get_ref(column)?));
                take(Piece::Row(cells.collect::<Result<_, StoreError>>()?))?;
            }
        }
        Ok(())
    }

    /// The names of all tables; SQLite's own come last, as adding rows to the others changes them.
    fn tables(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT name FROM sqlite_schema
             WHERE type = 'table' AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name = 'sqlite_sequence')
             ORDER BY name = 'sqlite_sequence', name",
        )?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }
}

impl Cell {
    fn from_sql(value: ValueRef<'_>) -> Result<Self, StoreError> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Text(_) => Self::Text(value.as_str().map_err(rusqlite::Error::from)?.to_owned()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
            ValueRef::Real(_) => return Err(StoreError::Corrupt("there is a number with a fraction".into())),
        })
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A new database that is made of pieces.
pub struct Target {
    path: PathBuf,
    connection: Connection,
    /// The statement that adds a row to the last table, and how many columns that has.
    insert: Option<(String, usize)>,
}

impl Target {
    /// Makes a database with this version of the schema.
    ///
    /// # Errors
    /// When there is something, or the version is newer than what this program knows.
    pub fn create(path: &Path, schema: i64) -> Result<Self, StoreError> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        made.map_err(|error| failed(path, error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        // Until it is finished nobody needs it: it is synced in the end.
        connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
        schema::migrate_to(&connection, path, schema)?;
        connection.execute_batch("BEGIN")?;
        Ok(Self { path: path.to_owned(), connection, insert: None })
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// When it doesn't belong into this schema.
    pub fn add(&mut self, piece: &Piece) -> Result<(), StoreError> {
        match piece {
            Piece::Table { name, columns } => {
                // What the schema begins with is among the rows that follow.
                self.connection.execute(&format!("DELETE FROM {}", quoted(name)), [])?;
                let names: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
                let places = vec!["?"; columns.len()].join(", ");
                let insert = format!("INSERT INTO {} ({}) VALUES ({places})", quoted(name), names.join(", "));
                self.insert = Some((insert, columns.len()));
                Ok(())
            }
            Piece::Row(cells) => {
                let Some((insert, columns)) = &self.insert else { return Err(misplaced()) };
                if cells.len() != *columns {
                    return Err(misplaced());
                }
                let mut statement: rusqlite::CachedStatement<'_> = self.connection.prepare_cached(insert)?;
                let statement: &mut Statement<'_> = &mut statement;
                statement.execute(params_from_iter(cells))?;
                Ok(())
            }
        }
    }

    /// Ends it: the database is sound, and on the disk.
    ///
    /// # Errors
    /// When it isn't.
    pub fn finish(self) -> Result<(), StoreError> {
        self.connection.execute_batch("COMMIT")?;
        let sound: String = self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if sound != "ok" {
            return Err(StoreError::Corrupt(sound));
        }
        self.connection.close().map_err(|(_, error)| error)?;
        let file = File::open(&self.path);
        file.and_then(|file| file.sync_all()).map_err(|error| failed(&self.path, error))
    }
}

/// Makes sure that nobody has a database open, and that all of it is in its one file.
///
/// # Errors
/// [`StoreError::InUse`] if someone has.
pub fn close(path: &Path) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    schema::recognize(&connection, path)?;
    // Every connection that is open holds a lock that this can't be done beside.
    let mode = connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0));
    match mode.map_err(StoreError::from) {
        Ok(mode) => {
            let mode: String = mode;
            if mode == "delete" { Ok(()) } else { Err(StoreError::InUse { path: path.to_owned() }) }
        }
        Err(StoreError::Busy) => Err(StoreError::InUse { path: path.to_owned() }),
        Err(error) => Err(error),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn misplaced() -> StoreError {
    StoreError::Corrupt("a row belongs to no table".into())
}

fn failed(path: &Path, error: io::Error) -> StoreError {
    StoreError::File { path: path.to_owned(), error: Arc::new(error) }
}
