//! Files that are there as a whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What may be read by everyone.
pub(crate) const PUBLIC: u32 = 0o644;
/// What is its owner's alone.
pub(crate) const PRIVATE: u32 = 0o600;

/// Writes a file beside its place and moves it there.
pub(crate) fn write(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    let mut name = path.to_owned().into_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(name);
    // One that is there is left over from a process of the same number that ended in the middle.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    let written =
        file.write_all(contents).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written?;
    // The name is on the disk when its folder is.
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
