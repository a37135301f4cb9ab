//! The command `kmip` against the server: every operation that both have, in the versions that have it.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use kmip_tests::programs::{Server, program};

const ALL: [&str; 6] = ["1.0", "1.1", "1.2", "1.3", "1.4", "2.0"];

/// A server, and a folder for files.
struct Bench {
    server: Server,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { server: Server::quickstart(&["--store", "memory:"]), folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn with(&self, name: &str, data: &[u8]) -> String {
        fs::write(self.file(name), data).unwrap();
        self.file(name)
    }

    /// What the command prints in a version.
    fn at(&self, version: &str, arguments: &[&str]) -> String {
        self.server.done(&[&["--kmip", version], arguments].concat())
    }

    /// What the command says when it fails in a version, and its exit status.
    fn fails(&self, version: &str, arguments: &[&str]) -> (String, Option<i32>) {
        let output = self.server.kmip(&[&["--kmip", version], arguments].concat());
        assert!(!output.status.success(), "{arguments:?} in {version}");
        (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code())
    }

    fn key(&self, more: &[&str]) -> String {
        self.server.done(&[&["create", "--activate"], more].concat())
    }
}

#[test]
fn attributes_are_added_changed_and_taken_away() {
    let bench = Bench::new();
    for version in ALL {
        let id = bench.key(&[]);
        let value = |name: &str| bench.at(version, &["attributes", &id, name]);
        bench.at(version, &["add-attribute", &id, "x-Owner=me"]);
        assert_eq!(value("x-Owner"), "x-Owner\tme", "{version}");
        bench.at(version, &["modify-attribute", &id, "x-Owner=you"]);
        assert_eq!(value("x-Owner"), "x-Owner\tyou", "{version}");
        assert!(bench.at(version, &["attribute-list", &id]).lines().any(|name| name == "x-Owner"));
        bench.at(version, &["delete-attribute", &id, "x-Owner"]);
        assert_eq!(value("x-Owner"), "", "{version}");
    }
    let id = bench.key(&["--name", "first"]);
    bench.at("1.4", &["add-attribute", &id, "Name=second"]);
    bench.at("1.4", &["modify-attribute", &id, "Name=third", "--index", "1"]);
    bench.at("1.4", &["delete-attribute", &id, "Name", "--index", "0"]);
    assert_eq!(bench.at("1.4", &["attributes", &id, "Name"]), "Name\tthird");
    bench.at("2.0", &["add-attribute", &id, "Name=fourth"]);
    bench.at("2.0", &["modify-attribute", &id, "Name=fifth", "--current", "Name=third"]);
    bench.at("2.0", &["delete-attribute", &id, "Name=fourth"]);
    assert_eq!(bench.at("2.0", &["attributes", &id, "Name"]), "Name\tfifth");
    bench.at("2.0", &["set-attribute", &id, "Contact Information=me"]);
    assert_eq!(bench.at("2.0", &["attributes", &id, "Contact Information"]), "Contact Information\tme");
    let (message, status) = bench.fails("1.4", &["set-attribute", &id, "Contact Information=me"]);
    assert!(message.contains("since KMIP 2.0: --kmip 2.0") && status == Some(2), "{message}");
}

#[test]
fn what_an_object_may_be_used_for() {
    let bench = Bench::new();
    let id = bench.key(&[]);
    for version in ALL {
        bench.at(version, &["check-object", &id, "--usage", "Encrypt"]);
        let (_, status) = bench.fails(version, &["check-object", &id, "--usage", "Sign"]);
        assert_eq!(status, Some(1));
        assert!(bench.at(version, &["obtain-lease", &id]).parse::<u32>().is_ok());
        bench.at(version, &["archive", &id]);
        assert_eq!(bench.at(version, &["locate", "--storage", "Archival"]), id);
        bench.at(version, &["recover", &id]);
    }
}

#[test]
fn codes_digests_and_random_numbers() {
    let bench = Bench::new();
    let data = bench.with("data", b"abc");
    let id = bench.key(&["--algorithm", "HMAC-SHA256", "--usage", "MACGenerate,MACVerify"]);
    for version in ["1.2", "1.3", "1.4", "2.0"] {
        let digest = bench.at(version, &["hash", "-i", &data, "--hex"]);
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let mac =
            bench.at(version, &["mac", "--id", &id, "--algorithm", "HMAC-SHA256", "-i", &data, "--hex"]);
        assert_eq!(mac.len(), 64);
        let verify = |mac: &str| {
            let arguments =
                ["mac-verify", "--id", &id, "--algorithm", "HMAC-SHA256", "-i", &data, "--mac", mac];
            bench.server.kmip(&[&["--kmip", version][..], &arguments].concat())
        };
        assert!(verify(&mac).status.success());
        assert_eq!(verify(&mac.replace(mac.get(..2).unwrap(), "00")).status.code(), Some(1));
        assert_eq!(bench.at(version, &["rng-retrieve", "16", "--hex"]).len(), 32);
        let json =
            bench.at(version, &["--json", "mac", "--id", &id, "--algorithm", "HMAC-SHA256", "-i", &data]);
        assert!(json.contains(&mac));
    }
}

#[test]
fn files_are_encrypted_in_parts() {
    let bench = Bench::new();
    let plain: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
    let data = bench.with("plain", &plain);
    let (sealed, again) = (bench.file("sealed"), bench.file("again"));
    let id = bench.key(&[]);
    for (version, mode) in [("1.3", "CBC"), ("1.4", "CBC"), ("2.0", "GCM")] {
        let how = ["--mode", mode, "--part-size", "30000"];
        bench.at(version, &[&["encrypt", "--id", &id, "-i", &data, "-o", &sealed][..], &how].concat());
        bench.at(version, &["decrypt", "-i", &sealed, "-o", &again]);
        assert_eq!(fs::read(&again).unwrap(), plain, "{version}");
        bench.at(version, &["decrypt", "-i", &sealed, "-o", &again, "--part-size", "7777"]);
        assert_eq!(fs::read(&again).unwrap(), plain, "{version}");
    }
}

#[test]
fn keys_out_of_keys() {
    let bench = Bench::new();
    let id = bench.key(&["--name", "old"]);
    let password = ["register", "--type", "SecretData", "--hex", "70617373776f7264", "--usage", "DeriveKey"];
    let password = bench.server.done(&[&password[..], &["--activate"]].concat());
    for version in ["1.2", "1.4", "2.0"] {
        let derive = ["derive-key", &password, "--method", "PBKDF2", "--hash", "SHA-1", "--salt", "73616c74"];
        let derive = [&derive[..], &["--iterations", "4096", "--length", "128"]].concat();
        let made = bench.at(version, &derive);
        // RFC 6070.
        assert_eq!(bench.at(version, &["get", &made, "--hex"]), "4b007901b765489abead49d926f721d0");
    }
    // The name goes over to the new key.
    let new = bench.server.done(&["rekey", &id, "--activate"]);
    assert_eq!(bench.server.done(&["locate", "--name", "old"]), new);
    let wrapping = bench.key(&["--usage", "WrapKey,UnwrapKey"]);
    let wrapped = bench.server.done(&["get", &id, "--wrap-with", &wrapping, "--no-encoding", "--hex"]);
    assert_eq!(wrapped.len(), 80);
    let more = ["--type", "SymmetricKey", "--length", "256", "--wrapped-with", &wrapping];
    let again = bench.server.done(&[&["register", "--hex", &wrapped][..], &more].concat());
    assert_eq!(bench.server.done(&["get", &again, "--hex"]), wrapped);
}

#[test]
fn parts_of_keys_and_pgp_keys_are_registered() {
    let bench = Bench::new();
    for version in ["1.2", "1.4", "2.0"] {
        let part = ["--type", "SplitKey", "--part", "1", "--parts", "2", "--threshold", "2"];
        let id = bench
            .at(version, &[&["register", "--hex", "00112233445566778899aabbccddeeff"][..], &part].concat());
        assert_eq!(bench.at(version, &["get", &id, "--hex"]), "00112233445566778899aabbccddeeff");
        assert!(bench.at(version, &["get", &id]).contains("SplitKey"));
        let id = bench.at(version, &["register", "--hex", "99", "--type", "PGPKey"]);
        assert!(bench.at(version, &["get", &id]).contains("PGPKey"));
    }
    let (message, _) = bench.fails("1.4", &["register", "--hex", "00", "--type", "SplitKey"]);
    assert!(message.contains("--part"), "{message}");
}

#[test]
fn key_pairs_sign_and_verify() {
    let bench = Bench::new();
    let data = bench.with("data", b"a message");
    let pair =
        bench.server.done(&["create-key-pair", "--length", "2048", "--activate", "--private-name", "p"]);
    let (public, private) = pair.split_once('\n').unwrap();
    assert_eq!(bench.server.done(&["locate", "--name", "p"]), private);
    for version in ["1.2", "1.4", "2.0"] {
        let how = ["--algorithm", "RSA", "--hash", "SHA-256", "--padding", "PSS"];
        let signature = bench.file("signature");
        let sign = ["sign", "--id", private, "-i", &data, "-o", &signature];
        bench.at(version, &[&sign[..], &how].concat());
        let signature = format!("@{signature}");
        let verify = ["signature-verify", "--id", public, "--signature", &signature, "-i", &data];
        assert_eq!(bench.at(version, &[&verify[..], &how].concat()), "Valid");
    }
}

#[test]
fn every_operation_is_written_without_a_server() {
    let bench = Bench::new();
    let data = bench.with("data", b"data");
    let arguments: &[(&str, &[&str])] = &[
        ("1.0", &["rekey", "7", "--offset", "60"]),
        ("1.1", &["rekey-key-pair", "7"]),
        (
            "1.0",
            &[
                "derive-key",
                "7",
                "--method",
                "PBKDF2",
                "--hash",
                "SHA-256",
                "--salt",
                "00",
                "--iterations",
                "9",
            ],
        ),
        ("1.2", &["create-split-key", "--parts", "3", "--threshold", "2"]),
        ("1.2", &["join-split-key", "7", "8"]),
        ("1.4", &["export", "7", "-o", "nowhere"]),
        ("1.0", &["get-usage-allocation", "7", "5"]),
        ("1.0", &["certify", "7", "--request", &data]),
        ("1.0", &["re-certify", "7", "--request", &data]),
        ("1.0", &["validate", "7"]),
        ("1.2", &["rng-seed", "-i", &data]),
        ("2.0", &["adjust-attribute", "7", "Cryptographic Length", "Increment", "--by", "8"]),
        ("2.0", &["login", "--lease", "60"]),
        ("2.0", &["logout", "--ticket", "00"]),
        ("2.0", &["delegated-login", "--operations", "Get,Encrypt", "--objects", "7"]),
        ("2.0", &["set-endpoint-role", "Server"]),
        ("2.0", &["log", "a line"]),
        ("1.0", &["poll", "00"]),
        ("1.0", &["cancel", "00"]),
        ("2.0", &["pkcs11", "0x10"]),
        ("2.0", &["interop", "Begin", "test"]),
        ("2.0", &["re-provision", "--request", &data]),
    ];
    for (version, arguments) in arguments {
        // The server's address is one where nobody listens.
        let output = Command::new(program("kmip"))
            .args(["--kmip", version, "--server", "127.0.0.1:1", "--dry-run"])
            .args(*arguments)
            .env("HOME", bench.folder.path())
            .output()
            .unwrap();
        let (text, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {errors}");
        assert!(text.starts_with("RequestMessage\n"), "{arguments:?}: {text}");
    }
}

#[test]
fn messages_are_traced_printed_and_sent() {
    let bench = Bench::new();
    let secret = "6d79736563726574";
    let register = ["register", "--type", "SecretData", "--hex", secret];
    let output = bench.server.kmip(&[&register[..], &["--trace"]].concat());
    let trace = String::from_utf8(output.stderr).unwrap();
    assert!(trace.contains("Operation Enumeration Register") && trace.contains("ResponseMessage"));
    assert!(!trace.contains(secret), "a secret in a trace: {trace}");
    let text = bench.server.done(&[&register[..], &["--dry-run"]].concat());
    assert!(!text.contains(secret));
    let hex = bench.server.done(&[&register[..], &["--dry-run=hex"]].concat());
    assert!(hex.contains(secret));
    let before = bench.server.done(&["locate"]).lines().count();
    let answer = bench.server.done(&["send", "--hex", &hex]);
    assert!(answer.contains("ResultStatus Enumeration Success"), "{answer}");
    assert_eq!(bench.server.done(&["locate"]).lines().count(), before + 1, "a dry run did something");
    let file = bench.with("messages", format!("{hex}\n{hex}\n").as_bytes());
    let answers = bench.server.done(&["send", &file, "--print-hex"]);
    assert_eq!(answers.lines().count(), 2);
    assert!(answers.lines().all(|line| line.starts_with("42007b")));
}

#[test]
fn profiles_and_pykmips_settings() {
    let bench = Bench::new();
    let server = &bench.server;
    let path = |name: &str| server.file(name).to_str().unwrap().to_owned();
    let (host, port) = server.address.rsplit_once(':').unwrap();
    let pykmip = bench.with(
        "pykmip.conf",
        format!(
            "[client]\nhost={host}\nport=1\n\n[lab]\nhost={host}\nport={port}\nkeyfile={}\ncertfile={}\nca_certs={}\n\
             cert_reqs=CERT_REQUIRED\nssl_version=PROTOCOL_TLSv1\nusername=\npassword=\n",
            path("client.key"),
            path("client.crt"),
            path("ca.crt")
        )
        .as_bytes(),
    );
    let run = |arguments: &[&str]| {
        Command::new(program("kmip"))
            .args(arguments)
            .env("HOME", bench.folder.path())
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let output = run(&["--config", &pykmip, "--profile", "lab", "versions"]);
    assert!(text(&output.stdout).contains("1.4"), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("ssl_version"), "what has no effect is told");
    assert_eq!(run(&["--config", &pykmip, "versions"]).status.code(), Some(3));
    assert!(text(&run(&["--config", &pykmip, "--profile", "no", "query"]).stderr).contains("client, lab"));

    // PyKMIP's own place is looked at where there is nothing else.
    fs::create_dir_all(bench.folder.path().join(".pykmip")).unwrap();
    let lab =
        fs::read_to_string(&pykmip).unwrap().replace("[client]", "[other]").replace("[lab]", "[client]");
    fs::write(bench.folder.path().join(".pykmip/pykmip.conf"), lab).unwrap();
    let output = run(&["locate"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("PyKMIP"));

    let folder = bench.folder.path().join(".config/kmip");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(server.file("ca.crt"), folder.join("ca.crt")).unwrap();
    let profiles = format!(
        "default = \"lab\"\n[profile.lab]\nserver = [\"127.0.0.1:1\", \"{}\"]\nca = \"ca.crt\"\ncert = {:?}\nkey = {:?}\n\
         kmip = \"1.2\"\n",
        server.address,
        path("client.crt"),
        path("client.key"),
    );
    fs::write(folder.join("config.toml"), profiles).unwrap();
    let output = run(&["locate", "--trace"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("ProtocolVersionMinor Integer 2"));
    let output = run(&["locate", "--profile", "none"]);
    assert!(text(&output.stderr).contains("it has lab"));
}

#[test]
fn completions_and_manual_pages_have_every_command() {
    let output = Command::new(program("kmip")).args(["completions", "bash"]).output().unwrap();
    let script = String::from_utf8(output.stdout).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new(program("kmip")).args(["man", "--output"]).arg(folder.path()).output().unwrap();
    assert!(done.status.success());
    for name in
        ["create-key-pair", "rekey", "signature-verify", "rng-seed", "adjust-attribute", "pkcs11", "send"]
    {
        assert!(script.contains(name), "{name}");
        assert!(Path::new(&folder.path().join(format!("kmip-{name}.1"))).exists(), "{name}");
    }
}
