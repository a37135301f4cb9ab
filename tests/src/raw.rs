//! Messages to be taken apart and put together wrongly: items as the wire has them, with nothing checked on writing.

use crate::wellformed;

/// An item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// The tag.
    pub tag: u32,
    /// The code of the type.
    pub code: u8,
    /// What it holds.
    pub content: Content,
}

/// What an item holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Other items.
    Items(Vec<Raw>),
    /// A value, and the byte that it is padded with.
    Value(Vec<u8>, u8),
}

impl Raw {
    /// A value.
    pub fn value(tag: u32, code: u8, value: &[u8]) -> Self {
        Self { tag, code, content: Content::Value(value.to_vec(), 0) }
    }

    /// A Text String.
    pub fn text(tag: u32, text: &str) -> Self {
        Self::value(tag, 7, text.as_bytes())
    }

    /// A structure.
    pub fn structure(tag: u32, items: Vec<Self>) -> Self {
        Self { tag, code: 1, content: Content::Items(items) }
    }

    /// The item that a well-formed message is.
    pub fn parse(message: &[u8]) -> Option<Self> {
        wellformed::items(message).ok()?;
        let mut items = parse(message);
        if items.len() == 1 { items.pop() } else { None }
    }

    /// The bytes of the item.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.tag.to_be_bytes()[1..]);
        bytes.push(self.code);
        let place = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        let length = match &self.content {
            Content::Items(items) => {
                items.iter().for_each(|item| item.write(bytes));
                bytes.len() - place - 4
            }
            Content::Value(value, padding) => {
                bytes.extend_from_slice(value);
                bytes.resize(bytes.len().next_multiple_of(8), *padding);
                value.len()
            }
        };
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        bytes[place..place + 4].copy_from_slice(&length.to_be_bytes());
    }

    /// The items in it; none in a value.
    pub fn items(&self) -> &[Self] {
        match &self.content {
            Content::Items(items) => items,
            Content::Value(..) => &[],
        }
    }

    /// The items in it; nothing for a value.
    pub fn items_mut(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.content {
            Content::Items(items) => Some(items),
            Content::Value(..) => None,
        }
    }

    /// How many items it is, itself included.
    pub fn count(&self) -> usize {
        1 + self.items().iter().map(Self::count).sum::<usize>()
    }

    /// Calls `each` with this item and all in it, each before those in it.
    pub fn visit(&self, each: &mut impl FnMut(&Self)) {
        each(self);
        self.items().iter().for_each(|item| item.visit(each));
    }

    /// Calls `each` with this item and all in it, each before those in it.
    pub fn visit_mut(&mut self, each: &mut impl FnMut(&mut Self)) {
        each(self);
        if let Some(items) = self.items_mut() {
            items.iter_mut().for_each(|item| item.visit_mut(each));
        }
    }

    /// Calls `change` with tag and items of the structure of this number, counted in the order of [`Self::visit`].
    pub fn change_structure(&mut self, number: usize, change: impl FnOnce(u32, &mut Vec<Self>)) {
        let (mut at, mut change) = (0, Some(change));
        self.visit_mut(&mut |item| {
            let tag = item.tag;
            if let Some(items) = item.items_mut() {
                if at == number
                    && let Some(change) = change.take()
                {
                    change(tag, items);
                }
                at += 1;
            }
        });
    }

    /// How many structures there are in it, itself included.
    pub fn structures(&self) -> usize {
        let mut count = 0;
        self.visit(&mut |item| count += usize::from(item.code == 1));
        count
    }
}

/// The items of well-formed bytes.
fn parse(mut bytes: &[u8]) -> Vec<Raw> {
    let mut items = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<8>() {
        let [t0, t1, t2, code, l0, l1, l2, l3] = *head;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        let content = match code {
            1 => Content::Items(parse(&rest[..length])),
            _ => Content::Value(rest[..length].to_vec(), 0),
        };
        items.push(Raw { tag: u32::from_be_bytes([0, t0, t1, t2]), code, content });
        bytes = &rest[length.next_multiple_of(8)..];
    }
    items
}
