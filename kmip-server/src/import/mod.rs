//! Changing over from PyKMIP: the objects of its server's database, brought into a store of this server.
//!
//! Everything is brought over in one transaction, or nothing is. The database itself is only read, as it was at one
//! moment. A [rehearsal](Options::dry_run) does all of it and undoes it again.
//!
//! PyKMIP keeps: identifiers, types, names, owners, policies' names, states, Initial Dates, usage masks, application
//! data, groups, whether an object is sensitive, and what is in the object. It does not keep any other date, nor why
//! something was revoked, nor links; so there are none afterwards either.

mod attributes;
mod command;
mod database;
mod object;
mod report;
mod row;
mod wrapping;

use std::path::Path;
use std::sync::Arc;

use kmip::ttlv::DateTime;

pub(crate) use self::command::ImportPykmip;
pub use self::database::Database;
pub use self::report::Report;
pub use self::row::Fault;
use crate::engine::{Failure, Settings, adopt};
use crate::seal::{Seal, SealError};
use crate::store::{self, Store, StoreError};

/// How objects are brought over.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Everything is undone in the end.
    pub dry_run: bool,
    /// Objects whose identifiers are taken are left out. Else they make the whole import fail.
    pub skip_existing: bool,
    /// Who owns objects that PyKMIP knows no owner of. Without, they make the import fail.
    pub owner: Option<String>,
}

/// Why nothing was brought over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The database can't be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The database.
        path: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Some rows hold what can't be brought over.
    #[error("nothing was imported, for these reasons:{}", list(.0))]
    Faults(Vec<Fault>),
    /// Some identifiers are taken.
    #[error(
        "nothing was imported: there are objects already with the identifiers {}; --skip-existing leaves these out",
        identifiers(.0)
    )]
    Existing(Vec<String>),
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is at rest can't be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The rehearsal is over; what it did is undone.
    #[error("the rehearsal is over")]
    Undone(Box<Report>),
}

/// Brings the objects of a database over. `progress` is told how many are done, of how many.
///
/// # Errors
/// When anything at all can't be brought over: nothing is, then.
pub fn import(
    database: &Database,
    store: &Arc<dyn Store>,
    seal: &Seal,
    options: &Options,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, ImportError> {
    let outcome = store::transact(&**store, |transaction| {
        seal.check_current(&*transaction)?;
        let mut report = Report::new(database, options.dry_run)?;
        let (mut faults, mut existing) = (Vec::new(), Vec::new());
        let now = DateTime::now();
        let total = database.count()?;
        database.each(options, &mut |read| {
            let object = match read {
                Ok(object) => object,
                Err(fault) => {
                    faults.push(fault);
                    return Ok(());
                }
            };
            if transaction.object(&object.identifier)?.is_some() {
                if options.skip_existing {
                    report.skip(&object);
                } else {
                    existing.push(object.identifier);
                }
                return Ok(());
            }
            report.add(&object);
            if let Err(failure) = adopt(transaction, seal, &Settings::default(), now, &object) {
                faults.push(Fault::of_object(&object.identifier, &failure));
            }
            progress(report.done(), total);
            Ok(())
        })?;
        match (faults.is_empty(), existing.is_empty()) {
            (false, _) => Err(ImportError::Faults(faults)),
            (true, false) => Err(ImportError::Existing(existing)),
            (true, true) if options.dry_run => Err(ImportError::Undone(Box::new(report))),
            (true, true) => Ok(report),
        }
    });
    match outcome {
        Err(ImportError::Undone(report)) => Ok(*report),
        outcome => outcome,
    }
}

impl ImportError {
    fn unreadable(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Unreadable { path: path.to_owned(), reason: reason.to_string() }
    }
}

impl Fault {
    fn of_object(identifier: &str, failure: &Failure) -> Self {
        Self::new("managed_objects", identifier, None, failure.to_string())
    }
}

fn list(faults: &[Fault]) -> String {
    let shown = faults.iter().take(SHOWN).map(|fault| format!("\n  {fault}"));
    let more = faults.len().saturating_sub(SHOWN);
    shown.chain((more > 0).then(|| format!("\n  and {more} more"))).collect()
}

fn identifiers(identifiers: &[String]) -> String {
    let shown: Vec<&str> = identifiers.iter().take(SHOWN).map(String::as_str).collect();
    let more = identifiers.len().saturating_sub(SHOWN);
    let shown = shown.join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// How many faults are worth reading at once.
const SHOWN: usize = 20;

#[cfg(test)]
mod tests;
