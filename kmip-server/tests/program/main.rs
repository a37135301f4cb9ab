//! The program as it is run: its command line, its files, its signals.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics is a test that fails")]
#![allow(clippy::useless_conversion, reason = "which structures stand in boxes is the generator's business")]

mod harness;

mod at_rest;
mod audit;
mod backup;
mod ca;
mod configuration;
mod disk;
mod groups;
mod https;
mod identity;
mod keys;
mod live;
mod logging;
mod monitoring;
mod quickstart;
mod run;
mod secrecy;
mod told;
mod users;
