//! Where the chain begins and ends in the store, sealed: who can't seal can't cut anything off, or make it all anew.

use super::chain::Link;
use super::{Audit, AuditError};
use crate::seal::{self, Purpose, Seal};
use crate::store::{Snapshot, Transaction};
use crate::wipe::Wiped;

/// What the store has of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// The last record.
    pub(super) head: Link,
    /// The last record that is not in the store any more.
    pub(super) start: Link,
    /// Up to which record they are in files.
    pub(super) exported: u64,
    /// How many bytes those in the store have.
    pub(super) bytes: u64,
}

impl Default for State {
    fn default() -> Self {
        Self { head: Link::START, start: Link::START, exported: 0, bytes: 0 }
    }
}

impl State {
    /// What the store has; none where there is no audit log yet.
    pub(super) fn read(snapshot: &dyn Snapshot, seal: &Seal) -> Result<Option<Self>, AuditError> {
        let Some(sealed) = snapshot.setting(NAME)? else { return Ok(None) };
        Self::open(&sealed, seal).map(Some)
    }

    fn open(sealed: &[u8], seal: &Seal) -> Result<Self, AuditError> {
        let plain = seal.open_record(PURPOSE, &[NAME.as_bytes()], sealed)?;
        let mut rest = plain.as_slice();
        let (head, start) = (link(&mut rest), link(&mut rest));
        match (head, start, number(&mut rest), number(&mut rest), rest) {
            (Some(head), Some(start), Some(exported), Some(bytes), []) => {
                Ok(Self { head, start, exported, bytes })
            }
            _ => Err(AuditError::State),
        }
    }

    fn seal(&self, seal: &Seal) -> Result<Vec<u8>, AuditError> {
        let mut plain = Wiped::with_capacity(SIZE);
        for link in [self.head, self.start] {
            plain.extend_from_slice(&link.number.to_be_bytes());
            plain.extend_from_slice(&link.digest);
        }
        plain.extend_from_slice(&self.exported.to_be_bytes());
        plain.extend_from_slice(&self.bytes.to_be_bytes());
        Ok(seal.seal(PURPOSE, &[NAME.as_bytes()], &plain)?)
    }
}

impl Audit {
    /// What the store has within a transaction. The last one written or read is remembered as it is sealed: a
    /// transaction that finds it unchanged need not open it.
    pub(super) fn state(&self, transaction: &dyn Snapshot) -> Result<State, AuditError> {
        let Some(sealed) = transaction.setting(NAME)? else { return Ok(State::default()) };
        if let Some((known, state)) = &*super::lock(&self.known)
            && *known == sealed
        {
            return Ok(*state);
        }
        State::open(&sealed, &self.seal)
    }

    pub(super) fn set_state(
        &self,
        transaction: &mut dyn Transaction,
        state: State,
    ) -> Result<(), AuditError> {
        let sealed = state.seal(&self.seal)?;
        transaction.set_setting(NAME, Some(&sealed))?;
        *super::lock(&self.known) = Some((sealed, state));
        Ok(())
    }
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (number, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u64::from_be_bytes(*number))
}

fn link(rest: &mut &[u8]) -> Option<Link> {
    let number = number(rest)?;
    let (digest, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(Link { number, digest: *digest })
}

const NAME: &str = seal::AUDIT.0;
const PURPOSE: Purpose = seal::AUDIT.1;
const SIZE: usize = 2 * 40 + 2 * 8;
