use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509PurposeId, X509StoreContext, X509VerifyResult};

use super::*;

fn prepare(path: &Path, listen: &str) -> Result<Folder, QuickstartError> {
    let listen = vec![listen.to_owned()];
    Folder::prepare(path, |config| Ok(Config { listen, ..config })).map(|(folder, _)| folder)
}

fn certificate(folder: &Folder, name: &str) -> X509 {
    X509::from_pem(&fs::read(folder.file(name)).unwrap()).unwrap()
}

/// Whether a strict client (Python 3.13 is one) takes a certificate of the folder for this purpose.
fn verify(folder: &Folder, name: &str, purpose: X509PurposeId) -> X509VerifyResult {
    let mut trusted = X509StoreBuilder::new().unwrap();
    trusted.add_cert(certificate(folder, "ca.crt")).unwrap();
    let mut how = X509VerifyParam::new().unwrap();
    how.set_flags(X509VerifyFlags::X509_STRICT).unwrap();
    how.set_purpose(purpose).unwrap();
    trusted.set_param(&how).unwrap();
    let mut context = X509StoreContext::new().unwrap();
    context
        .init(&trusted.build(), &certificate(folder, name), &Stack::new().unwrap(), |context| {
            context.verify_cert()?;
            Ok(context.error())
        })
        .unwrap()
}

/// Puts a certificate in the place of another one: the same key, signed by the same authority, with so many days left.
fn age(folder: &Folder, name: &str, days: u32) {
    let old = certificate(folder, name);
    let authority = PKey::private_key_from_pem(&fs::read(folder.file("ca.key")).unwrap()).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(old.subject_name()).unwrap();
    builder.set_issuer_name(old.issuer_name()).unwrap();
    builder.set_pubkey(&old.public_key().unwrap()).unwrap();
    builder.set_not_before(old.not_before()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(days).unwrap()).unwrap();
    builder.sign(&authority, MessageDigest::sha256()).unwrap();
    fs::write(folder.file(name), builder.build().to_pem().unwrap()).unwrap();
}

fn modes(folder: &Folder) -> Vec<(String, u32)> {
    let mut modes: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().permissions().mode() & 0o777)
        })
        .collect();
    modes.sort();
    modes
}

#[test]
fn everything_is_made_once_and_keys_are_private() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("new/kmip");
    let folder = prepare(&path, "127.0.0.1:5696").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    let expected = [
        ("ca.crl", 0o644),
        ("ca.crt", 0o644),
        ("ca.key", 0o600),
        ("certify.crt", 0o644),
        ("certify.key", 0o600),
        ("client.crt", 0o644),
        ("client.key", 0o600),
        ("master.key", 0o600),
        ("server.crt", 0o644),
        ("server.key", 0o600),
    ];
    assert_eq!(modes(&folder), expected.map(|(name, mode)| (name.to_owned(), mode)));
    assert_eq!(folder.made().len(), 10);

    let before = fs::read(folder.file("client.key")).unwrap();
    let again = prepare(&path, "127.0.0.1:5696").unwrap();
    assert!(again.made().is_empty(), "{:?}", again.made());
    assert_eq!(fs::read(folder.file("client.key")).unwrap(), before);
}

#[test]
fn what_is_missing_is_made_and_nothing_else() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    let folder = prepare(&path, "127.0.0.1:5696").unwrap();
    fs::remove_file(folder.file("client.crt")).unwrap();
    let again = prepare(&path, "127.0.0.1:5696").unwrap();
    assert_eq!(again.made(), ["client.crt", "client.key"]);

    // A new name for the server needs a new certificate.
    let named = prepare(&path, "keys.example.org:5696").unwrap();
    assert_eq!(named.made(), ["server.crt", "server.key"]);
    assert!(prepare(&path, "[::1]:0").unwrap().made().is_empty(), "it has this machine's own anyway");

    // Without the authority's key what is there is used, and nothing can be made.
    fs::remove_file(folder.file("ca.key")).unwrap();
    assert!(prepare(&path, "127.0.0.1:5696").unwrap().made().is_empty());
    fs::remove_file(folder.file("client.key")).unwrap();
    let refused = prepare(&path, "127.0.0.1:5696");
    assert!(matches!(refused, Err(QuickstartError::NoAuthorityKey(_))));
}

