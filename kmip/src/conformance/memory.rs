//! What is known in the course of a case: its variables, the objects, and what it has sent.

use std::{
    collections::{HashMap, HashSet},
    time::{SystemTime, UNIX_EPOCH},
};

use openssl::{rand::rand_bytes, sha::sha256};

use super::node::{Content, Node, Variable, bytes_of};
use crate::{
    transcode::number::Hexadecimal,
    ttlv::{Bytes, DateTime, DateTimeExtended, Item, ItemType, Tag, Text, Value},
    types::{Operation, tables::NAMES},
};

/// What is known so far.
#[derive(Clone, Default)]
pub(super) struct Memory {
    pub(super) variables: HashMap<String, Value>,
    /// The last values of answers, by tags.
    latest: HashMap<Tag, Value>,
    /// What a server gave where another value stands in the case.
    learned: HashMap<(Tag, Vec<u8>), Value>,
    pub(super) objects: HashMap<String, Object>,
    /// The dates that requests carried.
    pub(super) sent_dates: HashSet<i64>,
    /// The attributes that requests carried.
    pub(super) sent_attributes: HashSet<Tag>,
    /// The object groups that requests named.
    pub(super) sent_groups: HashSet<String>,
    /// Whether the request under way has data of the server's own.
    pub(super) sent_servers_data: bool,
    pub(super) stream: Option<Stream>,
    /// What has to come out the same again: the case expects the same value for both.
    pub(super) same: HashMap<Same, Value>,
    /// Time that is made shorter, from these seconds to those.
    pub(super) short: Option<(i64, i64)>,
}

/// What came out where the case shows a certain value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Same {
    /// The material of an object, in a format.
    Material(String, Option<u32>),
    /// The output of an operation with an object.
    Output(Option<String>, Operation, Tag, Vec<u8>),
    /// A key that two parties derive.
    Derived(Vec<u8>),
    /// The short identifier of an object.
    ShortIdentifier(String),
}

/// An object, as far as it matters for what may come out.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    /// Whether the server made its material, so that nobody can know it before.
    pub(super) is_servers: bool,
    pub(super) algorithm: Option<u32>,
    pub(super) padding: Option<u32>,
    pub(super) object_type: Option<u32>,
    pub(super) has_random_iv: bool,
    pub(super) is_derived: bool,
    /// For a part of a key: whether the server made the key.
    pub(super) joins_to_servers: Option<bool>,
    pub(super) is_destroyed: bool,
    /// Which client made it.
    pub(super) client: Option<String>,
}

/// The output of an operation in parts, which may come earlier or later than the case shows.
#[derive(Clone, Default)]
pub(super) struct Stream {
    pub(super) expected: Vec<u8>,
    pub(super) actual: Vec<u8>,
    pub(super) is_free: bool,
}

impl Memory {
    /// What goes on to a case from the one that had to go first: objects, and what was learned.
    pub(super) fn for_next(self) -> Self {
        Self { objects: self.objects, learned: self.learned, same: self.same, ..Self::default() }
    }

    /// The seconds of a time that a variable stands for.
    pub(super) fn time(&self, offset: i64) -> i64 {
        let offset = match self.short {
            Some((long, short)) if offset == long => short,
            _ => offset,
        };
        now() + offset
    }

    /// A request as it is to be sent.
    pub(super) fn request(&mut self, template: &Node) -> Result<Item, String> {
        self.sent_servers_data = false;
        let request = template.to_item(&mut |node| self.value(node))?;
        self.note_request(template);
        Ok(request)
    }

    fn value(&mut self, node: &Node) -> Result<Value, String> {
        match &node.content {
            Content::Structure(_) => Err(format!("{} is a structure", node.tag)),
            Content::Variable(item_type, Variable::Now(offset)) => {
                let seconds = self.time(*offset);
                Ok(match item_type {
                    ItemType::DateTimeExtended => {
                        Value::DateTimeExtended(DateTimeExtended(seconds.saturating_mul(1_000_000)))
                    }
                    _ => Value::DateTime(DateTime(seconds)),
                })
            }
            Content::Variable(item_type, Variable::Named(name)) => {
                let value = self.variable(name)?;
                self.sent_servers_data |= node.tag == Tag::Data;
                Ok(match value {
                    Value::TextString(text) if *item_type == ItemType::ByteString => {
                        Value::ByteString(Bytes::copy_from_slice(text.as_bytes()))
                    }
                    value => value,
                })
            }
            Content::Value(value) => {
                if let Some(learned) = bytes_of(value)
                    .filter(|_| is_learned(node.tag))
                    .and_then(|bytes| self.learned.get(&(node.tag, bytes.to_vec())))
                {
                    self.sent_servers_data |= node.tag == Tag::Data;
                    return Ok(learned.clone());
                }
                if let Some(seconds) = seconds(value) {
                    self.sent_dates.insert(seconds);
                }
                Ok(value.clone())
            }
        }
    }

