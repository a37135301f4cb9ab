//! Objects from server to server: `kmip export` and `kmip import`.
//!
//! The file between them is an Import request, so that `kmip decode` shows it and `kmip send` sends it.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use kmip::{
    client::{
        calls::{self, Form},
        objects::Object,
    },
    ttlv::{Bytes, Limits, Mode, Version},
    types::{
        AttributeSet, ImportRequest, KeyFormatType, KeyWrapType, Operation, RequestBatchItem, RequestHeader,
        RequestMessage, RequestPayload, UniqueIdentifier, attribute_set::AttributeInstance,
    },
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    cipher::refuse_terminal,
    connect::Connection,
    failure::{Failure, Result, Status},
    files,
    output::{Output, printable},
    values,
};

/// Gets an object with all its attributes, for `kmip import`. Since KMIP 1.4.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  kmip export ID -o key.kmip && kmip --profile other import key.kmip")]
pub(crate) struct Export {
    /// The object's identifier.
    id: String,

    /// The file to write, which only you may read; `-` is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,

    /// The format that a key is wanted in, such as Raw or PKCS_8 [default: as the server keeps it].
    #[arg(long, value_parser = values::key_format())]
    format: Option<KeyFormatType>,

    /// Whether a key that was registered wrapped is wanted so: AsRegistered, or NotWrapped.
    #[arg(long, value_name = "TYPE", value_parser = values::wrap_type())]
    wrap_type: Option<KeyWrapType>,
}

/// Hands over an object that `kmip export` got, with its identifier and its attributes; prints the identifier.
#[derive(Args, Debug)]
pub(crate) struct Import {
    /// The file that `kmip export` wrote; `-` is standard input.
    file: PathBuf,

    /// Another identifier than the object had.
    #[arg(long)]
    id: Option<String>,

    /// Replace an object that has this identifier already.
    #[arg(long)]
    replace: bool,
}

impl Export {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        refuse_terminal(&self.output, output)?;
        let mut client = connection.open()?;
        let form = Form { format: self.format, wrap_type: self.wrap_type, ..Form::default() };
        let object = client.export(&self.id, form)?;
        let object_type = object.object_type();
        let file = write(&self.id, object, client.version())?;
        files::write_private(&self.output, &file, output)?;
        if output.is_json() && self.output != Path::new("-") {
            let object_type = object_type.map(|object_type| object_type.to_string());
            output.json(&json!({ "id": self.id, "type": object_type }))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn write(id: &str, object: Object, version: Version) -> Result<Zeroizing<Vec<u8>>> {
    let payload = calls::import(id, object, false).payload(version)?;
    let header = RequestHeader::new(version.into(), 1);
    let item = RequestBatchItem::new(Operation::Import, payload);
    let message = RequestMessage { batch_item: vec![item], ..RequestMessage::new(header) };
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 13));
    message.write(&mut bytes).map_err(|error| Failure::new(Status::BadAnswer, error))?;
    Ok(bytes)
}

impl Import {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let file = files::read(&self.file)?;
        let (id, object) = read(Bytes::from_owner(file))?;
        let id = self.id.unwrap_or(id);
        let made = connection.open()?.import(&id, object, self.replace)?;
        if output.is_json() {
            output.json(&json!({ "id": made.as_str() }))?;
        } else {
            output.line(printable(made.to_string()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn read(file: Bytes) -> Result<(String, Object)> {
    let limits = Limits { size: usize::MAX, ..Limits::DEFAULT };
    let message = RequestMessage::read(&file, Mode::Lenient, limits).map_err(|error| {
        Failure::new(Status::File, format_args!("this is not what `kmip export` writes: {error}"))
    })?;
    let item = message.batch_item.into_iter().next();
    let Some(RequestPayload::Import(payload)) = item.map(|item| item.request_payload) else {
        return Err(Failure::new(Status::File, "this is not what `kmip export` writes"));
    };
    let ImportRequest { unique_identifier, attribute, attributes, object, .. } = *payload;
    let UniqueIdentifier::TextString(id) = unique_identifier else {
        return Err(Failure::new(Status::File, "the object's identifier is no text"));
    };
    let attributes = match attributes {
        Some(attributes) => AttributeSet::from_attributes(attributes),
        None => {
            let mut set = AttributeSet::new();
            attribute.into_iter().filter_map(AttributeInstance::from_attribute).for_each(|one| set.push(one));
            set
        }
    };
    Ok((id.to_string(), Object { value: object, attributes }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip::{
        client::objects::SymmetricKey,
        types::{
            CryptographicAlgorithm,
            version::{V1_4, V2_0},
        },
    };

    #[test]
    fn reads_what_it_writes() {
        let key = SymmetricKey::new(CryptographicAlgorithm::AES, vec![7; 16]).named("one");
        let object = Object::from(key.with(AttributeInstance::vendor("x", "Owner", "me")));
        for version in [V1_4, V2_0] {
            let file = write("7", object.clone(), version).expect("a file");
            assert_eq!(read(Bytes::from_owner(file)).expect("an object"), ("7".to_owned(), object.clone()));
        }
        assert!(read(Bytes::from_static(b"something else")).is_err());
    }
}
