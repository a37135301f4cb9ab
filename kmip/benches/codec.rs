//! How long the codec takes, against a bare scan of the same bytes and a copy of them.
#![allow(missing_docs, reason = "criterion's macros make public items")]

mod messages;
mod scan;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kmip::{
    ttlv::{Limits, Mode, Tree},
    types::{RequestMessage, ResponseMessage},
};
use messages::Message;

fn codec(criterion: &mut Criterion) {
    for sample in messages::all() {
        let mut group = criterion.benchmark_group(sample.name);
        let bytes = &sample.bytes;
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function("scan", |bench| bench.iter(|| scan::scan(black_box(bytes)).unwrap()));
        let mut copy = Vec::with_capacity(bytes.len());
        group.bench_function("copy", |bench| {
            bench.iter(|| {
                copy.clear();
                copy.extend_from_slice(black_box(bytes));
                black_box(&copy);
            });
        });
        for (task, mode) in [("decode", Mode::Strict), ("decode_lenient", Mode::Lenient)] {
            match &sample.message {
                Message::Request(_) => group.bench_function(task, |bench| {
                    bench.iter(|| RequestMessage::read(black_box(bytes), mode, LIMITS).unwrap());
                }),
                Message::Response(_) => group.bench_function(task, |bench| {
                    bench.iter(|| ResponseMessage::read(black_box(bytes), mode, LIMITS).unwrap());
                }),
            };
        }
        group.bench_function("tree", |bench| {
            bench.iter(|| Tree::parse(black_box(bytes), Mode::Strict, LIMITS).unwrap());
        });
        let tree = Tree::parse(bytes, Mode::Strict, LIMITS).unwrap();
        group.bench_function("items", |bench| bench.iter(|| black_box(&tree).root().to_item()));
        let mut written = Vec::with_capacity(bytes.len());
        group.bench_function("encode", |bench| {
            bench.iter(|| {
                written.clear();
                black_box(&sample.message).write(&mut written);
                black_box(&written);
            });
        });
        group.finish();
    }
}

const LIMITS: Limits = Limits::DEFAULT;

criterion_group!(benches, codec);
criterion_main!(benches);
