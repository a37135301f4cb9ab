//! Key agreement: ECDH, X25519, X448 and Diffie-Hellman (SP 800-56A §5.7.1, RFC 7748).

use openssl::pkey_ctx::PkeyCtx;

use super::{Family, PrivateKey, PublicKey};
use crate::crypto::CryptoError;
use crate::wipe::Wiped;

impl PrivateKey {
    /// The secret that this key shares with the owner of a public key. Of Diffie-Hellman, it has the length of the prime.
    ///
    /// # Errors
    ///
    /// When the keys are of different kinds, or of one that agrees on nothing.
    pub fn agree(&self, public: &PublicKey) -> Result<Wiped, CryptoError> {
        let agrees = matches!(self.family(), Family::Dh | Family::Ec(_) | Family::X25519 | Family::X448);
        if !agrees || self.family() != public.family() {
            return Err(CryptoError::KeyUse {
                family: self.family(),
                purpose: "agree on a secret with that key",
            });
        }
        let mut context = PkeyCtx::new(&self.key)?;
        context.derive_init()?;
        // A point at infinity, or in a small subgroup: the peer's fault.
        context.derive_set_peer(&public.key).map_err(|_| CryptoError::MalformedKey("public key"))?;
        let mut secret = Wiped::with_capacity(self.key.size());
        context.derive_to_vec(&mut secret).map_err(|_| CryptoError::MalformedKey("public key"))?;
        let missing =
            if self.family() == Family::Dh { self.key.size().saturating_sub(secret.len()) } else { 0 };
        if missing > 0 {
            let mut padded = Wiped::from(vec![0; missing]);
            padded.extend_from_slice(&secret);
            return Ok(padded);
        }
        Ok(secret)
    }
}
