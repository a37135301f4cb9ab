//! Every operation of every version is there and announced, or neither.

use kmip::ttlv::Version;
use kmip::types::*;

use crate::harness::*;
use crate::rights_table::server_under;

/// A message whose only item is an operation with nothing in its payload, whether or not the version has it.
fn empty(version: Version, operation: Operation) -> Vec<u8> {
    let mut message = Vec::new();
    batch(version, vec![GetRequest::new().into()]).write(&mut message).unwrap();
    // The item, its type and its length.
    let before = [0x42, 0x00, 0x5C, 0x05, 0, 0, 0, 4];
    let place = message.windows(8).position(|bytes| bytes == before).unwrap() + 8;
    message[place..place + 4].copy_from_slice(&operation.0.to_be_bytes());
    message
}

#[test]
fn every_operation_of_every_version_is_announced_or_refused() {
    // As set up by default, and with everything that can be on.
    for (server, has_authority) in [(server(), false), (server_under(&[]), true)] {
        let all = version::ALL.iter().flat_map(|version| Operation::all(*version));
        let all: std::collections::BTreeSet<_> = all.collect();
        for version in ALL {
            let query =
                QueryRequest { query_function: vec![QueryFunction::QueryOperations], ..QueryRequest::new() };
            let announced = server.send(*version, query).unwrap().operation;
            for operation in &all {
                let response = read(&server.raw(Some("alice"), &empty(*version, *operation)));
                let [item] = response.batch_item.try_into().unwrap();
                let is_there = item.result_reason != Some(ResultReason::OperationNotSupported);
                assert_eq!(is_there, announced.contains(operation), "{operation} in {version}: {item:?}");
                let info = tables::operation_info(*operation).unwrap();
                let needs_authority = matches!(
                    *operation,
                    Operation::Certify | Operation::ReCertify | Operation::Validate | Operation::Interop
                );
                // Who is let in is decided outside of KMIP: nobody gets new credentials over it (docs/users.md).
                let is_served = info.is_for_servers(*version)
                    && *operation != Operation::ReProvision
                    && (has_authority || !needs_authority);
                assert_eq!(is_there, is_served, "{operation} in {version}");
            }
        }
    }
}
