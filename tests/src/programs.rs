//! The two programs, as a user runs them: a server in a folder of its own, and the command.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The program of this name, built.
pub fn program(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| build(&["-p", "kmip-server", "-p", "kmip"])).join(name)
}

/// The example of this name of the package `kmip`, built.
pub fn example(name: &str) -> PathBuf {
    build(&["-p", "kmip", "--example", name]).join("examples").join(name)
}

/// Builds something, and tells where it lies then.
fn build(what: &[&str]) -> PathBuf {
    // A test lies in <target>/<profile>/deps.
    let mut folder = env::current_exe().expect("the test's own path");
    folder.pop();
    folder.pop();
    let profile = folder.file_name().and_then(|name| name.to_str()).filter(|name| *name != "debug");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--features", "kmip/cli", "--profile", profile.unwrap_or("dev")])
        .args(what)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .status()
        .expect("cargo runs");
    assert!(built.success(), "the programs can't be built");
    folder
}

/// A server, which is stopped when dropped.
pub struct Server {
    child: Child,
    /// Where it keeps everything.
    pub directory: PathBuf,
    /// Where it listens: `127.0.0.1:PORT`.
    pub address: String,
    _folder: Option<TempDir>,
}

impl Server {
    /// Starts a server in a new folder.
    pub fn quickstart(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut server = Self::quickstart_in(&folder.path().join("kmip"), more);
        server._folder = Some(folder);
        server
    }

    /// Starts a server in this folder.
    pub fn quickstart_in(directory: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(program("kmip-server"));
        command.args(["quickstart", "--listen", "127.0.0.1:0", "--directory"]).arg(directory).args(more);
        Self::start(&mut command, directory)
    }

    /// Starts a server with a configuration file, which has to let it listen somewhere.
    pub fn run(config: &Path) -> Self {
        let mut command = Command::new(program("kmip-server"));
        command.args(["run", "--config"]).arg(config);
        Self::start(&mut command, config.parent().expect("the file is in a folder"))
    }

    fn start(command: &mut Command, directory: &Path) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output"));
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            if lines.read_line(&mut line).expect("its output") == 0 {
                panic!("the server ended: {:?}\n{said}", child.wait());
            }
            if let Some(address) = line.trim().strip_prefix("listening on ") {
                break address.to_owned();
            }
            said.push_str(&line);
        };
        // So that it never waits for someone to read what it says.
        std::thread::spawn(move || {
            let _ = lines.read_to_end(&mut Vec::new());
        });
        Self { child, directory: directory.to_owned(), address, _folder: None }
    }

    /// A file in the server's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The command `kmip`, for this server.
    pub fn kmip(&self, arguments: &[&str]) -> Output {
        Command::new(program("kmip"))
            .args(arguments)
            .env("KMIP_DIRECTORY", &self.directory)
            .env("KMIP_SERVER", &self.address)
            .output()
            .expect("the command runs")
    }

    /// What the command `kmip` prints, without the last line's end; it has to succeed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.kmip(arguments);
        let (text, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "kmip {arguments:?}: {}\n{text}{errors}", output.status);
        text.trim_end().to_owned()
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the server is still there.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The memory that the server has, in KiB.
    pub fn memory(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Kills the server where it stands.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the client's cookbook on a server, with `ca.crt`, `client.crt` and `client.key` of a folder. The recipes that came
/// out as they should, and those that didn't.
pub fn cookbook(server: &str, folder: &Path) -> (Vec<String>, Vec<String>) {
    let output = Command::new(example("cookbook"))
        .env("KMIP_SERVER", server)
        .env("KMIP_DIRECTORY", folder)
        .output()
        .expect("the example runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    eprint!("{text}{}", String::from_utf8_lossy(&output.stderr));
    let named = |start: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix(start));
        lines.map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
    };
    (named("ok "), named("failed "))
}
