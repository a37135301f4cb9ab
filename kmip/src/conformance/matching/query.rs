//! What a server says of itself: which of it a case can expect.

use super::{Difference, Matching};
use crate::conformance::node::Node;
use crate::{transcode::Named, ttlv::Tag};

impl<'a> Matching<'a> {
    /// Compares the answer to a Query: what the case has is there, and has its type. The documents show several samples
    /// for the same server, which exclude one another.
    pub(super) fn query(&mut self, expected: &'a Node, actual: &'a Node) -> Vec<Difference> {
        let mut differences = Vec::new();
        for list in LISTS {
            differences.extend(self.list(*list, expected, actual));
        }
        let mut seen = Vec::new();
        for node in expected.children() {
            if LISTS.contains(&node.tag) || seen.contains(&node.tag) {
                continue;
            }
            seen.push(node.tag);
            let is_there = actual.child(node.tag).is_some();
            let wrong = actual.all(node.tag).find(|other| other.item_type() != node.item_type());
            if let Some(other) = wrong {
                let reason = format!("expected {}, found {}", node.item_type(), other.item_type());
                differences.push(self.differ_in(node.name(), Some(node), Some(other), reason));
            } else if !is_there && !MAY_BE_ABSENT.contains(&node.tag) {
                differences.push(self.differ_in(node.name(), Some(node), None, "missing".to_owned()));
            }
        }
        for node in actual.children() {
            if ![LISTS, MAY_BE_ABSENT, VARIES].iter().any(|known| known.contains(&node.tag)) {
                let reason = "unexpected".to_owned();
                differences.push(self.differ_in(node.name(), Some(expected), Some(node), reason));
            }
        }
        differences
    }

    /// Compares a list of what the server offers: it may offer more.
    fn list(&mut self, tag: Tag, expected: &'a Node, actual: &'a Node) -> Option<Difference> {
        let values = |node: &'a Node| node.all(tag).filter_map(Node::as_enumeration);
        let first = expected.child(tag)?;
        if self.lists_vary {
            let is_empty = values(actual).next().is_none();
            return is_empty.then(|| {
                self.differ_in(tag.to_string(), Some(first), Some(actual), "the list is empty".to_owned())
            });
        }
        let lacking = expected.all(tag).filter(|node| {
            node.as_enumeration().is_some_and(|wanted| values(actual).all(|offered| offered != wanted))
        });
        let lacking: Vec<&Node> = lacking.collect();
        let name = |node: &&Node| {
            let value = node.as_enumeration().unwrap_or_default();
            Named::of(tag).name(value).map_or_else(|| format!("{value:#010x}"), str::to_owned)
        };
        let first = *lacking.first()?;
        let reason = format!("not offered: {}", lacking.iter().map(name).collect::<Vec<_>>().join(", "));
        Some(self.differ_in(tag.to_string(), Some(first), Some(actual), reason))
    }
}

const LISTS: &[Tag] = &[Tag::Operation, Tag::ObjectType];

const MAY_BE_ABSENT: &[Tag] = &[
    Tag::VendorIdentification,
    Tag::ServerInformation,
    Tag::ApplicationNamespace,
    Tag::ExtensionInformation,
    Tag::AttestationType,
    Tag::ValidationInformation,
];

/// What has to be there if it is asked for, with values of the server's own.
const VARIES: &[Tag] = &[
    Tag::RNGParameters,
    Tag::ProfileInformation,
    Tag::CapabilityInformation,
    Tag::ClientRegistrationMethod,
    Tag::DefaultsInformation,
    Tag::ProtectionStorageMasks,
    Tag::ProtectionStorageMask,
];
