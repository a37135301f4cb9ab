//! The end of serving, told to everyone who serves.

use tokio::sync::watch;

/// Says that it is time to stop.
pub(crate) struct Stopper(watch::Sender<bool>);

impl Stopper {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// What this stops.
    pub(crate) fn stop(&self) -> Stop {
        Stop(self.0.subscribe())
    }

    /// Tells everyone.
    pub(crate) fn stop_all(&self) {
        self.0.send_replace(true);
    }
}

/// Hears that it is time to stop.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Whether it is time.
    pub(crate) fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is time. It is too if nobody is left to say so.
    pub(crate) async fn stopped(&mut self) {
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }
}
