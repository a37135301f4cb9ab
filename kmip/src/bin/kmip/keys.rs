//! Keys out of nothing, and out of other keys: `kmip create-key-pair`, `rekey`, `rekey-key-pair`, `derive-key`.

use std::process::ExitCode;

use clap::Args;
use kmip::{
    client::{
        blocking::Client,
        calls::{KeyPair, KeyPairAttributes},
    },
    ttlv::{Bytes, Interval},
    types::{
        AttributeSet, AttributeValue, CryptographicAlgorithm, CryptographicDomainParameters,
        CryptographicUsageMask, DerivationMethod, DerivationParameters, ObjectType, RecommendedCurve,
        attribute_set::AttributeInstance,
    },
};
use serde_json::json;

use super::{
    assignment,
    connect::Connection,
    failure::{Failure, Result},
    lifecycle::{Wanted, made, ready},
    output::{Output, printable},
    parameters::Parameters,
    values,
};

/// Has the server make a public and a private key; prints their identifiers, the public key's first.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip create-key-pair --activate                                  RSA-3072, to sign and verify with
  kmip create-key-pair --algorithm EC --curve P_256 --public-name web.pub --private-name web
  kmip create-key-pair --public-usage Encrypt --private-usage Decrypt --length 4096")]
pub(crate) struct CreateKeyPair {
    /// The algorithm that the keys are for: RSA, EC, ECDSA, ECDH, DSA, DH, Ed25519, Ed448.
    #[arg(long, default_value = "RSA", value_parser = values::algorithm())]
    algorithm: CryptographicAlgorithm,

    /// The keys' length in bits [default: 3072 for RSA, DSA and DH; that of the curve for others].
    #[arg(long, value_name = "BITS")]
    length: Option<i32>,

    /// The curve, such as P_256 or CURVE25519.
    #[arg(long, value_parser = values::curve())]
    curve: Option<RecommendedCurve>,

    #[command(flatten)]
    attributes: PairAttributes,

    /// Make both keys ready for use.
    #[arg(long)]
    activate: bool,
}

/// The attributes that the keys of a new pair are to have.
#[derive(Args, Debug)]
struct PairAttributes {
    /// The public key's name.
    #[arg(long, value_name = "NAME")]
    public_name: Option<String>,

    /// The private key's name.
    #[arg(long, value_name = "NAME")]
    private_name: Option<String>,

    /// What the public key may be used for [default for new pairs: Verify].
    #[arg(long, value_name = "USAGE", value_parser = values::usage)]
    public_usage: Option<CryptographicUsageMask>,

    /// What the private key may be used for [default for new pairs: Sign].
    #[arg(long, value_name = "USAGE", value_parser = values::usage)]
    private_usage: Option<CryptographicUsageMask>,

    /// The object group of both.
    #[arg(long)]
    group: Option<String>,

    /// Another attribute of both; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment::assignment)]
    attribute: Vec<AttributeInstance>,

    /// Another attribute of the public key; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment::assignment)]
    public_attribute: Vec<AttributeInstance>,

    /// Another attribute of the private key; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment::assignment)]
    private_attribute: Vec<AttributeInstance>,
}

/// Has the server make a key that takes the place of another; prints its identifier.
#[derive(Args, Debug)]
#[command(after_help = "\
The new key has the old one's name and other attributes; the old key keeps its state and is linked to the new one.

Examples:
  kmip rekey ID --activate                    the new key is ready for use now
  kmip rekey ID --offset 86400                it will be, a day after it was made")]
pub(crate) struct Rekey {
    /// The old key's identifier.
    id: String,

    /// The time between the new key's making and its activation, in seconds.
    #[arg(long, value_name = "SECONDS")]
    offset: Option<u32>,

    #[command(flatten)]
    attributes: Wanted,

    /// Make the key ready for use.
    #[arg(long)]
    activate: bool,
}

/// Has the server make a key pair that takes the place of another; prints the identifiers, the public key's first.
#[derive(Args, Debug)]
pub(crate) struct RekeyKeyPair {
    /// The old private key's identifier.
    id: String,

    /// The time between the new keys' making and their activation, in seconds.
    #[arg(long, value_name = "SECONDS")]
    offset: Option<u32>,

    #[command(flatten)]
    attributes: PairAttributes,

    /// Make both keys ready for use.
    #[arg(long)]
    activate: bool,
}

/// Has the server derive a key or secret data from others; prints its identifier.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip derive-key ID --method PBKDF2 --hash SHA-256 --salt 73616c74 --iterations 600000
  kmip derive-key ID --method HMAC --hash SHA-256 --data 696e666f --length 512 --type SecretData
  kmip derive-key ID --method Encrypt --algorithm AES --mode CBC --padding PKCS5 --iv IV --data @block
  kmip derive-key PRIVATE PUBLIC --method AsymmetricKey                 Diffie-Hellman")]
pub(crate) struct DeriveKey {
    /// The identifiers of what it is derived from.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,

    /// How: PBKDF2, HASH, HMAC, ENCRYPT, NIST800_108_C and others.
    #[arg(long, value_parser = values::derivation_method())]
    method: DerivationMethod,

