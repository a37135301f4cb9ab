//! Every operation on every type of object by its owner and by others, with known groups and without, under every policy:
//! nobody gets past the table of rights, whichever way they come.
//!
//! The operations are those that the server says it has. Each has to say [how it reaches objects](ways), and nothing else lets
//! this test pass: a new operation can't be forgotten.

mod indirect;
mod ways;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use kmip::ttlv::{DateTime, Version};
use kmip::types::*;
use kmip_server::authority::{Authority, Terms};
use kmip_server::engine::Settings;
use kmip_server::rights::Policies;

use self::ways::{Way, way};
use crate::harness::*;
use crate::rights::Grouped;

/// A permission as policy files write it.
pub(super) const ALL_MAY: &str = "ALLOW_ALL";
pub(super) const OWNER: &str = "ALLOW_OWNER";
pub(super) const NOBODY: &str = "DISALLOW_ALL";

/// What a policy says of operations, the same of every type.
pub(super) type Entries = Vec<(Operation, &'static str)>;

/// A policy, as the test knows it.
pub(super) struct Rules {
    pub(super) name: String,
    preset: Option<Entries>,
    groups: Vec<(&'static str, Entries)>,
}

/// What someone is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Rights are no obstacle; whether it worked is another matter.
    Allowed,
    Denied,
    Absent,
}

impl Rules {
    pub(super) fn preset(name: String, entries: Entries) -> Self {
        Self { name, preset: Some(entries), groups: Vec::new() }
    }

    /// What a caller (`name`, or `name: groups`) is to be told.
    fn expected(&self, caller: &str, operation: Operation) -> Told {
        let (user, group) =
            caller.split_once(": ").map_or((caller, None), |(user, group)| (user, Some(group)));
        let entries = match (group, self.groups.is_empty()) {
            (Some(group), false) => {
                self.groups.iter().find(|(name, _)| *name == group).map(|(_, entries)| entries)
            }
            _ => self.preset.as_ref(),
        };
        let may = |operation| match entries.map_or(NOBODY, |entries| permission(entries, operation)) {
            ALL_MAY => true,
            OWNER => user == "alice",
            _ => false,
        };
        match (may(operation), may(Operation::Locate)) {
            (true, _) => Told::Allowed,
            (false, true) => Told::Denied,
            (false, false) => Told::Absent,
        }
    }

    fn write(&self, text: &mut String) {
        let table = |entries: &Entries| {
            let entries: Vec<_> = entries
                .iter()
                .map(|(operation, permission)| {
                    format!("\"{}\": \"{permission}\"", capitals(operation.info().unwrap().name))
                })
                .collect();
            let entries = entries.join(", ");
            let types: Vec<_> =
                types().iter().map(|name| format!("\"{}\": {{{entries}}}", capitals(name))).collect();
            format!("{{{}}}", types.join(", "))
        };
        let mut parts = Vec::new();
        parts.extend(self.preset.iter().map(|entries| format!("\"preset\": {}", table(entries))));
        if !self.groups.is_empty() {
            let groups: Vec<_> =
                self.groups.iter().map(|(name, entries)| format!("\"{name}\": {}", table(entries))).collect();
            parts.push(format!("\"groups\": {{{}}}", groups.join(", ")));
        }
        write!(text, "\"{}\": {{{}}}", self.name, parts.join(", ")).unwrap();
    }
}

/// The entry for an operation, or that of the older one whose right stands in for it (spec/rights.yaml).
fn permission(entries: &Entries, operation: Operation) -> &'static str {
    match entries.iter().find(|(listed, _)| *listed == operation) {
        Some((_, permission)) => permission,
        None => stands_in(operation).map_or(NOBODY, |older| permission(entries, older)),
    }
}

fn stands_in(operation: Operation) -> Option<Operation> {
    tables::RIGHTS.iter().find(|(uncovered, _)| *uncovered == operation).map(|(_, older)| *older)
}

fn capitals(name: &str) -> String {
    let letters =
        name.chars().map(|letter| if letter.is_alphanumeric() { letter.to_ascii_uppercase() } else { '_' });
    letters.collect()
}

