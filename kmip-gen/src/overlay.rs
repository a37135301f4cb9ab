//! Lays a user's own tables over the base: a vendor's extension, or a protocol version of tomorrow.

use crate::error::{Place, Problems};
use crate::schema::{Case, Enumeration, Field, GatedDirection, Operation, Payload, Structure, Value};
use crate::tables::Tables;
use crate::version::Version;

/// Adds `over` to `base`. Nothing is taken away or renumbered.
pub(crate) fn lay(base: &mut Tables, over: Tables, problems: &mut Problems) {
    let mut lay = Lay { last: base.versions.iter().map(|entry| entry.version).max(), problems };
    for entry in over.versions {
        if lay.last.is_some_and(|last| entry.version <= last) {
            lay.problem(&entry.place, format!("version v{} is not behind those of the base", entry.version));
        } else {
            base.versions.push(entry);
        }
    }
    for tag in over.tags {
        match base.tags.iter_mut().find(|known| known.name == tag.name) {
            Some(known) if tag.extend => {
                lay.carry_on(&mut known.until, tag.until, "tag", &tag.name, &tag.place)
            }
            Some(_) => lay.known("tag", &tag.name, &tag.place),
            None => {
                lay.is_new(tag.extend, "tag", &tag.name, &tag.place);
                base.tags.push(tag);
            }
        }
    }
    lay.enumerations(&mut base.enumerations, over.enumerations, "enumeration");
    lay.enumerations(&mut base.masks, over.masks, "mask");
    for structure in over.structures {
        lay.structure(&mut base.structures, structure);
    }
    base.attributes_head.when.extend(over.attributes_head.when);
    base.attributes_head.object_types.extend(over.attributes_head.object_types);
    for attribute in over.attributes {
        let Some(known) = base.attributes.iter_mut().find(|known| known.name == attribute.name) else {
            lay.is_new(attribute.extend, "attribute", &attribute.name, &attribute.place);
            base.attributes.push(attribute);
            continue;
        };
        if attribute.extend {
            lay.carry_on(&mut known.until, attribute.until, "attribute", &attribute.name, &attribute.place);
        }
        for rules in attribute.rules {
            // The rules of the versions of the base stay; those of a version added may differ.
            if rules.since.is_none_or(|since| lay.last.is_none_or(|last| since <= last)) {
                lay.problem(
                    &rules.place,
                    "rules of an attribute of the base must begin with a version that the overlay adds",
                );
                continue;
            }
            for open in known.rules.iter_mut().filter(|open| open.until.is_none()) {
                open.until = lay.last;
            }
            known.rules.push(rules);
        }
    }
    for operation in over.operations {
        lay.operation(&mut base.operations, operation);
    }
    base.rights.extend(over.rights);
    base.key_formats.extend(over.key_formats);
    base.behaviour.extend(over.behaviour);
}

/// What only an overlay can say is wrong in the base.
pub(crate) fn check_base(base: &Tables, problems: &mut Problems) {
    let fields = base.structures.iter().flat_map(|structure| structure.fields.iter().flatten()).chain(
        base.operations.iter().flat_map(|operation| {
            [&operation.request, &operation.response].into_iter().flat_map(|payload| match payload {
                Some(Payload::Fields(fields)) => fields.as_slice(),
                _ => &[],
            })
        }),
    );
    let after = fields.clone().filter(|field| field.after.is_some()).map(|field| &field.place);
    for place in after {
        problems.add(place, "`after` is of overlays: here the fields stand in their order");
    }
    let tags = base.tags.iter().filter(|tag| tag.extend).map(|tag| &tag.place);
    let enumerations = base.enumerations.iter().chain(&base.masks);
    let values = enumerations.clone().flat_map(|e| &e.values).filter(|value| value.extend).map(|v| &v.place);
    let enumerations = enumerations.filter(|enumeration| enumeration.extend).map(|e| &e.place);
    let structures = base.structures.iter().filter(|structure| structure.extend).map(|s| &s.place);
    let cases =
        base.structures.iter().flat_map(|s| &s.cases).filter(|case| case.extend).map(|case| &case.place);
    let attributes = base.attributes.iter().filter(|attribute| attribute.extend).map(|a| &a.place);
    let fields = fields.filter(|field| field.extend).map(|field| &field.place);
    for place in
        tags.chain(values).chain(enumerations).chain(structures).chain(cases).chain(attributes).chain(fields)
    {
        problems.add(place, "`extend` is of overlays");
    }
}

/// Holds an overlay that adds no protocol version to the numbers that are a vendor's.
pub(crate) fn check_ranges(over: &Tables, problems: &mut Problems) {
    if !over.versions.is_empty() {
        return;
    }
    for tag in &over.tags {
        if let Some(number) = tag.tag.filter(|number| !VENDOR_TAGS.contains(number)) {
            let reason = format!("tag 0x{number:06X} is not a vendor's: those are 0x540000 to 0x54FFFF");
            problems.add(&tag.place, reason);
        }
    }
    for value in over.enumerations.iter().flat_map(|enumeration| &enumeration.values) {
        if let Some(number) = value.value.filter(|number| *number < FIRST_VENDOR_VALUE) {
            let reason = format!("value 0x{number:X} is not a vendor's: those begin with 0x80000000");
            problems.add(&value.place, reason);
        }
    }
}

struct Lay<'a> {
    /// The last version of the base.
    last: Option<Version>,
    problems: &'a mut Problems,
}

