//! The operations, one file each: plain functions over a [`Context`], which read like the specification's section on them.
//!
//! An operation is served, and announced by Query, if it stands in [`HANDLERS`] and the tables have it in the version.

mod activate;
mod add_attribute;
mod adjust_attribute;
mod archive;
mod asymmetric;
mod attribute_forms;
mod cancel;
mod certification;
mod certify;
mod check;
mod container;
mod create;
mod create_key_pair;
mod create_split_key;
mod decrypt;
mod delegated_login;
mod delete_attribute;
mod derivation;
mod derive_key;
mod destroy;
mod discover_versions;
mod encrypt;
mod export;
mod get;
mod get_attribute_list;
mod get_attributes;
mod get_usage_allocation;
mod hash;
mod import;
mod interop;
mod join_split_key;
mod key_pair;
mod lengths;
mod locate;
mod log;
mod login;
mod logout;
mod mac;
mod modify_attribute;
mod obtain_lease;
mod one_time_pad;
mod parameters;
mod parts;
mod pkcs_11;
mod profiles;
mod put;
mod query;
mod re_certify;
mod re_key;
mod re_key_key_pair;
mod recover;
mod register;
mod rekeying;
mod revoke;
mod rng;
mod set_attribute;
mod set_endpoint_role;
mod sign;
mod signing;
mod split;
mod symmetric;
mod templates;
mod validate;
mod wrapping;

use kmip::ttlv::{Tag, Unknown, Version};
use kmip::types::{self, AttributeId, Operation, RequestPayload, ResponsePayload, tables};

pub(crate) use self::put::put;
pub(crate) use self::register::take_from_object;
pub(crate) use self::templates::template_of;
use crate::engine::{Context, Failure, Kind, Settings};

/// How an operation is run.
struct Handler {
    operation: Operation,
    /// What it does to the store.
    effect: Effect,
    run: fn(&mut Context<'_>, RequestPayload) -> Result<ResponsePayload, Failure>,
}

/// A payload as a choice of payloads holds it: as such or, where that would make the others large, in a box.
trait Payload<T> {
    /// The payload itself.
    fn take(self) -> T;
}

impl<T> Payload<T> for T {
    fn take(self) -> T {
        self
    }
}

impl<T> Payload<T> for Box<T> {
    fn take(self) -> T {
        *self
    }
}

/// What an operation does to the store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// It reads.
    Reads,
    /// It reads, and sometimes takes note of that.
    Touches,
    /// It changes something.
    Writes,
}

/// The payload of an operation, whose name may differ from its own.
macro_rules! payload {
    ($case:ident, $request:ident) => {
        RequestPayload::$case($request)
    };
    ($case:ident $payload:ident, $request:ident) => {
        RequestPayload::$payload($request)
    };
}

macro_rules! handlers {
    ($($case:ident $(($payload:ident))? $request:ident $effect:ident $run:path;)*) => {
        /// Every operation that the server has.
        static HANDLERS: &[Handler] = &[
            $(Handler {
                operation: Operation::$case,
                effect: Effect::$effect,
                run: |cx, payload| match payload {
                    payload!($case $($payload)?, request) => {
                        let request: types::$request = Payload::take(request);
                        check_unknown(cx, &request.unknown)?;
                        $run(cx, request).map(ResponsePayload::from)
                    }
                    _ => Err(Failure::new(
                        Kind::InvalidMessage,
                        "the request payload is not that of the operation",
                    )),
                },
            },)*
        ];
    };
}

