//! Activate, Revoke, Destroy, and states that come by time.

use kmip::ttlv::{DateTime, Tag};
use kmip::types::*;

use crate::harness::*;

#[test]
fn the_way_of_a_key() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        server.activate(*version, &key).unwrap();
        assert_eq!(server.state(&key), State::Active);
        let attributes = server.attributes(*version, &key);
        assert_eq!(attributes.get(Tag::ActivationDate), Some(&AttributeValue::ActivationDate(now())));

        let wrong = reason(*version, ResultReason::PermissionDenied, ResultReason::WrongKeyLifecycleState);
        assert_eq!(server.activate(*version, &key).unwrap_err().reason, wrong);
        assert_eq!(server.destroy(*version, &key).unwrap_err().reason, wrong);

        wait(5);
        server.revoke(*version, &key, RevocationReasonCode::CessationOfOperation).unwrap();
        assert_eq!(server.state(&key), State::Deactivated);
        let attributes = server.attributes(*version, &key);
        assert_eq!(attributes.get(Tag::DeactivationDate), Some(&AttributeValue::DeactivationDate(now())));
        assert_eq!(attributes.get(Tag::LastChangeDate), Some(&AttributeValue::LastChangeDate(now())));
        assert!(
            matches!(attributes.get(Tag::RevocationReason), Some(AttributeValue::RevocationReason(reason))
            if reason.revocation_reason_code == RevocationReasonCode::CessationOfOperation)
        );
        assert_eq!(attributes.get(Tag::CompromiseDate), None);

        server.destroy(*version, &key).unwrap();
        assert_eq!(server.state(&key), State::Destroyed);
        let attributes = server.attributes(*version, &key);
        assert_eq!(attributes.get(Tag::DestroyDate), Some(&AttributeValue::DestroyDate(now())));
        let gone = reason(*version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        assert_eq!(server.get(*version, &key).unwrap_err().reason, gone);
        let again = reason(*version, ResultReason::PermissionDenied, ResultReason::ObjectDestroyed);
        assert_eq!(server.destroy(*version, &key).unwrap_err().reason, again);
    }
}

/// The transitions of KMIP 1.4 §3.22.
#[test]
fn compromise() {
    let server = server();
    for version in ALL {
        for code in [RevocationReasonCode::KeyCompromise, RevocationReasonCode::CACompromise] {
            for (steps, before) in
                [(0, State::PreActive), (1, State::Active), (2, State::Deactivated), (3, State::Destroyed)]
            {
                let key = server.create(*version, []);
                if steps > 0 {
                    server.activate(*version, &key).unwrap();
                }
                if steps > 1 {
                    server.revoke(*version, &key, RevocationReasonCode::Superseded).unwrap();
                }
                if steps > 2 {
                    server.destroy(*version, &key).unwrap();
                }
                assert_eq!(server.state(&key), before);
                server.revoke(*version, &key, code).unwrap();
                let after = if steps > 2 { State::DestroyedCompromised } else { State::Compromised };
                assert_eq!(server.state(&key), after);
                let attributes = server.attributes(*version, &key);
                assert_eq!(attributes.get(Tag::CompromiseDate), Some(&AttributeValue::CompromiseDate(now())));
                // 1.4 §4.20: the Initial Date, if nothing else is said.
                let Some(AttributeValue::InitialDate(initial)) = attributes.get(Tag::InitialDate) else {
                    panic!()
                };
                let occurred = attributes.get(Tag::CompromiseOccurrenceDate);
                assert_eq!(occurred, Some(&AttributeValue::CompromiseOccurrenceDate(*initial)));
                assert!(server.revoke(*version, &key, code).is_err());
                if after == State::Compromised {
                    server.destroy(*version, &key).unwrap();
                    assert_eq!(server.state(&key), State::DestroyedCompromised);
                }
            }
        }
    }
}

