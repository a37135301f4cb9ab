//! What the fuzz targets do with their input; `kmip/fuzz` hands them libFuzzer's, the tests a corpus and mutations of it.
//!
//! Each panics where a promise of the codec is broken, and tells how far it came otherwise.

use kmip::{
    json,
    transcode::{self, ErrorKind, Layout},
    ttlv::{self, Bytes, Error, Item, Limits, Mode, Tag, Tree, Version},
    types::{RequestMessage, ResponseMessage, version},
    xml,
};

use crate::{raw::Raw, structures, wellformed};

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was read.
    Accepted,
    /// It was refused, with an error.
    Refused,
}

impl Outcome {
    fn of<T>(result: &Result<T, Error>) -> Self {
        if result.is_ok() { Self::Accepted } else { Self::Refused }
    }
}

/// XML to bytes, and those to XML and JSON and back.
///
/// # Panics
///
/// When what is read is malformed or beyond the limits, or doesn't survive.
pub fn xml(input: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(input) else { return Outcome::Refused };
    transcoded(xml::Messages::new(text, Limits::DEFAULT))
}

/// JSON to bytes, and those to XML and JSON and back.
///
/// # Panics
///
/// As [`xml()`].
pub fn json(input: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(input) else { return Outcome::Refused };
    transcoded(json::Messages::new(text, Limits::DEFAULT))
}

fn transcoded(messages: impl Iterator<Item = transcode::Result<Bytes>>) -> Outcome {
    let mut outcome = Outcome::Refused;
    for message in messages {
        match message {
            Ok(message) => {
                outcome = Outcome::Accepted;
                survives_as_text(&message);
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                return Outcome::Refused;
            }
        }
    }
    outcome
}

/// A message to XML, to JSON and back.
///
/// # Panics
///
/// When it is not the same then, unless XML can't hold one of its texts.
pub fn survives_as_text(message: &Bytes) {
    let tree = Tree::parse(message, Mode::Strict, Limits::DEFAULT).expect("what was read is exact");
    for layout in [Layout::Compact, Layout::Lines] {
        let mut text = Vec::new();
        match xml::write(&tree, layout, &mut text) {
            Ok(()) => {
                let text = std::str::from_utf8(&text).expect("what was written is UTF-8");
                let read = xml::read(text, Limits::DEFAULT).unwrap_or_else(|error| panic!("{error}: {text}"));
                assert!(read == message, "XML: {text}");
            }
            Err(error) => assert!(matches!(error.kind(), ErrorKind::Character(_)), "{error}"),
        }
        let mut text = Vec::new();
        json::write(&tree, layout, &mut text).expect("JSON can hold everything");
        let text = std::str::from_utf8(&text).expect("what was written is UTF-8");
        let read = json::read(text, Limits::DEFAULT).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert!(read == message, "JSON: {text}");
    }
}

/// Bytes to the tree, to items, and back to bytes.
///
/// # Panics
///
/// When strict mode takes what is malformed or refuses what is not, or when anything is written differently.
pub fn binary(input: &[u8]) -> Outcome {
    let bytes = Bytes::copy_from_slice(input);
    let strict = Tree::parse(&bytes, Mode::Strict, Limits::DEFAULT);
    match (wellformed::items(input), &strict) {
        (Ok(items), Ok(_)) => assert!(items.len() <= Limits::DEFAULT.items as usize),
        (Err(_), Err(_)) => {}
        (Ok(items), Err(error)) => {
            let deepest = items.iter().map(|item| item.depth + usize::from(item.code == 1)).max();
            let within = input.len() <= Limits::DEFAULT.size
                && items.len() <= Limits::DEFAULT.items as usize
                && deepest <= Some(Limits::DEFAULT.depth as usize);
            assert!(!within, "refused, though well-formed: {error}");
        }
        (Err(fault), Ok(_)) => panic!("accepted, though malformed: {fault}"),
    }
    let lenient = Tree::parse(&bytes, Mode::Lenient, Limits::DEFAULT);
    match (&strict, &lenient) {
        (Ok(_), Ok(lenient)) => assert_eq!(write(&lenient.root().to_item()), input, "written differently"),
        (Err(_), Ok(lenient)) => {
            // What lenient mode takes is written as strict mode will take it.
            let item = lenient.root().to_item();
            let again =
                Tree::parse(&write(&item), Mode::Strict, Limits::DEFAULT).expect("what was written is exact");
            assert_eq!(again.root().to_item(), canonical(&item));
        }
        (Ok(_), Err(error)) => panic!("strict mode takes it, lenient mode doesn't: {error}"),
        (Err(_), Err(_)) => {}
    }
    // The tree and the decoder are two readers of the same thing.
    let tag = input.first_chunk().map_or(0, |[t0, t1, t2]| u32::from_be_bytes([0, *t0, *t1, *t2]));
    for (mode, tree) in [(Mode::Strict, &strict), (Mode::Lenient, &lenient)] {
        match (tree, ttlv::decode::<Item>(&bytes, Tag(tag), version::V2_0, mode)) {
            (Ok(tree), Ok(item)) => assert_eq!(tree.root().to_item(), item),
            (Err(_), Err(_)) => {}
            (Ok(_), Err(error)) => panic!("the tree takes it, the decoder doesn't: {error}"),
            (Err(error), Ok(_)) => panic!("the decoder takes it, the tree doesn't: {error}"),
        }
    }
    Outcome::of(&lenient)
}

