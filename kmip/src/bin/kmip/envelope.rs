//! What `kmip encrypt` writes and `kmip decrypt` reads: the ciphertext with all that it takes to decrypt it.
//!
//! It is the payload of a Decrypt request of KMIP 1.4 in TTLV (§4.30), as `kmip decode` shows: the key's identifier, the
//! cryptographic parameters, the data, the IV and the authentication tag. Additional authenticated data is not in it.

use kmip::{
    client::Ciphertext,
    ttlv::{self, Bytes, Decoder, Limits, Mode, Secret, Tag},
    types::{CryptographicParameters, Data, DecryptRequest, UniqueIdentifier, version},
};

/// Ciphertext, the key that it is under, and how it was made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Envelope {
    pub(crate) id: String,
    pub(crate) parameters: CryptographicParameters,
    pub(crate) ciphertext: Ciphertext,
}

impl Envelope {
    /// Whether a file may hold one.
    pub(crate) fn is_one(file: &[u8]) -> bool {
        matches!(file, [0x42, 0x00, 0x79, 0x01, _, _, _, _, ..])
    }

    pub(crate) fn write(self) -> ttlv::Result<Vec<u8>> {
        let payload = DecryptRequest {
            unique_identifier: Some(UniqueIdentifier::TextString(self.id.into())),
            cryptographic_parameters: Some(self.parameters),
            data: Some(Data::ByteString(Secret::from_shared(self.ciphertext.data))),
            iv_counter_nonce: self.ciphertext.iv,
            authenticated_encryption_tag: self.ciphertext.tag,
            ..DecryptRequest::new()
        };
        ttlv::encode(&payload, Tag::RequestPayload, version::V1_4)
    }

    /// None if something in it is not as [`Self::write`] makes it.
    pub(crate) fn read(file: &Bytes) -> ttlv::Result<Option<Self>> {
        let limits = Limits { size: usize::MAX, ..Limits::DEFAULT };
        let payload: DecryptRequest =
            Decoder::new(file, version::V1_4, Mode::Strict, limits)?.only(Tag::RequestPayload)?;
        let (Some(UniqueIdentifier::TextString(id)), Some(parameters), Some(Data::ByteString(data))) =
            (payload.unique_identifier, payload.cryptographic_parameters, payload.data)
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            id: id.into(),
            parameters,
            ciphertext: Ciphertext {
                data: data.expose_shared().clone(),
                iv: payload.iv_counter_nonce,
                tag: payload.authenticated_encryption_tag,
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip::types::BlockCipherMode;

    #[test]
    fn reads_what_it_writes() {
        let envelope = Envelope {
            id: "1".to_owned(),
            parameters: CryptographicParameters {
                block_cipher_mode: Some(BlockCipherMode::GCM),
                tag_length: Some(16),
                ..CryptographicParameters::new()
            },
            ciphertext: Ciphertext {
                data: Bytes::from_static(b"data"),
                iv: Some(Bytes::from_static(&[1; 12])),
                tag: Some(Bytes::from_static(&[2; 16])),
            },
        };
        let file = Bytes::from(envelope.clone().write().expect("an envelope"));
        assert!(Envelope::is_one(&file));
        assert_eq!(Envelope::read(&file).ok().flatten(), Some(envelope));
        assert!(Envelope::read(&file.slice(..file.len() - 8)).is_err());
        assert!(!Envelope::is_one(b"data"));
    }
}