handlers! {
    Create CreateRequest Writes create::create;
    CreateKeyPair CreateKeyPairRequest Writes create_key_pair::create_key_pair;
    Cancel CancelRequest Writes cancel::cancel;
    CreateSplitKey CreateSplitKeyRequest Writes create_split_key::create_split_key;
    JoinSplitKey JoinSplitKeyRequest Writes join_split_key::join_split_key;
    ReKey ReKeyRequest Writes re_key::re_key;
    ReKeyKeyPair ReKeyKeyPairRequest Writes re_key_key_pair::re_key_key_pair;
    Certify CertifyRequest Writes certify::certify;
    ReCertify ReCertifyRequest Writes re_certify::re_certify;
    Validate ValidateRequest Reads validate::validate;
    Register RegisterRequest Writes register::register;
    Import ImportRequest Writes import::import;
    Export ExportRequest Reads export::export;
    Interop InteropRequest Reads interop::interop;
    Log LogRequest Reads log::log;
    Login LoginRequest Reads login::login;
    DelegatedLogin DelegatedLoginRequest Reads delegated_login::delegated_login;
    Logout LogoutRequest Reads logout::logout;
    SetEndpointRole SetEndpointRoleRequest Reads set_endpoint_role::set_endpoint_role;
    Locate LocateRequest Reads locate::locate;
    Get GetRequest Touches get::get;
    GetAttributes GetAttributesRequest Reads get_attributes::get_attributes;
    GetAttributeList GetAttributeListRequest Reads get_attribute_list::get_attribute_list;
    AddAttribute AddAttributeRequest Writes add_attribute::add_attribute;
    ModifyAttribute ModifyAttributeRequest Writes modify_attribute::modify_attribute;
    DeleteAttribute DeleteAttributeRequest Writes delete_attribute::delete_attribute;
    SetAttribute SetAttributeRequest Writes set_attribute::set_attribute;
    AdjustAttribute AdjustAttributeRequest Writes adjust_attribute::adjust_attribute;
    Check CheckRequest Reads check::check;
    ObtainLease ObtainLeaseRequest Reads obtain_lease::obtain_lease;
    GetUsageAllocation GetUsageAllocationRequest Writes get_usage_allocation::get_usage_allocation;
    Archive ArchiveRequest Writes archive::archive;
    Recover RecoverRequest Writes recover::recover;
    Activate ActivateRequest Writes activate::activate;
    Revoke RevokeRequest Writes revoke::revoke;
    Destroy DestroyRequest Writes destroy::destroy;
    Query QueryRequest Reads query::query;
    PKCS_11 (Pkcs11) Pkcs11Request Reads pkcs_11::pkcs_11;
    DiscoverVersions DiscoverVersionsRequest Reads discover_versions::discover_versions;
    Encrypt EncryptRequest Touches encrypt::encrypt;
    Decrypt DecryptRequest Reads decrypt::decrypt;
    MAC (Mac) MacRequest Touches mac::mac;
    MACVerify (MacVerify) MacVerifyRequest Reads mac::mac_verify;
    Hash HashRequest Reads hash::hash_data;
    DeriveKey DeriveKeyRequest Writes derive_key::derive_key;
    RNGRetrieve (RngRetrieve) RngRetrieveRequest Reads rng::rng_retrieve;
    RNGSeed (RngSeed) RngSeedRequest Reads rng::rng_seed;
    Sign SignRequest Touches sign::sign;
    SignatureVerify SignatureVerifyRequest Reads sign::signature_verify;
}

/// Runs the operation of the context.
pub(crate) fn run(cx: &mut Context<'_>, payload: RequestPayload) -> Result<ResponsePayload, Failure> {
    let (operation, version) = (cx.operation(), cx.version());
    match handler(operation) {
        Some(handler) if is_in(operation, version) && is_on(operation, cx.settings()) => {
            (handler.run)(cx, payload)
        }
        _ => Err(not_served(operation, version)),
    }
}

/// Checks that a request says nothing that the server would leave out (KMIP 1.4 §11.1: "same major & minor version,
/// unknown field").
fn check_unknown(cx: &Context<'_>, unknown: &Unknown) -> Result<(), Failure> {
    // Locate and Re-key know what some clients put there.
    let is_known = |tag| {
        let operation = cx.operation();
        operation == Operation::Locate || (operation == Operation::ReKey && tag == Tag::TemplateAttribute)
    };
    match unknown.iter().find(|item| !is_known(item.tag)) {
        Some(item) => Err(Failure::new(
            Kind::InvalidField,
            format!("{} is no field of this request in KMIP {}", item.tag, cx.version()),
        )),
        None => Ok(()),
    }
}

/// Whether an operation is there to change something.
pub(crate) fn writes(operation: Operation) -> bool {
    handler(operation).is_some_and(|handler| handler.effect == Effect::Writes)
}

/// Whether the server has the operation in a version.
pub(crate) fn is_served(operation: Operation, version: Version) -> bool {
    (handler(operation).is_some() || operation == POLL) && is_in(operation, version)
}

/// The operations that the server has in a version, as it is set.
pub(crate) fn served(version: Version, settings: &Settings) -> impl Iterator<Item = Operation> {
    HANDLERS
        .iter()
        .map(|handler| handler.operation)
        .chain([POLL])
        .filter(move |operation| is_in(*operation, version) && is_on(*operation, settings))
}

/// Whether the settings let clients have an operation.
fn is_on(operation: Operation, settings: &Settings) -> bool {
    match operation {
        Operation::Interop => settings.interop,
        Operation::Certify | Operation::ReCertify => settings.authority.is_some(),
        Operation::Validate => settings.trust.is_some(),
        _ => true,
    }
}

/// The failure for an operation that the server doesn't have.
#[cold]
pub(crate) fn not_served(operation: Operation, version: Version) -> Failure {
    Failure::new(Kind::OperationNotSupported, format!("{operation} is not supported in KMIP {version}"))
}

/// Answered by the engine: its answer is that of another operation.
const POLL: Operation = Operation::Poll;

/// The attribute that says which operations an object is ready for.
const STATE: AttributeId = AttributeId::Standard(Tag::State);

fn handler(operation: Operation) -> Option<&'static Handler> {
    HANDLERS.iter().find(|handler| handler.operation == operation)
}

fn is_in(operation: Operation, version: Version) -> bool {
    tables::operation_info(operation).is_some_and(|info| info.is_for_servers(version))
}
