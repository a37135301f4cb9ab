//! Cryptography on the server, with keys that don't leave it.

use kmip::client::blocking::Client;
use kmip::client::calls::KeyPairAttributes;
use kmip::client::{Ciphertext, calls::KeyPair};
use kmip::ttlv::{Bytes, Text};
use kmip::types::{
    AttributeSet, BlockCipherMode, CryptographicAlgorithm, CryptographicParameters,
    CryptographicUsageMask as Mask, HashingAlgorithm, PaddingMethod, ValidityIndicator,
};

use crate::{Outcome, remove, same};

const MESSAGE: &[u8] = b"This is a secret message.";

/// Encryption with AES in CBC mode. What is not said is taken from the key.
pub(crate) fn encrypt(client: &mut Client) -> Outcome {
    let id = key(client)?;
    let sealed = client.encrypt(&id, cbc(), MESSAGE, Some(iv()), None)?;
    same(sealed.data.len(), 32)?;
    remove(client, &[&id])
}

/// And decryption.
pub(crate) fn decrypt(client: &mut Client) -> Outcome {
    let id = key(client)?;
    let sealed = client.encrypt(&id, cbc(), MESSAGE, Some(iv()), None)?;
    let sealed = Ciphertext { iv: Some(iv()), ..sealed };
    same(client.decrypt(&id, cbc(), sealed, None)?.expose(), MESSAGE)?;
    remove(client, &[&id])
}

/// A signature with a private key.
pub(crate) fn sign(client: &mut Client) -> Outcome {
    let pair = signing_pair(client)?;
    let signature = client.sign(&pair.private, pss(), b"This is a signed message.".to_vec())?;
    same(signature.len(), 256)?;
    remove(client, &[&pair.public, &pair.private])
}

/// And its verification with the public key.
pub(crate) fn signature_verify(client: &mut Client) -> Outcome {
    let pair = signing_pair(client)?;
    let message = b"This is a signed message.".to_vec();
    let signature = client.sign(&pair.private, pss(), message.clone())?;
    let verdict = client.signature_verify(&pair.public, pss(), message, signature.clone())?;
    same(verdict, ValidityIndicator::Valid)?;
    let verdict = client.signature_verify(&pair.public, pss(), b"This is another.".to_vec(), signature)?;
    same(verdict, ValidityIndicator::Invalid)?;
    remove(client, &[&pair.public, &pair.private])
}

/// A message authentication code.
pub(crate) fn mac(client: &mut Client) -> Outcome {
    let usage = AttributeSet::new().with_usage(Mask::MACGenerate);
    let id = client.create(CryptographicAlgorithm::AES, 256, usage)?;
    client.activate(&id)?;
    let parameters = CryptographicParameters {
        cryptographic_algorithm: Some(CryptographicAlgorithm::HMAC_SHA512),
        ..CryptographicParameters::new()
    };
    let code = client.mac(&id, parameters, &[1, 2, 3, 4][..])?;
    same(code.len(), 64)?;
    remove(client, &[&id])
}

fn key(client: &mut Client) -> Outcome<Text> {
    let usage = AttributeSet::new().with_usage(Mask::Encrypt | Mask::Decrypt);
    let id = client.create(CryptographicAlgorithm::AES, 256, usage)?;
    client.activate(&id)?;
    Ok(id)
}

fn signing_pair(client: &mut Client) -> Outcome<KeyPair> {
    let attributes = KeyPairAttributes {
        public: AttributeSet::new().with_usage(Mask::Verify),
        private: AttributeSet::new().with_usage(Mask::Sign),
        ..KeyPairAttributes::default()
    };
    let pair = client.create_key_pair(CryptographicAlgorithm::RSA, 2048, attributes)?;
    client.activate(&pair.public)?;
    client.activate(&pair.private)?;
    Ok(pair)
}

fn cbc() -> CryptographicParameters {
    CryptographicParameters {
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        block_cipher_mode: Some(BlockCipherMode::CBC),
        padding_method: Some(PaddingMethod::PKCS5),
        ..CryptographicParameters::new()
    }
}

fn pss() -> CryptographicParameters {
    CryptographicParameters {
        cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        padding_method: Some(PaddingMethod::PSS),
        ..CryptographicParameters::new()
    }
}

/// One for these examples; a real one is never used twice.
fn iv() -> Bytes {
    Bytes::from_static(b"\x85\x1e\x87\x64\x77\x6e\x67\x96\xaa\xb7\x22\xdb\xb6\x44\xac\xe8")
}
