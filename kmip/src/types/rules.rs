//! What the generated tables say of attributes and operations.

use super::{CryptographicAlgorithm, KeyFormatType, ObjectType, Operation, ResultReason};
use crate::ttlv::{Tag, Version};

/// An attribute and its rules.
///
/// ```
/// use kmip::{ttlv::Tag, types::{rules::Rule, tables::ATTRIBUTES, version}};
/// let state = ATTRIBUTES.iter().find(|info| info.tag == Tag::State).unwrap();
/// let rules = state.rules_in(version::V1_4).unwrap();
/// assert_eq!(rules.modifiable_by_client, Rule::No);
/// assert!(rules.initially_set_by_server && !rules.multiple_instances);
/// ```
#[derive(Debug)]
pub struct AttributeInfo {
    /// The tag, of the attribute itself.
    pub tag: Tag,
    /// The name as the specification prints it.
    pub name: &'static str,
    /// The first version that has it.
    pub since: Version,
    /// The last version that has it, if it is gone.
    pub until: Option<Version>,
    /// The rules; each set holds in versions of its own.
    pub rules: &'static [AttributeRules],
}

impl AttributeInfo {
    /// Whether the version has this attribute.
    pub fn is_in(&self, version: Version) -> bool {
        version.is_within(self.since, self.until)
    }

    /// The rules of a version; none where it doesn't have the attribute.
    pub fn rules_in(&self, version: Version) -> Option<&'static AttributeRules> {
        self.rules.iter().find(|rules| version.is_within(rules.since, rules.until))
    }
}

/// A rule set of an attribute: the table that the specification gives for it (KMIP 1.0 §3, 2.0 §4).
#[derive(Debug)]
pub struct AttributeRules {
    /// The first version with these rules.
    pub since: Version,
    /// The last version with these rules, if others have followed.
    pub until: Option<Version>,
    /// Every object that it applies to has it.
    pub always_has_value: Rule,
    /// The server may set it first.
    pub initially_set_by_server: bool,
    /// The client may set it first.
    pub initially_set_by_client: bool,
    /// The server may change it.
    pub modifiable_by_server: Rule,
    /// The client may change it.
    pub modifiable_by_client: Rule,
    /// The client may take it away.
    pub deletable_by_client: Rule,
    /// An object may have several of it.
    pub multiple_instances: bool,
    /// The operations that set it without being asked to.
    pub implicitly_set_by: &'static [Operation],
    /// The object types that may have it. One that a version doesn't have doesn't count there.
    pub applies_to: &'static [ObjectType],
}

/// What a column of an attribute's rules says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Under a condition, which has this keyword.
    When(&'static str),
}

/// An operation and what goes for it.
#[derive(Debug)]
pub struct OperationInfo {
    /// The operation.
    pub operation: Operation,
    /// The first version that has it.
    pub since: Version,
    /// The last version that has it, if it is gone.
    pub until: Option<Version>,
    /// Whether clients ask servers for it: the first and the last version in which they do.
    pub client_to_server: Option<(Version, Option<Version>)>,
    /// Whether servers ask clients for it: the first and the last version in which they do.
    pub server_to_client: Option<(Version, Option<Version>)>,
    /// The ID Placeholder holds the object's identifier afterwards.
    pub sets_id_placeholder: bool,
    /// A request without a Unique Identifier means the ID Placeholder.
    pub uses_id_placeholder: bool,
    /// The types of objects that it makes, each with the first and the last version in which it does.
    pub makes: &'static [(ObjectType, Version, Option<Version>)],
    /// The attributes that its request must give, each with the first and the last version that require it.
    pub requires: &'static [(Tag, Version, Option<Version>)],
    /// The reasons with which it may fail, each with the first and the last version that allow it.
    pub reasons: &'static [(ResultReason, Version, Option<Version>)],
    /// Reasons of other versions, and the one that stands for each in these.
    pub instead: &'static [(ResultReason, ResultReason, Version, Option<Version>)],
}

impl OperationInfo {
    /// Whether the version has this operation.
    pub fn is_in(&self, version: Version) -> bool {
        version.is_within(self.since, self.until)
    }

    /// Whether clients ask servers for it in a version.
    pub fn is_for_servers(&self, version: Version) -> bool {
        self.client_to_server.is_some_and(|(since, until)| version.is_within(since, until))
    }

    /// Whether servers ask clients for it in a version.
    pub fn is_for_clients(&self, version: Version) -> bool {
        self.server_to_client.is_some_and(|(since, until)| version.is_within(since, until))
    }

    /// Whether the operation may fail with a reason in a version.
    pub fn allows(&self, reason: ResultReason, version: Version) -> bool {
        self.reasons.iter().any(|(known, since, until)| *known == reason && version.is_within(*since, *until))
    }

    /// The reason that stands for another in a version, where the table says so.
    pub fn instead_of(&self, reason: ResultReason, version: Version) -> Option<ResultReason> {
        let mut instead = self.instead.iter();
        let (_, stands, ..) =
            instead.find(|(other, _, since, until)| *other == reason && version.is_within(*since, *until))?;
        Some(*stands)
    }

    /// Whether it makes objects of a type in a version.
    pub fn makes(&self, object_type: ObjectType, version: Version) -> bool {
        self.makes
            .iter()
            .any(|(made, since, until)| *made == object_type && version.is_within(*since, *until))
    }

    /// Whether its request must give an attribute in a version.
    pub fn requires(&self, attribute: Tag, version: Version) -> bool {
        self.requires
            .iter()
            .any(|(required, since, until)| *required == attribute && version.is_within(*since, *until))
    }
}

/// Versions from a first one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The first.
    pub since: Version,
    /// The last, if others have followed.
    pub until: Option<Version>,
}

impl Versions {
    /// Whether a version is one of them.
    pub const fn contains(self, version: Version) -> bool {
        version.is_within(self.since, self.until)
    }
}

/// The format of keys for which none is asked.
#[derive(Debug)]
pub struct DefaultFormat {
    /// The type of the key.
    pub object_type: ObjectType,
    /// Of keys of these algorithms; of those of all others, where there is none.
    pub algorithms: &'static [CryptographicAlgorithm],
    /// The format.
    pub format: KeyFormatType,
    /// The versions in which it is so.
    pub versions: Versions,
}
