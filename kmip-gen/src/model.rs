//! The tables with every name looked up and every gate worked out: what all emitters read.

mod types;

pub(crate) use types::{ItemType, Plain};

use crate::error::Place;
use crate::schema::{Direction, Party, Rule, Sections};
use crate::version::{Gate, Version};

/// Index of a tag in [`Model::tags`].
pub(crate) type TagId = usize;

/// The whole of KMIP.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) versions: Vec<Version>,
    pub(crate) documents: Vec<(Version, String, String)>,
    pub(crate) tags: Vec<Tag>,
    /// Enumerations and masks; the masks last.
    pub(crate) enumerations: Vec<Enumeration>,
    /// Structures, then the payloads of the operations.
    pub(crate) structures: Vec<Structure>,
    pub(crate) choices: Vec<Choice>,
    /// What the keywords of rules mean.
    pub(crate) keywords: Vec<(String, String)>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) rights: Vec<Right>,
    pub(crate) key_formats: Vec<KeyFormat>,
    pub(crate) behaviour: Vec<Entry>,
}

/// What all entries have.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    /// As the specification prints it.
    pub(crate) name: String,
    /// As it is in XML and JSON.
    pub(crate) text: String,
    /// As it is in Rust.
    pub(crate) rust: String,
    pub(crate) gate: Gate,
    pub(crate) section: Sections,
    pub(crate) note: Option<String>,
}

/// A tag.
pub(crate) struct Tag {
    pub(crate) entry: Entry,
    pub(crate) number: u32,
    pub(crate) of: Option<Type>,
    /// Its items are secret, by the tag itself, a field or a case.
    pub(crate) secret: bool,
}

/// What an item can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Plain(Plain),
    Enumeration(usize),
    Structure(usize),
    Choice(usize),
}

/// An enumeration or a mask.
pub(crate) struct Enumeration {
    pub(crate) entry: Entry,
    pub(crate) type_name: String,
    pub(crate) mask: bool,
    pub(crate) values: Vec<Value>,
}

/// A value, or a bit.
pub(crate) struct Value {
    pub(crate) entry: Entry,
    pub(crate) number: u32,
    pub(crate) also: Vec<String>,
}

/// A value of an enumeration: indices of both.
pub(crate) type ValueId = (usize, usize);

/// A structure or a payload.
pub(crate) struct Structure {
    pub(crate) entry: Entry,
    pub(crate) tag: Option<TagId>,
    pub(crate) open: bool,
    pub(crate) fields: Vec<Field>,
}

/// A field of a structure.
pub(crate) struct Field {
    pub(crate) entry: Entry,
    /// None: any tag that the choice which it holds knows.
    pub(crate) tag: Option<TagId>,
    pub(crate) of: Type,
    /// Where it is optional, if ever.
    pub(crate) optional: Option<Gate>,
    /// Where it may be repeated, if ever.
    pub(crate) repeat: Option<Gate>,
    pub(crate) secret: bool,
    pub(crate) boxed: bool,
    /// A choice behind it is decided by it.
    pub(crate) decides: bool,
}

/// A place where one of several types may stand.
pub(crate) struct Choice {
    pub(crate) entry: Entry,
    pub(crate) tag: Option<TagId>,
    pub(crate) by: By,
    pub(crate) cases: Vec<Case>,
}

/// What decides a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    ItemType,
    Tag,
    /// The value of an item met before.
    Decider(TagId),
    /// The attribute's name, met before, or else the tag.
    Attribute(TagId),
}

/// A case of a choice.
pub(crate) struct Case {
    /// `rust` is the variant.
    pub(crate) entry: Entry,
    /// The deciding values; none means any.
    pub(crate) when: Vec<ValueId>,
    /// Of a choice by tag or attribute.
    pub(crate) tag: Option<TagId>,
    pub(crate) of: Type,
    pub(crate) secret: bool,
    pub(crate) boxed: bool,
}

