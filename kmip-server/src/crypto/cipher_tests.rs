use super::*;
use crate::crypto::hex::bytes;

fn aes<'a>(mode: Mode, key: &'a [u8], iv: &'a [u8]) -> Parameters<'a> {
    Parameters::new(Algorithm::Aes, mode, key, iv)
}

const KEY_128: &str = "2b7e151628aed2a6abf7158809cf4f3c";
const KEY_192: &str = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b";
const KEY_256: &str = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
const PLAIN: &str = "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
                     30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710";

// SP 800-38A, appendix F: ECB §F.1, CBC §F.2, CTR §F.5.
#[test]
fn sp_800_38a() {
    let iv = "000102030405060708090a0b0c0d0e0f";
    let counter = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
    for (mode, key, iv, cipher) in [
        (
            Mode::Ecb,
            KEY_128,
            "",
            "3ad77bb40d7a3660a89ecaf32466ef97 f5d3d58503b9699de785895a96fdbaaf
             43b1cd7f598ece23881b00e3ed030688 7b0c785e27e8ad3f8223207104725dd4",
        ),
        (
            Mode::Ecb,
            KEY_192,
            "",
            "bd334f1d6e45f25ff712a214571fa5cc 974104846d0ad3ad7734ecb3ecee4eef
             ef7afd2270e2e60adce0ba2face6444e 9a4b41ba738d6c72fb16691603c18e0e",
        ),
        (
            Mode::Ecb,
            KEY_256,
            "",
            "f3eed1bdb5d2a03c064b5a7e3db181f8 591ccb10d410ed26dc5ba74a31362870
             b6ed21b99ca6f4f9f153e7b1beafed1d 23304b7a39f9f3ff067d8d8f9e24ecc7",
        ),
        (
            Mode::Cbc,
            KEY_128,
            iv,
            "7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2
             73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7",
        ),
        (
            Mode::Cbc,
            KEY_192,
            iv,
            "4f021db243bc633d7178183a9fa071e8 b4d9ada9ad7dedf4e5e738763f69145a
             571b242012fb7ae07fa9baac3df102e0 08b0e27988598881d920a9e64f5615cd",
        ),
        (
            Mode::Cbc,
            KEY_256,
            iv,
            "f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d
             39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b",
        ),
        (
            Mode::Ctr,
            KEY_128,
            counter,
            "874d6191b620e3261bef6864990db6ce 9806f66b7970fdff8617187bb9fffdff
             5ae4df3edbd5d35e5b4f09020db03eab 1e031dda2fbe03d1792170a0f3009cee",
        ),
        (
            Mode::Ctr,
            KEY_192,
            counter,
            "1abc932417521ca24f2b0459fe7e6e0b 090339ec0aa6faefd5ccc2c6f4ce8e94
             1e36b26bd1ebc670d1bd1d665620abf7 4f78a7f6d29809585a97daec58c6b050",
        ),
        (
            Mode::Ctr,
            KEY_256,
            counter,
            "601ec313775789a5b7a7f504bbf3d228 f443e3ca4d62b59aca84e990cacaf5c5
             2b0930daa23de94ce87017ba2d84988d dfc9c58db67aada613c2dd08457941a6",
        ),
    ] {
        let (key, iv) = (bytes(key), bytes(iv));
        let with = aes(mode, &key, &iv);
        let encrypted = encrypt(&with, &bytes(PLAIN)).unwrap();
        assert_eq!(encrypted.data, bytes(cipher), "{mode} {}", key.len() * 8);
        assert_eq!(encrypted.tag, None);
        assert_eq!(decrypt(&with, None, &encrypted.data).unwrap()[..], bytes(PLAIN));
    }
}

