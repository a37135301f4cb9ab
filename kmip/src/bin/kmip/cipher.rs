//! `kmip encrypt` and `kmip decrypt`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use kmip::{
    client::{Ciphertext, blocking::Client},
    ttlv::{Bytes, Secret, Version},
    types::{
        BlockCipherMode, CryptographicAlgorithm, CryptographicParameters, DecryptRequest, EncryptRequest,
        EncryptResponse, PaddingMethod, UniqueIdentifier,
    },
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    connect::Connection,
    envelope::Envelope,
    failure::{Failure, Result, Status},
    files,
    output::Output,
    values::{self, hex},
};

/// Encrypts a file with a key of the server's.
///
/// What is written holds all that `kmip decrypt` needs but the key: it is the payload of a KMIP Decrypt request.
/// `--detached` writes the bare ciphertext instead.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip encrypt --id ID -i plain -o sealed && kmip decrypt -i sealed -o plain
  tar c folder | kmip encrypt --id ID > folder.sealed
  kmip encrypt --id ID --mode CBC --detached -i plain -o bare --iv-output iv")]
pub(crate) struct Encrypt {
    /// The key's identifier.
    #[arg(long)]
    id: String,

    #[command(flatten)]
    how: How,

    #[command(flatten)]
    files: Files,

    /// Write the bare ciphertext; the IV and the tag go where --iv-output and --tag-output say, or are printed.
    #[arg(long)]
    detached: bool,

    /// The file that the IV is written to.
    #[arg(long, value_name = "FILE", requires = "detached")]
    iv_output: Option<PathBuf>,

    /// The file that the authentication tag is written to.
    #[arg(long, value_name = "FILE", requires = "detached")]
    tag_output: Option<PathBuf>,
}

/// Decrypts a file with a key of the server's.
///
/// A file that `kmip encrypt` wrote needs no further words, unless it was made with --aad. For bare ciphertext say
/// --id, --mode, --iv and --tag.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kmip decrypt -i sealed -o plain
  kmip decrypt --id ID --mode CBC --iv 000102030405060708090a0b0c0d0e0f -i bare -o plain")]
pub(crate) struct Decrypt {
    /// The key's identifier [default: as the file says].
    #[arg(long)]
    id: Option<String>,

    #[command(flatten)]
    how: How,

    #[command(flatten)]
    files: Files,

    /// The authentication tag, in hexadecimal, or @FILE.
    #[arg(long, value_name = "HEX", value_parser = values::hex_or_file)]
    tag: Option<Bytes>,
}

#[derive(Args, Debug)]
struct How {
    /// The mode: GCM, CBC, CTR, ECB or another that the server has [default: GCM; before KMIP 1.4 CBC].
    #[arg(long, value_parser = values::mode())]
    mode: Option<BlockCipherMode>,

    /// The padding [default: PKCS5 for CBC and ECB, else none].
    #[arg(long, value_parser = values::padding())]
    padding: Option<PaddingMethod>,

    /// The key's algorithm.
    #[arg(long, default_value = "AES", value_parser = values::algorithm())]
    algorithm: CryptographicAlgorithm,

    /// The IV, counter or nonce, in hexadecimal, or @FILE [default for encryption: the server makes one].
    #[arg(long, value_name = "HEX", value_parser = values::hex_or_file)]
    iv: Option<Bytes>,

    /// Additional data that is authenticated along with the file, but not in it: text, or @FILE.
    #[arg(long, value_name = "TEXT", value_parser = values::text_or_file)]
    aad: Option<Bytes>,
}

#[derive(Args, Debug)]
struct Files {
    /// Send the data in parts of so many bytes, where the server takes no more at once. Since KMIP 1.3.
    #[arg(long, value_name = "BYTES")]
    part_size: Option<usize>,

    /// The file to read; `-` is standard input.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    input: PathBuf,

