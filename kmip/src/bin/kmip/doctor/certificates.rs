//! Certificates and keys: ours, the authorities', the server's.

use std::{cmp::Ordering, fs};

use kmip::client::{Address, Options, Pem};
use openssl::{
    asn1::{Asn1Time, Asn1TimeRef},
    pkey::{PKey, Private},
    stack::Stack,
    x509::{
        X509, X509NameRef, X509Ref, X509StoreContext,
        store::{X509Store, X509StoreBuilder},
        verify::X509VerifyParam,
    },
};

use super::{Report, State};

/// What the settings name.
#[derive(Default)]
pub(super) struct Own {
    pub(super) authorities: Vec<X509>,
    /// The client's certificate, those of its issuers, and the key.
    pub(super) identity: Option<(Vec<X509>, PKey<Private>)>,
}

/// Days before its end from which on a certificate is told of.
const SOON: i32 = 30;

/// Reads and judges the files that the settings name.
pub(super) fn own(options: &Options, report: &mut Report) -> Own {
    let mut own = Own::default();
    match &options.ca {
        None => report.warn(
            "authority",
            "none is named: those that the system trusts are taken",
            "--ca names the certificate of the authority that signed the server's, where that is none of them",
        ),
        Some(ca) => match certificates(ca) {
            Ok(found) => {
                for certificate in &found {
                    lifetime("authority", certificate, report);
                }
                own.authorities = found;
            }
            Err(reason) => report.bad("authority", reason, "--ca names a file with certificates in PEM"),
        },
    }
    let Some(identity) = &options.identity else {
        report.warn(
            "client certificate",
            "none is named",
            "most servers want one: --cert and --key name the files",
        );
        return own;
    };
    let chain = certificates(&identity.certificate);
    let key = private_key(&identity.key, identity.passphrase.as_ref().map(|secret| secret.expose()));
    let chain = match chain {
        Ok(chain) => chain,
        Err(reason) => {
            report.bad("client certificate", reason, "--cert names a file with certificates in PEM");
            return own;
        }
    };
    let key = match key {
        Ok(key) => key,
        Err(reason) => {
            report.bad("client key", reason, "--key names a file with a private key in PEM");
            return own;
        }
    };
    let Some(certificate) = chain.first() else { return own };
    lifetime("client certificate", certificate, report);
    if !certificate.public_key().is_ok_and(|public| public.public_eq(&key)) {
        report.bad(
            "client key",
            "it is not the key of the client's certificate",
            "--cert and --key have to belong together",
        );
        return own;
    }
    permissions(&identity.key, report);
    own.identity = Some((chain, key));
    own
}

/// Who may read the key's file.
#[cfg(unix)]
fn permissions(key: &Pem, report: &mut Report) {
    use std::os::unix::fs::MetadataExt as _;
    let Pem::File(path) = key else { return };
    match fs::metadata(path) {
        Ok(metadata) if metadata.mode() & 0o077 != 0 => report.warn(
            "client key",
            format!("{} can be read by others (mode {:o})", path.display(), metadata.mode() & 0o777),
            format!("`chmod 600 {}` leaves it to its owner", path.display()),
        ),
        _ => report.good("client key", "it belongs to the certificate, and only its owner reads it"),
    }
}

#[cfg(not(unix))]
fn permissions(_key: &Pem, report: &mut Report) {
    report.good("client key", "it belongs to the certificate");
}

fn certificates(pem: &Pem) -> Result<Vec<X509>, String> {
    let (place, text) = read(pem)?;
    let found = X509::stack_from_pem(&text).map_err(|error| format!("{place}: {error}"))?;
    if found.is_empty() { Err(format!("{place}: there is no certificate in PEM in it")) } else { Ok(found) }
}

fn private_key(pem: &Pem, passphrase: Option<&[u8]>) -> Result<PKey<Private>, String> {
    let (place, text) = read(pem)?;
    PKey::private_key_from_pem_passphrase(&text, passphrase.unwrap_or_default()).map_err(|_| {
        let encrypted = String::from_utf8_lossy(&text).contains("ENCRYPTED");
        let reason = if encrypted {
            "it is encrypted, and the passphrase is missing or wrong"
        } else {
            "there is no private key in it"
        };
        format!("{place}: {reason}")
    })
}

fn read(pem: &Pem) -> Result<(String, zeroize::Zeroizing<Vec<u8>>), String> {
    match pem {
        Pem::File(path) => {
            let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok((path.display().to_string(), text.into()))
        }
        Pem::Text(text) => Ok(("(given as text)".to_owned(), text.expose().as_bytes().to_vec().into())),
    }
}

