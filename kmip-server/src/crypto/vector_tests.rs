//! Test vectors of the standards, for every cipher and mode that `cipher_tests` doesn't have.

use super::cipher::{iv_length, with_counter};
use super::hex::bytes;
use super::{Algorithm, CryptoError, Mode, Padding, Parameters, decrypt, encrypt};

/// Checks both ways. A cipher that OpenSSL doesn't have here is passed over, with a message.
fn check(algorithm: Algorithm, mode: Mode, key: &str, iv: &str, plain: &str, cipher: &str) {
    let (key, iv, plain, cipher) = (bytes(key), bytes(iv), bytes(plain), bytes(cipher));
    let with = Parameters::new(algorithm, mode, &key, &iv);
    match encrypt(&with, &plain) {
        Err(CryptoError::Unavailable(name)) => {
            assert!(with.algorithm.is_legacy(), "{name}");
            eprintln!("skipped: this OpenSSL does not provide {name}");
        }
        result => {
            assert_eq!(result.unwrap().data, cipher, "{algorithm} {mode}");
            assert_eq!(decrypt(&with, None, &cipher).unwrap()[..], plain, "{algorithm} {mode}");
        }
    }
}

// SP 800-38A §F.3.13 to §F.3.17 (CFB128) and §F.4 (OFB).
#[test]
fn aes_feedback_modes() {
    let iv = "000102030405060708090a0b0c0d0e0f";
    let plain = "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51";
    for (mode, key, cipher) in [
        (
            Mode::Cfb,
            "2b7e151628aed2a6abf7158809cf4f3c",
            "3b3fd92eb72dad20333449f8e83cfb4a c8a64537a0b3a93fcde3cdad9f1ce58b",
        ),
        (
            Mode::Cfb,
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            "dc7e84bfda79164b7ecd8486985d3860 39ffed143b28b1c832113c6331e5407b",
        ),
        (
            Mode::Ofb,
            "2b7e151628aed2a6abf7158809cf4f3c",
            "3b3fd92eb72dad20333449f8e83cfb4a 7789508d16918f03f53c52dac54ed825",
        ),
        (
            Mode::Ofb,
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            "dc7e84bfda79164b7ecd8486985d3860 4febdc6740d20b3ac88f6ad82a4fb08d",
        ),
    ] {
        check(Algorithm::Aes, mode, key, iv, plain, cipher);
    }
}

// SP 800-38C appendix C, examples 1 to 3; the tag stands behind the ciphertext there.
#[test]
fn aes_ccm() {
    let key = bytes("404142434445464748494a4b4c4d4e4f");
    for (nonce, additional, plain, cipher, tag) in [
        ("10111213141516", "0001020304050607", "20212223", "7162015b", "4dac255d"),
        (
            "1011121314151617",
            "000102030405060708090a0b0c0d0e0f",
            "202122232425262728292a2b2c2d2e2f",
            "d2a1f0e051ea5f62081a7792073d593d",
            "1fc64fbfaccd",
        ),
        (
            "101112131415161718191a1b",
            "000102030405060708090a0b0c0d0e0f10111213",
            "202122232425262728292a2b2c2d2e2f3031323334353637",
            "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5",
            "484392fbc1b09951",
        ),
    ] {
        let (nonce, additional, plain, tag) = (bytes(nonce), bytes(additional), bytes(plain), bytes(tag));
        let with = Parameters {
            additional_data: &additional,
            tag_length: tag.len(),
            ..Parameters::new(Algorithm::Aes, Mode::Ccm, &key, &nonce)
        };
        let encrypted = encrypt(&with, &plain).unwrap();
        assert_eq!((encrypted.data, encrypted.tag), (bytes(cipher), Some(tag.clone())));
        assert_eq!(decrypt(&with, Some(&tag), &bytes(cipher)).unwrap()[..], plain);
        let mut wrong = tag;
        wrong[0] ^= 1;
        assert_eq!(decrypt(&with, Some(&wrong), &bytes(cipher)), Err(CryptoError::Undecipherable));
    }
}

