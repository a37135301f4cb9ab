use super::*;

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
    let folder = Folder::prepare(&path, "127.0.0.1:5696", true).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    let expected = [
        ("ca.crt", 0o644),
        ("ca.key", 0o600),
        ("client.crt", 0o644),
        ("client.key", 0o600),
        ("master.key", 0o600),
        ("server.crt", 0o644),
        ("server.key", 0o600),
    ];
    assert_eq!(modes(&folder), expected.map(|(name, mode)| (name.to_owned(), mode)));
    assert_eq!(folder.made().len(), 7);

    let before = fs::read(folder.file("client.key")).unwrap();
    let again = Folder::prepare(&path, "127.0.0.1:5696", true).unwrap();
    assert!(again.made().is_empty(), "{:?}", again.made());
    assert_eq!(fs::read(folder.file("client.key")).unwrap(), before);
}

#[test]
fn what_is_missing_is_made_and_nothing_else() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    let folder = Folder::prepare(&path, "127.0.0.1:5696", true).unwrap();
    fs::remove_file(folder.file("client.crt")).unwrap();
    let again = Folder::prepare(&path, "127.0.0.1:5696", true).unwrap();
    assert_eq!(again.made(), ["client.crt", "client.key"]);

    // A new name for the server needs a new certificate.
    let named = Folder::prepare(&path, "keys.example.org:5696", true).unwrap();
    assert_eq!(named.made(), ["server.crt", "server.key"]);
    assert!(Folder::prepare(&path, "[::1]:0", true).unwrap().made().contains(&"server.crt"));

    // Without the authority's key what is there is used, and nothing can be made.
    fs::remove_file(folder.file("ca.key")).unwrap();
    assert!(Folder::prepare(&path, "127.0.0.1:5696", true).unwrap().made().is_empty());
    fs::remove_file(folder.file("client.key")).unwrap();
    let refused = Folder::prepare(&path, "127.0.0.1:5696", true);
    assert!(matches!(refused, Err(QuickstartError::NoAuthorityKey(_))));
}

#[test]
fn a_lost_master_key_is_never_replaced() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    let folder = Folder::prepare(&path, "127.0.0.1:5696", true).unwrap();
    fs::write(folder.file("kmip.db"), "objects").unwrap();
    fs::remove_file(folder.file("master.key")).unwrap();
    let refused = Folder::prepare(&path, "127.0.0.1:5696", true);
    assert!(matches!(refused, Err(QuickstartError::NoMasterKey { .. })));
    assert!(!folder.file("master.key").exists());
}

#[test]
fn other_peoples_folders_are_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("other");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(path.join("notes"), "mine").unwrap();
    let refused = Folder::prepare(&path, "127.0.0.1:5696", true);
    assert!(matches!(refused, Err(QuickstartError::Shared(_))));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
    fs::remove_file(path.join("notes")).unwrap();
    Folder::prepare(&path, "127.0.0.1:5696", true).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn broken_files_are_named() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    let folder = Folder::prepare(&path, "127.0.0.1:5696", true).unwrap();
    fs::write(folder.file("server.crt"), "garbage").unwrap();
    let error = Folder::prepare(&path, "127.0.0.1:5696", true).unwrap_err().to_string();
    assert!(error.contains("server.crt"), "{error}");
}
