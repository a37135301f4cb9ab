//! Objects in and out: `kmip register` and `kmip get`.

use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use clap::{ArgGroup, Args};
use kmip::{
    client::{
        calls::{Form, Split},
        objects::Object,
    },
    ttlv::{Bytes, Secret},
    types::{
        BlockCipherMode, CryptographicAlgorithm, CryptographicParameters, EncodingOption,
        EncryptionKeyInformation, KeyCompressionType, KeyFormatType, KeyWrapType, KeyWrappingData,
        ObjectType, SecretDataType, SplitKeyMethod, UniqueIdentifier, WrappingMethod,
    },
};
use serde_json::json;
use zeroize::Zeroizing;

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

    /// What it is: SymmetricKey, SecretData, OpaqueObject, Certificate, PublicKey, PrivateKey, SplitKey or PGPKey.
    #[arg(long = "type", value_name = "TYPE", value_parser = values::object_type())]
    object_type: Option<ObjectType>,

    /// A key's algorithm [default: AES for a symmetric key, else found out].
    #[arg(long, value_parser = values::algorithm())]
    algorithm: Option<CryptographicAlgorithm>,

    /// A key's length in bits [default: found out].
    #[arg(long, value_name = "BITS")]
    length: Option<i32>,

    /// A key's format, such as Raw or PKCS_8 [default: found out].
    #[arg(long, value_parser = values::key_format())]
    format: Option<KeyFormatType>,

    /// What kind of secret data it is: Password or Seed.
    #[arg(long, value_name = "TYPE", default_value = "Password", value_parser = values::secret_data_type())]
    secret_type: SecretDataType,

    #[command(flatten)]
    part: Part,

    /// The identifier of the key that the bytes of this key are wrapped with. Since KMIP 1.1.
    #[arg(long, value_name = "ID")]
    wrapped_with: Option<String>,

    /// How it is wrapped.
    #[arg(long, value_name = "MODE", default_value = "NISTKeyWrap", requires = "wrapped_with",
          value_parser = values::mode())]
    wrap_mode: BlockCipherMode,

    #[command(flatten)]
    attributes: Wanted,

    /// Make the object ready for use.
    #[arg(long)]
    activate: bool,
}

/// Which part of a split key it is.
#[derive(Args, Debug)]
struct Part {
    /// The number of this part of a split key, from 1.
    #[arg(long, value_name = "N", requires_all = ["parts", "threshold"])]
    part: Option<i32>,

    /// How many parts there are.
    #[arg(long, value_name = "N", requires = "part")]
    parts: Option<i32>,

    /// How many of them make the key again.
    #[arg(long, value_name = "N", requires = "part")]
    threshold: Option<i32>,

    /// How it was split.
    #[arg(long, value_name = "METHOD", default_value = "XOR", requires = "part",
          value_parser = values::split_key_method())]
    split_method: SplitKeyMethod,
}

impl Part {
    fn get(&self) -> Option<(i32, Split)> {
        let (parts, threshold) = self.parts.zip(self.threshold)?;
        let split = Split { parts, threshold, method: self.split_method, prime_field_size: None };
        self.part.map(|number| (number, split))
    }
}

/// How a key is wrapped that is registered so: its bytes alone, with another key.
fn wrapping(with: &str, mode: BlockCipherMode) -> KeyWrappingData {
    let parameters =
        CryptographicParameters { block_cipher_mode: Some(mode), ..CryptographicParameters::new() };
    let key = EncryptionKeyInformation {
        cryptographic_parameters: Some(parameters),
        ..EncryptionKeyInformation::new(UniqueIdentifier::TextString(with.into()))
    };
    KeyWrappingData {
        encryption_key_information: Some(key),
        encoding_option: Some(EncodingOption::NoEncoding),
        ..KeyWrappingData::new(WrappingMethod::Encrypt)
    }
}

/// Gets an object: tells what it is, and gives its value where --output, --hex or --raw asks for that.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("value").multiple(false), after_help = "\
Examples:
  kmip get ID                          what it is; not its value
  kmip get ID --output key.bin         the value, to a file that only you may read
  kmip get ID --hex                    the value in hexadecimal
  kmip get ID --raw | xxd              the value as it is
  kmip get ID --pem > web.crt          a certificate, as other programs read it
  kmip get ID --wrap-with KEY --output key.wrapped")]
pub(crate) struct Get {
    /// The object's identifier.
    id: String,

    /// The format that a key is wanted in, such as Raw or PKCS_8 [default: as the server keeps it].
    #[arg(long, value_parser = values::key_format())]
    format: Option<KeyFormatType>,

    /// Whether the point of a public key on a curve is compressed, such as ECPublicKeyTypeUncompressed.
    #[arg(long, value_name = "TYPE", value_parser = values::compression())]
    compression: Option<KeyCompressionType>,

    /// The identifier of the key that the object is to be wrapped with.
    #[arg(long, value_name = "ID")]
    wrap_with: Option<String>,

