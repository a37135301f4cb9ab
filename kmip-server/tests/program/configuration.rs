//! `kmip-server config`, and what settings come to.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::{finished, folder, program, quickstart, start};

/// A configuration for what is in a quickstart's folder.
fn configuration(folder: &Path) -> String {
    assert_eq!(start(&mut quickstart(folder)).stop("-TERM").0, Some(0));
    "listen = ['127.0.0.1:0']\nstore = 'kmip/kmip.db'\nmaster_key = 'kmip/master.key'\n\
     [tls]\ncertificate = 'kmip/server.crt'\nkey = 'kmip/server.key'\nclient_ca = 'kmip/ca.crt'\n"
        .to_owned()
}

fn output(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn what_counts_is_the_command_line_then_the_environment_then_the_file() {
    let parent = tempfile::tempdir().unwrap();
    let config = parent.path().join("server.toml");
    fs::write(
        &config,
        "store = 'from-file'\nlisten = ['a:1']\n[server]\nname = 'file'\n[limits]\nworkers = 5\n",
    )
    .unwrap();
    let path = config.to_str().unwrap();
    let (status, said) = output(
        program()
            .args(["config", "show", "--config", path, "--server-name", "line", "--listen", "c:3,d:4"])
            .env("KMIP_SERVER_SERVER_NAME", "environment")
            .env("KMIP_SERVER_LIMITS_WORKERS", "6")
            .env("KMIP_SERVER_LOG_LEVEL", ""),
    );
    assert_eq!(status, Some(0), "{said}");
    for line in [
        "listen = [\"c:3\", \"d:4\"]  # command line --listen".to_owned(),
        format!("store = \"sqlite:{}\"  # {path}", parent.path().join("from-file").display()),
        "name = \"line\"  # command line --server-name".to_owned(),
        "workers = 6  # environment KMIP_SERVER_LIMITS_WORKERS".to_owned(),
        "connections = 16384  # default".to_owned(),
        "level = \"INFO\"  # default".to_owned(),
        "# master_key is not set".to_owned(),
    ] {
        assert!(said.lines().any(|other| other == line), "{line}\n{said}");
    }
    let (status, said) = output(program().args(["config", "show"]).env("KMIP_SERVER_LIMITS_WORKERS", "many"));
    assert!(status == Some(1) && said.contains("environment KMIP_SERVER_LIMITS_WORKERS: "), "{said}");
    let (status, said) = finished(&["config", "show", "--limits-workers", "0"]);
    assert!(status == Some(1) && said.contains("command line --limits-workers: "), "{said}");
}

#[test]
fn everything_may_be_said_without_a_file() {
    let (_parent, folder) = folder();
    configuration(&folder);
    let file = |name: &str| folder.join(name).display().to_string();
    let mut command = program();
    command
        .args(["run", "--listen", "127.0.0.1:0", "--master-key", &file("master.key")])
        .args(["--tls-certificate", &file("server.crt"), "--tls-key", &file("server.key")])
        .env("KMIP_SERVER_TLS_CLIENT_CA", file("ca.crt"))
        .env("KMIP_SERVER_STORE", format!("sqlite:{}", file("kmip.db")));
    start(&mut command).answers(&folder);
}

#[test]
fn a_check_reads_everything_and_changes_nothing() {
    let (parent, folder) = folder();
    let text = configuration(&folder);
    let config = parent.path().join("server.toml");
    fs::write(&config, format!("policies = 'policies'\n{text}")).unwrap();
    let path = config.to_str().unwrap();
    let check = |more: &[&str]| finished(&[&["config", "check", "--config", path], more].concat());

    let (status, said) = check(&[]);
    assert!(status == Some(1) && said.contains("folder of policies"), "{said}");
    fs::create_dir(parent.path().join("policies")).unwrap();
    let (status, said) = check(&[]);
    assert_eq!((status, &*said), (Some(0), "The configuration is sound.\n"));

    fs::write(parent.path().join("policies/bad.json"), "{\n  \"p\": {\"preset\": {\"KEY\": {}}}\n}").unwrap();
    let (status, said) = check(&[]);
    assert_eq!(status, Some(1));
    assert!(
        ["bad.json", "\"KEY\" is no object type", "line 2"].iter().all(|part| said.contains(part)),
        "{said}"
    );
    fs::remove_file(parent.path().join("policies/bad.json")).unwrap();

    for (more, expected) in [
        (&["--tls-key", "/nowhere/key"][..], "/nowhere/key"),
        (&["--tls-ciphers", "ROT13"], "ROT13"),
        (&["--auth-users", "/nowhere/users"], "/nowhere/users"),
        (&["--auth-slugs", "[{ url = 'slugs' }]"], "slugs"),
        (&["--log-level", "kmip_server=loud"], "loud"),
        (&["--tls-min-version", "1.0"], "1.2 or 1.3"),
    ] {
        let (status, said) = check(more);
        assert!(status == Some(1) && said.contains(expected), "{said}");
    }
    // A database that isn't there yet stays so.
    let new = parent.path().join("new.db");
    assert_eq!(check(&["--store", new.to_str().unwrap()]).0, Some(0));
    assert!(!new.exists());
}

/// PyKMIP's `server.conf`, with everything in it that its documentation names.
#[test]
fn a_configuration_of_pykmip_is_read_as_it_is() {
    let (parent, folder) = folder();
    configuration(&folder);
    let database = parent.path().join("pykmip.db");
    fs::create_dir(parent.path().join("policies")).unwrap();
    let config = parent.path().join("server.conf");
    fs::write(
        &config,
        "[server]\nhostname=127.0.0.1\nport=0\ncertificate_path=kmip/server.crt\nkey_path=kmip/server.key\n\
         ca_path=kmip/ca.crt\nauth_suite=Basic\npolicy_path=policies\nenable_tls_client_auth=True\n\
         tls_cipher_suites=\n    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n    EXAMPLE_CIPHER_SUITE_1\n\
         logging_level=INFO\ndatabase_path=pykmip.db\n[auth:slugs]\nenabled=False\nurl=http://127.0.0.1:8080/slugs/\n",
    )
    .unwrap();
    let path = config.to_str().unwrap();

    // What PyKMIP has written is not ours to write to.
    let pykmips = rusqlite::Connection::open(&database).unwrap();
    pykmips.execute_batch("CREATE TABLE managed_objects (uid INTEGER PRIMARY KEY)").unwrap();
    drop(pykmips);
    let before = fs::read(&database).unwrap();
    for task in [&["run"][..], &["config", "check"]] {
        let (status, said) = finished(&[task, &["--config", path]].concat());
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains("kmip-server import-pykmip") && said.contains("untouched"), "{said}");
    }
    assert_eq!(fs::read(&database).unwrap(), before);

    // What is said on the command line counts before the file.
    let own = parent.path().join("own.db");
    let key = parent.path().join("own.key");
    let run_time = ["--store", own.to_str().unwrap(), "--master-key", key.to_str().unwrap()];
    assert_eq!(finished(&[&["config", "check", "--config", path], &run_time[..]].concat()).0, Some(0));
    assert!(!key.exists(), "made by the first start");
    for _ in 0..2 {
        let server = start(program().args(["run", "--config", path]).args(run_time));
        server.answers(&folder);
        let (status, log) = server.stop("-TERM");
        assert_eq!(status, Some(0));
        for warning in ["auth_suite=TLS1.2", "EXAMPLE_CIPHER_SUITE_1"] {
            assert!(log.contains(warning), "{log}");
        }
    }
    assert!(key.exists() && own.exists());
}

