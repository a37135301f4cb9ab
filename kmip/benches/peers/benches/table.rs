//! Measures everything in one run and prints the tables of BENCHMARKS.md.
//!
//! The time of a task is the least of many rounds; the rounds of all tasks of a message take turns, so that what slows
//! the machine down for a while slows all of them. `KMIP_BENCH_SECONDS` says how long each task has (0.5).
#![allow(missing_docs, reason = "this is a program")]

use std::{
    collections::HashMap,
    env,
    fmt::Write as _,
    process::Command,
    time::{Duration, Instant},
};

use kmip_peers::{Sample, samples, task};

/// Nanoseconds and allocations of a task.
#[derive(Clone, Copy)]
struct Figures {
    time: f64,
    allocations: u64,
}

struct Measured {
    name: &'static str,
    size: usize,
    tasks: HashMap<&'static str, Figures>,
}

fn main() {
    let seconds: f64 = env::var("KMIP_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0.5);
    let allocations = allocations();
    let measured: Vec<Measured> =
        samples().into_iter().map(|sample| measure(sample, seconds, &allocations)).collect();
    print!("{}{}{}", codec(&measured), ratios(&measured), peers(&measured));
}

/// What each task allocates, counted by another program.
fn allocations() -> HashMap<(String, String), u64> {
    let output = Command::new(env!("CARGO_BIN_EXE_allocations")).output().expect("the counting program runs");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("it prints text");
    let line = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut field = || fields.next().expect("a line has four fields");
        let key = (field(), field());
        (key, field().parse().expect("a number of allocations"))
    };
    text.lines().map(line).collect()
}

fn measure(sample: Sample, seconds: f64, allocations: &HashMap<(String, String), u64>) -> Measured {
    let Sample { name, size, mut tasks } = sample;
    let mut best = vec![f64::MAX; tasks.len()];
    let runs: Vec<u32> = tasks
        .iter_mut()
        .map(|task| {
            (task.run)();
            let once = (0..5).map(|_| round(&mut task.run, 1)).fold(f64::MAX, f64::min);
            (ROUND / once.max(1.0)).clamp(3.0, 5000.0) as u32
        })
        .collect();
    let start = Instant::now();
    let time = Duration::from_secs_f64(seconds * tasks.len() as f64);
    while start.elapsed() < time {
        for ((task, runs), best) in tasks.iter_mut().zip(&runs).zip(&mut best) {
            *best = best.min(round(&mut task.run, *runs));
        }
    }
    let figures = tasks.iter().zip(best).map(|(task, time)| {
        let allocations = allocations[&(name.to_owned(), task.name.to_owned())];
        (task.name, Figures { time, allocations })
    });
    Measured { name, size, tasks: figures.collect() }
}

/// How long a round takes, in nanoseconds: long against the clock's steps, short against the machine's other business.
const ROUND: f64 = 20_000.0;

/// Nanoseconds that one of so many runs takes; what the task before has left in the caches is not counted.
fn round(run: &mut dyn FnMut(), runs: u32) -> f64 {
    run();
    let start = Instant::now();
    for _ in 0..runs {
        run();
    }
    start.elapsed().as_nanos() as f64 / f64::from(runs)
}

fn codec(measured: &[Measured]) -> String {
    let mut text = String::from(
        "| message | bytes | scan, ns | copy, ns | decode, ns | MB/s | allocations | encode, ns | MB/s | allocations \
         | tree, ns | MB/s | allocations |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for message in measured {
        let time = |task| message.tasks[task].time;
        let _ = write!(
            text,
            "| {} | {} | {} | {} |",
            message.name,
            message.size,
            nanoseconds(time(task::SCAN)),
            nanoseconds(time(task::COPY))
        );
        for task in [task::DECODE, task::ENCODE, task::TREE] {
            let figures = message.tasks[task];
            // Bytes in a nanosecond are thousands of megabytes in a second. What takes less time than a copy has not
            // touched all of them.
            let speed = if figures.time < time(task::COPY) {
                "–".to_owned()
            } else {
                format!("{:.0}", message.size as f64 / figures.time * 1000.0)
            };
            let _ = write!(text, " {} | {speed} | {} |", nanoseconds(figures.time), figures.allocations);
        }
        text.push('\n');
    }
    text.push('\n');
    text
}

fn ratios(measured: &[Measured]) -> String {
    let mut text = String::from(
        "| message | decode / scan | encode / scan | tree / scan | decode / copy | encode / copy | tree / copy |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let columns = [
        (task::DECODE, task::SCAN),
        (task::ENCODE, task::SCAN),
        (task::TREE, task::SCAN),
        (task::DECODE, task::COPY),
        (task::ENCODE, task::COPY),
        (task::TREE, task::COPY),
    ];
    let ratio = |message: &Measured, (task, to)| message.tasks[task].time / message.tasks[to].time;
    for message in measured {
        let _ = write!(text, "| {} |", message.name);
        for column in columns {
            let _ = write!(text, " {} |", two_digits(ratio(message, column)));
        }
        text.push('\n');
    }
    text.push_str("| geometric mean |");
    for column in columns {
        // Data is written but not scanned, and against a copy the messages have nothing in common.
        let counts = |message: &&Measured| column != (task::ENCODE, task::SCAN) || message.size < 1 << 20;
        let logarithms: Vec<f64> =
            measured.iter().filter(counts).map(|message| ratio(message, column).ln()).collect();
        let mean = (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp();
        let _ = match column.1 {
            task::COPY => write!(text, " – |"),
            _ => write!(text, " {} |", two_digits(mean)),
        };
    }
    text.push_str("\n\n");
    text
}

fn peers(measured: &[Measured]) -> String {
    let mut text = String::from(
        "| message | kmip-ttlv decodes in, ns | allocations | times as long | kmip-protocol decodes in, ns \
         | allocations | times as long | kmip-protocol encodes in, ns | allocations | times as long |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let columns = [
        (task::TTLV_DECODE, task::DECODE),
        (task::PROTOCOL_DECODE, task::DECODE),
        (task::PROTOCOL_ENCODE, task::ENCODE),
    ];
    for message in measured {
        let _ = write!(text, "| {} |", message.name);
        for (peer, own) in columns {
            let _ = match message.tasks.get(peer) {
                Some(figures) => write!(
                    text,
                    " {} | {} | {:.0} |",
                    nanoseconds(figures.time),
                    figures.allocations,
                    figures.time / message.tasks[own].time
                ),
                None => write!(text, " – | – | – |"),
            };
        }
        text.push('\n');
    }
    text
}

fn nanoseconds(time: f64) -> String {
    if time < 100.0 { format!("{time:.1}") } else { format!("{time:.0}") }
}

fn two_digits(ratio: f64) -> String {
    if ratio < 0.01 { format!("{ratio:.4}") } else { format!("{ratio:.2}") }
}
