//! What of a certificate says who a client is.

use std::fs;
use std::io::Read;
use std::path::Path;

use kmip::types::ResultReason;
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::extension::{ExtendedKeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};
use tempfile::TempDir;

use crate::harness::{create, exchange, folder, get, quickstart, start};

/// What to put into a client's certificate.
#[derive(Default)]
struct Client {
    name: &'static str,
    emails: &'static [&'static str],
    uris: &'static [&'static str],
    dns: &'static [&'static str],
    without_usage: bool,
}

/// A folder with a new certificate by the authority of a quickstart's folder.
fn issue(authority: &Path, client: &Client) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let authority_key = PKey::private_key_from_pem(&fs::read(authority.join("ca.key")).unwrap()).unwrap();
    let authority_certificate = X509::from_pem(&fs::read(authority.join("ca.crt")).unwrap()).unwrap();
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("O", "Example").unwrap();
    subject.append_entry_by_text("CN", client.name).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.rand(127, MsbOption::ONE, false).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
    builder.set_subject_name(&subject.build()).unwrap();
    builder.set_issuer_name(authority_certificate.subject_name()).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    if !client.without_usage {
        builder.append_extension(ExtendedKeyUsage::new().client_auth().build().unwrap()).unwrap();
    }
    let mut names = SubjectAlternativeName::new();
    for name in client.emails {
        names.email(name);
    }
    for name in client.uris {
        names.uri(name);
    }
    for name in client.dns {
        names.dns(name);
    }
    if !(client.emails.is_empty() && client.uris.is_empty() && client.dns.is_empty()) {
        let names = names.build(&builder.x509v3_context(Some(&authority_certificate), None)).unwrap();
        builder.append_extension(names).unwrap();
    }
    builder.sign(&authority_key, MessageDigest::sha256()).unwrap();
    fs::copy(authority.join("ca.crt"), folder.path().join("ca.crt")).unwrap();
    fs::write(folder.path().join("client.crt"), builder.build().to_pem().unwrap()).unwrap();
    fs::write(folder.path().join("client.key"), key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    folder
}

#[test]
fn any_of_its_names_or_its_fingerprint() {
    let (_parent, folder) = folder();
    assert_eq!(start(&mut quickstart(&folder)).stop("-TERM").0, Some(0));
    let alice = Client {
        name: "alice",
        emails: &["ops@example.org"],
        uris: &["urn:example:ops"],
        dns: &["ops.example.org"],
        ..Client::default()
    };
    let same_names = issue(&folder, &Client { name: "bob", ..alice });
    let same_subject = issue(&folder, &Client { name: "alice", ..Client::default() });
    let several = issue(&folder, &Client { name: "bob", emails: &["ops@example.org", "x@y"], ..alice });
    let alice = issue(&folder, &alice);
    for (identity, names, subject, two) in [
        ("common-name", false, true, false),
        ("subject", false, true, false),
        ("email", true, false, false),
        ("uri", true, false, true),
        ("dns", true, false, true),
        ("fingerprint", false, false, false),
    ] {
        let server = start(quickstart(&folder).args(["--auth-identity", identity]));
        let key = create(&mut server.connect(alice.path()), "default");
        for (other, is_same) in
            [(&alice, true), (&same_names, names), (&same_subject, subject), (&several, two)]
        {
            let reason = exchange(&mut server.connect(other.path()), get(&key), None).result_reason;
            assert_eq!(reason.is_none(), is_same, "{identity}: {reason:?}");
        }
    }
}

#[test]
fn a_certificate_without_the_usage_of_clients() {
    let (_parent, folder) = folder();
    let server = start(&mut quickstart(&folder));
    let client = issue(&folder, &Client { name: "client", without_usage: true, ..Client::default() });
    let key = create(&mut server.connect(&folder), "default");
    let mut stream = server.connect(client.path());
    let item = exchange(&mut stream, get(&key), None);
    assert_eq!(item.result_reason, Some(ResultReason::AuthenticationNotSuccessful));
    assert!(item.result_message.unwrap().contains("extended key usage"));
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0, "closed after the answer");
    drop(server);

    let server = start(quickstart(&folder).args(["--auth-client-usage", "false"]));
    let item = exchange(&mut server.connect(client.path()), get(&key), None);
    assert_eq!(item.result_reason, None);
}
