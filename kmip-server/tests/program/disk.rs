//! Disks that are full, can't be written to, or hold something damaged, and databases that others have locked: the server goes
//! on or refuses to start, says why, and loses nothing.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use kmip::types::{GetAttributesRequest, LocateRequest, ResultReason, ResultStatus, UniqueIdentifier};
use rusqlite::Connection;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::harness::{
    Running, create, exchange, finished, folder, get, names, quickstart, soon, start, try_create,
};

/// Creates keys until one is refused: those that were made, and what the client was told then.
fn fill(server: &Running, folder: &Path) -> (Vec<UniqueIdentifier>, String) {
    let mut stream = server.connect(folder);
    let mut made = Vec::new();
    for _ in 0..20_000 {
        match try_create(&mut stream, "default") {
            Ok(key) => made.push(key),
            Err(refused) => return (made, refused.result_message.unwrap().to_string()),
        }
    }
    panic!("there was room for {} keys", made.len());
}

/// Everything that was made is there, and nothing else. (The first Get of a key writes: the key is not fresh any more.)
fn all_are_there(server: &Running, folder: &Path, made: &[UniqueIdentifier]) {
    let mut stream = server.connect(folder);
    for key in made {
        let request =
            GetAttributesRequest { unique_identifier: Some(key.clone()), ..GetAttributesRequest::new() };
        let item = exchange(&mut stream, request, None);
        assert_eq!(item.result_status, ResultStatus::Success, "{item:?}");
    }
    let located = server.ask(folder, LocateRequest::new()).unique_identifier;
    assert_eq!(located.len(), made.len());
    assert!(located.iter().all(|key| made.contains(key)));
}

/// `kmip-server` in a shell that does something before.
fn after(preparation: &str, command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(format!("{preparation} && exec \"$0\" \"$@\""));
    shell.arg(command.get_program()).args(command.get_args());
    shell
}

