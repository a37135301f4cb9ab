//! The `kmip-gen` command: checks the tables and shows what comes of them.
fn main() {
    match kmip_gen::generate(&kmip_gen::spec_dir(), None, std::path::Path::new(&std::env::args().nth(1).unwrap())) { Ok(()) => {}, Err(e) => { eprintln!("{e}"); std::process::exit(1) } }
}
