//! What can go wrong in a cryptographic operation.

use kmip::types::RecommendedCurve;
use openssl::error::ErrorStack;

use super::pkey::Family;
use super::{Algorithm, Mode, Padding};

/// Why a cryptographic operation was refused or failed.
///
/// Nothing in it depends on key material or plaintext: in particular [`CryptoError::Undecipherable`] does
/// not say whether the tag or the padding was wrong, for that is what padding oracles are made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The combination of algorithm and mode is not one the server has.
    #[error("{algorithm} has no {mode} mode here")]
    Unsupported {
        /// The algorithm asked for.
        algorithm: Algorithm,
        /// The mode asked for.
        mode: Mode,
    },
    /// OpenSSL as it is installed does not provide the algorithm.
    #[error("the installed OpenSSL does not provide {0}")]
    Unavailable(&'static str),
    /// The key's length does not belong to the algorithm.
    #[error("{algorithm} in {mode} mode takes no key of {bits} bits")]
    KeyLength {
        /// The algorithm.
        algorithm: Algorithm,
        /// The mode.
        mode: Mode,
        /// The length of the key that was given.
        bits: usize,
    },
    /// The initialization vector, counter or nonce has the wrong length.
    #[error("the initialization vector must have {}, not {found} bytes", Span(*least, *most))]
    IvLength {
        /// The least that the mode takes.
        least: usize,
        /// The most.
        most: usize,
        /// What was given.
        found: usize,
    },
    /// The initial value of the counter doesn't fit into it.
    #[error("the initial value of the counter does not fit into what the nonce leaves of the block")]
    Counter,
    /// The authentication tag has the wrong length.
    #[error("in {mode} mode, an authentication tag does not have {found} bytes")]
    TagLength {
        /// The mode.
        mode: Mode,
        /// The length given.
        found: usize,
    },
    /// A CMAC is made with blocks, which a stream cipher doesn't have.
    #[error("{0} is no block cipher, and CMAC needs one")]
    NoBlocks(Algorithm),
    /// The mode needs all of the data at once.
    #[error("{0} mode takes its data in one part")]
    NotStreamed(Mode),
    /// The two keys of XTS are the same.
    #[error("the two halves of an XTS key must differ")]
    EqualHalves,
    /// XTS has no data shorter than a block.
    #[error("XTS mode takes at least 16 bytes, not {0}")]
    TooShort(usize),
    /// An authenticated mode was asked to decrypt without a tag.
    #[error("an authentication tag is needed to decrypt in {0} mode")]
    TagMissing(Mode),
    /// Additional authenticated data or a tag was given to a mode that authenticates nothing.
    #[error("{0} mode does not authenticate: it takes no additional data and no tag")]
    NotAuthenticated(Mode),
    /// The mode takes no padding of that kind.
    #[error("{mode} mode takes no {padding} padding")]
    Padding {
        /// The mode.
        mode: Mode,
        /// The padding asked for.
        padding: Padding,
    },
    /// The data is not a whole number of blocks, and nothing pads it.
    #[error("the data must be a multiple of {block} bytes, not {found}")]
    DataLength {
        /// The block size.
        block: usize,
        /// The length given.
        found: usize,
    },
    /// The data cannot be wrapped without padding.
    #[error("without padding, at least 16 bytes and a multiple of 8 can be wrapped, not {found}")]
    WrapLength {
        /// The length given.
        found: usize,
    },
    /// More is wanted of a derivation than it gives.
    #[error("the method does not derive that many bits")]
    DerivedLength,
    /// There is nothing to work on.
    #[error("there is no data")]
    Empty,
    /// A secret can't be shared this way.
    #[error("{0}")]
    Sharing(&'static str),
    /// The parts of a shared secret don't make it.
    #[error("{0}")]
    Parts(&'static str),
    /// The data is longer than one operation can take.
    #[error("the data is too long for one operation")]
    TooLong,
    /// Decryption failed: the ciphertext, key, initialization vector, additional data or tag is wrong.
    #[error("the data cannot be decrypted with this key and these parameters")]
    Undecipherable,
    /// The bytes or numbers are no key of the kind that they are said to be.
    #[error("this is no well-formed {0}")]
    MalformedKey(&'static str),
    /// The key is of a kind that the server doesn't have.
    #[error("the key is of a kind that the server does not have")]
    KeyKind,
    /// A container can't be made or opened with this password, or not with these certificates.
    #[error("the PKCS#12 container can't be made or opened with this password and these certificates")]
    Container,
    /// Keys of a kind are not written in a form.
    #[error("{family} keys have no {form} form")]
    KeyForm {
        /// The kind of key.
        family: Family,
        /// The form.
        form: &'static str,
    },
    /// Keys of a kind can't be used for something.
    #[error("an {family} key cannot {purpose}")]
    KeyUse {
        /// The kind of key.
        family: Family,
        /// What they can't do.
        purpose: &'static str,
    },
    /// A digest is given that is none of the hash.
    #[error("the digest must have {expected} bytes, not {found}")]
    DigestLength {
        /// The length of the hash's.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// A digest is given to a scheme that signs the data itself.
    #[error("this kind of signature is made of the data itself, not of its digest")]
    DigestGiven,
    /// There is nothing to digest the data with.
    #[error("a hashing algorithm is needed to sign or verify data with this key")]
    HashMissing,
    /// The key is too short for the digest and the salt.
    #[error("the key is too short to sign this with these parameters")]
    Unsignable,
    /// The message is too long, or without padding too short, for the key.
    #[error("the data does not have a length that the key can encrypt with this padding")]
    MessageLength,
    /// There are no key pairs of this length.
    #[error("there are no {family} key pairs of {bits} bits here")]
    PairLength {
        /// The kind of keys.
        family: Family,
        /// The length.
        bits: u32,
    },
    /// The curve is not one that OpenSSL as it is installed provides.
    #[error("the installed OpenSSL does not provide the curve {0}")]
    Curve(RecommendedCurve),
    /// The digest algorithm is not one the server has.
    #[error("{0} is not available as a digest")]
    Digest(&'static str),
    /// OpenSSL failed where it should not.
    #[error("OpenSSL: {0}")]
    OpenSsl(String),
}

/// From one number to another, in words.
struct Span(usize, usize);

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.0, self.1) {
            (0, 0) => f.write_str("no"),
            (least, most) if least == most => write!(f, "exactly {least}"),
            (least, most) => write!(f, "{least} to {most}"),
        }
    }
}

impl From<ErrorStack> for CryptoError {
    fn from(error: ErrorStack) -> Self {
        // The stack names functions and reasons of OpenSSL, never data.
        Self::OpenSsl(error.to_string())
    }
}
