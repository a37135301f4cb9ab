//! Starting the program, and talking to it.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kmip::ttlv::{Limits, Mode, Version};
use kmip::types::{
    AttributeSet, AttributeValue, Authentication, CreateRequest, CreateResponse, Credential, CredentialType,
    CredentialValue, CryptographicAlgorithm, CryptographicUsageMask, DiscoverVersionsRequest, GetRequest,
    ObjectType, Request, RequestBatchItem, RequestHeader, RequestMessage, ResponseBatchItem, ResponseMessage,
    ResultStatus, UniqueIdentifier, UsernameAndPasswordCredential, version,
};
use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslStream};
use tempfile::TempDir;

/// The program, as a command.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kmip-server"));
    command.env_remove("XDG_DATA_HOME");
    command
}

/// Runs the program to its end.
pub(crate) fn finished<S: AsRef<OsStr>>(arguments: &[S]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = program().args(arguments).output().unwrap();
    let text = [stdout, stderr].concat();
    (status.code(), String::from_utf8(text).unwrap())
}

/// A program that serves. It is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    /// What it said until it was ready.
    pub(crate) greeting: String,
    pub(crate) address: String,
    log: Option<JoinHandle<String>>,
}

/// Starts the program, and waits until it is ready.
pub(crate) fn start(command: &mut Command) -> Running {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut errors = child.stderr.take().unwrap();
    // What it logs must never make it wait.
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).unwrap();
        text
    });
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut running = Running { child, greeting: String::new(), address: String::new(), log: Some(log) };
    while running.address.is_empty() {
        let mut line = String::new();
        if output.read_line(&mut line).unwrap() == 0 {
            panic!("it ended: {}\n{}", running.greeting, running.log.take().unwrap().join().unwrap());
        }
        running.greeting.push_str(&line);
        if let Some(address) = line.strip_prefix("listening on ") {
            address.trim().clone_into(&mut running.address);
        }
    }
    running
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, waits for the end, and returns the exit status and the log.
    pub(crate) fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let sent = Command::new("kill").args([signal, &self.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let status = self.child.wait().unwrap();
        (status.code(), self.log.take().unwrap().join().unwrap())
    }

    /// Connects with the files of a folder.
    pub(crate) fn connect(&self, folder: &Path) -> SslStream<TcpStream> {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
        builder.set_ca_file(folder.join("ca.crt")).unwrap();
        builder.set_certificate_chain_file(folder.join("client.crt")).unwrap();
        builder.set_private_key_file(folder.join("client.key"), SslFiletype::PEM).unwrap();
        let stream = TcpStream::connect(&self.address).unwrap();
        builder.build().connect("localhost", stream).unwrap()
    }

    /// Asks for one operation, which has to succeed.
    pub(crate) fn ask<R: Request>(&self, folder: &Path, request: R) -> R::Response {
        let item = exchange(&mut self.connect(folder), request, None);
        assert_eq!(item.result_status, ResultStatus::Success, "{item:?}");
        R::Response::try_from(item.response_payload.unwrap()).unwrap_or_else(|other| panic!("{other:?}"))
    }

    /// Checks that it answers.
    pub(crate) fn answers(&self, folder: &Path) {
        let versions = self.ask(folder, DiscoverVersionsRequest::new());
        assert!(!versions.protocol_version.is_empty());
    }
}

/// Sends one operation over a connection, with or without a credential, and returns the item that answers it.
pub(crate) fn exchange<R: Request>(
    stream: &mut SslStream<TcpStream>,
    request: R,
    credential: Option<Credential>,
) -> ResponseBatchItem {
    exchange_in(version::V1_4, stream, request, credential)
}

/// The same in any version.
pub(crate) fn exchange_in<R: Request>(
    version: Version,
    stream: &mut SslStream<TcpStream>,
    request: R,
    credential: Option<Credential>,
) -> ResponseBatchItem {
    let mut header = RequestHeader::new(version.into(), 1);
    header.authentication =
        credential.map(|credential| Authentication { credential: vec![credential], ..Authentication::new() });
    let item = RequestBatchItem::new(R::OPERATION, request.into());
    let message = RequestMessage { batch_item: vec![item], ..RequestMessage::new(header) };
    let mut bytes = Vec::new();
    message.write(&mut bytes).unwrap();
    stream.write_all(&bytes).unwrap();
    let mut response = vec![0; 8];
    stream.read_exact(&mut response).unwrap();
    let length = u32::from_be_bytes(response[4..].try_into().unwrap());
    response.resize(8 + usize::try_from(length).unwrap(), 0);
    stream.read_exact(&mut response[8..]).unwrap();
    let response = ResponseMessage::read(&response.into(), Mode::Strict, Limits::DEFAULT).unwrap();
    let [item] = response.batch_item.try_into().unwrap();
    item
}

/// User name and password.
pub(crate) fn password(user: &str, password: &str) -> Credential {
    let value = UsernameAndPasswordCredential {
        password: Some(password.into()),
        ..UsernameAndPasswordCredential::new(user.into())
    };
    Credential::new(
        CredentialType::UsernameAndPassword,
        CredentialValue::UsernameAndPasswordCredential(value),
    )
}

/// Creates an AES key under an operation policy, over a connection; its identifier.
pub(crate) fn create(stream: &mut SslStream<TcpStream>, policy: &str) -> UniqueIdentifier {
    try_create(stream, policy).unwrap_or_else(|refused| panic!("{refused:?}"))
}

/// The same where it may be refused.
pub(crate) fn try_create(
    stream: &mut SslStream<TcpStream>,
    policy: &str,
) -> Result<UniqueIdentifier, Box<ResponseBatchItem>> {
    let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    let set: AttributeSet = [
        AttributeValue::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        AttributeValue::CryptographicLength(256),
        AttributeValue::CryptographicUsageMask(mask),
        AttributeValue::OperationPolicyName(policy.into()),
    ]
    .into_iter()
    .collect();
    let request = CreateRequest {
        template_attribute: Some(set.to_template_attribute()),
        ..CreateRequest::new(ObjectType::SymmetricKey)
    };
    let mut item = exchange(stream, request, None);
    let Some(payload) = item.response_payload.take() else { return Err(item.into()) };
    Ok(CreateResponse::try_from(payload).unwrap_or_else(|other| panic!("{other:?}")).unique_identifier)
}

/// A request to get this object.
pub(crate) fn get(identifier: &UniqueIdentifier) -> GetRequest {
    GetRequest { unique_identifier: Some(identifier.clone()), ..GetRequest::new() }
}

/// Waits until something is so. The end is there so that a fault of the server shows as a failure, not as a test that never ends:
/// how soon it is depends on what else the machine does.
pub(crate) fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder, made by the first start.
pub(crate) fn folder() -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("kmip");
    (parent, path)
}

/// A quickstart in this folder, on any free port.
pub(crate) fn quickstart(folder: &Path) -> Command {
    let mut command = program();
    command.args(["quickstart", "--listen", "127.0.0.1:0", "--directory"]).arg(folder);
    command
}

/// The names of the files in a folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
