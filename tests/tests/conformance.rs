//! The official test cases, replayed on the server: all pass but those that contradict the specification, which are listed
//! with its sections in `conformance-exceptions.toml`.
//!
//! They lie beside the project, not in it: without them this test says so and passes.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use kmip::{
    client::{Address, Encoding, Identity, Options},
    conformance::{self, Case, Exceptions, Report, Runner, Target, Verdict},
};
use kmip_tests::programs::Server;

/// How many servers work at the same time.
const SERVERS: usize = 3;

#[test]
fn official_cases_pass() {
    let Some(cases) = cases() else { return };
    let report = play(&cases, None);
    let counts: Vec<String> = report
        .counts()
        .iter()
        .map(|(version, counts)| format!("{version}: {:?}", counts.columns()))
        .collect();
    eprintln!("{}", counts.join("\n"));
    let failed: Vec<String> =
        report.failed().map(|outcome| format!("{}: {}", outcome.case, outcome.why())).collect();
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
    let stale: Vec<&str> = report.stale().map(|(outcome, _)| outcome.case.as_str()).collect();
    assert!(stale.is_empty(), "these pass, and are to be taken from the list of exceptions: {stale:?}");
    let passed = report.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Pass).count();
    assert!(passed > 370, "only {passed} passed");
}

#[test]
fn official_cases_pass_in_xml_and_json() {
    let Some(mut cases) = cases() else { return };
    // The encodings are the same for all cases; some of each kind are enough to see that.
    cases.retain(|case| case.name().starts_with("SKLC-") || case.name().starts_with("CS-BC-M-1"));
    for encoding in [Encoding::Xml, Encoding::Json] {
        let report = play(&cases, Some(encoding));
        let failed: Vec<String> = report
            .outcomes
            .iter()
            .filter(|outcome| outcome.verdict != Verdict::Pass)
            .map(|outcome| format!("{}: {}", outcome.case, outcome.why()))
            .collect();
        assert!(failed.is_empty(), "{encoding:?}:\n{}", failed.join("\n"));
    }
}

/// The runner finds what is wrong: an answer to a case in which a value was changed differs there.
#[test]
fn a_wrong_answer_is_found() {
    let Some(cases) = cases() else { return };
    let case = cases.iter().find(|case| case.name().starts_with("SKLC-M")).unwrap();
    let text = fs::read_to_string(case.path()).unwrap();
    let (before, behind) = text.split_at(text.rfind("<UniqueIdentifier").unwrap());
    let changed = format!("{before}<ObjectType type=\"Enumeration\" value=\"SecretData\"/>{behind}");
    let changed = Case::read(case.name(), &changed).unwrap();
    let report = play(std::slice::from_ref(&changed), None);
    let outcome = &report.outcomes[0];
    assert_eq!(outcome.verdict, Verdict::Fail, "{}", outcome.why());
    assert!(outcome.why().contains("ObjectType: missing"), "{}", outcome.why());
    assert_eq!(outcome.right + 1, outcome.length);
    for text in [report.to_html(), String::from_utf8(report.to_junit().unwrap()).unwrap()] {
        assert!(text.contains("ObjectType: missing"));
    }
}

/// The cases, and a word of it where there are none.
fn cases() -> Option<Vec<Case>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/oasis/cases"));
    if !folder.is_dir() {
        eprintln!("skipped: there are no official cases at {}", folder.display());
        return None;
    }
    let files = conformance::files(&[folder]).unwrap();
    Some(files.into_iter().map(|file| Case::open(file).unwrap()).collect())
}

/// Plays cases on several servers, each of which is a new one for each case.
fn play(cases: &[Case], encoding: Option<Encoding>) -> Report {
    let text = fs::read_to_string(own("conformance-exceptions.toml")).unwrap();
    let report = Mutex::new(Report::new("the server of the tests", Exceptions::read(&text).unwrap()));
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..SERVERS.min(cases.len()) {
            scope.spawn(|| {
                let place = Place::new();
                let find = |name: &str| cases.iter().find(|case| case.name() == name).cloned();
                let mut runner = place.runner(encoding);
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let outcome = runner.play(case, &find);
                    report.lock().unwrap().outcomes.push(outcome);
                }
            });
        }
    });
    report.into_inner().unwrap()
}

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A folder with what a server needs.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["conformance.toml", "conformance-users.toml"] {
            let copy = folder.path().join(name);
            fs::copy(own(name), &copy).unwrap();
            fs::set_permissions(copy, fs::Permissions::from_mode(0o600)).unwrap();
        }
        Self { folder }
    }

    /// A runner that has a new server for each case.
    fn runner(&self, encoding: Option<Encoding>) -> Runner {
        let directory = self.folder.path().join("kmip");
        let config = self.folder.path().join("conformance.toml");
        let mut target = Target::new(Options::new(Address::new("127.0.0.1", 0)));
        target.encoding = encoding;
        target.options.ca = Some(directory.join("ca.crt").into());
        target.options.identity =
            Some(Identity::new(directory.join("client.crt"), directory.join("client.key")));
        let mut server: Option<Server> = None;
        let restart = move |target: &mut Target| {
            drop(server.take());
            let https = free_port();
            let listen = format!("127.0.0.1:{https}");
            let config = config.to_str().ok_or("the folder has a strange name")?;
            let arguments = ["--store", "memory:", "--config", config, "--listen-https", &listen];
            let started = Server::quickstart_in(&directory, &arguments);
            target.options.servers = vec![started.address.parse().map_err(|error| format!("{error}"))?];
            target.https = Some(Address::new("127.0.0.1", https));
            server = Some(started);
            Ok(())
        };
        Runner::restarting(target, Box::new(restart))
    }
}

/// A port that nobody has.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
