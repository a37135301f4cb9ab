//! What is told when something fails: what it was, and what to do next.

use std::{fmt, io, path::Path};

use kmip::{
    client::{self, Attempt, Role, Unreachable, Violation},
    ttlv::ErrorKind,
    types::{Operation, ResultReason, tables::operation_info},
};

use super::values::hex;

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// What went wrong, what may help, and the exit status that says so.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    status: Status,
    is_none: bool,
}

/// The exit statuses, as `kmip --help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Refused = 1,
    Usage = 2,
    NoConnection = 3,
    BadAnswer = 4,
    File = 5,
}

impl Failure {
    pub(crate) fn new(status: Status, message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), hint: None, status, is_none: false }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Status::Usage, message)
    }

    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        Self::new(Status::File, format_args!("{}: {error}", path.display()))
    }

    pub(crate) fn hint(self, hint: impl fmt::Display) -> Self {
        Self { hint: Some(hint.to_string()), ..self }
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(crate) fn code(&self) -> u8 {
        self.status as u8
    }

    /// Whether there is nothing to tell: nobody reads the output any more, or the request was only to be printed.
    pub(crate) fn is_none(&self) -> bool {
        self.is_none
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let is_none = error.kind() == io::ErrorKind::BrokenPipe;
        Self { is_none, ..Self::new(Status::File, error) }
    }
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        use client::Error::*;
        let status = match &error {
            Pem { .. }
            | Encode(_)
            | Write(_)
            | NoSuchOperation { .. }
            | NoSuchAttribute { .. }
            | NotOpen
            | AlreadyOpen
            | UnknownObject
            | NoIdentifier(_) => Status::Usage,
            Stream(_) => Status::File,
            Connect(_) | Timeout(_) | Lost { .. } | System(_) => Status::NoConnection,
            Refused { .. } | NotTried(_) | NoCommonVersion(_) => Status::Refused,
            _ => Status::BadAnswer,
        };
        let is_none = matches!(error, Withheld);
        let hint = hint(&error);
        let mut message = error.to_string();
        if error.may_have_taken_effect() && !matches!(error, Pending { .. }) {
            message.push_str(" (what was asked may have been done nevertheless)");
        }
        Self { message, hint, status, is_none }
    }
}