/// The printed names of all types that there are.
fn types() -> BTreeSet<&'static str> {
    let types = version::ALL.iter().flat_map(|version| ObjectType::all(*version));
    types.map(|object_type| object_type.info().unwrap().name).collect()
}

/// A server with these policies, and all that it can be set to.
pub(super) fn server_under(rules: &[Rules]) -> Server {
    wait(DateTime::now().0 - now().0);
    let mut text = String::from("{");
    for (place, rules) in rules.iter().enumerate() {
        text.push_str(if place > 0 { ",\n" } else { "" });
        rules.write(&mut text);
    }
    text.push('}');
    let policies = Policies::built_in().with_file(&text).unwrap();
    let authority = Authority::make("Test authority", Terms::default()).unwrap();
    let trust = Some(Arc::new(authority.trust()));
    let settings =
        Settings { authority: Some(Arc::new(authority)), trust, interop: true, ..Settings::default() };
    Server(server_set(policies, settings).0.with_authenticator(Grouped))
}

/// All that the server says it has.
pub(super) fn served() -> Vec<Operation> {
    let server = server_under(&[]);
    let mut operations = BTreeSet::new();
    for version in [V1_4, V2_0] {
        let query =
            QueryRequest { query_function: vec![QueryFunction::QueryOperations], ..QueryRequest::new() };
        operations.extend(server.send(version, query).unwrap().operation);
    }
    operations.into_iter().collect()
}

/// The version in which an operation is asked for.
pub(super) fn version_of(operation: Operation) -> Version {
    if operation.is_in(V1_4) { V1_4 } else { V2_0 }
}

/// Registers an object of Alice's under a policy.
pub(super) fn owned(server: &Server, object: &ManagedObject, policy: &str, more: AttributeSet) -> String {
    let mut given = set([AttributeValue::OperationPolicyName(policy.into())]);
    given.extend(more.iter().cloned());
    let registered = server.send(V1_4, register_request(V1_4, object.clone(), given)).unwrap();
    text_of(&registered.unique_identifier)
}

/// What the answer says of rights.
pub(super) fn told(item: &ResponseBatchItem) -> Told {
    match &item.result_message {
        // Whoever replaces what they may not know of learns that the identifier is taken, and nothing more.
        Some(message) if message.contains("there is an object with this Unique Identifier") => Told::Absent,
        Some(message) if message.contains("policy does not allow") => Told::Denied,
        Some(message) if message.contains("there is no object with this Unique Identifier") => Told::Absent,
        _ => Told::Allowed,
    }
}

fn every_policy_for(operation: Operation) -> Vec<Rules> {
    let mut all = Vec::new();
    let name = operation.info().unwrap().name;
    for permission in [ALL_MAY, OWNER, NOBODY] {
        for located in [ALL_MAY, OWNER, NOBODY] {
            let entries = vec![(operation, permission), (Operation::Locate, located)];
            all.push(Rules::preset(format!("{name} {permission} {located}"), entries));
        }
        if let Some(older) = stands_in(operation) {
            let entries = vec![(older, permission), (Operation::Locate, ALL_MAY)];
            all.push(Rules::preset(format!("{name} older {permission}"), entries));
        }
    }
    all.push(Rules::preset(format!("{name} unlisted"), vec![(Operation::Locate, ALL_MAY)]));
    // Whoever looks at another right is found by this.
    let others = served().into_iter().filter(|other| *other != operation).map(|other| (other, ALL_MAY));
    let but = [(operation, NOBODY)].into_iter().chain(others).collect();
    all.push(Rules::preset(format!("{name} all but this"), but));
    let member = vec![(operation, ALL_MAY), (Operation::Locate, ALL_MAY)];
    let guest = vec![(operation, NOBODY), (Operation::Locate, ALL_MAY)];
    let groups = vec![("members", member.clone()), ("guests", guest.clone())];
    all.push(Rules { name: format!("{name} groups"), preset: None, groups: groups.clone() });
    all.push(Rules { name: format!("{name} both"), preset: Some(guest), groups });
    all
}