    /// The value of a variable in a request.
    fn variable(&mut self, name: &str) -> Result<Value, String> {
        if let Some(value) = self.variables.get(name) {
            return Ok(value.clone());
        }
        if let Some((_, number)) = name.split_once("_RANDOM_") {
            self.draw(number)?;
        } else {
            // `$MAC_DATA_0` is the MAC Data that came last.
            let spelled = plain(
                name.trim_start_matches('$').trim_end_matches(|c: char| c.is_ascii_digit() || c == '_'),
            );
            let latest = self.latest.iter().find(|(tag, _)| plain(&tag.to_string()) == spelled);
            let value = latest.map(|(_, value)| value.clone());
            self.variables.insert(
                name.to_owned(),
                value.ok_or_else(|| format!("{name} is used before any answer gave it"))?,
            );
        }
        self.variables.get(name).cloned().ok_or_else(|| format!("{name} is of an unknown kind"))
    }

    /// Draws an identifier, and the short one that belongs to it.
    fn draw(&mut self, number: &str) -> Result<(), String> {
        let mut bytes = [0; 16];
        rand_bytes(&mut bytes).map_err(|error| error.to_string())?;
        let digits = Hexadecimal(&bytes).to_string();
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        // A version 4 UUID (RFC 9562 §5.4).
        let identifier =
            format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32));
        let short = Bytes::copy_from_slice(&sha256(identifier.as_bytes()));
        let name = |what: &str| format!("${what}UNIQUE_IDENTIFIER_RANDOM_{number}");
        self.variables.insert(name(""), Value::TextString(Text::from(identifier)));
        self.variables.insert(name("SHORT_"), Value::ByteString(short));
        Ok(())
    }

    /// Remembers that a value came where the case shows another.
    pub(super) fn learn(&mut self, tag: Tag, shown: &[u8], actual: &Value) {
        if is_learned(tag) && shown.len() >= 4 {
            self.learned.insert((tag, shown.to_vec()), actual.clone());
        }
    }

    /// Remembers what comes out the first time; whether it is the same as then.
    pub(super) fn is_same(&mut self, what: Same, actual: &Value) -> bool {
        *self.same.entry(what).or_insert_with(|| actual.clone()) == *actual
    }

    /// The object with this identifier; of one that is not known the server made all.
    pub(super) fn object(&self, identifier: Option<&str>) -> Object {
        let known = identifier.and_then(|identifier| self.objects.get(identifier)).cloned();
        known.unwrap_or_else(|| Object { is_servers: true, ..Object::default() })
    }

    fn note_request(&mut self, request: &Node) {
        request.walk(&mut |node| match node.tag {
            Tag::Attribute => {
                let Some(attribute) = node.key().attribute() else { return };
                self.sent_attributes.insert(attribute);
                if attribute == Tag::ObjectGroup
                    && let Some(group) = node.child(Tag::AttributeValue).and_then(Node::as_text)
                {
                    self.sent_groups.insert(group.to_string());
                }
            }
            Tag::ObjectGroup => {
                self.sent_groups.extend(node.as_text().map(Text::to_string));
            }
            Tag::Attributes => self.sent_attributes.extend(node.children().iter().map(|child| child.tag)),
            _ => {}
        });
    }

    /// Takes notice of the values of an answer.
    pub(super) fn note_answer(&mut self, payload: &Node) {
        payload.walk(&mut |node| {
            if let Some(value @ (Value::TextString(_) | Value::ByteString(_))) = node.value() {
                self.latest.insert(node.tag, value.clone());
            }
        });
    }

    /// Takes notice of what an operation that succeeded made, and of what.
    pub(super) fn note_objects(
        &mut self,
        operation: Operation,
        request: Option<&Node>,
        answer: &Node,
        client: Option<&str>,
    ) {
        let identifiers = answer.children().iter().filter(|node| IDENTIFIERS.contains(&node.tag));
        let made: Vec<String> = identifiers.filter_map(|node| node.as_text().map(Text::to_string)).collect();
        let sources = request.into_iter().flat_map(|request| request.all(Tag::UniqueIdentifier));
        let sources: Vec<Object> =
            sources.filter_map(Node::as_text).map(|source| self.object(Some(source))).collect();
        let new =
            |is_servers| Object { client: client.map(str::to_owned), ..of_request(request, is_servers) };
        let any_servers = || sources.is_empty() || sources.iter().any(|source| source.is_servers);
        let object = match operation {
            Operation::Register | Operation::Import => new(false),
            Operation::Create | Operation::CreateKeyPair => new(true),
            Operation::ReKey | Operation::ReKeyKeyPair => {
                let (old, new) = (sources.first().cloned().unwrap_or_default(), new(true));
                Object {
                    algorithm: new.algorithm.or(old.algorithm),
                    padding: new.padding.or(old.padding),
                    object_type: new.object_type.or(old.object_type),
                    has_random_iv: new.has_random_iv || old.has_random_iv,
                    is_derived: old.is_derived,
                    ..new
                }
            }
            Operation::Certify | Operation::ReCertify => Object {
                is_servers: true,
                object_type: Some(crate::types::ObjectType::Certificate.0),
                client: client.map(str::to_owned),
                ..Object::default()
            },
            Operation::DeriveKey => Object { is_derived: true, ..new(any_servers()) },
            Operation::CreateSplitKey => {
                let joins_to_servers = sources.first().is_none_or(|source| source.is_servers);
                Object { joins_to_servers: Some(joins_to_servers), ..new(true) }
            }
            Operation::JoinSplitKey => {
                let is_servers = |part: &Object| part.joins_to_servers.unwrap_or(part.is_servers);
                new(sources.iter().any(is_servers))
            }
            Operation::Destroy => {
                for identifier in made {
                    if let Some(object) = self.objects.get_mut(&identifier) {
                        object.is_destroyed = true;
                    }
                }
                return;
            }
            _ => return,
        };
        self.objects.extend(made.into_iter().map(|identifier| (identifier, object.clone())));
    }
}