#[test]
fn ccm_of_nothing_and_too_much() {
    let with = Parameters::new(Algorithm::Aes, Mode::Ccm, &[1; 16], &[2; 13]);
    let encrypted = encrypt(&with, b"").unwrap();
    assert!(encrypted.data.is_empty());
    assert_eq!(decrypt(&with, encrypted.tag.as_deref(), b"").unwrap().len(), 0);
    assert_eq!(encrypt(&with, &vec![0; 65_536]), Err(CryptoError::TooLong));
    let odd = Parameters { tag_length: 5, ..with };
    assert_eq!(encrypt(&odd, b""), Err(CryptoError::TagLength { mode: Mode::Ccm, found: 5 }));
}

// IEEE 1619-2007 annex B, vectors 2 and 15 (which steals ciphertext) and 10 (256 bits).
#[test]
fn aes_xts() {
    let (ones, twos) = ("11".repeat(16), "22".repeat(16));
    check(
        Algorithm::Aes,
        Mode::Xts,
        &(ones + &twos),
        "33333333330000000000000000000000",
        &"44".repeat(32),
        "c454185e6a16936e39334038acef838b fb186fff7480adc4289382ecd6d394f0",
    );
    check(
        Algorithm::Aes,
        Mode::Xts,
        "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0 bfbebdbcbbbab9b8b7b6b5b4b3b2b1b0",
        "9a785634120000000000000000000000",
        "000102030405060708090a0b0c0d0e0f10",
        "6c1625db4671522d3d7599601de7ca09ed",
    );
    let key = [[1_u8; 16], [2; 16]].concat();
    let with = Parameters::new(Algorithm::Aes, Mode::Xts, &key, &[0; 16]);
    assert_eq!(encrypt(&with, &[0; 15]), Err(CryptoError::TooShort(15)));
    let same = Parameters { key: &[1; 32], ..with };
    assert_eq!(encrypt(&same, &[0; 16]), Err(CryptoError::EqualHalves));
    for length in 16..50 {
        let cipher = encrypt(&with, &vec![7; length]).unwrap().data;
        assert_eq!(decrypt(&with, None, &cipher).unwrap()[..], vec![7; length]);
    }
}

// RFC 3394 §4.1, RFC 5649 §6: the wraps as modes.
#[test]
fn aes_key_wrap_modes() {
    check(
        Algorithm::Aes,
        Mode::KeyWrap,
        "000102030405060708090A0B0C0D0E0F",
        "",
        "00112233445566778899AABBCCDDEEFF",
        "1FA68B0A8112B447 AEF34BD8FB5A7B82 9D3E862371D2CFE5",
    );
    check(
        Algorithm::Aes,
        Mode::KeyWrapPadding,
        "5840df6e29b02af1 ab493b705bf16ea1 ae8338f4dcc176a8",
        "",
        "466f7250617369",
        "afbeb0f07dfbf541 9200f2ccb50bb24f",
    );
}

// SP 800-67 rev. 2 §B.1: three keys; with one key thrice it is DES (FIPS 81 table B1, ECB and CBC).
#[test]
fn triple_des() {
    check(
        Algorithm::TripleDes,
        Mode::Ecb,
        "0123456789ABCDEF 23456789ABCDEF01 456789ABCDEF0123",
        "",
        "5468652071756663 6B2062726F776E20 666F78206A756D70",
        "A826FD8CE53B855F CCE21C8112256FE6 68D5C05DD9B6B900",
    );
    for algorithm in [Algorithm::Des, Algorithm::TripleDes] {
        check(
            algorithm,
            Mode::Ecb,
            "0123456789ABCDEF",
            "",
            "4e6f772069732074 68652074696d6520 666f7220616c6c20",
            "3fa40e8a984d4815 6a271787ab8883f9 893d51ec4b563b53",
        );
        check(
            algorithm,
            Mode::Cbc,
            "0123456789ABCDEF",
            "1234567890ABCDEF",
            "4e6f772069732074 68652074696d6520 666f7220616c6c20",
            "e5c7cdde872bf27c 43e934008c389c0f 683788499a7c05f6",
        );
    }
    // Two keys are three, of which the third is the first.
    let two = bytes("0123456789ABCDEF 23456789ABCDEF01");
    let three = bytes("0123456789ABCDEF 23456789ABCDEF01 0123456789ABCDEF");
    let ecb = |key| encrypt(&Parameters::new(Algorithm::TripleDes, Mode::Ecb, key, &[]), &[5; 8]).unwrap();
    assert_eq!(ecb(&two), ecb(&three));
}

