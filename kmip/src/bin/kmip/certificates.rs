//! Certificates: `kmip certify`, `re-certify`, `validate`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use kmip::{
    ttlv::{Bytes, DateTime, Interval, Tag},
    types::{AttributeValue, Certificate, CertificateRequestType, CertificateType},
};

use super::{
    connect::Connection,
    failure::{Failure, Result},
    files,
    lifecycle::{Wanted, made},
    output::Output,
    sign::verdict,
    values,
};

/// Has the server make a certificate for a public key; prints its identifier.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip certify ID --name web                  for a public key that the server keeps; its subject is CN=web
  kmip certify ID --attribute 'Certificate Subject CN=web' --attribute 'Certificate Subject O=Example'
  openssl req -new -key key.pem -subj /CN=web -out web.csr && kmip certify --request web.csr")]
pub(crate) struct Certify {
    /// The public key's identifier [default: the key is in the request].
    #[arg(required_unless_present = "request")]
    id: Option<String>,

    /// The certificate request, in PEM or DER; `-` is standard input. It says whose the certificate is to be, and shows
    /// that the key is theirs.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,

    /// What kind of request it is: PKCS_10, PEM or CRMF [default: found out].
    #[arg(long, value_name = "TYPE", value_parser = values::request_type(), requires = "request")]
    request_type: Option<CertificateRequestType>,

    #[command(flatten)]
    attributes: Wanted,
}

/// Has the server make a certificate that takes the place of another; prints its identifier.
#[derive(Args, Debug)]
pub(crate) struct ReCertify {
    /// The old certificate's identifier.
    id: String,

    /// A certificate request, in PEM or DER; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,

    /// What kind of request it is: PKCS_10, PEM or CRMF [default: found out].
    #[arg(long, value_name = "TYPE", value_parser = values::request_type())]
    request_type: Option<CertificateRequestType>,

    /// The time between the new certificate's making and its activation, in seconds.
    #[arg(long, value_name = "SECONDS")]
    offset: Option<u32>,

    #[command(flatten)]
    attributes: Wanted,
}

/// Asks the server whether certificates form a valid chain; the exit status is 0 if so, and else 1.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip validate ID                            a certificate that the server keeps
  kmip validate --certificate chain.pem --at 2027-01-01T00:00:00Z")]
pub(crate) struct Validate {
    /// The identifiers of certificates that the server keeps.
    #[arg(value_name = "ID", required_unless_present = "certificate")]
    ids: Vec<String>,

    /// Certificates in PEM; may be repeated.
    #[arg(long, value_name = "FILE")]
    certificate: Vec<PathBuf>,

    /// When it is to be valid [default: now].
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    at: Option<DateTime>,
}

/// A request and its kind.
fn request(file: &Path, kind: Option<CertificateRequestType>) -> Result<(CertificateRequestType, Bytes)> {
    let data = files::read(file)?;
    let found = if data.trim_ascii_start().starts_with(b"-----BEGIN") {
        CertificateRequestType::PEM
    } else {
        CertificateRequestType::PKCS_10
    };
    Ok((kind.unwrap_or(found), Bytes::from(data.to_vec())))
}

impl Certify {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let request = self.request.as_ref().map(|file| request(file, self.request_type)).transpose()?;
        let mut attributes = self.attributes.set(None);
        // 1.1 §4.7: without a request, nothing else says it.
        if request.is_none() && attributes.get(Tag::CertificateType).is_none() {
            attributes.add(AttributeValue::CertificateType(CertificateType::X_509));
        }
        let mut client = connection.open()?;
        let id = client.certify(self.id.as_deref(), request, attributes)?;
        made(&mut client, &id, false, output)
    }
}

impl ReCertify {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let request = self.request.as_ref().map(|file| request(file, self.request_type)).transpose()?;
        let offset = self.offset.map(Interval);
        let mut client = connection.open()?;
        let id = client.re_certify(&self.id, request, offset, self.attributes.set(None))?;
        made(&mut client, &id, false, output)
    }
}

impl Validate {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let mut certificates = Vec::new();
        for file in &self.certificate {
            let text = files::read(file)?;
            let found = openssl::x509::X509::stack_from_pem(&text).ok().filter(|found| !found.is_empty());
            let found = found.ok_or_else(|| {
                Failure::usage(format_args!("{}: there is no certificate in PEM in it", file.display()))
            })?;
            for certificate in found {
                let der = certificate.to_der().map_err(Failure::usage)?;
                certificates.push(Certificate::new(CertificateType::X_509, der.into()));
            }
        }
        let ids: Vec<&str> = self.ids.iter().map(String::as_str).collect();
        verdict(connection.open()?.validate(certificates, &ids, self.at)?, output)
    }
}
