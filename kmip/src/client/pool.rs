//! Several clients of the same servers, for several tasks or threads.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{
    Client, Options,
    error::{Error, Result},
};

/// Clients that are lent out one at a time, opened when they are needed and kept for the next who asks.
///
/// A client comes back when its [`Pooled`] is dropped; one whose connection broke replaces it before its next request.
///
/// ```no_run
/// # use kmip::client::{Options, Pool};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = Pool::new(Options::new("kms.example.org".parse()?), 8);
/// let key = pool.get().await?.get("fe2a").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pool(Shelf<Client>);

/// A client out of a [`Pool`].
#[derive(Debug)]
pub struct Pooled<'a>(Lent<'a, Client>);

impl Pool {
    /// A pool of at most `size` clients; none is open yet.
    pub fn new(options: Options, size: usize) -> Self {
        Self(Shelf::new(options, size))
    }

    /// A client, open; one that was in use before if there is one. Waits as long as [`Options::request_timeout`] when all
    /// are in use.
    ///
    /// # Errors
    ///
    /// When all are in use for too long, or the client can't be opened.
    pub async fn get(&self) -> Result<Pooled<'_>> {
        let permit = self.0.permit().await?;
        let client = match self.0.idle() {
            Some(client) => client,
            None => Client::connect(self.0.options.clone()).await?,
        };
        Ok(Pooled(self.0.lend(client, permit)))
    }
}

impl Deref for Pooled<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.0.client()
    }
}

impl DerefMut for Pooled<'_> {
    fn deref_mut(&mut self) -> &mut Client {
        self.0.client_mut()
    }
}

/// The same for threads.
pub(super) mod blocking {
    use tokio::runtime::{Builder, Runtime};

    use super::{Deref, DerefMut, Error, Lent, Options, Result, Shelf};
    use crate::client::blocking::{Client, block_on};

    /// As [`super::super::Pool`], for threads.
    #[derive(Debug)]
    pub struct Pool {
        shelf: Shelf<Client>,
        /// Waits until a client is free. There until the pool is dropped.
        runtime: Option<Runtime>,
    }

    /// A client out of a [`Pool`].
    #[derive(Debug)]
    pub struct Pooled<'a>(Lent<'a, Client>);

    impl Pool {
        /// A pool of at most `size` clients; none is open yet.
        ///
        /// # Errors
        ///
        /// When the operating system has no room for a runtime.
        pub fn new(options: Options, size: usize) -> Result<Self> {
            // With a worker of its own, any number of threads can wait on it at once.
            let runtime =
                Builder::new_multi_thread().worker_threads(1).enable_time().build().map_err(Error::System)?;
            Ok(Self { shelf: Shelf::new(options, size), runtime: Some(runtime) })
        }

        /// See [`super::super::Pool::get`].
        ///
        /// # Errors
        ///
        /// As there.
        pub fn get(&self) -> Result<Pooled<'_>> {
            let runtime = self.runtime.as_ref().ok_or(Error::NotOpen)?;
            let permit = block_on(runtime, self.shelf.permit())??;
            let client = match self.shelf.idle() {
                Some(client) => client,
                None => Client::connect(self.shelf.options.clone())?,
            };
            Ok(Pooled(self.shelf.lend(client, permit)))
        }
    }

    impl Deref for Pooled<'_> {
        type Target = Client;

        fn deref(&self) -> &Client {
            self.0.client()
        }
    }

    impl DerefMut for Pooled<'_> {
        fn deref_mut(&mut self) -> &mut Client {
            self.0.client_mut()
        }
    }

    impl Drop for Pool {
        fn drop(&mut self) {
            if let Some(runtime) = self.runtime.take() {
                runtime.shutdown_background();
            }
        }
    }
}

/// Where clients wait for whoever needs one.
struct Shelf<C> {
    options: Options,
    /// As many permits as there may be clients.
    permits: Semaphore,
    idle: Mutex<Vec<C>>,
}

/// A client that goes back on the shelf.
struct Lent<'a, C: Returns> {
    /// There until it goes back.
    client: Option<C>,
    shelf: &'a Shelf<C>,
    _permit: SemaphorePermit<'a>,
}

impl<C: Returns> Shelf<C> {
    fn new(options: Options, size: usize) -> Self {
        let permits = Semaphore::new(size.clamp(1, Semaphore::MAX_PERMITS));
        Self { options, permits, idle: Mutex::default() }
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>> {
        let limit = self.options.request_timeout.min(FOREVER);
        let permit = timeout(limit, self.permits.acquire()).await.map_err(|_| Error::Busy(limit))?;
        permit.map_err(|_| Error::NotOpen)
    }

    /// The client that was in use last: its connection is the likeliest to be alive.
    fn idle(&self) -> Option<C> {
        self.shelf().pop()
    }

    fn lend<'a>(&'a self, client: C, permit: SemaphorePermit<'a>) -> Lent<'a, C> {
        Lent { client: Some(client), shelf: self, _permit: permit }
    }

    fn shelf(&self) -> MutexGuard<'_, Vec<C>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// More than a year, for a timer that can't count to the end of time.
const FOREVER: Duration = Duration::from_secs(400 * 24 * 60 * 60);

impl<C: Returns> Drop for Lent<'_, C> {
    fn drop(&mut self) {
        if let Some(mut client) = self.client.take().filter(C::is_of_use) {
            client.refresh(&self.shelf.options);
            self.shelf.shelf().push(client);
        }
    }
}

impl<C: Returns> Lent<'_, C> {
    #[allow(clippy::expect_used, reason = "the client is taken when this is dropped, and not before")]
    fn client(&self) -> &C {
        self.client.as_ref().expect("a client until it is dropped")
    }

    #[allow(clippy::expect_used, reason = "the client is taken when this is dropped, and not before")]
    fn client_mut(&mut self) -> &mut C {
        self.client.as_mut().expect("a client until it is dropped")
    }
}

/// A client that the next can use as if it were new.
trait Returns: super::Versioned {
    fn is_of_use(&self) -> bool;

    fn refresh(&mut self, options: &Options) {
        self.set_version(options.version);
    }
}

impl Returns for Client {
    fn is_of_use(&self) -> bool {
        self.is_open()
    }
}

impl Returns for super::blocking::Client {
    fn is_of_use(&self) -> bool {
        self.is_open()
    }
}

impl<C> fmt::Debug for Shelf<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("options", &self.options).finish_non_exhaustive()
    }
}

impl<C: Returns> fmt::Debug for Lent<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pooled").finish_non_exhaustive()
    }
}
