//! PyKMIP's client against our server.

use std::collections::BTreeSet;
use std::path::Path;

use kmip_tests::programs::Server;

use crate::python::{Python, done, is_left_out};

#[test]
fn the_main_job() {
    if is_left_out() {
        return;
    }
    let server = Server::quickstart(&["--store", "memory:"]);
    let (host, port) = server.address.rsplit_once(':').unwrap();
    let files = [server.file("ca.crt"), server.file("client.crt"), server.file("client.key")];
    let arguments = [Path::new(host), Path::new(port), &files[0], &files[1], &files[2]];
    let mut command = Python::get().script("main_job.py", &arguments);
    let text = done(command.args(["KMIP_1_2", "KMIP_2_0"]));
    assert_eq!(text.lines().filter(|line| line.starts_with("ok ")).count(), 2, "{text}");
}

/// Every method of `ProxyKmipClient`, in four versions, its results compared exactly.
#[test]
fn every_method() {
    if is_left_out() {
        return;
    }
    let server = Server::quickstart(&["--store", "memory:"]);
    let (host, port) = server.address.rsplit_once(':').unwrap();
    let arguments = [Path::new(host), Path::new(port), &server.directory];
    let output = Python::get().script("methods.py", &arguments).output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}\n{errors}");
    let lines = |start: &str| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(start));
        lines.map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
    };
    let (passed, failed) = (lines("ok "), lines("failed "));
    let expected: BTreeSet<String> = FAILURES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(passed.len() + failed.len(), 22 * 4, "so many were tried\n{text}\n{errors}");
    assert!(
        failed == expected,
        "these failed: {failed:#?}\nthese were to fail: {expected:#?}\n{text}\n{errors}"
    );
}

/// What doesn't work yet: whoever makes one of them work takes it off the list.
const FAILURES: &[&str] = &[];
