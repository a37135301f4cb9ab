//! `kmip-server ca`: the authority of the server's clients.

use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};

use super::{Done, say};
use crate::authority::{Draft, Folder, Form, Issued, Name, NewKey, Request, Status, Terms};
use crate::crypto::certificate::{DNS, EMAIL, IP_ADDRESS, URI, general_name};
use crate::{files, quickstart};

#[derive(Debug, Subcommand)]
pub(super) enum CaCommand {
    /// Makes an authority in a folder, for a server that is not a quickstart: tls.client_ca is its ca.crt, auth.revoked its
    /// ca.crl
    Init {
        #[command(flatten)]
        folder: Place,
        /// What it is called
        #[arg(long, default_value = "KMIP clients")]
        name: String,
    },
    /// Issues a certificate with a new key: NAME.crt and NAME.key
    Issue {
        /// The common name, which is who the client is; or a whole name: CN=alice,O=Example
        name: String,
        #[command(flatten)]
        folder: Place,
        #[command(flatten)]
        terms: TermsOptions,
        /// Another name of the client: email:…, uri:…, dns:… or ip:…; may be repeated
        #[arg(long = "other-name", value_name = "KIND:NAME", value_parser = other_name)]
        other_names: Vec<OtherName>,
        /// A certificate for a server, with its host as another name, rather than for a client
        #[arg(long)]
        server: bool,
    },
    /// Signs a client's certificate request, whose key stays with the client: NAME.crt
    Sign {
        /// The request, as PEM or DER
        request: PathBuf,
        /// The common name that it is to have [default: what the request says]
        #[arg(long)]
        name: Option<String>,
        /// Take over the other names that the request says, too
        #[arg(long)]
        with_other_names: bool,
        #[command(flatten)]
        folder: Place,
        #[command(flatten)]
        terms: TermsOptions,
    },
    /// Issues another certificate for the key of one that ends soon: NAME.crt
    Renew {
        /// The certificate: a file, a serial number, or a common name
        which: String,
        #[command(flatten)]
        folder: Place,
        #[command(flatten)]
        terms: TermsOptions,
    },
    /// Lists the certificates that were issued
    List {
        #[command(flatten)]
        folder: Place,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Revokes a certificate: the server refuses it within a second
    Revoke {
        /// The certificate: a file, a serial number, or a common name
        which: String,
        /// Every certificate with this common name
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        folder: Place,
    },
}

/// Where the authority is.
#[derive(Args, Debug)]
pub(super) struct Place {
    /// The authority's folder, with ca.crt, ca.key and ca.crl [default: that of quickstart]
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl Place {
    fn path(&self) -> Result<PathBuf, quickstart::QuickstartError> {
        self.directory.clone().map_or_else(quickstart::default_directory, Ok)
    }

    fn open(&self) -> Result<Folder, Box<dyn std::error::Error>> {
        let path = self.path()?;
        if !path.join("ca.crt").exists() {
            let path = path.display();
            return Err(format!(
                "there is no authority in {path}: `kmip-server quickstart` makes one, and `kmip-server ca init --directory DIR`"
            )
            .into());
        }
        Ok(Folder::open(&path)?)
    }
}

#[derive(Args, Debug)]
pub(super) struct TermsOptions {
    /// For how many days it is valid
    #[arg(long, default_value_t = DAYS)]
    days: NonZeroU32,
    /// The folder to write to; nothing that is there is overwritten, but what is renewed
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    output: PathBuf,
}

impl TermsOptions {
    fn terms(&self) -> Terms {
        Terms { days: self.days, ..Terms::default() }
    }
}

/// A name of a client beside its subject, as a GeneralName.
#[derive(Clone, Debug)]
pub(super) struct OtherName(Vec<u8>);

fn other_name(text: &str) -> Result<OtherName, String> {
    let (kind, name) = text.split_once(':').ok_or("say which kind it is: email:, uri:, dns: or ip:")?;
    Ok(OtherName(match kind {
        "email" => general_name(EMAIL, name.as_bytes()),
        "uri" => general_name(URI, name.as_bytes()),
        "dns" => general_name(DNS, name.as_bytes()),
        "ip" => match name.parse().map_err(|_| "this is no address")? {
            std::net::IpAddr::V4(address) => general_name(IP_ADDRESS, &address.octets()),
            std::net::IpAddr::V6(address) => general_name(IP_ADDRESS, &address.octets()),
        },
        _ => return Err("the kinds are email:, uri:, dns: and ip:".to_owned()),
    }))
}

impl CaCommand {
    pub(super) fn run(self) -> Done {
        match self {
            Self::Init { folder, name } => {
                let path = folder.path()?;
                Folder::make(&path, &name)?;
                say(&format!("Made ca.crt, ca.key and ca.crl in {}.\n", path.display()));
                Ok(())
            }
            Self::Issue { name, folder, terms, other_names, server } => {
                let folder = folder.open()?;
                let key = NewKey::make()?;
                let subject = if name.contains('=') { Name::from_text(&name)? } else { Name::common(&name)? };
                let others: Vec<Vec<u8>> = other_names.into_iter().map(|name| name.0).collect();
                let draft = Draft::new(subject, &key.public()?)?.for_tls(server)?.alternative_names(&others);
                let stem = stem(&name);
                let (certificate, private) =
                    (terms.output.join(format!("{stem}.crt")), terms.output.join(format!("{stem}.key")));
                refuse_existing(&[&certificate, &private])?;
                let issued = folder.sign(&draft, terms.terms())?;
                write(&private, &key.pem()?, files::PRIVATE)?;
                write(&certificate, &issued.pem()?, files::PUBLIC)?;
                tell(&issued, &[&certificate, &private]);
                Ok(())
            }
            Self::Sign { request, name, with_other_names, folder, terms } => {
                let folder = folder.open()?;
                let text =
                    std::fs::read(&request).map_err(|error| format!("{}: {error}", request.display()))?;
                let form =
                    if text.trim_ascii_start().starts_with(b"-----") { Form::Pem } else { Form::Pkcs10 };
                let read = Request::read(form, &text)?;
                let called = name.clone().or_else(|| read.common_name());
                let called = called.ok_or("the request says no common name; say one: --name NAME")?;
                let mut draft = Draft::of_request(read);
                if let Some(name) = &name {
                    draft = draft.subject(Name::common(name)?);
                }
                if !with_other_names {
                    draft = draft.without_alternative_names();
                }
                let certificate = terms.output.join(format!("{}.crt", stem(&called)));
                refuse_existing(&[&certificate])?;
                let issued = folder.sign(&draft.for_tls(false)?, terms.terms())?;
                write(&certificate, &issued.pem()?, files::PUBLIC)?;
                tell(&issued, &[&certificate]);
                Ok(())
            }
            Self::Renew { which, folder, terms } => {
                let folder = folder.open()?;
                let old = folder.find(&which)?;
                let issued = folder.sign(&old.successor()?, terms.terms())?;
                let stem = stem(issued.common_name.as_deref().unwrap_or(&issued.serial));
                let certificate = terms.output.join(format!("{stem}.crt"));
                write(&certificate, &issued.pem()?, files::PUBLIC)?;
                tell(&issued, &[&certificate]);
                Ok(())
            }
            Self::List { folder, json } => list(&folder.open()?.list()?, json),
            Self::Revoke { which, all, folder } => {
                let folder = folder.open()?;
                let found = if all { folder.find_all(&which)? } else { vec![folder.find(&which)?] };
                folder.revoke(&found)?;
                for issued in found {
                    say(&format!("{} {}: it is revoked\n", issued.serial, issued.subject));
                }
                Ok(())
            }
        }
    }
}

fn list(issued: &[Issued], json: bool) -> Done {
    let status = |status| match status {
        Status::Valid => "valid",
        Status::Expired => "expired",
        Status::Revoked => "revoked",
    };
    if json {
        let entries: Vec<_> = issued
            .iter()
            .map(|one| {
                serde_json::json!({
                    "serial": one.serial, "subject": one.subject, "until": one.until, "status": status(one.status),
                })
            })
            .collect();
        say(&format!("{:#}\n", serde_json::Value::Array(entries)));
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["Serial number", "Subject", "Until", "Status"]);
    for one in issued {
        table.add_row([&one.serial, &one.subject, &one.until, status(one.status)]);
    }
    say(&format!("{table}\n"));
    Ok(())
}

/// A name as a part of a file's.
fn stem(name: &str) -> String {
    let name = name.split(',').next().unwrap_or(name);
    let name = name.split_once('=').map_or(name, |(_, value)| value);
    let kept = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '@');
    let stem: String = name.chars().map(|letter| if kept(letter) { letter } else { '_' }).collect();
    stem.trim_start_matches('.').to_owned()
}

fn refuse_existing(paths: &[&Path]) -> Result<(), String> {
    match paths.iter().find(|path| path.exists()) {
        Some(path) => Err(format!("{} is there already; name another folder with --output", path.display())),
        None => Ok(()),
    }
}

fn write(path: &Path, contents: &[u8], mode: u32) -> Result<(), String> {
    let written: io::Result<()> = files::write(path, contents, mode);
    written.map_err(|error| format!("{}: {error}", path.display()))
}

fn tell(issued: &Issued, files: &[&Path]) {
    let files: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    say(&format!(
        "{} {}, valid until {}: {}\n",
        issued.serial,
        issued.subject,
        issued.until,
        files.join(", ")
    ));
}

/// As long as quickstart's.
const DAYS: NonZeroU32 = match NonZeroU32::new(825) {
    Some(days) => days,
    None => NonZeroU32::MIN,
};
