//! `kmip`: looks at KMIP messages, and talks to KMIP servers of any make.

mod assignment;
mod attributes;
mod bench;
mod certificates;
mod check;
mod cipher;
mod conformance;
mod connect;
mod convert;
mod decode;
mod doctor;
mod edit;
mod enroll;
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
mod splits;
mod texts;
mod trace;
mod transfer;
mod values;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, builder::StyledStr};

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

/// The commands, under the headings of the help: those that talk to a server, and those that talk to nobody.
macro_rules! tasks {
    (
        $($heading:literal { $($online:ident($of_online:ty),)* })*
        offline
        $($heading_offline:literal { $($offline:ident($of_offline:ty),)* })*
    ) => {
        #[derive(Subcommand)]
        #[allow(clippy::large_enum_variant, reason = "there is one of it")]
        enum Task {
            $($($online($of_online),)*)*
            $($($offline($of_offline),)*)*
        }

        impl Task {
            fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
                match self {
                    $($(Self::$online(task) => task.run(connection, output),)*)*
                    $($(Self::$offline(task) => task.run(output),)*)*
                }
            }
        }

        /// The headings, and how many commands there are under each, in the order of the commands.
        const HEADINGS: &[(&str, usize)] = &[
            $(($heading, [$(stringify!($online)),*].len()),)*
            $(($heading_offline, [$(stringify!($offline)),*].len()),)*
        ];

        /// How many commands talk to a server: the first ones.
        const ONLINE: usize = [$($(stringify!($online)),*),*].len();
    };
}

