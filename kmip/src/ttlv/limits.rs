/// What a message may be at the most. No input, however hostile, makes the decoder do more than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in a message, header included.
    pub size: usize,
    /// Structures within one another.
    pub depth: u32,
    /// Items in a message, structures included.
    pub items: u32,
}

impl Limits {
    /// The default limits: 2 MiB (one MiB of data with room for the message around it), 32 levels, 65,536 items.
    pub const DEFAULT: Self = Self { size: 2 << 20, depth: 32, items: 1 << 16 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How exact an input has to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As the specification says, to the byte: zero padding, fields in order, nothing that the tables don't list
    /// except where they say that a structure is open.
    #[default]
    Strict,
    /// What can be understood is accepted: fields in any order (but none twice), padding of any content, items that
    /// the tables don't list, which are kept and written back.
    Lenient,
}
