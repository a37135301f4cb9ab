//! The statements: what a store is asked, on one connection inside a transaction.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, ToSql, params};

use super::locate;
use crate::store::{
    AuditSegment, Census, Header, IndexEntry, IndexValue, Located, Material, Object, Query, Snapshot,
    StoreError, TransactFn, Transaction, WithMaterial,
};

/// A connection inside a transaction.
pub(super) struct Session<'c>(pub(super) &'c Connection);

impl Session<'_> {
    /// Runs `f` in a savepoint. Savepoints of one name nest: the innermost is meant.
    pub(super) fn savepoint_with(&mut self, f: TransactFn<'_>) -> Result<(), StoreError> {
        self.0.prepare_cached("SAVEPOINT item")?.execute([])?;
        let mut guard = Rollback { connection: self.0, armed: true };
        f(self)?;
        self.0.prepare_cached("RELEASE item")?.execute([])?;
        guard.armed = false;
        Ok(())
    }
}

/// Undoes a savepoint unless it was released: on an error, and on a panic.
struct Rollback<'c> {
    connection: &'c Connection,
    armed: bool,
}

impl Drop for Rollback<'_> {
    fn drop(&mut self) {
        // In autocommit mode SQLite has undone everything already.
        if !self.armed || self.connection.is_autocommit() {
            return;
        }
        if let Err(error) = self.connection.execute_batch("ROLLBACK TO item; RELEASE item") {
            tracing::error!(%error, "a savepoint could not be undone: the whole transaction is");
            // Should this fail too, the commit that follows does, for the same reason.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

impl Snapshot for Session<'_> {
    fn object(&self, identifier: &str) -> Result<Option<Object>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT sequence, identifier, owner, policy, object_type, state, storage, due, revision, attributes
             FROM object WHERE identifier = ?1",
        )?;
        Ok(statement.query_row([identifier], object).optional()?)
    }

    fn object_with_material(&self, identifier: &str) -> Result<Option<WithMaterial>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT sequence, identifier, owner, policy, object_type, state, storage, due, revision, attributes,
                    material
             FROM object WHERE identifier = ?1",
        )?;
        Ok(statement.query_row([identifier], |row| Ok((object(row)?, row.get(10)?))).optional()?)
    }

    fn locate(&self, query: &Query) -> Result<Located, StoreError> {
        locate::locate(self.0, query)
    }

    fn due(&self, now: i64, limit: u32) -> Result<Vec<String>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT identifier FROM object WHERE due <= ?1 ORDER BY due LIMIT ?2")?;
        let rows = statement.query_map(params![now, limit], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn objects_after(&self, sequence: u64, limit: u32) -> Result<Vec<WithMaterial>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT sequence, identifier, owner, policy, object_type, state, storage, due, revision, attributes,
                    material
             FROM object WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
        )?;
        let rows =
            statement.query_map(params![signed(sequence)?, limit], |row| Ok((object(row)?, row.get(10)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn count(&self) -> Result<u64, StoreError> {
        unsigned(self.0.prepare_cached("SELECT count(*) FROM object")?.query_row([], |row| row.get(0))?)
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(!self.0.prepare_cached("SELECT 1 FROM object LIMIT 1")?.exists([])?)
    }

    fn census(&self) -> Result<Vec<Census>, StoreError> {
        // Answered from an index alone.
        let mut statement = self.0.prepare_cached(
            "SELECT object_type, state, count(*) FROM object GROUP BY state, object_type ORDER BY 1, 2",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Census { object_type: row.get(0)?, state: row.get(1)?, count: natural(row, 2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT value FROM setting WHERE name = ?1")?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    }

    fn settings(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT name, value FROM setting WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
        )?;
        let rows = statement.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn audit(&self, from: u64, bytes: usize) -> Result<Vec<AuditSegment>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT first, last, lines FROM audit WHERE first >= ?1 ORDER BY first")?;
        let mut rows = statement.query([signed(from)?])?;
        let (mut segments, mut size) = (Vec::new(), 0_usize);
        while size <= bytes
            && let Some(row) = rows.next()?
        {
            let segment = audit_segment(row)?;
            size = size.saturating_add(segment.lines.len());
            segments.push(segment);
        }
        Ok(segments)
    }

    fn audit_end(&self) -> Result<Option<AuditSegment>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT first, last, lines FROM audit ORDER BY first DESC LIMIT 1")?;
        Ok(statement.query_row([], audit_segment).optional()?)
    }
}

impl Transaction for Session<'_> {
    fn insert(
        &mut self,
        header: &Header,
        attributes: &[u8],
        material: Option<&[u8]>,
        index: &[IndexEntry],
    ) -> Result<u64, StoreError> {
        let mut statement = self.0.prepare_cached(
            "INSERT INTO object
                 (identifier, owner, policy, object_type, state, storage, due, revision, attributes, material)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9)",
        )?;
        let inserted = statement.insert(params![
            header.identifier,
            header.owner,
            header.policy,
            header.object_type,
            header.state,
            header.storage,
            header.due,
            attributes,
            material
        ]);
        let sequence = match inserted {
            Ok(sequence) => sequence,
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                return Err(StoreError::Exists);
            }
            Err(error) => return Err(error.into()),
        };
        self.index(sequence, index)?;
        unsigned(sequence)
    }

    fn update(
        &mut self,
        object: &Object,
        header: &Header,
        attributes: &[u8],
        material: Material<'_>,
        index: &[IndexEntry],
    ) -> Result<(), StoreError> {
        let (replace, material) = match material {
            Material::Keep => (false, None),
            Material::Wipe => (true, None),
            Material::Replace(material) => (true, Some(material)),
        };
        let sequence = signed(object.sequence)?;
        let mut statement = self.0.prepare_cached(
            "UPDATE object SET owner = ?3, policy = ?4, object_type = ?5, state = ?6, storage = ?7, due = ?8,
                 revision = revision + 1, attributes = ?9, material = iif(?10, ?11, material)
             WHERE sequence = ?1 AND revision = ?2",
        )?;
        let changed = statement.execute(params![
            sequence,
            signed(object.revision)?,
            header.owner,
            header.policy,
            header.object_type,
            header.state,
            header.storage,
            header.due,
            attributes,
            replace,
            material
        ])?;
        if changed != 1 {
            return Err(StoreError::Conflict);
        }
        self.reindex(sequence, index)
    }

    fn reseal(
        &mut self,
        object: &Object,
        attributes: &[u8],
        material: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        // The revision stays: whoever has read the object may still change it.
        let mut statement = self.0.prepare_cached(
            "UPDATE object SET attributes = ?3, material = ?4 WHERE sequence = ?1 AND revision = ?2",
        )?;
        let changed = statement.execute(params![
            signed(object.sequence)?,
            signed(object.revision)?,
            attributes,
            material
        ])?;
        if changed == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    fn set_setting(&mut self, name: &str, value: Option<&[u8]>) -> Result<(), StoreError> {
        match value {
            Some(value) => self
                .0
                .prepare_cached(
                    "INSERT INTO setting (name, value) VALUES (?1, ?2)
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                )?
                .execute(params![name, value])?,
            None => self.0.prepare_cached("DELETE FROM setting WHERE name = ?1")?.execute([name])?,
        };
        Ok(())
    }

    fn append_audit(&mut self, segment: &AuditSegment) -> Result<(), StoreError> {
        self.0
            .prepare_cached("INSERT INTO audit (first, last, lines) VALUES (?1, ?2, ?3)")?
            .execute(params![signed(segment.first)?, signed(segment.last)?, segment.lines])?;
        Ok(())
    }

    fn remove_audit(&mut self, last: u64) -> Result<(), StoreError> {
        // `last` grows with `first`, by which alone there is an order to stop at.
        self.0
            .prepare_cached("DELETE FROM audit WHERE first <= ?1 AND last <= ?1")?
            .execute([signed(last)?])?;
        Ok(())
    }

    fn savepoint(&mut self, f: TransactFn<'_>) -> Result<(), StoreError> {
        self.savepoint_with(f)
    }
}

impl Session<'_> {
    /// Adds index entries; one given twice counts once.
    fn index(&self, sequence: i64, entries: &[IndexEntry]) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(
            "INSERT INTO attribute (attribute, value, sequence) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?;
        for entry in entries {
            statement.execute(params![entry.attribute, entry.value, sequence])?;
        }
        Ok(())
    }

    /// Makes the object's index entries these, touching only those that differ: most changes of an object
    /// leave most of them as they are, and each row written is a page in the log.
    fn reindex(&self, sequence: i64, entries: &[IndexEntry]) -> Result<(), StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT attribute, value FROM attribute WHERE sequence = ?1")?;
        let rows = statement.query_map([sequence], |row| {
            Ok(IndexEntry { attribute: row.get(0)?, value: index_value(row.get_ref(1)?)? })
        })?;
        let mut present = rows.collect::<Result<Vec<_>, _>>()?;
        let mut missing = Vec::new();
        for entry in entries {
            match present.iter().position(|old| old == entry) {
                Some(place) => drop(present.swap_remove(place)),
                None => missing.push(entry.clone()),
            }
        }
        let mut statement = self
            .0
            .prepare_cached("DELETE FROM attribute WHERE attribute = ?1 AND value = ?2 AND sequence = ?3")?;
        for entry in &present {
            statement.execute(params![entry.attribute, entry.value, sequence])?;
        }
        self.index(sequence, &missing)
    }
}

