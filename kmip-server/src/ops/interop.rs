use kmip::types::{InteropFunction, InteropRequest, InteropResponse};

use crate::engine::{Context, Failure, Kind};

/// Interop: an interoperability test begins or ends (KMIP 2.0 §6.1.25). The server takes note of it in its log.
pub(super) fn interop(cx: &mut Context<'_>, request: InteropRequest) -> Result<InteropResponse, Failure> {
    let user = cx.caller().user.as_deref().unwrap_or_default();
    // As data: what a client says is never part of the log's own words, nor of its lines.
    let test = request.interop_identifier.escape_debug();
    match request.interop_function {
        InteropFunction::Begin => tracing::info!(user, %test, "an interoperability test begins"),
        InteropFunction::End => tracing::info!(user, %test, "an interoperability test has ended"),
        // 2.0 §11.22: to "the state it would be in at the beginning of an interop session" the server would get by deleting
        // what others have in it.
        InteropFunction::Reset => {
            return Err(Failure::new(
                Kind::FeatureNotSupported,
                "the server is not reset by its clients: its objects are theirs",
            ));
        }
        other => {
            return Err(Failure::new(Kind::InvalidField, format!("{other} is no Interop Function")));
        }
    }
    Ok(InteropResponse::new())
}
