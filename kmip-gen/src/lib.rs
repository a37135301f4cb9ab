//! Reads the tables of KMIP, checks them, and writes the Rust types that they describe.
//!
//! The tables are YAML; `docs/spec-format.md` says how they are written. A build script calls [`generate`], which
//! writes one file of Rust for each table. The `kmip-gen` command (feature `command`) checks tables, shows what is
//! generated from them, compares versions and writes reference pages.
//!
//! ```
//! # fn main() -> Result<(), kmip_gen::Error> {
//! # if !kmip_gen::spec_dir().join("versions.yaml").exists() { return Ok(()) }
//! let spec = kmip_gen::Spec::read(&kmip_gen::spec_dir(), None)?;
//! assert!(spec.versions().contains(&"1.4".parse().unwrap()));
//! # Ok(())
//! # }
//! ```

mod bind;
mod check;
mod emit;
mod error;
mod load;
mod model;
mod names;
mod overlay;
mod schema;
mod tables;
mod version;

use std::fs;
use std::path::{Path, PathBuf};

pub use error::{Error, Place, Problem};
pub use version::Version;

use error::Problems;
use model::Model;
use tables::Tables;

/// Writes the Rust of all tables into a directory, one file a table.
///
/// `overlay` is a directory of tables that is laid over those of `spec_dir`. Nothing is written when a table breaks a
/// rule. A file that would not change is left alone.
pub fn generate(spec_dir: &Path, overlay: Option<&Path>, out_dir: &Path) -> Result<(), Error> {
    let spec = Spec::read(spec_dir, overlay)?;
    for (name, text) in spec.rust() {
        let path = out_dir.join(format!("{name}.rs"));
        let unchanged = fs::read_to_string(&path).is_ok_and(|known| known == text);
        if !unchanged {
            fs::write(&path, text).map_err(|source| Error::Io { path, source })?;
        }
    }
    Ok(())
}

/// The tables that travel with this package.
pub fn spec_dir() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/spec"))
}

/// Tables that keep all rules.
pub struct Spec {
    model: Model,
}

impl Spec {
    /// Reads tables, lays an overlay over them, and checks the whole.
    pub fn read(spec_dir: &Path, overlay: Option<&Path>) -> Result<Self, Error> {
        let mut problems = Problems::default();
        let mut tables = Tables::read(spec_dir, &mut problems);
        overlay::check_base(&tables, &mut problems);
        check::check_sections(&tables, &mut problems);
        if let Some(directory) = overlay {
            let over = Tables::read(directory, &mut problems);
            overlay::check_ranges(&over, &mut problems);
            overlay::lay(&mut tables, over, &mut problems);
        }
        let model = bind::bind(&tables, &mut problems);
        check::check(&model, &mut problems);
        problems.finish()?;
        Ok(Self { model })
    }

    /// The protocol versions, oldest first.
    pub fn versions(&self) -> &[Version] {
        &self.model.versions
    }

    /// The Rust of each table, by its name, unformatted.
    pub fn rust(&self) -> Vec<(&'static str, String)> {
        emit::files(&self.model).into_iter().map(|(name, tokens)| (name, tokens.to_string())).collect()
    }
}
