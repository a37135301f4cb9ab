//! What is asked for when it is scraped.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kmip::types::{ObjectType, State};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::audit::Audit;
use crate::store::{self, Store, StoreError};
use crate::transport::Counters;

/// Connections, as the transport counts them.
#[derive(Debug)]
pub(crate) struct Transport(pub(crate) Arc<Counters>);

impl Collector for Transport {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counters = &*self.0;
        let mut to = Out(&mut encoder);
        to.gauge("connections", "Connections that are served", counters.open.get())?;
        to.counter("accepted_connections", "Connections that were accepted", counters.accepted.get())?;
        to.gauge("handshakes", "TLS handshakes that are going on", counters.handshakes.get())?;
        to.counters(
            "failed_handshakes",
            "TLS handshakes that came to nothing",
            [
                ("failed", counters.failed.get()),
                ("slow", counters.slow.get()),
                ("crowded", counters.crowded.get()),
            ],
        )?;
        to.counters(
            "refused_connections",
            "Connections that were turned away",
            [
                ("address", counters.of_address.get()),
                ("client", counters.of_client.get()),
                ("server", counters.of_server.get()),
            ],
        )?;
        to.counter(
            "refused_requests",
            "Input that was no request, or too large or slow",
            counters.refused.get(),
        )?;
        to.gauge("waiting_requests", "Requests that wait for a thread", counters.waiting.get())?;
        to.gauge("busy_workers", "Threads that work on a request", counters.working.get())?;
        to.counter("panics", "Requests that the server could not handle", counters.panics.get())
    }
}

/// The audit log, as it counts for itself.
#[derive(Debug)]
pub(crate) struct AuditLog(pub(crate) Arc<Audit>);

impl Collector for AuditLog {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let (failures, lost) = self.0.failures();
        let mut to = Out(&mut encoder);
        to.counter("audit_records", "The number of the last record of the audit log", self.0.head())?;
        let waiting = u64::try_from(self.0.waiting()).unwrap_or(u64::MAX);
        to.gauge("audit_waiting", "Records that are yet to be written", waiting)?;
        to.counter("audit_failures", "Attempts to write the audit log that failed", failures)?;
        to.counter("audit_lost", "Records that could not be kept", lost)
    }
}

/// The objects that there are.
pub(crate) struct Objects {
    store: Arc<dyn Store>,
    counted: Mutex<Option<(Instant, Vec<store::Census>)>>,
}

impl Objects {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, counted: Mutex::default() }
    }

    /// What there is, as of a minute ago at the earliest: counting a million objects takes a while.
    fn count(&self) -> Result<Vec<store::Census>, StoreError> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, census)) = &*counted
            && then.elapsed() < COUNT_EVERY
        {
            return Ok(census.clone());
        }
        let census = store::read(&*self.store, |snapshot| snapshot.census())?;
        *counted = Some((Instant::now(), census.clone()));
        Ok(census)
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").finish_non_exhaustive()
    }
}

impl Collector for Objects {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let census = match self.count() {
            Ok(census) => census,
            // The others are still of use; that the store fails shows elsewhere.
            Err(error) => {
                tracing::warn!(%error, "objects could not be counted");
                return Ok(());
            }
        };
        let help = "Objects, by type and state, as of a minute ago";
        let mut family = encoder.encode_descriptor(
            "objects",
            help,
            None,
            prometheus_client::metrics::MetricType::Gauge,
        )?;
        for entry in census {
            let state = entry.state.map_or(Some("none"), |state| State(state).name());
            let labels = [
                ("type", ObjectType(entry.object_type).name().unwrap_or("other")),
                ("state", state.unwrap_or("other")),
            ];
            ConstGauge::new(entry.count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// Numbers on their way out.
struct Out<'e, 'd>(&'e mut DescriptorEncoder<'d>);

impl Out<'_, '_> {
    fn counter(&mut self, name: &str, help: &str, value: u64) -> Result<(), fmt::Error> {
        let counter = ConstCounter::new(value);
        counter.encode(self.0.encode_descriptor(name, help, None, counter.metric_type())?)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> Result<(), fmt::Error> {
        let gauge = ConstGauge::new(value);
        gauge.encode(self.0.encode_descriptor(name, help, None, gauge.metric_type())?)
    }

    fn counters(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (&'static str, u64)>,
    ) -> Result<(), fmt::Error> {
        let kind = prometheus_client::metrics::MetricType::Counter;
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for (reason, value) in values {
            ConstCounter::new(value).encode(family.encode_family(&[("reason", reason)])?)?;
        }
        Ok(())
    }
}

const COUNT_EVERY: Duration = Duration::from_secs(60);
