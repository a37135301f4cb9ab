//! Sending requests, as many as are answered or as many as are wanted, and taking their times.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, stderr},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use indicatif::ProgressBar;
use kmip::client::{Client, Error, Options};
use tokio::{
    runtime::Builder,
    sync::{Barrier, Semaphore},
    task::JoinSet,
    time::{sleep, sleep_until},
};

use super::{
    super::failure::{Failure, Result, Status},
    process::Process,
    work::{Made, Mix, Prepared, Task},
};

/// How the requests are sent.
pub(super) struct Load {
    pub(super) options: Options,
    pub(super) mix: Mix,
    pub(super) prepared: Arc<Prepared>,
    pub(super) connections: u32,
    pub(super) threads: u32,
    pub(super) fresh: bool,
    pub(super) rate: Option<u32>,
    pub(super) warm_up: Duration,
    pub(super) time: Duration,
}

/// What came of it.
pub(super) struct Measured {
    pub(super) tasks: Vec<(Task, Times)>,
    pub(super) time: Duration,
    /// What the server's process has used of the processors meanwhile.
    pub(super) server: Option<Duration>,
}

/// The times of one operation, in nanoseconds, and its failures by what they said.
#[derive(Clone)]
pub(super) struct Times {
    pub(super) histogram: Histogram<u64>,
    pub(super) failures: BTreeMap<String, u64>,
}

impl Times {
    pub(super) fn new() -> Result<Self> {
        // From a microsecond to an hour, to three digits.
        let histogram =
            Histogram::new_with_bounds(1000, HOUR, 3).map_err(|error| Failure::new(Status::Usage, error))?;
        Ok(Self { histogram, failures: BTreeMap::new() })
    }

    pub(super) fn add(&mut self, other: &Self) {
        // Both have the same bounds.
        let _ = self.histogram.add(&other.histogram);
        for (failure, count) in &other.failures {
            *self.failures.entry(failure.clone()).or_default() += count;
        }
    }
}

const HOUR: u64 = 3_600_000_000_000;

/// How many handshakes there are at once before the measurement.
const HANDSHAKES: usize = 32;

/// What one connection has come to.
struct Tally {
    times: Vec<Times>,
    made: Vec<Made>,
}

/// What all connections have in common.
struct Shared {
    load: Load,
    tasks: Vec<Task>,
    answered: AtomicU64,
    /// How many connections have begun.
    places: AtomicU32,
    handshakes: Semaphore,
    ready: Barrier,
}

impl Load {
    /// Does it all; gives what was measured, and the objects that were made.
    pub(super) fn run(self, server: Option<&Process>) -> Result<(Measured, Vec<Made>)> {
        let (threads, connections) = (self.threads, self.connections);
        let shared = Arc::new(Shared {
            tasks: self.mix.tasks().collect(),
            answered: AtomicU64::new(0),
            places: AtomicU32::new(0),
            handshakes: Semaphore::new(HANDSHAKES),
            ready: Barrier::new(connections as usize + 1),
            load: self,
        });
        let mut working = Vec::new();
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            let count = (connections + number) / threads;
            working.push(thread::Builder::new().spawn(move || on_thread(&shared, count))?);
        }
        let mut measured =
            Measured { tasks: Vec::new(), time: shared.load.time, server: shared.watch(server)? };
        for task in &shared.tasks {
            measured.tasks.push((*task, Times::new()?));
        }
        let mut made = Vec::new();
        for thread in working {
            let tallies = thread.join().map_err(|_| Failure::new(Status::Usage, "a thread has failed"))?;
            for tally in tallies? {
                for ((_, sum), times) in measured.tasks.iter_mut().zip(&tally.times) {
                    sum.add(times);
                }
                made.extend(tally.made);
            }
        }
        Ok((measured, made))
    }
}

impl Shared {
    /// Waits for the end, and shows how far it is; what the server's process has used meanwhile.
    fn watch(&self, server: Option<&Process>) -> Result<Option<Duration>> {
        let waiting = Builder::new_current_thread().enable_time().build()?;
        waiting.block_on(self.ready.wait());
        let bar = self.bar();
        let start = Instant::now();
        let measured = start + self.load.warm_up;
        let end = measured + self.load.time;
        let used = |process: &Process| process.used();
        self.show(&bar, start, measured);
        let before = server.map(used).transpose()?;
        self.show(&bar, start, end);
        let after = server.map(used).transpose()?;
        bar.finish_and_clear();
        Ok(after.zip(before).map(|(after, before)| after.saturating_sub(before)))
    }