/// An attribute.
pub(crate) struct Attribute {
    pub(crate) entry: Entry,
    pub(crate) tag: TagId,
    pub(crate) of: Option<Type>,
    pub(crate) rules: Vec<Rules>,
}

/// A rule set of an attribute.
pub(crate) struct Rules {
    pub(crate) place: Place,
    pub(crate) note: Option<String>,
    pub(crate) gate: Gate,
    pub(crate) always_has_value: Rule,
    pub(crate) initially_set_by: Vec<Party>,
    pub(crate) modifiable_by_server: Rule,
    pub(crate) modifiable_by_client: Rule,
    pub(crate) deletable_by_client: Rule,
    pub(crate) multiple_instances: bool,
    pub(crate) implicitly_set_by: Vec<ValueId>,
    pub(crate) applies_to: Vec<ValueId>,
}

/// An operation.
pub(crate) struct Operation {
    pub(crate) entry: Entry,
    pub(crate) code: ValueId,
    /// Who asks for it, and in which versions.
    pub(crate) direction: Vec<(Direction, Gate)>,
    pub(crate) sets_id_placeholder: bool,
    pub(crate) uses_id_placeholder: bool,
    /// Index of the structure of its request's payload.
    pub(crate) request: Option<usize>,
    pub(crate) response: Option<usize>,
    /// The types of objects that it makes.
    pub(crate) makes: Vec<Gated<ValueId>>,
    /// The attributes that its request must give, by their tags.
    pub(crate) requires: Vec<Gated<TagId>>,
    pub(crate) reasons: Vec<Reason>,
}

/// Something that is so in some versions.
pub(crate) struct Gated<T> {
    pub(crate) place: Place,
    pub(crate) of: T,
    pub(crate) gate: Gate,
    pub(crate) note: Option<String>,
}

/// A reason with which an operation may fail.
pub(crate) struct Reason {
    pub(crate) place: Place,
    pub(crate) value: ValueId,
    /// The reasons of other versions that it stands for.
    pub(crate) instead_of: Vec<ValueId>,
    pub(crate) gate: Gate,
    pub(crate) note: Option<String>,
}

/// The format of keys for which none is asked.
pub(crate) struct KeyFormat {
    pub(crate) place: Place,
    pub(crate) object_type: ValueId,
    /// Of keys of these algorithms; of those of all others, where there is none.
    pub(crate) algorithms: Vec<ValueId>,
    pub(crate) format: ValueId,
    pub(crate) gate: Gate,
    pub(crate) note: Option<String>,
}

/// An operation, and the one whose right stands in where a policy does not list it.
pub(crate) struct Right {
    pub(crate) place: Place,
    pub(crate) operation: ValueId,
    pub(crate) right: ValueId,
    pub(crate) note: Option<String>,
}

impl Model {
    pub(crate) fn value(&self, (enumeration, value): ValueId) -> &Value {
        &self.enumerations[enumeration].values[value]
    }

    /// The name by which a field refers to a type.
    pub(crate) fn type_name(&self, of: Type) -> &str {
        match of {
            Type::Plain(plain) => plain.name(),
            Type::Enumeration(id) => &self.enumerations[id].type_name,
            Type::Structure(id) => &self.structures[id].entry.name,
            Type::Choice(id) => &self.choices[id].entry.name,
        }
    }

    /// The versions in which a type exists; a plain one in all.
    pub(crate) fn type_gate(&self, of: Type) -> Option<Gate> {
        match of {
            Type::Plain(_) => None,
            Type::Enumeration(id) => Some(self.enumerations[id].entry.gate),
            Type::Structure(id) => Some(self.structures[id].entry.gate),
            Type::Choice(id) => Some(self.choices[id].entry.gate),
        }
    }

