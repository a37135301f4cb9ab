//! Every setting there is: its name, its type, what it means, and what it is by default.
//!
//! One table, from which come the structure that a file is read into, the options of the command line, the environment
//! variables, and the annotated example. The value before `=` is that of the example; the one behind it is the default.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use serde::Deserialize;

use super::setting::{Setting, Texts, section};

section! {
    /// What a configuration says, where it says anything.
    pub struct File in "" {
        /// Where to listen: HOST:PORT, one or more. Port 0 is any free one.
        listen: Texts, List, r#"["127.0.0.1:5696"]"# = r#"["127.0.0.1:5696"]"#;
        /// Where to listen for HTTPS (POST to /kmip), in the same form. Nowhere if it isn't said.
        listen_https: Texts, List, r#"["127.0.0.1:5697"]"# = "[]";
        /// Where objects are kept: sqlite:PATH, or memory: for nowhere.
        store: String, Store, r#""sqlite:kmip.db""#;
        /// Where the master key comes from: a file that is its owner's alone, with 64 hexadecimal digits or a key under a
        /// passphrase (`kmip-server master-key`); or env:NAME, fd:NUMBER, command:COMMAND; or shares:SOCKET, where people
        /// give their shares of it while the server starts.
        master_key: String, Key, r#""master.key""#;
        /// Where the passphrase comes from that the master key is under: FILE, env:, fd:, command:, or `ask` at the terminal.
        master_key_passphrase: String, Key, r#""fd:3""#;
        /// The folder with operation policies, as JSON files. Changes are in force within a second.
        policies: PathBuf, Path, r#""policies""#;
        /// Clients that are told of changes (Notify) and sent new objects (Put) without asking. A list of tables: `client` (its
        /// identity), `address` (HOST:PORT), `certificate` and `key` (PEM; the server's own), `ca` (PEM; that of all clients),
        /// `all_objects` (false: of its own alone), `notify` (true), `put` (true), `version` (of the request that made the
        /// change), `ask` (`["query", "discover-versions"]`: what it is asked at the start; nothing).
        server_to_client: Vec<Told>, Value, r#"[{ client = "alice", address = "alice.example.com:5696" }]"# = "[]";
        sections {
            tls: Tls,
            auth: Auth,
            authority: Authority,
            limits: Limits,
            server: Server,
            crypto: Crypto,
            log: Log,
            audit: Audit,
            monitoring: Monitoring,
        }
    }
}

section! {
    /// TLS.
    pub(super) struct Tls in "tls" {
        /// The server's certificate, followed by those of the authorities up to its root (PEM).
        /// Certificates and keys are read again when their files change, and on SIGHUP.
        certificate: PathBuf, Path, r#""server.crt""#;
        /// The server's private key (PEM).
        key: PathBuf, Path, r#""server.key""#;
        /// The certificates of the authorities whose clients are let in (PEM).
        client_ca: PathBuf, Path, r#""ca.crt""#;
        /// The cipher suites, as IANA or OpenSSL name them. What is not said of a version is its default.
        ciphers: Texts, List, r#"["TLS_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]"#;
        /// The oldest version of TLS that is spoken: 1.2 or 1.3.
        min_version: String, Text, r#""1.2""# = r#""1.2""#;
    }
}

section! {
    /// Who clients are.
    pub(super) struct Auth in "auth" {
        /// What of a client's certificate is its identity: common-name, subject, email, uri, dns (these three of its
        /// subject alternative names) or fingerprint (SHA-256, 64 hexadecimal digits).
        identity: String, Text, r#""common-name""# = r#""common-name""#;
        /// Whether a client's certificate must have the extended key usage of client authentication.
        client_usage: bool, Value, "true" = "true";
        /// The file with users and devices, for clients that send credentials. `kmip-server users` manages it; changes
        /// are in force within a second.
        users: PathBuf, Path, r#""users.toml""#;
        /// The revocation lists of the authorities whose clients are let in (PEM). Changes are in force within a second, for
        /// connections that are there, too.
        revoked: PathBuf, Path, r#""ca.crl""#;
        /// Whether credentials are passed over where there is no users file, as PyKMIP's server does with all of them.
        /// Otherwise they are refused.
        ignore_credentials: bool, Value, "true" = "false";
        /// Group services (SLUGS), asked at every request in their order; the first that knows the user counts. A list
        /// of tables: `name`, `url`, `enabled` (true), `ca` (PEM; the system's authorities if there is none),
        /// `timeout_seconds` (5).
        slugs: Vec<Slugs>, Value, r#"[{ name = "primary", url = "http://127.0.0.1:8080/slugs/", enabled = false }]"#
            = "[]";
    }
}

