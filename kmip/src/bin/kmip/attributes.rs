//! `kmip attributes` and `kmip attribute-list`.

use std::process::ExitCode;

use clap::Args;
use kmip::types::AttributeId;
use serde_json::json;

use super::{
    assignment,
    connect::Connection,
    failure::Result,
    output::{Output, printable},
    show,
};

/// Prints attributes of an object.
#[derive(Args, Debug)]
pub(crate) struct Attributes {
    /// The object's identifier.
    id: String,

    /// The attributes' names [default: all].
    #[arg(value_name = "NAME", value_parser = assignment::id)]
    names: Vec<AttributeId>,
}

/// Prints the names of the attributes that an object has.
#[derive(Args, Debug)]
pub(crate) struct AttributeList {
    /// The object's identifier.
    id: String,
}

impl Attributes {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let mut client = connection.open()?;
        let attributes = client.get_attributes(&self.id, &self.names)?;
        let version = client.version();
        if output.is_json() {
            let attributes = attributes.iter().map(|instance| {
                let value = show::value(instance, version);
                let value = value.map(|value| show::json(&value, show::tag(&instance.id)));
                json!({ "name": instance.id.to_string(), "index": instance.index, "value": value })
            });
            output.json(&json!({ "id": self.id, "attributes": attributes.collect::<Vec<_>>() }))?;
            return Ok(ExitCode::SUCCESS);
        }
        if attributes.is_empty() {
            output.say(
                "the object has none of these attributes; `kmip attribute-list ID` names those that it has",
            );
        }
        let rows = attributes.iter().map(|instance| {
            let value = show::value(instance, version);
            let value = value.map(|value| show::text(&value, show::tag(&instance.id)));
            vec![instance.id.to_string(), value.unwrap_or_else(|| "(not readable)".to_owned())]
        });
        output.rows(&["Attribute", "Value"], rows.collect())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl AttributeList {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let names = connection.open()?.get_attribute_list(&self.id)?;
        let names: Vec<String> = names.iter().map(AttributeId::to_string).collect();
        if output.is_json() {
            output.json(&json!({ "id": self.id, "names": names }))?;
            return Ok(ExitCode::SUCCESS);
        }
        for name in names {
            output.line(printable(name))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
