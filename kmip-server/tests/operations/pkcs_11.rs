//! PKCS#11 over KMIP 2.0.

use kmip::ttlv::{Bytes, Secret};
use kmip::types::{Pkcs11FunctionEnumeration as F, Pkcs11ReturnCode as Code, *};

use crate::harness::*;

fn request(function: F, correlation: Option<&Bytes>, input: &[u8]) -> Pkcs11Request {
    Pkcs11Request {
        correlation_value: correlation.cloned(),
        pkcs11_input_parameters: (!input.is_empty()).then(|| Secret::from(input)),
        ..Pkcs11Request::new(Pkcs11Function::Pkcs11FunctionEnumeration(function))
    }
}

/// The return code of a function, and what it gives.
fn call(server: &Server, correlation: &Bytes, function: F, input: &[u8]) -> (Code, Vec<u8>) {
    let response = server.send(V2_0, request(function, Some(correlation), input)).unwrap();
    let output = response.pkcs11_output_parameters.map(|output| output.expose().to_vec());
    (response.pkcs11_return_code, output.unwrap_or_default())
}

fn initialize(server: &Server) -> Bytes {
    let response = server.send(V2_0, request(F::C_Initialize, None, &[])).unwrap();
    assert_eq!(response.pkcs11_return_code, Code::OK);
    assert!(response.pkcs11_output_parameters.is_none());
    response.correlation_value.unwrap()
}

