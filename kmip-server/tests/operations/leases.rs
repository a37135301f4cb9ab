//! Check, Obtain Lease and Get Usage Allocation.

use kmip::ttlv::{DateTime, Interval, Version};
use kmip::types::*;

use crate::harness::*;
use AttributeValue as V;

fn limited(total: i64) -> AttributeValue {
    V::UsageLimits(UsageLimits {
        usage_limits_total: Some(total),
        usage_limits_unit: Some(UsageLimitsUnit::Byte),
        ..UsageLimits::new()
    })
}

fn check(key: &str) -> CheckRequest {
    CheckRequest { unique_identifier: Some(id(key)), ..CheckRequest::new() }
}

impl Server {
    pub(crate) fn allocate(&self, version: Version, key: &str, units: i64) -> Result<(), Failed> {
        let request = GetUsageAllocationRequest {
            unique_identifier: Some(id(key)),
            ..GetUsageAllocationRequest::new(units)
        };
        self.send(version, request).map(|_| ())
    }

    pub(crate) fn lease(&self, version: Version, key: &str) -> Result<ObtainLeaseResponse, Failed> {
        let request = ObtainLeaseRequest { unique_identifier: Some(id(key)), ..ObtainLeaseRequest::new() };
        self.send(version, request)
    }
}

#[test]
fn a_check_says_what_stands_in_the_way() {
    use CryptographicUsageMask as M;
    let server = server();
    for version in ALL {
        let key = server.create(*version, [limited(1000)]);
        let ask = |units, mask, lease: Option<u32>| {
            server.send(
                *version,
                CheckRequest {
                    usage_limits_count: units,
                    cryptographic_usage_mask: mask,
                    lease_time: lease.map(Interval),
                    ..check(&key)
                },
            )
        };
        for (units, mask, lease) in [
            (None, None, None),
            (Some(1000), None, None),
            (Some(0), Some(M::Encrypt), Some(3600)),
            (None, Some(M::Encrypt | M::Decrypt), Some(1)),
        ] {
            let response = ask(units, mask, lease).unwrap();
            assert_eq!(response.unique_identifier.map(|key| text_of(&key)), Some(key.clone()));
        }
        let limit = reason(*version, ResultReason::PermissionDenied, ResultReason::UsageLimitExceeded);
        let uses = reason(
            *version,
            ResultReason::PermissionDenied,
            ResultReason::IncompatibleCryptographicUsageMask,
        );
        for (units, mask, lease, reason, said) in [
            (Some(1001), None, None, limit, &["Usage Limits"][..]),
            (None, Some(M::Sign), None, uses, &["Usage Mask"]),
            (None, None, Some(3601), ResultReason::PermissionDenied, &["Lease Time"]),
            // Without an end.
            (None, None, Some(0), ResultReason::PermissionDenied, &["Lease Time"]),
            (Some(2000), Some(M::Sign), Some(9999), limit, &["Usage Limits", "Usage Mask", "Lease Time"]),
        ] {
            let failed = ask(units, mask, lease).unwrap_err();
            assert_eq!(failed.reason, reason, "{version}");
            for said in said {
                assert!(failed.message.contains(said), "{}", failed.message);
            }
        }
        assert_eq!(ask(Some(-1), None, None).unwrap_err().reason, ResultReason::InvalidField);
    }
}

/// 1.4 §4.10: who may not use the object does not go on with it.
#[test]
fn a_refused_check_empties_the_placeholder() {
    let server = server();
    for version in ALL {
        let create = create_request(*version, aes(128));
        let refused = CheckRequest {
            cryptographic_usage_mask: Some(CryptographicUsageMask::Sign),
            ..CheckRequest::new()
        };
        let mut message = batch(*version, vec![create.into(), refused.into(), GetRequest::new().into()]);
        message.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
        let items = server.message("alice", &message).batch_item;
        assert_eq!(items[0].result_status, ResultStatus::Success);
        let missing = reason(*version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        assert_eq!(failed(&items[2]).reason, missing);
    }
}

#[test]
fn allocations_count_down() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, [limited(1000)]);
        assert_eq!(
            server.allocate(*version, &key, 1).unwrap_err().reason,
            ResultReason::PermissionDenied,
            "it is not active"
        );
        server.activate(*version, &key).unwrap();
        server.allocate(*version, &key, 400).unwrap();
        server.allocate(*version, &key, 600).unwrap();
        let limit = reason(*version, ResultReason::PermissionDenied, ResultReason::UsageLimitExceeded);
        assert_eq!(server.allocate(*version, &key, 1).unwrap_err().reason, limit);
        server.allocate(*version, &key, 0).unwrap();
        assert_eq!(server.allocate(*version, &key, -1).unwrap_err().reason, ResultReason::InvalidField);

        let free = server.create(*version, []);
        server.activate(*version, &free).unwrap();
        let none = reason(*version, ResultReason::IllegalOperation, ResultReason::AttributeNotFound);
        assert_eq!(server.allocate(*version, &free, 1).unwrap_err().reason, none);

        let mut only_decrypts = aes(128);
        only_decrypts.set(V::CryptographicUsageMask(CryptographicUsageMask::Decrypt));
        only_decrypts.extend([limited(10), V::ActivationDate(now())]);
        let request = create_request(*version, only_decrypts);
        let key = text_of(&server.send(*version, request).unwrap().unique_identifier);
        let useless = reason(*version, ResultReason::IllegalOperation, ResultReason::InvalidObjectType);
        assert_eq!(server.allocate(*version, &key, 1).unwrap_err().reason, useless);

        // 1.4 §4.18: "after the Activation Date and before the Protect Stop Date".
        let stop = V::ProtectStopDate(DateTime(now().0 + 5));
        let key = server.create(*version, [limited(10), V::ActivationDate(now()), stop]);
        server.allocate(*version, &key, 1).unwrap();
        wait(5);
        assert_eq!(server.allocate(*version, &key, 1).unwrap_err().reason, ResultReason::PermissionDenied);
    }
}

#[test]
fn leases() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        wait(100);
        let lease = server.lease(*version, &key).unwrap();
        assert_eq!((lease.lease_time, lease.last_change_date), (Interval(3600), DateTime(now().0 - 100)));
        server.activate(*version, &key).unwrap();
        assert_eq!(server.lease(*version, &key).unwrap().last_change_date, now());
        server.revoke(*version, &key, RevocationReasonCode::KeyCompromise).unwrap();
        assert_eq!(server.lease(*version, &key).unwrap_err().reason, ResultReason::PermissionDenied);
        let missing = reason(*version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        assert_eq!(server.lease(*version, "nowhere").unwrap_err().reason, missing);
    }
}
