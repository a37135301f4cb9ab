//! A server that starts without its master key, until enough people have given their shares of it.
//!
//! It listens on a socket that only its own user may use. A line is a share; the answer is a line, too.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::shares::{Gathered, Share};
use super::{MasterKey, SealError};

/// Waits for shares until they make a key.
pub(super) fn wait(path: &Path) -> Result<MasterKey, SealError> {
    let wrong = |error: io::Error| SealError::Source {
        source_of_key: format!("shares:{}", path.display()),
        reason: error.to_string(),
    };
    let (listener, _socket) = listen(path).map_err(wrong)?;
    tracing::warn!(socket = %path.display(), "sealed: waiting for shares of the master key (kmip-server unseal)");
    let mut gathered = Gathered::default();
    loop {
        let (stream, _) = listener.accept().map_err(wrong)?;
        match serve(&stream, &mut gathered) {
            Ok(Some(key)) => {
                tracing::info!("the shares make a master key");
                return Ok(key);
            }
            Ok(None) => {}
            // Whoever went away comes again.
            Err(error) => tracing::warn!(%error, "a share was not given to its end"),
        }
    }
}

/// Takes the shares of one connection.
fn serve(stream: &UnixStream, gathered: &mut Gathered) -> io::Result<Option<MasterKey>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    loop {
        let line = line(&mut reader)?;
        if line.is_empty() {
            return Ok(None);
        }
        let added = line.parse::<Share>().and_then(|share| gathered.add(share));
        let (there, needed) = gathered.count();
        let (answer, key) = match added {
            Ok(Some(key)) => ("done".to_owned(), Some(key)),
            Ok(None) => (format!("{there} of {needed}"), None),
            Err(error) => (format!("refused: {error}"), None),
        };
        tracing::info!("share: {answer}");
        let told = writeln!(&mut &*stream, "{answer}");
        if key.is_some() {
            return Ok(key);
        }
        told?;
    }
}

/// What a server says of a share that it is given.
///
/// # Errors
/// When no server waits there.
pub fn give(path: &Path, share: &str) -> io::Result<String> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    writeln!(&mut &stream, "{}", share.trim())?;
    let answer = line(&mut BufReader::new(&stream))?;
    if answer.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer.trim_end().to_owned())
}

fn line(reader: &mut BufReader<impl Read>) -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::with_capacity(LONGEST));
    reader.by_ref().take(u64::try_from(LONGEST).unwrap_or(u64::MAX)).read_line(&mut line)?;
    Ok(line)
}

/// Listens where only the own user may speak. A socket that nobody listens on any more is replaced.
fn listen(path: &Path) -> io::Result<(UnixListener, Socket)> {
    if let Ok(metadata) = fs::symlink_metadata(path) {
        if !metadata.file_type().is_socket() {
            return Err(io::Error::other("there is something else than a socket"));
        }
        if UnixStream::connect(path).is_ok() {
            return Err(io::Error::other("another server waits there"));
        }
        fs::remove_file(path)?;
    }
    // It gets its name when only its owner may use it.
    let mut name = path.to_owned().into_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(name);
    let _ = fs::remove_file(&beside);
    let listener = UnixListener::bind(&beside)?;
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o600))?;
    fs::rename(&beside, path)?;
    Ok((listener, Socket(path.to_owned())))
}

/// The socket's name, which goes with it.
struct Socket(PathBuf);

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// How long someone may be silent who has connected.
const PATIENCE: Duration = Duration::from_secs(10);

/// No share, and no answer, is longer.
const LONGEST: usize = 512;
