//! Messages as the log shows them: what is secret is left out.

use kmip::ttlv::{Bytes, Limits, Mode, Readable, Tree};
use kmip::types::tables::NAMES;

/// A message as text to read, without its secrets. Of what can't be read only the length is told: what is secret in it
/// is not known.
pub(super) fn readable(message: &Bytes, limits: Limits) -> String {
    match Tree::parse(message, Mode::Lenient, limits) {
        Ok(tree) => Readable::new(&tree, &NAMES).to_string(),
        Err(error) => format!("{} bytes that are no message: {error}", message.len()),
    }
}
