//! Key derivation: PBKDF2 and HKDF from OpenSSL; the modes of SP 800-108, of which it lacks one and fixes the fields of
//! the others; and the chain of AWS Signature Version 4.

use openssl::hash::MessageDigest;
use openssl::kdf::{HkdfMode, hkdf as openssl_hkdf};
use openssl::pkcs5::pbkdf2_hmac;

use super::mac::{MacAlgorithm, mac};
use super::{CryptoError, Hash};
use crate::wipe::Wiped;

/// PBKDF2 with an HMAC (RFC 8018 §5.2).
///
/// # Errors
///
/// When OpenSSL doesn't have the digest.
pub fn pbkdf2(
    hash: Hash,
    password: &[u8],
    salt: &[u8],
    iterations: usize,
    length: usize,
) -> Result<Wiped, CryptoError> {
    // Whether it is there; by name alone, legacy ones are not told apart from others.
    hash.md()?;
    let digest = MessageDigest::from_name(hash.name()).ok_or(CryptoError::Digest(hash.name()))?;
    let mut out = Wiped::from(vec![0; length]);
    pbkdf2_hmac(password, salt, iterations, digest, &mut out)?;
    Ok(out)
}

/// HKDF, extraction and expansion (RFC 5869).
///
/// # Errors
///
/// When more is wanted than 255 times the digest's length.
pub fn hkdf(hash: Hash, key: &[u8], salt: &[u8], info: &[u8], length: usize) -> Result<Wiped, CryptoError> {
    if length > hash.length()?.saturating_mul(255) {
        return Err(CryptoError::DerivedLength);
    }
    let mut out = Wiped::from(vec![0; length]);
    openssl_hkdf(
        hash.md()?,
        key,
        (!salt.is_empty()).then_some(salt),
        (!info.is_empty()).then_some(info),
        HkdfMode::ExtractAndExpand,
        None,
        &mut out,
    )?;
    Ok(out)
}

/// How the pseudorandom function of SP 800-108 is iterated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Iteration<'a> {
    /// Counter mode (§4.1).
    Counter,
    /// Feedback mode (§4.2), from an initial value.
    Feedback(&'a [u8]),
    /// Double-pipeline mode (§4.3).
    DoublePipeline,
}

/// A key derivation of SP 800-108r1 with a pseudorandom function over the fixed input data.
///
/// A counter of 32 bits stands before the fixed input data, in the modes too in which it may be left out, as OpenSSL has it.
///
/// # Errors
///
/// When the key is none for the function.
pub fn sp_800_108(
    iteration: Iteration<'_>,
    function: MacAlgorithm,
    key: &[u8],
    fixed: &[u8],
    length: usize,
) -> Result<Wiped, CryptoError> {
    let mut out = Wiped::with_capacity(length.saturating_add(MOST));
    let mut pipeline = Wiped::from(fixed);
    let mut last = match iteration {
        Iteration::Feedback(first) => Wiped::from(first),
        _ => Wiped::new(),
    };
    let mut number: u32 = 0;
    while out.len() < length {
        number = number.checked_add(1).ok_or(CryptoError::DerivedLength)?;
        let counter = number.to_be_bytes();
        let before: &[u8] = match iteration {
            Iteration::Counter => &[],
            Iteration::Feedback(_) => &last,
            Iteration::DoublePipeline => {
                pipeline = Wiped::from(mac(function, key, &[&pipeline])?);
                &pipeline
            }
        };
        let block = Wiped::from(mac(function, key, &[before, &counter, fixed])?);
        out.extend_from_slice(&block);
        last = block;
    }
    shorten(out, length)
}

/// The signing key of AWS Signature Version 4, from the secret access key, and the date, region and service.
///
/// # Errors
///
/// When OpenSSL fails.
pub fn aws_signature_4(secret: &[u8], scope: [&[u8]; 3]) -> Result<Wiped, CryptoError> {
    let mut key = Wiped::with_capacity(secret.len().saturating_add(4));
    key.extend_from_slice(b"AWS4");
    key.extend_from_slice(secret);
    for part in scope.into_iter().chain([&b"aws4_request"[..]]) {
        key = Wiped::from(mac(MacAlgorithm::Hmac(Hash::Sha256), &key, &[part])?);
    }
    Ok(key)
}

/// The first `length` bytes of what a function gave.
///
/// # Errors
///
/// When it gave fewer.
pub fn shorten(mut derived: Wiped, length: usize) -> Result<Wiped, CryptoError> {
    if derived.len() < length {
        return Err(CryptoError::DerivedLength);
    }
    if let Some(rest) = derived.get_mut(length..) {
        rest.fill(0);
    }
    derived.truncate(length);
    Ok(derived)
}

