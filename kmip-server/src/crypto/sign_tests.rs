//! Signatures against the published ones.

use kmip::types::RecommendedCurve as Curve;
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;

use super::*;
use crate::crypto::hex::bytes;
use crate::crypto::pkey::{DsaNumbers, EcNumbers, Number, RsaNumbers};
use crate::wipe::Wiped;

/// See the file's head for where they come from.
const VECTORS: &str = include_str!("vectors/signatures.txt");

fn number(hex: &str) -> Number {
    Wiped::from(bytes(hex))
}

fn hash(name: &str) -> Hash {
    match name {
        "SHA1" => Hash::Sha1,
        "SHA224" => Hash::Sha224,
        "SHA256" => Hash::Sha256,
        "SHA384" => Hash::Sha384,
        "SHA512" => Hash::Sha512,
        other => panic!("{other}"),
    }
}

fn curve(name: &str) -> Curve {
    match name {
        "P-224" => Curve::P_224,
        "P-256" => Curve::P_256,
        "P-384" => Curve::P_384,
        "P-521" => Curve::P_521,
        "K-233" => Curve::K_233,
        "B-283" => Curve::B_283,
        other => panic!("{other}"),
    }
}

fn key(scheme: &str, numbers: &[&str]) -> Result<PublicKey, CryptoError> {
    match (scheme, numbers) {
        ("pkcs1" | "pss", [n, e]) => PublicKey::from_rsa(&RsaNumbers {
            modulus: number(n),
            public_exponent: Some(number(e)),
            ..RsaNumbers::default()
        }),
        ("dsa", [p, q, g, y]) => {
            PublicKey::from_dsa(&DsaNumbers { p: number(p), q: number(q), g: number(g), value: number(y) })
        }
        ("ecdsa", [name, x, y]) => {
            // Both coordinates have the length of the field, which the file leaves leading zeros out of.
            let length =
                usize::try_from(crate::crypto::pkey::curves::bits(curve(name)).unwrap()).unwrap().div_ceil(8);
            let pad = |hex: &str| {
                let bytes = bytes(hex);
                [vec![0; length.saturating_sub(bytes.len())], bytes].concat()
            };
            let value = Wiped::from([vec![4], pad(x), pad(y)].concat());
            PublicKey::from_ec(&EcNumbers { curve: curve(name), value })
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn published_signatures_are_told_from_false_ones() {
    let mut count = 0;
    for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
        let [kind, md, numbers, message, signature, salt, result] =
            line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let md = hash(md);
        let scheme = match kind {
            "pkcs1" => Scheme::Pkcs1(Some(md)),
            "pss" => Scheme::Pss { hash: md, mask: md, salt: Some(salt.parse().unwrap()) },
            "dsa" => Scheme::Dsa(Some(md)),
            "ecdsa" => Scheme::Ecdsa(Some(md)),
            other => panic!("{other}"),
        };
        let signature = match signature.split_once(',') {
            None => bytes(signature),
            Some((r, s)) => {
                let number = |hex: &str| BigNum::from_slice(&bytes(hex)).unwrap();
                EcdsaSig::from_private_components(number(r), number(s)).unwrap().to_der().unwrap()
            }
        };
        let key = key(kind, &numbers.split(',').collect::<Vec<_>>());
        // A changed public key may be none at all.
        let valid = key.is_ok_and(|key| {
            let digest = crate::crypto::digest(md, &bytes(message)).unwrap();
            let by_digest = verify(&key, scheme, Signed::Digest(&digest), &signature).unwrap();
            let valid = verify(&key, scheme, Signed::Data(&bytes(message)), &signature).unwrap();
            assert_eq!(valid, by_digest);
            valid
        });
        assert_eq!(valid, result == "P", "{}", &line[..80]);
        count += 1;
    }
    assert!(count > 20);
}

// RFC 8032 §7.1, test 2: deterministic.
#[test]
fn the_published_signature_is_made() {
    let secret = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    let expected = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                    085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    let key = PrivateKey::from_raw(Family::Ed25519, &bytes(secret)).unwrap();
    assert_eq!(sign(&key, Scheme::Eddsa, Signed::Data(&[0x72])).unwrap(), bytes(expected));
}

// RFC 6979 §A.2.5: P-256 with SHA-256, "sample".
#[test]
fn the_signature_of_rfc_6979_is_valid() {
    let curve = Curve::P_256;
    let value = number("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
    let key = PrivateKey::from_ec(&EcNumbers { curve, value }).unwrap().public().unwrap();
    let number = |hex: &str| BigNum::from_slice(&bytes(hex)).unwrap();
    let signature = EcdsaSig::from_private_components(
        number("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"),
        number("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"),
    );
    let signature = signature.unwrap().to_der().unwrap();
    let scheme = Scheme::Ecdsa(Some(Hash::Sha256));
    assert!(verify(&key, scheme, Signed::Data(b"sample"), &signature).unwrap());
    assert!(!verify(&key, scheme, Signed::Data(b"simple"), &signature).unwrap());
}

#[test]
fn what_is_signed_is_verified() {
    let sha = Some(Hash::Sha256);
    let pss = |salt| Scheme::Pss { hash: Hash::Sha256, mask: Hash::Sha1, salt };
    for (family, bits, schemes) in [
        (Family::Rsa, 1024, &[Scheme::Pkcs1(sha), pss(None), pss(Some(20)), pss(Some(0))][..]),
        (Family::Dsa, 1024, &[Scheme::Dsa(sha)]),
        (Family::Ec(Curve::SECP256K1), 256, &[Scheme::Ecdsa(sha), Scheme::Ecdsa(Some(Hash::Sha512))]),
        (Family::Ed25519, 256, &[Scheme::Eddsa]),
        (Family::Ed448, 448, &[Scheme::Eddsa]),
    ] {
        let key = PrivateKey::generate(family, bits).unwrap();
        let public = key.public().unwrap();
        for scheme in schemes {
            let mut signature = sign(&key, *scheme, Signed::Data(b"data")).unwrap();
            let valid = |data, signature: &[u8]| verify(&public, *scheme, data, signature).unwrap();
            assert!(valid(Signed::Data(b"data"), &signature), "{scheme:?}");
            assert!(!valid(Signed::Data(b"date"), &signature), "{scheme:?}");
            assert!(!valid(Signed::Data(b"data"), &[]) && !valid(Signed::Data(b"data"), b"junk"));
            signature[8] ^= 1;
            assert!(!valid(Signed::Data(b"data"), &signature));
        }
    }
    // Any salt is taken where none is asked for, but not another one.
    let key = PrivateKey::generate(Family::Rsa, 1024).unwrap();
    let signature = sign(&key, pss(Some(20)), Signed::Data(b"data")).unwrap();
    let public = key.public().unwrap();
    assert!(verify(&public, pss(None), Signed::Data(b"data"), &signature).unwrap());
    assert!(!verify(&public, pss(Some(32)), Signed::Data(b"data"), &signature).unwrap());
}

#[test]
fn what_cannot_be_signed_is_refused() {
    let rsa = PrivateKey::generate(Family::Rsa, 512).unwrap();
    let data = Signed::Data(b"data");
    let long = Scheme::Pss { hash: Hash::Sha512, mask: Hash::Sha512, salt: None };
    assert_eq!(sign(&rsa, long, data), Err(CryptoError::Unsignable));
    assert_eq!(sign(&rsa, Scheme::Pkcs1(None), data), Err(CryptoError::HashMissing));
    assert!(matches!(sign(&rsa, Scheme::Eddsa, data), Err(CryptoError::KeyUse { .. })));
    let short = Signed::Digest(b"digest");
    let sha256 = Scheme::Pkcs1(Some(Hash::Sha256));
    assert!(matches!(sign(&rsa, sha256, short), Err(CryptoError::DigestLength { expected: 32, found: 6 })));
    let edwards = PrivateKey::generate(Family::Ed25519, 256).unwrap();
    assert_eq!(sign(&edwards, Scheme::Eddsa, short), Err(CryptoError::DigestGiven));
    // Without a hash, as it stands.
    let signature = sign(&rsa, Scheme::Pkcs1(None), short).unwrap();
    assert!(verify(&rsa.public().unwrap(), Scheme::Pkcs1(None), short, &signature).unwrap());
}
