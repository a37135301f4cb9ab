//! `kmip-server import-pykmip`, on a database that PyKMIP's server wrote.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use kmip_tests::programs::{Server, program};
use serde_json::{Value, json};

use crate::pki::{self, For};
use crate::python::{Python, done, is_left_out};
use crate::server::PyKmip;

#[test]
fn everything_that_pykmip_keeps_comes_over_as_it_was() {
    if is_left_out() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let leaves = [
        ("server", "localhost", For::Server),
        ("client", "first owner", For::Clients),
        ("other", "second owner", For::Clients),
    ];
    pki::write(path, &leaves);
    let python = Python::get();

    let server = PyKmip::start(path, path);
    let [host, port] = server.place();
    done(&mut python.script("fill.py", &[Path::new(host), Path::new(port), path]));
    let before = describe(&server.address, path);
    let database = server.stop();
    let as_it_was = fs::read(&database).unwrap();

    // A rehearsal makes nothing.
    let rehearsal = report(&import(&database, path, &["--dry-run", "--json"]));
    assert_eq!(rehearsal["dry_run"], true);
    assert!(!path.join("kmip").exists());

    let report = report(&import(&database, path, &["--json"]));
    assert_eq!(
        report,
        json!({
            "database": database.display().to_string(),
            "dry_run": false,
            "imported": 24,
            "types": {
                "Certificate": 1, "OpaqueObject": 3, "PrivateKey": 2, "PublicKey": 2, "SecretData": 2, "SplitKey": 2,
                "SymmetricKey": 12,
            },
            "states": { "Active": 1, "Compromised": 1, "Deactivated": 1, "PreActive": 18 },
            "owners": { "first owner": 22, "second owner": 2 },
            "policies": { "default": 22, "none-such": 1, "public": 1 },
            "skipped": [],
            "left_behind": 2,
            "unknown": [],
        })
    );
    assert_eq!(fs::read(&database).unwrap(), as_it_was, "the database was changed");

    // What is there is not brought over again, nor is anything else then.
    let again = import(&database, path, &[]);
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(said.contains("there are objects already with the identifiers 1, 2, 3,"), "{said}");
    let skipping = import(&database, path, &["--skip-existing", "--json"]);
    let skipping: Value = serde_json::from_slice(&skipping.stdout).unwrap();
    assert_eq!((&skipping["imported"], skipping["skipped"].as_array().unwrap().len()), (&json!(0), 24));

    let config = path.join("server.toml");
    let text = "listen = ['127.0.0.1:0']\nstore = 'kmip/kmip.db'\nmaster_key = 'kmip/master.key'\n\
                [tls]\ncertificate = 'server.crt'\nkey = 'server.key'\nclient_ca = 'ca.crt'\n";
    fs::write(&config, text).unwrap();
    let server = Server::run(&config);
    let mut after = describe(&server.address, path);

    // PyKMIP gives out what is sensitive as it is; here it leaves the server wrapped alone (KMIP 1.4 §3.48).
    let sensitive = &mut after["first owner"]["23"];
    assert_eq!(sensitive["sensitive"], json!({ "Sensitive": [true] }));
    assert_eq!(sensitive["object"]["reason"], "PERMISSION_DENIED");
    sensitive["object"] = before["first owner"]["23"]["object"].clone();
    // Certificates say which key they are of; PyKMIP's server does not look into them.
    for owner in ["first owner", "second owner"] {
        for object in after[owner].as_object_mut().unwrap().values_mut() {
            if let Some(attributes) = object.get_mut("attributes").and_then(Value::as_object_mut)
                && attributes.contains_key("Certificate Type")
            {
                assert!(attributes.remove("Cryptographic Algorithm").is_some());
                assert!(attributes.remove("Cryptographic Length").is_some());
            }
        }
    }
    assert_eq!(after, before);
    let of_first: Vec<&str> = before["first owner"].as_object().unwrap().keys().map(String::as_str).collect();
    // Two are governed by policies that let nobody see them.
    assert_eq!(of_first.len(), 20, "{of_first:?}");
}

/// What PyKMIP's client reads of every object.
fn describe(address: &str, certificates: &Path) -> Value {
    let (host, port) = address.rsplit_once(':').unwrap();
    let arguments = [Path::new(host), Path::new(port), certificates, Path::new("client"), Path::new("other")];
    let text = done(&mut Python::get().script("describe.py", &arguments));
    let mut said: Value = serde_json::from_str(&text).unwrap();
    json!({ "first owner": said["client"].take(), "second owner": said["other"].take() })
}

fn import(database: &Path, folder: &Path, more: &[&str]) -> Output {
    Command::new(program("kmip-server"))
        .arg("import-pykmip")
        .arg(database)
        .arg("--directory")
        .arg(folder.join("kmip"))
        .args(more)
        .output()
        .unwrap()
}

fn report(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
