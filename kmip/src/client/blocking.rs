//! The same client without `async`.

use std::{io, thread};

use tokio::runtime::{Builder, Handle, Runtime};

use super::{Address, Answers, Batch, Ciphertext, Error, Found, Options, Result};
use crate::{
    ttlv::{Bytes, Secret, Text, Version},
    types::{
        AttributeId, AttributeSet, CryptographicAlgorithm, CryptographicParameters, ManagedObject,
        QueryFunction, QueryResponse, Request, RevocationReason,
    },
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

macro_rules! forward {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(
            #[doc = concat!("See [`super::Client::", stringify!($name), "`].")]
            ///
            /// # Errors
            ///
            /// As there.
            pub fn $name(&mut self, $($argument: $type),*) -> Result<$result> {
                wait!(self, |client| client.$name($($argument),*))
            }
        )*
    };
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

    /// See [`super::Client::send`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send<R: Request + Send>(&mut self, request: R) -> Result<R::Response>
    where
        R::Response: Send,
    {
        wait!(self, |client| client.send(request))
    }

    forward! {
        open() -> ();
        close() -> ();
        negotiate() -> Version;
        negotiate_among(versions: &[Version]) -> Version;
        batch(batch: Batch) -> Answers;
        exchange(message: &[u8]) -> Bytes;
        discover_versions(among: &[Version]) -> Vec<Version>;
        query(functions: &[QueryFunction]) -> QueryResponse;
        create(algorithm: CryptographicAlgorithm, length: i32, attributes: AttributeSet) -> Text;
        register(object: ManagedObject, attributes: AttributeSet) -> Text;
        get(id: &str) -> ManagedObject;
        get_attributes(id: &str, which: &[AttributeId]) -> AttributeSet;
        get_attribute_list(id: &str) -> Vec<AttributeId>;
        locate(attributes: &AttributeSet, maximum: Option<i32>) -> Found;
        activate(id: &str) -> ();
        revoke(id: &str, reason: RevocationReason) -> ();
        destroy(id: &str) -> ();
        encrypt(
            id: &str, parameters: CryptographicParameters, data: Secret, iv: Option<Bytes>, additional: Option<Bytes>
        ) -> Ciphertext;
        decrypt(
            id: &str, parameters: CryptographicParameters, ciphertext: Ciphertext, additional: Option<Bytes>
        ) -> Secret;
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

fn block_on<T: Send>(runtime: &Runtime, work: impl Future<Output = Result<T>> + Send) -> Result<Result<T>> {
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