/// Judges the server's certificate.
pub(super) fn server(chain: &[X509], server: &Address, options: &Options, own: &Own, report: &mut Report) {
    let Some(certificate) = chain.first() else {
        report.bad("server certificate", "the server presents none", "the server needs a certificate");
        return;
    };
    let before = report.0.len();
    lifetime("server certificate", certificate, report);
    let name = options.server_name.as_deref().unwrap_or(&server.host);
    match verify(chain, None, own) {
        Ok(()) => {
            let issuer = text(certificate.issuer_name());
            report.good("signature", format!("the certificate is signed by {issuer}, which is trusted"));
        }
        // That it is out of its time has been told already.
        Err(reason) if reason.contains("expired") || reason.contains("not yet valid") => {
            let is_told = report.0.iter().skip(before).any(|finding| finding.state == State::Bad);
            if !is_told {
                report.bad("signature", reason, "check the clocks of both machines");
            }
        }
        Err(reason) => {
            let issuer = text(certificate.issuer_name());
            let ours: Vec<String> = own.authorities.iter().map(|ca| text(ca.subject_name())).collect();
            let advice = match &*ours {
                [] => format!("--ca has to name the certificate of {issuer}"),
                ours => format!(
                    "--ca has {}, the certificate was signed by {issuer}: name that one, or have the server present \
                     the certificates between them",
                    ours.join("; ")
                ),
            };
            report.bad("signature", reason, advice);
            return;
        }
    }
    match verify(chain, Some(name), own) {
        Err(reason) if reason.contains("mismatch") => {
            let names = names(certificate);
            let (seen, advice) = match &*names {
                [] => ("the certificate has no name".to_owned(), String::new()),
                [first, ..] => {
                    let advice = format!("call the server by that, or say --server-name {first}; or ");
                    (format!("the certificate is for {}, not for {name}", names.join(", ")), advice)
                }
            };
            report.bad(
                "server name",
                seen,
                format!("{advice}make it a certificate whose Subject Alternative Name has {name}"),
            );
        }
        _ => report.good("server name", format!("the certificate is for {name}")),
    }
}

/// Whether the chain leads to a trusted authority, and, if one is given, has the name.
fn verify(chain: &[X509], name: Option<&str>, own: &Own) -> Result<(), String> {
    let go = || {
        let store = store(own, name)?;
        let mut others = Stack::new()?;
        for certificate in chain.iter().skip(1) {
            others.push(certificate.clone())?;
        }
        let mut context = X509StoreContext::new()?;
        let certificate = chain.first().map(AsRef::as_ref);
        let Some(certificate) = certificate else { return Ok(Err(String::new())) };
        let verdict = context.init(&store, certificate, &others, |context| {
            Ok(if context.verify_cert()? { None } else { Some(context.error()) })
        })?;
        Ok::<_, openssl::error::ErrorStack>(match verdict {
            None => Ok(()),
            Some(error) => Err(error.error_string().to_owned()),
        })
    };
    go().unwrap_or_else(|error| Err(error.to_string()))
}

fn store(own: &Own, name: Option<&str>) -> Result<X509Store, openssl::error::ErrorStack> {
    let mut builder = X509StoreBuilder::new()?;
    if own.authorities.is_empty() {
        builder.set_default_paths()?;
    }
    for authority in &own.authorities {
        builder.add_cert(authority.clone())?;
    }
    if let Some(name) = name {
        let mut parameters = X509VerifyParam::new()?;
        match name.parse() {
            Ok(ip) => parameters.set_ip(ip)?,
            Err(_) => parameters.set_host(name)?,
        }
        builder.set_param(&parameters)?;
    }
    Ok(builder.build())
}

/// Tells whether a certificate is within its time.
fn lifetime(step: &'static str, certificate: &X509Ref, report: &mut Report) {
    let subject = text(certificate.subject_name());
    let Ok(now) = Asn1Time::days_from_now(0) else { return };
    let (from, to) = (certificate.not_before(), certificate.not_after());
    let is_after = |one: &Asn1TimeRef, other: &Asn1TimeRef| one.compare(other).is_ok_and(Ordering::is_gt);
    if is_after(from, &now) {
        report.bad(
            step,
            format!("{subject} is valid from {from} on, which is not yet"),
            "check the clocks of this machine and of the one where the certificate was made",
        );
    } else if is_after(&now, to) {
        report.bad(
            step,
            format!("{subject} expired at {to}"),
            "make a new certificate (or set this machine's clock)",
        );
    } else {
        match now.diff(to) {
            Ok(left) if left.days < SOON => {
                report.warn(
                    step,
                    format!("{subject} expires in {} days, at {to}", left.days),
                    "make a new one in time",
                );
            }
            _ => report.good(step, format!("{subject}, until {to}")),
        }
    }
}

/// The names that a certificate is for.
fn names(certificate: &X509Ref) -> Vec<String> {
    let mut names = Vec::new();
    for name in certificate.subject_alt_names().iter().flatten() {
        if let Some(dns) = name.dnsname() {
            names.push(dns.to_owned());
        } else if let Some(ip) = name.ipaddress() {
            let ip = <[u8; 4]>::try_from(ip).map(Into::into).or(<[u8; 16]>::try_from(ip).map(Into::into));
            names.extend(ip.map(|ip: std::net::IpAddr| ip.to_string()));
        }
    }
    if names.is_empty() {
        let entries = certificate.subject_name().entries_by_nid(openssl::nid::Nid::COMMONNAME);
        names.extend(entries.filter_map(|entry| entry.data().to_string().ok()));
    }
    names
}

/// A name as people write it.
fn text(name: &X509NameRef) -> String {
    let entries = name.entries().map(|entry| {
        let key = entry.object().nid().short_name().unwrap_or("?");
        format!("{key}={}", entry.data().to_string().unwrap_or_default())
    });
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() { "(no name)".to_owned() } else { entries.join(", ") }
}
