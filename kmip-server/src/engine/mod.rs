//! The engine: one request in, its response out.
//!
//! A message goes straight down: decode, find out who asks, and then for each batch item look at the caller's rights,
//! run the operation, write the response. Nothing here knows of sockets, TLS or threads:
//!
//! ```
//! # use std::sync::Arc;
//! use bytes::Bytes;
//! use kmip_server::engine::{Engine, Settings};
//! use kmip_server::handler::{Disposition, Peer};
//! use kmip_server::seal::{MasterKey, Seal};
//! use kmip_server::store;
//!
//! let store = store::open("memory:")?;
//! let seal = Arc::new(Seal::open(&*store, &MasterKey::generate()?)?);
//! let engine = Engine::new(store, seal, Settings::default());
//! let peer = Peer { address: "127.0.0.1:40000".parse()?, certificate: None };
//! let answer = engine.answer(&peer, &Bytes::from_static(b"no message"));
//! assert_eq!(answer.disposition, Disposition::Close);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod adopt;
mod ahead;
mod asynchronous;
mod attributes;
mod batch;
mod completion;
mod context;
mod cryptoki;
mod failure;
mod handler;
mod identity;
mod imported;
mod index;
pub(crate) mod keys;
pub(crate) mod leniency;
mod lifecycle;
pub(crate) mod locate;
mod material;
mod names;
mod object;
mod pace;
pub(crate) mod push;
mod record;
mod refusal;
mod response;
mod streams;
mod tickets;
mod transcript;
mod weak;
mod writer;

use std::num::NonZeroU32;
use std::sync::Arc;

use arc_swap::ArcSwap;
use kmip::ttlv::{Bytes, DateTime, Limits, Mode, Text, Version};
use kmip::types::message::version_of;
use kmip::types::{RequestMessage, version};

use self::account::{Account, Open, Origin};
pub(crate) use self::adopt::{Adopted, adopt};
pub(crate) use self::attributes::implicit::generator;
pub(crate) use self::attributes::request::{
    PROTECTION, SUBJECT, algorithm, check_protection, flag, length, required, usage_mask,
};
pub(crate) use self::attributes::{Adjustment, Change, Which, numbered};
pub use self::attributes::{Facts, Purpose, Requested, View};
pub use self::context::Context;
pub use self::failure::{Failure, Kind};
pub use self::identity::{Authenticator, ByCertificate};
pub use self::lifecycle::Use;
pub(crate) use self::lifecycle::{check_use, date, is_destroyed};
pub(crate) use self::material::{
    compress, convert, facts, fit, is_wrapped, key_block, key_block_mut, object_type, secret_bytes,
    secret_data, secret_data_of, symmetric_key, symmetric_key_bytes,
};
pub use self::object::Managed;
pub use self::push::Target;
use self::response::{Answered, Response};
pub use self::streams::StreamLimits;
pub(crate) use self::streams::{End, Gather, Stream, Work};
pub(crate) use self::tickets::{Grant, Wanted as WantedTicket};
pub(crate) use self::writer::{New, Writer};
use crate::audit::Audit;
use crate::authority::{Authority, LiveRevocations, Trust};
use crate::handler::{Disposition, Peer};
use crate::metrics::Metrics;
use crate::request::RequestId;
use crate::rights::{LivePolicies, Policies};
use crate::seal::{self, Seal, SealError};
use crate::store::Store;
use crate::wipe::Wiped;

