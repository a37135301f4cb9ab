//! `kmip-server config`, and where every command that needs settings takes them from.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Done, say};
use crate::config::{ConfigError, Layers, Overrides, example, reference, show};
use crate::serve;

/// Where settings come from.
#[derive(Args, Debug)]
pub(crate) struct Source {
    /// The configuration file: TOML, or PyKMIP's server.conf
    #[arg(long, value_name = "FILE", env = "KMIP_SERVER_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
}

impl Source {
    /// What all sources together say.
    pub(crate) fn layers(&self) -> Result<Layers, ConfigError> {
        let mut layers = Layers::new();
        if let Some(path) = &self.config {
            layers.file(path)?;
        }
        self.overrides.over(&mut layers)?;
        Ok(layers)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Configuration {
    /// Whether a server could start with it: reads everything that it names, and changes nothing
    Check(Source),
    /// Every setting as it is, and where it comes from: default, file, environment or command line
    Show(Source),
    /// A configuration file with every setting, its meaning and its default
    Example,
    /// Every setting as a table in Markdown
    #[command(hide = true)]
    Reference,
}

impl Configuration {
    pub(super) fn run(self) -> Done {
        match self {
            Self::Check(source) => check(&source),
            Self::Show(source) => {
                let layers = source.layers()?;
                say(&show(&layers));
                layers.warnings().iter().for_each(|warning| say(&format!("# warning: {warning}\n")));
                Ok(())
            }
            Self::Example => {
                say(&example());
                Ok(())
            }
            Self::Reference => {
                say(&reference());
                Ok(())
            }
        }
    }
}

fn check(source: &Source) -> Done {
    let layers = source.layers()?;
    for warning in layers.warnings() {
        say(&format!("warning: {warning}\n"));
    }
    let config = layers.complete()?;
    config.log.check()?;
    // The server makes it at its first start.
    let without_key =
        layers.is_pykmip() && config.master_key.source.file().is_some_and(|file| !file.exists());
    let faults = if without_key { serve::check_all_but_master_key(&config) } else { serve::check(&config) }?;
    if !faults.is_empty() {
        return Err(faults.join("\n").into());
    }
    say("The configuration is sound.\n");
    Ok(())
}
