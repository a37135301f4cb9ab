use kmip::ttlv::{Interval, Text};
use kmip::types::tables::NAMES;
use kmip::types::{
    AttributeSet, AttributeValue, CapabilityInformation, ClientRegistrationMethod, DefaultsInformation,
    DestroyAction, ObjectDefaults, ObjectType, ProfileInformation, ProtectionStorageMasks, QueryFunction,
    QueryRequest, QueryResponse, RngMode, ServerInformation, ShreddingAlgorithm, UnwrapMode,
};

use super::{profiles, register, served};
use crate::engine::{Context, Failure, PROTECTION, generator};

/// Query: what the server is and can do (KMIP 1.4 §4.25, 2.0 §6.1.37). What it doesn't have, it doesn't list.
pub(super) fn query(cx: &mut Context<'_>, request: QueryRequest) -> Result<QueryResponse, Failure> {
    let version = cx.version();
    let mut response = QueryResponse::new();
    let functions: Vec<_> =
        request.query_function.into_iter().filter(|function| function.is_in(version)).collect();
    response.extension_information = profiles::extensions(&functions, NAMES.tags, version);
    for function in functions {
        match function {
            QueryFunction::QueryOperations => response.operation = served(version, cx.settings()).collect(),
            QueryFunction::QueryObjects => response.object_type = register::object_types(version).collect(),
            QueryFunction::QueryServerInformation => {
                response.vendor_identification = Some(cx.settings().vendor.clone());
                response.server_information = Some(Box::new(server_information(cx)));
            }
            QueryFunction::QueryRNGs => response.rng_parameters = vec![generator()],
            QueryFunction::QueryCapabilities => response.capability_information = vec![capabilities(cx)],
            QueryFunction::QueryDefaultsInformation => response.defaults_information = Some(defaults(cx)),
            QueryFunction::QueryStorageProtectionMasks => {
                response.protection_storage_masks = Some(ProtectionStorageMasks {
                    protection_storage_mask: vec![PROTECTION],
                    ..ProtectionStorageMasks::new()
                });
            }
            QueryFunction::QueryProfiles => {
                response.profile_information =
                    profiles::claimed(version).map(ProfileInformation::new).collect();
            }
            // Clients get their certificates in ways that KMIP says nothing of.
            QueryFunction::QueryClientRegistrationMethods => {
                response.client_registration_method = vec![ClientRegistrationMethod::Unspecified];
            }
            // The server generates no Application Data, attests nothing and asserts no validation.
            _ => {}
        }
    }
    cx.reserve(4096);
    Ok(response)
}

/// 2.0 §7.31. In 1.x the structure is the vendor's own, and there is nothing to put in.
fn server_information(cx: &Context<'_>) -> ServerInformation {
    let mut information = ServerInformation {
        server_name: cx.settings().server_name.clone(),
        server_version: Some(Text::from_static(env!("CARGO_PKG_VERSION"))),
        product_name: Some(Text::from_static(env!("CARGO_PKG_NAME"))),
        ..ServerInformation::new()
    };
    information.fit(cx.version());
    information
}

/// 1.4 §2.1.21, 2.0 §7.3.
fn capabilities(cx: &Context<'_>) -> CapabilityInformation {
    let mut capabilities = CapabilityInformation {
        streaming_capability: Some(true),
        asynchronous_capability: Some(true),
        attestation_capability: Some(false),
        batch_undo_capability: Some(true),
        batch_continue_capability: Some(true),
        unwrap_mode: Some(UnwrapMode::NotProcessed),
        destroy_action: Some(DestroyAction::KeyMaterialDeleted),
        shredding_algorithm: Some(ShreddingAlgorithm::Unspecified),
        rng_mode: Some(RngMode::Unspecified),
        quantum_safe_capability: Some(false),
        ..CapabilityInformation::new()
    };
    capabilities.fit(cx.version());
    capabilities
}

/// 2.0 §7.7: what objects get that their clients say nothing of.
fn defaults(cx: &Context<'_>) -> DefaultsInformation {
    let attributes: AttributeSet = [
        AttributeValue::LeaseTime(Interval(cx.settings().lease_time)),
        AttributeValue::Sensitive(false),
        AttributeValue::Extractable(true),
        AttributeValue::ProtectionStorageMask(PROTECTION),
    ]
    .into_iter()
    .collect();
    let object_defaults = ObjectType::all(cx.version())
        .map(|object_type| ObjectDefaults::new(object_type, attributes.to_attributes()))
        .collect();
    DefaultsInformation { object_defaults, ..DefaultsInformation::new() }
}
