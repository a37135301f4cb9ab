//! SLUGS, the group service that PyKMIP's documentation describes: `GET URL/users/NAME` says whether a user is known,
//! `GET URL/users/NAME/groups` which groups the user is in.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use openssl::x509::X509;
use serde::Deserialize;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Error};

use super::ServiceOptions;

/// A group service.
pub(super) struct Service {
    name: String,
    /// Ends in a slash.
    url: String,
    agent: Agent,
}

/// Why a group service can't be asked as it is configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Its address is none.
    #[error(
        "the group service {name}: {url:?} is no address of a group service: it is http://… or https://…"
    )]
    Url {
        /// The service.
        name: String,
        /// The address.
        url: String,
    },
    /// The authorities of its certificate can't be read.
    #[error("the group service {name}: {}: {reason}", path.display())]
    Authorities {
        /// The service.
        name: String,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl Service {
    pub(super) fn new(options: &ServiceOptions) -> Result<Self, ServiceError> {
        let ServiceOptions { name, url, ca, time } = options;
        let secure = url.starts_with("https://");
        if !(secure || url.starts_with("http://")) || url.contains(['?', '#']) {
            return Err(ServiceError::Url { name: name.clone(), url: url.clone() });
        }
        let roots = match ca {
            None => RootCerts::PlatformVerifier,
            Some(path) => {
                let wrong = |reason: String| ServiceError::Authorities {
                    name: name.clone(),
                    path: path.clone(),
                    reason,
                };
                let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
                let stack = X509::stack_from_pem(&pem).map_err(|_| wrong("it is not PEM".into()))?;
                let certificates = stack.iter().map(|certificate| certificate.to_der());
                let certificates: Vec<_> =
                    certificates.collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))?;
                if certificates.is_empty() {
                    return Err(wrong("it holds no certificate in PEM".into()));
                }
                let roots = certificates.iter().map(|der| Certificate::from_der(der).to_owned());
                RootCerts::Specific(Arc::new(roots.collect()))
            }
        };
        let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(roots).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .https_only(secure)
            // Followed below: SLUGS writes names in its redirections as they are, blanks and all.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(*time))
            // What is asked here is nobody else's business.
            .proxy(None)
            .build();
        let slash = if url.ends_with('/') { "" } else { "/" };
        Ok(Self { name: name.clone(), url: format!("{url}{slash}"), agent: config.into() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The groups of a user; none if the service doesn't know the user.
    pub(super) fn groups(&self, user: &str) -> Result<Option<Vec<String>>, String> {
        #[derive(Deserialize)]
        struct Groups {
            groups: Vec<String>,
        }

        let known = format!("users/{}", escaped(user));
        if self.get(&known)?.is_none() {
            return Ok(None);
        }
        let groups = format!("{known}/groups");
        let Some(text) = self.get(&groups)? else { return Ok(None) };
        let groups: Groups = serde_json::from_str(&text)
            .map_err(|error| format!("its answer at {groups} is not as SLUGS has it: {error}"))?;
        Ok(Some(groups.groups))
    }

    /// What is at a path; none if the service says that there is nothing.
    fn get(&self, path: &str) -> Result<Option<String>, String> {
        let mut address = format!("{}{path}", self.url);
        for _ in 0..=REDIRECTIONS {
            let call = || self.agent.get(&address).call();
            let response = match call() {
                // A connection that was kept may have been closed in the meantime; to ask again changes nothing.
                Err(Error::Io(_) | Error::ConnectionFailed) => call(),
                answered => answered,
            };
            let mut response = response.map_err(|error| error.to_string())?;
            match response.status().as_u16() {
                200 => {
                    let body = response.body_mut().with_config().limit(LARGEST).read_to_string();
                    return body.map(Some).map_err(|error| error.to_string());
                }
                404 => return Ok(None),
                301 | 302 | 303 | 307 | 308 => {
                    let location = response.headers().get("location");
                    address = location
                        .and_then(|location| self.redirected(location.as_bytes()))
                        .ok_or_else(|| format!("it leads elsewhere from {path}"))?;
                }
                status => return Err(format!("it answers {status} at {path}")),
            }
        }
        Err(format!("it leads from one place to another at {path}"))
    }

    /// The address that a redirection leads to, if that is one of the same service.
    fn redirected(&self, location: &[u8]) -> Option<String> {
        let scheme = self.url.find("://")?.checked_add(3)?;
        let end = self.url.get(scheme..)?.find('/')?.checked_add(scheme)?;
        let origin = self.url.get(..end)?;
        let location = match location.strip_prefix(origin.as_bytes()) {
            Some(path) => path,
            None => location,
        };
        // Neither another server's address, nor one that is relative to this one, which SLUGS doesn't write.
        if !location.starts_with(b"/") || location.starts_with(b"//") {
            return None;
        }
        let mut address = origin.to_owned();
        for byte in location {
            match byte {
                b'!'..=b'~' => address.push(char::from(*byte)),
                _ => {
                    let _ = write!(address, "%{byte:02X}");
                }
            }
        }
        Some(address)
    }
}

/// A name as a segment of a path (RFC 3986 §2.3, §3.3).
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => text.push(byte.into()),
            // Two of them alone would be the folder above.
            b'.' if !matches!(name, "." | "..") => text.push('.'),
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

/// How many redirections are followed.
const REDIRECTIONS: usize = 3;

/// No answer is longer than this.
const LARGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests;