section! {
    /// Certificates for clients' public keys.
    pub(super) struct Authority in "authority" {
        /// The certificate of the authority that Certify and Re-certify issue with, followed by those above it (PEM). Without
        /// one, they are not served. It must not be one whose clients are let in, nor stand below one.
        certificate: PathBuf, Path, r#""certify.crt""#;
        /// The authority's private key (PEM), readable by its owner alone.
        key: PathBuf, Path, r#""certify.key""#;
        /// Roots that Validate trusts beside the authority (PEM). With neither, it is not served.
        trusted: PathBuf, Path, r#""roots.crt""#;
        /// The revocation lists that Validate looks at (PEM), of the authority and those in authority.trusted. Changes are in
        /// force within a second.
        revoked: PathBuf, Path, r#""roots.crl""#;
        /// For how many days a certificate is valid, at most: its Activation and Deactivation Date may say less.
        days: NonZeroU32, Value, "366" = "366";
        /// What certificates are signed with: sha256, sha384 or sha512.
        digest: String, Text, r#""sha256""# = r#""sha256""#;
        /// The extensions that certificates get from their requests, as OpenSSL names them, or by object identifier. Others
        /// are left out; a request with a critical one among these is refused.
        extensions: Texts, List, r#"["subjectAltName", "keyUsage", "extendedKeyUsage"]"#
            = r#"["subjectAltName", "keyUsage", "extendedKeyUsage"]"#;
    }
}

section! {
    /// How much there may be.
    pub(super) struct Limits in "limits" {
        /// Connections served at once.
        connections: NonZeroUsize, Value, "16384" = "16384";
        /// Connections of one client's certificate: the rest is for others. 15 of 16 if it isn't said.
        connections_per_client: NonZeroUsize, Value, "15360" = "15360";
        /// Connections of one address (of IPv6, of one network of 64 bits), handshakes included. No limit if it isn't said:
        /// many clients may come by one address.
        connections_per_address: NonZeroUsize, Value, "256";
        /// Requests of one user in a second; as many may come at once. Each item of a batch counts. More are refused. No
        /// limit if it isn't said.
        requests_per_second: NonZeroU32, Value, "1000";
        /// TLS handshakes at once. One more, and the one that has taken longest is given up.
        handshakes: NonZeroUsize, Value, "512" = "512";
        /// How long a handshake may take.
        handshake_seconds: NonZeroU64, Value, "10" = "10";
        /// How long a connection may be without a request.
        idle_seconds: NonZeroU64, Value, "3600" = "3600";
        /// How long a request may take to arrive, and its answer to be taken.
        request_seconds: NonZeroU64, Value, "30" = "30";
        /// Bytes in a request.
        request_size: NonZeroUsize, Value, "2097152" = "2097152";
        /// Structures within one another.
        request_depth: NonZeroU32, Value, "32" = "32";
        /// Items in a request.
        request_items: NonZeroU32, Value, "65536" = "65536";
        /// Bytes in a response. What would be larger is refused, such as a Locate that finds too much.
        response_size: NonZeroUsize, Value, "16777216" = "16777216";
        /// Batch items in a request.
        batch_items: NonZeroUsize, Value, "1024" = "1024";
        /// Operations of one user that wait for their next part (correlation values).
        streams: NonZeroUsize, Value, "64" = "64";
        /// Bytes that these keep.
        stream_size: NonZeroUsize, Value, "16777216" = "16777216";
        /// How long one may wait.
        stream_seconds: NonZeroU32, Value, "600" = "600";
        /// Threads for requests that wait or compute for long.
        workers: NonZeroUsize, Value, "64" = "64";
        /// Threads of one client's certificate at once: the rest is for others. 3 of 4 if it isn't said.
        workers_per_client: NonZeroUsize, Value, "48" = "48";
        /// How long to wait at the end for requests that are being answered.
        shutdown_seconds: u64, Value, "10" = "10";
    }
}

