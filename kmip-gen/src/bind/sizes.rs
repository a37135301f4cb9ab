//! How large the Rust types will be, in bytes: what is large is boxed where it may be absent or is one of
//! several, so that what holds it stays small. An estimate is enough; no layout is promised.

use crate::model::{By, Field, Model, Plain, Type};
use crate::version::Gate;

/// A structure that is larger than this is boxed where it is optional.
const LARGEST_OPTIONAL: usize = 224;

/// A payload that is larger than this is boxed. Batch items come in lists, too, and the smallest takes 32 bytes on the wire.
const LARGEST_PAYLOAD: usize = 136;

/// What a structure may have at the most to be a case of a choice without a box. Attributes come in long lists; of what
/// a field decides (key material, credentials), small cases are the rule; objects come alone, in payloads that are
/// boxed for it.
fn largest_case(by: By) -> usize {
    match by {
        By::Attribute(_) | By::Decider(_) => 72,
        By::ItemType => 160,
        By::Tag => 512,
    }
}

const POINTER: usize = 8;
const LIST: usize = 24;
const SLICE: usize = 32;

/// The sizes of all structures and choices, each counted once.
pub(super) struct Sizes<'a> {
    model: &'a Model,
    structures: Vec<Option<usize>>,
    choices: Vec<Option<usize>>,
}

impl<'a> Sizes<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        Self {
            model,
            structures: vec![None; model.structures.len()],
            choices: vec![None; model.choices.len()],
        }
    }

    /// Whether a field is to be boxed.
    pub(super) fn boxes_field(&mut self, field: &Field, gate: &Gate) -> bool {
        matches!(field.of, Type::Structure(_))
            && self.is_optional(field, gate)
            && self.of(field.of) > LARGEST_OPTIONAL
    }

    /// Whether a case of a choice is to be boxed.
    pub(super) fn boxes_case(&mut self, by: By, of: Type) -> bool {
        let largest = if self.model.is_payload(of) { LARGEST_PAYLOAD } else { largest_case(by) };
        matches!(of, Type::Structure(_)) && self.of(of) > largest
    }

    fn is_optional(&self, field: &Field, gate: &Gate) -> bool {
        field.repeat.is_none() && !field.is_plain(gate, &self.model.versions)
    }

    fn of(&mut self, of: Type) -> usize {
        match of {
            Type::Plain(plain) => match plain {
                Plain::Boolean => 1,
                Plain::Integer | Plain::Interval | Plain::Enumeration | Plain::Tag => 4,
                Plain::LongInteger | Plain::DateTime | Plain::DateTimeExtended => 8,
                Plain::TextString | Plain::ByteString | Plain::BigInteger => SLICE,
                Plain::AttributeName => SLICE + 8,
                Plain::Any => SLICE + 16,
            },
            Type::Enumeration(_) => 4,
            Type::Structure(id) => match self.structures.get(id).copied().flatten() {
                Some(size) => size,
                None => self.structure(id),
            },
            Type::Choice(id) => match self.choices.get(id).copied().flatten() {
                Some(size) => size,
                None => self.choice(id),
            },
        }
    }

    fn structure(&mut self, id: usize) -> usize {
        // What holds itself is boxed for that reason.
        self.structures[id] = Some(POINTER);
        let model = self.model;
        let structure = &model.structures[id];
        let mut size = POINTER;
        for field in &structure.fields {
            size += if field.repeat.is_some() {
                LIST
            } else if self.boxes_field(field, &structure.entry.gate) {
                POINTER
            } else {
                let inner = self.of(field.of);
                // An Option of what holds no pointer takes a discriminant of its own.
                if self.is_optional(field, &structure.entry.gate) && inner < SLICE {
                    inner * 2
                } else {
                    inner
                }
            };
        }
        let size = size.next_multiple_of(POINTER);
        self.structures[id] = Some(size);
        size
    }

    fn choice(&mut self, id: usize) -> usize {
        self.choices[id] = Some(POINTER);
        let model = self.model;
        let choice = &model.choices[id];
        // What no case fits is kept as an item; see `emit::choices`.
        let boxed = matches!(choice.by, By::ItemType | By::Decider(_));
        let mut largest = if boxed { POINTER } else { SLICE + 16 };
        for case in &choice.cases {
            let size =
                if case.boxed || self.boxes_case(choice.by, case.of) { POINTER } else { self.of(case.of) };
            largest = largest.max(size);
        }
        let size = largest + POINTER;
        self.choices[id] = Some(size);
        size
    }
}
