//! From the making of a key to its end: `kmip create`, `activate`, `revoke`, `destroy`.

use std::process::ExitCode;

use clap::Args;
use kmip::{
    client::{Error, blocking::Client},
    ttlv::{DateTime, Tag},
    types::{
        AttributeId, AttributeSet, AttributeValue, CryptographicAlgorithm, CryptographicUsageMask,
        RevocationReason, RevocationReasonCode, State, attribute_set::AttributeInstance,
    },
};
use serde_json::json;

use super::{
    assignment,
    connect::Connection,
    failure::{Failure, Result},
    output::{Output, printable},
    values,
};

/// Has the server make a symmetric key; prints its identifier.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip create                                          an AES-256 key to encrypt and decrypt with
  kmip create --name backup --activate                 one that is ready for use, with a name
  kmip create --algorithm HMAC-SHA256 --usage MACGenerate,MACVerify
  id=$(kmip create --activate) && kmip encrypt --id \"$id\" -i plain -o sealed")]
pub(crate) struct Create {
    /// The algorithm that the key is for.
    #[arg(long, default_value = "AES", value_parser = values::algorithm())]
    algorithm: CryptographicAlgorithm,

    /// The key's length in bits.
    #[arg(long, value_name = "BITS", default_value_t = 256)]
    length: i32,

    #[command(flatten)]
    attributes: Wanted,

    /// Make the key ready for use.
    #[arg(long)]
    activate: bool,
}

/// The attributes that a new object is to have.
#[derive(Args, Debug)]
pub(crate) struct Wanted {
    /// Its name; may be repeated.
    #[arg(long)]
    name: Vec<String>,

    /// What it may be used for [default for keys: Encrypt,Decrypt].
    #[arg(long, value_parser = values::usage)]
    usage: Option<CryptographicUsageMask>,

    /// Its object group.
    #[arg(long)]
    group: Option<String>,

    /// Another attribute; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment::assignment)]
    attribute: Vec<AttributeInstance>,
}

/// Makes an object ready for use.
#[derive(Args, Debug)]
pub(crate) struct Activate {
    /// The object's identifier.
    id: String,
}

/// Takes an object out of use.
#[derive(Args, Debug)]
#[command(after_help = "\
KeyCompromise and CACompromise make the object Compromised, all other reasons Deactivated. Either way it can be
destroyed from then on.")]
pub(crate) struct Revoke {
    /// The object's identifier.
    id: String,

    /// Why, such as CessationOfOperation, Superseded or KeyCompromise.
    #[arg(long, default_value = "CessationOfOperation", value_parser = values::revocation_reason())]
    reason: RevocationReasonCode,

    /// Why, in words.
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,

    /// Since when the object has been compromised.
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    compromised_since: Option<DateTime>,
}

/// Destroys the key material of an object; for good.
#[derive(Args, Debug)]
pub(crate) struct Destroy {
    /// The object's identifier.
    id: String,
}

impl Create {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let usage = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
        let attributes = self.attributes.set(Some(usage));
        let mut client = connection.open()?;
        let id = client.create(self.algorithm, self.length, attributes)?;
        made(&mut client, &id, self.activate, output)
    }
}

impl Wanted {
    pub(crate) fn set(self, usage: Option<CryptographicUsageMask>) -> AttributeSet {
        let mut attributes = AttributeSet::new();
        attributes.extend(self.usage.or(usage).map(AttributeValue::CryptographicUsageMask));
        attributes.extend(self.name.into_iter().map(AttributeValue::named));
        attributes.extend(self.group.map(|group| AttributeValue::ObjectGroup(group.into())));
        attributes.extend(self.attribute);
        attributes
    }
}

/// Activates a new object if that is wanted, and tells of it.
pub(crate) fn made(client: &mut Client, id: &str, activate: bool, output: &Output) -> Result<ExitCode> {
    let activated = if activate { ready(client, id) } else { Ok(()) };
    if output.is_json() {
        output.json(&json!({ "id": id, "active": activate && activated.is_ok() }))?;
    } else {
        output.line(printable(id.to_owned()))?;
    }
    activated.map_err(|error| {
        Failure::from(error).hint("the object was made nevertheless: it is the one printed")
    })?;
    if !activate {
        output.say(format_args!("it is not ready for use yet: `kmip activate {id}`"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Activates a new object. One that takes the place of an active one may be active already.
pub(crate) fn ready(client: &mut Client, id: &str) -> Result<(), Error> {
    let refused = match client.activate(id) {
        Err(refused @ Error::Refused { .. }) => refused,
        result => return result,
    };
    let found = client.get_attributes(id, &[AttributeId::Standard(Tag::State)])?;
    match found.get(Tag::State) {
        Some(AttributeValue::State(State::Active)) => Ok(()),
        _ => Err(refused),
    }
}

impl Activate {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        connection.open()?.activate(&self.id)?;
        done(&self.id, "active", output)
    }
}

impl Revoke {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let reason = RevocationReason {
            revocation_message: self.message.map(Into::into),
            ..RevocationReason::new(self.reason)
        };
        connection.open()?.revoke(&self.id, reason, self.compromised_since)?;
        done(&self.id, "revoked", output)
    }
}

impl Destroy {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        connection.open()?.destroy(&self.id)?;
        done(&self.id, "destroyed", output)
    }
}

/// Tells that something was done to an object.
pub(crate) fn done(id: &str, what: &str, output: &Output) -> Result<ExitCode> {
    if output.is_json() {
        output.json(&json!({ "id": id, "done": what }))?;
    } else {
        output.say(format_args!("{id} is {what}"));
    }
    Ok(ExitCode::SUCCESS)
}
