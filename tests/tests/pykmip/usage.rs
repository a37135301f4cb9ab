//! PyKMIP's client against our server.

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
