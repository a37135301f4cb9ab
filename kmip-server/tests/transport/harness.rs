//! A server with an echoing handler, and clients for it.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use kmip_server::handler::{Disposition, Handler, Peer, Refusal};
use kmip_server::transport::{Limits, Options, Server, TlsOptions};
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslVerifyMode, SslVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_openssl::SslStream;

use crate::pki::{self, Pair, Request};

/// Answers what the request's body asks for, and with the request otherwise.
#[derive(Default)]
pub(crate) struct Echo {
    gate: Mutex<Gate>,
    changed: Condvar,
}

#[derive(Default)]
struct Gate {
    waiting: usize,
    open: bool,
}

impl Echo {
    /// Waits until so many requests wait at the gate.
    pub(crate) async fn waiting(self: &Arc<Self>, count: usize) {
        let echo = Arc::clone(self);
        let wait = move || {
            let mut gate = echo.gate.lock().unwrap();
            while gate.waiting < count {
                gate = echo.changed.wait(gate).unwrap();
            }
        };
        tokio::task::spawn_blocking(wait).await.unwrap();
    }

    /// Lets them go on.
    pub(crate) fn open(&self) {
        self.gate.lock().unwrap().open = true;
        self.changed.notify_all();
    }
}

impl Handler for Echo {
    fn handle(&self, peer: &Peer, request: Bytes, response: &mut Vec<u8>) -> Disposition {
        match &request[8..] {
            b"who" => {
                let certificate = peer.certificate.as_ref().unwrap();
                response.extend(format!("{:?} {certificate:?}", peer.common_name()).bytes());
            }
            b"wait" => {
                let mut gate = self.gate.lock().unwrap();
                gate.waiting += 1;
                self.changed.notify_all();
                while !gate.open {
                    gate = self.changed.wait(gate).unwrap();
                }
                response.extend_from_slice(&request);
            }
            b"panic" => panic!("as asked"),
            _ => response.extend_from_slice(&request),
        }
        Disposition::KeepOpen
    }

    fn refuse(&self, refusal: &Refusal, response: &mut Vec<u8>) {
        response.extend_from_slice(refusal.to_string().as_bytes());
    }

    fn may_block(&self, request: &Bytes) -> bool {
        request.ends_with(b"wait")
    }
}

/// A server that serves until it is told to stop.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) authority: Pair,
    pub(crate) echo: Arc<Echo>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
    _folder: TempDir,
}

/// Files for a server, and the authority that signed them.
pub(crate) fn files(folder: &TempDir) -> (Pair, TlsOptions) {
    let authority = pki::authority("authority");
    let server =
        authority.issue(Request { subject: &[("CN", "localhost")], server: true, ..Request::default() });
    let (certificate, key) = server.write(folder.path(), "server");
    let (client_ca, _) = authority.write(folder.path(), "ca");
    (authority, TlsOptions::new(certificate, key, client_ca))
}

pub(crate) async fn start(limits: Limits) -> Running {
    start_with(limits, |_| {}).await
}

/// A server whose options for TLS are changed.
pub(crate) async fn start_with(limits: Limits, change: impl FnOnce(&mut TlsOptions)) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let (authority, mut tls) = files(&folder);
    change(&mut tls);
    let echo = Arc::new(Echo::default());
    let options = Options { listen: vec!["127.0.0.1:0".into()], https: vec![], tls, limits };
    let handler: Arc<dyn Handler> = Arc::clone(&echo) as _;
    let server = Server::bind(&options, handler).await.unwrap();
    let address = server.addresses().next().unwrap();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(server.serve(async {
        let _ = stopped.await;
    }));
    Running { address, authority, echo, stop: Some(stop), served: Some(served), _folder: folder }
}

impl Running {
    /// Tells it to stop.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(&mut self) {
        self.stop();
        soon(self.served.take().unwrap()).await.unwrap();
    }

    /// A client's side of TLS.
    pub(crate) fn client(&self, identity: Option<&Pair>, version: Option<SslVersion>) -> SslContextBuilder {
        let mut builder = SslContext::builder(SslMethod::tls_client()).unwrap();
        builder.set_verify(SslVerifyMode::PEER);
        builder.cert_store_mut().add_cert(self.authority.certificate.clone()).unwrap();
        builder.set_min_proto_version(version).unwrap();
        builder.set_max_proto_version(version).unwrap();
        if let Some(identity) = identity {
            builder.set_certificate(&identity.certificate).unwrap();
            builder.set_private_key(&identity.key).unwrap();
        }
        builder
    }

    /// Connects as a client that the server knows.
    pub(crate) async fn connect(&self) -> Client {
        let context = self.client(Some(&self.authority.client("client")), None).build();
        self.connect_as(Ssl::new(&context).unwrap()).await.unwrap()
    }

    /// Connects, and sees whether the server answers: in TLS 1.3 a client is told of its refusal when it reads.
    pub(crate) async fn connect_as(&self, ssl: Ssl) -> Result<Client, String> {
        let stream = TcpStream::connect(self.address).await.map_err(|error| error.to_string())?;
        let mut stream = SslStream::new(ssl, stream).unwrap();
        soon(Pin::new(&mut stream).connect()).await.map_err(|error| error.to_string())?;
        Ok(Client { stream })
    }
}

/// A connection to a server.
pub(crate) struct Client {
    pub(crate) stream: SslStream<TcpStream>,
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        soon(self.stream.write_all(bytes)).await
    }

    pub(crate) async fn receive(&mut self, count: usize) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        soon(self.stream.read_exact(&mut bytes)).await?;
        Ok(bytes)
    }

    /// Sends a request and checks that it comes back.
    pub(crate) async fn echo(&mut self, body: &[u8]) -> std::io::Result<()> {
        let request = request(body);
        self.send(&request).await?;
        assert_eq!(self.receive(request.len()).await?, request);
        Ok(())
    }

    /// Everything that comes until the server closes the connection, which it has to do properly.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        soon(self.stream.read_to_end(&mut bytes)).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Who the server takes this client for.
    pub(crate) async fn who(&mut self) -> std::io::Result<String> {
        self.send(&request(b"who")).await?;
        let mut bytes = vec![0; 4096];
        let count = soon(self.stream.read(&mut bytes)).await?;
        bytes.truncate(count);
        Ok(String::from_utf8(bytes).unwrap())
    }
}

/// A request with this body.
pub(crate) fn request(body: &[u8]) -> Vec<u8> {
    let mut request = vec![0x42, 0x00, 0x78, 0x01];
    request.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    request.extend(body);
    request
}

/// What has to happen at all. How fast it does is no matter of tests.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it never happened")
}