#[test]
fn what_revoke_refuses() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, []);
        let wrong = reason(*version, ResultReason::IllegalOperation, ResultReason::WrongKeyLifecycleState);
        let failed = server.revoke(*version, &key, RevocationReasonCode::Superseded).unwrap_err();
        assert!(failed.reason == wrong || failed.reason == ResultReason::PermissionDenied, "{failed:?}");
        let failed = server.revoke(*version, &key, RevocationReasonCode(99)).unwrap_err();
        assert_eq!(failed.reason, ResultReason::InvalidField);
        let request = RevokeRequest {
            unique_identifier: Some(id(&key)),
            compromise_occurrence_date: Some(DateTime(1)),
            ..RevokeRequest::new(RevocationReason::new(RevocationReasonCode::Superseded))
        };
        assert_eq!(server.send(*version, request).unwrap_err().reason, ResultReason::InvalidField);
        assert_eq!(server.state(&key), State::PreActive);

        let request = RevokeRequest {
            unique_identifier: Some(id(&key)),
            compromise_occurrence_date: Some(DateTime(1)),
            ..RevokeRequest::new(RevocationReason::new(RevocationReasonCode::KeyCompromise))
        };
        server.send(*version, request).unwrap();
        let occurred = server.attributes(*version, &key).get(Tag::CompromiseOccurrenceDate).cloned();
        assert_eq!(occurred, Some(AttributeValue::CompromiseOccurrenceDate(DateTime(1))));
    }
}

/// KMIP 1.4 §4.19: objects that have no state can't be activated; Opaque Objects have one since 1.4.
#[test]
fn opaque_objects() {
    let server = server();
    for version in ALL {
        let opaque = OpaqueObject::new(OpaqueDataType(0x8000_0001), b"x".to_vec().into());
        let request = register_request(*version, ManagedObject::OpaqueObject(opaque), AttributeSet::new());
        let key = text_of(&server.send(*version, request).unwrap().unique_identifier);
        match server.activate(*version, &key) {
            Ok(_) => assert!(*version >= V1_4),
            Err(failed) => {
                assert!(*version < V1_4);
                assert_eq!(failed.reason, ResultReason::IllegalOperation);
            }
        }
        if *version < V1_4 {
            assert_eq!(server.attributes(*version, &key).get(Tag::State), None);
            server.destroy(*version, &key).unwrap();
        }
    }
}

#[test]
fn states_come_by_time() {
    let server = server();
    for version in ALL {
        let dates = [
            AttributeValue::ActivationDate(DateTime(now().0 + 10)),
            AttributeValue::DeactivationDate(DateTime(now().0 + 20)),
        ];
        let key = server.create(*version, dates);
        let with =
            |state| server.locate(*version, set([AttributeValue::State(state)])).unwrap().contains(&key);
        assert_eq!(server.state(&key), State::PreActive);
        assert!(with(State::PreActive));
        wait(10);
        assert_eq!(server.state(&key), State::Active);
        assert!(with(State::Active) && !with(State::PreActive));
        wait(10);
        // Found by what it has become, although nobody has looked at it.
        assert!(with(State::Deactivated) && !with(State::Active));
        assert_eq!(server.state(&key), State::Deactivated);
        let attributes = server.attributes(*version, &key);
        assert_eq!(attributes.get(Tag::LastChangeDate), Some(&AttributeValue::LastChangeDate(now())));
        wait(100);
        assert_eq!(server.attributes(*version, &key), attributes);
    }
}

#[test]
fn a_key_is_fresh_until_it_is_served() {
    let server = server();
    for version in &ALL[1..] {
        let key = server.create(*version, []);
        let fresh = || server.attributes(*version, &key).get(Tag::Fresh).cloned();
        assert_eq!(fresh(), Some(AttributeValue::Fresh(true)));
        server.get(*version, &key).unwrap();
        assert_eq!(fresh(), Some(AttributeValue::Fresh(false)));
    }
}