#[test]
fn strict_clients_accept_the_certificates() {
    let parent = tempfile::tempdir().unwrap();
    let folder = prepare(&parent.path().join("kmip"), "0.0.0.0:5696").unwrap();
    for (name, purpose, other) in [
        ("server.crt", X509PurposeId::SSL_SERVER, X509PurposeId::SSL_CLIENT),
        ("client.crt", X509PurposeId::SSL_CLIENT, X509PurposeId::SSL_SERVER),
    ] {
        assert_eq!(verify(&folder, name, purpose), X509VerifyResult::OK, "{name}");
        assert_ne!(verify(&folder, name, other), X509VerifyResult::OK, "{name}");
    }
    let server = certificate(&folder, "server.crt");
    let names = server.subject_alt_names().unwrap();
    let names: Vec<_> = names.iter().filter_map(|name| name.dnsname()).collect();
    assert_eq!(names, ["localhost", rustix::system::uname().nodename().to_str().unwrap()]);
}

#[test]
fn what_expires_is_renewed() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    let folder = prepare(&path, "127.0.0.1:5696").unwrap();
    for (name, made) in [
        ("server.crt", ["server.crt", "server.key"]),
        ("client.crt", ["client.crt", "client.key"]),
        // The key stays, and the others with it.
        ("ca.crt", ["ca.crt", "ca.key"]),
    ] {
        for days in [0, 29] {
            age(&folder, name, days);
            assert_eq!(prepare(&path, "127.0.0.1:5696").unwrap().made(), made, "{name} {days}");
        }
        assert!(prepare(&path, "127.0.0.1:5696").unwrap().made().is_empty());
    }
    assert_eq!(verify(&folder, "server.crt", X509PurposeId::SSL_SERVER), X509VerifyResult::OK);

    // Without the authority's key what has expired can't be renewed.
    age(&folder, "server.crt", 0);
    fs::remove_file(folder.file("ca.key")).unwrap();
    assert!(matches!(prepare(&path, "127.0.0.1:5696"), Err(QuickstartError::NoAuthorityKey(_))));
}

#[test]
fn a_folder_that_was_half_written_is_completed() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    let whole = prepare(&path, "127.0.0.1:5696").unwrap();
    // Files are written in this order; each may have been the last.
    let order = [
        "master.key",
        "ca.key",
        "ca.crt",
        "server.key",
        "server.crt",
        "client.key",
        "client.crt",
        "certify.key",
        "certify.crt",
        "ca.crl",
    ];
    let contents = order.map(|name| fs::read(whole.file(name)).unwrap());
    for written in 0..order.len() {
        fs::remove_dir_all(&path).unwrap();
        fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
        for (name, contents) in order.iter().zip(&contents).take(written) {
            files::write(&path.join(name), contents, files::PRIVATE).unwrap();
        }
        let folder = prepare(&path, "127.0.0.1:5696").unwrap();
        for (name, contents) in order.iter().zip(&contents).take(written) {
            // A key without its certificate was never used, except the authority's.
            let kept = name.ends_with("crt")
                || name.ends_with("crl")
                || ["master.key", "ca.key", "certify.key"].contains(name);
            assert!(!kept || fs::read(folder.file(name)).unwrap() == *contents, "{name} after {written}");
        }
        assert_eq!(verify(&folder, "server.crt", X509PurposeId::SSL_SERVER), X509VerifyResult::OK);
        assert_eq!(verify(&folder, "client.crt", X509PurposeId::SSL_CLIENT), X509VerifyResult::OK);
    }
}

#[test]
fn files_that_do_not_belong_together() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    let folder = prepare(&path, "127.0.0.1:5696").unwrap();
    let other = prepare(&parent.path().join("other"), "127.0.0.1:5696").unwrap();
    fs::copy(other.file("client.key"), folder.file("client.key")).unwrap();
    assert_eq!(prepare(&path, "127.0.0.1:5696").unwrap().made(), ["client.crt", "client.key"]);
    // Another authority, whole: what the former one signed is of no use.
    fs::copy(other.file("ca.key"), folder.file("ca.key")).unwrap();
    let error = prepare(&path, "127.0.0.1:5696").unwrap_err().to_string();
    assert!(error.contains("ca.key is not the key of ca.crt"), "{error}");
    fs::copy(other.file("ca.crt"), folder.file("ca.crt")).unwrap();
    assert_eq!(prepare(&path, "127.0.0.1:5696").unwrap().made().len(), 5);
}

