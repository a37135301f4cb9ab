//! The same client without `async`.

use std::{io, thread};

use tokio::runtime::{Builder, Handle, Runtime};

pub use super::pool::blocking::{Pool, Pooled};
use super::{
    Address, Answers, At, Batch, Call, Error, Options, Result,
    parts::{Ends, Plain, Streamed},
};
use crate::{
    ttlv::{Bytes, Version},
    types::Request,
};

/// A client of a KMIP server whose calls wait for the answer.
///
/// It is [`super::Client`] with a runtime of its own, and may be used within another one, too: what it waits for then
/// runs on a thread made for it.
#[derive(Debug)]
pub struct Client {
    client: super::Client,
    /// There until the client is dropped.
    runtime: Option<Runtime>,
}

macro_rules! wait {
    ($self:ident, |$client:ident| $call:expr) => {{
        let runtime = $self.runtime.as_ref().ok_or(Error::NotOpen)?;
        let $client = &mut $self.client;
        block_on(runtime, $call)?
    }};
}

impl Client {
    /// A client that is not open yet.
    ///
    /// # Errors
    ///
    /// When the operating system has no room for a runtime.
    pub fn new(options: Options) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Error::System)?;
        Ok(Self { client: super::Client::new(options), runtime: Some(runtime) })
    }

    /// A client that is open.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn connect(options: Options) -> Result<Self> {
        let mut client = Self::new(options)?;
        client.open()?;
        Ok(client)
    }

    /// Whether the client was opened, and not closed.
    pub fn is_open(&self) -> bool {
        self.client.is_open()
    }

    /// How the client talks to servers.
    pub fn options(&self) -> &Options {
        self.client.options()
    }

    /// The server of the present or last connection; before the first, the one that is tried first.
    pub fn server(&self) -> Option<&Address> {
        self.client.server()
    }

    /// The protocol version of the requests.
    pub fn version(&self) -> Version {
        self.client.version()
    }

    /// Sets the protocol version of the requests to come.
    pub fn set_version(&mut self, version: Version) {
        self.client.set_version(version);
    }

    /// This client, in another protocol version until what it gives is dropped.
    pub fn at(&mut self, version: Version) -> At<'_, Self> {
        At::new(self, version)
    }

    /// See [`super::Client::open`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn open(&mut self) -> Result<()> {
        wait!(self, |client| client.open())
    }

    /// See [`super::Client::close`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn close(&mut self) -> Result<()> {
        wait!(self, |client| client.close())
    }

    /// See [`super::Client::negotiate`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn negotiate(&mut self) -> Result<Version> {
        wait!(self, |client| client.negotiate())
    }

    /// See [`super::Client::negotiate_among`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn negotiate_among(&mut self, versions: &[Version]) -> Result<Version> {
        wait!(self, |client| client.negotiate_among(versions))
    }

    /// See [`super::Client::reconnect`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn reconnect(&mut self) -> Result<()> {
        wait!(self, |client| client.reconnect())
    }

    /// See [`super::Client::versions`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn versions(&mut self) -> Result<Vec<Version>> {
        wait!(self, |client| client.versions())
    }

    /// See [`super::Client::send`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send<R>(&mut self, request: R) -> Result<R::Response>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        self.call(Call::from(request))
    }

    /// See [`super::Client::call`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn call<T: Send>(&mut self, call: Call<T>) -> Result<T> {
        wait!(self, |client| client.call(call))
    }

    /// See [`super::Client::batch`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn batch(&mut self, batch: Batch) -> Result<Answers> {
        wait!(self, |client| client.batch(batch))
    }

    /// See [`super::Client::exchange`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn exchange(&mut self, message: &[u8]) -> Result<Bytes> {
        wait!(self, |client| client.exchange(message))
    }

    /// See [`super::Client::send_parts`]. What is read and written here may block.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send_parts<R>(
        &mut self,
        request: R,
        size: usize,
        from: impl io::Read + Send,
        to: impl io::Write + Send,
    ) -> Result<Ends<R::Response>>
    where
        R: Streamed<Response: Send> + Sync,
    {
        let (from, to) = (Plain(from), Plain(to));
        wait!(self, |client| client.send_parts(request, size, from, to))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Within another runtime, waiting for this one to end would panic.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(super) fn block_on<T: Send>(
    runtime: &Runtime,
    work: impl Future<Output = Result<T>> + Send,
) -> Result<Result<T>> {
    if Handle::try_current().is_err() {
        return Ok(runtime.block_on(work));
    }
    thread::scope(|scope| {
        let thread =
            thread::Builder::new().spawn_scoped(scope, || runtime.block_on(work)).map_err(Error::System)?;
        thread
            .join()
            .map_err(|_| Error::System(io::Error::other("the thread that waited for the answer panicked")))
    })
}
