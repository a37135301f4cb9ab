//! Damaged messages: an error or a value, never a panic, and never more memory than a multiple of the input.

use std::{collections::BTreeSet, fmt::Write as _};

use allocation_counter::{AllocationInfo, measure};
use fastrand::Rng;
use kmip::{
    ttlv::{Bytes, Limits, Mode, Tree},
    types::{RequestMessage, ResponseMessage},
};
use kmip_tests::{
    fuzz::{self, Outcome},
    mutate::mutate,
    samples::{self, Sample},
    wellformed,
};

/// This crate's messages, and every so-and-so-many-th official one.
fn messages(every: usize) -> Vec<Sample> {
    let official = samples::official();
    if official.is_empty() {
        eprintln!("without the official messages, which are not here");
    }
    let small = official.into_iter().filter(|sample| sample.bytes.len() < 2048);
    samples::own().into_iter().chain(small.step_by(every)).collect()
}

#[test]
fn every_truncation_is_refused() {
    for sample in messages(40) {
        for length in 0..sample.bytes.len() {
            let truncated = &sample.bytes[..length];
            assert_eq!(fuzz::binary(truncated), Outcome::Refused, "{} to {length} bytes", sample.label);
            assert_eq!(fuzz::message(truncated), Outcome::Refused, "{} to {length} bytes", sample.label);
        }
    }
}

#[test]
fn every_damaged_byte_gives_an_error_or_a_message() {
    let (accepted, refused) = damage_every_byte(fuzz::message);
    assert!(accepted > 10_000 && refused > 10_000, "{accepted} accepted, {refused} refused");
}

#[test]
fn every_damaged_byte_gives_an_error_or_a_tree() {
    let (accepted, refused) = damage_every_byte(fuzz::binary);
    assert!(accepted > 10_000 && refused > 10_000, "{accepted} accepted, {refused} refused");
}

/// Hands over each message with each byte changed; how many were accepted and refused.
fn damage_every_byte(read: fn(&[u8]) -> Outcome) -> (u32, u32) {
    let (mut accepted, mut refused) = (0, 0);
    for sample in messages(200) {
        let mut bytes = sample.bytes.to_vec();
        // Within texts and byte strings one bit is as good as another, but for that which makes a text none.
        let items = wellformed::items(&bytes).unwrap();
        let free = items.into_iter().filter(|item| matches!(item.code, 7 | 8)).map(|item| item.value);
        let free: BTreeSet<usize> = free.flatten().collect();
        for at in 0..bytes.len() {
            let byte = bytes[at];
            let bits = if free.contains(&at) { &[0x01, 0x80][..] } else { &[1, 2, 4, 8, 16, 32, 64, 128] };
            for changed in bits.iter().map(|bit| byte ^ bit).chain([0]) {
                bytes[at] = changed;
                let _shown = Shown(&bytes);
                match read(&bytes) {
                    Outcome::Accepted => accepted += 1,
                    Outcome::Refused => refused += 1,
                }
            }
            bytes[at] = byte;
        }
    }
    (accepted, refused)
}

#[test]
fn mutations_are_judged_rightly_and_need_little_memory() {
    let messages = messages(20);
    let mut rng = Rng::with_seed(200_000);
    let (mut accepted, mut most) = (0, 0.0_f64);
    for _ in 0..200_000 {
        let (one, two) = (rng.usize(..messages.len()), rng.usize(..messages.len()));
        let mutated = mutate(&mut rng, &messages[one].bytes, &messages[two].bytes);
        let _shown = Shown(&mutated);
        fuzz::binary(&mutated);
        accepted += u32::from(fuzz::message(&mutated) == Outcome::Accepted);
        most = most.max(peak(&Bytes::from_owner(mutated.clone())));
    }
    assert!(accepted > 10_000, "only {accepted} were accepted");
    eprintln!("{accepted} of 200000 mutations accepted; at most {most:.2} times the input allocated");
}

/// Prints a message when a check of it panics.
struct Shown<'a>(&'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", samples::to_hex(self.0));
        }
    }
}

/// The most memory that any reader needs for a message, as a multiple of its size, 1 KiB aside.
fn peak(bytes: &Bytes) -> f64 {
    let mut most = 0.0_f64;
    for mode in [Mode::Strict, Mode::Lenient] {
        let request = measure(|| drop(RequestMessage::read(bytes, mode, Limits::DEFAULT)));
        let response = measure(|| drop(ResponseMessage::read(bytes, mode, Limits::DEFAULT)));
        let tree = measure(|| drop(Tree::parse(bytes, mode, Limits::DEFAULT)));
        for (reader, info) in [("request", request), ("response", response), ("tree", tree)] {
            most = most.max(share(reader, mode, bytes, &info));
        }
    }
    most
}

/// Checks what one reader needed.
fn share(reader: &str, mode: Mode, bytes: &Bytes, info: &AllocationInfo) -> f64 {
    let limit = 8 * bytes.len() as u64 + 1024;
    let shown = || {
        let mut hex = samples::to_hex(&bytes[..bytes.len().min(256)]);
        let _ = write!(hex, " ({} bytes)", bytes.len());
        hex
    };
    assert!(info.bytes_max <= limit, "{} bytes as a {reader}, {mode:?}: {}", info.bytes_max, shown());
    assert_eq!(info.bytes_current, 0, "{reader}, {mode:?}: {}", shown());
    info.bytes_max.saturating_sub(1024) as f64 / bytes.len().max(1) as f64
}
