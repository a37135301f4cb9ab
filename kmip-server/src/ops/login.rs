use kmip::types::{LoginRequest, LoginResponse};

use crate::engine::{Context, Failure, WantedTicket};

/// Login: a ticket that stands for the caller's credentials in later requests (KMIP 2.0 §6.1.29).
pub(super) fn login(cx: &mut Context<'_>, request: LoginRequest) -> Result<LoginResponse, Failure> {
    let ticket = cx.issue_ticket(WantedTicket {
        lease: request.lease_time,
        requests: request.request_count,
        usage: request.usage_limits,
        rights: None,
    })?;
    Ok(LoginResponse::new(ticket))
}
