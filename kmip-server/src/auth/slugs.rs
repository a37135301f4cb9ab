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
            // A redirection may not lead out of TLS.
            .https_only(secure)
            .max_redirects(5)
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
        let call = || self.agent.get(format!("{}{path}", self.url)).call();
        let response = match call() {
            // A connection that was kept may have been closed in the meantime; to ask again changes nothing.
            Err(Error::Io(_) | Error::ConnectionFailed) => call(),
            answered => answered,
        };
        let mut response = response.map_err(|error| error.to_string())?;
        match response.status().as_u16() {
            200 => {
                let body = response.body_mut().with_config().limit(LARGEST).read_to_string();
                body.map(Some).map_err(|error| error.to_string())
            }
            404 => Ok(None),
            status => Err(format!("it answers {status} at {path}")),
        }
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

/// No answer is longer than this.
const LARGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests;
