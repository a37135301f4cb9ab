//! The matrix of object types, operations and callers, and the rules of groups.

use super::*;

fn types() -> Vec<ObjectType> {
    let mut types: Vec<_> = version::ALL.iter().flat_map(|version| ObjectType::all(*version)).collect();
    types.sort();
    types.dedup();
    types
}

fn decide(user: &str, policy: &str, object_type: ObjectType, operation: Operation) -> Decision {
    let object = Subject { owner: "alice", policy, object_type };
    Policies::built_in().decide(&Caller::user(user), object, operation)
}

/// KMIP 1.4 §3.18.2.1: what is secret is its owner's alone, and not to be seen by others.
#[test]
fn secrets_are_their_owners() {
    use Operation as O;
    let listed = [
        O::ReKey,
        O::ReKeyKeyPair,
        O::DeriveKey,
        O::Locate,
        O::Check,
        O::Get,
        O::GetAttributes,
        O::GetAttributeList,
        O::AddAttribute,
        O::ModifyAttribute,
        O::DeleteAttribute,
        O::ObtainLease,
        O::GetUsageAllocation,
        O::Activate,
        O::Revoke,
        O::Destroy,
        O::Archive,
        O::Recover,
    ];
    let stood_in_for = [
        O::Encrypt,
        O::Decrypt,
        O::Sign,
        O::SignatureVerify,
        O::MAC,
        O::MACVerify,
        O::SetAttribute,
        O::Export,
    ];
    for object_type in types() {
        use ObjectType as T;
        if [T::Certificate, T::PublicKey, T::Template].contains(&object_type) {
            continue;
        }
        for operation in listed.into_iter().chain(stood_in_for) {
            assert_eq!(
                decide("alice", "default", object_type, operation),
                Decision::Allowed,
                "{object_type} {operation}"
            );
            assert_eq!(
                decide("bob", "default", object_type, operation),
                Decision::Absent,
                "{object_type} {operation}"
            );
        }
    }
}

/// KMIP 1.4 §3.18.2.2: certificates and public keys can be read by everyone.
#[test]
fn public_objects_can_be_read() {
    use Operation as O;
    for object_type in [ObjectType::Certificate, ObjectType::PublicKey] {
        for operation in
            [O::Locate, O::Check, O::Get, O::GetAttributes, O::GetAttributeList, O::ObtainLease, O::Encrypt]
        {
            assert_eq!(
                decide("bob", "default", object_type, operation),
                Decision::Allowed,
                "{object_type} {operation}"
            );
        }
        for operation in
            [O::AddAttribute, O::SetAttribute, O::Activate, O::Revoke, O::Destroy, O::Archive, O::Import]
        {
            assert_eq!(
                decide("alice", "default", object_type, operation),
                Decision::Allowed,
                "{object_type} {operation}"
            );
            assert_eq!(
                decide("bob", "default", object_type, operation),
                Decision::Denied,
                "{object_type} {operation}"
            );
        }
        // Not listed for them, and nothing stands in for it.
        assert_eq!(decide("alice", "default", object_type, O::ReKey), Decision::Denied);
    }
}

/// KMIP 1.4 §3.18.2.3 and its policy `public`.
#[test]
fn templates() {
    use Operation as O;
    let template = ObjectType::Template;
    assert_eq!(decide("alice", "default", template, O::Destroy), Decision::Allowed);
    assert_eq!(decide("alice", "default", template, O::Activate), Decision::Denied);
    assert_eq!(decide("bob", "default", template, O::Get), Decision::Absent);
    assert_eq!(decide("bob", "public", template, O::Get), Decision::Allowed);
    assert_eq!(decide("alice", "public", template, O::Destroy), Decision::Denied);
    assert_eq!(decide("alice", "public", ObjectType::SymmetricKey, O::Get), Decision::Absent);
}

#[test]
fn what_is_not_known_is_refused() {
    let key = ObjectType::SymmetricKey;
    assert_eq!(decide("alice", "no such policy", key, Operation::Get), Decision::Absent);
    let object = Subject { owner: "", policy: "default", object_type: ObjectType::Certificate };
    assert_eq!(Policies::built_in().decide(&Caller::anonymous(), object, Operation::Get), Decision::Absent);
    assert_eq!(Policies::built_in().visibility(&Caller::anonymous()), Visibility::Granted(Vec::new()));
}

fn with(text: &str) -> Policies {
    Policies::built_in().with_file(text).unwrap()
}

fn member(groups: &[&str]) -> Caller {
    let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
    Caller::user("bob").in_groups(Some(groups.into()))
}

