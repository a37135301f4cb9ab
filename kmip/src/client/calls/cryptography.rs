//! Cryptography with keys of the server's.

use super::{Call, Id, bytes, there};
use crate::{
    ttlv::{Bytes, Secret},
    types::{
        CryptographicParameters, Data, DecryptRequest, EncryptRequest, HashRequest, HashingAlgorithm,
        MacRequest, MacVerifyRequest, Operation, RngRetrieveRequest, RngSeedRequest, SignRequest,
        SignatureVerifyRequest, ValidityIndicator,
    },
};

/// What [`encrypt`] made, and [`decrypt`] needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ciphertext {
    /// The encrypted data.
    pub data: Bytes,
    /// The initialization vector, counter or nonce, if the server made one.
    pub iv: Option<Bytes>,
    /// The tag of an authenticated mode.
    pub tag: Option<Bytes>,
}

/// What is signed: data, or what has been made of it already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The data itself.
    Data(Secret),
    /// Its digest. Since KMIP 1.4.
    Digest(Bytes),
}

impl Input {
    fn fields(self) -> (Option<Data>, Option<Bytes>) {
        match self {
            Self::Data(data) => (Some(Data::ByteString(data)), None),
            Self::Digest(digest) => (None, Some(digest)),
        }
    }
}

impl<T: Into<Secret>> From<T> for Input {
    fn from(data: T) -> Self {
        Self::Data(data.into())
    }
}

/// Encrypts data. `additional` is authenticated along with it, in modes that can. Since KMIP 1.2; additional data since
/// KMIP 1.4.
///
/// Where the parameters are left out, those of the key's attributes are taken.
pub fn encrypt(
    id: impl Into<Id>,
    parameters: impl Into<Option<CryptographicParameters>>,
    data: impl Into<Secret>,
    iv: Option<Bytes>,
    additional: Option<Bytes>,
) -> Call<Ciphertext> {
    let request = EncryptRequest {
        unique_identifier: id.into().optional(),
        cryptographic_parameters: parameters.into(),
        data: Some(Data::ByteString(data.into())),
        iv_counter_nonce: iv,
        authenticated_encryption_additional_data: additional,
        ..EncryptRequest::new()
    };
    Call::new(
        |_| Ok(request),
        |response| {
            let data = bytes(response.data, Operation::Encrypt)?.expose_shared().clone();
            Ok(Ciphertext { data, iv: response.iv_counter_nonce, tag: response.authenticated_encryption_tag })
        },
    )
}

/// Decrypts data. Since KMIP 1.2.
pub fn decrypt(
    id: impl Into<Id>,
    parameters: impl Into<Option<CryptographicParameters>>,
    ciphertext: Ciphertext,
    additional: Option<Bytes>,
) -> Call<Secret> {
    let request = DecryptRequest {
        unique_identifier: id.into().optional(),
        cryptographic_parameters: parameters.into(),
        data: Some(Data::ByteString(Secret::from_shared(ciphertext.data))),
        iv_counter_nonce: ciphertext.iv,
        authenticated_encryption_additional_data: additional,
        authenticated_encryption_tag: ciphertext.tag,
        ..DecryptRequest::new()
    };
    Call::new(|_| Ok(request), |response| bytes(response.data, Operation::Decrypt))
}

/// Signs data; the signature. Since KMIP 1.2.
pub fn sign(
    id: impl Into<Id>,
    parameters: impl Into<Option<CryptographicParameters>>,
    input: impl Into<Input>,
) -> Call<Bytes> {
    let (data, digested_data) = input.into().fields();
    let request = SignRequest {
        unique_identifier: id.into().optional(),
        cryptographic_parameters: parameters.into(),
        data,
        digested_data,
        ..SignRequest::new()
    };
    Call::new(|_| Ok(request), |response| there(response.signature_data, Operation::Sign))
}

/// Whether a signature is that of the data. Since KMIP 1.2.
pub fn signature_verify(
    id: impl Into<Id>,
    parameters: impl Into<Option<CryptographicParameters>>,
    input: impl Into<Input>,
    signature: impl Into<Bytes>,
) -> Call<ValidityIndicator> {
    let (data, digested_data) = input.into().fields();
    let request = SignatureVerifyRequest {
        unique_identifier: id.into().optional(),
        cryptographic_parameters: parameters.into(),
        data,
        digested_data,
        signature_data: Some(signature.into()),
        ..SignatureVerifyRequest::new()
    };
    Call::new(|_| Ok(request), |response| there(response.validity_indicator, Operation::SignatureVerify))
}

/// The message authentication code of data. Since KMIP 1.2.
pub fn mac(
    id: impl Into<Id>,
    parameters: impl Into<Option<CryptographicParameters>>,
    data: impl Into<Secret>,
) -> Call<Bytes> {
    let request = MacRequest {
        unique_identifier: id.into().optional(),
        cryptographic_parameters: parameters.into(),
        data: Some(Data::ByteString(data.into())),
        ..MacRequest::new()
    };
    Call::new(|_| Ok(request), |response| there(response.mac_data, Operation::MAC))
}

/// Whether a message authentication code is that of the data. Since KMIP 1.2.
pub fn mac_verify(
    id: impl Into<Id>,
    parameters: impl Into<Option<CryptographicParameters>>,
    data: impl Into<Secret>,
    mac: impl Into<Bytes>,
) -> Call<ValidityIndicator> {
    let request = MacVerifyRequest {
        unique_identifier: id.into().optional(),
        cryptographic_parameters: parameters.into(),
        data: Some(Data::ByteString(data.into())),
        mac_data: Some(mac.into()),
        ..MacVerifyRequest::new()
    };
    Call::new(|_| Ok(request), |response| there(response.validity_indicator, Operation::MACVerify))
}

/// The digest of data. Since KMIP 1.2.
pub fn hash(algorithm: HashingAlgorithm, data: impl Into<Secret>) -> Call<Bytes> {
    let parameters =
        CryptographicParameters { hashing_algorithm: Some(algorithm), ..CryptographicParameters::new() };
    let data = Some(Data::ByteString(data.into()));
    let request = HashRequest { data, ..HashRequest::new(parameters) };
    Call::new(
        |_| Ok(request),
        |response| bytes(response.data, Operation::Hash).map(|digest| digest.expose_shared().clone()),
    )
}

/// Random bytes of the server's. Since KMIP 1.2.
pub fn rng_retrieve(length: i32) -> Call<Secret> {
    let request = RngRetrieveRequest::new(length);
    Call::new(move |_| Ok(request), |response| bytes(Some(response.data), Operation::RNGRetrieve))
}

/// Gives the server's random number generator something to mix in; how many bytes of it were taken. Since KMIP 1.2.
pub fn rng_seed(data: impl Into<Secret>) -> Call<i32> {
    Call::from(RngSeedRequest::new(Data::ByteString(data.into()))).map(|response| response.data_length)
}
