//! What is counted, for Prometheus.
//!
//! An operation costs two numbers here, a counter and a histogram, which are found by the operation's number without a look-up
//! by name. Everything else is asked for when it is scraped: the transport and the audit log count for themselves, and
//! objects are counted by the store, once a minute at the most.

mod collect;
mod http;
mod probe;
mod store;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kmip::types::Operation;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub(crate) use collect::{AuditLog, Objects, Transport};
pub(crate) use http::Monitor;
pub(crate) use probe::Probe;
pub(crate) use store::Measured;

use crate::audit::Outcome;

/// What a server counts.
pub struct Metrics {
    registry: std::sync::RwLock<Registry>,
    operations: Family<[Label; 2], Counter>,
    seconds: Family<[Label; 1], Histogram, fn() -> Histogram>,
    refused: Family<[Label; 1], Counter>,
    commits: Histogram,
    slots: Vec<Slot>,
}

type Label = (&'static str, &'static str);

/// The numbers of one operation, as soon as there are any.
#[derive(Debug, Default)]
struct Slot {
    outcomes: [OnceLock<Counter>; Outcome::ALL.len()],
    seconds: OnceLock<Histogram>,
}

impl Metrics {
    /// A server that has done nothing yet.
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix("kmip");
        let operations = Family::<[Label; 2], Counter>::default();
        registry.register("operations", "Operations, by what became of them", operations.clone());
        let make: fn() -> Histogram = histogram;
        let seconds = Family::new_with_constructor(make);
        registry.register_with_unit(
            "operation_duration",
            "How long operations took",
            Unit::Seconds,
            seconds.clone(),
        );
        let refused = Family::<[Label; 1], Counter>::default();
        registry.register("refused_messages", "Messages of which nothing was done", refused.clone());
        let commits = histogram();
        registry.register_with_unit(
            "store_transaction_duration",
            "How long changes took to become durable, waiting for their turn included",
            Unit::Seconds,
            commits.clone(),
        );
        let started = Gauge::<i64>::default();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        started.set(i64::try_from(now.as_secs()).unwrap_or_default());
        registry.register_with_unit("start_time", "When the server was started", Unit::Seconds, started);
        registry.register("build", "What is running", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        let slots = std::iter::repeat_with(Slot::default).take(SLOTS).collect();
        Arc::new(Self { registry: registry.into(), operations, seconds, refused, commits, slots })
    }

    /// An operation was asked for, and this became of it.
    pub(crate) fn operation(&self, operation: Operation, outcome: Outcome, time: Duration) {
        // One that is none shares its numbers with all of that kind: clients make them up.
        let number = usize::try_from(operation.0).ok().filter(|_| operation.name().is_some()).unwrap_or(0);
        let Some(slot) = self.slots.get(number).or(self.slots.first()) else { return };
        let name = operation.name().filter(|_| number < SLOTS).unwrap_or("other");
        if let Some(counter) = slot.outcomes.get(outcome.place()) {
            let make = || {
                let labels = [("operation", name), ("outcome", outcome.name())];
                self.operations.get_or_create(&labels).clone()
            };
            counter.get_or_init(make).inc();
        }
        let make = || self.seconds.get_or_create(&[("operation", name)]).clone();
        slot.seconds.get_or_init(make).observe(time.as_secs_f64());
    }

    /// A message was refused as a whole.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&[("reason", reason)]).inc();
    }

    /// A change became durable.
    fn committed(&self, time: Duration) {
        self.commits.observe(time.as_secs_f64());
    }

    /// Counts something else besides.
    pub(crate) fn collect(&self, collector: impl prometheus_client::collector::Collector) {
        let mut registry = self.registry.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        registry.register_collector(Box::new(collector));
    }

    /// All of it, in Prometheus's text format.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let registry = self.registry.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// From a Get out of the cache to a pair of keys of 8192 bits.
fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.000_05, 2.0, 20))
}

/// Operations have small numbers.
const SLOTS: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_counted_by_name_and_outcome() {
        let metrics = Metrics::new();
        for (operation, outcome) in [
            (Operation::Get, Outcome::Success),
            (Operation::Get, Outcome::Success),
            (Operation::Get, Outcome::Denied),
            (Operation(0x8000_0001), Outcome::Failed),
            (Operation(0x7F), Outcome::Failed),
        ] {
            metrics.operation(operation, outcome, Duration::from_millis(1));
        }
        metrics.refused("InvalidMessage");
        let text = metrics.text().unwrap();
        for expected in [
            "kmip_operations_total{operation=\"Get\",outcome=\"success\"} 2",
            "kmip_operations_total{operation=\"Get\",outcome=\"denied\"} 1",
            "kmip_operations_total{operation=\"other\",outcome=\"failed\"} 2",
            "kmip_operation_duration_seconds_count{operation=\"Get\"} 3",
            "kmip_refused_messages_total{reason=\"InvalidMessage\"} 1",
            "kmip_build_info{version=",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }
}
