use kmip::types::{DelegatedLoginRequest, DelegatedLoginResponse};

use crate::engine::{Context, Failure, WantedTicket};

/// Delegated Login: a ticket for someone else, who may do with it what its rights say, as the caller (KMIP 2.0 §6.1.12).
pub(super) fn delegated_login(
    cx: &mut Context<'_>,
    request: DelegatedLoginRequest,
) -> Result<DelegatedLoginResponse, Failure> {
    let ticket = cx.issue_ticket(WantedTicket {
        lease: request.lease_time,
        requests: request.request_count,
        usage: request.usage_limits,
        rights: Some(request.rights),
    })?;
    Ok(DelegatedLoginResponse::new(ticket))
}
