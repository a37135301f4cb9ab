mod choice;
mod structure;

pub(crate) use self::{choice::choice, structure::structure};
