//! Random bytes from OpenSSL's generator.
//!
//! Its seed comes from the operating system, and the binding has no way to add to it. What clients give as seed is mixed
//! into what comes out instead: with the exclusive or of a key stream that depends on every seed so far. Whoever knows or
//! chooses the seeds learns nothing by that, and can't make the output any less random.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use openssl::rand;

use super::mac::{MacAlgorithm, mac};
use super::{CryptoError, Hash};
use crate::wipe::Wiped;

/// `length` random bytes fit for keys, from the generator that OpenSSL keeps for secrets.
pub fn random(length: usize) -> Result<Wiped, CryptoError> {
    let mut bytes = Wiped::from(vec![0; length]);
    rand::rand_priv_bytes(&mut bytes)?;
    mix(&mut bytes)?;
    Ok(bytes)
}

/// Fills `buffer` with random bytes that may become public: nonces, identifiers, serial numbers.
pub fn fill(buffer: &mut [u8]) -> Result<(), CryptoError> {
    rand::rand_bytes(buffer)?;
    mix(buffer)
}

/// Has everything that is drawn from now on depend on `seed`, too.
pub fn seed(seed: &[u8]) -> Result<(), CryptoError> {
    let mut pool = POOL.write().unwrap_or_else(PoisonError::into_inner);
    *pool = Wiped::from(mac(STREAM, &pool, &[b"seed", seed])?);
    SEEDED.store(true, Ordering::Release);
    Ok(())
}

fn mix(bytes: &mut [u8]) -> Result<(), CryptoError> {
    if !SEEDED.load(Ordering::Acquire) {
        return Ok(());
    }
    let pool = POOL.read().unwrap_or_else(PoisonError::into_inner);
    for block in bytes.chunks_mut(BLOCK) {
        let number = DRAWN.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mask = Wiped::from(mac(STREAM, &pool, &[b"draw", &number])?);
        for (byte, mask) in block.iter_mut().zip(mask.iter()) {
            *byte ^= mask;
        }
    }
    Ok(())
}

/// What all seeds so far came to.
static POOL: RwLock<Wiped> = RwLock::new(Wiped::new());

/// Whether there was any.
static SEEDED: AtomicBool = AtomicBool::new(false);

/// How many blocks were mixed.
static DRAWN: AtomicU64 = AtomicU64::new(0);

const STREAM: MacAlgorithm = MacAlgorithm::Hmac(Hash::Sha512);

/// How much one code gives, in bytes.
const BLOCK: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differs_each_time() {
        let differs = || {
            assert_ne!(random(200).unwrap(), random(200).unwrap());
            assert_eq!(random(0).unwrap().len(), 0);
            let (mut a, mut b) = ([0; 16], [0; 16]);
            fill(&mut a).unwrap();
            fill(&mut b).unwrap();
            assert_ne!(a, b);
        };
        differs();
        seed(b"the same seed").unwrap();
        differs();
        seed(b"the same seed").unwrap();
        differs();
    }

    #[test]
    fn a_seed_changes_what_comes_out() {
        seed(b"one").unwrap();
        let mut zeros = [0; 130];
        mix(&mut zeros).unwrap();
        assert!(zeros.chunks(8).all(|part| part.iter().any(|byte| *byte != 0)));
        let mut again = [0; 130];
        mix(&mut again).unwrap();
        assert_ne!(zeros, again);
    }
}