/// What a request says of the object that it makes.
fn of_request(request: Option<&Node>, is_servers: bool) -> Object {
    let mut object = Object { is_servers, ..Object::default() };
    let Some(request) = request else { return object };
    request.walk(&mut |node| match (node.subject, node.as_enumeration()) {
        (Tag::CryptographicAlgorithm, Some(algorithm)) => {
            // Beside a key's own algorithm that of its pseudo-random function may stand.
            let is_hmac = NAMES
                .tag(Tag::CryptographicAlgorithm)
                .and_then(|info| match info.values {
                    Some(crate::ttlv::names::Values::Enumeration(table)) => table.value(algorithm),
                    _ => None,
                })
                .is_some_and(|info| info.text.starts_with("HMAC"));
            if !is_hmac || object.algorithm.is_none() {
                object.algorithm = Some(algorithm);
            }
        }
        (Tag::PaddingMethod, Some(padding)) => object.padding = Some(padding),
        (Tag::ObjectType, Some(object_type)) => {
            object.object_type.get_or_insert(object_type);
        }
        (Tag::RandomIV, _) => object.has_random_iv |= node.is_true(),
        _ => {}
    });
    object
}

const IDENTIFIERS: [Tag; 3] =
    [Tag::UniqueIdentifier, Tag::PrivateKeyUniqueIdentifier, Tag::PublicKeyUniqueIdentifier];

/// Whether later requests of a case carry what a server gave in the place of what the case shows.
fn is_learned(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::Data
            | Tag::SignatureData
            | Tag::MACData
            | Tag::IVCounterNonce
            | Tag::AuthenticatedEncryptionTag
            | Tag::KeyMaterial
            | Tag::KeyValue
            | Tag::CertificateValue
            | Tag::CorrelationValue
            | Tag::TicketValue
    )
}

/// The seconds of a time.
pub(super) fn seconds(value: &Value) -> Option<i64> {
    match value {
        Value::DateTime(time) => Some(time.0),
        Value::DateTimeExtended(time) => Some(time.0.div_euclid(1_000_000)),
        _ => None,
    }
}

/// The seconds of now.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A name without what is written differently in different places.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
