//! Message authentication codes: HMAC with every digest, CMAC with every block cipher.

use std::fmt;

use openssl::md_ctx::MdCtx;
use openssl::pkey::{Id, PKey, Private};
use openssl::pkey_ctx::PkeyCtx;

use super::table::Row;
use super::{Algorithm, CryptoError, Hash, Mode};

/// A way to authenticate messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MacAlgorithm {
    /// HMAC (RFC 2104).
    Hmac(Hash),
    /// CMAC (SP 800-38B).
    Cmac(Algorithm),
}

impl fmt::Display for MacAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hmac(hash) => write!(f, "HMAC-{hash}"),
            Self::Cmac(algorithm) => write!(f, "CMAC-{algorithm}"),
        }
    }
}

/// A code being computed, from data in pieces.
pub struct Mac {
    context: MdCtx,
}

impl Mac {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// When the key is none for the algorithm, or there is no such code.
    pub fn new(algorithm: MacAlgorithm, key: &[u8]) -> Result<Self, CryptoError> {
        let mut context = MdCtx::new()?;
        match algorithm {
            MacAlgorithm::Hmac(hash) => {
                i32::try_from(key.len()).map_err(|_| CryptoError::TooLong)?;
                // OpenSSL takes no empty key. Zeros fill it up anyway (RFC 2104 §2), so one of them changes nothing.
                let key = PKey::hmac(if key.is_empty() { &[0] } else { key })?;
                context.digest_sign_init(Some(hash.md()?), &key)?;
            }
            MacAlgorithm::Cmac(algorithm) => {
                let key = cmac_key(algorithm, key)?;
                context.digest_sign_init(None, &key)?;
            }
        }
        Ok(Self { context })
    }

    /// Takes a piece.
    pub fn update(&mut self, data: &[u8]) -> Result<(), CryptoError> {
        Ok(self.context.digest_sign_update(data)?)
    }

    /// The code of all pieces.
    pub fn finish(mut self) -> Result<Vec<u8>, CryptoError> {
        let mut out = Vec::new();
        self.context.digest_sign_final_to_vec(&mut out)?;
        Ok(out)
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac")
    }
}

/// The code of the concatenation of `parts`.
///
/// ```
/// use kmip_server::crypto::mac::{MacAlgorithm, mac};
/// use kmip_server::crypto::Hash;
///
/// let code = mac(MacAlgorithm::Hmac(Hash::Sha256), b"Jefe", &[b"what do ya want ", b"for nothing?"])?;
/// assert_eq!(code[..4], [0x5b, 0xdc, 0xc1, 0x46]);
/// # Ok::<(), kmip_server::crypto::CryptoError>(())
/// ```
///
/// # Errors
///
/// As [`Mac::new`].
pub fn mac(algorithm: MacAlgorithm, key: &[u8], parts: &[&[u8]]) -> Result<Vec<u8>, CryptoError> {
    let mut mac = Mac::new(algorithm, key)?;
    for part in parts {
        mac.update(part)?;
    }
    mac.finish()
}

