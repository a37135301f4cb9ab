//! Which fields decide choices, and whether something decides each.

use std::collections::BTreeSet;

use crate::error::Problems;
use crate::model::{By, Model, TagId, Type};

/// Marks the fields that decide, and finds the choices that nothing decides.
pub(super) fn check(model: &mut Model, problems: &mut Problems) {
    for id in 0..model.structures.len() {
        for index in 0..model.structures[id].fields.len() {
            let field = &model.structures[id].fields[index];
            let Some(tag) = field.tag.filter(|_| field.repeat.is_none()) else { continue };
            let behind = &model.structures[id].fields[index + 1..];
            let decides = behind.iter().any(|later| {
                needs(model, later.of, &mut Vec::new(), later.tag.is_none())
                    .iter()
                    .any(|(need, _)| *need == tag)
            });
            model.structures[id].fields[index].decides = decides;
        }
    }
    let mut referred: Vec<Type> = Vec::new();
    referred
        .extend(model.structures.iter().flat_map(|structure| structure.fields.iter().map(|field| field.of)));
    referred.extend(model.choices.iter().flat_map(|choice| choice.cases.iter().map(|case| case.of)));
    let structures = (0..model.structures.len()).map(Type::Structure);
    for root in
        structures.chain((0..model.choices.len()).map(Type::Choice)).filter(|of| !referred.contains(of))
    {
        for (tag, choice) in needs(model, root, &mut Vec::new(), false) {
            let (entry, decider) = (&model.choices[choice].entry, &model.tags[tag].entry.name);
            let root = model.type_name(root);
            let reason = format!(
                "nothing decides choice `{}`: in `{root}` no `{decider}` stands before it",
                entry.name
            );
            problems.add(&entry.place, reason);
        }
    }
}

/// The deciding tags that must have been met before an item of a type, each with the choice that needs it.
fn needs(model: &Model, of: Type, path: &mut Vec<Type>, by_tag: bool) -> BTreeSet<(TagId, usize)> {
    if path.contains(&of) {
        return BTreeSet::new();
    }
    path.push(of);
    let mut needed = BTreeSet::new();
    match of {
        Type::Structure(id) => {
            for field in model.structures[id].fields.iter().rev() {
                if field.repeat.is_none() {
                    needed.retain(|(tag, _)| Some(*tag) != field.tag);
                }
                needed.extend(needs(model, field.of, path, field.tag.is_none()));
            }
        }
        Type::Choice(id) => {
            match model.choices[id].by {
                By::Decider(tag) => _ = needed.insert((tag, id)),
                By::Attribute(tag) if !by_tag => _ = needed.insert((tag, id)),
                By::Attribute(_) | By::ItemType | By::Tag => {}
            }
            for case in &model.choices[id].cases {
                needed.extend(needs(model, case.of, path, false));
            }
        }
        Type::Plain(_) | Type::Enumeration(_) => {}
    }
    path.pop();
    needed
}
