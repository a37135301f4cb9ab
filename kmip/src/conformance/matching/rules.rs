//! What an answer may lack, and what it may have on top.

use super::Matching;
use crate::conformance::node::{Key, Node};
use crate::{
    ttlv::{Tag, Text, Value},
    types::Operation,
};

impl Matching<'_> {
    /// Whether an answer may be without an item of this structure.
    pub(super) fn may_lack(&self, parent: Tag, node: &Node) -> bool {
        if MAY_BE_ABSENT.contains(&node.tag) || is_first_index(node) {
            return true;
        }
        match (parent, node.tag) {
            (_, Tag::ResponsePayload) if node.children().is_empty() => return true,
            (Tag::Digest, Tag::KeyFormatType) => return true,
            _ => {}
        }
        if node.tag == Tag::Attribute || parent == Tag::Attributes {
            let key = node.key();
            if key.is_servers_own() {
                return true;
            }
            if key.attribute() == Some(Tag::ObjectGroup) {
                // A group that nobody asked for is the sample server's own.
                let group =
                    if node.tag == Tag::Attribute { node.child(Tag::AttributeValue) } else { Some(node) };
                let group = group.and_then(Node::as_text).map(Text::as_str);
                return !group.is_some_and(|group| self.memory.sent_groups.contains(group));
            }
        }
        false
    }

    /// Whether an answer may have an item that the case doesn't show.
    pub(super) fn may_add(&self, parent: Tag, node: &Node) -> bool {
        if MAY_BE_ABSENT.contains(&node.tag) || is_first_index(node) {
            return true;
        }
        if node.tag == Tag::Attribute || parent == Tag::Attributes {
            return self.may_add_attribute(&node.key());
        }
        match (parent, node.tag) {
            (Tag::Digest, Tag::KeyFormatType) => true,
            (Tag::ResponsePayload, Tag::AttributeName | Tag::AttributeReference) => {
                self.is(Operation::GetAttributeList)
            }
            (Tag::ResponsePayload, Tag::ProtocolVersion) => {
                self.is(Operation::DiscoverVersions)
                    && self.item.request.is_none_or(|request| request.children().is_empty())
            }
            (Tag::ResponsePayload, Tag::LeaseTime | Tag::LastChangeDate) => self.is(Operation::ObtainLease),
            (Tag::ResponseHeader, Tag::Nonce | Tag::AttestationType | Tag::ServerHashedPassword) => true,
            _ => false,
        }
    }

    fn may_add_attribute(&self, key: &Key<'_>) -> bool {
        if key.is_servers_own() || self.is_one_of(&[Operation::Export, Operation::Put, Operation::Notify]) {
            return true;
        }
        if !self.is(Operation::GetAttributes) {
            return false;
        }
        match self.requested_attributes() {
            None => true,
            // An attribute that was asked for and is expected not to be there has no value, unless servers set it as
            // they like.
            Some(names) => {
                names.contains(key) && key.attribute().is_some_and(|attribute| SERVERS.contains(&attribute))
            }
        }
    }

    /// The attributes that the request names, if it names some.
    fn requested_attributes(&self) -> Option<Vec<Key<'_>>> {
        let mut names = Vec::new();
        for node in self.item.request?.children() {
            names.extend(named(node));
        }
        (!names.is_empty()).then_some(names)
    }

    /// Whether the value of an attribute is the server's to choose.
    pub(super) fn is_free_attribute(&self, attribute: Tag) -> bool {
        let is_sent = |tag| self.memory.sent_attributes.contains(&tag);
        match attribute {
            Tag::RandomNumberGenerator => !is_sent(Tag::RandomNumberGenerator),
            Tag::ProtectionStorageMask | Tag::ProtectionStorageMasks => {
                !is_sent(Tag::ProtectionStorageMask) && !is_sent(Tag::ProtectionStorageMasks)
            }
            // Who issues a certificate that the server makes, and under which number, only the server can know.
            _ if is_of_issuer(attribute) => {
                let known = self.item.object.and_then(|identifier| self.memory.objects.get(identifier));
                known.is_some_and(|object| {
                    object.is_servers && object.object_type == Some(crate::types::ObjectType::Certificate.0)
                })
            }
            _ => false,
        }
    }
}

/// The attribute that an item of a request names.
fn named(node: &Node) -> Option<Key<'_>> {
    match (node.tag, node.value()) {
        (Tag::AttributeName, Some(Value::TextString(name))) => Some(Key::Named(None, name.as_str().trim())),
        (Tag::AttributeReference, Some(Value::Enumeration(tag))) => Some(Key::Tag(Tag(*tag))),
        (Tag::AttributeReference, None) => {
            let text = |tag| node.child(tag).and_then(Node::as_text).map(Text::as_str);
            Some(Key::Named(text(Tag::VendorIdentification), text(Tag::AttributeName).unwrap_or_default()))
        }
        _ => None,
    }
}

/// An index of 0 is the same as none (1.4 §2.1.1).
fn is_first_index(node: &Node) -> bool {
    node.tag == Tag::AttributeIndex && matches!(node.value(), Some(Value::Integer(0)))
}

const MAY_BE_ABSENT: &[Tag] = &[
    Tag::ResultMessage,
    Tag::ServerCorrelationValue,
    Tag::ClientCorrelationValue,
    Tag::LocatedItems,
    Tag::MessageExtension,
    Tag::TemplateAttribute,
    Tag::CommonTemplateAttribute,
    Tag::PrivateKeyTemplateAttribute,
    Tag::PublicKeyTemplateAttribute,
];

/// The attributes that servers set as they like.
const SERVERS: &[Tag] = &[
    Tag::Digest,
    Tag::Fresh,
    Tag::InitialDate,
    Tag::KeyFormatType,
    Tag::KeyValuePresent,
    Tag::LastChangeDate,
    Tag::LeaseTime,
    Tag::ObjectGroup,
    Tag::OperationPolicyName,
    Tag::OriginalCreationDate,
    Tag::ProtectionStorageMask,
    Tag::ProtectionStorageMasks,
    Tag::RandomNumberGenerator,
    Tag::ShortUniqueIdentifier,
];

fn is_of_issuer(attribute: Tag) -> bool {
    let others = [
        Tag::CertificateIdentifier,
        Tag::X_509CertificateIdentifier,
        Tag::X_509CertificateIssuer,
        Tag::CertificateLength,
        Tag::DigitalSignatureAlgorithm,
    ];
    others.contains(&attribute) || attribute.to_string().starts_with("CertificateIssuer")
}
