//! Keys in parts: `kmip create-split-key` and `kmip join-split-key`.

use std::process::ExitCode;

use clap::Args;
use kmip::{
    client::calls::Split,
    ttlv::{BigInteger, Bytes},
    types::{
        AttributeValue, CryptographicAlgorithm, CryptographicUsageMask, ObjectType, SecretDataType,
        SplitKeyMethod,
    },
};
use serde_json::json;

use super::{
    connect::Connection,
    failure::Result,
    lifecycle::{Wanted, made},
    output::{Output, printable},
    values,
};

/// Has the server make a key in parts, or split one that is there; prints the identifiers of the parts.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip create-split-key --parts 5 --threshold 3                   a new AES-256 key; three of the parts make it again
  kmip create-split-key ID --parts 2 --threshold 2 --method XOR   the key that is there")]
pub(crate) struct CreateSplitKey {
    /// The identifier of the key to split [default: a new one].
    id: Option<String>,

    /// How many parts there are.
    #[arg(long, value_name = "N")]
    parts: i32,

    /// How many of them make the key again.
    #[arg(long, value_name = "N")]
    threshold: i32,

    /// How: XOR, PolynomialSharingGF_2_16, PolynomialSharingPrimeField or PolynomialSharingGF_2_8.
    #[arg(long, default_value = "PolynomialSharingGF_2_8", value_parser = values::split_key_method())]
    method: SplitKeyMethod,

    /// The prime, in hexadecimal, for PolynomialSharingPrimeField.
    #[arg(long, value_name = "HEX", value_parser = values::bytes)]
    prime: Option<Bytes>,

    /// The algorithm that the key is for.
    #[arg(long, default_value = "AES", value_parser = values::algorithm())]
    algorithm: CryptographicAlgorithm,

    /// The key's length in bits.
    #[arg(long, value_name = "BITS", default_value_t = 256)]
    length: i32,

    #[command(flatten)]
    attributes: Wanted,
}

/// Has the server make a key out of parts; prints its identifier.
#[derive(Args, Debug)]
pub(crate) struct JoinSplitKey {
    /// The identifiers of the parts.
    #[arg(required = true, value_name = "ID")]
    parts: Vec<String>,

    /// What comes out: SymmetricKey, PrivateKey, SecretData or OpaqueObject.
    #[arg(long = "type", value_name = "TYPE", default_value = "SymmetricKey", value_parser = values::object_type())]
    object_type: ObjectType,

    /// What kind of secret data it is: Password or Seed.
    #[arg(long, value_name = "TYPE", value_parser = values::secret_data_type())]
    secret_type: Option<SecretDataType>,

    #[command(flatten)]
    attributes: Wanted,

    /// Make it ready for use.
    #[arg(long)]
    activate: bool,
}

impl CreateSplitKey {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let usage = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
        let mut attributes = self.attributes.set(Some(usage));
        if self.id.is_none() {
            attributes.set(AttributeValue::CryptographicAlgorithm(self.algorithm));
            attributes.set(AttributeValue::CryptographicLength(self.length));
        }
        let prime = self.prime.map(|prime| {
            // A prime is positive, whatever its first bit is.
            BigInteger::from_signed_bytes([&[0], &*prime].concat())
        });
        let split = Split {
            parts: self.parts,
            threshold: self.threshold,
            method: self.method,
            prime_field_size: prime,
        };
        let ids = connection.open()?.create_split_key(
            ObjectType::SplitKey,
            self.id.as_deref(),
            split,
            attributes,
        )?;
        if output.is_json() {
            let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
            output.json(&json!({ "ids": ids }))?;
        } else {
            for id in ids {
                output.line(printable(id.to_string()))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl JoinSplitKey {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let mut client = connection.open()?;
        let attributes = self.attributes.set(None);
        let id = client.join_split_key(self.object_type, &self.parts, self.secret_type, attributes)?;
        made(&mut client, &id, self.activate, output)
    }
}