    /// How it is to be wrapped.
    #[arg(long, value_name = "MODE", default_value = "NISTKeyWrap", requires = "wrap_with",
          value_parser = values::mode())]
    wrap_mode: BlockCipherMode,

    /// Wrap the bytes of the key alone, instead of its whole Key Value. Since KMIP 1.1.
    #[arg(long, requires = "wrap_with")]
    no_encoding: bool,

    /// Whether a key that was registered wrapped is wanted so: AsRegistered, or NotWrapped. Since KMIP 1.4.
    #[arg(long, value_name = "TYPE", value_parser = values::wrap_type())]
    wrap_type: Option<KeyWrapType>,

    /// Write the value to this file, which only you may read.
    #[arg(short, long, value_name = "FILE", group = "value")]
    output: Option<PathBuf>,

    /// Print the value in hexadecimal.
    #[arg(long, group = "value")]
    hex: bool,

    /// Print the value as it is.
    #[arg(long, group = "value")]
    raw: bool,

    /// Give the value as PEM: a certificate, or a key in PKCS_1, PKCS_8, X_509 or ECPrivateKey.
    #[arg(long, conflicts_with_all = ["hex", "raw"])]
    pem: bool,
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
            part: self.part.get(),
            wrapping: self.wrapped_with.as_deref().map(|with| wrapping(with, self.wrap_mode)),
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
        let found = connection.open()?.get_as(&self.id, self.form())?;
        let asked = self.output.is_some() || self.hex || self.raw || self.pem;
        let value = if asked { Some(value_of(&found)?) } else { None };
        let pem = value.filter(|_| self.pem).map(|value| pem(&found, value)).transpose()?;
        let value = pem.as_ref().map(|pem| pem.as_bytes()).or(value);
        if let (Some(path), Some(value)) = (&self.output, value) {
            files::write_private(path, value, output)?;
        }
        if output.is_json() {
            let value = value.filter(|_| self.hex || self.raw).map(hex);
            let document = json!({
                "id": self.id,
                "type": found.object_type().map(|it| it.to_string()),
                "format": found.format().map(|it| it.to_string()),
                "algorithm": found.algorithm().map(|it| it.to_string()),
                "length": found.length(),
                "wrapped": found.wrapping().is_some(),
                "value": value,
            });
            output.json(&document)?;
        } else if let Some(value) = value {
            if self.hex {
                output.line(hex(value))?;
            } else if self.raw || (self.pem && self.output.is_none()) {
                output.bytes(value)?;
            }
        } else {
            output.rows(&["What", "Value"], rows(&found))?;
            output.say("--output FILE, --hex, --pem or --raw give the value itself");
        }
        Ok(ExitCode::SUCCESS)
    }

    fn form(&self) -> Form {
        let wrapped = self.wrap_with.as_deref().map(|with| Form::wrapped(with, self.wrap_mode));
        let mut form = wrapped.unwrap_or_default();
        if let Some(wrapping) = &mut form.wrapping {
            wrapping.encoding_option = self.no_encoding.then_some(EncodingOption::NoEncoding);
        }
        Form { format: self.format, wrap_type: self.wrap_type, compression: self.compression, ..form }
    }
}

fn value_of(object: &Object) -> Result<&[u8]> {
    object.bytes().ok_or_else(|| {
        let message = "the server keeps this object in a format that is no string of bytes";
        Failure::new(Status::Refused, message).hint("--format Raw, PKCS_1 or PKCS_8 asks for another")
    })
}

/// RFC 7468.
fn pem(object: &Object, value: &[u8]) -> Result<Zeroizing<String>> {
    let label = match (object.object_type(), object.format()) {
        (Some(ObjectType::Certificate), _) => "CERTIFICATE",
        (Some(ObjectType::PublicKey), Some(KeyFormatType::X_509)) => "PUBLIC KEY",
        (Some(ObjectType::PublicKey), Some(KeyFormatType::PKCS_1)) => "RSA PUBLIC KEY",
        (Some(ObjectType::PrivateKey), Some(KeyFormatType::PKCS_8)) => "PRIVATE KEY",
        (Some(ObjectType::PrivateKey), Some(KeyFormatType::PKCS_1)) => "RSA PRIVATE KEY",
        (Some(ObjectType::PrivateKey), Some(KeyFormatType::ECPrivateKey)) => "EC PRIVATE KEY",
        _ => {
            let failure = Failure::new(Status::Refused, "the object has no form as PEM");
            return Err(
                failure.hint("certificates have one, and keys in some formats: --format PKCS_8 or X_509")
            );
        }
    };
    let mut text = Zeroizing::new(String::with_capacity(value.len() * 2 + 128));
    let _ = writeln!(text, "-----BEGIN {label}-----");
    // 64 characters a line.
    for line in value.chunks(48) {
        let line = Zeroizing::new(openssl::base64::encode_block(line));
        let _ = writeln!(text, "{}", *line);
    }
    let _ = writeln!(text, "-----END {label}-----");
    Ok(text)
}

fn rows(object: &Object) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row =
        |name: &str, value: Option<String>| rows.extend(value.map(|value| vec![name.to_owned(), value]));
    row("Object Type", object.object_type().map(|it| it.to_string()));
    row("Key Format Type", object.format().map(|it| it.to_string()));
    row("Cryptographic Algorithm", object.algorithm().map(|it| it.to_string()));
    row("Cryptographic Length", object.length().map(|it| it.to_string()));
    row("Wrapped", object.wrapping().map(|_| "yes".to_owned()));
    row("Size", object.bytes().map(|value| format!("{} bytes", value.len())));
    rows
}
