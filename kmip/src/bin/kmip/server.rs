//! What a server is and can do: `kmip query` and `kmip versions`.

use std::process::ExitCode;

use clap::Args;
use kmip::{
    client::Error,
    ttlv::{Item, Tag},
    types::{QueryFunction, QueryResponse},
};
use serde_json::{Map, Value, json};

use super::{connect::Connection, failure::Result, output::Output, show, values};

/// Asks the server what it can do.
#[derive(Args, Debug)]
pub(crate) struct Query {
    /// What to ask for, such as Operations, Objects, Profiles; with commas between them, or repeated.
    #[arg(long, value_delimiter = ',', value_parser = values::query_function(),
          default_value = "Operations,Objects,ServerInformation,ApplicationNamespaces")]
    function: Vec<QueryFunction>,
}

/// Asks the server for the protocol versions that it speaks, the preferred one first.
#[derive(Args, Debug)]
pub(crate) struct Versions {}

impl Query {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let mut client = connection.open()?;
        let response = client.query(&self.function)?;
        let items = items(response, client.version())?;
        if output.is_json() {
            let mut document = Map::new();
            for item in items {
                let entry = document.entry(item.tag.to_string()).or_insert_with(|| json!([]));
                if let Value::Array(several) = entry {
                    several.push(show::json(&item.value, item.tag));
                }
            }
            output.json(&document.into())?;
            return Ok(ExitCode::SUCCESS);
        }
        // The values of one kind in one row.
        let mut rows: Vec<(Tag, Vec<String>)> = Vec::new();
        for item in &items {
            let text = show::text(&item.value, item.tag);
            match rows.last_mut().filter(|(tag, _)| *tag == item.tag) {
                Some((_, texts)) => texts.push(text),
                None => rows.push((item.tag, vec![text])),
            }
        }
        let rows = rows.into_iter().map(|(tag, texts)| vec![tag.to_string(), texts.join(", ")]);
        output.rows(&["What", "The server's answer"], rows.collect())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The fields of a payload, generically.
fn items(response: QueryResponse, version: kmip::ttlv::Version) -> Result<Vec<Item>> {
    use kmip::ttlv::{self, Bytes, Mode};
    let read = || -> ttlv::Result<Item> {
        let bytes = Bytes::from(ttlv::encode(&response, Tag::ResponsePayload, version)?);
        ttlv::decode(&bytes, Tag::ResponsePayload, version, Mode::Lenient)
    };
    Ok(match read().map_err(Error::Decode)?.value {
        ttlv::Value::Structure(items) => items,
        _ => Vec::new(),
    })
}

impl Versions {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let versions = connection.open_as_is(0)?.versions()?;
        if output.is_json() {
            let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
            output.json(&json!({ "versions": versions }))?;
            return Ok(ExitCode::SUCCESS);
        }
        for version in versions {
            output.line(version)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
