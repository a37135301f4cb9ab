//! Asymmetric keys against published ones, and through every form and back.

use kmip::types::RecommendedCurve;
use openssl::bn::BigNum;
use openssl::rsa::RsaPrivateKeyBuilder;

use super::*;
use crate::crypto::hex::bytes;

/// The key of RFC 6979 §A.2.5: private number and point on P-256.
const P256: (&str, &str, &str) = (
    "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
    "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
);

fn number(hex: &str) -> Number {
    Wiped::from(bytes(hex))
}

#[test]
fn a_private_number_gives_the_published_point() {
    let value = number(P256.0);
    let key = PrivateKey::from_ec(&EcNumbers { curve: RecommendedCurve::P_256, value }).unwrap();
    let point = key.public().unwrap().ec(PointForm::Uncompressed).unwrap();
    assert_eq!(point.value[..], bytes(&format!("04{}{}", P256.1, P256.2)));
    let compressed = key.public().unwrap().ec(PointForm::Compressed).unwrap();
    // y is odd.
    assert_eq!(compressed.value[..], bytes(&format!("03{}", P256.1)));
    assert_eq!(
        PublicKey::from_ec(&compressed).unwrap().to_raw(PointForm::Uncompressed).unwrap(),
        point.value[..]
    );
    assert_eq!(key.ec().unwrap().value[..], bytes(P256.0));
}

// RFC 8032 §7.1, test 1; §7.4, "Blank"; RFC 7748 §6.1.
#[test]
fn raw_private_keys_give_the_published_public_ones() {
    for (family, private, public) in [
        (
            Family::Ed25519,
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        ),
        (
            Family::Ed448,
            "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f\
             032e7549a20098f95b",
            "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6c\
             d1fa1abeafe8256180",
        ),
        (
            Family::X25519,
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
        ),
    ] {
        let key = PrivateKey::from_raw(family, &bytes(private)).unwrap();
        assert_eq!(key.public().unwrap().to_raw(PointForm::Uncompressed).unwrap(), bytes(public), "{family}");
    }
}

