//! Makes the types out of the tables.

use std::{env, path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    println!("cargo::rerun-if-env-changed=KMIP_SPEC_OVERLAY");
    let spec = kmip_gen::spec_dir();
    println!("cargo::rerun-if-changed={}", spec.display());
    let overlay = env::var_os("KMIP_SPEC_OVERLAY").map(PathBuf::from);
    if let Some(overlay) = &overlay {
        println!("cargo::rerun-if-changed={}", overlay.display());
    }
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        eprintln!("OUT_DIR is not set: this is cargo's to run");
        return ExitCode::FAILURE;
    };
    match kmip_gen::generate(&spec, overlay.as_deref(), &out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::FAILURE
        }
    }
}
