//! The connection, and what the server says of itself.

use kmip::client::blocking::Client;
use kmip::client::{Address, Error};
use kmip::types::{Operation, QueryFunction, version};

use crate::{Outcome, options, same};

/// A connection with everything said explicitly. Settings are plain fields of [`Options`](kmip::client::Options).
pub(crate) fn connect_once_more(_: &mut Client) -> Outcome {
    let mut options = options()?;
    options.version = version::V1_2;
    options.request_timeout = std::time::Duration::from_secs(30);
    // Several servers are tried in this order.
    options.servers.push(Address::new("127.0.0.1", 5696));
    // A user's name and password would go here; these servers know who asks by the certificate.
    options.credentials = Vec::new();

    let mut client = Client::new(options)?;
    if !matches!(client.query(&[QueryFunction::QueryObjects]), Err(Error::NotOpen)) {
        return Err("a client that is not open did something".into());
    }
    client.open()?;
    if !matches!(client.open(), Err(Error::AlreadyOpen)) {
        return Err("a client was opened twice".into());
    }
    client.close()?;
    Ok(())
}

/// Which versions the server speaks, and then the highest that both do.
pub(crate) fn versions(client: &mut Client) -> Outcome {
    let versions = client.discover_versions(&[])?;
    let highest = client.negotiate()?;
    same(versions.iter().max().copied(), Some(highest))
}

/// What the server can do.
pub(crate) fn query(client: &mut Client) -> Outcome {
    let answer = client.query(&[QueryFunction::QueryOperations, QueryFunction::QueryObjects])?;
    same(answer.operation.contains(&Operation::Get), true)
}