    /// The file to write; `-` is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

impl Encrypt {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        refuse_terminal(&self.files.output, output)?;
        let data = Secret::from(files::read(&self.files.input)?);
        let mut client = connection.open_for(data.len())?;
        let mode = self.how.mode(client.version())?;
        let random = self.how.iv.is_none() && mode != BlockCipherMode::ECB;
        let parameters =
            CryptographicParameters { random_iv: random.then_some(true), ..self.how.parameters(mode) };
        let mut ciphertext = match self.files.part_size {
            Some(size) => self.in_parts(&mut client, parameters, &data, size)?,
            None => client.encrypt(&self.id, parameters, data, self.how.iv.clone(), self.how.aad.clone())?,
        };
        ciphertext.iv = ciphertext.iv.or_else(|| self.how.iv.clone());
        if random && ciphertext.iv.is_none() {
            output.warn("the server told no IV; what was written may not be decryptable");
        }
        let (iv, tag) = (ciphertext.iv.clone(), ciphertext.tag.clone());
        if self.detached {
            files::write(&self.files.output, &ciphertext.data, output)?;
            beside("IV", iv.as_deref(), self.iv_output.as_deref(), output)?;
            beside("tag", tag.as_deref(), self.tag_output.as_deref(), output)?;
        } else {
            let parameters = self.how.parameters(mode);
            let envelope = Envelope { id: self.id.clone(), parameters, ciphertext };
            let file = envelope.write().map_err(|error| Failure::new(Status::File, error))?;
            files::write(&self.files.output, &file, output)?;
        }
        if output.is_json() && self.files.output != Path::new("-") {
            let hex = |bytes: Option<Bytes>| bytes.map(|bytes| hex(&bytes));
            output
                .json(&json!({ "id": self.id, "mode": mode.to_string(), "iv": hex(iv), "tag": hex(tag) }))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Encrypt {
    fn in_parts(
        &self,
        client: &mut Client,
        parameters: CryptographicParameters,
        data: &Secret,
        size: usize,
    ) -> Result<Ciphertext> {
        let request = EncryptRequest {
            unique_identifier: Some(UniqueIdentifier::TextString(self.id.as_str().into())),
            cryptographic_parameters: Some(parameters),
            iv_counter_nonce: self.how.iv.clone(),
            authenticated_encryption_additional_data: self.how.aad.clone(),
            ..EncryptRequest::new()
        };
        let mut out = Vec::new();
        let ends = client.send_parts(request, size, data.expose(), &mut out)?;
        let iv = ends.first.and_then(|first| first.iv_counter_nonce).or(ends.last.iv_counter_nonce);
        Ok(Ciphertext { data: out.into(), iv, tag: ends.last.authenticated_encryption_tag })
    }
}

/// A part of the ciphertext that stands beside it: in a file of its own, or printed.
fn beside(name: &str, part: Option<&[u8]>, path: Option<&Path>, output: &Output) -> Result<()> {
    match (part, path) {
        (Some(part), Some(path)) => files::write(path, part, output),
        (Some(part), None) if !output.is_json() => {
            output.warn(format_args!("{name}: {}", hex(part)));
            Ok(())
        }
        (None, Some(_)) => Err(Failure::new(Status::BadAnswer, format_args!("the server gave no {name}"))),
        _ => Ok(()),
    }
}

impl Decrypt {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let file = Secret::from(files::read(&self.files.input)?);
        let mut client = connection.open_for(file.len())?;
        let envelope = self.envelope(&file, client.version())?;
        let additional = self.how.aad.clone();
        let plain = match self.files.part_size {
            Some(size) => in_parts(&mut client, &envelope, additional, size)?,
            None => client.decrypt(&*envelope.id, envelope.parameters, envelope.ciphertext, additional)?,
        };
        files::write_private(&self.files.output, plain.expose(), output)?;
        if output.is_json() && self.files.output != Path::new("-") {
            output.json(&json!({ "id": envelope.id, "size": plain.len() }))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn envelope(&self, file: &Secret, version: Version) -> Result<Envelope> {
        let bare = self.how.iv.is_some() || self.tag.is_some() || self.how.mode.is_some();
        if Envelope::is_one(file.expose()) && !bare {
            let envelope = Envelope::read(file.expose_shared());
            let envelope =
                envelope.map_err(|error| Failure::new(Status::File, format_args!("damaged: {error}")))?;
            let mut envelope = envelope
                .ok_or_else(|| Failure::new(Status::File, "this is not what `kmip encrypt` writes"))?;
            if let Some(id) = &self.id {
                envelope.id.clone_from(id);
            }
            return Ok(envelope);
        }
        let Some(id) = self.id.clone() else {
            return Err(Failure::usage("this is no file that `kmip encrypt` wrote")
                .hint("for bare ciphertext, say --id, --mode, --iv and, for GCM, --tag"));
        };
        let parameters = self.how.parameters(self.how.mode(version)?);
        let ciphertext =
            Ciphertext { data: file.expose_shared().clone(), iv: self.how.iv.clone(), tag: self.tag.clone() };
        Ok(Envelope { id, parameters, ciphertext })
    }
}

fn in_parts(
    client: &mut Client,
    envelope: &Envelope,
    additional: Option<Bytes>,
    size: usize,
) -> Result<Secret> {
    let request = DecryptRequest {
        unique_identifier: Some(UniqueIdentifier::TextString(envelope.id.as_str().into())),
        cryptographic_parameters: Some(envelope.parameters.clone()),
        iv_counter_nonce: envelope.ciphertext.iv.clone(),
        authenticated_encryption_additional_data: additional,
        authenticated_encryption_tag: envelope.ciphertext.tag.clone(),
        ..DecryptRequest::new()
    };
    // All that there will be fits, so that no part of it is left behind by growing.
    let mut out = Zeroizing::new(Vec::with_capacity(envelope.ciphertext.data.len() + 64));
    client.send_parts(request, size, &*envelope.ciphertext.data, &mut *out)?;
    Ok(Secret::from(out))
}

impl How {
    fn mode(&self, version: Version) -> Result<BlockCipherMode> {
        let has_tag = EncryptResponse::has_authenticated_encryption_tag(version);
        match self.mode {
            Some(BlockCipherMode::GCM) if !has_tag => {
                Err(Failure::usage(format_args!("KMIP {version} has no field for the tag of GCM"))
                    .hint("--kmip 1.4 or 2.0 has, if the server speaks it; or take --mode CBC"))
            }
            Some(mode) => Ok(mode),
            None if has_tag => Ok(BlockCipherMode::GCM),
            None => Ok(BlockCipherMode::CBC),
        }
    }

    fn parameters(&self, mode: BlockCipherMode) -> CryptographicParameters {
        let pads = mode == BlockCipherMode::CBC || mode == BlockCipherMode::ECB;
        CryptographicParameters {
            block_cipher_mode: Some(mode),
            padding_method: self.padding.or(pads.then_some(PaddingMethod::PKCS5)),
            cryptographic_algorithm: Some(self.algorithm),
            tag_length: (mode == BlockCipherMode::GCM).then_some(16),
            ..CryptographicParameters::new()
        }
    }
}

/// Ciphertext is nothing to look at.
pub(crate) fn refuse_terminal(path: &Path, output: &Output) -> Result<()> {
    if path == Path::new("-") && output.is_terminal() {
        return Err(Failure::usage("this would write binary data to the terminal")
            .hint("-o FILE writes it to a file"));
    }
    Ok(())
}
