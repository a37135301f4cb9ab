//! Random bytes from OpenSSL's generator.

use openssl::rand;

use super::CryptoError;
use crate::wipe::Wiped;

/// `length` random bytes fit for keys, from the generator that OpenSSL keeps for secrets.
pub fn random(length: usize) -> Result<Wiped, CryptoError> {
    let mut bytes = Wiped::from(vec![0; length]);
    rand::rand_priv_bytes(&mut bytes)?;
    Ok(bytes)
}

/// Fills `buffer` with random bytes that may become public: nonces, identifiers, serial numbers.
pub fn fill(buffer: &mut [u8]) -> Result<(), CryptoError> {
    Ok(rand::rand_bytes(buffer)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differs_each_time() {
        assert_ne!(random(32).unwrap(), random(32).unwrap());
        assert_eq!(random(0).unwrap().len(), 0);
        let (mut a, mut b) = ([0; 16], [0; 16]);
        fill(&mut a).unwrap();
        fill(&mut b).unwrap();
        assert_ne!(a, b);
    }
}
