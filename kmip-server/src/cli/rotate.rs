//! `kmip-server rotate-master-key` and `rotate-data-key`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::Args;

use super::at_rest::{AtRestSource, bar, master_key};
use super::{Done, say};
use crate::log::LogOptions;
use crate::seal::{
    self, KeyFile, KeyOrigin, MasterKey, MasterKeySource as _, Progress, Protected, Seal, SealError,
    SecretSource, Share,
};
use crate::store::{self, Claim, Store, StoreError};

/// Changes the master key.
#[derive(Args, Debug)]
pub(super) struct RotateMasterKey {
    #[command(flatten)]
    place: AtRestSource,
    /// The new key, where the server does not take it from a file: FILE, env:NAME, fd:NUMBER or command:COMMAND
    #[arg(long, value_name = "SOURCE", conflicts_with = "shares")]
    new: Option<SecretSource>,
    /// Makes a new key and prints it in so many shares
    #[arg(long, value_name = "N", requires = "threshold")]
    shares: Option<u8>,
    /// How many of the shares make the key again
    #[arg(long, value_name = "M", requires = "shares")]
    threshold: Option<u8>,
}

/// Changes the data key.
#[derive(Args, Debug)]
pub(super) struct RotateDataKey {
    #[command(flatten)]
    place: AtRestSource,
    /// Leaves the rest to the server that runs, and does not wait for it
    #[arg(long)]
    no_wait: bool,
}

impl RotateMasterKey {
    pub(super) fn run(self) -> Done {
        LogOptions { level: "warn".into(), ..LogOptions::default() }.start()?;
        let place = self.place.at_rest()?;
        let store = existing(&place.store)?;
        if let (Some(shares), Some(threshold)) = (self.shares, self.threshold) {
            let (old, new) = (master_key(&place.master_key)?, MasterKey::generate()?);
            let shares = Share::split(&new, shares, threshold)?;
            seal::prepare_master(&*store, &old, &new)?;
            for share in &shares {
                say(&share.to_text()?);
                say("\n");
            }
            say(LATER);
            return Ok(());
        }
        if let Some(new) = self.new {
            let new = KeyOrigin { source: new, passphrase: None }.load()?;
            seal::prepare_master(&*store, &master_key(&place.master_key)?, &new)?;
            say(LATER);
            return Ok(());
        }
        let Some(file) = place.master_key.source.file() else {
            let from = &place.master_key.source;
            return Err(format!("the master key comes from {from}: say --new SOURCE or --shares N").into());
        };
        let former = in_file(&*store, file, &place.master_key)?;
        say(&format!(
            "The master key is changed. The one before is in {}: backups made under it need it.\n",
            former.display()
        ));
        Ok(())
    }
}

const LATER: &str = "\
Have the server start with the new key from now on. Until it does so for the first time, the key before opens the store, too.\n";

/// Puts a new key into the place of the one in a file. At every moment the file holds a key that opens the store. Where that
/// before is kept is returned.
fn in_file(
    store: &dyn Store,
    file: &Path,
    origin: &KeyOrigin,
) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let (old, passphrase) = origin.load_protected()?;
    let beside = with_end(file, ".next");
    let waiting =
        KeyOrigin { source: SecretSource::File(beside.clone()), passphrase: origin.passphrase.clone() };
    // One that is there is of a change that did not come to its end: it is taken up if it got so far.
    let new = match waiting.load() {
        Ok(new)
            if store::read(store, |snapshot| seal::check(|name| snapshot.setting(name), &new)).is_ok() =>
        {
            new
        }
        _ => {
            match fs::remove_file(&beside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
            let new = MasterKey::generate()?;
            let text = match &passphrase {
                Some(passphrase) => Protected::new(&new, passphrase)?.to_text(),
                None => new.to_text(),
            };
            KeyFile::new(&beside).keep(&text)?;
            seal::prepare_master(store, &old, &new)?;
            new
        }
    };
    let former = keep(file)?;
    fs::rename(&beside, file)?;
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::File::open(folder)?.sync_all()?;
    }
    seal::finish_master(store, &new)?;
    Ok(former)
}

/// Gives a file a second name, which nothing has yet.
fn keep(file: &Path) -> io::Result<PathBuf> {
    let now = kmip::ttlv::DateTime::now().0;
    let mut number = 0;
    loop {
        let end = if number == 0 { format!(".before-{now}") } else { format!(".before-{now}-{number}") };
        let name = with_end(file, &end);
        match fs::hard_link(file, &name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            result => return result.map(|()| name),
        }
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

impl RotateDataKey {
    pub(super) fn run(self) -> Done {
        LogOptions { level: "warn".into(), ..LogOptions::default() }.start()?;
        let place = self.place.at_rest()?;
        let store = existing(&place.store)?;
        let master = master_key(&place.master_key)?;
        if seal::new_data_key(&*store, &master)?.is_none() {
            say("The data key is being changed already.\n");
        }
        let show = bar("objects");
        let told = |progress: Progress| {
            show.set_length(progress.total);
            show.set_position(progress.done);
        };
        // Who serves the store seals it anew: the server that runs, or nobody else.
        let done = match Claim::new(&place.store) {
            Ok(_claim) => {
                let seal = Seal::open(&*store, &master)?;
                loop {
                    match seal.reseal(&*store)? {
                        Some(progress) => told(progress),
                        None => break true,
                    }
                }
            }
            Err(StoreError::InUse { .. }) if self.no_wait => false,
            Err(StoreError::InUse { .. }) => loop {
                match seal::progress(&*store)? {
                    Some(progress) => told(progress),
                    None => break true,
                }
                thread::sleep(GLANCE);
            },
            Err(error) => return Err(error.into()),
        };
        show.finish_and_clear();
        say(if done {
            "Everything is sealed under the new data key.\n"
        } else {
            "The server seals everything anew.\n"
        });
        Ok(())
    }
}

/// The store, if there is one: nothing is made.
fn existing(address: &str) -> Result<std::sync::Arc<dyn Store>, SealError> {
    match store::file(address)? {
        Some(path) => {
            fs::File::open(path)
                .map_err(|error| StoreError::File { path: path.to_owned(), error: error.into() })?;
        }
        None => return Err(StoreError::Address("a store in memory has no keys that last".into()).into()),
    }
    Ok(store::open(address)?)
}

/// How often it is looked how far the server is.
const GLANCE: Duration = Duration::from_millis(100);
