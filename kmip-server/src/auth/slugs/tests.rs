//! Against a small service of our own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};

use super::*;
use crate::auth::{Clients, Options};
use crate::engine::Authenticator;
use crate::handler::{AlternativeNames, Peer, PeerCertificate};

type Members = Arc<Mutex<BTreeMap<String, Vec<String>>>>;

/// A service that knows these users and groups, at the returned address.
fn service(members: &Members) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let members = Arc::clone(members);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let members = Arc::clone(&members);
            thread::spawn(move || answer(stream.unwrap(), &members));
        }
    });
    format!("http://{address}/slugs/")
}

fn answer(stream: impl Read + Write, members: &Members) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let path = line.split(' ').nth(1).unwrap().to_owned();
        let mut host = String::new();
        while line.trim() != "" {
            line.clear();
            stream.read_line(&mut line).unwrap();
            if let Some(name) = line.to_ascii_lowercase().strip_prefix("host:") {
                name.trim().clone_into(&mut host);
            }
        }
        let (status, body) = look_up(&path, &members.lock().unwrap());
        let head = format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\n", body.len());
        // As CherryPy does it with a path that should end in a slash.
        let head = if status == 301 {
            // SLUGS writes the name as it is.
            format!("{head}Location: http://{host}{}/\r\n", path.replace("%20", " "))
        } else {
            head
        };
        if write!(stream.get_mut(), "{head}\r\n{body}").and_then(|()| stream.get_mut().flush()).is_err() {
            return;
        }
    }
}

fn look_up(path: &str, members: &BTreeMap<String, Vec<String>>) -> (u16, String) {
    let Some(rest) = path.strip_prefix("/slugs/users/") else { return (404, String::new()) };
    let (user, groups) = match rest.trim_end_matches('/').split_once('/') {
        Some((user, "groups")) => (user, true),
        Some(_) => return (404, String::new()),
        None => (rest.trim_end_matches('/'), false),
    };
    match (user.replace("%20", " ").as_str(), groups) {
        ("broken", true) => (200, "{\"groups\": 5}".into()),
        ("broken", false) => (200, String::new()),
        ("moved on", _) if !path.ends_with('/') => (301, String::new()),
        ("round", _) => (301, String::new()),
        ("failing", _) => (500, String::new()),
        (user, groups) => match members.get(user) {
            None => (404, String::new()),
            Some(names) if groups => (200, serde_json::json!({ "groups": names }).to_string()),
            Some(_) => (200, "{}".into()),
        },
    }
}

fn members() -> Members {
    let john = ("John Doe".to_owned(), vec!["Group A".to_owned()]);
    let moved = ("moved on".to_owned(), vec!["Group B".to_owned()]);
    Arc::new(Mutex::new([john, moved].into()))
}

fn options(url: &str) -> ServiceOptions {
    ServiceOptions { name: "test".into(), url: url.into(), ca: None, time: Duration::from_secs(2) }
}

fn groups(url: &str, user: &str) -> Result<Option<Vec<String>>, String> {
    Service::new(&options(url)).unwrap().groups(user)
}

#[test]
fn users_and_their_groups() {
    let members = members();
    let url = service(&members);
    assert_eq!(groups(&url, "John Doe").unwrap().unwrap(), ["Group A"]);
    assert_eq!(groups(url.trim_end_matches('/'), "John Doe").unwrap().unwrap(), ["Group A"]);
    assert_eq!(groups(&url, "moved on").unwrap().unwrap(), ["Group B"]);
    assert_eq!(groups(&url, "Jane Doe").unwrap(), None);
    assert_eq!(groups(&url, "../users/John Doe").unwrap(), None);
    assert!(groups(&url, "round").unwrap_err().contains("from one place to another"));
    assert!(groups(&url, "failing").unwrap_err().contains("500"));
    assert!(groups(&url, "broken").unwrap_err().contains("not as SLUGS has it"));
    // Asked anew each time.
    let asked = Service::new(&options(&url)).unwrap();
    members.lock().unwrap().remove("John Doe");
    assert_eq!(asked.groups("John Doe").unwrap(), None);
}

#[test]
fn names_are_segments_of_a_path() {
    assert_eq!(escaped("John Doe"), "John%20Doe");
    assert_eq!(escaped("../a?b#c%"), "..%2Fa%3Fb%23c%25");
    assert_eq!(escaped(".."), "%2E%2E");
    assert_eq!(escaped("Å"), "%C3%85");
}