/// What the engine is set to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What Query calls the vendor.
    pub vendor: Text,
    /// What Query calls the server, where it has a name of its own.
    pub server_name: Option<Text>,
    /// How long a lease lasts, in seconds: the Lease Time of new objects.
    pub lease_time: u32,
    /// What a request may be at the most.
    pub limits: Limits,
    /// How many bytes a response may have, whatever its client would take.
    pub response_size: usize,
    /// How many items a batch may have.
    pub batch_items: usize,
    /// Whether a Name is refused that another object has already, of those that the client may locate (KMIP 1.4 §3.2).
    /// PyKMIP never refuses one, and its clients do give several objects the same.
    pub unique_names: bool,
    /// Whether an object that the client may not locate is answered as if it weren't there, rather than with Permission
    /// Denied.
    pub hide_objects: bool,
    /// Whether RSA key pairs of fewer than 1024 bits are made.
    pub weak_rsa: bool,
    /// Whether clients may announce interoperability tests (2.0 §6.1.25: not "in a production server").
    pub interop: bool,
    /// How many operations may wait for their next part.
    pub streams: StreamLimits,
    /// Whether weak algorithms may be used: DES and 3DES, Blowfish, CAST5, IDEA, RC4, MD4, MD5, and SHA-1 in signatures.
    pub weak_algorithms: bool,
    /// Whom the server tells what happens, without being asked.
    pub targets: Vec<Target>,
    /// The authority that Certify and Re-certify issue with. None: they are not served.
    pub authority: Option<Arc<Authority>>,
    /// The roots that Validate trusts. None: it is not served.
    pub trust: Option<Arc<Trust>>,
    /// Revocation lists of these roots and of those below them.
    pub revoked: Option<LiveRevocations>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            vendor: Text::from_static("kmip-server"),
            server_name: None,
            lease_time: 3600,
            limits: Limits::DEFAULT,
            response_size: 16 << 20,
            batch_items: 1024,
            unique_names: false,
            hide_objects: true,
            weak_rsa: false,
            interop: false,
            streams: StreamLimits::default(),
            weak_algorithms: true,
            targets: Vec::new(),
            authority: None,
            trust: None,
            revoked: None,
        }
    }
}

/// Answers requests.
pub struct Engine {
    store: Arc<dyn Store>,
    seal: Arc<Seal>,
    policies: LivePolicies,
    authenticator: Box<dyn Authenticator>,
    settings: Settings,
    clock: fn() -> DateTime,
    streams: streams::Streams,
    cryptoki: cryptoki::Instances,
    tickets: tickets::Tickets,
    waiting: asynchronous::Waiting,
    pushes: push::Pushes,
    pace: pace::Pace,
    audit: Option<Arc<Audit>>,
    metrics: Option<Arc<Metrics>>,
}

/// The answer to one message.
#[derive(Debug)]
pub struct Answer {
    /// The response message; wiped when it is dropped.
    pub bytes: Wiped,
    /// What becomes of the connection. It is closed when what came was no KMIP message, or from someone else than they
    /// said.
    pub disposition: Disposition,
}

impl Engine {
    /// An engine over a store, with the built-in policies, that knows clients by their certificates.
    pub fn new(store: Arc<dyn Store>, seal: Arc<Seal>, settings: Settings) -> Self {
        Self {
            store,
            seal,
            policies: Arc::new(ArcSwap::from_pointee(Policies::built_in())),
            authenticator: Box::new(ByCertificate),
            pushes: push::Pushes::new(settings.targets.len()),
            settings,
            clock: DateTime::now,
            streams: streams::Streams::default(),
            cryptoki: cryptoki::Instances::default(),
            tickets: tickets::Tickets::default(),
            waiting: asynchronous::Waiting::default(),
            pace: pace::Pace::default(),
            audit: None,
            metrics: None,
        }
    }

    /// The engine with other policies.
    #[must_use]
    pub fn with_policies(self, policies: Policies) -> Self {
        self.with_live_policies(Arc::new(ArcSwap::from_pointee(policies)))
    }

    /// The engine with policies that may change.
    #[must_use]
    pub fn with_live_policies(self, policies: LivePolicies) -> Self {
        Self { policies, ..self }
    }

    /// The engine with another way to know its clients.
    #[must_use]
    pub fn with_authenticator(self, authenticator: impl Authenticator + 'static) -> Self {
        Self { authenticator: Box::new(authenticator), ..self }
    }

    /// The engine with another clock.
    #[must_use]
    pub fn with_clock(self, clock: fn() -> DateTime) -> Self {
        Self { clock, ..self }
    }

