use kmip::types::{CancelRequest, CancelResponse};

use crate::engine::{Context, Failure};

/// Cancel: an operation that is pending is given up (KMIP 1.4 §4.27, 2.0 §6.1.5).
pub(super) fn cancel(cx: &mut Context<'_>, request: CancelRequest) -> Result<CancelResponse, Failure> {
    let result = cx.cancel(&request.asynchronous_correlation_value)?;
    Ok(CancelResponse::new(request.asynchronous_correlation_value, result))
}
