//! What commands need that work on what is at rest, beside a server or without one.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Source;
use super::keys::gather;
use crate::config::{AtRest, ConfigError};
use crate::quickstart::{self, Folder};
use crate::seal::{KeyOrigin, MasterKey, MasterKeySource as _, SecretSource};

/// Where the store and the master key are.
#[derive(Args, Debug)]
pub(crate) struct AtRestSource {
    /// The server's settings
    #[command(flatten)]
    source: Source,
    /// The server's folder, as of quickstart [default: that of quickstart]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    directory: Option<PathBuf>,
}

impl AtRestSource {
    /// What the settings say, over what is in the folder.
    pub(crate) fn at_rest(&self) -> Result<AtRest, ConfigError> {
        let layers = self.source.layers()?;
        if self.source.config.is_some() {
            return layers.at_rest(None);
        }
        let folder = self.directory.clone().map_or_else(quickstart::default_directory, Ok);
        layers.at_rest(folder.ok().map(|folder| Folder::at_rest(&folder)))
    }
}

/// The master key, for anything but a server that starts: shares are asked for.
pub(crate) fn master_key(origin: &KeyOrigin) -> Result<MasterKey, Box<dyn std::error::Error>> {
    match origin.source {
        SecretSource::Shares(_) => gather(),
        _ => Ok(origin.load()?),
    }
}

/// Shows on a terminal how far it is.
pub(crate) fn bar(what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let template = format!("{{bar:40}} {{pos}} of {{len}} {what}, {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}
