//! One connection: requests in, answers out, in order.
//!
//! A request is one allocation of exactly its size, handed on without a copy and wiped when its last slice is
//! dropped. It grows as the bytes arrive: what a header claims costs nothing.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes};
use kmip::ttlv::{HEADER_SIZE, ItemType, Tag};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::handler::{Disposition, Found, Handler, Peer, Refusal};
use crate::transport::{Counters, Limits, Stop};
use crate::wipe::Wiped;

/// What all connections share.
pub(crate) struct Service {
    handler: Arc<dyn Handler>,
    pub(crate) limits: Limits,
    /// The threads for requests that may block, as permits. Waiters get them in turn, and a connection waits for one
    /// at a time: none can take the others' share.
    workers: Arc<Semaphore>,
    pub(crate) counters: Arc<Counters>,
}

impl Service {
    pub(crate) fn new(handler: Arc<dyn Handler>, limits: Limits) -> Self {
        let workers = Arc::new(Semaphore::new(limits.workers.clamp(1, Semaphore::MAX_PERMITS)));
        Self { handler, limits, workers, counters: Arc::default() }
    }

    /// Has a request answered, here or on a thread that may block; `turns` are those that its client may have.
    pub(crate) async fn answer(
        &self,
        peer: &Arc<Peer>,
        turns: &Arc<Semaphore>,
        request: Bytes,
        response: &mut Wiped,
    ) -> Result<Disposition, End> {
        if !self.handler.may_block(&request) {
            return guarded(&*self.handler, peer, request, response);
        }
        let mut room = std::mem::take(response);
        let (disposition, room) = self
            .blocking(peer, turns, move |handler, peer| {
                let disposition = guarded(handler, peer, request, &mut room);
                (disposition, room)
            })
            .await?;
        *response = room;
        disposition
    }

    /// Runs something on a thread that may block.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        peer: &Arc<Peer>,
        turns: &Arc<Semaphore>,
        work: impl FnOnce(&dyn Handler, &Peer) -> T + Send + 'static,
    ) -> Result<T, End> {
        // First the client's own: of one that asks for much, few wait in front of others. The permits are never closed.
        let waiting = self.counters.hold(|counters| &counters.waiting);
        let Ok(turn) = Arc::clone(turns).acquire_owned().await else { return Err(End::Stopped) };
        let Ok(permit) = Arc::clone(&self.workers).acquire_owned().await else { return Err(End::Stopped) };
        drop(waiting);
        let working = self.counters.hold(|counters| &counters.working);
        let (handler, peer) = (Arc::clone(&self.handler), Arc::clone(peer));
        let done = spawn_blocking(move || {
            let result = work(&*handler, &peer);
            drop((permit, turn, working));
            result
        });
        done.await.map_err(|_| End::Panicked)
    }

    /// What a peer is told whose input is no request.
    pub(crate) fn refusal(&self, refusal: &Refusal) -> Wiped {
        let mut response = Wiped::default();
        match catch_unwind(AssertUnwindSafe(|| self.handler.refuse(refusal, &mut response))) {
            Ok(()) => response,
            Err(_) => Wiped::default(),
        }
    }
}

/// Serves a connection to its end, and closes it.
///
/// `turns` are the threads that its client may have at once, over all of its connections.
pub(crate) async fn serve<S>(
    stream: S,
    peer: Arc<Peer>,
    turns: Arc<Semaphore>,
    service: &Service,
    mut stop: Stop,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection =
        Connection { stream, peer, turns, service, response: Wiped::default(), size: 0, received: 0 };
    let end = connection.run(&mut stop).await;
    match &end {
        // Nobody is there to be told, or nothing can be said.
        End::Panicked => service.counters.panics.add(),
        End::Broken(_) | End::NotTaken => {}
        End::Refused(refusal) => {
            service.counters.refused.add();
            tracing::info!(
                address = %connection.peer.address,
                client = connection.peer.common_name(),
                reason = %refusal,
                "refused a request"
            );
            refuse(&mut connection.stream, service, refusal, &mut stop).await;
        }
        // One poll: what can't be sent at once isn't worth waiting for.
        End::Stopped => drop(timeout(Duration::ZERO, connection.stream.shutdown()).await),
        End::ByPeer | End::ByAnswer | End::Idle => close(&mut connection.stream, &mut stop).await,
    }
    end
}

/// Tells a peer that its input is none, and closes the connection.
pub(crate) async fn refuse<S>(stream: &mut S, service: &Service, refusal: &Refusal, stop: &mut Stop)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let response = service.refusal(refusal);
    if !response.is_empty() {
        let _ = timeout(LINGER, stream.write_all(&response)).await;
    }
    close(stream, stop).await;
}

/// Why a connection ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The peer closed it.
    ByPeer,
    /// The handler wanted it closed after its answer.
    ByAnswer,
    /// No request came for too long.
    Idle,
    /// The server stops.
    Stopped,
    /// What came is no request.
    Refused(Refusal),
    /// The peer didn't take its answer.
    NotTaken,
    /// The handler panicked.
    Panicked,
    /// Reading or writing failed.
    Broken(std::io::Error),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByPeer => f.write_str("closed by the client"),
            Self::ByAnswer => f.write_str("closed after the answer"),
            Self::Idle => f.write_str("idle for too long"),
            Self::Stopped => f.write_str("the server stops"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::NotTaken => f.write_str("the client did not take its answer"),
            Self::Panicked => f.write_str("the handler panicked"),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

impl From<std::io::Error> for End {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error)
    }
}

