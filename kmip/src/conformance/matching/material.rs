//! What a server makes itself: keys that nobody gave it, and what comes out of them.

use super::{BatchItem, Matching};
use crate::conformance::node::Node;
use crate::{
    ttlv::Tag,
    types::{CryptographicAlgorithm, KeyFormatType, Operation, PaddingMethod},
};

impl Matching<'_> {
    /// Whether the bytes of an item can't be known before.
    pub(super) fn is_unknowable(&self, tag: Tag) -> bool {
        if self.is(Operation::RNGRetrieve) && tag == Tag::Data {
            return true;
        }
        if OUTPUT.contains(&tag) {
            return self.is_unknowable_output();
        }
        if !is_material(tag) {
            return false;
        }
        if tag == Tag::CertificateValue {
            return self.object().is_servers;
        }
        // A PKCS#12 container has salts of its own.
        self.key_format() == Some(KeyFormatType::PKCS_12.0)
            || self.object().is_servers
            || self.is_wrapped_anew()
    }

    fn is_unknowable_output(&self) -> bool {
        let is_servers = self.object().is_servers;
        match self.item.operation {
            Some(Operation::Encrypt | Operation::Sign | Operation::MAC) => is_servers || self.is_random(),
            // What the server made of data is to come back as that data.
            Some(Operation::Decrypt) => is_servers && !self.memory.sent_servers_data,
            _ => false,
        }
    }

    /// Whether the output of the operation is another every time.
    pub(super) fn is_random(&self) -> bool {
        let object = self.object();
        let algorithm = object.algorithm.map(CryptographicAlgorithm);
        let padding = self.requested(Tag::PaddingMethod).or(object.padding);
        match self.item.operation {
            Some(Operation::Encrypt) => {
                let asks = |request: &Node| {
                    request.find(&|node| node.tag == Tag::RandomIV && node.is_true()).is_some()
                };
                let has_iv = |payload: Option<&Node>| {
                    payload.is_some_and(|payload| payload.child(Tag::IVCounterNonce).is_some())
                };
                matches!(algorithm, Some(CryptographicAlgorithm::RSA | CryptographicAlgorithm::EC))
                    || object.has_random_iv
                    || self.item.request.is_some_and(asks)
                    || (has_iv(self.item.expected) && !has_iv(self.item.request))
            }
            Some(Operation::Sign) => {
                matches!(
                    algorithm,
                    Some(
                        CryptographicAlgorithm::ECDSA
                            | CryptographicAlgorithm::EC
                            | CryptographicAlgorithm::DSA
                    )
                ) || padding == Some(PaddingMethod::PSS.0)
            }
            _ => false,
        }
    }

    /// Whether the key was wrapped for this answer under a key whose result can't be known.
    fn is_wrapped_anew(&self) -> bool {
        let Some(wrapping) =
            self.item.request.and_then(|request| request.child(Tag::KeyWrappingSpecification))
        else {
            return false;
        };
        let is_random = |node: &Node| {
            let Some(identifier) = node.as_text().filter(|_| node.tag == Tag::UniqueIdentifier) else {
                return false;
            };
            let key = self.memory.object(Some(identifier));
            let algorithm = key.algorithm.map(CryptographicAlgorithm);
            key.is_servers
                || matches!(algorithm, Some(CryptographicAlgorithm::RSA | CryptographicAlgorithm::EC))
        };
        wrapping.find(&is_random).is_some()
    }

    /// The format of the key in the answer.
    pub(super) fn key_format(&self) -> Option<u32> {
        self.item.actual?.enumeration(Tag::KeyFormatType)
    }

    /// Whether the answer has a symmetric key as it is.
    pub(super) fn is_raw_symmetric(&self) -> bool {
        self.item.actual.is_some_and(|payload| payload.child(Tag::SymmetricKey).is_some())
            && self.key_format() == Some(KeyFormatType::Raw.0)
    }

    /// Whether the answer has a key that is wrapped.
    pub(super) fn is_wrapped(&self) -> bool {
        let BatchItem { actual, .. } = self.item;
        actual.is_some_and(|payload| payload.find(&|node| node.tag == Tag::KeyWrappingData).is_some())
    }
}

/// What comes out of keys.
pub(super) const OUTPUT: &[Tag] =
    &[Tag::Data, Tag::SignatureData, Tag::MACData, Tag::IVCounterNonce, Tag::AuthenticatedEncryptionTag];

/// Keys, and the numbers that they are made of.
pub(super) fn is_material(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::KeyMaterial
            | Tag::KeyValue
            | Tag::Key
            | Tag::CertificateValue
            | Tag::Modulus
            | Tag::PrivateExponent
            | Tag::PublicExponent
            | Tag::P
            | Tag::Q
            | Tag::PrimeExponentP
            | Tag::PrimeExponentQ
            | Tag::CRTCoefficient
            | Tag::D
            | Tag::QString
            | Tag::G
            | Tag::X
            | Tag::Y
            | Tag::J
    )
}
