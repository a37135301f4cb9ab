//! Snapshots of the Rust that comes out of the tables, so that a change of table or generator shows what it does.
//!
//! `INSTA_UPDATE=always cargo test -p kmip-gen --features command --test snapshot` takes them anew.

use kmip_gen::Spec;

#[track_caller]
fn compare(table: &str) {
    let spec = Spec::read(&kmip_gen::spec_dir(), None).unwrap_or_else(|error| panic!("{error}"));
    let rust = spec.formatted(Some(table), None).unwrap();
    let mut settings = insta::Settings::clone_current();
    // What the head of a snapshot says beyond its name would change with this file.
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(table, rust));
}

#[test]
fn structures() {
    compare("structures");
}

#[test]
fn operations() {
    compare("operations");
}

#[test]
fn attributes() {
    compare("attributes");
}
