//! What the client presents and accepts.

use std::io;

use openssl::{
    error::ErrorStack,
    pkey::PKey,
    ssl::{self, ConnectConfiguration, ErrorCode, SslConnector, SslMethod, SslVersion},
    x509::{X509, X509VerifyResult, store::X509StoreBuilder},
};

use super::{
    error::{Error, Result, Role, Unreachable},
    options::{Identity, Options, Pem},
};

/// Reads the files that the options name.
pub(super) fn connector(options: &Options) -> Result<SslConnector> {
    let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(system)?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2)).map_err(system)?;
    if let Some(ca) = &options.ca {
        let mut store = X509StoreBuilder::new().map_err(system)?;
        for certificate in certificates(ca, Role::CertificateAuthority)? {
            store.add_cert(certificate).map_err(system)?;
        }
        builder.set_cert_store(store.build());
    }
    if let Some(identity) = &options.identity {
        present(&mut builder, identity)?;
    }
    Ok(builder.build())
}

/// The settings of a connection to one server.
pub(super) fn configure(
    connector: &SslConnector,
    options: &Options,
) -> Result<ConnectConfiguration, Unreachable> {
    let configuration = connector.configure().map_err(|error| Unreachable::Tls(error.to_string()))?;
    Ok(configuration.verify_hostname(options.verify_name).use_server_name_indication(options.send_name))
}

/// Why a handshake failed: the certificate first, if that is it.
pub(super) fn failure(error: &ssl::Error, verified: X509VerifyResult) -> Unreachable {
    if verified != X509VerifyResult::OK {
        return Unreachable::Certificate(verified.error_string().to_owned());
    }
    if let Some(stack) = error.ssl_error() {
        return Unreachable::Tls(reasons(stack));
    }
    match error.io_error() {
        Some(error) => Unreachable::Tls(error.to_string()),
        // The peer closed the connection without a word, which OpenSSL has none for either.
        None => Unreachable::Tls("the server closed the connection".to_owned()),
    }
}

/// The error of a stream in plain words.
pub(super) fn plain(error: io::Error) -> io::Error {
    let kind = error.kind();
    if kind == io::ErrorKind::UnexpectedEof {
        return closed();
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref::<ssl::Error>()) {
        // The peer closed the connection with a word of TLS, or without one.
        Some(inner) if inner.code() == ErrorCode::ZERO_RETURN => closed(),
        Some(inner) => match inner.ssl_error() {
            Some(stack) if reasons(stack).contains("unexpected eof") => closed(),
            Some(stack) => io::Error::new(kind, reasons(stack)),
            None => closed(),
        },
        None => error,
    }
}

/// Whether the error of a stream is something that the peer said in words of TLS.
pub(super) fn is_alert(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ssl::Error>());
    inner.and_then(ssl::Error::ssl_error).is_some_and(|stack| reasons(stack).contains("alert"))
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed it")
}

fn present(builder: &mut ssl::SslConnectorBuilder, identity: &Identity) -> Result<()> {
    let mut chain = certificates(&identity.certificate, Role::Certificate)?.into_iter();
    let own = chain
        .next()
        .ok_or_else(|| pem(&identity.certificate, Role::Certificate, "there is no certificate in it"))?;
    let text = identity.key.read().map_err(|error| pem(&identity.key, Role::Key, &error.to_string()))?;
    // With no passphrase given, OpenSSL would ask for one on the terminal.
    let passphrase = identity.passphrase.as_ref().map_or(&[][..], |secret| secret.expose());
    let key = PKey::private_key_from_pem_passphrase(&text, passphrase).map_err(|error| {
        let encrypted = String::from_utf8_lossy(&text).contains("ENCRYPTED");
        let reason = match (encrypted, passphrase.is_empty()) {
            (true, true) => "it is encrypted, and no passphrase is given".to_owned(),
            (true, false) => "the passphrase doesn't fit".to_owned(),
            (false, _) => format!("there is no private key in PEM in it ({})", reasons(&error)),
        };
        pem(&identity.key, Role::Key, &reason)
    })?;
    builder
        .set_certificate(&own)
        .map_err(|error| pem(&identity.certificate, Role::Certificate, &reasons(&error)))?;
    for issuer in chain {
        builder.add_extra_chain_cert(issuer).map_err(system)?;
    }
    builder.set_private_key(&key).and_then(|()| builder.check_private_key()).map_err(|_| {
        let reason = format!("it is not the key of the certificate {}", identity.certificate.place());
        pem(&identity.key, Role::Key, &reason)
    })
}

fn certificates(source: &Pem, role: Role) -> Result<Vec<X509>> {
    let text = source.read().map_err(|error| pem(source, role, &error.to_string()))?;
    let certificates = X509::stack_from_pem(&text).map_err(|error| pem(source, role, &reasons(&error)))?;
    if certificates.is_empty() {
        return Err(pem(source, role, "there is no certificate in PEM in it"));
    }
    Ok(certificates)
}

fn pem(source: &Pem, role: Role, reason: &str) -> Error {
    Error::Pem { role, place: source.place(), reason: reason.to_owned() }
}

fn system(error: ErrorStack) -> Error {
    Error::System(error.into())
}

/// What OpenSSL's errors say, without its codes and places.
fn reasons(stack: &ErrorStack) -> String {
    let reasons: Vec<&str> = stack.errors().iter().filter_map(|error| error.reason()).collect();
    if reasons.is_empty() { stack.to_string() } else { reasons.join(", ") }
}