section! {
    /// What the server is, and does with objects.
    pub(super) struct Server in "server" {
        /// What Query calls the server.
        name: String, Text, r#""vault-1""#;
        /// The Lease Time of new objects.
        lease_seconds: u32, Value, "3600" = "3600";
        /// Whether a Name is refused that another object has already, of those that the client may locate. PyKMIP never
        /// refuses one.
        unique_names: bool, Value, "true" = "false";
        /// Whether an object that the client may not locate is answered as if it weren't there. Otherwise it is Permission
        /// Denied, as the official test cases have it: then whoever guesses an identifier learns that it exists.
        hide_objects: bool, Value, "false" = "true";
        /// Whether clients may announce interoperability tests with the operation Interop, as the official test cases do.
        /// The specification forbids it in production.
        interop: bool, Value, "true" = "false";
    }
}

section! {
    /// What may be done with keys.
    pub(super) struct Crypto in "crypto" {
        /// Whether weak algorithms may be used: DES and 3DES, Blowfish, CAST5, IDEA, RC4, MD4, MD5, and SHA-1 in
        /// signatures.
        weak_algorithms: bool, Value, "false" = "true";
        /// Whether RSA key pairs of fewer than 1024 bits are made.
        weak_rsa: bool, Value, "true" = "false";
    }
}

section! {
    /// What is logged.
    pub(super) struct Log in "log" {
        /// DEBUG, INFO, WARNING, ERROR, CRITICAL, or a filter such as "info,kmip_server::messages=debug". At DEBUG every
        /// message is logged, with its secrets left out.
        level: String, Text, r#""INFO""# = r#""INFO""#;
        /// The file to log to; standard error if there is none.
        file: PathBuf, Path, r#""server.log""#;
        /// How an entry looks: text or json.
        format: String, Text, r#""text""# = r#""text""#;
        /// From which size on the file is put aside, as FILE.1, for a new one.
        rotate_bytes: NonZeroUsize, Value, "10485760" = "10485760";
        /// How many files are kept aside.
        rotate_keep: usize, Value, "5" = "5";
    }
}

section! {
    /// The audit log: who asked for what, which objects it concerned, and what became of it.
    pub(super) struct Audit in "audit" {
        /// Whether operations are recorded.
        enabled: bool, Value, "true" = "true";
        /// Whether those are, too, that succeed and change nothing.
        reads: bool, Value, "true" = "true";
        /// When records have to be there, of operations that change nothing. open: within a second, and should they not be
        /// writable, the server goes on and counts those it has no room for. closed: within a second, and should they
        /// not be writable, nothing is served until they are. strict: before the answer is given. Changes are always
        /// recorded with the change itself.
        mode: String, Text, r#""open""# = r#""open""#;
        /// Bytes of records in the store. When there are more, they go to a file of the folder.
        rotate_bytes: NonZeroU64, Value, "67108864" = "67108864";
        /// The folder for records that leave the store, as lines of JSON. What is there is never removed by the server.
        /// Beside an SQLite database, with its name and -audit behind it, if it isn't said.
        directory: PathBuf, Path, r#""kmip.db-audit""#;
    }
}

section! {
    /// What monitoring sees.
    pub(super) struct Monitoring in "monitoring" {
        /// Where to answer monitoring, in plain HTTP: /metrics for Prometheus, /health and /ready. Nowhere if it isn't said.
        /// Whoever can connect is answered: it is for an address that others can't reach.
        listen: String, Text, r#""127.0.0.1:9696""#;
    }
}

/// A group service, as a file names it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slugs {
    pub(super) name: Option<String>,
    pub(super) url: String,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    pub(super) ca: Option<PathBuf>,
    pub(super) timeout_seconds: Option<NonZeroU64>,
}

/// A client that is told of things, as a file names it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    pub(super) client: String,
    pub(super) address: String,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) ca: Option<PathBuf>,
    #[serde(default)]
    pub(super) all_objects: bool,
    #[serde(default = "yes")]
    pub(super) notify: bool,
    #[serde(default = "yes")]
    pub(super) put: bool,
    pub(super) version: Option<String>,
    #[serde(default)]
    pub(super) ask: Vec<String>,
}

fn yes() -> bool {
    true
}

impl File {
    /// The users file, if one is named.
    pub fn users(&self) -> Option<&PathBuf> {
        self.auth.users.as_ref()
    }
}

/// Every setting, section by section.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    [
        File::SETTINGS,
        Tls::SETTINGS,
        Auth::SETTINGS,
        Authority::SETTINGS,
        Limits::SETTINGS,
        Server::SETTINGS,
        Crypto::SETTINGS,
        Log::SETTINGS,
        Audit::SETTINGS,
        Monitoring::SETTINGS,
    ]
    .into_iter()
    .flatten()
}
