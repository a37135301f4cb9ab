//! The side that clients connect to.

use std::{fs, net::Ipv4Addr, path::Path};

use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    ssl::{SslAcceptor, SslMethod, SslVerifyMode},
    x509::{
        X509, X509NameBuilder,
        extension::{BasicConstraints, SubjectAlternativeName},
        store::X509StoreBuilder,
    },
};

use crate::failure::{Failure, Result, Status};

/// Certificates, the own one first, and the key.
pub(super) type Identity = (Vec<X509>, PKey<Private>);

/// Reads certificate and key.
pub(super) fn read(certificate: &Path, key: &Path) -> Result<Identity> {
    let text = |path: &Path| fs::read(path).map_err(|error| Failure::file(path, &error));
    let bad = |path: &Path, what: &str| {
        Failure::usage(format_args!("{}: there is no {what} in PEM in it", path.display()))
    };
    let chain = X509::stack_from_pem(&text(certificate)?).ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| bad(certificate, "certificate"))?;
    let key_text = zeroize::Zeroizing::new(text(key)?);
    // With no passphrase given, OpenSSL would ask for one on the terminal.
    let own = PKey::private_key_from_pem_passphrase(&key_text, &[]).map_err(|_| bad(key, "private key"))?;
    Ok((chain, own))
}

/// Makes a certificate for this machine, good for a week, and writes it to a file. The key is kept nowhere.
pub(super) fn make(path: &Path) -> Result<Identity> {
    let (certificate, key) = certify().map_err(|error| Failure::new(Status::File, error))?;
    let pem = certificate.to_pem().map_err(|error| Failure::new(Status::File, error))?;
    fs::write(path, pem).map_err(|error| Failure::file(path, &error))?;
    Ok((vec![certificate], key))
}

fn certify() -> Result<(X509, PKey<Private>), ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let key = PKey::from_ec_key(EcKey::generate(&group)?)?;
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("CN", "kmip proxy")?;
    let name = name.build();
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*serial.to_asn1_integer()?)?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    builder.set_not_before(&*Asn1Time::days_from_now(0)?)?;
    builder.set_not_after(&*Asn1Time::days_from_now(7)?)?;
    builder.set_pubkey(&key)?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    let names = SubjectAlternativeName::new()
        .dns("localhost")
        .ip(&Ipv4Addr::LOCALHOST.to_string())
        .ip("::1")
        .build(&builder.x509v3_context(None, None))?;
    builder.append_extension(names)?;
    builder.sign(&key, MessageDigest::sha256())?;
    Ok((builder.build(), key))
}

/// What shakes hands with clients.
pub(super) fn acceptor((chain, key): &Identity, client_ca: Option<&Path>) -> Result<SslAcceptor> {
    let authorities = match client_ca {
        Some(path) => {
            let text = fs::read(path).map_err(|error| Failure::file(path, &error))?;
            let found = X509::stack_from_pem(&text).ok().filter(|found| !found.is_empty());
            Some(found.ok_or_else(|| {
                Failure::usage(format_args!("{}: there is no certificate in PEM in it", path.display()))
            })?)
        }
        None => None,
    };
    build(chain, key, authorities)
        .map_err(|error| Failure::usage(format_args!("the listening side: {error}")))
}

fn build(
    chain: &[X509],
    key: &PKey<Private>,
    authorities: Option<Vec<X509>>,
) -> Result<SslAcceptor, ErrorStack> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    let mut chain = chain.iter();
    if let Some(certificate) = chain.next() {
        builder.set_certificate(certificate)?;
    }
    for issuer in chain {
        builder.add_extra_chain_cert(issuer.clone())?;
    }
    builder.set_private_key(key)?;
    builder.check_private_key()?;
    // Without authorities none is asked for: what can't be checked is better not looked at.
    builder.set_verify(SslVerifyMode::NONE);
    if let Some(authorities) = authorities {
        let mut store = X509StoreBuilder::new()?;
        for authority in authorities {
            builder.add_client_ca(&authority)?;
            store.add_cert(authority)?;
        }
        builder.set_verify_cert_store(store.build())?;
        builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    }
    Ok(builder.build())
}
