//! Looking at an audit log as a whole: its files and what is in the store, from the first record to the sealed end.

use std::path::PathBuf;

use super::AuditError;
use super::chain::{Check, Fault, Link};
use super::files;
use super::state::State;
use crate::seal::Seal;
use crate::store::{self, Store};

/// An audit log in which nothing is amiss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The number of the first record that was there.
    pub first: u64,
    /// The last record.
    pub head: Link,
    /// Whether the head is the one that the store has sealed: files alone can be missing their end.
    pub sealed: bool,
}

/// Goes over an audit log: files in their order, and then the store, if there is one. Each line is handed to `each`.
///
/// The first file may begin anywhere: those before it may have been brought elsewhere. `known` are records of which the
/// place is known from elsewhere.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(
    paths: &[PathBuf],
    sealed: Option<(&dyn Store, &Seal)>,
    known: &[Link],
    mut each: impl FnMut(&[u8]) -> Result<(), AuditError>,
) -> Result<Verified, AuditError> {
    let mut check = Check::new().through(known.iter().copied());
    let mut first = None;
    for path in paths {
        files::lines(path, |number, line| {
            let checked = check.lines(line);
            checked.map_err(|error| error.at(|| format!("{}, line {number}", path.display())))?;
            first = first.or(check.at().map(|link| link.number));
            each(line)
        })?;
    }
    if let Some((store, seal)) = sealed {
        let mut go_on =
            |check: &mut Check, first: &mut Option<u64>| in_store(store, seal, check, first, &mut each);
        go_on(&mut check, &mut first).map_err(|error| error.at(|| "in the store".to_owned()))?;
    }
    let head = check.at().unwrap_or(Link::START);
    if let Some(known) = known.iter().find(|known| known.number > head.number) {
        return Err(Fault::CutOff { found: head.number, last: known.number }.into());
    }
    Ok(Verified { first: first.unwrap_or_default(), head, sealed: sealed.is_some() })
}

fn in_store(
    store: &dyn Store,
    seal: &Seal,
    check: &mut Check,
    first: &mut Option<u64>,
    each: &mut impl FnMut(&[u8]) -> Result<(), AuditError>,
) -> Result<(), AuditError> {
    // In one snapshot: the server may be at work.
    store::read(store, |snapshot| {
        let Some(state) = State::read(snapshot, seal)? else {
            return if snapshot.audit_end()?.is_some() { Err(AuditError::StateMissing) } else { Ok(()) };
        };
        match check.at() {
            None => *check = check.clone().starting(state.start),
            // What is still in the store although it is in a file already, perhaps without the store knowing of the file:
            // a server may have been killed just then. Whether both say the same, the next record or the end tells.
            Some(at) if at.number > state.start.number && at.number <= state.head.number => {}
            Some(_) => check.end(state.start)?,
        }
        let mut next = state.start.number.saturating_add(1);
        loop {
            let segments = snapshot.audit(next, PIECE)?;
            if segments.is_empty() {
                break;
            }
            for segment in segments {
                next = segment.last.saturating_add(1);
                if check.at().is_some_and(|at| segment.last <= at.number) {
                    continue;
                }
                check.lines(&segment.lines)?;
                *first = first.or(Some(segment.first));
                segment.lines.split_inclusive(|byte| *byte == b'\n').try_for_each(&mut *each)?;
            }
        }
        check.end(state.head)
    })
}

const PIECE: usize = 1 << 20;
