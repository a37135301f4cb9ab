//! Listening, TLS, and how much of everything there may be. Bytes in, bytes out: what they say is the
//! [`Handler`]'s business.
//!
//! A connection is accepted, proves in the TLS handshake that it holds a certificate of an accepted authority, and
//! is then read request by request. Until that proof it counts as a handshake, of which there are
//! few: when there are more, the one that has taken longest is given up. So whoever opens connections and says
//! nothing stands in nobody's way but the like of them.

mod addresses;
pub(crate) mod ciphers;
mod counters;
mod error;
mod handshakes;
mod https;
mod limits;
mod outgoing;
mod places;
mod stop;
mod tls;

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use openssl::ssl::{Ssl, SslContext};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_openssl::SslStream;

pub(crate) use counters::Counters;
pub use error::TransportError;
pub use limits::Limits;
pub use outgoing::Outgoing;
pub(crate) use outgoing::{Dialer, Line};
pub(crate) use stop::{Stop, Stopper};
pub use tls::{TlsOptions, TlsVersion};

use self::addresses::{Addresses, OfAddress};
use self::handshakes::Handshakes;
use self::places::{Place, Places};
use crate::connection::{self, Service};
use crate::handler::{Handler, Peer, Refusal};

/// Where and how a server listens.
#[derive(Clone, Debug)]
pub struct Options {
    /// The addresses to listen on, as `HOST:PORT`. Port 0 is any free one.
    pub listen: Vec<String>,
    /// The addresses to listen on for HTTPS; none where it isn't spoken.
    pub https: Vec<String>,
    /// Certificates and what else concerns TLS.
    pub tls: TlsOptions,
    /// How much there may be.
    pub limits: Limits,
}

/// Where a server listens, with the real ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// For KMIP itself.
    pub kmip: Vec<SocketAddr>,
    /// For HTTPS.
    pub https: Vec<SocketAddr>,
}

/// A server that listens, and accepts as soon as it is told to [`serve`](Self::serve).
pub struct Server {
    listeners: Vec<(TcpListener, SocketAddr, Protocol)>,
    gate: Gate,
    stopper: Stopper,
    reload: TlsReload,
}

/// Certificates and keys of a server that serves, to be read again.
#[derive(Clone)]
pub struct TlsReload {
    options: TlsOptions,
    context: Arc<ArcSwap<SslContext>>,
}

impl TlsReload {
    /// The files.
    pub fn files(&self) -> [&std::path::Path; 3] {
        [&self.options.certificate, &self.options.key, &self.options.client_ca]
    }

    /// The file with the authorities of clients.
    pub(crate) fn client_ca(&self) -> &std::path::Path {
        &self.options.client_ca
    }

    /// Reads them again, for the connections that come from now on.
    ///
    /// # Errors
    /// When they can't be used: those from before stay in use.
    pub fn reload(&self) -> Result<(), TransportError> {
        self.context.store(Arc::new(self.options.context()?));
        Ok(())
    }
}

