//! KMIP 1.0, 1.1, 1.2, 1.3, 1.4 and 2.0.
#![warn(clippy::unwrap_used, clippy::expect_used)]

extern crate self as kmip;

pub mod ttlv;
pub mod types;
