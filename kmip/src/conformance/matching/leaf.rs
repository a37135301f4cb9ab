//! Values: equal to what is expected, unless they are variables, times or of the server's making.

use super::{
    Difference, Matching,
    material::{OUTPUT, is_material},
    shown,
};
use crate::conformance::{
    memory::{Same, now, seconds},
    node::{Node, Variable, bytes_of},
};
use crate::{
    ttlv::{ItemType, Tag, Value},
    types::{HashingAlgorithm, KeyFormatType, Operation, tables::NAMES},
};

impl Matching<'_> {
    /// Compares a value with what is expected.
    pub(super) fn leaf(&mut self, expected: &Node, actual: &Node) -> Vec<Difference> {
        let Some(value) = actual.value() else { return Vec::new() };
        let subject = expected.subject;
        let is_free = match subject {
            Tag::ResultMessage | Tag::ServerCorrelationValue | Tag::Nonce | Tag::PKCS_11OutputParameters => {
                true
            }
            Tag::LeaseTime => actual.item_type() == ItemType::Interval,
            Tag::VendorIdentification => self.is(Operation::Query),
            _ => false,
        };
        if is_free {
            return Vec::new();
        }
        let found = if subject == Tag::TimeStamp {
            self.near(value, now())
        } else if self.is_free {
            None
        } else {
            match expected.variable() {
                Some(Variable::Now(offset)) => self.near(value, self.memory.time(*offset)),
                Some(Variable::Named(name)) => self.bind(name, actual, value),
                None => self.known(expected, actual),
            }
        };
        found.map(|reason| self.differ(Some(expected), Some(actual), reason)).into_iter().collect()
    }

    /// Whether a time is, within the tolerance, as expected.
    fn near(&self, value: &Value, expected: i64) -> Option<String> {
        let found = seconds(value)?;
        if found.abs_diff(expected) <= self.tolerance.unsigned_abs() {
            return None;
        }
        let (found, expected) = (crate::ttlv::DateTime(found), crate::ttlv::DateTime(expected));
        Some(format!("expected {expected} within {} s, found {found}", self.tolerance))
    }

    /// Gives a variable its value, or compares it with the one that it has.
    fn bind(&mut self, name: &str, actual: &Node, value: &Value) -> Option<String> {
        // These are others in every answer.
        let is_new_every_time = NEW_EVERY_TIME.iter().any(|known| name.starts_with(known));
        match self.memory.variables.get(name) {
            Some(known) if !is_new_every_time => {
                let is_equal =
                    known == value || (bytes_of(known).is_some() && bytes_of(known) == bytes_of(value));
                let known =
                    Node { content: crate::conformance::node::Content::Value(known.clone()), ..*actual };
                (!is_equal)
                    .then(|| format!("expected {name}, which is {}, found {}", shown(&known), shown(actual)))
            }
            _ => {
                self.memory.variables.insert(name.to_owned(), value.clone());
                None
            }
        }
    }

    /// Compares a value with one that the case shows.
    fn known(&mut self, expected: &Node, actual: &Node) -> Option<String> {
        let (wanted, value) = (expected.value()?, actual.value()?);
        let subject = expected.subject;
        if subject == Tag::ShortUniqueIdentifier {
            let identifier =
                self.item.object.filter(|identifier| self.memory.objects.contains_key(*identifier))?;
            let is_same = self.memory.is_same(Same::ShortIdentifier(identifier.to_owned()), value);
            return (!is_same).then(|| "it is another than before".to_owned());
        }
        if let Some(time) = seconds(wanted)
            && is_date_attribute(subject)
            && !self.memory.sent_dates.contains(&time)
        {
            return None;
        }
        if let Some((expected_digest, actual_digest)) = self.digest
            && matches!(subject, Tag::HashingAlgorithm | Tag::DigestValue | Tag::KeyFormatType)
        {
            return self.digest(expected_digest, actual_digest, expected, actual);
        }
        if subject == Tag::KeyFormatType && self.is_free_format() {
            return None;
        }
        if (OUTPUT.contains(&subject) || is_material(subject))
            && matches!(value, Value::ByteString(_) | Value::BigInteger(_))
            && self.is_unknowable(subject)
        {
            return self.unknowable(subject, wanted, value);
        }
        (wanted != value).then(|| format!("expected {}, found {}", shown(expected), shown(actual)))
    }

    /// Whether the server may choose the format: of a key that it made, where the request names none.
    fn is_free_format(&self) -> bool {
        let is_asked_for = self.attribute == Some(Tag::KeyFormatType)
            || self.is_one_of(&[Operation::Get, Operation::Export, Operation::Put]);
        let is_named = self.item.request.is_some_and(|request| request.child(Tag::KeyFormatType).is_some());
        is_asked_for && self.object().is_servers && !is_named
    }

    /// Compares what can't be known with what is known of it: its length, and that it stays the same.
    fn unknowable(&mut self, subject: Tag, wanted: &Value, value: &Value) -> Option<String> {
        let (Value::ByteString(wanted), Value::ByteString(bytes)) = (wanted, value) else { return None };
        let has_length = (matches!(subject, Tag::KeyMaterial | Tag::Key) && self.is_raw_symmetric())
            || self.is(Operation::RNGRetrieve);
        if has_length && wanted.len() != bytes.len() {
            return Some(format!("expected {} bytes, found {}", wanted.len(), bytes.len()));
        }
        if wanted != bytes && !self.is(Operation::Decrypt) {
            self.memory.learn(subject, wanted, value);
        }
        if subject == Tag::KeyMaterial
            && self.object().is_derived
            && !self.memory.is_same(Same::Derived(wanted.to_vec()), value)
        {
            return Some("keys that are shown as equal are not".to_owned());
        }
        if let Some(object) = self.item.object.filter(|object| self.memory.objects.contains_key(*object))
            && matches!(subject, Tag::KeyMaterial | Tag::Key)
        {
            let format = self.key_format();
            let is_plain = format != Some(KeyFormatType::PKCS_12.0) && !self.is_wrapped();
            if is_plain && !self.memory.is_same(Same::Material(object.to_owned(), format), value) {
                return Some("the key is another than before".to_owned());
            }
        }
        if let Some(operation @ (Operation::Encrypt | Operation::MAC | Operation::Sign)) = self.item.operation
            && OUTPUT.contains(&subject)
            && !self.is_random()
        {
            let object = self.item.object.map(str::to_owned);
            let same = Same::Output(object, operation, subject, wanted.to_vec());
            if !self.memory.is_same(same, value) {
                return Some("the same input gives another output than before".to_owned());
            }
        }
        None
    }

    /// Compares a part of a digest: the server chooses the algorithm, and the format that is digested.
    fn digest(&self, expected: &Node, actual: &Node, part: &Node, found: &Node) -> Option<String> {
        let algorithm = |digest: &Node| digest.child(Tag::HashingAlgorithm).and_then(Node::as_enumeration);
        let format = |digest: &Node| digest.child(Tag::KeyFormatType).and_then(Node::as_enumeration);
        let differs = || part.value() != found.value();
        let describe = || Some(format!("expected {}, found {}", shown(part), shown(found)));
        match part.subject {
            Tag::DigestValue => {
                let is_comparable = algorithm(expected) == algorithm(actual)
                    && (format(expected).is_none()
                        || format(actual).is_none()
                        || format(expected) == format(actual));
                if is_comparable && !self.object().is_servers {
                    return if differs() { describe() } else { None };
                }
                let (length, bytes) = (algorithm(actual).and_then(digest_length)?, found.as_bytes()?);
                (bytes.len() != length).then(|| format!("expected {length} bytes, found {}", bytes.len()))
            }
            Tag::KeyFormatType => {
                let is_raw = format(expected) == Some(KeyFormatType::Raw.0);
                if differs() && is_raw && !self.object().is_servers { describe() } else { None }
            }
            _ => None,
        }
    }
}

