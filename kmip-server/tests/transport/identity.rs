//! Who is let in, and as whom.

use std::fs;
use std::process::Command;

use kmip_server::transport::{Limits, TlsVersion};
use openssl::ssl::{Ssl, SslVersion};

use crate::harness::{Running, request, soon, start, start_with};
use crate::pki::{self, DAY, Pair, Request};

const VERSIONS: [SslVersion; 2] = [SslVersion::TLS1_2, SslVersion::TLS1_3];

/// Connects with this certificate and is answered, or why not.
async fn enter(server: &Running, identity: Option<&Pair>, version: SslVersion) -> Result<String, String> {
    let context = server.client(identity, Some(version)).build();
    let mut client = server.connect_as(Ssl::new(&context).unwrap()).await?;
    let who = client.who().await.map_err(|error| error.to_string())?;
    // In TLS 1.3 a connection that is refused without an alert ends here.
    if who.is_empty() { Err("closed".into()) } else { Ok(who) }
}

#[tokio::test]
async fn both_versions_of_tls_and_none_before() {
    let server = start(Limits::default()).await;
    let alice = server.authority.client("alice");
    for version in VERSIONS {
        let who = enter(&server, Some(&alice), version).await.unwrap();
        assert!(who.starts_with("Some(\"alice\") "), "{who}");
    }
    let mut builder = server.client(Some(&alice), Some(SslVersion::TLS1_1));
    builder.set_security_level(0);
    builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
    let refused = server.connect_as(Ssl::new(&builder.build()).unwrap()).await;
    assert!(refused.is_err_and(|error| error.contains("protocol version")));
}

#[tokio::test]
async fn strangers_are_not_let_in() {
    let server = start(Limits::default()).await;
    let authority = &server.authority;
    let strangers = [
        ("has no certificate", None),
        ("is known to someone else", Some(pki::authority("another").client("client"))),
        ("only looks like one of ours", Some(pki::authority("authority").client("client"))),
        ("signed itself", Some(pki::authority("client"))),
        ("has expired", Some(authority.issue(Request { valid: (-2 * DAY, -DAY), ..Request::default() }))),
        ("is not valid yet", Some(authority.issue(Request { valid: (DAY, 2 * DAY), ..Request::default() }))),
        ("is a server", Some(authority.issue(Request { server: true, ..Request::default() }))),
        ("is signed by a client", Some(authority.client("client").client("client"))),
    ];
    for (what, identity) in &strangers {
        for version in VERSIONS {
            let entered = enter(&server, identity.as_ref(), version).await;
            assert!(entered.is_err(), "who {what} was let in with {version:?} as {entered:?}");
        }
    }
    server.connect().await.echo(b"the server is alive").await.unwrap();
}

#[tokio::test]
async fn a_subject_is_named_by_its_only_common_name() {
    let server = start(Limits::default()).await;
    for (subject, expected) in [
        (
            [("O", "Exämple, Inc."), ("CN", "alice")].as_slice(),
            "Some(\"alice\") PeerCertificate { subject: \"O=Exämple\\\\, Inc., CN=alice\", \
             issuer: \"CN=authority\", .. }",
        ),
        (&[("CN", "alice"), ("CN", "root")], "None "),
        (&[("O", "nameless")], "None "),
        (&[("CN", "Ålice of 東京")], "Some(\"Ålice of 東京\") "),
    ] {
        let identity = server.authority.issue(Request { subject, ..Request::default() });
        let who = enter(&server, Some(&identity), SslVersion::TLS1_3).await.unwrap();
        assert!(who.starts_with(expected), "{who}");
    }
}

#[tokio::test]
async fn sessions_are_resumed_with_their_identity() {
    for version in ["-tls1_2", "-tls1_3"] {
        let server = start(Limits::default()).await;
        let folder = tempfile::tempdir().unwrap();
        server.authority.write(folder.path(), "ca");
        server.authority.client("alice").write(folder.path(), "alice");
        // A request, and then something that makes the server close the connection.
        fs::write(folder.path().join("input"), [request(b"who"), b"that's all".to_vec()].concat()).unwrap();
        // The package `openssl` takes up a session in unsafe code alone; its command does it for us.
        let connect = async |session: &str| {
            let mut command = Command::new("openssl");
            command
                .current_dir(folder.path())
                .args(["s_client", "-nocommands", "-ign_eof", version, "-CAfile", "ca.crt"])
                .args(["-cert", "alice.crt", "-key", "alice.key", session, "session"])
                .args(["-connect", &server.address.to_string()])
                .stdin(fs::File::open(folder.path().join("input")).unwrap());
            let output = soon(tokio::task::spawn_blocking(move || command.output())).await.unwrap();
            output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let Ok(first) = connect("-sess_out").await else {
            eprintln!("skipped: there is no openssl command here");
            return;
        };
        assert!(first.contains("New, TLSv1") && first.contains("Some(\"alice\")"), "{first}");
        let second = connect("-sess_in").await.unwrap();
        assert!(second.contains("Reused, TLSv1") && second.contains("Some(\"alice\")"), "{second}");
    }
}

#[tokio::test]
async fn a_certificate_for_other_uses_is_let_in_when_that_is_not_checked() {
    let server = start_with(Limits::default(), |tls| tls.client_usage = false).await;
    let identity = server.authority.issue(Request { server: true, ..Request::default() });
    for version in VERSIONS {
        let who = enter(&server, Some(&identity), version).await.unwrap();
        assert!(who.starts_with("Some(\"client\") "), "{who}");
    }
    let stranger = pki::authority("another").client("client");
    assert!(enter(&server, Some(&stranger), SslVersion::TLS1_3).await.is_err());
}

/// The suite that is agreed on in a version.
async fn suite(names: &[&str], version: SslVersion) -> Result<String, String> {
    let server = start_with(Limits::default(), |tls| {
        tls.ciphers = names.iter().map(ToString::to_string).collect();
    })
    .await;
    let context = server.client(Some(&server.authority.client("alice")), Some(version)).build();
    let client = server.connect_as(Ssl::new(&context).unwrap()).await?;
    Ok(client.stream.ssl().current_cipher().unwrap().name().to_owned())
}

#[tokio::test]
async fn suites_by_either_name() {
    let (old, new) = (SslVersion::TLS1_2, SslVersion::TLS1_3);
    for name in ["TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ECDHE-ECDSA-AES256-SHA384"] {
        assert_eq!(suite(&[name], old).await.unwrap(), "ECDHE-ECDSA-AES256-SHA384");
        // Of the other version nothing was said.
        assert!(suite(&[name], new).await.is_ok());
    }
    let both = ["TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-CHACHA20-POLY1305"];
    assert_eq!(suite(&both, new).await.unwrap(), "TLS_CHACHA20_POLY1305_SHA256");
    assert_eq!(suite(&both, old).await.unwrap(), "ECDHE-ECDSA-CHACHA20-POLY1305");
    // Whoever names suites of TLS 1.3 alone wants nothing else.
    assert!(suite(&["TLS_AES_128_GCM_SHA256"], old).await.is_err());
    assert_eq!(suite(&["TLS_AES_128_GCM_SHA256"], new).await.unwrap(), "TLS_AES_128_GCM_SHA256");
}

#[tokio::test]
async fn tls_1_3_alone() {
    let server = start_with(Limits::default(), |tls| tls.min_version = TlsVersion::V1_3).await;
    let alice = server.authority.client("alice");
    assert!(enter(&server, Some(&alice), SslVersion::TLS1_3).await.is_ok());
    assert!(enter(&server, Some(&alice), SslVersion::TLS1_2).await.is_err());
}
