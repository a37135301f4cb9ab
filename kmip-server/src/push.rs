//! Telling clients: what waits for one is sent to where it listens, in order, however often that takes.

use std::sync::Arc;
use std::time::Duration;

use kmip::types::Operation;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::engine::push::{self, Waiting};
use crate::engine::{Engine, Failure};
use crate::transport::{Dialer, Line};

/// The way to one client.
pub(crate) struct Delivery {
    engine: Arc<Engine>,
    /// Which of the targets it is.
    place: usize,
    client: String,
    dialer: Dialer,
    line: Option<Line>,
}

impl Delivery {
    pub(crate) fn new(engine: Arc<Engine>, place: usize, client: String, dialer: Dialer) -> Self {
        Self { engine, place, client, dialer, line: None }
    }

    /// Sends what waits, and what will, until it is dropped: what was not answered by then is sent after the next start.
    pub(crate) async fn run(mut self) {
        self.ask().await;
        let mut pause = FIRST_PAUSE;
        loop {
            sleep(BEAT).await;
            let waiting = match self.blocking(|engine, place| engine.waiting(place)).await {
                Ok(waiting) => waiting,
                Err(error) => {
                    tracing::error!(client = self.client, %error, "what is to be told could not be read");
                    sleep(LAST_PAUSE).await;
                    continue;
                }
            };
            for waiting in waiting {
                let waiting = Arc::new(waiting);
                while let Err(error) = self.send(&waiting).await {
                    // A connection that was idle may be gone: another one is tried at once.
                    if self.line.take().is_none() || pause > FIRST_PAUSE {
                        tracing::warn!(
                            client = self.client, address = self.dialer.address(), %error, again_in = ?pause,
                            "a client could not be told"
                        );
                        sleep(pause).await;
                    }
                    pause = (pause * 2).min(LAST_PAUSE);
                }
                pause = FIRST_PAUSE;
            }
        }
    }

    /// Asks what the client can do, if it is there: it may also be started later than the server.
    async fn ask(&mut self) {
        let questions = self.blocking(|engine, place| engine.questions(place)).await;
        for (operation, message) in questions.unwrap_or_default() {
            let answer = async {
                self.connect().await?;
                let line = self.line.as_mut().ok_or("there is no connection")?;
                self.dialer.exchange(line, &message).await
            };
            match answer.await.and_then(|bytes| push::answer(&bytes)) {
                Ok(answer) => {
                    tracing::info!(client = self.client, says = push::says(&answer), "asked a client")
                }
                Err(error) => {
                    self.line = None;
                    tracing::info!(client = self.client, %operation, error, "a client could not be asked");
                    return;
                }
            }
        }
    }

    /// Sends one message. An error is why it has to be sent again.
    async fn send(&mut self, waiting: &Arc<Waiting>) -> Result<(), String> {
        self.connect().await?;
        let Some(line) = self.line.as_mut() else { return Err("there is no connection".to_owned()) };
        let (peer, one) = (line.peer.clone(), Arc::clone(waiting));
        let (engine, place) = (Arc::clone(&self.engine), self.place);
        let message = spawn_blocking(move || engine.message(place, &one, &peer));
        let message = message.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        let operation: Operation = push::operation(waiting);
        let sent = match message {
            Some(message) => {
                let answer = self.dialer.exchange(line, &message).await?;
                match push::answer(&answer) {
                    Ok(_) => tracing::debug!(client = self.client, %operation, "told a client"),
                    // It has it, and would say the same again.
                    Err(error) => {
                        tracing::warn!(client = self.client, %operation, error, "a client refuses what it is told");
                    }
                }
                true
            }
            None => false,
        };
        let one = Arc::clone(waiting);
        self.blocking(move |engine, place| engine.told(place, &one, sent))
            .await
            .map_err(|error| error.to_string())
    }

    async fn connect(&mut self) -> Result<(), String> {
        if self.line.is_none() {
            let line = self.dialer.connect().await?;
            let peer = line.peer.clone();
            self.blocking(move |engine, place| engine.receiver(place, &peer).map(drop))
                .await
                .map_err(|failure| failure.to_string())?;
            self.line = Some(line);
        }
        Ok(())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine, usize) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (engine, place) = (Arc::clone(&self.engine), self.place);
        match spawn_blocking(move || work(&engine, place)).await {
            Ok(done) => done,
            Err(error) => Err(Failure::internal(&error)),
        }
    }
}

/// Says what was not told when the server ended.
pub(crate) fn tell_undelivered(engine: &Engine, clients: &[String], kept: bool) {
    for (place, client) in clients.iter().enumerate() {
        match engine.waiting(place) {
            Ok(waiting) if waiting.is_empty() => {}
            Ok(waiting) => {
                let what = if kept {
                    "a client is told the rest after the next start"
                } else {
                    "a client is not told the rest"
                };
                tracing::warn!(client, messages = waiting.len(), "{what}");
            }
            Err(error) => tracing::error!(client, %error, "what is to be told could not be read"),
        }
    }
}

/// How often there is a look for what waits.
const BEAT: Duration = Duration::from_millis(200);

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(60);
