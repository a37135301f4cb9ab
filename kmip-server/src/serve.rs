//! From a configuration to a server that serves, until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::engine::Engine;
use crate::seal::{KeyFile, MasterKeySource, Seal, SealError};
use crate::store::{self, StoreError};
use crate::transport::{Options, Server, TransportError};

/// Why a server can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key can't be had, or isn't the store's.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The server can't listen.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The system doesn't let it run.
    #[error("the system: {0}")]
    System(#[from] std::io::Error),
}

/// Serves until SIGTERM or SIGINT. `ready` is told where, as soon as clients can connect.
///
/// # Errors
/// When something that the server needs can't be used.
pub fn serve(config: Config, ready: impl FnOnce(&[SocketAddr])) -> Result<(), StartError> {
    let master = KeyFile::new(&config.master_key).load()?;
    let store = store::open(&config.store)?;
    let seal = Arc::new(Seal::open(&*store, &master)?);
    drop(master);
    let engine = Arc::new(Engine::new(store, seal, config.engine));
    let options = Options { listen: config.listen, tls: config.tls, limits: config.limits };
    // The transport never asks for more threads than its workers, except to look up a name at the start.
    let threads = options.limits.workers.saturating_add(1);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(threads).build()?;
    let served = runtime.block_on(async {
        let server = Server::bind(&options, engine).await?;
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let addresses: Vec<SocketAddr> = server.addresses().collect();
        ready(&addresses);
        server
            .serve(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                tracing::info!("stopping");
            })
            .await;
        Ok(())
    });
    // What still runs was given up before: its client was told nothing, so nothing acknowledged is lost.
    runtime.shutdown_timeout(LAST_WAIT);
    served
}

/// How long to wait in the end for threads that were given up.
const LAST_WAIT: Duration = Duration::from_millis(500);
