//! PyKMIP's own tests against our server: taken from its source distribution when they run, never kept here.
//!
//! They are run as PyKMIP runs them: without those it marks `ignore`, which start a program that it doesn't ship.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kmip_tests::programs::Server;

use crate::pki::{self, For};
use crate::python::{Python, done, is_left_out};
use crate::server::Slugs;

#[test]
fn integration() {
    if is_left_out() {
        return;
    }
    // Everything that the client may see is destroyed after every test: the server is for these tests alone.
    let server = Server::quickstart(&["--store", "memory:"]);
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    fs::create_dir_all(home.join(".pykmip")).unwrap();
    // PyKMIP's own CI says these two, which makes the client send a credential that says nothing.
    let client = client("client", &server, &server.directory, "client") + "username=\npassword=\n";
    fs::write(home.join(".pykmip/pykmip.conf"), client).unwrap();
    copy(&tests().join("integration"), &folder.path().join("integration"));
    let outcome = run(folder.path(), &home, &["integration", "--config", "client"]);
    outcome.is(37, INTEGRATION_FAILURES);
}

/// What doesn't pass yet: whoever makes one of them pass takes it off the list.
const INTEGRATION_FAILURES: &[&str] = &[];

/// Users, groups and policies: PyKMIP's configuration, read by our server, with the group service that PyKMIP asks.
#[test]
fn functional() {
    if is_left_out() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let file = |name: &str| root.join(name).display().to_string();
    let users = [
        ("john_doe", "John Doe"),
        ("jane_doe", "Jane Doe"),
        ("john_smith", "John Smith"),
        ("jane_smith", "Jane Smith"),
    ];
    let mut leaves = vec![("server", "localhost", For::Server)];
    leaves.extend(users.map(|(file, name)| (file, name, For::Clients)));
    pki::write(root, &leaves);
    fs::create_dir(root.join("policies")).unwrap();
    fs::write(root.join("policies/policy.json"), POLICY).unwrap();
    fs::write(root.join("groups.csv"), GROUPS).unwrap();
    let slugs = Slugs::start(root, &root.join("groups.csv"));

    let config = format!(
        "[server]\nhostname=127.0.0.1\nport=0\ncertificate_path={}\nkey_path={}\nca_path={}\nauth_suite=TLS1.2\n\
         policy_path={}\nenable_tls_client_auth=True\nlogging_level=INFO\ndatabase_path={}\n\
         [auth:slugs]\nenabled=True\nurl={}\n",
        file("server.crt"),
        file("server.key"),
        file("ca.crt"),
        file("policies"),
        file("kmip.db"),
        slugs.url,
    );
    fs::write(root.join("server.conf"), config).unwrap();
    let server = Server::run(&root.join("server.conf"));

    let sections: String = users.map(|(name, _)| client(name, &server, root, name)).concat();
    fs::write(root.join("client.conf"), sections).unwrap();
    let suite = root.join("suite");
    copy(&tests().join("functional"), &suite.join("functional"));
    // The suite has its folders' names written into it.
    let test = suite.join("functional/services/test_authentication.py");
    let text = fs::read_to_string(&test).unwrap();
    let text = [("/tmp/pykmip/policies", "policies"), ("/tmp/slugs/user_group_mapping.csv", "groups.csv")]
        .iter()
        .fold(text, |text, (theirs, ours)| {
            assert!(text.contains(theirs), "{theirs} is not named in the suite");
            text.replace(theirs, &file(ours))
        });
    fs::write(&test, text).unwrap();
    let outcome = run(&suite, root, &["functional", "--config-file", &file("client.conf")]);
    outcome.is(4, FUNCTIONAL_FAILURES);
}

/// What doesn't pass yet.
const FUNCTIONAL_FAILURES: &[&str] = &[];

