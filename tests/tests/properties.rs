//! Random values of every generated structure, in every version that has it.

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use fastrand::Rng;
use kmip::{
    ttlv::{self, Arbitrary, Bytes, ErrorKind, Item, Limits, Mode, Source, Structure, Tag, Tree, Version},
    types::{RequestMessage, ResponseMessage, message::version_of, tables::NAMES, version},
};
use kmip_tests::{
    fuzz,
    raw::{Content, Raw},
    structures::{self, Kind, Value},
    wellformed,
};

/// Values that are made of each structure in each version.
const VALUES: usize = 40;

/// Calls `each` with random values of every structure in every version that has it.
fn for_each_value(seed: u64, mut each: impl FnMut(&Kind, Version, &dyn Value, &mut Rng)) {
    let mut rng = Rng::with_seed(seed);
    let mut random = vec![0; 4096];
    let mut scarce = BTreeMap::new();
    for kind in structures::all() {
        for version in version::ALL.iter().copied().filter(|version| kind.is_in(*version)) {
            let (mut made, mut tries) = (0, 0);
            while made < VALUES && tries < 4 * VALUES {
                rng.fill(&mut random);
                tries += 1;
                // Not all that is chosen at random goes together: an operation may have no payload in this version.
                if let Ok(value) = (kind.make)(&random, version) {
                    made += 1;
                    each(&kind, version, &*value, &mut rng);
                }
            }
            if made < VALUES {
                scarce.insert((kind.name, version), made);
            }
        }
    }
    assert!(scarce.is_empty(), "too few values: {scarce:?}");
}

#[test]
fn every_structure_survives_in_every_version() {
    for_each_value(1, |kind, version, value, _| {
        let name = kind.name;
        let bytes: Bytes = match value.write(version) {
            Ok(bytes) => bytes.into(),
            Err(error) => panic!("{name} at {version}: {error}: {value:?}"),
        };
        assert_eq!(wellformed::items(&bytes).err(), None, "{name}");
        for mode in [Mode::Strict, Mode::Lenient] {
            match (kind.read)(&bytes, version, mode) {
                Ok(read) => {
                    assert!(read.equals(value), "{name} at {version}: {value:#?} became {read:#?}");
                    assert_eq!(read.write(version).unwrap(), bytes[..], "{name} at {version}");
                }
                Err(error) => panic!("{name} at {version}, {mode:?}: {error}: {value:#?}"),
            }
            let tree = Tree::parse(&bytes, mode, Limits::DEFAULT).unwrap();
            let item = tree.root().to_item();
            assert_eq!(ttlv::encode(&item, item.tag, version).unwrap(), bytes[..], "{name}");
            assert_eq!(tree.root().encoded(), bytes);
            assert_eq!(ttlv::decode::<Item>(&bytes, item.tag, version, mode).unwrap(), item, "{name}");
        }
    });
}

#[test]
fn every_structure_survives_in_xml_and_json() {
    for_each_value(9, |_, version, value, _| {
        fuzz::survives_as_text(&value.write(version).unwrap().into());
    });
}

#[test]
fn whole_messages_survive_in_every_version() {
    let mut rng = Rng::with_seed(8);
    let mut random = vec![0; 8192];
    for version in version::ALL.iter().copied() {
        let mut made = 0;
        while made < 10 * VALUES {
            rng.fill(&mut random);
            let mut source = Unstructured::new(&random);
            let mut source = Source::new(&mut source, version);
            // Some operations have a payload in one direction alone.
            let Ok(mut request) = RequestMessage::arbitrary(RequestMessage::TAG, &mut source) else {
                continue;
            };
            let Ok(mut response) = ResponseMessage::arbitrary(ResponseMessage::TAG, &mut source) else {
                continue;
            };
            made += 1;
            request.request_header.protocol_version = version.into();
            let mut bytes = Vec::new();
            request.write(&mut bytes).unwrap();
            response.response_header.protocol_version = version.into();
            let middle = bytes.len();
            response.write(&mut bytes).unwrap();
            let mut first = Bytes::from(bytes);
            let second = first.split_off(middle);
            for mode in [Mode::Strict, Mode::Lenient] {
                assert_eq!(version_of(&first).unwrap(), version);
                assert_eq!(RequestMessage::read(&first, mode, Limits::DEFAULT).unwrap(), request);
                assert_eq!(version_of(&second).unwrap(), version);
                assert_eq!(ResponseMessage::read(&second, mode, Limits::DEFAULT).unwrap(), response);
            }
        }
    }
}