    /// What it is: SymmetricKey or SecretData.
    #[arg(long = "type", value_name = "TYPE", default_value = "SymmetricKey", value_parser = values::object_type())]
    object_type: ObjectType,

    /// The algorithm that the new key is for.
    #[arg(long, value_name = "ALGORITHM", default_value = "AES", value_parser = values::algorithm())]
    key_algorithm: CryptographicAlgorithm,

    /// Its length in bits.
    #[arg(long, value_name = "BITS", default_value_t = 256)]
    length: i32,

    /// The derivation data, in hexadecimal, or @FILE; may be repeated.
    #[arg(long, value_name = "HEX", value_parser = values::hex_or_file)]
    data: Vec<Bytes>,

    /// The salt, in hexadecimal, or @FILE.
    #[arg(long, value_name = "HEX", value_parser = values::hex_or_file)]
    salt: Option<Bytes>,

    /// The number of iterations.
    #[arg(long, value_name = "N")]
    iterations: Option<i32>,

    /// The initialization vector, in hexadecimal, or @FILE.
    #[arg(long, value_name = "HEX", value_parser = values::hex_or_file)]
    iv: Option<Bytes>,

    #[command(flatten)]
    parameters: Parameters,

    #[command(flatten)]
    attributes: Wanted,

    /// Make it ready for use.
    #[arg(long)]
    activate: bool,
}

impl CreateKeyPair {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let by_bits = [CryptographicAlgorithm::RSA, CryptographicAlgorithm::DSA, CryptographicAlgorithm::DH];
        let length = self.length.or(by_bits.contains(&self.algorithm).then_some(3072));
        let usage = (CryptographicUsageMask::Verify, CryptographicUsageMask::Sign);
        let mut attributes = self.attributes.set(Some(usage));
        attributes.common.extend(self.curve.map(|curve| {
            AttributeValue::CryptographicDomainParameters(CryptographicDomainParameters {
                recommended_curve: Some(curve),
                ..CryptographicDomainParameters::new()
            })
        }));
        let mut client = connection.open()?;
        let pair = client.create_key_pair(self.algorithm, length, attributes)?;
        both(&mut client, &pair, self.activate, output)
    }
}

impl PairAttributes {
    fn set(self, usage: Option<(CryptographicUsageMask, CryptographicUsageMask)>) -> KeyPairAttributes {
        let of =
            |name: Option<String>, usage: Option<CryptographicUsageMask>, more: Vec<AttributeInstance>| {
                let mut set = AttributeSet::new();
                set.extend(name.map(AttributeValue::named));
                set.extend(usage.map(AttributeValue::CryptographicUsageMask));
                set.extend(more);
                set
            };
        let (public, private) = usage.unzip();
        let mut common = AttributeSet::new();
        common.extend(self.group.map(|group| AttributeValue::ObjectGroup(group.into())));
        common.extend(self.attribute);
        KeyPairAttributes {
            common,
            public: of(self.public_name, self.public_usage.or(public), self.public_attribute),
            private: of(self.private_name, self.private_usage.or(private), self.private_attribute),
        }
    }
}

/// Activates a new key pair if that is wanted, and tells of it.
fn both(client: &mut Client, pair: &KeyPair, activate: bool, output: &Output) -> Result<ExitCode> {
    let activated = if activate {
        ready(client, &pair.public).and_then(|()| ready(client, &pair.private))
    } else {
        Ok(())
    };
    if output.is_json() {
        let (public, private) = (pair.public.as_str(), pair.private.as_str());
        output.json(
            &json!({ "public": public, "private": private, "active": activate && activated.is_ok() }),
        )?;
    } else {
        output.line(printable(pair.public.to_string()))?;
        output.line(printable(pair.private.to_string()))?;
    }
    activated.map_err(|error| {
        Failure::from(error).hint("the keys were made nevertheless: they are those printed")
    })?;
    Ok(ExitCode::SUCCESS)
}

fn seconds(offset: Option<u32>) -> Option<Interval> {
    offset.map(Interval)
}

impl Rekey {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let mut client = connection.open()?;
        let id = client.rekey(&self.id, seconds(self.offset), self.attributes.set(None))?;
        made(&mut client, &id, self.activate, output)
    }
}

impl RekeyKeyPair {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let mut client = connection.open()?;
        let pair = client.rekey_key_pair(&self.id, seconds(self.offset), self.attributes.set(None))?;
        both(&mut client, &pair, self.activate, output)
    }
}

impl DeriveKey {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let is_key = self.object_type == ObjectType::SymmetricKey;
        let usage = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
        let mut attributes = self.attributes.set(is_key.then_some(usage));
        attributes.set(AttributeValue::CryptographicLength(self.length));
        if is_key {
            attributes.set(AttributeValue::CryptographicAlgorithm(self.key_algorithm));
        }
        let parameters = DerivationParameters {
            cryptographic_parameters: self.parameters.get(),
            initialization_vector: self.iv,
            derivation_data: self.data,
            salt: self.salt,
            iteration_count: self.iterations,
            ..DerivationParameters::new()
        };
        let mut client = connection.open()?;
        let id = client.derive_key(self.object_type, &self.ids, self.method, parameters, attributes)?;
        made(&mut client, &id, self.activate, output)
    }
}
