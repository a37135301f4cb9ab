//! What a client knows of its objects.

use std::fmt;

use kmip::ttlv::Text;
use kmip::types::State;

/// An object, as its client was told that it is.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    pub(crate) id: Text,
    pub(crate) state: State,
    pub(crate) note: String,
    /// Its key, where the client has given it.
    pub(crate) key: Option<Vec<u8>>,
}

/// What was asked for and not answered: it was done, or not.
#[derive(Clone, Debug)]
pub(crate) enum Doubt {
    /// Objects with these names, all of them or none.
    Made { names: Vec<String>, note: String, key: Option<Vec<u8>> },
    /// These two have this note, both or neither.
    Noted { which: [usize; 2], note: String },
    /// This one is in this state.
    Moved { which: usize, state: State },
    /// One that is to be undone in any case: there is none of these names.
    Undone { names: Vec<String> },
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Operations that were answered.
    pub(crate) acknowledged: u64,
    /// Those that were not, and were done.
    pub(crate) done: u64,
    /// Those that were not, and were not done.
    pub(crate) not_done: u64,
    /// Objects that were compared.
    pub(crate) compared: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, done, not_done, compared } = self;
        write!(
            f,
            "{acknowledged} requests acknowledged, {} unanswered ({done} done, {not_done} not), {compared} objects compared",
            done + not_done
        )
    }
}
