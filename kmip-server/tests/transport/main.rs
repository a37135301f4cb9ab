//! The server's connections as peers meet them: real sockets, real TLS, and a handler that only echoes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]

mod harness;
mod pki;

mod admission;
mod conversation;
mod identity;
mod options;
mod shutdown;
