//! What a fault of the cryptography is to the client.

use super::{Failure, Kind};
use crate::crypto::{CryptoError, Mode};

impl From<CryptoError> for Failure {
    fn from(error: CryptoError) -> Self {
        use CryptoError as E;
        let kind = match &error {
            E::Unsupported { .. } | E::NoBlocks(_) | E::Unavailable(_) | E::Digest(_) => {
                Kind::UnsupportedParameters
            }
            E::KeyLength { .. }
            | E::IvLength { .. }
            | E::Counter
            | E::TagLength { mode: Mode::Gcm | Mode::Ccm, .. }
            | E::EqualHalves
            | E::TagMissing(_)
            | E::NotAuthenticated(_)
            | E::Padding { .. } => Kind::BadParameters,
            E::DataLength { .. }
            | E::WrapLength { .. }
            | E::TooShort(_)
            | E::DerivedLength
            | E::Empty
            | E::Undecipherable => Kind::Cryptographic,
            E::MalformedKey(_) | E::KeyKind | E::PairLength { .. } | E::Curve(_) => Kind::InvalidField,
            E::Container => Kind::BadPassword,
            E::KeyForm { .. } => Kind::KeyFormatType,
            E::KeyUse { .. } | E::DigestLength { .. } | E::DigestGiven | E::HashMissing | E::Unsignable => {
                Kind::BadParameters
            }
            // 1.4 §11.39: "incorrect attribute value(s)"; §11.40 and the official cases TC-SJ.
            E::Sharing(_) => Kind::BadParameters,
            E::MessageLength | E::Parts(_) => Kind::Cryptographic,
            E::TagLength { .. } => Kind::StreamTag,
            E::TooLong => Kind::ServerLimit,
            _ => {
                tracing::error!(%error, "OpenSSL failed");
                return Self::new(Kind::Cryptographic, "the cryptographic library failed");
            }
        };
        Self::new(kind, error.to_string())
    }
}
