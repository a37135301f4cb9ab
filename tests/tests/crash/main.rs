//! A server that is killed in the middle of everything: what it had acknowledged is there afterwards, and nothing is half
//! there.
//!
//! Several clients write at once. The server's process is killed (SIGKILL) at random moments, started again, and every object
//! that was touched is compared with what its client was told. What was not answered may have been done or not, but wholly.
//! Some kills hit a server that is just starting, or is sealing everything under a new data key.
//!
//! `KMIP_CRASH_KILLS=200 cargo test -p kmip-tests --test crash -- --nocapture` is the long form; `KMIP_CRASH_SEED` repeats one.

mod model;
mod writer;

use std::env;
use std::fmt::Debug;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use kmip::client::blocking::Client;
use kmip::client::{Identity, Options, calls::Search};
use kmip::types::StorageStatusMask;
use kmip_tests::programs::{Server, program};

use self::model::Tally;
use self::writer::Writer;

#[test]
fn what_was_acknowledged_survives_every_kill() {
    let kills: u32 = variable("KMIP_CRASH_KILLS").unwrap_or(6);
    let seed = variable("KMIP_CRASH_SEED").unwrap_or_else(|| fastrand::u64(..));
    eprintln!("{kills} kills, KMIP_CRASH_SEED={seed}");
    let mut random = Rng::with_seed(seed);
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("kmip");
    let mut writers: Vec<_> = (0..WRITERS).map(|number| Writer::new(number, random.u64(..))).collect();
    let mut tally = Tally::default();
    let mut server = start(&directory);
    let begin = Instant::now();
    for kill in 1..=kills {
        let options = options(&server);
        let life = Duration::from_millis(random.u64(30..700));
        let rotation = (kill % 4 == 0).then(|| rotate(&directory));
        writers = thread::scope(|scope| {
            let running: Vec<_> = writers
                .into_iter()
                .map(|writer| {
                    let options = options.clone();
                    scope.spawn(move || writer.run(options))
                })
                .collect();
            thread::sleep(life);
            server.kill();
            running.into_iter().map(|running| running.join().unwrap()).collect()
        });
        // It would seal everything by itself now.
        if let Some(mut rotation) = rotation {
            rotation.wait().unwrap();
        }
        if kill % 3 == 0 {
            killed_at_its_start(&directory, &mut random);
        }
        server = start(&directory);
        let mut client = connect(&server);
        for writer in &mut writers {
            writer.compare(&mut client, &mut tally);
        }
        nothing_else_is_there(&mut client, &writers);
        if kill % 20 == 0 {
            eprintln!("{kill} kills in {:.0?}: {tally}", begin.elapsed());
        }
    }
    drop(server);
    everything_opens(&directory);
    eprintln!("{kills} kills in {:.0?}: {tally}", begin.elapsed());
    assert!(tally.acknowledged > 0, "nothing was done at all");
}

fn variable<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    Some(env::var(name).ok()?.parse().unwrap())
}

fn start(directory: &Path) -> Server {
    Server::quickstart_in(directory, &["--log-level", "ERROR"])
}

fn options(server: &Server) -> Options {
    let mut options = Options::new(server.address.parse().unwrap());
    options.ca = Some(server.file("ca.crt").into());
    options.identity = Some(Identity::new(server.file("client.crt"), server.file("client.key")));
    options
}

fn connect(server: &Server) -> Client {
    Client::connect(options(server)).unwrap()
}

/// Has the data key changed under the server.
fn rotate(directory: &Path) -> Child {
    let mut command = Command::new(program("kmip-server"));
    command.args(["rotate-data-key", "--no-wait", "--directory"]).arg(directory);
    command.stdout(Stdio::null()).spawn().unwrap()
}

/// A server that does not even get to the point where it listens, or is there only just.
fn killed_at_its_start(directory: &Path, random: &mut Rng) {
    let mut command = Command::new(program("kmip-server"));
    command.args(["quickstart", "--listen", "127.0.0.1:0", "--log-level", "ERROR", "--directory"]);
    let mut child = command.arg(directory).stdout(Stdio::null()).spawn().unwrap();
    thread::sleep(Duration::from_millis(random.u64(0..150)));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What the server has, one of the writers knows of.
fn nothing_else_is_there(client: &mut Client, writers: &[Writer]) {
    let online = Search { storage: Some(StorageStatusMask::OnLineStorage), ..Search::default() };
    let mut found: Vec<String> =
        client.locate(online).unwrap().ids.into_iter().map(|id| id.to_string()).collect();
    let mut known: Vec<String> = writers.iter().flat_map(Writer::living).collect();
    found.sort();
    known.sort();
    assert_eq!(found, known);
}

/// Every record of the store opens, and the chain of the audit log is whole.
fn everything_opens(directory: &Path) {
    let backup = directory.join("backup");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(program("kmip-server"));
        let output = command.args(arguments).arg("--directory").arg(directory).output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
    };
    run(&["backup", backup.to_str().unwrap()]);
    run(&["restore", "--check", backup.to_str().unwrap()]);
    run(&["audit", "verify"]);
}

const WRITERS: usize = 4;
