//! Objects in and out: `kmip register` and `kmip get`.

use std::{path::PathBuf, process::ExitCode};

use clap::{ArgGroup, Args};
use kmip::{
    client::objects::Object,
    ttlv::{Bytes, Secret},
    types::{
        CryptographicAlgorithm, GetRequest, KeyBlock, KeyFormatType, KeyMaterial, KeyValue, ManagedObject,
        ObjectType, SecretDataType, UniqueIdentifier,
    },
};
use serde_json::json;

use super::{
    connect::Connection,
    failure::{Failure, Result, Status},
    files,
    lifecycle::{Wanted, made},
    material::{self, Kind},
    output::Output,
    values::{self, hex},
};

/// Hands an object over to the server; prints its identifier.
///
/// Certificates and keys in PEM are recognized; of anything else say what it is with --type.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip register server.crt --name web                             a certificate
  kmip register server.key --usage Sign                           a private key
  kmip register --type SymmetricKey --hex 00112233445566778899aabbccddeeff
  printf %s \"$password\" | kmip register --type SecretData -      a password, without the line's end")]
pub(crate) struct Register {
    /// The file that holds the object; `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present = "hex", conflicts_with = "hex")]
    file: Option<PathBuf>,

    /// The object in hexadecimal, instead of a file. Other users of the machine may see it.
    #[arg(long, value_parser = values::bytes)]
    hex: Option<Bytes>,

    /// What it is: SymmetricKey, SecretData, OpaqueObject, Certificate, PublicKey or PrivateKey.
    #[arg(long = "type", value_name = "TYPE", value_parser = values::object_type)]
    object_type: Option<ObjectType>,

    /// A key's algorithm [default: AES for a symmetric key, else found out].
    #[arg(long, value_parser = values::algorithm)]
    algorithm: Option<CryptographicAlgorithm>,

    /// A key's length in bits [default: found out].
    #[arg(long, value_name = "BITS")]
    length: Option<i32>,

    /// A key's format, such as Raw or PKCS_8 [default: found out].
    #[arg(long, value_parser = values::key_format)]
    format: Option<KeyFormatType>,

    /// What kind of secret data it is: Password or Seed.
    #[arg(long, value_name = "TYPE", default_value = "Password", value_parser = values::secret_data_type)]
    secret_type: SecretDataType,

    #[command(flatten)]
    attributes: Wanted,

    /// Make the object ready for use.
    #[arg(long)]
    activate: bool,
}

/// Gets an object: tells what it is, and gives its value where --output, --hex or --raw asks for that.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("value").multiple(false), after_help = "\
Examples:
  kmip get ID                          what it is; not its value
  kmip get ID --output key.bin         the value, to a file that only you may read
  kmip get ID --hex                    the value in hexadecimal
  kmip get ID --raw | xxd              the value as it is")]
pub(crate) struct Get {
    /// The object's identifier.
    id: String,

    /// The format that a key is wanted in, such as Raw or PKCS_8 [default: as the server keeps it].
    #[arg(long, value_parser = values::key_format)]
    format: Option<KeyFormatType>,

    /// Write the value to this file, which only you may read.
    #[arg(short, long, value_name = "FILE", group = "value")]
    output: Option<PathBuf>,

    /// Print the value in hexadecimal.
    #[arg(long, group = "value")]
    hex: bool,

    /// Print the value as it is.
    #[arg(long, group = "value")]
    raw: bool,
}

impl Register {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let data = match (&self.hex, &self.file) {
            (Some(hex), _) => Secret::from(hex.to_vec()),
            (None, Some(file)) => Secret::from(files::read(file)?),
            (None, None) => return Err(Failure::usage("say which file")),
        };
        let size = data.len();
        let kind = Kind {
            object_type: self.object_type,
            algorithm: self.algorithm,
            length: self.length,
            format: self.format,
            secret_type: self.secret_type,
        };
        let (object, usage) = material::object(data, &kind)?;
        let attributes = self.attributes.set(usage);
        let mut client = connection.open_for(size)?;
        let id = client.register(Object { value: object, attributes })?;
        made(&mut client, &id, self.activate, output)
    }
}

