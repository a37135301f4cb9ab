//! A cookbook: one short function for everything that a client does, on any KMIP server.
//!
//! ```text
//! cargo run --example cookbook                   all of it
//! cargo run --example cookbook create get        some of it
//! ```
//!
//! It finds the server as the command `kmip` does: `KMIP_SERVER` says where it is, and `KMIP_DIRECTORY` where `ca.crt`,
//! `client.crt` and `client.key` lie; `kmip-server quickstart` makes such a folder. What a recipe makes, it destroys.

#![allow(clippy::print_stdout, reason = "an example says what it does")]

mod attributes;
mod cryptography;
mod derivation;
mod keys;
mod objects;
mod server;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use kmip::client::blocking::Client;
use kmip::client::{Identity, Options, Pem};
use kmip::ttlv::Text;
use kmip::types::{RevocationReason, RevocationReasonCode, State};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// A recipe, and what it is called.
type Recipe = (&'static str, fn(&mut Client) -> Outcome);

const RECIPES: &[Recipe] = &[
    ("connect", server::connect_once_more),
    ("versions", server::versions),
    ("query", server::query),
    ("create", keys::create),
    ("create_key_pair", keys::create_key_pair),
    ("activate", keys::activate),
    ("revoke", keys::revoke),
    ("destroy", keys::destroy),
    ("check", keys::check),
    ("rekey", keys::rekey),
    ("register", objects::register),
    ("get", objects::get),
    ("get_wrapped", objects::get_wrapped),
    ("locate", objects::locate),
    ("get_attributes", attributes::get_all),
    ("get_one_attribute", attributes::get_one),
    ("get_attribute_list", attributes::list),
    ("modify_attribute", attributes::modify),
    ("modify_attribute_2_0", attributes::modify_in_2_0),
    ("set_attribute", attributes::set),
    ("delete_attribute", attributes::delete),
    ("delete_attribute_2_0", attributes::delete_in_2_0),
    ("encrypt", cryptography::encrypt),
    ("decrypt", cryptography::decrypt),
    ("sign", cryptography::sign),
    ("signature_verify", cryptography::signature_verify),
    ("mac", cryptography::mac),
    ("derive_key_pbkdf2", derivation::pbkdf2),
    ("derive_key_encrypt", derivation::encrypt),
    ("derive_key_nist_800_108", derivation::nist_800_108),
    ("derive_key_hmac", derivation::hmac),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let mut code = ExitCode::SUCCESS;
    for (name, recipe) in RECIPES {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        match connect().and_then(|mut client| recipe(&mut client)) {
            Ok(()) => println!("ok {name}"),
            Err(error) => {
                println!("failed {name}: {error}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

/// Where the server is, and who asks.
fn options() -> Outcome<Options> {
    let folder = PathBuf::from(env::var_os("KMIP_DIRECTORY").ok_or("KMIP_DIRECTORY is not set")?);
    let file = |name: &str| Pem::File(folder.join(name));
    let mut options = Options::new(env::var("KMIP_SERVER")?.parse()?);
    options.ca = Some(file("ca.crt"));
    options.identity = Some(Identity::new(file("client.crt"), file("client.key")));
    Ok(options)
}

fn connect() -> Outcome<Client> {
    Ok(Client::connect(options()?)?)
}

/// Takes away what a recipe has made. What is in use is revoked first.
fn remove(client: &mut Client, ids: &[&Text]) -> Outcome {
    for id in ids {
        if keys::state(client, id)? == Some(State::Active) {
            client.revoke(*id, RevocationReason::new(RevocationReasonCode::CessationOfOperation), None)?;
        }
        client.destroy(*id)?;
    }
    Ok(())
}

/// Tells what came out otherwise than it should.
fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("{found:?} instead of {expected:?}").into()) }
}
