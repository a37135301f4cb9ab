//! Encryption with RSA keys (RFC 8017 §7).

use openssl::pkey_ctx::{PkeyCtx, PkeyCtxRef};
use openssl::rsa;

use super::pkey::{Family, PrivateKey, PublicKey};
use super::{CryptoError, Hash};
use crate::wipe::Wiped;

/// How the message is made as long as the modulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaPadding<'a> {
    /// RSAES-OAEP.
    Oaep {
        /// Of the label.
        hash: Hash,
        /// Of the mask generation function, MGF1.
        mask: Hash,
        /// The label, P.
        label: &'a [u8],
    },
    /// RSAES-PKCS1-v1_5.
    Pkcs1,
    /// The message is as long as the modulus.
    None,
}

impl RsaPadding<'_> {
    fn set_up<T>(self, context: &mut PkeyCtxRef<T>) -> Result<(), CryptoError> {
        match self {
            Self::Oaep { hash, mask, label } => {
                context.set_rsa_padding(rsa::Padding::PKCS1_OAEP)?;
                context.set_rsa_oaep_md(hash.md()?)?;
                context.set_rsa_mgf1_md(mask.md()?)?;
                if !label.is_empty() {
                    context.set_rsa_oaep_label(label)?;
                }
            }
            Self::Pkcs1 => context.set_rsa_padding(rsa::Padding::PKCS1)?,
            Self::None => context.set_rsa_padding(rsa::Padding::NONE)?,
        }
        Ok(())
    }
}

/// Encrypts a message for the owner of a key.
///
/// # Errors
///
/// When it is no RSA key, or the message doesn't fit into it.
pub fn encrypt(key: &PublicKey, padding: RsaPadding<'_>, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
    check(key.family())?;
    let mut context = PkeyCtx::new(&key.key)?;
    context.encrypt_init()?;
    padding.set_up(&mut context)?;
    let mut out = Vec::new();
    context.encrypt_to_vec(message, &mut out).map_err(|_| CryptoError::MessageLength)?;
    Ok(out)
}

/// Decrypts a message with a private key. Why it can't be decrypted is never said: an answer to that is an oracle
/// (RFC 8017 §7.1.2, §7.2.2).
///
/// # Errors
///
/// When it is no RSA key, or the message was not encrypted for it this way.
pub fn decrypt(key: &PrivateKey, padding: RsaPadding<'_>, message: &[u8]) -> Result<Wiped, CryptoError> {
    check(key.family())?;
    if message.len() != key.key.size() {
        return Err(CryptoError::Undecipherable);
    }
    let mut context = PkeyCtx::new(&key.key)?;
    context.decrypt_init()?;
    padding.set_up(&mut context)?;
    let mut out = Wiped::with_capacity(message.len().saturating_add(ROOM));
    context.decrypt_to_vec(message, &mut out).map_err(|_| CryptoError::Undecipherable)?;
    Ok(out)
}

fn check(family: Family) -> Result<(), CryptoError> {
    if family == Family::Rsa {
        Ok(())
    } else {
        Err(CryptoError::KeyUse { family, purpose: "encrypt or decrypt" })
    }
}

/// More than the message has: what is made of it never moves, which would leave a copy behind.
const ROOM: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_in_every_padding() {
        let key = PrivateKey::generate(Family::Rsa, 1024).unwrap();
        let public = key.public().unwrap();
        let oaep = |hash, mask, label| RsaPadding::Oaep { hash, mask, label };
        let (short, whole) = (&b"message"[..], &[1; 128][..]);
        for (padding, message) in [
            (oaep(Hash::Sha1, Hash::Sha1, b""), short),
            (oaep(Hash::Sha256, Hash::Sha1, b"label"), short),
            (RsaPadding::Pkcs1, short),
            (RsaPadding::None, whole),
        ] {
            let encrypted = encrypt(&public, padding, message).unwrap();
            assert_eq!(decrypt(&key, padding, &encrypted).unwrap()[..], *message, "{padding:?}");
            assert!(matches!(encrypt(&public, padding, &[0; 129]), Err(CryptoError::MessageLength)));
        }
        let encrypted = encrypt(&public, oaep(Hash::Sha1, Hash::Sha1, b"one"), short).unwrap();
        for padding in [oaep(Hash::Sha1, Hash::Sha1, b"two"), oaep(Hash::Sha256, Hash::Sha1, b"one")] {
            assert_eq!(decrypt(&key, padding, &encrypted), Err(CryptoError::Undecipherable));
        }
        let other = PrivateKey::generate(Family::Ed25519, 256).unwrap();
        assert!(decrypt(&other, RsaPadding::Pkcs1, &encrypted).is_err());
    }
}
