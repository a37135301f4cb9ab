//! Random values of every generated structure, in every version that has it.

use std::collections::BTreeMap;

use fastrand::Rng;
use kmip::{
    ttlv::{self, Bytes, ErrorKind, Item, Limits, Mode, Tag, Tree, Version},
    types::{ProtocolVersion, RequestMessage, ResponseMessage, version},
};
use kmip_tests::{
    raw::Raw,
    structures::{self, Kind, Value},
    wellformed,
};

/// Values that are made of each structure in each version.
const VALUES: usize = 40;

/// Calls `each` with random values of every structure in every version that has it.
fn for_each_value(seed: u64, count: usize, mut each: impl FnMut(&Kind, Version, &dyn Value, &mut Rng)) {
    let mut rng = Rng::with_seed(seed);
    let mut random = vec![0; 4096];
    let mut scarce = BTreeMap::new();
    for kind in structures::all() {
        for version in version::ALL.iter().copied().filter(|version| kind.is_in(*version)) {
            let mut made = 0;
            for _ in 0..count {
                rng.fill(&mut random);
                if let Ok(value) = (kind.make)(&random, version) {
                    made += 1;
                    each(&kind, version, &*value, &mut rng);
                }
            }
            if made < count / 2 {
                scarce.insert((kind.name, version), made);
            }
        }
    }
    assert!(scarce.is_empty(), "too few values, of {count} tries each: {scarce:?}");
}

#[test]
fn every_structure_survives_in_every_version() {
    for_each_value(1, VALUES, |kind, version, value, _| {
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
fn other_versions_take_all_of_it_or_name_what_they_lack() {
    for_each_value(2, VALUES, |kind, made_for, value, _| {
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
                    assert!(read.equals(value), "{name} of {made_for} at {version}: {value:#?} became {read:#?}");
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
