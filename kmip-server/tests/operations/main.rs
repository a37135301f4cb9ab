//! The operations, as a client sees them: requests in as bytes, responses out as bytes, on every version.
//!
//! Every response is decoded strictly in the version of its request, so that nothing newer can slip into it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test that panics is a test that fails"
)]
#![allow(clippy::useless_conversion, reason = "which structures stand in boxes is the generator's business")]

mod fixtures;
mod formats;
mod harness;
mod keys;

mod archive;
mod asynchronous;
mod at_rest;
mod attribute_rules;
mod attributes;
mod audit;
mod batch;
mod certify;
mod change_attributes;
mod ciphers;
mod clients;
mod create;
mod create_key_pair;
mod cryptography;
mod damage;
mod derive;
mod errors_attributes;
mod errors_cryptography;
mod errors_objects;
mod hostile;
mod import_export;
mod leases;
mod lifecycle;
mod locate;
mod macs;
mod messages;
mod migrations;
mod names;
mod pkcs_11;
mod query;
mod re_certify;
mod re_key;
mod register;
mod rights;
mod rights_table;
mod served;
mod sessions;
mod sign;
mod split_keys;
mod streams;
mod templates;
mod validate;
mod wrapping;
