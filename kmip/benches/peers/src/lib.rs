//! The messages of the benchmarks, and what is done with them: by this codec, by its peers, and by less than a codec.

#[path = "../../messages/mod.rs"]
mod messages;
mod requests;
#[path = "../../scan/mod.rs"]
mod scan;
mod types;

use std::hint::black_box;

use kmip::{
    ttlv::{Bytes, Limits, Mode, Tree},
    types::{RequestMessage, ResponseMessage},
};
use kmip_protocol::types::response::ResponseMessage as ProtocolResponse;
use messages::Message;

/// A message and what can be done with it.
pub struct Sample {
    /// What it is.
    pub name: &'static str,
    /// How many bytes it has.
    pub size: usize,
    /// What can be done with it.
    pub tasks: Vec<Task>,
}

/// Something that is done with a message.
pub struct Task {
    /// What, and by whom.
    pub name: &'static str,
    /// Does it once.
    pub run: Box<dyn FnMut()>,
}

/// The names of the tasks.
pub mod task {
    /// A loop over the headers that builds nothing.
    pub const SCAN: &str = "scan";
    /// A copy of the bytes.
    pub const COPY: &str = "copy";
    /// Bytes to types.
    pub const DECODE: &str = "decode";
    /// Types to bytes.
    pub const ENCODE: &str = "encode";
    /// Bytes to the generic tree.
    pub const TREE: &str = "tree";
    /// Bytes to types, by kmip-ttlv, with types of this crate.
    pub const TTLV_DECODE: &str = "kmip-ttlv decode";
    /// Bytes to types, by kmip-protocol.
    pub const PROTOCOL_DECODE: &str = "kmip-protocol decode";
    /// Types to bytes, by kmip-protocol.
    pub const PROTOCOL_ENCODE: &str = "kmip-protocol encode";
}

/// All messages, with all that can be done with them.
pub fn samples() -> Vec<Sample> {
    messages::all().into_iter().map(sample).collect()
}

fn sample(sample: messages::Sample) -> Sample {
    let messages::Sample { name, message, bytes } = sample;
    // As a receive buffer is: shared from the start.
    let bytes = Bytes::from_owner(bytes.to_vec());
    let size = bytes.len();
    let mut tasks = Vec::new();
    let mut add = |name, run: Box<dyn FnMut()>| tasks.push(Task { name, run });

    let input = bytes.clone();
    add(task::SCAN, Box::new(move || see(scan::scan(black_box(&input)))));
    let (input, mut copy) = (bytes.clone(), Vec::with_capacity(size));
    add(
        task::COPY,
        Box::new(move || {
            copy.clear();
            copy.extend_from_slice(black_box(&input));
            black_box(&copy);
        }),
    );
    let input = bytes.clone();
    let limits = Limits::DEFAULT;
    let decode: Box<dyn FnMut()> = match &message {
        Message::Request(_) => {
            Box::new(move || see(RequestMessage::read(black_box(&input), Mode::Strict, limits)))
        }
        Message::Response(_) => {
            Box::new(move || see(ResponseMessage::read(black_box(&input), Mode::Strict, limits)))
        }
    };
    add(task::DECODE, decode);
    let input = bytes.clone();
    add(task::TREE, Box::new(move || see(Tree::parse(black_box(&input), Mode::Strict, limits))));
    let is_request = matches!(message, Message::Request(_));
    let mut written = Vec::with_capacity(2 * size);
    add(
        task::ENCODE,
        Box::new(move || {
            written.clear();
            black_box(&message).write(&mut written);
            black_box(&written);
        }),
    );

    let input = types::readable(&bytes);
    if is_request {
        add_decode::<types::RequestMessage>(&mut add, task::TTLV_DECODE, input);
    } else {
        add_decode::<types::ResponseMessage>(&mut add, task::TTLV_DECODE, input.clone());
        add_decode::<ProtocolResponse>(&mut add, task::PROTOCOL_DECODE, input);
    }
    if let Some(request) = requests::same(name) {
        let written = kmip_ttlv::ser::to_vec(&request).expect(VALID);
        assert_eq!(written, bytes, "{name} is the same message");
        let mut written = Vec::with_capacity(2 * size);
        add(
            task::PROTOCOL_ENCODE,
            Box::new(move || {
                written.clear();
                kmip_ttlv::ser::to_writer(black_box(&request), &mut written).expect(VALID);
                black_box(&written);
            }),
        );
    }
    Sample { name, size, tasks }
}

/// Adds a peer's decoding, if it can read the message at all.
fn add_decode<T: serde::de::DeserializeOwned + 'static>(
    add: &mut impl FnMut(&'static str, Box<dyn FnMut()>),
    name: &'static str,
    input: Vec<u8>,
) {
    match kmip_ttlv::de::from_slice::<T>(&input) {
        Ok(_) => add(name, Box::new(move || see(kmip_ttlv::de::from_slice::<T>(black_box(&input))))),
        Err(error) => eprintln!("{name}: cannot read this message: {error}"),
    }
}

/// Looks at a result where it lies: handing it on would be to move it, which is not what is measured.
fn see<T>(result: T) {
    black_box(&result);
}

const VALID: &str = "the message is valid";
