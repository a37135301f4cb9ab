//! Talking to a KMIP server, of any make.
//!
//! A [`Client`] sends a typed request and gives back its typed answer; [`blocking::Client`] is the same without
//! `async`.
//!
//! ```no_run
//! use kmip::{
//!     client::{Identity, Options, blocking::Client},
//!     types::{AttributeSet, CryptographicAlgorithm, CryptographicUsageMask},
//! };
//!
//! let mut options = Options::new("kms.example.org".parse()?);
//! options.ca = Some("ca.crt".into());
//! options.identity = Some(Identity::new("client.crt", "client.key"));
//! let mut client = Client::connect(options)?;
//!
//! let usage = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
//! let attributes = AttributeSet::new().with_name("backup").with_usage(usage);
//! let id = client.create(CryptographicAlgorithm::AES, 256, attributes)?;
//! client.activate(&id)?;
//! println!("made {id}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! There is a method for every operation that clients ask servers for (see [`calls`]), and [`Client::send`] for any
//! payload of the tables. Objects come and go with their attributes ([`objects`]); several operations go in one message
//! ([`Batch`]); data too large for one goes in parts ([`Client::send_parts`]); a [`Pool`] serves several threads or tasks.
//!
//! # Versions
//!
//! Requests are in KMIP 1.2 unless [`Options::version`] or [`Client::set_version`] says otherwise; [`Client::at`] is for one
//! call in another version, and [`Client::negotiate`] asks the server and takes the highest. Attributes take the form that
//! the version has. What a version doesn't have is an error, and nothing is sent.
//!
//! # Transports
//!
//! Messages go over TLS in binary; with the feature `https` also over HTTPS, in binary, XML or JSON
//! ([`Options::transport`]).
//!
//! # Servers, connections and failures
//!
//! A client has one connection, to the first server of its list that can be reached, and one request under way at a time
//! (which is what `&mut self` says); use several clients, or a pool, for more. A connection that the server closed while it
//! was idle is replaced before the next request is sent. Once a request has been sent, it is never sent again: the
//! server may have acted on it, and [`Error::may_have_taken_effect`] tells whether.

mod at;
mod batch;
pub mod blocking;
mod call;
pub mod calls;
mod connection;
mod error;
mod faces;
mod frame;
#[cfg(feature = "https")]
mod https;
mod line;
mod negotiate;
pub mod objects;
mod options;
mod parts;
mod pool;
pub mod pykmip;
mod tls;
mod watch;

/// The examples of the documentation have to compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/client.md")]
struct Documentation;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails there says where")]
mod tests;

use openssl::ssl::SslConnector;

#[cfg(feature = "https")]
pub use self::options::Encoding;
pub use self::{
    at::{At, Versioned},
    batch::{Answers, Batch, Place},
    call::{Call, Id},
    calls::{Ciphertext, Found},
    error::{Attempt, Error, Result, Role, Unreachable, Violation},
    options::{Address, Identity, NotAnAddress, Options, PORT, Pem, Transport},
    parts::{Ends, Streamed},
    pool::{Pool, Pooled},
    watch::{Watch, Watcher},
};
use self::{batch::Outgoing, line::Line};
pub use crate::types::Credential;
use crate::{
    ttlv::{Bytes, Version},
    types::Request,
};

/// A client of a KMIP server.
///
/// See [the module](self) for an example.
#[derive(Debug)]
pub struct Client {
    options: Options,
    version: Version,
    tls: Option<SslConnector>,
    connection: Option<Line>,
    /// Which server of the list was reached last.
    server: usize,
}

impl Client {
    /// A client that is not open yet.
    pub fn new(options: Options) -> Self {
        Self { version: options.version, options, tls: None, connection: None, server: 0 }
    }

