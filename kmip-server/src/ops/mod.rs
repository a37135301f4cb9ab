//! The operations, one file each: plain functions over a [`Context`], which read like the specification's section on them.
//!
//! An operation is served, and announced by Query, if it stands in [`HANDLERS`] and the tables have it in the version.

mod activate;
mod create;
mod decrypt;
mod destroy;
mod discover_versions;
mod encrypt;
mod get;
mod get_attribute_list;
mod get_attributes;
mod locate;
mod parameters;
mod query;
mod register;
mod revoke;
mod templates;

use kmip::ttlv::{Tag, Version};
use kmip::types::{AttributeId, Operation, RequestPayload, ResponsePayload, tables};

pub(crate) use self::templates::template_of;
use crate::engine::{Context, Failure, Kind};

/// How an operation is run.
struct Handler {
    operation: Operation,
    /// Whether it changes anything.
    writes: bool,
    run: fn(&mut Context<'_>, RequestPayload) -> Result<ResponsePayload, Failure>,
}

macro_rules! handlers {
    ($($case:ident $kind:ident $run:path;)*) => {
        /// Every operation that the server has.
        static HANDLERS: &[Handler] = &[
            $(Handler {
                operation: Operation::$case,
                writes: handlers!(@ $kind),
                run: |cx, payload| match payload {
                    RequestPayload::$case(request) => $run(cx, *request).map(ResponsePayload::from),
                    _ => Err(Failure::new(Kind::InvalidMessage, "the request payload is not that of the operation")),
                },
            },)*
        ];
    };
    (@ reads) => { false };
    (@ writes) => { true };
}

handlers! {
    Create writes create::create;
    Register writes register::register;
    Locate reads locate::locate;
    Get writes get::get;
    GetAttributes reads get_attributes::get_attributes;
    GetAttributeList reads get_attribute_list::get_attribute_list;
    Activate writes activate::activate;
    Revoke writes revoke::revoke;
    Destroy writes destroy::destroy;
    Query reads query::query;
    DiscoverVersions reads discover_versions::discover_versions;
    Encrypt writes encrypt::encrypt;
    Decrypt reads decrypt::decrypt;
}

/// Runs the operation of the context.
pub(crate) fn run(cx: &mut Context<'_>, payload: RequestPayload) -> Result<ResponsePayload, Failure> {
    let (operation, version) = (cx.operation(), cx.version());
    match handler(operation) {
        Some(handler) if is_in(operation, version) => (handler.run)(cx, payload),
        _ => Err(not_served(operation, version)),
    }
}

/// Whether an operation may change anything.
pub(crate) fn writes(operation: Operation) -> bool {
    handler(operation).is_some_and(|handler| handler.writes)
}

/// Whether the server has the operation in a version.
pub(crate) fn is_served(operation: Operation, version: Version) -> bool {
    handler(operation).is_some() && is_in(operation, version)
}

/// The operations that the server has in a version.
pub(crate) fn served(version: Version) -> impl Iterator<Item = Operation> {
    HANDLERS.iter().map(|handler| handler.operation).filter(move |operation| is_in(*operation, version))
}

/// The failure for an operation that the server doesn't have.
#[cold]
pub(crate) fn not_served(operation: Operation, version: Version) -> Failure {
    Failure::new(Kind::OperationNotSupported, format!("{operation} is not supported in KMIP {version}"))
}

/// The attribute that says which operations an object is ready for.
const STATE: AttributeId = AttributeId::Standard(Tag::State);

fn handler(operation: Operation) -> Option<&'static Handler> {
    HANDLERS.iter().find(|handler| handler.operation == operation)
}

fn is_in(operation: Operation, version: Version) -> bool {
    tables::operation_info(operation).is_some_and(|info| info.is_in(version) && info.client_to_server)
}
