//! Login, Delegated Login and Logout; Interop, Log and Set Endpoint Role.

use kmip::ttlv::{DateTime, Interval, Tag};
use kmip::types::*;
use kmip_server::engine::Settings;
use kmip_server::rights::Policies;

use crate::harness::*;

/// One operation of Bob's with a ticket.
fn with_ticket<R: Request>(
    server: &Server,
    user: &str,
    ticket: &Ticket,
    request: R,
) -> Result<R::Response, Failed> {
    let mut message = batch(V2_0, vec![request.into()]);
    let value = CredentialValue::TicketCredential(TicketCredential::new(ticket.clone()));
    message.request_header.authentication = Some(Authentication {
        credential: vec![Credential::new(CredentialType::Ticket, value)],
        ..Authentication::new()
    });
    let [item] = server.message(user, &message).batch_item.try_into().unwrap();
    answer::<R>(item)
}

fn query() -> QueryRequest {
    QueryRequest { query_function: vec![QueryFunction::QueryOperations], ..QueryRequest::new() }
}

fn reason_of<T: std::fmt::Debug>(result: Result<T, Failed>) -> ResultReason {
    result.unwrap_err().reason
}

#[test]
fn a_ticket_stands_for_its_user_until_logout() {
    let server = server();
    let key = server.create(V2_0, []);
    let ticket = server.send(V2_0, LoginRequest::new()).unwrap().ticket;
    with_ticket(&server, "alice", &ticket, get_request(&key)).unwrap();
    let another = server.send(V2_0, LoginRequest::new()).unwrap().ticket;
    assert!(another.ticket_value != ticket.ticket_value);

    // Nobody else ends it, and it makes no others.
    let theirs = server.ask("bob", V2_0, LogoutRequest::new(ticket.clone()));
    assert_eq!(reason_of(theirs), ResultReason::InvalidTicket);
    let more = with_ticket(&server, "alice", &ticket, LoginRequest::new());
    assert_eq!(reason_of(more), ResultReason::PermissionDenied);

    with_ticket(&server, "alice", &ticket, LogoutRequest::new(ticket.clone())).unwrap();
    for _ in 0..2 {
        assert_eq!(reason_of(with_ticket(&server, "alice", &ticket, query())), ResultReason::InvalidTicket);
    }
    assert_eq!(reason_of(server.send(V2_0, LogoutRequest::new(ticket))), ResultReason::InvalidTicket);
    with_ticket(&server, "alice", &another, get_request(&key)).unwrap();

    let mut forged = another.clone();
    forged.ticket_value = vec![0; 32].into();
    assert_eq!(reason_of(with_ticket(&server, "alice", &forged, query())), ResultReason::InvalidTicket);
}

#[test]
fn a_ticket_ends_with_its_time_its_requests_or_its_operations() {
    let server = server();
    let login = |request: LoginRequest| server.send(V2_0, request).unwrap().ticket;
    let until = DateTime(now().0 + 60);
    let leases = [TicketLeaseTime::Interval(Interval(60)), TicketLeaseTime::DateTime(until)];
    let tickets = leases.map(|lease| login(LoginRequest { lease_time: Some(lease), ..LoginRequest::new() }));
    wait(59);
    for ticket in &tickets {
        with_ticket(&server, "alice", ticket, query()).unwrap();
    }
    wait(1);
    for ticket in &tickets {
        assert_eq!(reason_of(with_ticket(&server, "alice", ticket, query())), ResultReason::InvalidTicket);
    }
    // Zero is no limit of the client's.
    let zero = TicketLeaseTime::Interval(Interval(0));
    let usual = login(LoginRequest { lease_time: Some(zero), request_count: Some(0), ..LoginRequest::new() });
    wait(3599);
    with_ticket(&server, "alice", &usual, query()).unwrap();
    wait(1);
    assert_eq!(reason_of(with_ticket(&server, "alice", &usual, query())), ResultReason::InvalidTicket);

    let two = login(LoginRequest { request_count: Some(2), ..LoginRequest::new() });
    with_ticket(&server, "alice", &two, query()).unwrap();
    with_ticket(&server, "alice", &two, query()).unwrap();
    assert_eq!(reason_of(with_ticket(&server, "alice", &two, query())), ResultReason::InvalidTicket);

    let limits = UsageLimits {
        usage_limits_total: Some(1),
        usage_limits_count: Some(1),
        usage_limits_unit: Some(UsageLimitsUnit::Object),
        ..UsageLimits::new()
    };
    let one = login(LoginRequest { usage_limits: Some(limits), ..LoginRequest::new() });
    with_ticket(&server, "alice", &one, query()).unwrap();
    assert_eq!(reason_of(with_ticket(&server, "alice", &one, query())), ResultReason::NotAuthorised);

    for request in [
        LoginRequest { request_count: Some(-1), ..LoginRequest::new() },
        LoginRequest { lease_time: Some(TicketLeaseTime::DateTime(DateTime(0))), ..LoginRequest::new() },
        LoginRequest {
            lease_time: Some(TicketLeaseTime::Interval(Interval(1_000_000))),
            ..LoginRequest::new()
        },
    ] {
        assert_eq!(reason_of(server.send(V2_0, request)), ResultReason::InvalidField);
    }
}

