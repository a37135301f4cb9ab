//! Files whose changes are in force without a restart.
//!
//! They are looked at several times a second, by their time, size and number. Notifications of the system would come
//! sooner, but not from network file systems, nor for files that a container platform exchanges behind a link.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Something that is read from files.
pub(crate) trait Watched: Send {
    /// The files to look at. A folder among them stands for the list of its entries alone.
    fn files(&self) -> Vec<PathBuf>;

    /// Reads them again. What can't be used is logged, and what was there before stays.
    fn reload(&mut self);
}

/// A thread that looks after files for as long as this lives.
pub(crate) struct Watch(Sender<()>);

impl Watch {
    /// Looks after these, and reads them at once: they may have changed since whoever made them read them.
    pub(crate) fn start(watched: Vec<Box<dyn Watched>>) -> std::io::Result<Self> {
        let (sender, receiver) = channel();
        thread::Builder::new().name("watch".into()).spawn(move || look(watched, &receiver))?;
        Ok(Self(sender))
    }

    /// Has everything read again, changed or not.
    pub(crate) fn reload(&self) {
        // It can only have ended in a panic, which was logged.
        let _ = self.0.send(());
    }
}

fn look(watched: Vec<Box<dyn Watched>>, orders: &Receiver<()>) {
    // What changed since it was read at the start would go unseen if it were taken for known.
    let mut watched: Vec<_> = watched.into_iter().map(|watched| (watched, Stamps::new())).collect();
    watched.iter_mut().for_each(|(watched, known)| check(&mut **watched, known, false));
    loop {
        let all = match orders.recv_timeout(PERIOD) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        watched.iter_mut().for_each(|(watched, known)| check(&mut **watched, known, all));
    }
}

fn check(watched: &mut dyn Watched, known: &mut Stamps, whatever: bool) {
    // First the stamps and then the contents: a change in between is seen the next time.
    let now = watched.files().into_iter().map(|path| (Stamp::of(&path), path));
    let now: Stamps = now.map(|(stamp, path)| (path, stamp)).collect();
    if whatever || now != *known {
        *known = now;
        watched.reload();
    }
}

type Stamps = BTreeMap<PathBuf, Option<Stamp>>;

/// What tells a file from what it was before, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    number: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of a file; none if it isn't there.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            number: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// When the file's contents were changed last.
    pub(crate) fn modified(&self) -> (i64, i64) {
        self.modified
    }
}

/// How often they are looked at: changes are in force within a second.
const PERIOD: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Sender};

    use super::*;

    struct Told(Vec<PathBuf>, Sender<()>);

    impl Watched for Told {
        fn files(&self) -> Vec<PathBuf> {
            self.0.clone()
        }

        fn reload(&mut self) {
            self.1.send(()).unwrap();
        }
    }

    #[test]
    fn changes_are_seen_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "a").unwrap();
        let (sender, told) = mpsc::channel();
        let watch = Watch::start(vec![Box::new(Told(vec![path.clone()], sender))]).unwrap();
        let second = Duration::from_secs(1);
        told.recv_timeout(second).expect("what is there at first");
        assert!(told.recv_timeout(second).is_err(), "nothing has changed");
        // Same size, same second.
        for contents in ["b", "c"] {
            fs::write(&path, contents).unwrap();
            told.recv_timeout(second).expect("changed");
        }
        fs::remove_file(&path).unwrap();
        told.recv_timeout(second).expect("removed");
        watch.reload();
        told.recv_timeout(second).expect("ordered");
        drop(watch);
    }
}