impl Get {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        if self.raw && output.is_terminal() {
            return Err(Failure::usage("this would write binary data to the terminal")
                .hint("--hex prints it in hexadecimal, --output FILE writes it to a file"));
        }
        let request = GetRequest {
            unique_identifier: Some(UniqueIdentifier::TextString(self.id.as_str().into())),
            key_format_type: self.format,
            ..GetRequest::new()
        };
        let response = connection.open()?.send(request)?;
        let found = Found::new(&response.object);
        let value =
            if self.output.is_some() || self.hex || self.raw { Some(self.value(&found)?) } else { None };
        if let (Some(path), Some(value)) = (&self.output, value) {
            files::write_private(path, value, output)?;
        }
        if output.is_json() {
            let value = value.filter(|_| self.hex || self.raw).map(hex);
            let document = json!({
                "id": self.id,
                "type": response.object_type.to_string(),
                "format": found.block.map(|block| block.key_format_type.to_string()),
                "algorithm": found.block.and_then(|block| block.cryptographic_algorithm).map(|it| it.to_string()),
                "length": found.block.and_then(|block| block.cryptographic_length),
                "wrapped": found.is_wrapped(),
                "value": value,
            });
            output.json(&document)?;
        } else if let Some(value) = value {
            if self.hex {
                output.line(hex(value))?;
            } else if self.raw {
                output.bytes(value)?;
            }
        } else {
            output.rows(&["What", "Value"], found.rows(response.object_type))?;
            output.say("--output FILE, --hex or --raw give the value itself");
        }
        Ok(ExitCode::SUCCESS)
    }

    fn value<'a>(&self, found: &Found<'a>) -> Result<&'a [u8]> {
        found.value.ok_or_else(|| {
            Failure::new(
                Status::Refused,
                "the server keeps this object in a format that is no string of bytes",
            )
            .hint("--format Raw, PKCS_1 or PKCS_8 asks for another")
        })
    }
}

/// What an object turns out to be.
struct Found<'a> {
    block: Option<&'a KeyBlock>,
    value: Option<&'a [u8]>,
}

impl<'a> Found<'a> {
    fn new(object: &'a ManagedObject) -> Self {
        let block = match object {
            ManagedObject::SymmetricKey(key) => &key.key_block,
            ManagedObject::PublicKey(key) => &key.key_block,
            ManagedObject::PrivateKey(key) => &key.key_block,
            ManagedObject::SplitKey(key) => &key.key_block,
            ManagedObject::SecretData(secret) => &secret.key_block,
            ManagedObject::PgpKey(key) => &key.key_block,
            ManagedObject::Certificate(it) => {
                return Self { block: None, value: Some(&it.certificate_value) };
            }
            ManagedObject::CertificateRequest(it) => {
                return Self { block: None, value: Some(&it.certificate_request_value) };
            }
            ManagedObject::OpaqueObject(it) => {
                return Self { block: None, value: Some(it.opaque_data_value.expose()) };
            }
            ManagedObject::Template(_) | ManagedObject::Other(_) => return Self { block: None, value: None },
        };
        let value = match &block.key_value {
            Some(KeyValue::Wrapped(bytes)) => Some(bytes.expose()),
            Some(KeyValue::Plaintext(plain)) => match &plain.key_material {
                KeyMaterial::ByteString(bytes) => Some(bytes.expose()),
                KeyMaterial::TransparentSymmetricKey(key) => Some(key.key.expose()),
                _ => None,
            },
            _ => None,
        };
        Self { block: Some(block), value }
    }

    fn is_wrapped(&self) -> bool {
        self.block.is_some_and(|block| block.key_wrapping_data.is_some())
    }

    fn rows(&self, object_type: ObjectType) -> Vec<Vec<String>> {
        let mut rows = vec![vec!["Object Type".to_owned(), object_type.to_string()]];
        let mut row =
            |name: &str, value: Option<String>| rows.extend(value.map(|value| vec![name.to_owned(), value]));
        if let Some(block) = self.block {
            row("Key Format Type", Some(block.key_format_type.to_string()));
            row("Cryptographic Algorithm", block.cryptographic_algorithm.map(|it| it.to_string()));
            row("Cryptographic Length", block.cryptographic_length.map(|it| it.to_string()));
            row("Wrapped", self.is_wrapped().then(|| "yes".to_owned()));
        }
        row("Size", self.value.map(|value| format!("{} bytes", value.len())));
        rows
    }
}
