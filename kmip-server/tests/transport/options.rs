//! Options that can't be used are named.

use std::fs;
use std::sync::Arc;

use kmip_server::transport::{Limits, Options, Server, TlsOptions, TransportError};
use tempfile::TempDir;

use crate::harness::{Echo, files};
use crate::pki;

async fn refused(listen: &str, tls: TlsOptions) -> TransportError {
    let options = Options { listen: vec![listen.into()], https: vec![], tls, limits: Limits::default() };
    Server::bind(&options, Arc::new(Echo::default())).await.expect_err("the options were accepted")
}

fn folder() -> (TempDir, TlsOptions) {
    let folder = tempfile::tempdir().unwrap();
    let (_, tls) = files(&folder);
    (folder, tls)
}

#[tokio::test]
async fn addresses() {
    let (_folder, tls) = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = refused(&address, tls.clone()).await.to_string();
    assert!(error.contains(&address) && error.contains("in use"), "{error}");
    for address in ["127.0.0.1", "nowhere.invalid:5696", "127.0.0.1:port", "192.0.2.1:5696"] {
        let error = refused(address, tls.clone()).await.to_string();
        assert!(error.starts_with(&format!("cannot listen on {address}: ")), "{error}");
    }
}

#[tokio::test]
async fn files_that_are_not_what_they_should_be() {
    let (folder, tls) = folder();
    let (other, other_key) = pki::authority("other").write(folder.path(), "other");
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    let locked = folder.path().join("locked.key");
    let cipher = openssl::symm::Cipher::aes_256_cbc();
    let pem = pki::authority("x").key.private_key_to_pem_pkcs8_passphrase(cipher, b"secret").unwrap();
    fs::write(&locked, pem).unwrap();
    let absent = folder.path().join("absent");

    for (broken, what) in [
        (TlsOptions { certificate: absent.clone(), ..tls.clone() }, "absent: No such file"),
        (TlsOptions { certificate: empty.clone(), ..tls.clone() }, "empty: it holds no certificate"),
        (TlsOptions { key: absent.clone(), ..tls.clone() }, "absent: No such file"),
        (TlsOptions { key: empty.clone(), ..tls.clone() }, "empty: it holds no private key"),
        (TlsOptions { key: locked, ..tls.clone() }, "pass phrase"),
        (TlsOptions { key: other_key, ..tls.clone() }, "other.key: it is not the key of the certificate"),
        (TlsOptions { key: other, ..tls.clone() }, "other.crt: it holds no private key"),
        (TlsOptions { client_ca: absent, ..tls.clone() }, "absent: No such file"),
        (TlsOptions { client_ca: empty, ..tls.clone() }, "empty: it holds no certificate"),
        (TlsOptions { ciphers: vec!["ROT13".into()], ..tls.clone() }, "ROT13"),
    ] {
        let error = refused("127.0.0.1:0", broken).await.to_string();
        assert!(error.contains(what), "{error}");
    }
}
