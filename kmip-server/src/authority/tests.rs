use std::fs;
use std::os::unix::fs::PermissionsExt;

use openssl::asn1::{Asn1Object, Asn1OctetString};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::stack::Stack;
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName};
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509Extension, X509NameBuilder, X509Req, X509StoreContext, X509VerifyResult};

use super::*;

const DAY: i64 = 24 * 60 * 60;

fn now() -> i64 {
    kmip::ttlv::DateTime::now().0
}

fn authority() -> Authority {
    Authority::make("Test authority", Terms::default()).unwrap()
}

fn request(key: &PKey<Private>, subject: &[(&str, &str)], extensions: Vec<X509Extension>) -> X509Req {
    let mut name = X509NameBuilder::new().unwrap();
    for (kind, value) in subject {
        name.append_entry_by_text(kind, value).unwrap();
    }
    let mut builder = X509Req::builder().unwrap();
    builder.set_subject_name(&name.build()).unwrap();
    builder.set_pubkey(key).unwrap();
    if !extensions.is_empty() {
        let mut list = Stack::new().unwrap();
        extensions.into_iter().for_each(|extension| list.push(extension).unwrap());
        builder.add_extensions(&list).unwrap();
    }
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

fn draft(request: &X509Req) -> Draft {
    Draft::of_request(Request::read(Form::Pkcs10, &request.to_der().unwrap()).unwrap())
}

fn signed(authority: &Authority, draft: &Draft) -> X509 {
    X509::from_der(&authority.sign(draft, now()).unwrap()).unwrap()
}

/// What a strict client says of a certificate.
fn strictly(authority: &Authority, certificate: &X509) -> X509VerifyResult {
    let mut store = openssl::x509::store::X509StoreBuilder::new().unwrap();
    store.add_cert(authority.pair.certificate.clone()).unwrap();
    store.set_flags(X509VerifyFlags::X509_STRICT).unwrap();
    let mut context = X509StoreContext::new().unwrap();
    context
        .init(&store.build(), certificate, &Stack::new().unwrap(), |context| {
            context.verify_cert()?;
            Ok(context.error())
        })
        .unwrap()
}

fn names(names: &[&str]) -> X509Extension {
    let mut extension = SubjectAlternativeName::new();
    names.iter().for_each(|name| {
        extension.dns(name);
    });
    extension.build(&X509::builder().unwrap().x509v3_context(None, None)).unwrap()
}

#[test]
fn a_certificate_says_what_its_request_says() {
    let (authority, key) = (authority(), new_key().unwrap());
    let extensions = vec![
        names(&["web.example"]),
        KeyUsage::new().critical().digital_signature().key_agreement().build().unwrap(),
        ExtendedKeyUsage::new().server_auth().build().unwrap(),
        BasicConstraints::new().critical().build().unwrap(),
    ];
    let request = request(&key, &[("O", "Example"), ("CN", "web")], extensions);
    let certificate = signed(&authority, &draft(&request).usages(vec![Usage::KeyEncipherment]));
    assert_eq!(strictly(&authority, &certificate), X509VerifyResult::OK);
    assert_eq!(certificate.subject_name().to_der().unwrap(), request.subject_name().to_der().unwrap());
    assert!(certificate.public_key().unwrap().public_eq(&key));
    assert_eq!(certificate.subject_alt_names().unwrap()[0].dnsname(), Some("web.example"));
    let usage = certificate.key_usage().unwrap();
    assert_eq!(
        usage,
        openssl::x509::X509KeyUsage::DIGITAL_SIGNATURE | openssl::x509::X509KeyUsage::KEY_AGREEMENT
    );
    assert_eq!(draft(&request).stated_usages(), Some(vec![Usage::DigitalSignature, Usage::KeyAgreement]));
    assert_eq!(certificate.extended_key_usage(), Some(openssl::x509::X509ExtendedKeyUsage::SSL_SERVER));
    assert!(certificate.authority_key_id().is_some() && certificate.subject_key_id().is_some());
    let again = signed(&authority, &draft(&request));
    let serial = |certificate: &X509| certificate.serial_number().to_bn().unwrap().to_vec();
    assert_ne!(serial(&certificate), serial(&again));
    assert!(serial(&certificate).len() > 12 && serial(&certificate).len() <= 16);

    // What is not asked for is what the draft says.
    let plain = self::request(&key, &[("CN", "web")], Vec::new());
    let certificate = signed(&authority, &draft(&plain).usages(vec![Usage::KeyEncipherment]));
    assert_eq!(certificate.key_usage(), Some(openssl::x509::X509KeyUsage::KEY_ENCIPHERMENT));
    assert_eq!(signed(&authority, &draft(&plain)).key_usage(), None);

    // Another one like it.
    let old = signed(&authority, &draft(&request));
    let like = signed(&authority, &Draft::like(&old.to_der().unwrap()).unwrap());
    assert_eq!(strictly(&authority, &like), X509VerifyResult::OK);
    assert_eq!(like.subject_alt_names().unwrap()[0].dnsname(), Some("web.example"));
    assert_eq!(like.key_usage(), old.key_usage());
}

#[test]
fn what_is_no_request_is_refused() {
    let (key, other) = (new_key().unwrap(), new_key().unwrap());
    let good = request(&key, &[("CN", "web")], Vec::new());
    let der = good.to_der().unwrap();
    let pem = good.to_pem().unwrap();
    assert!(Request::read(Form::Pem, &pem).is_ok());
    for (form, bytes) in [(Form::Pkcs10, &pem), (Form::Pem, &der), (Form::Pkcs10, &[&der[..], &[0]].concat())]
    {
        assert!(matches!(Request::read(form, bytes), Err(AuthorityError::NoRequest(_))));
    }
    // Signed with another key, and with the right one but for other contents.
    let mut builder = X509Req::builder().unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.sign(&other, MessageDigest::sha256()).unwrap();
    let stolen = builder.build().to_der().unwrap();
    let mut changed = der.clone();
    let place = changed.windows(3).position(|bytes| bytes == b"web").unwrap();
    changed[place] = b'W';
    for bytes in [stolen, changed] {
        assert!(matches!(Request::read(Form::Pkcs10, &bytes), Err(AuthorityError::Unproven)));
    }
    let read = Request::read(Form::Pkcs10, &der).unwrap();
    assert!(read.is_for(&key.public_key_to_der().unwrap()).unwrap());
    assert!(!read.is_for(&other.public_key_to_der().unwrap()).unwrap());
    assert_eq!(read.weak_digest(), None);
    let mut builder = X509Req::builder().unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.sign(&key, MessageDigest::sha1()).unwrap();
    let weak = Request::read(Form::Pkcs10, &builder.build().to_der().unwrap()).unwrap();
    assert_eq!(weak.weak_digest(), Some("SHA-1"));
}

#[test]
fn whatever_is_said_to_be_a_request_is_answered() {
    let (authority, key) = (authority(), new_key().unwrap());
    let extensions = vec![names(&["web.example"]), KeyUsage::new().digital_signature().build().unwrap()];
    let good = request(&key, &[("O", "Example"), ("CN", "web")], extensions);
    let der = good.to_der().unwrap();
    let leaf = authority.sign(&draft(&good), now()).unwrap();
    for place in 0..der.len().max(leaf.len()) {
        for change in [0x01, 0x80, 0xFF] {
            let changed = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= change;
                }
                bytes
            };
            // What is signed is not what was signed, whatever it says now.
            if place < der.len() {
                assert!(Request::read(Form::Pkcs10, &changed(&der)).is_err(), "{place}");
            }
            if place < leaf.len() {
                let changed = changed(&leaf);
                let verdict = authority.trust().validate([&changed[..]], now(), false);
                assert!(!matches!(verdict, Ok(Verdict::Valid)), "{place}");
                if let Ok(draft) = Draft::like(&changed) {
                    let _ = authority.sign(&draft, now());
                }
            }
        }
    }
}

