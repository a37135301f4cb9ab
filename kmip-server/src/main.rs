//! The `kmip-server` command.
fn main(){}
