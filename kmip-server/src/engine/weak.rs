//! Weak algorithms: switched on and off as a group, and their use is logged.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Context, Failure, Kind};

/// How often each weak algorithm was used since the server started.
static USES: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());

impl Context<'_> {
    /// Checks that a weak algorithm may be used. The first use of each is logged as a warning, every use for debugging.
    ///
    /// # Errors
    ///
    /// When weak algorithms are switched off.
    pub(crate) fn permit_weak(&self, algorithm: &'static str) -> Result<(), Failure> {
        if !self.settings().weak_algorithms {
            return Err(Failure::new(
                Kind::UnsupportedParameters,
                format!("{algorithm} is weak, and weak algorithms are switched off on this server"),
            ));
        }
        let mut uses = USES.lock().unwrap_or_else(PoisonError::into_inner);
        let count = uses.entry(algorithm).or_default();
        *count = count.saturating_add(1);
        let (count, operation, user) = (*count, self.operation, self.caller.user.as_deref());
        drop(uses);
        if count == 1 {
            tracing::warn!(algorithm, %operation, user, "a weak algorithm is in use");
        }
        tracing::debug!(algorithm, %operation, user, count, "weak algorithm");
        Ok(())
    }
}