const CALLERS: [&str; 8] = [
    "alice",
    "bob",
    "alice: members",
    "alice: guests",
    "alice: strangers",
    "bob: members",
    "bob: guests",
    "bob: strangers",
];

#[test]
fn every_operation_on_every_type_by_everyone_under_every_policy() {
    let mut asked = 0;
    for operation in served() {
        let Way::Object(request) = way(operation) else { continue };
        let (version, all) = (version_of(operation), every_policy_for(operation));
        let server = server_under(&all);
        for object in &objects() {
            for rules in &all {
                // Groups make a difference where a policy knows some.
                let callers = if rules.groups.is_empty() { &CALLERS[..2] } else { &CALLERS[..] };
                for caller in callers {
                    // An object each, as some of them end it.
                    let key = owned(&server, object, &rules.name, AttributeSet::new());
                    let request = request(version, Some(id(&key)));
                    let [item] = server.batch(caller, version, vec![request]).try_into().unwrap();
                    let expected = rules.expected(caller, operation);
                    assert_eq!(
                        told(&item),
                        expected,
                        "{operation} by {caller} under {:?}: {item:?}",
                        rules.name
                    );
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 5_000, "{asked}");
}

/// What Locate finds, and a ticket or a placeholder leads to, is looked at like any other.
#[test]
fn the_id_placeholder_leads_past_no_right() {
    for operation in served() {
        let uses = tables::operation_info(operation).is_some_and(|info| info.uses_id_placeholder);
        let Way::Object(request) = way(operation) else { continue };
        if !uses {
            continue;
        }
        let (version, all) = (version_of(operation), every_policy_for(operation));
        let server = server_under(&all);
        for rules in all.iter().filter(|rules| rules.groups.is_empty()) {
            let object = &objects()[0];
            owned(&server, object, &rules.name, set([name(&rules.name)]));
            let locate = locate_request(version, set([name(&rules.name)])).into();
            let items = server.batch("bob", version, vec![locate, request(version, None)]);
            let expected = match rules.expected("bob", Operation::Locate) {
                // Then the placeholder is empty.
                Told::Absent => continue,
                _ => rules.expected("bob", operation),
            };
            assert_eq!(told(&items[1]), expected, "{operation} under {:?}: {items:?}", rules.name);
        }
    }
}

/// What is done later is done with the rights of who asked for it.
#[test]
fn nothing_is_done_later_that_is_not_allowed() {
    for operation in served() {
        let Way::Object(request) = way(operation) else { continue };
        let (version, all) = (version_of(operation), every_policy_for(operation));
        let server = server_under(&all);
        for rules in all.iter().filter(|rules| rules.groups.is_empty()) {
            let key = owned(&server, &objects()[0], &rules.name, AttributeSet::new());
            let mut message = batch(version, vec![request(version, Some(id(&key)))]);
            if version < V2_0 {
                message.request_header.asynchronous_indicator = Some(true);
            } else {
                message.request_header.asynchronous_mode = Some(AsynchronousIndicator::Mandatory);
            }
            let [mut item] = server.message("bob", &message).batch_item.try_into().unwrap();
            if let Some(value) = item.asynchronous_correlation_value {
                wait(3);
                server.0.work();
                let poll = batch(version, vec![PollRequest::new(value).into()]);
                [item] = server.message("bob", &poll).batch_item.try_into().unwrap();
            }
            let expected = rules.expected("bob", operation);
            assert_eq!(told(&item), expected, "{operation} under {:?}: {item:?}", rules.name);
        }
    }
}

/// A ticket gives what its rights say, and nothing that its user may not do.
#[test]
fn a_ticket_leads_past_no_right() {
    let everything = served().into_iter().map(|operation| (operation, ALL_MAY)).collect();
    let nothing = vec![(Operation::Locate, ALL_MAY)];
    let all = [Rules::preset("everything".into(), everything), Rules::preset("nothing".into(), nothing)];
    let server = server_under(&all);
    let object = &objects()[0];
    for operation in served().into_iter().filter(|operation| operation.is_in(V2_0)) {
        let Way::Object(request) = way(operation) else { continue };
        let [key, forbidden] =
            ["everything", "nothing"].map(|policy| owned(&server, object, policy, set([])));
        let other = owned(&server, object, "everything", set([]));
        let ask = |operations: Vec<Operation>, objects: Option<&str>, key: &str| {
            let right = Right {
                operations: Some(Operations { operation: operations, ..Operations::new() }),
                objects: objects.map(|key| Objects { unique_identifier: vec![id(key)], ..Objects::new() }),
                ..Right::new()
            };
            let rights = Rights { right: vec![right], ..Rights::new() };
            let ticket = server.send(V2_0, DelegatedLoginRequest::new(rights)).unwrap().ticket;
            let value = CredentialValue::TicketCredential(TicketCredential::new(ticket));
            let mut message = batch(V2_0, vec![request(V2_0, Some(id(key)))]);
            message.request_header.authentication = Some(Authentication {
                credential: vec![Credential::new(CredentialType::Ticket, value)],
                ..Authentication::new()
            });
            let [item] = server.message("alice", &message).batch_item.try_into().unwrap();
            item
        };
        let refused = Some(ResultReason::NotAuthorised);
        let others = served().into_iter().filter(|other| *other != operation);
        let item = ask(others.take(30).collect(), None, &key);
        assert_eq!(item.result_reason, refused, "{operation}: {item:?}");
        let item = ask(vec![operation], Some(&other), &key);
        assert_eq!(item.result_reason, refused, "{operation} on another: {item:?}");
        let item = ask(vec![operation], None, &forbidden);
        let expected = all[1].expected("alice", operation);
        assert_eq!(told(&item), expected, "{operation} that its user may not do: {item:?}");
        let item = ask(vec![operation], None, &key);
        assert_ne!(item.result_reason, refused, "{operation}: {item:?}");
        assert_eq!(told(&item), Told::Allowed, "{operation}: {item:?}");
    }
}

/// Locate finds what its caller may locate, of every type, and counts nothing else.
#[test]
fn locate_finds_what_may_be_located() {
    let all: Vec<_> = [ALL_MAY, OWNER, NOBODY]
        .into_iter()
        .map(|located| Rules::preset(format!("located {located}"), vec![(Operation::Locate, located)]))
        .chain([Rules {
            name: "located by group".into(),
            preset: None,
            groups: vec![
                ("members", vec![(Operation::Locate, ALL_MAY)]),
                ("guests", vec![(Operation::Locate, NOBODY)]),
            ],
        }])
        .collect();
    let server = server_under(&all);
    let mut made = Vec::new();
    for object in &objects() {
        for rules in &all {
            made.push((owned(&server, object, &rules.name, AttributeSet::new()), rules));
        }
    }
    for caller in CALLERS {
        let response = server.ask(caller, V1_4, locate_request(V1_4, AttributeSet::new())).unwrap();
        let mut located = found(&response);
        located.sort();
        let may = |rules: &Rules| rules.expected(caller, Operation::Locate) == Told::Allowed;
        let mut expected: Vec<_> =
            made.iter().filter(|(_, rules)| may(rules)).map(|(key, _)| key.clone()).collect();
        expected.sort();
        assert_eq!(located, expected, "{caller}");
        assert_eq!(response.located_items, Some(expected.len() as i32));
    }
}

#[test]
fn every_operation_says_how_it_reaches_objects() {
    for operation in served() {
        let is_about_objects = matches!(way(operation), Way::Object(_) | Way::Others);
        let info = tables::operation_info(operation).unwrap();
        assert!(is_about_objects || !info.uses_id_placeholder, "{operation}");
        let has_right = tables::RIGHTS.iter().any(|(listed, _)| *listed == operation);
        assert!(is_about_objects || !has_right, "{operation}");
    }
}

/// An object of every type that can be registered, one each.
pub(super) fn objects() -> Vec<ManagedObject> {
    let mut objects = crate::register::objects(V1_4);
    let mut seen = BTreeSet::new();
    objects.retain(|object| {
        seen.insert(register_request(V1_4, object.clone(), AttributeSet::new()).object_type.0)
    });
    assert!(objects.len() >= 8, "{}", objects.len());
    objects
}
