//! PyKMIP's server.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::python::Python;

/// PyKMIP's server, which runs until this is dropped.
pub(crate) struct PyKmip {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// Where it keeps its objects.
    pub(crate) database: PathBuf,
}

impl PyKmip {
    /// Starts a server that keeps everything in `folder`, with `server.crt` and `ca.crt` of another.
    pub(crate) fn start(folder: &Path, certificates: &Path) -> Self {
        // Another program may take the port in between: then there is another try.
        for _ in 0..4 {
            if let Some(server) = Self::try_start(folder, certificates, free_port()) {
                return server;
            }
        }
        panic!(
            "PyKMIP's server doesn't start:\n{}",
            fs::read_to_string(folder.join("server.log")).unwrap_or_default()
        );
    }

    fn try_start(folder: &Path, certificates: &Path, port: u16) -> Option<Self> {
        let policies = folder.join("policies");
        fs::create_dir_all(&policies).unwrap();
        let database = folder.join("pykmip.db");
        let mut config = String::from("[server]\nhostname=127.0.0.1\nauth_suite=TLS1.2\n");
        config.push_str("enable_tls_client_auth=True\nlogging_level=INFO\n");
        let file = |name: &str| certificates.join(name).display().to_string();
        for (key, value) in [
            ("port", port.to_string()),
            ("certificate_path", file("server.crt")),
            ("key_path", file("server.key")),
            ("ca_path", file("ca.crt")),
            ("policy_path", policies.display().to_string()),
            ("database_path", database.display().to_string()),
        ] {
            writeln!(config, "{key}={value}").unwrap();
        }
        fs::write(folder.join("server.conf"), config).unwrap();
        let python = Python::get();
        let output = File::create(folder.join("output")).unwrap();
        let child = python
            .command()
            .arg(python.program("pykmip-server"))
            .arg("-f")
            .arg(folder.join("server.conf"))
            .arg("-l")
            .arg(folder.join("server.log"))
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut server = Self { child, address: format!("127.0.0.1:{port}"), database };
        let start = Instant::now();
        while start.elapsed() < START {
            if server.child.try_wait().unwrap().is_some() {
                return None;
            }
            if TcpStream::connect(&server.address).is_ok() {
                return Some(server);
            }
            sleep(Duration::from_millis(50));
        }
        None
    }

    /// Host and port, as scripts want them.
    pub(crate) fn place(&self) -> [&str; 2] {
        let (host, port) = self.address.rsplit_once(':').unwrap();
        [host, port]
    }

    /// Stops it; what it has kept is left. The database.
    pub(crate) fn stop(mut self) -> PathBuf {
        self.end();
        self.database.clone()
    }

    /// It starts processes of its own, and ends them when it is interrupted.
    fn end(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let start = Instant::now();
        while start.elapsed() < END {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for PyKmip {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// How long it may take to start, on a busy machine.
const START: Duration = Duration::from_secs(60);

/// How long it may take to end.
const END: Duration = Duration::from_secs(20);
