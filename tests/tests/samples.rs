//! The messages of this crate: complete, exact, and how they were made.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use arbitrary::Unstructured;
use fastrand::Rng;
use kmip::{
    ttlv::{Arbitrary, Bytes, DateTime, Limits, Mode, Source, Tag, Version},
    types::{
        Operation, RequestBatchItem, RequestHeader, RequestMessage, RequestPayload, ResponseBatchItem,
        ResponseHeader, ResponseMessage, ResponsePayload, ResultStatus, TimeStamp, tables::OPERATIONS,
        version,
    },
};
use kmip_tests::{samples, wellformed};

#[test]
fn every_operation_is_there_and_exact() {
    let mut labels = BTreeSet::new();
    for sample in samples::own() {
        let mut written = Vec::new();
        if sample.label.ends_with("req") {
            let message = RequestMessage::read(&sample.bytes, Mode::Strict, Limits::DEFAULT).unwrap();
            message.write(&mut written).unwrap();
        } else {
            let message = ResponseMessage::read(&sample.bytes, Mode::Strict, Limits::DEFAULT).unwrap();
            message.write(&mut written).unwrap();
        }
        assert_eq!(written, sample.bytes, "{}", sample.label);
        assert!(labels.insert(sample.label));
    }
    let expected: BTreeSet<String> = makers().into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, expected);
}

#[test]
#[ignore = "writes tests/data/messages.hexl anew"]
fn write_messages() {
    let mut text = String::from(
        "# A request and a response of every operation, in the first and in the last version that has it.\n\
         # Their content is random, so that every field is there in some. One line: operation, version, direction, TTLV.\n",
    );
    let mut rng = Rng::with_seed(0);
    for (label, make) in makers() {
        let tries = (0..400).filter_map(|_| make(&mut rng)).filter(|bytes| bytes.len() <= 400);
        let best = tries.max_by_key(|bytes| wellformed::items(bytes).unwrap().len()).unwrap();
        writeln!(text, "{label} {}", samples::to_hex(&best)).unwrap();
    }
    fs::write(samples::own_file(), text).unwrap();
}

/// Makes a random message of an operation and version; none where it has none.
type Make = fn(&mut Rng, Operation, Version) -> Option<Vec<u8>>;
type Maker = Box<dyn Fn(&mut Rng) -> Option<Vec<u8>>>;

/// What makes the messages, with their labels.
fn makers() -> Vec<(String, Maker)> {
    let mut makers: Vec<(String, Maker)> = Vec::new();
    for info in OPERATIONS {
        let operation = info.operation;
        let alive: Vec<Version> =
            version::ALL.iter().copied().filter(|version| info.is_in(*version)).collect();
        let ends: BTreeSet<Version> = [alive[0], alive[alive.len() - 1]].into();
        for version in ends {
            let directions: [(&str, Make); 2] = [("req", request), ("rsp", response)];
            for (direction, make) in directions {
                let make = move |rng: &mut Rng| make(rng, operation, version);
                if (0..32).any(|seed| make(&mut Rng::with_seed(seed)).is_some()) {
                    makers.push((format!("{operation} {version} {direction}"), Box::new(make)));
                }
            }
        }
    }
    makers
}

fn request(rng: &mut Rng, operation: Operation, version: Version) -> Option<Vec<u8>> {
    let payload = payload(rng, operation, version, RequestPayload::arbitrary)?;
    if matches!(payload, RequestPayload::Other(_)) {
        return None;
    }
    let item = RequestBatchItem {
        unique_batch_item_id: rng.bool().then(|| Bytes::from_static(&[1])),
        ..RequestBatchItem::new(operation, payload)
    };
    let header = RequestHeader {
        maximum_response_size: rng.bool().then_some(1 << 20),
        ..RequestHeader::new(version.into(), 1)
    };
    let message = RequestMessage { batch_item: vec![item], ..RequestMessage::new(header) };
    let mut bytes = Vec::new();
    message.write(&mut bytes).unwrap();
    Some(bytes)
}

fn response(rng: &mut Rng, operation: Operation, version: Version) -> Option<Vec<u8>> {
    let payload = payload(rng, operation, version, ResponsePayload::arbitrary)?;
    if matches!(payload, ResponsePayload::Other(_)) {
        return None;
    }
    let item = ResponseBatchItem {
        operation: Some(operation),
        response_payload: Some(payload),
        ..ResponseBatchItem::new(ResultStatus::Success)
    };
    let header = ResponseHeader::new(version.into(), TimeStamp::DateTime(DateTime(1_700_000_000)), 1);
    let message = ResponseMessage { batch_item: vec![item], ..ResponseMessage::new(header) };
    let mut bytes = Vec::new();
    message.write(&mut bytes).unwrap();
    Some(bytes)
}

/// A random payload; none where the operation has none in this direction and version.
fn payload<T>(
    rng: &mut Rng,
    operation: Operation,
    version: Version,
    make: fn(Tag, &mut Source<'_, '_>) -> arbitrary::Result<T>,
) -> Option<T> {
    let mut random = vec![0; 4096];
    rng.fill(&mut random);
    let mut random = Unstructured::new(&random);
    let mut source = Source::new(&mut random, version);
    source.decide(Tag::Operation, operation.0);
    make(Tag(0), &mut source).ok()
}