/// The same with mounts of its own. None where that is not allowed.
fn mounted(preparation: &str, command: &Command) -> Option<Command> {
    let may = Command::new("unshare").args(["-Urm", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !may.is_ok_and(|tried| tried.status.success()) {
        eprintln!("skipped: nothing can be mounted here");
        return None;
    }
    let shell = after(preparation, command);
    let mut own = Command::new("unshare");
    own.arg("-Urm").arg(shell.get_program()).args(shell.get_args());
    Some(own)
}

/// What was answered was synced before: a key for a key, where nobody else writes.
#[test]
fn an_answer_waits_for_the_disk() {
    let (parent, folder) = folder();
    let trace = parent.path().join("trace");
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("skipped: there is no strace here");
        return;
    }
    let command = quickstart(&folder);
    let mut traced = Command::new("strace");
    // With -D it is the server that is our child, and ends with the test.
    traced.args(["-D", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o"]).arg(&trace);
    traced.arg(command.get_program()).args(command.get_args());
    let server = start(&mut traced);
    let syncs = || {
        let text = fs::read_to_string(&trace).unwrap();
        text.lines().filter(|line| line.contains("sync(") && line.contains("kmip.db-wal")).count()
    };
    let mut stream = server.connect(&folder);
    create(&mut stream, "default");
    let before = syncs();
    for done in 1..=10 {
        create(&mut stream, "default");
        assert!(syncs() >= before + done, "the answer {done} came before its change was on the disk");
    }
}

#[test]
fn no_room_on_the_disk() {
    let (parent, folder) = folder();
    drop(start(&mut quickstart(&folder)));
    let disk = parent.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mut command = quickstart(&folder);
    command.args(["--store", &format!("sqlite:{}", disk.join("kmip.db").display())]);
    let mount = format!("mount -t tmpfs -o size=2m none '{}'", disk.display());
    let Some(mut command) = mounted(&mount, &command) else { return };
    let server = start(&mut command);
    let (made, told) = fill(&server, &folder);
    assert!(made.len() > 20, "{}", made.len());
    assert_eq!(told, "the server has no room for it");
    // Again and again; the server goes on with all that needs no room.
    for _ in 0..3 {
        assert!(try_create(&mut server.connect(&folder), "default").is_err());
    }
    all_are_there(&server, &folder, &made);
    let (status, log) = server.stop("-TERM");
    assert_eq!(status, Some(0));
    assert!(log.contains("no space is left for the database"), "{log}");
}

/// As with a quota. It is lifted later, and the server goes on.
#[test]
fn no_larger_files() {
    let (_parent, folder) = folder();
    drop(start(&mut quickstart(&folder)));
    // In blocks of 512 bytes.
    let server = start(&mut after("ulimit -S -f 1500", &quickstart(&folder)));
    let (mut made, told) = fill(&server, &folder);
    assert!(!made.is_empty());
    assert!(told.contains("internal error") || told.contains("no room"), "{told}");
    all_are_there(&server, &folder, &made);

    let id = Pid::from_raw(server.id().try_into().unwrap());
    prlimit(id, Resource::Fsize, Rlimit { current: None, maximum: None }).unwrap();
    let mut stream = server.connect(&folder);
    made.extend((0..50).map(|_| create(&mut stream, "default")));
    all_are_there(&server, &folder, &made);
    assert_eq!(server.stop("-KILL").0, None);
    all_are_there(&start(&mut quickstart(&folder)), &folder, &made);
}

#[test]
fn a_disk_that_can_only_be_read() {
    let (_parent, folder) = folder();
    let made = {
        let server = start(&mut quickstart(&folder));
        vec![create(&mut server.connect(&folder), "default")]
    };
    let preparation = format!("mount --bind '{0}' '{0}' && mount -o remount,ro,bind '{0}'", folder.display());
    let Some(mut command) = mounted(&preparation, &quickstart(&folder)) else { return };
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("kmip.db") && said.contains("Read-only file system"), "{said}");
    all_are_there(&start(&mut quickstart(&folder)), &folder, &made);
}

#[test]
fn a_database_that_another_program_has_locked() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let mut made = vec![create(&mut server.connect(&folder), "default")];
    server.ask(&folder, get(&made[0]));
    let other = Connection::open(folder.join("kmip.db")).unwrap();
    soon("it can be locked", || other.execute_batch("BEGIN EXCLUSIVE").is_ok());
    // What only reads goes on; what writes waits, and is then refused.
    server.ask(&folder, get(&made[0]));
    let refused = try_create(&mut server.connect(&folder), "default").unwrap_err();
    assert_eq!(refused.result_reason, Some(ResultReason::GeneralFailure));
    server.ask(&folder, get(&made[0]));
    other.execute_batch("ROLLBACK").unwrap();
    made.push(create(&mut server.connect(&folder), "default"));
    all_are_there(&server, &folder, &made);
    let (_, log) = server.stop("-TERM");
    assert!(log.contains("the database is locked by another process"), "{log}");
}

#[test]
fn a_damaged_database_is_refused_and_left_as_it_is() {
    let (_parent, folder) = folder();
    drop(start(&mut quickstart(&folder)));
    let database = folder.join("kmip.db");
    kmip_server::store::sqlite::copy::close(&database).unwrap();
    for (name, damage) in [
        ("no header", (|file| file.write_all_at(&[b'x'; 200], 0).unwrap()) as fn(&fs::File)),
        ("no schema", |file| file.write_all_at(&[b'x'; 4000], 96).unwrap()),
        ("cut off", |file| file.set_len(2048).unwrap()),
    ] {
        let sound = fs::read(&database).unwrap();
        damage(&fs::OpenOptions::new().write(true).open(&database).unwrap());
        let damaged = fs::read(&database).unwrap();
        let (status, said) =
            finished(&["quickstart", "--listen", "127.0.0.1:0", "--directory", folder.to_str().unwrap()]);
        assert_eq!(status, Some(1), "{name}: {said}");
        assert!(
            said.contains("damaged") || said.contains("is not a database of this server"),
            "{name}: {said}"
        );
        assert!(fs::read(&database).unwrap() == damaged, "{name}: it was changed");
        assert!(names(&folder).contains(&"master.key".into()));
        fs::write(&database, sound).unwrap();
    }
    start(&mut quickstart(&folder)).answers(&folder);
}