// RFC 3713 appendix A; RFC 5528 §4.1, test vector 1 (CTR).
#[test]
fn camellia() {
    let plain = "0123456789abcdef fedcba9876543210";
    for (key, cipher) in [
        ("0123456789abcdef fedcba9876543210", "67673138549669730857065648eabe43"),
        ("0123456789abcdef fedcba9876543210 0011223344556677", "b4993401b3e996f84ee5cee7d79b09b9"),
        (
            "0123456789abcdef fedcba9876543210 0011223344556677 8899aabbccddeeff",
            "9acc237dff16d76c20ef7c919e3a7509",
        ),
    ] {
        check(Algorithm::Camellia, Mode::Ecb, key, "", plain, cipher);
    }
    let block = with_counter(Algorithm::Camellia, Mode::Ctr, &bytes("000000300000000000000000"), Some(1));
    assert_eq!(block.as_ref().unwrap().as_deref().unwrap(), bytes("00000030000000000000000000000001"));
    check(
        Algorithm::Camellia,
        Mode::Ctr,
        "AE6852F8121067CC4BF7A5765577F39E",
        "00000030000000000000000000000001",
        "53696E676C6520626C6F636B206D7367",
        "D09DC29A8214619A20877C76DB1F0B3F",
    );
}

// RFC 5794 appendix A; GB/T 32907-2016 appendix A.1; RFC 4269 appendix B.1.
#[test]
fn aria_sm4_and_seed() {
    let plain = "00112233445566778899aabbccddeeff";
    let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    for (digits, cipher) in [
        (32, "d718fbd6ab644c739da95f3be6451778"),
        (48, "26449c1805dbe7aa25a468ce263a9e79"),
        (64, "f92bd7c79fb72e2f2b8f80c1972d24fc"),
    ] {
        check(Algorithm::Aria, Mode::Ecb, &key[..digits], "", plain, cipher);
    }
    let same = "0123456789abcdeffedcba9876543210";
    check(Algorithm::Sm4, Mode::Ecb, same, "", same, "681edf34d206965e86b3e94f536e4246");
    check(
        Algorithm::Seed,
        Mode::Ecb,
        &"00".repeat(16),
        "",
        "000102030405060708090a0b0c0d0e0f",
        "5ebac6e0054e166819aff1cc6d346cdb",
    );
}

// RFC 2144 appendix B.1.
#[test]
fn cast5() {
    for (key, cipher) in [
        ("0123456712345678234567893456789A", "238B4FE5847E44B2"),
        ("01234567123456782345", "EB6A711A2C02271B"),
        ("0123456712", "7AC816D16E9B302E"),
    ] {
        check(Algorithm::Cast5, Mode::Ecb, key, "", "0123456789ABCDEF", cipher);
    }
}

