//! `kmip-server import-pykmip`.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{Database, Options, import};
use crate::cli::{Source, bar, first_master_key, master_key};
use crate::config::Config;
use crate::log::LogOptions;
use crate::quickstart::{self, Folder};
use crate::seal::{MasterKey, Seal};
use crate::store;

/// Brings the objects of a PyKMIP server's database over.
#[derive(Args, Debug)]
pub(crate) struct ImportPykmip {
    /// The database: PyKMIP's database_path, or /tmp/pykmip.database where its configuration names none
    database: PathBuf,
    /// The server that the objects are for
    #[command(flatten)]
    source: Source,
    /// The folder of the server that the objects are for, as of quickstart [default: that of quickstart]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    directory: Option<PathBuf>,
    /// Only tells what would be done
    #[arg(long)]
    dry_run: bool,
    /// Leaves objects out whose identifiers are there already, rather than doing nothing
    #[arg(long)]
    skip_existing: bool,
    /// Who owns objects that PyKMIP knows no owner of
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
    /// The report as JSON
    #[arg(long)]
    json: bool,
}

impl ImportPykmip {
    pub(crate) fn run(self) -> Result<(), Box<dyn std::error::Error>> {
        LogOptions { level: "warn".into(), ..LogOptions::default() }.start()?;
        // What can't be read is said before anything is made.
        let database = Database::open(&self.database)?;
        let (store, seal) = if self.dry_run { self.rehearsal()? } else { self.server(self.config()?)? };
        let options =
            Options { dry_run: self.dry_run, skip_existing: self.skip_existing, owner: self.owner.clone() };
        let bar = bar("objects");
        let outcome = import(&database, &store, &seal, &options, &mut |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        let report = outcome?;
        let people = io::stdout().is_terminal();
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
        } else {
            out.write_all(report.text(people).as_bytes())?;
            write!(io::stderr(), "{}", report.notes())?;
        }
        Ok(())
    }

    /// The configuration of the server that the objects are for. Its folder is made if need be.
    fn config(&self) -> Result<Config, Box<dyn std::error::Error>> {
        let layers = self.source.layers()?;
        if self.source.config.is_none() {
            return Ok(Folder::prepare(&self.directory()?, |config| layers.over(config))?.1);
        }
        let config = layers.complete()?;
        // The new server's database can't be PyKMIP's: say so before its key is missed.
        store::check(&config.store)?;
        if layers.is_pykmip() && !self.dry_run {
            first_master_key(&config)?;
        }
        Ok(config)
    }

    fn directory(&self) -> Result<PathBuf, quickstart::QuickstartError> {
        self.directory.clone().map_or_else(quickstart::default_directory, Ok)
    }

    fn server(&self, config: Config) -> Result<Place, Box<dyn std::error::Error>> {
        let master = master_key(&config.master_key)?;
        let store = store::open(&config.store)?;
        let seal = Seal::open(&*store, &master)?;
        Ok((store, seal))
    }

    /// A rehearsal makes nothing: where there is no server yet, it is for one in memory.
    fn rehearsal(&self) -> Result<Place, Box<dyn std::error::Error>> {
        let config = match &self.source.config {
            Some(_) => Some(self.config()?),
            None if self.directory()?.exists() => Some(self.config()?),
            None => None,
        };
        if let Some(config) = config
            && store::file(&config.store)?.is_some_and(std::path::Path::exists)
        {
            return self.server(config);
        }
        let store = store::open("memory:")?;
        let seal = Seal::open(&*store, &MasterKey::generate()?)?;
        Ok((store, seal))
    }
}

type Place = (Arc<dyn store::Store>, Seal);