#[test]
fn extensions_that_are_not_allowed_are_left_out_unless_they_are_critical() {
    let (authority, key) = (authority(), new_key().unwrap());
    let own = |critical| {
        let identifier = Asn1Object::from_str("1.2.3.4").unwrap();
        X509Extension::new_from_der(&identifier, critical, &Asn1OctetString::new_from_bytes(&[5, 0]).unwrap())
            .unwrap()
    };
    let lax = request(&key, &[("CN", "web")], vec![own(false)]);
    assert_eq!(extension::Extension::of_certificate(&signed(&authority, &draft(&lax))).unwrap().len(), 3);
    let strict = request(&key, &[("CN", "web")], vec![own(true)]);
    let refused = authority.sign(&draft(&strict), now());
    assert!(matches!(refused, Err(AuthorityError::Extension(name)) if name == "1.2.3.4"));
    let terms = Terms { extensions: Allowed::new(["1.2.3.4"]).unwrap(), ..Terms::default() };
    let open = Authority::make("Open", terms).unwrap();
    let all = extension::Extension::of_certificate(&signed(&open, &draft(&strict))).unwrap();
    assert!(all.iter().any(|extension| extension.critical && format!("{extension:?}").contains("1.2.3.4")));
    for name in ["basicConstraints", "nonsense", "a\0b", ""] {
        assert_eq!(Allowed::new([name]), Err(name.to_owned()));
    }

    let twice = vec![names(&["a.example"]), names(&["b.example"])];
    let refused = authority.sign(&draft(&request(&key, &[("CN", "web")], twice)), now());
    assert!(matches!(refused, Err(AuthorityError::Twice(name)) if name == "subjectAltName"));

    // Nobody becomes an authority.
    for extension in [
        BasicConstraints::new().ca().build().unwrap(),
        KeyUsage::new().key_cert_sign().build().unwrap(),
        KeyUsage::new().crl_sign().digital_signature().build().unwrap(),
    ] {
        let request = request(&key, &[("CN", "web")], vec![extension]);
        assert!(matches!(authority.sign(&draft(&request), now()), Err(AuthorityError::OfAuthority)));
    }
}

