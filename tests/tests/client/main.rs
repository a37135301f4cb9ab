//! The library's client against the server. The examples of PyKMIP's documentation are here, each as one would write it with
//! this client, in every version that has the operation.

mod cryptography;
mod examples;
mod https;
mod several;

use kmip::{
    client::{Identity, Options, blocking::Client},
    ttlv::Version,
    types::{
        CryptographicAlgorithm, CryptographicUsageMask,
        version::{V1_0, V1_1, V1_2, V1_3, V1_4, V2_0},
    },
};
use kmip_tests::programs::Server;

const ALL: [Version; 6] = [V1_0, V1_1, V1_2, V1_3, V1_4, V2_0];
const WITH_CRYPTOGRAPHY: [Version; 4] = [V1_2, V1_3, V1_4, V2_0];

const AES: CryptographicAlgorithm = CryptographicAlgorithm::AES;

/// The key of the documentation's examples.
const KEY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

fn cipher_usage() -> CryptographicUsageMask {
    CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt
}

fn server() -> Server {
    Server::quickstart(&["--store", "memory:"])
}

fn options(server: &Server) -> Options {
    let mut options = Options::new(server.address.parse().unwrap());
    options.ca = Some(server.file("ca.crt").into());
    options.identity = Some(Identity::new(server.file("client.crt"), server.file("client.key")));
    options
}

fn client(server: &Server) -> Client {
    Client::connect(options(server)).unwrap()
}