fn write(item: &Item) -> Bytes {
    ttlv::encode(item, item.tag, version::V2_0).expect("any item can be written").into()
}

/// The item as it is read back: a Big Integer extended to a multiple of eight bytes.
fn canonical(item: &Item) -> Item {
    let value = match &item.value {
        ttlv::Value::Structure(items) => ttlv::Value::Structure(items.iter().map(canonical).collect()),
        ttlv::Value::BigInteger(number) => {
            let bytes = number.as_signed_bytes();
            let sign = if number.is_negative() { 0xFF } else { 0 };
            let mut extended = vec![sign; bytes.len().max(1).next_multiple_of(8) - bytes.len()];
            extended.extend_from_slice(bytes);
            ttlv::BigInteger::from_signed_bytes(extended).into()
        }
        other => other.clone(),
    };
    Item { tag: item.tag, value }
}

/// Bytes to a message, in both modes, and back to bytes.
///
/// # Panics
///
/// When strict mode takes what is malformed or doesn't write it back to the byte, or when lenient mode takes what
/// strict mode will not take when it is written again, or loses something of it.
pub fn message(input: &[u8]) -> Outcome {
    let bytes = Bytes::copy_from_slice(input);
    let request = message_as(
        &bytes,
        |bytes, mode| RequestMessage::read(bytes, mode, Limits::DEFAULT),
        |message| {
            let mut bytes = Vec::new();
            message.write(&mut bytes).map(|()| bytes)
        },
    );
    let response = message_as(
        &bytes,
        |bytes, mode| ResponseMessage::read(bytes, mode, Limits::DEFAULT),
        |message| {
            let mut bytes = Vec::new();
            message.write(&mut bytes).map(|()| bytes)
        },
    );
    assert!(request == Outcome::Refused || response == Outcome::Refused, "a request and a response at once");
    if request == Outcome::Accepted { request } else { response }
}

fn message_as<T: PartialEq + std::fmt::Debug>(
    bytes: &Bytes,
    read: impl Fn(&Bytes, Mode) -> Result<T, Error>,
    write: impl Fn(&T) -> Result<Vec<u8>, Error>,
) -> Outcome {
    let (strict, lenient) = (read(bytes, Mode::Strict), read(bytes, Mode::Lenient));
    if let Ok(message) = &strict {
        if let Err(fault) = wellformed::items(bytes) {
            panic!("accepted, though malformed: {fault}");
        }
        assert_eq!(write(message).expect("what was read strictly can be written"), bytes[..]);
        assert_eq!(lenient.as_ref().expect("what strict mode takes, lenient mode does"), message);
    }
    if let Ok(message) = &lenient {
        lenient_is_kept(bytes, message, read, write);
    }
    Outcome::of(&lenient)
}

/// What lenient mode took can be written, has all its items then, and is read as the same again.
fn lenient_is_kept<T>(
    bytes: &Bytes,
    value: &T,
    read: impl Fn(&Bytes, Mode) -> Result<T, Error>,
    write: impl Fn(&T) -> Result<Vec<u8>, Error>,
) {
    let written = Bytes::from(write(value).expect("what was read leniently can be written"));
    assert_eq!(leaves(&written), leaves(bytes), "an item was lost, or made up");
    let again = read(&written, Mode::Lenient).expect("what was written can be read");
    // Not the values: a Big Integer of odd length has become one of eight bytes, which is the same number.
    assert_eq!(write(&again).expect("it was written before"), written[..], "the value changed on its way");
}

/// The tags, types and values of all items, sorted: what has to stay when their order may change.
fn leaves(bytes: &Bytes) -> Vec<Vec<u8>> {
    let tree = Tree::parse(bytes, Mode::Lenient, Limits::DEFAULT).expect("it was read");
    let item = write(&canonical(&tree.root().to_item()));
    let mut leaves = Vec::new();
    if let Some(raw) = Raw::parse(&item) {
        raw.visit(&mut |item| {
            let mut leaf = item.tag.to_be_bytes().to_vec();
            leaf.push(item.code);
            if item.code != 1 {
                leaf.extend(item.to_bytes());
            }
            leaves.push(leaf);
        });
    }
    leaves.sort_unstable();
    leaves
}

/// A random value of a random structure and version to bytes, and back.
///
/// The first two bytes choose the structure and the version.
///
/// # Panics
///
/// When the value can't be written in its version, or is not the same in the end.
pub fn typed(input: &[u8]) -> Outcome {
    let Some(([kind, version], random)) = input.split_first_chunk::<2>() else { return Outcome::Refused };
    let kinds = structures::all();
    let kind = &kinds[usize::from(*kind) % kinds.len()];
    let versions: Vec<Version> =
        version::ALL.iter().copied().filter(|version| kind.is_in(*version)).collect();
    let version = versions[usize::from(*version) % versions.len()];
    let Ok(value) = (kind.make)(random, version) else { return Outcome::Refused };
    let bytes = Bytes::from(value.write(version).expect("a valid value can be written"));
    assert_eq!(wellformed::items(&bytes).err(), None);
    for mode in [Mode::Strict, Mode::Lenient] {
        let read = (kind.read)(&bytes, version, mode).expect("what was written can be read");
        assert!(read.equals(&*value), "{:?} became {read:?}", value);
        assert_eq!(read.write(version).expect("what was read can be written"), bytes[..]);
    }
    Outcome::Accepted
}
