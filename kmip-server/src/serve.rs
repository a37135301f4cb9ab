//! From a configuration to a server that serves, until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::signal::unix::{SignalKind, signal};

use crate::audit::{Audit, AuditError, Keeper};
use crate::auth::{Clients, ServiceError, Users, UsersError, UsersWatch};
use crate::authority::{self, Authority, AuthorityError, RevocationsWatch, Trust};
use crate::config::Config;
use crate::crypto::legacy;
use crate::engine::{Engine, Settings};
use crate::metrics::{AuditLog, Measured, Metrics, Monitor, Objects, Probe, Transport};
use crate::process;
use crate::push::{self, Delivery};
use crate::rights::Folder;
use crate::seal::{MasterKeySource, Seal, SealError};
use crate::store::{self, Claim, StoreError};
use crate::transport::{Dialer, Listening, Options, Outgoing, Server, TlsReload, TransportError};
use crate::watch::{Watch, Watched};

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
    /// The audit log can't be written, or was tampered with.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The policies can't be read.
    #[error("the folder of policies {}: {error}", path.display())]
    Policies {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The users can't be read.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// The authority for Certify can't be used.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A group service can't be asked.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The server can't listen.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Monitoring can't be answered.
    #[error("monitoring at {address}: {error}")]
    Monitoring {
        /// Where.
        address: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The system doesn't let it run.
    #[error("the system: {0}")]
    System(#[from] std::io::Error),
}

/// Serves until SIGTERM or SIGINT. SIGHUP has certificates, users and policies read again, and what may change of the
/// configuration, which is what `again` returns then: the log's level, and the limit of requests a second. `ready` is told
/// where clients can connect, as soon as they can, and where monitoring can.
///
/// # Errors
/// When something that the server needs can't be used.
pub fn serve(
    config: Config,
    again: impl Fn() -> Result<Config, Box<dyn std::error::Error>>,
    ready: impl FnOnce(&Listening, Option<SocketAddr>),
) -> Result<(), StartError> {
    let missing = legacy::missing();
    if !missing.is_empty() {
        tracing::info!("this system's OpenSSL does not provide {}", missing.join(", "));
    }
    let mut watched = Vec::new();
    let _claim = Claim::new(&config.store)?;
    process::lock_memory();
    let metrics = config.monitoring.is_some().then(Metrics::new);
    let Parts { engine, config, keeper, probe, authority } = parts(config, metrics.clone(), &mut watched)?;
    let engine = Arc::new(engine);
    let probe = Arc::new(probe);
    let options =
        Options { listen: config.listen, https: config.listen_https, tls: config.tls, limits: config.limits };
    let clients: Vec<String> = config.engine.targets.iter().map(|target| target.client.clone()).collect();
    let dialers = dialers(&config.server_to_client, &options)?;
    // The transport never asks for more threads than its workers, except to look up a name at the start.
    // One more does what is asked for later, another seals objects anew, and some answer monitoring.
    let threads = options.limits.workers.saturating_add(5).saturating_add(clients.len());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(threads).build()?;
    if let Err(failure) = engine.resume() {
        tracing::error!(%failure, "operations that waited when the server ended could not be taken up");
    }
    let served = runtime.block_on(async {
        let later = tokio::spawn(work(Arc::clone(&engine)));
        let resealing = tokio::spawn(reseal(Arc::clone(&engine)));
        let server = Server::bind(&options, Arc::<Engine>::clone(&engine)).await?;
        let monitor = match (&config.monitoring, metrics) {
            (Some(address), Some(metrics)) => {
                metrics.collect(Transport(server.counters()));
                let monitor = Monitor::bind(address, metrics, Arc::clone(&probe)).await;
                Some(monitor.map_err(|error| StartError::Monitoring { address: address.clone(), error })?)
            }
            _ => None,
        };
        let told = Arc::clone(&engine);
        let mut deliveries = tokio::task::JoinSet::new();
        for (place, (dialer, client)) in dialers.into_iter().zip(clients.clone()).enumerate() {
            deliveries.spawn(Delivery::new(Arc::clone(&engine), place, client, dialer).run());
        }
        let (mut terminate, mut interrupt, mut hang_up) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
        );
        // A file that may not become any larger is an error of whoever writes it, and not the server's end.
        let _too_large = signal(SignalKind::from_raw(nix::libc::SIGXFSZ))?;
        let certifying = config.authority.clone();
        watched.push(Box::new(Certificates { tls: server.tls(), certifying, authority }));
        let watch = Watch::start(watched)?;
        ready(&server.listening(), monitor.as_ref().and_then(|monitor| monitor.address().ok()));
        let monitoring = monitor.map(|monitor| tokio::spawn(monitor.serve()));
        server
            .serve(async {
                loop {
                    tokio::select! {
                        _ = terminate.recv() => break,
                        _ = interrupt.recv() => break,
                        _ = hang_up.recv() => {
                            tracing::info!("reading certificates, users and policies again, and what may change of the configuration");
                            watch.reload();
                            change(&engine, again());
                        }
                    }
                }
                tracing::info!("stopping");
                probe.stop();
            })
            .await;
        deliveries.abort_all();
        push::tell_undelivered(&told, &clients, config.store != "memory:");
        later.abort();
        resealing.abort();
        if let Some(monitoring) = monitoring {
            monitoring.abort();
        }
        Ok(())
    });
    // What still runs was given up before: its client was told nothing, so nothing acknowledged is lost.
    runtime.shutdown_timeout(LAST_WAIT);
    // Whatever was done has been noted by now.
    drop(keeper);
    served
}

/// The ways to the clients that are told of things.
fn dialers(targets: &[Outgoing], options: &Options) -> Result<Vec<Dialer>, TransportError> {
    let limits = &options.limits;
    targets
        .iter()
        .map(|target| Dialer::new(target, &options.tls, limits.request_time, limits.request_size))
        .collect()
}

/// Puts in force what may change of the configuration.
fn change(engine: &Engine, config: Result<Config, Box<dyn std::error::Error>>) {
    let changed = config.and_then(|config| {
        config.log.change_level()?;
        engine.limit_pace(config.pace);
        Ok(())
    });
    if let Err(error) = changed {
        tracing::error!("{error}; the configuration from before stays in force");
    }
}

/// Does what clients have asked to be done later.
async fn work(engine: Arc<Engine>) {
    let mut beat = tokio::time::interval(BEAT);
    loop {
        beat.tick().await;
        let engine = Arc::clone(&engine);
        if let Err(error) = tokio::task::spawn_blocking(move || engine.work()).await {
            tracing::error!(%error, "an operation that was to be done later has failed");
        }
    }
}

/// Seals objects anew when the data key was changed, in no more than half of the time.
async fn reseal(engine: Arc<Engine>) {
    let mut running = false;
    loop {
        let engine = Arc::clone(&engine);
        let begin = Instant::now();
        let pause = match tokio::task::spawn_blocking(move || engine.reseal()).await {
            Ok(Ok(Some(progress))) => {
                if !running {
                    tracing::info!(objects = progress.total, "sealing everything under the new data key");
                }
                running = true;
                begin.elapsed()
            }
            Ok(Ok(None)) => {
                if std::mem::take(&mut running) {
                    tracing::info!("everything is sealed under the new data key");
                }
                BEAT
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "objects could not be sealed under the new data key");
                REST
            }
            Err(_) => return,
        };
        tokio::time::sleep(pause).await;
    }
}

