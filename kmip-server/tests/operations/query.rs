//! Query and Discover Versions.

use kmip::ttlv::Version;
use kmip::types::*;

use crate::harness::*;

fn query(version: Version, functions: &[QueryFunction]) -> QueryResponse {
    server()
        .send(version, QueryRequest { query_function: functions.to_vec(), ..QueryRequest::new() })
        .unwrap()
}

#[test]
fn the_operations_are_those_of_the_version() {
    use Operation as O;
    let always = [
        O::Create,
        O::Register,
        O::Locate,
        O::Get,
        O::GetAttributes,
        O::GetAttributeList,
        O::Activate,
        O::Revoke,
        O::Destroy,
        O::Query,
    ];
    for version in ALL {
        let operations = query(*version, &[QueryFunction::QueryOperations]).operation;
        for operation in always {
            assert!(operations.contains(&operation), "{operation} {version}");
        }
        assert_eq!(operations.contains(&O::DiscoverVersions), *version >= V1_1);
        assert_eq!(operations.contains(&O::Encrypt), *version >= V1_2);
        assert!(operations.iter().all(|operation| operation.is_in(*version)));
    }
}

#[test]
fn the_objects_are_those_of_the_version() {
    for version in ALL {
        let types = query(*version, &[QueryFunction::QueryObjects]).object_type;
        assert!(types.iter().all(|object_type| object_type.is_in(*version)));
        assert_eq!(types.contains(&ObjectType::Template), *version < V2_0);
        assert_eq!(types.contains(&ObjectType::PGPKey), *version >= V1_2);
        assert!(types.contains(&ObjectType::SymmetricKey) && types.contains(&ObjectType::OpaqueObject));
    }
}

#[test]
fn every_function_of_every_version_is_answered() {
    for version in ALL {
        let functions: Vec<_> = QueryFunction::all(*version).collect();
        let all = query(*version, &functions);
        assert!(all.vendor_identification.is_some() && all.server_information.is_some());
        assert_eq!(all.rng_parameters.len(), usize::from(*version >= V1_3));
        assert_eq!(all.defaults_information.is_some(), *version >= V2_0);
        assert_eq!(all.protection_storage_masks.is_some(), *version >= V2_0);
        for capabilities in &all.capability_information {
            assert_eq!(capabilities.batch_undo_capability, (*version >= V1_4).then_some(true));
            assert_eq!(capabilities.asynchronous_capability, Some(true));
        }
        // What the server doesn't have isn't there, and nothing that wasn't asked for.
        assert!(all.extension_information.is_empty() && all.validation_information.is_empty());
        assert!(all.attestation_type.is_empty() && all.application_namespace.is_empty());
        let methods: &[_] = if *version < V1_3 { &[] } else { &[ClientRegistrationMethod::Unspecified] };
        assert_eq!(all.client_registration_method, methods);
        // 2.0's profiles take more than the server has.
        let profiles: Vec<_> = all.profile_information.iter().map(|profile| profile.profile_name).collect();
        assert_eq!(
            profiles.contains(&ProfileName::TapeLibraryServerKMIPV1_2),
            [V1_3, V1_4].contains(version)
        );
        assert_eq!(profiles.contains(&ProfileName::BasicCryptographicServerKMIPV1_4), *version == V1_4);
        assert!(!profiles.contains(&ProfileName::CompleteServerBasicKMIPV1_2));
        for function in functions {
            query(*version, &[function]);
        }
        let operations = query(*version, &[QueryFunction::QueryOperations]);
        assert!(operations.object_type.is_empty() && operations.vendor_identification.is_none());
    }
}

#[test]
fn versions() {
    let server = server();
    let ask = |list: &[Version]| -> Vec<Version> {
        let protocol_version = list.iter().map(|version| (*version).into()).collect();
        let request = DiscoverVersionsRequest { protocol_version, ..DiscoverVersionsRequest::new() };
        let response = server.send(V1_1, request).unwrap();
        response.protocol_version.iter().map(|version| version.known().unwrap()).collect()
    };
    assert_eq!(ask(&[]), [V2_0, V1_4, V1_3, V1_2, V1_1, V1_0]);
    assert_eq!(ask(&[V1_2, Version::new(3, 0), V1_0]), [V1_2, V1_0]);
    assert_eq!(ask(&[Version::new(9, 9)]), []);
    // 1.0 hasn't got it.
    let mut request =
        batch(V1_0, vec![QueryRequest { query_function: vec![], ..QueryRequest::new() }.into()]);
    request.batch_item[0] = {
        let empty = kmip::ttlv::Item::new(kmip::ttlv::Tag::RequestPayload, Vec::new());
        RequestBatchItem::new(Operation::DiscoverVersions, RequestPayload::Other(empty))
    };
    let [item] = server.message("alice", &request).batch_item.try_into().unwrap();
    assert_eq!(failed(&item).reason, ResultReason::OperationNotSupported);
}