impl Lay<'_> {
    fn problem(&mut self, place: &Place, reason: impl std::fmt::Display) {
        self.problems.add(place, reason);
    }

    fn known(&mut self, kind: &str, name: &str, place: &Place) {
        let reason = format!(
            "{kind} `{name}` is in the base already: an overlay can only carry it on (`extend: true`)"
        );
        self.problem(place, reason);
    }

    fn is_new(&mut self, extend: bool, kind: &str, name: &str, place: &Place) {
        if extend {
            self.problem(place, format!("there is no {kind} `{name}` to carry on"));
        }
    }

    /// `extend: true`: an entry that ends with the last version of the base goes on in the overlay's.
    fn carry_on(
        &mut self,
        until: &mut Option<Version>,
        new: Option<Version>,
        kind: &str,
        name: &str,
        place: &Place,
    ) {
        match *until {
            Some(end) if Some(end) == self.last => *until = new,
            Some(end) => {
                self.problem(place, format!("{kind} `{name}` ended with v{end}: it can't be carried on"))
            }
            None => {
                self.problem(place, format!("{kind} `{name}` does not end: there is nothing to carry on"))
            }
        }
    }

    fn enumerations(&mut self, base: &mut Vec<Enumeration>, over: Vec<Enumeration>, kind: &str) {
        for entry in over {
            let name = |entry: &Enumeration| entry.type_name.clone().unwrap_or_else(|| entry.name.clone());
            let Some(known) = base.iter_mut().find(|known| name(known) == name(&entry)) else {
                self.is_new(entry.extend, kind, &entry.name, &entry.place);
                base.push(entry);
                continue;
            };
            if entry.extend {
                self.carry_on(&mut known.until, entry.until, kind, &entry.name, &entry.place);
            }
            for value in entry.values {
                self.value(&mut known.values, value);
            }
        }
    }

    fn value(&mut self, base: &mut Vec<Value>, value: Value) {
        match base.iter_mut().find(|known| known.name == value.name) {
            Some(known) if value.extend => {
                self.carry_on(&mut known.until, value.until, "value", &value.name, &value.place);
            }
            Some(_) => self.known("value", &value.name, &value.place),
            None => {
                self.is_new(value.extend, "value", &value.name, &value.place);
                base.push(value);
            }
        }
    }

    fn structure(&mut self, base: &mut Vec<Structure>, structure: Structure) {
        let Some(known) = base.iter_mut().find(|known| known.name == structure.name) else {
            self.is_new(structure.extend, "structure", &structure.name, &structure.place);
            base.push(structure);
            return;
        };
        if structure.extend {
            self.carry_on(&mut known.until, structure.until, "structure", &structure.name, &structure.place);
        }
        match (&mut known.fields, structure.fields) {
            (Some(known), Some(fields)) => {
                for field in fields {
                    self.field(known, field);
                }
            }
            (None, Some(_)) => {
                self.problem(&structure.place, format!("`{}` is a choice: it has cases", structure.name));
            }
            (_, None) => {}
        }
        if known.choice.is_none() && !structure.cases.is_empty() {
            self.problem(&structure.place, format!("`{}` is a structure: it has fields", structure.name));
            return;
        }
        for case in structure.cases {
            self.case(&mut known.cases, case);
        }
    }

    fn case(&mut self, base: &mut Vec<Case>, case: Case) {
        if !case.extend {
            base.push(case);
            return;
        }
        match base.iter_mut().find(|known| known.item_type == case.item_type) {
            Some(known) => self.carry_on(&mut known.until, case.until, "case", &case.item_type, &case.place),
            None => self.is_new(true, "case", &case.item_type, &case.place),
        }
    }

    fn field(&mut self, base: &mut Vec<Field>, field: Field) {
        if field.extend {
            // Of a field that stands twice, the later one lives.
            match base.iter_mut().rev().find(|known| known.name == field.name) {
                Some(known) => {
                    self.carry_on(&mut known.until, field.until, "field", &field.name, &field.place)
                }
                None => self.is_new(true, "field", &field.name, &field.place),
            }
            return;
        }
        let Some(after) = &field.after else {
            base.push(field);
            return;
        };
        match base.iter().rposition(|known| known.name == *after) {
            Some(index) => base.insert(index + 1, field),
            None => self.problem(&field.place, format!("there is no field `{after}` to stand after")),
        }
    }

    fn operation(&mut self, base: &mut Vec<Operation>, operation: Operation) {
        let Some(known) = base.iter_mut().find(|known| known.name == operation.name) else {
            base.push(operation);
            return;
        };
        for (known, added) in
            [(&mut known.request, operation.request), (&mut known.response, operation.response)]
        {
            match (known, added) {
                (Some(Payload::Fields(known)), Some(Payload::Fields(fields))) => {
                    for field in fields {
                        self.field(known, field);
                    }
                }
                (known, Some(Payload::Fields(fields))) => *known = Some(Payload::Fields(fields)),
                (_, Some(Payload::None) | None) => {}
            }
        }
        let there: Vec<_> =
            known.direction.iter().flat_map(GatedDirection::each).map(|(direction, _)| direction).collect();
        let is_new = |direction: &GatedDirection| {
            !direction.each().iter().any(|(direction, _)| there.contains(direction))
        };
        known.direction.extend(operation.direction.into_iter().filter(is_new));
        known.makes.extend(operation.makes);
        known.requires.extend(operation.requires);
        known.reasons.extend(operation.reasons);
    }
}

/// The tags that are left to vendors (KMIP 1.0 §9.1.3.1).
const VENDOR_TAGS: std::ops::RangeInclusive<u32> = 0x54_0000..=0x54_FFFF;

/// The first enumeration value that is left to vendors (KMIP 1.0 §9.1.3.2).
const FIRST_VENDOR_VALUE: u32 = 0x8000_0000;