/// Whether a server could start: everything that its configuration names is read, and nothing changed. The faults that
/// it would start with are returned: policy files that can't be read.
///
/// # Errors
/// What would keep it from starting, the first of it.
pub fn check(config: &Config) -> Result<Vec<String>, StartError> {
    // Others are read once, or given when they are needed.
    if config.master_key.source.is_there_to_read() {
        config.master_key.load()?;
    }
    check_all_but_master_key(config)
}

/// The same where the master key is yet to be made.
///
/// # Errors
/// As [`check`].
pub fn check_all_but_master_key(config: &Config) -> Result<Vec<String>, StartError> {
    let faults = match &config.policies {
        Some(path) => folder(path)?.1,
        None => Vec::new(),
    };
    clients(config, &mut Vec::new())?;
    config.tls.check()?;
    certification(config, &mut config.engine.clone(), &mut Vec::new())?;
    store::check(&config.store)?;
    Ok(faults)
}

/// What a server is made of.
struct Parts {
    engine: Engine,
    config: Config,
    keeper: Option<Keeper>,
    probe: Probe,
    authority: Option<Arc<Authority>>,
}

fn parts(
    config: Config,
    metrics: Option<Arc<Metrics>>,
    watched: &mut Vec<Box<dyn Watched>>,
) -> Result<Parts, StartError> {
    let master = config.master_key.load()?;
    let store = store::open(&config.store)?;
    let seal = Arc::new(Seal::open(&*store, &master)?);
    drop(master);
    let store = match &metrics {
        Some(metrics) => Arc::new(Measured::new(store, Arc::clone(metrics))),
        None => store,
    };
    let audit = match config.audit.enabled {
        true => Some(Audit::open(Arc::clone(&store), Arc::clone(&seal), config.audit.options.clone())?),
        false => None,
    };
    let mut settings = config.engine.clone();
    certification(&config, &mut settings, watched)?;
    let authority = settings.authority.clone();
    let mut engine =
        Engine::new(Arc::clone(&store), seal, settings).with_authenticator(clients(&config, watched)?);
    if let Some(path) = &config.policies {
        let (folder, faults) = folder(path)?;
        for fault in faults {
            tracing::error!("{fault}; objects under its policies can't be used until it is mended");
        }
        engine = engine.with_live_policies(folder.live());
        watched.push(Box::new(folder));
    }
    engine.limit_pace(config.pace);
    if let Some(metrics) = metrics {
        metrics.collect(Objects::new(Arc::clone(&store)));
        if let Some(audit) = &audit {
            metrics.collect(AuditLog(Arc::clone(audit)));
        }
        engine = engine.with_metrics(metrics);
    }
    let probe = Probe { store, audit: audit.clone(), stopping: AtomicBool::new(false) };
    let keeper = match audit {
        Some(audit) => {
            engine = engine.with_audit(Arc::clone(&audit));
            Some(Keeper::start(audit)?)
        }
        None => None,
    };
    Ok(Parts { engine, config, keeper, probe, authority })
}

