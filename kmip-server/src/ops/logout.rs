use kmip::types::{LogoutRequest, LogoutResponse};

use crate::engine::{Context, Failure};

/// Logout: a ticket is no longer valid (KMIP 2.0 §6.1.30).
pub(super) fn logout(cx: &mut Context<'_>, request: LogoutRequest) -> Result<LogoutResponse, Failure> {
    cx.withdraw_ticket(&request.ticket)?;
    Ok(LogoutResponse::new())
}
