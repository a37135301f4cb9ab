//! The official messages in XML and JSON: read to the bytes that an independent encoder wrote, written and read again.
//!
//! They lie beside the project, not in it: without them these tests say so and pass.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use kmip::{
    json,
    transcode::Layout,
    ttlv::{Bytes, Limits, Mode, Tag, Tree},
    xml,
};
use kmip_tests::samples;

#[test]
fn official_cases_are_read_to_the_byte() {
    let Some(mut vectors) = vectors() else { return };
    vectors.retain(|label, _| !label.starts_with("printed "));
    let (mut exact, mut wrong) = (0, Vec::new());
    for path in cases() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = bound(&fs::read_to_string(&path).unwrap());
        let (mut requests, mut responses) = (0, 0);
        for message in xml::Messages::new(&text, Limits::DEFAULT) {
            let message = match message {
                Ok(message) => message,
                Err(error) => {
                    wrong.push(format!("{name}: {error}"));
                    continue;
                }
            };
            let tree = Tree::parse(&message, Mode::Strict, Limits::DEFAULT).unwrap();
            let (count, direction) = match tree.root().tag() {
                Tag::RequestMessage => (&mut requests, "req"),
                _ => (&mut responses, "rsp"),
            };
            let label = format!("{name} {count} {direction}");
            *count += 1;
            match vectors.get(&label) {
                Some(expected) if *expected == message => exact += 1,
                Some(expected) => wrong.push(format!("{label}:\n{}\n{}", shown(expected), shown(&message))),
                None => wrong.push(format!("{label} has no vector")),
            }
        }
    }
    assert!(wrong.is_empty(), "{exact} exact, {} not:\n{}", wrong.len(), wrong.join("\n"));
    assert!(exact > 4000, "only {exact} messages were found");
}

#[test]
fn official_messages_survive_in_xml_and_json() {
    let Some(vectors) = vectors() else { return };
    for (label, message) in &vectors {
        let tree = Tree::parse(message, Mode::Strict, Limits::DEFAULT).unwrap();
        for layout in [Layout::Compact, Layout::Lines] {
            let mut text = Vec::new();
            xml::write(&tree, layout, &mut text).unwrap();
            let read = xml::read(std::str::from_utf8(&text).unwrap(), Limits::DEFAULT);
            assert_eq!(read.unwrap(), message, "{label}");
            let mut text = Vec::new();
            json::write(&tree, layout, &mut text).unwrap();
            let read = json::read(std::str::from_utf8(&text).unwrap(), Limits::DEFAULT);
            assert_eq!(read.unwrap(), message, "{label}");
        }
    }
}

fn official() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/oasis"))
}

/// The messages by their labels; none, and a word of it, where there are none.
fn vectors() -> Option<BTreeMap<String, Bytes>> {
    let folder = official().join("vectors");
    let Ok(files) = fs::read_dir(&folder) else {
        eprintln!("skipped: there are no official messages at {}", folder.display());
        return None;
    };
    let mut vectors = BTreeMap::new();
    for file in files {
        let path = file.unwrap().path();
        // What OASIS printed itself is of other times than the cases of the same names.
        let prefix = if path.file_stem().unwrap() == "oasis-addtl-msg-enc" { "printed " } else { "" };
        for line in fs::read_to_string(path).unwrap().lines() {
            let (label, digits) = line.rsplit_once(' ').unwrap();
            vectors.insert(format!("{prefix}{label}"), samples::from_hex(digits).into());
        }
    }
    Some(vectors)
}

fn cases() -> Vec<PathBuf> {
    let folders = fs::read_dir(official().join("cases")).unwrap();
    let files = |folder: &Path| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    folders.flat_map(|folder| files(&folder.unwrap().path())).collect()
}

/// A case with its variables bound as those of the vectors are.
fn bound(text: &str) -> String {
    let mut bound = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("value=\"") {
        let (before, after) = rest.split_at(at + "value=\"".len());
        let (value, behind) = after.split_at(after.find('"').unwrap());
        let element = &before[before.rfind('<').unwrap()..];
        let element = format!("{element}{}", &behind[..behind.find('>').unwrap()]);
        bound.push_str(before);
        match value.strip_prefix("$NOW") {
            Some(offset) => {
                let offset: i64 =
                    if offset.is_empty() { 0 } else { offset.replace(' ', "").parse().unwrap() };
                bound.push_str(&format!("{:#018x}", 1_700_000_000 + offset));
            }
            None if value.starts_with('$') && element.contains("ByteString") => {
                value.bytes().for_each(|byte| bound.push_str(&format!("{byte:02x}")));
            }
            // White space in names of attributes is a matter of how the cases are laid out.
            None if element.starts_with("<AttributeName ") => {
                bound.push_str(&value.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            None => bound.push_str(value),
        }
        rest = behind;
    }
    bound + rest
}

fn shown(message: &Bytes) -> String {
    samples::to_hex(message)
}