    /// A client that is open.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub async fn connect(options: Options) -> Result<Self> {
        let mut client = Self::new(options);
        client.open().await?;
        Ok(client)
    }

    /// Reads the certificates and connects to a server.
    ///
    /// # Errors
    ///
    /// When the client is open, a certificate or key can't be used, or no server can be reached.
    pub async fn open(&mut self) -> Result<()> {
        if self.is_open() {
            return Err(Error::AlreadyOpen);
        }
        self.tls = Some(tls::connector(&self.options)?);
        match self.reach().await {
            Ok(connection) => self.connection = Some(connection),
            Err(error) => {
                self.tls = None;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Closes the connection.
    ///
    /// # Errors
    ///
    /// When the client isn't open.
    pub async fn close(&mut self) -> Result<()> {
        self.tls.take().ok_or(Error::NotOpen)?;
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
        Ok(())
    }

    /// Closes the connection and makes another, with the certificates that were read before.
    ///
    /// # Errors
    ///
    /// When the client isn't open, or no server can be reached.
    pub async fn reconnect(&mut self) -> Result<()> {
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
        self.connection = Some(self.reach().await?);
        Ok(())
    }

    /// Whether the client was opened, and not closed.
    pub fn is_open(&self) -> bool {
        self.tls.is_some()
    }

    /// How the client talks to servers.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The server of the present or last connection; before the first, the one that is tried first.
    pub fn server(&self) -> Option<&Address> {
        self.options.servers.get(self.server)
    }

    /// The protocol version of the requests.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Sets the protocol version of the requests to come.
    pub fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    /// This client, in another protocol version until what it gives is dropped.
    ///
    /// ```no_run
    /// # use kmip::{client::{Client, Options}, types::version};
    /// # async fn example(client: &mut Client) -> kmip::client::Result<()> {
    /// let found = client.at(version::V2_0).get("fe2a").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn at(&mut self, version: Version) -> At<'_, Self> {
        At::new(self, version)
    }

    /// Sends a request in the version in use; gives back the answer.
    ///
    /// # Errors
    ///
    /// When the request can't be sent, or has no answer, or is refused.
    pub async fn send<R: Request + Send + 'static>(&mut self, request: R) -> Result<R::Response> {
        self.call(Call::from(request)).await
    }

    /// Sends a call in the version in use; gives back its result.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub async fn call<T>(&mut self, call: Call<T>) -> Result<T> {
        let mut batch = Batch::new();
        let place = batch.call(call);
        self.batch(batch).await?.take(place)
    }

    /// Sends several requests in one message; gives back the answers.
    ///
    /// # Errors
    ///
    /// When the message can't be sent, has no answer, or is refused as a whole. That a single operation failed is found
    /// in the answers.
    pub async fn batch(&mut self, batch: Batch) -> Result<Answers> {
        let outgoing = Outgoing::new(batch, &self.options, self.version)?;
        let answer = self.exchange(&outgoing.message).await?;
        outgoing.answers(&answer, &self.options)
    }

    /// Sends a message as it is; gives back the answer as it is.
    ///
    /// # Errors
    ///
    /// When it can't be sent, or has no answer.
    pub async fn exchange(&mut self, message: &[u8]) -> Result<Bytes> {
        if let Some(watch) = &self.options.watch
            && watch.request(message).is_break()
        {
            return Err(Error::Withheld);
        }
        let (mut connection, used) = self.take_connection().await?;
        let answer = match connection.exchange(message, &self.options).await {
            // The server closed it just now. It has not got all of the request, so it can't have acted on it.
            Err(Error::Lost { sent: false, .. }) if used => {
                connection = self.reach().await?;
                connection.exchange(message, &self.options).await?
            }
            result => result?,
        };
        // Only now is it known that the next answer will be that of the next request.
        self.connection = Some(connection);
        if let Some(watch) = &self.options.watch {
            watch.response(&answer);
        }
        Ok(answer)
    }

    /// The connection if it is of use, or a new one; whether it has been in use.
    async fn take_connection(&mut self) -> Result<(Line, bool)> {
        if !self.is_open() {
            return Err(Error::NotOpen);
        }
        if let Some(mut connection) = self.connection.take()
            && !connection.is_spoilt().await
        {
            return Ok((connection, true));
        }
        Ok((self.reach().await?, false))
    }

    /// Connects to the first server that can be reached, beginning with that of last time.
    async fn reach(&mut self) -> Result<Line> {
        let tls = self.tls.as_ref().ok_or(Error::NotOpen)?;
        let count = self.options.servers.len();
        let mut attempts = Vec::new();
        for index in (self.server..count).chain(0..self.server.min(count)) {
            let Some(server) = self.options.servers.get(index) else { continue };
            match Line::open(server, tls, &self.options).await {
                Ok(connection) => {
                    self.server = index;
                    return Ok(connection);
                }
                Err(failure) => attempts.push(Attempt { server: server.clone(), failure }),
            }
        }
        Err(Error::Connect(attempts))
    }
}