    /// The item types that an item of a type can have; none means any.
    pub(crate) fn item_types(&self, of: Type) -> Vec<ItemType> {
        let mut types = match of {
            Type::Plain(plain) => plain.item_type().into_iter().collect(),
            Type::Enumeration(id) if self.enumerations[id].mask => vec![ItemType::Integer],
            Type::Enumeration(_) => vec![ItemType::Enumeration],
            Type::Structure(_) => vec![ItemType::Structure],
            Type::Choice(id) => match self.choices[id].by {
                By::Attribute(_) => Vec::new(),
                _ => {
                    let cases: Vec<_> =
                        self.choices[id].cases.iter().map(|case| self.item_types(case.of)).collect();
                    if cases.iter().any(Vec::is_empty) { Vec::new() } else { cases.concat() }
                }
            },
        };
        types.sort();
        types.dedup();
        types
    }

    /// The enumeration or mask whose values an item of a type can have.
    pub(crate) fn values_of(&self, of: Type) -> Option<usize> {
        match of {
            Type::Enumeration(id) => Some(id),
            Type::Choice(id) if !matches!(self.choices[id].by, By::Attribute(_)) => {
                self.choices[id].cases.iter().find_map(|case| self.values_of(case.of))
            }
            _ => None,
        }
    }

    /// Whether the values of an item of a type may be tags.
    pub(crate) fn is_tag(&self, of: Type) -> bool {
        match of {
            Type::Plain(Plain::Tag) => true,
            Type::Choice(id) if !matches!(self.choices[id].by, By::Attribute(_)) => {
                self.choices[id].cases.iter().any(|case| self.is_tag(case.of))
            }
            _ => false,
        }
    }

    /// All types that items with a tag have: that of the tag, and those of fields that say otherwise.
    pub(crate) fn types_of_tag(&self, tag: TagId) -> Vec<Type> {
        let fields = self.structures.iter().flat_map(|structure| &structure.fields);
        let fields = fields.filter(|field| field.tag == Some(tag)).map(|field| field.of);
        let mut types: Vec<Type> = Vec::new();
        for of in self.tags[tag].of.into_iter().chain(fields) {
            if !types.contains(&of) {
                types.push(of);
            }
        }
        types
    }

    /// The item types that an item with a tag can have, over all versions; none means any, or none at all.
    pub(crate) fn item_types_of_tag(&self, tag: TagId) -> Vec<ItemType> {
        let types: Vec<_> = self.types_of_tag(tag).iter().map(|of| self.item_types(*of)).collect();
        if types.iter().any(Vec::is_empty) {
            return Vec::new();
        }
        let mut types = types.concat();
        types.sort();
        types.dedup();
        types
    }

    /// Whether items of a type can be kept secret; those of a choice and a structure are so on their own.
    pub(crate) fn can_be_secret(&self, of: Type) -> bool {
        match of {
            Type::Plain(plain) => plain.can_be_secret(),
            Type::Enumeration(_) => false,
            Type::Structure(_) | Type::Choice(_) => true,
        }
    }

    /// Whether a type is the payload of an operation.
    pub(crate) fn is_payload(&self, of: Type) -> bool {
        let payloads = self.operations.iter().flat_map(|operation| [operation.request, operation.response]);
        payloads.flatten().any(|id| of == Type::Structure(id))
    }

    /// What a keyword of rules means.
    pub(crate) fn keyword(&self, keyword: &str) -> Option<&str> {
        self.keywords.iter().find(|(known, _)| known == keyword).map(|(_, means)| means.as_str())
    }

    /// The enumeration of a given name.
    pub(crate) fn enumeration(&self, type_name: &str) -> Option<usize> {
        self.enumerations.iter().position(|enumeration| enumeration.type_name == type_name)
    }
}

impl Field {
    pub(crate) fn is_optional(&self, version: Version) -> bool {
        self.optional.is_some_and(|gate| gate.contains(version))
    }

    pub(crate) fn is_repeated(&self, version: Version) -> bool {
        self.repeat.is_some_and(|gate| gate.contains(version))
    }

    /// Whether a structure with this gate always has the field, and once.
    pub(crate) fn is_plain(&self, structure: &Gate, versions: &[Version]) -> bool {
        self.repeat.is_none()
            && self.optional.is_none()
            && structure.outside(&self.entry.gate, versions).is_none()
    }
}
