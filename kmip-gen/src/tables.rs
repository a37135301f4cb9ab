//! All tables of one directory.

use std::path::Path;

use crate::error::{Place, Problems};
use crate::load::{self, File};
use crate::schema::{
    Attribute, AttributesHead, Behaviour, Enumeration, Head, KeyFormat, Operation, ProtocolVersion, Right,
    Structure, Tag,
};

/// The tables as they are written.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    /// Where problems are put that belong to no line: `versions.yaml`.
    pub(crate) place: Place,
    pub(crate) versions: Vec<ProtocolVersion>,
    pub(crate) tags_head: Head,
    pub(crate) tags: Vec<Tag>,
    pub(crate) enumerations: Vec<Enumeration>,
    pub(crate) masks: Vec<Enumeration>,
    pub(crate) structures: Vec<Structure>,
    pub(crate) attributes_head: AttributesHead,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) rights: Vec<Right>,
    pub(crate) key_formats_head: Head,
    pub(crate) key_formats: Vec<KeyFormat>,
    pub(crate) behaviour: Vec<Behaviour>,
}

impl Tables {
    /// Reads a directory laid out like `spec/`. A file that is not there holds nothing.
    pub(crate) fn read(directory: &Path, problems: &mut Problems) -> Self {
        let versions = directory.join("versions.yaml");
        let mut tables =
            Self { place: Place::new(&versions.display().to_string().into(), 1), ..Self::default() };
        if !directory.is_dir() {
            problems.unreadable(
                &Place::new(&directory.display().to_string().into(), 1),
                "there is no such directory",
            );
            return tables;
        }
        if let Some(file) = File::open(&versions, problems) {
            tables.versions = file.list(None, problems);
        }
        if let Some(file) = File::open(&directory.join("tags.yaml"), problems) {
            tables.tags_head = file.head("tags", problems).unwrap_or_default();
            tables.tags = file.list(Some("tags"), problems);
        }
        if let Some(file) = File::open(&directory.join("enums.yaml"), problems) {
            tables.enumerations = file.list(None, problems);
        }
        if let Some(file) = File::open(&directory.join("masks.yaml"), problems) {
            tables.masks = file.list(None, problems);
        }
        for path in load::files(&directory.join("structures"), problems) {
            if let Some(file) = File::open(&path, problems) {
                tables.structures.extend(file.list(None, problems));
            }
        }
        if let Some(file) = File::open(&directory.join("attributes.yaml"), problems) {
            tables.attributes_head = file.head("attributes", problems).unwrap_or_default();
            tables.attributes = file.list(Some("attributes"), problems);
        }
        for path in load::files(&directory.join("operations"), problems) {
            if let Some(file) = File::open(&path, problems) {
                tables.operations.extend(file.whole(problems));
            }
        }
        if let Some(file) = File::open(&directory.join("rights.yaml"), problems) {
            tables.rights = file.list(None, problems);
        }
        if let Some(file) = File::open(&directory.join("key_formats.yaml"), problems) {
            tables.key_formats_head = file.head("formats", problems).unwrap_or_default();
            tables.key_formats = file.list(Some("formats"), problems);
        }
        if let Some(file) = File::open(&directory.join("behaviour.yaml"), problems) {
            tables.behaviour = file.list(None, problems);
        }
        tables
    }
}
