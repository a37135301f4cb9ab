//! Reads the tables of KMIP, checks them, and writes the Rust types that they describe.
//!
//! The tables are YAML; `docs/spec-format.md` says how they are written. A build script calls [`generate`],
//! which writes one file of Rust for each table. The `kmip-gen` command (feature `command`) checks tables,
//! shows what is generated from them, compares versions and writes reference pages.
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
#[cfg(feature = "command")]
mod diff;
#[cfg(feature = "command")]
mod dump;
mod emit;
mod error;
mod load;
#[cfg_attr(not(feature = "command"), allow(dead_code, reason = "notes and keywords are for those who read"))]
mod model;
mod names;
mod overlay;
#[cfg(feature = "command")]
mod pages;
#[cfg(feature = "command")]
mod pretty;
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
/// `overlay` is a directory of tables that is laid over those of `spec_dir`. A file that would not change is left
/// alone.
///
/// # Errors
///
/// When a table breaks a rule, and then nothing is written; or when a file can't be written.
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
    ///
    /// # Errors
    ///
    /// When a table breaks a rule: all that are broken are told.
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
        let mut model = Model::default();
        if !problems.is_unreadable() {
            model = bind::bind(&tables, &mut problems);
            check::check(&model, &mut problems);
        }
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

/// For the command, and for those who build on it.
#[cfg(feature = "command")]
impl Spec {
    /// The Rust of all tables or of one, formatted; of one type alone, if one is named.
    ///
    /// # Errors
    ///
    /// When there is no such table or type.
    pub fn formatted(&self, table: Option<&str>, type_name: Option<&str>) -> Result<String, Error> {
        let files = emit::files(&self.model);
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        if let Some(table) = table.filter(|table| !names.contains(table)) {
            return Err(Error::Unknown(format!(
                "there is no table `{table}`; there are {}",
                names.join(", ")
            )));
        }
        let mut text = String::new();
        for (name, tokens) in files.into_iter().filter(|(name, _)| table.is_none_or(|table| table == *name)) {
            let unreadable =
                |error| Error::Unknown(format!("what was generated of {name} is no Rust: {error}"));
            if let Some(formatted) = pretty::format(tokens, type_name).map_err(unreadable)? {
                text.push_str(&formatted);
            }
        }
        match type_name {
            Some(name) if text.is_empty() => Err(Error::Unknown(format!("no type `{name}` is generated"))),
            _ => Ok(text),
        }
    }

    /// All that the tables say, as a JSON document.
    pub fn dump(&self) -> String {
        // The document is made of strings, numbers and lists: there is nothing that JSON could not say.
        dump::dump(&self.model).unwrap_or_default()
    }

    /// What changed from one protocol version to another, a line each.
    ///
    /// # Errors
    ///
    /// When the tables don't describe one of the versions.
    pub fn diff(&self, old: Version, new: Version) -> Result<String, Error> {
        for version in [old, new] {
            if !self.model.versions.contains(&version) {
                let known: Vec<String> = self.model.versions.iter().map(Version::to_string).collect();
                return Err(Error::Unknown(format!(
                    "there is no version {version}; there are {}",
                    known.join(", ")
                )));
            }
        }
        Ok(diff::diff(&self.model, old, new))
    }

    /// The reference pages, by their file names.
    pub fn pages(&self) -> Vec<(&'static str, String)> {
        pages::pages(&self.model)
    }

    /// How much is in the tables, in a line.
    pub fn summary(&self) -> String {
        let model = &self.model;
        let masks = model.enumerations.iter().filter(|enumeration| enumeration.mask).count();
        let versions: Vec<String> = model.versions.iter().map(Version::to_string).collect();
        format!(
            "all is well in KMIP {}: {} tags, {} enumerations, {masks} mask{}, {} structures and payloads, \
             {} choices, {} attributes, {} operations",
            versions.join(", "),
            model.tags.len(),
            model.enumerations.len() - masks,
            if masks == 1 { "" } else { "s" },
            model.structures.len(),
            model.choices.len(),
            model.attributes.len(),
            model.operations.len(),
        )
    }
}