struct Connection<'s, S> {
    stream: S,
    peer: Arc<Peer>,
    turns: Arc<Semaphore>,
    service: &'s Service,
    /// The answer being written; its allocation serves the next one too.
    response: Wiped,
    /// How large the request being received is, as far as is known, and how much of it is there.
    size: u64,
    received: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<'_, S> {
    async fn run(&mut self, stop: &mut Stop) -> End {
        loop {
            // A request that hasn't arrived whole is given up when the server stops; one that has is answered.
            let request = tokio::select! {
                biased;
                received = self.receive() => match received {
                    Ok(request) => request,
                    Err(end) => return end,
                },
                () = stop.stopped() => return End::Stopped,
            };
            let disposition =
                match self.service.answer(&self.peer, &self.turns, request, &mut self.response).await {
                    Ok(disposition) => disposition,
                    Err(end) => return end,
                };
            if let Err(end) = self.send().await {
                return end;
            }
            match disposition {
                Disposition::KeepOpen if !stop.is_stopped() => {}
                Disposition::KeepOpen | Disposition::Close => return End::ByAnswer,
            }
        }
    }

    /// Waits for a request, and receives it.
    async fn receive(&mut self) -> Result<Bytes, End> {
        self.received = 0;
        self.size = wide(HEADER_SIZE);
        let mut header = [0; HEADER_SIZE];
        let limits = &self.service.limits;
        let first = match timeout(limits.idle_time, self.stream.read(&mut header)).await {
            Err(_) => return Err(End::Idle),
            Ok(read) => read?,
        };
        if first == 0 {
            return Err(End::ByPeer);
        }
        self.received = wide(first);
        let request_time = limits.request_time;
        match timeout(request_time, self.receive_rest(header, first)).await {
            Err(_) => Err(End::Refused(Refusal::TooSlow { size: self.size, received: self.received })),
            Ok(received) => received,
        }
    }

    /// Receives the rest of a request of whose header there are `filled` bytes.
    async fn receive_rest(&mut self, mut header: [u8; HEADER_SIZE], mut filled: usize) -> Result<Bytes, End> {
        while let Some(rest) = header.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let read = self.stream.read(rest).await?;
            filled += self.count(read)?;
        }
        let size = self.request_size(header).map_err(End::Refused)?;
        let mut request = Wiped::with_capacity(size.min(TRUSTED));
        request.extend_from_slice(&header);
        while request.len() < size {
            if request.len() == request.capacity() {
                request.grow(size.min(request.capacity() * 2));
            }
            // Never more than belongs to this request: what follows is the next one.
            let room = request.capacity().min(size) - request.len();
            let read = self.stream.read_buf(&mut (&mut *request).limit(room)).await?;
            self.count(read)?;
        }
        Ok(request.into())
    }

    /// Counts bytes that were received; none means that the peer is gone.
    fn count(&mut self, read: usize) -> Result<usize, End> {
        if read == 0 {
            return Err(End::Refused(Refusal::Truncated { size: self.size, received: self.received }));
        }
        self.received += wide(read);
        Ok(read)
    }

    /// How large the request of this header is, if it is one and not too large.
    fn request_size(&mut self, header: [u8; HEADER_SIZE]) -> Result<usize, Refusal> {
        let [t0, t1, t2, item_type, a, b, c, d] = header;
        let tag = Tag(u32::from_be_bytes([0, t0, t1, t2]));
        if tag != Tag::RequestMessage || item_type != ItemType::Structure.code() {
            return Err(Refusal::NotTtlv { found: Found::from(header) });
        }
        self.size = u64::from(u32::from_be_bytes([a, b, c, d])) + wide(HEADER_SIZE);
        let limit = self.service.limits.request_size;
        usize::try_from(self.size)
            .ok()
            .filter(|size| *size <= limit)
            .ok_or(Refusal::TooLarge { size: self.size, limit: wide(limit) })
    }

    /// Sends the answer, and wipes it.
    async fn send(&mut self) -> Result<(), End> {
        let sent = timeout(self.service.limits.request_time, async {
            self.stream.write_all(&self.response).await?;
            self.stream.flush().await
        });
        sent.await.map_err(|_| End::NotTaken)??;
        if self.response.capacity() > KEPT {
            self.response = Wiped::default();
        } else {
            self.response.wipe();
        }
        Ok(())
    }
}

/// Runs the handler. A panic of it ends this connection and nothing else.
pub(crate) fn guarded(
    handler: &dyn Handler,
    peer: &Peer,
    request: Bytes,
    response: &mut Vec<u8>,
) -> Result<Disposition, End> {
    catch_unwind(AssertUnwindSafe(|| handler.handle(peer, request, response))).map_err(|_| {
        tracing::error!(address = %peer.address, client = peer.common_name(), "a request could not be handled");
        End::Panicked
    })
}

/// Closes a connection so that the peer gets what was sent last: if input were left unread, the system would answer
/// it with a reset, and the peer might never see what it was told.
pub(crate) async fn close<S>(stream: &mut S, stop: &mut Stop)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let closed = async {
        stream.shutdown().await?;
        let mut ignored = vec![0; 4096];
        while stream.read(&mut ignored).await? > 0 {}
        Ok::<(), std::io::Error>(())
    };
    let stopped = async {
        stop.stopped().await;
        sleep(LINGER_STOPPED).await;
    };
    tokio::select! {
        _ = timeout(LINGER, closed) => {}
        () = stopped => {}
    }
}

/// A size in memory as one that may be larger than memory.
pub(crate) fn wide(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// Up to here a request's size is believed before it has arrived.
pub(crate) const TRUSTED: usize = 16 * 1024;

/// Up to here an answer's allocation is kept for the next one.
const KEPT: usize = 16 * 1024;

/// How long to wait at the end for a peer to take what it was told and close its side.
pub(crate) const LINGER: Duration = Duration::from_secs(3);

/// The same when the server stops.
const LINGER_STOPPED: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests;
