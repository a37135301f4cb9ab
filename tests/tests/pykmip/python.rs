//! A Python that has PyKMIP.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Whether the tests that need PyKMIP are left out, as whoever runs them asked for.
pub(crate) fn is_left_out() -> bool {
    let left_out = std::env::var_os(LEAVE_OUT).is_some_and(|value| !value.is_empty() && value != "0");
    if left_out {
        eprintln!("left out, as {LEAVE_OUT} asks for: this test needs PyKMIP");
    }
    left_out
}

/// A virtual environment with PyKMIP and what it needs, made once.
pub(crate) struct Python {
    folder: PathBuf,
}

impl Python {
    pub(crate) fn get() -> &'static Self {
        static PYTHON: OnceLock<Python> = OnceLock::new();
        PYTHON.get_or_init(|| {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pykmip");
            let python = Self { folder };
            python.prepare();
            python
        })
    }

    /// A program of the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// The interpreter, with one of this crate's scripts.
    pub(crate) fn script<S: AsRef<OsStr>>(&self, name: &str, arguments: &[S]) -> Command {
        let mut command = self.command();
        command.arg(scripts().join(name)).args(arguments);
        command
    }

    /// The interpreter. It warns of nothing: PyKMIP is older than it is.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(self.program("python"));
        command.args(["-W", "ignore"]).env("PYTHONDONTWRITEBYTECODE", "1").env_remove("PYTHONPATH");
        command
    }

    fn prepare(&self) {
        let requirements = scripts().join("requirements.txt");
        let wanted = fs::read_to_string(&requirements).unwrap();
        let mark = self.folder.join("requirements.txt");
        // Other test programs may be at it, too.
        fs::create_dir_all(self.folder.parent().unwrap()).unwrap();
        let lock = fs::File::create(self.folder.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        if fs::read_to_string(&mark).ok().as_deref() == Some(&wanted) {
            return;
        }
        let _ = fs::remove_dir_all(&self.folder);
        run(Command::new("python3").args(["-m", "venv"]).arg(&self.folder));
        // --no-deps: PyKMIP asks for no versions, the list here is of those that work.
        run(self
            .command()
            .args(["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps", "-r"])
            .arg(&requirements));
        fs::write(&mark, wanted).unwrap();
    }
}

/// Where the scripts lie.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pykmip")
}

/// Runs a command to its end; it has to succeed. What it prints.
pub(crate) fn done(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{text}\n{errors}", output.status);
    text.into_owned()
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}\n{HELP}"));
    assert!(status.success(), "{command:?}: {status}\n{HELP}");
}

const LEAVE_OUT: &str = "KMIP_TESTS_WITHOUT_PYKMIP";

const HELP: &str = "The tests with PyKMIP need Python 3.9 or later with venv and pip (Debian and Ubuntu: apt-get install \
                    python3 python3-venv, which scripts/packages --tests does), and the Python package index. \
                    KMIP_TESTS_WITHOUT_PYKMIP=1 leaves them out.";
