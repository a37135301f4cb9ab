//! How fast the server is, and what an operation costs it, beside a server that does nothing: prints the tables of
//! BENCHMARKS.md. `KMIP_BENCH_SECONDS` says how long each is measured (5).
#![allow(clippy::print_stdout, reason = "that is what it is for")]

mod floor;

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use kmip::client::{Identity, Options};
use kmip_tests::programs::{Server, program};
use serde_json::Value;

/// The operations, and how many times the floor's processor time is the aim for each.
const OPERATIONS: [(&str, f64); 5] =
    [("discover-versions", 1.3), ("get", 2.0), ("encrypt", 2.5), ("locate", 2.5), ("create", 4.0)];

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, word, folder, address] = &*arguments
        && word == FLOOR
    {
        let folder = Path::new(folder);
        let mut options = Options::new(address.parse().expect("an address"));
        options.ca = Some(folder.join("ca.crt").into());
        options.identity = Some(Identity::new(folder.join("client.crt"), folder.join("client.key")));
        floor::serve(folder, &options).expect("the floor serves");
        return;
    }
    let server = Server::quickstart(&[]);
    let (floor, floor_address) = start_floor(&server);
    let real = Target { address: server.address.clone(), process: server.id(), folder: &server.directory };
    let floor = Target { address: floor_address, process: floor.0.id(), folder: &server.directory };

    println!("| operation | server, µs | floor, µs | server / floor | aim |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (operation, aim) in OPERATIONS {
        let cost = |target: &Target<'_>, objects| {
            let report = target.bench(&["--mix", operation, "-c", "16", "--objects", objects]);
            report["server_microseconds"].as_f64().expect("the processor time")
        };
        let (server, floor) = (cost(&real, "1000"), cost(&floor, "1"));
        println!("| {operation} | {server:.1} | {floor:.1} | {:.2} | {aim} |", server / floor);
    }

    println!("\n| 64 connections | per second | median, µs | 99 %, µs | 99 % / median |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    let row = |name: &str, operation: &Value| {
        let time = |name: &str| operation["microseconds"][name].as_f64().expect("a time");
        let (median, late) = (time("p50"), time("p99"));
        let rate = operation["per_second"].as_f64().expect("a rate");
        println!("| {name} | {rate:.0} | {median:.0} | {late:.0} | {:.1} |", late / median);
    };
    for (operation, _) in OPERATIONS {
        row(operation, &real.bench(&["--mix", operation, "-c", "64"])["operations"][0]);
    }
    row(
        "a new connection each, Discover Versions",
        &real.bench(&["--mix", "discover-versions", "--fresh", "-c", "64"])["operations"][0],
    );
    let mixed = real.bench(&["--mix", "get=2000,create-key-pair=1", "-c", "64"]);
    row("Get, beside RSA-4096 key pairs being made", &mixed["operations"][0]);
}

const FLOOR: &str = "floor";

/// A process that ends with this program.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_floor(server: &Server) -> (Kept, String) {
    let mut child = Command::new(env::current_exe().expect("the path of this program"))
        .arg(FLOOR)
        .args([server.directory.as_os_str(), server.address.as_ref()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the floor starts");
    let mut address = String::new();
    let said = BufReader::new(child.stdout.take().expect("its output")).read_line(&mut address);
    said.expect("its address");
    (Kept(child), address.trim().to_owned())
}

/// A server that is measured.
struct Target<'a> {
    address: String,
    process: u32,
    folder: &'a Path,
}

impl Target<'_> {
    /// What `kmip bench` says of it.
    fn bench(&self, arguments: &[&str]) -> Value {
        let seconds = env::var("KMIP_BENCH_SECONDS").unwrap_or_else(|_| "5".to_owned());
        let output = Command::new(program("kmip"))
            .args(["--json", "--kmip", "1.4", "--server", &self.address, "--directory"])
            .arg(self.folder)
            .args(["bench", "--seconds", &seconds, "--server-process", &self.process.to_string()])
            .args(arguments)
            .output()
            .expect("kmip runs");
        let said = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
    }
}
