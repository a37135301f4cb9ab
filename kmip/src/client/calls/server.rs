//! The server itself.

use super::{Call, Error};
use crate::{
    ttlv::{Bytes, Text, Version},
    types::{
        CancelRequest, CancellationResult, DiscoverVersionsRequest, LogRequest, LoginRequest, LogoutRequest,
        Operation, PollRequest, QueryFunction, QueryRequest, QueryResponse, ResponsePayload, Ticket,
        TicketLeaseTime,
    },
};

/// The protocol versions that the server speaks, the preferred one first: those in `among`, or all if that is empty.
/// Since KMIP 1.1.
pub fn discover_versions(among: &[Version]) -> Call<Vec<Version>> {
    let protocol_version = among.iter().map(|version| (*version).into()).collect();
    let request = DiscoverVersionsRequest { protocol_version, ..DiscoverVersionsRequest::new() };
    Call::from(request).map(|response| {
        let number = |number: i32| u8::try_from(number).ok();
        let versions = response.protocol_version.iter().filter_map(|version| {
            Some(Version::new(
                number(version.protocol_version_major)?,
                number(version.protocol_version_minor)?,
            ))
        });
        versions.collect()
    })
}

/// What the server can do.
pub fn query(functions: &[QueryFunction]) -> Call<QueryResponse> {
    QueryRequest { query_function: functions.to_vec(), ..QueryRequest::new() }.into()
}

/// The answer to an operation that the server put off, which [`Error::Pending`] told of; that error again if it goes on.
pub fn poll(correlation_value: impl Into<Bytes>) -> Call<ResponsePayload> {
    Call::of_any_payload(Operation::Poll, PollRequest::new(correlation_value.into()).into(), Ok::<_, Error>)
}

/// Stops an operation that the server put off; whether it did stop.
pub fn cancel(correlation_value: impl Into<Bytes>) -> Call<CancellationResult> {
    Call::from(CancelRequest::new(correlation_value.into())).map(|response| response.cancellation_result)
}

/// Writes a line to the server's log. Since KMIP 2.0.
pub fn log(message: impl Into<Text>) -> Call<()> {
    Call::from(LogRequest::new(message.into())).map(drop)
}

/// A ticket that stands for the credentials of this request, for some time or a number of requests. Since KMIP 2.0.
pub fn login(lease_time: Option<TicketLeaseTime>, request_count: Option<i32>) -> Call<Ticket> {
    let request = LoginRequest { lease_time, request_count, ..LoginRequest::new() };
    Call::from(request).map(|response| response.ticket)
}

/// Makes a ticket invalid. Since KMIP 2.0.
pub fn logout(ticket: Ticket) -> Call<()> {
    Call::from(LogoutRequest::new(ticket)).map(drop)
}
