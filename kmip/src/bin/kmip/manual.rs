//! `kmip completions` and `kmip man`.

use std::{fs, path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{
    Command, command_line,
    failure::{Failure, Result},
    output::Output,
};

/// Prints what makes a shell complete `kmip` commands.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip completions bash > ~/.local/share/bash-completion/completions/kmip
  kmip completions zsh > \"${fpath[1]}/_kmip\"
  kmip completions fish > ~/.config/fish/completions/kmip.fish")]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

/// Writes the manual pages: `kmip.1`, and one for each command.
#[derive(Args, Debug)]
pub(crate) struct Man {
    /// The folder that they are written to.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

impl Completions {
    pub(crate) fn run(self, output: &Output) -> Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command_line(Command::command()), "kmip", &mut script);
        output.bytes(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Man {
    pub(crate) fn run(self, output: &Output) -> Result<ExitCode> {
        let failed = |error| Failure::file(&self.output, &error);
        fs::create_dir_all(&self.output).map_err(failed)?;
        let command = command_line(Command::command().disable_help_subcommand(true));
        clap_mangen::generate_to(command, &self.output).map_err(failed)?;
        output.say(format_args!("`man -l {}` shows the first", self.output.join("kmip.1").display()));
        Ok(ExitCode::SUCCESS)
    }
}
