//! How long each part of an exchange over HTTP may take. hyper's own time limit for a request's head begins when the answer
//! before it is sent: it can't tell a connection that is idle from one that is slow.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::transport::Limits;

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing of a request is there.
    Idle,
    /// A request's head arrives.
    Head,
    /// Its body arrives.
    Body,
    /// It is being answered.
    Answering,
    /// The answer is being sent.
    Sending,
}

/// The phase of a connection, which its stream and what answers on it both know.
#[derive(Debug)]
pub(super) struct Pace(Mutex<(Phase, Instant)>);

impl Pace {
    pub(super) fn new() -> Self {
        Self(Mutex::new((Phase::Idle, Instant::now())))
    }

    pub(super) fn phase(&self) -> Phase {
        self.lock().0
    }

    /// When the request that is arriving began to.
    pub(super) fn since(&self) -> Instant {
        self.lock().1
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.lock().0 = phase;
    }

    /// Whether a request is awaited or arrives, rather than being answered.
    pub(super) fn is_receiving(&self) -> bool {
        matches!(self.phase(), Phase::Idle | Phase::Head | Phase::Body)
    }

    fn begin(&self) {
        *self.lock() = (Phase::Head, Instant::now());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Phase, Instant)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream whose reading and writing fail when they take too long for the phase.
pub(super) struct Paced<S> {
    stream: S,
    pace: Arc<Pace>,
    timer: Pin<Box<Sleep>>,
    limits: Limits,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, pace: Arc<Pace>, limits: &Limits) -> Self {
        let timer = Box::pin(sleep_until(Instant::now() + limits.idle_time));
        Self { stream, pace, timer, limits: limits.clone() }
    }

    pub(super) fn into_inner(self) -> S {
        self.stream
    }

    /// Whether it is too late in this phase.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(read) => {
                if buffer.filled().len() > before && self.pace.phase() == Phase::Idle {
                    self.pace.begin();
                    let end = self.pace.since() + self.limits.request_time;
                    self.timer.as_mut().reset(end);
                }
                Poll::Ready(read)
            }
            Poll::Pending => match self.pace.phase() {
                // A body's time is kept where it is read, so that its sender can be told.
                Phase::Body | Phase::Answering => Poll::Pending,
                Phase::Idle | Phase::Head | Phase::Sending => self.poll_late(cx).map(Err),
            },
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.pace.phase() == Phase::Answering {
            self.pace.enter(Phase::Sending);
            let end = Instant::now() + self.limits.request_time;
            self.timer.as_mut().reset(end);
        }
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Pending => self.poll_late(cx).map(Err),
            written => written,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Pending => self.poll_late(cx).map(Err),
            Poll::Ready(flushed) => {
                // What is flushed is whole: an answer is one piece.
                if self.pace.phase() == Phase::Sending {
                    self.pace.enter(Phase::Idle);
                    let end = Instant::now() + self.limits.idle_time;
                    self.timer.as_mut().reset(end);
                }
                Poll::Ready(flushed)
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