// Eric Young's vectors, as Schneier publishes them with the algorithm.
#[test]
fn blowfish() {
    for (key, plain, cipher) in [
        ("0000000000000000", "0000000000000000", "4EF997456198DD78"),
        ("0123456789ABCDEF", "1111111111111111", "61F9C3802281B096"),
        ("F0E1D2C3B4A5968778695A4B3C2D1E0F0011223344556677", "FEDCBA9876543210", "05044B62FA52D080"),
    ] {
        check(Algorithm::Blowfish, Mode::Ecb, key, "", plain, cipher);
    }
    let (key, iv) = ("0123456789ABCDEFF0E1D2C3B4A59687", "FEDCBA9876543210");
    let plain = "37363534333231204E6F77206973207468652074696D6520666F722000";
    check(
        Algorithm::Blowfish,
        Mode::Cfb,
        key,
        iv,
        plain,
        "E73214A2822139CAF26ECF6D2EB9E76E3DA3DE04D1517200519D57A6C3",
    );
    check(
        Algorithm::Blowfish,
        Mode::Ofb,
        key,
        iv,
        plain,
        "E73214A2822139CA62B343CC5B65587310DD908D0C241B2263C2CF80DA",
    );
    let (key, iv, plain) = (bytes(key), bytes(iv), bytes(plain));
    let with =
        Parameters { padding: Padding::Zeros, ..Parameters::new(Algorithm::Blowfish, Mode::Cbc, &key, &iv) };
    let Ok(encrypted) = encrypt(&with, &plain) else { return };
    assert_eq!(encrypted.data, bytes("6B77B4D63006DEE605B156E27403979358DEB9E7154616D959F1652BD5FF92CC"));
    // The data ends in a zero, which the padding takes with it.
    assert_eq!(decrypt(&with, None, &encrypted.data).unwrap()[..], plain[..28]);
}

// Lai, "On the Design and Security of Block Ciphers", §3.4.
#[test]
fn idea() {
    check(
        Algorithm::Idea,
        Mode::Ecb,
        "00010002000300040005000600070008",
        "",
        "0000000100020003",
        "11FBED2B01986DE5",
    );
}

// RFC 6229 §2: the key streams of 40 and 128 bits from offset 0.
#[test]
fn rc4() {
    let zeros = "00".repeat(16);
    for (key, cipher) in [
        ("0102030405", "b2396305f03dc027ccc3524a0a1118a8"),
        ("0102030405060708090a0b0c0d0e0f10", "9ac7cc9a609d1ef7b2932899cde41b97"),
    ] {
        check(Algorithm::Rc4, Mode::Stream, key, "", &zeros, cipher);
    }
}

// RFC 8439 §2.4.2 (with the counter) and §2.8.2.
#[test]
fn chacha20() {
    let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
    let nonce = bytes("000000000000004a00000000");
    let iv = with_counter(Algorithm::ChaCha20, Mode::Stream, &nonce, Some(1)).unwrap().unwrap();
    let key = bytes(key);
    let with = Parameters::new(Algorithm::ChaCha20, Mode::Stream, &key, &iv);
    let cipher = encrypt(&with, text).unwrap().data;
    assert_eq!(
        cipher,
        bytes(
            "6e2e359a2568f98041ba0728dd0d6981 e97e7aec1d4360c20a27afccfd9fae0b
             f91b65c5524733ab8f593dabcd62b357 1639d624e65152ab8f530c359f0861d8
             07ca0dbf500d6a6156a38e088a22b65e 52bc514d16ccf806818ce91ab7793736
             5af90bbf74a35be6b40b8eedf2785e42 874d"
        )
    );
    assert_eq!(decrypt(&with, None, &cipher).unwrap()[..], text[..]);

    let key = bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    let (nonce, additional) = (bytes("070000004041424344454647"), bytes("50515253c0c1c2c3c4c5c6c7"));
    let with = Parameters {
        additional_data: &additional,
        ..Parameters::new(Algorithm::ChaCha20Poly1305, Mode::Aead, &key, &nonce)
    };
    let encrypted = encrypt(&with, text).unwrap();
    assert_eq!(encrypted.data[..16], bytes("d31a8d34648e60db7b86afbc53ef7ec2"));
    assert_eq!(encrypted.tag.as_deref().unwrap(), bytes("1ae10b594f09e26a7e902ecbd0600691"));
    assert_eq!(decrypt(&with, encrypted.tag.as_deref(), &encrypted.data).unwrap()[..], text[..]);
}