#[test]
fn a_delegated_ticket_allows_what_its_rights_say() {
    let server = server();
    let (one, other) = (server.create(V2_0, []), server.create(V2_0, []));
    let operations = |list: &[Operation]| Some(Operations { operation: list.to_vec(), ..Operations::new() });
    let queries = Right { operations: operations(&[Operation::Query]), ..Right::new() };
    let reads = Right {
        operations: operations(&[Operation::GetAttributes, Operation::Create]),
        objects: Some(Objects { unique_identifier: vec![id(&one)], ..Objects::new() }),
        ..Right::new()
    };
    let rights = Rights { right: vec![queries, reads], ..Rights::new() };
    let ticket = server.send(V2_0, DelegatedLoginRequest::new(rights)).unwrap().ticket;
    let attributes =
        |key: &str| GetAttributesRequest { unique_identifier: Some(id(key)), ..GetAttributesRequest::new() };
    // Bob's certificate says who he is; the ticket says what he may do.
    with_ticket(&server, "bob", &ticket, query()).unwrap();
    with_ticket(&server, "bob", &ticket, attributes(&one)).unwrap();
    assert!(server.ask("bob", V2_0, attributes(&one)).is_err());
    let denied = ResultReason::NotAuthorised;
    assert_eq!(reason_of(with_ticket(&server, "bob", &ticket, attributes(&other))), denied);
    assert_eq!(reason_of(with_ticket(&server, "bob", &ticket, get_request(&one))), denied);
    // What Alice herself may not know of is not there.
    let hidden = server.ask("carol", V2_0, create_request(V2_0, aes(128))).unwrap().unique_identifier;
    let hidden = with_ticket(&server, "bob", &ticket, attributes(&text_of(&hidden)));
    assert_eq!(hidden, with_ticket(&server, "bob", &ticket, attributes("nowhere")));
    assert_eq!(reason_of(hidden), ResultReason::ObjectNotFound);
    // A right to an object is none to make others.
    assert_eq!(reason_of(with_ticket(&server, "bob", &ticket, create_request(V2_0, aes(128)))), denied);
    assert_eq!(reason_of(with_ticket(&server, "bob", &ticket, LoginRequest::new())), denied);
}

#[test]
fn a_ticket_has_no_more_rights_than_can_be_kept() {
    let server = server();
    let ask = |count: usize| {
        let objects = (0..count).map(|number| id(&format!("{number:036}"))).collect();
        let objects = Some(Objects { unique_identifier: objects, ..Objects::new() });
        let rights = Rights { right: vec![Right { objects, ..Right::new() }], ..Rights::new() };
        server.send(V2_0, DelegatedLoginRequest::new(rights))
    };
    ask(1000).unwrap();
    assert_eq!(reason_of(ask(2000)), ResultReason::ServerLimitExceeded);
}

#[test]
fn a_ticket_to_register_is_enough_to_register_a_wrapped_key() {
    let server = server();
    let key = server.create(V2_0, []);
    let operations = Some(Operations { operation: vec![Operation::Register], ..Operations::new() });
    let right = Right { operations, ..Right::new() };
    let rights = Rights { right: vec![right], ..Rights::new() };
    let ticket = server.send(V2_0, DelegatedLoginRequest::new(rights)).unwrap().ticket;
    let wrapped = KeyBlock {
        key_value: Some(KeyValue::Wrapped(vec![7; 24].into())),
        key_wrapping_data: Some(Box::new(KeyWrappingData {
            encryption_key_information: Some(EncryptionKeyInformation::new(id(&key))),
            ..KeyWrappingData::new(WrappingMethod::Encrypt)
        })),
        ..KeyBlock::new(KeyFormatType::Raw)
    };
    let request = || {
        let object = ManagedObject::SymmetricKey(SymmetricKey::new(wrapped.clone()));
        register_request(V2_0, object, aes(128))
    };
    let linked = |registered: RegisterResponse| {
        let identifier = text_of(&registered.unique_identifier);
        server.attributes(V2_0, &identifier).get(Tag::Link).is_some()
    };
    assert!(linked(server.send(V2_0, request()).unwrap()));
    // It says nothing of the key, so nothing is linked to it.
    assert!(!linked(with_ticket(&server, "bob", &ticket, request()).unwrap()));
}

#[test]
fn tests_are_announced_where_the_server_is_set_to_it() {
    let begin = || InteropRequest::new(InteropFunction::Begin, "TC\n-1".into());
    assert_eq!(reason_of(server().send(V2_0, begin())), ResultReason::OperationNotSupported);
    assert!(!server().send(V2_0, query()).unwrap().operation.contains(&Operation::Interop));

    let server = server_set(Policies::built_in(), Settings { interop: true, ..Settings::default() });
    assert!(server.send(V2_0, query()).unwrap().operation.contains(&Operation::Interop));
    server.send(V2_0, begin()).unwrap();
    server.send(V2_0, InteropRequest::new(InteropFunction::End, "TC-1".into())).unwrap();
    let key = server.create(V2_0, []);
    let reset = server.send(V2_0, InteropRequest::new(InteropFunction::Reset, "TC-1".into()));
    assert_eq!(reason_of(reset), ResultReason::FeatureNotSupported);
    server.get(V2_0, &key).unwrap();
}

#[test]
fn messages_are_logged_and_the_server_stays_the_server() {
    let server = server();
    server.send(V2_0, LogRequest::new("one\nERROR two".into())).unwrap();
    let long = LogRequest::new("x".repeat(5000).into());
    assert_eq!(reason_of(server.send(V2_0, long)), ResultReason::InvalidField);
    let role = |role| server.send(V2_0, SetEndpointRoleRequest::new(role));
    assert_eq!(role(EndpointRole::Server).unwrap().endpoint_role, EndpointRole::Server);
    assert_eq!(reason_of(role(EndpointRole::Client)), ResultReason::FeatureNotSupported);
    assert_eq!(reason_of(role(EndpointRole(9))), ResultReason::InvalidField);
}
