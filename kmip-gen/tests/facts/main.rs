//! Compares the tables with the facts that were read out of the specifications by machine.
//!
//! Both are turned into statements ("in 1.4, the field Key Value of Key Block is optional"), each by code of its own, and the
//! statements are compared in both directions. Differences that are meant stand, each with its reason, in
//! `tests/facts-differences.md`; one that is not there fails the test, and so does an entry that no difference needs any more.
//!
//! The facts are not part of this repository: where the folder is absent, there is nothing to compare.

mod attributes;
mod enumerations;
mod explained;
mod operations;
mod source;
mod statements;
mod structures;
mod tags;

use explained::Explained;
use source::{Facts, Tables};
use statements::{Statements, differences};

#[test]
fn the_tables_agree_with_the_facts() {
    let Some(facts) = Facts::open() else { return };
    let tables = Tables::read();
    let (mut by_facts, mut by_tables) = (Statements::default(), Statements::default());
    tags::facts(&facts, &mut by_facts);
    tags::tables(&tables, &mut by_tables);
    enumerations::facts(&facts, &mut by_facts);
    enumerations::tables(&tables, &mut by_tables);
    structures::facts(&facts, &mut by_facts);
    structures::tables(&tables, &mut by_tables);
    attributes::facts(&facts, &mut by_facts);
    attributes::tables(&tables, &mut by_tables);
    operations::facts(&facts, &mut by_facts);
    operations::tables(&tables, &mut by_tables);
    assert!(by_facts.len() > 10_000, "only {} statements could be made of the facts", by_facts.len());

    let differences = differences(&by_facts, &by_tables);
    let explained = Explained::read();
    let unexplained = explained.without_reason(&differences);
    let unneeded = explained.without_difference(&differences);
    assert!(
        unexplained.is_empty() && unneeded.is_empty(),
        "{} of {} differences have no reason in {path}:\n{}\n\n{} entries of it match no difference:\n{}",
        unexplained.len(),
        differences.len(),
        unexplained.join("\n"),
        unneeded.len(),
        unneeded.join("\n"),
        path = explained::PATH,
    );
}
