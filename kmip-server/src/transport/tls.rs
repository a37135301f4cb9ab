//! TLS: the server's certificate, whose clients are let in, and who they are.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    self, ErrorCode, SslAcceptor, SslContext, SslMethod, SslOptions, SslRef, SslVerifyMode, SslVersion,
};
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::{X509, X509ExtendedKeyUsage, X509NameRef, X509PurposeId, X509Ref, X509VerifyResult};
use zeroize::Zeroizing;

use super::{TransportError, ciphers};
use crate::handler::{AlternativeNames, PeerCertificate};

/// What a server needs for TLS. It speaks TLS 1.2 and 1.3, and asks every client for a certificate.
///
/// All files are PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsOptions {
    /// The server's certificate, followed by those of the authorities between it and the root.
    pub certificate: PathBuf,
    /// The server's private key.
    pub key: PathBuf,
    /// The certificates of the authorities whose clients are let in.
    pub client_ca: PathBuf,
    /// The cipher suites, by IANA's or OpenSSL's names. If none is named of a version, its default ones are offered:
    /// [`TlsOptions::DEFAULT_CIPHERS`] of TLS 1.2.
    pub ciphers: Vec<String>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
    /// Whether a certificate for other uses than client authentication is refused.
    pub client_usage: bool,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    V1_2,
    /// TLS 1.3.
    V1_3,
}

impl TlsVersion {
    /// The version that is written so: `1.2`, `1.3`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "1.2" => Some(Self::V1_2),
            "1.3" => Some(Self::V1_3),
            _ => None,
        }
    }
}

impl TlsOptions {
    /// The cipher suites of TLS 1.2 offered by default: those with forward secrecy and SHA-2.
    ///
    /// The suites that the KMIP 1.x profiles require besides have no forward secrecy. A client that knows no others
    /// needs `TLS_RSA_WITH_AES_256_CBC_SHA256` and `TLS_RSA_WITH_AES_128_CBC_SHA256` named as well, and a server with an
    /// RSA key.
    pub const DEFAULT_CIPHERS: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
         ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
         ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
         DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:\
         ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256";