/// What Certify, Re-certify and Validate work with.
fn certification(
    config: &Config,
    settings: &mut Settings,
    watched: &mut Vec<Box<dyn Watched>>,
) -> Result<(), StartError> {
    let authority = config.authority.authority()?;
    if let Some(authority) = &authority {
        config.authority.check_apart(authority, &Trust::read(&config.tls.client_ca)?)?;
    }
    settings.trust = config.authority.trust(authority.as_ref())?.map(Arc::new);
    settings.authority = authority.map(Arc::new);
    let options = &config.authority;
    if let Some(path) = &options.revoked {
        let roots = [&options.certificate, &options.trusted].into_iter().flatten().cloned().collect();
        let watch = RevocationsWatch::new(path.clone(), roots)?;
        settings.revoked = Some(watch.live());
        watched.push(Box::new(watch));
    }
    Ok(())
}

fn folder(path: &std::path::Path) -> Result<(Folder, Vec<String>), StartError> {
    let (folder, faults) =
        Folder::open(path).map_err(|error| StartError::Policies { path: path.to_owned(), error })?;
    Ok((folder, faults.iter().map(ToString::to_string).collect()))
}

fn clients(config: &Config, watched: &mut Vec<Box<dyn Watched>>) -> Result<Clients, StartError> {
    let users = match &config.auth.users {
        Some(path) => {
            let users = Arc::new(ArcSwap::from_pointee(Users::read(path)?));
            watched.push(Box::new(UsersWatch::new(path.clone(), Arc::clone(&users))));
            Some(users)
        }
        None => None,
    };
    let mut clients = Clients::new(&config.auth, users)?;
    if let Some(path) = &config.auth.revoked {
        let watch = RevocationsWatch::new(path.clone(), vec![config.tls.client_ca.clone()])?;
        clients = clients.with_revocations(watch.live());
        watched.push(Box::new(watch));
    }
    Ok(clients)
}

/// The server's certificate and key, and the authorities of clients: which must stay others than Certify's.
struct Certificates {
    tls: TlsReload,
    certifying: authority::Options,
    authority: Option<Arc<Authority>>,
}

impl Certificates {
    fn check(&self) -> Result<(), AuthorityError> {
        match &self.authority {
            Some(authority) => self.certifying.check_apart(authority, &Trust::read(self.tls.client_ca())?),
            None => Ok(()),
        }
    }
}

impl Watched for Certificates {
    fn files(&self) -> Vec<PathBuf> {
        self.tls.files().map(ToOwned::to_owned).into()
    }

    fn reload(&mut self) {
        let done = self.check().map_err(StartError::from).and_then(|()| Ok(self.tls.reload()?));
        match done {
            Ok(()) => tracing::info!("read the server's certificate and key"),
            // One of the two may be about to be replaced, too.
            Err(error) => tracing::error!("{error}; those from before stay in use"),
        }
    }
}

/// How long to wait in the end for threads that were given up.
const LAST_WAIT: Duration = Duration::from_millis(500);

/// How long to wait before what has failed is tried again.
const REST: Duration = Duration::from_secs(60);

/// How often what is to be done later is looked for.
const BEAT: Duration = Duration::from_millis(300);
