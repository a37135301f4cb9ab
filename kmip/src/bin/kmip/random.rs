//! The server's random numbers: `kmip rng-retrieve` and `kmip rng-seed`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use kmip::ttlv::Secret;
use serde_json::json;

use super::{
    cipher::refuse_terminal, connect::Connection, failure::Result, files, output::Output, values::hex,
};

/// Gets random bytes from the server.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip rng-retrieve 32 --hex
  kmip rng-retrieve 1024 -o noise")]
pub(crate) struct RngRetrieve {
    /// How many.
    #[arg(value_name = "BYTES")]
    length: i32,

    /// The file to write, which only you may read; `-` is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,

    /// Print them in hexadecimal.
    #[arg(long, conflicts_with = "output")]
    hex: bool,
}

/// Gives the server's random number generator something to mix in; prints how many bytes of it were taken.
#[derive(Args, Debug)]
pub(crate) struct RngSeed {
    /// The file to read; `-` is standard input.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    input: PathBuf,
}

impl RngRetrieve {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let is_text = self.hex || (output.is_json() && self.output == Path::new("-"));
        if !is_text {
            refuse_terminal(&self.output, output)?;
        }
        let length = usize::try_from(self.length).unwrap_or(0);
        let random = connection.open_for(length)?.rng_retrieve(self.length)?;
        if output.is_json() && is_text {
            output.json(&json!({ "random": hex(random.expose()) }))?;
        } else if self.hex {
            output.line(hex(random.expose()))?;
        } else {
            files::write_private(&self.output, random.expose(), output)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl RngSeed {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let seed = Secret::from(files::read(&self.input)?);
        let taken = connection.open_for(seed.len())?.rng_seed(seed)?;
        if output.is_json() {
            output.json(&json!({ "taken": taken }))?;
        } else {
            output.line(taken)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
