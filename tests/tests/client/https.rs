//! HTTPS as the client's transport: the same calls, in each encoding.

use std::net::TcpListener;

use kmip::{
    client::{Address, Encoding, Error, Transport, Violation, blocking::Client},
    types::{AttributeSet, QueryFunction},
};
use kmip_tests::programs::Server;

use super::{AES, ALL, cipher_usage, options};

#[test]
fn every_encoding_carries_the_same_calls() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    let server = Server::quickstart(&["--store", "memory:", "--listen-https", &listen]);
    let mut options = options(&server);
    options.servers = vec![Address::new("127.0.0.1", port)];
    for encoding in [Encoding::Binary, Encoding::Xml, Encoding::Json] {
        options.transport = Transport::https(encoding);
        let mut client = Client::connect(options.clone()).unwrap();
        for version in ALL {
            let mut client = client.at(version);
            let id = client.create(AES, 256, AttributeSet::new().with_usage(cipher_usage())).unwrap();
            assert!(client.get(&id).is_ok(), "{encoding:?}, {version}");
            client.destroy(&id).unwrap();
            let error = client.get(&id).unwrap_err();
            assert!(error.reason().is_some(), "{encoding:?}, {version}: {error}");
        }
    }
    // What is no path of the server's is told by its status, and is no answer.
    options.transport = Transport::Https { encoding: Encoding::Json, path: "/elsewhere".to_owned() };
    let mut client = Client::connect(options).unwrap();
    let error = client.query(&[QueryFunction::QueryOperations]).unwrap_err();
    assert!(matches!(error, Error::Violation(Violation::Status(404))), "{error}");
}
