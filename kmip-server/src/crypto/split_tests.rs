//! The official case TC-SJ-3, a textbook's numbers, and what holds for every sharing.

use super::*;
use crate::crypto::hex::bytes;

fn parts<'a, const N: usize>(values: [(u8, &'a [u8]); N]) -> [Part<'a>; N] {
    values.map(|(number, value)| Part { number, value })
}

/// What any parts of the shared secret say.
fn joined(sharing: &Sharing, made: &[Wiped], numbers: &[u8], threshold: u8, length: usize) -> Vec<u8> {
    let used: Vec<Part<'_>> = numbers
        .iter()
        .map(|number| Part { number: *number, value: &made[usize::from(*number) - 1] })
        .collect();
    sharing.join(&used, threshold, Some(length)).unwrap().to_vec()
}

fn prime(text: &str) -> Sharing {
    Sharing::Prime(PrimeField::new(&bytes(text)).unwrap())
}

/// 2^521 - 1, a Mersenne prime.
fn mersenne() -> Sharing {
    prime(&format!("01{}", "FF".repeat(65)))
}

#[test]
fn the_parts_of_the_official_case_make_its_key() {
    let key = bytes("0102030405060708090a0b0c0d0e0f10");
    let second = bytes("CF93D1E2A7E593CD5B8D6247F4E5D49C");
    let third = bytes("A855B891F61AD9217240D8EC061E37DA");
    let fourth = bytes("803DBAD55CDD329FAD19D99AE2C5A415");
    let sharing = Sharing::Binary(BinaryField::GF8);
    let given = parts([(2, &second), (3, &third), (4, &fourth)]);
    for used in [&given[..2], &given[1..], &given[..]] {
        assert_eq!(sharing.join(used, 2, None).unwrap().to_vec(), key);
    }
}

/// A. Shamir's scheme with the numbers of the usual worked example: 1234 + 166x + 94x² modulo 1613.
#[test]
fn a_prime_field_calculates_as_the_textbook() {
    let sharing = prime("064D");
    let values: Vec<[u8; 2]> =
        [1494_u16, 329, 965, 176, 1188, 775].iter().map(|value| value.to_be_bytes()).collect();
    let at = |number: u8| Part { number, value: &values[usize::from(number) - 1] };
    assert_eq!(sharing.join(&[at(2), at(4), at(5)], 3, Some(2)).unwrap().to_vec(), 1234_u16.to_be_bytes());
    let all = [at(1), at(2), at(3), at(4), at(5), at(6)];
    assert_eq!(sharing.join(&all, 3, Some(2)).unwrap().to_vec(), 1234_u16.to_be_bytes());
}

#[test]
fn multiplication_is_that_of_a_field() {
    // FIPS 197 §4.2.
    let fips = BinaryField::GF16_FIPS_197;
    assert_eq!(fips.multiply_bytes(0x57, 0x83), 0xC1);
    assert_eq!(fips.multiply_bytes(0x57, 0x13), 0xFE);
    for field in [BinaryField::GF8, BinaryField::GF16, fips] {
        let elements = if field.wide { 1..=u16::MAX } else { 1..=255 };
        for a in elements.step_by(if field.wide { 251 } else { 1 }) {
            assert_eq!(field.multiply(a, 1), a);
            assert_eq!(field.multiply(a, field.invert(a)), 1, "{field:?} {a:#x}");
        }
        let (a, b, c) = (0x00C5, 0x0073, 0x009E);
        assert_eq!(field.multiply(a, b ^ c), field.multiply(a, b) ^ field.multiply(a, c));
        assert_eq!(field.multiply(field.multiply(a, b), c), field.multiply(a, field.multiply(b, c)));
    }
    for field in [BinaryField::GF16, fips] {
        // y² = y + m.
        assert_eq!(field.multiply(0x0100, 0x0100), 0x0100 | u16::from(M));
    }
}