#[test]
fn redirections_lead_to_the_same_service() {
    let service = Service::new(&options("https://a:1/slugs")).unwrap();
    for (location, expected) in [
        ("https://a:1/slugs/users/John Doe/", Some("https://a:1/slugs/users/John%20Doe/")),
        ("/slugs/users/x/", Some("https://a:1/slugs/users/x/")),
        ("http://a:1/slugs/users/x/", None),
        ("https://a:12/slugs/users/x/", None),
        ("https://a:1@b/", None),
        ("//b/", None),
        ("x/", None),
    ] {
        assert_eq!(service.redirected(location.as_bytes()).as_deref(), expected, "{location}");
    }
}

#[test]
fn an_address_has_to_be_one() {
    for url in ["ftp://x/", "slugs", "http://x/?a=b"] {
        assert!(Service::new(&options(url)).err().unwrap().to_string().contains(url));
    }
    let missing = ServiceOptions { ca: Some("/nowhere/ca.crt".into()), ..options("https://x/") };
    assert!(Service::new(&missing).err().unwrap().to_string().contains("/nowhere/ca.crt"));
}

/// A service that takes connections and says nothing.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    (listener, url)
}

#[test]
fn a_service_that_says_nothing_is_not_waited_for_long() {
    let (_listener, url) = silent();
    let options = ServiceOptions { time: Duration::from_millis(300), ..options(&url) };
    // Without a limit, this would not come back.
    assert!(Service::new(&options).unwrap().groups("x").is_err());
}

#[test]
fn tls_with_an_authority_of_its_own() {
    let (certificate, key) = certificate();
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    acceptor.set_certificate(&certificate).unwrap();
    acceptor.set_private_key(&key).unwrap();
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://127.0.0.1:{}/slugs", listener.local_addr().unwrap().port());
    let members = members();
    thread::spawn(move || {
        for stream in listener.incoming() {
            if let Ok(stream) = acceptor.accept(stream.unwrap()) {
                answer(stream, &members);
            }
        }
    });
    assert!(groups(&url, "John Doe").is_err(), "nobody has vouched for it");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate.to_pem().unwrap()).unwrap();
    let options = ServiceOptions { ca: Some(file.path().to_owned()), ..options(&url) };
    assert_eq!(Service::new(&options).unwrap().groups("John Doe").unwrap().unwrap(), ["Group A"]);
}

/// A certificate that vouches for itself.
fn certificate() -> (X509, PKey<openssl::pkey::Private>) {
    let group = openssl::ec::EcGroup::from_curve_name(openssl::nid::Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(openssl::ec::EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "slugs").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    let names =
        SubjectAlternativeName::new().ip("127.0.0.1").build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(names).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    (builder.build(), key)
}

/// What becomes of a client with these services, in their order.
fn enter(urls: &[&str], user: &str) -> Result<Vec<String>, String> {
    let services = urls.iter().map(|url| ServiceOptions { time: Duration::from_millis(300), ..options(url) });
    let options = Options { services: services.collect(), ..Options::default() };
    let clients = Clients::new(&options, None).unwrap();
    assert!(clients.may_block(false));
    let certificate = PeerCertificate {
        common_name: Some(user.to_owned()),
        subject: String::new(),
        issuer: String::new(),
        alternative_names: AlternativeNames::default(),
        client_usage: true,
        fingerprint_sha256: [0; 32],
        der: bytes::Bytes::new(),
    };
    let peer = Peer { address: "127.0.0.1:40000".parse().unwrap(), certificate: Some(certificate) };
    match clients.authenticate(&peer, &[]) {
        Ok(caller) => Ok(caller.groups.unwrap().to_vec()),
        Err(failure) => Err(failure.to_string()),
    }
}

#[test]
fn the_first_that_knows_the_user_counts() {
    let (first, second) = (members(), members());
    second.lock().unwrap().insert("John Doe".into(), vec!["Group Z".into()]);
    second.lock().unwrap().insert("Jane Doe".into(), vec!["Group Z".into()]);
    let (first, second) = (service(&first), service(&second));
    assert_eq!(enter(&[&first, &second], "John Doe").unwrap(), ["Group A"]);
    assert_eq!(enter(&[&second, &first], "John Doe").unwrap(), ["Group Z"]);
    assert_eq!(enter(&[&first, &second], "Jane Doe").unwrap(), ["Group Z"]);
    assert!(enter(&[&first, &second], "nobody").unwrap_err().contains("no group service knows"));
}

#[test]
fn a_service_that_is_down_grants_nothing() {
    let closed = {
        let (_listener, url) = silent();
        url
    };
    let up = service(&members());
    assert!(enter(&[&closed], "John Doe").unwrap_err().contains("does not answer"));
    assert!(enter(&[&up, &closed], "Jane Doe").unwrap_err().contains("does not answer"));
    assert!(enter(&[&up], "failing").is_err() && enter(&[&up], "broken").is_err());
    // Another one may know the user all the same.
    assert_eq!(enter(&[&closed, &up], "John Doe").unwrap(), ["Group A"]);
}
