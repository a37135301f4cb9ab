//! Who may do what: owners, others, policies.

use kmip::types::*;
use kmip_server::engine::{Authenticator, Failure, Settings};
use kmip_server::handler::Peer;
use kmip_server::rights::{Caller, Policies};

use crate::harness::*;

/// KMIP 1.4 §3.18.2: a key is its owner's; for others it isn't there.
#[test]
fn a_key_is_absent_for_others() {
    let server = server();
    for version in ALL {
        let key = server.create(*version, [name("secret")]);
        let missing = reason(*version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound);
        let id = || Some(id(&key));
        let mut reasons = vec![
            server.ask("bob", *version, get_request(&key)).unwrap_err(),
            server
                .ask(
                    "bob",
                    *version,
                    GetAttributesRequest { unique_identifier: id(), ..GetAttributesRequest::new() },
                )
                .unwrap_err(),
            server
                .ask(
                    "bob",
                    *version,
                    GetAttributeListRequest { unique_identifier: id(), ..GetAttributeListRequest::new() },
                )
                .unwrap_err(),
            server
                .ask("bob", *version, ActivateRequest { unique_identifier: id(), ..ActivateRequest::new() })
                .unwrap_err(),
            server
                .ask("bob", *version, DestroyRequest { unique_identifier: id(), ..DestroyRequest::new() })
                .unwrap_err(),
            server
                .ask(
                    "bob",
                    *version,
                    RevokeRequest {
                        unique_identifier: id(),
                        ..RevokeRequest::new(RevocationReason::new(RevocationReasonCode::KeyCompromise))
                    },
                )
                .unwrap_err(),
        ];
        if *version >= V1_2 {
            let encrypt = EncryptRequest {
                unique_identifier: id(),
                data: Some(Data::ByteString(b"x".to_vec().into())),
                ..EncryptRequest::new()
            };
            reasons.push(server.ask("bob", *version, encrypt).unwrap_err());
        }
        // In the very words in which an object is missing that nobody has.
        let nobodys = server.ask("bob", *version, get_request("nowhere")).unwrap_err();
        for failed in reasons {
            assert_eq!(failed.reason, missing);
            assert_eq!(failed.message, nobodys.message);
        }
        let located = server.ask("bob", *version, locate_request(*version, set([name("secret")]))).unwrap();
        assert!(located.unique_identifier.is_empty());
        assert_eq!(located.located_items, (*version >= V1_3).then_some(0), "not counted either");
        assert_eq!(server.state(&key), State::PreActive);
        server.destroy(*version, &key).unwrap();
        assert_eq!(server.ask("bob", *version, get_request(&key)).unwrap_err().message, nobodys.message);
    }
}

/// Only where the server is set to it is a key that isn't there told from one that is someone else's.
#[test]
fn denied_where_nothing_is_hidden() {
    let settings = Settings { hide_objects: false, ..Settings::default() };
    let server = server_set(Policies::built_in(), settings);
    for version in ALL {
        let key = server.create(*version, []);
        let failed = server.ask("bob", *version, get_request(&key)).unwrap_err();
        assert_eq!(failed.reason, ResultReason::PermissionDenied);
        let nobodys = server.ask("bob", *version, get_request("nowhere")).unwrap_err();
        assert_eq!(
            nobodys.reason,
            reason(*version, ResultReason::ItemNotFound, ResultReason::ObjectNotFound)
        );
        let located = server.ask("bob", *version, locate_request(*version, AttributeSet::new())).unwrap();
        assert!(located.unique_identifier.is_empty());
    }
}

#[test]
fn a_certificate_is_public_but_its_owners() {
    let server = server();
    for version in ALL {
        let certificate = crate::fixtures::certificate();
        let request =
            register_request(*version, ManagedObject::Certificate(certificate), AttributeSet::new());
        let identifier = text_of(&server.send(*version, request).unwrap().unique_identifier);
        server.ask("bob", *version, get_request(&identifier)).unwrap();
        let located = server.ask("bob", *version, locate_request(*version, AttributeSet::new())).unwrap();
        assert!(found(&located).contains(&identifier));
        let request = DestroyRequest { unique_identifier: Some(id(&identifier)), ..DestroyRequest::new() };
        assert_eq!(
            server.ask("bob", *version, request.clone()).unwrap_err().reason,
            ResultReason::PermissionDenied
        );
        server.send(*version, request).unwrap();
    }
}

