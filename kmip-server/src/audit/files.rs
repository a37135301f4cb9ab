//! Files with records that are not in the store any more: lines of JSON, one file after the other.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::AuditError;

/// The files in a folder.
#[derive(Clone, Debug)]
pub struct Files {
    directory: PathBuf,
}

impl Files {
    /// Those in this folder, which need not be there yet.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Their paths, in the order of their records.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn list(&self) -> Result<Vec<PathBuf>, AuditError> {
        let failed = |error| AuditError::file(&self.directory, error);
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
                paths.push(path);
            }
        }
        // Their numbers have as many digits.
        paths.sort();
        Ok(paths)
    }

    /// A new file for the records from this one on. It isn't there before it is [finished](NewFile::finish).
    pub(super) fn create(&self, first: u64) -> Result<NewFile, AuditError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(&self.directory)
            .map_err(|error| AuditError::file(&self.directory, error))?;
        let path = self.directory.join(format!("{PREFIX}{first:020}{SUFFIX}"));
        let part = path.with_extension("part");
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&part);
        let file = file.map_err(|error| AuditError::file(&part, error))?;
        Ok(NewFile { file: BufWriter::new(file), part, path })
    }
}

/// A file that is being written.
pub(super) struct NewFile {
    file: BufWriter<File>,
    part: PathBuf,
    path: PathBuf,
}

impl NewFile {
    pub(super) fn write(&mut self, lines: &[u8]) -> Result<(), AuditError> {
        self.file.write_all(lines).map_err(|error| AuditError::file(&self.part, error))
    }

    /// Has it be there, and stay there.
    ///
    /// One of the same records may be there already, of an attempt that a crash cut short: it is replaced. One of others is
    /// of a time after the backup that this store was restored from: it is put aside.
    pub(super) fn finish(mut self) -> Result<PathBuf, AuditError> {
        let finished = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        let finished = finished.and_then(|()| {
            if self.path.exists() && !is_beginning(&self.path, &self.part)? {
                let aside = self.path.with_extension(format!("jsonl.aside-{}", uuid::Uuid::new_v4().simple()));
                tracing::warn!(file = %aside.display(), "put a file of the audit log aside whose records are others");
                fs::rename(&self.path, aside)?;
            }
            fs::rename(&self.part, &self.path)
        });
        let folder = self.path.parent().unwrap_or(Path::new("."));
        finished
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(|error| AuditError::file(&self.path, error))?;
        Ok(self.path)
    }
}

/// Whether a file begins as all of another does.
fn is_beginning(path: &Path, of: &Path) -> std::io::Result<bool> {
    let (mut first, mut second) = (BufReader::new(File::open(path)?), BufReader::new(File::open(of)?));
    loop {
        let (found, expected) = (first.fill_buf()?, second.fill_buf()?);
        if found.is_empty() {
            return Ok(true);
        }
        let length = found.len().min(expected.len());
        if length == 0 || found.get(..length) != expected.get(..length) {
            return Ok(false);
        }
        first.consume(length);
        second.consume(length);
    }
}

/// Hands on the lines of a file with their number, ends included.
pub(super) fn lines(
    path: &Path,
    mut each: impl FnMut(u64, &[u8]) -> Result<(), AuditError>,
) -> Result<(), AuditError> {
    let failed = |error| AuditError::file(path, error);
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if file.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            break;
        }
        each(number, &line)?;
    }
    Ok(())
}

/// The last of some lines, without its end.
pub(super) fn last_line(lines: &[u8]) -> &[u8] {
    let lines = lines.strip_suffix(b"\n").unwrap_or(lines);
    lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default()
}

const PREFIX: &str = "audit-";
const SUFFIX: &str = ".jsonl";
