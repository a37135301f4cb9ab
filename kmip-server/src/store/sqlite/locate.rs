//! Locate as one indexed query.
//!
//! SQLite knows little of how selective a condition is, and a wrong guess reads the whole store. So the
//! conditions are probed first, each by a look at no more than a few hundred index entries, and the most
//! selective one drives the query; the others are checked on what it yields.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::session::natural;
use crate::store::{Condition, IndexValue, Located, Query, StoreError, Visibility};

pub(super) fn locate(connection: &Connection, query: &Query) -> Result<Located, StoreError> {
    let Some(visible) = Visible::new(&query.visibility) else {
        return Ok(Located { identifiers: Vec::new(), total: query.count.then_some(0) });
    };
    let driver = choose(connection, query, &visible)?;
    let matching = matching(query, &visible, driver);

    let mut select = Sql::from("SELECT o.identifier FROM ");
    select.append(&matching);
    select.text.push_str(" ORDER BY o.sequence DESC LIMIT ");
    select.bind(query.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX)));
    select.text.push_str(" OFFSET ");
    select.bind(i64::try_from(query.offset).unwrap_or(i64::MAX));
    let mut statement = connection.prepare_cached(&select.text)?;
    let rows = statement.query_map(params_from_iter(select.values), |row| row.get(0))?;
    let identifiers = rows.collect::<Result<Vec<String>, _>>()?;

    let total = if !query.count {
        None
    } else if query.offset == 0 && query.limit.is_none_or(|limit| is_fewer(&identifiers, limit)) {
        u64::try_from(identifiers.len()).ok()
    } else {
        let mut count = Sql::from("SELECT count(*) FROM ");
        count.append(&matching);
        let mut statement = connection.prepare_cached(&count.text)?;
        Some(statement.query_row(params_from_iter(count.values), |row| natural(row, 0))?)
    };
    Ok(Located { identifiers, total })
}

fn is_fewer(identifiers: &[String], limit: u64) -> bool {
    u64::try_from(identifiers.len()).is_ok_and(|found| found < limit)
}

/// What a query walks along, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    /// One of the query's conditions.
    Condition(usize),
    /// The caller's own objects, all that are visible.
    Owner,
    /// All objects.
    Order,
}

/// Who may see what, as far as it decides the query.
struct Visible<'q> {
    /// `None`: everything.
    sql: Option<Sql>,
    /// The only owner whose objects are visible, if there is only one.
    owner: Option<&'q str>,
}

impl<'q> Visible<'q> {
    /// `None` if nothing is visible.
    fn new(visibility: &'q Visibility) -> Option<Self> {
        let grants = match visibility {
            Visibility::Everything => return Some(Self { sql: None, owner: None }),
            Visibility::Granted(grants) => grants,
        };
        let mut sql = Sql::default();
        let mut owners: Vec<Option<&str>> = Vec::new();
        for grant in grants {
            let types = grant.object_types.as_deref();
            if types.is_some_and(<[u32]>::is_empty) {
                continue;
            }
            sql.text.push_str(if owners.is_empty() { "(o.policy = " } else { " OR o.policy = " });
            sql.bind(grant.policy.clone());
            if let Some(types) = types {
                let types: Vec<String> = types.iter().map(u32::to_string).collect();
                sql.text.push_str(&format!(" AND o.object_type IN ({})", types.join(", ")));
            }
            if let Some(owner) = &grant.owner {
                sql.text.push_str(" AND o.owner = ");
                sql.bind(owner.clone());
            }
            owners.push(grant.owner.as_deref());
        }
        sql.text.push(')');
        let first = *owners.first()?;
        let owner = first.filter(|first| owners.iter().all(|owner| *owner == Some(first)));
        Some(Self { sql: Some(sql), owner })
    }
}

