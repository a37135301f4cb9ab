//! A KMIP key management server.
//!
//! A request goes straight down: [`transport`] takes it off a connection and hands it to the [`engine`], which decodes
//! it, finds out who asks, looks at their [`rights`], runs the operation against the [`store`] with the objects
//! [`seal`]ed in it, and writes the answer. [`crypto`] is the only module that names OpenSSL's ciphers.
//!
//! `kmip-server quickstart` is [`quickstart`], [`config`] and [`serve`] put together.
#![warn(clippy::as_conversions, clippy::indexing_slicing, clippy::unwrap_used)]
#![cfg_attr(
    test,
    allow(
        clippy::as_conversions,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        reason = "a test that panics is a test that fails"
    )
)]

pub mod audit;
pub mod auth;
pub mod authority;
pub mod backup;
pub mod cli;
pub mod config;
mod connection;
pub mod crypto;
mod encoding;
pub mod engine;
mod files;
pub mod handler;
pub mod import;
pub mod log;
pub mod metrics;
mod ops;
pub mod process;
mod push;
pub mod quickstart;
pub mod request;
pub mod rights;
pub mod seal;
pub mod serve;
pub mod store;
pub mod transport;
mod watch;
pub mod wipe;