    fn show(&self, bar: &ProgressBar, start: Instant, until: Instant) {
        let mut before = self.answered.load(Ordering::Relaxed);
        loop {
            let left = until.saturating_duration_since(Instant::now()).min(STEP);
            if left.is_zero() {
                return;
            }
            thread::sleep(left);
            let answered = self.answered.load(Ordering::Relaxed);
            bar.set_position(start.elapsed().as_millis() as u64);
            bar.set_message(format!("{:.0} operations/s", (answered - before) as f64 / left.as_secs_f64()));
            before = answered;
        }
    }

    fn bar(&self) -> ProgressBar {
        if stderr().is_terminal() {
            let length = (self.load.warm_up + self.load.time).as_millis();
            let style = super::style("{wide_bar} {msg}");
            ProgressBar::new(u64::try_from(length).unwrap_or(u64::MAX)).with_style(style)
        } else {
            ProgressBar::hidden()
        }
    }

    /// Sends requests on one connection until the end.
    async fn connection(&self, place: u32) -> Result<Tally> {
        let mut tally = Tally { times: Vec::new(), made: Vec::new() };
        for _ in &self.tasks {
            tally.times.push(Times::new()?);
        }
        let opened = self.open().await;
        // The others wait for this one, even if it has failed.
        self.ready.wait().await;
        let mut client = opened?;
        let mut random = fastrand::Rng::with_seed(u64::from(place));
        let start = Instant::now();
        let measured = start + self.load.warm_up;
        let end = measured + self.load.time;
        let pace = self
            .load
            .rate
            .map(|rate| Duration::from_secs_f64(f64::from(self.load.connections) / f64::from(rate)));
        let mut due = pace
            .map_or(start, |pace| start + pace.mul_f64(f64::from(place) / f64::from(self.load.connections)));
        loop {
            match pace {
                Some(pace) => {
                    sleep_until(due.into()).await;
                    due += pace;
                }
                None => due = Instant::now(),
            }
            let since = pace.map_or(due, |pace| due - pace);
            if since >= end {
                return Ok(tally);
            }
            let which = self.load.mix.next(&mut random);
            let (Some(task), Some(times)) = (self.tasks.get(which), tally.times.get_mut(which)) else {
                return Ok(tally);
            };
            let done = self.one(*task, &mut client, &mut random, &mut tally.made).await;
            let answered = Instant::now();
            if answered < measured || answered >= end {
                continue;
            }
            self.answered.fetch_add(1, Ordering::Relaxed);
            match done {
                Ok(()) => {
                    let time = answered.saturating_duration_since(since).as_nanos();
                    times.histogram.saturating_record(u64::try_from(time).unwrap_or(u64::MAX));
                }
                Err(error) => {
                    *times.failures.entry(error.to_string()).or_default() += 1;
                    if is_of_connection(&error) {
                        // Not as fast as can be against a server that is gone.
                        sleep(STEP).await;
                    }
                }
            }
        }
    }

    async fn open(&self) -> Result<Client, Error> {
        let _permit = self.handshakes.acquire().await;
        Client::connect(self.load.options.clone()).await
    }

    async fn one(
        &self,
        task: Task,
        client: &mut Client,
        random: &mut fastrand::Rng,
        made: &mut Vec<Made>,
    ) -> Result<(), Error> {
        if self.load.fresh {
            client.reconnect().await?;
        }
        self.load.prepared.perform(task, client, random, made).await
    }
}

fn is_of_connection(error: &Error) -> bool {
    matches!(error, Error::Connect(_) | Error::Lost { .. } | Error::Timeout(_))
}

/// Sends requests on so many connections.
fn on_thread(shared: &Arc<Shared>, connections: u32) -> Result<Vec<Tally>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut working = JoinSet::new();
        for _ in 0..connections {
            let shared = Arc::clone(shared);
            let place = shared.places.fetch_add(1, Ordering::Relaxed);
            working.spawn(async move { shared.connection(place).await });
        }
        working.join_all().await.into_iter().collect()
    })
}

/// How often the progress is shown.
const STEP: Duration = Duration::from_millis(200);
