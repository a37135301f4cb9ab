//! Rules of choices.

use super::Check;
use crate::model::{By, Case, Choice, ItemType};

impl Check<'_> {
    pub(super) fn choice(&mut self, choice: &Choice) {
        self.sections(&choice.entry);
        if choice.cases.is_empty() && self.whole {
            self.problem(&choice.entry.place, format!("choice `{}` has no cases", choice.entry.name));
            return;
        }
        if let (Some(tag), false) = (choice.tag, choice.by == By::Tag) {
            let tag = &self.model.tags[tag].entry;
            self.within(&choice.entry.gate, &tag.gate, &format!("its tag `{}`", tag.name), &choice.entry);
        }
        let versions = if self.whole { self.versions() } else { &[] };
        for version in choice.entry.gate.of(versions) {
            if !choice.cases.iter().any(|case| case.entry.gate.contains(version)) {
                self.problem(
                    &choice.entry.place,
                    format!("choice `{}` has no case in v{version}", choice.entry.name),
                );
            }
        }
        for (index, case) in choice.cases.iter().enumerate() {
            if let Some(tag) = case.tag {
                let tag = &self.model.tags[tag].entry;
                self.within(&case.entry.gate, &tag.gate, &format!("its tag `{}`", tag.name), &case.entry);
            }
            if !matches!(choice.by, By::Attribute(_)) {
                self.secret(&case.entry, case.of, case.secret);
            }
            let before = &choice.cases[..index];
            let variant = &case.entry.rust;
            if variant == "Other" || before.iter().any(|other| other.entry.rust == *variant) {
                let reason = format!("choice `{}` has a variant `{variant}` already", choice.entry.name);
                self.problem(&case.entry.place, reason);
            } else if let Some(other) = before.iter().find(|other| self.hides(other, case, choice)) {
                let reason =
                    format!("case `{}` never applies: `{}` does before", case.entry.name, other.entry.name);
                self.problem(&case.entry.place, reason);
            }
        }
    }

    /// Whether an earlier case takes all that a later one could, in some version.
    fn hides(&self, earlier: &Case, later: &Case, choice: &Choice) -> bool {
        if !earlier.entry.gate.overlaps(&later.entry.gate, self.versions()) {
            return false;
        }
        match choice.by {
            By::Tag | By::Attribute(_) => earlier.tag == later.tag,
            By::ItemType => self.takes_all(earlier, later),
            By::Decider(_) => {
                let values = earlier.when.is_empty()
                    || (!later.when.is_empty()
                        && later.when.iter().all(|value| earlier.when.contains(value)));
                values && self.takes_all(earlier, later)
            }
        }
    }

    fn takes_all(&self, earlier: &Case, later: &Case) -> bool {
        let taken: Vec<ItemType> = self.model.item_types(earlier.of);
        let wanted: Vec<ItemType> = self.model.item_types(later.of);
        taken.is_empty() || (!wanted.is_empty() && wanted.iter().all(|wanted| taken.contains(wanted)))
    }
}
