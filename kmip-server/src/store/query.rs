//! What Locate asks of a store.

/// A value by which objects are located. Values of different kinds are never equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexValue {
    /// A number: integers, enumerations, masks, dates, intervals, booleans.
    Integer(i64),
    /// Text, compared byte for byte.
    Text(String),
    /// Bytes: byte strings, big integers, and whatever else is compared as a whole.
    Bytes(Vec<u8>),
}

/// One value of one attribute of one object, by which the object can be located.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexEntry {
    /// The attribute; the caller's choice of a short text, stored with every entry.
    pub attribute: String,
    /// The value. A multi-valued attribute has one entry for each.
    pub value: IndexValue,
}

impl IndexEntry {
    /// An entry.
    pub fn new(attribute: impl Into<String>, value: IndexValue) -> Self {
        Self { attribute: attribute.into(), value }
    }
}

/// One condition; an object must meet all of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// The unique identifier is this one.
    Identifier(String),
    /// The object is of this type.
    ObjectType(u32),
    /// The object is in this state.
    State(u32),
    /// One of the attribute's values is this one.
    Equals {
        /// The attribute.
        attribute: String,
        /// The value.
        value: IndexValue,
    },
    /// One of the attribute's values is a number from `from` to `to`, both included.
    Range {
        /// The attribute.
        attribute: String,
        /// The least number.
        from: i64,
        /// The greatest number.
        to: i64,
    },
    /// One of the attribute's values is a number in which every bit of `mask` is set.
    Contains {
        /// The attribute.
        attribute: String,
        /// The bits.
        mask: i64,
    },
}

/// Which objects a caller may see: those that any one of the grants covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Every object: for the server itself, never for a client.
    Everything,
    /// The objects covered by at least one of these; none at all if there are none.
    Granted(Vec<Grant>),
}

/// Objects that a caller may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Those under this policy…
    pub policy: String,
    /// … and of one of these types, or of any if that is `None` …
    pub object_types: Option<Vec<u32>>,
    /// … and of this owner, or of anyone if that is `None`.
    pub owner: Option<String>,
}

/// What Locate looks for. Answers come newest first.
///
/// ```
/// use kmip_server::store::{Condition, IndexValue, Query, Visibility};
///
/// let query = Query {
///     conditions: vec![Condition::Equals {
///         attribute: "Name".into(),
///         value: IndexValue::Text("backup key".into()),
///     }],
///     limit: Some(1),
///     ..Query::new(Visibility::Everything)
/// };
/// assert_eq!(query.offset, 0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What an object must meet.
    pub conditions: Vec<Condition>,
    /// Which objects the caller may see.
    pub visibility: Visibility,
    /// The storage statuses wanted, as bits; `None` for any.
    pub storage: Option<u32>,
    /// How many of the answers to skip.
    pub offset: u64,
    /// How many answers to give at most.
    pub limit: Option<u64>,
    /// Whether to count all that match, beyond offset and limit. It costs time in proportion to the count.
    pub count: bool,
}

impl Query {
    /// Every object of that visibility.
    pub fn new(visibility: Visibility) -> Self {
        Self { conditions: Vec::new(), visibility, storage: None, offset: 0, limit: None, count: false }
    }
}

/// What Locate found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// The unique identifiers, newest object first.
    pub identifiers: Vec<String>,
    /// How many match without offset and limit, if that was asked for.
    pub total: Option<u64>,
}
