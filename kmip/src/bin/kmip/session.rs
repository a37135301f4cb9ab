//! Between the client and the server alone: `kmip login`, `logout`, `delegated-login`, `set-endpoint-role`, `log`, `poll`,
//! `cancel`.

use std::process::ExitCode;

use clap::Args;
use kmip::{
    client::blocking::Client,
    ttlv::{Bytes, Interval, Item, Secret, Tag, Value, Version},
    types::{
        CancellationResult, DelegatedLoginRequest, EndpointRole, Objects, Operation, Operations,
        ResponsePayload, Right, Rights, SetEndpointRoleRequest, Ticket, TicketLeaseTime, TicketType,
        UniqueIdentifier,
    },
};
use serde_json::json;

use super::{
    connect::Connection,
    failure::{Failure, Result, Status},
    output::Output,
    show,
    values::{self, hex},
};

/// Gets a ticket that stands for your credentials; prints it in hexadecimal. Since KMIP 2.0.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  export KMIP_TICKET=$(kmip login --lease 3600)          the commands that follow use it
  kmip locate; kmip logout")]
pub(crate) struct Login {
    /// For how many seconds.
    #[arg(long, value_name = "SECONDS")]
    lease: Option<u32>,

    /// For how many requests.
    #[arg(long, value_name = "N")]
    requests: Option<i32>,
}

/// Makes a ticket invalid: the one that --ticket or KMIP_TICKET names. Since KMIP 2.0.
#[derive(Args, Debug)]
pub(crate) struct Logout {}

/// Gets a ticket that lets somebody else do certain things in your name; prints it in hexadecimal. Since KMIP 2.0.
#[derive(Args, Debug)]
pub(crate) struct DelegatedLogin {
    /// What may be done, such as Get,Encrypt.
    #[arg(long, value_delimiter = ',', value_parser = values::operation(), required = true)]
    operations: Vec<Operation>,

    /// With which objects [default: all].
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    objects: Vec<String>,

    /// For how many seconds.
    #[arg(long, value_name = "SECONDS")]
    lease: Option<u32>,

    /// For how many requests.
    #[arg(long, value_name = "N")]
    requests: Option<i32>,
}

/// Tells the server which end of the connection asks from now on; prints the role that it took. Since KMIP 2.0.
#[derive(Args, Debug)]
pub(crate) struct SetEndpointRole {
    /// Client or Server.
    #[arg(value_parser = values::endpoint_role())]
    role: EndpointRole,
}

/// Writes a line to the server's log. Since KMIP 2.0.
#[derive(Args, Debug)]
pub(crate) struct Log {
    /// The line.
    message: String,
}

/// Asks for the end of an operation that the server put off (with --asynchronous), and prints its answer.
#[derive(Args, Debug)]
pub(crate) struct Poll {
    /// The correlation value that the server gave.
    #[arg(value_name = "HEX", value_parser = values::bytes)]
    correlation: Bytes,
}

/// Stops an operation that the server put off; prints what came of that.
#[derive(Args, Debug)]
pub(crate) struct Cancel {
    /// The correlation value that the server gave.
    #[arg(value_name = "HEX", value_parser = values::bytes)]
    correlation: Bytes,
}

fn lease_time(seconds: Option<u32>) -> Option<TicketLeaseTime> {
    seconds.map(|seconds| TicketLeaseTime::Interval(Interval(seconds)))
}

/// The ticket has to be seen: whoever asked for it needs it.
fn tell(ticket: &Ticket, output: &Output) -> Result<ExitCode> {
    let value = hex(ticket.ticket_value.expose());
    if output.is_json() {
        output.json(&json!({ "ticket": value, "type": ticket.ticket_type.to_string() }))?;
    } else {
        output.line(value)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Login {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        tell(&connection.open()?.login(lease_time(self.lease), self.requests)?, output)
    }
}

impl Logout {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let Some(ticket) = connection.ticket() else {
            return Err(Failure::usage("there is no ticket").hint("--ticket or KMIP_TICKET names it"));
        };
        let ticket = Ticket::new(TicketType::Login, Secret::from_shared(ticket.clone()));
        connection.open()?.logout(ticket)?;
        output.say("the ticket is no longer valid");
        Ok(ExitCode::SUCCESS)
    }
}

impl DelegatedLogin {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let ids = self.objects.iter().map(|id| UniqueIdentifier::TextString(id.as_str().into())).collect();
        let right = Right {
            operations: Some(Operations { operation: self.operations, ..Operations::new() }),
            objects: (!self.objects.is_empty()).then(|| Objects { unique_identifier: ids, ..Objects::new() }),
            ..Right::new()
        };
        let rights = Rights { right: vec![right], ..Rights::new() };
        let request = DelegatedLoginRequest {
            lease_time: lease_time(self.lease),
            request_count: self.requests,
            ..DelegatedLoginRequest::new(rights)
        };
        tell(&connection.open()?.send(request)?.ticket, output)
    }
}

impl SetEndpointRole {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let response = connection.open()?.send(SetEndpointRoleRequest::new(self.role))?;
        if output.is_json() {
            output.json(&json!({ "role": response.endpoint_role.to_string() }))?;
        } else {
            output.line(response.endpoint_role)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Log {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        connection.open()?.log(self.message)?;
        output.say("it is in the log");
        Ok(ExitCode::SUCCESS)
    }
}

impl Poll {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let mut client: Client = connection.open()?;
        let payload = client.poll(self.correlation)?;
        let item = item(&payload, client.version())?;
        if output.is_json() {
            output.json(&show::json(&item.value, item.tag))?;
        } else if let Value::Structure(items) = item.value {
            let rows = items
                .iter()
                .map(|item| vec![item.tag.to_string(), show::text(&item.value, item.tag)])
                .collect();
            output.rows(&["What", "The answer"], rows)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn item(payload: &ResponsePayload, version: Version) -> Result<Item> {
    use kmip::ttlv::{self, Mode};
    let read = || -> ttlv::Result<Item> {
        let bytes = Bytes::from(ttlv::encode(payload, Tag::ResponsePayload, version)?);
        ttlv::decode(&bytes, Tag::ResponsePayload, version, Mode::Lenient)
    };
    read().map_err(|error| Failure::new(Status::BadAnswer, error))
}

impl Cancel {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let result = connection.open()?.cancel(self.correlation)?;
        if output.is_json() {
            output.json(&json!({ "result": result.to_string() }))?;
        } else {
            output.line(result)?;
        }
        Ok(if result == CancellationResult::Canceled { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
