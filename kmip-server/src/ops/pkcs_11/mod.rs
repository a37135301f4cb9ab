//! PKCS#11 (KMIP 2.0 §6.1.35): the functions of PKCS#11 3.0 that a token without objects has.
//!
//! A client initializes the library, and gets a Correlation Value that it gives back with each function until it finalizes it.
//! There is one slot, with a token that gives random numbers and takes seeds for them. Keys are served by the operations of
//! KMIP: every other function answers that it isn't supported, and none says that it has done what it hasn't.

mod codec;
mod information;

use kmip::ttlv::{Bytes, Secret};
use kmip::types::{
    Pkcs11Function, Pkcs11FunctionEnumeration as Function, Pkcs11Request, Pkcs11Response,
    Pkcs11ReturnCode as Code,
};

use self::codec::{Input, Output};
use self::information::{CKF_RW_SESSION, CKF_SERIAL_SESSION, MOST_SESSIONS, SLOT};
use crate::crypto;
use crate::engine::{Context, Failure, Kind};

/// What comes of a function.
type Outcome = Result<Output, Stop>;

/// Why a function gives nothing.
enum Stop {
    /// PKCS#11 has a word for it.
    Code(Code),
    /// The operation itself fails.
    Failure(Failure),
}

impl From<Code> for Stop {
    fn from(code: Code) -> Self {
        Self::Code(code)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<crypto::CryptoError> for Stop {
    fn from(error: crypto::CryptoError) -> Self {
        Self::Failure(error.into())
    }
}

/// PKCS#11.
pub(super) fn pkcs_11(cx: &mut Context<'_>, request: Pkcs11Request) -> Result<Pkcs11Response, Failure> {
    if request.pkcs11_interface.as_deref().is_some_and(|name| name != INTERFACE) {
        return Err(Failure::new(
            Kind::Pkcs11Interface,
            format!("the only interface is {INTERFACE:?}, in version 3.0"),
        ));
    }
    let function = match &request.pkcs11_function {
        Pkcs11Function::Pkcs11FunctionEnumeration(function) if function.name().is_some() => *function,
        _ => return Err(Failure::new(Kind::Pkcs11Function, "the interface has no such function")),
    };
    let mut correlation = request.correlation_value;
    let input = request.pkcs11_input_parameters;
    let input = Input::new(input.as_ref().map_or(&[], Secret::expose));
    let (code, output) = match call(cx, function, &mut correlation, input) {
        Ok(output) => (Code::OK, output.finish()),
        Err(Stop::Code(code)) => (code, Output::default().finish()),
        Err(Stop::Failure(failure)) => return Err(failure),
    };
    cx.reserve(output.len());
    let is_initialized = cx.with_cryptoki(correlation.as_ref(), |_| ()).is_some();
    Ok(Pkcs11Response {
        pkcs11_interface: request.pkcs11_interface,
        correlation_value: correlation.filter(|_| is_initialized),
        pkcs11_output_parameters: (!output.is_empty()).then(|| Secret::from_shared(output.into())),
        ..Pkcs11Response::new(request.pkcs11_function, code)
    })
}

fn call(
    cx: &mut Context<'_>,
    function: Function,
    correlation: &mut Option<Bytes>,
    mut input: Input<'_>,
) -> Outcome {
    let sessions = cx.with_cryptoki(correlation.as_ref(), |instance| instance.sessions.len());
    let open = match (function, sessions) {
        (Function::C_Initialize, Some(_)) => return Err(Code::CRYPTOKI_ALREADY_INITIALIZED.into()),
        // What it is given is about the threads of the client's own process.
        (Function::C_Initialize, None) => {
            *correlation = Some(cx.initialize_cryptoki()?);
            return Ok(Output::default());
        }
        (_, None) => return Err(Code::CRYPTOKI_NOT_INITIALIZED.into()),
        (_, Some(open)) => u64::try_from(open).unwrap_or(u64::MAX),
    };
    match function {
        Function::C_Finalize => {
            cx.finalize_cryptoki(correlation.as_ref());
            Ok(Output::default())
        }
        Function::C_GetInfo => {
            input.end()?;
            Ok(information::library(cx))
        }
        Function::C_GetSlotList => {
            // Only those with a token, or all: it is the same one.
            input.bool()?;
            input.end()?;
            Ok(Output::default().ulong(1).ulong(SLOT))
        }
        Function::C_GetSlotInfo => {
            slot(input)?;
            Ok(information::slot(cx))
        }
        Function::C_GetTokenInfo => {
            slot(input)?;
            Ok(information::token(cx, open))
        }
        Function::C_GetMechanismList => {
            slot(input)?;
            Ok(Output::default().ulong(0))
        }
        Function::C_GetMechanismInfo => {
            this_slot(&mut input)?;
            input.ulong()?;
            input.end()?;
            Err(Code::MECHANISM_INVALID.into())
        }
        Function::C_OpenSession => open_session(cx, correlation.as_ref(), input),
        Function::C_CloseSession => {
            let session = this_session(cx, correlation.as_ref(), &mut input)?;
            input.end()?;
            cx.with_cryptoki(correlation.as_ref(), |instance| {
                instance.sessions.retain(|other| *other != session);
            });
            Ok(Output::default())
        }
        Function::C_CloseAllSessions => {
            slot(input)?;
            cx.with_cryptoki(correlation.as_ref(), |instance| instance.sessions.clear());
            Ok(Output::default())
        }
        Function::C_GetSessionInfo => {
            this_session(cx, correlation.as_ref(), &mut input)?;
            input.end()?;
            Ok(information::session())
        }
        Function::C_SeedRandom => {
            this_session(cx, correlation.as_ref(), &mut input)?;
            let seed = input.bytes()?;
            input.end()?;
            crypto::random::seed(seed)?;
            Ok(Output::default())
        }
        Function::C_GenerateRandom => {
            this_session(cx, correlation.as_ref(), &mut input)?;
            let length = input.ulong()?;
            input.end()?;
            let most = cx.settings().limits.size;
            let length = usize::try_from(length).ok().filter(|length| *length <= most);
            let length = length.ok_or(Code::ARGUMENTS_BAD)?;
            Ok(Output::default().bytes(&crypto::random(length)?))
        }
        // PKCS#11 3.0 §5.17: they "simply return" this.
        Function::C_GetFunctionStatus | Function::C_CancelFunction => Err(Code::FUNCTION_NOT_PARALLEL.into()),
        _ => Err(Code::FUNCTION_NOT_SUPPORTED.into()),
    }
}

/// C_OpenSession: for reading, as there is nothing to write.
fn open_session(cx: &mut Context<'_>, correlation: Option<&Bytes>, mut input: Input<'_>) -> Outcome {
    this_slot(&mut input)?;
    let flags = input.ulong()?;
    input.end()?;
    if flags & CKF_SERIAL_SESSION == 0 {
        return Err(Code::SESSION_PARALLEL_NOT_SUPPORTED.into());
    }
    if flags & CKF_RW_SESSION != 0 {
        return Err(Code::TOKEN_WRITE_PROTECTED.into());
    }
    let handle = cx.with_cryptoki(correlation, |instance| {
        let is_room = u64::try_from(instance.sessions.len()).is_ok_and(|open| open < MOST_SESSIONS);
        is_room.then(|| {
            instance.last = instance.last.saturating_add(1);
            instance.sessions.push(instance.last);
            instance.last
        })
    });
    let handle = handle.ok_or(Code::CRYPTOKI_NOT_INITIALIZED)?.ok_or(Code::SESSION_COUNT)?;
    Ok(Output::default().ulong(handle))
}

/// The only parameter is a slot.
fn slot(mut input: Input<'_>) -> Result<(), Stop> {
    this_slot(&mut input)?;
    Ok(input.end()?)
}

fn this_slot(input: &mut Input<'_>) -> Result<(), Stop> {
    if input.ulong()? == SLOT { Ok(()) } else { Err(Code::SLOT_ID_INVALID.into()) }
}

/// The first parameter is a session that is open.
fn this_session(
    cx: &mut Context<'_>,
    correlation: Option<&Bytes>,
    input: &mut Input<'_>,
) -> Result<u64, Stop> {
    let session = input.ulong()?;
    let is_open = cx.with_cryptoki(correlation, |instance| instance.sessions.contains(&session));
    if is_open == Some(true) { Ok(session) } else { Err(Code::SESSION_HANDLE_INVALID.into()) }
}

/// What PKCS#11 3.0 calls the interface with its own functions (§5.4.5).
const INTERFACE: &str = "PKCS 11";