#[test]
fn enough_parts_make_the_secret_and_fewer_do_not() {
    let secret = bytes("000102030405060708090a0b0c0d0e0fF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF");
    let sharings = [
        Sharing::Binary(BinaryField::GF8),
        Sharing::Binary(BinaryField::GF16),
        Sharing::Binary(BinaryField::GF16_FIPS_197),
        mersenne(),
    ];
    for sharing in &sharings {
        let made = sharing.split(&secret, 5, 3).unwrap();
        assert_eq!(made.len(), 5);
        for numbers in [&[1, 2, 3][..], &[5, 3, 1], &[2, 4, 5], &[1, 2, 3, 4, 5]] {
            assert_eq!(joined(sharing, &made, numbers, 3, secret.len()), secret, "{sharing:?}");
        }
        let two = parts([(1, &made[0]), (2, &made[1])]);
        assert!(matches!(sharing.join(&two, 3, None), Err(CryptoError::Parts(_))));
        let twice = parts([(1, &made[0]), (1, &made[0]), (2, &made[1])]);
        assert!(matches!(sharing.join(&twice, 3, None), Err(CryptoError::Parts(_))));
        // One part too many is a check of the others.
        let mut wrong = made[3].to_vec();
        *wrong.last_mut().unwrap() ^= 1;
        let given = parts([(1, &made[0]), (2, &made[1]), (3, &made[2]), (4, &wrong)]);
        assert!(matches!(sharing.join(&given, 3, None), Err(CryptoError::Parts(_))), "{sharing:?}");
    }
}

#[test]
fn all_parts_are_needed_for_an_exclusive_or() {
    let secret = b"sixteen byte key";
    let made = Sharing::Xor.split(secret, 4, 4).unwrap();
    assert_eq!(joined(&Sharing::Xor, &made, &[4, 2, 1, 3], 4, 16), secret);
    assert!(matches!(Sharing::Xor.split(secret, 4, 3), Err(CryptoError::Sharing(_))));
    assert!(made.iter().all(|part| part[..] != secret[..]));
}

/// Coefficients that are never zero, or never equal to the secret, would let parts say something of it.
#[test]
fn parts_of_the_same_secret_take_every_value_about_as_often() {
    let sharing = Sharing::Binary(BinaryField::GF8);
    let made = sharing.split(&vec![0x5A; 256 * 256], 2, 2).unwrap();
    for part in &made {
        let mut counts = [0_i64; 256];
        part.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
        // Chi-squared with 255 degrees of freedom: more than 400 happens once in ten million times.
        let chi: i64 = counts.iter().map(|count| (count - 256).pow(2)).sum::<i64>() / 256;
        assert!(chi < 400, "{chi}");
    }
}

#[test]
fn what_cannot_be_shared_is_refused() {
    let gf16 = Sharing::Binary(BinaryField::GF16);
    assert!(matches!(gf16.split(b"odd", 3, 2), Err(CryptoError::Sharing(_))));
    for (secret, parts, threshold) in [(&b""[..], 3, 2), (b"even", 3, 0), (b"even", 2, 3)] {
        assert!(matches!(gf16.split(secret, parts, threshold), Err(CryptoError::Sharing(_))));
    }
    assert!(matches!(gf16.split(&vec![0; 1 << 16], 255, 255), Err(CryptoError::TooLong)));
    // 257 is larger than 2^8, and 251 is not.
    assert!(prime("0101").split(b"a", 3, 2).is_ok());
    assert!(matches!(prime("FB").split(b"a", 3, 2), Err(CryptoError::Sharing(_))));
    assert!(matches!(PrimeField::new(&[0x01, 0x03, 0x05]), Err(CryptoError::Sharing(_))));
    assert!(matches!(PrimeField::new(&[]), Err(CryptoError::Sharing(_))));
    assert!(matches!(PrimeField::new(&[0xFF; 1000]), Err(CryptoError::TooLong)));
}
