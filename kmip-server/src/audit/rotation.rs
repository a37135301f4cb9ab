//! Records that leave the store: first they go to a file, whole and synced, and only then out of the store, some at a time so
//! that no one has to wait for it. What is in between is in the sealed state: after a crash it goes on where it was.

use super::chain::Link;
use super::files::{self, Files};
use super::state::State;
use super::{Audit, AuditError};
use crate::store::{self, StoreError};

impl Audit {
    /// Puts records aside where there are too many.
    ///
    /// # Errors
    /// When a file can't be written, or the store fails: then they stay in the store.
    pub fn rotate(&self) -> Result<(), AuditError> {
        let state = store::read(&*self.store, |snapshot| self.state(snapshot))?;
        if state.exported <= state.start.number && state.bytes >= self.options.rotate_bytes {
            self.export(state)?;
        }
        while self.forget()? {}
        Ok(())
    }

    /// Writes what is in the store to a file, and takes note of that.
    fn export(&self, state: State) -> Result<(), AuditError> {
        let last = match &self.options.directory {
            None => state.head.number,
            Some(directory) => {
                let mut file = Files::new(directory).create(state.start.number.saturating_add(1))?;
                let mut last = state.start.number;
                while last < state.head.number {
                    let next = last.saturating_add(1);
                    let segments = store::read(&*self.store, |snapshot| snapshot.audit(next, PIECE))?;
                    // They end where something was removed: that is told at the start, and when they are verified.
                    if segments.is_empty() {
                        break;
                    }
                    for segment in segments {
                        file.write(&segment.lines)?;
                        last = segment.last;
                    }
                }
                if last == state.start.number {
                    return Err(StoreError::Corrupt("records of the audit log are missing".into()).into());
                }
                let path = file.finish()?;
                tracing::info!(file = %path.display(), last, "put records of the audit log aside");
                last
            }
        };
        store::transact(&*self.store, |transaction| {
            let state = self.state(&*transaction)?;
            self.set_state(transaction, State { exported: last, ..state })
        })
    }

    /// Removes some of what is in files from the store; whether there may be more.
    fn forget(&self) -> Result<bool, AuditError> {
        let state = store::read(&*self.store, |snapshot| self.state(snapshot))?;
        if state.exported <= state.start.number {
            return Ok(false);
        }
        store::transact(&*self.store, |transaction| {
            let mut state = self.state(&*transaction)?;
            let segments = transaction.audit(state.start.number.saturating_add(1), PIECE)?;
            let gone = segments.iter().take_while(|segment| segment.last <= state.exported);
            let (mut bytes, mut start) = (0_u64, None);
            for segment in gone {
                bytes = bytes.saturating_add(u64::try_from(segment.lines.len()).unwrap_or(u64::MAX));
                start = Some(Link::of(segment.last, files::last_line(&segment.lines)));
            }
            let Some(start) = start else {
                return Err(StoreError::Corrupt("records of the audit log are missing".into()).into());
            };
            transaction.remove_audit(start.number)?;
            state.start = start;
            state.bytes = state.bytes.saturating_sub(bytes);
            self.set_state(transaction, state)?;
            Ok(start.number < state.exported)
        })
    }
}

/// Bytes that are read at once, or removed in one transaction.
const PIECE: usize = 256 << 10;
