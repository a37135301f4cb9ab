use kmip::types::{LogRequest, LogResponse};

use crate::engine::{Context, Failure, Kind};

/// Log: a client's message goes to the server's log (KMIP 2.0 §6.1.28).
pub(super) fn log(cx: &mut Context<'_>, request: LogRequest) -> Result<LogResponse, Failure> {
    if request.log_message.len() > LONGEST {
        return Err(Failure::new(Kind::InvalidField, format!("a Log Message has up to {LONGEST} bytes")));
    }
    let user = cx.caller().user.as_deref().unwrap_or_default();
    // As data, with line ends and control characters escaped: nobody writes entries that look like the server's.
    let message = request.log_message.escape_debug();
    tracing::info!(target: CLIENTS, user, text = %message, "a client's message");
    Ok(LogResponse::new())
}

/// Where clients' messages are logged, so that they can be filtered.
const CLIENTS: &str = "kmip_server::clients";

/// How long a message may be: a log is no store.
const LONGEST: usize = 4096;