// RFC 3686 §6, test vector 1: 12 bytes of nonce and vector, and a counter that starts at 1.
#[test]
fn a_counter_may_be_left_out() {
    let nonce = bytes("000000300000000000000000");
    let block = with_counter(Algorithm::Aes, Mode::Ctr, &nonce, Some(1)).unwrap().unwrap();
    let key = bytes("AE6852F8121067CC4BF7A5765577F39E");
    let encrypted =
        encrypt(&Parameters::new(Algorithm::Aes, Mode::Ctr, &key, &block), b"Single block msg").unwrap();
    assert_eq!(encrypted.data, bytes("E4095D4FB7A7B3792D6175A3261311B8"));

    let counter = |iv: &[u8], first| with_counter(Algorithm::Aes, Mode::Ctr, iv, first);
    assert_eq!(counter(&[1; 16], Some(1)).unwrap(), None, "it is whole");
    assert_eq!(counter(&[1; 12], None).unwrap(), None, "nobody said where to start");
    assert_eq!(counter(&[1; 15], Some(255)).unwrap().unwrap()[15], 255);
    assert_eq!(counter(&[1; 15], Some(256)), Err(CryptoError::Counter));
    assert_eq!(counter(&[1; 8], Some(2)).unwrap().unwrap()[8..], [0, 0, 0, 0, 0, 0, 0, 2]);
    assert_eq!(iv_length(Algorithm::ChaCha20, Mode::Stream), Some(12));
}

/// Whatever lengths a client sends: an error, or what comes back when it is undone, but never a panic of the binding.
#[test]
fn no_combination_of_lengths_panics() {
    use Algorithm as A;
    use Mode as M;
    const ALGORITHMS: [A; 13] = [
        A::Aes,
        A::Aria,
        A::Seed,
        A::Sm4,
        A::Blowfish,
        A::Camellia,
        A::Cast5,
        A::ChaCha20,
        A::ChaCha20Poly1305,
        A::Des,
        A::TripleDes,
        A::Idea,
        A::Rc4,
    ];
    const MODES: [M; 12] = [
        M::Cbc,
        M::Ecb,
        M::Cfb,
        M::Ofb,
        M::Ctr,
        M::Gcm,
        M::Ccm,
        M::Xts,
        M::KeyWrap,
        M::KeyWrapPadding,
        M::Stream,
        M::Aead,
    ];
    let material: Vec<u8> = (0..=255).collect();
    let mut worked = 0;
    for (algorithm, mode) in ALGORITHMS.into_iter().flat_map(|one| MODES.map(|other| (one, other))) {
        for key in [0, 1, 4, 5, 8, 15, 16, 24, 32, 33, 56, 57, 64, 256] {
            for iv in [0, 1, 7, 8, 12, 13, 16, 17, 128, 129] {
                for padding in [Padding::None, Padding::Pkcs5, Padding::Zeros] {
                    for data in [0, 1, 8, 15, 16, 17, 24, 64] {
                        for additional in [0, 5] {
                            let with = Parameters {
                                padding,
                                additional_data: &material[..additional],
                                ..Parameters::new(algorithm, mode, &material[..key], &material[1..=iv])
                            };
                            let plain = &material[1..=data];
                            let _ = decrypt(&with, Some(&[0; 16]), plain);
                            let _ = decrypt(&with, None, plain);
                            let Ok(encrypted) = encrypt(&with, plain) else { continue };
                            let back = decrypt(&with, encrypted.tag.as_deref(), &encrypted.data);
                            assert_eq!(back.as_deref().map(Vec::as_slice), Ok(plain), "{with:?}");
                            worked += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(worked > 1000, "{worked}");
}
