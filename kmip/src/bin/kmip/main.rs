//! `kmip`: looks at KMIP messages, and talks to KMIP servers of any make.

mod assignment;
mod attributes;
mod check;
mod cipher;
mod connect;
mod decode;
mod envelope;
mod failure;
mod files;
mod input;
mod lifecycle;
mod locate;
mod manual;
mod material;
mod objects;
mod output;
mod server;
mod show;
mod values;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use self::{connect::Connection, failure::Result, output::Output};

/// Looks at KMIP messages, and talks to KMIP servers of any make.
#[derive(Parser)]
#[command(name = "kmip", version, after_help = AFTER_HELP, max_term_width = 110)]
struct Command {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,

    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Create(lifecycle::Create),
    Register(objects::Register),
    Get(objects::Get),
    Attributes(attributes::Attributes),
    AttributeList(attributes::AttributeList),
    Locate(locate::Locate),
    Activate(lifecycle::Activate),
    Revoke(lifecycle::Revoke),
    Destroy(lifecycle::Destroy),
    Encrypt(cipher::Encrypt),
    Decrypt(cipher::Decrypt),
    Query(server::Query),
    Versions(server::Versions),
    Check(check::Check),
    Decode(decode::Decode),
    Completions(manual::Completions),
    Man(manual::Man),
}

const AFTER_HELP: &str = "\
Examples:
  kmip-server quickstart &                  a server here, which kmip finds
  kmip create --name backup --activate      a new AES-256 key; prints its identifier
  kmip encrypt --id ID -i plain -o sealed   the server encrypts a file
  kmip decrypt -i sealed -o plain           and decrypts it
  kmip locate --name backup                 finds the key again
  kmip decode message.bin                   prints any KMIP message readably

Exit status:
  0  done
  1  the server refused, or a check found messages that are not exact
  2  wrong usage, or settings that can't be used
  3  no connection, or no answer
  4  the answer can't be understood
  5  a file can't be read or written";

/// The commands that talk to nobody.
const OFFLINE: [&str; 4] = ["check", "decode", "completions", "man"];

/// The command line, with the connection's options shown only where there is one.
fn command_line(mut command: clap::Command) -> clap::Command {
    command.build();
    for name in OFFLINE {
        command = command.mut_subcommand(name, |offline| {
            offline.mut_args(|arg| {
                let hidden = arg.get_help_heading() == Some("Connection");
                arg.hide(hidden)
            })
        });
    }
    command
}

fn main() -> ExitCode {
    let matches = command_line(Command::command()).get_matches();
    let command = Command::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let output = Output::new(command.json);
    let done = run(command, &output);
    output.end(done)
}

fn run(command: Command, output: &Output) -> Result<ExitCode> {
    let connection = &command.connection;
    match command.task {
        Task::Create(task) => task.run(connection, output),
        Task::Register(task) => task.run(connection, output),
        Task::Get(task) => task.run(connection, output),
        Task::Attributes(task) => task.run(connection, output),
        Task::AttributeList(task) => task.run(connection, output),
        Task::Locate(task) => task.run(connection, output),
        Task::Activate(task) => task.run(connection, output),
        Task::Revoke(task) => task.run(connection, output),
        Task::Destroy(task) => task.run(connection, output),
        Task::Encrypt(task) => task.run(connection, output),
        Task::Decrypt(task) => task.run(connection, output),
        Task::Query(task) => task.run(connection, output),
        Task::Versions(task) => task.run(connection, output),
        Task::Check(task) => task.run(output),
        Task::Decode(task) => task.run(output),
        Task::Completions(task) => task.run(output),
        Task::Man(task) => task.run(output),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        super::Command::command().debug_assert();
        super::command_line(super::Command::command()).debug_assert();
    }
}
