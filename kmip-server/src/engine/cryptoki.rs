//! PKCS#11 over KMIP (2.0 §6.1.35): what a client has initialized and opened, found by the Correlation Value of the answers.
//!
//! It belongs to who initialized it, and is forgotten when it is finalized, or nobody has used it for too long.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kmip::ttlv::{Bytes, DateTime};

use super::streams::StreamLimits;
use super::{Context, Failure, Kind};

/// All that clients have initialized.
#[derive(Default)]
pub(super) struct Instances(Mutex<HashMap<Bytes, Instance>>);

/// What one client has initialized.
pub(crate) struct Instance {
    owner: Option<Arc<str>>,
    used: DateTime,
    /// The handles of the sessions that are open.
    pub(crate) sessions: Vec<u64>,
    /// The last handle that was given: none is given twice.
    pub(crate) last: u64,
}

impl Instances {
    /// Forgets those that nobody has used for too long. Every message has it done, so it doesn't wait for a lock.
    pub(super) fn sweep(&self, now: DateTime, limits: StreamLimits) {
        if let Ok(mut instances) = self.0.try_lock()
            && !instances.is_empty()
        {
            expire(&mut instances, now, limits);
        }
    }
}

impl Context<'_> {
    /// Initializes PKCS#11 for the caller; the Correlation Value by which it is found.
    ///
    /// # Errors
    ///
    /// When the caller has done so too often.
    pub(crate) fn initialize_cryptoki(&mut self) -> Result<Bytes, Failure> {
        let limits = self.settings().streams;
        let owner = self.caller.user.clone();
        let mut instances = self.engine.cryptoki.0.lock().unwrap_or_else(PoisonError::into_inner);
        expire(&mut instances, self.now, limits);
        if instances.values().filter(|other| other.owner == owner).count() >= limits.count {
            return Err(Failure::new(Kind::ServerLimit, "PKCS#11 is initialized too often: finalize some"));
        }
        let mut value = [0; 16];
        crate::crypto::fill(&mut value)?;
        let correlation = Bytes::copy_from_slice(&value);
        let instance = Instance { owner, used: self.now, sessions: Vec::new(), last: 0 };
        instances.insert(correlation.clone(), instance);
        Ok(correlation)
    }

    /// What `f` makes of what the caller has initialized, if it has.
    pub(crate) fn with_cryptoki<T>(
        &mut self,
        correlation: Option<&Bytes>,
        f: impl FnOnce(&mut Instance) -> T,
    ) -> Option<T> {
        let mut instances = self.engine.cryptoki.0.lock().unwrap_or_else(PoisonError::into_inner);
        expire(&mut instances, self.now, self.settings().streams);
        let instance =
            instances.get_mut(correlation?).filter(|instance| instance.owner == self.caller.user)?;
        instance.used = self.now;
        Some(f(instance))
    }

    /// Forgets what the caller has initialized; whether it had.
    pub(crate) fn finalize_cryptoki(&mut self, correlation: Option<&Bytes>) -> bool {
        let is_theirs = self.with_cryptoki(correlation, |_| ()).is_some();
        if let (true, Some(correlation)) = (is_theirs, correlation) {
            self.engine.cryptoki.0.lock().unwrap_or_else(PoisonError::into_inner).remove(correlation);
        }
        is_theirs
    }
}

fn expire(instances: &mut HashMap<Bytes, Instance>, now: DateTime, limits: StreamLimits) {
    let oldest = now.0.saturating_sub(limits.seconds.into());
    instances.retain(|_, instance| instance.used.0 >= oldest);
}