/// What the suite expects to be in force: each group may fetch keys, and one may destroy them.
const POLICY: &str = r#"{"policy_1": {
    "groups": {
        "Group A": {"SYMMETRIC_KEY": {"GET": "ALLOW_ALL", "DESTROY": "ALLOW_ALL"}},
        "Group B": {"SYMMETRIC_KEY": {"GET": "ALLOW_ALL", "DESTROY": "DISALLOW_ALL"}}
    },
    "preset": {"SYMMETRIC_KEY": {"GET": "DISALLOW_ALL", "DESTROY": "DISALLOW_ALL"}}
}}"#;

/// Who it expects to be in which group. Of one user it expects that nobody knows her.
const GROUPS: &str = "John Doe,Group A\nJane Doe,Group A\nJane Doe,Group B\nJohn Smith,Group B\n";

/// A client's section of `pykmip.conf`.
fn client(section: &str, server: &Server, certificates: &Path, name: &str) -> String {
    let (host, port) = server.address.rsplit_once(':').unwrap();
    let file = |file: String| certificates.join(file).display().to_string();
    format!(
        "[{section}]\nhost={host}\nport={port}\ncertfile={}\nkeyfile={}\nca_certs={}\ncert_reqs=CERT_REQUIRED\n\
         ssl_version=PROTOCOL_SSLv23\ndo_handshake_on_connect=True\nsuppress_ragged_eofs=True\n",
        file(format!("{name}.crt")),
        file(format!("{name}.key")),
        file("ca.crt".to_owned()),
    )
}

/// What became of the tests of a suite.
struct Outcome {
    passed: BTreeSet<String>,
    failed: BTreeSet<String>,
    log: String,
}

impl Outcome {
    /// Exactly these fail, and all others pass.
    fn is(&self, count: usize, failures: &[&str]) {
        let expected: BTreeSet<String> = failures.iter().map(|name| (*name).to_owned()).collect();
        let failed: Vec<&str> = self.failed.iter().map(String::as_str).collect();
        assert_eq!(self.passed.len() + self.failed.len(), count, "so many tests ran\n{}", self.log);
        assert!(
            self.failed == expected,
            "{} passed; these failed: {failed:#?}\nthese were to fail: {failures:#?}\n{}",
            self.passed.len(),
            self.log
        );
    }
}

/// Runs a suite that lies in `folder`.
fn run(folder: &Path, home: &Path, arguments: &[&str]) -> Outcome {
    fs::write(folder.join("pytest.ini"), "[pytest]\nmarkers =\n    ignore: left out\n").unwrap();
    let output = Python::get()
        .command()
        .args(["-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "--tb=short", "-m", "not ignore"])
        .args(arguments)
        .current_dir(folder)
        .env("HOME", home)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let mut outcome = Outcome { passed: BTreeSet::new(), failed: BTreeSet::new(), log };
    for line in outcome.log.lines() {
        // "PASSED integration/services/test_x.py::TestX::test_y", "FAILED … - why"
        let mut words = line.split_whitespace();
        let into = match words.next() {
            Some("PASSED") => &mut outcome.passed,
            Some("FAILED" | "ERROR") => &mut outcome.failed,
            _ => continue,
        };
        if let Some((_, name)) = words.next().and_then(|place| place.split_once(".py::")) {
            into.insert(name.to_owned());
        }
    }
    outcome
}

/// The folder with PyKMIP's tests.
fn tests() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pykmip-source");
    let unpacked = folder.join("pykmip-0.11.0");
    fs::create_dir_all(&folder).unwrap();
    let lock = fs::File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let tests = unpacked.join("kmip/tests");
    if !folder.join("done").exists() {
        let _ = fs::remove_dir_all(&unpacked);
        let python = Python::get();
        done(
            python
                .command()
                .args(["-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps"])
                .args(["--no-binary", ":all:", "pykmip==0.11.0", "-d"])
                .arg(&folder),
        );
        let archives = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let archive = archives.into_iter().find(|path| path.to_string_lossy().ends_with(".tar.gz"));
        let archive = archive.expect("the source distribution was downloaded");
        done(python.command().args(["-m", "tarfile", "-e"]).arg(archive).arg(&folder));
        fs::write(folder.join("done"), "").unwrap();
    }
    tests
}

/// Copies a folder, so that `import kmip` is what is installed and not what lies beside the tests.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}