fn hint(error: &client::Error) -> Option<String> {
    let hint = match error {
        client::Error::Pem { role: Role::CertificateAuthority, .. } => {
            "--ca names the file with the certificate of the authority that signed the server's certificate"
        }
        client::Error::Pem { .. } => {
            "--cert and --key name the files with the client's certificate and its key, in PEM"
        }
        client::Error::Connect(attempts) => return attempts.first().map(unreachable),
        client::Error::Timeout(_) => "--timeout SECONDS waits longer",
        client::Error::Pending { correlation_value, .. } => {
            return Some(format!("`kmip poll {}` asks for its end", hex(correlation_value)));
        }
        client::Error::Lost { source, .. } => return Some(tls(&source.to_string())),
        client::Error::Encode(error) => match error.kind() {
            ErrorKind::Version { version, .. } => {
                return Some(format!(
                    "this is about KMIP {version}; --kmip VERSION takes another, if the server has it"
                ));
            }
            _ => return None,
        },
        client::Error::Refused { operation, reason: Some(reason), .. } => refused(*operation, *reason)?,
        client::Error::Violation(Violation::NotKmip) => {
            "is it a KMIP server that listens there? Its port is mostly 5696"
        }
        client::Error::NoSuchOperation { operation, .. } => {
            let since = operation_info(*operation)?.since;
            return Some(format!(
                "it is there since KMIP {since}: --kmip {since} takes that, if the server has it"
            ));
        }
        client::Error::NoSuchAttribute { .. } => "--kmip VERSION takes another protocol version",
        client::Error::NoCommonVersion(_) => "--kmip VERSION takes a certain protocol version",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn unreachable(attempt: &Attempt) -> String {
    match &attempt.failure {
        Unreachable::Resolve(_) => "check the name; --server HOST:PORT names another server".to_owned(),
        Unreachable::Tcp(error) if error.kind() == io::ErrorKind::ConnectionRefused => format!(
            "nothing listens at {}: `kmip-server quickstart` starts a server on this machine; --server HOST:PORT names another",
            attempt.server
        ),
        Unreachable::Certificate(reason) if reason.contains("mismatch") => {
            "the certificate is for another name: call the server by that, or give it with --server-name".to_owned()
        }
        Unreachable::Certificate(reason) if reason.contains("expired") || reason.contains("not yet") => {
            "check the clocks of both machines, and when the server's certificate was made".to_owned()
        }
        Unreachable::Certificate(_) => {
            "--ca has to name the file with the certificate of the authority that signed the server's certificate".to_owned()
        }
        Unreachable::Tls(reason) => tls(reason),
        _ => "--server HOST:PORT names another server".to_owned(),
    }
}

/// What the words of a broken connection point to.
fn tls(reason: &str) -> String {
    let of_client =
        ["certificate required", "handshake failure", "bad certificate", "unknown ca", "certificate unknown"];
    if of_client.iter().any(|words| reason.contains(words)) {
        "the server does not accept the client's certificate: --cert and --key name another"
    } else if reason.contains("wrong version number") || reason.contains("packet length") {
        "is it a TLS server that listens there? A KMIP server's port is mostly 5696"
    } else {
        "the server's log may say why"
    }
    .to_owned()
}

fn refused(operation: Operation, reason: ResultReason) -> Option<&'static str> {
    Some(match reason {
        ResultReason::ItemNotFound | ResultReason::ObjectNotFound => {
            "`kmip locate` lists the objects that you may see; --cert and --user say who you are"
        }
        ResultReason::IllegalOperation | ResultReason::WrongKeyLifecycleState => {
            "`kmip attributes ID State` tells the object's state; `kmip activate ID` makes it ready for use, \
             `kmip revoke ID` takes it out of use"
        }
        ResultReason::PermissionDenied if operation == Operation::Destroy => {
            "an active object has to be taken out of use first: `kmip revoke ID`"
        }
        ResultReason::PermissionDenied | ResultReason::NotAuthorised => {
            "the server's policy does not let this client do it; --cert and --user say who you are"
        }
        ResultReason::AuthenticationNotSuccessful => {
            "--cert and --key, or --user and --password-file, say who you are"
        }
        ResultReason::OperationNotSupported => {
            "`kmip query` lists what the server can do; --kmip VERSION takes another protocol version"
        }
        ResultReason::IncompatibleCryptographicUsageMask => {
            "`kmip attributes ID` tells what the key may be used for"
        }
        ResultReason::CryptographicFailure if operation == Operation::Decrypt => {
            "when decrypting: the data, its IV, tag and --aad have to be those of the encryption"
        }
        ResultReason::ResponseTooLarge => "`kmip locate --max N` asks for fewer",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip::types::ResultStatus;

    #[test]
    fn says_what_to_do() {
        let refused = client::Error::Refused {
            operation: Operation::Get,
            status: ResultStatus::OperationFailed,
            reason: Some(ResultReason::ItemNotFound),
            message: Some("no such object".into()),
        };
        let failure = Failure::from(refused);
        assert_eq!(failure.message(), "Get was refused: Item Not Found: no such object");
        assert!(failure.advice().is_some_and(|advice| advice.contains("kmip locate")));
        assert_eq!(failure.code(), 1);

        let attempt = Attempt {
            server: "localhost".parse().expect("an address"),
            failure: Unreachable::Tcp(io::ErrorKind::ConnectionRefused.into()),
        };
        let failure = Failure::from(client::Error::Connect(vec![attempt]));
        assert!(failure.advice().is_some_and(|advice| advice.contains("kmip-server quickstart")));
        assert_eq!(failure.code(), 3);
    }

    #[test]
    fn says_what_may_have_been_done() {
        let failure =
            Failure::from(client::Error::Lost { sent: true, source: io::ErrorKind::UnexpectedEof.into() });
        assert!(failure.message().contains("may have been done"));
    }
}