/// Whether it is an attribute that says when something happened, which servers set.
fn is_date_attribute(subject: Tag) -> bool {
    let is_date = |info: &crate::ttlv::names::TagInfo| {
        info.item_types.iter().any(|known| matches!(known, ItemType::DateTime | ItemType::DateTimeExtended))
    };
    crate::types::tables::attribute_name(subject).is_some() && NAMES.tag(subject).is_some_and(is_date)
}

fn digest_length(algorithm: u32) -> Option<usize> {
    Some(match HashingAlgorithm(algorithm) {
        HashingAlgorithm::MD2 | HashingAlgorithm::MD4 | HashingAlgorithm::MD5 => 16,
        HashingAlgorithm::SHA_1 | HashingAlgorithm::RIPEMD_160 => 20,
        HashingAlgorithm::Tiger => 24,
        HashingAlgorithm::SHA_224 | HashingAlgorithm::SHA_512_224 | HashingAlgorithm::SHA3_224 => 28,
        HashingAlgorithm::SHA_256 | HashingAlgorithm::SHA_512_256 | HashingAlgorithm::SHA3_256 => 32,
        HashingAlgorithm::SHA_384 | HashingAlgorithm::SHA3_384 => 48,
        HashingAlgorithm::SHA_512 | HashingAlgorithm::SHA3_512 | HashingAlgorithm::Whirlpool => 64,
        _ => return None,
    })
}

const NEW_EVERY_TIME: [&str; 4] =
    ["$CORRELATION_VALUE", "$ASYNCHRONOUS_CORRELATION_VALUE", "$TICKET_VALUE", "$SERVER_CORRELATION_VALUE"];