#[test]
fn a_subject_may_be_other_names_alone() {
    let (authority, key) = (authority(), new_key().unwrap());
    let certificate = signed(&authority, &draft(&request(&key, &[], vec![names(&["web.example"])])));
    assert_eq!(strictly(&authority, &certificate), X509VerifyResult::OK);
    assert!(matches!(
        authority.sign(&draft(&request(&key, &[], Vec::new())), now()),
        Err(AuthorityError::Name(_))
    ));
    // What looks like names and is none.
    let spki = key.public_key_to_der().unwrap();
    let broken =
        Draft::new(Name::common("web").unwrap(), &spki).unwrap().alternative_names(&[vec![0x82, 9, 1]]);
    assert!(matches!(authority.sign(&broken, now()), Err(AuthorityError::Name(_))));
}

#[test]
fn certificates_end_when_the_terms_and_the_authority_say() {
    let (authority, key) = (authority(), new_key().unwrap());
    let spki = key.public_key_to_der().unwrap();
    let now = now();
    let end = |from, until| {
        let draft = Draft::new(Name::common("web").unwrap(), &spki).unwrap().period(from, until);
        let certificate = X509::from_der(&authority.sign(&draft, now)?).unwrap();
        Ok::<_, AuthorityError>((
            seconds(certificate.not_before()).unwrap() - now,
            seconds(certificate.not_after()).unwrap() - now,
        ))
    };
    assert_eq!(end(None, None).unwrap(), (-3600, 366 * DAY));
    assert_eq!(end(Some(now + DAY), Some(now + 2 * DAY)).unwrap(), (DAY, 2 * DAY));
    assert_eq!(end(Some(0), Some(now + 900 * DAY)).unwrap(), (-3600, 366 * DAY));
    let last = seconds(authority.pair.certificate.not_after()).unwrap() - now;
    assert_eq!(end(Some(now + 3500 * DAY), None).unwrap(), (3500 * DAY, last));
    for (from, until) in [
        (None, Some(now)),
        (None, Some(now - DAY)),
        (Some(now + DAY), Some(now + DAY)),
        (Some(now + 4000 * DAY), None),
        (Some(i64::MAX), Some(i64::MAX)),
        (Some(i64::MIN), Some(i64::MIN)),
    ] {
        assert!(matches!(end(from, until), Err(AuthorityError::Period(_))), "{from:?} {until:?}");
    }
    let draft = Draft::new(Name::common("web").unwrap(), &spki).unwrap();
    assert!(matches!(authority.sign(&draft, now + 4000 * DAY), Err(AuthorityError::Period(_))));
}

#[test]
fn chains_are_valid_invalid_or_unknown() {
    let (authority, key) = (authority(), new_key().unwrap());
    let root = authority.certificate().unwrap();
    let leaf = authority.sign(&draft(&request(&key, &[("CN", "web")], Vec::new())), now()).unwrap();
    let other = Authority::make("Test authority", Terms::default()).unwrap();
    let stranger = other.certificate().unwrap();
    let (trust, now) = (authority.trust(), now());
    let verdict =
        |trust: &Trust, chain: &[&[u8]], at| trust.validate(chain.iter().copied(), at, true).unwrap();
    for chain in [&[&leaf[..]][..], &[&leaf, &root], &[&root, &leaf, &leaf], &[&root]] {
        assert_eq!(verdict(&trust, chain, now), Verdict::Valid);
    }
    // Another authority of the same name, and none at all.
    assert_eq!(verdict(&other.trust(), &[&leaf], now), Verdict::Unknown);
    assert_eq!(verdict(&Trust::default(), &[&leaf, &root], now), Verdict::Unknown);
    assert_eq!(verdict(&Trust::default(), &[&leaf], now), Verdict::Unknown);
    assert_eq!(
        verdict(&Trust::default(), &[&leaf, &stranger], now),
        Verdict::Invalid("a certificate is not signed by its issuer")
    );
    for (at, fault) in
        [(now - DAY, "a certificate is not yet valid"), (now + 400 * DAY, "a certificate has expired")]
    {
        assert_eq!(verdict(&trust, &[&leaf, &root], at), Verdict::Invalid(fault));
        assert_eq!(verdict(&Trust::default(), &[&leaf], at), Verdict::Invalid(fault));
    }
    // A leaf is no authority.
    let pair = Pair { certificate: X509::from_der(&leaf).unwrap(), key };
    let child = pair.issue("child", &Purpose::Client).unwrap().certificate.to_der().unwrap();
    assert!(matches!(verdict(&trust, &[&child, &leaf], now), Verdict::Invalid(_)));
    // Two ends, nothing, and no certificate.
    let second =
        authority.sign(&draft(&request(&new_key().unwrap(), &[("CN", "b")], Vec::new())), now).unwrap();
    assert!(matches!(trust.validate([&leaf[..], &second], now, false), Err(AuthorityError::NoChain)));
    assert!(matches!(trust.validate([], now, false), Err(AuthorityError::NoChain)));
    assert!(matches!(trust.validate([&b"x"[..]], now, false), Err(AuthorityError::NoCertificate)));
}