// The Galois/Counter Mode of Operation (McGrew and Viega), appendix B: test cases 2, 4, 5 and 6.
#[test]
fn gcm_vectors() {
    let key = bytes("feffe9928665731c6d6a8f9467308308");
    let plain = bytes(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    );
    let additional = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let long_iv = "9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728
                   c3c0c95156809539fcf0e2429a6b525416aedbf5a0de6a57a637b39b";
    for (iv, cipher, tag) in [
        (
            "cafebabefacedbaddecaf888",
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e
             21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
            "5bc94fbc3221a5db94fae95ae7121a47",
        ),
        (
            "cafebabefacedbad",
            "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c7423
             73806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f4598",
            "3612d2e79e3b0785561be14aaca2fccb",
        ),
        (
            long_iv,
            "8ce24998625615b603a033aca13fb894be9112a5c3a211a8ba262a3cca7e2ca7
             01e4a9a4fba43c90ccdcb281d48c7c6fd62875d2aca417034c34aee5",
            "619cc5aefffe0bfa462af43c1699d050",
        ),
    ] {
        let iv = bytes(iv);
        let with = Parameters { additional_data: &additional, ..aes(Mode::Gcm, &key, &iv) };
        let encrypted = encrypt(&with, &plain).unwrap();
        assert_eq!(encrypted.data, bytes(cipher));
        assert_eq!(encrypted.tag, Some(bytes(tag)));
        assert_eq!(decrypt(&with, encrypted.tag.as_deref(), &encrypted.data).unwrap()[..], plain);
    }
    let with = aes(Mode::Gcm, &[0; 16], &[0; 12]);
    let encrypted = encrypt(&with, &[0; 16]).unwrap();
    assert_eq!(encrypted.data, bytes("0388dace60b6a392f328c2b971b2fe78"));
    assert_eq!(encrypted.tag, Some(bytes("ab6e47d42cec13bdf53a67b21257bddf")));
}

#[test]
fn gcm_tags_may_be_truncated_to_twelve_bytes() {
    let full = aes(Mode::Gcm, &[7; 32], &[8; 12]);
    let whole = encrypt(&full, b"data").unwrap().tag.unwrap();
    for tag_length in 12..=16 {
        let encrypted = encrypt(&Parameters { tag_length, ..full }, b"data").unwrap();
        let tag = encrypted.tag.unwrap();
        assert_eq!(tag, whole[..tag_length]);
        assert_eq!(&decrypt(&full, Some(&tag), &encrypted.data).unwrap()[..], b"data");
        let mut wrong = tag.clone();
        wrong[tag_length - 1] ^= 0x80;
        assert_eq!(decrypt(&full, Some(&wrong), &encrypted.data), Err(CryptoError::Undecipherable));
    }
    for tag_length in [0, 4, 11, 17] {
        let refused = encrypt(&Parameters { tag_length, ..full }, b"data");
        assert_eq!(refused, Err(CryptoError::TagLength { mode: Mode::Gcm, found: tag_length }));
        let refused = decrypt(&full, Some(&vec![0; tag_length]), b"data");
        assert_eq!(refused, Err(CryptoError::TagLength { mode: Mode::Gcm, found: tag_length }));
    }
    assert_eq!(decrypt(&full, None, b"data"), Err(CryptoError::TagMissing(Mode::Gcm)));
}

#[test]
fn gcm_of_nothing_still_authenticates() {
    let with = Parameters { additional_data: b"header", ..aes(Mode::Gcm, &[0; 32], &[0; 12]) };
    let encrypted = encrypt(&with, b"").unwrap();
    assert!(encrypted.data.is_empty());
    let tag = encrypted.tag.unwrap();
    assert!(decrypt(&with, Some(&tag), b"").unwrap().is_empty());
    let other = Parameters { additional_data: b"Header", ..with };
    assert_eq!(decrypt(&other, Some(&tag), b""), Err(CryptoError::Undecipherable));
}

#[test]
fn every_length_with_every_padding_in_pieces_of_every_size() {
    for mode in [Mode::Cbc, Mode::Ecb] {
        let iv: &[u8] = if mode == Mode::Cbc { &[3; 16] } else { &[] };
        for padding in [Padding::Pkcs5, Padding::AnsiX923] {
            let with = Parameters { padding, ..aes(mode, &[9; 24], iv) };
            for length in 0..50 {
                let plain: Vec<u8> = (0..length).collect();
                let whole = encrypt(&with, &plain).unwrap().data;
                assert_eq!(whole.len(), usize::from(length) / 16 * 16 + 16);
                for piece in [1, 7, 16, 33] {
                    let mut out = Vec::new();
                    let mut stream = Stream::new(&with, Direction::Encrypt, None).unwrap();
                    plain.chunks(piece).for_each(|chunk| stream.update(chunk, &mut out).unwrap());
                    stream.finish(&mut out).unwrap();
                    assert_eq!(out, whole);
                    let mut back = Vec::new();
                    let mut stream = Stream::new(&with, Direction::Decrypt, None).unwrap();
                    whole.chunks(piece).for_each(|chunk| stream.update(chunk, &mut back).unwrap());
                    stream.finish(&mut back).unwrap();
                    assert_eq!(back, plain);
                }
                assert_eq!(decrypt(&with, None, &whole).unwrap()[..], plain);
            }
        }
    }
}