    /// The engine with an audit log, which records all that it is asked for.
    #[must_use]
    pub fn with_audit(self, audit: Arc<Audit>) -> Self {
        Self { audit: Some(audit), ..self }
    }

    /// Seals some objects anew if the data key was changed; how far it is then. To be called several times a second.
    ///
    /// # Errors
    ///
    /// When something does not open, or the store fails.
    pub fn reseal(&self) -> Result<Option<seal::Progress>, SealError> {
        self.seal.reseal(&*self.store)
    }

    /// The engine with someone who counts what it does.
    #[must_use]
    pub fn with_metrics(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// Has each user send no more than so many requests a second.
    pub fn limit_pace(&self, requests: Option<NonZeroU32>) {
        self.pace.set(requests);
    }

    /// Answers one message of a peer, whatever it is.
    pub fn answer(&self, peer: &Peer, message: &Bytes) -> Answer {
        let request = RequestId::new();
        let _current = request.enter();
        if !tracing::enabled!(target: MESSAGES, tracing::Level::DEBUG) {
            return self.answer_message(request, peer, message);
        }
        let show = |bytes: &Bytes| transcript::readable(bytes, self.settings.limits);
        tracing::debug!(target: MESSAGES, peer = %peer.address, "request\n{}", show(message));
        let answer = self.answer_message(request, peer, message);
        let bytes = Bytes::from_owner(answer.bytes.clone());
        tracing::debug!(target: MESSAGES, peer = %peer.address, "response\n{}", show(&bytes));
        answer
    }

    fn answer_message(&self, request: RequestId, peer: &Peer, message: &Bytes) -> Answer {
        let mut open = Open { engine: self, account: Account::new(Origin::new(request, peer)) };
        let answer = self.answer_accounted(peer, message, &mut open.account);
        match &self.audit {
            Some(audit) if open.account.told && audit.is_strict() => match audit.flush() {
                Ok(()) => answer,
                Err(_) => self.unrecorded(message),
            },
            _ => answer,
        }
    }

    fn answer_accounted(&self, peer: &Peer, message: &Bytes, account: &mut Account) -> Answer {
        let now = (self.clock)();
        self.streams.sweep(now, self.settings.streams);
        self.cryptoki.sweep(now, self.settings.streams);
        let limits = self.settings.limits;
        let request = RequestMessage::read(message, Mode::Lenient, limits).or_else(|error| {
            let mended =
                version_of(message).ok().and_then(|version| leniency::mend(message, version, &error, limits));
            match mended {
                Some(mended) => RequestMessage::read(&mended, Mode::Lenient, limits).map_err(|_| error),
                None => Err(error),
            }
        });
        let known =
            request.and_then(|request| Ok((request.request_header.protocol_version.known()?, request)));
        match known {
            Ok(_) if self.audit.as_ref().is_some_and(|audit| audit.refuses()) => self.unrecorded(message),
            Ok((version, request)) => self.handle(peer, request, version, now, account),
            Err(error) => {
                let refused = refusal::undecodable(message, &error, &self.settings);
                account.origin.version = Some(refused.version);
                self.tell_refused(account, refused.answered.operation, &refused.failure, refused.version);
                refused.answer(message, now)
            }
        }
    }

    /// The answer where nothing may be told that can't be recorded.
    #[cold]
    fn unrecorded(&self, message: &Bytes) -> Answer {
        let version = version_of(message).unwrap_or(version::OLDEST);
        let Ok(mut response) = Response::new(version, (self.clock)(), usize::MAX, None) else {
            return Answer { bytes: Wiped::default(), disposition: Disposition::Close };
        };
        response.failure(
            Answered::default(),
            &Failure::new(Kind::Internal, "the audit log cannot be written: nothing is served until it can"),
        );
        response.finish(Disposition::KeepOpen)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The target of the log's entries of whole messages.
const MESSAGES: &str = "kmip_server::messages";

/// The newest version that the server speaks.
pub(crate) const LATEST: Version = match version::ALL {
    [.., latest] => *latest,
    [] => version::OLDEST,
};