// RFC 7748 §6.1.
#[test]
fn the_published_secret_is_agreed_on() {
    let bob = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
    let alice = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
    let bob = PrivateKey::from_raw(Family::X25519, &bytes(bob)).unwrap();
    let alice = PublicKey::from_raw(Family::X25519, &bytes(alice)).unwrap();
    assert_eq!(
        bob.agree(&alice).unwrap()[..],
        bytes("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    );
}

#[test]
fn both_sides_agree() {
    for (family, bits) in
        [(Family::Ec(RecommendedCurve::P_384), 384), (Family::Dh, 2048), (Family::X448, 448)]
    {
        let (one, other) =
            (PrivateKey::generate(family, bits).unwrap(), PrivateKey::generate(family, bits).unwrap());
        let secret = one.agree(&other.public().unwrap()).unwrap();
        assert_eq!(secret[..], other.agree(&one.public().unwrap()).unwrap()[..], "{family}");
        assert_eq!(secret.len(), usize::try_from(bits).unwrap() / 8);
    }
    let rsa = PrivateKey::generate(Family::Rsa, 1024).unwrap();
    assert!(rsa.agree(&rsa.public().unwrap()).is_err());
}

fn forms(key: &PrivateKey) -> Vec<(&'static str, PrivateKey)> {
    let mut forms = vec![("PKCS#8", PrivateKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap())];
    match key.family() {
        Family::Rsa => {
            forms.push(("PKCS#1", PrivateKey::from_pkcs1(&key.to_pkcs1().unwrap()).unwrap()));
            forms.push(("numbers", PrivateKey::from_rsa(&key.rsa().unwrap()).unwrap()));
        }
        Family::Dsa => forms.push(("numbers", PrivateKey::from_dsa(&key.dsa().unwrap()).unwrap())),
        Family::Dh => forms.push(("numbers", PrivateKey::from_dh(&key.dh().unwrap()).unwrap())),
        Family::Ec(_) => {
            forms.push(("SEC 1", PrivateKey::from_sec1(&key.to_sec1().unwrap()).unwrap()));
            forms.push(("numbers", PrivateKey::from_ec(&key.ec().unwrap()).unwrap()));
        }
        family => forms.push(("raw", PrivateKey::from_raw(family, &key.to_raw().unwrap()).unwrap())),
    }
    forms
}

fn public_forms(key: &PublicKey) -> Vec<(&'static str, PublicKey)> {
    let plain = PointForm::Uncompressed;
    let mut forms = vec![("X.509", PublicKey::from_x509(&key.to_x509(plain).unwrap()).unwrap())];
    match key.family() {
        Family::Rsa => {
            forms.push(("PKCS#1", PublicKey::from_pkcs1(&key.to_pkcs1().unwrap()).unwrap()));
            forms.push(("numbers", PublicKey::from_rsa(&key.rsa().unwrap()).unwrap()));
        }
        Family::Dsa => forms.push(("numbers", PublicKey::from_dsa(&key.dsa().unwrap()).unwrap())),
        Family::Dh => forms.push(("numbers", PublicKey::from_dh(&key.dh().unwrap()).unwrap())),
        Family::Ec(_) => {
            for form in [plain, PointForm::Compressed, PointForm::Hybrid] {
                forms.push(("X.509", PublicKey::from_x509(&key.to_x509(form).unwrap()).unwrap()));
                forms.push(("numbers", PublicKey::from_ec(&key.ec(form).unwrap()).unwrap()));
            }
        }
        family => forms.push(("raw", PublicKey::from_raw(family, &key.to_raw(plain).unwrap()).unwrap())),
    }
    forms
}

#[test]
fn every_family_through_every_form_and_back() {
    for (family, bits) in [
        (Family::Rsa, 1024),
        (Family::Dsa, 1024),
        (Family::Dh, 2048),
        (Family::Ec(RecommendedCurve::P_256), 256),
        (Family::Ec(RecommendedCurve::P_521), 521),
        (Family::Ec(RecommendedCurve::SECP256K1), 256),
        (Family::Ec(RecommendedCurve::BRAINPOOLP384R1), 384),
        (Family::Ed25519, 256),
        (Family::Ed448, 448),
        (Family::X25519, 256),
        (Family::X448, 448),
    ] {
        let key = PrivateKey::generate(family, bits).unwrap();
        assert_eq!((key.family(), key.bits().unwrap()), (family, bits));
        let (pkcs8, x509) =
            (key.to_pkcs8().unwrap(), key.public().unwrap().to_x509(PointForm::Uncompressed).unwrap());
        for (form, again) in forms(&key) {
            assert_eq!(again.family(), family, "{form}");
            assert_eq!(again.to_pkcs8().unwrap(), pkcs8, "{family} {form}");
        }
        for (form, again) in public_forms(&key.public().unwrap()) {
            assert_eq!(again.to_x509(PointForm::Uncompressed).unwrap(), x509, "{family} {form}");
        }
    }
}

#[test]
fn few_numbers_are_enough_for_rsa() {
    let key = PrivateKey::generate(Family::Rsa, 1024).unwrap();
    let all = key.rsa().unwrap();
    let modulus = all.modulus.clone();
    let some = |change: fn(&RsaNumbers, &mut RsaNumbers)| {
        let mut numbers = RsaNumbers { modulus: modulus.clone(), ..RsaNumbers::default() };
        change(&all, &mut numbers);
        PrivateKey::from_rsa(&numbers).map(|key| key.rsa().unwrap())
    };
    for numbers in [
        some(|all, some| {
            some.private_exponent.clone_from(&all.private_exponent);
            some.public_exponent.clone_from(&all.public_exponent);
        }),
        some(|all, some| {
            some.p.clone_from(&all.p);
            some.q.clone_from(&all.q);
            some.public_exponent.clone_from(&all.public_exponent);
        }),
        some(|all, some| {
            some.q.clone_from(&all.q);
            some.private_exponent.clone_from(&all.private_exponent);
        }),
        some(|all, some| {
            some.p.clone_from(&all.p);
            some.q.clone_from(&all.q);
            some.prime_exponent_p.clone_from(&all.prime_exponent_p);
        }),
    ] {
        let numbers = numbers.unwrap();
        assert_eq!(numbers.public_exponent, all.public_exponent);
        assert_eq!(numbers.p.unwrap().len() + numbers.q.unwrap().len(), 128);
    }
    assert!(some(|all, some| some.private_exponent.clone_from(&all.private_exponent)).is_err());
    assert!(some(|all, some| some.public_exponent.clone_from(&all.public_exponent)).is_err());
    assert!(
        some(|_, some| {
            some.p = Some(Wiped::from(vec![3]));
            some.q = Some(Wiped::from(vec![5]));
            some.public_exponent = Some(Wiped::from(vec![3]));
        })
        .is_err()
    );
}

#[test]
fn what_is_no_key_is_refused() {
    let junk = [0x30, 0x03, 0x02, 0x01, 0x00];
    assert!(PrivateKey::from_pkcs8(&junk).is_err() && PrivateKey::from_pkcs1(&junk).is_err());
    assert!(PrivateKey::from_sec1(&junk).is_err() && PublicKey::from_x509(&junk).is_err());
    assert!(PublicKey::from_pkcs1(&junk).is_err());
    let curve = RecommendedCurve::P_256;
    for value in [vec![], vec![0], vec![0xFF; 32], vec![1; 33]] {
        let value = Wiped::from(value);
        assert!(PrivateKey::from_ec(&EcNumbers { curve, value }).is_err());
    }
    // Not on the curve.
    let value = Wiped::from([vec![4], vec![1; 64]].concat());
    assert!(PublicKey::from_ec(&EcNumbers { curve, value }).is_err());
    assert!(
        PrivateKey::generate(Family::Rsa, 1025).is_err() && PrivateKey::generate(Family::Rsa, 256).is_err()
    );
    assert!(PrivateKey::generate(Family::Ec(curve), 384).is_err());
}

#[test]
fn keys_that_would_keep_the_server_busy_are_refused() {
    let number = |length: usize| BigNum::from_slice(&vec![0xFF; length]).unwrap();
    let rsa = |length: usize| {
        let key = RsaPrivateKeyBuilder::new(number(length), number(1), number(length)).unwrap();
        let key = key.set_factors(number(1), number(1)).unwrap();
        key.set_crt_params(number(1), number(1), number(1)).unwrap().build()
    };
    // Of 20,000 bits, and of so many that the encoding is too long by itself.
    let der = rsa(2500).private_key_to_der().unwrap();
    let too_long = CryptoError::PairLength { family: Family::Rsa, bits: 20_000 };
    assert_eq!(PrivateKey::from_pkcs1(&der).unwrap_err(), too_long);
    let der = PKey::from_rsa(rsa(2500)).unwrap().private_key_to_pkcs8().unwrap();
    assert_eq!(PrivateKey::from_pkcs8(&der).unwrap_err(), too_long);
    let der = rsa(100_000).private_key_to_der().unwrap();
    assert_eq!(PrivateKey::from_pkcs1(&der).unwrap_err(), CryptoError::TooLong);
    assert_eq!(PrivateKey::from_pkcs8(&der).unwrap_err(), CryptoError::TooLong);
    assert_eq!(PrivateKey::from_sec1(&der).unwrap_err(), CryptoError::TooLong);
    // Whatever exponents of it are, a prime has no primes; and these are exponents of nothing.
    let some = |bytes: Vec<u8>| Some(Wiped::from(bytes));
    for (modulus, e, d) in [
        (BigNum::get_rfc3526_prime_2048().unwrap().to_vec(), vec![1], vec![1]),
        (vec![0xFF; 512], vec![1, 0, 1], [vec![0x7F; 511], vec![1]].concat()),
        (vec![0xFF; 2048], vec![3], [vec![0x7F; 2046], vec![1]].concat()),
        (vec![0xFF; 128], vec![0x7F; 200], vec![0x7F; 127]),
    ] {
        let numbers = RsaNumbers {
            modulus: Wiped::from(modulus),
            public_exponent: some(e),
            private_exponent: some(d),
            ..RsaNumbers::default()
        };
        assert!(matches!(PrivateKey::from_rsa(&numbers), Err(CryptoError::MalformedKey(_))));
    }
}

#[test]
fn encrypted_pkcs8_is_told_from_plain() {
    let key = PrivateKey::generate(Family::Ed25519, 256).unwrap();
    let cipher = openssl::symm::Cipher::aes_256_cbc();
    let encrypted = key.key.private_key_to_pkcs8_passphrase(cipher, b"secret").unwrap();
    assert!(is_encrypted_pkcs8(&encrypted) && !is_encrypted_pkcs8(&key.to_pkcs8().unwrap()));
    assert!(!is_encrypted_pkcs8(&[]) && !is_encrypted_pkcs8(&[0x30, 0x84, 1]));
}
