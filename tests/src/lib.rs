//! What the tests of this crate and the fuzz targets share.

pub mod fuzz;
pub mod mutate;
pub mod programs;
pub mod raw;
pub mod samples;
pub mod structures;
pub mod wellformed;
