//! Signatures, codes and digests: `kmip sign`, `signature-verify`, `mac`, `mac-verify`, `hash`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use kmip::{
    client::calls::Input,
    ttlv::{Bytes, Secret},
    types::{HashingAlgorithm, ValidityIndicator},
};
use serde_json::json;

use super::{
    cipher::refuse_terminal,
    connect::Connection,
    failure::Result,
    files,
    output::Output,
    parameters::Parameters,
    values::{self, hex},
};

/// Signs a file with a private key of the server's.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip sign --id ID --algorithm RSA --hash SHA-256 --padding PSS -i file -o file.sig
  openssl dgst -sha256 -binary file | kmip sign --id ID --digested --hash SHA-256 --hex")]
pub(crate) struct Sign {
    /// The private key's identifier.
    #[arg(long)]
    id: String,

    #[command(flatten)]
    parameters: Parameters,

    /// What is read is the digest of the data already. Since KMIP 1.4.
    #[arg(long)]
    digested: bool,

    #[command(flatten)]
    files: Files,
}

/// Verifies a signature with a public key of the server's; the exit status is 0 if it is valid, and else 1.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  kmip signature-verify --id ID --algorithm RSA --hash SHA-256 --padding PSS -i file --signature @file.sig")]
pub(crate) struct SignatureVerify {
    /// The public key's identifier.
    #[arg(long)]
    id: String,

    #[command(flatten)]
    parameters: Parameters,

    /// The signature, in hexadecimal, or @FILE.
    #[arg(long, value_name = "HEX", value_parser = values::hex_or_file)]
    signature: Bytes,

    /// What is read is the digest of the data already. Since KMIP 1.4.
    #[arg(long)]
    digested: bool,

    /// The file to read; `-` is standard input.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    input: PathBuf,
}

/// Makes the message authentication code of a file with a key of the server's.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip mac --id ID --algorithm HMAC-SHA256 -i file --hex
  kmip mac --id ID --algorithm AES --mode CMAC -i file -o file.mac")]
pub(crate) struct Mac {
    /// The key's identifier.
    #[arg(long)]
    id: String,

    #[command(flatten)]
    parameters: Parameters,

    #[command(flatten)]
    files: Files,
}

/// Verifies a message authentication code; the exit status is 0 if it is valid, and else 1.
#[derive(Args, Debug)]
pub(crate) struct MacVerify {
    /// The key's identifier.
    #[arg(long)]
    id: String,

    #[command(flatten)]
    parameters: Parameters,

    /// The code, in hexadecimal, or @FILE.
    #[arg(long, value_name = "HEX", value_parser = values::hex_or_file)]
    mac: Bytes,

    /// The file to read; `-` is standard input.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    input: PathBuf,
}

/// Has the server make the digest of a file.
#[derive(Args, Debug)]
pub(crate) struct Hash {
    /// The hash.
    #[arg(long, default_value = "SHA-256", value_parser = values::hash())]
    hash: HashingAlgorithm,

    #[command(flatten)]
    files: Files,
}

/// What is read, and where what comes out goes.
#[derive(Args, Debug)]
struct Files {
    /// The file to read; `-` is standard input.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    input: PathBuf,

    /// The file to write; `-` is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,

    /// Print it in hexadecimal.
    #[arg(long, conflicts_with = "output")]
    hex: bool,
}

impl Files {
    fn read(&self, output: &Output) -> Result<Secret> {
        if !self.hex && !output.is_json() {
            refuse_terminal(&self.output, output)?;
        }
        Ok(Secret::from(files::read(&self.input)?))
    }

    /// Gives what came out, under its name.
    fn write(&self, name: &str, bytes: &[u8], output: &Output) -> Result<ExitCode> {
        if output.is_json() {
            output.json(&json!({ name: hex(bytes) }))?;
        } else if self.hex {
            output.line(hex(bytes))?;
        } else {
            files::write(&self.output, bytes, output)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn input(data: Secret, digested: bool) -> Input {
    if digested { Input::Digest(data.expose_shared().clone()) } else { Input::Data(data) }
}

/// Tells a verdict, as text and as exit status.
pub(crate) fn verdict(verdict: ValidityIndicator, output: &Output) -> Result<ExitCode> {
    let is_valid = verdict == ValidityIndicator::Valid;
    if output.is_json() {
        output.json(&json!({ "valid": is_valid, "verdict": verdict.to_string() }))?;
    } else {
        output.line(verdict)?;
    }
    Ok(if is_valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Sign {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let data = self.files.read(output)?;
        let mut client = connection.open_for(data.len())?;
        let signature = client.sign(&self.id, self.parameters.get(), input(data, self.digested))?;
        self.files.write("signature", &signature, output)
    }
}

impl SignatureVerify {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let data = Secret::from(files::read(&self.input)?);
        let mut client = connection.open_for(data.len())?;
        let (parameters, data) = (self.parameters.get(), input(data, self.digested));
        verdict(client.signature_verify(&self.id, parameters, data, self.signature)?, output)
    }
}

impl Mac {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let data = self.files.read(output)?;
        let mac = connection.open_for(data.len())?.mac(&self.id, self.parameters.get(), data)?;
        self.files.write("mac", &mac, output)
    }
}

impl MacVerify {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let data = Secret::from(files::read(&self.input)?);
        let mut client = connection.open_for(data.len())?;
        verdict(client.mac_verify(&self.id, self.parameters.get(), data, self.mac)?, output)
    }
}

impl Hash {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let data = self.files.read(output)?;
        let digest = connection.open_for(data.len())?.hash(self.hash, data)?;
        self.files.write("digest", &digest, output)
    }
}