/// The most selective of what could drive the query.
fn choose(connection: &Connection, query: &Query, visible: &Visible<'_>) -> Result<Driver, StoreError> {
    let mut candidates: Vec<Driver> = Vec::with_capacity(query.conditions.len() + 1);
    for (place, condition) in query.conditions.iter().enumerate() {
        if matches!(condition, Condition::Identifier(_)) {
            return Ok(Driver::Condition(place));
        }
        candidates.push(Driver::Condition(place));
    }
    candidates.extend(visible.owner.map(|_| Driver::Owner));
    if let [] | [_] = *candidates {
        return Ok(candidates.first().copied().unwrap_or(Driver::Order));
    }
    let mut best = (i64::MAX, Driver::Order);
    for candidate in candidates {
        let mut probe = Sql::from("SELECT count(*) FROM (SELECT 1 FROM ");
        // What isn't walked in order must be sorted, so it loses to what is equally frequent.
        let penalty = match candidate {
            Driver::Condition(place) => match query.conditions.get(place) {
                Some(condition) => probe_condition(condition, &mut probe),
                None => continue,
            },
            Driver::Owner => {
                probe.text.push_str("object INDEXED BY object_by_owner WHERE owner = ");
                probe.bind(visible.owner.unwrap_or_default().to_owned());
                Some(0)
            }
            Driver::Order => continue,
        };
        let frequency = match penalty {
            None => PROBE + 2,
            Some(penalty) => {
                probe.text.push_str(" LIMIT ");
                probe.bind(PROBE);
                probe.text.push(')');
                let mut statement = connection.prepare_cached(&probe.text)?;
                penalty + statement.query_row(params_from_iter(probe.values), |row| row.get::<_, i64>(0))?
            }
        };
        if frequency < best.0 {
            best = (frequency, candidate);
        }
        if frequency <= FEW {
            break;
        }
    }
    Ok(best.1)
}

/// Writes the source that a probe of the condition counts; `None` for what is only tried last.
fn probe_condition(condition: &Condition, probe: &mut Sql) -> Option<i64> {
    match condition {
        Condition::Identifier(_) | Condition::Contains { .. } => return None,
        Condition::ObjectType(object_type) => {
            probe.text.push_str("object INDEXED BY object_by_type WHERE object_type = ");
            probe.bind(*object_type);
        }
        Condition::State(state) => {
            probe.text.push_str("object INDEXED BY object_by_state WHERE state = ");
            probe.bind(*state);
        }
        Condition::Equals { attribute, value } => {
            probe.text.push_str("attribute WHERE attribute = ");
            probe.bind(attribute.clone());
            probe.text.push_str(" AND value = ");
            probe.bind(value);
        }
        Condition::Range { attribute, from, to } => {
            probe.text.push_str("attribute WHERE attribute = ");
            probe.bind(attribute.clone());
            probe.between(*from, *to, "value");
            return Some(1);
        }
    }
    Some(0)
}

/// The query from its FROM on: `o` is the object.
fn matching(query: &Query, visible: &Visible<'_>, driver: Driver) -> Sql {
    let driving = match driver {
        Driver::Condition(place) => query.conditions.get(place),
        Driver::Owner | Driver::Order => None,
    };
    let mut sql = match (driver, driving) {
        (_, Some(Condition::Equals { attribute, value })) => {
            let mut sql = Sql::from("attribute d CROSS JOIN object o ON o.sequence = d.sequence");
            sql.text.push_str(" WHERE d.attribute = ");
            sql.bind(attribute.clone());
            sql.text.push_str(" AND d.value = ");
            sql.bind(value);
            sql
        }
        (_, Some(Condition::Range { attribute, from, to })) => {
            let mut sql = Sql::from("object o WHERE o.sequence IN (SELECT sequence FROM attribute");
            sql.text.push_str(" WHERE attribute = ");
            sql.bind(attribute.clone());
            sql.between(*from, *to, "value");
            sql.text.push(')');
            sql
        }
        (_, Some(Condition::Contains { attribute, mask })) => contains(attribute, *mask),
        (_, Some(Condition::Identifier(_))) => Sql::from("object o WHERE true"),
        (_, Some(Condition::ObjectType(_))) => Sql::from("object o INDEXED BY object_by_type WHERE true"),
        (_, Some(Condition::State(_))) => Sql::from("object o INDEXED BY object_by_state WHERE true"),
        (Driver::Owner, None) => {
            let mut sql = Sql::from("object o INDEXED BY object_by_owner WHERE o.owner = ");
            sql.bind(visible.owner.unwrap_or_default().to_owned());
            sql
        }
        (_, None) => Sql::from("object o WHERE true"),
    };
    for (place, condition) in query.conditions.iter().enumerate() {
        let drives = driver == Driver::Condition(place);
        match condition {
            Condition::Identifier(identifier) => {
                sql.text.push_str(" AND o.identifier = ");
                sql.bind(identifier.clone());
            }
            Condition::ObjectType(object_type) => {
                sql.text.push_str(" AND o.object_type = ");
                sql.bind(*object_type);
            }
            Condition::State(state) => {
                sql.text.push_str(" AND o.state = ");
                sql.bind(*state);
            }
            _ if drives => {}
            Condition::Equals { attribute, value } => {
                sql.text.push_str(" AND EXISTS (SELECT 1 FROM attribute a WHERE a.attribute = ");
                sql.bind(attribute.clone());
                sql.text.push_str(" AND a.value = ");
                sql.bind(value);
                sql.text.push_str(" AND a.sequence = o.sequence)");
            }
            Condition::Range { attribute, from, to } => {
                sql.text.push_str(OF_OBJECT);
                sql.bind(attribute.clone());
                sql.between(*from, *to, "a.value");
                sql.text.push(')');
            }
            Condition::Contains { attribute, mask } => {
                sql.text.push_str(OF_OBJECT);
                sql.bind(attribute.clone());
                sql.text.push_str(" AND typeof(a.value) = 'integer' AND a.value & ");
                sql.bind(*mask);
                sql.text.push_str(" = ");
                sql.bind(*mask);
                sql.text.push(')');
            }
        }
    }
    if let Some(storage) = query.storage {
        sql.text.push_str(" AND o.storage & ");
        sql.bind(storage);
        sql.text.push_str(" <> 0");
    }
    if let Some(visible) = &visible.sql {
        sql.text.push_str(" AND ");
        sql.append(visible);
    }
    sql
}

