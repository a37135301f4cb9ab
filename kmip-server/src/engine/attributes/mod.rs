//! The attributes of objects: what clients may give, what the server sets, what a version lets a client see.

mod adjust;
mod change;
mod conditions;
pub(super) mod implicit;
pub(super) mod request;
mod rules;
mod view;

pub(crate) use adjust::Adjustment;
pub(crate) use change::{Change, Which};
pub use implicit::Facts;
pub use request::{Purpose, Requested};
pub use view::View;
pub(crate) use view::{fit_parameters, numbered};
