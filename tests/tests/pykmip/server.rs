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
        let mut command = python.command();
        command.arg(python.program("pykmip-server")).arg("-f").arg(folder.join("server.conf"));
        command.arg("-l").arg(folder.join("server.log"));
        let address = format!("127.0.0.1:{port}");
        let child = start(&mut command, output, &address)?;
        Some(Self { child, address, database })
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

/// The group service SLUGS, which runs until this is dropped.
pub(crate) struct Slugs {
    child: Child,
    /// What PyKMIP's configuration says of it.
    pub(crate) url: String,
}

impl Slugs {
    /// Starts it with users and groups from a file, which it reads again when that changes.
    pub(crate) fn start(folder: &Path, groups: &Path) -> Self {
        for _ in 0..4 {
            if let Some(slugs) = Self::try_start(folder, groups, free_port()) {
                return slugs;
            }
        }
        panic!(
            "SLUGS doesn't start:\n{}",
            fs::read_to_string(folder.join("slugs.output")).unwrap_or_default()
        );
    }

    fn try_start(folder: &Path, groups: &Path, port: u16) -> Option<Self> {
        let config = folder.join("slugs.conf");
        let text = format!(
            "[global]\nenvironment = 'production'\nserver.socket_host = '127.0.0.1'\nserver.socket_port = {port}\n\
             log.error_file = '{}'\n\n[data]\nuser_group_mapping = '{}'\n\n[/slugs]\ntools.trailing_slash.on = True\n",
            folder.join("slugs.log").display(),
            groups.display(),
        );
        fs::write(&config, text).unwrap();
        let python = Python::get();
        let output = File::create(folder.join("slugs.output")).unwrap();
        let mut command = python.command();
        command.arg(python.program("slugs")).arg("-c").arg(config);
        let child = start(&mut command, output, &format!("127.0.0.1:{port}"))?;
        Some(Self { child, url: format!("http://127.0.0.1:{port}/slugs/") })
    }
}

impl Drop for Slugs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts something, and waits until it listens; none if it ends before.
fn start(command: &mut Command, output: File, address: &str) -> Option<Child> {
    command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
    let mut child = command.spawn().unwrap();
    let start = Instant::now();
    while start.elapsed() < START && child.try_wait().unwrap().is_none() {
        if TcpStream::connect(address).is_ok() {
            return Some(child);
        }
        sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// How long it may take to start, on a busy machine.
const START: Duration = Duration::from_secs(60);

/// How long it may take to end.
const END: Duration = Duration::from_secs(20);
