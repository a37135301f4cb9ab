use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use zeroize::Zeroizing;

use super::watch::Watcher;
use crate::{
    ttlv::{Limits, Mode, Secret, SecretText, Version},
    types::{Credential, version},
};

/// The port that is registered for KMIP.
pub const PORT: u16 = 5696;

/// How to reach a server, and how to talk to it.
///
/// ```
/// use kmip::{client::{Identity, Options}, types::version};
/// let mut options = Options::new("kms.example.org:5696".parse()?);
/// options.ca = Some("ca.crt".into());
/// options.identity = Some(Identity::new("client.crt", "client.key"));
/// options.version = version::V1_4;
/// # Ok::<(), kmip::client::NotAnAddress>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The servers, the preferred one first. If one can't be reached, the next is tried; they have to be servers over
    /// the same objects.
    pub servers: Vec<Address>,
    /// The certificates that the server's is checked against, instead of those that the system trusts.
    pub ca: Option<Pem>,
    /// The client's own certificate.
    pub identity: Option<Identity>,
    /// The name that the server's certificate has to have, instead of the host's.
    pub server_name: Option<String>,
    /// Whether the server's certificate has to have the server's name. (That it is signed by a trusted authority is
    /// checked always.)
    pub verify_name: bool,
    /// Whether the server is told the name that it was called by (SNI).
    pub send_name: bool,
    /// What is sent with every request to say who is asking.
    pub credentials: Vec<Credential>,
    /// Whether the server may answer that it goes on in the background ([`Error::Pending`](super::Error::Pending)).
    pub asynchronous: bool,
    /// The protocol version of the requests, at first.
    pub version: Version,
    /// How long it may take to find and reach one server. [`Duration::MAX`] is for ever.
    pub connect_timeout: Duration,
    /// How long it may take to agree on TLS then.
    pub handshake_timeout: Duration,
    /// How long it may take to send a request and receive the answer. [`Duration::MAX`] is for ever.
    pub request_timeout: Duration,
    /// How large an answer may be.
    pub limits: Limits,
    /// How exact an answer has to be. Lenient at first: servers differ from the tables in ways that harm nobody.
    pub mode: Mode,
    /// Who sees the messages.
    pub watch: Option<Watcher>,
    /// How messages travel.
    pub transport: Transport,
}

/// How messages travel between client and server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// In binary, over TLS alone.
    #[default]
    Tls,
    /// As requests of HTTP over TLS (KMIP Additional Message Encodings 1.0 §2).
    #[cfg(feature = "https")]
    Https {
        /// How messages are written.
        encoding: Encoding,
        /// The path that requests go to.
        path: String,
    },
}

impl Transport {
    /// HTTPS, to the path `/kmip`.
    #[cfg(feature = "https")]
    pub fn https(encoding: Encoding) -> Self {
        Self::Https { encoding, path: "/kmip".to_owned() }
    }
}

/// How messages are written.
#[cfg(feature = "https")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// In binary (TTLV).
    #[default]
    Binary,
    /// In XML.
    Xml,
    /// In JSON.
    Json,
}

impl Options {
    /// The defaults: KMIP 1.2, 10 seconds to connect, 10 for TLS and 60 for a request, lenient reading.
    pub fn new(server: Address) -> Self {
        Self {
            servers: vec![server],
            ca: None,
            identity: None,
            server_name: None,
            verify_name: true,
            send_name: true,
            credentials: Vec::new(),
            asynchronous: false,
            version: version::V1_2,
            connect_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(60),
            limits: Limits::DEFAULT,
            mode: Mode::Lenient,
            watch: None,
            transport: Transport::Tls,
        }
    }
}

/// A host and a port.
///
/// ```
/// use kmip::client::Address;
/// let address: Address = "[::1]:5696".parse()?;
/// assert_eq!(address, Address::new("::1", 5696));
/// assert_eq!("kms.example.org".parse(), Ok(Address::new("kms.example.org", 5696)));
/// # Ok::<(), kmip::client::NotAnAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The host's name or IP address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Address {
    /// The address of this host and port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A text is not of the form `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no server: write host:port, such as kms.example.org:5696")]
pub struct NotAnAddress(String);

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let parse = || -> Option<Self> {
            let (host, port) = match text.strip_prefix('[') {
                Some(rest) => {
                    let (host, rest) = rest.split_once(']')?;
                    (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
                }
                // Several colons without brackets: an IPv6 address alone.
                None if text.matches(':').count() > 1 => (text, None),
                None => match text.split_once(':') {
                    Some((host, port)) => (host, Some(port)),
                    None => (text, None),
                },
            };
            let port = port.map_or(Some(PORT), |port| port.parse().ok())?;
            let plain = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
            plain.then(|| Self::new(host, port))
        };
        parse().ok_or_else(|| NotAnAddress(text.to_owned()))
    }
}

/// The client's certificate and its key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Identity {
    /// The certificate; those of its issuers may follow.
    pub certificate: Pem,
    /// The private key.
    pub key: Pem,
    /// What the private key is encrypted with, if it is.
    pub passphrase: Option<Secret>,
}

impl Identity {
    /// A certificate and its key, which is not encrypted.
    pub fn new(certificate: impl Into<Pem>, key: impl Into<Pem>) -> Self {
        Self { certificate: certificate.into(), key: key.into(), passphrase: None }
    }
}

/// Certificates or a key in PEM.
#[derive(Clone, Debug)]
pub enum Pem {
    /// In this file, read when a connection is made.
    File(PathBuf),
    /// Here.
    Text(SecretText),
}

impl Pem {
    /// The text.
    pub(super) fn read(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        match self {
            Self::File(path) => fs::read(path).map(Zeroizing::new),
            Self::Text(text) => Ok(Zeroizing::new(text.expose().as_bytes().to_vec())),
        }
    }

    /// Where the text is, for messages.
    pub(super) fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Text(_) => "(given as text)".to_owned(),
        }
    }
}

impl From<&str> for Pem {
    fn from(path: &str) -> Self {
        Self::File(path.into())
    }
}

impl From<&Path> for Pem {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<PathBuf> for Pem {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test that fails there says where")]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, host, port) in [
            ("kms:1", "kms", 1),
            ("kms", "kms", PORT),
            ("127.0.0.1:5697", "127.0.0.1", 5697),
            ("::1", "::1", PORT),
            ("[fe80::1]", "fe80::1", PORT),
            ("[::1]:80", "::1", 80),
        ] {
            let address: Address = text.parse().expect(text);
            assert_eq!(address, Address::new(host, port), "{text}");
            assert_eq!(address.to_string().parse(), Ok(address), "{text}");
        }
        for text in ["", ":5696", "kms:", "kms:99999", "https://kms", "[::1", "[::1]x", "a b:1"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