fn cmac_key(algorithm: Algorithm, key: &[u8]) -> Result<PKey<Private>, CryptoError> {
    // A stream cipher has no blocks, and so no CMAC.
    let row = Row::find(algorithm, Mode::Cbc, key.len()).map_err(|error| match error {
        CryptoError::Unsupported { .. } => CryptoError::NoBlocks(algorithm),
        other => other,
    })?;
    let mut context = PkeyCtx::new_id(Id::CMAC)?;
    context.keygen_init()?;
    context.set_keygen_cipher(row.cipher()?)?;
    context.set_keygen_mac_key(&row.key(key))?;
    Ok(context.keygen()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hex::bytes;

    fn hmac(hash: Hash, key: &[u8], data: &[u8]) -> Vec<u8> {
        mac(MacAlgorithm::Hmac(hash), key, &[data]).unwrap()
    }

    // RFC 4231 §4.2 and §4.3 (SHA-2), RFC 2202 §2 and §3 (MD5, SHA-1).
    #[test]
    fn hmac_vectors() {
        for (hash, expected) in [
            (Hash::Sha224, "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22"),
            (Hash::Sha256, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                Hash::Sha384,
                "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c
                 faea9ea9076ede7f4af152e8b2fa9cb6",
            ),
            (
                Hash::Sha512,
                "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde
                 daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
            ),
            (Hash::Sha1, "b617318655057264e28bc0b6fb378c8ef146be00"),
        ] {
            assert_eq!(hmac(hash, &[0x0b; 20], b"Hi There"), bytes(expected), "{hash}");
        }
        // As every implementation has it, among them Python's.
        assert_eq!(
            hmac(Hash::Sha256, b"", b""),
            bytes("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
        );
        assert_eq!(hmac(Hash::Md5, &[0x0b; 16], b"Hi There"), bytes("9294727a3638bb1c13f48ef8158bfc9d"));
        assert_eq!(
            hmac(Hash::Md5, b"Jefe", b"what do ya want for nothing?"),
            bytes("750c783e6ab0b503eaa86e310a5db738")
        );
    }

    // SP 800-38B, appendix D: §D.1 to §D.3 (AES) and §D.4 (3DES with three keys).
    #[test]
    fn cmac_vectors() {
        let data = bytes(
            "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
             30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710",
        );
        let aes_128 = "2b7e151628aed2a6abf7158809cf4f3c";
        let aes_256 = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
        let des = "8aa83bf8cbda1062 0bc1bf19fbb6cd58 bc313d4a371ca8b5";
        for (algorithm, key, length, expected) in [
            (Algorithm::Aes, aes_128, 0, "bb1d6929e95937287fa37d129b756746"),
            (Algorithm::Aes, aes_128, 16, "070a16b46b4d4144f79bdd9dd04a287c"),
            (Algorithm::Aes, aes_128, 40, "dfa66747de9ae63030ca32611497c827"),
            (Algorithm::Aes, aes_128, 64, "51f0bebf7e3b9d92fc49741779363cfe"),
            (Algorithm::Aes, aes_256, 0, "028962f61b7bf89efc6b551f4667d983"),
            (Algorithm::TripleDes, des, 0, "b7a688e122ffaf95"),
            (Algorithm::TripleDes, des, 8, "8e8f293136283797"),
        ] {
            let (key, data) = (bytes(key), &data[..length]);
            assert_eq!(
                mac(MacAlgorithm::Cmac(algorithm), &key, &[data]).unwrap(),
                bytes(expected),
                "{algorithm} {length}"
            );
            let mut pieces = Mac::new(MacAlgorithm::Cmac(algorithm), &key).unwrap();
            data.chunks(3).for_each(|piece| pieces.update(piece).unwrap());
            assert_eq!(pieces.finish().unwrap(), bytes(expected));
        }
    }

    #[test]
    fn every_block_cipher_has_a_cmac_and_no_stream_cipher() {
        use Algorithm as A;
        for (algorithm, key, block) in [
            (A::Camellia, 32, 16),
            (A::Blowfish, 16, 8),
            (A::Blowfish, 7, 8),
            (A::Cast5, 16, 8),
            (A::Idea, 16, 8),
            (A::TripleDes, 16, 8),
            (A::Des, 8, 8),
        ] {
            match mac(MacAlgorithm::Cmac(algorithm), &vec![7; key], &[b"data"]) {
                Ok(code) => assert_eq!(code.len(), block, "{algorithm}"),
                Err(error) => assert!(
                    matches!(error, CryptoError::Unavailable(_)) && algorithm.is_legacy(),
                    "{algorithm}: {error}"
                ),
            }
        }
        for algorithm in [A::Rc4, A::ChaCha20, A::ChaCha20Poly1305] {
            let refused = mac(MacAlgorithm::Cmac(algorithm), &[7; 32], &[]).unwrap_err();
            assert_eq!(refused, CryptoError::NoBlocks(algorithm));
        }
        assert!(matches!(
            mac(MacAlgorithm::Cmac(A::Aes), &[7; 15], &[]),
            Err(CryptoError::KeyLength { bits: 120, .. })
        ));
    }
}