#[test]
fn other_versions_take_all_of_it_or_name_what_they_lack() {
    for_each_value(2, |kind, made_for, value, _| {
        let name = kind.name;
        let bytes = Bytes::from(value.write(made_for).unwrap());
        for version in version::ALL.iter().copied().filter(|version| *version != made_for) {
            let mut written = b"before".to_vec();
            match value.write(version) {
                Ok(bytes) => {
                    written.extend_from_slice(&bytes);
                    let read = match (kind.read)(&bytes.into(), version, Mode::Strict) {
                        Ok(read) => read,
                        Err(error) => panic!("{name} of {made_for} at {version}: {error}: {value:#?}"),
                    };
                    assert!(
                        read.equals(value),
                        "{name} of {made_for} at {version}: {value:#?} became {read:#?}"
                    );
                    assert_eq!(written[6..], read.write(version).unwrap());
                }
                Err(error) => {
                    let named = match *error.kind() {
                        ErrorKind::Version { tag, version: other } => {
                            assert_eq!(other, version, "{name}: {error}");
                            Some(tag)
                        }
                        ErrorKind::Missing(tag) | ErrorKind::Duplicate(tag) => Some(tag),
                        ErrorKind::MissingChoice(_) => None,
                        _ => panic!("{name} of {made_for} at {version}: {error}"),
                    };
                    let last = error.path().steps().last().map(|step| step.tag);
                    assert!(named.is_none_or(|tag| last == Some(tag)), "{name}: {error}");
                }
            }
            // What the other version reads strictly, it writes the same.
            if let Ok(read) = (kind.read)(&bytes, version, Mode::Strict) {
                match read.write(version) {
                    Ok(written) => assert_eq!(written, bytes[..], "{name} of {made_for} at {version}"),
                    Err(error) => panic!("{name} of {made_for} at {version}: {error}: {read:#?}"),
                }
            }
        }
    });
}

/// What belongs to no structure: an item of a later version, and one of a vendor.
const STRANGERS: [u32; 2] = [0x42_FFF0, 0x54_0007];

#[test]
fn unknown_items_are_kept_at_their_place_in_lenient_mode_alone() {
    let (mut kept, mut refused) = (0, 0);
    for_each_value(3, |kind, version, value, rng| {
        let name = kind.name;
        let bytes = value.write(version).unwrap();
        let mut changed = Raw::parse(&bytes).unwrap();
        let stranger = STRANGERS[rng.usize(..STRANGERS.len())];
        for _ in 0..rng.usize(1..=3) {
            let number = rng.usize(..changed.structures());
            changed.change_structure(number, |_, items| {
                let tag = if rng.bool() { stranger } else { 0x42_FFF1 };
                let item = if rng.bool() { Raw::text(tag, "?") } else { Raw::structure(tag, Vec::new()) };
                items.insert(rng.usize(..=items.len()), item);
            });
        }
        let changed: Bytes = changed.to_bytes().into();
        match (kind.read)(&changed, version, Mode::Lenient) {
            Ok(read) => {
                kept += 1;
                let written = read.write(version).unwrap();
                assert!(written == changed[..], "{name} at {version}: {read:#?}");
            }
            Err(error) => assert!(is_second_attribute(&error), "{name}: {error}"),
        }
        match (kind.read)(&changed, version, Mode::Strict) {
            Ok(read) => {
                let written = read.write(version).unwrap();
                assert!(written == changed[..], "{name} at {version}: {read:#?}");
            }
            Err(error) => {
                refused += 1;
                let named = error.path().steps().last().unwrap().tag;
                let unknown = *error.kind() == ErrorKind::Unknown(named) && NAMES.tag(named).is_none();
                assert!(unknown || is_second_attribute(&error), "{name}: {error}");
            }
        }
    });
    assert!(kept > 10_000 && refused > 10_000, "{kept} kept, {refused} refused");
}

/// Where one attribute belongs, whichever it is, a vendor's makes two.
fn is_second_attribute(error: &ttlv::Error) -> bool {
    let steps = error.path().steps();
    let single = |tag| tag == Tag::CurrentAttribute || tag == Tag::NewAttribute;
    matches!(error.kind(), ErrorKind::Duplicate(_))
        && steps.iter().rev().nth(1).is_some_and(|step| single(step.tag))
}

#[test]
fn padding_and_booleans_are_canonical_after_lenient_reading() {
    for_each_value(4, |kind, version, value, rng| {
        let name = kind.name;
        let bytes = value.write(version).unwrap();
        let mut changed = bytes.clone();
        let mut faults = Vec::new();
        for item in wellformed::items(&bytes).unwrap() {
            if item.code != 1 && item.value.end < item.end && rng.bool() {
                changed[rng.usize(item.value.end..item.end)] = rng.u8(1..);
                faults.push(ErrorKind::Padding);
            }
            // Any value but zero means true.
            if item.code == 6 && bytes[item.end - 1] == 1 {
                changed[rng.usize(item.value)] = rng.u8(2..);
                faults.push(ErrorKind::Boolean);
            }
        }
        let changed: Bytes = changed.into();
        let read = (kind.read)(&changed, version, Mode::Lenient).unwrap();
        assert_eq!(read.write(version).unwrap(), bytes, "{name}: {read:#?}");
        match (kind.read)(&changed, version, Mode::Strict) {
            Ok(_) => assert_eq!(faults, [], "{name}"),
            Err(error) => assert!(faults.contains(error.kind()), "{name}: {error}"),
        }
    });
}

