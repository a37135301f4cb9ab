//! Where the master key comes from, and changing it and the data key under a server that runs.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::harness::{Running, create, finished, folder, get, names, program, quickstart, soon, start};

/// A command of the program, with the folder of a server.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let mut all = arguments.to_vec();
    all.extend(["--directory", folder.to_str().unwrap()]);
    let (status, said) = finished(&all);
    assert_eq!(status, Some(0), "{arguments:?}: {said}");
    said
}

/// A folder with certificates, a database with an object, and its master key as text.
fn server_with_a_key() -> (tempfile::TempDir, PathBuf, kmip::types::UniqueIdentifier, String) {
    let (parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let key = create(&mut server.connect(&folder), "default");
    assert_eq!(server.stop("-TERM").0, Some(0));
    let master = fs::read_to_string(folder.join("master.key")).unwrap().trim().to_owned();
    (parent, folder, key, master)
}

fn with_master_key(folder: &Path, source: &str) -> Command {
    let mut command = quickstart(folder);
    command.args(["--master-key", source]);
    command
}

#[test]
fn from_the_environment_a_descriptor_or_a_command() {
    let (_parent, folder, key, master) = server_with_a_key();
    fs::remove_file(folder.join("master.key")).unwrap();
    let works = |server: Running| {
        server.ask(&folder, get(&key));
        assert_eq!(server.stop("-TERM").0, Some(0));
    };
    works(start(with_master_key(&folder, "env:THE_KEY").env("THE_KEY", &master)));
    works(start(&mut with_master_key(&folder, &format!("command:echo {master} | tr a-f A-F"))));
    // As `kmip-server … 7< FILE` in a shell.
    let secret = folder.join("secret");
    fs::write(&secret, &master).unwrap();
    let line = format!("exec \"$0\" \"$@\" 7< '{}'", secret.display());
    let by_descriptor = with_master_key(&folder, "fd:7");
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(line).arg(by_descriptor.get_program()).args(by_descriptor.get_args());
    works(start(&mut shell));

    for (source, expected) in [
        ("env:NO_SUCH_KEY", "there is no such variable"),
        ("command:exit 7", "exit status: 7"),
        ("fd:99", "fd:99"),
        ("command:echo 00112233", "32 bytes, or 64 hexadecimal digits"),
        (&*format!("command:echo {}", "00".repeat(32)), "not the master key that the store was sealed with"),
        ("vault:x", "vault: is not known"),
    ] {
        let (status, said) = finished(&[
            "quickstart",
            "--listen",
            "127.0.0.1:0",
            "--directory",
            folder.to_str().unwrap(),
            "--master-key",
            source,
        ]);
        assert!(status == Some(1) && said.contains(expected), "{source}: {said}");
        assert!(!said.contains(&master));
    }
}

#[test]
fn under_a_passphrase() {
    let (_parent, folder, key, _) = server_with_a_key();
    let file = |name: &str| folder.join(name).display().to_string();
    fs::write(folder.join("passphrase"), "open sesame\n").unwrap();
    fs::set_permissions(folder.join("passphrase"), fs::Permissions::from_mode(0o600)).unwrap();
    let passphrase = format!("--passphrase={}", file("passphrase"));
    let made = finished(&["master-key", &file("protected"), &passphrase, "--from", &file("master.key")]);
    assert_eq!(made, (Some(0), String::new()));
    let text = fs::read_to_string(folder.join("protected")).unwrap();
    assert!(text.starts_with("kmip-master-key:$scrypt$ln=17,r=8,p=1$"), "{text}");
    let server = start(
        with_master_key(&folder, &file("protected"))
            .args(["--master-key-passphrase", "env:WORD"])
            .env("WORD", "open sesame"),
    );
    server.ask(&folder, get(&key));
    drop(server);
    let directory = folder.display().to_string();
    let (status, said) = finished(&[
        "quickstart",
        "--directory",
        &directory,
        "--master-key",
        &file("protected"),
        "--master-key-passphrase",
        "command:echo open sesam",
    ]);
    assert!(status == Some(1) && said.contains("the passphrase is wrong"), "{said}");

    // Changing the master key leaves the new one under the same passphrase.
    let settings = ["--master-key", &file("protected"), "--master-key-passphrase", &file("passphrase")]
        .map(str::to_owned);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    done(&folder, &[&["rotate-master-key"], &settings[..]].concat());
    assert_ne!(fs::read_to_string(folder.join("protected")).unwrap(), text);
    let server = start(quickstart(&folder).args(&settings));
    server.ask(&folder, get(&key));
}

/// Gives shares to a server that waits for them.
fn unseal(socket: &Path, shares: &[&str]) -> (Option<i32>, String) {
    let mut command = program();
    command.arg("unseal").arg(socket).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child: Child = command.spawn().unwrap();
    // It may have ended before it has read all of them.
    let _ = child.stdin.take().unwrap().write_all((shares.join("\n") + "\n").as_bytes());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn in_shares() {
    let (_parent, folder, key, master) = server_with_a_key();
    let file = folder.join("master.key").display().to_string();
    let (status, said) = finished(&["master-key", "--from", &file, "--shares", "5", "--threshold", "3"]);
    assert_eq!(status, Some(0), "{said}");
    let shares: Vec<&str> = said.lines().collect();
    assert_eq!(shares.len(), 5);
    fs::remove_file(&file).unwrap();

    let socket = folder.join("unseal");
    let source = format!("shares:{}", socket.display());
    let (folder_, source_) = (folder.clone(), source.clone());
    let starting = std::thread::spawn(move || start(&mut with_master_key(&folder_, &source_)));
    soon("it waits for shares", || socket.exists());
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(unseal(&socket, &[shares[4]]), (Some(0), "1 of 3\n".into()));
    let (status, said) = unseal(&socket, &["kmip-share-nonsense"]);
    assert!(status == Some(1) && said.contains("no share, or it is mistyped"), "{said}");
    let (status, said) = unseal(&socket, &[shares[4]]);
    assert!(status == Some(1) && said.contains("given already"), "{said}");
    assert!(!starting.is_finished());
    assert_eq!(unseal(&socket, &[shares[0], shares[2]]), (Some(0), "2 of 3\ndone\n".into()));
    let server = starting.join().unwrap();
    server.ask(&folder, get(&key));
    assert!(!socket.exists());
    let (_, log) = server.stop("-TERM");
    assert!(!log.contains(&master) && shares.iter().all(|share| !log.contains(share)), "{log}");
    assert!(log.contains("2 of 3"), "{log}");

    // Other commands ask for them.
    let mut command = program();
    command.args(["backup", "--master-key", &source, "--directory"]).arg(&folder).arg(folder.join("backup"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(shares[1..4].join("\n").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(folder.join("backup").exists());
}

#[test]
fn the_master_key_is_changed_under_a_server_that_runs() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let key = create(&mut server.connect(&folder), "default");
    let before = fs::read_to_string(folder.join("master.key")).unwrap();
    let said = done(&folder, &["rotate-master-key"]);
    let after = fs::read_to_string(folder.join("master.key")).unwrap();
    assert_ne!(after, before);
    assert_eq!(fs::metadata(folder.join("master.key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!said.contains(before.trim()) && !said.contains(after.trim()));
    let kept = names(&folder).into_iter().find(|name| name.starts_with("master.key.before-")).unwrap();
    assert_eq!(fs::read_to_string(folder.join(&kept)).unwrap(), before);
    assert!(said.contains(&kept), "{said}");
    // The server has noticed nothing, and starts with the new one.
    server.ask(&folder, get(&key));
    let other = create(&mut server.connect(&folder), "default");
    assert_eq!(server.stop("-TERM").0, Some(0));
    let server = start(&mut quickstart(&folder));
    server.ask(&folder, get(&key));
    server.ask(&folder, get(&other));
    drop(server);
    let old = folder.join(&kept).display().to_string();
    let directory = folder.display().to_string();
    let (status, said) = finished(&["quickstart", "--directory", &directory, "--master-key", &old]);
    assert!(status == Some(1) && said.contains("not the master key"), "{said}");
}

#[test]
fn a_change_of_the_master_key_that_was_cut_off() {
    let (_parent, folder, key, before) = server_with_a_key();
    // As far as it gets before the file is exchanged: the store knows both, the file has the old one.
    let next = folder.join("master.key.next").display().to_string();
    assert_eq!(finished(&["master-key", &next]).0, Some(0));
    done(&folder, &["rotate-master-key", "--new", &next]);
    let server = start(&mut quickstart(&folder));
    server.ask(&folder, get(&key));
    drop(server);
    // It is taken up where it was, with the key that was made then.
    let new = fs::read_to_string(&next).unwrap();
    done(&folder, &["rotate-master-key"]);
    assert_eq!(fs::read_to_string(folder.join("master.key")).unwrap(), new);
    assert_ne!(new.trim(), before);
    assert!(!Path::new(&next).exists());
    let server = start(&mut quickstart(&folder));
    server.ask(&folder, get(&key));
    drop(server);
    // One that got nowhere is forgotten.
    assert_eq!(finished(&["master-key", &next]).0, Some(0));
    let nowhere = fs::read_to_string(&next).unwrap();
    done(&folder, &["rotate-master-key"]);
    assert_ne!(fs::read_to_string(folder.join("master.key")).unwrap(), nowhere);
    start(&mut quickstart(&folder)).ask(&folder, get(&key));
}

/// Whenever the command is killed: the key that is in the file opens the store, and the command can be given again.
#[test]
fn a_change_of_the_master_key_that_is_killed() {
    let (_parent, folder, key, _) = server_with_a_key();
    let (mut changed, mut attempt) = (0, 0);
    // Ever later, until it was sometimes too late: when that is depends on what else the machine does.
    while changed < 2 || attempt < 12 {
        attempt += 1;
        let before = fs::read_to_string(folder.join("master.key")).unwrap();
        let mut command = program();
        command.arg("rotate-master-key").arg("--directory").arg(&folder).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5 * attempt));
        child.kill().unwrap();
        child.wait().unwrap();
        changed += u32::from(fs::read_to_string(folder.join("master.key")).unwrap() != before);
        // It opens the store with the key in the file.
        let backup = folder.join(format!("backup-{attempt}"));
        done(&folder, &["backup", backup.to_str().unwrap()]);
    }
    done(&folder, &["rotate-master-key"]);
    start(&mut quickstart(&folder)).ask(&folder, get(&key));
}

#[test]
fn the_data_key_is_changed_under_a_server_that_runs() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let mut stream = server.connect(&folder);
    let keys: Vec<_> = (0..100).map(|_| create(&mut stream, "default")).collect();
    let said = done(&folder, &["rotate-data-key"]);
    assert!(said.contains("Everything is sealed under the new data key."), "{said}");
    for key in &keys {
        server.ask(&folder, get(key));
    }
    let later = create(&mut server.connect(&folder), "default");
    assert!(server.stop("-TERM").1.contains("everything is sealed under the new data key"));
    // And where no server runs.
    done(&folder, &["rotate-data-key"]);
    let server = start(&mut quickstart(&folder));
    server.ask(&folder, get(&keys[0]));
    server.ask(&folder, get(&later));
}
