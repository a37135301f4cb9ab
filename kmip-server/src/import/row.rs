//! A row of PyKMIP's, and what its columns hold.

use std::fmt;
use std::rc::Rc;

use kmip::ttlv::Text;
use rusqlite::types::Value;
use zeroize::{Zeroize as _, Zeroizing};

/// What is wrong in a database, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The table.
    pub table: &'static str,
    /// The row's number: the identifier of its object.
    pub row: String,
    /// The column, where it is one.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
}

impl Fault {
    pub(super) fn new(
        table: &'static str,
        row: impl ToString,
        column: Option<&str>,
        reason: impl Into<String>,
    ) -> Self {
        Self { table, row: row.to_string(), column: column.map(str::to_owned), reason: reason.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}, row {}", self.table, self.row)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// A row that was read. What it holds is wiped when it is dropped.
pub(super) struct Row {
    table: &'static str,
    number: i64,
    columns: Rc<[String]>,
    values: Vec<Value>,
}

/// What reading a column gives.
pub(super) type Read<T> = Result<T, Fault>;

impl Row {
    /// `number` is what the row is called when something is wrong with it.
    pub(super) fn new(table: &'static str, number: i64, columns: Rc<[String]>, values: Vec<Value>) -> Self {
        Self { table, number, columns, values }
    }

    /// What is wrong with a column.
    pub(super) fn fault(&self, column: &str, reason: impl Into<String>) -> Fault {
        Fault::new(self.table, self.number, Some(column), reason)
    }

    /// The value, if there has to be one.
    pub(super) fn required<T>(&self, column: &str, value: Option<T>) -> Read<T> {
        value.ok_or_else(|| self.fault(column, "is empty"))
    }

    /// A number. Databases of older versions lack some columns: they are empty then.
    pub(super) fn integer(&self, column: &str) -> Read<Option<i64>> {
        match self.value(column) {
            Value::Null => Ok(None),
            Value::Integer(value) => Ok(Some(*value)),
            other => Err(self.mistyped(column, other, "a number")),
        }
    }

    /// A number in the range that KMIP gives an Integer.
    pub(super) fn small(&self, column: &str) -> Read<Option<i32>> {
        let small = |value| {
            i32::try_from(value).map_err(|_| self.fault(column, format!("{value} is out of KMIP's range")))
        };
        self.integer(column)?.map(small).transpose()
    }

    /// True or false.
    pub(super) fn flag(&self, column: &str) -> Read<Option<bool>> {
        match self.integer(column)? {
            None => Ok(None),
            Some(value @ (0 | 1)) => Ok(Some(value == 1)),
            Some(value) => Err(self.fault(column, format!("{value} is neither true nor false"))),
        }
    }

    /// A text.
    pub(super) fn text(&self, column: &str) -> Read<Option<Text>> {
        match self.value(column) {
            Value::Null => Ok(None),
            Value::Text(value) => Ok(Some(value.as_str().into())),
            other => Err(self.mistyped(column, other, "a text")),
        }
    }

    /// Bytes.
    pub(super) fn bytes(&self, column: &str) -> Read<Option<Zeroizing<Vec<u8>>>> {
        match self.value(column) {
            Value::Null => Ok(None),
            Value::Blob(value) => Ok(Some(Zeroizing::new(value.clone()))),
            other => Err(self.mistyped(column, other, "bytes")),
        }
    }

    /// A value of an enumeration, which PyKMIP writes as -1 where there is none. `name` tells whether it is known;
    /// those from 0x80000000 on are vendors' own.
    pub(super) fn enumeration<E: From<u32> + Copy>(
        &self,
        column: &str,
        name: fn(E) -> Option<&'static str>,
    ) -> Read<Option<E>> {
        let Some(number) = self.integer(column)?.filter(|number| *number != -1) else { return Ok(None) };
        let known = |number: &u32| *number >= EXTENSIONS || name(E::from(*number)).is_some();
        let value = u32::try_from(number).ok().filter(known).map(E::from);
        let value =
            value.ok_or_else(|| self.fault(column, format!("{number} is no value that KMIP has there")));
        value.map(Some)
    }

    fn value(&self, column: &str) -> &Value {
        let place = self.columns.iter().position(|name| name == column);
        place.and_then(|place| self.values.get(place)).unwrap_or(&Value::Null)
    }

    fn mistyped(&self, column: &str, found: &Value, expected: &str) -> Fault {
        let found = match found {
            Value::Null => "nothing",
            Value::Integer(_) => "a number",
            Value::Real(_) => "a fraction",
            Value::Text(_) => "a text",
            Value::Blob(_) => "bytes",
        };
        self.fault(column, format!("holds {found} where {expected} should be"))
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        for value in &mut self.values {
            if let Value::Blob(bytes) = value {
                bytes.zeroize();
            }
        }
    }
}

/// The first value of an enumeration that vendors may give a meaning.
const EXTENSIONS: u32 = 0x8000_0000;
