//! Digital signatures: made and checked.

use openssl::md::MdRef;
use openssl::md_ctx::MdCtx;
use openssl::pkey_ctx::{PkeyCtx, PkeyCtxRef};
use openssl::rsa::Padding;
use openssl::sign::RsaPssSaltlen;

use super::pkey::{Family, PrivateKey, PublicKey};
use super::{CryptoError, Hash};

/// How something is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2). Without a hash, what is given as a digest is signed as it stands.
    Pkcs1(Option<Hash>),
    /// RSASSA-PSS (RFC 8017 §8.1).
    Pss {
        /// Of the data.
        hash: Hash,
        /// Of the mask generation function, MGF1.
        mask: Hash,
        /// In bytes. Where none is said, the longest is made, and any is taken.
        salt: Option<u16>,
    },
    /// DSA (FIPS 186-4 §4); a signature is a DER sequence of r and s.
    Dsa(Option<Hash>),
    /// ECDSA (FIPS 186-4 §6); a signature is a DER sequence of r and s.
    Ecdsa(Option<Hash>),
    /// Ed25519 or Ed448, as the key is (RFC 8032): of the data itself.
    Eddsa,
}

/// What is signed.
#[derive(Clone, Copy)]
pub enum Signed<'a> {
    /// The data.
    Data(&'a [u8]),
    /// The digest of it.
    Digest(&'a [u8]),
}

impl Scheme {
    /// What the data is digested with, if it is.
    pub fn hash(self) -> Option<Hash> {
        match self {
            Self::Pkcs1(hash) | Self::Dsa(hash) | Self::Ecdsa(hash) => hash,
            Self::Pss { hash, .. } => Some(hash),
            Self::Eddsa => None,
        }
    }

    fn fits(self, family: Family) -> Result<(), CryptoError> {
        let fits = match self {
            Self::Pkcs1(_) | Self::Pss { .. } => family == Family::Rsa,
            Self::Dsa(_) => family == Family::Dsa,
            Self::Ecdsa(_) => matches!(family, Family::Ec(_)),
            Self::Eddsa => matches!(family, Family::Ed25519 | Family::Ed448),
        };
        if fits { Ok(()) } else { Err(CryptoError::KeyUse { family, purpose: "sign or verify this way" }) }
    }

    /// The digest that is signed.
    fn digest<'a>(self, signed: Signed<'a>, room: &'a mut Vec<u8>) -> Result<&'a [u8], CryptoError> {
        match (signed, self.hash()) {
            (Signed::Digest(digest), None) => Ok(digest),
            (Signed::Digest(digest), Some(hash)) if digest.len() == hash.length()? => Ok(digest),
            (Signed::Digest(digest), Some(hash)) => {
                Err(CryptoError::DigestLength { expected: hash.length()?, found: digest.len() })
            }
            (Signed::Data(data), Some(hash)) => {
                *room = super::digest(hash, data)?;
                Ok(room)
            }
            (Signed::Data(_), None) => Err(CryptoError::HashMissing),
        }
    }

    fn set_up<T>(self, context: &mut PkeyCtxRef<T>) -> Result<(), CryptoError> {
        let md: Option<&MdRef> = self.hash().map(Hash::md).transpose()?;
        match self {
            Self::Pkcs1(_) => context.set_rsa_padding(Padding::PKCS1)?,
            Self::Pss { .. } => context.set_rsa_padding(Padding::PKCS1_PSS)?,
            Self::Dsa(_) | Self::Ecdsa(_) | Self::Eddsa => {}
        }
        if let Some(md) = md {
            context.set_signature_md(md)?;
        }
        if let Self::Pss { mask, salt, .. } = self {
            context.set_rsa_mgf1_md(mask.md()?)?;
            // OpenSSL means by this: the longest to sign, and any to verify.
            context.set_rsa_pss_saltlen(
                salt.map_or(RsaPssSaltlen::MAXIMUM_LENGTH, |salt| RsaPssSaltlen::custom(salt.into())),
            )?;
        }
        Ok(())
    }
}

/// Signs.
///
/// ```
/// use kmip_server::crypto::pkey::{Family, PrivateKey};
/// use kmip_server::crypto::sign::{Scheme, Signed, sign, verify};
///
/// let key = PrivateKey::generate(Family::Ed25519, 256)?;
/// let signature = sign(&key, Scheme::Eddsa, Signed::Data(b"a message"))?;
/// assert!(verify(&key.public()?, Scheme::Eddsa, Signed::Data(b"a message"), &signature)?);
/// assert!(!verify(&key.public()?, Scheme::Eddsa, Signed::Data(b"another"), &signature)?);
/// # Ok::<(), kmip_server::crypto::CryptoError>(())
/// ```
///
/// # Errors
///
/// When the key can't sign this way, or not so much.
pub fn sign(key: &PrivateKey, scheme: Scheme, signed: Signed<'_>) -> Result<Vec<u8>, CryptoError> {
    scheme.fits(key.family())?;
    let mut signature = Vec::new();
    if scheme == Scheme::Eddsa {
        let mut context = MdCtx::new()?;
        context.digest_sign_init(None, &key.key)?;
        context.digest_sign_to_vec(pure(signed)?, &mut signature)?;
        return Ok(signature);
    }
    let mut room = Vec::new();
    let digest = scheme.digest(signed, &mut room)?;
    let mut context = PkeyCtx::new(&key.key)?;
    context.sign_init()?;
    scheme.set_up(&mut context)?;
    // A key that is too short for the digest, or for the salt.
    context.sign_to_vec(digest, &mut signature).map_err(|_| CryptoError::Unsignable)?;
    Ok(signature)
}

/// Whether a signature is that of the key. One that is none at all is not.
///
/// # Errors
///
/// When the key can't verify this way.
pub fn verify(
    key: &PublicKey,
    scheme: Scheme,
    signed: Signed<'_>,
    signature: &[u8],
) -> Result<bool, CryptoError> {
    scheme.fits(key.family())?;
    if scheme == Scheme::Eddsa {
        let mut context = MdCtx::new()?;
        context.digest_verify_init(None, &key.key)?;
        return Ok(context.digest_verify(pure(signed)?, signature).unwrap_or(false));
    }
    let mut room = Vec::new();
    let digest = scheme.digest(signed, &mut room)?;
    let mut context = PkeyCtx::new(&key.key)?;
    context.verify_init()?;
    scheme.set_up(&mut context)?;
    Ok(context.verify(digest, signature).unwrap_or(false))
}

/// The data itself, which these schemes sign.
fn pure(signed: Signed<'_>) -> Result<&[u8], CryptoError> {
    match signed {
        Signed::Data(data) => Ok(data),
        Signed::Digest(_) => Err(CryptoError::DigestGiven),
    }
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
