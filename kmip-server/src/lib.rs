#![doc = "wip"]
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

mod connection;
pub mod crypto;
pub mod engine;
pub mod handler;
mod ops;
pub mod rights;
pub mod seal;
pub mod store;
pub mod transport;
pub mod wipe;
