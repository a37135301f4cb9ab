//! A message as values, in which variables may stand: what cases expect, and what servers answer.

use std::{collections::HashMap, fmt};

use crate::{
    transcode::Naming,
    ttlv::{self, Bytes, Item, ItemType, Limits, Mode, Tag, Text, Tree, Value},
    types::tables::attribute_tag,
};

/// An item of a message.
#[derive(Clone)]
pub(super) struct Node {
    /// What it is.
    pub(super) tag: Tag,
    /// What its value is: the attribute, where KMIP 1.x has one's value.
    pub(super) subject: Tag,
    /// The how-manieth item of the message it is, which is its line in a readable text.
    pub(super) line: usize,
    pub(super) content: Content,
}

/// What is in an item.
#[derive(Clone)]
pub(super) enum Content {
    Structure(Vec<Node>),
    /// A value that is no structure.
    Value(Value),
    Variable(ItemType, Variable),
}

/// What stands for a value that the case doesn't know.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Variable {
    /// Whatever it is at first, and the same from then on.
    Named(String),
    /// The time, and so many seconds.
    Now(i64),
}

impl Variable {
    /// The variable that is written so.
    fn read(text: &str) -> Self {
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let offset = plain.strip_prefix("$NOW").map(|offset| if offset.is_empty() { "0" } else { offset });
        match offset.and_then(|offset| offset.parse().ok()) {
            Some(seconds) => Self::Now(seconds),
            None => Self::Named(plain),
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Now(0) => f.write_str("$NOW"),
            Self::Now(offset) => write!(f, "$NOW{offset:+}"),
        }
    }
}

/// What tells one attribute from another.
#[derive(Debug, PartialEq)]
pub(super) enum Key<'a> {
    /// Its name, and the vendor's.
    Named(Option<&'a str>, &'a str),
    Tag(Tag),
}

impl Key<'_> {
    /// The attribute, if it is one of the specification's.
    pub(super) fn attribute(&self) -> Option<Tag> {
        match self {
            Key::Named(None, name) => attribute_tag(name.as_bytes()),
            Key::Named(Some(_), _) => None,
            Key::Tag(tag) => Some(*tag),
        }
    }

    /// Whether it is one that clients may leave out: "test case identifiers" and the like are theirs.
    pub(super) fn is_servers_own(&self) -> bool {
        matches!(self, Key::Named(_, name) if name.starts_with("y-"))
    }
}

impl Node {
    /// A message, in which these variables stand, by their places.
    pub(super) fn of_message(message: &Bytes, variables: &[(usize, String)]) -> ttlv::Result<Self> {
        let tree = Tree::parse(message, Mode::Lenient, Limits::DEFAULT)?;
        let variables = variables.iter().map(|(place, text)| (*place, Variable::read(text))).collect();
        let mut line = 0;
        Ok(Self::of(tree.root(), tree.root().tag(), &variables, &mut line))
    }

