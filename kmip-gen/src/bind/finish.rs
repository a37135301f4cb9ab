//! What follows from the model as a whole: which tags are secret, what is boxed.

use super::sizes::Sizes;
use crate::model::{By, Model, TagId, Type};

pub(super) fn finish(model: &mut Model) {
    secrets(model);
    boxes(model);
}

/// A tag is secret as soon as one of its items may be.
fn secrets(model: &mut Model) {
    let mut secret: Vec<TagId> = Vec::new();
    for field in model.structures.iter().flat_map(|structure| &structure.fields) {
        if let Some(tag) = field.tag
            && (field.secret || holds_secret(model, field.of))
        {
            secret.push(tag);
        }
    }
    for (tag, entry) in model.tags.iter().enumerate() {
        if entry.of.is_some_and(|of| holds_secret(model, of)) {
            secret.push(tag);
        }
    }
    for tag in secret {
        model.tags[tag].secret = true;
    }
}

/// Whether a case of a choice is a secret plain item. Attributes are told apart by their own tags.
fn holds_secret(model: &Model, of: Type) -> bool {
    let Type::Choice(id) = of else { return false };
    let choice = &model.choices[id];
    !matches!(choice.by, By::Attribute(_) | By::Tag)
        && choice.cases.iter().any(|case| case.secret || holds_secret(model, case.of))
}

/// Big structures are boxed where they may be absent, and so is whatever would else contain itself.
fn boxes(model: &mut Model) {
    let versions = model.versions.clone();
    let (fields, cases) = large(model);
    for (structure, boxed) in model.structures.iter_mut().zip(fields) {
        for (field, boxed) in structure.fields.iter_mut().zip(boxed) {
            field.boxed = boxed;
        }
    }
    for (choice, boxed) in model.choices.iter_mut().zip(cases) {
        for (case, boxed) in choice.cases.iter_mut().zip(boxed) {
            case.boxed |= boxed;
        }
    }
    for choice in 0..model.choices.len() {
        for index in 0..model.choices[choice].cases.len() {
            let of = model.choices[choice].cases[index].of;
            if matches!(of, Type::Structure(_)) && contains(model, of, Type::Choice(choice)) {
                model.choices[choice].cases[index].boxed = true;
            }
        }
    }
    for structure in 0..model.structures.len() {
        let gate = model.structures[structure].entry.gate;
        for index in 0..model.structures[structure].fields.len() {
            let field = &model.structures[structure].fields[index];
            let is_option = field.repeat.is_none() && !field.is_plain(&gate, &versions);
            if is_option && contains(model, field.of, Type::Structure(structure)) {
                model.structures[structure].fields[index].boxed = true;
            }
        }
    }
}

/// Which fields of each structure, and which cases of each choice, are to be boxed for their size.
fn large(model: &Model) -> (Vec<Vec<bool>>, Vec<Vec<bool>>) {
    let mut sizes = Sizes::new(model);
    let fields = model.structures.iter().map(|structure| {
        structure.fields.iter().map(|field| sizes.boxes_field(field, &structure.entry.gate)).collect()
    });
    let fields = fields.collect();
    let cases = model
        .choices
        .iter()
        .map(|choice| choice.cases.iter().map(|case| sizes.boxes_case(choice.by, case.of)).collect());
    (fields, cases.collect())
}

/// Whether a value of the outer type holds one of the inner, without a box or a list between.
fn contains(model: &Model, outer: Type, inner: Type) -> bool {
    let mut seen = vec![outer];
    let mut next = 0;
    while next < seen.len() {
        if seen[next] == inner {
            return true;
        }
        let held: Vec<Type> = match seen[next] {
            Type::Structure(id) => {
                let fields = model.structures[id].fields.iter();
                fields.filter(|field| !field.boxed && field.repeat.is_none()).map(|field| field.of).collect()
            }
            Type::Choice(id) => {
                model.choices[id].cases.iter().filter(|case| !case.boxed).map(|case| case.of).collect()
            }
            Type::Plain(_) | Type::Enumeration(_) => Vec::new(),
        };
        for of in held {
            if !seen.contains(&of) {
                seen.push(of);
            }
        }
        next += 1;
    }
    false
}
