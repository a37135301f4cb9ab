//! Damage: what turns a valid message into one that is not, or not quite.

use fastrand::Rng;

use crate::{raw::Raw, wellformed};

/// A message made from `message` by one to three changes; some take a piece of `donor`.
pub fn mutate(rng: &mut Rng, message: &[u8], donor: &[u8]) -> Vec<u8> {
    let mut bytes = message.to_vec();
    for _ in 0..rng.usize(1..=3) {
        change(rng, &mut bytes, donor);
    }
    bytes
}

fn change(rng: &mut Rng, bytes: &mut Vec<u8>, donor: &[u8]) {
    if bytes.is_empty() {
        bytes.extend((0..rng.usize(0..64)).map(|_| rng.u8(..)));
        return;
    }
    let at = rng.usize(..bytes.len());
    match rng.u32(..12) {
        0 | 1 => bytes[at] ^= 1 << rng.u32(..8),
        2 => bytes[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.clone().u8(..)]).unwrap_or(0),
        3 | 4 => change_length(rng, bytes),
        5 => change_head(rng, bytes),
        6 => bytes.truncate(at),
        7 => {
            let end = rng.usize(at..bytes.len());
            bytes.drain(at..end);
        }
        8 => {
            let start = rng.usize(..=donor.len());
            let piece = &donor[start..rng.usize(start..=donor.len())];
            bytes.splice(at..at, piece.iter().copied());
        }
        9 => {
            let end = rng.usize(at..bytes.len().min(at + 64));
            bytes[at..end].iter_mut().for_each(|byte| *byte = rng.u8(..));
        }
        // The last changes leave the lengths right, so that what they do is seen further in.
        kind => {
            let (Some(mut message), Some(donor)) = (Raw::parse(bytes), Raw::parse(donor)) else {
                bytes[at] = bytes[at].wrapping_add(1);
                return;
            };
            if kind == 10 {
                rearrange(rng, &mut message)
            } else {
                graft(rng, &mut message, &donor)
            }
            *bytes = message.to_bytes();
        }
    }
}

fn change_length(rng: &mut Rng, bytes: &mut [u8]) {
    let Some(place) = head(rng, bytes) else { return };
    let Some(field) = bytes.get_mut(place + 4..place + 8) else { return };
    let length = u32::from_be_bytes([field[0], field[1], field[2], field[3]]);
    let changed = match rng.u32(..8) {
        0 => length.wrapping_add(1),
        1 => length.wrapping_sub(1),
        2 => length.wrapping_add(8),
        3 => length.wrapping_sub(8),
        4 => 0,
        5 => u32::MAX - rng.u32(..16),
        6 => length ^ 1 << rng.u32(..32),
        _ => rng.u32(..=1 << 24),
    };
    field.copy_from_slice(&changed.to_be_bytes());
}

fn change_head(rng: &mut Rng, bytes: &mut [u8]) {
    let Some(place) = head(rng, bytes) else { return };
    if rng.bool() {
        bytes[place + 3] = rng.u8(..14);
    } else {
        bytes[place + 1] = rng.choice([0, 1, 0xFF]).unwrap_or(0);
        bytes[place + 2] = rng.u8(..);
    }
}

/// Where an item's head is; in a message that is broken already, where one might be.
fn head(rng: &mut Rng, bytes: &[u8]) -> Option<usize> {
    match wellformed::items(bytes) {
        Ok(items) => rng.choice(items).map(|item| item.start),
        Err(_) => (bytes.len() >= 8).then(|| rng.usize(..bytes.len() / 8) * 8),
    }
}

/// Swaps, repeats or takes away items of one structure.
fn rearrange(rng: &mut Rng, message: &mut Raw) {
    let number = rng.usize(..message.structures().max(1));
    message.change_structure(number, |_, items| {
        if items.is_empty() {
            return;
        }
        let (one, two) = (rng.usize(..items.len()), rng.usize(..items.len()));
        match rng.u32(..3) {
            0 => items.swap(one, two),
            1 => items.insert(one, items[two].clone()),
            _ => drop(items.remove(one)),
        }
    });
}

/// Puts an item of another message into a structure.
fn graft(rng: &mut Rng, message: &mut Raw, donor: &Raw) {
    let (mut left, mut piece) = (rng.usize(..donor.count()), None);
    donor.visit(&mut |item| {
        if left == 0 && piece.is_none() {
            piece = Some(item.clone());
        }
        left = left.saturating_sub(1);
    });
    let number = rng.usize(..message.structures().max(1));
    message.change_structure(number, |_, items| {
        if let Some(piece) = piece {
            items.insert(rng.usize(..=items.len()), piece);
        }
    });
}
