//! What an authority refuses.

use std::io;
use std::path::PathBuf;

use openssl::error::ErrorStack;

/// Why there is no authority, or why it doesn't do what it is asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// A file can't be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file doesn't hold what it should.
    #[error("{}: {what}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Half of it is not configured.
    #[error("an authority needs both its certificate and its key: authority.certificate and authority.key")]
    Half,
    /// What it signs could be used to get into the server.
    #[error(
        "{} is an authority whose clients are let in (tls.client_ca), or stands below one: whoever may use Certify could get \
         a certificate in any name, and be that client. Certify needs an authority of its own",
        .0.display()
    )]
    LetsIn(PathBuf),
    /// What is said to be a certificate request is none.
    #[error("this is no {0}")]
    NoRequest(&'static str),
    /// The request is not signed with the key that it is for.
    #[error("the certificate request is not signed with the key that is to be certified")]
    Unproven,
    /// The certificate would be an authority's.
    #[error("this authority certifies no other authorities")]
    OfAuthority,
    /// An extension that must be understood isn't.
    #[error("the extension {0} is critical, and not one that this authority certifies")]
    Extension(String),
    /// An extension is there twice (RFC 5280 §4.2).
    #[error("the extension {0} is there twice")]
    Twice(String),
    /// A name is none, or can't be put into a certificate.
    #[error("{0} is no name that a certificate can have")]
    Name(&'static str),
    /// It would never be valid.
    #[error("a certificate for this time would never be valid: {0}")]
    Period(&'static str),
    /// Something among certificates is none.
    #[error("this is no X.509 certificate")]
    NoCertificate,
    /// Certificates don't belong together.
    #[error("the certificates are not one chain")]
    NoChain,
    /// The authority's certificate doesn't say which key it is of.
    #[error(
        "the authority's certificate has no Subject Key Identifier, which its revocation lists would need"
    )]
    NoKeyIdentifier,
    /// The authority doesn't know a certificate.
    #[error("{0}: the authority has issued no such certificate, or it can't be used any more")]
    NotIssued(String),
    /// A name is that of several certificates.
    #[error("{0} is the name of several certificates; say which serial number is meant: {1}")]
    Several(String, String),
    /// A certificate is revoked.
    #[error("the certificate {0} is revoked; a new one needs a new key")]
    Revoked(String),
    /// OpenSSL failed.
    #[error("OpenSSL: {0}")]
    OpenSsl(#[from] ErrorStack),
}
