//! Cryptographic operations that take their data in parts (KMIP 1.4 §4, 2.0 §6.1: "multi-part").
//!
//! A stream belongs to who opened it, and is found by the Correlation Value of the first response. It is wiped when it
//! ends, when a part of it fails, and when nobody has sent a part for too long.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmip::ttlv::{Bytes, DateTime, Text};
use kmip::types::Operation;

use super::{Context, Failure, Kind};
use crate::wipe::Wiped;

/// A cryptographic operation under way.
pub(crate) trait Work: Send {
    /// Takes a part of the data, and appends what comes of it.
    fn update(&mut self, data: &[u8], out: &mut Wiped) -> Result<(), Failure>;

    /// Ends it, and appends the rest of what comes of it.
    fn finish(self: Box<Self>, out: &mut Wiped) -> Result<End, Failure>;

    /// Takes what the result is to be compared with: a MAC, a signature. It may come with any part.
    fn expect(&mut self, _given: &[u8]) -> Result<(), Failure> {
        Err(Failure::new(Kind::InvalidMessage, "there is nothing to compare that with"))
    }

    /// How many bytes it keeps until it ends.
    fn held(&self) -> usize {
        0
    }
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All there is to say is in what came out of it.
    Done,
    /// With an authentication tag.
    Tag(Vec<u8>),
    /// With a verdict.
    Valid(bool),
}

/// Work that needs all of its data at once: what comes in is kept until the end.
pub(crate) struct Gather<F> {
    data: Wiped,
    then: F,
}

impl<F> Gather<F>
where
    F: FnOnce(&[u8], &mut Wiped) -> Result<End, Failure> + Send + 'static,
{
    /// Work that is done by `then`, which appends what comes of the data.
    pub(crate) fn boxed(then: F) -> Box<dyn Work> {
        Box::new(Self { data: Wiped::default(), then })
    }
}

impl<F> Work for Gather<F>
where
    F: FnOnce(&[u8], &mut Wiped) -> Result<End, Failure> + Send,
{
    fn update(&mut self, data: &[u8], _out: &mut Wiped) -> Result<(), Failure> {
        let needed = self.data.len().saturating_add(data.len());
        if needed > self.data.capacity() {
            // The first part may be all there is.
            let room = if self.data.is_empty() { needed } else { needed.saturating_mul(2) };
            self.data.grow(room);
        }
        self.data.extend_from_slice(data);
        Ok(())
    }

    fn finish(self: Box<Self>, out: &mut Wiped) -> Result<End, Failure> {
        let Self { data, then } = *self;
        then(&data, out)
    }

    fn held(&self) -> usize {
        self.data.len()
    }
}

/// A stream that was opened, taken out to work on.
pub(crate) struct Stream {
    /// The key that it is done with, if it is done with one.
    pub(crate) object: Option<Text>,
    /// What it does.
    pub(crate) work: Box<dyn Work>,
}

struct Kept {
    owner: Option<Arc<str>>,
    operation: Operation,
    used: DateTime,
    held: usize,
    stream: Stream,
}

/// All open streams of a server.
#[derive(Default)]
pub(super) struct Streams(Mutex<HashMap<Bytes, Kept>>);

impl Streams {
    /// Wipes those that nobody has gone on with for too long. Every message has it done, so it doesn't wait for a lock.
    pub(super) fn sweep(&self, now: DateTime, limits: StreamLimits) {
        if let Ok(mut kept) = self.0.try_lock()
            && !kept.is_empty()
        {
            expire(&mut kept, now, limits);
        }
    }

    /// Ends operations of which the last part is not to count: what it did to them can't be taken back.
    pub(super) fn end(&self, correlations: &[Bytes]) {
        let mut kept = self.lock();
        for correlation in correlations {
            kept.remove(correlation);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Bytes, Kept>> {
        // Whoever panicked had none of them in hand: they are taken out to be worked on.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Context<'_> {
    /// Keeps a stream for its next part: a new one, or one that had a Correlation Value before. The value is returned.
    ///
    /// # Errors
    ///
    /// When the caller has too many streams open, or too much data in them.
    pub(crate) fn keep_stream(
        &mut self,
        correlation: Option<Bytes>,
        stream: Stream,
    ) -> Result<Bytes, Failure> {
        let limits = self.settings().streams;
        let owner = self.caller.user.clone();
        let held = stream.work.held();
        let mut kept = self.engine.streams.lock();
        expire(&mut kept, self.now, limits);
        let (mut count, mut size) = (0_usize, held);
        for other in kept.values().filter(|other| other.owner == owner) {
            count = count.saturating_add(1);
            size = size.saturating_add(other.held);
        }
        if count >= limits.count {
            return Err(Failure::new(
                Kind::ServerLimit,
                format!("{count} operations wait for their next part, and that is all there may be"),
            ));
        }
        if size > limits.size {
            return Err(Failure::new(
                Kind::ServerLimit,
                "there is too much data in operations that wait for their next part",
            ));
        }
        let correlation = match correlation {
            Some(correlation) => correlation,
            None => {
                let mut value = [0; 16];
                crate::crypto::fill(&mut value)?;
                Bytes::copy_from_slice(&value)
            }
        };
        kept.insert(
            correlation.clone(),
            Kept { owner, operation: self.operation, used: self.now, held, stream },
        );
        self.session.streams.push(correlation.clone());
        Ok(correlation)
    }

    /// Takes the caller's stream with this Correlation Value, to do its next part.
    ///
    /// # Errors
    ///
    /// When there is none, or it is of another operation or someone else's, in the same words.
    pub(crate) fn take_stream(&mut self, correlation: &Bytes) -> Result<Stream, Failure> {
        let mut kept = self.engine.streams.lock();
        expire(&mut kept, self.now, self.settings().streams);
        let known = kept
            .get(correlation)
            .is_some_and(|kept| kept.owner == self.caller.user && kept.operation == self.operation);
        let found = if known { kept.remove(correlation) } else { None };
        found.map(|found| found.stream).ok_or_else(|| {
            Failure::new(Kind::Correlation, "no operation under this Correlation Value is under way")
        })
    }
}

fn expire(kept: &mut HashMap<Bytes, Kept>, now: DateTime, limits: StreamLimits) {
    let oldest = now.0.saturating_sub(limits.seconds.into());
    kept.retain(|_, stream| stream.used.0 >= oldest);
}

/// How many operations may wait for their next part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// How many of one user.
    pub count: usize,
    /// How much data of one user they may keep, in bytes.
    pub size: usize,
    /// How long one may wait, in seconds.
    pub seconds: u32,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { count: 64, size: 16 << 20, seconds: 600 }
    }
}