/// No function gives more at a time, in bytes.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Algorithm;
    use crate::crypto::hex::bytes;

    // RFC 6070 §2 (SHA-1), RFC 7914 §11 (SHA-256).
    #[test]
    fn pbkdf2_vectors() {
        for (iterations, expected) in [
            (1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
            (2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
            (4096, "4b007901b765489abead49d926f721d065a429c1"),
        ] {
            assert_eq!(
                pbkdf2(Hash::Sha1, b"password", b"salt", iterations, 20).unwrap()[..],
                bytes(expected)
            );
        }
        assert_eq!(
            pbkdf2(Hash::Sha256, b"passwd", b"salt", 1, 64).unwrap()[..],
            bytes(
                "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc
                 49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
            )
        );
    }

    // RFC 5869 §A.1, §A.3 and §A.7.
    #[test]
    fn hkdf_vectors() {
        let salt = bytes("000102030405060708090a0b0c");
        let info = bytes("f0f1f2f3f4f5f6f7f8f9");
        assert_eq!(
            hkdf(Hash::Sha256, &[0x0b; 22], &salt, &info, 42).unwrap()[..],
            bytes("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
        );
        assert_eq!(
            hkdf(Hash::Sha256, &[0x0b; 22], &[], &[], 42).unwrap()[..],
            bytes("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
        );
        assert_eq!(
            hkdf(Hash::Sha1, &[0x0c; 22], &[], &[], 42).unwrap()[..],
            bytes("2c91117204d745f3500d636a62f64f0ab3bae548aa53d423b0d1f27ebba6f5e5673a081d70cce7acfc48")
        );
        assert_eq!(hkdf(Hash::Sha1, &[1; 20], &[], &[], 255 * 20 + 1), Err(CryptoError::DerivedLength));
    }

    const KEY: &str = "dd1d91b7d90b2bd3138533ce92b272fbf8a369316aefe242e659cc0ae238afe0";
    const FIXED: &str = "01322b96b30acd197979444e468e1c5c6859bf1b1cf951b7e725303e237e46b8
                         64a145fab25e517b08f8683d0315bb2911d80a0e8aba17f3b413faac";

    // NIST CAVP, KDFCTR_gen: counter before the fixed data, 32 bits, one of each digest.
    #[test]
    fn counter_mode_vectors() {
        for (hash, key, fixed, expected) in [
            (Hash::Sha256, KEY, FIXED, "10621342bfb0fd40046c0e29f2cfdbf0"),
            (
                Hash::Sha1,
                "f7591733c856593565130975351954d0155abf3c",
                "8e347ef55d5f5e99eab6de706b51de7ce004f3882889e259ff4e5cff102167a5
                 a4bd711578d4ce17dd9abe56e51c1f2df950e2fc812ec1b217ca08d6",
                "34fe44b0d8c41b93f5fa64fb96f00e5b",
            ),
            (
                Hash::Sha512,
                "dd5dbd45593ee2ac139748e7645b450f223d2ff297b73fd71cbcebe71d41653c
                 950b88500de5322d99ef18dfdd30428294c4b3094f4c954334e593bd982ec614",
                "b50b0c963c6b3034b8cf19cd3f5c4ebe4f4985af0c03e575db62e6fdf1ecfe4f
                 28b95d7ce16df85843246e1557ce95bb26cc9a21974bbd2eb69e8355",
                "e5993bf9bd2aa1c45746042e12598155",
            ),
        ] {
            let (key, fixed) = (bytes(key), bytes(fixed));
            let derived = sp_800_108(Iteration::Counter, MacAlgorithm::Hmac(hash), &key, &fixed, 16).unwrap();
            assert_eq!(derived[..], bytes(expected), "{hash}");
        }
    }

    // The same inputs, with what OpenSSL's own KBKDF makes of them (openssl kdf -kdfopt mode:FEEDBACK -kdfopt use-l:0
    // -kdfopt use-separator:0); of the double pipeline, what an independent program in Python makes of them.
    #[test]
    fn other_modes_and_functions() {
        let (key, fixed) = (bytes(KEY), bytes(FIXED));
        let hmac = MacAlgorithm::Hmac(Hash::Sha256);
        let first: Vec<u8> = (1..=32).collect();
        let feedback = "C4CCF959FC76786764A15265DA381D10C9C2F52786C89E4E16FA515F36A058DB
                        C1A08300AAEE3E2B9E27A322E1E75E3E13424318673B5012779B1F31707EF8A2
                        18DABA2B9F1EF5708D242C19D3FA876E";
        let empty = "10621342BFB0FD40046C0E29F2CFDBF06DB174C19E9CE311AA7C4233F2A001BA
                     23FE8101146CAFC1AE2108884BEBAF1013C23AE456576C82297CB8E14CC61231
                     6C659D5280C9DA1243BAC0F2CEBC5810";
        let pipeline = "cdc81673f2929486ec4ac3f718bfd34a76980ef7b1f11543c9869ccabdad2a72
                        f849ab5d7829324932548a95361ad5a4e714e112b1f108385cf9f7a57da3724e
                        9d7b77a3b22e3c35f526750bc20b08b1";
        for (iteration, expected) in [
            (Iteration::Feedback(&first), feedback),
            (Iteration::Feedback(&[]), empty),
            (Iteration::DoublePipeline, pipeline),
        ] {
            let derived = sp_800_108(iteration, hmac, &key, &fixed, 80).unwrap();
            assert_eq!(derived[..], bytes(expected), "{iteration:?}");
        }
        let cmac = "68CCFE98C3F18804A2CD8C168CB311A3483CA3D7099C9C5A3237684EEA451822
                    06F4F60B9722E94C";
        let key = bytes("2b7e151628aed2a6abf7158809cf4f3c");
        let function = MacAlgorithm::Cmac(Algorithm::Aes);
        let derived = sp_800_108(Iteration::Counter, function, &key, &fixed, 40).unwrap();
        assert_eq!(derived[..], bytes(cmac));
    }

    // "Examples of how to derive a signing key for Signature Version 4", AWS General Reference.
    #[test]
    fn aws_vector() {
        let key =
            aws_signature_4(b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", [b"20120215", b"us-east-1", b"iam"]);
        assert_eq!(
            key.unwrap()[..],
            bytes("f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d")
        );
    }

    #[test]
    fn nothing_is_longer_than_what_was_derived() {
        assert_eq!(shorten(Wiped::from(vec![1, 2, 3]), 4), Err(CryptoError::DerivedLength));
        assert_eq!(shorten(Wiped::from(vec![1, 2, 3]), 2).unwrap()[..], [1, 2]);
    }
}
