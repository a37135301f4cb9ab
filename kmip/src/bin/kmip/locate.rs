//! `kmip locate`.

use std::process::ExitCode;

use clap::Args;
use kmip::{
    client::calls::Search,
    types::{
        AttributeSet, AttributeValue, CryptographicAlgorithm, CryptographicUsageMask, ObjectGroupMember,
        ObjectType, State, StorageStatusMask, attribute_set::AttributeInstance,
    },
};
use serde_json::json;

use super::{
    assignment,
    connect::Connection,
    failure::Result,
    output::{Output, printable},
    values,
};

/// Finds objects by their attributes; prints their identifiers.
///
/// An object is found if it has all the attributes given; with none given, all objects are.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip locate                                                      everything that you may see
  kmip locate --name backup --state active
  kmip locate --type SymmetricKey --attribute 'Cryptographic Length=256' --attribute x-Owner=me
  for id in $(kmip locate --state deactivated); do kmip destroy \"$id\"; done")]
pub(crate) struct Locate {
    /// Its name.
    #[arg(long)]
    name: Option<String>,

    /// Its type, such as SymmetricKey.
    #[arg(long = "type", value_name = "TYPE", value_parser = values::object_type())]
    object_type: Option<ObjectType>,

    /// Its state, such as Active.
    #[arg(long, value_parser = values::state())]
    state: Option<State>,

    /// Its algorithm, such as AES.
    #[arg(long, value_parser = values::algorithm())]
    algorithm: Option<CryptographicAlgorithm>,

    /// Its length in bits.
    #[arg(long, value_name = "BITS")]
    length: Option<i32>,

    /// What it may be used for, such as Encrypt,Decrypt.
    #[arg(long, value_parser = values::usage)]
    usage: Option<CryptographicUsageMask>,

    /// Its object group.
    #[arg(long)]
    group: Option<String>,

    /// Another attribute; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment::assignment)]
    attribute: Vec<AttributeInstance>,

    /// Find at most so many.
    #[arg(long, value_name = "N")]
    max: Option<i32>,

    /// Leave out so many before the first. Since KMIP 1.3.
    #[arg(long, value_name = "N")]
    offset: Option<i32>,

    /// Where to look: Online, Archival, or both with a comma between them [default: Online].
    #[arg(long, value_name = "WHERE", value_parser = values::storage)]
    storage: Option<StorageStatusMask>,

    /// Which of the objects of a group: Fresh or Default. Since KMIP 1.1.
    #[arg(long, value_name = "WHICH", value_parser = values::group_member())]
    group_member: Option<ObjectGroupMember>,
}

impl Locate {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let search = Search {
            maximum: self.max,
            offset: self.offset,
            storage: self.storage,
            group_member: self.group_member,
            ..self.attributes().into()
        };
        let found = connection.open()?.locate(search)?;
        if output.is_json() {
            let ids: Vec<&str> = found.ids.iter().map(|id| id.as_str()).collect();
            output.json(&json!({ "ids": ids, "total": found.total }))?;
            return Ok(ExitCode::SUCCESS);
        }
        for id in &found.ids {
            output.line(printable(id.to_string()))?;
        }
        match found.total.and_then(|total| usize::try_from(total).ok()) {
            Some(total) if total > found.ids.len() => {
                output.say(format_args!("{} of {total} objects", found.ids.len()));
            }
            _ if found.ids.is_empty() => {
                output.say("no object has all that; `kmip locate` alone lists all that you may see")
            }
            _ => {}
        }
        Ok(ExitCode::SUCCESS)
    }

    fn attributes(self) -> AttributeSet {
        let mut attributes = AttributeSet::new();
        attributes.extend(self.name.map(AttributeValue::named));
        attributes.extend(self.object_type.map(AttributeValue::ObjectType));
        attributes.extend(self.state.map(AttributeValue::State));
        attributes.extend(self.algorithm.map(AttributeValue::CryptographicAlgorithm));
        attributes.extend(self.length.map(AttributeValue::CryptographicLength));
        attributes.extend(self.usage.map(AttributeValue::CryptographicUsageMask));
        attributes.extend(self.group.map(|group| AttributeValue::ObjectGroup(group.into())));
        attributes.extend(self.attribute);
        attributes
    }
}
