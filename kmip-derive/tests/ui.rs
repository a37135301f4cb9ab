//! What the derives say when they are used wrongly: one file a misuse, the message beside it.

#[test]
fn misuse_is_refused_where_it_stands() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