fn ulongs(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

#[test]
fn a_library_is_initialized_asked_and_finalized() {
    let server = server();
    let not = server.send(V2_0, request(F::C_GetInfo, None, &[])).unwrap();
    assert_eq!(not.pkcs11_return_code, Code::CRYPTOKI_NOT_INITIALIZED);
    assert!(not.correlation_value.is_none() && not.pkcs11_output_parameters.is_none());

    let library = initialize(&server);
    assert_eq!(call(&server, &library, F::C_Initialize, &[]).0, Code::CRYPTOKI_ALREADY_INITIALIZED);
    let (code, info) = call(&server, &library, F::C_GetInfo, &[]);
    assert_eq!((code, info.len()), (Code::OK, 2 + 32 + 8 + 32 + 2));
    assert!(info.starts_with(b"\x03\x00kmip-server   "));

    let finalized = server.send(V2_0, request(F::C_Finalize, Some(&library), &[])).unwrap();
    assert_eq!(finalized.pkcs11_return_code, Code::OK);
    assert!(finalized.correlation_value.is_none(), "there is nothing left to be named");
    assert_eq!(call(&server, &library, F::C_GetInfo, &[]).0, Code::CRYPTOKI_NOT_INITIALIZED);
}

#[test]
fn a_session_gives_random_numbers() {
    let server = server();
    let library = initialize(&server);
    let call = |function, input: &[u8]| call(&server, &library, function, input);
    assert_eq!(call(F::C_GetSlotList, &[1]), (Code::OK, ulongs(&[1, 0])));
    assert_eq!(call(F::C_GetSlotInfo, &ulongs(&[0])).1.len(), 64 + 32 + 8 + 2 + 2);
    assert_eq!(call(F::C_GetSlotInfo, &ulongs(&[1])).0, Code::SLOT_ID_INVALID);
    assert_eq!(call(F::C_GetMechanismList, &ulongs(&[0])), (Code::OK, ulongs(&[0])));

    assert_eq!(call(F::C_OpenSession, &ulongs(&[0, 2])).0, Code::SESSION_PARALLEL_NOT_SUPPORTED);
    assert_eq!(call(F::C_OpenSession, &ulongs(&[0, 6])).0, Code::TOKEN_WRITE_PROTECTED);
    let (code, session) = call(F::C_OpenSession, &ulongs(&[0, 4]));
    assert_eq!((code, session.len()), (Code::OK, 8));
    let (_, token) = call(F::C_GetTokenInfo, &ulongs(&[0]));
    assert_eq!(token.len(), 32 + 32 + 16 + 16 + 11 * 8 + 2 + 2 + 16);
    assert_eq!(token[112..120], 1_u64.to_be_bytes(), "one session is open");

    let wanted = [&session[..], &32_u64.to_be_bytes()].concat();
    let (code, random) = call(F::C_GenerateRandom, &wanted);
    assert_eq!((code, random.len()), (Code::OK, 8 + 32));
    assert_ne!(random, call(F::C_GenerateRandom, &wanted).1);
    let seed = [&session[..], &4_u64.to_be_bytes(), b"seed"].concat();
    assert_eq!(call(F::C_SeedRandom, &seed), (Code::OK, vec![]));

    assert_eq!(call(F::C_CloseSession, &session).0, Code::OK);
    for function in [F::C_CloseSession, F::C_GetSessionInfo] {
        assert_eq!(call(function, &session).0, Code::SESSION_HANDLE_INVALID);
    }
    assert_eq!(call(F::C_GenerateRandom, &wanted).0, Code::SESSION_HANDLE_INVALID);
    let (_, other) = call(F::C_OpenSession, &ulongs(&[0, 4]));
    assert_ne!(other, session, "no handle is given twice");
    assert_eq!(call(F::C_CloseAllSessions, &ulongs(&[0])).0, Code::OK);
    assert_eq!(call(F::C_GetSessionInfo, &other).0, Code::SESSION_HANDLE_INVALID);
}

#[test]
fn what_is_not_there_says_so() {
    let server = server();
    for function in F::all(V2_0) {
        let library = initialize(&server);
        let served = (1..=3).contains(&function.0)
            || (5..=9).contains(&function.0)
            || (13..=16).contains(&function.0)
            || (64..=67).contains(&function.0);
        // Of what is served, some have parameters that these are not.
        let answer = server.send(V2_0, request(function, Some(&library), &[]));
        let code = answer.ok().map(|answer| answer.pkcs11_return_code);
        assert_eq!(code == Some(Code::FUNCTION_NOT_SUPPORTED), !served, "{function}");
        call(&server, &library, F::C_Finalize, &[]);
    }
    let fails = |request| server.send(V2_0, request).unwrap_err().reason;
    let library = initialize(&server);
    for number in [0, 93] {
        assert_eq!(fails(request(F(number), Some(&library), &[])), ResultReason::PKCS_11InvalidFunction);
    }
    let vendor = Pkcs11Request::new(Pkcs11Function::Vendor(7));
    assert_eq!(fails(vendor), ResultReason::PKCS_11InvalidFunction);
    let mut named = request(F::C_GetInfo, Some(&library), &[]);
    named.pkcs11_interface = Some("PKCS 11".into());
    assert_eq!(server.send(V2_0, named.clone()).unwrap().pkcs11_interface.as_deref(), Some("PKCS 11"));
    named.pkcs11_interface = Some("Vendor".into());
    assert_eq!(fails(named), ResultReason::PKCS_11InvalidInterface);
    for input in [&[][..], &[0; 7], &[0; 9]] {
        assert_eq!(fails(request(F::C_GetSlotInfo, Some(&library), input)), ResultReason::PKCS_11CodecError);
    }
}

#[test]
fn a_library_is_its_clients_own_and_not_for_ever() {
    let server = server();
    let library = initialize(&server);
    let asked =
        |user| server.ask(user, V2_0, request(F::C_GetInfo, Some(&library), &[])).unwrap().pkcs11_return_code;
    assert_eq!(asked("bob"), Code::CRYPTOKI_NOT_INITIALIZED);
    wait(600);
    assert_eq!(asked("alice"), Code::OK);
    wait(601);
    assert_eq!(asked("alice"), Code::CRYPTOKI_NOT_INITIALIZED);
    for _ in 0..64 {
        initialize(&server);
    }
    let one_more = server.send(V2_0, request(F::C_Initialize, None, &[])).unwrap_err();
    assert!(one_more.message.contains("too often"), "{one_more:?}");
}