#[test]
fn the_most_permissive_group_counts() {
    let policies = with(
        r#"{"p": {
            "preset": {"CERTIFICATE": {"DESTROY": "DISALLOW_ALL", "LOCATE": "ALLOW_ALL"}},
            "groups": {
                "a": {"CERTIFICATE": {"GET": "ALLOW_ALL", "DESTROY": "ALLOW_ALL"}},
                "b": {"CERTIFICATE": {"GET": "ALLOW_ALL", "DESTROY": "DISALLOW_ALL"}}
            }}}"#,
    );
    let certificate = ObjectType::Certificate;
    let may = |caller: &Caller, operation| policies.permission(caller, "p", certificate, operation);
    assert_eq!(may(&member(&["a"]), Operation::Destroy), Permission::AllowAll);
    assert_eq!(may(&member(&["b"]), Operation::Destroy), Permission::DisallowAll);
    assert_eq!(may(&member(&["b", "a"]), Operation::Destroy), Permission::AllowAll);
    assert_eq!(may(&member(&["c"]), Operation::Get), Permission::DisallowAll);
    assert_eq!(may(&member(&[]), Operation::Get), Permission::DisallowAll);
    // Nothing is known of groups: the preset.
    assert_eq!(may(&Caller::user("bob"), Operation::Get), Permission::DisallowAll);
    assert_eq!(may(&Caller::user("bob"), Operation::Locate), Permission::AllowAll);
}

#[test]
fn groups_and_preset_stand_in_for_one_another_in_one_direction_alone() {
    let policies = with(
        r#"{"only_groups": {"groups": {"a": {"CERTIFICATE": {"GET": "ALLOW_ALL"}}}},
            "only_preset": {"preset": {"CERTIFICATE": {"GET": "ALLOW_ALL"}}}}"#,
    );
    let may = |caller: &Caller, policy| {
        policies.permission(caller, policy, ObjectType::Certificate, Operation::Get)
    };
    assert_eq!(may(&Caller::user("bob"), "only_groups"), Permission::DisallowAll);
    assert_eq!(may(&member(&["a"]), "only_preset"), Permission::AllowAll);
}

#[test]
fn an_explicit_entry_goes_before_the_one_that_stands_in() {
    let policies = with(
        r#"{"p": {"preset": {"SYMMETRIC_KEY": {"GET": "DISALLOW_ALL", "ENCRYPT": "ALLOW_ALL", "REKEY": "ALLOW_OWNER"}}}}"#,
    );
    let may = |operation| policies.permission(&Caller::user("bob"), "p", ObjectType::SymmetricKey, operation);
    assert_eq!(may(Operation::Encrypt), Permission::AllowAll);
    assert_eq!(may(Operation::Decrypt), Permission::DisallowAll);
    assert_eq!(may(Operation::ReKeyKeyPair), Permission::AllowOwner);
}

#[test]
fn reserved_names_keep_their_meaning() {
    let policies = with(r#"{"default": {"preset": {"SYMMETRIC_KEY": {"GET": "ALLOW_ALL"}}}}"#);
    let may = policies.permission(&Caller::user("bob"), "default", ObjectType::SymmetricKey, Operation::Get);
    assert_eq!(may, Permission::AllowOwner);
    assert!(policies.contains("public") && !policies.contains("example"));
}

#[test]
fn a_bad_file_is_refused_with_its_place() {
    for (text, message) in [
        ("{", "line 1"),
        (r#"{"p": {}}"#, "a policy has a `preset`"),
        (r#"{"p": {"presets": {}}}"#, "presets"),
        (r#"{"p": {"preset": {"KEY": {}}}}"#, "\"KEY\" is no object type"),
        (r#"{"p": {"preset": {"CERTIFICATE": {"GETT": "ALLOW_ALL"}}}}"#, "\"GETT\" is no operation"),
        (r#"{"p": {"preset": {"CERTIFICATE": {"GET": "ALLOW"}}}}"#, "\"ALLOW\" is no permission"),
        (r#"{"p": {"preset": {}}, "p": {"preset": {}}}"#, "twice"),
    ] {
        let error = Policies::built_in().with_file(text).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn what_can_be_located_is_what_the_grants_say() {
    let Visibility::Granted(grants) = Policies::built_in().visibility(&Caller::user("alice")) else {
        panic!()
    };
    let everyone = grants.iter().find(|grant| grant.policy == "default" && grant.owner.is_none()).unwrap();
    assert_eq!(
        everyone.object_types.as_deref(),
        Some(&[ObjectType::Certificate.0, ObjectType::PublicKey.0][..])
    );
    let own = grants.iter().find(|grant| grant.policy == "default" && grant.owner.is_some()).unwrap();
    assert_eq!(own.owner.as_deref(), Some("alice"));
    assert_eq!(own.object_types.as_ref().map(Vec::len), Some(types().len() - 2));
}
