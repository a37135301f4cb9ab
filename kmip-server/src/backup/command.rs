//! `kmip-server backup` and `kmip-server restore`.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;

use super::restore::Opening;
use super::{BackupError, Protection, backup, restore, verify};
use crate::cli::{AtRestSource, bar, master_key};
use crate::log::LogOptions;
use crate::seal::{KeyOrigin, MasterKeySource as _, SecretSource};
use crate::store;

/// Backs the store up while its server goes on.
#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// The new file
    file: PathBuf,
    #[command(flatten)]
    place: AtRestSource,
    /// Seals it under a passphrase, asked for, or taken from FILE, env:NAME, fd:NUMBER or command:COMMAND; else under the
    /// master key
    #[arg(long, value_name = "SOURCE", num_args = 0..=1, require_equals = true, default_missing_value = "ask")]
    passphrase: Option<SecretSource>,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

/// Restores a backup.
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    place: AtRestSource,
    /// Where the passphrase comes from, if it is under one: asked for, or FILE, env:NAME, fd:NUMBER or command:COMMAND
    #[arg(long, value_name = "SOURCE", num_args = 0..=1, require_equals = true, default_missing_value = "ask")]
    passphrase: Option<SecretSource>,
    /// The master key that it was made under, if that has changed since: FILE, env:NAME, fd:NUMBER or command:COMMAND
    #[arg(long, value_name = "SOURCE")]
    made_under: Option<SecretSource>,
    /// Only reads and opens everything in it
    #[arg(long, conflicts_with = "replace")]
    check: bool,
    /// Puts a database that is there aside
    #[arg(long)]
    replace: bool,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

type Done = Result<(), Box<dyn std::error::Error>>;

impl Backup {
    pub(crate) fn run(self) -> Done {
        LogOptions { level: "warn".into(), ..LogOptions::default() }.start()?;
        let place = self.place.at_rest()?;
        let database = store::file(&place.store)?.ok_or(BackupError::NoDatabase)?;
        let master = master_key(&place.master_key)?;
        let passphrase = self.passphrase.as_ref().map(crate::cli::new_passphrase).transpose()?;
        let protection = match &passphrase {
            Some(passphrase) => Protection::Passphrase { passphrase, master: &master },
            None => Protection::MasterKey(&master),
        };
        let bar = bar("rows");
        let manifest = backup(database, &self.file, &protection, &mut |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        let manifest = manifest?;
        let size = std::fs::metadata(&self.file)?.len();
        let mut out = io::stdout().lock();
        if self.json {
            let report = serde_json::json!({ "file": self.file, "bytes": size, "manifest": manifest });
            writeln!(out, "{report:#}")?;
        } else {
            writeln!(out, "backed up {} rows, {size} bytes", manifest.rows)?;
        }
        Ok(())
    }
}

impl Restore {
    pub(crate) fn run(self) -> Done {
        LogOptions { level: "warn".into(), ..LogOptions::default() }.start()?;
        let place = self.place.at_rest()?;
        let database = store::file(&place.store)?.ok_or(BackupError::NoDatabase)?;
        let master = master_key(&place.master_key)?;
        let passphrase = place.master_key.passphrase.clone();
        let made_under = self.made_under.clone().map(|source| KeyOrigin { source, passphrase }.load());
        let made_under = made_under.transpose()?;
        let opening = Opening {
            master: &master,
            made_under: made_under.as_ref(),
            passphrase: self.passphrase.as_ref(),
        };
        let bar = bar("rows");
        let mut progress = |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        };
        let verified = if self.check {
            verify(&self.file, database, opening, &mut progress)
        } else {
            restore(&self.file, database, opening, self.replace, &mut progress)
        };
        bar.finish_and_clear();
        let verified = verified?;
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", serde_json::to_string_pretty(&verified)?)?;
            return Ok(());
        }
        let done = if self.check { "verified" } else { "restored" };
        writeln!(out, "{done} {} rows, {} objects", verified.manifest.rows, verified.objects)?;
        if let Some(aside) = verified.aside {
            writeln!(out, "the database that was there is now {}", aside.display())?;
        }
        Ok(())
    }
}