    /// With these files, and everything else by default.
    pub fn new(
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
        client_ca: impl Into<PathBuf>,
    ) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            client_ca: client_ca.into(),
            ciphers: Vec::new(),
            min_version: TlsVersion::default(),
            client_usage: true,
        }
    }

    /// Whether a server could use them.
    ///
    /// # Errors
    /// When it could not; the error says why.
    pub fn check(&self) -> Result<(), TransportError> {
        self.context().map(drop)
    }

    /// Everything that the server's connections share.
    pub(super) fn context(&self) -> Result<SslContext, TransportError> {
        let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        builder.set_options(
            SslOptions::NO_RENEGOTIATION
                // A message says how long it is: what a cut-off connection lacks is seen without TLS.
                | SslOptions::IGNORE_UNEXPECTED_EOF
                | SslOptions::from_bits_retain(CLEANSE_PLAINTEXT),
        );
        self.set_ciphers(&mut builder)?;
        // A record in one system call instead of two.
        builder.set_read_ahead(true);

        self.set_identity(&mut builder)?;

        let authorities = certificates(CLIENT_CA, &self.client_ca)?;
        for authority in &authorities {
            builder.add_client_ca(authority)?;
        }
        builder.set_verify_cert_store(trust(&authorities)?)?;
        builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        if !self.client_usage {
            builder.verify_param_mut().set_purpose(X509PurposeId::ANY)?;
        }
        // Sessions are resumed by tickets, whose keys live and die with this context: a session doesn't outlast a
        // change of the authorities. OpenSSL wants a name for where a session counts.
        builder.set_session_id_context(b"kmip")?;
        Ok(builder.build().into_context())
    }

    fn set_ciphers(&self, builder: &mut ssl::SslContextBuilder) -> Result<(), TransportError> {
        let lists = ciphers::lists(&self.ciphers).map_err(|name| {
            TransportError::Tls(format!(
                "the cipher suite {name:?} is not known; name it as IANA or OpenSSL does"
            ))
        })?;
        let refused = |list: &str, error: ErrorStack| {
            TransportError::Tls(format!("OpenSSL has none of the cipher suites {list:?} ({error})"))
        };
        // Of TLS 1.2 nothing is offered to whoever wants suites of TLS 1.3 alone.
        let only_new = lists.v1_3.is_some() && lists.v1_2.is_none();
        let version = match self.min_version {
            TlsVersion::V1_2 if !only_new => SslVersion::TLS1_2,
            _ => SslVersion::TLS1_3,
        };
        builder.set_min_proto_version(Some(version))?;
        let list = lists.v1_2.as_deref().unwrap_or(Self::DEFAULT_CIPHERS);
        builder.set_cipher_list(list).map_err(|error| refused(list, error))?;
        if let Some(list) = &lists.v1_3 {
            builder.set_ciphersuites(list).map_err(|error| refused(list, error))?;
        }
        Ok(())
    }

    /// Shows certificate and key.
    pub(super) fn present(&self, builder: &mut ssl::SslContextBuilder) -> Result<(), TransportError> {
        self.set_identity(builder)
    }

    fn set_identity(&self, builder: &mut ssl::SslContextBuilder) -> Result<(), TransportError> {
        let mut chain = certificates(CERTIFICATE, &self.certificate)?.into_iter();
        let Some(certificate) = chain.next() else {
            return Err(TransportError::content(CERTIFICATE, &self.certificate, NO_CERTIFICATE));
        };
        let now = Asn1Time::days_from_now(0)?;
        if !is_current(&certificate, &now) {
            let validity =
                format!("it is valid from {} to {}", certificate.not_before(), certificate.not_after());
            tracing::warn!(certificate = %self.certificate.display(), validity, "clients will not trust this server");
        }
        let key = private_key(&self.key)?;
        if !certificate.public_key()?.public_eq(&key) {
            return Err(TransportError::content(
                KEY,
                &self.key,
                format!("it is not the key of the certificate {}", self.certificate.display()),
            ));
        }
        builder.set_certificate(&certificate).map_err(|error| {
            TransportError::content(CERTIFICATE, &self.certificate, format!("OpenSSL refuses it: {error}"))
        })?;
        builder.set_private_key(&key)?;
        for certificate in chain {
            builder.add_extra_chain_cert(certificate)?;
        }
        Ok(())
    }
}

/// Who the client is, as its certificate says.
pub(super) fn peer_certificate(ssl: &SslRef) -> Result<Option<PeerCertificate>, String> {
    let Some(certificate) = ssl.peer_certificate() else { return Ok(None) };
    // A resumed session stands for the certificate that it began with, whose time may have come since.
    if ssl.session_reused()
        && !Asn1Time::days_from_now(0).is_ok_and(|now: Asn1Time| is_current(&certificate, &now))
    {
        return Err("the certificate of the resumed session has expired".into());
    }
    describe(&certificate)
        .map(Some)
        .map_err(|error| format!("the client's certificate can't be read: {error}"))
}

/// Why a handshake failed, in words for whoever has to mend it.
pub(super) fn reason(ssl: &SslRef, error: &ssl::Error) -> String {
    let verified = ssl.verify_result();
    if verified != X509VerifyResult::OK {
        return format!("the client's certificate is not accepted: {}", verified.error_string());
    }
    match error.code() {
        ErrorCode::ZERO_RETURN => return CLOSED.into(),
        ErrorCode::SYSCALL => {
            return error.io_error().map_or_else(|| CLOSED.into(), ToString::to_string);
        }
        _ => {}
    }
    let reasons: Vec<_> = error
        .ssl_error()
        .into_iter()
        .flat_map(|stack| stack.errors())
        .filter_map(|error| error.reason())
        .collect();
    match reasons.as_slice() {
        [] => CLOSED.into(),
        reasons => reasons.join(", "),
    }
}

fn describe(certificate: &X509Ref) -> Result<PeerCertificate, openssl::error::ErrorStack> {
    let digest = certificate.digest(MessageDigest::sha256())?;
    let mut fingerprint = [0; 32];
    for (place, byte) in fingerprint.iter_mut().zip(digest.iter()) {
        *place = *byte;
    }
    Ok(PeerCertificate {
        common_name: only_common_name(certificate.subject_name()),
        subject: distinguished_name(certificate.subject_name()),
        issuer: distinguished_name(certificate.issuer_name()),
        alternative_names: alternative_names(certificate),
        client_usage: certificate
            .extended_key_usage()
            .is_some_and(|usage| usage.contains(X509ExtendedKeyUsage::SSL_CLIENT)),
        fingerprint_sha256: fingerprint,
        der: Bytes::from(certificate.to_der()?),
    })
}

