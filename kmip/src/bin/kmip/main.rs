//! `kmip`: looks at KMIP messages, and talks to KMIP servers of any make.

mod assignment;
mod attributes;
mod certificates;
mod check;
mod cipher;
mod connect;
mod decode;
mod doctor;
mod edit;
mod envelope;
mod failure;
mod files;
mod input;
mod keys;
mod lifecycle;
mod limits;
mod locate;
mod manual;
mod material;
mod objects;
mod output;
mod parameters;
mod profile;
mod proxy;
mod random;
mod send;
mod server;
mod session;
mod show;
mod sign;
mod special;
mod trace;
mod transfer;
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

/// The commands, in the order in which the help lists them: those that talk to a server, and those that talk to nobody.
macro_rules! tasks {
    (online { $($online:ident($of_online:ty),)* } offline { $($offline:ident($of_offline:ty),)* }) => {
        #[derive(Subcommand)]
        #[allow(clippy::large_enum_variant, reason = "there is one of it")]
        enum Task {
            $($online($of_online),)*
            $($offline($of_offline),)*
        }

        impl Task {
            fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
                match self {
                    $(Self::$online(task) => task.run(connection, output),)*
                    $(Self::$offline(task) => task.run(output),)*
                }
            }
        }
    };
}

tasks! {
    online {
        Create(lifecycle::Create),
        CreateKeyPair(keys::CreateKeyPair),
        Register(objects::Register),
        Get(objects::Get),
        Locate(locate::Locate),
        Activate(lifecycle::Activate),
        Revoke(lifecycle::Revoke),
        Destroy(lifecycle::Destroy),
        Archive(limits::Archive),
        Recover(limits::Recover),
        Rekey(keys::Rekey),
        RekeyKeyPair(keys::RekeyKeyPair),
        DeriveKey(keys::DeriveKey),
        CreateSplitKey(keys::CreateSplitKey),
        JoinSplitKey(keys::JoinSplitKey),
        Export(transfer::Export),
        Import(transfer::Import),
        Attributes(attributes::Attributes),
        AttributeList(attributes::AttributeList),
        AddAttribute(edit::AddAttribute),
        ModifyAttribute(edit::ModifyAttribute),
        SetAttribute(edit::SetAttribute),
        DeleteAttribute(edit::DeleteAttribute),
        AdjustAttribute(edit::AdjustAttribute),
        CheckObject(limits::CheckObject),
        GetUsageAllocation(limits::GetUsageAllocation),
        ObtainLease(limits::ObtainLease),
        Encrypt(cipher::Encrypt),
        Decrypt(cipher::Decrypt),
        Sign(sign::Sign),
        SignatureVerify(sign::SignatureVerify),
        Mac(sign::Mac),
        MacVerify(sign::MacVerify),
        Hash(sign::Hash),
        RngRetrieve(random::RngRetrieve),
        RngSeed(random::RngSeed),
        Certify(certificates::Certify),
        ReCertify(certificates::ReCertify),
        Validate(certificates::Validate),
        Query(server::Query),
        Versions(server::Versions),
        Login(session::Login),
        Logout(session::Logout),
        DelegatedLogin(session::DelegatedLogin),
        SetEndpointRole(session::SetEndpointRole),
        Log(session::Log),
        Poll(session::Poll),
        Cancel(session::Cancel),
        Pkcs11(special::Pkcs11),
        Interop(special::Interop),
        ReProvision(special::ReProvision),
        Send(send::Send),
        Doctor(doctor::Doctor),
        Proxy(proxy::Proxy),
    }
    offline {
        Check(check::Check),
        Decode(decode::Decode),
        Completions(manual::Completions),
        Man(manual::Man),
    }
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
    let mut command = Command::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let output = Output::new(command.json);
    command.connection.json = command.json;
    output.end(command.task.run(&command.connection, &output))
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
