//! The messages that are broken, measured and fuzzed: this crate's own, and the official ones where they are present.

use std::{fs, path::PathBuf};

use kmip::ttlv::Bytes;

/// A message and where it is from.
pub struct Sample {
    /// What it is, and of which version.
    pub label: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// The file of the messages of this crate: a request and a response of every operation, in the first and the last
/// version that has it.
pub fn own_file() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/messages.hexl"))
}

/// The messages of this crate.
pub fn own() -> Vec<Sample> {
    read(&fs::read_to_string(own_file()).expect("the messages are part of the crate"))
}

/// The official messages, which lie beside the project and not in it; none without them.
pub fn official() -> Vec<Sample> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/oasis/vectors");
    let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    paths.sort();
    paths.iter().filter_map(|path| fs::read_to_string(path).ok()).flat_map(|text| read(&text)).collect()
}

/// Lines of a label and, at their end, a message in hexadecimal.
fn read(text: &str) -> Vec<Sample> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (label, digits) = line.rsplit_once(' ').expect("a line is a label and a message");
            Sample { label: label.to_owned(), bytes: from_hex(digits).into() }
        })
        .collect()
}

/// The bytes that hexadecimal digits say.
///
/// # Panics
///
/// When they are none.
pub fn from_hex(digits: &str) -> Vec<u8> {
    let pairs = (0..digits.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits")).collect()
}

/// Bytes as hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