/// PyKMIP's own example files.
#[test]
fn the_examples_of_pykmip_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/pykmip");
    if !Path::new(folder).exists() {
        eprintln!("skipped: PyKMIP's example files are not beside the project");
        return;
    }
    let config = format!("{folder}/server.conf");
    let (status, said) = finished(&["config", "show", "--config", &config]);
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("listen = [\"127.0.0.1:5696\"]") && said.contains("EXAMPLE_CIPHER_SUITE_3"),
        "{said}"
    );
    // It does not say where the objects are.
    let (status, said) = finished(&["config", "check", "--config", &config]);
    assert!(status == Some(1) && said.contains("`store`") && said.contains("`database_path`"), "{said}");
    let policies = tempfile::tempdir().unwrap();
    fs::copy(format!("{folder}/policy.json"), policies.path().join("policy.json")).unwrap();
    let (_parent, own) = crate::harness::folder();
    let server = start(quickstart(&own).arg("--policies").arg(policies.path()));
    server.answers(&own);
    let (_, log) = server.stop("-TERM");
    assert!(log.contains("policies=Some([\"example\"])") || log.contains("[\"example\"]"), "{log}");
}

#[test]
fn the_example_and_the_reference_are_in_the_documentation() {
    let (status, example) = finished(&["config", "example"]);
    assert_eq!(status, Some(0));
    toml::from_str::<toml::Table>(&example).unwrap();
    let (_, reference) = finished(&["config", "reference"]);
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/server-configuration.md");
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.contains(&reference),
        "put the output of `kmip-server config reference` into docs/server-configuration.md"
    );
}