#[test]
fn any_order_is_read_in_lenient_mode_alone() {
    let mut disordered = 0;
    for_each_value(5, |kind, version, value, rng| {
        let name = kind.name;
        let bytes = value.write(version).unwrap();
        let mut changed = Raw::parse(&bytes).unwrap();
        let number = rng.usize(..changed.structures());
        changed.change_structure(number, |_, items| shuffle(rng, items));
        let changed: Bytes = changed.to_bytes().into();
        let read = match (kind.read)(&changed, version, Mode::Lenient) {
            Ok(read) => read,
            Err(error) => panic!("{name} at {version}: {error}: {value:#?}"),
        };
        let written = read.write(version).unwrap();
        if written == changed[..] {
            return;
        }
        // What was not written as it came is written as it belongs.
        assert!(read.equals(value), "{name} at {version}: {value:#?} became {read:#?}");
        let error = (kind.read)(&changed, version, Mode::Strict).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Order(_)), "{name}: {error}");
        disordered += 1;
    });
    assert!(disordered > 1000, "{disordered}");
}

/// Puts items in another order, those of one tag in the same order among themselves.
fn shuffle(rng: &mut Rng, items: &mut [Raw]) {
    let mut order: Vec<u32> = items.iter().map(|item| item.tag).collect();
    rng.shuffle(&mut order);
    let mut left: Vec<Raw> = items.to_vec();
    for (place, tag) in items.iter_mut().zip(order) {
        let next = left.iter().position(|item| item.tag == tag).unwrap();
        *place = left.remove(next);
    }
}

#[test]
fn nothing_stands_twice_or_is_lost() {
    let (mut refused, mut repeated) = (0, 0);
    for_each_value(6, |kind, version, value, rng| {
        let name = kind.name;
        let mut changed = Raw::parse(&value.write(version).unwrap()).unwrap();
        let number = rng.usize(..changed.structures());
        let mut doubled = None;
        changed.change_structure(number, |_, items| {
            if !items.is_empty() {
                let item = items[rng.usize(..items.len())].clone();
                doubled = Some(Tag(item.tag));
                items.insert(rng.usize(..=items.len()), item);
            }
        });
        let changed: Bytes = changed.to_bytes().into();
        for mode in [Mode::Lenient, Mode::Strict] {
            match (kind.read)(&changed, version, mode) {
                Ok(read) => {
                    repeated += 1;
                    let written = read.write(version).unwrap();
                    assert_eq!(written.len(), changed.len(), "{name} at {version}: {read:#?}");
                }
                Err(error) => {
                    refused += 1;
                    let expected = match error.kind() {
                        ErrorKind::Duplicate(tag) => doubled == Some(*tag),
                        ErrorKind::Order(_) => mode == Mode::Strict,
                        _ => false,
                    };
                    assert!(expected, "{name} at {version}, {doubled:?} twice: {error}");
                }
            }
        }
    });
    assert!(refused > 10_000 && repeated > 1000, "{refused} refused, {repeated} repeated");
}

#[test]
fn debug_does_not_tell_secrets() {
    let mut hidden = 0;
    for_each_value(7, |kind, version, value, rng| {
        let name = kind.name;
        let mut changed = Raw::parse(&value.write(version).unwrap()).unwrap();
        let mut found = false;
        changed.visit_mut(&mut |item| {
            if let (true, Content::Value(bytes, _)) = (is_secret(item.tag), &mut item.content) {
                found |= !bytes.is_empty();
                match item.code {
                    4 | 8 => bytes.iter_mut().for_each(|byte| *byte = rng.u8(..)),
                    7 => bytes.iter_mut().for_each(|byte| *byte = rng.u8(b'a'..=b'z')),
                    _ => {}
                }
            }
        });
        let other = (kind.read)(&changed.to_bytes().into(), version, Mode::Strict).unwrap();
        // Two values that differ in their secrets alone look the same.
        assert_eq!(format!("{value:?}"), format!("{other:?}"), "{name}");
        hidden += u32::from(found && !other.equals(value));
    });
    assert!(hidden > 1000, "{hidden}");
}

/// What must not be seen: key material, passwords and tickets, and the data that is encrypted.
fn is_secret(tag: u32) -> bool {
    [
        Tag::CRTCoefficient,
        Tag::D,
        Tag::Data,
        Tag::HashedPassword,
        Tag::Key,
        Tag::KeyMaterial,
        Tag::KeyValue,
        Tag::OneTimePassword,
        Tag::OpaqueDataValue,
        Tag::Password,
        Tag::PrimeExponentP,
        Tag::PrimeExponentQ,
        Tag::PrivateExponent,
        Tag::ServerHashedPassword,
        Tag::TicketValue,
        Tag::X,
    ]
    .contains(&Tag(tag))
}
