//! `kmip proxy`: between any client and any server, to see what they say.

mod listener;
mod recorder;

use std::{
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use clap::Args;
use kmip::{
    client::{Options, blocking::Client},
    ttlv::{HEADER_SIZE, ItemType, Tag},
};
use openssl::ssl::{SslAcceptor, SslStream};
use zeroize::Zeroizing;

use self::recorder::{Direction, Recorder};
use super::{
    connect::Connection,
    failure::{Failure, Result, Status},
    output::Output,
};

/// Passes messages on between clients and the server, and shows and records them.
///
/// Clients connect to --listen instead of the server; what they send goes on to the server byte for byte, and its answers
/// come back so. The server sees this program's certificate (--cert, --key), not the client's: whoever may connect here
/// acts as this program, which is why only this machine may, unless --client-ca says whose certificates are let in.
///
/// What is shown and recorded is without keys, passwords and data; they are overwritten. `kmip decode FILE` reads a
/// recording, `kmip check FILE` checks it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip proxy --server kms:5696 --ca ca.crt --cert client.crt --key client.key
  kmip proxy --record traffic.txt --quiet &  kmip --server 127.0.0.1:5697 locate;  kmip decode traffic.txt
  kmip proxy --listen 0.0.0.0:5697 --listen-cert proxy.crt --listen-key proxy.key --client-ca clients.crt")]
pub(crate) struct Proxy {
    /// Where clients connect.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5697")]
    listen: String,

    /// The certificate that clients see, in PEM [default: that of `kmip-server quickstart`, or one made for now].
    #[arg(long, value_name = "FILE", requires = "listen_key")]
    listen_cert: Option<PathBuf>,

    /// Its key.
    #[arg(long, value_name = "FILE", requires = "listen_cert")]
    listen_key: Option<PathBuf>,

    /// Let in only clients with certificates that these authorities signed.
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,

    /// Where the certificate that is made for now is written, for clients to trust.
    #[arg(long, value_name = "FILE", default_value = "kmip-proxy.crt")]
    made_cert: PathBuf,

    /// Add the messages to this file, which only you may read: a line each, in hexadecimal.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Don't print the messages.
    #[arg(long)]
    quiet: bool,

    /// Show and record keys, passwords and data, too.
    #[arg(long)]
    show_secrets: bool,
}

/// How large a message may be.
const LIMIT: usize = 64 << 20;

/// How long a client may take to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(10);

impl Proxy {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let (mut options, _) = connection.options()?;
        options.limits.size = LIMIT;
        let address = self.address()?;
        let acceptor = Arc::new(self.acceptor(connection, output)?);
        let listener = TcpListener::bind(address)
            .map_err(|error| Failure::new(Status::NoConnection, format_args!("{address}: {error}")))?;
        let recorder =
            Recorder::new(self.record.as_deref(), !self.quiet, self.show_secrets, output.is_json())?;
        let recorder = Arc::new(recorder);
        let here = listener.local_addr()?;
        let servers: Vec<String> = options.servers.iter().map(ToString::to_string).collect();
        output.warn(format_args!("listening on {here}, for {}", servers.join(", ")));
        for (number, stream) in (1..).zip(listener.incoming()) {
            let Ok(stream) = stream else { continue };
            let (acceptor, recorder, options) =
                (Arc::clone(&acceptor), Arc::clone(&recorder), options.clone());
            let serve = move || {
                if let Err(reason) = pass(number, stream, &acceptor, options, &recorder) {
                    recorder.note(number, &reason);
                }
            };
            thread::Builder::new().spawn(serve)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn address(&self) -> Result<SocketAddr> {
        let fault = |reason: String| Failure::usage(format_args!("--listen {}: {reason}", self.listen));
        let mut addresses = self.listen.to_socket_addrs().map_err(|error| fault(error.to_string()))?;
        let address = addresses.next().ok_or_else(|| fault("that is no address".to_owned()))?;
        let is_open = match address.ip() {
            IpAddr::V4(ip) => !ip.is_loopback(),
            IpAddr::V6(ip) => !ip.is_loopback(),
        };
        if is_open && self.client_ca.is_none() {
            return Err(fault("other machines could act as this one".to_owned())
                .hint("--client-ca FILE says whose certificates are let in"));
        }
        Ok(address)
    }

    fn acceptor(&self, connection: &Connection, output: &Output) -> Result<SslAcceptor> {
        let identity = match (&self.listen_cert, &self.listen_key) {
            (Some(certificate), Some(key)) => listener::read(certificate, key)?,
            _ => match connection.quickstart_certificate()? {
                Some((certificate, key)) => listener::read(&certificate, &key)?,
                None => {
                    let made = listener::make(&self.made_cert)?;
                    output.warn(format_args!(
                        "{} has the certificate that clients have to trust",
                        self.made_cert.display()
                    ));
                    made
                }
            },
        };
        listener::acceptor(&identity, self.client_ca.as_deref())
    }
}

/// Passes the messages of one client on.
fn pass(
    number: u64,
    stream: TcpStream,
    acceptor: &SslAcceptor,
    options: Options,
    recorder: &Recorder,
) -> Result<(), String> {
    let peer = stream.peer_addr().map_or_else(|_| "a client".to_owned(), |peer| peer.to_string());
    let words = |error: &dyn std::fmt::Display| error.to_string();
    stream.set_read_timeout(Some(HANDSHAKE)).map_err(|error| words(&error))?;
    let _ = stream.set_nodelay(true);
    let mut stream = acceptor.accept(stream).map_err(|error| format!("{peer}: no TLS: {error}"))?;
    stream.get_ref().set_read_timeout(None).map_err(|error| words(&error))?;
    recorder.note(number, &format!("{peer} is connected, with {}", stream.ssl().version_str()));
    let mut client = Client::connect(options).map_err(|error| format!("the server: {error}"))?;
    while let Some(request) = receive(&mut stream).map_err(|error| format!("the client: {error}"))? {
        recorder.message(number, Direction::Request, &request);
        // An answer that doesn't come is for the client to see: as a connection that ends.
        let answer = client.exchange(&request).map_err(|error| format!("the server: {error}"))?;
        recorder.message(number, Direction::Response, &answer);
        stream.write_all(&answer).map_err(|error| format!("the client: {error}"))?;
    }
    recorder.note(number, "the client closed the connection");
    Ok(())
}

/// A request; none if the client has closed the connection.
fn receive(stream: &mut SslStream<TcpStream>) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut head = [0; HEADER_SIZE];
    let first = match stream.read(&mut head) {
        Ok(0) => return Ok(None),
        Ok(count) => count,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    stream.read_exact(head.get_mut(first..).unwrap_or_default())?;
    let [t0, t1, t2, code, length @ ..] = head;
    let tag = Tag(u32::from_be_bytes([0, t0, t1, t2]));
    if tag != Tag::RequestMessage || code != ItemType::Structure.code() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "what it sent is no KMIP request"));
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "its request is too large"));
    }
    let mut message = Zeroizing::new(Vec::with_capacity(HEADER_SIZE + length.min(1 << 16)));
    message.extend_from_slice(&head);
    let count = stream.take(length as u64).read_to_end(&mut message)?;
    if count < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Some(message)) }
}
