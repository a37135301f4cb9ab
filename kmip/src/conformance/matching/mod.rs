//! Whether an answer is what a case expects, as the profiles have it ("Permitted Test Case Variations"): every variation
//! that is not named there is a difference.
//!
//! - `rules`: what an answer may lack, and may have on top;
//! - `structure`: which item of the answer is which of the case;
//! - `leaf`: values, variables and times;
//! - `material`: what a server makes itself, so that no case can know it;
//! - `query`: what a server says of itself;
//! - `message`: batch items, and output that comes in parts.

mod leaf;
mod material;
mod message;
mod query;
mod rules;
mod structure;

pub(super) use self::message::{Manner, answer};
use super::{
    memory::{Memory, Object},
    node::Node,
};
use crate::{
    ttlv::{Tag, Value},
    types::Operation,
};

/// Where an answer is not what a case expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The way to the item.
    pub path: String,
    /// What is different.
    pub reason: String,
    /// The line of the item in the readable text of what is expected, if it is there, counted from 0.
    pub expected: Option<usize>,
    /// The line of the item in the readable text of what came, if it is there, counted from 0.
    pub actual: Option<usize>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

/// What an answer is compared with, and what has been found.
struct Matching<'a> {
    memory: &'a mut Memory,
    /// By how many seconds times may differ.
    tolerance: i64,
    /// Whether the case's lists of operations and objects may be others.
    lists_vary: bool,
    item: BatchItem<'a>,
    /// The attribute in which the matching is, and whether its value is free.
    attribute: Option<Tag>,
    is_free: bool,
    /// The digest in which the matching is: the expected and the actual one.
    digest: Option<(&'a Node, &'a Node)>,
    path: Vec<String>,
    /// Where items are in another order than the case has them.
    remarks: &'a mut Vec<String>,
}

/// The batch item that is compared.
#[derive(Clone, Copy, Default)]
struct BatchItem<'a> {
    operation: Option<Operation>,
    /// The payload of the request as it was sent.
    request: Option<&'a Node>,
    /// The expected payload, and the actual one.
    expected: Option<&'a Node>,
    actual: Option<&'a Node>,
    /// The object that it is about.
    object: Option<&'a str>,
}

impl<'a> Matching<'a> {
    fn is(&self, operation: Operation) -> bool {
        self.item.operation == Some(operation)
    }

    fn is_one_of(&self, operations: &[Operation]) -> bool {
        self.item.operation.is_some_and(|operation| operations.contains(&operation))
    }

    /// The object that the batch item is about.
    fn object(&self) -> Object {
        self.memory.object(self.item.object)
    }

    /// A difference here.
    fn differ(
        &self,
        expected: Option<&Node>,
        actual: Option<&Node>,
        reason: impl Into<String>,
    ) -> Difference {
        Difference {
            path: self.path.join("/"),
            reason: reason.into(),
            expected: expected.map(|node| node.line),
            actual: actual.map(|node| node.line),
        }
    }

    /// A difference in an item of the structure that the matching is in.
    fn differ_in(
        &mut self,
        name: String,
        expected: Option<&Node>,
        actual: Option<&Node>,
        reason: String,
    ) -> Difference {
        self.path.push(name);
        let difference = self.differ(expected, actual, reason);
        self.path.pop();
        difference
    }

    /// The first enumeration with this meaning in the request.
    fn requested(&self, subject: Tag) -> Option<u32> {
        self.item.request?.enumeration(subject)
    }
}

/// A value in a few words, without what is secret.
fn shown(node: &Node) -> String {
    use crate::{transcode::Named, transcode::number::Hexadecimal, types::tables::NAMES};
    const LONGEST: usize = 80;
    let secret = [node.tag, node.subject].iter().filter_map(|tag| NAMES.tag(*tag)).any(|info| info.secret);
    let Some(value) = node.value() else {
        let names: Vec<String> = node.children().iter().map(Node::name).collect();
        return match node.variable() {
            Some(variable) => variable.to_string(),
            None => format!("{{{}}}", names.join(", ")),
        };
    };
    let text = match value {
        Value::TextString(text) if secret => format!("a text of {} bytes", text.len()),
        Value::ByteString(bytes) if secret => format!("{} bytes", bytes.len()),
        Value::BigInteger(number) if secret => {
            format!("a number of {} bytes", number.as_signed_bytes().len())
        }
        Value::Structure(_) => String::new(),
        Value::Integer(number) => match Named::of(node.subject).mask() {
            Some(table) if *number != 0 => crate::transcode::write_mask(table, number.cast_unsigned(), '|'),
            _ => number.to_string(),
        },
        Value::LongInteger(number) => number.to_string(),
        Value::BigInteger(number) => Hexadecimal(number.as_signed_bytes()).to_string(),
        Value::Enumeration(number) => match Named::of(node.subject).name(*number) {
            Some(name) => name.to_owned(),
            None => format!("{number:#010x}"),
        },
        Value::Boolean(value) => value.to_string(),
        Value::TextString(text) => format!("{:?}", text.as_str()),
        Value::ByteString(bytes) => Hexadecimal(bytes).to_string(),
        Value::DateTime(time) => time.to_string(),
        Value::Interval(interval) => format!("{} s", interval.0),
        Value::DateTimeExtended(time) => time.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
