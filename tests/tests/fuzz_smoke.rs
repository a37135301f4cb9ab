//! The fuzz targets without a fuzzer: over the corpus, and over mutations of it that are the same in every run.
//!
//! `KMIP_FUZZ_RUNS=2000000 cargo test --release -p kmip-tests --test fuzz_smoke -- --nocapture` for longer, and
//! `KMIP_FUZZ_SEED=7` for other mutations. The fuzzer itself: `kmip/fuzz/README.md`.

use std::{env, fs, path::Path};

use fastrand::Rng;
use kmip::{
    json,
    transcode::Layout,
    ttlv::{Bytes, Limits, Mode, Tree},
    xml,
};
use kmip_tests::{
    fuzz::{self, Outcome},
    mutate::mutate,
    samples,
};

#[test]
fn binary() {
    run("binary", fuzz::binary, &corpus("binary"), mutated);
}

#[test]
fn message() {
    run("message", fuzz::message, &corpus("message"), mutated);
}

#[test]
fn typed() {
    run("typed", fuzz::typed, &corpus("typed"), |rng, _| {
        let mut random = vec![0; rng.usize(..4096)];
        rng.fill(&mut random);
        random
    });
}

#[test]
fn xml() {
    run("xml", fuzz::xml, &corpus("xml"), reworded);
}

#[test]
fn json() {
    run("json", fuzz::json, &corpus("json"), reworded);
}

/// Hands the corpus to a target and then so many inputs that are made from it; prints what became of them.
fn run(
    name: &str,
    target: fn(&[u8]) -> Outcome,
    corpus: &[Vec<u8>],
    make: impl Fn(&mut Rng, &[Vec<u8>]) -> Vec<u8>,
) {
    let mut rng = Rng::with_seed(number("KMIP_FUZZ_SEED", 1));
    let runs = number("KMIP_FUZZ_RUNS", 10_000);
    let (mut accepted, mut refused) = (0, 0);
    let mut count = |input: &[u8]| {
        let _shown = Shown(input);
        match target(input) {
            Outcome::Accepted => accepted += 1,
            Outcome::Refused => refused += 1,
        }
    };
    corpus.iter().for_each(|input| count(input));
    (0..runs).for_each(|_| count(&make(&mut rng, corpus)));
    eprintln!(
        "{name}: {} from the corpus, {runs} made; {accepted} accepted, {refused} refused",
        corpus.len()
    );
    assert!(accepted > 0 && refused > 0);
}

fn mutated(rng: &mut Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let (one, two) = (rng.usize(..corpus.len()), rng.usize(..corpus.len()));
    mutate(rng, &corpus[one], &corpus[two])
}

/// This crate's messages, and what the fuzzer once found: `data/found/<target>`, a file an input.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let own = samples::own().into_iter();
    let mut corpus: Vec<_> = own.filter_map(|sample| in_form(target, &sample.bytes)).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/found").join(target);
    let files = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    corpus.extend(paths.iter().map(|path| fs::read(path).unwrap()));
    corpus
}

/// A message in the encoding that a target takes, if it can be written in it.
fn in_form(target: &str, message: &Bytes) -> Option<Vec<u8>> {
    let tree = Tree::parse(message, Mode::Strict, Limits::DEFAULT).unwrap();
    let mut text = Vec::new();
    match target {
        "xml" => xml::write(&tree, Layout::Lines, &mut text).ok()?,
        "json" => json::write(&tree, Layout::Lines, &mut text).unwrap(),
        _ => text.extend_from_slice(message),
    }
    Some(text)
}

/// A text with some of its lines or words changed for others, or damaged as any input.
fn reworded(rng: &mut Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    if rng.u8(..4) == 0 {
        return mutated(rng, corpus);
    }
    let lines =
        |text: &[u8]| text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let mut text = lines(&corpus[rng.usize(..corpus.len())]);
    let other = lines(&corpus[rng.usize(..corpus.len())]);
    for _ in 0..rng.usize(1..4) {
        let (at, from) = (rng.usize(..text.len()), rng.usize(..other.len()));
        match rng.u8(..6) {
            0 => text[at].clone_from(&other[from]),
            1 => text.insert(at, other[from].clone()),
            2 if text.len() > 1 => drop(text.remove(at)),
            _ => {
                let mut words: Vec<_> = text[at].split(|byte| *byte == b'"').map(<[u8]>::to_vec).collect();
                // What stands between quotation marks.
                let Some(word) = words.len().checked_sub(2).map(|last| rng.usize(..=last) | 1) else {
                    continue;
                };
                words[word] = WORDS[rng.usize(..WORDS.len())].as_bytes().to_vec();
                text[at] = words.join(&b'"');
            }
        }
    }
    text.concat()
}

/// Words that mean something in many places.
const WORDS: [&str; 24] = [
    "",
    "0",
    "-1",
    "0x",
    "0x54FFFF",
    "0xffffffff",
    "0x0000000000000001",
    "4294967295",
    "1e3",
    "true",
    "2001-01-01T10:00:00.5+10:00",
    "0123456789abcdef",
    "Encrypt|0x00000008",
    "Sign Verify",
    "Structure",
    "Integer",
    "TextString",
    "DateTimeExtended",
    "AttributeValue",
    "Cryptographic Usage Mask",
    "&#1;",
    "&amp;&lt;",
    "\\u0000",
    "null",
];

#[test]
#[ignore = "writes the fuzzer's first corpus"]
fn write_corpus() {
    for target in ["binary", "message", "typed", "xml", "json"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kmip/fuzz/corpus").join(target);
        fs::create_dir_all(&folder).unwrap();
        for (number, input) in corpus(target).into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:03}")), input).unwrap();
        }
    }
}

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |number| number.parse().unwrap())
}

/// Prints an input when a check of it panics.
struct Shown<'a>(&'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input: {}", samples::to_hex(self.0));
        }
    }
}
