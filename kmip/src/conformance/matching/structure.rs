//! Which item of an answer is which of the case: by tag, whatever the order, and attributes by their names.

use super::{Difference, Matching, shown};
use crate::conformance::{
    memory::Memory,
    node::{Node, Variable},
};
use crate::{
    ttlv::{ItemType, Tag},
    types::Operation,
};

impl<'a> Matching<'a> {
    /// Compares an item with what is expected.
    pub(super) fn node(&mut self, expected: &'a Node, actual: &'a Node) -> Vec<Difference> {
        if expected.item_type() != actual.item_type() {
            let reason = format!(
                "expected {}, found {} ({})",
                expected.item_type(),
                actual.item_type(),
                shown(actual)
            );
            return vec![self.differ(Some(expected), Some(actual), reason)];
        }
        if expected.item_type() == ItemType::Structure {
            self.structure(expected, actual)
        } else {
            self.leaf(expected, actual)
        }
    }

    fn structure(&mut self, expected: &'a Node, actual: &'a Node) -> Vec<Difference> {
        let parent = expected.tag;
        if (self.is_free && parent != Tag::Attribute) || parent == Tag::ServerInformation {
            return Vec::new();
        }
        if parent == Tag::ResponsePayload && self.is(Operation::Query) {
            return self.query(expected, actual);
        }
        let mut differences = Vec::new();
        let mut is_taken = vec![false; actual.children().len()];
        let mut places = Vec::new();
        // What is known goes first, so that variables take what is left.
        let (open, known): (Vec<_>, Vec<_>) = expected
            .children()
            .iter()
            .enumerate()
            .partition(|(_, node)| has_open_variable(node, self.memory));
        for (number, node) in known.into_iter().chain(open) {
            match self.best(parent, expected, node, actual, &is_taken) {
                Found::Nothing => differences.extend(self.missing(parent, node)),
                Found::NotInList => {
                    if !self.may_lack(parent, node) {
                        let reason = format!("expected {} in the list", shown(node));
                        differences.push(self.differ_in(node.name(), Some(node), Some(actual), reason));
                    }
                }
                Found::At(place, found) => {
                    if let Some(taken) = is_taken.get_mut(place) {
                        *taken = true;
                    }
                    differences.extend(found);
                    if !is_attribute(parent, node) {
                        places.push((number, place));
                    }
                }
            }
        }
        for (node, _) in actual.children().iter().zip(&is_taken).filter(|(_, is_taken)| !**is_taken) {
            if !self.may_add(parent, node) {
                let reason = format!("unexpected: {}", shown(node));
                differences.push(self.differ_in(node.name(), Some(expected), Some(node), reason));
            }
        }
        if parent != Tag::Attributes {
            self.note_order(expected, actual, places);
        }
        differences
    }

    fn missing(&mut self, parent: Tag, node: &Node) -> Option<Difference> {
        if self.may_lack(parent, node) {
            return None;
        }
        Some(self.differ_in(node.name(), Some(node), None, format!("missing: {}", shown(node))))
    }

    /// The item of an answer that is most like an expected one.
    fn best(
        &mut self,
        parent: Tag,
        expected: &'a Node,
        node: &'a Node,
        actual: &'a Node,
        is_taken: &[bool],
    ) -> Found {
        let is_attribute = is_attribute(parent, node);
        let fits = |other: &Node| other.tag == node.tag && (!is_attribute || other.key() == node.key());
        let candidates = actual.children().iter().enumerate().zip(is_taken);
        let candidates: Vec<_> = candidates
            .filter(|((_, other), is_taken)| !**is_taken && fits(other))
            .map(|(candidate, _)| candidate)
            .collect();
        let is_list = node.item_type() != ItemType::Structure && expected.all(node.tag).count() > 1;
        let mut best: Option<(usize, Vec<Difference>, Memory)> = None;
        // With nothing to choose from, nothing is to be taken back.
        if let ([(place, other)], false) = (&*candidates, is_list) {
            return Found::At(*place, self.child(parent, node, other));
        }
        for (place, other) in candidates {
            // What a variable takes in a comparison that fails must not stay.
            let before = self.memory.clone();
            let found = self.child(parent, node, other);
            if found.is_empty() {
                return Found::At(place, found);
            }
            let after = std::mem::replace(self.memory, before);
            if best.as_ref().is_none_or(|(_, least, _)| found.len() < least.len()) {
                best = Some((place, found, after));
            }
        }
        match best {
            None => Found::Nothing,
            Some(_) if is_list => Found::NotInList,
            Some((place, found, after)) => {
                *self.memory = after;
                Found::At(place, found)
            }
        }
    }

    /// Compares an item of a structure.
    fn child(&mut self, parent: Tag, expected: &'a Node, actual: &'a Node) -> Vec<Difference> {
        let before = (self.attribute, self.is_free, self.digest);
        if expected.tag == Tag::Attribute {
            self.attribute = expected.key().attribute();
        } else if parent == Tag::Attributes {
            self.attribute = Some(expected.tag);
        }
        if is_attribute(parent, expected) {
            self.is_free = self.attribute.is_some_and(|attribute| self.is_free_attribute(attribute));
        }
        if expected.subject == Tag::Digest {
            self.digest = Some((expected, actual));
        }
        self.path.push(expected.name());
        let differences = self.node(expected, actual);
        self.path.pop();
        (self.attribute, self.is_free, self.digest) = before;
        differences
    }

    /// Says where items of different tags are in another order, which is no difference.
    fn note_order(&mut self, expected: &Node, actual: &Node, mut places: Vec<(usize, usize)>) {
        places.sort_unstable();
        let mut sorted: Vec<usize> = places.iter().map(|(_, place)| *place).collect();
        sorted.sort_unstable();
        let tags = |node: &Node, places: &mut dyn Iterator<Item = usize>| -> Vec<Tag> {
            places.filter_map(|place| node.children().get(place)).map(|child| child.tag).collect()
        };
        let wanted = tags(expected, &mut places.iter().map(|(number, _)| *number));
        let found = tags(actual, &mut sorted.into_iter());
        if wanted != found {
            let names: Vec<String> = found.iter().map(Tag::to_string).collect();
            self.remarks.push(format!("{}: the order is {}", self.path.join("/"), names.join(", ")));
        }
    }
}

enum Found {
    Nothing,
    /// An item of a plain list, which has others.
    NotInList,
    At(usize, Vec<Difference>),
}

fn is_attribute(parent: Tag, node: &Node) -> bool {
    node.tag == Tag::Attribute || parent == Tag::Attributes
}

/// Whether there is a variable in an item that has no value yet.
fn has_open_variable(node: &Node, memory: &Memory) -> bool {
    let is_open = |node: &Node| match node.variable() {
        Some(Variable::Named(name)) => !memory.variables.contains_key(name),
        _ => false,
    };
    node.find(&is_open).is_some()
}