impl std::fmt::Debug for TlsReload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsReload").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Server {
    /// Listens on all addresses.
    ///
    /// # Errors
    /// When an address can't be listened on, or a certificate or key can't be used.
    pub async fn bind(options: &Options, handler: Arc<dyn Handler>) -> Result<Self, TransportError> {
        let tls = Arc::new(ArcSwap::from_pointee(options.tls.context()?));
        let binary = options.listen.iter().map(|address| (address, Protocol::Ttlv));
        let https = options.https.iter().map(|address| (address, Protocol::Https));
        let mut listeners = Vec::with_capacity(options.listen.len());
        for (address, protocol) in binary.chain(https) {
            let listener = listen(address).await?;
            let bound = listener.local_addr().map_err(|error| TransportError::listen(address, error))?;
            listeners.push((listener, bound, protocol));
        }
        let limits = options.limits.clone();
        let stopper = Stopper::new();
        let reload = TlsReload { options: options.tls.clone(), context: Arc::clone(&tls) };
        let gate = Gate {
            tls,
            handshakes: Handshakes::new(limits.handshakes),
            places: Places::new(&limits),
            addresses: Addresses::new(limits.connections_per_address),
            service: Arc::new(Service::new(handler, limits)),
            stop: stopper.stop(),
        };
        Ok(Self { listeners, gate, stopper, reload })
    }

    /// The addresses it listens on, in the order of the options, with their real ports.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.bound(Protocol::Ttlv)
    }

    /// The same of everything that is spoken.
    pub fn listening(&self) -> Listening {
        Listening { kmip: self.addresses().collect(), https: self.bound(Protocol::Https).collect() }
    }

    fn bound(&self, of: Protocol) -> impl Iterator<Item = SocketAddr> {
        self.listeners.iter().filter(move |(_, _, protocol)| *protocol == of).map(|(_, address, _)| *address)
    }

    /// What it counts.
    pub(crate) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.gate.service.counters)
    }

    /// What reads its certificates and keys again.
    pub fn tls(&self) -> TlsReload {
        self.reload.clone()
    }

    /// Serves until `shutdown` is over. Then nothing is accepted any more, requests that are being answered are
    /// answered, and everything else is closed.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self { listeners, gate, stopper, .. } = self;
        let grace = gate.service.limits.shutdown_time;
        let gate = Arc::new(gate);
        let mut accepting = JoinSet::new();
        for (listener, address, protocol) in listeners {
            accepting.spawn(accept(listener, address, protocol, Arc::clone(&gate)));
        }
        shutdown.await;
        stopper.stop_all();
        let finished = timeout(grace, async { while accepting.join_next().await.is_some() {} }).await;
        if finished.is_err() {
            tracing::warn!(after = ?grace, "gave up waiting for requests that are still being answered");
            // Dropping the tasks drops the connections they own.
            accepting.shutdown().await;
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("listeners", &self.listeners).finish_non_exhaustive()
    }
}

/// Serves one connection over a stream that is there already, of a peer that is known already, to its end: the conversation
/// without listening and TLS, for servers inside of something else, and for tests.
///
/// It needs tokio's runtime with timers.
pub async fn converse<S>(stream: S, peer: Peer, handler: Arc<dyn Handler>, limits: Limits)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let places = Places::new(&limits);
    let Ok(place) = places.take(&peer) else { return };
    let stopper = Stopper::new();
    let service = Service::new(handler, limits);
    connection::serve(stream, Arc::new(peer), place.turns(), &service, stopper.stop()).await;
}

/// What is spoken inside TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// Messages in binary, one behind the other.
    Ttlv,
    /// HTTP.
    Https,
}

/// What every connection passes on its way in.
struct Gate {
    tls: Arc<ArcSwap<SslContext>>,
    handshakes: Handshakes,
    places: Places,
    addresses: Addresses,
    service: Arc<Service>,
    stop: Stop,
}

