//! A client's way to its certificate: `kmip enroll`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use openssl::{
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    x509::{X509NameBuilder, X509Req},
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    failure::{Failure, Result, Status},
    files,
    output::Output,
};

/// Makes a key for this client, and a request for a certificate of it: NAME.key and NAME.csr.
///
/// The key stays here. Whoever runs the server signs the request, after looking who it comes from.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  kmip enroll alice                     here: alice.key and alice.csr
  kmip-server ca sign alice.csr         where the server is: alice.crt
  kmip --ca ca.crt --cert alice.crt --key alice.key --server HOST query")]
pub(crate) struct Enroll {
    /// Who this client is to be: the common name of its certificate.
    name: String,

    /// The folder to write to; nothing in it is overwritten.
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    output: PathBuf,
}

impl Enroll {
    pub(crate) fn run(self, output: &Output) -> Result<ExitCode> {
        if self.name.is_empty() || self.name.starts_with('.') || self.name.contains(['/', '\\', '\0']) {
            return Err(Failure::usage("this is no name that a file could have"));
        }
        let place = |extension: &str| self.output.join(format!("{}.{extension}", self.name));
        let (key_file, request_file) = (place("key"), place("csr"));
        for path in [&key_file, &request_file] {
            if path.exists() {
                return Err(Failure::new(Status::File, format_args!("{} is there already", path.display()))
                    .hint("--output DIR names another folder"));
            }
        }
        let (key, request) = make(&self.name)
            .map_err(|error| Failure::usage(format_args!("this is no name for a certificate: {error}")))?;
        files::write_private(&key_file, &key, output)?;
        files::write(&request_file, &request, output)?;
        self.tell(&key_file, &request_file, output)?;
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self, key: &Path, request: &Path, output: &Output) -> Result<()> {
        if output.is_json() {
            return output.json(&json!({ "key": key, "request": request }));
        }
        output.line(request.display())?;
        output.say(format_args!(
            "`kmip-server ca sign {}.csr`, where the server is, makes the certificate; the key, {}, stays here",
            self.name,
            key.display()
        ));
        Ok(())
    }
}

/// A key and a request, both as PEM.
fn make(name: &str) -> std::result::Result<(Zeroizing<Vec<u8>>, Vec<u8>), ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let key: PKey<Private> = PKey::from_ec_key(EcKey::generate(&group)?)?;
    let mut subject = X509NameBuilder::new()?;
    subject.append_entry_by_nid(Nid::COMMONNAME, name)?;
    let mut request = X509Req::builder()?;
    request.set_subject_name(&subject.build())?;
    request.set_pubkey(&key)?;
    request.sign(&key, MessageDigest::sha256())?;
    Ok((Zeroizing::new(key.private_key_to_pem_pkcs8()?), request.build().to_pem()?))
}
