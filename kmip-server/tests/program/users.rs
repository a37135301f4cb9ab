//! `kmip-server users`, and clients that send user name and password.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use kmip::types::{ResultReason, ResultStatus};

use crate::harness::{create, exchange, folder, get, password, program, quickstart, soon, start};

/// Runs a command of `users` with this as its standard input.
fn users(file: &Path, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut child = program()
        .arg("users")
        .args(arguments)
        .arg("--file")
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that needs no input may be gone already.
    let _ = writeln!(child.stdin.take().unwrap(), "{input}");
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn the_file_is_managed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.toml");
    let done = (Some(0), String::new());
    assert_eq!(users(&file, &["add", "alice"], "open sesame"), done);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let more = ["add", "bob", "--certificate", "client", "--group", "Group A", "--group", "Group B"];
    assert_eq!(users(&file, &more, "b"), done);
    assert_eq!(users(&file, &["add", "carol", "--no-password"], ""), done);
    assert_eq!(users(&file, &["one-time", "bob"], "only once"), done);
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("sesame") && !text.contains("only once") && text.contains("$scrypt$"), "{text}");

    let (status, said) = users(&file, &["add", "alice"], "again");
    assert!(status == Some(1) && said.contains("\"alice\" already"), "{said}");
    let (status, said) = users(&file, &["add", "dave"], "");
    assert!(status == Some(1) && said.contains("empty password"), "{said}");
    assert_eq!(
        users(&file, &["list"], "").1,
        "alice\nbob, 1 one-time password, certificates: client, groups: Group A, Group B\ncarol, no password\n"
    );

    assert_eq!(users(&file, &["verify", "alice"], "open sesame").0, Some(0));
    assert_eq!(users(&file, &["verify", "alice"], "open").0, Some(1));
    assert_eq!(users(&file, &["verify", "nobody"], "open").0, Some(1));
    assert_eq!(users(&file, &["passwd", "alice"], "new"), done);
    assert_eq!(users(&file, &["verify", "alice"], "new").0, Some(0));
    assert_eq!(users(&file, &["verify", "alice"], "open sesame").0, Some(1));
    assert_eq!(users(&file, &["remove", "alice"], ""), done);
    assert_eq!(users(&file, &["remove", "alice"], "").0, Some(1));
    assert!(!fs::read_to_string(&file).unwrap().contains("alice"));
}

#[test]
fn a_credential_says_who_the_user_is() {
    let (parent, folder) = folder();
    let file = parent.path().join("users.toml");
    assert_eq!(users(&file, &["add", "alice", "--certificate", "client"], "a").0, Some(0));
    assert_eq!(users(&file, &["add", "bob", "--certificate", "another"], "b").0, Some(0));
    let server = start(quickstart(&folder).arg("--auth-users").arg(&file));
    // The certificate's own user, and her key.
    let mut stream = server.connect(&folder);
    let key = create(&mut stream, "default");
    assert_eq!(exchange(&mut stream, get(&key), None).result_status, ResultStatus::Success);
    // Nothing is said by empty texts, which PyKMIP's client sends.
    let item = exchange(&mut stream, get(&key), Some(password("", "")));
    assert_eq!(item.result_status, ResultStatus::Success);
    // Alice is someone else, for whom it isn't there; and the connection stays open.
    for _ in 0..2 {
        let item = exchange(&mut stream, get(&key), Some(password("alice", "a")));
        assert_eq!(item.result_reason, Some(ResultReason::ItemNotFound));
    }
    for (user, word) in [("alice", "b"), ("nobody", "a"), ("bob", "b")] {
        let mut stream = server.connect(&folder);
        let item = exchange(&mut stream, get(&key), Some(password(user, word)));
        assert_eq!(item.result_status, ResultStatus::OperationFailed);
        assert_eq!(item.result_reason, Some(ResultReason::AuthenticationNotSuccessful));
        assert!(item.result_message.is_some() && item.response_payload.is_none());
        // And then it is closed.
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
    }
    // Users come while it runs.
    assert_eq!(users(&file, &["add", "carol", "--certificate", "*"], "c").0, Some(0));
    soon("a new user", || {
        let item = exchange(&mut server.connect(&folder), get(&key), Some(password("carol", "c")));
        item.result_reason == Some(ResultReason::ItemNotFound)
    });
    let (_, log) = server.stop("-TERM");
    assert!(log.contains("authentication failed"), "{log}");
}

#[test]
fn without_users_a_credential_is_refused_clearly() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let key = create(&mut server.connect(&folder), "default");
    let item = exchange(&mut server.connect(&folder), get(&key), Some(password("alice", "a")));
    assert_eq!(item.result_reason, Some(ResultReason::AuthenticationNotSuccessful));
    assert!(item.result_message.unwrap().contains("no users file"));
}

#[test]
fn a_users_file_that_others_can_read_is_refused() {
    let (parent, folder) = folder();
    let file = parent.path().join("users.toml");
    assert_eq!(users(&file, &["add", "alice"], "a").0, Some(0));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let output = quickstart(&folder).arg("--auth-users").arg(&file).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("mode 0644"), "{said}");
}
