//! How much of everything there may be.

use std::time::Duration;

/// What connections may cost.
///
/// ```
/// use kmip_server::transport::Limits;
///
/// let limits = Limits { connections: 100, ..Limits::default() };
/// assert_eq!(limits.request_size, 2 << 20);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections being served at once. One more is told so and closed.
    pub connections: usize,
    /// Of these, how many of one client's certificate: the rest is for others. One more is told so and closed.
    pub connections_per_client: usize,
    /// Connections of one address, handshakes included; none if there is no limit: many clients may come by one. One more
    /// is closed.
    pub connections_per_address: Option<usize>,
    /// Handshakes at once. When there is one more, the one that has taken longest is given up.
    pub handshakes: usize,
    /// How long a handshake may take.
    pub handshake_time: Duration,
    /// How long a connection may be without a request.
    pub idle_time: Duration,
    /// How long a request may take to arrive from its first byte on, and its answer to be taken.
    pub request_time: Duration,
    /// Bytes in a request, its header included.
    pub request_size: usize,
    /// Threads for requests that wait or compute for long. More such requests than these wait for their turn.
    pub workers: usize,
    /// Of these, how many for one client at once.
    pub workers_per_client: usize,
    /// How long to wait at the end for requests that are being answered.
    pub shutdown_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            connections_per_client: 15_360,
            connections_per_address: None,
            handshakes: 512,
            handshake_time: Duration::from_secs(10),
            // Many clients open one connection and use it now and then; few of them open a new one by themselves.
            idle_time: Duration::from_secs(60 * 60),
            request_time: Duration::from_secs(30),
            request_size: kmip::ttlv::Limits::DEFAULT.size,
            // Most of these wait for a commit, which they share: many threads, not many processors.
            workers: 64,
            workers_per_client: 48,
            shutdown_time: Duration::from_secs(10),
        }
    }
}