    fn of(
        node: ttlv::Node<'_>,
        subject: Tag,
        variables: &HashMap<usize, Variable>,
        line: &mut usize,
    ) -> Self {
        let own = *line;
        *line += 1;
        let content = if let Some(variable) = variables.get(&node.offset()) {
            Content::Variable(node.item_type(), variable.clone())
        } else if node.item_type() == ItemType::Structure {
            let mut naming = Naming::default();
            let child = |child: ttlv::Node<'_>| {
                naming.saw_node(child);
                Self::of(child, naming.subject(child.tag()), variables, line)
            };
            Content::Structure(node.children().map(child).collect())
        } else {
            Content::Value(node.value())
        };
        Self { tag: node.tag(), subject, line: own, content }
    }

    /// A structure in the place of this one, with some of its items.
    pub(super) fn without(&self, leave_out: impl Fn(&Self) -> bool) -> Self {
        let items = self.children().iter().filter(|child| !leave_out(child)).cloned().collect();
        Self { content: Content::Structure(items), ..*self }
    }

    pub(super) fn item_type(&self) -> ItemType {
        match &self.content {
            Content::Structure(_) => ItemType::Structure,
            Content::Value(value) => value.item_type(),
            Content::Variable(item_type, _) => *item_type,
        }
    }

    /// The items in it.
    pub(super) fn children(&self) -> &[Self] {
        match &self.content {
            Content::Structure(items) => items,
            _ => &[],
        }
    }

    pub(super) fn child(&self, tag: Tag) -> Option<&Self> {
        self.children().iter().find(|child| child.tag == tag)
    }

    pub(super) fn all(&self, tag: Tag) -> impl Iterator<Item = &Self> {
        self.children().iter().filter(move |child| child.tag == tag)
    }

    /// The item at the end of this path.
    pub(super) fn at(&self, path: &[Tag]) -> Option<&Self> {
        path.iter().try_fold(self, |node, tag| node.child(*tag))
    }

    /// It, and all that is in it.
    pub(super) fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        self.children().iter().for_each(|child| child.walk(visit));
    }

    /// It, and all that is in it, to be changed.
    pub(super) fn walk_mut(&mut self, visit: &mut dyn FnMut(&mut Self)) {
        visit(self);
        if let Content::Structure(items) = &mut self.content {
            items.iter_mut().for_each(|child| child.walk_mut(visit));
        }
    }

    /// The first in it, itself included, that a condition holds for.
    pub(super) fn find<'a>(&'a self, condition: &dyn Fn(&Self) -> bool) -> Option<&'a Self> {
        if condition(self) {
            return Some(self);
        }
        self.children().iter().find_map(|child| child.find(condition))
    }

    /// The first value of an enumeration in it whose item has this meaning.
    pub(super) fn enumeration(&self, subject: Tag) -> Option<u32> {
        self.find(&|node| node.subject == subject && node.as_enumeration().is_some())?.as_enumeration()
    }

    pub(super) fn value(&self) -> Option<&Value> {
        match &self.content {
            Content::Value(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn variable(&self) -> Option<&Variable> {
        match &self.content {
            Content::Variable(_, variable) => Some(variable),
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&Text> {
        match self.value() {
            Some(Value::TextString(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_bytes(&self) -> Option<&Bytes> {
        match self.value() {
            Some(Value::ByteString(bytes)) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn as_enumeration(&self) -> Option<u32> {
        match self.value() {
            Some(Value::Enumeration(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self.value(), Some(Value::Boolean(true)))
    }

    /// Which attribute it is, if it stands among attributes.
    pub(super) fn key(&self) -> Key<'_> {
        if self.tag != Tag::Attribute {
            return Key::Tag(self.tag);
        }
        let text = |tag| self.child(tag).and_then(Self::as_text).map(Text::as_str);
        Key::Named(text(Tag::VendorIdentification), text(Tag::AttributeName).unwrap_or_default().trim())
    }

    /// How a path names it.
    pub(super) fn name(&self) -> String {
        match self.key() {
            Key::Named(_, name) if !name.is_empty() => format!("{}({name})", self.tag),
            _ => self.tag.to_string(),
        }
    }

    /// Its value; of a variable one of its type.
    pub(super) fn stand_in(&self) -> Value {
        match &self.content {
            Content::Value(value) => value.clone(),
            Content::Structure(_) => Value::Structure(Vec::new()),
            Content::Variable(ItemType::ByteString, _) => Value::ByteString(Bytes::new()),
            Content::Variable(ItemType::TextString, _) => Value::TextString(Text::default()),
            Content::Variable(..) => Value::DateTime(ttlv::DateTime(0)),
        }
    }

    /// The item with its variables replaced.
    pub(super) fn to_item<E>(&self, replace: &mut impl FnMut(&Self) -> Result<Value, E>) -> Result<Item, E> {
        let value = match &self.content {
            Content::Structure(items) => {
                let items: Result<Vec<Item>, E> = items.iter().map(|item| item.to_item(replace)).collect();
                Value::Structure(items?)
            }
            _ => replace(self)?,
        };
        Ok(Item { tag: self.tag, value })
    }
}

/// The bytes of a value that is bytes or a number of any size.
pub(super) fn bytes_of(value: &Value) -> Option<&[u8]> {
    match value {
        Value::ByteString(bytes) => Some(bytes),
        Value::BigInteger(number) => Some(number.as_signed_bytes()),
        Value::TextString(text) => Some(text.as_bytes()),
        _ => None,
    }
}