impl ToSql for IndexValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn index_value(value: ValueRef<'_>) -> rusqlite::Result<IndexValue> {
    match value {
        ValueRef::Integer(number) => Ok(IndexValue::Integer(number)),
        ValueRef::Text(_) => Ok(IndexValue::Text(value.as_str()?.to_owned())),
        ValueRef::Blob(bytes) => Ok(IndexValue::Bytes(bytes.to_vec())),
        ValueRef::Null | ValueRef::Real(_) => {
            Err(rusqlite::Error::InvalidColumnType(1, "value".into(), value.data_type()))
        }
    }
}

fn object(row: &Row<'_>) -> rusqlite::Result<Object> {
    Ok(Object {
        sequence: natural(row, 0)?,
        header: Header {
            identifier: row.get(1)?,
            owner: row.get(2)?,
            policy: row.get(3)?,
            object_type: row.get(4)?,
            state: row.get(5)?,
            storage: row.get(6)?,
            due: row.get(7)?,
        },
        revision: natural(row, 8)?,
        attributes: row.get(9)?,
    })
}

fn audit_segment(row: &Row<'_>) -> rusqlite::Result<AuditSegment> {
    Ok(AuditSegment { first: natural(row, 0)?, last: natural(row, 1)?, lines: row.get(2)? })
}

/// A column that is never negative.
pub(super) fn natural(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// SQLite's numbers are signed; ours never get that large.
fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Conflict)
}

fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt("a sequence number is negative".into()))
}