#[test]
fn certify_has_an_authority_of_its_own() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    let folder = prepare(&path, "127.0.0.1:5696").unwrap();
    let key = |name: &str| certificate(&folder, name).public_key().unwrap();
    assert!(!key("ca.crt").public_eq(&key("certify.crt")));
    let (_, config) = Folder::prepare(&path, Ok).unwrap();
    let authority = config.authority.authority().unwrap().unwrap();
    let clients = authority::Trust::read(&config.tls.client_ca).unwrap();
    config.authority.check_apart(&authority, &clients).unwrap();

    // The key makes the same authority again; without it, nothing is made in the place of what was there.
    let before = fs::read(folder.file("certify.key")).unwrap();
    fs::remove_file(folder.file("certify.crt")).unwrap();
    assert_eq!(prepare(&path, "127.0.0.1:5696").unwrap().made(), ["certify.crt", "certify.key"]);
    assert_eq!(fs::read(folder.file("certify.key")).unwrap(), before);
    fs::copy(folder.file("ca.key"), folder.file("certify.key")).unwrap();
    let error = prepare(&path, "127.0.0.1:5696").unwrap_err().to_string();
    assert!(error.contains("certify.key is not the key of certify.crt"), "{error}");
    fs::remove_file(folder.file("certify.key")).unwrap();
    let error = prepare(&path, "127.0.0.1:5696").unwrap_err().to_string();
    assert!(error.contains("certify.crt is there without its key"), "{error}");

    // Where another is configured, none is made.
    fs::remove_file(folder.file("certify.crt")).unwrap();
    let other = authority::Options::default();
    Folder::prepare(&path, |config| Ok(Config { authority: other, ..config })).unwrap();
    assert!(!folder.file("certify.crt").exists());
}

#[test]
fn servers_that_start_at_once_share_what_one_of_them_makes() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    let made: Vec<usize> = std::thread::scope(|scope| {
        let starts: Vec<_> =
            (0..8).map(|_| scope.spawn(|| prepare(&path, "127.0.0.1:5696").unwrap().made().len())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert_eq!(made.iter().sum::<usize>(), 10, "{made:?}");
}

#[test]
fn the_address_is_one_to_connect_to() {
    let parent = tempfile::tempdir().unwrap();
    let folder = prepare(&parent.path().join("kmip"), "0.0.0.0:5696").unwrap();
    for (bound, announced) in [
        ("0.0.0.0:1", "127.0.0.1:1\n"),
        ("[::]:2", "[::1]:2\n"),
        ("127.0.0.1:3", "127.0.0.1:3\n"),
        ("192.0.2.1:4", "192.0.2.1:4\n"),
    ] {
        folder.announce(bound.parse().unwrap()).unwrap();
        assert_eq!(fs::read_to_string(folder.file("server")).unwrap(), announced);
    }
}

#[test]
fn a_lost_master_key_is_never_replaced() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    let folder = prepare(&path, "127.0.0.1:5696").unwrap();
    fs::write(folder.file("kmip.db"), "objects").unwrap();
    fs::remove_file(folder.file("master.key")).unwrap();
    let refused = prepare(&path, "127.0.0.1:5696");
    assert!(matches!(refused, Err(QuickstartError::NoMasterKey { .. })));
    assert!(!folder.file("master.key").exists());

    // Nor that of a store elsewhere; one that is made anew, or in memory, loses nothing.
    let elsewhere =
        |address: String| Folder::prepare(&path, |config| Ok(Config { store: address, ..config }));
    let database = parent.path().join("elsewhere.db");
    fs::write(&database, "objects").unwrap();
    let refused = elsewhere(format!("sqlite:{}", database.display()));
    assert!(matches!(refused, Err(QuickstartError::NoMasterKey { .. })));
    fs::remove_file(&database).unwrap();
    elsewhere(format!("sqlite:{}", database.display())).unwrap();
    fs::remove_file(folder.file("master.key")).unwrap();
    elsewhere("memory:".into()).unwrap();
    assert!(folder.file("master.key").exists());
}

#[test]
fn a_key_from_elsewhere_is_not_made() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    let (folder, config) =
        Folder::prepare(&path, |config| Ok(Config { master_key: KeyOrigin::file("/elsewhere"), ..config }))
            .unwrap();
    assert!(!folder.file("master.key").exists());
    assert_eq!(config.master_key, KeyOrigin::file("/elsewhere"));
}

#[test]
fn other_peoples_folders_are_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("other");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(path.join("notes"), "mine").unwrap();
    let refused = prepare(&path, "127.0.0.1:5696");
    assert!(matches!(refused, Err(QuickstartError::Shared(_))));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
    fs::remove_file(path.join("notes")).unwrap();
    prepare(&path, "127.0.0.1:5696").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn broken_files_are_named() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    let folder = prepare(&path, "127.0.0.1:5696").unwrap();
    fs::write(folder.file("server.crt"), "garbage").unwrap();
    let error = prepare(&path, "127.0.0.1:5696").unwrap_err().to_string();
    assert!(error.contains("server.crt"), "{error}");
}