#[test]
fn stream_modes_take_any_length() {
    for length in 0..40 {
        let with = aes(Mode::Ctr, &[1; 16], &[2; 16]);
        let encrypted = encrypt(&with, &vec![5; length]).unwrap().data;
        assert_eq!(encrypted.len(), length);
        assert_eq!(decrypt(&with, None, &encrypted).unwrap()[..], vec![5; length]);
    }
}

#[test]
fn wrong_parameters_are_told_apart() {
    let key = [0; 16];
    let cbc = aes(Mode::Cbc, &key, &[0; 16]);
    assert_eq!(encrypt(&cbc, &[0; 15]), Err(CryptoError::DataLength { block: 16, found: 15 }));
    assert_eq!(decrypt(&cbc, None, &[0; 15]), Err(CryptoError::DataLength { block: 16, found: 15 }));
    let padded = Parameters { padding: Padding::Pkcs5, ..cbc };
    assert_eq!(decrypt(&padded, None, &[0; 17]), Err(CryptoError::DataLength { block: 16, found: 17 }));
    assert_eq!(decrypt(&padded, None, &[]), Err(CryptoError::Undecipherable));
    let wrong = encrypt(&cbc, &[0; 32]).unwrap().data;
    assert_eq!(decrypt(&padded, None, &wrong), Err(CryptoError::Undecipherable));

    let iv = |mode, found| encrypt(&aes(mode, &key, &vec![0; found]), &[0; 16]).unwrap_err().to_string();
    assert_eq!(iv(Mode::Cbc, 12), "the initialization vector must have exactly 16, not 12 bytes");
    assert_eq!(iv(Mode::Ctr, 8), "the initialization vector must have exactly 16, not 8 bytes");
    assert_eq!(iv(Mode::Ecb, 16), "the initialization vector must have no, not 16 bytes");
    assert_eq!(iv(Mode::Gcm, 0), "the initialization vector must have 1 to 128, not 0 bytes");
    assert_eq!(iv(Mode::Gcm, 129), "the initialization vector must have 1 to 128, not 129 bytes");

    let short = encrypt(&aes(Mode::Cbc, &[0; 17], &[0; 16]), b"").unwrap_err();
    assert_eq!(short.to_string(), "AES in CBC mode takes no key of 136 bits");
    let ctr = Parameters { padding: Padding::Pkcs5, ..aes(Mode::Ctr, &key, &[0; 16]) };
    let refused = CryptoError::Padding { mode: Mode::Ctr, padding: Padding::Pkcs5 };
    assert_eq!(encrypt(&ctr, b""), Err(refused));
    let additional = Parameters { additional_data: b"x", ..cbc };
    assert_eq!(encrypt(&additional, b""), Err(CryptoError::NotAuthenticated(Mode::Cbc)));
    assert_eq!(decrypt(&cbc, Some(&[0; 16]), b""), Err(CryptoError::NotAuthenticated(Mode::Cbc)));
}

#[test]
fn lengths_to_generate() {
    assert_eq!(iv_length(Algorithm::Aes, Mode::Gcm), Some(12));
    assert_eq!(iv_length(Algorithm::Aes, Mode::Cbc), Some(16));
    assert_eq!(iv_length(Algorithm::Aes, Mode::Ecb), Some(0));
    assert_eq!(iv_length(Algorithm::TripleDes, Mode::Cbc), Some(8));
    assert_eq!(iv_length(Algorithm::Rc4, Mode::Stream), Some(0));
    assert_eq!(iv_length(Algorithm::TripleDes, Mode::Gcm), None);
    assert_eq!(block_length(Algorithm::Aes), Some(16));
    assert_eq!(block_length(Algorithm::TripleDes), Some(8));
    assert_eq!(block_length(Algorithm::Rc4), None);
}

#[test]
fn nothing_secret_is_printed() {
    let with = aes(Mode::Cbc, &[0xAB; 16], &[0; 16]);
    assert_eq!(format!("{with:?}"), "AES CBC (none) with a key of 16 bytes");
    let stream = Stream::new(&with, Direction::Encrypt, None).unwrap();
    assert_eq!(format!("{stream:?}"), "Stream(Encrypt, 0 bytes taken)");
}