/// The policy is named when the object is made, and holds from then on.
#[test]
fn policies_by_name() {
    let policies = Policies::built_in()
        .with_file(
            r#"{"shared": {"preset": {"SYMMETRIC_KEY":
                {"LOCATE": "ALLOW_ALL", "GET": "ALLOW_ALL", "GET_ATTRIBUTES": "ALLOW_ALL", "DESTROY": "DISALLOW_ALL"}}}}"#,
        )
        .unwrap();
    let server = server_with(policies);
    for version in [V1_0, V1_2, V1_4] {
        let key = server.create(version, [AttributeValue::OperationPolicyName("shared".into())]);
        server.ask("bob", version, get_request(&key)).unwrap();
        assert_eq!(
            found(&server.ask("bob", version, locate_request(version, AttributeSet::new())).unwrap())[0],
            key
        );
        assert_eq!(server.destroy(version, &key).unwrap_err().reason, ResultReason::PermissionDenied);
        // Not listed, and nothing stands in for it.
        assert_eq!(server.activate(version, &key).unwrap_err().reason, ResultReason::PermissionDenied);
        // A policy that nobody knows allows nothing, to its owner neither.
        let lost = server.create(version, [AttributeValue::OperationPolicyName("lost".into())]);
        assert_eq!(server.get(version, &lost).unwrap_err().reason, ResultReason::ItemNotFound);
    }
}

/// Takes `alice: A, B` for Alice with these groups; without a colon nothing is known of groups.
pub(crate) struct Grouped;

impl Authenticator for Grouped {
    fn authenticate(&self, peer: &Peer, _: &[&Credential]) -> Result<Caller, Failure> {
        let name = peer.common_name().unwrap();
        Ok(match name.split_once(':') {
            Some((user, groups)) => {
                let groups = groups.split(',').map(|group| group.trim().to_owned());
                Caller::user(user).in_groups(Some(groups.collect()))
            }
            None => Caller::user(name),
        })
    }
}

/// As PyKMIP's documentation has it of groups.
#[test]
fn policies_by_group() {
    let policies = Policies::built_in()
        .with_file(
            r#"{"both": {
                "preset": {"SYMMETRIC_KEY": {"LOCATE": "ALLOW_ALL", "GET": "ALLOW_OWNER"}},
                "groups": {
                    "A": {"SYMMETRIC_KEY": {"LOCATE": "ALLOW_ALL", "GET": "ALLOW_ALL", "DESTROY": "DISALLOW_ALL"}},
                    "B": {"SYMMETRIC_KEY": {"LOCATE": "ALLOW_ALL", "GET": "DISALLOW_ALL", "DESTROY": "ALLOW_ALL"}}}},
               "preset": {"preset": {"SYMMETRIC_KEY": {"LOCATE": "ALLOW_ALL", "GET": "ALLOW_ALL"}}},
               "groups": {"groups": {"A": {"SYMMETRIC_KEY": {"LOCATE": "ALLOW_ALL", "GET": "ALLOW_ALL"}}}}}"#,
        )
        .unwrap();
    let server = Server(server_with(policies).0.with_authenticator(Grouped));
    let (denied, absent) = (Some(ResultReason::PermissionDenied), Some(ResultReason::ItemNotFound));
    for version in [V1_0, V1_2, V1_4] {
        for (policy, caller, expected) in [
            // Group information, and tables for groups: these count, and for the owner, too.
            ("both", "bob: A", None),
            ("both", "bob: B", denied),
            ("both", "bob: A, B", None),
            ("both", "bob: B, unknown, A", None),
            ("both", "bob: unknown", absent),
            ("both", "alice: B", denied),
            // None: the preset.
            ("both", "bob", denied),
            ("both", "alice", None),
            // Groups are known, but the policy has none.
            ("preset", "bob: unknown", None),
            // The policy has nothing but groups, and none are known.
            ("groups", "bob", absent),
            ("groups", "alice", absent),
            ("groups", "bob: A", None),
        ] {
            let key = server.create(version, [AttributeValue::OperationPolicyName(policy.into())]);
            let got = server.ask(caller, version, get_request(&key));
            assert_eq!(got.err().map(|failed| failed.reason), expected, "{policy} {caller}");
            let located = server.ask(caller, version, locate_request(version, AttributeSet::new())).unwrap();
            assert_eq!(found(&located).contains(&key), expected != absent, "{policy} {caller}");
        }
        let key = server.create(version, [AttributeValue::OperationPolicyName("both".into())]);
        let destroy = || DestroyRequest { unique_identifier: Some(id(&key)), ..DestroyRequest::new() };
        let refused = server.ask("bob: A", version, destroy()).unwrap_err();
        assert_eq!(Some(refused.reason), denied);
        server.ask("bob: A, B", version, destroy()).unwrap();
    }
}
