//! Data in and out: files, or standard input and output.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
};

use zeroize::Zeroizing;

use super::{
    failure::{Failure, Result},
    output::Output,
};

/// All of a file; of standard input if it is `-`.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    if path == Path::new("-") {
        let mut data = Zeroizing::new(Vec::new());
        io::stdin().lock().read_to_end(&mut data)?;
        return Ok(data);
    }
    fs::read(path).map(Zeroizing::new).map_err(|error| Failure::file(path, &error))
}

/// Writes a file that nobody else may read; to standard output if it is `-`.
pub(crate) fn write_private(path: &Path, data: &[u8], output: &Output) -> Result<()> {
    write_with(path, data, output, true)
}

/// Writes a file; to standard output if it is `-`.
pub(crate) fn write(path: &Path, data: &[u8], output: &Output) -> Result<()> {
    write_with(path, data, output, false)
}

fn write_with(path: &Path, data: &[u8], output: &Output, private: bool) -> Result<()> {
    if path == Path::new("-") {
        return output.bytes(data);
    }
    let done = open(path, private).and_then(|mut file| file.write_all(data).and_then(|()| file.sync_all()));
    done.map_err(|error| Failure::file(path, &error))
}

#[cfg(unix)]
fn open(path: &Path, private: bool) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let mode = if private { 0o600 } else { 0o666 };
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    // The mode above is that of a new file; one that was there keeps its own.
    if private && file.metadata()?.is_file() {
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn open(path: &Path, _private: bool) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path)
}
