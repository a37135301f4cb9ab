//! What was measured, as tables and as JSON.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;
use kmip::ttlv::Version;
use serde_json::{Value, json};

use super::{
    super::{
        failure::Result,
        output::{Output, WARNING},
    },
    load::{Measured, Times},
    plot,
};

/// What was measured, and how.
pub(super) struct Report {
    /// By operation; and last, if there are several, of all.
    pub(super) rows: Vec<(String, Times)>,
    time: Duration,
    server: Option<Duration>,
    connections: u32,
    version: Version,
}

const PERCENTILES: [(f64, &str); 5] =
    [(50.0, "50 %"), (90.0, "90 %"), (99.0, "99 %"), (99.9, "99.9 %"), (100.0, "most")];

impl Report {
    pub(super) fn new(measured: Measured, connections: u32, version: Version) -> Self {
        let Measured { tasks, time, server } = measured;
        let mut rows: Vec<_> = tasks.into_iter().map(|(task, times)| (task.to_string(), times)).collect();
        if let [(_, first), rest @ ..] = &*rows
            && !rest.is_empty()
        {
            let mut all = first.clone();
            rest.iter().for_each(|(_, times)| all.add(times));
            rows.push(("all".to_owned(), all));
        }
        Self { rows, time, server, connections, version }
    }

    /// The times of all operations.
    pub(super) fn all(&self) -> Option<&Times> {
        self.rows.last().map(|(_, times)| times)
    }

    /// Whether every request was answered as it should be.
    pub(super) fn is_without_failure(&self) -> bool {
        self.all().is_some_and(|times| times.failures.is_empty() && !times.histogram.is_empty())
    }

    /// What an operation costs the server, in microseconds.
    fn cost(&self) -> Option<f64> {
        let count = self.all().map(|times| times.histogram.len()).filter(|count| *count > 0)?;
        Some(self.server?.as_secs_f64() * 1e6 / count as f64)
    }

    pub(super) fn print(&self, output: &Output) -> Result<()> {
        if output.is_json() {
            return output.json(&self.json());
        }
        let mut head = vec!["OPERATION", "PER SECOND"];
        head.extend(PERCENTILES.map(|(_, name)| name));
        head.push("FAILED");
        output.rows(&head, self.rows.iter().map(|(name, times)| self.row(name, times)).collect())?;
        if let Some(cost) = self.cost() {
            output.line(format_args!("server: {cost:.1} µs of processor time an operation"))?;
        }
        if output.is_terminal()
            && let Some(times) = self.all()
        {
            output.text(plot::bars(&times.histogram))?;
        }
        for (failure, count) in self.failures() {
            output.warn(format_args!("{WARNING}{count} failed:{WARNING:#} {failure}"));
        }
        Ok(())
    }

    fn failures(&self) -> BTreeMap<&str, u64> {
        let failures = self.all().into_iter().flat_map(|times| &times.failures);
        failures.map(|(failure, count)| (failure.as_str(), *count)).collect()
    }

    fn per_second(&self, times: &Times) -> f64 {
        times.histogram.len() as f64 / self.time.as_secs_f64()
    }

    fn row(&self, name: &str, times: &Times) -> Vec<String> {
        let histogram = &times.histogram;
        let mut row = vec![name.to_owned(), format!("{:.0}", self.per_second(times))];
        row.extend(PERCENTILES.map(|(percentile, _)| match histogram.len() {
            0 => "–".to_owned(),
            _ => time(histogram.value_at_percentile(percentile)),
        }));
        row.push(times.failures.values().sum::<u64>().to_string());
        row
    }

    fn json(&self) -> Value {
        let operations = self.rows.iter().map(|(name, times)| {
            let percentile = |percentile| micros(&times.histogram, percentile);
            json!({
                "operation": name,
                "count": times.histogram.len(),
                "per_second": self.per_second(times),
                "microseconds": {
                    "mean": times.histogram.mean() / 1e3,
                    "p50": percentile(50.0),
                    "p90": percentile(90.0),
                    "p99": percentile(99.0),
                    "p99.9": percentile(99.9),
                    "max": percentile(100.0),
                },
                "failures": times.failures,
            })
        });
        json!({
            "version": self.version.to_string(),
            "connections": self.connections,
            "seconds": self.time.as_secs_f64(),
            "operations": operations.collect::<Vec<_>>(),
            "server_microseconds": self.cost(),
        })
    }
}

fn micros(histogram: &Histogram<u64>, percentile: f64) -> f64 {
    histogram.value_at_percentile(percentile) as f64 / 1e3
}

/// A time in the unit that suits it.
pub(super) fn time(nanoseconds: u64) -> String {
    let value = nanoseconds as f64;
    let (value, unit) = match nanoseconds {
        1_000_000_000.. => (value / 1e9, "s"),
        1_000_000..1_000_000_000 => (value / 1e6, "ms"),
        ..1_000_000 => (value / 1e3, "µs"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        for (nanoseconds, text) in [
            (1_234, "1.23 µs"),
            (56_780, "56.8 µs"),
            (999_400, "999 µs"),
            (1_500_000, "1.50 ms"),
            (2_000_000_000, "2.00 s"),
        ] {
            assert_eq!(time(nanoseconds), text);
        }
    }
}
