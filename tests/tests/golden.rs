//! The official messages: read strictly and written back the same, to the byte, as types and as a tree.
//!
//! They lie beside the project, not in it: without them this test says so and passes.

use std::{fs, path::PathBuf};

use kmip::{
    ttlv::{self, Bytes, Limits, Mode, Tag, Tree},
    types::{RequestMessage, ResponseMessage},
};

/// Published messages that contradict the specification of the version that they say they are in.
const FAULTY: &[(&str, &str)] = &[
    // 1.0 messages with a Key Format Type in Digest and with the attribute Fresh, both of 1.1 (1.1 §3.17, §3.34).
    ("TC-NP-2-12", "KeyFormatType is not in KMIP 1.0 here"),
];

#[test]
fn official_messages_are_read_and_written_to_the_byte() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/oasis/vectors"));
    let Ok(files) = fs::read_dir(&folder) else {
        eprintln!("skipped: there are no official messages at {}", folder.display());
        return;
    };
    let (mut exact, mut wrong) = (0, Vec::new());
    for file in files {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines() {
            let (label, digits) = line.rsplit_once(' ').unwrap();
            let bytes = Bytes::from(from_hex(digits));
            match roundtrip(&bytes) {
                Ok(()) => exact += 1,
                Err(error) => {
                    let case = label.split(' ').next().unwrap();
                    if !FAULTY.iter().any(|(name, why)| *name == case && error.starts_with(why)) {
                        wrong.push(format!("{label}: {error}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{exact} exact, {} not:\n{}", wrong.len(), wrong.join("\n"));
    assert!(exact > 4000, "only {exact} messages were found");
}

fn roundtrip(bytes: &Bytes) -> Result<(), String> {
    let text = |error: ttlv::Error| error.to_string();
    let tree = Tree::parse(bytes, Mode::Strict, Limits::DEFAULT).map_err(text)?;
    let item = tree.root().to_item();
    if ttlv::encode(&item, item.tag, kmip::types::version::V2_0).map_err(text)? != bytes[..] {
        return Err("the tree is written differently".to_owned());
    }
    let mut written = Vec::new();
    if item.tag == Tag::RequestMessage {
        let message = RequestMessage::read(bytes, Mode::Strict, Limits::DEFAULT).map_err(text)?;
        message.write(&mut written).map_err(text)?;
    } else {
        let message = ResponseMessage::read(bytes, Mode::Strict, Limits::DEFAULT).map_err(text)?;
        message.write(&mut written).map_err(text)?;
    }
    if written == bytes[..] { Ok(()) } else { Err("the message is written differently".to_owned()) }
}

fn from_hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
