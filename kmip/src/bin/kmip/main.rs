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

use clap::{Parser, Subcommand};

use self::{connect::Connection, failure::Result, output::Output};

/// Looks at KMIP messages, and talks to KMIP servers of any make.
#[derive(Parser)]
#[command(name = "kmip", version, after_help = AFTER_HELP, max_term_width = 110)]
struct Command {
    #[command(flatten)]
    connection: Connection,

    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,

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
  kmip-server quickstart &                     a server on this machine, which the next commands find by themselves
  kmip create --name backup --activate         a new AES-256 key, ready for use; prints its identifier
  kmip encrypt --id ID -i plain -o sealed      the server encrypts a file
  kmip decrypt -i sealed -o plain              and decrypts it
  kmip locate --name backup                    finds it again
  kmip decode message.bin                      prints any KMIP message readably

Exit status:
  0  done
  1  the server refused, or a check found messages that are not exact
  2  wrong usage, or settings that can't be used
  3  no connection, or no answer
  4  the answer can't be understood
  5  a file can't be read or written";

fn main() -> ExitCode {
    let command = Command::parse();
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
