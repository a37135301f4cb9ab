//! Settings of PyKMIP's client: a section of `pykmip.conf`.
//!
//! ```no_run
//! use kmip::client::{blocking::Client, pykmip};
//! let settings = pykmip::read("/etc/pykmip/pykmip.conf".as_ref(), "client")?;
//! let client = Client::connect(settings.options)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use configparser::ini::Ini;
use zeroize::Zeroizing;

use super::{Address, Credential, Identity, Options, PORT};
use crate::ttlv::SecretText;

/// The section that PyKMIP reads where none is named.
pub const SECTION: &str = "client";

/// What a section says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// How to reach the server.
    pub options: Options,
    /// What of the section has no effect here, or another one, each in a sentence.
    pub warnings: Vec<String>,
}

/// Why a section can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file can't be read.
    #[error("{path}: {source}")]
    File {
        /// Where it is.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It isn't written as such a file is.
    #[error("{path}: {reason}")]
    Form {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It has no such section.
    #[error("{path} has no section [{section}]{}", Others(.others))]
    Section {
        /// Where it is.
        path: PathBuf,
        /// The section that was asked for.
        section: String,
        /// Those that it has.
        others: Vec<String>,
    },
    /// A value can't be used.
    #[error("{path}, [{section}]: {key} = {value:?}: {reason}")]
    Value {
        /// Where it is.
        path: PathBuf,
        /// The section.
        section: String,
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The places where PyKMIP looks for its file, in order.
pub fn places() -> Vec<PathBuf> {
    let own = env::var_os("HOME").map(|home| Path::new(&home).join(".pykmip/pykmip.conf"));
    own.into_iter().chain([PathBuf::from("/etc/pykmip/pykmip.conf")]).collect()
}

/// Reads a section of a file.
///
/// # Errors
///
/// When the file can't be read, has no such section, or a value in it can't be used.
pub fn read(path: &Path, section: &str) -> Result<Settings, Fault> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|source| Fault::File { path: path.to_owned(), source })?;
    parse(&text, path, section)
}

fn parse(text: &str, path: &Path, section: &str) -> Result<Settings, Fault> {
    let mut file = Ini::new_cs();
    // As Python reads it: a comment has a line of its own, and keys may be in capitals.
    let mut syntax = file.defaults();
    syntax.inline_comment_symbols = Some(Vec::new());
    syntax.multiline = true;
    file.load_defaults(syntax);
    let sections =
        file.read(text.to_owned()).map_err(|reason| Fault::Form { path: path.to_owned(), reason })?;
    let Some(values) = sections.get(section) else {
        let mut others: Vec<String> = sections.into_keys().collect();
        others.sort();
        return Err(Fault::Section { path: path.to_owned(), section: section.to_owned(), others });
    };
    let value = |key: &str| {
        let found = values.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        let value = found.and_then(|(_, value)| value.as_deref()).map(str::trim);
        // PyKMIP takes the word None for nothing.
        value.filter(|value| !value.is_empty() && *value != "None")
    };
    let fault = |key, value: &str, reason: String| Fault::Value {
        path: path.to_owned(),
        section: section.to_owned(),
        key,
        value: value.to_owned(),
        reason,
    };

    let port = match value("port") {
        Some(port) => port.parse().map_err(|_| fault("port", port, "it is no port number".to_owned()))?,
        None => PORT,
    };
    let hosts = value("host").unwrap_or("127.0.0.1");
    // Several hosts, with commas between them, are tried in order.
    let hosts = hosts.split(',').map(str::trim).filter(|host| !host.is_empty());
    let mut options = Options::new(Address::new("127.0.0.1", port));
    options.servers = hosts.map(|host| Address::new(host, port)).collect();
    options.ca = value("ca_certs").map(Into::into);
    options.identity = value("certfile")
        .map(|certificate| Identity::new(certificate, value("keyfile").unwrap_or(certificate)));
    if let Some(username) = value("username") {
        options.credentials.push(Credential::user(username, value("password").map(SecretText::from)));
    }
    if let Some(seconds) = value("timeout") {
        let parsed = seconds.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        options.request_timeout = parsed
            .filter(|time| !time.is_zero())
            .ok_or_else(|| fault("timeout", seconds, "it is no number of seconds".to_owned()))?;
    }
    let known = |key: &str| KEYS.iter().any(|known| known.eq_ignore_ascii_case(key));
    let mut warnings: Vec<String> =
        values.keys().filter(|key| !known(key)).map(|key| format!("{key} is no key of a client")).collect();
    warnings.sort();
    warnings.extend(FORMER.iter().filter_map(|(key, is_usual, warning)| {
        value(key).filter(|value| !is_usual(value)).map(|value| format!("{key}={value}: {warning}"))
    }));
    Ok(Settings { options, warnings })
}

const KEYS: [&str; 12] = [
    "host",
    "port",
    "keyfile",
    "certfile",
    "cert_reqs",
    "ssl_version",
    "ca_certs",
    "do_handshake_on_connect",
    "suppress_ragged_eofs",
    "username",
    "password",
    "timeout",
];

type Former = (&'static str, fn(&str) -> bool, &'static str);

/// Keys that say how Python's TLS is to behave, the values that say no more than what is done here anyway, and what is done
/// here whatever else they say.
const FORMER: [Former; 4] = [
    (
        "cert_reqs",
        |value| value == "CERT_REQUIRED",
        "the server's certificate is always checked; ca_certs says against what",
    ),
    (
        "ssl_version",
        |value| {
            matches!(value, "PROTOCOL_SSLv23" | "PROTOCOL_TLS" | "PROTOCOL_TLS_CLIENT" | "PROTOCOL_TLSv1_2")
        },
        "TLS 1.2 or 1.3 is spoken; write PROTOCOL_TLS, or leave the key out",
    ),
    (
        "do_handshake_on_connect",
        |value| value.eq_ignore_ascii_case("true"),
        "the handshake follows the connection always; leave the key out",
    ),
    (
        "suppress_ragged_eofs",
        |value| value.eq_ignore_ascii_case("true"),
        "a connection that ends in the midst of an answer is an error always; leave the key out",
    ),
];

struct Others<'a>(&'a [String]);

