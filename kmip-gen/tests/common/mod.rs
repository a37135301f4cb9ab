//! What the tests share: the fixture, and copies of it with a fault.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};

use kmip_gen::{Error, Spec};

/// A directory beside this file's.
pub(crate) fn tests(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// A copy of a directory of tables.
pub(crate) fn copy(from: &Path, name: &str) -> PathBuf {
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if to.exists() {
        fs::remove_dir_all(&to).unwrap();
    }
    copy_into(from, &to);
    to
}

fn copy_into(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() { copy_into(&entry, &target) } else { _ = fs::copy(&entry, &target).unwrap() }
    }
}

/// Replaces a text that stands once in a file; an empty one is put at the end.
pub(crate) fn edit(directory: &Path, file: &str, old: &str, new: &str) {
    let path = directory.join(file);
    let text = fs::read_to_string(&path).unwrap_or_default();
    let text = if old.is_empty() {
        text + new
    } else {
        assert_eq!(text.matches(old).count(), 1, "`{old}` in {file}");
        text.replace(old, new)
    };
    fs::write(path, text).unwrap();
}

/// What is wrong with tables, each a `file:line: reason` with the file as it is named within its directory.
pub(crate) fn problems(directory: &Path, overlay: Option<&Path>) -> Vec<String> {
    match Spec::read(directory, overlay) {
        Ok(_) => Vec::new(),
        Err(Error::Tables(problems)) => problems
            .iter()
            .map(|problem| {
                let mut text = problem.to_string();
                for directory in overlay.into_iter().chain([directory]) {
                    text = text.replace(&format!("{}/", directory.display()), "");
                    text = text.replace(&format!("{}:", directory.display()), ":");
                }
                text
            })
            .collect(),
        Err(other) => panic!("{other}"),
    }
}