/// The objects whose attribute contains a mask: few masks are in use, so the index is skipped through from
/// each distinct value to the next, and the fitting ones are looked up.
fn contains(attribute: &str, mask: i64) -> Sql {
    let mut sql =
        Sql::from("object o WHERE o.sequence IN (SELECT sequence FROM attribute WHERE attribute = ");
    sql.bind(attribute.to_owned());
    sql.text.push_str(
        " AND value IN (WITH RECURSIVE used (value) AS (
              SELECT min(value) FROM attribute WHERE attribute = ",
    );
    sql.bind(attribute.to_owned());
    sql.text.push_str(
        " UNION ALL
              SELECT (SELECT min(a.value) FROM attribute a WHERE a.value > used.value AND a.attribute = ",
    );
    sql.bind(attribute.to_owned());
    sql.text.push_str(
        ") FROM used WHERE used.value IS NOT NULL
          ) SELECT value FROM used WHERE typeof(value) = 'integer' AND value & ",
    );
    sql.bind(mask);
    sql.text.push_str(" = ");
    sql.bind(mask);
    sql.text.push_str("))");
    sql
}

/// A piece of SQL and the values of its parameters, in order.
#[derive(Clone, Default)]
struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    fn bind(&mut self, value: impl Into<Value>) {
        self.text.push('?');
        self.values.push(value.into());
    }

    fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.values.extend_from_slice(&other.values);
    }

    fn between(&mut self, from: i64, to: i64, column: &str) {
        self.text.push_str(&format!(" AND {column} BETWEEN "));
        self.bind(from);
        self.text.push_str(" AND ");
        self.bind(to);
    }
}

impl From<&IndexValue> for Value {
    fn from(value: &IndexValue) -> Self {
        match value {
            IndexValue::Integer(number) => Self::Integer(*number),
            IndexValue::Text(text) => Self::Text(text.clone()),
            IndexValue::Bytes(bytes) => Self::Blob(bytes.clone()),
        }
    }
}

/// A condition on an attribute of the object at hand: the few entries of one object are read, whatever
/// SQLite thinks of the alternative.
const OF_OBJECT: &str = " AND EXISTS (SELECT 1 FROM attribute a INDEXED BY attribute_by_object \
                         WHERE a.sequence = o.sequence AND a.attribute = ";

/// How many index entries a probe looks at.
const PROBE: i64 = 256;

/// A condition this selective drives the query without a look at the others.
const FEW: i64 = 16;

#[cfg(test)]
#[path = "locate_tests.rs"]
mod tests;
