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

pub mod crypto;
pub mod handler;
pub mod seal;
pub mod store;
pub mod wipe;