impl std::fmt::Display for Others<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "; it has {}", self.0.join(", ")) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails there says where")]
mod tests {
    use super::*;
    use crate::{client::Pem, types::CredentialValue};

    const FILE: &str = "\
# PyKMIP's example
[client]
host=127.0.0.1
port=5697
keyfile=/etc/pykmip/certs/client_private_key.pem
certfile=/etc/pykmip/certs/client_cert.pem
cert_reqs=CERT_REQUIRED
ssl_version=PROTOCOL_SSLv23
ca_certs=/etc/pykmip/certs/server_ca_cert.pem
do_handshake_on_connect=True
suppress_ragged_eofs=True
username=example_username
password=exa;mple#pass%word

[other]
Host: kms-1, kms-2
ssl_version: PROTOCOL_TLSv1
cert_reqs = CERT_NONE
username = None
colour = red
";

    fn section(section: &str) -> Result<Settings, Fault> {
        parse(FILE, "pykmip.conf".as_ref(), section)
    }

    #[test]
    fn the_example_of_the_documentation() {
        let Settings { options, warnings } = section(SECTION).unwrap();
        assert_eq!(options.servers, [Address::new("127.0.0.1", 5697)]);
        let path = |pem: &Pem| match pem {
            Pem::File(path) => path.display().to_string(),
            Pem::Text(_) => panic!("a text"),
        };
        assert_eq!(path(options.ca.as_ref().unwrap()), "/etc/pykmip/certs/server_ca_cert.pem");
        let identity = options.identity.unwrap();
        assert_eq!(path(&identity.certificate), "/etc/pykmip/certs/client_cert.pem");
        assert_eq!(path(&identity.key), "/etc/pykmip/certs/client_private_key.pem");
        let CredentialValue::UsernameAndPasswordCredential(user) =
            &options.credentials.first().unwrap().credential_value
        else {
            panic!("another credential")
        };
        assert_eq!(user.username, "example_username");
        assert_eq!(user.password.as_ref().unwrap().expose(), "exa;mple#pass%word");
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn other_sections_and_what_has_no_effect() {
        let Settings { options, warnings } = section("other").unwrap();
        assert_eq!(options.servers, [Address::new("kms-1", PORT), Address::new("kms-2", PORT)]);
        assert!(options.credentials.is_empty() && options.identity.is_none());
        let starts: Vec<&str> =
            warnings.iter().filter_map(|warning| warning.split([' ', '=']).next()).collect();
        assert_eq!(starts, ["colour", "cert_reqs", "ssl_version"]);
    }

    #[test]
    fn faults_are_told() {
        assert_eq!(
            section("third").unwrap_err().to_string(),
            "pykmip.conf has no section [third]; it has client, other"
        );
        let error = parse("[client]\nport=many\n", "f".as_ref(), SECTION).unwrap_err();
        assert_eq!(error.to_string(), "f, [client]: port = \"many\": it is no port number");
    }
}