#[test]
fn weak_certificates_are_invalid_where_that_is_asked_for() {
    let key = PKey::from_rsa(openssl::rsa::Rsa::generate(1024).unwrap()).unwrap();
    let authority = authority();
    let leaf = authority.sign(&draft(&request(&key, &[("CN", "web")], Vec::new())), now()).unwrap();
    let verdict = |strict| authority.trust().validate([&leaf[..]], now(), strict).unwrap();
    assert_eq!(verdict(false), Verdict::Valid);
    assert!(matches!(verdict(true), Verdict::Invalid(_)));
}

fn files(pair: &Pair, mode: u32) -> (tempfile::TempDir, Options) {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("a.crt"), folder.path().join("a.key"));
    fs::write(&certificate, pair.certificate.to_pem().unwrap()).unwrap();
    fs::write(&key, pair.key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
    (folder, Options { certificate: Some(certificate), key: Some(key), ..Options::default() })
}

#[test]
fn an_authority_is_read_from_its_files() {
    let pair = Pair::authority("Own", new_key().unwrap()).unwrap();
    let (_folder, options) = files(&pair, 0o600);
    let authority = options.authority().unwrap().unwrap();
    assert_eq!(authority.certificate().unwrap(), pair.certificate.to_der().unwrap());
    assert!(!format!("{authority:?}").to_lowercase().contains("private"));
    assert!(Options::default().authority().unwrap().is_none());
    assert!(Options::default().trust(None).unwrap().is_none());
    assert!(options.trust(Some(&authority)).unwrap().is_some());

    let said = |options: &Options| options.authority().unwrap_err().to_string();
    let half = Options { key: None, ..options.clone() };
    assert!(said(&half).contains("authority.key"));
    let (_shared, open) = files(&pair, 0o640);
    assert!(said(&open).contains("chmod 600"), "{}", said(&open));
    let (_other, other) =
        files(&Pair { key: new_key().unwrap(), certificate: pair.certificate.clone() }, 0o600);
    assert!(said(&other).contains("not the key"));
    let leaf = pair.issue("web", &Purpose::Client).unwrap();
    assert!(said(&files(&leaf, 0o600).1).contains("a.crt"));
    let (_leaf, leaf) = files(&leaf, 0o600);
    assert!(said(&leaf).contains("not that of an authority"));
    let swapped = Options { certificate: options.key.clone(), ..options.clone() };
    assert!(said(&swapped).contains("no certificate"));
}

#[test]
fn what_it_signs_lets_nobody_in() {
    let clients = Pair::authority("Clients", new_key().unwrap()).unwrap();
    let roots = Trust::new(vec![clients.certificate.clone()]);
    let apart = Pair::authority("Apart", new_key().unwrap()).unwrap();
    let same_key = Pair::authority("Renewed", clients.key.clone()).unwrap();
    // One that stands below the clients'.
    let below_key = new_key().unwrap();
    let mut below = Pair::authority("Below", below_key.clone()).unwrap().certificate;
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(below.subject_name()).unwrap();
    builder.set_issuer_name(clients.certificate.subject_name()).unwrap();
    builder.set_pubkey(&below_key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    builder.sign(&clients.key, MessageDigest::sha256()).unwrap();
    below = builder.build();
    let below = Pair { certificate: below, key: below_key };
    let same = Pair { certificate: clients.certificate.clone(), key: clients.key.clone() };
    for (pair, lets_in) in [(apart, false), (same, true), (same_key, true), (below, true)] {
        let (_folder, options) = files(&pair, 0o600);
        let authority = options.authority().unwrap().unwrap();
        let checked = options.check_apart(&authority, &roots);
        assert_eq!(checked.is_err(), lets_in, "{:?}", pair.certificate.subject_name());
    }
}