tasks! {
    "Objects" {
        Create(lifecycle::Create),
        CreateKeyPair(keys::CreateKeyPair),
        Register(objects::Register),
        Get(objects::Get),
        Locate(locate::Locate),
        Activate(lifecycle::Activate),
        Revoke(lifecycle::Revoke),
        Destroy(lifecycle::Destroy),
    }
    "Attributes" {
        Attributes(attributes::Attributes),
        AttributeList(attributes::AttributeList),
        AddAttribute(edit::AddAttribute),
        ModifyAttribute(edit::ModifyAttribute),
        SetAttribute(edit::SetAttribute),
        DeleteAttribute(edit::DeleteAttribute),
        AdjustAttribute(edit::AdjustAttribute),
    }
    "Cryptography" {
        Encrypt(cipher::Encrypt),
        Decrypt(cipher::Decrypt),
        Sign(sign::Sign),
        SignatureVerify(sign::SignatureVerify),
        Mac(sign::Mac),
        MacVerify(sign::MacVerify),
        Hash(sign::Hash),
        RngRetrieve(random::RngRetrieve),
        RngSeed(random::RngSeed),
    }
    "Keys from keys" {
        Rekey(keys::Rekey),
        RekeyKeyPair(keys::RekeyKeyPair),
        DeriveKey(keys::DeriveKey),
        CreateSplitKey(splits::CreateSplitKey),
        JoinSplitKey(splits::JoinSplitKey),
    }
    "Use, archive and transfer" {
        CheckObject(limits::CheckObject),
        GetUsageAllocation(limits::GetUsageAllocation),
        ObtainLease(limits::ObtainLease),
        Archive(limits::Archive),
        Recover(limits::Recover),
        Export(transfer::Export),
        Import(transfer::Import),
    }
    "Certificates" {
        Certify(certificates::Certify),
        ReCertify(certificates::ReCertify),
        Validate(certificates::Validate),
        ReProvision(special::ReProvision),
    }
    "The server" {
        Query(server::Query),
        Versions(server::Versions),
        Login(session::Login),
        Logout(session::Logout),
        DelegatedLogin(session::DelegatedLogin),
        Log(session::Log),
        Poll(session::Poll),
        Cancel(session::Cancel),
        SetEndpointRole(session::SetEndpointRole),
        Pkcs11(special::Pkcs11),
        Interop(special::Interop),
    }
    "Finding faults, and measuring" {
        Doctor(doctor::Doctor),
        Proxy(proxy::Proxy),
        Send(send::Send),
        Conformance(conformance::Conformance),
        Bench(bench::Bench),
    }
    offline
    "Messages" {
        Decode(decode::Decode),
        Convert(convert::Convert),
        Check(check::Check),
    }
    "Getting in" {
        Enroll(enroll::Enroll),
    }
    "This command" {
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
  kmip convert --to xml message.bin         makes XML of it

`kmip --help` and `kmip COMMAND --help` (not -h) tell of the options for the connection, too.

Exit status:
  0  done
  1  the server refused, or a check found messages that are not exact
  2  wrong usage, or settings that can't be used
  3  no connection, or no answer
  4  the answer can't be understood
  5  a file can't be read or written";

/// The command line as it is shown: commands under headings, and the connection's options only where there is one, and
/// only in the long help.
fn command_line(mut command: clap::Command) -> clap::Command {
    command.build();
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for (number, name) in names.iter().enumerate() {
        command = command.mut_subcommand(name, |command| {
            command.mut_args(|arg| {
                let is_connection = arg.get_help_heading() == Some("Connection");
                // What the tables list is for shells to complete; in the help it would bury all else.
                let is_long = arg.get_possible_values().len() > 9;
                let arg = if is_long { arg.hide_possible_values(true) } else { arg };
                if number < ONLINE { arg.hide_short_help(is_connection) } else { arg.hide(is_connection) }
            })
        });
    }
    let template = template(&command);
    command.help_template(template).mut_args(|arg| {
        let is_connection = arg.get_help_heading() == Some("Connection");
        arg.hide_short_help(is_connection)
    })
}

/// The help with the commands under their headings.
fn template(command: &clap::Command) -> StyledStr {
    let styles = command.get_styles();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let mut text = "{about}\n\n{usage-heading} {usage}\n".to_owned();
    let mut commands = command.get_subcommands();
    let width = command.get_subcommands().map(|command| command.get_name().len()).max().unwrap_or(0);
    for (heading, count) in HEADINGS {
        text.push_str(&format!("\n{header}{heading}:{header:#}\n"));
        for command in commands.by_ref().take(*count) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            // The first clause is enough here.
            let about = about.split([';', ':']).next().unwrap_or_default();
            text.push_str(&format!("  {literal}{:width$}{literal:#}  {about}\n", command.get_name()));
        }
    }
    text.push_str(&format!("\n{header}Options:{header:#}\n{{options}}{{after-help}}"));
    text.into()
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
    fn every_command_has_a_heading() {
        let command = super::Command::command();
        let count: usize = super::HEADINGS.iter().map(|(_, count)| count).sum();
        assert_eq!(command.get_subcommands().count(), count);
        let help = super::command_line(command.clone()).render_help().to_string();
        for command in command.get_subcommands() {
            assert!(help.contains(command.get_name()), "{}", command.get_name());
        }
    }

    /// Every operation that clients ask servers for has its command.
    #[test]
    fn every_operation_has_a_command() {
        use kmip::types::{Operation, tables::OPERATIONS};
        let command = super::Command::command();
        let names: Vec<&str> = command.get_subcommands().map(|command| command.get_name()).collect();
        for info in OPERATIONS.iter().filter(|info| info.client_to_server.is_some()) {
            let name = match info.operation {
                // `kmip check` checks messages, and has for longer.
                Operation::Check => "check-object".to_owned(),
                Operation::DiscoverVersions => "versions".to_owned(),
                Operation::GetAttributes => "attributes".to_owned(),
                Operation::GetAttributeList => "attribute-list".to_owned(),
                other => other.to_string(),
            };
            let plain = crate::values::plain(&name);
            assert!(names.iter().any(|name| crate::values::plain(name) == plain), "{}", info.operation);
        }
    }

    #[test]
    fn arguments_are_consistent() {
        super::Command::command().debug_assert();
        super::command_line(super::Command::command()).debug_assert();
    }
}