/// The one common name of a subject.
fn only_common_name(name: &X509NameRef) -> Option<String> {
    let mut names = name.entries_by_nid(openssl::nid::Nid::COMMONNAME);
    match (names.next(), names.next()) {
        (Some(entry), None) => {
            let name = entry.data().to_string().ok()?;
            // A name with a zero in it is made to be taken for another where it ends there.
            (!name.is_empty() && !name.contains('\0')).then_some(name)
        }
        _ => None,
    }
}

/// The subject's alternative names that a client may be known by.
fn alternative_names(certificate: &X509Ref) -> AlternativeNames {
    let mut names = AlternativeNames::default();
    for name in certificate.subject_alt_names().into_iter().flatten() {
        let (list, name) = match (name.email(), name.uri(), name.dnsname()) {
            (Some(email), _, _) => (&mut names.emails, email),
            (_, Some(uri), _) => (&mut names.uris, uri),
            (_, _, Some(dns)) => (&mut names.dns, dns),
            _ => continue,
        };
        // As in common names.
        if !name.is_empty() && !name.contains('\0') {
            list.push(name.to_owned());
        }
    }
    names
}

/// A name as text, its parts in the order of the certificate.
fn distinguished_name(name: &X509NameRef) -> String {
    let mut text = String::new();
    for entry in name.entries() {
        if !text.is_empty() {
            text.push_str(", ");
        }
        match entry.object().nid().short_name() {
            Ok(kind) if kind != "UNDEF" => text.push_str(kind),
            _ => {
                let _ = write!(text, "{}", entry.object());
            }
        }
        text.push('=');
        let value = entry.data().to_string().unwrap_or_else(|_| "?".into());
        for character in value.chars() {
            // RFC 4514 §2.4
            if matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
                text.push('\\');
            }
            text.push(if character.is_control() { '?' } else { character });
        }
    }
    text
}

fn is_current(certificate: &X509Ref, now: &Asn1TimeRef) -> bool {
    certificate.not_before() <= now && now <= certificate.not_after()
}

/// The authorities in a file.
pub(super) fn authorities(path: &Path) -> Result<X509Store, TransportError> {
    trust(&certificates(CLIENT_CA, path)?)
}

fn trust(authorities: &[X509]) -> Result<X509Store, TransportError> {
    let mut store = X509StoreBuilder::new()?;
    for authority in authorities {
        store.add_cert(authority.clone())?;
    }
    Ok(store.build())
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<X509>, TransportError> {
    let text = read(what, path)?;
    let certificates = X509::stack_from_pem(&text)
        .map_err(|error| TransportError::content(what, path, format!("it is not PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(TransportError::content(what, path, NO_CERTIFICATE));
    }
    Ok(certificates)
}

fn private_key(path: &Path) -> Result<PKey<Private>, TransportError> {
    let text = read(KEY, path)?;
    // Without a pass phrase of its own OpenSSL would ask for one on the terminal.
    PKey::private_key_from_pem_callback(&text, |_| Ok(0)).map_err(|_| {
        TransportError::content(
            KEY,
            path,
            "it holds no private key in PEM, or one protected by a pass phrase",
        )
    })
}

fn read(what: &'static str, path: &Path) -> Result<Zeroizing<Vec<u8>>, TransportError> {
    std::fs::read(path).map(Zeroizing::new).map_err(|error| TransportError::File {
        what,
        path: path.to_owned(),
        error,
    })
}

const CERTIFICATE: &str = "the server's certificate";
const KEY: &str = "the server's key";
const CLIENT_CA: &str = "the authorities of clients";
const NO_CERTIFICATE: &str = "it holds no certificate in PEM";
const CLOSED: &str = "the client closed the connection";

/// `SSL_OP_CLEANSE_PLAINTEXT`, which the `openssl` package doesn't name: OpenSSL's own copies of what was read are
/// wiped.
const CLEANSE_PLAINTEXT: u64 = 1 << 1;
