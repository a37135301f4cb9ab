//! Binds structures and payloads.

use super::{Binder, raw};
use crate::error::Place;
use crate::model::{By, Choice, Entry, Field, Plain, Structure, TagId, Type};
use crate::names;
use crate::schema::{self, CasesFrom, Flag};
use crate::tables::Tables;
use crate::version::Gate;

impl Binder<'_> {
    /// Structures and choices without what they hold, so that they can be referred to.
    pub(super) fn shells(&mut self, tables: &Tables, all: Gate) {
        for plain in Plain::ALL {
            self.types.insert(plain.name().to_owned(), Type::Plain(plain));
        }
        for raw in &tables.structures {
            let outer = self.gate_of_namesake(&raw.name, all);
            let rust = raw.rust.clone().unwrap_or_else(|| names::type_name(&raw.name));
            let entry = self.entry(raw!(raw), outer, "the tag of its name", names::text(&raw.name), rust);
            let tag = match &raw.tag {
                Some(name) => self.tag(name, &raw.place),
                None => self.tags.get(&raw.name).copied(),
            };
            if let Some(tag) = tag {
                self.model.tags[tag].secret |= raw.secret;
            }
            let Some(choice) = &raw.choice else {
                if tag.is_none() && !self.problems.is_lost(&raw.name) {
                    let reason = format!("structure `{}` has no tag: there is none of its name", raw.name);
                    self.problem(&raw.place, reason);
                }
                self.add_type(&raw.name, Type::Structure(self.model.structures.len()), &raw.place);
                self.model.structures.push(Structure { entry, tag, open: raw.open, fields: Vec::new() });
                continue;
            };
            let by = match (choice.by.as_str(), choice.from) {
                ("Item Type", _) => By::ItemType,
                ("Tag", _) => By::Tag,
                (name, from) => match (self.tag(name, &raw.place), from) {
                    (None, _) => continue,
                    (Some(tag), Some(CasesFrom::Attributes)) => By::Attribute(tag),
                    (Some(tag), _) => By::Decider(tag),
                },
            };
            self.add_type(&raw.name, Type::Choice(self.model.choices.len()), &raw.place);
            self.model.choices.push(Choice { entry, tag, by, cases: Vec::new() });
        }
    }

    pub(super) fn fields(&mut self, tables: &Tables) {
        for raw in tables.structures.iter().filter(|raw| raw.choice.is_none()) {
            let Some(Type::Structure(id)) = self.types.get(&raw.name).copied() else { continue };
            let Some(fields) = &raw.fields else {
                self.problem(&raw.place, format!("`{}` has neither `fields` nor a `choice`", raw.name));
                continue;
            };
            if !raw.cases.is_empty() {
                self.problem(&raw.place, format!("`{}` has `cases` but no `choice`", raw.name));
            }
            let gate = self.model.structures[id].entry.gate;
            self.model.structures[id].fields =
                fields.iter().filter_map(|field| self.field(field, gate, raw.secret)).collect();
        }
    }

    pub(super) fn add_payload(&mut self, fields: &[schema::Field], operation: &Entry, kind: &str) -> usize {
        let tag = self.tag(&format!("{kind} Payload"), &operation.place);
        let fields = fields.iter().filter_map(|field| self.field(field, operation.gate, false)).collect();
        let entry = Entry {
            name: format!("{} {kind}", operation.name),
            text: format!("{}{kind}", operation.text),
            rust: format!("{}{kind}", operation.rust),
            note: None,
            ..operation.clone()
        };
        self.add_type(&entry.name, Type::Structure(self.model.structures.len()), &operation.place);
        self.model.structures.push(Structure { entry, tag, open: false, fields });
        self.model.structures.len() - 1
    }

    fn field(&mut self, raw: &schema::Field, outer: Gate, secret: bool) -> Option<Field> {
        let (tag, of) = self.tag_and_type(raw)?;
        let text = tag.map_or_else(|| names::text(&raw.name), |tag| self.model.tags[tag].entry.text.clone());
        let rust = raw.rust.clone().unwrap_or_else(|| names::field_name(&raw.name));
        let entry = self.entry(raw!(raw), outer, "the structure", text, rust);
        let optional = self.flag(raw.optional, &entry);
        let repeat = self.flag(raw.repeat, &entry);
        let outer_secret = secret || tag.is_some_and(|tag| self.model.tags[tag].secret);
        let secret = raw.secret || (outer_secret && self.model.can_be_secret(of));
        Some(Field { entry, tag, of, optional, repeat, secret, boxed: false, decides: false })
    }

    /// A field's tag is that of its name, and its type that of the tag, unless it says otherwise.
    fn tag_and_type(&mut self, raw: &schema::Field) -> Option<(Option<TagId>, Type)> {
        let any = raw.tag.as_deref() == Some(ANY_TAG);
        let tag_name = raw.tag.as_deref().filter(|_| !any).unwrap_or(&raw.name);
        let known = self.tags.get(tag_name).copied();
        let of = match (&raw.item_type, known) {
            (Some(name), _) => self.type_of(name, &raw.place)?,
            (None, Some(tag)) => match self.model.tags[tag].of {
                Some(of) => of,
                None => {
                    if !self.problems.is_lost(&raw.name) {
                        self.problem(&raw.place, format!("`{}` has no type, nor has its tag", raw.name));
                    }
                    return None;
                }
            },
            (None, None) => match self.types.get(tag_name) {
                Some(&of) if self.by(of) == Some(By::Tag) => of,
                _ => {
                    self.tag(tag_name, &raw.place);
                    return None;
                }
            },
        };
        match self.by(of) {
            Some(By::Tag) if any || raw.tag.is_none() => return Some((None, of)),
            Some(By::Attribute(_)) if any => return Some((None, of)),
            Some(By::Attribute(_)) if !self.is_own_tag(of, known) => {
                let reason = format!("`{}` holds an attribute under its own tag: `tag: any`", raw.name);
                self.problem(&raw.place, reason);
                return None;
            }
            _ if any => {
                self.problem(&raw.place, "`tag: any` is of choices that know the tags of their cases");
                return None;
            }
            _ => {}
        }
        Some((Some(self.tag(tag_name, &raw.place)?), of))
    }

    fn by(&self, of: Type) -> Option<By> {
        let Type::Choice(id) = of else { return None };
        Some(self.model.choices[id].by)
    }

    fn is_own_tag(&self, of: Type, tag: Option<TagId>) -> bool {
        matches!(of, Type::Choice(id) if self.model.choices[id].tag == tag)
    }

    pub(super) fn flag(&mut self, flag: Flag, field: &Entry) -> Option<Gate> {
        match flag {
            Flag::Never => None,
            Flag::Gated { since, until } => {
                let place: &Place = &field.place;
                Some(self.gate(since, until, field.gate, place, "the entry"))
            }
        }
    }
}

/// What a field says as its `tag:` when its type knows the tags.
const ANY_TAG: &str = "any";
