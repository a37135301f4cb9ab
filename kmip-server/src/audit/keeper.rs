//! The thread that writes what was taken note of, and puts aside what there is too much of.

use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Audit, Entry, Event, MANY, lock};

/// Writes the audit log for as long as it lives; in the end, everything that is left.
#[derive(Debug)]
pub struct Keeper {
    audit: Arc<Audit>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Begins.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(audit: Arc<Audit>) -> std::io::Result<Self> {
        audit.note(Entry::event(Event::Started));
        // Before any operation. Should it not be possible, that is logged, and counts as it does later.
        let _ = audit.flush();
        let kept = Arc::clone(&audit);
        let thread = thread::Builder::new().name("audit".into()).spawn(move || keep(&kept))?;
        Ok(Self { audit, thread: Some(thread) })
    }

    /// What it keeps.
    pub fn audit(&self) -> Arc<Audit> {
        Arc::clone(&self.audit)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.audit.note(Entry::event(Event::Stopped));
        lock(&self.audit.waiting).stop = true;
        self.audit.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of it was logged.
            let _ = thread.join();
        }
    }
}

fn keep(audit: &Audit) {
    let mut told = false;
    loop {
        let stop = {
            let waiting = lock(&audit.waiting);
            let idle = |waiting: &mut super::Waiting| {
                !waiting.stop && (waiting.entries.len() < MANY || audit.is_failing())
            };
            let (waiting, _) =
                audit.wake.wait_timeout_while(waiting, PERIOD, idle).unwrap_or_else(PoisonError::into_inner);
            waiting.stop
        };
        // Failures are told of by it, once.
        let written = audit.flush();
        if stop {
            return;
        }
        match written.and_then(|()| audit.rotate()) {
            Ok(()) => told = false,
            Err(error) if !told && !audit.is_failing() => {
                told = true;
                tracing::error!(%error, "records of the audit log could not be put aside");
            }
            Err(_) => {}
        }
    }
}

/// How long records wait at the most.
const PERIOD: Duration = Duration::from_millis(500);
