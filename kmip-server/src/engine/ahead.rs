//! Keys that take long to make, and are made before the transaction that they are for: nobody else writes during one.
//!
//! An operation that is one transaction with something else (the note of its answer, a limit of its answer's size, other
//! items) learns what key it needs only within it. It fails then, the key is made, and all is run again.

use super::{Context, Engine, Failure, Kind};
use crate::crypto::CryptoError;
use crate::crypto::pkey::{Family, PrivateKey};
use crate::store::{self, Transaction};

/// What was made ahead of a transaction, and what of it was used.
#[derive(Default)]
pub(super) struct Ahead {
    made: Vec<(Family, u32, Result<PrivateKey, CryptoError>)>,
    used: usize,
    wanted: Option<(Family, u32)>,
    charged: usize,
    items: usize,
}

impl Ahead {
    fn begin(&mut self) {
        (self.used, self.items, self.wanted) = (0, 0, None);
    }

    fn private_key(&mut self, family: Family, bits: u32) -> Result<PrivateKey, Failure> {
        let place = self.used;
        self.used = place.saturating_add(1);
        match self.made.get(place) {
            Some((of, length, made)) if (*of, *length) == (family, bits) => Ok(made.clone()?),
            None if place < MOST => {
                self.wanted = Some((family, bits));
                Err(Failure::new(Kind::Internal, "a key has to be made first"))
            }
            _ => Ok(PrivateKey::generate(family, bits)?),
        }
    }

    /// Whether an item is run for the first time, so that a ticket is to be charged for it.
    pub(super) fn is_new_item(&mut self) -> bool {
        self.items = self.items.saturating_add(1);
        let is_new = self.items > self.charged;
        self.charged = self.charged.max(self.items);
        is_new
    }
}

impl Engine {
    /// Changes something, wholly or not at all, with the keys that it needs made before. `f` is run more than once.
    pub(super) fn transact<T>(
        &self,
        mut f: impl FnMut(&mut dyn Transaction, &mut Ahead) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut ahead = Ahead::default();
        loop {
            let result = store::transact(&*self.store, |transaction| {
                ahead.begin();
                f(transaction, &mut ahead)
            });
            match (result, ahead.wanted.take()) {
                (Err(_), Some((family, bits))) => {
                    ahead.made.push((family, bits, PrivateKey::generate(family, bits)));
                }
                (result, _) => return result,
            }
        }
    }
}

impl Context<'_> {
    /// A new private key.
    ///
    /// # Errors
    ///
    /// When there are no keys of this length; and within a transaction, once, so that the key is made outside of it.
    pub(crate) fn new_private_key(&mut self, family: Family, bits: u32) -> Result<PrivateKey, Failure> {
        match &mut self.ahead {
            Some(ahead) => ahead.private_key(family, bits),
            None => Ok(PrivateKey::generate(family, bits)?),
        }
    }
}

/// How many keys are made ahead of one transaction. All is run again for each.
const MOST: usize = 16;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::Settings;
    use crate::seal::{MasterKey, Seal};

    #[test]
    fn keys_are_made_between_two_runs() {
        let store = store::open("memory:").unwrap();
        let seal = Arc::new(Seal::open(&*store, &MasterKey::generate().unwrap()).unwrap());
        let engine = Engine::new(store, seal, Settings::default());
        let (mut runs, mut charged) = (0, 0);
        let keys = engine.transact(|_, ahead| {
            runs += 1;
            charged += usize::from(ahead.is_new_item());
            let first = ahead.private_key(Family::Ed25519, 256)?;
            let second = ahead.private_key(Family::X25519, 256)?;
            Ok([first.family(), second.family()])
        });
        assert_eq!(keys.unwrap(), [Family::Ed25519, Family::X25519]);
        assert_eq!((runs, charged), (3, 1));
        // What can't be made fails as it would have.
        let mut runs = 0;
        let failure = engine.transact(|_, ahead| {
            runs += 1;
            ahead.private_key(Family::Rsa, 1)
        });
        assert_eq!(failure.unwrap_err(), CryptoError::PairLength { family: Family::Rsa, bits: 1 }.into());
        assert_eq!(runs, 2);
    }
}
