//! TLS, without a look at the certificates first: those are looked at when they are known.

use std::net::TcpStream;

use kmip::client::Address;
use openssl::{
    ssl::{HandshakeError, SslConnector, SslMethod, SslStream, SslVerifyMode, SslVersion},
    x509::X509,
};

use super::{Report, certificates::Own};

/// The certificates that the server presents, its own first.
pub(super) fn shake_hands(
    stream: TcpStream,
    server: &Address,
    own: &Own,
    report: &mut Report,
) -> Option<Vec<X509>> {
    let done = connector(own).and_then(|connector| {
        let configuration = connector.configure().map_err(|error| error.to_string())?;
        let configuration = configuration.verify_hostname(false);
        configuration.connect(&server.host, stream).map_err(|error| reason(&error))
    });
    match done {
        Ok(stream) => {
            report.good("TLS", seen(&stream));
            let chain = stream.ssl().peer_cert_chain();
            Some(chain.map(|chain| chain.iter().map(ToOwned::to_owned).collect()).unwrap_or_default())
        }
        Err(reason) => {
            let advice = advice(&reason);
            report.bad("TLS", reason, advice);
            None
        }
    }
}

/// One that accepts any certificate, for it sends nothing.
fn connector(own: &Own) -> Result<SslConnector, String> {
    let build = || {
        let mut builder = SslConnector::builder(SslMethod::tls_client())?;
        builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        builder.set_verify(SslVerifyMode::NONE);
        if let Some((chain, key)) = &own.identity {
            let mut chain = chain.iter();
            if let Some(certificate) = chain.next() {
                builder.set_certificate(certificate)?;
                builder.set_private_key(key)?;
            }
            for issuer in chain {
                builder.add_extra_chain_cert(issuer.clone())?;
            }
        }
        Ok::<_, openssl::error::ErrorStack>(builder.build())
    };
    build().map_err(|error| error.to_string())
}

fn seen(stream: &SslStream<TcpStream>) -> String {
    let cipher = stream.ssl().current_cipher().map_or("no cipher", |cipher| cipher.name());
    format!("{} with {cipher}", stream.ssl().version_str())
}

fn reason(error: &HandshakeError<TcpStream>) -> String {
    let inner = match error {
        HandshakeError::Failure(stream) => stream.error(),
        HandshakeError::WouldBlock(_) => return "the server says nothing".to_owned(),
        HandshakeError::SetupFailure(error) => return error.to_string(),
    };
    if let Some(stack) = inner.ssl_error() {
        let reasons: Vec<&str> = stack.errors().iter().filter_map(|error| error.reason()).collect();
        return reasons.join(", ");
    }
    inner.io_error().map_or_else(|| "the server closed the connection".to_owned(), ToString::to_string)
}

fn advice(reason: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if has(&["wrong version number", "http request", "packet length", "record layer"]) {
        "what listens there does not speak TLS: is it a KMIP server, and is this its port? Mostly that is 5696"
    } else if has(&["unsupported protocol", "protocol version"]) {
        "the server speaks no TLS from 1.2 on: allow TLS 1.2 or 1.3 there"
    } else if has(&["handshake failure", "no shared cipher"]) {
        "client and server have no cipher suite in common, or the server wants a client certificate: check its cipher \
         suites, and --cert and --key"
    } else if has(&[
        "certificate required",
        "bad certificate",
        "unknown ca",
        "certificate unknown",
        "certificate expired",
    ]) {
        "the server does not accept the client's certificate: it has to be signed by an authority that the server \
         trusts; --cert and --key name another"
    } else if has(&["dh key too small", "ee key too small", "ca md too weak"]) {
        "the server's keys or certificates are too weak for this machine's OpenSSL: make stronger ones"
    } else if has(&["says nothing", "temporarily unavailable", "timed out"]) {
        "the server accepts connections but does not answer: it may be overloaded, or speak first (which KMIP doesn't)"
    } else {
        "the server hung up: its log may say why"
    }
}