/// Accepts connections until the server stops, and then waits for those that are being served.
async fn accept(listener: TcpListener, address: SocketAddr, protocol: Protocol, gate: Arc<Gate>) {
    let mut stop = gate.stop.clone();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.stopped() => break,
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended && error.is_panic() {
                    tracing::error!("a connection ended in a panic");
                }
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    gate.service.counters.accepted.add();
                    match gate.addresses.take(peer.ip()) {
                        Some(of_address) => {
                            connections.spawn(admit(stream, peer, of_address, protocol, Arc::clone(&gate)));
                        }
                        None => {
                            gate.service.counters.of_address.add();
                            tracing::info!(address = %peer, "refused a connection: there are too many of this address");
                        }
                    }
                }
                // A connection that is gone again already is no trouble. A lack of descriptors or memory is:
                // trying on at once would change nothing and take the processor from those who could end it.
                Err(error) => {
                    tracing::warn!(%address, %error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Lets one connection in, and serves it to its end.
async fn admit(
    stream: TcpStream,
    address: SocketAddr,
    of_address: OfAddress,
    protocol: Protocol,
    gate: Arc<Gate>,
) {
    let Some((stream, peer, place)) = Box::pin(knock(stream, address, protocol, &gate)).await else { return };
    let open = gate.service.counters.hold(|counters| &counters.open);
    tracing::debug!(%address, client = peer.common_name(), "connected");
    let (peer, turns, stop) = (Arc::new(peer), place.turns(), gate.stop.clone());
    let end = match protocol {
        Protocol::Ttlv => connection::serve(stream, peer, turns, &gate.service, stop).await,
        Protocol::Https => Box::pin(https::serve(stream, peer, turns, &gate.service, stop)).await,
    };
    tracing::debug!(%address, %end, "disconnected");
    drop((place, open, of_address));
}

/// The handshake, and a place among the connections. Both are refused here.
async fn knock(
    stream: TcpStream,
    address: SocketAddr,
    protocol: Protocol,
    gate: &Gate,
) -> Option<(SslStream<TcpStream>, Peer, Place)> {
    let mut turn = gate.handshakes.enter();
    let mut stop = gate.stop.clone();
    let (limits, counters) = (&gate.service.limits, &gate.service.counters);
    let _going_on = counters.hold(|counters| &counters.handshakes);
    let admission = async {
        let (mut stream, peer) =
            match timeout(limits.handshake_time, shake(stream, address, &gate.tls.load_full())).await {
                Err(_) => {
                    counters.slow.add();
                    tracing::info!(%address, "the TLS handshake took too long");
                    return None;
                }
                Ok(Err(reason)) => {
                    counters.failed.add();
                    tracing::info!(%address, %reason, "the TLS handshake failed");
                    return None;
                }
                Ok(Ok(accepted)) => accepted,
            };
        match gate.places.take(&peer) {
            Ok(place) => Some((stream, peer, place)),
            Err(refusal) => {
                match refusal {
                    Refusal::TooManyOfOne { .. } => counters.of_client.add(),
                    _ => counters.of_server.add(),
                }
                tracing::warn!(%address, client = peer.common_name(), reason = %refusal, "refused a connection");
                let stop = &mut gate.stop.clone();
                match protocol {
                    Protocol::Ttlv => connection::refuse(&mut stream, &gate.service, &refusal, stop).await,
                    Protocol::Https => https::refuse(&mut stream, &refusal, stop).await,
                }
                None
            }
        }
    };
    tokio::select! {
        admitted = admission => admitted,
        () = turn.over() => {
            counters.crowded.add();
            tracing::warn!(%address, "gave up an unfinished TLS handshake in favour of newer ones");
            None
        }
        () = stop.stopped() => None,
    }
}

/// The TLS handshake itself.
async fn shake(
    stream: TcpStream,
    address: SocketAddr,
    tls: &SslContext,
) -> Result<(SslStream<TcpStream>, Peer), String> {
    // An answer is one write: waiting for more to send with it would only delay it.
    if let Err(error) = stream.set_nodelay(true) {
        return Err(error.to_string());
    }
    let ssl = Ssl::new(tls).map_err(|error| error.to_string())?;
    let mut stream = SslStream::new(ssl, stream).map_err(|error| error.to_string())?;
    if let Err(error) = Pin::new(&mut stream).accept().await {
        return Err(tls::reason(stream.ssl(), &error));
    }
    let certificate = tls::peer_certificate(stream.ssl())?;
    Ok((stream, Peer { address, certificate }))
}

async fn listen(address: &str) -> Result<TcpListener, TransportError> {
    let failed = |error| TransportError::listen(address, error);
    let resolved = tokio::net::lookup_host(address).await.map_err(failed)?;
    let mut failure = None;
    for candidate in resolved {
        let socket = if candidate.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let listening = socket.and_then(|socket| {
            // A port that connections of a server before this one still linger on is free.
            socket.set_reuseaddr(true)?;
            socket.bind(candidate)?;
            socket.listen(BACKLOG)
        });
        match listening {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = Some(error),
        }
    }
    Err(failed(failure.unwrap_or_else(|| std::io::ErrorKind::AddrNotAvailable.into())))
}

/// Connections that the system may hold until they are accepted.
const BACKLOG: u32 = 4096;

/// How long to wait after a connection couldn't be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
