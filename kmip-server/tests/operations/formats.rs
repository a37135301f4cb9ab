//! Key formats, compression and what is read from keys and certificates.

use kmip::ttlv::{Bytes, Tag, Version};
use kmip::types::*;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};

use crate::fixtures::{self, block};
use crate::harness::*;

fn ec(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn private(key: &PKey<Private>) -> ManagedObject {
    let block = block(KeyFormatType::PKCS_8, &key.private_key_to_pkcs8().unwrap());
    ManagedObject::PrivateKey(PrivateKey::new(block).into())
}

fn public(key: &PKey<Private>) -> ManagedObject {
    let block = block(KeyFormatType::X_509, &key.public_key_to_der().unwrap());
    ManagedObject::PublicKey(PublicKey::new(block).into())
}

fn register(server: &Server, version: Version, object: ManagedObject) -> String {
    let request = register_request(version, object, AttributeSet::new());
    text_of(&server.send(version, request).unwrap().unique_identifier)
}

fn get_as(
    server: &Server,
    version: Version,
    identifier: &str,
    format: KeyFormatType,
) -> Result<ManagedObject, Failed> {
    let request = GetRequest { key_format_type: Some(format), ..get_request(identifier) };
    server.send(version, request).map(|response| response.object)
}

fn key_block(object: &ManagedObject) -> &KeyBlock {
    match object {
        ManagedObject::PrivateKey(key) => &key.key_block,
        ManagedObject::PublicKey(key) => &key.key_block,
        other => panic!("{other:?}"),
    }
}

fn material(object: &ManagedObject) -> &KeyMaterial {
    match &key_block(object).key_value {
        Some(KeyValue::Plaintext(value)) => &value.key_material,
        other => panic!("{other:?}"),
    }
}

fn bytes(object: &ManagedObject) -> Vec<u8> {
    if let Some(KeyValue::Wrapped(bytes)) = &key_block(object).key_value {
        return bytes.expose().to_vec();
    }
    match material(object) {
        KeyMaterial::ByteString(bytes) => bytes.expose().to_vec(),
        other => panic!("{other:?}"),
    }
}

/// What one format gives, registered as that, gives every other: nothing is lost on the way.
#[test]
fn formats_lead_to_one_another() {
    use KeyFormatType as F;
    let server = server();
    let (rsa, curve, edwards) =
        (fixtures::rsa().clone(), ec(Nid::SECP256K1), PKey::generate_ed25519().unwrap());
    let cases: [(&PKey<Private>, ManagedObject, &[KeyFormatType]); 6] = [
        (&rsa, private(&rsa), &[F::PKCS_1, F::PKCS_8, F::TransparentRSAPrivateKey]),
        (&rsa, public(&rsa), &[F::PKCS_1, F::X_509, F::TransparentRSAPublicKey]),
        (&curve, private(&curve), &[F::ECPrivateKey, F::PKCS_8, F::TransparentECPrivateKey]),
        (&curve, public(&curve), &[F::X_509, F::TransparentECPublicKey]),
        (&edwards, private(&edwards), &[F::PKCS_8]),
        (&edwards, public(&edwards), &[F::X_509]),
    ];
    for version in [V1_3, V1_4, V2_0] {
        for (key, object, formats) in &cases {
            let first = register(&server, version, object.clone());
            for format in *formats {
                let other = get_as(&server, version, &first, *format).unwrap();
                assert_eq!(key_block(&other).key_format_type, *format);
                let second = register(&server, version, other);
                let back = key_block(object).key_format_type;
                let back = get_as(&server, version, &second, back).unwrap();
                assert_eq!(bytes(&back), bytes(object), "{format} {version} {:?}", key.id());
                // And what was registered comes back as it was.
                let again = server.get(version, &second).unwrap().object;
                assert_eq!(key_block(&again).key_format_type, *format);
            }
        }
    }
}

#[test]
fn what_cannot_be_written_in_a_format_is_refused() {
    use KeyFormatType as F;
    let server = server();
    for version in ALL {
        let rsa = register(&server, *version, private(fixtures::rsa()));
        let curve = register(&server, *version, public(&ec(Nid::X9_62_PRIME256V1)));
        let certificate = register(&server, *version, ManagedObject::Certificate(fixtures::certificate()));
        for (identifier, format) in [
            (&rsa, F::ECPrivateKey),
            (&rsa, F::TransparentDSAPrivateKey),
            (&rsa, F::X_509),
            (&rsa, F::Raw),
            (&curve, F::PKCS_1),
            (&curve, F::PKCS_8),
            (&certificate, F::PKCS_1),
        ] {
            let failed = get_as(&server, *version, identifier, format).unwrap_err();
            assert_eq!(failed.reason, ResultReason::KeyFormatTypeNotSupported, "{format} {version}");
        }
    }
}

/// The transparent formats of curves have other names in other versions.
#[test]
fn transparent_curves_fit_the_version() {
    use KeyFormatType as F;
    let server = server();
    let key = ec(Nid::X9_62_PRIME256V1);
    let made = register(&server, V1_4, private(&key));
    let unified = get_as(&server, V1_4, &made, F::TransparentECPrivateKey).unwrap();
    let unified = register(&server, V1_4, unified);
    for (version, format) in [
        (V1_0, F::TransparentECDSAPrivateKey),
        (V1_2, F::TransparentECDSAPrivateKey),
        (V1_3, F::TransparentECPrivateKey),
        (V2_0, F::TransparentECPrivateKey),
    ] {
        let object = server.get(version, &unified).unwrap().object;
        assert_eq!(key_block(&object).key_format_type, format, "{version}");
    }
    let old = get_as(&server, V1_2, &made, F::TransparentECDHPrivateKey).unwrap();
    let old = register(&server, V1_2, old);
    let object = server.get(V2_0, &old).unwrap().object;
    assert_eq!(key_block(&object).key_format_type, F::TransparentECPrivateKey);
}

#[test]
fn points_are_compressed() {
    use KeyCompressionType as C;
    let server = server();
    let key = ec(Nid::X9_62_PRIME256V1);
    let identifier = register(&server, V1_4, public(&key));
    for (compression, length, first) in [
        (C::ECPublicKeyTypeX9_62CompressedPrime, 33, 2..=3),
        (C::ECPublicKeyTypeX9_62Hybrid, 65, 6..=7),
        (C::ECPublicKeyTypeUncompressed, 65, 4..=4),
    ] {
        let request = GetRequest {
            key_format_type: Some(KeyFormatType::TransparentECPublicKey),
            key_compression_type: Some(compression),
            ..get_request(&identifier)
        };
        let object = server.send(V1_4, request).unwrap().object;
        assert_eq!(key_block(&object).key_compression_type, Some(compression));
        let KeyMaterial::TransparentEcPublicKey(point) = material(&object) else { panic!("{object:?}") };
        assert_eq!(point.q_string.len(), length);
        assert!(first.contains(&point.q_string[0]), "{compression}");
        let request = GetRequest { key_compression_type: Some(compression), ..get_request(&identifier) };
        let x509 = bytes(&server.send(V1_4, request).unwrap().object);
        let parsed = PKey::public_key_from_der(&x509).unwrap();
        assert!(parsed.public_eq(&key));
        assert!(x509.ends_with(&point.q_string));
    }
    let private = register(&server, V1_4, private(&key));
    for (identifier, compression) in [
        (&identifier, C::ECPublicKeyTypeX9_62CompressedChar2),
        (&private, C::ECPublicKeyTypeUncompressed),
        (&register(&server, V1_4, public(fixtures::rsa())), C::ECPublicKeyTypeUncompressed),
    ] {
        let request = GetRequest { key_compression_type: Some(compression), ..get_request(identifier) };
        let failed = server.send(V1_4, request).unwrap_err();
        assert_eq!(failed.reason, ResultReason::KeyCompressionTypeNotSupported);
    }
}

#[test]
fn keys_say_what_they_are() {
    let server = server();
    for version in ALL {
        let identifier = register(&server, *version, private(&ec(Nid::SECP384R1)));
        let attributes = server.attributes(*version, &identifier);
        let algorithm =
            if *version < V1_2 { CryptographicAlgorithm::ECDSA } else { CryptographicAlgorithm::EC };
        assert_eq!(
            attributes.get(Tag::CryptographicAlgorithm),
            Some(&AttributeValue::CryptographicAlgorithm(algorithm))
        );
        assert_eq!(attributes.get(Tag::CryptographicLength), Some(&AttributeValue::CryptographicLength(384)));
    }
}

#[test]
fn keys_that_are_not_what_they_are_said_to_be_are_refused() {
    let server = server();
    let domain = |curve| {
        AttributeValue::CryptographicDomainParameters(CryptographicDomainParameters {
            recommended_curve: Some(curve),
            ..CryptographicDomainParameters::new()
        })
    };
    for version in ALL {
        let wrong = reason(*version, ResultReason::InvalidField, ResultReason::InvalidAttributeValue);
        for given in [
            AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
            AttributeValue::CryptographicLength(257),
            domain(RecommendedCurve::P_384),
        ] {
            let request =
                register_request(*version, private(&ec(Nid::X9_62_PRIME256V1)), set([given.clone()]));
            assert_eq!(server.send(*version, request).unwrap_err().reason, wrong, "{given:?} {version}");
        }
        let good = set([domain(RecommendedCurve::P_256)]);
        server.send(*version, register_request(*version, private(&ec(Nid::X9_62_PRIME256V1)), good)).unwrap();
        for (format, bytes) in [
            (KeyFormatType::PKCS_1, &b"no key"[..]),
            (KeyFormatType::PKCS_8, &b"no key"[..]),
            (KeyFormatType::X_509, &b"no key"[..]),
            (KeyFormatType::ECPrivateKey, &b"no key"[..]),
        ] {
            let object = ManagedObject::PrivateKey(PrivateKey::new(block(format, bytes)).into());
            let request = register_request(*version, object, AttributeSet::new());
            assert_eq!(server.send(*version, request).unwrap_err().reason, ResultReason::InvalidField);
        }
        let certificate = Certificate::new(CertificateType::X_509, Bytes::from_static(b"DER"));
        let request =
            register_request(*version, ManagedObject::Certificate(certificate), AttributeSet::new());
        assert_eq!(server.send(*version, request).unwrap_err().reason, ResultReason::InvalidField);
    }
}

#[test]
fn certificates_say_what_they_are() {
    let server = server();
    let certificate = fixtures::certificate();
    let length = certificate.certificate_value.len();
    let identifier = register(&server, V1_0, ManagedObject::Certificate(certificate));
    let old = server.attributes(V1_0, &identifier);
    let Some(AttributeValue::CertificateSubject(subject)) = old.get(Tag::CertificateSubject) else {
        panic!("{old:?}")
    };
    assert_eq!(subject.certificate_subject_distinguished_name.as_str(), "CN=EE,O=Kmip\\, Test,C=AU");
    let alternative: Vec<_> =
        subject.certificate_subject_alternative_name.iter().map(|name| name.as_str()).collect();
    assert_eq!(alternative, ["ee.example", "192.0.2.1"]);
    let Some(AttributeValue::CertificateIdentifier(known)) = old.get(Tag::CertificateIdentifier) else {
        panic!("{old:?}")
    };
    assert_eq!(known.issuer.as_str(), "OU=two,OU=one,C=AU");
    assert_eq!(known.serial_number.as_ref().unwrap().as_str(), "8001");
    assert!(old.get(Tag::CertificateLength).is_none() && old.get(Tag::X_509CertificateIdentifier).is_none());

    let new = server.attributes(V2_0, &identifier);
    assert!(new.get(Tag::CertificateIdentifier).is_none());
    assert_eq!(
        new.get(Tag::CertificateLength),
        Some(&AttributeValue::CertificateLength(i32::try_from(length).unwrap()))
    );
    let Some(AttributeValue::X509CertificateIdentifier(known)) = new.get(Tag::X_509CertificateIdentifier)
    else {
        panic!("{new:?}")
    };
    // DER: an INTEGER of three bytes, since the first bit is the sign.
    assert_eq!(known.certificate_serial_number[..], [2, 3, 0, 0x80, 1]);
    let Some(AttributeValue::X509CertificateSubject(subject)) = new.get(Tag::X_509CertificateSubject) else {
        panic!("{new:?}")
    };
    assert_eq!(subject.subject_alternative_name[0][..], *b"\x82\x0Aee.example");
    assert_eq!(subject.subject_alternative_name[1][..], [0x87, 4, 192, 0, 2, 1]);
    for expected in [
        AttributeValue::CertificateSubjectCn("EE".into()),
        AttributeValue::CertificateSubjectO("Kmip, Test".into()),
        AttributeValue::CertificateIssuerOu("one".into()),
        AttributeValue::CertificateIssuerOu("two".into()),
        AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
        AttributeValue::CryptographicLength(1024),
        AttributeValue::DigitalSignatureAlgorithm(DigitalSignatureAlgorithm::SHA_256WithRSAEncryption),
    ] {
        assert!(new.iter().any(|instance| instance.value == expected), "{expected:?}");
    }
}

/// 1.4 §3.45, §4.11: a private key goes out with its certificates, under its password, and comes in again.
#[test]
fn containers_hold_a_key_and_its_certificates() {
    use openssl::pkcs12::Pkcs12;
    let server = server();
    for version in [V1_4, V2_0] {
        let link = |link_type, to: &str| AttributeValue::Link(Link::new(link_type, id(to)));
        let password = SecretData::new(SecretDataType::Password, block(KeyFormatType::Opaque, b"password"));
        let password = register(&server, version, ManagedObject::SecretData(password.into()));
        let certificate = register(&server, version, ManagedObject::Certificate(fixtures::certificate()));
        let links = [
            link(LinkType::PKCS_12PasswordLink, &password),
            link(LinkType::PKCS_12CertificateLink, &certificate),
        ];
        let request = register_request(version, private(fixtures::rsa()), set(links.clone()));
        let key = text_of(&server.send(version, request).unwrap().unique_identifier);
        let sealed = get_as(&server, version, &key, KeyFormatType::PKCS_12).unwrap();
        let opened = Pkcs12::from_der(&bytes(&sealed)).unwrap().parse2("password").unwrap();
        assert!(opened.pkey.unwrap().public_eq(fixtures::rsa()));
        let of_key = opened.cert.unwrap();
        assert_eq!(of_key.to_der().unwrap(), fixtures::certificate().certificate_value[..]);
        assert_eq!(of_key.alias(), Some(&b"alias"[..]));

        let request = register_request(version, sealed.clone(), set(links));
        let again = text_of(&server.send(version, request).unwrap().unique_identifier);
        assert_eq!(server.get(version, &again).unwrap().object, sealed);
        let plain = get_as(&server, version, &again, KeyFormatType::PKCS_8).unwrap();
        assert_eq!(bytes(&plain), fixtures::rsa().private_key_to_pkcs8().unwrap());
        let attributes = server.attributes(version, &again);
        assert_eq!(
            attributes.get(Tag::PKCS_12FriendlyName),
            Some(&AttributeValue::Pkcs12FriendlyName("alias".into()))
        );
        assert_eq!(
            attributes.get(Tag::CryptographicLength),
            Some(&AttributeValue::CryptographicLength(1024))
        );

        // 1.4 table 330: one password, and the right one.
        let bad = reason(version, ResultReason::InvalidField, ResultReason::BadPassword);
        let other = SecretData::new(SecretDataType::Password, block(KeyFormatType::Opaque, b"other"));
        let other = register(&server, version, ManagedObject::SecretData(other.into()));
        for links in [
            vec![],
            vec![link(LinkType::PKCS_12PasswordLink, &other)],
            vec![link(LinkType::PKCS_12PasswordLink, "nobody")],
            vec![link(LinkType::PKCS_12PasswordLink, &certificate)],
            vec![link(LinkType::PKCS_12PasswordLink, &other), link(LinkType::PKCS_12PasswordLink, &password)],
        ] {
            let request = register_request(version, sealed.clone(), set(links));
            assert_eq!(server.send(version, request).unwrap_err().reason, bad);
        }
        let plain = register(&server, version, private(fixtures::rsa()));
        assert!(get_as(&server, version, &plain, KeyFormatType::PKCS_12).is_err());
    }
}

/// Keys of curves have an algorithm of their own since 1.2; before, a client knows them as ECDSA's.
#[test]
fn algorithms_fit_the_version() {
    use CryptographicAlgorithm as A;
    let server = server();
    for (made, since) in [(A::EC, V1_2), (A::Ed25519, V2_0)] {
        let given = crate::create_key_pair::common(made, 256);
        let (private, _) = crate::create_key_pair::create(&server, V2_0, given);
        for version in ALL {
            let expected = match *version {
                version if version >= since => made,
                version if version >= V1_2 => A::EC,
                _ => A::ECDSA,
            };
            let attributes = server.attributes(*version, &private);
            assert_eq!(
                attributes.get(Tag::CryptographicAlgorithm),
                Some(&AttributeValue::CryptographicAlgorithm(expected)),
                "{version}"
            );
            let object = server.get(*version, &private).unwrap().object;
            assert_eq!(key_block(&object).cryptographic_algorithm, Some(expected));
            assert!(key_block(&object).key_format_type.is_in(*version));
        }
    }
}

/// DSA and DH through their transparent formats.
#[test]
fn transparent_groups() {
    use KeyFormatType as F;
    let server = server();
    for (algorithm, length, private, public) in [
        (CryptographicAlgorithm::DSA, 1024, F::TransparentDSAPrivateKey, F::TransparentDSAPublicKey),
        (CryptographicAlgorithm::DH, 2048, F::TransparentDHPrivateKey, F::TransparentDHPublicKey),
    ] {
        for version in ALL {
            let given = crate::create_key_pair::common(algorithm, length);
            let made = crate::create_key_pair::create(&server, *version, given);
            for (identifier, transparent, back) in
                [(&made.0, private, F::PKCS_8), (&made.1, public, F::X_509)]
            {
                let object = get_as(&server, *version, identifier, transparent).unwrap();
                let again = register(&server, *version, object);
                assert_eq!(
                    bytes(&get_as(&server, *version, &again, back).unwrap()),
                    bytes(&get_as(&server, *version, identifier, back).unwrap())
                );
            }
        }
    }
}

/// PyKMIP's clients register PKCS#1 as PKCS#8. It comes back as it was, and is used and converted as what it is.
#[test]
fn one_private_key_said_to_be_another() {
    let server = server();
    let pkcs1 = fixtures::rsa().rsa().unwrap().private_key_to_der().unwrap();
    let key = ManagedObject::PrivateKey(PrivateKey::new(block(KeyFormatType::PKCS_8, &pkcs1)).into());
    let identifier = register(&server, V1_2, key.clone());
    assert_eq!(server.get(V1_2, &identifier).unwrap().object, key);
    let plain = get_as(&server, V1_2, &identifier, KeyFormatType::PKCS_1).unwrap();
    assert_eq!(bytes(&plain), pkcs1);
}
