//! What the codec allocates: little, whatever it is given, and next to nothing for what is usual.

#[path = "../../kmip/benches/messages/mod.rs"]
mod messages;

use allocation_counter::measure;
use fastrand::Rng;
use kmip::{
    ttlv::{self, Bytes, Item, Limits, Mode, Tree},
    types::{Data, RequestMessage, RequestPayload, ResponseMessage, version},
};
use kmip_tests::{
    raw::{Content, Raw},
    structures,
};
use messages::{Message, Sample};

/// The most that any reader may need for an input that was not made to harm.
fn most(size: usize) -> u64 {
    8 * size as u64 + 1024
}

/// The most for any input, as a multiple: an Attribute without name and value has eight bytes, and 384 when it is read.
const WORST: u64 = 50;

#[test]
fn many_small_items_do_not_swell() {
    let mut rng = Rng::with_seed(5);
    let mut random = vec![0; 4096];
    for kind in structures::all() {
        for version in version::ALL.iter().copied().filter(|version| kind.is_in(*version)) {
            for _ in 0..4 {
                rng.fill(&mut random);
                let Ok(value) = (kind.make)(&random, version) else { continue };
                let bytes = Bytes::from_owner(with_many(&mut rng, &value.write(version).unwrap()));
                for mode in [Mode::Strict, Mode::Lenient] {
                    let typed = measure(|| drop((kind.read)(&bytes, version, mode)));
                    let tree = measure(|| drop(Tree::parse(&bytes, mode, Limits::DEFAULT)));
                    let item = measure(|| drop(ttlv::decode::<Item>(&bytes, kind.tag, version, mode)));
                    for (reader, info) in [("typed", typed), ("tree", tree), ("item", item)] {
                        let (name, peak) = (kind.name, info.bytes_max);
                        let worst = WORST * bytes.len() as u64 + 1024;
                        let most = if reader == "tree" { most(bytes.len()) } else { worst };
                        assert!(peak <= most, "{name} at {version}: {peak} as {reader}");
                    }
                }
            }
        }
    }
}

/// The message with one of its items there 1500 times, and empty: what makes a reader that trusts its input make
/// the most room.
fn with_many(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let mut message = Raw::parse(bytes).unwrap();
    let number = rng.usize(..message.structures());
    message.change_structure(number, |_, items| {
        if items.is_empty() {
            return;
        }
        let at = rng.usize(..items.len());
        let mut item = items[at].clone();
        match &mut item.content {
            Content::Items(items) if rng.bool() => items.clear(),
            Content::Value(value, _) if matches!(item.code, 7 | 8) => value.clear(),
            _ => {}
        }
        items.splice(at..=at, vec![item; 1500]);
    });
    message.to_bytes()
}

/// What a message may take to be read as types: two allocations, and one for each batch item and repeated field.
#[test]
fn reading_allocates_for_batch_items_and_repeated_fields_alone() {
    for Sample { name, message, bytes } in messages::all() {
        let bytes = Bytes::from_owner(bytes.to_vec());
        let (batch_items, repeated_fields) = match name {
            "get_request" | "get_response_rsa_2048" | "encrypt_request_1_mib" => (1, 0),
            // The attributes, the identifiers.
            "create_request" | "get_attributes_response" | "locate_response_1000" => (1, 1),
            "batch_of_100_creates" => (100, 100),
            _ => panic!("how many are there in {name}?"),
        };
        let typed = measure(|| match message {
            Message::Request(_) => drop(RequestMessage::read(&bytes, Mode::Strict, Limits::DEFAULT).unwrap()),
            Message::Response(_) => {
                drop(ResponseMessage::read(&bytes, Mode::Strict, Limits::DEFAULT).unwrap())
            }
        });
        assert!(typed.count_total <= 2 + batch_items + repeated_fields, "{name}: {typed:?}");
        assert!(typed.bytes_max <= most(bytes.len()), "{name}: {typed:?}");
        let tree = measure(|| drop(Tree::parse(&bytes, Mode::Strict, Limits::DEFAULT).unwrap()));
        assert!(tree.count_total <= 2, "{name}: {tree:?}");
    }
}

#[test]
fn writing_into_a_buffer_that_was_used_before_allocates_nothing() {
    let mut written = Vec::new();
    for Sample { name, message, bytes } in messages::all() {
        written.clear();
        message.write(&mut written);
        written.clear();
        let info = measure(|| message.write(&mut written));
        assert_eq!(info.count_total, 0, "{name}");
        assert_eq!(written, bytes, "{name}");
    }
}

#[test]
fn data_is_a_slice_of_the_message() {
    let sample = messages::all().into_iter().find(|sample| sample.name == "encrypt_request_1_mib").unwrap();
    let message = RequestMessage::read(&sample.bytes, Mode::Strict, Limits::DEFAULT).unwrap();
    let RequestPayload::Encrypt(payload) = &message.batch_item[0].request_payload else {
        panic!("{message:?}")
    };
    let Some(Data::ByteString(data)) = &payload.data else { panic!("{payload:?}") };
    let (whole, part) = (sample.bytes.as_ptr_range(), data.expose().as_ptr_range());
    assert!(data.len() == 1 << 20 && whole.start < part.start && part.end <= whole.end);
}
