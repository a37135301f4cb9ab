//! The way back.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::format::{Entry, Failure, Reader};
use super::{BackupError, Beside, Manifest, named, sync_folder};
use crate::seal::{Identity, MasterKey, SEALED_SETTINGS, Seal, SecretSource, rewrap};
use crate::store::sqlite::Sqlite;
use crate::store::sqlite::copy::{self, Piece, Target};
use crate::store::{self, Claim, Store};

/// What a backup was found to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// What it says of itself.
    pub manifest: Manifest,
    /// How many objects there are, all of which open.
    pub objects: u64,
    /// Where the database is that was there before, if it was replaced.
    pub aside: Option<PathBuf>,
}

/// How a backup is opened.
pub struct Opening<'a> {
    /// The master key of the server that it is for.
    pub master: &'a MasterKey,
    /// The master key that it was made under, if that is another.
    pub made_under: Option<&'a MasterKey>,
    /// Where the passphrase comes from, if there is need of one.
    pub passphrase: Option<&'a SecretSource>,
}

/// Reads a whole backup, opens everything in it, and changes nothing. It needs room beside `database` for another.
///
/// # Errors
/// When anything in it is not as it was.
pub fn verify(
    file: &Path,
    database: &Path,
    opening: Opening<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified, BackupError> {
    let (_beside, verified) = prepare(file, database, opening, progress)?;
    Ok(verified)
}

/// Restores a backup. A database that is there is put aside if `replace` says so, and is never one in use.
///
/// # Errors
/// When anything in it is not as it was, or the database is there or in use. Nothing is changed then.
pub fn restore(
    file: &Path,
    database: &Path,
    opening: Opening<'_>,
    replace: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified, BackupError> {
    let failed = |error| BackupError::File { path: database.to_owned(), error };
    let _claim = Claim::new(&format!("sqlite:{}", database.display()))?;
    if database.exists() {
        if !replace {
            return Err(BackupError::Exists(database.to_owned()));
        }
        copy::close(database)?;
    }
    let (beside, mut verified) = prepare(file, database, opening, progress)?;
    if database.exists() {
        // Someone may have opened it meanwhile.
        copy::close(database)?;
        let aside = aside(database);
        fs::rename(database, &aside).map_err(failed)?;
        verified.aside = Some(aside);
    }
    fs::rename(&beside.0, database).map_err(failed)?;
    sync_folder(database).map_err(failed)?;
    Ok(verified)
}

/// A database of the backup beside its place, every record of which opens with the master key.
fn prepare(
    file: &Path,
    database: &Path,
    opening: Opening<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Beside, Verified), BackupError> {
    let opened = File::open(file).map_err(|error| BackupError::File { path: file.to_owned(), error })?;
    let key = opening.made_under.unwrap_or(opening.master);
    let mut reader = Reader::new(BufReader::new(opened), key, opening.passphrase).map_err(named(file))?;
    let told = reader.master.take();
    let from = told.as_ref().or(opening.made_under);
    let beside = Beside::new(database);
    let mut making: Option<(Manifest, Target, u64)> = None;
    reader.each(|entry| {
        match (entry, &mut making) {
            (Entry::Manifest(manifest), making @ None) => {
                let target = Target::create(&beside.0, manifest.schema)?;
                *making = Some((manifest, target, 0));
            }
            (Entry::Piece(piece), Some((manifest, target, rows))) => {
                target.add(&piece)?;
                if matches!(piece, Piece::Row(_)) {
                    *rows += 1;
                    progress(*rows, manifest.rows);
                }
            }
            _ => return Err(BackupError::Damaged("its entries are in the wrong order")),
        }
        Ok(())
    })?;
    let Some((manifest, target, rows)) = making else {
        return Err(BackupError::Damaged("there is nothing in it"));
    };
    if rows != manifest.rows {
        return Err(BackupError::Damaged("rows are missing"));
    }
    target.finish()?;

    let store = Sqlite::open(&beside.0)?;
    if let Some(from) = from {
        rewrap(&store, from, opening.master)?;
    }
    let objects = examine(&store, &Seal::open(&store, opening.master)?)?;
    drop(store);
    // All of it into the one file that is given its name.
    copy::close(&beside.0)?;
    File::open(&beside.0)
        .and_then(|file| file.sync_all())
        .map_err(|error| BackupError::File { path: beside.0.clone(), error })?;
    Ok((beside, Verified { manifest, objects, aside: None }))
}

/// Opens everything in a store; how many objects there are.
fn examine(store: &dyn Store, seal: &Seal) -> Result<u64, BackupError> {
    store::read(store, |snapshot| {
        let (mut count, mut last) = (0, 0);
        loop {
            let objects = snapshot.objects_after(last, BATCH)?;
            if objects.is_empty() {
                break;
            }
            for (object, material) in objects {
                let identity = Identity::from(&object.header);
                let record =
                    |error| BackupError::Record { identifier: object.header.identifier.clone(), error };
                seal.open_attributes(&identity, &object.attributes).map_err(record)?;
                if let Some(material) = material {
                    seal.open_material(&identity, &object.attributes, &material).map_err(record)?;
                }
                count += 1;
                last = object.sequence;
            }
        }
        for (prefix, purpose) in SEALED_SETTINGS {
            for (name, sealed) in snapshot.settings(prefix)? {
                seal.open_record(*purpose, &[name.as_bytes()], &sealed)
                    .map_err(|error| BackupError::Record { identifier: name, error })?;
            }
        }
        Ok(count)
    })
}

/// A name for what is put aside that nothing has yet.
fn aside(database: &Path) -> PathBuf {
    let now = kmip::ttlv::DateTime::now().0;
    let named = |number: u32| {
        let mut name = database.as_os_str().to_owned();
        name.push(format!(".before-restore-{now}"));
        if number > 0 {
            name.push(format!("-{number}"));
        }
        PathBuf::from(name)
    };
    (0..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(0))
}

impl From<Failure> for BackupError {
    fn from(failure: Failure) -> Self {
        named(Path::new("the backup"))(failure)
    }
}

/// How many objects are read at once.
const BATCH: u32 = 256;
